//! What the items of long lists are made of, so that the reader can learn the form that they share.

use super::ir::{Item, Path, Slot, SlotKind, Struct, Ty};
use super::lower::Registry;
use super::module::Imports;

/// Items that a list must allow for a form to be worth learning.
const LONG: u32 = 8;

/// Whether some list may hold many items of the type.
pub(super) fn in_long_list(path: &Path, registry: &Registry) -> bool {
    let is_item = |ty: &Ty| matches!(ty, Ty::Struct { path: own, .. } if own == path);
    let slots = registry.structs.values().flat_map(|item| &item.slots);
    slots.into_iter().any(|slot| {
        slot.items().any(|(_, item)| match &item.ty {
            Ty::Wrapped { item, max, .. } => max.is_none_or(|max| max >= LONG) && is_item(&item.ty),
            ty => slot.max.is_none_or(|max| max >= LONG) && is_item(ty),
        })
    })
}

/// The parts of a type, as an expression. None if a value may be out of range, or if there is more than numbers.
pub(super) fn parts(item: &Struct, registry: &Registry, imports: &mut Imports) -> Option<String> {
    if item.place || item.mixed || item.simple_content {
        return None;
    }
    let last = item.slots.len().checked_sub(1)?;
    let parts = item.slots.iter().enumerate().map(|(index, slot)| {
        let part = part(slot, index == last, registry, imports)?;
        Some(format!("({}, {part})", item.state(index).width))
    });
    Some(format!("&[{}]", parts.collect::<Option<Vec<_>>>()?.join(", ")))
}

/// Whether learning pays in a list of so many items: if it is long, or if there is much to read in each.
pub(super) fn pays(item: &Struct, max: Option<u32>) -> bool {
    max.is_none_or(|max| max >= 8 * LONG) || item.slots.len() > 2
}

fn part(slot: &Slot, last: bool, registry: &Registry, imports: &mut Imports) -> Option<String> {
    let (_, only) = slot.single()?;
    if slot.kind != SlotKind::Element || slot.width() != 1 {
        return None;
    }
    match slot.max {
        Some(1) => number(only),
        Some(max) if slot.min == 1 && last && max <= u32::from(u16::MAX) => {
            let Ty::Struct { path, .. } = &only.ty else { return None };
            // Named only if it exists: the type has a layout of its own.
            parts(registry.structs.get(path)?, registry, &mut Imports::default())?;
            let of = in_long_list(path, registry).then(|| imports.path(path))?;
            Some(format!("Part::List({max}, {of}::LAYOUT)"))
        }
        _ => None,
    }
}

fn number(item: &Item) -> Option<String> {
    let bits = |width: u32| Some(format!("Part::Bits({width})"));
    match item.ty {
        Ty::U16 => Some("Part::Integer(2)".into()),
        Ty::U32 => Some("Part::Integer(4)".into()),
        Ty::Rational(_) => Some("Part::Decimal".into()),
        Ty::Bool => bits(1),
        Ty::U8 | Ty::I8 => bits(8),
        Ty::Ranged { width, count, .. } if count == 1 << width => bits(width),
        _ => None,
    }
}
