//! Complex types: content, derivation and attributes.

use super::builder::{Builder, Component};
use super::error::{Error, Problem};
use super::particle::{follow, is_particle, particle};
use super::simple;
use super::source::Item;
use crate::{Attribute, ComplexType, Content, Particle, SimpleType, Term, Type};

/// Reads what `xs:complexType` contains into `shell`.
pub(super) fn fill<'a>(
    builder: &mut Builder<'a>,
    item: Item<'a>,
    shell: &mut ComplexType,
) -> Result<(), Error> {
    item.expect_attributes(&["name", "abstract", "mixed"])?;
    let mut children = item.children();
    match children.next() {
        Some(child) if child.tag() == "complexContent" => {
            child.expect_attributes(&["mixed"])?;
            shell.mixed |= child.flag("mixed")?;
            let derivation = derivation(child)?;
            complex_content(builder, derivation, shell)?;
        }
        Some(child) if child.tag() == "simpleContent" => {
            child.expect_attributes(&[])?;
            let derivation = derivation(child)?;
            simple_content(builder, derivation, shell)?;
        }
        Some(child) => {
            let rest = std::iter::once(child).chain(children.by_ref());
            let own = body(builder, rest, shell)?;
            shell.content = content(own);
        }
        None => {}
    }
    if let Some(extra) = children.next() {
        return Err(extra.unsupported());
    }
    shell.attributes.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(pair) = shell.attributes.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(item.error(Problem::Duplicate { what: "attribute", name: pair[0].name.clone() }));
    }
    Ok(())
}

fn derivation(item: Item<'_>) -> Result<Item<'_>, Error> {
    let mut children = item.children();
    let first = children.next().ok_or_else(|| item.error(Problem::MissingContent("xs:extension")))?;
    match children.next() {
        Some(extra) => Err(extra.unsupported()),
        None => Ok(first),
    }
}

fn complex_content<'a>(
    builder: &mut Builder<'a>,
    item: Item<'a>,
    shell: &mut ComplexType,
) -> Result<(), Error> {
    item.expect_attributes(&["base"])?;
    let base = builder.type_named(item, item.required("base")?)?;
    let Type::Complex(inherited) = builder.completed(item, base)? else {
        return Err(item.error(Problem::WrongBase));
    };
    match item.tag() {
        "extension" => {
            shell.base = Some(base);
            shell.mixed |= inherited.mixed;
            shell.attributes = inherited.attributes;
            shell.any_attribute = inherited.any_attribute;
            let own = body(builder, item.children(), shell)?;
            shell.content = match (inherited.content, own) {
                (inherited, None) => inherited,
                (Content::Empty, own) => content(own),
                (Content::Particle(first), Some(second)) => content(Some(follow(first, second))),
                (Content::Simple(_), Some(_)) => return Err(item.error(Problem::WrongBase)),
            };
        }
        "restriction" => {
            let own = body(builder, item.children(), shell)?;
            shell.content = content(own);
            for attribute in inherited.attributes {
                if shell.attributes.iter().all(|own| own.name != attribute.name) {
                    shell.attributes.push(attribute);
                }
            }
        }
        _ => return Err(item.unsupported()),
    }
    Ok(())
}

fn simple_content<'a>(
    builder: &mut Builder<'a>,
    item: Item<'a>,
    shell: &mut ComplexType,
) -> Result<(), Error> {
    item.expect_attributes(&["base"])?;
    let base = builder.type_named(item, item.required("base")?)?;
    let definition = builder.completed(item, base)?;
    let text = match &definition {
        Type::Simple(_) => base,
        Type::Complex(ComplexType { content: Content::Simple(text), .. }) => *text,
        Type::Complex(_) => return Err(item.error(Problem::WrongBase)),
    };
    if let Type::Complex(inherited) = definition {
        shell.attributes = inherited.attributes;
        shell.any_attribute = inherited.any_attribute;
        shell.base = (item.tag() == "extension").then_some(base);
    }
    let (attributes, facets): (Vec<_>, Vec<_>) =
        item.children().partition(|child| matches!(child.tag(), "attribute" | "anyAttribute"));
    let text = match item.tag() {
        "extension" => match facets.first() {
            Some(facet) => return Err(facet.unsupported()),
            None => text,
        },
        "restriction" => {
            let kind = simple::restrict(builder, item, text, facets.into_iter())?;
            builder.push(Type::Simple(SimpleType { name: None, kind }))
        }
        _ => return Err(item.unsupported()),
    };
    for child in attributes {
        attribute(builder, child, shell)?;
    }
    shell.content = Content::Simple(text);
    Ok(())
}

/// Reads a content model followed by attributes.
fn body<'a>(
    builder: &mut Builder<'a>,
    children: impl Iterator<Item = Item<'a>>,
    shell: &mut ComplexType,
) -> Result<Option<Particle>, Error> {
    let mut own = None;
    for (index, child) in children.enumerate() {
        if is_particle(child) && index == 0 {
            own = particle(builder, child)?;
        } else {
            attribute(builder, child, shell)?;
        }
    }
    Ok(own)
}

fn attribute<'a>(builder: &mut Builder<'a>, item: Item<'a>, shell: &mut ComplexType) -> Result<(), Error> {
    match item.tag() {
        "anyAttribute" => {
            item.expect_attributes(&["namespace", "processContents"])?;
            shell.any_attribute = true;
            return Ok(());
        }
        "attribute" => {}
        _ => return Err(item.unsupported()),
    }
    let required = match item.attribute("use") {
        None | Some("optional") => false,
        Some("required") => true,
        Some(value) => return Err(item.bad_value("use", value)),
    };
    let (name, declaration) = if let Some(reference) = item.attribute("ref") {
        item.expect_attributes(&["ref", "use"])?;
        let name = item.resolve(reference)?;
        let declaration = builder.lookup(item, Component::Attribute, &name)?;
        declaration.expect_attributes(&["name", "type"])?;
        (name, declaration)
    } else {
        item.expect_attributes(&["name", "type", "use", "form"])?;
        (item.local_name(item.required("name")?, item.file.qualified_attributes)?, item)
    };
    let type_id = match (declaration.attribute("type"), declaration.children().next()) {
        (Some(name), None) => builder.type_named(declaration, name)?,
        (None, Some(inline)) => builder.type_of(inline)?,
        (None, None) => return Err(declaration.error(Problem::MissingAttribute("type"))),
        (Some(_), Some(child)) => return Err(child.unsupported()),
    };
    if let Type::Complex(_) = builder.completed(declaration, type_id)? {
        return Err(declaration.error(Problem::WrongBase));
    }
    shell.attributes.push(Attribute { name, type_id, required });
    Ok(())
}

/// Content of a type whose effective content model is `particle`.
fn content(particle: Option<Particle>) -> Content {
    match particle {
        Some(Particle { term: Term::Sequence(items) | Term::Choice(items), .. }) if items.is_empty() => {
            Content::Empty
        }
        Some(particle) => Content::Particle(particle),
        None => Content::Empty,
    }
}
