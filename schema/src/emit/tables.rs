//! The items of one set.

use std::collections::BTreeMap;

use super::names::constant;
use super::{BUILT_IN, EmitError, Module, Section, by_uri, list, namespace_of};
use crate::{
    BinaryEncoding, Element, ElementId, Event, Grammar, Model, Position, QName, SimpleKind, SimpleType, Type,
    TypeGrammar, TypeId,
};

/// Turns a set into items of the modules of its namespaces.
pub(super) struct Tables<'a> {
    model: &'a Model,
    grammar: &'a Grammar,
    modules: &'a mut BTreeMap<&'static str, Module>,
    /// Module and Rust name of the types written so far.
    types: BTreeMap<TypeId, (&'static str, String)>,
}

impl<'a> Tables<'a> {
    /// Checks that document and fragment follow from the elements alone, as the tables assume.
    pub(super) fn new(
        model: &'a Model,
        grammar: &'a Grammar,
        modules: &'a mut BTreeMap<&'static str, Module>,
    ) -> Result<Self, EmitError> {
        if let Some(entry) = grammar.fragment.iter().find(|entry| entry.element.is_none()) {
            let name = entry.name.local.clone();
            return Err(EmitError::NoForm { what: "the element-fragment grammar", name });
        }
        Ok(Tables { model, grammar, modules, types: BTreeMap::new() })
    }

    /// Writes every element of the set with the types that it needs.
    pub(super) fn add_all(mut self) -> Result<(), EmitError> {
        for index in 0..self.model.elements.len() {
            self.element(ElementId(index))?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        module: &'static str,
        section: Section,
        name: &str,
        xsd_name: &str,
        text: &str,
    ) -> Result<(), EmitError> {
        let module = self.modules.entry(module).or_default();
        let clash = module.items.keys().any(|(other, taken)| *other != section && taken == name);
        if clash {
            return Err(EmitError::NameClash(name.to_owned()));
        }
        match module.items.insert((section, name.to_owned()), (text.to_owned(), xsd_name.to_owned())) {
            Some((_, known)) if known != xsd_name => Err(EmitError::NameClash(name.to_owned())),
            Some((known, _)) if known != text => Err(EmitError::Differs(xsd_name.to_owned())),
            _ => Ok(()),
        }
    }

    /// The module that an element, attribute or type of this namespace belongs to.
    fn module(&self, ns: &str) -> Result<&'static str, EmitError> {
        match (ns, self.model.namespaces.as_slice()) {
            ("", [only]) => Ok(by_uri(only)?.module),
            _ => Ok(by_uri(ns)?.module),
        }
    }

    /// How `name` in `module` is written in `from`.
    fn path(from: &str, module: &str, name: &str) -> String {
        if from == module { format!("&{name}") } else { format!("&{module}::{name}") }
    }

    /// How the namespace `ns` is written in `module`.
    fn namespace(module: &str, ns: &str) -> String {
        match namespace_of(module) {
            Some(namespace) if namespace.uri == ns => "NS".to_owned(),
            _ => format!("{ns:?}"),
        }
    }

    fn element_place(&self, id: ElementId) -> Result<(&'static str, String), EmitError> {
        let name = &self.model.elements[id.0].name;
        Ok((self.module(&name.ns)?, constant(&name.local)))
    }

    fn element(&mut self, id: ElementId) -> Result<(), EmitError> {
        let (module, name) = self.element_place(id)?;
        let same_name: Vec<&Element> = {
            let wanted = &self.model.elements[id.0].name;
            self.model.elements.iter().filter(|element| element.name == *wanted).collect()
        };
        let global = same_name.iter().any(|element| element.global);
        if let Some(element) = same_name.iter().find(|element| element.is_abstract) {
            return Err(EmitError::NoForm { what: "the abstractness", name: element.name.local.clone() });
        }
        let element = &self.model.elements[id.0];
        let (type_module, type_name) = self.type_item(element.type_id, &element.name)?;
        let constructor = match self.model.types[element.type_id.0] {
            Type::Simple(_) => "text",
            Type::Complex(_) => "tree",
        };
        let flags = if global { ".global()" } else { "" };
        let text = format!(
            "pub(super) static {name}: Element = {constructor}({:?}, {}, {}){flags};\n",
            element.name.local,
            Self::namespace(module, &element.name.ns),
            Self::path(module, type_module, &type_name)
        );
        self.modules.entry(module).or_default().elements.insert(element.name.clone(), name.clone());
        self.add(module, Section::Element, &name, &element.name.local, &text)
    }

    /// Writes a type, if it is not yet, and tells where it is. An anonymous one is named after its owner.
    fn type_item(&mut self, id: TypeId, owner: &QName) -> Result<(&'static str, String), EmitError> {
        if let Some(place) = self.types.get(&id) {
            return Ok(place.clone());
        }
        let (name, section) = match &self.model.types[id.0] {
            Type::Simple(simple) => (simple.name.clone(), Section::Simple),
            Type::Complex(complex) => (complex.name.clone(), Section::Complex),
        };
        let (xsd_name, rust_name, ns) = match &name {
            Some(name) => (name.local.clone(), constant(&name.local), &name.ns),
            None => (owner.local.clone(), format!("{}_CONTENT", constant(&owner.local)), &owner.ns),
        };
        let module = if ns == "http://www.w3.org/2001/XMLSchema" { BUILT_IN } else { self.module(ns)? };
        self.types.insert(id, (module, rust_name.clone()));
        let text = match &self.model.types[id.0] {
            Type::Simple(simple) => simple_text(&xsd_name, &rust_name, simple),
            Type::Complex(complex) => {
                let start = format!(
                    "pub(super) static {rust_name}: Complex = {}",
                    if complex.is_abstract { "no_instance" } else { "complex" }
                );
                self.complex(module, &start, &xsd_name, id)?
            }
        };
        self.add(module, section, &rust_name, &xsd_name, &text)?;
        Ok((module, rust_name))
    }

