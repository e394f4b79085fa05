//! What a charger is.

use thiserror::Error;

use crate::service::{Family, MAX_OFFERS, MAX_PARAMETER_SETS, Offer};
use crate::settings::Settings;

/// The fixed properties of a charger.
#[derive(Clone, Copy, Debug)]
pub struct SeccConfig<'a> {
    /// EVSEID, at most 255 characters.
    pub evse_id: &'a str,
    /// MeterID, at most 32 characters.
    pub meter_id: &'a str,
    /// Services of the DC family, 1 to [`MAX_OFFERS`], best first.
    pub offers: &'a [Offer<'a>],
    /// Times and tolerances.
    pub settings: Settings,
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
    /// A service that this engine does not speak.
    #[error("a service outside the DC family")]
    Family,
    /// A service with no parameter set, too many, or an ID twice.
    #[error("a service with no parameter set, too many, or one ID twice")]
    ParameterSets,
}

impl SeccConfig<'_> {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.evse_id.chars().count() > 255 || self.meter_id.chars().count() > 32 {
            return Err(ConfigError::Identifier);
        }
        if self.offers.is_empty() || self.offers.len() > MAX_OFFERS {
            return Err(ConfigError::Offers);
        }
        for (index, offer) in self.offers.iter().enumerate() {
            if offer.service.family() != Family::Dc {
                return Err(ConfigError::Family);
            }
            if self.offers.iter().skip(index + 1).any(|other| other.service == offer.service) {
                return Err(ConfigError::Offers);
            }
            let sets = offer.sets;
            let twice =
                sets.iter().enumerate().any(|(i, set)| sets.iter().skip(i + 1).any(|o| o.id == set.id));
            if sets.is_empty() || sets.len() > MAX_PARAMETER_SETS || twice {
                return Err(ConfigError::ParameterSets);
            }
        }
        Ok(())
    }
}
