//! Amplitude maps: how loud a side may be, carrier by carrier.

use thiserror::Error;

use super::cursor::{Reader, Writer};
use super::{Body, MmType, MmeError};

/// A four-bit value for each carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmplitudeMap<'a> {
    carriers: u16,
    packed: &'a [u8],
}

/// Bytes and number of carriers do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{carriers} carriers do not fill {bytes} bytes")]
pub struct MapError {
    /// Number of carriers.
    pub carriers: u16,
    /// Bytes at hand.
    pub bytes: usize,
}

impl<'a> AmplitudeMap<'a> {
    /// A map in its packed form: two carriers a byte, the first one in the low nibble. HomePlug Green PHY has 917
    /// carriers in use, some peers count 1155.
    ///
    /// # Errors
    /// [`MapError`] if there are no carriers or their values do not just fill the bytes.
    pub const fn new(carriers: u16, packed: &'a [u8]) -> Result<Self, MapError> {
        if carriers == 0 || packed.len() != (carriers as usize).div_ceil(2) {
            return Err(MapError { carriers, bytes: packed.len() });
        }
        Ok(Self { carriers, packed })
    }

    /// Number of carriers.
    pub const fn carriers(self) -> u16 {
        self.carriers
    }

    /// The values, 0 to 15, from the first carrier on.
    pub fn values(self) -> impl Iterator<Item = u8> + 'a {
        self.packed.iter().flat_map(|pair| [pair & 0x0F, pair >> 4]).take(self.carriers.into())
    }
}

/// CM_AMP_MAP.REQ: do not be louder than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmpMapReq<'a> {
    /// The map.
    pub map: AmplitudeMap<'a>,
}

impl<'a> AmpMapReq<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, MmeError> {
        let carriers = reader.u16();
        let packed = reader.slice(usize::from(carriers).div_ceil(2));
        let map = AmplitudeMap::new(carriers, packed).map_err(|_| MmeError::NoCarriers)?;
        Ok(Self { map })
    }
}

impl Body for AmpMapReq<'_> {
    fn mmtype(&self) -> MmType {
        MmType::CM_AMP_MAP_REQ
    }

    fn len(&self) -> usize {
        2 + self.map.packed.len()
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.u16(self.map.carriers);
        out.bytes(self.map.packed);
    }
}

/// CM_AMP_MAP.CNF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmpMapCnf {
    /// 0: will do; 1: failed.
    pub result: u8,
}

impl AmpMapCnf {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self { result: reader.u8() }
    }
}

impl Body for AmpMapCnf {
    fn mmtype(&self) -> MmType {
        MmType::CM_AMP_MAP_CNF
    }

    fn len(&self) -> usize {
        1
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.u8(self.result);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::{AmplitudeMap, MapError};

    #[test]
    fn the_first_carrier_is_in_the_low_nibble() {
        let map = AmplitudeMap::new(3, &[0x21, 0x03]).unwrap();
        assert_eq!(map.values().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(AmplitudeMap::new(5, &[0, 0]), Err(MapError { carriers: 5, bytes: 2 }));
        assert_eq!(AmplitudeMap::new(0, &[]), Err(MapError { carriers: 0, bytes: 0 }));
    }
}
