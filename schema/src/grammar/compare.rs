//! Compares our grammars with those of the reference implementation, state by state.
//!
//! Both are walked side by side from the document on (a bisimulation): equal are the productions with their order
//! and value types, the widths of the codes and the second level. Rule numbers of the reference carry no meaning.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::dump::{self, BadLine, Rule};
use super::{Cursor, Event, Grammar, Kind, Production, SecondLevel, Unsupported, code_width};
use crate::{BinaryEncoding, Model, QName, SETS, SimpleKind, Type, TypeId, XsdError};

/// What was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Key of the set, empty if it has none.
    pub set: &'static str,
    /// States of the reference that were reached, all of them.
    pub states: usize,
    /// Pairs of a state of ours and one of the reference that were found equal.
    pub pairs: usize,
    /// Names in fragment content, compared with their codes and the size of their first state.
    pub fragment: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { set, states, pairs, fragment } = self;
        write!(f, "{set}: {states} states, {pairs} pairs, {fragment} fragment names")
    }
}

/// The first difference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The dump is not in the expected form.
    #[error("line {0} of the reference grammar cannot be read")]
    Unreadable(usize),
    /// The schema set cannot be compiled.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// A state differs.
    #[error("state {path}: {what} is {ours}, reference rule {rule} has {reference}")]
    State {
        /// Names of the elements that lead to the state.
        path: String,
        /// What differs.
        what: &'static str,
        /// Our value.
        ours: String,
        /// Rule of the reference.
        rule: usize,
        /// Its value.
        reference: String,
    },
    /// A state of the reference is not reached by ours.
    #[error("reference rule {0} is not reached")]
    Unreached(usize),
    /// Fragment content differs.
    #[error("fragment code {code}: {ours}, reference {reference}")]
    Fragment {
        /// Event code.
        code: usize,
        /// Our entry.
        ours: String,
        /// That of the reference.
        reference: String,
    },
}

/// The comparison of a set could not be made or failed.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The schema cannot be read.
    #[error(transparent)]
    Schema(#[from] XsdError),
    /// The reference grammar is missing or unreadable.
    #[error("cannot read {}: {error}", file.display())]
    Reference {
        /// File.
        file: PathBuf,
        /// Cause.
        error: std::io::Error,
    },
    /// The grammars differ.
    #[error("{set}: {mismatch}")]
    Mismatch {
        /// Key of the set.
        set: &'static str,
        /// Difference.
        mismatch: Mismatch,
    },
}

impl From<BadLine> for Mismatch {
    fn from(line: BadLine) -> Self {
        Mismatch::Unreadable(line.0)
    }
}

/// Where both walks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Document,
    DocumentContent,
    DocumentEnd,
    Element(TypeId, Cursor),
    /// After the last event of an element or a document: nothing is read in this state any more.
    Done,
}

/// One of our productions in the notation of the dump.
struct Step {
    event: String,
    opens: Option<Node>,
    next: Node,
}

struct Walk<'a> {
    model: &'a Model,
    grammar: &'a Grammar,
    rules: &'a [Rule],
    seen: BTreeSet<(Node, usize)>,
    queue: Vec<(Node, usize, String)>,
}

/// Compares the grammars of `model` with a dump of the reference.
///
/// # Errors
///
/// The first [`Mismatch`].
pub fn compare(model: &Model, dump_text: &str) -> Result<Report, Mismatch> {
    let grammar = Grammar::new(model)?;
    let rules = dump::parse(dump_text)?;
    let mut walk = Walk { model, grammar: &grammar, rules: &rules, seen: BTreeSet::new(), queue: Vec::new() };
    walk.push(Node::Document, 0, "");
    while let Some((node, rule, path)) = walk.queue.pop() {
        walk.state(node, rule, &path)?;
    }
    let reached: BTreeSet<usize> = walk.seen.iter().map(|(_, rule)| *rule).collect();
    if let Some(missing) = (0..rules.len()).find(|rule| !reached.contains(rule)) {
        return Err(Mismatch::Unreached(missing));
    }
    Ok(Report { set: "", states: reached.len(), pairs: walk.seen.len(), fragment: 0 })
}

