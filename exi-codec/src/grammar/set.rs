//! Document and fragment content of a set: which element has which event code.

use super::data::{Element, QName, Set};
use crate::generated::grammar::SETS;

/// What a stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// A document: a message.
    Document,
    /// A fragment: what signatures are computed over.
    Fragment,
}

/// Most namespaces of a set.
const NAMESPACES: usize = 4;

impl Set {
    /// All sets.
    pub fn all() -> &'static [&'static Set] {
        SETS
    }

    /// The set with this short name.
    pub fn by_key(key: &str) -> Option<&'static Set> {
        SETS.iter().copied().find(|set| set.key == key)
    }

    /// Elements that may be the root, in the order of their event codes: by local name, then namespace.
    pub fn roots(&self, root: Root) -> impl Iterator<Item = &'static Element> {
        let mut lists: [&[&'static Element]; NAMESPACES] = [&[]; NAMESPACES];
        for (list, namespace) in lists.iter_mut().zip(self.namespaces) {
            *list = namespace.elements;
        }
        core::iter::from_fn(move || {
            // The smallest head of the sorted lists.
            let mut smallest: Option<&mut &[&'static Element]> = None;
            for list in &mut lists {
                let Some(head) = list.first() else { continue };
                let best = smallest.as_ref().and_then(|list| list.first());
                if best.is_none_or(|best| head.name < best.name) {
                    smallest = Some(list);
                }
            }
            let list = smallest?;
            let (head, rest) = list.split_first()?;
            *list = rest;
            Some(*head)
        })
        .filter(move |element| root == Root::Fragment || element.global)
    }

    /// The declaration of a name, global or local.
    pub fn element(&self, ns: &str, local: &str) -> Option<&'static Element> {
        let wanted = QNameRef { local, ns };
        self.namespaces.iter().find_map(|namespace| {
            let found = namespace.elements.binary_search_by(|element| wanted.order(element.name));
            found.ok().and_then(|index| namespace.elements.get(index)).copied()
        })
    }
}

/// A name of any lifetime.
struct QNameRef<'a> {
    local: &'a str,
    ns: &'a str,
}

impl QNameRef<'_> {
    fn order(&self, other: QName) -> core::cmp::Ordering {
        (other.local, other.ns).cmp(&(self.local, self.ns))
    }
}
