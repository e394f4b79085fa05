//! From events to a stream.

use super::bits::BitWriter;
use super::data::{Element, Set, Simple, Step};
use super::state::{Productions, Stack, code_width};
use super::{Error, ErrorKind, Root, lexical, simple};

/// How the empty string and the empty octet string are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyValue {
    /// As text of length zero: what every decoder understands.
    #[default]
    AsCharacters,
    /// By leaving the text out, an event that the schema does not declare: what Canonical EXI asks for.
    AsEndElement,
}

/// What comes next outside of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Root,
    Content,
}

/// Writes events one by one.
///
/// An event that may not stand where it is tried (unknown root, undeclared element, attribute or text, missing content)
/// leaves the encoder as it was. After any other error it is of no more use.
#[derive(Debug)]
pub struct Encoder<'a> {
    set: &'static Set,
    root: Root,
    bits: BitWriter<'a>,
    stack: Stack,
    stage: Stage,
    empty: EmptyValue,
}

impl<'a> Encoder<'a> {
    /// An encoder into `buffer`.
    pub fn new(set: &'static Set, root: Root, buffer: &'a mut [u8]) -> Self {
        let bits = BitWriter::new(buffer);
        let empty = EmptyValue::default();
        Encoder { set, root, bits, stack: Stack::new(), stage: Stage::Root, empty }
    }

    /// Sets how empty values are written.
    #[must_use]
    pub fn empty_value(mut self, empty: EmptyValue) -> Self {
        self.empty = empty;
        self
    }

    /// Starts an element.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownRoot`], [`ErrorKind::UndeclaredElement`] or [`ErrorKind::AbstractElement`] if it may not
    /// stand here; [`ErrorKind::BufferFull`].
    pub fn start_element(&mut self, ns: &str, local: &str) -> Result<(), Error> {
        self.start(ns, local).map_err(|kind| self.error(kind))
    }

    /// Adds an attribute to the element just started. Attributes come in the order of the schema: by local name,
    /// then namespace.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UndeclaredAttribute`] if it may not stand here; what [`Self::characters`] says about values.
    pub fn attribute(&mut self, ns: &str, local: &str, text: &str) -> Result<(), Error> {
        let chosen = self.choose(ErrorKind::UndeclaredAttribute, |step| match step {
            Step::Attribute(attribute) if attribute.name.local == local && attribute.name.ns == ns => {
                Some(attribute.content)
            }
            _ => None,
        });
        chosen
            .and_then(|content| lexical::write(&mut self.bits, content, text))
            .map_err(|kind| self.error(kind))
    }

    /// Adds the text of the innermost element: once, in the form that XML gives the type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UndeclaredText`] if the element has children; [`ErrorKind::Lexical`],
    /// [`ErrorKind::IntegerRange`] or [`ErrorKind::Length`] for a text that is no value of the type;
    /// [`ErrorKind::BufferFull`].
    pub fn characters(&mut self, text: &str) -> Result<(), Error> {
        if text.is_empty() && self.empty == EmptyValue::AsEndElement && self.open_text().is_some() {
            // The end of the element says it all.
            return Ok(());
        }
        self.text(text).map_err(|kind| self.error(kind))
    }

    /// Ends the innermost element. An element that may have the empty text and has got none gets it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingContent`] if something mandatory is missing; [`ErrorKind::BufferFull`].
    pub fn end_element(&mut self) -> Result<(), Error> {
        self.end().map_err(|kind| self.error(kind))
    }

    /// Ends the stream and returns its length in octets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Order`] if an element is open or there was none; [`ErrorKind::BufferFull`].
    pub fn finish(mut self) -> Result<usize, Error> {
        if self.stage == Stage::Root || self.stack.depth() > 0 {
            return Err(self.error(ErrorKind::Order));
        }
        if self.root == Root::Fragment {
            let end = self.set.roots(self.root).count() + 1;
            let written = self.bits.number(end as u64, code_width(end + 1));
            written.map_err(|kind| self.error(kind))?;
        }
        Ok(self.bits.octets_written())
    }

    fn error(&self, kind: ErrorKind) -> Error {
        let element = self.stack.element().map(|element| element.name.local);
        Error { kind, offset: self.bits.position(), element }
    }

    fn start(&mut self, ns: &str, local: &str) -> Result<(), ErrorKind> {
        let named = |element: &&'static Element| element.name.local == local && element.name.ns == ns;
        let element = if self.stage == Stage::Root {
            let code = self.set.roots(self.root).position(|element| named(&element));
            let code = code.ok_or(ErrorKind::UnknownRoot)?;
            let events = self.set.roots(self.root).count() + if self.root == Root::Fragment { 2 } else { 1 };
            self.bits.number(0x80, 8)?;
            self.bits.number(code as u64, code_width(events))?;
            self.stage = Stage::Content;
            self.set.roots(self.root).nth(code).ok_or(ErrorKind::UnknownRoot)?
        } else if self.stack.depth() == 0 {
            return Err(ErrorKind::Order);
        } else {
            self.choose(ErrorKind::UndeclaredElement, |step| match step {
                Step::Element(element) => Some(element).filter(named),
                _ => None,
            })?
        };
        self.stack.push(element)
    }

    /// Writes the code of the first production that `wanted` takes and goes on to the state after it.
    fn choose<T>(
        &mut self,
        otherwise: ErrorKind,
        wanted: impl Fn(Step) -> Option<T>,
    ) -> Result<T, ErrorKind> {
        let frame = self.stack.top().ok_or(ErrorKind::Order)?;
        let productions = frame.productions();
        let mut codes = productions.iter().enumerate();
        let (code, position, chosen) = codes
            .find_map(|(code, (position, step))| wanted(step).map(|chosen| (code, position, chosen)))
            .ok_or(otherwise)?;
        frame.advance(position);
        self.bits.number(code as u64, productions.width())?;
        Ok(chosen)
    }

    /// Type of the text that may stand here, if that may be empty.
    fn open_text(&mut self) -> Option<(Productions, &'static Simple)> {
        let productions = self.stack.top()?.productions();
        let content = super::decoder::empty_text(ErrorKind::MissingContent, productions)?;
        Some((productions, content))
    }

    fn text(&mut self, text: &str) -> Result<(), ErrorKind> {
        let content = self.choose(ErrorKind::UndeclaredText, |step| match step {
            Step::Text(content) => Some(content),
            _ => None,
        })?;
        lexical::write(&mut self.bits, content, text)
    }

    fn end(&mut self) -> Result<(), ErrorKind> {
        if let Some((productions, content)) = self.open_text() {
            simple::check_empty(content.kind)?;
            if self.empty == EmptyValue::AsEndElement {
                let frame = self.stack.top().ok_or(ErrorKind::Order)?;
                let codes = frame.undeclared(productions.ends()).count();
                self.bits.number(productions.len() as u64, productions.width())?;
                // The end is the first of them.
                self.bits.number(0, code_width(codes))?;
                self.stack.pop();
                return Ok(());
            }
            self.text("")?;
        }
        self.choose(ErrorKind::MissingContent, |step| match step {
            Step::End => Some(()),
            _ => None,
        })?;
        self.stack.pop();
        Ok(())
    }
}
