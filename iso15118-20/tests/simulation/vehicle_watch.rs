//! What a vehicle may do, judged by bytes, events and the words of its host alone.

use exi_codec::iso20::common_messages::{EvpptControlMode, ParameterValue, ScheduleTuple, SeResControlMode};
use exi_codec::iso20::common_types::{EvseNotification, EvseStatus, Processing, ResponseCode};
use exi_codec::{Rounding, Watts};
use iso15118_20::evcc::{DischargePermit, Evcc, EvccConfig, EvccEvent, Needs, PauseReaction};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::sequence::{Answered, Asked, Class, Guard, Sequence, Stage, Step, Stream};
use iso15118_20::service::{ControlMode, Direction, Family, Selection, Service};
use iso15118_20::{
    AcLimits, AcOutput, Connection, Contactor, DcLimits, Instant, Measurement, Phases, Settings, Transport,
    WptLimits,
};
use v2gtp::{Frame, PayloadType};

use super::limits::{Course, ac_station, ac_target};
use super::trace::Log;
use super::vehicle::Word;

/// What the vehicle is after, as far as it can be known from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    Energy,
    Standby,
    /// An end, a pause, another service.
    Away,
}

/// What belongs to one selection of a service.
#[derive(Clone, Debug, Default)]
struct Picked {
    wanted: (u16, u16),
    selection: Option<Selection>,
    ac_station: AcLimits,
    ac_target: Option<(ControlMode, Option<Phases<exi_codec::Watt>>)>,
    wpt_pad: Watts,
    wpt_live: Watts,
    /// What was offered on the main stream, and while it is negotiated beside it.
    tuples: Vec<(Course, Option<Course>)>,
    aside: Vec<(Course, Option<Course>)>,
    course: (Course, Option<Course>),
    /// The same, while it is negotiated.
    next: (Course, Option<Course>),
    /// Isolation was tested.
    isolated: bool,
    looked: u64,
}

#[path = "vehicle_watch/power.rs"]
mod power;

#[allow(clippy::struct_excessive_bools, reason = "facts that are independent of each other")]
pub struct Watch {
    settings: Settings,
    wishes: Vec<(Service, ControlMode)>,
    on_pause: PauseReaction,
    // What the host said.
    dc: DcLimits,
    ac: AcLimits,
    wpt: WptLimits,
    needs: Needs,
    permit: DischargePermit,
    contactor: Option<Contactor>,
    measured: Measurement,
    battery: exi_codec::Volts,
    // The session.
    started: Option<Instant>,
    unix: u64,
    transport: Transport,
    session: Option<[u8; 8]>,
    main: Sequence,
    families: Vec<(u8, Family)>,
    open: Option<Asked>,
    /// Requests of side streams that are not answered, by when they were sent.
    sides: [Option<Instant>; 5],
    /// The request whose answer, or whose sender, was not finished.
    unfinished: Option<K>,
    authorized: bool,
    offered: Vec<u16>,
    /// Service, parameter set, and its control mode.
    sets: Vec<(u16, u16, Option<i32>)>,
    renegotiable: Option<bool>,
    picked: Picked,
    wants: Wants,
    off: bool,
    must_end: bool,
    closed: bool,
    output: AcOutput,
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
    pub fn new(config: &EvccConfig<'_>) -> Self {
        Self {
            settings: config.settings,
            wishes: config.wishes.iter().map(|wish| (wish.service, wish.control_mode)).collect(),
            on_pause: config.on_pause,
            dc: DcLimits::default(),
            ac: AcLimits::default(),
            wpt: WptLimits::default(),
            needs: Needs::default(),
            permit: DischargePermit::Forbidden,
            contactor: None,
            measured: Measurement::default(),
            battery: exi_codec::Volts::ZERO,
            started: None,
            unix: 0,
            transport: Transport::Plain,
            session: None,
            main: Sequence::new(Family::Dc),
            families: Vec::new(),
            open: None,
            sides: [None; 5],
            unfinished: None,
            authorized: false,
            offered: Vec::new(),
            sets: Vec::new(),
            renegotiable: None,
            picked: Picked::default(),
            wants: Wants::Energy,
            off: false,
            must_end: false,
            closed: true,
            output: AcOutput::ZERO,
        }
    }

    pub fn start(&mut self, now: Instant, connection: &Connection) {
        self.started = Some(now);
        self.unix = connection.unix_seconds;
        self.transport = connection.transport;
        self.session = None;
        self.main = Sequence::new(Family::Dc);
        self.open = None;
        self.sides = [None; 5];
        self.unfinished = None;
        self.authorized = false;
        self.offered.clear();
        self.sets.clear();
        self.picked = Picked {
            selection: self.picked.selection,
            course: self.picked.course.clone(),
            ..Picked::default()
        };
        self.wants = Wants::Energy;
        self.off = false;
        self.must_end = false;
        self.closed = false;
        self.output = AcOutput::ZERO;
    }

