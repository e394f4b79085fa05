//! From schema components to Rust types.

use std::collections::{BTreeMap, BTreeSet};

use super::ir::{
    Alias, Alternative, Choice, CodegenError, Enumeration, Item, Path, Slot, SlotKind, Struct, Ty,
};
use super::naming::{camel, constant, snake, words};
use super::profile::{ChoiceName, Profile};
use crate::{
    BinaryEncoding, ComplexType, Content, Element, ElementId, Model, Particle, QName, SimpleKind, SimpleType,
    Term, Type, TypeId,
};

type Result<T> = std::result::Result<T, CodegenError>;

/// Everything that was lowered so far, over all sets.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) structs: BTreeMap<Path, Struct>,
    pub(super) choices: BTreeMap<Path, Choice>,
    pub(super) enumerations: BTreeMap<Path, Enumeration>,
    pub(super) aliases: BTreeMap<Path, Alias>,
    /// XML names of elements and attributes that errors can mention.
    pub(super) names: BTreeSet<String>,
}

/// Lowers the types of one set into a registry.
pub(super) struct Lowering<'a> {
    pub(super) model: &'a Model,
    pub(super) profile: &'a Profile<'a>,
    pub(super) registry: &'a mut Registry,
}

impl Lowering<'_> {
    /// Lowers an element and all that it contains.
    pub(super) fn element(&mut self, id: ElementId) -> Result<Item> {
        let element = &self.model.elements[id.0];
        let xml = element.name.local.clone();
        self.registry.names.insert(xml.clone());
        let ty =
            if self.profile.opaque_elements.contains(&xml.as_str()) { Ty::Opaque } else { self.ty(element)? };
        Ok(Item { xml, ty })
    }

    /// Lowers a root element, which is always a struct of its own.
    pub(super) fn root(&mut self, id: ElementId) -> Result<Struct> {
        let element = &self.model.elements[id.0];
        let Type::Complex(complex) = &self.model.types[element.type_id.0] else {
            return Err(CodegenError::unsupported(&element.name.local, "a root must be of complex type"));
        };
        let built = self.structure(complex, complex.name.as_ref().unwrap_or(&element.name))?;
        self.registry.structs.insert(built.path.clone(), built.clone());
        Ok(built)
    }

    fn ty(&mut self, element: &Element) -> Result<Ty> {
        match &self.model.types[element.type_id.0] {
            Type::Simple(simple) => self.simple(simple, &element.name),
            Type::Complex(complex) => self.complex(complex, &element.name),
        }
    }

    fn path(&self, name: &QName) -> Result<Path> {
        let module = self.profile.modules.iter().find(|(ns, _)| *ns == name.ns).ok_or_else(|| {
            CodegenError::unsupported(&name.local, format!("no module for namespace {}", name.ns))
        })?;
        let stem = name.local.strip_suffix("Type").unwrap_or(&name.local);
        Ok(Path { module: Some(module.1.into()), name: camel(&words(stem, self.profile.words)) })
    }

    fn simple(&mut self, simple: &SimpleType, place: &QName) -> Result<Ty> {
        Ok(match &simple.kind {
            SimpleKind::Boolean => Ty::Bool,
            SimpleKind::Enumeration(literals) => self.enumeration(simple, literals, place)?,
            SimpleKind::Integer { min, max } => self.integer(simple, *min, *max, place)?,
            SimpleKind::String { min_length, max_length } => Ty::Str { min: *min_length, max: *max_length },
            SimpleKind::Binary { encoding, min_length, max_length } => {
                let hex = *encoding == BinaryEncoding::Hex;
                if *min_length <= 16 && Some(*min_length) == *max_length {
                    Ty::Array { len: *min_length, hex }
                } else {
                    Ty::Bytes { min: *min_length, max: *max_length, hex }
                }
            }
        })
    }

    fn named<'t>(simple: &'t SimpleType, place: &QName) -> Result<&'t QName> {
        simple
            .name
            .as_ref()
            .ok_or_else(|| CodegenError::unsupported(&place.local, "anonymous restricted type"))
    }

    fn enumeration(&mut self, simple: &SimpleType, literals: &[String], place: &QName) -> Result<Ty> {
        let name = Self::named(simple, place)?;
        let path = self.path(name)?;
        let count = literals.len() as u32;
        let variants =
            literals.iter().map(|l| (camel(&words(l, self.profile.words)), l.clone())).collect::<Vec<_>>();
        let width = u32::BITS - (count - 1).leading_zeros();
        let item = Enumeration { path: path.clone(), xml: name.local.clone(), variants };
        self.registry.enumerations.insert(path.clone(), item);
        Ok(Ty::Enum { path, width })
    }

    fn integer(
        &mut self,
        simple: &SimpleType,
        min: Option<i128>,
        max: Option<i128>,
        place: &QName,
    ) -> Result<Ty> {
        let (Some(low), Some(high)) = (min, max) else {
            return match (min, max) {
                (None, None) => Ok(Ty::Integer),
                _ => Err(CodegenError::unsupported(&place.local, "integer with one bound")),
            };
        };
        let wide = high - low >= 4096;
        Ok(match (low, high) {
            (0, 0xFF) => Ty::U8,
            (-128, 127) => Ty::I8,
            (0, 0xFFFF) => Ty::U16,
            (0, 0xFFFF_FFFF) => Ty::U32,
            (0, 0xFFFF_FFFF_FFFF_FFFF) => Ty::U64,
            (-0x8000, 0x7FFF) => Ty::I16,
            (-0x8000_0000, 0x7FFF_FFFF) => Ty::I32,
            (1, 0xFFFF_FFFF) => {
                let path = self.alias(simple, place, "Positive".into(), "1 to 2³²−1")?;
                Ty::Positive(path)
            }
            _ if !wide && low >= 0 && high <= 0xFFFF => {
                let target = format!("Ranged<{low}, {high}>");
                let path = self.alias(simple, place, target, &format!("{low} to {high}"))?;
                let count = (high - low + 1) as u32;
                Ty::Ranged { path, width: u32::BITS - (count - 1).leading_zeros(), count }
            }
            _ => return Err(CodegenError::unsupported(&place.local, format!("integer {low} to {high}"))),
        })
    }

    fn alias(&mut self, simple: &SimpleType, place: &QName, target: String, range: &str) -> Result<Path> {
        let name = Self::named(simple, place)?;
        let path = self.path(name)?;
        let alias = Alias {
            path: path.clone(),
            xml: name.local.clone(),
            target,
            doc: format!("an integer from {range}"),
        };
        self.registry.aliases.insert(path.clone(), alias);
        Ok(path)
    }

    fn complex(&mut self, complex: &ComplexType, declared: &QName) -> Result<Ty> {
        // A type without a name goes by that of its element.
        let name = complex.name.as_ref().unwrap_or(declared);
        let element = declared.local.as_str();
        if name.local == self.profile.rational_type {
            // For the names of its parts, which errors mention.
            self.structure(complex, name)?;
            let rule = self.profile.units.iter().find(|rule| element.contains(rule.contains));
            let quantity = rule.and_then(|rule| rule.quantity).unwrap_or("RationalNumber");
            return Ok(Ty::Rational(Path { module: None, name: quantity.into() }));
        }
        let built = self.structure(complex, name)?;
        if built.slots.is_empty() && !built.mixed {
            return Ok(Ty::Unit);
        }
        if let [slot] = built.slots.as_slice() {
            let repeated = slot.min > 0 && slot.repeated() && !built.mixed && !built.place;
            if let (true, Some((0, item)), 1) = (repeated, slot.single(), slot.width()) {
                return Ok(Ty::Wrapped { item: Box::new(item.clone()), min: slot.min, max: slot.max });
            }
        }
        let (path, borrows) = (built.path.clone(), built.borrows);
        self.registry.structs.insert(path.clone(), built);
        Ok(Ty::Struct { path, borrows })
    }

    fn structure(&mut self, complex: &ComplexType, name: &QName) -> Result<Struct> {
        let path = self.path(name)?;
        let mut slots = Vec::new();
        for attribute in &complex.attributes {
            let Type::Simple(simple) = &self.model.types[attribute.type_id.0] else {
                return Err(CodegenError::unsupported(&name.local, "attribute of complex type"));
            };
            let xml = attribute.name.local.clone();
            self.registry.names.insert(xml.clone());
            let ty = self.simple(simple, &attribute.name)?;
            let min = u32::from(attribute.required);
            slots.push(self.plain_slot(SlotKind::Attribute, Item { xml, ty }, min, Some(1)));
        }
        match &complex.content {
            Content::Empty => {}
            Content::Simple(id) => {
                let text = self.text(*id, name)?;
                slots.push(text);
            }
            Content::Particle(particle) => self.particle(particle, name, &mut slots)?,
        }
        let place = self.profile.signable_types.contains(&name.local.as_str());
        let borrows = place || slots.iter().any(Self::slot_borrows);
        let simple_content = matches!(complex.content, Content::Simple(_));
        let xml = name.local.clone();
        Ok(Struct { path, xml, slots, mixed: complex.mixed, place, borrows, simple_content })
    }

    fn text(&mut self, id: TypeId, name: &QName) -> Result<Slot> {
        let Type::Simple(simple) = &self.model.types[id.0] else {
            return Err(CodegenError::unsupported(&name.local, "simple content of complex type"));
        };
        let ty = self.simple(simple, name)?;
        let mut slot = self.plain_slot(SlotKind::Text, Item { xml: String::new(), ty }, 1, Some(1));
        slot.field = "value".into();
        Ok(slot)
    }

    fn particle(&mut self, particle: &Particle, owner: &QName, slots: &mut Vec<Slot>) -> Result<()> {
        match &particle.term {
            Term::Sequence(parts) if particle.min == 1 && particle.max == Some(1) => {
                parts.iter().try_for_each(|part| self.particle(part, owner, slots))
            }
            Term::Sequence(parts) if parts.is_empty() => Ok(()),
            Term::Sequence(_) => {
                Err(CodegenError::unsupported(&owner.local, "repeated or optional sequence"))
            }
            Term::Choice(parts) => {
                let mut alternatives = Vec::new();
                for part in parts {
                    if (part.min, part.max) != (1, Some(1)) {
                        return Err(CodegenError::unsupported(&owner.local, "occurrences inside a choice"));
                    }
                    self.alternatives(&part.term, owner, &mut alternatives)?;
                }
                // Named elements come before wildcards, whatever the order in the schema.
                alternatives.sort_by_key(|alternative| matches!(alternative, Alternative::Wildcard));
                slots.push(self.slot(alternatives, particle.min, particle.max, owner, None)?);
                Ok(())
            }
            term => {
                let mut alternatives = Vec::new();
                self.alternatives(term, owner, &mut alternatives)?;
                let head = match term {
                    Term::Element { element, by_reference: true } => {
                        Some(self.model.elements[element.0].name.local.clone())
                    }
                    _ => None,
                };
                slots.push(self.slot(alternatives, particle.min, particle.max, owner, head)?);
                Ok(())
            }
        }
    }

    fn alternatives(&mut self, term: &Term, owner: &QName, out: &mut Vec<Alternative>) -> Result<()> {
        match term {
            Term::Any => out.push(Alternative::Wildcard),
            Term::Element { element, by_reference } => {
                let members = if *by_reference {
                    self.model.elements[element.0].alternatives.clone()
                } else {
                    vec![*element]
                };
                for id in members {
                    let declared = &self.model.elements[id.0];
                    let is_abstract = match &self.model.types[declared.type_id.0] {
                        Type::Complex(complex) => complex.is_abstract,
                        Type::Simple(_) => false,
                    };
                    if is_abstract || declared.is_abstract {
                        out.push(Alternative::Abstract);
                    } else {
                        out.push(Alternative::Item(self.element(id)?));
                    }
                }
            }
            Term::Sequence(_) | Term::Choice(_) => {
                return Err(CodegenError::unsupported(&owner.local, "group inside a choice"));
            }
        }
        Ok(())
    }

    fn plain_slot(&self, kind: SlotKind, item: Item, min: u32, max: Option<u32>) -> Slot {
        let field = snake(&words(&item.xml, self.profile.words));
        let doc = describe(&item, min, max);
        Slot { kind, field, min, max, alternatives: vec![Alternative::Item(item)], choice: None, doc }
    }

    fn slot(
        &mut self,
        alternatives: Vec<Alternative>,
        min: u32,
        max: Option<u32>,
        owner: &QName,
        head: Option<String>,
    ) -> Result<Slot> {
        let items: Vec<Item> = alternatives
            .iter()
            .filter_map(|alternative| match alternative {
                Alternative::Item(item) => Some(item.clone()),
                _ => None,
            })
            .collect();
        match items.as_slice() {
            // Only a wildcard: nothing to carry.
            [] => Ok(Slot {
                kind: SlotKind::Element,
                field: String::new(),
                min,
                max,
                alternatives,
                choice: None,
                doc: String::new(),
            }),
            [item] => {
                let mut item = item.clone();
                let lazy = self.profile.lazy_elements.contains(&item.xml.as_str());
                if let (true, 0, Ty::Struct { path, borrows }) = (lazy, min, &item.ty) {
                    item.ty = Ty::Lazy { path: path.clone(), borrows: *borrows };
                }
                let alternatives = alternatives
                    .into_iter()
                    .map(|alternative| match alternative {
                        Alternative::Item(_) => Alternative::Item(item.clone()),
                        other => other,
                    })
                    .collect();
                let mut slot = self.plain_slot(SlotKind::Element, item, min, max);
                slot.alternatives = alternatives;
                Ok(slot)
            }
            _ => {
                if max != Some(1) {
                    return Err(CodegenError::unsupported(&owner.local, "repeated choice"));
                }
                self.choice(alternatives, items, min, owner, head)
            }
        }
    }

    fn choice(
        &mut self,
        alternatives: Vec<Alternative>,
        items: Vec<Item>,
        min: u32,
        owner: &QName,
        head: Option<String>,
    ) -> Result<Slot> {
        let key = head.unwrap_or_else(|| items[0].xml.clone());
        let ChoiceName { name, field, .. } =
            self.profile.choices.iter().find(|choice| choice.element == key).ok_or_else(|| {
                CodegenError::unsupported(
                    &owner.local,
                    format!("the choice at {key} has no name in the profile"),
                )
            })?;
        let path = Path { module: self.path(owner)?.module, name: (*name).into() };
        let names = variant_names(&items, self.profile.words);
        let borrows = items.iter().any(|item| Self::borrows(&item.ty));
        let list = items.iter().map(|item| format!("`{}`", item.xml)).collect::<Vec<_>>().join(", ");
        let variants = names.into_iter().zip(items).collect();
        self.registry.choices.insert(path.clone(), Choice { path: path.clone(), variants, borrows });
        let optional = if min == 0 { ", or nothing" } else { "" };
        Ok(Slot {
            kind: SlotKind::Element,
            field: (*field).into(),
            min,
            max: Some(1),
            alternatives,
            choice: Some(path),
            doc: format!("One of {list}{optional}."),
        })
    }

    fn slot_borrows(slot: &Slot) -> bool {
        slot.repeated() || slot.items().any(|(_, item)| Self::borrows(&item.ty))
    }

    fn borrows(ty: &Ty) -> bool {
        match ty {
            Ty::Struct { borrows, .. } => *borrows,
            Ty::Str { .. }
            | Ty::Bytes { .. }
            | Ty::Integer
            | Ty::Lazy { .. }
            | Ty::Wrapped { .. }
            | Ty::Opaque => true,
            _ => false,
        }
    }
}

