//! Complete matchings, replayed against either machine at the captured times.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use v2g_slac::ev::{Answers, Collection, Ev, EvConfig, EvEvent, EvState, InitialKey};
use v2g_slac::evse::{Evse, EvseConfig, EvseState, Reporting};
use v2g_slac::mme::{AttenProfileInd, SetKeyCnf, SlacMatchCnf};
use v2g_slac::{
    DutyCycle, Entropy, Envelope, Frame, GROUPS, Groups, LinkState, MAX_FRAME_LEN, MacAddr, MmType, Mme, Nid,
    NoEntropy, PilotState, Profile, RunId, SecurityLevel,
};

use super::record::{Record, hex};
use super::sources;

const MODEM: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
/// Time before the first frame, for the machine to get ready.
const LEAD: Duration = Duration::from_secs(5);

/// A complete matching: from the vehicle's last question to the key.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    source: &'a str,
    vehicle: MacAddr,
    evse: MacAddr,
    run_id: RunId,
    records: Vec<&'a Record>,
}

impl fmt::Display for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.source.rsplit('/').next().unwrap_or_default();
        write!(f, "{file} at {:.3} s", self.records.first().map_or(0.0, |r| r.time.as_secs_f64()))
    }
}

/// Hands out what was random in the capture.
#[derive(Debug, Default)]
struct Captured(VecDeque<Vec<u8>>);

impl Entropy for Captured {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), NoEntropy> {
        let wanted = self.0.iter().position(|bytes| bytes.len() == out.len());
        match wanted.and_then(|index| self.0.remove(index)) {
            Some(bytes) => out.copy_from_slice(&bytes),
            None => out.fill(0x11),
        }
        Ok(())
    }
}

/// The complete matchings of all captures.
pub(crate) fn runs(records: &[Record]) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    for source in sources(records) {
        let frames: Vec<&Record> = records.iter().filter(|record| record.source == source).collect();
        for (end, record) in frames.iter().enumerate() {
            let Some(Mme::SlacMatchCnf(SlacMatchCnf { request, .. })) = record.message() else { continue };
            let (vehicle, evse, run_id) = (request.pev_mac, request.evse_mac, request.run_id);
            let before = &frames[..=end];
            let is = |record: &Record, name: &str| record.name == name && record.from() == Some(vehicle);
            let Some(choice) = before.iter().rposition(|r| is(r, "CM_SLAC_MATCH.REQ")) else { continue };
            let Some(sound) = before[..choice].iter().rposition(|r| is(r, "CM_MNBC_SOUND.IND")) else {
                continue;
            };
            let Some(start) = before[..sound].iter().rposition(|r| is(r, "CM_START_ATTEN_CHAR.IND")) else {
                continue;
            };
            let Some(begin) = before[..start].iter().rposition(|r| is(r, "CM_SLAC_PARM.REQ")) else {
                continue;
            };
            let records = before[begin..].to_vec();
            runs.push(Run { source, vehicle, evse, run_id, records });
        }
    }
    runs
}