    pub fn must_end(&mut self) {
        self.must_end = true;
    }

    fn time(&self, now: Instant) -> u64 {
        self.unix + self.started.map_or(0, |started| now.saturating_sub(started).as_secs())
    }

    fn mode(&self) -> Option<ControlMode> {
        self.picked.selection.map(|selection| selection.parameters.control_mode)
    }

    fn direction(&self) -> Option<Direction> {
        self.picked.selection.map(|selection| selection.service.direction())
    }

    fn may_discharge(&self) -> bool {
        let needs = &self.needs;
        let empty =
            matches!((needs.present_soc, needs.minimum_soc), (Some(now), Some(least)) if now <= least);
        let family = self.main.table().family();
        let limits =
            if family == Family::Ac { self.ac.discharge.is_some() } else { self.dc.discharge.is_some() };
        self.direction() == Some(Direction::Bidirectional)
            && self.permit == DischargePermit::Allowed
            && limits
            && needs.min_energy <= exi_codec::WattHours::ZERO
            && !empty
    }

    /// A request goes out.
    pub fn sent(&mut self, now: Instant, frame: &[u8], evcc: &Evcc<'_>, log: Log) {
        let frame = Frame::new_checked(frame).expect("a whole frame");
        let family = self.main.table().family();
        let request = Request::decode(frame.payload_type(), family.schema_set(), frame.payload())
            .expect("what is sent decodes");
        let asked = Asked::of(&request);
        let stream = Stream::of(frame.payload_type());
        log.line(now, "vehicle", || format!("    -> {asked:?} on {stream:?}"));
        assert!(evcc.end().is_none() && !self.off, "a request after the end");
        if let (Some(header), Some(session)) = (request.header(), self.session) {
            assert_eq!(header.session_id, session);
        }
        if let Some(chosen) = self.chosen(stream, &request) {
            let place = if stream == Stream::Main { &mut self.picked.course } else { &mut self.picked.next };
            *place = chosen;
        }
        if stream != Stream::Main {
            let patience = self.settings.timing.message;
            let waits = self.sides[place(stream)].is_some_and(|sent| now < sent + patience);
            assert!(!waits, "a second request on {stream:?}");
            self.sides[place(stream)] = Some(now);
            return;
        }
        assert!(self.open.is_none(), "a second request before the answer");
        assert!(self.main.check(asked).is_ok(), "{asked:?} is not legal at {:?}", self.main.stage());
        if let Some(kind) = self.unfinished {
            let leaves = asked.kind == K::SessionStopReq || asked.step == Step::Stop;
            assert!(asked.kind == kind || leaves, "{asked:?} while {kind} is not finished");
        }
        self.open = Some(asked);
        self.content(now, &request, asked);
    }

    /// A response has arrived.
    pub fn received(&mut self, now: Instant, payload_type: PayloadType, payload: &[u8], log: Log) {
        let family = self.main.table().family();
        let stream = Stream::of(payload_type);
        let Ok(response) = Response::decode(payload_type, family.schema_set(), payload) else {
            log.line(now, "vehicle", || format!("    <- {payload_type:?}, not decodable"));
            self.must_end = true;
            return;
        };
        let answered = Answered::of(&response);
        log.line(now, "vehicle", || format!("    <- {:?} {answered:?} on {stream:?}", response.kind()));
        if stream != Stream::Main {
            return self.aside(stream, &response, answered);
        }
        let Some(asked) = self.open.take() else {
            self.must_end = true;
            return;
        };
        let foreign = response.header().is_some_and(|header| Some(header.session_id) != self.session)
            && asked.kind != K::SessionSetupReq;
        let unfit = response.kind() != asked.kind.response();
        if unfit || answered.class() == Class::Failed || foreign {
            self.must_end = true;
            return;
        }
        let done = answered.class() == Class::Ok && answered.processing == Processing::Finished;
        if !self.main_received(&response, answered, done) || self.main.advance(asked, answered).is_err() {
            self.must_end = true;
            return;
        }
        let own = asked.processing == Processing::Finished;
        self.unfinished = (answered.class() == Class::Ok && !(done && own)).then_some(asked.kind);
        if asked.step == Step::ServiceRenegotiation && done {
            self.picked = Picked::default();
            self.wants = Wants::Energy;
        }
        if asked.step == Step::Start {
            self.picked.ac_target = None;
        }
        let refused = answered.code == ResponseCode::WarningStandbyNotAllowed && asked.step == Step::Standby;
        if refused && self.wants == Wants::Standby {
            self.wants = Wants::Energy;
        }
        self.picked.looked = self.time(now);
        self.notified(&response);
    }

