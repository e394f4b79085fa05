//! How each kind of field is walked and built; the names are those that the generator writes.

// The macro passes fields as they are.
#![allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)]

use alloc::vec::Vec;

use super::{Choice, Reflect, Scalar, Source, Text, Visitor};
use crate::value::{Element, List};

pub(crate) mod element {
    use super::{Reflect, Source, Visitor, option};

    pub(crate) fn walk<'a, T: Reflect<'a>>(v: &mut dyn Visitor, name: &'static str, field: &T) {
        v.start(name);
        field.walk(v);
        v.end();
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Reflect<'a>>(
        s: &mut S,
        name: &'static str,
    ) -> Result<T, S::Error> {
        option::build(s, name)?.ok_or_else(|| s.missing(name))
    }
}

pub(crate) mod option {
    use super::{Reflect, Source, Visitor, element};

    pub(crate) fn walk<'a, T: Reflect<'a>>(v: &mut dyn Visitor, name: &'static str, field: &Option<T>) {
        if let Some(value) = field {
            element::walk(v, name, value);
        }
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Reflect<'a>>(
        s: &mut S,
        name: &'static str,
    ) -> Result<Option<T>, S::Error> {
        if !s.enter(name)? {
            return Ok(None);
        }
        let value = T::build(s)?;
        s.leave()?;
        Ok(Some(value))
    }
}

pub(crate) mod list {
    use super::{Element, List, Reflect, Source, Vec, Visitor, element, option};

    pub(crate) fn walk<'a, T: Reflect<'a> + Element<'a>>(
        v: &mut dyn Visitor,
        name: &'static str,
        field: &List<'a, T>,
    ) {
        field.iter().for_each(|item| element::walk(v, name, &item));
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Reflect<'a> + Element<'a>>(
        s: &mut S,
        name: &'static str,
    ) -> Result<List<'a, T>, S::Error> {
        let mut items = Vec::new();
        while let Some(item) = option::build(s, name)? {
            items.push(item);
        }
        Ok(List::new(s.keep(items)))
    }
}

pub(crate) mod wrapped {
    use super::{Element, List, Reflect, Source, Visitor, wrapped_option};

    pub(crate) fn walk<'a, T: Reflect<'a> + Element<'a>>(
        v: &mut dyn Visitor,
        name: &'static str,
        item: &'static str,
        field: &List<'a, T>,
    ) {
        v.start(name);
        super::list::walk(v, item, field);
        v.end();
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Reflect<'a> + Element<'a>>(
        s: &mut S,
        name: &'static str,
        item: &'static str,
    ) -> Result<List<'a, T>, S::Error> {
        wrapped_option::build(s, name, item)?.ok_or_else(|| s.missing(name))
    }
}

pub(crate) mod wrapped_option {
    use super::{Element, List, Reflect, Source, Visitor, list, wrapped};

    pub(crate) fn walk<'a, T: Reflect<'a> + Element<'a>>(
        v: &mut dyn Visitor,
        name: &'static str,
        item: &'static str,
        field: &Option<List<'a, T>>,
    ) {
        if let Some(items) = field {
            wrapped::walk(v, name, item, items);
        }
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Reflect<'a> + Element<'a>>(
        s: &mut S,
        name: &'static str,
        item: &'static str,
    ) -> Result<Option<List<'a, T>>, S::Error> {
        if !s.enter(name)? {
            return Ok(None);
        }
        let items = list::build(s, item)?;
        s.finish()?;
        s.leave()?;
        Ok(Some(items))
    }
}

pub(crate) mod choice {
    use super::{Choice, Source, Visitor};

    pub(crate) fn walk<'a, T: Choice<'a>>(v: &mut dyn Visitor, _: &'static str, field: &T) {
        field.walk(v);
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Choice<'a>>(s: &mut S, _: &'static str) -> Result<T, S::Error> {
        T::build(s)?.ok_or_else(|| s.missing(T::NAMES.first().copied().unwrap_or_default()))
    }
}

pub(crate) mod choice_option {
    use super::{Choice, Source, Visitor};

    pub(crate) fn walk<'a, T: Choice<'a>>(v: &mut dyn Visitor, _: &'static str, field: &Option<T>) {
        if let Some(value) = field {
            value.walk(v);
        }
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Choice<'a>>(
        s: &mut S,
        _: &'static str,
    ) -> Result<Option<T>, S::Error> {
        T::build(s)
    }
}

