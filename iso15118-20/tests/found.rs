//! What simulation, walks and fuzzing have found, once each.

mod common;

use common::BUFFER;
use common::charger::{Charger, SESSION, header};
use common::station::{ac_round, config, pad, with, wpt_round};
use exi_codec::iso20::ac::{
    AcChargeParameterDiscoveryRes, AcCpdResEnergyTransferMode, AcCpdResMode, ClReqControlMode,
    DynamicAcClReqControlMode,
};
use exi_codec::iso20::common_messages::PowerDeliveryRes;
use exi_codec::iso20::common_types::{EvseNotification, EvseStatus, ResponseCode as C};
use exi_codec::iso20::dc;
use exi_codec::{Amperes, Volts, Watts};
use iso15118_20::evcc::{Demand, EvccConfig, EvccEvent, NotAllowed, Wish};
use iso15118_20::message::{MessageKind as K, Request, Response, refusal};
use iso15118_20::secc::SeccEvent;
use iso15118_20::sequence::{Stage, Step};
use iso15118_20::service::{ControlMode as Mode, Service};
use iso15118_20::{AcLimits, Cause, Contactor, Phases, WptPad};

fn vehicle(service: Service, mode: Mode, test: impl FnOnce(&mut Charger<'_>)) {
    let wishes = [Wish::new(service, mode)];
    let mut buffer = [0; BUFFER];
    let mut charger = Charger::new(&mut buffer, &EvccConfig::new("EV", &wishes));
    charger.connect();
    test(&mut charger);
}

fn kilo(power: i16) -> Watts {
    Watts::new(power, 3)
}

fn limits(max_charge: Phases<exi_codec::Watt>) -> AcLimits {
    AcLimits { max_charge, ..AcLimits::default() }
}

#[test]
fn limits_below_zero_turn_nothing_round() {
    let joint = limits(Phases::Total(kilo(11))).narrowed(&limits(Phases::Total(kilo(-30))));
    assert!(joint.clamp(Phases::Total(kilo(5))).is_zero());
    with(&config(), Service::Ac, Mode::Dynamic, |s| {
        s.walk_to(Stage::ChargeLoop);
        let Request::AcChargeLoopReq(mut round) = ac_round(Service::Ac, Mode::Dynamic, 4000) else {
            panic!()
        };
        round.control_mode = ClReqControlMode::Dynamic(DynamicAcClReqControlMode {
            ev_maximum_charge_power: Watts::new(-32767, 3),
            ..Default::default()
        });
        s.ok(&Request::AcChargeLoopReq(round));
        let last = s.events.iter().rev().find_map(|e| match e {
            SeccEvent::AcOutput(output) => Some(output.active),
            _ => None,
        });
        assert!(last.is_none_or(Phases::is_zero), "{last:?}");
    });
}

#[test]
fn a_limit_as_a_whole_forgets_no_limit_of_a_phase() {
    let phases = Phases::Each([Watts::ZERO, kilo(9), kilo(22)]);
    let joint = limits(Phases::Total(kilo(22))).narrowed(&limits(phases));
    assert_eq!(
        joint.clamp(Phases::Each([kilo(1), kilo(1), kilo(1)])),
        Phases::Each([Watts::ZERO, kilo(1), kilo(1)])
    );
}

#[test]
fn a_sum_of_phases_is_compared_exactly() {
    let phase = Watts::new(17333, -2);
    let capped = Phases::Each([phase; 3]).capped(Phases::Total(Watts::new(5199, -1)));
    assert_eq!(capped, Phases::Each([Watts::new(1733, -1); 3]));
}

#[test]
fn wireless_power_stays_within_wish_and_announcement() {
    with(&config(), Service::Wpt, Mode::Dynamic, |s| {
        s.secc.set_dispatch(kilo(30));
        s.secc.set_wpt_pad(WptPad { max_power: kilo(5), ..pad() });
        s.walk_to(Stage::ChargeLoop);
        s.secc.set_wpt_pad(pad());
        s.ok(&wpt_round(9));
        let last = |s: &common::station::Station<'_>| {
            s.events.iter().rev().find_map(|e| match e {
                SeccEvent::WptOutput(power) => Some(*power),
                _ => None,
            })
        };
        assert_eq!(last(s), Some(kilo(5)));
        // However slow the ramp is: what the vehicle no longer asks for stops at once.
        s.secc.set_ramp(Some(Watts::new(1, 0)));
        s.ok(&wpt_round(0));
        assert_eq!(last(s), Some(Watts::ZERO));
    });
}

