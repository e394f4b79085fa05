//! Which of the offered schedules the vehicle takes, and what it makes of it. All choices are made here.

#[cfg(feature = "planner")]
use exi_codec::WattHours;
use exi_codec::iso20::common_messages::{
    ChannelSelection, ChargeProgress, DynamicSeReqControlMode, EvPowerProfile, EvpptControlMode,
    PowerDeliveryReq, PowerToleranceAcceptance, ScheduleExchangeReq, ScheduleExchangeRes, ScheduleTuple,
    ScheduledEvpptControlMode, ScheduledSeReqControlMode, SeReqControlMode, SeResControlMode,
};
use exi_codec::iso20::common_types::{NumericId, Processing};
use exi_codec::{List, Ranged, Watts};

use super::{Core, Course, Flags, Pending, PowerTolerance, StationNeeds};
use crate::end::Cause;
use crate::message::{EncodeError, MessageKind as K, Request};
use crate::schedule::Schedule;
#[cfg(feature = "planner")]
use crate::schedule::{ChargeNeed, CycleNeed, ProfilePolicy, choose, cycle};
use crate::sequence::{Asked, Step, Stream};
use crate::service::{BptChannel, ControlMode};
use crate::settings::AnchorUnit;

/// A schedule tuple of the charger's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) tuple: u32,
    /// The tuple came with a power tolerance, which the vehicle has to accept or not.
    tolerance: bool,
    /// What the vehicle may take; of a plan with exchanges, what it is to take, and negative what it is to give.
    pub(super) charge: Schedule,
    pub(super) discharge: Schedule,
    #[cfg_attr(
        not(any(feature = "ac", feature = "dc")),
        allow(dead_code, reason = "nothing leaves a vehicle through a coil")
    )]
    pub(super) kind: PlanKind,
}

/// Who decides when energy leaves the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanKind {
    /// The host, by its demand.
    Led,
    /// The plan.
    #[cfg(feature = "planner")]
    Exchanges,
}

impl Plan {
    pub(super) const NONE: Self = Self {
        tuple: 1,
        tolerance: false,
        charge: Schedule::NONE,
        discharge: Schedule::NONE,
        kind: PlanKind::Led,
    };

    fn read(tuple: &ScheduleTuple<'_>) -> Self {
        let charge = tuple.charging_schedule.power_schedule;
        let mut plan = Self {
            tuple: tuple.schedule_tuple_id.get(),
            tolerance: charge.power_tolerance.is_some(),
            charge: Schedule::read(charge.time_anchor, &charge.power_schedule_entries),
            discharge: Schedule::NONE,
            kind: PlanKind::Led,
        };
        if let Some(discharge) = tuple.discharging_schedule {
            let discharge = discharge.power_schedule;
            plan.discharge = Schedule::read(discharge.time_anchor, &discharge.power_schedule_entries);
        }
        plan
    }
}

