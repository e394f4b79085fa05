//! Reading and rebuilding values, field by field.

use std::hint::black_box;

use exi_codec::{Bytes, Element, Lazy, List, Quantity, Ranged, RationalNumber, Str};

/// Where values go when they are read, so that no read can be left out.
#[derive(Debug)]
pub struct Sink {
    sum: u64,
    buffer: Vec<u8>,
}

impl Sink {
    /// A sink for strings and byte strings of the benchmark messages.
    pub fn new() -> Self {
        Self { sum: 0, buffer: vec![0; 4096] }
    }

    #[inline]
    fn scalar(&mut self, value: u64) {
        self.sum = self.sum.wrapping_add(value);
    }

    /// The sum of all scalars so far.
    pub const fn sum(&self) -> u64 {
        self.sum
    }
}

impl Default for Sink {
    fn default() -> Self {
        Self::new()
    }
}

/// A message or a part of one.
pub trait Value {
    /// The same, built from slices rather than from places in received bits.
    type Owned: 'static;

    /// Reads everything: all fields, all items, strings and byte strings copied out.
    fn read(&self, sink: &mut Sink);

    /// Rebuilds the value from slices, as a sender would have it. The memory is never freed.
    fn owned(&self) -> Self::Owned;
}

macro_rules! scalars {
    ($($ty:ty: $value:ident => $read:expr;)*) => {
        $(impl $crate::value::Value for $ty {
            type Owned = Self;

            #[inline]
            fn read(&self, sink: &mut $crate::value::Sink) {
                let $value = *self;
                sink.scalar($read);
            }

            fn owned(&self) -> Self {
                *self
            }
        })*
    };
}

scalars! {
    bool: value => u64::from(value);
    u8: value => u64::from(value);
    u16: value => u64::from(value);
    u32: value => u64::from(value);
    u64: value => value;
    i8: value => value as u64;
    i16: value => value as u64;
    i32: value => value as u64;
    exi_codec::Positive: value => u64::from(value.get());
    [u8; 8]: value => u64::from_le_bytes(value);
    RationalNumber: value => {
        let (value, exponent) = value.parts();
        (value as u64) << 8 | u64::from(exponent as u8)
    };
}

impl<U: Copy + 'static> Value for Quantity<U> {
    type Owned = Self;

    #[inline]
    fn read(&self, sink: &mut Sink) {
        RationalNumber::from(*self).read(sink);
    }

    fn owned(&self) -> Self {
        *self
    }
}

impl<const MIN: u16, const MAX: u16> Value for Ranged<MIN, MAX> {
    type Owned = Self;

    #[inline]
    fn read(&self, sink: &mut Sink) {
        sink.scalar(u64::from(self.get()));
    }

    fn owned(&self) -> Self {
        *self
    }
}

impl Value for [u8; 16] {
    type Owned = Self;

    #[inline]
    fn read(&self, sink: &mut Sink) {
        let value = u128::from_le_bytes(*self);
        sink.scalar(value as u64);
        sink.scalar((value >> 64) as u64);
    }

    fn owned(&self) -> Self {
        *self
    }
}

impl Value for Str<'_> {
    type Owned = Str<'static>;

    #[inline]
    fn read(&self, sink: &mut Sink) {
        black_box(self.copy_octets(&mut sink.buffer)).expect("the buffer is large enough");
    }

    fn owned(&self) -> Str<'static> {
        let text: &'static str = self.to_string().leak();
        Str::from(text)
    }
}

impl Value for Bytes<'_> {
    type Owned = Bytes<'static>;

    #[inline]
    fn read(&self, sink: &mut Sink) {
        black_box(self.copy_to(&mut sink.buffer)).expect("the buffer is large enough");
    }

    fn owned(&self) -> Bytes<'static> {
        let octets: &'static [u8] = self.iter().collect::<Vec<u8>>().leak();
        Bytes::from(octets)
    }
}

impl<'a, T: Element<'a> + Value> Value for List<'a, T> {
    type Owned = List<'static, T::Owned>;

    #[inline]
    fn read(&self, sink: &mut Sink) {
        self.iter().for_each(|item| item.read(sink));
    }

    fn owned(&self) -> Self::Owned {
        let items: &'static [T::Owned] = self.iter().map(|item| item.owned()).collect::<Vec<_>>().leak();
        List::from(items)
    }
}

