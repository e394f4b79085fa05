//! What a charger is.

use exi_codec::iso20::wpt::{
    AlternativeSecc, WptAlignmentCheckMethod, WptFinePositioningMethod, WptLfSystemSetupData,
    WptPairingMethod,
};
use exi_codec::{Bytes, Str};
use thiserror::Error;

use crate::service::{
    ControlMode, Family, MAX_OFFERS, MAX_PARAMETER_SETS, MAX_VALUE_ADDED, MobilityNeeds, Offer,
    ValueAddedOffer,
};
use crate::settings::Settings;
use crate::trace::Trace;

/// Whether a charger offers something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It does not.
    Absent,
    /// It does.
    Offered,
}

impl Support {
    pub(super) const fn is_offered(self) -> bool {
        matches!(self, Self::Offered)
    }
}

/// The ways to authorize that a charger offers. Over a link that is not secured only the first one is.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationOffer<'a> {
    /// External identification (card, app, remote start).
    pub external: Support,
    /// The vehicle's contract ("plug and charge").
    pub contract: Support,
    /// Installation of contract certificates.
    pub installation: Support,
    /// `SupportedProviders`: mobility operators whose contracts count, at most 128. Empty: not said.
    pub providers: &'a [Str<'a>],
}

impl AuthorizationOffer<'_> {
    /// External identification alone.
    pub const EXTERNAL: Self = Self {
        external: Support::Offered,
        contract: Support::Absent,
        installation: Support::Absent,
        providers: &[],
    };
}

/// Who makes the schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleSource {
    /// The engine, from the limits and what [`Secc::set_schedule`](super::Secc::set_schedule) was told.
    Engine,
    /// The host: [`SeccEvent::ScheduleWanted`](super::SeccEvent::ScheduleWanted) asks it, and the engine steps in
    /// when it does not answer in time.
    Host,
}

/// The ways of a wireless charger to find and to check its vehicle, each 1 to 8.
#[derive(Clone, Copy, Debug)]
pub struct WptMethods<'a> {
    /// Fine positioning.
    pub positioning: &'a [WptFinePositioningMethod],
    /// Pairing.
    pub pairing: &'a [WptPairingMethod],
    /// Check of the alignment.
    pub alignment: &'a [WptAlignmentCheckMethod],
    /// `NaturalOffset`, mm.
    pub natural_offset: u16,
    /// `LF_SystemSetupData`: the charger's low-frequency transmitters or receivers.
    pub low_frequency: Option<&'a WptLfSystemSetupData<'a>>,
    /// `VendorSpecificDataContainer` of positioning, pairing and alignment, at most 16 of at most 256 bytes.
    pub vendor: &'a [Bytes<'a>],
    /// Chargers nearby that the vehicle may have meant, at most 8. Named when pairing fails.
    pub alternatives: &'a [AlternativeSecc<'a>],
}

impl WptMethods<'_> {
    /// The driver positions, someone confirms, power is the check.
    pub const MANUAL: Self = Self {
        positioning: &[WptFinePositioningMethod::Manual],
        pairing: &[WptPairingMethod::ExternalConfirmation],
        alignment: &[WptAlignmentCheckMethod::PowerCheck],
        natural_offset: 0,
        low_frequency: None,
        vendor: &[],
        alternatives: &[],
    };
}

/// The fixed properties of a charger.
#[derive(Clone, Copy, Debug)]
pub struct SeccConfig<'a> {
    /// EVSEID, at most 255 characters.
    pub evse_id: &'a str,
    /// MeterID, at most 32 characters.
    pub meter_id: &'a str,
    /// Services of any families, 1 to [`MAX_OFFERS`], best first.
    pub offers: &'a [Offer<'a>],
    /// Value-added services, at most [`MAX_VALUE_ADDED`].
    pub value_added: &'a [ValueAddedOffer<'a>],
    /// Ways to authorize.
    pub authorization: AuthorizationOffer<'a>,
    /// Who makes the schedules.
    pub schedules: ScheduleSource,
    /// Standby: the loop goes on without power.
    pub standby: Support,
    /// `ServiceRenegotiationSupported`.
    pub service_renegotiation: Support,
    /// `AckMaxDelay`: seconds that a vehicle has to follow a set-point where the charger plans. An AC vehicle that
    /// draws or gives more than that for longer is switched off, and its next request refused. None: not said, and
    /// nobody is held to it.
    pub ack_max_delay: Option<u16>,
    /// Ways to position; wireless only.
    pub wpt: WptMethods<'a>,
    /// Times and tolerances.
    pub settings: Settings,
    /// Who watches.
    pub trace: Option<Trace>,
}

