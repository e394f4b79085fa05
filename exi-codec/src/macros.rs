//! What generated modules are written in: declarations that would otherwise repeat themselves.

/// The table of XML names, with a constant for each.
macro_rules! names {
    ($($constant:ident = $xml:literal,)*) => {
        #[derive(Clone, Copy)]
        #[repr(u16)]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Index { $($constant),* }

        $(#[doc = concat!("`", $xml, "`.")] pub const $constant: crate::error::Name = crate::error::Name(Index::$constant as u16);)*

        pub(crate) const NAMES: &[&str] = &[$($xml),*];
    };
}

/// An enumeration: index on the wire, literal in XML.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $literal:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name {
            #[default]
            $(#[doc = concat!("`", $literal, "`.")] $variant,)*
        }

        impl $name {
            /// All values, in the order of the schema.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const WIDTH: u32 = usize::BITS - (Self::ALL.len() - 1).leading_zeros();

            /// The literal of the schema.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $literal),* }
            }

            #[doc(hidden)]
            #[inline]
            pub fn read<M: crate::bits::Mode>(
                r: &mut crate::bits::Reader<'_, M>,
                lead: u32,
                name: crate::error::Name,
            ) -> Result<Self, crate::error::Fault> {
                let index = r.enumeration(lead, Self::WIDTH, Self::ALL.len() as u32, name)?;
                Self::from_index(index).ok_or_else(|| r.fail(crate::ErrorKind::Enumeration, name))
            }

            /// A value, the end of its element, and the event code after it.
            #[doc(hidden)]
            #[inline]
            pub fn read_then<M: crate::bits::Mode>(
                r: &mut crate::bits::Reader<'_, M>,
                lead: u32,
                name: crate::error::Name,
                width: u32,
                count: u32,
            ) -> Result<(Self, u32), crate::error::Fault> {
                let values = Self::ALL.len() as u32;
                let (index, code) = r.enumeration_then(lead, (Self::WIDTH, values), name, width, count)?;
                let value = Self::from_index(index).ok_or_else(|| r.fail(crate::ErrorKind::Enumeration, name))?;
                Ok((value, code))
            }

            #[inline]
            fn from_index(index: u32) -> Option<Self> {
                Self::ALL.get(index as usize).copied()
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl crate::value::Element<'_> for $name {
            fn decode<M: crate::bits::Mode>(r: &mut crate::bits::Reader<'_, M>) -> Result<Self, crate::error::Fault> {
                let value = Self::read(r, 1, crate::error::Name::NONE)?;
                r.zeros(1, crate::error::Name::NONE)?;
                Ok(value)
            }

            fn encode(&self, w: &mut crate::bits::Writer<'_>) -> Result<(), crate::error::Fault> {
                w.small(0, 1, *self as u32, Self::WIDTH);
                w.event(0, 1);
                Ok(())
            }
        }

        #[cfg(feature = "reflect")]
        impl<'a> crate::reflect::Scalar<'a> for $name {
            fn value(&self, _: crate::reflect::Text) -> crate::reflect::Value<'_> {
                crate::reflect::Value::Literal(self.as_str())
            }

            fn parse<S: crate::reflect::Source<'a>>(text: &'a str, _: crate::reflect::Text, _: &S) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }

        #[cfg(feature = "reflect")]
        impl<'a> crate::reflect::Reflect<'a> for $name {
            fn walk(&self, v: &mut dyn crate::reflect::Visitor) {
                crate::reflect::kind::text::walk(v, "", self);
            }

            fn build<S: crate::reflect::Source<'a>>(s: &mut S) -> Result<Self, S::Error> {
                crate::reflect::kind::text::build(s, "")
            }
        }
    };
}

