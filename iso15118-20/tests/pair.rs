//! Whole sessions: both engines in one process, to SessionStopRes.

mod common;

use common::{BUFFER, Pair};
use exi_codec::iso20::common_types::EvseNotification;
use exi_codec::{Amperes, Bytes, Volts, Watts};
use iso15118_20::evcc::{Contract, Demand, EvccConfig, EvccEvent, Wish};
use iso15118_20::message::MessageKind as K;
use iso15118_20::secc::{AuthorizationOffer, SeccConfig, SeccEvent, Support};
use iso15118_20::security::{Chain, SignatureScheme, Signed};
use iso15118_20::service::{ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{Cause, Profile, Settings, Transport};

const ALL: [Service; 9] = [
    Service::Ac,
    Service::AcBpt,
    Service::Dc,
    Service::DcBpt,
    Service::Mcs,
    Service::McsBpt,
    Service::Wpt,
    Service::DcAcdp,
    Service::DcAcdpBpt,
];
const MODES: [ControlMode; 2] = [ControlMode::Dynamic, ControlMode::Scheduled];
const SETS: &[Parameters] =
    &[Parameters::new(1, ControlMode::Scheduled), Parameters::new(2, ControlMode::Dynamic)];

/// A session of both engines over a secured link, for one service.
fn session(
    service: Service,
    control_mode: ControlMode,
    secc: impl FnOnce(&mut SeccConfig<'_>),
    evcc: impl FnOnce(&mut EvccConfig<'_>),
    test: impl FnOnce(&mut Pair<'_>),
) {
    let wishes = [Wish::new(service, control_mode)];
    let offers = [Offer { service, fee: Fee::Paid, sets: SETS }];
    let mut buffers = ([0; BUFFER], [0; BUFFER]);
    let mut station = SeccConfig::new("DE*V2G*E1", "M1", &offers, Settings::default());
    let mut vehicle = EvccConfig::new("WMIV1234567890ABCDEX", &wishes);
    secc(&mut station);
    evcc(&mut vehicle);
    let mut pair = Pair::with(&mut buffers, &station, &vehicle);
    pair.connect_over(Transport::Secured);
    test(&mut pair);
}

#[test]
fn every_service_and_mode_ends_with_session_stop() {
    for profile in [Profile::Strict, Profile::Lenient] {
        for service in ALL {
            for control_mode in MODES {
                let settings = Settings::new(profile);
                session(
                    service,
                    control_mode,
                    |c| c.settings = settings,
                    |c| c.settings = settings,
                    |pair| {
                        let (secc, evcc) = pair.run();
                        let which = format!("{profile:?} {service:?} {control_mode:?}");
                        assert_eq!(secc.map(|end| end.cause), Some(Cause::Terminated), "{which}");
                        assert_eq!(evcc.map(|end| end.cause), Some(Cause::Terminated), "{which}");
                        assert_eq!(pair.messages.last(), Some(&K::SessionStopRes));
                        assert_eq!(pair.rounds_done(), 10, "{which}");
                        assert_eq!(
                            pair.secc.selection().map(|s| (s.service, s.parameters.control_mode)),
                            Some((service, control_mode))
                        );
                        let outputs = pair.outputs.iter().map(|output| output.power);
                        let power = outputs.chain(pair.powers.iter().copied()).max();
                        assert!(power > Some(Watts::new(5, 3)), "{which}: {power:?}");
                    },
                );
            }
        }
    }
}

/// Services of each family, with what is special about it.
const FAMILIES: [Service; 4] = [Service::AcBpt, Service::DcBpt, Service::Wpt, Service::DcAcdp];

#[test]
fn every_family_pauses_and_resumes() {
    for service in FAMILIES {
        for control_mode in MODES {
            session(
                service,
                control_mode,
                |_| {},
                |_| {},
                |pair| {
                    pair.run_to_round(3);
                    pair.secc.notify(pair.now, EvseNotification::Pause, 60).unwrap();
                    let (secc, evcc) = pair.run();
                    let which = format!("{service:?} {control_mode:?}");
                    assert_eq!(secc.map(|end| end.cause), Some(Cause::Paused), "{which}");
                    assert_eq!(evcc.map(|end| end.cause), Some(Cause::Paused), "{which}");
                    pair.messages.clear();
                    pair.connect_over(Transport::Secured);
                    let (secc, evcc) = pair.run();
                    assert_eq!(secc.map(|end| end.cause), Some(Cause::Terminated), "{which}");
                    assert_eq!(evcc.map(|end| end.cause), Some(Cause::Terminated), "{which}");
                    assert_eq!(pair.count(K::AuthorizationReq), 0, "{which}");
                    assert_eq!(pair.rounds_done(), 10, "{which}");
                    assert!(pair.evcc_events.contains(&EvccEvent::SessionResumed));
                },
            );
        }
    }
}

#[test]
fn a_vehicle_that_plans_pauses_on_its_own() {
    for service in FAMILIES {
        let strict = Settings::new(Profile::Strict);
        session(
            service,
            ControlMode::Scheduled,
            |c| c.settings = strict,
            |c| c.settings = strict,
            |pair| {
                pair.run_to_round(3);
                pair.evcc.pause(pair.now).unwrap();
                let (secc, evcc) = pair.run();
                assert_eq!(secc.map(|end| end.cause), Some(Cause::Paused), "{service:?}");
                assert_eq!(evcc.map(|end| end.cause), Some(Cause::Paused), "{service:?}");
            },
        );
    }
}

#[test]
fn every_family_stands_by_and_goes_on() {
    for service in FAMILIES {
        for support in [Support::Offered, Support::Absent] {
            session(
                service,
                ControlMode::Dynamic,
                |c| c.standby = support,
                |_| {},
                |pair| {
                    pair.run_to_round(3);
                    pair.evcc.standby(pair.now).unwrap();
                    pair.run_to_round(6);
                    let standby = pair.evcc_events.contains(&EvccEvent::Standby);
                    assert_eq!(standby, support == Support::Offered, "{service:?}");
                    assert_eq!(pair.evcc.is_standby(), standby, "{service:?}");
                    if standby {
                        pair.evcc.exit_standby(pair.now).unwrap();
                    }
                    let (secc, evcc) = pair.run();
                    assert_eq!(secc.map(|end| end.cause), Some(Cause::Terminated), "{service:?}");
                    assert_eq!(evcc.map(|end| end.cause), Some(Cause::Terminated), "{service:?}");
                },
            );
        }
    }
}

#[test]
fn every_family_renegotiates_services_and_schedules() {
    for service in FAMILIES {
        for control_mode in MODES {
            session(
                service,
                control_mode,
                |c| c.service_renegotiation = Support::Offered,
                |_| {},
                |pair| {
                    let which = format!("{service:?} {control_mode:?}");
                    pair.rounds = 40;
                    pair.run_to_round(3);
                    pair.secc.notify(pair.now, EvseNotification::ScheduleRenegotiation, 30).unwrap();
                    pair.run_to_round(12);
                    assert!(pair.secc_events.contains(&SeccEvent::ScheduleRenegotiated), "{which}");
                    let scheduled = pair.evcc_events.iter().filter(|e| **e == EvccEvent::Scheduled).count();
                    assert_eq!(scheduled, 2, "{which}");
                    pair.secc.notify(pair.now, EvseNotification::ServiceRenegotiation, 30).unwrap();
                    let (secc, evcc) = pair.run();
                    assert_eq!(secc.map(|end| end.cause), Some(Cause::Terminated), "{which}");
                    assert_eq!(evcc.map(|end| end.cause), Some(Cause::Terminated), "{which}");
                    assert_eq!(pair.count(K::ServiceSelectionRes), 2, "{which}");
                    assert_eq!(pair.count(K::AuthorizationSetupRes), 1, "{which}");
                },
            );
        }
    }
}

#[test]
fn a_contract_authorizes_and_confirms_the_meter() {
    const SUBS: &[Bytes<'static>] = &[Bytes::new(&[4, 5])];
    const CONTRACTS: &[Contract<'static>] =
        &[Contract { chain: Chain { leaf: &[1, 2, 3], subs: SUBS }, emaid: "DEABC123" }];
    let sign = |pair: &mut Pair<'_>| {
        if pair.evcc.to_be_signed(&mut [0; 4096]).unwrap().is_some() {
            let signed = Signed::new(SignatureScheme::EcdsaP521Sha512, &[1; 64], &[2; 132]).unwrap();
            pair.evcc.signed(pair.now, signed);
        }
    };
    let offer = AuthorizationOffer { contract: Support::Offered, ..AuthorizationOffer::EXTERNAL };
    session(
        Service::Dc,
        ControlMode::Dynamic,
        |c| c.authorization = offer,
        |c| c.contracts = CONTRACTS,
        |pair| {
            while pair.rounds_done() < 3 {
                pair.settle();
                sign(pair);
                pair.step();
            }
            assert!(pair.secc_events.iter().any(|e| matches!(e, SeccEvent::ContractWanted { .. })));
            pair.secc.notify(pair.now, EvseNotification::MeteringConfirmation, 30).unwrap();
            while pair.rounds_done() < 8 {
                pair.settle();
                sign(pair);
                pair.step();
            }
            assert!(pair.evcc_events.contains(&EvccEvent::MeteringConfirmed));
            let (secc, evcc) = pair.run();
            assert!(secc.is_some_and(|end| end.is_ok()) && evcc.is_some_and(|end| end.is_ok()));
        },
    );
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
