//! Keys of a powerline network and the identifier that follows from them.

use core::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Network membership key: who knows it is in the network.
///
/// It is overwritten when it is dropped, compared in constant time, and [`Debug`](fmt::Debug) does not show it.
#[derive(Clone)]
pub struct Nmk([u8; 16]);

impl Nmk {
    /// A key; 16 bytes from a random number generator that nobody can predict.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The key itself, for the modem and for nobody else.
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }
}

impl PartialEq for Nmk {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Nmk {}

impl Drop for Nmk {
    // Once, not wherever a key may be dropped.
    #[inline(never)]
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Nmk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nmk(..)")
    }
}

/// Security level of a network, part of its [`Nid`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SecurityLevel {
    /// 0: simple connect, what every charger and vehicle uses.
    #[default]
    Simple,
    /// 1: secure.
    Secure,
}

/// Network identifier, 54 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nid(pub [u8; 7]);

impl Nid {
    /// The identifier that belongs to a key: SHA-256, five times, and the level.
    ///
    /// A vehicle takes the identifier that the charger sends and does not derive it; some chargers send another.
    pub fn derive(nmk: &Nmk, level: SecurityLevel) -> Self {
        let mut digest = Sha256::digest(nmk.expose());
        for _ in 1..5 {
            digest = Sha256::digest(digest);
        }
        let mut nid = [0; 7];
        nid.copy_from_slice(&digest[..7]);
        digest.as_mut_slice().zeroize();
        let level = match level {
            SecurityLevel::Simple => 0,
            SecurityLevel::Secure => 1,
        };
        nid[6] = nid[6] >> 4 | level << 4;
        Self(nid)
    }
}

impl fmt::Display for Nid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Nid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nid({self})")
    }
}

/// What a modem needs to be in a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its identifier.
    pub nid: Nid,
    /// Its key.
    pub nmk: Nmk,
}

impl Network {
    /// The network of a key, with the identifier that is derived from it.
    pub fn of(nmk: Nmk) -> Self {
        Self { nid: Nid::derive(&nmk, SecurityLevel::Simple), nmk }
    }
}

/// The host's source of random numbers that nobody can predict.
///
/// Any `FnMut(&mut [u8]) -> Result<(), NoEntropy>` is one.
pub trait Entropy {
    /// Fills all of `out`.
    ///
    /// # Errors
    /// [`NoEntropy`] where there are none now; the machine then does without what needed them and reports it.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), NoEntropy>;
}

/// There are no random numbers now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no random numbers")]
pub struct NoEntropy;

impl<F: FnMut(&mut [u8]) -> Result<(), NoEntropy>> Entropy for F {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), NoEntropy> {
        self(out)
    }
}

/// A key of the host's randomness, without a copy left behind.
pub(crate) fn random_network(entropy: &mut impl Entropy) -> Result<Network, NoEntropy> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes)?;
    let network = Network::of(Nmk::new(bytes));
    bytes.zeroize();
    Ok(network)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{Network, Nid, Nmk, SecurityLevel};

    const NMK: [u8; 16] =
        [0x50, 0xD3, 0xE4, 0x93, 0x3F, 0x85, 0x5B, 0x70, 0x40, 0x78, 0x4D, 0xF8, 0x15, 0xAA, 0x8D, 0xB7];
    const OTHER: [u8; 16] =
        [0xB5, 0x93, 0x19, 0xD7, 0xE8, 0x15, 0x7B, 0xA0, 0x01, 0xB0, 0x18, 0x66, 0x9C, 0xCE, 0xE3, 0x0D];

    #[test]
    fn the_identifier_follows_from_the_key() {
        let derive = |key| Nid::derive(&Nmk::new(key), SecurityLevel::Simple).0;
        assert_eq!(derive(NMK), [0xB0, 0xF2, 0xE6, 0x95, 0x66, 0x6B, 0x03]);
        assert_eq!(derive(OTHER), [0x02, 0x6B, 0xCB, 0xA5, 0x35, 0x4E, 0x08]);
        let secure = Nid::derive(&Nmk::new(NMK), SecurityLevel::Secure).0;
        assert_eq!(secure, [0xB0, 0xF2, 0xE6, 0x95, 0x66, 0x6B, 0x13]);
    }

    #[test]
    fn nobody_sees_a_key_in_a_log() {
        let network = Network::of(Nmk::new(NMK));
        assert_eq!(std::format!("{network:?}"), "Network { nid: Nid(b0f2e695666b03), nmk: Nmk(..) }");
    }

    #[test]
    fn keys_compare_by_their_bytes() {
        assert_eq!(Nmk::new(NMK), Nmk::new(NMK));
        assert_ne!(Nmk::new(NMK), Nmk::new(OTHER));
    }
}