impl<'a, T: Element<'a> + Default + Value> Value for Lazy<'a, T> {
    type Owned = Lazy<'static, T::Owned>;

    #[inline]
    fn read(&self, sink: &mut Sink) {
        self.get().read(sink);
    }

    fn owned(&self) -> Self::Owned {
        let value: &'static T::Owned = Box::leak(Box::new(self.get().owned()));
        Lazy::from(value)
    }
}

impl<T: Value> Value for Option<T> {
    type Owned = Option<T::Owned>;

    #[inline]
    fn read(&self, sink: &mut Sink) {
        if let Some(value) = self {
            value.read(sink);
        }
    }

    fn owned(&self) -> Self::Owned {
        self.as_ref().map(Value::owned)
    }
}

/// Enumerations, structs (`..`: what V2G leaves out or only a receiver has) and choices of the message modules.
macro_rules! values {
    ($($kind:ident $name:ident $(<$lt:lifetime>)? { $($body:tt)* })*) => {
        $($crate::value::values!(@$kind $name [$($lt)?] { $($body)* });)*
    };
    (@enumeration $name:ident [] {}) => {
        impl $crate::value::Value for $name {
            type Owned = Self;

            #[inline]
            fn read(&self, sink: &mut $crate::value::Sink) {
                (*self as u8).read(sink);
            }

            fn owned(&self) -> Self {
                *self
            }
        }
    };
    (@struct $name:ident [] { $($field:ident),* }) => {
        impl $crate::value::Value for $name {
            type Owned = Self;

            #[inline]
            fn read(&self, sink: &mut $crate::value::Sink) {
                $(self.$field.read(sink);)*
            }

            fn owned(&self) -> Self {
                *self
            }
        }
    };
    (@struct $name:ident [$lt:lifetime] { $($field:ident),* $(, .. $rest:tt)? }) => {
        impl $crate::value::Value for $name<$lt> {
            type Owned = $name<'static>;

            #[inline]
            fn read(&self, sink: &mut $crate::value::Sink) {
                $(self.$field.read(sink);)*
            }

            fn owned(&self) -> Self::Owned {
                $name { $($field: self.$field.owned(),)* $(..$rest::default())? }
            }
        }
    };
    (@choice $name:ident [] { $($variant:ident $(($value:ident))?),* }) => {
        impl $crate::value::Value for $name {
            type Owned = Self;

            #[inline]
            fn read(&self, sink: &mut $crate::value::Sink) {
                match self {
                    $(Self::$variant $(($value))? => { $($value.read(sink);)? })*
                }
            }

            fn owned(&self) -> Self {
                *self
            }
        }
    };
    (@choice $name:ident [$lt:lifetime] { $($variant:ident $(($value:ident))?),* }) => {
        impl $crate::value::Value for $name<$lt> {
            type Owned = $name<'static>;

            #[inline]
            fn read(&self, sink: &mut $crate::value::Sink) {
                match self {
                    $(Self::$variant $(($value))? => { $($value.read(sink);)? })*
                }
            }

            fn owned(&self) -> Self::Owned {
                match self {
                    $(Self::$variant $(($value))? => $name::$variant $(($value.owned()))?,)*
                }
            }
        }
    };
    (@message $name:ident [$lt:lifetime] { $($variant:ident),* }) => {
        impl $crate::value::Value for $name<$lt> {
            type Owned = $name<'static>;

            #[inline]
            fn read(&self, sink: &mut $crate::value::Sink) {
                match self {
                    $(Self::$variant(message) => message.read(sink),)*
                    #[allow(unreachable_patterns)]
                    other => panic!("{} is no benchmark message", other.name()),
                }
            }

            fn owned(&self) -> Self::Owned {
                match self {
                    $(Self::$variant(message) => $name::$variant(message.owned()),)*
                    #[allow(unreachable_patterns)]
                    other => panic!("{} is no benchmark message", other.name()),
                }
            }
        }
    };
}

pub(crate) use values;