impl<'a> SeccConfig<'a> {
    /// A charger with external authorization that plans by itself, without standby and renegotiation of services.
    pub const fn new(
        evse_id: &'a str,
        meter_id: &'a str,
        offers: &'a [Offer<'a>],
        settings: Settings,
    ) -> Self {
        Self {
            evse_id,
            meter_id,
            offers,
            value_added: &[],
            authorization: AuthorizationOffer::EXTERNAL,
            schedules: ScheduleSource::Engine,
            standby: Support::Absent,
            service_renegotiation: Support::Absent,
            ack_max_delay: None,
            wpt: WptMethods::MANUAL,
            settings,
            trace: None,
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// An identifier is too long for the schema.
    #[error("an identifier is too long")]
    Identifier,
    /// No service, too many, or one twice.
    #[error("no service, too many, or one twice")]
    Offers,
    /// A service of a family that is not part of this build.
    #[error("a service of a family that this build leaves out")]
    Family,
    /// A service with no parameter set, too many, or an ID twice.
    #[error("a service with no parameter set, too many, or one ID twice")]
    ParameterSets,
    /// Mobility needs that the charger may settle, where the vehicle plans [V2G20-2663].
    #[error("the charger settles mobility needs where the vehicle plans")]
    MobilityNeeds,
    /// No way to authorize, or too many providers.
    #[error("no way to authorize, or too many providers")]
    Authorization,
    /// A wireless charger without a way to position, pair or check, or with too many.
    #[error("no way to position, pair or check, or too many")]
    Positioning,
}

impl SeccConfig<'_> {
    /// The family of the best offer.
    pub(super) const fn first_family(&self) -> Family {
        match self.offers {
            [offer, ..] => offer.service.family(),
            [] => Family::Dc,
        }
    }

    /// Whether any service of a family is on offer.
    pub(super) fn offers_family(&self, family: Family) -> bool {
        family.is_built() && self.offers.iter().any(|offer| offer.service.family() == family)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.evse_id.chars().count() > 255 || self.meter_id.chars().count() > 32 {
            return Err(ConfigError::Identifier);
        }
        self.check_offers()?;
        let services = self.value_added;
        let twice = services
            .iter()
            .enumerate()
            .any(|(i, a)| services.iter().skip(i + 1).any(|b| b.service == a.service));
        if services.len() > MAX_VALUE_ADDED || twice {
            return Err(ConfigError::Offers);
        }
        for offer in services {
            let foreign = offer.sets.iter().any(|set| set.service() != offer.service);
            if foreign || !are_sets(offer.sets, |set| set.id()) {
                return Err(ConfigError::ParameterSets);
            }
        }
        let way = self.authorization.external.is_offered() || self.authorization.contract.is_offered();
        if !way || self.authorization.providers.len() > 128 {
            return Err(ConfigError::Authorization);
        }
        let some = |len: usize| (1..=8).contains(&len);
        let WptMethods { positioning, pairing, alignment, alternatives, vendor, .. } = self.wpt;
        let methods = some(positioning.len()) && some(pairing.len()) && some(alignment.len());
        if self.offers_family(Family::Wpt) && !(methods && alternatives.len() <= 8 && vendor.len() <= 16) {
            return Err(ConfigError::Positioning);
        }
        Ok(())
    }

    fn check_offers(&self) -> Result<(), ConfigError> {
        if self.offers.is_empty() || self.offers.len() > MAX_OFFERS {
            return Err(ConfigError::Offers);
        }
        for (index, offer) in self.offers.iter().enumerate() {
            if !offer.service.family().is_built() {
                return Err(ConfigError::Family);
            }
            if self.offers.iter().skip(index + 1).any(|other| other.service == offer.service) {
                return Err(ConfigError::Offers);
            }
            if !are_sets(offer.sets, |set| set.id) {
                return Err(ConfigError::ParameterSets);
            }
            let settles = |set: &crate::service::Parameters| {
                set.mobility_needs == MobilityNeeds::VehicleOrCharger
                    && set.control_mode == ControlMode::Scheduled
            };
            if offer.sets.iter().any(settles) {
                return Err(ConfigError::MobilityNeeds);
            }
        }
        Ok(())
    }
}

/// Whether there are sets, not too many, and each with an ID of its own.
fn are_sets<S>(sets: &[S], id: impl Fn(&S) -> u16) -> bool {
    let twice = sets.iter().enumerate().any(|(i, a)| sets.iter().skip(i + 1).any(|b| id(b) == id(a)));
    !sets.is_empty() && sets.len() <= MAX_PARAMETER_SETS && !twice
}