#[test]
fn voltages_that_moved_apart_after_pre_charge_are_not_connected() {
    vehicle(Service::Dc, Mode::Dynamic, |c| {
        c.walk_to(Stage::PreCharge);
        c.obeys = false;
        c.measure(380, 0);
        while c.evcc.stage() == Stage::PreCharge {
            assert_eq!(c.request(), K::DcPreChargeReq);
            let finished = c.see(|request| {
                matches!(request, Request::DcPreChargeReq(m)
                if m.ev_processing == exi_codec::iso20::common_types::Processing::Finished)
            });
            if finished {
                c.measure(500, 0);
            }
            c.ok();
        }
        let asked = |c: &Charger<'_>| c.saw(|e| matches!(e, EvccEvent::CloseContactor { .. }));
        assert_eq!((c.evcc.stage(), asked(c)), (Stage::PowerDelivery, 0));
        c.measure(381, 0);
        c.drain();
        assert_eq!(asked(c), 1);
        c.measure(382, 0);
        c.drain();
        assert_eq!(asked(c), 1);
        c.evcc.contactor(c.now, Contactor::Closed);
        assert_eq!(c.request(), K::PowerDeliveryReq);
    });
}

#[test]
fn advice_of_the_loop_elsewhere_is_no_reason_to_ask_for_ever() {
    for code in [C::WarningEvPowerProfileViolation, C::WarningScheduleRenegotiationFailed] {
        vehicle(Service::Dc, Mode::Dynamic, |c| {
            c.walk_to(Stage::ServiceDiscovery);
            assert_eq!(c.request(), K::ServiceDiscoveryReq);
            c.code = code;
            c.ok();
            assert_eq!(c.request(), K::SessionStopReq);
            c.ok();
            assert_eq!(
                c.evcc.end().map(|end| end.cause),
                Some(Cause::Failed { request: K::ServiceDiscoveryReq, code })
            );
        });
    }
    vehicle(Service::Ac, Mode::Dynamic, |c| {
        c.walk_to(Stage::PowerDelivery);
        assert_eq!(c.request(), K::PowerDeliveryReq);
        c.code = C::WarningStandbyNotAllowed;
        c.ok();
        assert_eq!(c.request(), K::SessionStopReq);
    });
}

#[test]
fn a_negative_limit_of_its_own_makes_no_vehicle_feed() {
    vehicle(Service::Dc, Mode::Scheduled, |c| {
        c.walk_to(Stage::ChargeLoop);
        let mut own = common::limits(25, 100);
        own.charge.max_power = Watts::new(-30, 0);
        c.evcc.set_limits(own);
        assert_eq!(c.request(), K::DcChargeLoopReq);
        let current = c.see(|request| match request {
            Request::DcChargeLoopReq(m) => match m.control_mode {
                dc::ClReqControlMode::Scheduled(m) => m.ev_target_current,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        });
        assert_eq!(current, Amperes::ZERO);
        c.evcc.set_demand(Demand { battery: Volts::new(-1, 0), ..Demand::default() });
    });
}

#[test]
fn phases_of_both_signs_do_not_turn_the_whole_round() {
    vehicle(Service::AcBpt, Mode::Scheduled, |c| {
        c.target = Watts::new(300, 0);
        c.walk_to(Stage::ChargeLoop);
        c.evcc.set_ac_demand(Phases::Each([kilo(4), kilo(-3), kilo(1)]));
        assert_eq!(c.request(), K::AcChargeLoopReq);
        c.ok();
        let outputs = c.events.iter().filter_map(|e| match e {
            EvccEvent::AcOutput(output) => Some(output.active.total()),
            _ => None,
        });
        assert!(outputs.into_iter().all(|total| !total.is_negative()));
    });
}

#[test]
fn limits_that_change_beside_the_loop_count_at_once() {
    vehicle(Service::Ac, Mode::Dynamic, |c| {
        c.walk_to(Stage::ChargeLoop);
        assert_eq!(c.request(), K::AcChargeLoopReq);
        c.ok();
        let last = |c: &Charger<'_>| {
            c.events.iter().rev().find_map(|e| match e {
                EvccEvent::AcOutput(output) => Some(output.active.total()),
                _ => None,
            })
        };
        assert_eq!(last(c), Some(kilo(5)));
        c.evcc.renegotiate_schedule(c.now).unwrap();
        assert_eq!(c.poll(), Some(K::AcChargeParameterDiscoveryReq));
        c.reply(&Response::AcChargeParameterDiscoveryRes(AcChargeParameterDiscoveryRes {
            header: header(),
            response_code: C::Ok,
            energy_transfer_mode: AcCpdResMode::Ac(AcCpdResEnergyTransferMode {
                evse_maximum_charge_power: kilo(2),
                ..Default::default()
            }),
        }));
        assert_eq!(last(c), Some(kilo(2)));
    });
}

