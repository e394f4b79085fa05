use std::path::PathBuf;

use super::*;
use crate::{Attribute, Content, Element, Particle, SimpleKind, Term, Type};

/// Schema files in a folder of their own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("v2g-schema-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        for (name, body) in files {
            std::fs::write(path.join(name), body).unwrap();
        }
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn schema(attributes: &str, body: &str) -> String {
    format!(
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='urn:a' targetNamespace='urn:a' {attributes}>\n{body}</xs:schema>"
    )
}

fn load_one(test: &str, body: &str) -> Result<Model, Error> {
    let folder = Folder::new(test, &[("main.xsd", &schema("elementFormDefault='qualified'", body))]);
    load(&folder.0.join("main.xsd"))
}

fn global<'m>(model: &'m Model, name: &str) -> &'m Element {
    let id = model.globals.iter().find(|id| model.elements[id.0].name.local == name).unwrap();
    &model.elements[id.0]
}

fn complex<'m>(model: &'m Model, element: &Element) -> &'m crate::ComplexType {
    let Type::Complex(complex) = &model.types[element.type_id.0] else { panic!("complex type expected") };
    complex
}

fn children<'m>(model: &'m Model, element: &Element) -> Vec<(&'m Element, &'m Particle)> {
    let Content::Particle(Particle { term: Term::Sequence(items), .. }) = &complex(model, element).content
    else {
        panic!("sequence expected")
    };
    items
        .iter()
        .map(|item| match item.term {
            Term::Element { element, .. } => (&model.elements[element.0], item),
            _ => panic!("element expected"),
        })
        .collect()
}