impl Walk<'_> {
    fn push(&mut self, node: Node, rule: usize, path: &str) {
        if self.seen.insert((node, rule)) {
            self.queue.push((node, rule, path.to_owned()));
        }
    }

    fn state(&mut self, node: Node, index: usize, path: &str) -> Result<(), Mismatch> {
        let differ = |what, ours: &dyn ToString, reference: &dyn ToString| Mismatch::State {
            path: path.to_owned(),
            what,
            ours: ours.to_string(),
            rule: index,
            reference: reference.to_string(),
        };
        let rules = self.rules;
        let rule = rules.get(index).ok_or(Mismatch::Unreached(index))?;
        if rule.kind != kind(node) {
            return Err(differ("kind", &kind(node), &rule.kind));
        }
        let steps = self.steps(node);
        if steps.len() != rule.productions || steps.len() != rule.events.len() {
            return Err(differ("number of productions", &steps.len(), &rule.productions));
        }
        if node == Node::Done {
            return Ok(());
        }
        let undeclared = self.undeclared(node);
        let width = code_width(steps.len() + usize::from(!undeclared.is_empty()));
        if width != rule.width {
            return Err(differ("code width", &width, &rule.width));
        }
        if undeclared != rule.undeclared || undeclared.len() != rule.second_level {
            return Err(differ("second level", &undeclared.join(" "), &rule.undeclared.join(" ")));
        }
        for (step, transition) in steps.iter().zip(&rule.events) {
            if step.event != transition.event || step.opens.is_some() != transition.opens.is_some() {
                return Err(differ("production", &step.event, &transition.event));
            }
            if let (Some(opens), Some(rule)) = (step.opens, transition.opens) {
                self.push(opens, rule, &format!("{path}/{}", step.event));
            }
            self.push(step.next, transition.next, path);
        }
        Ok(())
    }

    fn steps(&self, node: Node) -> Vec<Step> {
        let closed = |event: &str, next| Step { event: event.to_owned(), opens: None, next };
        match node {
            Node::Document => vec![closed("START_DOCUMENT/START_DOCUMENT", Node::DocumentContent)],
            Node::DocumentContent => {
                let any = closed("START_ELEMENT_GENERIC/START_ELEMENT_GENERIC", Node::DocumentEnd);
                let roots = self.grammar.document.iter().map(|id| {
                    let element = &self.model.elements[id.0];
                    Step {
                        event: format!("SE({})", braced(&element.name)),
                        opens: Some(Node::Element(element.type_id, Cursor::default())),
                        next: Node::DocumentEnd,
                    }
                });
                roots.chain([any]).collect()
            }
            Node::DocumentEnd => vec![closed("END_DOCUMENT/END_DOCUMENT", Node::Done)],
            Node::Element(type_id, cursor) => cursor
                .productions(&self.grammar.types[type_id.0])
                .iter()
                .map(|production| self.step(type_id, production))
                .collect(),
            Node::Done => Vec::new(),
        }
    }

    fn step(&self, owner: TypeId, production: &Production<'_>) -> Step {
        let mut opens = None;
        let event = match production.event {
            Event::Attribute { name, type_id, .. } => {
                format!("AT({})[{}]", braced(name), self.datatype(*type_id))
            }
            Event::AnyAttribute => "ATTRIBUTE_GENERIC/ATTRIBUTE_GENERIC".to_owned(),
            Event::Element(id) => {
                let element = &self.model.elements[id.0];
                opens = Some(Node::Element(element.type_id, Cursor::default()));
                format!("SE({})", braced(&element.name))
            }
            Event::AnyElement => "START_ELEMENT_GENERIC/START_ELEMENT_GENERIC".to_owned(),
            Event::End => "END_ELEMENT/END_ELEMENT".to_owned(),
            Event::Text(type_id) => format!("CH[{}]", self.datatype(*type_id)),
            Event::MixedText => "CHARACTERS_GENERIC[STRING]/CHARACTERS_GENERIC".to_owned(),
        };
        let next = production.next.map_or(Node::Done, |cursor| Node::Element(owner, cursor));
        Step { event, opens, next }
    }

    fn undeclared(&self, node: Node) -> Vec<String> {
        let Node::Element(type_id, cursor) = node else { return Vec::new() };
        let name = |entry: &SecondLevel| match entry {
            SecondLevel::End => "END_ELEMENT_UNDECLARED",
            SecondLevel::XsiType => "ATTRIBUTE_XSI_TYPE",
            SecondLevel::XsiNil => "ATTRIBUTE_XSI_NIL",
            SecondLevel::AnyAttribute => "ATTRIBUTE_GENERIC_UNDECLARED",
            SecondLevel::UntypedAttribute => "ATTRIBUTE_INVALID_VALUE",
            SecondLevel::AnyElement => "START_ELEMENT_GENERIC_UNDECLARED",
            SecondLevel::Text => "CHARACTERS_GENERIC_UNDECLARED",
        };
        let entries = cursor.second_level(&self.grammar.types[type_id.0]);
        entries.iter().map(name).map(str::to_owned).collect()
    }

    fn datatype(&self, type_id: TypeId) -> &'static str {
        let Type::Simple(simple) = &self.model.types[type_id.0] else { return "" };
        match &simple.kind {
            SimpleKind::Boolean => "BOOLEAN",
            SimpleKind::Enumeration(_) => "ENUMERATION",
            SimpleKind::String { .. } => "STRING",
            SimpleKind::Binary { encoding: BinaryEncoding::Hex, .. } => "BINARY_HEX",
            SimpleKind::Binary { encoding: BinaryEncoding::Base64, .. } => "BINARY_BASE64",
            SimpleKind::Integer { min: Some(min), max: Some(max) } if max - min < 4096 => {
                "NBIT_UNSIGNED_INTEGER"
            }
            SimpleKind::Integer { min: Some(0..), .. } => "UNSIGNED_INTEGER",
            SimpleKind::Integer { .. } => "INTEGER",
        }
    }
}

