//! Identifiers of contracts, vehicles and stations, with their check characters.
//!
//! A wrong check character is reported and never refused: many identifiers in use have one.

/// What the check character says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// It is the one that the rest asks for.
    Right,
    /// It is another.
    Wrong,
    /// There is none.
    Absent,
}

/// Letters and digits in capitals, without separators.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Plain<const N: usize> {
    text: [u8; N],
    len: u8,
}

impl<const N: usize> Plain<N> {
    /// None if there is something else than letters, digits and separators, or too much of it.
    fn parse(text: &str, separators: &[u8]) -> Option<Self> {
        let mut plain = Self { text: [0; N], len: 0 };
        for octet in text.bytes().filter(|octet| !separators.contains(octet)) {
            if !octet.is_ascii_alphanumeric() {
                return None;
            }
            *plain.text.get_mut(usize::from(plain.len))? = octet.to_ascii_uppercase();
            plain.len += 1;
        }
        Some(plain)
    }

    fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(Plain<$len>);

        impl $name {
            /// In capitals, without separators: the form in which identifiers are compared.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

identifier! {
    /// A contract (eMAID): country (2 letters), provider (3), instance (9), check character (optional).
    Emaid, 15
}
identifier! {
    /// A vehicle that asks for a contract (PCID): manufacturer (3), 14 characters, check character (optional).
    Pcid, 18
}
identifier! {
    /// A vehicle (EVCCID of -20): manufacturer (3), `V`, at least 15 characters, check character.
    EvccId, 64
}
identifier! {
    /// A station (SECCID): country (2), operator (3), `S`, at least 32 characters, check character.
    SeccId, 64
}

impl Emaid {
    /// Reads an eMAID, with or without hyphens and check character, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = Plain::parse(text, b"-")?;
        match *plain.as_bytes() {
            [a, b, ref rest @ ..] if matches!(rest.len(), 12 | 13) => {
                (a.is_ascii_alphabetic() && b.is_ascii_alphabetic()).then_some(Self(plain))
            }
            _ => None,
        }
    }

    /// What the check character says.
    pub fn check(&self) -> Check {
        match *self.0.as_bytes() {
            [ref body @ .., last] if body.len() == 14 => {
                if emaid_check(body) == Some(last) {
                    Check::Right
                } else {
                    Check::Wrong
                }
            }
            _ => Check::Absent,
        }
    }
}

/// The character for which both sums are zero; every alphanumeric character has another pair of sums.
fn emaid_check(body: &[u8]) -> Option<u8> {
    (b'0'..=b'9').chain(b'A'..=b'Z').find(|&last| emaid_sums(body.iter().copied().chain([last])) == [0; 4])
}

/// The sums over all characters i = 1…15 of q·P1ⁱ mod 2 and r·P2ⁱ mod 3.
fn emaid_sums(text: impl Iterator<Item = u8>) -> [u8; 4] {
    // P1 = [0 1; 1 1], P2 = [0 1; 1 2], row by row.
    let (mut p1, mut p2) = ([[1, 0], [0, 1]], [[1, 0], [0, 1]]);
    let mut sums = [0; 4];
    for octet in text {
        p1 = times(p1, [[0, 1], [1, 1]], 2);
        p2 = times(p2, [[0, 1], [1, 2]], 3);
        let value = if octet.is_ascii_digit() { octet - b'0' } else { octet.wrapping_sub(b'A' - 10) };
        let even = row([value / 18, value / 9 % 2], p1, 2);
        let odd = row([value / 3 % 3, value % 3], p2, 3);
        for ((sum, more), modulus) in sums.iter_mut().zip(even.into_iter().chain(odd)).zip([2, 2, 3, 3]) {
            *sum = (*sum + more) % modulus;
        }
    }
    sums
}

type Matrix = [[u8; 2]; 2];

fn row([x, y]: [u8; 2], [first, second]: Matrix, modulus: u8) -> [u8; 2] {
    let [left, right] = [0, 1].map(|column: usize| {
        let at = |row: [u8; 2]| row.into_iter().nth(column).unwrap_or(0);
        (x * at(first) + y * at(second)) % modulus
    });
    [left, right]
}

fn times([first, second]: Matrix, by: Matrix, modulus: u8) -> Matrix {
    [row(first, by, modulus), row(second, by, modulus)]
}

impl Pcid {
    /// Reads a PCID of 17 or 18 characters, with or without hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = Plain::parse(text, b"-")?;
        matches!(plain.len, 17 | 18).then_some(Self(plain))
    }
}