impl Core<'_> {
    pub(super) fn mode(&self) -> ControlMode {
        self.selection.map_or(ControlMode::Dynamic, |selection| selection.parameters.control_mode)
    }

    pub(super) fn schedule_exchange(&self) -> Request<'_> {
        let needs = self.plant.needs;
        let energy = self.energy();
        let control_mode = match self.mode() {
            ControlMode::Dynamic => SeReqControlMode::Dynamic(DynamicSeReqControlMode {
                departure_time: needs.departure_time,
                minimum_soc: needs.minimum_soc,
                target_soc: needs.target_soc,
                ev_target_energy_request: energy.target,
                ev_maximum_energy_request: energy.max,
                ev_minimum_energy_request: energy.min,
                ev_maximum_v2x_energy_request: energy.v2x.map(|v| v.0),
                ev_minimum_v2x_energy_request: energy.v2x.map(|v| v.1),
            }),
            ControlMode::Scheduled => SeReqControlMode::Scheduled(ScheduledSeReqControlMode {
                departure_time: Some(needs.departure_time),
                ev_target_energy_request: Some(energy.target),
                ev_maximum_energy_request: Some(energy.max),
                ev_minimum_energy_request: Some(energy.min),
                ev_energy_offer: self.energy_offer,
            }),
        };
        Request::ScheduleExchangeReq(ScheduleExchangeReq {
            header: self.header(),
            maximum_supporting_points: Ranged::clamped(self.config.schedule_points),
            control_mode,
        })
    }

    /// What a finished schedule exchange says; none if it does not fit the service.
    pub(super) fn choose(&mut self, message: &ScheduleExchangeRes<'_>) -> Option<Plan> {
        match (message.control_mode, self.mode()) {
            (SeResControlMode::Dynamic(dynamic), ControlMode::Dynamic) => {
                self.station_needs(StationNeeds {
                    departure_time: dynamic.departure_time,
                    minimum_soc: dynamic.minimum_soc,
                    target_soc: dynamic.target_soc,
                });
                Some(self.station.plan)
            }
            (SeResControlMode::Scheduled(tuples), ControlMode::Scheduled) => self.choose_tuple(&tuples),
            _ => None,
        }
    }

    /// All that the first offer allows.
    #[cfg(not(feature = "planner"))]
    #[allow(clippy::unused_self, reason = "with a planner, the needs of the vehicle matter")]
    fn choose_tuple(&self, tuples: &List<'_, ScheduleTuple<'_>>) -> Option<Plan> {
        tuples.first().map(|tuple| Plan::read(&tuple))
    }

    /// The offer that the policy likes best, with the profile that it makes of it, and exchanges where they earn money.
    /// A vehicle without a policy, or one that neither says how much energy it wants nor has anything to exchange, takes
    /// all that the first one allows.
    #[cfg(feature = "planner")]
    fn choose_tuple(&self, tuples: &List<'_, ScheduleTuple<'_>>) -> Option<Plan> {
        let needs = self.plant.needs;
        let now = self.calendar.at(self.now);
        let band = self.exchange_band();
        let wants = needs.target_energy > WattHours::ZERO;
        let policy = self.config.policy.filter(|_| wants || band.is_some());
        let departs = needs.departure_time > 0;
        let need = ChargeNeed {
            now,
            departure: departs.then(|| now.saturating_add(u64::from(needs.departure_time))),
            energy: needs.target_energy,
            max_power: self.most_power(),
            min_power: self.least_power(),
        };
        // Where nothing can be planned, the vehicle takes what it gets.
        let choice = policy.and_then(|policy| choose(tuples, &need, policy));
        let Some(choice) = choice.filter(|choice| !choice.profile.entries().is_empty()) else {
            return tuples.first().map(|tuple| Plan::read(&tuple));
        };
        let tuple = tuples.iter().find(|tuple| tuple.schedule_tuple_id == choice.tuple)?;
        let plan = Plan::read(&tuple);
        match band.and_then(|band| cycle(&tuple, &need, &band, &choice)) {
            Some(cycle) => Some(Plan { charge: cycle.profile, kind: PlanKind::Exchanges, ..plan }),
            None if wants => Some(Plan { charge: choice.profile, ..plan }),
            None => tuples.first().map(|tuple| Plan::read(&tuple)),
        }
    }

    /// What of the battery may work for others, if the vehicle plans that.
    #[cfg(feature = "planner")]
    fn exchange_band(&self) -> Option<CycleNeed> {
        let needs = self.plant.needs;
        let (upper, lower) = needs.v2x_energy.filter(|_| self.may_discharge())?;
        let (max_power, min_power) = self.discharge_power();
        let efficiency = self.config.round_trip?;
        let cheapest = self.config.policy == Some(ProfilePolicy::Cheapest);
        cheapest.then(|| CycleNeed {
            max_power,
            min_power,
            upper: upper.min(needs.max_energy),
            lower: lower.max(needs.min_energy),
            efficiency,
        })
    }

    pub(super) fn scheduled(&mut self, message: &ScheduleExchangeRes<'_>) {
        // While the charger still plans, what it sends is filling.
        if message.evse_processing != Processing::Finished {
            return;
        }
        let Some(plan) = self.choose(message) else {
            return self.leave(Cause::InvalidResponse(K::ScheduleExchangeRes));
        };
        self.station.plan = plan;
        self.pending.raise(Pending::SCHEDULED);
        if message.go_to_pause == Some(true) {
            self.flags.set(Flags::GO_TO_PAUSE);
            self.asked_to_pause();
        }
    }

    /// The power that the vehicle may take now by its plan, W: its own limit, within the schedule in force.
    pub(super) fn planned_power(&self) -> Watts {
        let most = self.most_power();
        match self.mode() {
            ControlMode::Dynamic => most,
            ControlMode::Scheduled => most.min(self.station.plan.charge.power_at(self.calendar.at(self.now))),
        }
    }

    /// The power that may leave the vehicle now by its plan, W, as a magnitude.
    #[cfg(any(feature = "ac", feature = "dc"))]
    pub(super) fn planned_discharge(&self) -> Watts {
        let plan = &self.station.plan;
        let now = self.calendar.at(self.now);
        match (self.mode(), plan.kind) {
            #[cfg(feature = "planner")]
            (ControlMode::Scheduled, PlanKind::Exchanges) => {
                plan.charge.power_at(now).negated().max(Watts::ZERO)
            }
            (ControlMode::Scheduled, PlanKind::Led) if !plan.discharge.entries().is_empty() => {
                plan.discharge.power_at(now)
            }
            _ => Watts::new(i16::MAX, 3),
        }
    }

    /// The power that is to leave the vehicle now because its plan says so, W, as a magnitude.
    #[cfg(any(feature = "ac", feature = "dc"))]
    pub(super) fn exchanged(&self) -> Option<Watts> {
        match self.station.plan.kind {
            PlanKind::Led => None,
            #[cfg(feature = "planner")]
            PlanKind::Exchanges => {
                let gives = self.mode() == ControlMode::Scheduled && self.may_discharge();
                Some(self.planned_discharge()).filter(|power| gives && !power.is_zero())
            }
        }
    }

    /// The profile for a plan: what the vehicle can take of it.
    fn profile(&self, plan: &Plan) -> Schedule {
        let now = self.calendar.at(self.now);
        let zero = self.course == Course::Pause && self.mode() == ControlMode::Scheduled;
        match self.mode() {
            _ if zero => Schedule::flat(now, Watts::ZERO),
            ControlMode::Scheduled => plan.charge.capped(self.most_power()),
            // Where the charger plans, it is for information only.
            ControlMode::Dynamic => Schedule::flat(now, self.most_power().min(self.station_power())),
        }
    }

    fn tolerance(&self) -> PowerToleranceAcceptance {
        if self.config.power_tolerance == PowerTolerance::Decline && !self.flags.has(Flags::TOLERANT) {
            PowerToleranceAcceptance::PowerToleranceNotConfirmed
        } else {
            PowerToleranceAcceptance::PowerToleranceConfirmed
        }
    }

    fn channel(&self) -> Option<ChannelSelection> {
        let selection = self.selection?;
        let separated = selection.parameters.bpt.channel == BptChannel::Separated;
        (separated && self.is_bidirectional()).then(|| {
            if self.wants_discharge() { ChannelSelection::Discharge } else { ChannelSelection::Charge }
        })
    }

    pub(super) fn encode_power_delivery(
        &self,
        asked: Asked,
        plan: &Plan,
        stream: Stream,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let zero =
            asked.step == Step::Stop && self.course == Course::Pause && !self.flags.has(Flags::INVITED);
        // Deployed chargers want to see the profile in force with everything but a stop.
        let with_profile = zero || asked.step != Step::Stop;
        let schedule = self.profile(plan);
        let (entries, len) = schedule.wire();
        let profile = EvPowerProfile {
            time_anchor: match self.config.settings.anchor_unit {
                AnchorUnit::Seconds => schedule.start(),
                AnchorUnit::Microseconds => schedule.start().saturating_mul(1_000_000),
            },
            control_mode: match self.mode() {
                ControlMode::Dynamic => EvpptControlMode::Dynamic,
                ControlMode::Scheduled => EvpptControlMode::Scheduled(ScheduledEvpptControlMode {
                    selected_schedule_tuple_id: NumericId::new(plan.tuple).unwrap_or(NumericId::ONE),
                    power_tolerance_acceptance: plan.tolerance.then_some(self.tolerance()),
                }),
            },
            ev_power_profile_entries: List::new(entries.get(..len).unwrap_or_default()),
        };
        Request::PowerDeliveryReq(PowerDeliveryReq {
            header: self.header(),
            ev_processing: asked.processing,
            charge_progress: match asked.step {
                Step::Start => ChargeProgress::Start,
                Step::Standby => ChargeProgress::Standby,
                Step::ScheduleRenegotiation => ChargeProgress::ScheduleRenegotiation,
                _ => ChargeProgress::Stop,
            },
            ev_power_profile: with_profile.then_some(profile),
            bpt_channel_selection: self
                .channel()
                .filter(|_| matches!(asked.step, Step::Start | Step::ScheduleRenegotiation)),
        })
        .encode_on(stream, out)
    }
}
