//! How much of a sound is lost on the way, by groups of carriers.

use core::fmt;

/// Groups of carriers that a profile has in a matching: not more, not fewer.
pub const GROUPS: usize = 58;

/// Attenuation of each group of carriers, dB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups<'a>(&'a [u8]);

impl<'a> Groups<'a> {
    /// As many groups as a message can have, 255; what is beyond is left out.
    pub fn new(groups: &'a [u8]) -> Self {
        Self(groups.get(..255).unwrap_or(groups))
    }

    /// The attenuations, dB.
    pub const fn as_slice(self) -> &'a [u8] {
        self.0
    }

    /// How many groups there are.
    pub const fn count(self) -> u8 {
        // The constructor leaves no more than 255.
        self.0.len() as u8
    }

    /// All [`GROUPS`] of them, or none if there are more or fewer.
    pub fn whole(self) -> Option<&'a [u8; GROUPS]> {
        self.0.try_into().ok()
    }
}

/// Mean attenuation over [`GROUPS`] groups, exact: lower is nearer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attenuation(u16);

impl Attenuation {
    /// Nothing lost at all, which no cable does.
    pub const ZERO: Self = Self(0);

    /// The mean of the groups.
    pub fn mean(groups: &[u8; GROUPS]) -> Self {
        Self(groups.iter().map(|group| u16::from(*group)).sum())
    }

    /// A limit in whole dB.
    pub const fn decibels(decibels: u8) -> Self {
        Self(decibels as u16 * GROUPS as u16)
    }

    /// The part that is whole dB.
    pub const fn whole_decibels(self) -> u8 {
        // 255 at most, because that is the most each group has.
        (self.0 / GROUPS as u16) as u8
    }

    /// How far apart two means are.
    #[must_use]
    pub const fn abs_diff(self, other: Self) -> Self {
        Self(self.0.abs_diff(other.0))
    }
}

/// In dB with one decimal.
impl fmt::Display for Attenuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = GROUPS as u32;
        let tenths = (u32::from(self.0) * 10 + groups / 2) / groups;
        write!(f, "{}.{} dB", tenths / 10, tenths % 10)
    }
}

impl fmt::Debug for Attenuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attenuation({self})")
    }
}

/// How a charger makes whole dB of the mean of several sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// The fraction is dropped, as the tools of modem makers do.
    #[default]
    Down,
    /// To the nearest, halves up.
    HalfUp,
}

/// Sum of the profiles of several sounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProfileSum {
    sums: [u16; GROUPS],
    count: u8,
}

impl ProfileSum {
    pub(crate) const EMPTY: Self = Self { sums: [0; GROUPS], count: 0 };

    /// Adds the profile of one sound. 255 profiles of 255 dB still fit.
    pub(crate) fn add(&mut self, groups: &[u8; GROUPS]) {
        if self.count < u8::MAX {
            self.count += 1;
            for (sum, group) in self.sums.iter_mut().zip(groups) {
                *sum = sum.saturating_add(u16::from(*group));
            }
        }
    }

    pub(crate) const fn count(&self) -> u8 {
        self.count
    }

    /// The mean of each group with an offset in dB, within what a byte holds; all zero without a profile.
    pub(crate) fn mean(&self, rounding: Rounding, offset: i8) -> [u8; GROUPS] {
        let count = u16::from(self.count.max(1));
        let extra = match rounding {
            Rounding::Down => 0,
            Rounding::HalfUp => count / 2,
        };
        self.sums.map(|sum| {
            let mean = i32::from(sum.saturating_add(extra) / count) + i32::from(offset);
            mean.clamp(0, 255) as u8
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{Attenuation, GROUPS, Groups, ProfileSum, Rounding};

    #[test]
    fn the_mean_rounds_as_it_is_told_and_saturates() {
        let mut sum = ProfileSum::EMPTY;
        sum.add(&[10; GROUPS]);
        sum.add(&[11; GROUPS]);
        assert_eq!(sum.mean(Rounding::Down, 0), [10; GROUPS]);
        assert_eq!(sum.mean(Rounding::HalfUp, 0), [11; GROUPS]);
        assert_eq!(sum.mean(Rounding::Down, -4), [6; GROUPS]);
        assert_eq!(sum.mean(Rounding::Down, -40), [0; GROUPS]);
        let mut far = ProfileSum::EMPTY;
        for _ in 0..300 {
            far.add(&[255; GROUPS]);
        }
        assert_eq!((far.count(), far.mean(Rounding::HalfUp, 7)), (255, [255; GROUPS]));
        assert_eq!(ProfileSum::EMPTY.mean(Rounding::Down, 0), [0; GROUPS]);
    }

    #[test]
    fn means_keep_their_fraction() {
        let mut groups = [10; GROUPS];
        groups[0] = 11;
        let mean = Attenuation::mean(&groups);
        assert!(mean > Attenuation::decibels(10) && mean < Attenuation::decibels(11));
        assert_eq!(mean.whole_decibels(), 10);
        assert_eq!(std::format!("{mean} {}", Attenuation::mean(&[255; GROUPS])), "10.0 dB 255.0 dB");
    }

    #[test]
    fn only_a_whole_profile_counts() {
        assert_eq!(Groups::new(&[1; 57]).whole(), None);
        assert_eq!(Groups::new(&[1; 58]).whole(), Some(&[1; 58]));
        assert_eq!(Groups::new(&[1; 300]).count(), 255);
    }
}
