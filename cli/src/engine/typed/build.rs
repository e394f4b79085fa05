//! From a tree to a typed message.

use bumpalo::Bump;
use exi_codec::reflect::{Root, Source};
use exi_codec::{EmptyText, Opaque};

use super::super::EngineError;
use super::forbidden;
use crate::tree::{Element, Node};

/// The message with this root; `arena` keeps what it borrows.
pub(super) fn message<'a, M: Root<'a>>(
    arena: &'a Bump,
    root: &'a Element,
    empty: EmptyText,
) -> Result<M, EngineError> {
    let mut reader = Reader { arena, empty, open: vec![Open::new(root)?] };
    M::build(&root.name.local, &mut reader)
}

/// An element that is being read.
struct Open<'a> {
    element: &'a Element,
    /// Children in order; text is read apart.
    children: Vec<&'a Element>,
    /// Children that were entered.
    entered: usize,
    /// Attributes that were asked for and found.
    attributes: usize,
    text: Text,
}

/// Whether somebody asked for the text of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Unread,
    Read,
}

impl<'a> Open<'a> {
    fn new(element: &'a Element) -> Result<Self, EngineError> {
        let children: Vec<_> = element
            .content
            .iter()
            .filter_map(|node| match node {
                Node::Element(child) => Some(child),
                Node::Value(_) => None,
            })
            .collect();
        if !children.is_empty() && children.len() < element.content.len() {
            return Err(EngineError(format!("text between the children of {}", element.name.local)));
        }
        Ok(Self { element, children, entered: 0, attributes: 0, text: Text::Unread })
    }

    fn next(&self) -> Option<&'a Element> {
        self.children.get(self.entered).copied()
    }
}

struct Reader<'a> {
    arena: &'a Bump,
    /// For what the typed codec carries as bits.
    empty: EmptyText,
    /// From the root inwards; never empty.
    open: Vec<Open<'a>>,
}

impl<'a> Reader<'a> {
    fn here(&self) -> &Open<'a> {
        self.open.last().expect("the root stays open")
    }

    fn here_mut(&mut self) -> &mut Open<'a> {
        self.open.last_mut().expect("the root stays open")
    }

    /// An error with the path of the element at hand.
    fn error(&self, what: &str) -> EngineError {
        let path: Vec<_> = self.open.iter().map(|open| open.element.name.local.as_str()).collect();
        EngineError(format!("{what} in {}", path.join("/")))
    }

    /// Whether every child and attribute has been asked for.
    fn check_complete(&self) -> Result<(), EngineError> {
        let here = self.here();
        if let Some(unexpected) = here.next() {
            return Err(self.error(&format!("unexpected element {}", unexpected.name.local)));
        }
        if here.attributes < here.element.attributes.len() {
            return Err(self.error("unexpected attribute"));
        }
        Ok(())
    }
}

impl<'a> Source<'a> for Reader<'a> {
    type Error = EngineError;

    fn enter(&mut self, name: &'static str) -> Result<bool, EngineError> {
        let Some(child) = self.here().next().filter(|child| child.name.local == name) else {
            return Ok(false);
        };
        self.here_mut().entered += 1;
        let open = Open::new(child)?;
        self.open.push(open);
        Ok(true)
    }

    fn leave(&mut self) -> Result<(), EngineError> {
        self.check_complete()?;
        if self.open.len() > 1 {
            self.open.pop();
        }
        Ok(())
    }

    fn attribute(&mut self, name: &'static str) -> Option<&'a str> {
        let here = self.here_mut();
        let (_, value) = here.element.attributes.iter().find(|(attribute, _)| attribute.local == name)?;
        here.attributes += 1;
        Some(self.arena.alloc_str(&value.lexical()))
    }

    fn text(&mut self) -> Result<&'a str, EngineError> {
        self.here_mut().text = Text::Read;
        match self.here().element.content.as_slice() {
            [] => Ok(""),
            [Node::Value(value)] => Ok(self.arena.alloc_str(&value.lexical())),
            _ => Err(self.error("elements instead of a value")),
        }
    }

    fn opaque(&mut self, name: &'static str) -> Result<Option<Opaque<'a>>, EngineError> {
        let mut elements = Vec::new();
        while let Some(child) = self.here().next().filter(|child| child.name.local == name) {
            elements.push(child);
            self.here_mut().entered += 1;
        }
        if elements.is_empty() {
            return Ok(None);
        }
        let (stream, bits) = forbidden::encode(name, &elements, self.empty)?;
        Ok(Some(Opaque::from_bits(self.arena.alloc_slice_copy(&stream), bits)))
    }

    fn finish(&mut self) -> Result<(), EngineError> {
        let blank =
            |node: &Node| matches!(node, Node::Value(value) if value.lexical().trim_ascii().is_empty());
        let here = self.here();
        if here.text == Text::Unread && here.children.is_empty() && !here.element.content.iter().all(blank) {
            return Err(self.error("unexpected text"));
        }
        self.check_complete()
    }

    fn missing(&self, name: &'static str) -> EngineError {
        match self.here().next() {
            Some(other) => self.error(&format!("{name} is missing before {}", other.name.local)),
            None => self.error(&format!("{name} is missing")),
        }
    }

    fn invalid(&self, text: &str) -> EngineError {
        self.error(&format!("`{}` is no value of the type", text.escape_debug()))
    }

    fn unknown_root(&self, known: &'static [&'static str]) -> EngineError {
        let root = &self.here().element.name.local;
        EngineError(format!("{root} is no root of this set; it has {}", known.join(", ")))
    }

    fn keep<T: Copy>(&self, items: Vec<T>) -> &'a [T] {
        self.arena.alloc_slice_copy(&items)
    }
}
