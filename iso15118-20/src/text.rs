//! Short text of the peer's, kept without an allocator.

use core::fmt;

use exi_codec::Str;

/// Text of at most `N` bytes; what is longer is cut off at a character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> Text<N> {
    /// No text.
    pub const EMPTY: Self = Self { bytes: [0; N], len: 0 };

    pub(crate) fn copied(text: &Str<'_>) -> Self {
        let mut copy = Self::EMPTY;
        for char in text.chars() {
            let mut utf8 = [0; 4];
            let utf8 = char.encode_utf8(&mut utf8).as_bytes();
            let from = usize::from(copy.len);
            let Some(place) = copy.bytes.get_mut(from..from + utf8.len()) else { break };
            let Ok(len) = u8::try_from(from + utf8.len()) else { break };
            for (place, byte) in place.iter_mut().zip(utf8) {
                *place = *byte;
            }
            copy.len = len;
        }
        copy
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..usize::from(self.len))
            .and_then(|bytes| str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
