//! What the items of long lists are made of, so that the reader can learn the form that they share.

use super::ir::{Item, Slot, SlotKind, Struct, Ty};
use super::lower::Registry;

/// Items that a list must allow for a form to be worth learning.
const LONG: u32 = 64;

/// Elements that are worth it in any list.
const MANY: usize = 3;

/// Whether a form is worth learning in a list of so many items.
pub(super) fn pays(item: &Struct, min: u32, max: Option<u32>) -> bool {
    min <= 1 && max.is_some_and(|max| max >= LONG || max > 1 && item.slots.len() >= MANY)
}

/// Whether some list is worth it.
pub(super) fn is_used(item: &Struct, registry: &Registry) -> bool {
    let is_item = |ty: &Ty| matches!(ty, Ty::Struct { path, .. } if *path == item.path);
    let slots = registry.structs.values().flat_map(|item| &item.slots);
    slots.into_iter().any(|slot| {
        slot.items().any(|(_, element)| match &element.ty {
            Ty::Wrapped { item: inner, min, max } => is_item(&inner.ty) && pays(item, *min, *max),
            ty => slot.repeated() && is_item(ty) && pays(item, slot.min, slot.max),
        })
    })
}

/// The parts of a type, as an expression. None if a value may be out of range, or if there is more than numbers.
pub(super) fn parts(item: &Struct, registry: &Registry) -> Option<String> {
    if item.place || item.mixed || item.simple_content {
        return None;
    }
    let last = item.slots.len().checked_sub(1)?;
    let parts = item.slots.iter().enumerate().map(|(index, slot)| {
        let part = part(slot, index == last, registry)?;
        Some(format!("({}, {part})", item.state(index).count))
    });
    Some(format!("&[{}]", parts.collect::<Option<Vec<_>>>()?.join(", ")))
}

fn part(slot: &Slot, last: bool, registry: &Registry) -> Option<String> {
    let (_, only) = slot.single()?;
    if slot.kind != SlotKind::Element || slot.width() != 1 {
        return None;
    }
    match slot.max {
        Some(1) => number(only),
        Some(max) if slot.min == 1 && last && u16::try_from(max).is_ok() => {
            let Ty::Struct { path, .. } = &only.ty else { return None };
            let parts = parts(registry.structs.get(path)?, registry)?;
            Some(format!("Part::List({max}, {parts})"))
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
