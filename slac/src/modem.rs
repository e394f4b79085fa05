//! The host's own modem: giving it a key, and asking it for the link.

use core::time::Duration;

use crate::deadline::{after, earliest, is_due};
use crate::mme::{Body, Lumissil, LumissilRequest, Mme, Qualcomm, SetKeyCnf, SetKeyReq};
use crate::settings::check_time;
use crate::{ConfigError, Envelope, Ignored, Instant, MacAddr, MmType, Network, Version};

/// Which answer to CM_SET_KEY.REQ means that the modem took the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyConfirmation {
    /// Any. Modems of the Qualcomm family answer 1 when they took it, against the specification; whether it works
    /// is seen from the link.
    #[default]
    Any,
    /// 0, as HomePlug AV has it.
    Zero,
    /// 1, as Qualcomm's modems have it.
    One,
}

/// How the link is found to be up or down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkProbe {
    /// By asking the modem in the ways of both vendors in turn, until one of them is answered.
    #[default]
    Detect,
    /// By VS_PL_LNK_STATUS, of Qualcomm's modems.
    QualcommLinkStatus,
    /// By the stations in VS_NW_INFO, of Qualcomm's modems.
    QualcommNetworkInfo,
    /// By the link status of Lumissil's modems.
    Lumissil,
    /// The modem is not asked: the host finds out, and says so.
    Host,
}

/// Whether a modem has a link to another station of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// It has.
    Up,
    /// It has not.
    Down,
}

/// From where the answers and profiles of a modem are believed. Those of other modems can arrive too: profiles are
/// broadcast, and a charger that adds another's to its own measures a vehicle that is not at its cable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModemSource {
    /// From the address from which the first key was answered, until a modem answers no more.
    #[default]
    Learned,
    /// From this address.
    Is(MacAddr),
    /// From anywhere.
    Any,
}

/// Times of the talk with the modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModemTiming {
    /// CM_SET_KEY.REQ to its answer.
    pub key: Duration,
    /// Question for the link to the next one.
    pub poll: Duration,
    /// Last answer about the link to the conclusion that it is lost (TT_link_status_response).
    pub silence: Duration,
}

/// Settings of the talk with the modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModemConfig {
    /// Where to send to. Never broadcast: another modem would take the key too.
    pub address: MacAddr,
    /// From where its answers and profiles are believed.
    pub source: ModemSource,
    /// Number in CM_SET_KEY.REQ that the answer repeats.
    pub nonce: u32,
    /// Coordinator capability in CM_SET_KEY.REQ.
    pub cco_capability: u8,
    /// Which answer means that the modem took the key.
    pub confirmation: KeyConfirmation,
    /// Times CM_SET_KEY.REQ is repeated.
    pub key_retries: u8,
    /// How the link is found to be up or down.
    pub probe: LinkProbe,
    /// How Lumissil's modems are spoken to: as AV 1.0, or as AV 1.1 like the vendor's library. Answers of both kinds are
    /// understood.
    pub lumissil: Version,
    /// Times.
    pub timing: ModemTiming,
}

impl ModemConfig {
    /// A modem at the address that modems answer to locally; vendor found out; one second and two repetitions for
    /// the key; ten questions a second for the link, five seconds of silence.
    pub const DEFAULT: Self = Self {
        address: MacAddr::LOCAL_MODEM,
        source: ModemSource::Learned,
        nonce: 0,
        cco_capability: 0,
        confirmation: KeyConfirmation::Any,
        key_retries: 2,
        probe: LinkProbe::Detect,
        lumissil: Version::Av10,
        timing: ModemTiming {
            key: Duration::from_secs(1),
            poll: Duration::from_millis(100),
            silence: Duration::from_secs(5),
        },
    };

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        check_time("time of CM_SET_KEY", self.timing.key, (100, 10_000))?;
        check_time("interval of link status", self.timing.poll, (50, 1000))?;
        check_time("TT_link_status_response", self.timing.silence, (1000, 10_000))
    }
}

impl Default for ModemConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What came of a question to the modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModemNews {
    /// It has the latest key.
    KeySet,
    /// It did not answer, or always refused.
    KeyFailed,
    /// It says how the link is.
    Link(LinkState),
    /// It has not said anything about the link for too long.
    Silent,
}