impl<'a> Run<'a> {
    fn messages(&self, name: &str) -> impl Iterator<Item = &'a Record> {
        self.records.iter().copied().filter(move |record| record.name == name)
    }

    /// What the vehicle sent on the line of the charger that it chose.
    fn of_vehicle(&self, name: &str) -> Vec<&'a Record> {
        self.messages(name).filter(|r| r.from() == Some(self.vehicle) && self.is_on_line(r)).collect()
    }

    fn is_on_line(&self, record: &Record) -> bool {
        self.records.last().is_some_and(|last| last.vlan == record.vlan)
    }

    fn key(&self) -> Result<SlacMatchCnf, String> {
        let last = self.records.last().and_then(|record| record.message());
        match last {
            Some(Mme::SlacMatchCnf(message)) => Ok(message),
            _ => Err("no key".into()),
        }
    }

    /// Time of a record in the replay.
    fn at(&self, record: &Record) -> Duration {
        let first = self.records.first().map_or(Duration::ZERO, |record| record.time);
        LEAD + record.time.saturating_sub(first)
    }

    fn report(&self) -> Result<(&'a Record, [u8; GROUPS], u8), String> {
        let own = self.messages("CM_ATTEN_CHAR.IND").find(|record| record.from() == Some(self.evse));
        let record = own.ok_or("the charger did not report")?;
        match record.message() {
            Some(Mme::AttenCharInd(message)) => {
                let groups = message.groups.whole().ok_or("a report without 58 groups")?;
                Ok((record, *groups, message.num_sounds))
            }
            _ => Err("no report".into()),
        }
    }

    /// The profiles of the charger's modem, or as many as it counted, made from what it reported.
    fn profiles(&self) -> Result<(Vec<(Duration, Vec<u8>)>, &'static str), String> {
        let real: Vec<_> = self
            .messages("CM_ATTEN_PROFILE.IND")
            .filter(|record| {
                self.is_on_line(record)
                    && matches!(record.message(), Some(Mme::AttenProfileInd(m))
                    if m.pev_mac == self.vehicle && m.groups.whole().is_some())
            })
            .map(|record| (self.at(record), record.bytes.clone()))
            .collect();
        if !real.is_empty() {
            return Ok((real, "profiles of the capture"));
        }
        let (_, groups, count) = self.report()?;
        let sounds = self.of_vehicle("CM_MNBC_SOUND.IND");
        let made = sounds.iter().take(count.into()).map(|sound| {
            let message = AttenProfileInd { pev_mac: self.vehicle, groups: Groups::new(&groups) };
            (
                self.at(sound) + Duration::from_millis(1),
                emit(self.evse, MODEM, &Mme::AttenProfileInd(message)),
            )
        });
        Ok((made.collect(), "profiles made from the report"))
    }

    /// Our charger, fed the vehicle's frames.
    pub(crate) fn as_charger(&self) -> Result<String, String> {
        let key = self.key()?;
        let nmk = key.network.nmk.clone();
        let config = self.patience()?;
        let mut evse: Evse<'_, _> =
            Evse::new(config, Captured([nmk.expose().to_vec()].into())).map_err(|error| error.to_string())?;
        let (profiles, remark) = self.profiles()?;
        let modem = modem(&profiles, &self.report()?.1);
        let own = self.records.iter().filter(|r| r.from() == Some(self.vehicle) && self.is_on_line(r));
        let mut feed: Vec<_> =
            own.map(|record| (self.at(record), record.bytes.clone())).chain(profiles).collect();
        feed.sort_by_key(|(at, _)| *at);
        let mut sent = Vec::new();
        evse.start(Duration::ZERO);
        evse.pilot(Duration::from_millis(500), PilotState::B);
        drain(&mut sent, Duration::ZERO, |out| evse.poll_transmit(out));
        let confirmed = emit(self.evse, modem, &set_key_confirmed());
        evse.handle_frame(Duration::from_millis(600), &confirmed).map_err(|error| error.to_string())?;
        for (at, frame) in &feed {
            while let Some(due) = evse.poll_timeout().filter(|due| due <= at) {
                evse.handle_timeout(due);
                drain(&mut sent, due, |out| evse.poll_transmit(out));
            }
            let _ = evse.handle_frame(*at, frame);
            drain(&mut sent, *at, |out| evse.poll_transmit(out));
        }
        let end = feed.last().map_or(LEAD, |(at, _)| *at);
        if evse.state() != EvseState::Joining {
            return Err(format!("{:?} at the end", evse.state()));
        }
        evse.link(end, LinkState::Up);
        if evse.state() != EvseState::Matched {
            return Err("no link".into());
        }
        // The same answers as those of the captured charger, but for an identifier that it did not derive.
        let parameters = self.messages("CM_SLAC_PARM.CNF").find(|record| record.from() == Some(self.evse));
        if let Some(record) = parameters {
            same(&sent, MmType::CM_SLAC_PARM_CNF, record, |_| {})?;
        }
        let last = self.records.last().ok_or("no frames")?;
        let nid = Nid::derive(&nmk, SecurityLevel::Simple);
        same(&sent, MmType::CM_SLAC_MATCH_CNF, last, |bytes| {
            bytes[19 + 66..19 + 73].copy_from_slice(&nid.0);
        })?;
        let reports: Vec<_> =
            sent.iter().filter(|(_, f)| mmtype(f) == Some(MmType::CM_ATTEN_CHAR_IND)).collect();
        let (_, groups, count) = self.report()?;
        let Some((_, report)) = reports.first() else { return Err("nothing reported".into()) };
        let frame = Frame::new_checked(report).map_err(|error| error.to_string())?;
        let Ok(Mme::AttenCharInd(ours)) = Mme::parse(&frame) else { return Err("no report".into()) };
        if remark.starts_with("profiles made")
            && (ours.num_sounds, ours.groups.whole()) != (count, Some(&groups))
        {
            return Err(format!("reports {} sounds", ours.num_sounds));
        }
        let derived = if nid == key.network.nid { "" } else { ", identifier not derived" };
        Ok(format!("matched, {} sounds, {remark}{derived}", ours.num_sounds))
    }

    /// Our vehicle, fed the charger's frames, with the rhythm of the captured vehicle.
    pub(crate) fn as_vehicle(&self) -> Result<String, String> {
        let key = self.key()?;
        let config = self.rhythm()?;
        let sounds = self.of_vehicle("CM_MNBC_SOUND.IND");
        let random = sounds.iter().filter_map(|record| match record.message() {
            Some(Mme::MnbcSoundInd(message)) => Some(message.random.to_vec()),
            _ => None,
        });
        let entropy = Captured([self.run_id.0.to_vec()].into_iter().chain(random).collect());
        let mut ev: Ev<'_, _> = Ev::new(config, entropy).map_err(|error| error.to_string())?;
        let mut sent = Vec::new();
        ev.start(Duration::ZERO);
        ev.pilot(LEAD, PilotState::B, DutyCycle::FivePercent);
        drain(&mut sent, LEAD, |out| ev.poll_transmit(out));
        let to_us =
            self.records.iter().filter(|r| r.frame().is_some_and(|f| f.destination() == self.vehicle));
        let mut chosen = None;
        for record in to_us {
            let at = self.at(record);
            while let Some(due) = ev.poll_timeout().filter(|due| *due <= at) {
                ev.handle_timeout(due);
                drain(&mut sent, due, |out| ev.poll_transmit(out));
            }
            let _ = ev.handle_frame(at, &record.bytes);
            drain(&mut sent, at, |out| ev.poll_transmit(out));
            while let Some(event) = ev.poll_event() {
                if let EvEvent::Chosen { evse, attenuation, finding } = event {
                    chosen = Some((evse, attenuation, finding));
                }
            }
        }
        let end = self.records.last().map_or(LEAD, |record| self.at(record));
        let state = ev.state();
        if state != EvState::Joining {
            return Err(format!("{state:?} at the end"));
        }
        let (evse, attenuation, finding) = chosen.ok_or("nothing chosen")?;
        if evse != self.evse || ev.nid() != Some(key.network.nid) {
            return Err(format!("chose {evse}"));
        }
        let (_, set_key) = sent
            .iter()
            .rfind(|(_, frame)| mmtype(frame) == Some(MmType::CM_SET_KEY_REQ))
            .ok_or("the modem got no key")?;
        let frame = Frame::new_checked(set_key).map_err(|error| error.to_string())?;
        if !matches!(Mme::parse(&frame), Ok(Mme::SetKeyReq(message)) if message.network == key.network) {
            return Err("the modem got another key".into());
        }
        ev.handle_frame(end, &emit(self.vehicle, MODEM, &set_key_confirmed())).map_err(|e| e.to_string())?;
        ev.link(end, LinkState::Up);
        if ev.state() != EvState::Matched {
            return Err("no link".into());
        }
        for (name, code) in [
            ("CM_SLAC_PARM.REQ", MmType::CM_SLAC_PARM_REQ),
            ("CM_START_ATTEN_CHAR.IND", MmType::CM_START_ATTEN_CHAR_IND),
            ("CM_ATTEN_CHAR.RSP", MmType::CM_ATTEN_CHAR_RSP),
            ("CM_SLAC_MATCH.REQ", MmType::CM_SLAC_MATCH_REQ),
        ] {
            let theirs = self.of_vehicle(name);
            let Some(record) = theirs.last() else { continue };
            same(&sent, code, record, |bytes| {
                // One vehicle announces more time than it was told, which some chargers do not like.
                if code == MmType::CM_START_ATTEN_CHAR_IND && bytes[19 + 3] == 10 {
                    bytes[19 + 3] = 6;
                }
            })?;
        }
        let ours: Vec<_> =
            sent.iter().filter(|(_, f)| mmtype(f) == Some(MmType::CM_MNBC_SOUND_IND)).collect();
        if ours.len() != sounds.len()
            || ours.iter().zip(&sounds).any(|((_, ours), theirs)| *ours != theirs.bytes)
        {
            return Err("other sounds".into());
        }
        Ok(format!("matched at {attenuation} ({finding:?}), all frames as captured"))
    }

    /// The settings under which our charger reports when the captured one does.
    fn patience(&self) -> Result<EvseConfig<'static>, String> {
        let mut config = EvseConfig::new(self.evse, Profile::Lenient);
        let (report, ..) = self.report()?;
        let starts = self.of_vehicle("CM_START_ATTEN_CHAR.IND");
        let sounds = self.of_vehicle("CM_MNBC_SOUND.IND");
        let (Some(start), Some(last)) = (starts.first(), sounds.last()) else {
            return Err("not complete".into());
        };
        let (start, last, report) = (self.at(start), self.at(last), self.at(report));
        if report > last + Duration::from_millis(200) || report < last {
            config.reporting = Reporting::WholeTime;
            config.timing.collection = (report - start).min(Duration::from_secs(1));
        }
        Ok(config)
    }

    /// The settings under which our vehicle keeps the captured vehicle's times.
    fn rhythm(&self) -> Result<EvConfig<'static>, String> {
        let mut config = EvConfig::new(self.vehicle, Profile::Lenient);
        config.initial_key = InitialKey::Keep;
        let starts = self.of_vehicle("CM_START_ATTEN_CHAR.IND");
        let sounds = self.of_vehicle("CM_MNBC_SOUND.IND");
        let choice = self.of_vehicle("CM_SLAC_MATCH.REQ");
        let (Some(start), Some(last), Some(choice)) = (starts.first(), sounds.last(), choice.first()) else {
            return Err("not complete".into());
        };
        let (start, last, choice) = (self.at(start), self.at(last), self.at(choice));
        let window = start - LEAD;
        let answer =
            self.messages("CM_SLAC_PARM.CNF").find(|r| r.from() == Some(self.evse)).ok_or("no answer")?;
        let answer = self.at(answer) - LEAD;
        if answer >= config.timing.response {
            config.timing.response = answer + Duration::from_millis(10);
        }
        let response = config.timing.response;
        if window >= response {
            config.timing.start_delay = (window - response).min(Duration::from_millis(200));
        } else {
            config.answers = Answers::First;
            config.timing.start_delay = (window - answer).min(Duration::from_millis(200));
        }
        let steps = (starts.len() + sounds.len() - 1) as u32;
        config.timing.interval =
            ((last - start) / steps).clamp(Duration::from_millis(20), Duration::from_millis(50));
        let (from, collection) = if choice >= start + config.timing.reports {
            // The machine chooses a moment later, and some chargers answer at once.
            config.timing.reports = (choice - start).saturating_sub(Duration::from_millis(3));
            (choice, Collection::WholeTime)
        } else {
            let reported = self.messages("CM_ATTEN_CHAR.IND").map(|record| self.at(record)).max();
            (reported.ok_or("no report")?.max(last), Collection::Reports)
        };
        config.collection = collection;
        config.timing.choice_delay = choice.saturating_sub(from).min(Duration::from_millis(500));
        Ok(config)
    }
}

