use super::*;
use crate::{Attribute, ComplexType, Content, Element, Particle, SimpleKind, SimpleType, Term, Type};

fn particle(min: u32, max: Option<u32>, term: Term) -> Particle {
    Particle { min, max, term }
}

fn element(index: usize) -> Term {
    Term::Element { element: ElementId(index), by_reference: false }
}

/// A model whose elements `a`, `b`, `c` hold text; the type to test is the last one.
fn model(complex: ComplexType) -> Model {
    let text = SimpleType { name: None, kind: SimpleKind::String { min_length: 0, max_length: None } };
    let name = |local: &str| QName { local: local.to_owned(), ns: String::new() };
    let elements = ["a", "b", "c"].iter().enumerate().map(|(index, local)| Element {
        name: name(local),
        type_id: TypeId(0),
        global: false,
        is_abstract: false,
        substitutes: None,
        alternatives: vec![ElementId(index)],
    });
    Model {
        elements: elements.collect(),
        types: vec![Type::Simple(text), Type::Complex(complex)],
        ..Model::default()
    }
}

fn complex(content: Content) -> ComplexType {
    ComplexType {
        name: None,
        base: None,
        is_abstract: false,
        mixed: false,
        attributes: Vec::new(),
        any_attribute: false,
        content,
    }
}

/// Events of a state in a short notation.
fn events(grammar: &TypeGrammar, cursor: Cursor) -> String {
    let short = |production: &Production<'_>| match production.event {
        Event::Attribute { name, .. } => format!("@{}", name.local),
        Event::AnyAttribute => "@*".to_owned(),
        Event::Element(id) => ["a", "b", "c"][id.0].to_owned(),
        Event::AnyElement => "*".to_owned(),
        Event::End => "/".to_owned(),
        Event::Text(_) => "text".to_owned(),
        Event::MixedText => "mixed".to_owned(),
    };
    cursor.productions(grammar).iter().map(short).collect::<Vec<_>>().join(" ")
}

/// Follows the events with these codes.
fn walk(grammar: &TypeGrammar, codes: &[usize]) -> Cursor {
    codes.iter().fold(Cursor::default(), |cursor, &code| cursor.productions(grammar)[code].next.unwrap())
}

fn compile(definition: ComplexType) -> TypeGrammar {
    Grammar::new(&model(definition)).unwrap().types.pop().unwrap()
}

#[test]
fn bounded_repetition_narrows_below_its_minimum_and_at_its_maximum() {
    let items = vec![particle(2, Some(4), element(0)), particle(0, Some(1), element(1))];
    let grammar = compile(complex(Content::Particle(particle(1, Some(1), Term::Sequence(items)))));
    let states: Vec<_> = (0..=4).map(|count| events(&grammar, walk(&grammar, &vec![0; count]))).collect();
    assert_eq!(states, ["a", "a", "a b /", "a b /", "b /"]);
    assert_eq!(events(&grammar, walk(&grammar, &[0, 0, 1])), "/");
}

#[test]
fn unbounded_group_repeats() {
    let items = vec![particle(1, Some(1), element(0)), particle(0, Some(1), Term::Any)];
    let grammar = compile(complex(Content::Particle(particle(1, None, Term::Sequence(items)))));
    assert_eq!(events(&grammar, Cursor::default()), "a");
    assert_eq!(events(&grammar, walk(&grammar, &[0])), "a * /");
    assert_eq!(events(&grammar, walk(&grammar, &[0, 1])), "a /");
}

#[test]
fn bounded_group_is_nested_and_not_ambiguous() {
    let items = vec![particle(1, Some(1), element(0)), particle(0, Some(1), element(1))];
    let grammar = compile(complex(Content::Particle(particle(1, Some(3), Term::Sequence(items)))));
    assert_eq!(events(&grammar, walk(&grammar, &[0])), "b a /");
    assert_eq!(events(&grammar, walk(&grammar, &[0, 1, 1])), "b /");
}

