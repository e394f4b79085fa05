//! Consecutive entries, looked up along a clock that only moves forward.

/// Where a time stands in relation to a list of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Before the first entry, which is the one returned.
    Before,
    /// In the entry returned.
    Within,
    /// After the last entry, which is the one returned.
    After,
}

/// What holds at a time, and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<T> {
    /// The entry; none if the list has no entry that lasts.
    pub value: Option<T>,
    pub part: Part,
    /// Where the entry begins.
    pub since: u64,
    /// Later than the time that was asked for, but at the end of time.
    pub until: u64,
}

/// One walk over entries with a duration each. Entries that do not last do not exist.
pub(crate) struct Cursor<T, I> {
    entries: I,
    current: Option<T>,
    start: u64,
    since: u64,
    until: u64,
    part: Part,
}

impl<T: Copy, I: Iterator<Item = (u32, T)>> Cursor<T, I> {
    pub(crate) fn new(start: u64, entries: I) -> Self {
        let mut cursor =
            Self { entries, current: None, start, since: start, until: start, part: Part::Within };
        cursor.advance();
        cursor
    }

    fn advance(&mut self) {
        match self.entries.find(|(duration, _)| *duration > 0) {
            Some((duration, value)) => {
                self.current = Some(value);
                self.since = self.until;
                self.until = self.until.saturating_add(u64::from(duration));
            }
            None => self.part = Part::After,
        }
    }

    /// What holds at `time`, which must not lie before the time of the last call.
    pub(crate) fn at(&mut self, time: u64) -> Span<T> {
        if time < self.start && self.current.is_some() {
            return Span { value: self.current, part: Part::Before, since: self.since, until: self.start };
        }
        while time >= self.until && self.part == Part::Within {
            self.advance();
        }
        let until = if self.part == Part::After { u64::MAX } else { self.until };
        Span { value: self.current, part: self.part, since: self.since, until }
    }
}