    fn aside(&mut self, stream: Stream, response: &Response<'_>, answered: Answered) {
        self.sides[place(stream)] = None;
        self.must_end |= answered.class() == Class::Failed;
        let before = self.picked.tuples.clone();
        self.limits(response);
        // A new schedule holds from the answer to power delivery on.
        match response {
            Response::ScheduleExchangeRes(_) => {
                self.picked.aside = std::mem::replace(&mut self.picked.tuples, before);
            }
            Response::PowerDeliveryRes(_) if answered.class() == Class::Ok => {
                self.picked.course = self.picked.next.clone();
                self.picked.tuples = self.picked.aside.clone();
            }
            _ => {}
        }
    }

    /// The schedule that a profile is made for.
    fn chosen(&self, stream: Stream, request: &Request<'_>) -> Option<(Course, Option<Course>)> {
        let Request::PowerDeliveryReq(message) = request else { return None };
        let EvpptControlMode::Scheduled(choice) = message.ev_power_profile?.control_mode else { return None };
        let tuples = if stream == Stream::Main { &self.picked.tuples } else { &self.picked.aside };
        let index = choice.selected_schedule_tuple_id.get() as usize - 1;
        Some(tuples.get(index).expect("a schedule that was offered").clone())
    }

    /// Whether the session can go on after it.
    fn main_received(&mut self, response: &Response<'_>, answered: Answered, done: bool) -> bool {
        match response {
            Response::SupportedAppProtocolRes(message) => {
                let family = self.families.iter().find(|(id, _)| Some(*id) == message.schema_id);
                let Some((_, family)) = family else { return false };
                self.main.set_family(*family);
            }
            Response::SessionSetupRes(message) if done => {
                if answered.code == ResponseCode::OkOldSessionJoined {
                    self.authorized = true;
                    self.main.grant(Guard::Resumed);
                    if self.renegotiable == Some(true) {
                        self.main.grant(Guard::RenegotiationOffered);
                    }
                } else {
                    self.renegotiable = None;
                    self.picked = Picked::default();
                }
                self.session = Some(message.header.session_id);
            }
            Response::AuthorizationSetupRes(message)
                if message.certificate_installation_service && self.transport == Transport::Secured =>
            {
                self.main.grant(Guard::InstallationOffered);
            }
            Response::AuthorizationRes(_) if done => {
                self.authorized = true;
                if answered.code == ResponseCode::OkCertificateExpiresSoon {
                    self.main.grant(Guard::ContractExpires);
                }
            }
            Response::ServiceDiscoveryRes(message) => {
                self.offered = message.energy_transfer_service_list.iter().map(|s| s.service_id).collect();
                self.sets.clear();
                if *self.renegotiable.get_or_insert(message.service_renegotiation_supported) {
                    self.main.grant(Guard::RenegotiationOffered);
                }
            }
            Response::ServiceDetailRes(message) => {
                for set in message.service_parameter_list {
                    let mode = set.parameter.iter().find(|parameter| parameter.name == *"ControlMode");
                    let mode = mode.and_then(|parameter| match parameter.value {
                        ParameterValue::IntValue(mode) => Some(mode),
                        _ => None,
                    });
                    self.sets.push((message.service_id, set.parameter_set_id, mode));
                }
            }
            Response::DcCableCheckRes(_) if done => self.picked.isolated = true,
            _ => {}
        }
        if answered.class() == Class::Ok
            || matches!(response.kind(), K::AcChargeLoopRes | K::WptChargeLoopRes)
        {
            self.limits(response);
        }
        true
    }

