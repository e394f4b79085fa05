//! From the component model to grammars: types, document and fragment.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{Builder, Fragment};
use super::{Event, FragmentElement, Grammar, Position, TypeGrammar};
use crate::{ComplexType, Content, ElementId, Model, QName, Type, TypeId};

/// A content model that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("content model of {} is not deterministic", name.as_ref().map_or("an anonymous type", |name| &name.local))]
pub struct Unsupported {
    /// Name of the type.
    pub name: Option<QName>,
}

pub(super) fn grammar(model: &Model) -> Result<Grammar, Unsupported> {
    let types = (0..model.types.len())
        .map(|index| match &model.types[index] {
            Type::Simple(_) => Ok(text_only(TypeId(index))),
            Type::Complex(complex) => complex_type(model, complex),
        })
        .collect::<Result<_, _>>()?;
    let mut attributes = BTreeSet::new();
    for definition in &model.types {
        if let Type::Complex(complex) = definition {
            attributes.extend(complex.attributes.iter().map(|attribute| attribute.name.clone()));
        }
    }
    Ok(Grammar {
        types,
        document: model.globals.clone(),
        fragment: fragment(model),
        attributes: attributes.into_iter().collect(),
    })
}

fn fragment(model: &Model) -> Vec<FragmentElement> {
    let mut by_name: BTreeMap<&QName, FragmentElement> = BTreeMap::new();
    for (index, element) in model.elements.iter().enumerate() {
        let entry = by_name.entry(&element.name).or_insert_with(|| FragmentElement {
            name: element.name.clone(),
            element: Some(ElementId(index)),
        });
        if entry.element.is_some_and(|known| model.elements[known.0].type_id != element.type_id) {
            entry.element = None;
        }
    }
    by_name.into_values().collect()
}

fn text_only(type_id: TypeId) -> TypeGrammar {
    TypeGrammar {
        positions: vec![plain(Event::End), plain(Event::Text(type_id))],
        start: vec![1],
        follow: vec![vec![], vec![0]],
    }
}

fn plain(event: Event) -> Position {
    Position { event, counter: None }
}

fn complex_type(model: &Model, complex: &ComplexType) -> Result<TypeGrammar, Unsupported> {
    let mut builder = Builder::new(model);
    let mut content = match &complex.content {
        Content::Empty => Fragment::empty(),
        Content::Simple(text) => builder.position(plain(Event::Text(*text))),
        Content::Particle(particle) => builder.particle(particle),
    };
    let end = builder.position(plain(Event::End));
    builder.link(&content.last, &end.first);
    if content.nullable {
        content.first.extend(&end.first);
    }
    let Builder { mut positions, mut follow, .. } = builder;
    let mut start = content.first;
    if complex.mixed {
        let text = positions.len();
        positions.push(plain(Event::MixedText));
        follow.push(Vec::new());
        start.push(text);
        // Not after the end and not after text, where the state is that before it.
        for (position, next) in positions.iter().zip(&mut follow) {
            if !matches!(position.event, Event::End | Event::MixedText) {
                next.push(text);
            }
        }
    }
    if complex.any_attribute {
        let any = positions.len();
        positions.push(plain(Event::AnyAttribute));
        follow.push(Vec::new());
        start.push(any);
    }
    for attribute in complex.attributes.iter().rev() {
        let index = positions.len();
        positions.push(plain(Event::Attribute {
            name: attribute.name.clone(),
            type_id: attribute.type_id,
            required: attribute.required,
        }));
        follow.push(start.clone());
        if attribute.required {
            // What follows it has to wait for it; wildcard attributes have not.
            start.retain(|&position| positions[position].event == Event::AnyAttribute);
        }
        start.push(index);
    }
    sorted(&positions, &start, &follow).ok_or_else(|| Unsupported { name: complex.name.clone() })
}

/// Brings positions into the order of event codes; none if a state would have two productions for one event.
fn sorted(positions: &[Position], start: &[usize], follow: &[Vec<usize>]) -> Option<TypeGrammar> {
    let class = |position: &Position| match &position.event {
        Event::Attribute { name, .. } => (0, Some(name.clone())),
        Event::AnyAttribute => (1, None),
        Event::Element(_) => (2, None),
        Event::AnyElement => (3, None),
        Event::End => (4, None),
        Event::Text(_) | Event::MixedText => (5, None),
    };
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by_cached_key(|&index| class(&positions[index]));
    let mut place = vec![0; positions.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = new;
    }
    let renumber = |set: &[usize]| -> Option<Vec<usize>> {
        let renumbered: BTreeSet<usize> = set.iter().map(|&old| place[old]).collect();
        let sorted: Vec<usize> = renumbered.into_iter().collect();
        let distinct = sorted.iter().enumerate().all(|(at, &a)| {
            sorted[at + 1..].iter().all(|&b| positions[order[a]].event != positions[order[b]].event)
        });
        distinct.then_some(sorted)
    };
    let start = renumber(start)?;
    let follow = order.iter().map(|&old| renumber(&follow[old])).collect::<Option<_>>()?;
    let positions = order.iter().map(|&old| positions[old].clone()).collect();
    Some(TypeGrammar { positions, start, follow })
}