impl EvccId {
    /// Reads an EVCCID of ISO 15118-20, with or without hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = Plain::<64>::parse(text, b"-")?;
        match plain.as_bytes() {
            [_, _, _, b'V', rest @ ..] if rest.len() >= 16 => Some(Self(plain)),
            _ => None,
        }
    }

    /// What the check character says.
    pub fn check(&self) -> Check {
        match self.0.as_bytes().split_last() {
            Some((last, body)) if evccid_check(body) == *last => Check::Right,
            _ => Check::Wrong,
        }
    }
}

/// Letters become 10…35, all becomes one decimal string without the leading zeros of numeric elements; the sum of
/// its digits times 2^(k mod 28), modulo 11, with X for ten.
fn evccid_check(body: &[u8]) -> u8 {
    let mut sum = 0_u32;
    let mut power = 0;
    let mut add = |digit: u8| {
        sum = (sum + (u32::from(digit) << (power % 28)) % 11) % 11;
        power += 1;
    };
    let mut leading = true;
    for &octet in body {
        if octet.is_ascii_digit() {
            leading &= octet == b'0';
            if !leading {
                add(octet - b'0');
            }
        } else {
            let value = octet.wrapping_sub(b'A' - 10);
            add(value / 10);
            add(value % 10);
            leading = true;
        }
    }
    if sum == 10 { b'X' } else { b'0' + sum as u8 }
}

impl SeccId {
    /// Reads a SECCID, with or without separators.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = Plain::<64>::parse(text, b"-*")?;
        match *plain.as_bytes() {
            [a, b, _, _, _, b'S', ref rest @ ..] if rest.len() >= 33 => {
                (a.is_ascii_alphabetic() && b.is_ascii_alphabetic()).then_some(Self(plain))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn emaid_check_characters() {
        for (body, check) in [
            ("DE83DUIEN83QGZ", 'D'),
            ("FRXYZ123456789", '2'),
            ("NLTNM000122045", 'U'),
            ("NN123ABCDEFGHI", 'T'),
            ("DE8AA001234567", '0'),
            ("ITA1B2C3E4F5G6", '4'),
            ("ESZU8WOX834H1D", 'R'),
            ("PT73902837ABCZ", 'Z'),
        ] {
            let right = format!("{body}{check}");
            assert_eq!(Emaid::parse(&right).map(|id| id.check()), Some(Check::Right), "{right}");
            for other in ('0'..='9').chain('A'..='Z').filter(|&other| other != check) {
                let wrong = format!("{body}{other}");
                assert_eq!(Emaid::parse(&wrong).map(|id| id.check()), Some(Check::Wrong), "{wrong}");
            }
            assert_eq!(Emaid::parse(body).map(|id| id.check()), Some(Check::Absent));
        }
    }

    #[test]
    fn emaids_with_and_without_hyphens_are_the_same() {
        assert_eq!(Emaid::parse("de-8aa-001234567-0"), Emaid::parse("DE8AA0012345670"));
        for wrong in ["", "D", "8E8AA001234567", "DE8AA00123456", "DE8AA00123456789", "DE8AA0012345é7"] {
            assert_eq!(Emaid::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn evccid_check_characters() {
        for (id, check) in [
            ("WVWV123456789ABCDEF7", Check::Right),
            ("WMIV1234567890ABCDEX", Check::Right),
            ("WMIV1234567890ABCDE7", Check::Wrong),
        ] {
            assert_eq!(EvccId::parse(id).map(|id| id.check()), Some(check), "{id}");
        }
        assert_eq!(EvccId::parse("WMIX1234567890ABCDEX"), None);
        assert_eq!(EvccId::parse("WMIV1234567890"), None);
    }

    #[test]
    fn other_identifiers() {
        assert!(Pcid::parse("WMI12345678901234").is_some() && Pcid::parse("HUB-OPROVCERT01234-5").is_some());
        assert!(Pcid::parse("WMI1234567890123").is_none());
        assert!(SeccId::parse("DE*ABC*S01234567890123456789012345678901*7").is_some());
        assert!(SeccId::parse("DEABCE012345678901234567890123456789017").is_none());
    }
}
