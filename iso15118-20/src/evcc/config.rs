//! What a vehicle is and wants.

use thiserror::Error;

use crate::service::{ControlMode, Family, Service};
use crate::settings::Settings;

/// Wishes that one vehicle can have.
pub const MAX_WISHES: usize = 8;

/// A service and a control mode that the vehicle would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The service; one of the DC family.
    pub service: Service,
    /// Who is to plan.
    pub control_mode: ControlMode,
}

/// The fixed properties of a vehicle.
#[derive(Clone, Copy, Debug)]
pub struct EvccConfig<'a> {
    /// EVCCID, at most 255 characters.
    pub evcc_id: &'a str,
    /// What to select, best first; 1 to [`MAX_WISHES`].
    pub wishes: &'a [Wish],
    /// Times and tolerances.
    pub settings: Settings,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EvccConfigError {
    /// The EVCCID is too long for the schema.
    #[error("the EVCCID is too long")]
    Identifier,
    /// No wish, or too many.
    #[error("no wish, or too many")]
    Wishes,
    /// A service that this engine does not speak.
    #[error("a service outside the DC family")]
    Family,
}

impl EvccConfig<'_> {
    pub(super) fn check(&self) -> Result<(), EvccConfigError> {
        if self.evcc_id.chars().count() > 255 {
            return Err(EvccConfigError::Identifier);
        }
        if self.wishes.is_empty() || self.wishes.len() > MAX_WISHES {
            return Err(EvccConfigError::Wishes);
        }
        if self.wishes.iter().any(|wish| wish.service.family() != Family::Dc) {
            return Err(EvccConfigError::Family);
        }
        Ok(())
    }
}