    fn limits(&mut self, response: &Response<'_>) {
        match response {
            Response::AcChargeParameterDiscoveryRes(message) => {
                (_, self.picked.ac_station) = ac_station(&message.energy_transfer_mode);
            }
            // In standby it means nothing.
            Response::AcChargeLoopRes(message) if self.main.stage() == Stage::ChargeLoop => {
                self.picked.ac_target = Some(ac_target(&message.control_mode));
            }
            Response::WptChargeParameterDiscoveryRes(message) => {
                self.picked.wpt_pad = message.sd_max_output_power;
                self.picked.wpt_live = message.sd_max_output_power;
            }
            Response::WptChargeLoopRes(message) => self.picked.wpt_live = message.spc_max_output_power_limit,
            Response::ScheduleExchangeRes(message) if message.evse_processing == Processing::Finished => {
                if let SeResControlMode::Scheduled(tuples) = message.control_mode {
                    let tuple = |tuple: ScheduleTuple<'_>| {
                        let out = tuple.discharging_schedule.map(|out| Course::read(&out.power_schedule));
                        (Course::read(&tuple.charging_schedule.power_schedule), out)
                    };
                    self.picked.tuples = tuples.iter().map(tuple).collect();
                }
            }
            _ => {}
        }
    }

    fn notified(&mut self, response: &Response<'_>) {
        let status: Option<EvseStatus> = match response {
            Response::PowerDeliveryRes(message) => message.evse_status,
            Response::DcChargeLoopRes(message) => message.evse_status,
            Response::AcChargeLoopRes(message) => message.evse_status,
            Response::WptChargeLoopRes(message) => message.evse_status,
            _ => None,
        };
        match status.map(|status| status.evse_notification) {
            Some(EvseNotification::Terminate) => self.wants = Wants::Away,
            Some(EvseNotification::ExitStandby) if self.wants == Wants::Standby => self.wants = Wants::Energy,
            Some(EvseNotification::Pause) if self.on_pause != PauseReaction::Standby => {
                self.wants = Wants::Away;
            }
            _ => {}
        }
    }

    pub fn heard(&mut self, word: &Word) {
        match word {
            Word::Limits(limits) => self.dc = *limits,
            Word::AcLimits(limits) => self.ac = *limits,
            Word::WptLimits(limits) => self.wpt = *limits,
            Word::Needs(needs) => self.needs = *needs,
            Word::Permit(permit) => self.permit = *permit,
            Word::Contactor(contactor) => self.contactor = Some(*contactor),
            Word::Measure(measured) => self.measured = *measured,
            Word::Demand(demand) => self.battery = demand.battery,
            Word::Wishes(service, _) => {
                self.wishes.extend([(*service, ControlMode::Scheduled), (*service, ControlMode::Dynamic)]);
            }
            Word::Emergency | Word::Disconnect => self.must_end = true,
            _ => {}
        }
    }

    /// The engine has taken the word.
    pub fn agreed(&mut self, word: &Word) {
        match word {
            Word::Stop | Word::Pause | Word::RenegotiateService => self.wants = Wants::Away,
            Word::Standby if self.wants == Wants::Energy => self.wants = Wants::Standby,
            Word::ExitStandby if self.wants == Wants::Standby => self.wants = Wants::Energy,
            _ => {}
        }
    }

    pub fn event(&mut self, event: &EvccEvent) {
        use EvccEvent as E;
        let energises = match event {
            E::PreCharge | E::CloseContactor { .. } | E::RequestPower => true,
            E::AcOutput(output) => !output.active.is_zero(),
            _ => false,
        };
        assert!(!(energises && self.off), "{event:?} after PowerOff");
        assert!(!energises || self.authorized, "{event:?} without authorization");
        match event {
            E::PowerOff => {
                self.off = true;
                self.output = AcOutput::ZERO;
            }
            E::AcOutput(output) => self.output = *output,
            E::CloseContactor { .. } => {
                assert!(self.picked.isolated, "contactors before isolation");
                let nearest = |v: exi_codec::Volts| i128::from(v.to_milli_saturating(Rounding::Nearest));
                let apart = (nearest(self.measured.voltage) - nearest(self.battery)).abs();
                assert!(
                    apart <= nearest(self.settings.voltage_tolerance),
                    "contactors between unlike voltages"
                );
                assert_eq!(self.main.stage(), Stage::PowerDelivery);
            }
            E::ServiceSelected(selection) => {
                let selected = (selection.service.number(), selection.parameters.id);
                assert_eq!(selected, self.picked.wanted);
                self.picked.selection = Some(*selection);
            }
            E::NeedsChanged(needs) => {
                let own = &mut self.needs;
                own.departure_time = needs.departure_time.unwrap_or(own.departure_time);
                own.minimum_soc = needs.minimum_soc.or(own.minimum_soc);
                own.target_soc = needs.target_soc.or(own.target_soc);
            }
            // It was given up: what is asked next is another question.
            E::SideFailed(stream) => self.sides[place(*stream)] = None,
            E::Close => self.closed = true,
            _ => {}
        }
    }

    /// Everything that must hold between two calls.
    pub fn check(&mut self, now: Instant, evcc: &Evcc<'_>) {
        if self.started.is_none() {
            return;
        }
        let end = evcc.end();
        assert!(!self.must_end || end.is_some(), "the session goes on at {:?}", evcc.stage());
        if end.is_none() {
            assert!(evcc.poll_timeout().is_some(), "no deadline at {:?}", evcc.stage());
            assert_eq!(evcc.stage(), self.main.stage(), "the stage is that of the table");
        } else {
            assert!(self.off && self.closed, "an end switches off");
        }
        self.check_output(now);
    }
}
