//! The form that nearly all items of a long list have.

/// What the bits of an item are if its numbers take two octets and nothing optional is there. One comparison then
/// tells that an item is valid; anything else is read field by field.
#[derive(Debug, Clone, Copy)]
pub struct Usual {
    /// Bits that are known, left-aligned.
    mask: u64,
    /// What they are.
    value: u64,
    /// The second octets of the numbers: if one is zero, the number is longer than it needs to be.
    second: [u64; 2],
    /// Length of the item.
    bits: u32,
}

impl Usual {
    /// From a pattern of `0`, `1`, `.` (any bit) and `x` (a bit of a second octet).
    pub(crate) const fn new(pattern: &str) -> Self {
        let pattern = pattern.as_bytes();
        let mut usual = Self { mask: 0, value: 0, second: [0; 2], bits: pattern.len() as u32 };
        let mut octets = 0;
        let mut index = 0;
        while index < pattern.len() {
            let bit = 1 << (63 - index);
            match pattern[index] {
                b'0' => usual.mask |= bit,
                b'1' => {
                    usual.mask |= bit;
                    usual.value |= bit;
                }
                b'x' => {
                    usual.second[octets] |= bit;
                    if pattern[index + 1] != b'x' {
                        octets += 1;
                    }
                }
                _ => {}
            }
            index += 1;
        }
        if octets == 1 {
            usual.second[1] = usual.second[0];
        }
        usual
    }

    /// Length of an item of this form at the top of `word`, and of the event code of `width` zeros after it. None if
    /// it has another form or is the last.
    #[inline(always)]
    pub(crate) const fn followed(&self, word: u64, width: u32) -> Option<u32> {
        let code = !(u64::MAX >> width) >> self.bits;
        let [first, second] = self.second;
        if word & (self.mask | code) == self.value && word & first != 0 && word & second != 0 {
            Some(self.bits + width)
        } else {
            None
        }
    }
}
