use super::*;
use crate::{SETS, load};

const BODY: &str = "
<xs:element name='list'><xs:complexType><xs:sequence>
  <xs:element name='item' type='code' minOccurs='0' maxOccurs='1024'/>
  <xs:element ref='head'/>
</xs:sequence><xs:attribute name='Id' type='xs:ID'/></xs:complexType></xs:element>
<xs:element name='head' type='abstractType'/>
<xs:element name='member' type='memberType' substitutionGroup='head'/>
<xs:complexType name='abstractType' abstract='true'/>
<xs:complexType name='memberType'><xs:complexContent><xs:extension base='abstractType'/></xs:complexContent></xs:complexType>
<xs:simpleType name='code'><xs:restriction base='xs:string'><xs:enumeration value='a'/><xs:enumeration value='b'/></xs:restriction></xs:simpleType>";

fn emit(test: &str, ns: &str, body: &str) -> Result<Vec<GeneratedFile>, EmitError> {
    let path = std::env::temp_dir().join(format!("v2g-emit-{}-{test}.xsd", std::process::id()));
    let text = format!(
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='{ns}' targetNamespace='{ns}' elementFormDefault='qualified'>{body}</xs:schema>"
    );
    std::fs::write(&path, text).unwrap();
    let model = load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    emit_grammar(&[(SETS[0], &model)])
}

#[test]
fn a_list_takes_one_position_and_shared_types_one_item() {
    let files = emit("list", NAMESPACES[0].uri, BODY).unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["grammar/mod.rs", "grammar/ac.rs", "grammar/xs.rs"]);
    let table = &files[1].text;
    for line in [
        "static ID_OF_LIST: Attribute = attribute(\"Id\", \"\", &xs::ID);",
        "pub(super) static LIST_CONTENT: Complex = complex(\"list\", &[at(&ID_OF_LIST), many(&ITEM, 1, 1024), el(&HEAD), el(&MEMBER), END], &[0xf, 0xe, 0xc, 0x10, 0x10, 0x0]);",
        "pub(super) static ABSTRACT_TYPE: Complex = no_instance(\"abstractType\", &[END], &[0x1, 0x0]);",
        "pub(super) static CODE: Simple = enumeration(\"code\", &[\"a\", \"b\"]);",
        "pub(super) static ITEM: Element = text(\"item\", NS, &CODE);",
        "pub(super) static LIST: Element = tree(\"list\", NS, &LIST_CONTENT).global();",
    ] {
        assert!(table.lines().any(|found| found == line), "{line}\n{table}");
    }
    assert!(files[2].text.contains("static ID: Simple = string(\"ID\", 0, None);"));
}

#[test]
fn what_the_tables_cannot_say_is_refused() {
    assert_eq!(
        emit("namespace", "urn:elsewhere", BODY).unwrap_err(),
        EmitError::UnknownNamespace("urn:elsewhere".into())
    );
    let bounded_choice = BODY.replace("ref='head'", "ref='head' maxOccurs='3'");
    assert!(matches!(
        emit("choice", NAMESPACES[0].uri, &bounded_choice),
        Err(EmitError::NoForm { what: "a bounded choice", .. })
    ));
    let clash = BODY.replace("name='code'", "name='List'").replace("type='code'", "type='List'");
    assert!(matches!(emit("clash", NAMESPACES[0].uri, &clash), Err(EmitError::NameClash(_))));
}
