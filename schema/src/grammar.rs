//! EXI grammars of a schema set: schema-informed, not strict.
//!
//! The grammar of a type is a *position automaton* ([`TypeGrammar`]): a position is a place of the content model
//! where an attribute, an element, text or the end may stand, and the state is the position consumed last. The
//! normalisation that EXI asks for (empty and duplicate productions removed) yields the same automaton.
//! A particle that may occur several times is one position with a counter; EXI unrolls it, [`Cursor`] counts.

mod build;
mod compare;
mod content;
mod cursor;
mod dump;
#[cfg(test)]
mod tests;

pub use build::Unsupported;
pub use compare::{CompareError, Mismatch, Report, compare, compare_all, compare_fragment};
pub use cursor::{Cursor, Kind, Production, SecondLevel, code_width};

use crate::{ElementId, Model, QName, TypeId};

/// The grammars of a schema set.
#[derive(Debug, Clone)]
pub struct Grammar {
    /// One per type of the model, in the same order.
    pub types: Vec<TypeGrammar>,
    /// Elements that may be a document root: the event code is the index, the next one is SE(*).
    pub document: Vec<ElementId>,
    /// Elements that may stand in a fragment: the event code is the index, then follow SE(*) and ED.
    pub fragment: Vec<FragmentElement>,
    /// Names of all attributes of the set, sorted: what the relaxed element-fragment grammar allows.
    pub attributes: Vec<QName>,
}

/// What a fragment may hold under one name.
#[derive(Debug, Clone)]
pub struct FragmentElement {
    /// Name.
    pub name: QName,
    /// A declaration of the name, none when declarations differ in type; then the relaxed grammar applies.
    pub element: Option<ElementId>,
}

/// The grammar of a type.
#[derive(Debug, Clone, Default)]
pub struct TypeGrammar {
    /// In the order of event codes: attributes, elements, wildcard elements, end, text.
    pub positions: Vec<Position>,
    /// Positions that may come first.
    pub start: Vec<usize>,
    /// For each position those that may follow it, in order; its own repetition not included.
    pub follow: Vec<Vec<usize>>,
}

/// A place of a content model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// What stands there.
    pub event: Event,
    /// Counter of its particle, if that may occur several times.
    pub counter: Option<Counter>,
}

/// What stands at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// AT(qname) with a value of a simple type.
    Attribute {
        /// Name.
        name: QName,
        /// Simple type.
        type_id: TypeId,
        /// True if it may not be left out.
        required: bool,
    },
    /// AT(*).
    AnyAttribute,
    /// SE(qname).
    Element(ElementId),
    /// SE(*).
    AnyElement,
    /// EE.
    End,
    /// CH with a value of a simple type.
    Text(TypeId),
    /// CH with a string, in mixed content.
    MixedText,
}

/// Bounds of a repetition. Positions of one particle (alternatives of a substitution group) share a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Distinguishes the counters of a type.
    pub id: usize,
    /// Smallest number of occurrences once the first has come.
    pub min: u32,
    /// Largest number of occurrences.
    pub max: Option<u32>,
}

impl Grammar {
    /// Derives the grammars of a set.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] for a content model that is not deterministic.
    pub fn new(model: &Model) -> Result<Self, Unsupported> {
        build::grammar(model)
    }
}
