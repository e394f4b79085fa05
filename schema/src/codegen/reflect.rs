//! The description of a type by its XML names, for tools.

use std::fmt::Write as _;

use super::ir::{Choice, Item, Slot, SlotKind, Struct, Ty};

/// How a slot is walked; the words are patterns of the macro in the runtime.
fn kind(slot: &Slot) -> String {
    let single = slot.single().map(|(_, item)| item);
    let optional = slot.min == 0;
    match (slot.kind, single) {
        (SlotKind::Text, _) => return "text".into(),
        (SlotKind::Attribute, _) => return if optional { "attribute_option" } else { "attribute" }.into(),
        (SlotKind::Element, None) => return if optional { "choice_option" } else { "choice" }.into(),
        _ => {}
    }
    match single.map(|item| &item.ty) {
        Some(Ty::Opaque) => "opaque".into(),
        Some(Ty::Wrapped { item, .. }) => {
            let word = if optional { "wrapped_option" } else { "wrapped" };
            format!("{word} {:?}", item.xml)
        }
        Some(Ty::Array { hex: true, .. } | Ty::Bytes { hex: true, .. }) => "hex".into(),
        _ if slot.repeated() => "list".into(),
        _ if optional => "option".into(),
        _ => "element".into(),
    }
}

pub(super) fn structure(out: &mut String, item: &Struct) {
    let lifetime = if item.borrows { "<'a>" } else { "" };
    let _ = writeln!(out, "reflect! {{ {}{lifetime} {{", item.path.name);
    for slot in item.slots.iter().filter(|slot| !slot.field.is_empty()) {
        let xml = slot.single().map_or("", |(_, item)| item.xml.as_str());
        let _ = writeln!(out, "{:?} {} {},", xml, slot.field, kind(slot));
    }
    if item.place {
        let _ = writeln!(out, "\"\" place skip,");
    }
    let _ = writeln!(out, "}} }}\n");
}

pub(super) fn choice(out: &mut String, item: &Choice) {
    let lifetime = if item.borrows { "<'a>" } else { "" };
    let _ = writeln!(out, "reflect_choice! {{ {}{lifetime} {{", item.path.name);
    for (name, Item { xml, ty }) in &item.variants {
        let value = match ty {
            Ty::Unit => String::new(),
            Ty::Wrapped { item, .. } => format!("(v items {:?})", item.xml),
            _ => "(v content)".into(),
        };
        let _ = writeln!(out, "{xml:?} {name}{value},");
    }
    let _ = writeln!(out, "}} }}\n");
}
