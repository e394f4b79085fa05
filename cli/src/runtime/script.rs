//! What happens at one end, and when: the scenario as a list that is worked off.

use std::time::Duration;

use iso15118_20::message::MessageKind;
use v2g_scenario::scenario::{Action, Event, Fault, FaultKind, Side, Span, When};

/// Something that is to happen at an end. `C` is what can change there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed<C> {
    Change(C),
    /// What the end does on purpose, and how long the other has to follow.
    Act(Action, Span),
    Fault(FaultKind),
}

/// When an entry is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    At(Duration),
    Round(u32),
    /// When so many more of these messages have passed.
    Message(MessageKind, u32),
    Never,
}

#[derive(Clone, Debug)]
struct Entry<C> {
    when: When,
    next: Next,
    deed: Deed<C>,
}

/// The deeds of one end in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Script<C> {
    entries: Vec<Entry<C>>,
}

impl<C: Copy> Script<C> {
    /// The deeds of `side`.
    pub(super) fn new(
        side: Side,
        changes: impl Iterator<Item = (When, C)>,
        events: &[Event],
        faults: &[Fault],
    ) -> Self {
        let changes = changes.map(|(when, change)| (when, Deed::Change(change)));
        let events = events.iter().filter(|event| event.side == side);
        let faults = faults.iter().filter(|fault| fault.side == side);
        let all = changes
            .chain(events.map(|event| (event.when, Deed::Act(event.action, event.within))))
            .chain(faults.map(|fault| (fault.when, Deed::Fault(fault.what))));
        let entries = all.map(|(when, deed)| Entry { when, next: Next::Never, deed }).collect();
        let mut script = Self { entries };
        script.rewind();
        script
    }

    /// Begins again.
    pub(super) fn rewind(&mut self) {
        for entry in &mut self.entries {
            entry.next = match entry.when {
                When::Start => Next::At(Duration::ZERO),
                When::At { first, .. } => Next::At(first.duration()),
                When::Round { first, .. } => Next::Round(first),
                When::Message { kind, nth } => Next::Message(kind, nth),
            };
        }
    }

    /// A deed that is due at this time of the scenario. To be called until there is none.
    pub(super) fn at(&mut self, time: Duration) -> Option<Deed<C>> {
        self.due(|entry| match (entry.next, entry.when) {
            (Next::At(at), When::At { every: Some(every), .. }) if at <= time => {
                Some(Next::At(at + every.duration()))
            }
            (Next::At(at), _) if at <= time => Some(Next::Never),
            _ => None,
        })
    }

    /// A deed that is due when so many rounds of the charge loop are done. To be called until there is none.
    pub(super) fn round(&mut self, rounds: u32) -> Option<Deed<C>> {
        self.due(|entry| match (entry.next, entry.when) {
            (Next::Round(at), When::Round { every: Some(every), .. }) if at <= rounds => {
                Some(Next::Round(at + every))
            }
            (Next::Round(at), _) if at <= rounds => Some(Next::Never),
            _ => None,
        })
    }

    /// A message has passed: returns what is due, all of it.
    pub(super) fn message(&mut self, kind: MessageKind) -> Vec<Deed<C>> {
        let mut due = Vec::new();
        for entry in &mut self.entries {
            match entry.next {
                Next::Message(wanted, 1) if wanted == kind => {
                    entry.next = Next::Never;
                    due.push(entry.deed);
                }
                Next::Message(wanted, left) if wanted == kind => entry.next = Next::Message(kind, left - 1),
                _ => {}
            }
        }
        due
    }

    fn due(&mut self, after: impl Fn(&Entry<C>) -> Option<Next>) -> Option<Deed<C>> {
        self.entries.iter_mut().find_map(|entry| {
            entry.next = after(entry)?;
            Some(entry.deed)
        })
    }

    /// The next time of the scenario at which something is due.
    pub(super) fn next_time(&self) -> Option<Duration> {
        let times = self.entries.iter().filter_map(|entry| match entry.next {
            Next::At(at) => Some(at),
            _ => None,
        });
        times.min()
    }
}

#[cfg(test)]
mod tests {
    use v2g_scenario::Scenario;

    use super::{Deed, Duration, FaultKind, MessageKind, Script, Side};

    fn script(text: &str) -> Script<u32> {
        let scenario = Scenario::parse(text).unwrap();
        let changes = scenario.station.change.iter().enumerate().map(|(i, change)| (change.when, i as u32));
        Script::new(Side::Station, changes, &scenario.events, &scenario.faults)
    }

    fn at(script: &mut Script<u32>, seconds: u64) -> Vec<Deed<u32>> {
        std::iter::from_fn(|| script.at(Duration::from_secs(seconds))).collect()
    }

    #[test]
    fn times_come_once_or_again_and_again() {
        let mut script = script(
            "[[station.change]]\nwhen = \"10 s every 20 s\"\n[[station.change]]\nwhen = \"30 s\"\n\
             [[station.change]]\nwhen = \"start\"",
        );
        assert_eq!(at(&mut script, 0), [Deed::Change(2)]);
        assert_eq!(at(&mut script, 9), []);
        assert_eq!(script.next_time(), Some(Duration::from_secs(10)));
        assert_eq!(at(&mut script, 30), [Deed::Change(0), Deed::Change(0), Deed::Change(1)]);
        assert_eq!(at(&mut script, 49), []);
        assert_eq!(at(&mut script, 50), [Deed::Change(0)]);
        script.rewind();
        assert_eq!(at(&mut script, 0), [Deed::Change(2)]);
    }

    #[test]
    fn rounds_and_messages_are_counted() {
        let mut script = script(
            "[[station.change]]\nwhen = \"round 2 every 3\"\n\
             [[fault]]\nwhen = \"DC_ChargeLoopReq 2\"\nside = \"station\"\nfault = \"unplug\"\n\
             [[fault]]\nwhen = \"DC_ChargeLoopReq\"\nside = \"vehicle\"\nfault = \"unplug\"",
        );
        let rounds: Vec<u32> = (1..9).filter(|round| script.round(*round).is_some()).collect();
        assert_eq!(rounds, [2, 5, 8]);
        assert_eq!(script.message(MessageKind::DcChargeLoopReq), []);
        assert_eq!(script.message(MessageKind::DcChargeLoopRes), []);
        assert_eq!(script.message(MessageKind::DcChargeLoopReq), [Deed::Fault(FaultKind::Unplug)]);
        assert_eq!(script.message(MessageKind::DcChargeLoopReq), []);
    }
}