fn kind(node: Node) -> &'static str {
    match node {
        Node::Document => "DOCUMENT",
        Node::DocumentContent => "SCHEMA_INFORMED_DOC_CONTENT",
        Node::DocumentEnd => "DOC_END",
        Node::Element(_, cursor) => match cursor.kind() {
            Kind::First => "SCHEMA_INFORMED_FIRST_START_TAG_CONTENT",
            Kind::StartTag => "SCHEMA_INFORMED_START_TAG_CONTENT",
            Kind::Content => "SCHEMA_INFORMED_ELEMENT_CONTENT",
        },
        Node::Done => "SCHEMA_INFORMED_ELEMENT_CONTENT",
    }
}

fn braced(name: &QName) -> String {
    if name.ns.is_empty() { name.local.clone() } else { format!("{{{}}}{}", name.ns, name.local) }
}

/// Compares fragment content: names, order, code width and the size of each first state. Returns the number of
/// names.
///
/// # Errors
///
/// The first [`Mismatch`].
pub fn compare_fragment(model: &Model, dump_text: &str) -> Result<usize, Mismatch> {
    let grammar = Grammar::new(model)?;
    let (width, entries) = dump::parse_fragment(dump_text)?;
    let relaxed = {
        // Attributes and AT(*), elements and SE(*), EE, CH.
        grammar.attributes.len() + 1 + grammar.fragment.len() + 1 + 2
    };
    let mut ours: Vec<String> = grammar
        .fragment
        .iter()
        .map(|entry| match entry.element {
            None => format!("{} {relaxed} true", braced(&entry.name)),
            Some(id) => {
                let start = &grammar.types[model.elements[id.0].type_id.0];
                format!("{} {} false", braced(&entry.name), Cursor::default().productions(start).len())
            }
        })
        .collect();
    ours.extend(["START_ELEMENT_GENERIC 0 false".to_owned(), "END_DOCUMENT 0 false".to_owned()]);
    let mut reference: Vec<String> = entries
        .iter()
        .map(|entry| format!("{} {} {}", entry.name, entry.events.unwrap_or(0), entry.relaxed))
        .collect();
    ours.push(format!("width {}", code_width(grammar.fragment.len() + 2)));
    reference.push(format!("width {width}"));
    let length = ours.len().max(reference.len());
    for code in 0..length {
        if ours.get(code) != reference.get(code) {
            let text = |list: &[String]| list.get(code).cloned().unwrap_or_default();
            return Err(Mismatch::Fragment { code, ours: text(&ours), reference: text(&reference) });
        }
    }
    Ok(grammar.fragment.len())
}

/// Compares every set with the reference grammars in the folder `grammars` (`<set>.all.txt.gz`,
/// `<set>.frag.txt.gz`).
///
/// # Errors
///
/// [`CompareError`] for the first set that cannot be read or differs.
pub fn compare_all(schemas: &Path, grammars: &Path) -> Result<Vec<Report>, CompareError> {
    SETS.iter()
        .map(|set| {
            let model = set.load(schemas)?;
            let mismatch = |mismatch| CompareError::Mismatch { set: set.key, mismatch };
            let all = unzip(&grammars.join(format!("{}.all.txt.gz", set.key)))?;
            let fragment = unzip(&grammars.join(format!("{}.frag.txt.gz", set.key)))?;
            let report = compare(&model, &all).map_err(mismatch)?;
            let fragment = compare_fragment(&model, &fragment).map_err(mismatch)?;
            Ok(Report { set: set.key, fragment, ..report })
        })
        .collect()
}

fn unzip(file: &Path) -> Result<String, CompareError> {
    let read = || {
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(file)?).read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|error| CompareError::Reference { file: file.to_owned(), error })
}
