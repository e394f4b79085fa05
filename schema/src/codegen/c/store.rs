//! What fills a struct of C's with values of Rust's.

use super::super::decode::PLACE;
use super::super::ir::{Item, Path, Ty};
use super::super::lower::Registry;
use super::{Content, Field, Names, rust_with_lifetime, snake};

/// The list in Rust of such items.
pub(super) fn list_of(registry: &Registry, item: &Item) -> String {
    let item = match &item.ty {
        Ty::Struct { path, .. } | Ty::Enum { path, .. } => rust_with_lifetime(registry, path),
        Ty::Str { .. } => "exi_codec::Str<'_>".into(),
        Ty::Bytes { .. } => "exi_codec::Bytes<'_>".into(),
        _ => "u16".into(),
    };
    format!("exi_codec::List<'_, {item}>")
}

/// The type of what is read, where reading leaves it open.
pub(super) fn annotation(registry: &Registry, ty: &Ty) -> Option<String> {
    match ty {
        Ty::Rational(_) => Some("v2g_number".into()),
        Ty::Wrapped { item, .. } => Some(list_of(registry, item)),
        Ty::Lazy { path, .. } => Some(format!("exi_codec::Lazy<'_, {}>", rust_with_lifetime(registry, path))),
        _ => None,
    }
}

impl Names {
    /// Fills an alternative of a choice: with a value, or after a statement.
    pub(in super::super) fn alternative(
        &self,
        registry: &Registry,
        field: &str,
        choice: &Path,
        variant: &str,
        (ty, value, before): (&Ty, Option<&str>, &str),
    ) -> String {
        let member = snake(variant);
        let kind = format!("{}_{}", self.constant(choice), member.to_ascii_uppercase());
        let kind = format!("(&raw mut (*out).{field}.kind).write({kind})");
        let place = format!("{field}.value.{member}");
        match (value, ty) {
            (None, _) => format!("{{ {before}; {kind} }}"),
            (Some(value), Ty::Struct { .. }) => format!("{{ {kind}; {} }}", value.replace(PLACE, &place)),
            (Some(value), Ty::Rational(_)) => {
                format!("{{ {kind}; let v: v2g_number = {value}; (&raw mut (*out).{place}).write(v) }}")
            }
            (Some(value), _) => {
                let known = annotation(registry, ty).map_or(String::new(), |ty| format!(": {ty}"));
                format!("{{ {kind}; let v{known} = {value}; {} }}", put_value(ty, "v", &place))
            }
        }
    }
}

/// Writes a value of Rust's into a field of C's.
pub(super) fn put_value(ty: &Ty, x: &str, field: &str) -> String {
    let to = format!("&raw mut (*out).{field}");
    let value = match ty {
        Ty::Bool => format!("u8::from({x})"),
        Ty::Enum { .. } => format!("{x} as u8 + 1"),
        Ty::Ranged { .. } | Ty::Positive(_) => format!("{x}.get()"),
        Ty::Rational(_) => format!("v2g_number::from({x})"),
        Ty::U8 | Ty::I8 | Ty::U16 | Ty::U32 | Ty::U64 | Ty::I16 | Ty::I32 | Ty::Array { .. } => x.into(),
        Ty::Unit | Ty::Opaque => "0".into(),
        Ty::Str { .. } => return format!("v2g_exi_text::store({x}, {to});"),
        Ty::Bytes { .. } => return format!("v2g_exi_octets::store({x}, {to});"),
        Ty::Integer => return format!("v2g_exi_integer::store({x}, {to});"),
        Ty::Struct { .. } => return format!("Mirrored::store(&{x}, {to});"),
        Ty::Lazy { .. } => return format!("v2g_exi_lazy::store({x}, {to});"),
        Ty::Wrapped { .. } => return format!("v2g_exi_list::store({x}, {to});"),
    };
    format!("({to}).write({value});")
}

/// Writes a field.
pub(super) fn stored(field: &Field<'_>, of: &str) -> String {
    let name = field.name;
    let (x, to) = (format!("{of}{name}"), format!("&raw mut (*out).{name}"));
    match (&field.content, field.optional) {
        (Content::Place, _) => format!("v2g_exi_view::store(PLACE, {x}, {to});"),
        (Content::Forbidden, _) => format!("({to}).write(0);"),
        (Content::List, _) => format!("v2g_exi_list::store({x}, {to});"),
        (Content::Choice, false) => format!("Mirrored::store(&{x}, {to});"),
        (Content::Choice | Content::Value(Ty::Struct { .. }), true) => {
            format!("if let Some(v) = &{x} {{ Mirrored::store(v, {to}); }}")
        }
        (Content::Value(ty), false) => put_value(ty, &x, name),
        (Content::Value(Ty::Rational(_)), true) => format!("({to}).write({x}.into());"),
        (Content::Value(ty), true) => {
            let none = match ty {
                Ty::Array { .. } => {
                    return format!("if let Some(v) = {x} {{ {} }}", put_value(ty, "v", name));
                }
                Ty::Str { .. } => format!("v2g_exi_text::absent({to})"),
                Ty::Bytes { .. } => format!("v2g_exi_octets::absent({to})"),
                Ty::Integer => format!("v2g_exi_integer::absent({to})"),
                Ty::Lazy { .. } => format!("v2g_exi_lazy::absent({to})"),
                Ty::Wrapped { .. } => format!("v2g_exi_list::absent({to})"),
                _ => format!("({to}).write(Default::default())"),
            };
            format!("match {x} {{ Some(v) => {{ {} }} None => {none}, }}", put_value(ty, "v", name))
        }
    }
}
