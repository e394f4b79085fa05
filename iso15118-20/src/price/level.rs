//! Price levels: relative prices without an amount.

use exi_codec::iso20::common_messages::{PriceLevelSchedule, PriceLevelScheduleEntry};
use exi_codec::{Iter, List};

use super::PriceError;
use crate::schedule::{Cursor, Part, unix_seconds};

/// A `PriceLevelSchedule` that was found valid.
///
/// ```
/// use exi_codec::iso20::common_messages::PriceLevelScheduleEntry;
/// use exi_codec::iso20::common_types::NumericId;
/// use iso15118_20::price::{PriceLevels, level_prices};
///
/// let entries = [
///     PriceLevelScheduleEntry { duration: 3600, price_level: 2 },
///     PriceLevelScheduleEntry { duration: 3600, price_level: 0 },
/// ];
/// let levels = PriceLevels::new(&level_prices(NumericId::new(1).unwrap(), 1_000, &entries))?;
/// assert_eq!(levels.level_at(4_599), Some(2));
/// assert_eq!(levels.level_at(4_600), Some(0));
/// assert_eq!(levels.level_at(8_200), None);
/// # Ok::<(), iso15118_20::price::PriceError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PriceLevels<'a> {
    start: u64,
    levels: u8,
    entries: List<'a, PriceLevelScheduleEntry>,
}

impl<'a> PriceLevels<'a> {
    /// Checks a schedule in one pass over it.
    ///
    /// # Errors
    /// No entry lasts, or an entry has a level that is not below the number of levels. A schedule that says it
    /// has no levels at all is not held to it.
    pub fn new(schedule: &PriceLevelSchedule<'a>) -> Result<Self, PriceError> {
        let entries = schedule.price_level_schedule_entries;
        let levels = schedule.number_of_price_levels;
        let mut lasts = false;
        for (index, entry) in entries.iter().enumerate() {
            if levels > 0 && entry.price_level >= levels {
                return Err(PriceError::Level { entry: index as u16 });
            }
            lasts |= entry.duration > 0;
        }
        if !lasts {
            return Err(PriceError::Empty);
        }
        Ok(Self { start: unix_seconds(schedule.time_anchor), levels, entries })
    }

    /// Start, Unix time in seconds.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// Number of levels, as the schedule says it.
    pub const fn levels(&self) -> u8 {
        self.levels
    }

    /// The level at a Unix time in seconds, 0 being the cheapest; none before the start and after the end.
    pub fn level_at(&self, time: u64) -> Option<u8> {
        let span = self.cursor().at(time);
        span.value.filter(|_| span.part == Part::Within)
    }

    pub(crate) fn cursor(&self) -> Cursor<u8, LevelSteps<'a>> {
        Cursor::new(self.start, LevelSteps(self.entries.iter()))
    }
}

/// Duration and level, entry by entry.
pub(crate) struct LevelSteps<'a>(Iter<'a, PriceLevelScheduleEntry>);

impl Iterator for LevelSteps<'_> {
    type Item = (u32, u8);

    fn next(&mut self) -> Option<(u32, u8)> {
        self.0.next().map(|entry| (entry.duration, entry.price_level))
    }
}
