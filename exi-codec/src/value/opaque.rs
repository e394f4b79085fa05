//! Elements of XML Signature that V2G forbids.

#[cfg(feature = "xmldsig-full")]
pub use carried::Opaque;
#[cfg(not(feature = "xmldsig-full"))]
pub use refused::Opaque;

#[cfg(not(feature = "xmldsig-full"))]
// The same operations as those of the other module, so that generated code need not know which it is.
#[allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref)]
mod refused {
    use crate::bits::{ListShape, Mode, Reader, Writer};
    use crate::error::{ErrorKind, Fault, Name};

    /// An element that XML Signature allows and V2G forbids (`KeyInfo`, `Object`, `XPath`, `HMACOutputLength`).
    ///
    /// There is no such value unless the feature `xmldsig-full` is on: decoding refuses the element by name.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Opaque<'a>(core::convert::Infallible, core::marker::PhantomData<&'a ()>);

    impl<'a, M: Mode> Reader<'a, M> {
        #[doc(hidden)]
        pub fn opaque(&mut self, name: Name) -> Result<Opaque<'a>, Fault> {
            Err(self.fail(ErrorKind::Unsupported, name))
        }

        #[doc(hidden)]
        pub fn opaque_run(&mut self, _: &ListShape, name: Name) -> Result<(Opaque<'a>, u32), Fault> {
            Err(self.fail(ErrorKind::Unsupported, name))
        }
    }

    impl Writer<'_> {
        #[doc(hidden)]
        pub fn opaque(&mut self, _: u32, _: u32, value: &Opaque<'_>) {
            match value.0 {}
        }
    }
}

#[cfg(feature = "xmldsig-full")]
mod carried {
    use crate::bits::{Items, ListShape, Mode, Reader, Writer};
    use crate::error::{ErrorKind, Fault, Name};
    use crate::grammar::{self, Set, skip_element};

    /// The namespace of XML Signature.
    const NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";

    /// One or more consecutive elements that XML Signature allows and V2G forbids (`KeyInfo`, `Object`, `XPath`,
    /// `HMACOutputLength`), as validated bits.
    #[derive(Debug, Clone, Copy)]
    pub struct Opaque<'a> {
        data: &'a [u8],
        start: u32,
        end: u32,
    }

    impl<'a> Opaque<'a> {
        /// The stream that holds the elements.
        pub const fn stream(&self) -> &'a [u8] {
            self.data
        }

        /// Bits from behind the start event of the first element to the end event of the last.
        pub const fn bits(&self) -> core::ops::Range<u32> {
            self.start..self.end
        }

        /// Elements that stand at `bits` of `stream`.
        ///
        /// The bits are not checked here: decode what is encoded with them.
        pub const fn from_bits(stream: &'a [u8], bits: core::ops::Range<u32>) -> Self {
            Self { data: stream, start: bits.start, end: bits.end }
        }
    }

    impl PartialEq for Opaque<'_> {
        /// Compares the bits of the elements, wherever they stand.
        fn eq(&self, other: &Self) -> bool {
            let (from, to) = (self.start as usize, other.start as usize);
            let length = (self.end - self.start) as usize;
            let bit =
                |data: &[u8], index: usize| data.get(index / 8).map(|octet| octet >> (7 - index % 8) & 1);
            length == (other.end - other.start) as usize
                && (0..length).all(|index| bit(self.data, from + index) == bit(other.data, to + index))
        }
    }

    impl Eq for Opaque<'_> {}

    impl<'a, M: Mode> Reader<'a, M> {
        #[doc(hidden)]
        pub fn opaque(&mut self, name: Name) -> Result<Opaque<'a>, Fault> {
            let start = self.position();
            self.skip(name)?;
            Ok(Opaque { data: self.data(), start: start as u32, end: self.position() as u32 })
        }

        #[doc(hidden)]
        pub fn opaque_run(&mut self, shape: &ListShape, name: Name) -> Result<(Opaque<'a>, u32), Fault> {
            let (data, start) = (self.data(), self.position());
            let mut end = start;
            let Items { next, .. } = self.items(shape, name, |r| {
                r.skip(name)?;
                end = r.position();
                Ok(())
            })?;
            Ok((Opaque { data, start: start as u32, end: end as u32 }, next))
        }

        /// Passes over an element, from behind its start event to its end event, as the grammar has it.
        fn skip(&mut self, name: Name) -> Result<(), Fault> {
            let element = Set::by_key("xmldsig").and_then(|set| set.element(NAMESPACE, name.as_str()));
            let Some(element) = element else { return Err(self.fail(ErrorKind::Unsupported, name)) };
            match skip_element(element, self.data(), self.position()) {
                Ok(end) => {
                    self.set_position(end);
                    Ok(())
                }
                Err(error) => {
                    self.set_position(error.offset);
                    Err(self.fail(kind(error.kind), name))
                }
            }
        }
    }

    /// The same fault in the words of the typed codec.
    fn kind(kind: grammar::ErrorKind) -> ErrorKind {
        use grammar::ErrorKind as Found;
        match kind {
            Found::EndOfInput => ErrorKind::UnexpectedEnd,
            Found::StringTableHit => ErrorKind::StringTable,
            Found::EnumerationIndex => ErrorKind::Enumeration,
            Found::IntegerRange | Found::IntegerLength => ErrorKind::IntegerRange,
            Found::Length => ErrorKind::Length,
            Found::Character => ErrorKind::Character,
            Found::AbstractElement => ErrorKind::AbstractElement,
            Found::XsiType => ErrorKind::XsiType,
            Found::XsiNil => ErrorKind::XsiNil,
            Found::Wildcard => ErrorKind::Wildcard,
            Found::MixedContent => ErrorKind::MixedContent,
            Found::UndeclaredAttribute
            | Found::UntypedAttribute
            | Found::UndeclaredElement
            | Found::UndeclaredText => ErrorKind::Deviation,
            _ => ErrorKind::EventCode,
        }
    }

    impl Writer<'_> {
        #[doc(hidden)]
        pub fn opaque(&mut self, code: u32, bits: u32, value: &Opaque<'_>) {
            self.event(code, bits);
            self.copy_bits(value.data, value.start as usize, (value.end - value.start) as usize);
        }
    }
}