/// The root elements of a schema set, or the roots of its fragments.
macro_rules! roots {
    ($(#[$doc:meta])* $name:ident width $width:literal $(end $end:literal)? {
        $($code:literal $xml:literal $variant:ident($ty:ty),)*
    } unique { $($unique_code:literal $unique_variant:ident($unique:ty),)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum $name<'a> {
            $(#[doc = concat!("`", $xml, "`.")] $variant($ty),)*
        }

        impl $name<'_> {
            /// XML names of all roots, in the order of their event codes.
            pub const NAMES: &'static [&'static str] = &[$($xml),*];

            /// XML name of the root element.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $xml),* }
            }
        }

        impl<'a> crate::Document<'a> for $name<'a> {
            const WIDTH: u32 = $width;
            const END: Option<u32> = roots!(@end $($end)?);

            fn decode_root(code: u32, r: &mut crate::bits::Reader<'a>) -> Result<Self, crate::Error> {
                match code {
                    $($code => crate::document::decode_root(r, Self::$variant),)*
                    _ => Err(r.unexpected_root()),
                }
            }

            fn root_code(&self) -> u32 {
                match self { $(Self::$variant(_) => $code),* }
            }

            fn encode_root(&self, w: &mut crate::bits::Writer<'_>) -> Result<(), crate::error::Fault> {
                match self { $(Self::$variant(root) => crate::value::Element::encode(root, w)),* }
            }
        }

        $(impl<'a> From<$unique> for $name<'a> {
            fn from(root: $unique) -> Self {
                Self::$unique_variant(root)
            }
        })*

        roots!(@single $width $($end)? ; $($unique_code $unique),*);
        roots!(@places $name $($end)? ; $($variant),*);

        #[cfg(feature = "reflect")]
        impl<'a> crate::reflect::Root<'a> for $name<'a> {
            fn walk(&self, v: &mut dyn crate::reflect::Visitor) {
                match self { $(Self::$variant(root) => {
                    v.start($xml);
                    crate::reflect::Reflect::walk(root, v);
                    v.end();
                })* }
            }

            fn build<S: crate::reflect::Source<'a>>(name: &str, s: &mut S) -> Result<Self, S::Error> {
                match name {
                    $($xml => crate::reflect::Reflect::build(s).map(Self::$variant),)*
                    _ => Err(s.unknown_root(Self::NAMES)),
                }
            }
        }
    };
    (@end) => { None };
    (@end $end:literal) => { Some($end) };
    (@single $width:literal $end:literal ; $($rest:tt)*) => {};
    (@places $name:ident ; $($variant:ident),*) => {};
    (@places $name:ident $end:literal ; $($variant:ident),*) => {
        impl<'a> $name<'a> {
            /// Where the element stood in the message received.
            pub const fn place(&self) -> crate::value::Place<'a> {
                match self { $(Self::$variant(root) => root.place),* }
            }

            /// Writes the fragment from the very bits that were received, for the check of a signature, and
            /// returns its length in octets. None if the element was not received.
            ///
            /// # Errors
            /// The buffer is too small.
            pub fn encode_received(&self, out: &mut [u8]) -> Result<Option<usize>, crate::Error> {
                crate::document::encode_received(self, &self.place(), out)
            }

            /// Hands the fragment to `sink`, such as a hash, piece by piece from the very bits that were received.
            /// False, and nothing handed out, if the element was not received.
            pub fn stream_received(&self, sink: &mut dyn FnMut(&[u8])) -> bool {
                crate::document::stream_received(self, &self.place(), sink)
            }
        }
    };
    (@single $width:literal ; $($code:literal $ty:ty),*) => {
        $(impl<'a> crate::Document<'a> for $ty {
            const WIDTH: u32 = $width;
            const END: Option<u32> = None;

            fn decode_root(code: u32, r: &mut crate::bits::Reader<'a>) -> Result<Self, crate::Error> {
                if code == $code {
                    crate::document::decode_root(r, |root| root)
                } else {
                    Err(r.unexpected_root())
                }
            }

            fn root_code(&self) -> u32 {
                $code
            }

            fn encode_root(&self, w: &mut crate::bits::Writer<'_>) -> Result<(), crate::error::Fault> {
                crate::value::Element::encode(self, w)
            }
        })*
    };
}

/// How tools walk and build a struct, field by field.
macro_rules! reflect {
    ($name:ident<'a> { $($fields:tt)* }) => { reflect!(@impl $name<'a>; $name; $($fields)*); };
    ($name:ident { $($fields:tt)* }) => { reflect!(@impl $name; $name; $($fields)*); };
    (@impl $ty:ty; $name:ident; $($xml:literal $field:ident $kind:ident $($item:literal)?,)*) => {
        #[cfg(feature = "reflect")]
        impl<'a> crate::reflect::Reflect<'a> for $ty {
            fn walk(&self, v: &mut dyn crate::reflect::Visitor) {
                $(crate::reflect::kind::$kind::walk(v, $xml, $($item,)? &self.$field);)*
                let _ = v;
            }

            fn build<S: crate::reflect::Source<'a>>(s: &mut S) -> Result<Self, S::Error> {
                let value = $name { $($field: crate::reflect::kind::$kind::build(s, $xml $(, $item)?)?),* };
                s.finish()?;
                Ok(value)
            }
        }
    };
}

/// How tools walk and build a choice.
macro_rules! reflect_choice {
    ($name:ident<'a> { $($variants:tt)* }) => { reflect_choice!(@impl $name<'a>; $name; $($variants)*); };
    ($name:ident { $($variants:tt)* }) => { reflect_choice!(@impl $name; $name; $($variants)*); };
    (@impl $ty:ty; $name:ident; $($xml:literal $variant:ident $(($value:ident $kind:ident $($item:literal)?))?,)*) => {
        #[cfg(feature = "reflect")]
        impl<'a> crate::reflect::Choice<'a> for $ty {
            const NAMES: &'static [&'static str] = &[$($xml),*];

            fn walk(&self, v: &mut dyn crate::reflect::Visitor) {
                match self {
                    $($name::$variant $(($value))? => {
                        v.start($xml);
                        $(crate::reflect::kind::$kind::walk(v, $($item,)? $value);)?
                        v.end();
                    })*
                }
            }

            fn build<S: crate::reflect::Source<'a>>(s: &mut S) -> Result<Option<Self>, S::Error> {
                $(if s.enter($xml)? {
                    $(let $value = crate::reflect::kind::$kind::build(s $(, $item)?)?;)?
                    s.leave()?;
                    return Ok(Some($name::$variant $(($value))?));
                })*
                Ok(None)
            }
        }
    };
}

pub(crate) use {enumeration, names, reflect, reflect_choice, roots};