    fn complex(
        &mut self,
        module: &'static str,
        start: &str,
        xsd_name: &str,
        id: TypeId,
    ) -> Result<String, EmitError> {
        let grammar: &TypeGrammar = &self.grammar.types[id.0];
        let no_form = |what| EmitError::NoForm { what, name: xsd_name.to_owned() };
        if grammar.positions.len() > 64 {
            return Err(no_form("the size"));
        }
        let mut positions = Vec::new();
        for position in &grammar.positions {
            let shared = |other: &Position| other.counter.map(|c| c.id) == position.counter.map(|c| c.id);
            if position.counter.is_some()
                && grammar.positions.iter().filter(|other| shared(other)).count() > 1
            {
                return Err(no_form("a bounded choice"));
            }
            positions.push(self.position(module, position, xsd_name)?);
        }
        let set = |set: &Vec<usize>| format!("{:#x}", set.iter().fold(0u64, |bits, index| bits | 1 << index));
        let follow: Vec<String> =
            std::iter::once(set(&grammar.start)).chain(grammar.follow.iter().map(set)).collect();
        let arguments =
            [format!("{xsd_name:?}"), format!("&{}", list(&positions)), format!("&{}", list(&follow))];
        Ok(call(start, &arguments))
    }

    fn position(
        &mut self,
        module: &'static str,
        position: &Position,
        owner: &str,
    ) -> Result<String, EmitError> {
        let no_form = |what| EmitError::NoForm { what, name: owner.to_owned() };
        let owner_name = |suffix: &str| QName {
            local: format!("{owner}{suffix}"),
            ns: namespace_of(module).map_or(String::new(), |namespace| namespace.uri.to_owned()),
        };
        Ok(match &position.event {
            Event::Attribute { name, type_id, .. } => {
                let (type_module, type_name) = self.type_item(*type_id, &owner_name(&name.local))?;
                let rust_name = format!("{}_OF_{}", constant(&name.local), constant(owner));
                let text = format!(
                    "static {rust_name}: Attribute = attribute({:?}, {}, {});\n",
                    name.local,
                    Self::namespace(module, &name.ns),
                    Self::path(module, type_module, &type_name)
                );
                self.add(module, Section::Attribute, &rust_name, &name.local, &text)?;
                format!("at(&{rust_name})")
            }
            Event::AnyAttribute => return Err(no_form("an attribute wildcard")),
            Event::Element(id) => {
                let (element_module, name) = self.element_place(*id)?;
                let path = Self::path(module, element_module, &name);
                match position.counter {
                    None => format!("el({path})"),
                    Some(counter) => {
                        let max =
                            counter.max.ok_or_else(|| no_form("a list that is open from two items on"))?;
                        format!("many({path}, {}, {max})", counter.min)
                    }
                }
            }
            Event::AnyElement if position.counter.is_some() => return Err(no_form("a bounded wildcard")),
            Event::AnyElement => "ANY".to_owned(),
            Event::End => "END".to_owned(),
            Event::Text(type_id) => {
                let (type_module, type_name) = self.type_item(*type_id, &owner_name("Text"))?;
                format!("chars({})", Self::path(module, type_module, &type_name))
            }
            Event::MixedText => "MIXED".to_owned(),
        })
    }
}

fn simple_text(xsd_name: &str, rust_name: &str, simple: &SimpleType) -> String {
    let start = |constructor: &str| format!("pub(super) static {rust_name}: Simple = {constructor}");
    let quoted = format!("{xsd_name:?}");
    match &simple.kind {
        SimpleKind::Boolean => call(&start("boolean"), &[quoted]),
        SimpleKind::Integer { min, max } => {
            call(&start("integer"), &[quoted, format!("{min:?}"), format!("{max:?}")])
        }
        SimpleKind::Enumeration(literals) => {
            let literals: Vec<String> = literals.iter().map(|literal| format!("{literal:?}")).collect();
            call(&start("enumeration"), &[quoted, format!("&{}", list(&literals))])
        }
        SimpleKind::String { min_length, max_length } => {
            call(&start("string"), &[quoted, min_length.to_string(), format!("{max_length:?}")])
        }
        SimpleKind::Binary { encoding, min_length, max_length } => {
            let constructor = match encoding {
                BinaryEncoding::Hex => "hex",
                BinaryEncoding::Base64 => "base64",
            };
            call(&start(constructor), &[quoted, min_length.to_string(), format!("{max_length:?}")])
        }
    }
}

fn call(start: &str, arguments: &[String]) -> String {
    format!("{start}({});\n", arguments.join(", "))
}
