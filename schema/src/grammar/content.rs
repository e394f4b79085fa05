//! Content models to positions: which may come first, last and after each other.

use super::{Counter, Event, Position};
use crate::{Model, Particle, Term};

/// The part of an automaton that a particle gives.
#[derive(Debug, Clone)]
pub(super) struct Fragment {
    pub(super) nullable: bool,
    pub(super) first: Vec<usize>,
    pub(super) last: Vec<usize>,
}

impl Fragment {
    pub(super) fn empty() -> Self {
        Fragment { nullable: true, first: Vec::new(), last: Vec::new() }
    }
}

/// Positions under construction, in document order.
pub(super) struct Builder<'m> {
    model: &'m Model,
    pub(super) positions: Vec<Position>,
    pub(super) follow: Vec<Vec<usize>>,
}

impl<'m> Builder<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        Builder { model, positions: Vec::new(), follow: Vec::new() }
    }

    /// Adds one position.
    pub(super) fn position(&mut self, position: Position) -> Fragment {
        let index = self.positions.len();
        self.positions.push(position);
        self.follow.push(Vec::new());
        Fragment { nullable: false, first: vec![index], last: vec![index] }
    }

    /// Lets each of `next` follow each of `last`.
    pub(super) fn link(&mut self, last: &[usize], next: &[usize]) {
        for &from in last {
            for &to in next {
                if !self.follow[from].contains(&to) {
                    self.follow[from].push(to);
                }
            }
        }
    }

    /// Adds a particle.
    pub(super) fn particle(&mut self, particle: &Particle) -> Fragment {
        match &particle.term {
            Term::Element { element, by_reference } => {
                let alternatives = if *by_reference {
                    self.model.elements[element.0].alternatives.clone()
                } else {
                    vec![*element]
                };
                self.leaf(particle, alternatives.into_iter().map(Event::Element))
            }
            Term::Any => self.leaf(particle, std::iter::once(Event::AnyElement)),
            Term::Sequence(_) | Term::Choice(_) => self.group(particle),
        }
    }

    /// A particle that consumes one element per occurrence: repetition needs no copies, only a counter.
    fn leaf(&mut self, particle: &Particle, events: impl Iterator<Item = Event>) -> Fragment {
        let (min, max) = (particle.min, particle.max);
        let counted = min > 1 || max.is_some_and(|max| max > 1);
        let counter = counted.then_some(Counter { id: self.positions.len(), min: min.max(1), max });
        let mut fragment = Fragment { nullable: min == 0, first: Vec::new(), last: Vec::new() };
        for event in events {
            let position = self.position(Position { event, counter });
            fragment.first.extend(position.first);
            fragment.last.extend(position.last);
        }
        if max.is_none() && !counted {
            self.link(&fragment.last.clone(), &fragment.first.clone());
        }
        fragment
    }

    fn group(&mut self, particle: &Particle) -> Fragment {
        let mandatory = match particle.max {
            None if particle.min <= 1 => {
                let mut looped = self.once(&particle.term);
                self.link(&looped.last.clone(), &looped.first.clone());
                looped.nullable |= particle.min == 0;
                return looped;
            }
            _ => particle.min,
        };
        let mut copies = Fragment::empty();
        for _ in 0..mandatory {
            let copy = self.once(&particle.term);
            copies = self.then(copies, copy);
        }
        let rest = match particle.max {
            None => {
                let mut looped = self.once(&particle.term);
                self.link(&looped.last.clone(), &looped.first.clone());
                looped.nullable = true;
                looped
            }
            Some(max) => self.optional_copies(&particle.term, max.saturating_sub(mandatory)),
        };
        self.then(copies, rest)
    }

    /// `(X (X (X …)?)?)?`
    fn optional_copies(&mut self, term: &Term, count: u32) -> Fragment {
        let copies: Vec<Fragment> = (0..count).map(|_| self.once(term)).collect();
        let mut nested = Fragment::empty();
        for copy in copies.into_iter().rev() {
            nested = self.then(copy, nested);
            nested.nullable = true;
        }
        nested
    }

    fn once(&mut self, term: &Term) -> Fragment {
        match term {
            Term::Sequence(items) => items.iter().fold(Fragment::empty(), |before, item| {
                let next = self.particle(item);
                self.then(before, next)
            }),
            Term::Choice(items) => {
                let mut all = Fragment { nullable: items.is_empty(), first: Vec::new(), last: Vec::new() };
                for item in items {
                    let alternative = self.particle(item);
                    all.nullable |= alternative.nullable;
                    all.first.extend(alternative.first);
                    all.last.extend(alternative.last);
                }
                all
            }
            // A group holds sequences and choices only; `particle` handles the rest.
            Term::Element { .. } | Term::Any => Fragment::empty(),
        }
    }

    fn then(&mut self, mut before: Fragment, mut after: Fragment) -> Fragment {
        self.link(&before.last, &after.first);
        if before.nullable {
            before.first.append(&mut after.first);
        }
        if after.nullable {
            before.last.append(&mut after.last);
        } else {
            before.last = after.last;
        }
        before.nullable &= after.nullable;
        before
    }
}
