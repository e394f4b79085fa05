//! Distinguished names.

use core::fmt;

use der::Tag;
use der::asn1::ObjectIdentifier;

use crate::asn1::{Cursor, Tlv};
use crate::error::{Flaw, Rule};
use crate::oid;

/// A distinguished name as it stands in a certificate.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    der: &'a [u8],
}

/// One attribute of a name.
#[derive(Clone, Copy)]
pub(crate) struct Attribute<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) tag: Tag,
    pub(crate) value: &'a [u8],
}

impl<'a> Name<'a> {
    /// Reads a name and checks all of its structure.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Flaw> {
        let tlv = cursor.expect(Tag::Sequence)?;
        let mut rdns = tlv.inside()?;
        while !rdns.is_finished() {
            let set = rdns.expect(Tag::Set)?;
            let mut attributes = set.inside()?;
            if attributes.is_finished() {
                return Err(set.flaw(Rule::Structure));
            }
            while !attributes.is_finished() {
                attribute(&mut attributes)?;
            }
        }
        Ok(Self { der: tlv.whole })
    }

    /// The DER of the name.
    pub const fn der(&self) -> &'a [u8] {
        self.der
    }

    /// True if the name has no attributes.
    pub const fn is_empty(&self) -> bool {
        self.der.len() <= 2
    }

    /// The sets of attributes.
    fn rdns(&self) -> impl Iterator<Item = Tlv<'a>> + use<'a> {
        let mut rdns = Cursor::new(self.der, 0).and_then(|mut cursor| cursor.sequence()).ok();
        core::iter::from_fn(move || rdns.as_mut().filter(|rdns| !rdns.is_finished())?.any().ok())
    }

    /// All attributes in the order of the name.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        self.rdns().flat_map(|set| in_set(&set))
    }

    fn all(&self, oid: &ObjectIdentifier) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let oid = *oid;
        self.attributes().filter(move |attribute| oid::is(attribute.oid, &oid))
    }

    /// The only attribute of its type.
    pub(crate) fn one(&self, oid: &ObjectIdentifier) -> Option<Attribute<'a>> {
        let mut all = self.all(oid);
        all.next().filter(|_| all.next().is_none())
    }

    /// The common name, if there is exactly one and it is text.
    pub fn common_name(&self) -> Option<&'a str> {
        self.one(&oid::COMMON_NAME)?.text()
    }

    /// The organization, if there is exactly one and it is text.
    pub fn organization(&self) -> Option<&'a str> {
        self.one(&oid::ORGANIZATION)?.text()
    }

    /// The country, if there is exactly one and it is text.
    pub fn country(&self) -> Option<&'a str> {
        self.one(&oid::COUNTRY)?.text()
    }

    /// The domain components in the order of the name.
    pub fn domain_components(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.all(&oid::DOMAIN_COMPONENT).filter_map(|attribute| attribute.text())
    }

    /// True if both are the same name: byte by byte, or by the comparison of RFC 5280, 7.1, which ignores case and
    /// surplus spaces in strings, whatever their type.
    pub fn matches(&self, other: &Self) -> bool {
        if self.der == other.der {
            return true;
        }
        let (mut ours, mut theirs) = (self.rdns(), other.rdns());
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if same_set(&a, &b) => {}
                _ => return false,
            }
        }
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Attributes as `CN=…, O=…`, others by their identifier.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attribute) in self.attributes().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            let short = [
                (oid::COMMON_NAME, "CN"),
                (oid::ORGANIZATION, "O"),
                (oid::COUNTRY, "C"),
                (oid::DOMAIN_COMPONENT, "DC"),
            ];
            match short.iter().find(|(oid, _)| oid::is(attribute.oid, oid)) {
                Some((_, name)) => f.write_str(name)?,
                None => match ObjectIdentifier::from_bytes(attribute.oid) {
                    Ok(oid) => write!(f, "{oid}")?,
                    Err(_) => f.write_str("?")?,
                },
            }
            write!(f, "={}", attribute.text().unwrap_or("?"))?;
        }
        Ok(())
    }
}

impl<'a> Attribute<'a> {
    /// The value, if it is a string of a type whose characters are UTF-8 or a part of it.
    pub(crate) fn text(&self) -> Option<&'a str> {
        match self.tag {
            Tag::Utf8String => core::str::from_utf8(self.value).ok(),
            Tag::PrintableString | Tag::Ia5String if self.value.is_ascii() => {
                core::str::from_utf8(self.value).ok()
            }
            _ => None,
        }
    }

    fn same(&self, other: &Self) -> bool {
        self.oid == other.oid
            && match (self.text(), other.text()) {
                (Some(ours), Some(theirs)) => folded(ours).eq(folded(theirs)),
                _ => self.tag == other.tag && self.value == other.value,
            }
    }
}

fn attribute<'a>(cursor: &mut Cursor<'a>) -> Result<Attribute<'a>, Flaw> {
    let mut inside = cursor.sequence()?;
    let oid = inside.oid()?.value;
    let value = inside.any()?;
    inside.finish()?;
    Ok(Attribute { oid, tag: value.tag, value: value.value })
}

fn in_set<'a>(set: &Tlv<'a>) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
    let mut inside = set.inside().ok();
    core::iter::from_fn(move || {
        let cursor = inside.as_mut().filter(|cursor| !cursor.is_finished())?;
        attribute(cursor).ok()
    })
}

/// Same attributes, whatever their order: DER sorts by encodings, which differ where string types do.
fn same_set(a: &Tlv<'_>, b: &Tlv<'_>) -> bool {
    let within = |a: &Tlv<'_>, b: &Tlv<'_>| in_set(a).all(|one| in_set(b).any(|other| one.same(&other)));
    in_set(a).count() == in_set(b).count() && within(a, b) && within(b, a)
}

/// Characters without case, without spaces at the ends, and with one space where there are several.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.split_ascii_whitespace()
        .enumerate()
        .flat_map(|(index, word)| (index > 0).then_some(' ').into_iter().chain(word.chars()))
        .flat_map(char::to_lowercase)
}
