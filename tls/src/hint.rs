//! Names of roots in `certificate_authorities`, and whether one means ours.
//!
//! ISO 15118-20 builds such a name from C, O, OU, CN and serialNumber, the latter being the serial number of the
//! certificate [V2G20-2403]; most implementations send the subject of the root. Amendment 1 compares by the rules of
//! names. So a name is compared in three ways, each more lenient than the one before; what is at stake is which
//! chain is sent, and the peer verifies that in any case.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Encode, Reader, SliceReader, Tag, Tagged};

/// How well a name fits, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// Byte by byte.
    Exact,
    /// The same attributes without regard to order, string types, case and surplus spaces.
    Normalised,
    /// The same C, O, OU and CN.
    Core,
}

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
/// More attributes than any name of V2G has: a peer decides how long its names are.
const MOST: usize = 16;

/// Compares the name of a root with one that the peer sent.
pub(crate) fn fit(ours: &[u8], theirs: &[u8]) -> Option<Fit> {
    if ours == theirs {
        return Some(Fit::Exact);
    }
    let (ours, theirs) = (attributes(ours).ok()?, attributes(theirs).ok()?);
    if ours == theirs {
        return Some(Fit::Normalised);
    }
    let (ours, theirs) = (core(ours), core(theirs));
    (!ours.is_empty() && ours == theirs).then_some(Fit::Core)
}

fn core(mut attributes: Vec<Attribute>) -> Vec<Attribute> {
    attributes.retain(|(kind, _)| [COMMON_NAME, COUNTRY, ORGANIZATION, UNIT].contains(kind));
    attributes
}

/// Type and value; text is folded.
type Attribute = (ObjectIdentifier, Vec<u8>);

fn attributes(name: &[u8]) -> der::Result<Vec<Attribute>> {
    let mut attributes = Vec::new();
    let mut reader = SliceReader::new(name)?;
    reader.sequence(|name: &mut SliceReader<'_>| {
        while !name.is_finished() {
            let mut set = inside(name.decode()?, Tag::Set)?;
            while !set.is_finished() {
                let mut pair = inside(set.decode()?, Tag::Sequence)?;
                let kind = pair.decode()?;
                attributes.push((kind, folded(pair.decode()?)?));
                pair.finish()?;
                if attributes.len() > MOST {
                    return Err(Tag::Sequence.length_error().into());
                }
            }
        }
        Ok::<_, der::Error>(())
    })?;
    reader.finish()?;
    attributes.sort();
    Ok(attributes)
}

fn inside(any: AnyRef<'_>, tag: Tag) -> der::Result<SliceReader<'_>> {
    any.tag().assert_eq(tag)?;
    SliceReader::new(any.value())
}

/// Text in lower case with single spaces; anything else as it is, with its tag.
fn folded(value: AnyRef<'_>) -> der::Result<Vec<u8>> {
    let text = match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString => {
            core::str::from_utf8(value.value()).ok()
        }
        _ => None,
    };
    Ok(match text {
        Some(text) => text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().into_bytes(),
        None => value.to_der()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Fit, fit};

    /// A name of single-valued sets from (last arc under 2.5.4, tag, text).
    fn name(attributes: &[(u8, u8, &str)]) -> Vec<u8> {
        let mut name = Vec::new();
        for (arc, tag, text) in attributes {
            let len = text.len() as u8;
            name.extend([0x31, len + 9, 0x30, len + 7, 6, 3, 0x55, 4, *arc, *tag, len]);
            name.extend(text.as_bytes());
        }
        [&[0x30, name.len() as u8], name.as_slice()].concat()
    }

    #[test]
    fn names_fit_exactly_by_rules_or_in_their_core() {
        let root =
            name(&[(6, 0x13, "DE"), (10, 0x0c, "Root  Org"), (3, 0x0c, "V2G Root"), (46, 0x0c, "V2G")]);
        assert_eq!(fit(&root, &root), Some(Fit::Exact));
        let other_types =
            name(&[(46, 0x13, "v2g"), (3, 0x13, "v2g root"), (10, 0x0c, "Root Org"), (6, 0x13, "DE")]);
        assert_eq!(fit(&root, &other_types), Some(Fit::Normalised));
        let as_2403 =
            name(&[(6, 0x13, "DE"), (10, 0x0c, "Root Org"), (3, 0x0c, "V2G Root"), (5, 0x13, "1f")]);
        assert_eq!(fit(&root, &as_2403), Some(Fit::Core));
        let another = name(&[(6, 0x13, "DE"), (10, 0x0c, "Root Org"), (3, 0x0c, "V2G Root 2")]);
        assert_eq!(fit(&root, &another), None);
    }

    proptest::proptest! {
        #[test]
        fn damaged_names_are_compared_without_panic(at: proptest::sample::Index, bits: u8) {
            let root = name(&[(6, 0x13, "DE"), (10, 0x0c, "Root Org"), (3, 0x0c, "V2G Root")]);
            let mut damaged = root.clone();
            damaged[at.index(root.len())] ^= bits;
            assert_eq!(fit(&root, &damaged) == Some(Fit::Exact), bits == 0);
        }
    }

    #[test]
    fn what_is_no_name_fits_nothing() {
        let root = name(&[(3, 0x0c, "V2G Root")]);
        assert_eq!(fit(&root, &[]), None);
        assert_eq!(fit(&root, &root[..root.len() - 1]), None);
        assert_eq!(fit(&root, &name(&[])), None, "a name without attributes");
        assert_eq!(fit(&name(&[]), &name(&[(46, 0x0c, "V2G")])), None, "no core at both ends");
        let long = name(&[(3, 0x0c, "a"); 9]);
        assert!(fit(&root, &long).is_none());
    }
}
