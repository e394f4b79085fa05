//! Where the lists of a message end.

use core::fmt;

pub(crate) use kept::{Slot, Slots};

/// What is known of a list that was decoded before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The bit behind the event after the last item.
    pub(crate) end: u32,
    /// Number of items.
    pub(crate) count: u16,
    /// The lists in the items.
    pub(crate) inner: Inner,
    /// The event after the last item.
    pub(crate) next: u8,
}

/// Where the slots of the lists in the items of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inner {
    /// So many come next.
    Slots(u16),
    /// One comes next, of the list that the first item ends with: all items have its form.
    Alike,
}

impl Inner {
    /// How many slots come next.
    #[inline(always)]
    pub(crate) const fn slots(self) -> u16 {
        match self {
            Self::Slots(count) => count,
            Self::Alike => 1,
        }
    }
}

/// Memory lent to [`decode_indexed`](crate::decode_indexed): a slot of eight octets for each of the first `N` lists of a message.
///
/// Lists that find no slot are read as without an index, so any `N` will do. A price schedule takes a slot for each of its
/// stacks and five more; the longest `ScheduleExchangeRes` that the schema allows has six schedules of 1024 stacks, which is
/// 6175 lists and 49 kB, and one of a day in quarters of an hour 102. A `ServiceDetailRes` has 33 lists at most. On machines
/// with words of 32 bits, where flash and RAM are scarce, an index takes no room and does nothing.
pub struct Index<const N: usize> {
    slots: [Slot; N],
}

impl<const N: usize> Index<N> {
    /// An index to be lent; it can be lent again when the message is gone.
    pub const fn new() -> Self {
        Self { slots: [const { Slot::new() }; N] }
    }

    pub(crate) const fn slots(&self) -> Slots<'_> {
        Slots::of(&self.slots)
    }
}

impl<const N: usize> Default for Index<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for Index<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index<{N}>")
    }
}

#[cfg(target_pointer_width = "64")]
mod kept {
    use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::{Extent, Inner};

    /// What stands for [`Inner::Alike`] where else is the number of slots.
    const ALIKE: u16 = 0xFFF;

    /// The extent of one list, in one word. Atomic because views of the message refer to it while it is written; that
    /// costs nothing, and messages can be sent to other threads.
    #[derive(Debug)]
    pub(crate) struct Slot(AtomicU64);

    impl Slot {
        pub(crate) const fn new() -> Self {
            Self(AtomicU64::new(0))
        }

        /// What was recorded, if it could be.
        #[inline(always)]
        pub(crate) fn get(&self) -> Option<Extent> {
            let word = self.0.load(Relaxed);
            (word != 0).then_some(Extent {
                end: (word >> 32) as u32,
                count: (word >> 16) as u16,
                inner: match word as u16 >> 4 {
                    ALIKE => Inner::Alike,
                    count => Inner::Slots(count),
                },
                next: word as u8 & 0xF,
            })
        }

        /// Records an extent, or that it is too large to be recorded.
        #[inline(always)]
        pub(crate) fn set(&self, extent: Extent) {
            let (inner, fits) = match extent.inner {
                Inner::Slots(count) => (count, count < ALIKE),
                Inner::Alike => (ALIKE, true),
            };
            let fits = fits && extent.next < 1 << 4;
            let low = inner << 4 | u16::from(extent.next);
            let word = u64::from(extent.end) << 32 | u64::from(extent.count) << 16 | u64::from(low);
            self.0.store(if fits { word } else { 0 }, Relaxed);
        }
    }

    /// The slots of the lists from a place in the message on; none without an index.
    #[derive(Debug, Clone, Copy, Default)]
    pub(crate) struct Slots<'a>(&'a [Slot]);

    impl<'a> Slots<'a> {
        pub(super) const fn of(slots: &'a [Slot]) -> Self {
            Self(slots)
        }

        pub(crate) const fn none() -> Self {
            Self(&[])
        }

        /// The slot of the list at hand; what is left is for the lists in its items.
        #[inline(always)]
        pub(crate) const fn take(&mut self) -> Option<&'a Slot> {
            let Some((slot, rest)) = self.0.split_first() else { return None };
            self.0 = rest;
            Some(slot)
        }

        /// The extent of the list at hand.
        #[inline(always)]
        pub(crate) fn first(self) -> Option<Extent> {
            self.0.first()?.get()
        }

        /// Passes over slots.
        #[inline(always)]
        pub(crate) fn skip(&mut self, count: u16) {
            if count > 0 {
                self.0 = self.0.get(usize::from(count)..).unwrap_or_default();
            }
        }

        /// How many slots were taken since.
        #[inline(always)]
        pub(crate) const fn taken(self, before: Self) -> usize {
            before.0.len() - self.0.len()
        }
    }
}

#[cfg(not(target_pointer_width = "64"))]
#[expect(clippy::unused_self, reason = "the interface of the other one")]
mod kept {
    use core::marker::PhantomData;

    use super::Extent;

    #[derive(Debug)]
    pub(crate) struct Slot;

    impl Slot {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) const fn get(&self) -> Option<Extent> {
            None
        }

        pub(crate) const fn set(&self, _: Extent) {}
    }

    #[derive(Debug, Clone, Copy, Default)]
    pub(crate) struct Slots<'a>(PhantomData<&'a Slot>);

    impl<'a> Slots<'a> {
        pub(super) const fn of(_: &'a [Slot]) -> Self {
            Self::none()
        }

        pub(crate) const fn none() -> Self {
            Self(PhantomData)
        }

        pub(crate) const fn take(&mut self) -> Option<&'a Slot> {
            None
        }

        pub(crate) const fn first(self) -> Option<Extent> {
            None
        }

        pub(crate) const fn skip(&mut self, _: u16) {}

        pub(crate) const fn taken(self, _: Self) -> usize {
            0
        }
    }
}
