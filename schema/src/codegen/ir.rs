//! What is left of a schema once Rust types have been chosen.

use crate::XsdError;

/// A schema that the generator cannot turn into Rust.
#[derive(Debug, thiserror::Error)]
pub enum CodegenError {
    /// The set could not be read.
    #[error(transparent)]
    Schema(#[from] XsdError),
    /// A construct without a Rust form.
    #[error("{place}: {reason}")]
    Unsupported {
        /// Type or element.
        place: String,
        /// What is not supported.
        reason: String,
    },
}

impl CodegenError {
    pub(super) fn unsupported(place: &str, reason: impl Into<String>) -> Self {
        Self::Unsupported { place: place.into(), reason: reason.into() }
    }
}

/// A Rust path: module below the generated root (none for the crate's own value types) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path {
    pub(super) module: Option<String>,
    pub(super) name: String,
}

/// The Rust and wire form of an element's or attribute's content.
#[derive(Debug, Clone)]
pub(super) enum Ty {
    Bool,
    Enum {
        path: Path,
        width: u32,
    },
    Ranged {
        path: Path,
        width: u32,
        count: u32,
    },
    U8,
    I8,
    U16,
    U32,
    U64,
    Positive(Path),
    I16,
    I32,
    Rational(Path),
    Str {
        min: u32,
        max: Option<u32>,
    },
    Bytes {
        min: u32,
        max: Option<u32>,
        hex: bool,
    },
    Array {
        len: u32,
        hex: bool,
    },
    Integer,
    Struct {
        path: Path,
        borrows: bool,
    },
    Lazy {
        path: Path,
        borrows: bool,
    },
    /// A complex type that holds nothing but one repeated element.
    Wrapped {
        item: Box<Item>,
        min: u32,
        max: Option<u32>,
    },
    /// A complex type without content.
    Unit,
    /// Forbidden by the profile.
    Opaque,
}

/// A named element.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) xml: String,
    pub(super) ty: Ty,
}

/// One of the productions that a slot offers.
#[derive(Debug, Clone)]
pub(super) enum Alternative {
    Item(Item),
    /// `xs:any`.
    Wildcard,
    /// Element of abstract type: the head of a substitution group.
    Abstract,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotKind {
    Attribute,
    Element,
    /// The text of a type with simple content.
    Text,
}

/// A position in the content of a type.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) kind: SlotKind,
    pub(super) field: String,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) alternatives: Vec<Alternative>,
    /// The enum, if more than one alternative can be chosen.
    pub(super) choice: Option<Path>,
    pub(super) doc: String,
}

impl Slot {
    /// The only element that can stand here, with its event code.
    pub(super) fn single(&self) -> Option<(u32, &Item)> {
        let mut items = self.items();
        let first = items.next()?;
        items.next().is_none().then_some(first)
    }

    /// The elements that can stand here, with their event codes.
    pub(super) fn items(&self) -> impl Iterator<Item = (u32, &Item)> {
        self.alternatives.iter().enumerate().filter_map(|(code, alternative)| match alternative {
            Alternative::Item(item) => Some((code as u32, item)),
            Alternative::Wildcard | Alternative::Abstract => None,
        })
    }

    pub(super) fn repeated(&self) -> bool {
        self.max != Some(1)
    }

    pub(super) fn width(&self) -> u32 {
        self.alternatives.len() as u32
    }
}

/// A complex type.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties of a type")]
pub(super) struct Struct {
    pub(super) path: Path,
    pub(super) xml: String,
    pub(super) slots: Vec<Slot>,
    pub(super) mixed: bool,
    pub(super) place: bool,
    pub(super) borrows: bool,
    /// Text with attributes before it: an element that ends before its text counts as empty.
    pub(super) simple_content: bool,
}

/// A choice.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) path: Path,
    pub(super) variants: Vec<(String, Item)>,
    pub(super) borrows: bool,
}

/// An enumeration.
#[derive(Debug, Clone)]
pub(super) struct Enumeration {
    pub(super) path: Path,
    pub(super) xml: String,
    pub(super) variants: Vec<(String, String)>,
}

/// An alias of a restricted integer.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub(super) path: Path,
    pub(super) xml: String,
    pub(super) target: String,
    pub(super) doc: String,
}

/// State `index` of a sequence of slots: how many productions, and the width of its event code.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) count: u32,
    pub(super) width: u32,
}

impl State {
    pub(super) fn new(count: u32) -> Self {
        // One more value than productions: the escape to the second level.
        Self { count, width: u32::BITS - count.leading_zeros() }
    }
}

impl Struct {
    /// Few fields of fixed size: worth a place in the loop that reads a list of them.
    pub(super) fn is_leaf(&self) -> bool {
        self.slots.len() <= 6
            && self.slots.iter().all(|slot| {
                !slot.repeated()
                    && slot.items().all(|(_, item)| {
                        !matches!(item.ty, Ty::Struct { .. } | Ty::Wrapped { .. } | Ty::Opaque)
                    })
            })
    }

    /// Little more than a list: worth a place in the loop that reads a list of them, for who has an index.
    pub(super) fn is_twig(&self) -> bool {
        self.slots.len() <= 2 && self.slots.iter().any(Slot::repeated) && !self.place
    }

    /// The state before slot `index`, nothing of which has been consumed.
    pub(super) fn state(&self, index: usize) -> State {
        State::new(self.productions(index))
    }

    fn productions(&self, index: usize) -> u32 {
        let mut count = 0;
        for slot in &self.slots[index..] {
            count += slot.width();
            if slot.min > 0 {
                return count;
            }
        }
        // End of the element, and text between children.
        count + 1 + u32::from(self.mixed)
    }
}
