//! Ethernet addresses.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// An Ethernet address, in transmission order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// All stations.
    pub const BROADCAST: Self = Self([0xFF; 6]);
    /// The host's own modem, which consumes frames to this address and answers from its own.
    pub const LOCAL_MODEM: Self = Self([0x00, 0xB0, 0x52, 0x00, 0x00, 0x01]);

    /// Whether one single station can have this address: neither a group nor all zero.
    pub const fn is_unicast(self) -> bool {
        let [first, ..] = self.0;
        first & 1 == 0 && !matches!(self.0, [0, 0, 0, 0, 0, 0])
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(f, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(f, ":{byte:02x}"))
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MacAddr({self})")
    }
}

/// A text is no Ethernet address: six pairs of hexadecimal digits with colons between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an Ethernet address")]
pub struct AddressError;

impl FromStr for MacAddr {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut address = [0; 6];
        let mut pairs = text.split(':');
        for place in &mut address {
            let pair = pairs.next().filter(|pair| pair.len() == 2).ok_or(AddressError)?;
            *place = u8::from_str_radix(pair, 16).map_err(|_| AddressError)?;
        }
        if pairs.next().is_some() { Err(AddressError) } else { Ok(Self(address)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressError, MacAddr};

    #[test]
    fn an_address_is_six_pairs() {
        assert_eq!("00:b0:52:00:00:01".parse(), Ok(MacAddr::LOCAL_MODEM));
        for text in ["", "00:b0:52:00:00", "00:b0:52:00:00:01:02", "0:b0:52:00:00:01", "+1:b0:52:00:00:0g"] {
            assert_eq!(text.parse::<MacAddr>(), Err(AddressError), "{text}");
        }
    }

    #[test]
    fn groups_and_zero_are_no_station() {
        assert!(MacAddr([2, 0, 0, 0, 0, 1]).is_unicast());
        assert!(!MacAddr::BROADCAST.is_unicast());
        assert!(!MacAddr([1, 0, 0, 0, 0, 1]).is_unicast());
        assert!(!MacAddr([0; 6]).is_unicast());
    }
}
