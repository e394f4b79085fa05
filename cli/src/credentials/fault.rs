//! What can be wrong with certificates, by name.

use clap::ValueEnum;
use v2g_scenario::scenario::Outcome;

/// Something wrong with the certificates of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CredentialFault {
    /// The contract is revoked: the charger says so, and the card pays.
    RevokedContract,
    /// The vehicle comes with a contract that has expired: the charger says so; a new one is fetched, or the card pays.
    ExpiredContract,
    /// The charger has no root of the mobility operator's.
    UnknownEmsp,
    /// The provider's delivery was changed on its way: the vehicle throws it away.
    ForgedDelivery,
    /// The charger's certificate is revoked: the vehicle refuses the link.
    RevokedSecc,
    /// The charger's chain leads to a root with the right name and another key: the vehicle refuses the link.
    CrossRoot,
    /// The vehicle's certificate is revoked: the charger refuses the link.
    RevokedVehicle,
}

impl CredentialFault {
    /// How the session ends: what is right for charger and vehicle. Without a link there is none.
    pub(crate) fn outcomes(self) -> Option<[Vec<Outcome>; 2]> {
        match self {
            Self::RevokedContract | Self::ExpiredContract | Self::UnknownEmsp | Self::ForgedDelivery => None,
            Self::RevokedSecc | Self::CrossRoot => {
                Some([vec![Outcome::NotSecured], vec![Outcome::NotSecured]])
            }
            // The vehicle's handshake is over before the charger has seen its certificate.
            Self::RevokedVehicle => {
                Some([vec![Outcome::NotSecured], vec![Outcome::NotSecured, Outcome::LinkLost]])
            }
        }
    }
}
