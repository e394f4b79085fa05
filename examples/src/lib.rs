//! What several examples need: a charger and a vehicle on a wire in memory, and time that passes as fast as it can.

use std::time::Duration;

use exi_codec::{Amperes, Volts, WattHours, Watts};
use iso15118_20::evcc::{Evcc, EvccEvent, Needs};
use iso15118_20::secc::{Secc, SeccEvent};
use iso15118_20::{Connection, DcLimits, End, FlowLimits, Transmit, Transport};

/// Unix time at the beginning of every example, s.
pub const UNIX_TIME: u64 = 1_800_000_000;

/// What somebody adds to the smallest host of an end. What is not said is left to the engine.
pub trait Host {
    /// The charger tells something. The smallest host has already answered.
    fn station(&mut self, _: &mut Secc<'_>, _: Duration, _: SeccEvent) {}
    /// The vehicle tells something. The smallest host has already answered.
    fn vehicle(&mut self, _: &mut Evcc<'_>, _: Duration, _: EvccEvent) {}
    /// A message of the charger is about to be sent: `frame` holds it, and the new length is returned.
    fn leaving(&mut self, _: &mut [u8], sent: Transmit) -> usize {
        sent.len
    }
}

/// How both ends saw the session end: charger and vehicle.
pub type Ends = (Option<End>, Option<End>);

/// One connection, from its beginning until both ends have closed it. The clock goes on.
///
/// # Panics
/// An engine could not write a message, or a session hangs.
pub fn connect(secc: &mut Secc<'_>, evcc: &mut Evcc<'_>, clock: &mut Duration, host: &mut impl Host) -> Ends {
    let connection = Connection::new(Transport::InsecureLab, UNIX_TIME + clock.as_secs());
    // A real charger takes both from a random generator.
    secc.start(*clock, &connection, [7; 8], [9; 16]);
    evcc.start(*clock, &connection);
    let mut frame = [0; 4096];
    let (mut charger_open, mut vehicle_open) = (true, true);
    for _ in 0..100_000 {
        let mut idle = true;
        if let Some(sent) = secc.poll_transmit(*clock, &mut frame).expect("the buffer is large enough") {
            let len = host.leaving(&mut frame, sent);
            hand_over(&frame[..len], |bytes| evcc.handle_input(*clock, bytes).consumed);
            idle = false;
        }
        if let Some(sent) = evcc.poll_transmit(*clock, &mut frame).expect("the buffer is large enough") {
            hand_over(&frame[..sent.len], |bytes| secc.handle_input(*clock, bytes).consumed);
            idle = false;
        }
        while let Some(event) = secc.poll_event() {
            charger_open &= event != SeccEvent::Close;
            smallest_charger(secc, *clock, &event);
            host.station(secc, *clock, event);
            idle = false;
        }
        while let Some(event) = evcc.poll_event() {
            vehicle_open &= event != EvccEvent::Close;
            smallest_vehicle(evcc, *clock, &event);
            host.vehicle(evcc, *clock, event);
            idle = false;
        }
        if !charger_open && !vehicle_open {
            return (secc.end(), evcc.end());
        }
        if idle {
            let next = [secc.poll_timeout(), evcc.poll_timeout()].into_iter().flatten().min();
            *clock = next.expect("there is always a deadline").max(*clock);
            secc.handle_timeout(*clock);
            evcc.handle_timeout(*clock);
        }
    }
    panic!("the session hangs at {} and {}", secc.stage(), evcc.stage());
}

fn hand_over(mut bytes: &[u8], mut take: impl FnMut(&[u8]) -> usize) {
    while !bytes.is_empty() {
        bytes = &bytes[take(bytes)..];
    }
}

/// Answers everything well and at once.
fn smallest_charger(secc: &mut Secc<'_>, now: Duration, event: &SeccEvent) {
    use iso15118_20::secc::{AuthorizationDecision, Isolation};
    use iso15118_20::{Contactor, Measurement};
    match event {
        SeccEvent::AuthorizationWanted { .. } => secc.authorize(now, AuthorizationDecision::Accepted),
        SeccEvent::IsolationTest { .. } => secc.isolation(now, Isolation::Valid),
        SeccEvent::PreCharge { voltage, .. } => {
            secc.measurement(now, Measurement { voltage: *voltage, current: Amperes::ZERO });
        }
        SeccEvent::CloseContactor { .. } => secc.contactor(now, Contactor::Closed),
        SeccEvent::Output(output) => {
            let current = output.power.per_volt(BATTERY);
            secc.measurement(now, Measurement { voltage: BATTERY, current });
        }
        SeccEvent::OpenContactor | SeccEvent::PowerOff => {
            secc.measurement(now, Measurement::default());
            secc.contactor(now, Contactor::Open);
        }
        _ => {}
    }
}

/// Voltage of the battery.
pub const BATTERY: Volts = Volts::new(400, 0);

/// A current from a power.
trait PerVolt {
    fn per_volt(self, voltage: Volts) -> Amperes;
}

impl PerVolt for Watts {
    fn per_volt(self, voltage: Volts) -> Amperes {
        use exi_codec::Rounding::TowardsZero;
        let volts = voltage.to_milli_saturating(TowardsZero).max(1);
        Amperes::from_milli(self.to_milli_saturating(TowardsZero) / volts * 1000, TowardsZero)
    }
}

fn smallest_vehicle(evcc: &mut Evcc<'_>, now: Duration, event: &EvccEvent) {
    use iso15118_20::{Contactor, Measurement};
    match event {
        EvccEvent::PreCharge => {
            evcc.measurement(now, Measurement { voltage: BATTERY, current: Amperes::ZERO });
        }
        EvccEvent::CloseContactor { .. } | EvccEvent::RequestPower => evcc.contactor(now, Contactor::Closed),
        EvccEvent::OpenContactor { .. } | EvccEvent::PowerOff => {
            evcc.measurement(now, Measurement::default());
            evcc.contactor(now, Contactor::Open);
        }
        _ => {}
    }
}

/// Limits of a DC charger or vehicle that can do so many kilowatts both ways.
pub fn dc_limits(kilowatts: i16) -> DcLimits {
    let flow = FlowLimits {
        max_power: Watts::new(kilowatts, 3),
        max_current: Amperes::new(125, 0),
        ..FlowLimits::default()
    };
    DcLimits {
        charge: flow,
        discharge: Some(flow),
        max_voltage: Volts::new(500, 0),
        min_voltage: Volts::new(200, 0),
    }
}

/// What a vehicle needs that stays for an hour.
pub fn needs() -> Needs {
    Needs {
        departure_time: 3600,
        target_energy: WattHours::new(10, 3),
        max_energy: WattHours::new(30, 3),
        min_energy: WattHours::new(-20, 3),
        ..Needs::default()
    }
}
