//! Walking a type grammar: the states that EXI counts out one by one.

use super::{Event, TypeGrammar};

/// Kind of a state; it decides which second-level productions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Nothing but the start of the element has been seen.
    First,
    /// An attribute was last.
    StartTag,
    /// Content was last.
    Content,
}

/// A state of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    at: Option<usize>,
    count: u32,
    kind: Kind,
}

/// A first-level production of a state; its event code is its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Production<'g> {
    /// What is consumed.
    pub event: &'g Event,
    /// State after that, none after the end.
    pub next: Option<Cursor>,
}

/// A second-level production: something the schema does not declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondLevel {
    /// EE where content is missing.
    End,
    /// AT(xsi:type).
    XsiType,
    /// AT(xsi:nil).
    XsiNil,
    /// AT(*).
    AnyAttribute,
    /// A declared attribute with a value that its type does not have.
    UntypedAttribute,
    /// SE(*).
    AnyElement,
    /// CH as string.
    Text,
}

/// Bits of an event code with `codes` values.
pub fn code_width(codes: usize) -> u32 {
    codes.next_power_of_two().trailing_zeros()
}

impl Default for Cursor {
    fn default() -> Self {
        Cursor { at: None, count: 0, kind: Kind::First }
    }
}

impl Cursor {
    /// Kind of the state.
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// The first-level productions in the order of their event codes.
    pub fn productions(self, grammar: &TypeGrammar) -> Vec<Production<'_>> {
        let (follow, counter) = match self.at {
            None => (&grammar.start, None),
            Some(at) => (&grammar.follow[at], grammar.positions[at].counter),
        };
        let mut next: Vec<usize> = follow.clone();
        if let Some(counter) = counter {
            if self.count < counter.min {
                next.clear();
            }
            if counter.max.is_none_or(|max| self.count < max) {
                let again = |index: &usize| {
                    grammar.positions[*index].counter.is_some_and(|other| other.id == counter.id)
                };
                next.extend((0..grammar.positions.len()).filter(again));
                next.sort_unstable();
            }
        }
        next.into_iter()
            .filter(|&to| {
                let event = &grammar.positions[to].event;
                self.kind != Kind::Content || !matches!(event, Event::Attribute { .. } | Event::AnyAttribute)
            })
            .map(|to| Production { event: &grammar.positions[to].event, next: self.after(grammar, to) })
            .collect()
    }

    fn after(self, grammar: &TypeGrammar, to: usize) -> Option<Cursor> {
        let position = &grammar.positions[to];
        match position.event {
            Event::End => None,
            Event::Attribute { .. } => Some(Cursor { at: Some(to), count: 1, kind: Kind::StartTag }),
            Event::AnyAttribute => Some(Cursor { kind: Kind::StartTag, ..self }),
            Event::MixedText => Some(Cursor { kind: Kind::Content, ..self }),
            Event::Element(_) | Event::AnyElement | Event::Text(_) => {
                let counter = position.counter;
                let same = self.at.and_then(|at| grammar.positions[at].counter).map(|counter| counter.id);
                let count = match counter {
                    // An open repetition needs counting only as far as its lower bound.
                    Some(counter) if same == Some(counter.id) => match counter.max {
                        Some(_) => self.count + 1,
                        None => (self.count + 1).min(counter.min),
                    },
                    _ => 1,
                };
                Some(Cursor { at: Some(to), count, kind: Kind::Content })
            }
        }
    }

    /// The second-level productions in the order of their event codes.
    pub fn second_level(self, grammar: &TypeGrammar) -> Vec<SecondLevel> {
        let ends = self.productions(grammar).iter().any(|production| *production.event == Event::End);
        let mut list = Vec::new();
        if !ends {
            list.push(SecondLevel::End);
        }
        if self.kind == Kind::First {
            list.extend([SecondLevel::XsiType, SecondLevel::XsiNil]);
        }
        if self.kind != Kind::Content {
            list.extend([SecondLevel::AnyAttribute, SecondLevel::UntypedAttribute]);
        }
        list.extend([SecondLevel::AnyElement, SecondLevel::Text]);
        list
    }
}