/// Variant names: the elements' names without the words that all of them end with.
fn variant_names(items: &[Item], vocabulary: &[&str]) -> Vec<String> {
    let split: Vec<Vec<String>> = items.iter().map(|item| words(&item.xml, vocabulary)).collect();
    let shortest = split.iter().map(Vec::len).min().unwrap_or(0);
    let common = (0..shortest)
        .take_while(|&n| {
            split.iter().all(|words| words[words.len() - 1 - n] == split[0][split[0].len() - 1 - n])
        })
        .count()
        .min(shortest - 1);
    split.iter().map(|words| camel(&words[..words.len() - common])).collect()
}

/// The documentation of a field: XML name, cardinality, range and unit.
fn describe(item: &Item, min: u32, max: Option<u32>) -> String {
    let cardinality = match (min, max) {
        (1, Some(1)) => String::new(),
        (0, Some(1)) => " (optional)".into(),
        (min, Some(max)) => format!(" ({min} to {max} times)"),
        (min, None) => format!(" ({min} times or more)"),
    };
    let content = match &item.ty {
        Ty::Rational(path) if path.name != "RationalNumber" => format!(", in {}", unit(&path.name)),
        Ty::Ranged { count, .. } => format!(", one of {count} values"),
        Ty::Str { min: 0, max: Some(max) } => format!(", at most {max} characters"),
        Ty::Str { min, max: Some(max) } => format!(", {min} to {max} characters"),
        Ty::Bytes { min, max: Some(max), .. } if min == max => format!(", {max} octets"),
        Ty::Bytes { min: 0, max: Some(max), .. } => format!(", at most {max} octets"),
        Ty::Bytes { min, max: Some(max), .. } => format!(", {min} to {max} octets"),
        Ty::Wrapped { item, min, max } => {
            let max = max.map_or("any number".into(), |max| max.to_string());
            format!(", {min} to {max} of `{}`{}", item.xml, item_range(&item.ty))
        }
        Ty::Opaque => ", forbidden by V2G".into(),
        _ => String::new(),
    };
    let name = if item.xml.is_empty() { "The text of the element".into() } else { format!("`{}`", item.xml) };
    format!("{name}{cardinality}{content}.")
}

fn item_range(ty: &Ty) -> String {
    match ty {
        Ty::Str { max: Some(max), .. } => format!(", each at most {max} characters"),
        Ty::Bytes { max: Some(max), .. } => format!(", each at most {max} octets"),
        _ => String::new(),
    }
}

fn unit(quantity: &str) -> &str {
    match quantity {
        "Watts" => "W",
        "Vars" => "var",
        "Volts" => "V",
        "Amperes" => "A",
        "WattHours" => "Wh",
        "Frequency" => "Hz",
        other => other,
    }
}

/// The constant that stands for an XML name in errors.
pub(super) fn name_constant(xml: &str, vocabulary: &[&str]) -> String {
    if xml.is_empty() { "NONE".into() } else { constant(&words(xml, vocabulary)) }
}
