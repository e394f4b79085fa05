//! Bit-by-bit cursors, deliberately naive.

use super::ErrorKind;

/// Reads from the most significant bit on.
#[derive(Debug, Clone, Copy)]
pub(super) struct BitReader<'a> {
    octets: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(octets: &'a [u8], position: usize) -> Self {
        BitReader { octets, position }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Whole octets left.
    pub(super) fn octets_left(&self) -> usize {
        self.octets.len().saturating_sub(self.position.div_ceil(8))
    }

    pub(super) fn bit(&mut self) -> Result<bool, ErrorKind> {
        let octet = self.octets.get(self.position / 8).ok_or(ErrorKind::EndOfInput)?;
        let bit = *octet >> (7 - self.position % 8) & 1;
        self.position += 1;
        Ok(bit == 1)
    }

    /// An unsigned number of at most 64 bits.
    pub(super) fn number(&mut self, width: u32) -> Result<u64, ErrorKind> {
        let mut value = 0;
        for _ in 0..width {
            value = value << 1 | u64::from(self.bit()?);
        }
        Ok(value)
    }

    pub(super) fn octet(&mut self) -> Result<u8, ErrorKind> {
        self.number(8).map(|octet| octet as u8)
    }

    /// EXI Unsigned Integer of at most `limit` octets, 18 or fewer.
    pub(super) fn unsigned(&mut self, limit: u32) -> Result<u128, ErrorKind> {
        let mut value = 0u128;
        for index in 0..limit {
            let octet = self.octet()?;
            value |= u128::from(octet & 0x7F).checked_shl(7 * index).unwrap_or(0);
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ErrorKind::IntegerLength)
    }
}

/// Writes from the most significant bit on. What is not written yet is zero.
#[derive(Debug)]
pub(super) struct BitWriter<'a> {
    octets: &'a mut [u8],
    position: usize,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(octets: &'a mut [u8]) -> Self {
        BitWriter { octets, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Octets up to and including the one with the last bit written.
    pub(super) fn octets_written(&self) -> usize {
        self.position.div_ceil(8)
    }

    pub(super) fn bit(&mut self, bit: bool) -> Result<(), ErrorKind> {
        let octet = self.octets.get_mut(self.position / 8).ok_or(ErrorKind::BufferFull)?;
        if self.position.is_multiple_of(8) {
            *octet = 0;
        }
        *octet |= u8::from(bit) << (7 - self.position % 8);
        self.position += 1;
        Ok(())
    }

    /// The low `width` bits of `value`.
    pub(super) fn number(&mut self, value: u64, width: u32) -> Result<(), ErrorKind> {
        (0..width).rev().try_for_each(|shift| self.bit(value.checked_shr(shift).unwrap_or(0) & 1 == 1))
    }

    /// EXI Unsigned Integer in as few octets as possible.
    pub(super) fn unsigned(&mut self, mut value: u128) -> Result<(), ErrorKind> {
        loop {
            let more = value > 0x7F;
            self.number(value as u64 & 0x7F | u64::from(more) << 7, 8)?;
            if !more {
                return Ok(());
            }
            value >>= 7;
        }
    }

    /// The octet that starts at bit `position`; zero beyond what is written.
    pub(super) fn octet_at(&self, position: usize) -> u8 {
        (position..position + 8).fold(0, |octet, bit| {
            let value = self.octets.get(bit / 8).map_or(0, |octet| *octet >> (7 - bit % 8) & 1);
            octet << 1 | value
        })
    }

    /// Overwrites the octet that starts at bit `position` and is written already.
    pub(super) fn replace_octet(&mut self, position: usize, value: u8) {
        for index in 0..8 {
            let bit = position + index;
            if let Some(octet) = self.octets.get_mut(bit / 8) {
                let mask = 0x80 >> (bit % 8);
                let set = value >> (7 - index) & 1 == 1;
                *octet = if set { *octet | mask } else { *octet & !mask };
            }
        }
    }

    /// Takes back what was written from bit `position` on.
    pub(super) fn truncate(&mut self, position: usize) {
        self.position = self.position.min(position);
        if let Some(octet) = self.octets.get_mut(self.position / 8) {
            *octet &= !(0xFFu8.checked_shr((self.position % 8) as u32).unwrap_or(0));
        }
    }
}
