//! Content models.

use super::builder::Builder;
use super::error::Error;
use super::source::Item;
use crate::{Particle, Term};

/// True for the elements that [`particle`] reads.
pub(super) fn is_particle(item: Item<'_>) -> bool {
    matches!(item.tag(), "element" | "sequence" | "choice" | "any" | "all" | "group")
}

/// A term with its occurrences, none when it may not occur.
pub(super) fn particle<'a>(builder: &mut Builder<'a>, item: Item<'a>) -> Result<Option<Particle>, Error> {
    let min = match item.attribute("minOccurs") {
        Some(text) => text.parse().map_err(|_| item.bad_value("minOccurs", text))?,
        None => 1,
    };
    let max = match item.attribute("maxOccurs") {
        Some("unbounded") => None,
        Some(text) => Some(text.parse().map_err(|_| item.bad_value("maxOccurs", text))?),
        None => Some(1),
    };
    if max.is_some_and(|max| max < min) {
        return Err(item.bad_value("maxOccurs", item.attribute("maxOccurs").unwrap_or("1")));
    }
    let term = match item.tag() {
        "element" => {
            let (element, by_reference) = builder.element_use(item)?;
            Term::Element { element, by_reference }
        }
        "sequence" => Term::Sequence(group(builder, item)?),
        "choice" => Term::Choice(group(builder, item)?),
        "any" => {
            item.expect_attributes(&["namespace", "processContents", "minOccurs", "maxOccurs"])?;
            Term::Any
        }
        _ => return Err(item.unsupported()),
    };
    Ok((max != Some(0)).then_some(Particle { min, max, term }))
}

fn group<'a>(builder: &mut Builder<'a>, item: Item<'a>) -> Result<Vec<Particle>, Error> {
    item.expect_attributes(&["minOccurs", "maxOccurs"])?;
    let mut particles = Vec::new();
    for child in item.children() {
        particles.extend(particle(builder, child)?);
    }
    Ok(particles)
}

/// `first` followed by `second`; plain sequences are joined so that a derived type reads as one list.
pub(super) fn follow(first: Particle, second: Particle) -> Particle {
    let mut items = items(first);
    items.extend(self::items(second));
    Particle { min: 1, max: Some(1), term: Term::Sequence(items) }
}

fn items(particle: Particle) -> Vec<Particle> {
    match particle {
        Particle { min: 1, max: Some(1), term: Term::Sequence(items) } => items,
        other => vec![other],
    }
}