fn set_key_confirmed() -> Mme<'static> {
    Mme::SetKeyCnf(SetKeyCnf {
        result: 1,
        my_nonce: 7,
        your_nonce: 0,
        pid: 4,
        prn: 0,
        pmn: 255,
        cco_capability: 0,
    })
}

/// The charger's modem: among those that told of the vehicle's sounds the one that told what was reported.
fn modem(profiles: &[(Duration, Vec<u8>)], reported: &[u8; GROUPS]) -> MacAddr {
    let sources: Vec<_> = profiles.iter().filter_map(|(_, frame)| source(frame)).collect();
    let distance = |modem: &MacAddr| {
        let (mut sum, mut count) = (0, 0);
        for (_, frame) in profiles.iter().filter(|(_, frame)| source(frame) == Some(*modem)) {
            if let Ok(view) = Frame::new_checked(frame)
                && let Ok(Mme::AttenProfileInd(message)) = Mme::parse(&view)
            {
                count += 1;
                sum += message.groups.as_slice().iter().map(|group| u32::from(*group)).sum::<u32>();
            }
        }
        let wanted: u32 = reported.iter().map(|group| u32::from(*group)).sum();
        (sum / count.max(1)).abs_diff(wanted)
    };
    sources.into_iter().min_by_key(distance).unwrap_or(MODEM)
}

