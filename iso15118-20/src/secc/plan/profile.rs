//! Plans of the vehicle: whether the charger agrees, and whether the vehicle keeps to them.

use exi_codec::Watts;
use exi_codec::iso20::common_messages::{
    ChannelSelection, EvPowerProfile, EvpptControlMode, PowerDeliveryReq, PowerToleranceAcceptance,
};
use exi_codec::iso20::common_types::ResponseCode;

use super::super::engine::Core;
use super::store::{BothWays, Place};
use super::{milli, total};
use crate::schedule::PowerCurve;
use crate::service::{BptChannel, ControlMode, Direction};
use crate::settings::ToleranceRefusal;

/// What a profile of the vehicle's amounts to.
pub(in super::super) struct Agreed {
    code: ResponseCode,
    tuple: Option<Place>,
    idle: bool,
    channel: Option<ChannelSelection>,
}

impl Core<'_> {
    /// Whether the vehicle's plan is one that the charger agrees to. It binds only where the vehicle plans.
    ///
    /// # Errors
    /// The code to answer with, a failure or a warning.
    pub(in super::super) fn check_profile(
        &self,
        message: &PowerDeliveryReq<'_>,
    ) -> Result<Agreed, ResponseCode> {
        let channel = message.bpt_channel_selection;
        if self.mode() != Some(ControlMode::Scheduled) {
            return Ok(Agreed { code: ResponseCode::Ok, tuple: None, idle: false, channel });
        }
        let profile = message.ev_power_profile.ok_or(ResponseCode::FailedEvPowerProfileInvalid)?;
        let EvpptControlMode::Scheduled(choice) = profile.control_mode else {
            return Err(ResponseCode::FailedEvPowerProfileInvalid);
        };
        // [V2G20-1260]
        let store = &self.plan.store;
        let tuple = store
            .offered(choice.selected_schedule_tuple_id.get())
            .ok_or(ResponseCode::FailedScheduleSelectionInvalid)?;
        // [V2G20-478]
        let both_ways = match self.direction() {
            Direction::Bidirectional => BothWays::Allowed,
            Direction::ChargeOnly => BothWays::Refused,
        };
        if !store.covers(tuple, PowerCurve::from(&profile), both_ways)
            || self.is_contradicted(&profile, channel)
        {
            return Err(ResponseCode::FailedEvPowerProfileInvalid);
        }
        let code = match (store.tolerance(tuple), choice.power_tolerance_acceptance) {
            (Some(_), Some(PowerToleranceAcceptance::PowerToleranceConfirmed)) => {
                ResponseCode::OkPowerToleranceConfirmed
            }
            (Some(_), Some(PowerToleranceAcceptance::PowerToleranceNotConfirmed)) => {
                return Err(match self.config.settings.tolerance_refusal {
                    ToleranceRefusal::Warn => ResponseCode::WarningPowerToleranceNotConfirmed,
                    ToleranceRefusal::Fail => ResponseCode::FailedPowerToleranceNotConfirmed,
                });
            }
            _ => ResponseCode::Ok,
        };
        let idle = profile.ev_power_profile_entries.iter().all(|entry| total(&entry) == 0);
        Ok(Agreed { code, tuple: Some(tuple), idle, channel })
    }

    /// Separate channels: what is planned first must go through the one that was chosen.
    fn is_contradicted(&self, profile: &EvPowerProfile<'_>, channel: Option<ChannelSelection>) -> bool {
        let separated = |selection: crate::service::Selection| {
            self.direction() == Direction::Bidirectional
                && selection.parameters.bpt.channel == BptChannel::Separated
        };
        if !self.selection.is_some_and(separated) {
            return false;
        }
        let first = profile.ev_power_profile_entries.first().map_or(0, |entry| total(&entry));
        match channel {
            Some(ChannelSelection::Charge) => first < 0,
            Some(ChannelSelection::Discharge) => first > 0,
            None => false,
        }
    }

    /// The plan holds from now on; what to answer with.
    pub(in super::super) fn adopt(&mut self, agreed: &Agreed) -> ResponseCode {
        if let Some(tuple) = agreed.tuple {
            self.plan.store.adopt(tuple);
            self.plan.idle = agreed.idle;
        }
        if agreed.channel.is_some() {
            self.plan.channel = agreed.channel;
        }
        self.notes.violations = 0;
        agreed.code
    }

    /// Whether a vehicle that plans draws or gives more than it may [V2G20-1864]: a code to answer the round with.
    pub(in super::super) fn profile_violation(&mut self, power: Watts) -> Option<ResponseCode> {
        if self.mode() != Some(ControlMode::Scheduled) {
            return None;
        }
        let most = |time| {
            let (charge, discharge) = self.plan.power_at(time);
            milli(if power.is_negative() { discharge } else { charge }.abs())
        };
        // A step takes place in one second of two clocks: what held a second ago is still let pass.
        let now = self.unix();
        let most = most(now).max(most(now.saturating_sub(1)));
        let margin =
            self.config.settings.profile_margin.max(self.plan.store.active_tolerance().unwrap_or_default());
        if milli(power.abs()) <= most.saturating_add(milli(margin)) {
            self.notes.violations = 0;
            return None;
        }
        self.notes.violations = self.notes.violations.saturating_add(1);
        Some(if self.notes.violations > self.config.settings.profile_violations {
            ResponseCode::FailedEvPowerProfileViolation
        } else {
            ResponseCode::WarningEvPowerProfileViolation
        })
    }
}
