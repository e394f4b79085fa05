//! What a vehicle asks for, draws and feeds.

use exi_codec::iso20::dc;
use exi_codec::{Amperes, Quantity, Watts, app_protocol};
use iso15118_20::message::Request;
use iso15118_20::sequence::{Asked, Stage, Step};
use iso15118_20::service::{ControlMode, Family, Service};
use iso15118_20::{Contactor, Instant};

use super::super::limits::{ac_round, dc_round, milli, total, within};
use super::{Picked, Wants, Watch};

impl Watch {
    pub(super) fn content(&mut self, now: Instant, request: &Request<'_>, asked: Asked) {
        match request {
            Request::SupportedAppProtocolReq(message) => {
                let family = |entry: app_protocol::AppProtocol<'_>| {
                    let family = Family::from_namespace(&entry.protocol_namespace);
                    (entry.schema_id, family.expect("a namespace of ours"))
                };
                self.families = message.app_protocol.iter().map(family).collect();
            }
            Request::ServiceSelectionReq(message) => {
                let wanted = message.selected_energy_transfer_service;
                assert!(self.authorized && self.offered.contains(&wanted.service_id));
                let (id, set) = (wanted.service_id, wanted.parameter_set_id);
                let offered = self.sets.iter().find(|offered| (offered.0, offered.1) == (id, set));
                let (.., mode) = offered.expect("parameters that were offered");
                let service = Service::from_number(id).expect("a service of ours");
                // Wireless sets may leave it out: then the vehicle plans.
                let mode = mode.map_or(Some(ControlMode::Scheduled), ControlMode::from_number);
                let mode = mode.expect("a control mode");
                assert!(self.wishes.contains(&(service, mode)), "nobody wished for it");
                self.picked = Picked { wanted: (id, set), ..Picked::default() };
            }
            Request::PowerDeliveryReq(_) if asked.step == Step::Start => {
                assert!(self.authorized, "power without authorization");
                let dc = matches!(self.main.table().family(), Family::Dc | Family::Acdp);
                assert!(!dc || self.picked.isolated, "power without a test of isolation");
                assert!(
                    !dc || self.contactor == Some(Contactor::Closed) || self.main.stage() == Stage::Standby,
                    "power over open contactors"
                );
            }
            Request::DcChargeLoopReq(message) => {
                let round = dc_round(&message.control_mode, &self.dc);
                assert_eq!(Some(round.direction), self.direction());
                assert_eq!(Some(round.mode), self.mode());
                let out = round.live.discharge.unwrap_or_default();
                if !self.may_discharge() {
                    assert!(out.max_power.is_zero() && out.max_current.is_zero(), "{message:?}");
                }
                let current = match message.control_mode {
                    dc::ClReqControlMode::Scheduled(m) => m.ev_target_current,
                    dc::ClReqControlMode::BptScheduled(m) => m.ev_target_current,
                    _ => Amperes::ZERO,
                };
                assert!(!current.is_negative() || self.may_discharge(), "{current:?}");
                if self.wants != Wants::Energy {
                    assert!(
                        round.live.charge.is_zero() && out.is_zero() && !positive(current),
                        "{message:?}"
                    );
                } else if !current.is_zero() {
                    let own = self.dc.discharge.unwrap_or_default();
                    let most = if current.is_negative() {
                        own.max_current.abs()
                    } else {
                        self.dc.charge.max_current
                    };
                    assert!(current.abs() <= most, "{current:?} beyond {most:?}");
                }
            }
            Request::AcChargeLoopReq(message) => {
                let round = ac_round(&message.control_mode, &self.ac);
                assert_eq!(Some(round.direction), self.direction());
                assert_eq!(Some(round.mode), self.mode());
                let (out, _) = round.live.discharge.unwrap_or_default();
                assert!(self.may_discharge() || out.is_zero(), "{message:?}");
                if self.wants != Wants::Energy {
                    assert!(round.live.max_charge.is_zero() && out.is_zero(), "{message:?}");
                }
            }
            Request::WptChargeLoopReq(message) => {
                let power = message.evpc_power_request;
                assert!(!power.is_negative());
                if !power.is_zero() {
                    assert_eq!((self.wants, self.main.stage()), (Wants::Energy, Stage::ChargeLoop));
                    for most in [self.wpt.max_power, self.picked.wpt_pad, self.picked.wpt_live] {
                        assert!(power <= most, "{power:?} beyond {most:?}");
                    }
                    self.within_schedule(now, milli(power));
                }
            }
            _ => {}
        }
    }

    fn within_schedule(&self, now: Instant, power: i128) {
        if self.mode() == Some(ControlMode::Scheduled) {
            let (charge, _) = &self.picked.course;
            let most = charge.at(self.time(now)).max(charge.at(self.picked.looked));
            assert!(power <= most, "{power} beyond the schedule: {most}");
        }
    }

    pub(super) fn check_output(&self, now: Instant) {
        let active = self.output.active;
        if active.is_zero() {
            return;
        }
        assert!(!self.off && self.authorized);
        assert_eq!((self.wants, self.main.stage()), (Wants::Energy, Stage::ChargeLoop), "{active:?}");
        let out = active.total().is_negative();
        let magnitude = active.map(Quantity::abs);
        for limits in [self.ac, self.picked.ac_station] {
            let most = if out {
                limits.discharge.expect("discharge that an end does not know").0.map(Quantity::abs)
            } else {
                limits.max_charge
            };
            assert!(within(magnitude, most), "{active:?} beyond {most:?}");
        }
        let (charge, discharge) = &self.picked.course;
        let scheduled = self.mode() == Some(ControlMode::Scheduled);
        if out {
            assert!(self.may_discharge(), "discharge without a permit");
            if let (true, Some(course)) = (scheduled, discharge) {
                let most = course.at(self.time(now)).max(course.at(self.picked.looked));
                assert!(total(magnitude) <= most, "{active:?} beyond {course:?}");
            }
        } else if scheduled {
            let most = charge.at(self.time(now)).max(charge.at(self.picked.looked));
            assert!(total(magnitude) <= most, "{active:?} beyond {charge:?}");
        }
        assert!(scheduled || self.picked.ac_target.is_some(), "{active:?} where nothing was asked for");
        if let Some((_, Some(target))) = self.picked.ac_target {
            assert_eq!(out, target.total().is_negative(), "{active:?} where {target:?} was asked for");
            // A phase that goes the other way than the whole does not count.
            let asked = target.map(|power| if out { power.negated() } else { power }.max(Watts::ZERO));
            assert!(total(magnitude) <= total(asked), "{active:?} where {target:?} was asked for");
        }
    }
}

fn positive(current: Amperes) -> bool {
    !current.is_negative() && !current.is_zero()
}
