//! Names of runs and stations.

use core::fmt;

/// Name of one matching attempt, chosen by the vehicle.
///
/// Neither unpredictable nor unique: one make sends the same text each time, another its MAC address. A session is
/// therefore known by the vehicle's address and this.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub [u8; 8]);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({self})")
    }
}

/// A field of 17 bytes for the id of a station. Everybody sends zeros, and chargers refuse anything else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StationId(pub [u8; 17]);

impl StationId {
    /// The field as everybody sends it.
    pub const NONE: Self = Self([0; 17]);
}

impl fmt::Debug for StationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StationId(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}
