//! What is asked of chains, as named settings.

use crate::crypto::Algorithm;

/// Whose rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Edition {
    /// ISO 15118-20:2022.
    #[default]
    Y2022,
    /// ISO 15118-20 with Amendment 1: other domain components, one of its own for vehicles.
    Amd1,
    /// ISO 15118-2, for mixed fleets.
    Iso2,
}

/// A set of signature algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Algorithms(u8);

impl Algorithms {
    /// One algorithm.
    pub const fn only(algorithm: Algorithm) -> Self {
        Self(algorithm as u8)
    }

    /// These and one more.
    #[must_use]
    pub const fn and(self, algorithm: Algorithm) -> Self {
        Self(self.0 | algorithm as u8)
    }

    /// True if `algorithm` is among them.
    pub const fn allow(self, algorithm: Algorithm) -> bool {
        self.0 & algorithm as u8 != 0
    }
}

/// Whether a chain may be longer by a certificate that one root issued for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CrossCertificates {
    /// At most three certificates below the root.
    #[default]
    Refused,
    /// At most four [V2G20-1003].
    Allowed,
}

/// How much of the profiles is enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Conformance {
    /// All of it.
    #[default]
    Strict,
    /// For laboratories: domain components, the form of common names, criticality of extensions, and presence of
    /// extended key usage are not asked for. What is wrong rather than missing is still refused.
    Lab,
}

/// What happens if nothing says whether a certificate is revoked. A statement that it is, or one that is forged,
/// always refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Revocation {
    /// The chain is refused [V2G20-1240].
    #[default]
    Required,
    /// The chain is accepted for the time being, and [`Warnings`](crate::Warnings) says so: a station asks for the
    /// status of a vehicle after the handshake, and answers SessionSetupReq only when it is known.
    Deferred,
    /// For laboratories: the chain is accepted, and [`Warnings`](crate::Warnings) says so.
    SoftFail,
}

/// What is asked of chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Whose rules hold.
    pub edition: Edition,
    /// The algorithms allowed. Every chain uses one of them throughout.
    pub algorithms: Algorithms,
    /// Whether cross certificates are allowed.
    pub cross: CrossCertificates,
    /// How much of the profiles is enforced.
    pub conformance: Conformance,
    /// What happens without a status.
    pub revocation: Revocation,
    /// How far clocks may differ when a statement about revocation seems to come from the future, seconds.
    pub skew: u32,
}

impl Policy {
    /// The strict rules of an edition.
    pub const fn new(edition: Edition) -> Self {
        let algorithm = match edition {
            Edition::Iso2 => Algorithm::P256,
            Edition::Y2022 | Edition::Amd1 => Algorithm::P521,
        };
        Self {
            edition,
            algorithms: Algorithms::only(algorithm),
            cross: CrossCertificates::Refused,
            conformance: Conformance::Strict,
            revocation: Revocation::Required,
            skew: 60,
        }
    }

    /// For laboratories and peers that know no better: P-256 too, lax profiles, no status needed.
    pub const fn lab(edition: Edition) -> Self {
        let mut policy = Self::new(edition);
        policy.algorithms = policy.algorithms.and(Algorithm::P256).and(Algorithm::P521);
        policy.conformance = Conformance::Lab;
        policy.revocation = Revocation::SoftFail;
        policy
    }

    /// The most certificates below the root.
    pub(crate) const fn longest(&self) -> usize {
        match self.cross {
            CrossCertificates::Refused => 3,
            CrossCertificates::Allowed => 4,
        }
    }

    /// The most bytes of a certificate.
    pub(crate) const fn largest(&self) -> usize {
        match self.edition {
            Edition::Y2022 | Edition::Amd1 => 1600,
            Edition::Iso2 => 800,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(Edition::default())
    }
}
