//! Whole sessions: both engines in one process, to SessionStopRes.

mod common;

use common::{BUFFER, Pair};
use exi_codec::{Amperes, Volts, Watts};
use iso15118_20::evcc::{Demand, Wish};
use iso15118_20::message::MessageKind as K;
use iso15118_20::service::{ControlMode, Service};
use iso15118_20::{Cause, Profile, Settings};

const ALL: [(Service, ControlMode); 4] = [
    (Service::Dc, ControlMode::Dynamic),
    (Service::Dc, ControlMode::Scheduled),
    (Service::DcBpt, ControlMode::Dynamic),
    (Service::DcBpt, ControlMode::Scheduled),
];

#[test]
fn every_service_and_mode_ends_with_session_stop() {
    for profile in [Profile::Strict, Profile::Lenient] {
        for (service, control_mode) in ALL {
            let wishes = [Wish::new(service, control_mode)];
            let mut buffers = ([0; BUFFER], [0; BUFFER]);
            let mut pair = Pair::new(&mut buffers, &wishes, &Settings::new(profile));
            pair.connect();
            let (secc, evcc) = pair.run();
            assert_eq!(secc.map(|end| end.cause), Some(Cause::Terminated), "{service:?} {control_mode:?}");
            assert_eq!(evcc.map(|end| end.cause), Some(Cause::Terminated), "{service:?} {control_mode:?}");
            assert_eq!(pair.messages.last(), Some(&K::SessionStopRes));
            assert_eq!(pair.rounds_done(), 10);
            assert_eq!(
                pair.secc.selection().map(|s| (s.service, s.parameters.control_mode)),
                Some((service, control_mode))
            );
            let power = pair.outputs.iter().map(|output| output.power).max();
            assert!(power > Some(Watts::new(10, 3)), "{service:?} {control_mode:?}: {power:?}");
        }
    }
}

#[test]
fn energy_flows_back_in_both_modes() {
    for control_mode in [ControlMode::Dynamic, ControlMode::Scheduled] {
        let wishes = [Wish::new(Service::DcBpt, control_mode)];
        let mut buffers = ([0; BUFFER], [0; BUFFER]);
        let mut pair = Pair::new(&mut buffers, &wishes, &Settings::default());
        pair.connect();
        pair.run_to_round(3);
        pair.secc.set_dispatch(Watts::new(-11, 3));
        pair.evcc.set_demand(Demand {
            battery: Volts::new(380, 0),
            voltage: Volts::new(420, 0),
            current: Amperes::new(-30, 0),
        });
        let (secc, evcc) = pair.run();
        assert!(
            secc.is_some_and(|end| end.is_ok()) && evcc.is_some_and(|end| end.is_ok()),
            "{secc:?} {evcc:?}"
        );
        let least = pair.outputs.iter().map(|output| output.current).min().unwrap();
        let expected = match control_mode {
            // 11 kW may take all the current there is: 75 A.
            ControlMode::Dynamic => Amperes::new(-75, 0),
            ControlMode::Scheduled => Amperes::new(-30, 0),
        };
        assert_eq!(least, expected);
    }
}

#[test]
fn bytes_may_come_one_by_one() {
    let wishes = [Wish::new(Service::DcBpt, ControlMode::Dynamic)];
    let mut buffers = ([0; BUFFER], [0; BUFFER]);
    let mut pair = Pair::new(&mut buffers, &wishes, &Settings::default());
    pair.chunk = 1;
    pair.connect();
    let (secc, evcc) = pair.run();
    assert!(secc.is_some_and(|end| end.is_ok()) && evcc.is_some_and(|end| end.is_ok()));
}
