//! The files of a schema set: loading, includes and imports, positions and name resolution.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use roxmltree::{Document, Node, ParsingOptions};

use super::error::{Error, Problem};
use crate::QName;

/// Namespace of XML Schema itself.
pub(super) const XS: &str = "http://www.w3.org/2001/XMLSchema";

/// A schema file as text.
pub(super) struct Text {
    path: PathBuf,
    body: String,
    /// Namespace that an including schema lends to one without its own.
    lent_namespace: Option<String>,
}

/// A parsed schema file.
pub(super) struct File<'a> {
    path: &'a Path,
    document: Document<'a>,
    /// Target namespace, empty for none.
    pub(super) namespace: String,
    /// True if the namespace was lent by the including schema.
    chameleon: bool,
    /// `elementFormDefault="qualified"`.
    pub(super) qualified_elements: bool,
    /// `attributeFormDefault="qualified"`.
    pub(super) qualified_attributes: bool,
}

/// An element of a schema file.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) file: &'a File<'a>,
    pub(super) node: Node<'a, 'a>,
}

fn options<'a>() -> ParsingOptions<'a> {
    // The W3C publishes the XML signature schema with an internal DTD subset.
    ParsingOptions { allow_dtd: true, ..ParsingOptions::default() }
}

fn whole_file(path: &Path, problem: Problem) -> Error {
    Error { file: path.to_owned(), line: 0, problem }
}

fn parse_text<'a>(path: &Path, text: &'a str) -> Result<Document<'a>, Error> {
    let document = Document::parse_with_options(text, options()).map_err(|error| Error {
        file: path.to_owned(),
        line: error.pos().row,
        problem: Problem::Xml(error),
    })?;
    let root = document.root_element();
    if root.tag_name().namespace() != Some(XS) || root.tag_name().name() != "schema" {
        return Err(whole_file(path, Problem::NotASchema));
    }
    Ok(document)
}

/// Reads `main` and, before it, everything that it imports or includes.
pub(super) fn collect(main: &Path) -> Result<Vec<Text>, Error> {
    let mut texts = Vec::new();
    collect_into(main, None, &mut BTreeSet::new(), &mut texts)?;
    Ok(texts)
}

fn collect_into(
    path: &Path,
    lent_namespace: Option<&str>,
    seen: &mut BTreeSet<PathBuf>,
    texts: &mut Vec<Text>,
) -> Result<(), Error> {
    let path = path.canonicalize().map_err(|error| whole_file(path, error.into()))?;
    if !seen.insert(path.clone()) {
        return Ok(());
    }
    let body = std::fs::read_to_string(&path).map_err(|error| whole_file(&path, error.into()))?;
    let document = parse_text(&path, &body)?;
    let root = document.root_element();
    let namespace = root.attribute("targetNamespace").or(lent_namespace);
    for node in root.children().filter(Node::is_element) {
        let lends = match node.tag_name().name() {
            "include" => namespace,
            "import" => None,
            _ => continue,
        };
        let Some(location) = node.attribute("schemaLocation") else {
            let line = document.text_pos_at(node.range().start).row;
            return Err(Error {
                file: path.clone(),
                line,
                problem: Problem::MissingAttribute("schemaLocation"),
            });
        };
        let target = path.parent().unwrap_or(Path::new("")).join(location);
        collect_into(&target, lends, seen, texts)?;
    }
    let lent_namespace = lent_namespace.map(str::to_owned);
    texts.push(Text { path, body, lent_namespace });
    Ok(())
}

/// Parses what [`collect`] read.
pub(super) fn parse(texts: &[Text]) -> Result<Vec<File<'_>>, Error> {
    texts.iter().map(File::new).collect()
}

