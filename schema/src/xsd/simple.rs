//! Simple types: the built-in ones and their restrictions.

use super::builder::Builder;
use super::error::{Error, Problem};
use super::source::Item;
use crate::{BinaryEncoding, QName, SimpleKind, SimpleType, Type, TypeId};

/// A type of the XML Schema namespace, if its values can be represented.
pub(super) fn built_in(name: &QName) -> Option<SimpleType> {
    let integer = |min: Option<i128>, max: Option<i128>| SimpleKind::Integer { min, max };
    let range = |min: i128, max: i128| integer(Some(min), Some(max));
    let kind = match name.local.as_str() {
        "boolean" => SimpleKind::Boolean,
        "string" | "normalizedString" | "token" | "anyURI" | "language" | "Name" | "NCName" | "NMTOKEN"
        | "ID" | "IDREF" | "ENTITY" => SimpleKind::String { min_length: 0, max_length: None },
        "hexBinary" => SimpleKind::Binary { encoding: BinaryEncoding::Hex, min_length: 0, max_length: None },
        "base64Binary" => {
            SimpleKind::Binary { encoding: BinaryEncoding::Base64, min_length: 0, max_length: None }
        }
        "integer" => integer(None, None),
        "nonNegativeInteger" => integer(Some(0), None),
        "positiveInteger" => integer(Some(1), None),
        "nonPositiveInteger" => integer(None, Some(0)),
        "negativeInteger" => integer(None, Some(-1)),
        "byte" => range(i8::MIN.into(), i8::MAX.into()),
        "short" => range(i16::MIN.into(), i16::MAX.into()),
        "int" => range(i32::MIN.into(), i32::MAX.into()),
        "long" => range(i64::MIN.into(), i64::MAX.into()),
        "unsignedByte" => range(0, u8::MAX.into()),
        "unsignedShort" => range(0, u16::MAX.into()),
        "unsignedInt" => range(0, u32::MAX.into()),
        "unsignedLong" => range(0, u64::MAX.into()),
        _ => return None,
    };
    Some(SimpleType { name: Some(name.clone()), kind })
}

/// The simple type that `xs:simpleType` defines.
pub(super) fn simple_type<'a>(builder: &mut Builder<'a>, item: Item<'a>) -> Result<SimpleType, Error> {
    item.expect_attributes(&["name"])?;
    let name = item.attribute("name").map(|name| item.target_name(name));
    let mut children = item.children();
    let restriction = children.next().ok_or_else(|| item.error(Problem::MissingContent("xs:restriction")))?;
    if restriction.tag() != "restriction" {
        return Err(restriction.unsupported());
    }
    if let Some(extra) = children.next() {
        return Err(extra.unsupported());
    }
    restriction.expect_attributes(&["base"])?;
    let mut facets = restriction.children().peekable();
    let base = match restriction.attribute("base") {
        Some(base) => builder.type_named(restriction, base)?,
        None => match facets.next_if(|child| child.tag() == "simpleType") {
            Some(inline) => builder.type_of(inline)?,
            None => return Err(restriction.error(Problem::MissingAttribute("base"))),
        },
    };
    let kind = restrict(builder, restriction, base, facets)?;
    Ok(SimpleType { name, kind })
}

/// The value space of `base` after `facets`.
pub(super) fn restrict<'a>(
    builder: &mut Builder<'a>,
    at: Item<'a>,
    base: TypeId,
    facets: impl Iterator<Item = Item<'a>>,
) -> Result<SimpleKind, Error> {
    let Type::Simple(SimpleType { mut kind, .. }) = builder.completed(at, base)? else {
        return Err(at.error(Problem::WrongBase));
    };
    let mut literals = Vec::new();
    for facet in facets {
        facet.expect_attributes(&["value", "fixed"])?;
        let value = facet.required("value")?;
        if facet.tag() == "enumeration" {
            literals.push(value.to_owned());
        } else {
            apply(&mut kind, facet, value)?;
        }
    }
    if literals.is_empty() {
        return Ok(kind);
    }
    match &kind {
        SimpleKind::String { .. } => {}
        SimpleKind::Enumeration(base) if literals.iter().all(|literal| base.contains(literal)) => {}
        _ => return Err(at.error(Problem::FacetMismatch("enumeration".to_owned()))),
    }
    Ok(SimpleKind::Enumeration(literals))
}

fn apply(kind: &mut SimpleKind, facet: Item<'_>, value: &str) -> Result<(), Error> {
    let mismatch = || facet.error(Problem::FacetMismatch(facet.tag().to_owned()));
    let bad_value = || facet.bad_value("value", value);
    match (kind, facet.tag()) {
        (
            SimpleKind::Integer { min, max },
            tag @ ("minInclusive" | "minExclusive" | "maxInclusive" | "maxExclusive"),
        ) => {
            let number: i128 = value.parse().map_err(|_| bad_value())?;
            let (lower, upper) = match tag {
                "minInclusive" => (Some(number), None),
                "minExclusive" => (Some(number.checked_add(1).ok_or_else(bad_value)?), None),
                "maxInclusive" => (None, Some(number)),
                _ => (None, Some(number.checked_sub(1).ok_or_else(bad_value)?)),
            };
            *min = (*min).max(lower);
            *max = tighter(*max, upper);
        }
        (
            SimpleKind::String { min_length, max_length } | SimpleKind::Binary { min_length, max_length, .. },
            tag @ ("length" | "minLength" | "maxLength"),
        ) => {
            let length: u32 = value.parse().map_err(|_| bad_value())?;
            if tag != "maxLength" {
                *min_length = (*min_length).max(length);
            }
            if tag != "minLength" {
                *max_length = tighter(*max_length, Some(length));
            }
        }
        _ => return Err(mismatch()),
    }
    Ok(())
}

/// The smaller of two upper bounds.
fn tighter<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
