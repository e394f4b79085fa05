//! From a stream to events.

use super::bits::BitReader;
use super::data::{Attribute, Element, Set, Simple, Step};
use super::state::{Productions, Stack, code_width};
use super::{Error, ErrorKind, Root, Trailing, Value, simple};

/// An event with its place in the stream.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind<'a>,
    /// Offset of the first bit from the start of the stream, header included.
    pub offset: usize,
    /// Number of bits, event code and value.
    pub length: usize,
    /// The event code.
    pub code: EventCode,
}

/// An event code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCode {
    /// First part.
    pub value: u32,
    /// Bits of the first part; zero where only one event is possible.
    pub width: u32,
    /// Value and bits of the second part, for the one event outside of the schema that is accepted: the end of an
    /// element without its (empty) text.
    pub second: Option<(u32, u32)>,
}

/// The kinds of events.
#[derive(Debug, Clone, Copy)]
pub enum EventKind<'a> {
    /// An element starts.
    StartElement(&'static Element),
    /// An attribute of the innermost open element.
    Attribute {
        /// Declaration.
        attribute: &'static Attribute,
        /// Value.
        value: Value<'a>,
    },
    /// Text of the innermost open element.
    Characters {
        /// Type of the text.
        content: &'static Simple,
        /// Value.
        value: Value<'a>,
    },
    /// The innermost open element ends.
    EndElement(&'static Element),
    /// The document or fragment ends.
    EndDocument,
}

/// What the stream consists of, outside of elements.
#[derive(Debug, Clone, Copy)]
enum Outline {
    /// The header comes next, then the root.
    Start(&'static Set, Root),
    /// The root is open or was read.
    Content(&'static Set, Root),
    /// One element alone, whose start has been read by somebody else.
    Element,
    /// Nothing comes any more.
    Done,
}

/// Reads events one by one.
///
/// After an error the decoder stays where it is; there is no way to go on.
#[derive(Debug, Clone)]
pub struct Decoder<'a> {
    bits: BitReader<'a>,
    stack: Stack,
    outline: Outline,
    trailing: Trailing,
}

impl<'a> Decoder<'a> {
    /// A decoder for a whole stream.
    pub fn new(set: &'static Set, root: Root, stream: &'a [u8]) -> Self {
        Decoder {
            bits: BitReader::new(stream, 0),
            stack: Stack::new(),
            outline: Outline::Start(set, root),
            trailing: Trailing::default(),
        }
    }

    /// A decoder for one element whose content starts at bit `offset` of `stream`, after the event code that
    /// started it. It ends with the element.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AbstractElement`].
    pub fn element(element: &'static Element, stream: &'a [u8], offset: usize) -> Result<Self, Error> {
        let mut stack = Stack::new();
        stack.push(element).map_err(|kind| Error { kind, offset, element: Some(element.name.local) })?;
        let bits = BitReader::new(stream, offset);
        Ok(Decoder { bits, stack, outline: Outline::Element, trailing: Trailing::default() })
    }

    /// Sets what may follow the end.
    #[must_use]
    pub fn trailing(mut self, trailing: Trailing) -> Self {
        self.trailing = trailing;
        self
    }

    /// Bits read so far; after the end that is the length of the message without padding.
    pub fn bits_consumed(&self) -> usize {
        self.bits.position()
    }

    /// Octets after the one with the last bit read; meaningful after the end.
    pub fn trailing_octets(&self) -> usize {
        self.bits.octets_left()
    }

    /// Number of open elements.
    pub fn depth(&self) -> usize {
        self.stack.depth()
    }

    /// The next event, none after the end.
    ///
    /// # Errors
    ///
    /// [`Error`] with the offset of the event that is wrong.
    #[expect(clippy::should_implement_trait, reason = "fallible, and a decoder is no collection of events")]
    pub fn next(&mut self) -> Result<Option<Event<'a>>, Error> {
        let offset = self.bits.position();
        self.event().map_err(|kind| {
            let element = self.stack.element().map(|element| element.name.local);
            Error { kind, offset, element }
        })
    }

    fn event(&mut self) -> Result<Option<Event<'a>>, ErrorKind> {
        let mut offset = self.bits.position();
        let (kind, code) = match self.outline {
            Outline::Start(set, root) => {
                if self.bits.octet()? != 0x80 {
                    return Err(ErrorKind::Header);
                }
                offset = self.bits.position();
                self.outline = Outline::Content(set, root);
                self.root(set, root)?
            }
            _ if self.stack.depth() > 0 => self.in_element()?,
            Outline::Content(set, root) => self.after_root(set, root)?,
            Outline::Element | Outline::Done => {
                self.outline = Outline::Done;
                return Ok(None);
            }
        };
        Ok(Some(Event { kind, offset, length: self.bits.position() - offset, code }))
    }

    fn root(&mut self, set: &'static Set, root: Root) -> Result<(EventKind<'a>, EventCode), ErrorKind> {
        let declared = set.roots(root).count();
        // SE(*), and the end of an empty fragment.
        let width = code_width(declared + if root == Root::Fragment { 2 } else { 1 });
        let value = self.bits.number(width)? as u32;
        let index = value as usize;
        let Some(element) = set.roots(root).nth(index) else {
            return Err(match (root, index - declared) {
                (_, 0) => ErrorKind::UnknownRoot,
                (Root::Fragment, 1) => ErrorKind::FragmentContent,
                _ => ErrorKind::EventCode,
            });
        };
        self.stack.push(element)?;
        Ok((EventKind::StartElement(element), EventCode { value, width, second: None }))
    }

    fn after_root(&mut self, set: &'static Set, root: Root) -> Result<(EventKind<'a>, EventCode), ErrorKind> {
        let mut code = EventCode { value: 0, width: 0, second: None };
        if root == Root::Fragment {
            let end = set.roots(root).count() + 1;
            code.width = code_width(end + 1);
            code.value = self.bits.number(code.width)? as u32;
            if (code.value as usize) < end {
                return Err(ErrorKind::FragmentContent);
            } else if code.value as usize > end {
                return Err(ErrorKind::EventCode);
            }
        }
        if self.trailing == Trailing::Refuse {
            let mut padding = self.bits;
            while !padding.position().is_multiple_of(8) {
                if padding.bit()? {
                    return Err(ErrorKind::Padding);
                }
            }
            if padding.octets_left() > 0 {
                return Err(ErrorKind::TrailingOctets);
            }
        }
        self.outline = Outline::Done;
        Ok((EventKind::EndDocument, code))
    }

    fn in_element(&mut self) -> Result<(EventKind<'a>, EventCode), ErrorKind> {
        let Some(frame) = self.stack.top() else { return Err(ErrorKind::Order) };
        let productions = frame.productions();
        let width = productions.width();
        let value = self.bits.number(width)? as u32;
        let mut code = EventCode { value, width, second: None };
        let Some((position, step)) = productions.iter().nth(value as usize) else {
            if value as usize > productions.len() {
                return Err(ErrorKind::EventCode);
            }
            let element = frame.element;
            let undeclared = frame.undeclared(productions.ends());
            let width = code_width(undeclared.clone().count());
            let value = self.bits.number(width)? as u32;
            code.second = Some((value, width));
            let kind = undeclared.clone().nth(value as usize).ok_or(ErrorKind::EventCode)?;
            return match empty_text(kind, productions) {
                Some(content) => {
                    simple::check_empty(content.kind)?;
                    self.stack.pop();
                    Ok((EventKind::EndElement(element), code))
                }
                None => Err(kind),
            };
        };
        let kind = match step {
            Step::Attribute(attribute) => {
                let value = simple::read(&mut self.bits, attribute.content)?;
                frame.advance(position);
                EventKind::Attribute { attribute, value }
            }
            Step::Element(element) => {
                frame.advance(position);
                self.stack.push(element)?;
                EventKind::StartElement(element)
            }
            Step::Text(content) => {
                let value = simple::read(&mut self.bits, content)?;
                frame.advance(position);
                EventKind::Characters { content, value }
            }
            Step::End => {
                let element = frame.element;
                self.stack.pop();
                EventKind::EndElement(element)
            }
            Step::AnyElement => return Err(ErrorKind::Wildcard),
            Step::MixedText => return Err(ErrorKind::MixedContent),
        };
        Ok((kind, code))
    }
}

/// The type of the text that an undeclared end leaves out, if it may be empty.
pub(super) fn empty_text(kind: ErrorKind, productions: Productions) -> Option<&'static Simple> {
    if kind != ErrorKind::MissingContent {
        return None;
    }
    productions.iter().find_map(|(_, step)| match step {
        Step::Text(content) if simple::may_be_empty(content.kind) => Some(content),
        _ => None,
    })
}

/// Checks one element whose content starts at bit `offset` of `stream` and returns the bit after its end.
///
/// # Errors
///
/// [`Error`] for the first event that is wrong.
pub fn skip_element(element: &'static Element, stream: &[u8], offset: usize) -> Result<usize, Error> {
    let mut decoder = Decoder::element(element, stream, offset)?;
    while decoder.next()?.is_some() {}
    Ok(decoder.bits_consumed())
}
