//! What a charger may do, judged by bytes, events and the words of its host alone.

use std::time::Duration;

use exi_codec::iso20::common_types::{Processing, ResponseCode};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::secc::{Isolation, Secc, Stop};
use iso15118_20::security::PeerId;
use iso15118_20::sequence::{Answered, Asked, Class, Guard, Sequence, Stage, Step, Stream};
use iso15118_20::service::{Direction, Family, Selection};
use iso15118_20::{Cause, Connection, Instant, Settings, Transport};
use v2gtp::{Frame, PayloadType};

use super::station_output::{Plant, Power};
use super::trace::Log;

/// What the rules make of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Fine,
    Foreign,
    Illegal,
    OutOfTurn,
}

/// A request that is not answered yet.
#[derive(Clone, Debug)]
struct Open {
    asked: Asked,
    payload_type: PayloadType,
    payload: Vec<u8>,
    expect: Expect,
    at: Instant,
}

/// What is kept of a paused session.
#[derive(Clone, Debug, PartialEq)]
struct Paused {
    session: [u8; 8],
    key: Key,
    selection: Selection,
    advertised: Option<bool>,
}

#[derive(Clone, Debug, PartialEq)]
enum Key {
    Nobody,
    Peer(PeerId),
    Name(String),
}

#[path = "station_watch/effects.rs"]
mod effects;

use effects::Effect;

#[allow(clippy::struct_excessive_bools, reason = "facts that are independent of each other")]
pub struct Watch {
    settings: Settings,
    pub plant: Plant,
    /// How long an AC vehicle may take to follow, and since when it has not.
    follow: Option<Duration>,
    beyond: Option<Instant>,
    paused: Option<Paused>,
    started: Option<Instant>,
    unix: u64,
    transport: Transport,
    peer: Option<PeerId>,
    session: [u8; 8],
    name: String,
    first: Family,
    main: Sequence,
    open: [Option<Open>; 5],
    accepted: bool,
    authorized: bool,
    offered: Vec<u16>,
    sets: Vec<(u16, u16)>,
    advertised: Option<bool>,
    selection: Option<Selection>,
    pub power: Power,
    meter_asked: bool,
    stop: Option<Stop>,
    off: bool,
    must_end: bool,
    closed: bool,
    effects: Vec<Effect>,
    /// The last answer to a request that was legal.
    pub answered: Option<Answered>,
    /// Answers that were sent, for the figures.
    pub exchanges: u64,
}

const fn place(stream: Stream) -> usize {
    match stream {
        Stream::Main => 0,
        Stream::ScheduleRenegotiation => 1,
        Stream::MeteringConfirmation => 2,
        Stream::AcdpSystemStatus => 3,
        Stream::Parking => 4,
    }
}

impl Watch {
    /// `first`: the family whose grammars count before one is agreed on.
    pub fn new(settings: &Settings, ack_max_delay: Option<u16>, first: Family) -> Self {
        let follow = ack_max_delay.map(|seconds| Duration::from_secs(seconds.into()));
        Self {
            settings: *settings,
            plant: Plant::default(),
            follow: follow.map(|time| time + settings.timing.loop_sequence),
            beyond: None,
            paused: None,
            started: None,
            unix: 0,
            transport: Transport::Plain,
            peer: None,
            session: [0; 8],
            name: String::new(),
            main: Sequence::new(first),
            first,
            open: [const { None }; 5],
            accepted: false,
            authorized: false,
            offered: Vec::new(),
            sets: Vec::new(),
            advertised: None,
            selection: None,
            power: Power::default(),
            meter_asked: false,
            stop: None,
            off: false,
            must_end: false,
            closed: true,
            effects: Vec::new(),
            answered: None,
            exchanges: 0,
        }
    }

    pub fn start(&mut self, now: Instant, connection: &Connection, session: [u8; 8]) {
        let mut plant = self.plant.clone();
        plant.measured = None;
        plant.measured_ac = None;
        plant.isolation = None;
        plant.aligned = false;
        *self = Self {
            plant,
            paused: self.paused.take(),
            started: Some(now),
            unix: connection.unix_seconds,
            transport: connection.transport,
            peer: connection.peer,
            session,
            closed: false,
            exchanges: self.exchanges,
            follow: self.follow,
            ..Self::new(&self.settings, None, self.first)
        };
    }

