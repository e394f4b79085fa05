//! Type definitions.

use std::fmt::Write as _;

use super::ir::{Alias, Choice, Enumeration, Item, Path, Slot, SlotKind, Struct, Ty};
use super::module::Imports;

/// The Rust type of a value.
pub(super) fn rust_type(ty: &Ty, imports: &mut Imports) -> String {
    let path = |path: &Path, borrows: bool, imports: &mut Imports| {
        let name = imports.path(path);
        if borrows { format!("{name}<'a>") } else { name }
    };
    match ty {
        Ty::Bool => "bool".into(),
        Ty::Enum { path: p, .. } | Ty::Ranged { path: p, .. } | Ty::Positive(p) | Ty::Rational(p) => {
            path(p, false, imports)
        }
        Ty::U8 => "u8".into(),
        Ty::I8 => "i8".into(),
        Ty::U16 => "u16".into(),
        Ty::U32 => "u32".into(),
        Ty::U64 => "u64".into(),
        Ty::I16 => "i16".into(),
        Ty::I32 => "i32".into(),
        Ty::Str { .. } => imports.value("Str") + "<'a>",
        Ty::Bytes { .. } => imports.value("Bytes") + "<'a>",
        Ty::Array { len, .. } => format!("[u8; {len}]"),
        Ty::Integer => imports.value("Integer") + "<'a>",
        Ty::Struct { path: p, borrows } => path(p, *borrows, imports),
        Ty::Lazy { path: p, borrows } => {
            let inner = path(p, *borrows, imports);
            format!("{}<'a, {inner}>", imports.value("Lazy"))
        }
        Ty::Wrapped { item, .. } => {
            let inner = rust_type(&item.ty, imports);
            format!("{}<'a, {inner}>", imports.value("List"))
        }
        Ty::Unit => "()".into(),
        Ty::Opaque => imports.value("Opaque") + "<'a>",
    }
}

fn field_type(slot: &Slot, choice_borrows: impl Fn(&Path) -> bool, imports: &mut Imports) -> String {
    let inner = match (&slot.choice, slot.single()) {
        (Some(path), _) => {
            let name = imports.path(path);
            if choice_borrows(path) { format!("{name}<'a>") } else { name }
        }
        (None, Some((_, item))) => rust_type(&item.ty, imports),
        (None, None) => unreachable!("slots without element have no field"),
    };
    let opaque = matches!(slot.single(), Some((_, Item { ty: Ty::Opaque, .. })));
    if slot.repeated() && !opaque {
        format!("{}<'a, {inner}>", imports.value("List"))
    } else if slot.min == 0 {
        format!("Option<{inner}>")
    } else {
        inner
    }
}

pub(super) fn structure(
    out: &mut String,
    item: &Struct,
    choice_borrows: impl Fn(&Path) -> bool,
    imports: &mut Imports,
) {
    let lifetime = if item.borrows { "<'a>" } else { "" };
    let _ = writeln!(out, "/// `{}`.", item.xml);
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy, Default, PartialEq)]");
    let _ = writeln!(out, "pub struct {}{lifetime} {{", item.path.name);
    for slot in item.slots.iter().filter(|slot| !slot.field.is_empty()) {
        let attribute = if slot.kind == SlotKind::Attribute { "Attribute " } else { "" };
        let _ = writeln!(out, "/// {attribute}{}", slot.doc);
        let ty = field_type(slot, &choice_borrows, imports);
        let _ = writeln!(out, "pub {}: {ty},", slot.field);
    }
    if item.place {
        let _ = writeln!(out, "/// Where the element stood in the message received.");
        let _ = writeln!(out, "pub place: {}<'a>,", imports.value("Place"));
    }
    let _ = writeln!(out, "}}\n");
}

pub(super) fn choice(out: &mut String, item: &Choice, imports: &mut Imports) {
    let lifetime = if item.borrows { "<'a>" } else { "" };
    let names =
        item.variants.iter().map(|(_, item)| format!("`{}`", item.xml)).collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "/// One of {names}.");
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq)]");
    let _ = writeln!(out, "pub enum {}{lifetime} {{", item.path.name);
    for (name, variant) in &item.variants {
        let _ = writeln!(out, "/// `{}`.", variant.xml);
        if matches!(variant.ty, Ty::Unit) {
            let _ = writeln!(out, "{name},");
        } else {
            let _ = writeln!(out, "{name}({}),", rust_type(&variant.ty, imports));
        }
    }
    let _ = writeln!(out, "}}\n");
    let (first, variant) = &item.variants[0];
    let value = if matches!(variant.ty, Ty::Unit) { String::new() } else { "(Default::default())".into() };
    let lifetime = if item.borrows { "<'_>" } else { "" };
    let _ = writeln!(out, "impl Default for {}{lifetime} {{", item.path.name);
    let _ = writeln!(out, "fn default() -> Self {{ Self::{first}{value} }}\n}}\n");
}

pub(super) fn enumeration(out: &mut String, item: &Enumeration, imports: &mut Imports) {
    imports.codec("enumeration");
    let _ = writeln!(out, "enumeration! {{");
    let _ = writeln!(out, "/// `{}`.", item.xml);
    let _ = writeln!(out, "{} {{", item.path.name);
    for (name, literal) in &item.variants {
        let _ = writeln!(out, "{name} = {literal:?},");
    }
    let _ = writeln!(out, "}}\n}}\n");
}

pub(super) fn alias(out: &mut String, item: &Alias, imports: &mut Imports) {
    let name = item.target.split('<').next().unwrap_or_default();
    imports.value(name);
    let _ = writeln!(out, "/// `{}`: {}.", item.xml, item.doc);
    let _ = writeln!(out, "pub type {} = {};\n", item.path.name, item.target);
}