#[test]
fn extension_appends_to_the_content_and_attributes_of_the_base() {
    let model = load_one(
        "extension",
        "<xs:element name='r' type='d'/>
         <xs:complexType name='d'><xs:complexContent><xs:extension base='b'>
           <xs:sequence><xs:element name='y' type='xs:int' minOccurs='0' maxOccurs='7'/></xs:sequence>
           <xs:attribute name='A' type='xs:ID'/></xs:extension></xs:complexContent></xs:complexType>
         <xs:complexType name='b' abstract='true'><xs:sequence><xs:element name='x' type='xs:boolean'/></xs:sequence>
           <xs:attribute name='Z' type='xs:anyURI' use='required'/></xs:complexType>",
    )
    .unwrap();
    let root = global(&model, "r");
    let fields = children(&model, root);
    assert_eq!(fields.iter().map(|(e, _)| e.name.local.as_str()).collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(fields[0].0.name.ns, "urn:a");
    assert_eq!((fields[1].1.min, fields[1].1.max), (0, Some(7)));
    let complex = complex(&model, root);
    let uses: Vec<_> = complex
        .attributes
        .iter()
        .map(|Attribute { name, required, .. }| (name.local.as_str(), name.ns.as_str(), *required))
        .collect();
    assert_eq!(uses, [("A", "", false), ("Z", "", true)]);
    assert!(complex.base.is_some() && !complex.is_abstract);
}

#[test]
fn substitution_groups_are_transitive_and_sorted() {
    let model = load_one(
        "substitution",
        "<xs:complexType name='t'/>
         <xs:element name='H' type='t' abstract='true'/>
         <xs:element name='c' substitutionGroup='H'/>
         <xs:element name='B' type='t' substitutionGroup='c'/>
         <xs:element name='r'><xs:complexType><xs:sequence><xs:element ref='H'/></xs:sequence></xs:complexType></xs:element>",
    )
    .unwrap();
    let names: Vec<_> =
        global(&model, "H").alternatives.iter().map(|id| model.elements[id.0].name.local.as_str()).collect();
    assert_eq!(names, ["B", "H", "c"]);
    assert_eq!(global(&model, "B").alternatives.len(), 1);
    assert_eq!(global(&model, "c").type_id, global(&model, "H").type_id);
    assert!(matches!(
        children(&model, global(&model, "r"))[0].1.term,
        Term::Element { by_reference: true, .. }
    ));
}

#[test]
fn facets_narrow_those_of_the_base() {
    let model = load_one(
        "facets",
        "<xs:simpleType name='p'><xs:restriction base='xs:byte'><xs:minInclusive value='0'/></xs:restriction></xs:simpleType>
         <xs:element name='i'><xs:simpleType><xs:restriction base='p'><xs:maxExclusive value='101'/></xs:restriction></xs:simpleType></xs:element>
         <xs:element name='s'><xs:simpleType><xs:restriction base='xs:string'><xs:maxLength value='80'/><xs:minLength value='1'/></xs:restriction></xs:simpleType></xs:element>
         <xs:element name='b'><xs:simpleType><xs:restriction base='xs:hexBinary'><xs:length value='8'/></xs:restriction></xs:simpleType></xs:element>
         <xs:element name='e'><xs:simpleType><xs:restriction base='xs:string'><xs:enumeration value='z'/><xs:enumeration value='a'/></xs:restriction></xs:simpleType></xs:element>",
    )
    .unwrap();
    let kind = |name| match &model.types[global(&model, name).type_id.0] {
        Type::Simple(simple) => simple.kind.clone(),
        Type::Complex(_) => panic!("simple type expected"),
    };
    assert_eq!(kind("i"), SimpleKind::Integer { min: Some(0), max: Some(100) });
    assert_eq!(kind("s"), SimpleKind::String { min_length: 1, max_length: Some(80) });
    assert_eq!(
        kind("b"),
        SimpleKind::Binary { encoding: crate::BinaryEncoding::Hex, min_length: 8, max_length: Some(8) }
    );
    assert_eq!(kind("e"), SimpleKind::Enumeration(vec!["z".into(), "a".into()]));
}

#[test]
fn simple_content_keeps_text_and_attributes() {
    let model = load_one(
        "simple-content",
        "<xs:element name='v'><xs:complexType><xs:simpleContent><xs:extension base='xs:base64Binary'>
         <xs:attribute name='Id' type='xs:ID' form='qualified'/></xs:extension></xs:simpleContent></xs:complexType></xs:element>",
    )
    .unwrap();
    let complex = complex(&model, global(&model, "v"));
    assert!(matches!(complex.content, Content::Simple(_)));
    assert_eq!(complex.attributes[0].name.ns, "urn:a");
}

#[test]
fn imports_includes_and_dtd_are_followed() {
    let folder = Folder::new(
        "imports",
        &[
            (
                "main.xsd",
                "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:o='urn:o' xmlns='urn:m' targetNamespace='urn:m'>
                 <xs:import namespace='urn:o' schemaLocation='other.xsd'/><xs:include schemaLocation='part.xsd'/>
                 <xs:element name='r' type='o:t'/><xs:element name='p' type='part'/></xs:schema>",
            ),
            (
                "other.xsd",
                "<!DOCTYPE schema [<!ENTITY x 'y'>]>
                 <schema xmlns='http://www.w3.org/2001/XMLSchema' xmlns:o='urn:o' targetNamespace='urn:o'>
                 <import namespace='urn:m' schemaLocation='main.xsd'/>
                 <complexType name='t' mixed='true'><choice maxOccurs='unbounded'><any namespace='##other'/><element name='n' type='o:t'/></choice><anyAttribute/></complexType></schema>",
            ),
            (
                "part.xsd",
                "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:simpleType name='part'><xs:restriction base='xs:long'/></xs:simpleType></xs:schema>",
            ),
        ],
    );
    let model = load(&folder.0.join("main.xsd")).unwrap();
    assert_eq!(model.namespaces, ["urn:m", "urn:o"]);
    let root = complex(&model, global(&model, "r"));
    assert!(root.mixed && root.any_attribute);
    let Content::Particle(Particle { min: 1, max: None, term: Term::Choice(items) }) = &root.content else {
        panic!("unbounded choice expected")
    };
    assert!(matches!(items[0].term, Term::Any));
    // A local element is unqualified here, and its type is the one that contains it.
    let Term::Element { element, by_reference: false } = items[1].term else { panic!("element expected") };
    assert_eq!(model.elements[element.0].name.ns, "");
    assert_eq!(model.elements[element.0].type_id, global(&model, "r").type_id);
}

#[test]
fn what_is_not_understood_is_an_error_with_its_line() {
    let cases: &[(&str, &str, u32)] = &[
        ("<xs:group name='g'/>", "<group> is not supported", 2),
        ("<xs:element name='a' type='xs:int' nillable='true'/>", "attribute `nillable`", 2),
        ("<xs:element name='a' type='xs:decimal'/>", "`decimal` is not supported", 2),
        ("\n<xs:element name='a' type='b'/>", "type `{urn:a}b` is not defined", 3),
        ("<xs:element name='a' type='q:b'/>", "prefix `q`", 2),
        (
            "<xs:simpleType name='s'><xs:restriction base='xs:string'>\n<xs:pattern value='a'/></xs:restriction></xs:simpleType>",
            "facet `pattern`",
            3,
        ),
        ("<xs:simpleType name='s'><xs:restriction base='s'/></xs:simpleType>", "circular", 2),
        (
            "<xs:complexType name='s'><xs:complexContent><xs:extension base='s'/></xs:complexContent></xs:complexType>",
            "circular",
            2,
        ),
        ("<xs:element name='a' type='xs:int'/><xs:element name='a' type='xs:int'/>", "defined twice", 2),
    ];
    for (index, (body, message, line)) in cases.iter().enumerate() {
        let error = load_one(&format!("error-{index}"), body).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(error.line, *line, "{error}");
    }
}