    pub fn unix(&self, now: Instant) -> u64 {
        self.unix + self.started.map_or(0, |started| now.saturating_sub(started).as_secs())
    }

    pub fn is_bidirectional(&self) -> bool {
        self.selection.is_some_and(|s| s.service.direction() == Direction::Bidirectional)
    }

    pub fn disconnected(&mut self) {
        self.must_end = true;
    }

    fn key(&self) -> Key {
        match (self.transport, self.peer) {
            (Transport::Secured, Some(peer)) => Key::Peer(peer),
            (Transport::InsecureLab, _) => Key::Name(self.name.clone()),
            _ => Key::Nobody,
        }
    }

    fn forget_service(&mut self) {
        self.selection = None;
        self.power = Power::default();
        self.plant.isolation = None;
        self.plant.aligned = false;
    }

    fn decode<'p>(&self, payload_type: PayloadType, payload: &'p [u8]) -> Option<Request<'p>> {
        Request::decode(payload_type, self.main.table().family().schema_set(), payload).ok()
    }

    /// A request has arrived.
    pub fn received(&mut self, now: Instant, payload_type: PayloadType, payload: &[u8], log: Log) {
        let Some(request) = self.decode(payload_type, payload) else {
            log.line(now, "station", || format!("    <- {payload_type:?}, not decodable"));
            self.must_end = true;
            return;
        };
        let stream = Stream::of(payload_type);
        let asked = Asked::of(&request);
        log.line(now, "station", || format!("    <- {asked:?} on {stream:?}"));
        let session = request.header().is_none_or(|header| header.session_id == self.session);
        let expect = if self.open[place(stream)].is_some() {
            self.must_end = true;
            Expect::OutOfTurn
        } else if !session && (asked.kind != K::SessionSetupReq || stream != Stream::Main) {
            Expect::Foreign
        } else if stream == Stream::Main {
            self.grant_pre_charge();
            if self.main.check(asked).is_ok() { Expect::Fine } else { Expect::Illegal }
        } else if self.is_aside_legal(stream, asked) {
            Expect::Fine
        } else {
            Expect::Illegal
        };
        if expect == Expect::Fine {
            if let Request::ServiceSelectionReq(_) = &request {
                self.forget_service();
            }
            self.power.requested(stream, &request);
            if matches!(asked.step, Step::Stop | Step::Standby) {
                // What is negotiated beside the loop is given up with it.
                self.effects.retain(|effect| *effect != Effect::Schedule);
            }
            if let Request::AuthorizationReq(message) = &request {
                use exi_codec::iso20::common_messages::Authorization;
                self.effects.retain(|effect| match message.selected_authorization_service {
                    Authorization::Eim => *effect != Effect::Contract,
                    Authorization::Pnc => *effect != Effect::Authorization,
                });
            }
        }
        let open = Open { asked, payload_type, payload: payload.to_vec(), expect, at: now };
        self.open[place(stream)] = Some(open);
    }

    /// What must hold for a side stream at least.
    fn is_aside_legal(&self, stream: Stream, asked: Asked) -> bool {
        let session = !matches!(self.main.stage(), Stage::Negotiation | Stage::SessionSetup);
        let loops = self.main.stage() == Stage::ChargeLoop && self.open[0].is_none();
        session
            && match stream {
                Stream::ScheduleRenegotiation => {
                    loops || matches!(asked.kind, K::ScheduleExchangeReq | K::PowerDeliveryReq)
                }
                Stream::MeteringConfirmation => self.meter_asked,
                Stream::AcdpSystemStatus => self.main.table().family() == Family::Acdp,
                _ => true,
            }
    }

    fn grant_pre_charge(&mut self) {
        if self.power.is_pre_charged_early(&self.plant, &self.settings) {
            self.main.grant(Guard::PreChargeMatched);
        } else {
            self.main.revoke(Guard::PreChargeMatched);
        }
    }

    /// A response goes out.
    pub fn sent(&mut self, now: Instant, frame: &[u8], secc: &Secc<'_>, log: Log) {
        self.exchanges += 1;
        let frame = Frame::new_checked(frame).expect("a whole frame");
        let family = self.main.table().family().schema_set();
        let response =
            Response::decode(frame.payload_type(), family, frame.payload()).expect("what is sent decodes");
        let stream = Stream::of(frame.payload_type());
        let answered = Answered::of(&response);
        log.line(now, "station", || format!("    -> {:?} {answered:?} on {stream:?}", response.kind()));
        let open = self.open[place(stream)].take().expect("a response answers a request");
        assert_eq!(response.kind(), open.asked.kind.response(), "the response fits the request");
        let failed = answered.class() == Class::Failed;
        if failed {
            assert!(secc.end().is_some(), "FAILED ends the session");
            self.must_end = true;
        }
        Self::judge(&open, answered, failed);
        self.answered = (open.expect == Expect::Fine).then_some(answered);
        if let Some(header) = response.header()
            && !matches!(response, Response::SessionSetupRes(_))
        {
            assert_eq!(header.session_id, self.session);
        }
        if failed {
            return self.main.end();
        }
        let request = self.decode(open.payload_type, &open.payload).expect("it was decoded before");
        let (expect_stage, over) = (self.main.stage(), secc.end());
        if stream == Stream::Main && over.is_none_or(|end| end.is_ok()) {
            self.main_sent(now, &open, &request, &response, answered);
        } else if stream == Stream::ScheduleRenegotiation && over.is_none() {
            self.power.settled(self.unix(now), expect_stage, &request, &response);
        }
        if let Some(end) = over
            && end.cause == Cause::Paused
            && let Some(selection) = self.selection
        {
            self.paused = Some(Paused {
                session: self.session,
                key: self.key(),
                selection,
                advertised: self.advertised,
            });
        }
        if answered.processing == Processing::Finished {
            self.finished(open.asked.kind);
        }
    }

    /// The code that a request must be refused with, if it must.
    fn judge(open: &Open, answered: Answered, failed: bool) {
        use ResponseCode as C;
        if matches!(open.asked.kind, K::SupportedAppProtocolReq) && open.expect != Expect::Fine {
            assert!(failed);
            return;
        }
        match open.expect {
            Expect::Fine => {}
            Expect::Foreign => assert_eq!(answered.code, C::FailedUnknownSession, "{open:?}"),
            Expect::OutOfTurn => assert_eq!(answered.code, C::FailedSequenceError, "{open:?}"),
            Expect::Illegal => assert!(
                matches!(answered.code, C::FailedSequenceError | C::FailedNoServiceRenegotiationSupported),
                "{open:?} was answered with {answered:?}"
            ),
        }
    }

    fn main_sent(
        &mut self,
        now: Instant,
        open: &Open,
        request: &Request<'_>,
        response: &Response<'_>,
        answered: Answered,
    ) {
        let done = answered.class() == Class::Ok && answered.processing == Processing::Finished;
        match response {
            Response::SessionSetupRes(message) => {
                self.set_up(request, message.header.session_id, answered.code);
            }
            Response::AuthorizationSetupRes(message) if message.certificate_installation_service => {
                self.main.grant(Guard::InstallationOffered);
            }
            Response::AuthorizationRes(_) if done => {
                assert!(self.accepted, "nobody accepted this vehicle");
                self.authorized = true;
                if answered.code == ResponseCode::OkCertificateExpiresSoon {
                    self.main.grant(Guard::ContractExpires);
                }
            }
            Response::ServiceDiscoveryRes(message) => {
                self.offered = message.energy_transfer_service_list.iter().map(|s| s.service_id).collect();
                self.sets.clear();
                let advertised = *self.advertised.get_or_insert(message.service_renegotiation_supported);
                assert_eq!(advertised, message.service_renegotiation_supported);
                if advertised {
                    self.main.grant(Guard::RenegotiationOffered);
                }
            }
            Response::ServiceDetailRes(message) => {
                let sets = message.service_parameter_list.iter().map(|s| s.parameter_set_id);
                self.sets.extend(sets.map(|set| (message.service_id, set)));
            }
            Response::DcCableCheckRes(_) if done => {
                assert_eq!(self.plant.isolation, Some(Isolation::Valid), "isolation was tested");
            }
            Response::PowerDeliveryRes(_)
                if done
                    && open.asked.step == Step::Start
                    && open.asked.processing == Processing::Finished =>
            {
                assert!(self.authorized, "power without authorization");
                // In the loop a start is a repetition, and starts nothing.
                let repeated = self.main.stage() == Stage::ChargeLoop;
                assert!(self.stop.is_none() || repeated, "power after a stop");
                self.power.may_start(
                    &self.plant,
                    &self.settings,
                    self.main.table().family(),
                    self.main.stage(),
                );
            }
            _ => {}
        }
        self.power.settled(self.unix(now), self.main.stage(), request, response);
        self.main.advance(open.asked, answered).expect("what is answered without a refusal was legal");
        if let Response::CertificateInstallationRes(message) = response
            && done
            && message.remaining_contract_certificate_chains == 0
        {
            self.main.revoke(Guard::InstallationOffered);
            self.main.revoke(Guard::ContractExpires);
        }
        if open.asked.step == Step::ServiceRenegotiation {
            self.forget_service();
            self.main.revoke(Guard::Resumed);
        }
        if let Response::SupportedAppProtocolRes(choice) = response
            && let Request::SupportedAppProtocolReq(message) = request
        {
            let entry = message.app_protocol.iter().find(|entry| Some(entry.schema_id) == choice.schema_id);
            let entry = entry.expect("the schema ID of an entry");
            let family = Family::from_namespace(&entry.protocol_namespace).expect("a namespace of ours");
            self.main.set_family(family);
        }
    }

    fn set_up(&mut self, request: &Request<'_>, id: [u8; 8], code: ResponseCode) {
        let Request::SessionSetupReq(message) = request else { unreachable!() };
        let name: String = message.evcc_id.chars().collect();
        let mut end = name.len().min(64);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        self.name = name[..end].into();
        let paused = self.paused.take();
        if code == ResponseCode::OkOldSessionJoined {
            let paused = paused.expect("a session that was paused");
            assert_eq!((paused.session, id), (message.header.session_id, paused.session));
            assert_eq!(paused.key, self.key(), "the same vehicle");
            assert_ne!(paused.key, Key::Nobody);
            self.session = paused.session;
            self.selection = Some(paused.selection);
            self.power.selected(paused.selection);
            self.accepted = true;
            self.authorized = true;
            self.main.grant(Guard::Resumed);
            self.advertised = paused.advertised;
            if self.advertised == Some(true) {
                self.main.grant(Guard::RenegotiationOffered);
            }
        } else {
            assert_eq!(id, self.session, "a new session has the new ID");
        }
    }

    /// Everything that must hold between two calls.
    pub fn check(&mut self, now: Instant, secc: &Secc<'_>) {
        if self.started.is_none() {
            return;
        }
        let end = secc.end();
        if !self.closed {
            assert!(secc.poll_timeout().is_some(), "no deadline at {:?}, {end:?}", secc.stage());
        }
        assert!(!self.must_end || end.is_some(), "the session goes on at {:?}", secc.stage());
        if end.is_none() {
            assert_eq!(secc.stage(), self.main.stage(), "the stage is that of the table");
            for open in self.open.iter().flatten() {
                let limit = if open.asked.kind == K::CertificateInstallationReq { 4600 } else { 1600 };
                let waits = now.saturating_sub(open.at).as_millis();
                assert!(waits <= limit, "{:?} is not answered in time", open.asked);
            }
        } else {
            assert!(self.off, "an end switches off");
        }
        self.follows(now, end.is_some());
        if self.power.flow.is_nothing() {
            return;
        }
        assert!(end.is_none() && !self.off, "power after the end");
        assert!(self.stop.is_none(), "power after {:?}", self.stop);
        assert!(self.authorized, "power without authorization");
        assert_eq!(self.main.stage(), Stage::ChargeLoop, "power outside the loop");
        let stopping = |open: &Open| {
            open.asked.kind == K::PowerDeliveryReq
                && matches!(open.asked.step, Step::Stop | Step::Standby)
                && open.asked.processing == Processing::Finished
        };
        assert!(!self.open[0].as_ref().is_some_and(stopping), "power while it is to stop");
        self.power.check(self.main.table().family(), &self.plant, self.unix(now));
    }

    /// An AC vehicle that draws or gives more than it was told is switched off when its time is over.
    fn follows(&mut self, now: Instant, ended: bool) {
        let leads = self.main.stage() == Stage::ChargeLoop && self.stop.is_none() && !self.off && !ended;
        let beyond = leads && self.power.is_beyond(&self.plant, &self.settings);
        self.beyond = beyond.then(|| self.beyond.unwrap_or(now));
        if let (Some(since), Some(time)) = (self.beyond, self.follow) {
            let waited = now.saturating_sub(since);
            assert!(waited <= time, "a set-point was not followed for {waited:?}");
        }
    }
}