#[test]
fn attributes_come_first_and_stop_at_a_required_one() {
    let attribute = |local: &str, required| Attribute {
        name: QName { local: local.to_owned(), ns: String::new() },
        type_id: TypeId(0),
        required,
    };
    let grammar = compile(ComplexType {
        mixed: true,
        any_attribute: true,
        attributes: vec![attribute("p", false), attribute("q", true), attribute("r", false)],
        ..complex(Content::Particle(particle(0, Some(1), element(2))))
    });
    assert_eq!(events(&grammar, Cursor::default()), "@p @q @*");
    let after_q = walk(&grammar, &[1]);
    assert_eq!(events(&grammar, after_q), "@r @* c / mixed");
    assert_eq!(events(&grammar, walk(&grammar, &[1, 1])), "@r @* c / mixed");
    // Text leaves the start tag: no attributes any more, the rest as before.
    let after_text = walk(&grammar, &[1, 4]);
    assert_eq!(events(&grammar, after_text), "c / mixed");
    assert_eq!(after_q.second_level(&grammar).len(), 4);
    assert_eq!(after_text.second_level(&grammar), [SecondLevel::AnyElement, SecondLevel::Text]);
    assert_eq!(Cursor::default().second_level(&grammar).len(), 7);
}

#[test]
fn one_name_for_two_particles_in_a_state_is_refused() {
    let items = vec![particle(0, Some(1), element(0)), particle(1, Some(1), element(0))];
    let definition = complex(Content::Particle(particle(1, Some(1), Term::Sequence(items))));
    assert!(Grammar::new(&model(definition)).is_err());
}

#[test]
fn a_difference_from_the_reference_is_named() {
    let mut model = model(complex(Content::Empty));
    model.elements.truncate(1);
    model.globals = vec![ElementId(0)];
    let rules = "rule#0 DOCUMENT Document n=1 bits=0 2nd=0 isTypeCast=
   0 START_DOCUMENT/START_DOCUMENT -> rule#1
   2nd:
rule#1 SCHEMA_INFORMED_DOC_CONTENT SchemaInformedDocContent n=2 bits=1 2nd=0 isTypeCast=
   0 SE(a)->rule#2 -> rule#3
   1 START_ELEMENT_GENERIC/START_ELEMENT_GENERIC -> rule#3
   2nd:
rule#2 SCHEMA_INFORMED_FIRST_START_TAG_CONTENT SchemaInformedFirstStartTag n=1 bits=1 2nd=7 isTypeCast=false
   0 CH[STRING] -> rule#4
   2nd: 0=END_ELEMENT_UNDECLARED 1=ATTRIBUTE_XSI_TYPE 2=ATTRIBUTE_XSI_NIL 3=ATTRIBUTE_GENERIC_UNDECLARED 4=ATTRIBUTE_INVALID_VALUE 5=START_ELEMENT_GENERIC_UNDECLARED 6=CHARACTERS_GENERIC_UNDECLARED
rule#3 DOC_END DocEnd n=1 bits=0 2nd=0 isTypeCast=
   0 END_DOCUMENT/END_DOCUMENT -> rule#5
   2nd:
rule#4 SCHEMA_INFORMED_ELEMENT_CONTENT SchemaInformedElement n=1 bits=1 2nd=2 isTypeCast=
   0 END_ELEMENT/END_ELEMENT -> rule#5
   2nd: 0=START_ELEMENT_GENERIC_UNDECLARED 1=CHARACTERS_GENERIC_UNDECLARED
rule#5 SCHEMA_INFORMED_ELEMENT_CONTENT SchemaInformedElement n=0 bits=0 2nd=3 isTypeCast=
   2nd: 0=END_ELEMENT_UNDECLARED 1=START_ELEMENT_GENERIC_UNDECLARED 2=CHARACTERS_GENERIC_UNDECLARED
";
    let report = compare(&model, rules).unwrap();
    assert_eq!((report.states, report.pairs), (6, 6));
    let wrong_type = rules.replace("CH[STRING]", "CH[BOOLEAN]");
    assert!(matches!(compare(&model, &wrong_type), Err(Mismatch::State { what: "production", rule: 2, .. })));
    let wrong_width = rules.replace("n=2 bits=1", "n=2 bits=2");
    assert!(matches!(
        compare(&model, &wrong_width),
        Err(Mismatch::State { what: "code width", rule: 1, .. })
    ));
    let extra = format!("{rules}rule#6 DOC_END DocEnd n=0 bits=0 2nd=0\n");
    assert_eq!(compare(&model, &extra), Err(Mismatch::Unreached(6)));
}
