//! States of the open elements.

use super::ErrorKind;
use super::data::{Content, Element, Position, Step};

/// Most elements that may be open at a time. The deepest message of the sets has half as many.
pub const MAX_DEPTH: usize = 24;

/// An open element with its state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) element: &'static Element,
    /// Number of the position consumed last, counted from 1; 0 before the first.
    at: u8,
    /// How often it was consumed in a row.
    count: u32,
}

/// Bits of an event code with `codes` values.
pub(super) fn code_width(codes: usize) -> u32 {
    codes.next_power_of_two().trailing_zeros()
}

/// The first-level productions of a state.
#[derive(Clone, Copy)]
pub(super) enum Productions {
    /// The only one, in an element of simple type.
    One(Step),
    /// Those in the bit set.
    Of(&'static [Position], u64),
}

/// What is not declared: the second-level productions, in the order of their codes.
const UNDECLARED: [ErrorKind; 7] = [
    ErrorKind::MissingContent,
    ErrorKind::XsiType,
    ErrorKind::XsiNil,
    ErrorKind::UndeclaredAttribute,
    ErrorKind::UntypedAttribute,
    ErrorKind::UndeclaredElement,
    ErrorKind::UndeclaredText,
];

impl Frame {
    pub(super) fn new(element: &'static Element) -> Self {
        Frame { element, at: 0, count: 0 }
    }

    pub(super) fn productions(&self) -> Productions {
        match self.element.content {
            Content::Simple(simple) if self.at == 0 => Productions::One(Step::Text(simple)),
            Content::Simple(_) => Productions::One(Step::End),
            Content::Complex(complex) => {
                let mut set = complex.follow.get(usize::from(self.at)).copied().unwrap_or(0);
                if let Some(last) = self.last() {
                    if self.count < last.min {
                        set = 0;
                    }
                    if self.count < last.max && last.max > 1 {
                        set |= 1 << (self.at - 1);
                    }
                }
                Productions::Of(complex.positions, set)
            }
        }
    }

    /// The position consumed last.
    fn last(&self) -> Option<&'static Position> {
        let Content::Complex(complex) = self.element.content else { return None };
        complex.positions.get(usize::from(self.at).checked_sub(1)?)
    }

    /// Enters the state after the position with this number.
    pub(super) fn advance(&mut self, position: u8) {
        let again = self.at == position + 1;
        self.count = if again { self.count.saturating_add(1) } else { 1 };
        self.at = position + 1;
    }

    /// The second-level productions, given whether EE is on the first level.
    pub(super) fn undeclared(&self, ends: bool) -> impl Iterator<Item = ErrorKind> + Clone + use<> {
        let first = self.at == 0;
        let start_tag = first || matches!(self.last(), Some(Position { step: Step::Attribute(_), .. }));
        UNDECLARED.iter().copied().filter(move |kind| match kind {
            ErrorKind::MissingContent => !ends,
            ErrorKind::XsiType | ErrorKind::XsiNil => first,
            ErrorKind::UndeclaredAttribute | ErrorKind::UntypedAttribute => start_tag,
            _ => true,
        })
    }
}

impl Productions {
    pub(super) fn len(self) -> usize {
        match self {
            Productions::One(_) => 1,
            Productions::Of(_, set) => set.count_ones() as usize,
        }
    }

    /// Number of the position and what stands there, in the order of event codes.
    pub(super) fn iter(self) -> impl Iterator<Item = (u8, Step)> {
        let (one, positions, set) = match self {
            Productions::One(step) => (Some((0, step)), [].as_slice(), 0),
            Productions::Of(positions, set) => (None, positions, set),
        };
        let many = (0..).zip(positions).filter(move |(index, _)| set >> index & 1 == 1);
        one.into_iter().chain(many.map(|(index, position)| (index, position.step)))
    }

    /// True if the element may end here.
    pub(super) fn ends(self) -> bool {
        self.iter().any(|(_, step)| matches!(step, Step::End))
    }

    /// Bits of the event code; the value after the last production leads to the second level.
    pub(super) fn width(self) -> u32 {
        code_width(self.len() + 1)
    }
}

/// The open elements.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    frames: [Option<Frame>; MAX_DEPTH],
    depth: usize,
}

impl Stack {
    pub(super) fn new() -> Self {
        Stack { frames: [None; MAX_DEPTH], depth: 0 }
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Opens an element, unless it may have no instance.
    pub(super) fn push(&mut self, element: &'static Element) -> Result<(), ErrorKind> {
        let abstract_type = matches!(element.content, Content::Complex(complex) if complex.is_abstract);
        if abstract_type {
            return Err(ErrorKind::AbstractElement);
        }
        let slot = self.frames.get_mut(self.depth).ok_or(ErrorKind::Depth)?;
        *slot = Some(Frame::new(element));
        self.depth += 1;
        Ok(())
    }

    pub(super) fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn top(&mut self) -> Option<&mut Frame> {
        self.frames.get_mut(self.depth.checked_sub(1)?)?.as_mut()
    }

    pub(super) fn element(&self) -> Option<&'static Element> {
        let frame = self.frames.get(self.depth.checked_sub(1)?)?.as_ref()?;
        Some(frame.element)
    }
}
