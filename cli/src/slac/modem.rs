//! A modem for tests, as its host sees it.

use std::time::Duration;

use v2g_slac::mme::{AttenProfileInd, Qualcomm, SetKeyCnf};
use v2g_slac::{Envelope, Frame, GROUPS, Groups, MacAddr, Mme, Network};

/// Which side the host is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Charger,
    Vehicle,
}

/// A modem.
#[derive(Debug)]
pub(super) struct Modem {
    pub(super) side: Side,
    mac: MacAddr,
    network: Option<Network>,
    joined_at: Duration,
}

impl Modem {
    /// A modem with a made-up address.
    pub(super) fn new(side: Side, index: u8) -> Self {
        let mac = MacAddr([0x02, 0x4D, 0x4F, 0, u8::from(side == Side::Charger), index]);
        Self { side, mac, network: None, joined_at: Duration::ZERO }
    }

    pub(super) fn is_linked(&self, other: &Self, now: Duration) -> bool {
        self.network.is_some()
            && self.network == other.network
            && self.joined_at <= now
            && other.joined_at <= now
    }

    /// Whether its host speaks to it and not to the line.
    pub(super) fn is_addressed(&self, frame: &Frame<'_>) -> bool {
        [MacAddr::LOCAL_MODEM, self.mac].contains(&frame.destination())
    }

    /// The answer to its host. A vehicle's modem joins a network after `join`, a charger's makes one at once.
    pub(super) fn answer(
        &mut self,
        frame: &Frame<'_>,
        linked: bool,
        now: Duration,
        join: Duration,
    ) -> Option<Vec<u8>> {
        let answer = match Mme::parse(frame).ok()? {
            Mme::SetKeyReq(request) => {
                let wait = if self.side == Side::Vehicle { join } else { Duration::ZERO };
                self.joined_at = now + wait;
                self.network = Some(request.network);
                Mme::SetKeyCnf(SetKeyCnf {
                    // What deployed modems answer when they took the key.
                    result: 1,
                    my_nonce: now.subsec_nanos(),
                    your_nonce: request.my_nonce,
                    pid: 4,
                    prn: 0,
                    pmn: 255,
                    cco_capability: 0,
                })
            }
            Mme::Qualcomm(Qualcomm::LinkStatusReq) => {
                Mme::Qualcomm(Qualcomm::LinkStatusCnf { status: 0, link: u8::from(linked) })
            }
            _ => return None,
        };
        Some(self.frame(frame.source(), &answer))
    }

    /// What it tells its host of a sound.
    pub(super) fn profile(&self, vehicle: MacAddr, groups: &[u8; GROUPS]) -> Vec<u8> {
        let message = AttenProfileInd { pev_mac: vehicle, groups: Groups::new(groups) };
        self.frame(MacAddr::BROADCAST, &Mme::AttenProfileInd(message))
    }

    fn frame(&self, destination: MacAddr, message: &Mme<'_>) -> Vec<u8> {
        let envelope = Envelope { destination, source: self.mac, version: message.version() };
        let mut out = vec![0; message.buffer_len(envelope.version)];
        match message.emit(envelope, &mut out) {
            Ok(len) => out.truncate(len),
            Err(_) => out.clear(),
        }
        out
    }
}
