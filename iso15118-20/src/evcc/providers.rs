//! The providers whose contracts a charger takes.

use exi_codec::{List, Str};

use crate::security::plain;

/// Longest name that counts, in characters without separators: an eMAID has no more, and a contract is of a provider
/// whose name it begins with.
const LONGEST: usize = 15;

const WORDS: usize = 32;

/// A list of providers, as far as contracts have to be told apart by it: up to 128 names of 80 characters, of which
/// nothing else is ever wanted. A set of hashes (Bloom filter): what is in the list is always found, and hardly ever
/// anything else; of that the charger says that it does not know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Providers {
    bits: [u32; WORDS],
    /// Lengths of names, one bit each. None: the charger does not say, and every contract counts.
    lengths: Option<u16>,
}

impl Providers {
    pub(super) const ANY: Self = Self { bits: [0; WORDS], lengths: None };

    pub(super) fn read(list: &List<'_, Str<'_>>) -> Self {
        let mut providers = Self { lengths: Some(0), ..Self::ANY };
        for name in list {
            let (length, hash) = plain(name.chars()).fold((0, SEED), |(n, hash), c| (n + 1, hashed(hash, c)));
            if (1..=LONGEST).contains(&length) {
                providers.lengths = providers.lengths.map(|lengths| lengths | 1 << length);
                for (word, bit) in places(hash) {
                    if let Some(word) = providers.bits.get_mut(word) {
                        *word |= bit;
                    }
                }
            }
        }
        providers
    }

    /// Whether an eMAID begins with the name of one of them, apart from case and separators. One that is empty does.
    pub(super) fn include(&self, emaid: &str) -> bool {
        let Some(lengths) = self.lengths.filter(|_| !emaid.is_empty()) else { return true };
        let mut hash = SEED;
        plain(emaid.chars()).take(LONGEST).zip(1..).any(|(c, length)| {
            hash = hashed(hash, c);
            lengths & 1 << length != 0
                && places(hash).all(|(word, bit)| self.bits.get(word).is_some_and(|word| word & bit != 0))
        })
    }
}

/// FNV-1a.
const SEED: u32 = 0x811c_9dc5;

fn hashed(hash: u32, c: char) -> u32 {
    (hash ^ u32::from(c)).wrapping_mul(0x0100_0193)
}

/// Three bits of the set.
fn places(hash: u32) -> impl Iterator<Item = (usize, u32)> {
    (0..3).map(move |turn| {
        let bits = hash.rotate_left(turn * 10) as usize;
        (bits % WORDS, 1 << (bits / WORDS % 32))
    })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use exi_codec::{List, Str};

    use super::Providers;

    fn of(names: &[&str]) -> Providers {
        let names: Vec<Str<'_>> = names.iter().map(|name| Str::new(name)).collect();
        Providers::read(&List::new(&names))
    }

    #[test]
    fn contracts_are_of_whose_name_they_begin_with() {
        let providers = of(&["DE-ABC", "frxyz"]);
        for emaid in ["DEABCC00012345X", "de*abc*c00012345", "FR-XYZ-C0001", ""] {
            assert!(providers.include(emaid), "{emaid}");
        }
        for emaid in ["DEAB", "DEABDC00012345X", "FRXY", "XDEABC"] {
            assert!(!providers.include(emaid), "{emaid}");
        }
        assert!(!of(&[]).include("DEABCC00012345X"), "a list without anybody");
        assert!(Providers::ANY.include("DEABCC00012345X"), "no list");
    }

    #[test]
    fn of_a_full_list_all_are_found_and_hardly_any_other() {
        let names: Vec<String> = (0..128).map(|n| format!("DE{n:03}")).collect();
        let providers = of(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(names.iter().all(|name| providers.include(&format!("{name}C00012345"))));
        let strangers = (0..1000).filter(|n| providers.include(&format!("FR{n:03}C00012345"))).count();
        assert!(strangers < 60, "{strangers} of 1000");
    }
}
