//! Resolves the components of the files into a [`Model`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::{Error, Problem};
use super::source::{File, Item, XS};
use super::{complex, simple};
use crate::{ComplexType, Content, Element, ElementId, Model, QName, Type, TypeId};

/// Kinds of global components that can be referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Component {
    Element,
    Type,
    Attribute,
}

impl Component {
    fn describe(self) -> &'static str {
        match self {
            Component::Element => "element",
            Component::Type => "type",
            Component::Attribute => "attribute",
        }
    }
}

type Place<'a> = (&'a Path, usize);

/// State of the resolution.
pub(super) struct Builder<'a> {
    model: Model,
    defined: BTreeMap<(Component, QName), Item<'a>>,
    types: BTreeMap<Place<'a>, TypeId>,
    built_in: BTreeMap<QName, TypeId>,
    elements: BTreeMap<Place<'a>, ElementId>,
    /// Complex types whose content is not resolved yet.
    pending: BTreeMap<TypeId, Item<'a>>,
    /// Types being resolved, to notice circles.
    active: BTreeSet<Place<'a>>,
    order: Vec<Item<'a>>,
}

impl<'a> Builder<'a> {
    /// Registers the global components of `files`.
    pub(super) fn new(files: &'a [File<'a>]) -> Result<Self, Error> {
        let mut builder = Builder {
            model: Model::default(),
            defined: BTreeMap::new(),
            types: BTreeMap::new(),
            built_in: BTreeMap::new(),
            elements: BTreeMap::new(),
            pending: BTreeMap::new(),
            active: BTreeSet::new(),
            order: Vec::new(),
        };
        let mut namespaces = BTreeSet::new();
        for file in files {
            let root = file.root();
            root.expect_attributes(&[
                "targetNamespace",
                "elementFormDefault",
                "attributeFormDefault",
                "version",
            ])?;
            namespaces.insert(file.namespace.clone());
            for item in root.children() {
                builder.register(item)?;
            }
        }
        builder.model.namespaces = namespaces.into_iter().collect();
        Ok(builder)
    }

    fn register(&mut self, item: Item<'a>) -> Result<(), Error> {
        let component = match item.tag() {
            "element" => Component::Element,
            "simpleType" | "complexType" => Component::Type,
            "attribute" => Component::Attribute,
            "import" | "include" => return Ok(()),
            _ => return Err(item.unsupported()),
        };
        let name = item.target_name(item.required("name")?);
        if self.defined.insert((component, name.clone()), item).is_some() {
            return Err(item.error(Problem::Duplicate { what: component.describe(), name }));
        }
        self.order.push(item);
        Ok(())
    }

    /// Resolves everything.
    pub(super) fn build(mut self) -> Result<Model, Error> {
        for item in self.order.clone() {
            match item.tag() {
                "element" => {
                    let id = self.element(item)?;
                    self.model.globals.push(id);
                }
                "attribute" => {}
                _ => {
                    self.type_of(item)?;
                }
            }
        }
        while let Some((&id, _)) = self.pending.first_key_value() {
            self.complete(id)?;
        }
        let elements = &self.model.elements;
        self.model.globals.sort_by(|a, b| elements[a.0].name.cmp(&elements[b.0].name));
        self.resolve_alternatives();
        Ok(self.model)
    }

    fn resolve_alternatives(&mut self) {
        for index in 0..self.model.elements.len() {
            let id = ElementId(index);
            let elements = &self.model.elements;
            let mut members: Vec<ElementId> = (0..elements.len())
                .map(ElementId)
                .filter(|&member| {
                    std::iter::successors(Some(member), |at| elements[at.0].substitutes)
                        .take(elements.len())
                        .any(|ancestor| ancestor == id)
                })
                .collect();
            members.sort_by(|a, b| elements[a.0].name.cmp(&elements[b.0].name));
            self.model.elements[index].alternatives = members;
        }
    }

    /// Looks a global component up.
    pub(super) fn lookup(&self, at: Item<'a>, component: Component, name: &QName) -> Result<Item<'a>, Error> {
        self.defined
            .get(&(component, name.clone()))
            .copied()
            .ok_or_else(|| at.error(Problem::Undefined { what: component.describe(), name: name.clone() }))
    }

    /// The element that `xs:element` declares or refers to, and whether it is a reference.
    pub(super) fn element_use(&mut self, item: Item<'a>) -> Result<(ElementId, bool), Error> {
        let Some(reference) = item.attribute("ref") else { return Ok((self.element(item)?, false)) };
        item.expect_attributes(&["ref", "minOccurs", "maxOccurs"])?;
        let target = self.lookup(item, Component::Element, &item.resolve(reference)?)?;
        Ok((self.element(target)?, true))
    }

    /// The declaration at `item`, global or local.
    fn element(&mut self, item: Item<'a>) -> Result<ElementId, Error> {
        if let Some(&id) = self.elements.get(&item.key()) {
            return Ok(id);
        }
        if !self.active.insert(item.key()) {
            return Err(item.error(Problem::Circular));
        }
        let global = item.node.parent_element().is_some_and(|parent| parent.tag_name().name() == "schema");
        let known: &[&str] = if global {
            &["name", "type", "abstract", "substitutionGroup"]
        } else {
            &["name", "type", "form", "minOccurs", "maxOccurs"]
        };
        item.expect_attributes(known)?;
        let local = item.required("name")?;
        let name = if global {
            item.target_name(local)
        } else {
            item.local_name(local, item.file.qualified_elements)?
        };
        let substitutes = match item.attribute("substitutionGroup") {
            Some(head) => {
                let head = self.lookup(item, Component::Element, &item.resolve(head)?)?;
                Some(self.element(head)?)
            }
            None => None,
        };
        let mut inline = item.children();
        let type_id = match (item.attribute("type"), inline.next(), substitutes) {
            (Some(name), None, _) => self.type_named(item, name)?,
            (None, Some(child), _) => self.type_of(child)?,
            (None, None, Some(head)) => self.model.elements[head.0].type_id,
            (None, None, None) => return Err(item.error(Problem::MissingAttribute("type"))),
            (Some(_), Some(child), _) => return Err(child.unsupported()),
        };
        if let Some(extra) = inline.next() {
            return Err(extra.unsupported());
        }
        let id = ElementId(self.model.elements.len());
        self.model.elements.push(Element {
            name,
            type_id,
            global,
            is_abstract: item.flag("abstract")?,
            substitutes,
            alternatives: Vec::new(),
        });
        self.active.remove(&item.key());
        self.elements.insert(item.key(), id);
        Ok(id)
    }

    /// The type that an attribute such as `type` or `base` names.
    pub(super) fn type_named(&mut self, at: Item<'a>, name: &str) -> Result<TypeId, Error> {
        let name = at.resolve(name)?;
        if name.ns != XS {
            let item = self.lookup(at, Component::Type, &name)?;
            return self.type_of(item);
        }
        if let Some(&id) = self.built_in.get(&name) {
            return Ok(id);
        }
        let built_in = simple::built_in(&name)
            .ok_or_else(|| at.error(Problem::UnsupportedBuiltIn(name.local.clone())))?;
        let id = self.push(Type::Simple(built_in));
        self.built_in.insert(name, id);
        Ok(id)
    }

    /// The type that `xs:simpleType` or `xs:complexType` defines. The content of a complex type follows later, so
    /// that types may contain each other.
    pub(super) fn type_of(&mut self, item: Item<'a>) -> Result<TypeId, Error> {
        if let Some(&id) = self.types.get(&item.key()) {
            return Ok(id);
        }
        let id = match item.tag() {
            "simpleType" => {
                if !self.active.insert(item.key()) {
                    return Err(item.error(Problem::Circular));
                }
                let simple = simple::simple_type(self, item)?;
                self.active.remove(&item.key());
                self.push(Type::Simple(simple))
            }
            "complexType" => {
                let id = self.push(Type::Complex(ComplexType {
                    name: item.attribute("name").map(|name| item.target_name(name)),
                    base: None,
                    is_abstract: item.flag("abstract")?,
                    mixed: item.flag("mixed")?,
                    attributes: Vec::new(),
                    any_attribute: false,
                    content: Content::Empty,
                }));
                self.pending.insert(id, item);
                id
            }
            _ => return Err(item.unsupported()),
        };
        self.types.insert(item.key(), id);
        Ok(id)
    }

    /// The type behind `id`, content included.
    pub(super) fn completed(&mut self, at: Item<'a>, id: TypeId) -> Result<Type, Error> {
        if self.pending.contains_key(&id) {
            self.complete(id)?;
        } else if self.types.iter().any(|(key, other)| *other == id && self.active.contains(key)) {
            return Err(at.error(Problem::Circular));
        }
        Ok(self.model.types[id.0].clone())
    }

    fn complete(&mut self, id: TypeId) -> Result<(), Error> {
        let Some(item) = self.pending.remove(&id) else { return Ok(()) };
        let Type::Complex(mut shell) = self.model.types[id.0].clone() else { return Ok(()) };
        self.active.insert(item.key());
        complex::fill(self, item, &mut shell)?;
        self.active.remove(&item.key());
        self.model.types[id.0] = Type::Complex(shell);
        Ok(())
    }

    /// Adds an anonymous type.
    pub(super) fn push(&mut self, definition: Type) -> TypeId {
        self.model.types.push(definition);
        TypeId(self.model.types.len() - 1)
    }
}
