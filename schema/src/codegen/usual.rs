//! The form that nearly all items of a long list have.

use super::ir::{Path, SlotKind, Struct, Ty};
use super::lower::Registry;

/// Bits of the longest form: what a window holds, less the event code after it.
const LONGEST: usize = 55;

/// Items that a list must allow for the form to be worth a look.
const LONG: u32 = 64;

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

/// The bits of an item whose numbers take two octets and that has nothing optional, from behind its start event to
/// its end event: `0` and `1` for the bits that are always so, `.` for the others, `x` for the bits of a second
/// octet, which are not all zero. None if the item is not made of numbers, or too long.
pub(super) fn form(item: &Struct) -> Option<String> {
    let mut bits = String::new();
    // Zeros that are due between two values.
    let mut due = 0;
    let mut slots = item.slots.iter().enumerate();
    if item.place || item.mixed || item.simple_content {
        return None;
    }
    let end = loop {
        let Some((index, slot)) = slots.next() else { break item.state(item.slots.len()) };
        if slot.min == 0 {
            break item.state(index);
        }
        let (_, only) = slot.single()?;
        if slot.kind != SlotKind::Element || slot.repeated() || slot.width() != 1 {
            return None;
        }
        bits.push_str(&"0".repeat(due + 1));
        due = match only.ty {
            Ty::U16 | Ty::U32 => {
                bits.push_str("01.......0xxxxxxx");
                1
            }
            Ty::Rational(_) => {
                bits.push_str("00........000.1.......0xxxxxxx00");
                0
            }
            _ => return None,
        };
    };
    if slots.any(|(_, slot)| slot.min > 0) {
        return None;
    }
    bits.push_str(&"0".repeat(due));
    let code = end.count - 1;
    bits.extend((0..end.width).rev().map(|bit| if code >> bit & 1 == 1 { '1' } else { '0' }));
    (bits.len() <= LONGEST && bits.contains('x')).then_some(bits)
}
