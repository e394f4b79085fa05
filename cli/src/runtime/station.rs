//! A charger around the engine.

use std::time::Duration;

use exi_codec::{Amperes, Rounding, Volts, Watts};
use iso15118_20::message::EncodeError;
use iso15118_20::secc::{AuthorizationDecision, Isolation, Meter, Secc, SeccEvent};
use iso15118_20::service::{ControlMode, Direction, Fee, Offer, Parameters, Service};
use iso15118_20::{Contactor, DcLimits, End, FlowLimits, GridPermit, Instant, Received, Transmit};

use super::driver::{Engine, Flow};
use super::plant::{Cable, Converter, Side};

const SETS: &[Parameters] =
    &[Parameters::new(1, ControlMode::Dynamic), Parameters::new(2, ControlMode::Scheduled)];

/// What the charger offers.
pub(crate) const OFFERS: &[Offer<'static>] = &[
    Offer { service: Service::DcBpt, fee: Fee::Free, sets: SETS },
    Offer { service: Service::Dc, fee: Fee::Free, sets: SETS },
];

/// How the simulated charger behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StationSettings {
    /// How long it takes the back end to authorize.
    pub(crate) authorization: Duration,
    /// How long an isolation test takes.
    pub(crate) isolation: Duration,
    /// How long contactors take.
    pub(crate) contactor: Duration,
    /// Power to charge with, W.
    pub(crate) charge: Watts,
    /// Power to discharge with, W, where that is allowed.
    pub(crate) discharge: Watts,
    /// Rounds of the charge loop between two changes of direction.
    pub(crate) swing: u32,
}

impl Default for StationSettings {
    fn default() -> Self {
        Self {
            authorization: Duration::from_millis(150),
            isolation: Duration::from_millis(400),
            contactor: Duration::from_millis(60),
            charge: Watts::new(22, 3),
            discharge: Watts::new(11, 3),
            swing: 5,
        }
    }
}

/// The charger: engine, converter, contactors, meter.
#[derive(Debug)]
pub(crate) struct Station<'a> {
    engine: Secc<'a>,
    cable: Cable,
    settings: StationSettings,
    rounds: u32,
    authorize_at: Option<Instant>,
    isolated_at: Option<Instant>,
    closed_at: Option<Instant>,
}

/// What the charger can do.
fn limits() -> DcLimits {
    let flow = |kilowatts| FlowLimits {
        max_power: Watts::new(kilowatts, 3),
        min_power: Watts::ZERO,
        max_current: Amperes::new(125, 0),
        min_current: Amperes::ZERO,
    };
    DcLimits {
        charge: flow(50),
        discharge: Some(flow(30)),
        max_voltage: Volts::new(920, 0),
        min_voltage: Volts::new(150, 0),
    }
}

impl<'a> Station<'a> {
    pub(crate) fn new(mut engine: Secc<'a>, cable: Cable, settings: StationSettings) -> Self {
        engine.set_limits(limits());
        engine.set_grid_permit(GridPermit::UNLIMITED);
        engine.set_dispatch(settings.charge);
        Self { engine, cable, settings, rounds: 0, authorize_at: None, isolated_at: None, closed_at: None }
    }

    /// Energy changes its direction now and then, where it may.
    fn dispatch(&mut self) {
        self.rounds += 1;
        let bidirectional =
            self.engine.selection().is_some_and(|s| s.service.direction() == Direction::Bidirectional);
        let out = bidirectional && (self.rounds / self.settings.swing.max(1)) % 2 == 1;
        let power = if out { self.settings.discharge.negated() } else { self.settings.charge };
        self.engine.set_dispatch(power);
    }

    fn due(at: &mut Option<Instant>, now: Instant) -> bool {
        let due = at.is_some_and(|at| at <= now);
        if due {
            *at = None;
        }
        due
    }
}

impl Engine for Station<'_> {
    fn handle_input<'i>(&'i mut self, now: Instant, bytes: &'i [u8]) -> Received<'i> {
        self.engine.handle_input(now, bytes)
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.engine.handle_timeout(now);
    }

    fn handle_disconnect(&mut self, now: Instant) {
        self.engine.handle_disconnect(now);
    }

    fn poll_transmit(&mut self, now: Instant, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError> {
        self.engine.poll_transmit(now, out)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.engine.poll_timeout()
    }

    fn poll_events(&mut self, now: Instant) -> Flow {
        while let Some(event) = self.engine.poll_event() {
            match event {
                SeccEvent::AuthorizationWanted { .. } => {
                    self.authorize_at = Some(now + self.settings.authorization);
                }
                SeccEvent::IsolationTest { .. } => {
                    self.cable.convert(Converter::Voltage(500.0));
                    self.isolated_at = Some(now + self.settings.isolation);
                }
                SeccEvent::PreCharge { voltage, .. } => {
                    let milli = voltage.to_milli_saturating(Rounding::Nearest);
                    self.cable.convert(Converter::Voltage(
                        Duration::from_millis(milli.unsigned_abs()).as_secs_f64(),
                    ));
                }
                SeccEvent::CloseContactor { .. } => self.closed_at = Some(now + self.settings.contactor),
                SeccEvent::Output(output) => self.cable.convert(Converter::Power(output)),
                SeccEvent::VehicleStatus(_) => self.dispatch(),
                SeccEvent::OpenContactor => {
                    self.cable.convert(Converter::Off);
                    self.cable.open(Side::Station);
                    self.engine.contactor(now, Contactor::Open);
                }
                SeccEvent::PowerOff => {
                    self.cable.convert(Converter::Off);
                    self.cable.open(Side::Station);
                    self.engine.contactor(now, Contactor::Open);
                    (self.isolated_at, self.closed_at) = (None, None);
                }
                SeccEvent::Close => return Flow::Close,
                SeccEvent::SessionStarted
                | SeccEvent::ServiceSelected(_)
                | SeccEvent::VehicleLimits(_)
                | SeccEvent::Ended(_) => {}
            }
        }
        Flow::Continue
    }

    fn tick(&mut self, now: Instant) {
        self.cable.advance(now);
        if Self::due(&mut self.authorize_at, now) {
            self.engine.authorize(now, AuthorizationDecision::Accepted);
        }
        if Self::due(&mut self.isolated_at, now) {
            self.cable.convert(Converter::Off);
            self.engine.isolation(now, Isolation::Valid);
        }
        if Self::due(&mut self.closed_at, now) {
            self.cable.close(Side::Station);
            self.engine.contactor(now, Contactor::Closed);
        }
        let (charged, discharged) = self.cable.energy();
        // A reading that has never moved is left out: some peers do not know it.
        let discharged = Some(discharged as u64).filter(|energy| *energy > 0);
        self.engine.set_meter(Meter { charged: charged as u64, discharged });
        self.engine.measurement(now, self.cable.measure(Side::Station));
    }

    fn end(&self) -> Option<End> {
        self.engine.end()
    }
}
