//! What the items of lists are made of, as data: for learning the form that they share. Generated.

// Firmware learns nothing; there only the names are needed.
#![cfg_attr(not(target_pointer_width = "64"), allow(dead_code, reason = "learned on hosts only"))]

/// What an item is made of: its elements in order. Each comes after an event code, which counts how many elements are left out
/// before it, or before the end, and is less than the number given.
pub type Layout = &'static [(u32, Part)];

/// The content of an element, of which no value is out of range.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// An integer of at most so many octets.
    Integer(u32),
    /// A decimal number with a magnitude of at most two octets.
    Decimal,
    /// So many bits.
    Bits(u32),
    /// So many items at most, and one at least; nothing comes after them.
    List(u16, Layout),
}

/// Whether an item ends with a list of items without lists.
#[cfg(target_pointer_width = "64")]
pub(crate) const fn ends_with_list(layout: Layout) -> bool {
    matches!(layout.last(), Some((_, Part::List(_, items))) if !matches!(items.last(), Some((_, Part::List(..)))))
}