fn source(frame: &[u8]) -> Option<MacAddr> {
    Frame::new_checked(frame).ok().map(|frame| frame.source())
}

fn emit(destination: MacAddr, source: MacAddr, message: &Mme<'_>) -> Vec<u8> {
    let envelope = Envelope { destination, source, version: message.version() };
    let mut out = vec![0; message.buffer_len(envelope.version)];
    message.emit(envelope, &mut out).expect("the buffer is large enough");
    out
}

fn mmtype(frame: &[u8]) -> Option<MmType> {
    Frame::new_checked(frame).ok().map(|frame| frame.mmtype())
}

fn drain(
    sent: &mut Vec<(Duration, Vec<u8>)>,
    at: Duration,
    mut poll: impl FnMut(&mut [u8]) -> Result<Option<usize>, v2g_slac::EmitError>,
) {
    let mut out = [0; MAX_FRAME_LEN];
    while let Ok(Some(len)) = poll(&mut out) {
        sent.push((at, out[..len].to_vec()));
    }
}

/// Compares the last of our frames of a type with a captured one, after `amend` has been at that.
fn same(
    sent: &[(Duration, Vec<u8>)],
    code: MmType,
    record: &Record,
    amend: impl Fn(&mut [u8]),
) -> Result<(), String> {
    let (_, ours) = sent.iter().rfind(|(_, f)| mmtype(f) == Some(code)).ok_or(format!("no {code} sent"))?;
    let mut theirs = record.bytes.clone();
    amend(&mut theirs);
    let len = ours.len().min(theirs.len());
    if ours[..len] == theirs[..len] {
        Ok(())
    } else {
        Err(format!("{code}: {} instead of {}", hex(ours), hex(&theirs)))
    }
}
