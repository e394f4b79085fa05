//! Namespaces of the names in a typed message, which knows local names only.

use exi_codec::grammar;

use super::super::{EngineError, Set};
use crate::tree::{Element, Node};

pub(super) const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const COMMON_TYPES: &str = "urn:iso:std:iso:15118:-20:CommonTypes";

/// Gives every name of a tree the namespace that the schema has for it.
pub(super) fn assign(root: &mut Element, set: Set) {
    let Some(set) = grammar::Set::by_key(set.name()) else { return };
    assign_below(root, &Parent { local: String::new(), namespace: String::new() }, set);
}

/// Refuses names with another namespace than that of the schema. Names without any, as in JSON, are fine.
pub(super) fn check(root: &Element, set: Set) -> Result<(), EngineError> {
    let mut right = root.clone();
    assign(&mut right, set);
    compare(root, &right)
}

fn compare(given: &Element, right: &Element) -> Result<(), EngineError> {
    let names = given.attributes.iter().zip(&right.attributes).map(|((given, _), (right, _))| (given, right));
    for (given, right) in names.chain([(&given.name, &right.name)]) {
        if !given.namespace.is_empty() && given.namespace != right.namespace {
            return Err(EngineError(format!(
                "{} belongs to the namespace `{}`, not to `{}`",
                given.local, right.namespace, given.namespace
            )));
        }
    }
    given.content.iter().zip(&right.content).try_for_each(|pair| match pair {
        (Node::Element(given), Node::Element(right)) => compare(given, right),
        _ => Ok(()),
    })
}

struct Parent {
    local: String,
    namespace: String,
}

fn assign_below(element: &mut Element, parent: &Parent, set: &grammar::Set) {
    let local = &element.name.local;
    let declared = |namespace: &str| set.element(namespace, local).is_some();
    let mut candidates = set.namespaces.iter().map(|n| n.uri).chain([""]).filter(|uri| declared(uri));
    let namespace = match (candidates.next(), candidates.next()) {
        (Some(only), None) => only,
        // No name of the set; building the message will say so.
        (None, _) => &element.name.namespace.clone(),
        _ if is_inherited(local, parent) => COMMON_TYPES,
        _ if declared(&parent.namespace) => parent.namespace.as_str(),
        _ => COMMON_TYPES,
    };
    element.name.namespace = namespace.to_owned();
    // Attributes are qualified everywhere but in xmldsig and AppProtocol, where no message has any.
    let of_attributes = if namespace == XMLDSIG { "" } else { namespace };
    for (name, _) in &mut element.attributes {
        of_attributes.clone_into(&mut name.namespace);
    }
    let here = Parent { local: element.name.local.clone(), namespace: namespace.to_owned() };
    for node in &mut element.content {
        if let Node::Element(child) = node {
            assign_below(child, &here, set);
        }
    }
}

/// Names that a set declares in its own namespace and inherits from CommonTypes. A child usually belongs to the
/// namespace of its parent; these parents have a type of CommonTypes, or extend one.
fn is_inherited(local: &str, parent: &Parent) -> bool {
    match local {
        "TimeAnchor" => parent.local == "Receipt",
        "TargetSOC" => parent.local.contains("CLResControlMode"),
        _ => false,
    }
}
