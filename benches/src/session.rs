//! Both engines on one cable, without sockets and without waiting: the hosts answer at once, the clock jumps.

use exi_codec::{Amperes, Volts, WattHours, Watts};
use iso15118_20::evcc::{Demand, DischargePermit, Evcc, EvccConfig, EvccEvent, Needs, Wish};
use iso15118_20::message::MessageKind;
use iso15118_20::secc::{AuthorizationDecision, Isolation, Secc, SeccConfig, SeccEvent};
use iso15118_20::sequence::Stage;
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{
    Connection, Contactor, DcLimits, FlowLimits, GridPermit, Instant, Measurement, Settings, Transport,
};

/// Memory of each engine for a message that arrives in pieces.
pub const BUFFER: usize = 4096;

/// ID of every session here.
pub const SESSION: [u8; 8] = [0x17; 8];

const BATTERY: Volts = Volts::new(400, 0);
const UNIX: u64 = 1_700_000_000;
const SETS: &[Parameters] = &[Parameters::new(1, ControlMode::Dynamic)];
const OFFERS: &[Offer<'static>] = &[Offer { service: Service::DcBpt, fee: Fee::Paid, sets: SETS }];
const WISHES: &[Wish] = &[Wish::new(Service::DcBpt, ControlMode::Dynamic)];

fn limits() -> DcLimits {
    let flow = FlowLimits {
        max_power: Watts::new(30, 3),
        min_power: Watts::ZERO,
        max_current: Amperes::new(75, 0),
        min_current: Amperes::ZERO,
    };
    DcLimits {
        charge: flow,
        discharge: Some(flow),
        max_voltage: Volts::new(500, 0),
        min_voltage: Volts::new(150, 0),
    }
}

/// A charger that can and permits everything, connected.
///
/// # Panics
/// Never: the configuration is a good one.
pub fn charger(buffer: &mut [u8]) -> Secc<'_> {
    let config = SeccConfig::new("DE*V2G*E0001*1", "METER-1", OFFERS, Settings::default());
    let mut secc = Secc::new(&config, buffer).expect("a good configuration");
    secc.set_limits(limits());
    secc.set_grid_permit(GridPermit::UNLIMITED);
    secc.set_dispatch(Watts::new(-8, 3));
    secc.start(Instant::ZERO, &Connection::new(Transport::InsecureLab, UNIX), SESSION, [1; 16]);
    secc
}

/// A vehicle that wants both directions, connected.
///
/// # Panics
/// Never: the configuration is a good one.
pub fn vehicle(buffer: &mut [u8]) -> Evcc<'_> {
    let config =
        EvccConfig { settings: Settings::default(), ..EvccConfig::new("WMIV1234567890ABCDEX", WISHES) };
    let mut evcc = Evcc::new(&config, buffer).expect("a good configuration");
    evcc.set_limits(limits());
    evcc.set_discharge_permit(DischargePermit::Allowed);
    evcc.set_needs(Needs {
        departure_time: 7200,
        target_energy: WattHours::new(20, 3),
        max_energy: WattHours::new(40, 3),
        min_energy: WattHours::new(-10, 3),
        ..Needs::default()
    });
    evcc.set_demand(Demand { battery: BATTERY, voltage: BATTERY, current: Amperes::new(40, 0) });
    evcc.start(Instant::ZERO, &Connection::new(Transport::InsecureLab, UNIX));
    evcc
}

/// Does what the engine of a charger asks for, at once.
pub fn serve(secc: &mut Secc<'_>, now: Instant) {
    let still = |voltage| Measurement { voltage, current: Amperes::ZERO };
    while let Some(event) = secc.poll_event() {
        match event {
            SeccEvent::AuthorizationWanted { .. } => secc.authorize(now, AuthorizationDecision::Accepted),
            SeccEvent::IsolationTest { .. } => secc.isolation(now, Isolation::Valid),
            SeccEvent::PreCharge { voltage, .. } => secc.measurement(now, still(voltage)),
            SeccEvent::CloseContactor { .. } => secc.contactor(now, Contactor::Closed),
            SeccEvent::Output(output) => {
                let current = if output.is_zero() { Amperes::ZERO } else { output.current };
                secc.measurement(now, Measurement { voltage: BATTERY, current });
            }
            SeccEvent::OpenContactor | SeccEvent::PowerOff => {
                secc.measurement(now, still(Volts::ZERO));
                secc.contactor(now, Contactor::Open);
            }
            _ => {}
        }
    }
}

/// Does what the engine of a vehicle asks for, at once, and stops after so many rounds. Returns those that are left.
fn drive(evcc: &mut Evcc<'_>, now: Instant, mut rounds: u32) -> u32 {
    while let Some(event) = evcc.poll_event() {
        match event {
            EvccEvent::PreCharge => {
                evcc.measurement(now, Measurement { voltage: BATTERY, current: Amperes::ZERO });
            }
            EvccEvent::CloseContactor { .. } => evcc.contactor(now, Contactor::Closed),
            EvccEvent::OpenContactor { .. } | EvccEvent::PowerOff => {
                evcc.measurement(now, Measurement::default());
                evcc.contactor(now, Contactor::Open);
            }
            EvccEvent::StationStatus(_) => {
                rounds = rounds.saturating_sub(1);
                if rounds == 0 {
                    evcc.stop(now);
                }
            }
            _ => {}
        }
    }
    rounds
}

/// Runs a session of so many rounds of the loop; every request, with its kind, and its answer pass `watch`.
///
/// # Panics
/// The session does not end as it should.
pub fn run(buffers: &mut [[u8; BUFFER]; 2], rounds: u32, mut watch: impl FnMut(MessageKind, &[u8], &[u8])) {
    let [first, second] = buffers;
    let (mut secc, mut evcc) = (charger(first), vehicle(second));
    let (mut request, mut response) = ([0; 1024], [0; 1024]);
    let mut now = Instant::ZERO;
    let mut left = rounds;
    while evcc.end().is_none() {
        if let Ok(Some(sent)) = evcc.poll_transmit(now, &mut request) {
            let request = request.get(..sent.len).unwrap_or_default();
            let received = secc.handle_input(now, request);
            assert_eq!(received.kind, Some(sent.kind));
            serve(&mut secc, now);
            let answer = secc.poll_transmit(now, &mut response).expect("an answer that fits");
            let answer = answer.expect("an answer at once");
            let response = response.get(..answer.len).unwrap_or_default();
            watch(sent.kind, request, response);
            let _ = evcc.handle_input(now, response);
            serve(&mut secc, now);
        }
        left = drive(&mut evcc, now, left);
        now = evcc.poll_timeout().unwrap_or(now).max(now);
        evcc.handle_timeout(now);
    }
    assert!(evcc.end().is_some_and(|end| end.is_ok()), "{:?}", evcc.end());
    assert_eq!(secc.stage(), Stage::Ended);
}