/// The content of a choice's element.
pub(crate) mod content {
    use super::{Reflect, Source, Visitor};

    pub(crate) fn walk<'a, T: Reflect<'a>>(v: &mut dyn Visitor, value: &T) {
        value.walk(v);
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Reflect<'a>>(s: &mut S) -> Result<T, S::Error> {
        T::build(s)
    }
}

/// The content of a choice's element that holds nothing but a list.
pub(crate) mod items {
    use super::{Element, List, Reflect, Source, Visitor, list};

    pub(crate) fn walk<'a, T: Reflect<'a> + Element<'a>>(
        v: &mut dyn Visitor,
        item: &'static str,
        value: &List<'a, T>,
    ) {
        list::walk(v, item, value);
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Reflect<'a> + Element<'a>>(
        s: &mut S,
        item: &'static str,
    ) -> Result<List<'a, T>, S::Error> {
        let items = list::build(s, item)?;
        s.finish()?;
        Ok(items)
    }
}

pub(crate) mod attribute {
    use super::{Scalar, Source, Text, Visitor, attribute_option};

    pub(crate) fn walk<'a, T: Scalar<'a>>(v: &mut dyn Visitor, name: &'static str, field: &T) {
        v.attribute(name, field.value(Text::Base64));
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Scalar<'a>>(
        s: &mut S,
        name: &'static str,
    ) -> Result<T, S::Error> {
        attribute_option::build(s, name)?.ok_or_else(|| s.missing(name))
    }
}

pub(crate) mod attribute_option {
    use super::{Scalar, Source, Text, Visitor, attribute};

    pub(crate) fn walk<'a, T: Scalar<'a>>(v: &mut dyn Visitor, name: &'static str, field: &Option<T>) {
        if let Some(value) = field {
            attribute::walk(v, name, value);
        }
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Scalar<'a>>(
        s: &mut S,
        name: &'static str,
    ) -> Result<Option<T>, S::Error> {
        let Some(text) = s.attribute(name) else { return Ok(None) };
        T::parse(text, Text::Base64, s).map(Some).ok_or_else(|| s.invalid(text))
    }
}

pub(crate) mod text {
    use super::{Scalar, Source, Text, Visitor};

    pub(crate) fn walk<'a, T: Scalar<'a>>(v: &mut dyn Visitor, _: &'static str, field: &T) {
        v.text(field.value(Text::Base64));
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Scalar<'a>>(s: &mut S, _: &'static str) -> Result<T, S::Error> {
        let text = s.text()?;
        T::parse(text, Text::Base64, s).ok_or_else(|| s.invalid(text))
    }
}

pub(crate) mod hex {
    use super::{Scalar, Source, Text, Visitor};

    pub(crate) fn walk<'a, T: Scalar<'a>>(v: &mut dyn Visitor, name: &'static str, field: &T) {
        v.start(name);
        v.text(field.value(Text::Hex));
        v.end();
    }

    pub(crate) fn build<'a, S: Source<'a>, T: Scalar<'a>>(
        s: &mut S,
        name: &'static str,
    ) -> Result<T, S::Error> {
        if !s.enter(name)? {
            return Err(s.missing(name));
        }
        let text = s.text()?;
        let value = T::parse(text, Text::Hex, s).ok_or_else(|| s.invalid(text))?;
        s.leave()?;
        Ok(value)
    }
}

pub(crate) mod opaque {
    use super::{Source, Visitor};
    use crate::value::Opaque;

    pub(crate) fn walk(v: &mut dyn Visitor, name: &'static str, field: &Option<Opaque<'_>>) {
        if let Some(value) = field {
            v.opaque(name, value);
        }
    }

    pub(crate) fn build<'a, S: Source<'a>>(
        s: &mut S,
        name: &'static str,
    ) -> Result<Option<Opaque<'a>>, S::Error> {
        s.opaque(name)
    }
}

pub(crate) mod skip {
    use super::{Source, Visitor};
    use crate::value::Place;

    pub(crate) fn walk(_: &mut dyn Visitor, _: &'static str, _: &Place<'_>) {}

    // The signature is that of the other kinds.
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn build<'a, S: Source<'a>>(_: &mut S, _: &'static str) -> Result<Place<'a>, S::Error> {
        Ok(Place::default())
    }
}