#[test]
fn an_order_to_terminate_counts_with_a_warning_too() {
    vehicle(Service::Dc, Mode::Dynamic, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.evcc.standby(c.now).unwrap();
        while c.request() != K::PowerDeliveryReq {
            c.ok();
        }
        let stands_by = c.see(|request| iso15118_20::sequence::Asked::of(request).step == Step::Standby);
        assert!(stands_by);
        c.reply(&Response::PowerDeliveryRes(PowerDeliveryRes {
            header: header(),
            response_code: C::WarningStandbyNotAllowed,
            evse_status: Some(EvseStatus {
                evse_notification: EvseNotification::Terminate,
                notification_max_delay: 0,
            }),
        }));
        assert_eq!(c.request(), K::PowerDeliveryReq);
        assert!(c.see(|request| iso15118_20::sequence::Asked::of(request).step == Step::Stop));
    });
}

#[test]
fn a_refusal_on_the_side_ends_the_session_however_late() {
    vehicle(Service::Dc, Mode::Dynamic, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.evcc.renegotiate_schedule(c.now).unwrap();
        while c.request() != K::DcChargeParameterDiscoveryReq {
            c.ok();
        }
        let open = c.save();
        c.evcc.stop(c.now);
        while c.request() != K::PowerDeliveryReq {
            c.ok();
        }
        assert_eq!(open.2, K::DcChargeParameterDiscoveryReq);
        let late = refusal(
            open.2,
            exi_codec::iso20::common_types::MessageHeader { session_id: SESSION, ..header() },
            C::FailedUnknownSession,
        );
        let mut out = [0; 512];
        let len = late.encode_on(open.0, &mut out).unwrap();
        let _ = c.evcc.handle_input(c.now, &out[..len]);
        assert_eq!(
            c.evcc.end().map(|end| end.cause),
            Some(Cause::Failed { request: open.2, code: C::FailedUnknownSession })
        );
    });
}

#[test]
fn nothing_is_asked_beside_the_loop_before_what_was_given_up_is_answered() {
    vehicle(Service::Ac, Mode::Dynamic, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.evcc.renegotiate_schedule(c.now).unwrap();
        while c.request() != K::AcChargeParameterDiscoveryReq {
            c.ok();
        }
        let open = c.save();
        c.evcc.standby(c.now).unwrap();
        while c.request() != K::PowerDeliveryReq {
            c.ok();
        }
        c.code = C::WarningStandbyNotAllowed;
        c.ok();
        assert_eq!(c.evcc.renegotiate_schedule(c.now), Err(NotAllowed::Stage));
        assert_eq!(c.request(), K::AcChargeLoopReq);
        c.ok();
        c.answer_saved(&open);
        c.evcc.renegotiate_schedule(c.now).unwrap();
        assert_eq!(c.poll(), Some(K::AcChargeParameterDiscoveryReq));
    });
    // Without an answer the wait has an end.
    vehicle(Service::Ac, Mode::Dynamic, |c| {
        c.walk_to(Stage::ChargeLoop);
        c.evcc.renegotiate_schedule(c.now).unwrap();
        while c.request() != K::AcChargeParameterDiscoveryReq {
            c.ok();
        }
        c.evcc.standby(c.now).unwrap();
        while c.request() != K::PowerDeliveryReq {
            c.ok();
        }
        c.ok();
        c.evcc.exit_standby(c.now).unwrap();
        while c.evcc.stage() != Stage::ChargeLoop {
            c.pass();
        }
        assert_eq!(c.evcc.renegotiate_schedule(c.now), Err(NotAllowed::Stage));
        for _ in 0..30 {
            c.pass();
        }
        assert_eq!(c.evcc.renegotiate_schedule(c.now), Ok(()));
    });
}