impl<'a> File<'a> {
    fn new(source: &'a Text) -> Result<Self, Error> {
        let document = parse_text(&source.path, &source.body)?;
        let root = document.root_element();
        let own = root.attribute("targetNamespace");
        let chameleon = own.is_none() && source.lent_namespace.is_some();
        let namespace = own.or(source.lent_namespace.as_deref()).unwrap_or_default().to_owned();
        let qualified = |attribute: &'static str| match root.attribute(attribute) {
            Some("qualified") => Ok(true),
            Some("unqualified") | None => Ok(false),
            Some(value) => {
                Err(whole_file(&source.path, Problem::BadValue { attribute, value: value.to_owned() }))
            }
        };
        let qualified_elements = qualified("elementFormDefault")?;
        let qualified_attributes = qualified("attributeFormDefault")?;
        Ok(File {
            path: &source.path,
            document,
            namespace,
            chameleon,
            qualified_elements,
            qualified_attributes,
        })
    }

    /// The `xs:schema` element.
    pub(super) fn root(&'a self) -> Item<'a> {
        Item { file: self, node: self.document.root_element() }
    }
}

impl<'a> Item<'a> {
    /// Identity of the element within the set.
    pub(super) fn key(self) -> (&'a Path, usize) {
        (self.file.path, self.node.range().start)
    }

    /// Local name of the element.
    pub(super) fn tag(self) -> &'a str {
        self.node.tag_name().name()
    }

    /// An error at this place.
    pub(super) fn error(self, problem: Problem) -> Error {
        let line = self.file.document.text_pos_at(self.node.range().start).row;
        Error { file: self.file.path.to_owned(), line, problem }
    }

    /// The error for an element that is not understood where it stands.
    pub(super) fn unsupported(self) -> Error {
        self.error(Problem::UnsupportedElement(self.tag().to_owned()))
    }

    /// Children other than annotations.
    pub(super) fn children(self) -> impl Iterator<Item = Item<'a>> {
        let file = self.file;
        self.node.children().filter(Node::is_element).map(move |node| Item { file, node }).filter(|item| {
            !(item.node.tag_name().namespace() == Some(XS) && item.node.tag_name().name() == "annotation")
        })
    }

    /// Refuses attributes other than `known`; `id` and foreign ones are always allowed.
    pub(super) fn expect_attributes(self, known: &[&str]) -> Result<(), Error> {
        for attribute in self.node.attributes() {
            if attribute.namespace().is_none()
                && attribute.name() != "id"
                && !known.contains(&attribute.name())
            {
                return Err(self.error(Problem::UnsupportedAttribute(attribute.name().to_owned())));
            }
        }
        Ok(())
    }

    /// An attribute.
    pub(super) fn attribute(self, name: &str) -> Option<&'a str> {
        self.node.attribute(name)
    }

    /// An attribute that must be there.
    pub(super) fn required(self, name: &'static str) -> Result<&'a str, Error> {
        self.attribute(name).ok_or_else(|| self.error(Problem::MissingAttribute(name)))
    }

    /// The error for an attribute with a bad value.
    pub(super) fn bad_value(self, attribute: &'static str, value: &str) -> Error {
        self.error(Problem::BadValue { attribute, value: value.to_owned() })
    }

    /// An `xs:boolean` attribute, false when absent.
    pub(super) fn flag(self, name: &'static str) -> Result<bool, Error> {
        match self.attribute(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(value) => Err(self.bad_value(name, value)),
        }
    }

    /// Resolves the text of an attribute that holds a qualified name.
    pub(super) fn resolve(self, name: &str) -> Result<QName, Error> {
        let (prefix, local) = match name.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, name),
        };
        let ns = match (self.node.lookup_namespace_uri(prefix), prefix) {
            (Some(ns), _) => ns,
            (None, Some(prefix)) => return Err(self.error(Problem::UnknownPrefix(prefix.to_owned()))),
            (None, None) if self.file.chameleon => &self.file.namespace,
            (None, None) => "",
        };
        Ok(QName { local: local.to_owned(), ns: ns.to_owned() })
    }

    /// A name in the target namespace of the file.
    pub(super) fn target_name(self, local: &str) -> QName {
        QName { local: local.to_owned(), ns: self.file.namespace.clone() }
    }

    /// Name of a local declaration: in the target namespace only if qualified.
    pub(super) fn local_name(self, local: &str, qualified_by_default: bool) -> Result<QName, Error> {
        let qualified = match self.attribute("form") {
            None => qualified_by_default,
            Some("qualified") => true,
            Some("unqualified") => false,
            Some(value) => return Err(self.bad_value("form", value)),
        };
        let ns = if qualified { self.file.namespace.clone() } else { String::new() };
        Ok(QName { local: local.to_owned(), ns })
    }
}