/// A message to the modem.
#[derive(Debug)]
pub(crate) enum ModemMessage {
    Key(SetKeyReq),
    Qualcomm(Qualcomm<'static>),
    Lumissil(Lumissil<'static>),
}

impl ModemMessage {
    pub(crate) fn body(&self) -> &dyn Body {
        match self {
            Self::Key(message) => message,
            Self::Qualcomm(message) => message,
            Self::Lumissil(message) => message,
        }
    }
}

/// Whether a modem sends messages of this type to its host that matter here.
pub(crate) const fn is_of_modem(mmtype: MmType) -> bool {
    matches!(
        mmtype,
        MmType::CM_SET_KEY_CNF
            | MmType::VS_PL_LNK_STATUS_CNF
            | MmType::VS_NW_INFO_CNF
            | MmType::LMS_LINK_STATUS_CNF
    )
}

/// One ongoing talk: a key change, and questions for the link.
#[derive(Debug)]
pub(crate) struct Modem {
    config: ModemConfig,
    /// Its own address, as far as it is known.
    known: Option<MacAddr>,
    key: Key,
    poll: Poll,
    probe: Probe,
    due: Due,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Idle,
    /// Asked; `next` says whether another change has been wanted since.
    Setting {
        left: u8,
        until: Instant,
        next: Next,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    None,
    Wanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Poll {
    Off,
    On { at: Instant, heard: Instant },
}

/// The way in which the next question for the link is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// Not known yet; this one is next.
    Try(Vendor),
    Known(Vendor),
    NetworkInfo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vendor {
    Qualcomm,
    Lumissil,
}

/// What has to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Due {
    key: Option<()>,
    link: Option<Vendor>,
}

impl Modem {
    pub(crate) const fn new(config: ModemConfig) -> Self {
        let probe = match config.probe {
            LinkProbe::Detect | LinkProbe::Host => Probe::Try(Vendor::Qualcomm),
            LinkProbe::QualcommLinkStatus => Probe::Known(Vendor::Qualcomm),
            LinkProbe::QualcommNetworkInfo => Probe::NetworkInfo,
            LinkProbe::Lumissil => Probe::Known(Vendor::Lumissil),
        };
        let known = match config.source {
            ModemSource::Is(mac) => Some(mac),
            ModemSource::Learned | ModemSource::Any => None,
        };
        Self { config, known, key: Key::Idle, poll: Poll::Off, probe, due: Due { key: None, link: None } }
    }

    /// How and where to a message goes from a host.
    pub(crate) fn envelope(&self, host: MacAddr, message: &ModemMessage) -> Envelope {
        let version = match message {
            ModemMessage::Lumissil(_) => self.config.lumissil,
            other => other.body().version(),
        };
        Envelope { destination: self.config.address, source: host, version }
    }

    /// Whether a frame from `source` may be from this modem.
    pub(crate) fn is_from(&self, source: MacAddr) -> Result<(), Ignored> {
        match self.known {
            Some(modem) if modem != source => Err(Ignored::Modem),
            _ => Ok(()),
        }
    }

    /// Gives the modem the network that the machine then has, after a change that is under way.
    pub(crate) fn set_key(&mut self, now: Instant) {
        match &mut self.key {
            Key::Setting { next, .. } => *next = Next::Wanted,
            Key::Idle => self.ask(now, self.config.key_retries),
        }
    }

    fn ask(&mut self, now: Instant, left: u8) {
        self.key = Key::Setting { left, until: after(now, self.config.timing.key), next: Next::None };
        self.due.key = Some(());
    }

    /// Starts asking for the link, if that is not under way.
    pub(crate) fn watch_link(&mut self, now: Instant) {
        if self.config.probe != LinkProbe::Host && self.poll == Poll::Off {
            self.poll = Poll::On { at: now, heard: now };
        }
    }

    pub(crate) fn ignore_link(&mut self) {
        self.poll = Poll::Off;
        self.due.link = None;
    }

    /// Takes a message that only the own modem sends.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        source: MacAddr,
        mmtype: MmType,
        message: &Mme<'_>,
    ) -> Result<Option<ModemNews>, Ignored> {
        self.is_from(source)?;
        let (vendor, link) = match message {
            Mme::SetKeyCnf(answer) => {
                let news = self.key_answer(now, *answer)?;
                if self.config.source == ModemSource::Learned {
                    self.known = Some(source);
                }
                return Ok(news);
            }
            Mme::Qualcomm(Qualcomm::LinkStatusCnf { status: 0, link }) => (Vendor::Qualcomm, *link == 1),
            Mme::Qualcomm(Qualcomm::NwInfoCnf(info)) => {
                (Vendor::Qualcomm, info.networks().any(|network| network.stations > 0))
            }
            Mme::Lumissil(Lumissil::LinkStatus { status, .. }) => (Vendor::Lumissil, *status == 1),
            _ => return Err(Ignored::Unexpected(mmtype)),
        };
        let Poll::On { heard, .. } = &mut self.poll else { return Err(Ignored::Stale) };
        *heard = now;
        if let Probe::Try(_) = self.probe {
            self.probe = Probe::Known(vendor);
        }
        Ok(Some(ModemNews::Link(if link { LinkState::Up } else { LinkState::Down })))
    }

    fn key_answer(&mut self, now: Instant, answer: SetKeyCnf) -> Result<Option<ModemNews>, Ignored> {
        let Key::Setting { next, .. } = self.key else { return Err(Ignored::Stale) };
        if answer.your_nonce != self.config.nonce || self.due.key.is_some() {
            return Err(Ignored::Stale);
        }
        let taken = match self.config.confirmation {
            KeyConfirmation::Any => true,
            KeyConfirmation::Zero => answer.result == 0,
            KeyConfirmation::One => answer.result == 1,
        };
        match next {
            Next::Wanted => self.ask(now, self.config.key_retries),
            // Asked again when the time is over: right after a matching modems may refuse for a moment.
            Next::None if !taken => return Err(Ignored::Result(answer.result)),
            Next::None => {
                self.key = Key::Idle;
                return Ok(Some(ModemNews::KeySet));
            }
        }
        Ok(None)
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<ModemNews> {
        if let Poll::On { at, heard } = &mut self.poll {
            if *at <= now {
                *at = after(now, self.config.timing.poll);
                self.due.link = Some(match self.probe {
                    Probe::Try(vendor) => {
                        let other =
                            if vendor == Vendor::Qualcomm { Vendor::Lumissil } else { Vendor::Qualcomm };
                        self.probe = Probe::Try(other);
                        vendor
                    }
                    Probe::Known(vendor) => vendor,
                    Probe::NetworkInfo => Vendor::Qualcomm,
                });
            }
            if heard.saturating_add(self.config.timing.silence) <= now {
                *heard = now;
                return Some(ModemNews::Silent);
            }
        }
        if let Key::Setting { left, until, next } = self.key
            && until <= now
        {
            match (next, left.checked_sub(1)) {
                (Next::Wanted, _) => self.ask(now, self.config.key_retries),
                (Next::None, Some(left)) => self.ask(now, left),
                (Next::None, None) => {
                    self.key = Key::Idle;
                    self.due.key = None;
                    if self.config.source == ModemSource::Learned {
                        self.known = None;
                    }
                    return Some(ModemNews::KeyFailed);
                }
            }
        }
        None
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let key = match self.key {
            Key::Idle => None,
            Key::Setting { until, .. } => Some(until),
        };
        let poll = match self.poll {
            Poll::Off => None,
            Poll::On { at, heard } => Some(at.min(heard.saturating_add(self.config.timing.silence))),
        };
        earliest([key, poll])
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        is_due(self.poll_timeout(), now)
    }

    /// The message to send now; it counts as sent.
    pub(crate) fn transmit(&mut self, network: &Network) -> Option<ModemMessage> {
        if self.due.key.take().is_some() {
            return Some(ModemMessage::Key(SetKeyReq {
                my_nonce: self.config.nonce,
                cco_capability: self.config.cco_capability,
                network: network.clone(),
            }));
        }
        Some(match (self.due.link.take()?, self.probe) {
            (Vendor::Qualcomm, Probe::NetworkInfo) => ModemMessage::Qualcomm(Qualcomm::NwInfoReq),
            (Vendor::Qualcomm, _) => ModemMessage::Qualcomm(Qualcomm::LinkStatusReq),
            (Vendor::Lumissil, _) => {
                ModemMessage::Lumissil(Lumissil::Request { id: 0, request: LumissilRequest::LinkStatus })
            }
        })
    }

    /// Gives back a message that could not be sent.
    pub(crate) fn untransmit(&mut self, message: &ModemMessage) {
        match message {
            ModemMessage::Key(_) => self.due.key = Some(()),
            ModemMessage::Lumissil(_) => self.due.link = Some(Vendor::Lumissil),
            ModemMessage::Qualcomm(_) => self.due.link = Some(Vendor::Qualcomm),
        }
    }
}
