//! Whole modules: imports, types, codecs, and the lists of messages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::c::Names;
use super::ir::{CodegenError, Path, Slot, Struct, Ty};
use super::lower::{Lowering, Registry, name_constant};
use super::naming::{camel, words};
use super::profile::{Profile, SetModule};
use super::{decode, encode, items, layout, reflect};
use crate::{ElementId, Model, QName};

type Result<T> = std::result::Result<T, CodegenError>;

/// A generated source file, not yet formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Path below the generated root.
    pub path: String,
    /// Rust source.
    pub text: String,
}

/// What a module uses from elsewhere.
#[derive(Debug, Default)]
pub(super) struct Imports {
    /// None: another crate, which says where types are.
    module: Option<String>,
    types: BTreeSet<(String, String)>,
    values: BTreeSet<String>,
    codec: BTreeSet<String>,
}

impl Imports {
    /// A type: of this module, of another, or a value type of the crate.
    pub(super) fn path(&mut self, path: &Path) -> String {
        let Some(own) = &self.module else { return super::c::rust(path) };
        match &path.module {
            None => {
                self.values.insert(path.name.clone());
            }
            Some(module) if module != own => {
                self.types.insert((module.clone(), path.name.clone()));
            }
            Some(_) => {}
        }
        path.name.clone()
    }

    /// A value type of the crate.
    pub(super) fn value(&mut self, name: &str) -> String {
        self.values.insert(name.into());
        name.into()
    }

    /// A macro or type of the crate's codec machinery.
    pub(super) fn codec(&mut self, name: &str) {
        self.codec.insert(name.into());
    }
}

/// State of the emission of one module.
pub(super) struct Emitter<'a> {
    pub(super) imports: Imports,
    profile: &'a Profile<'a>,
    registry: &'a Registry,
    roots: BTreeSet<Path>,
    /// What fills a struct of C's.
    filling: Option<Filling<'a>>,
}

/// What reading has to know of a struct of C's.
pub(super) struct Filling<'a> {
    /// Statements that put a field in its place.
    pub(super) fields: BTreeMap<&'a str, String>,
    pub(super) names: &'a Names,
}

/// What fills a struct of C's: the body of a function, and what stands before the function.
pub(super) fn fill<'a>(
    item: &Struct,
    filling: Filling<'a>,
    (profile, registry): (&'a Profile<'a>, &'a Registry),
    roots: &BTreeSet<Path>,
) -> Result<(String, &'static str)> {
    let imports = Imports::default();
    let mut e = Emitter { imports, profile, registry, roots: roots.clone(), filling: Some(filling) };
    let mut body = String::new();
    decode::body(&mut body, item, &mut e)?;
    let inlined = item.is_leaf() || item.is_twig() || e.is_root(&item.path);
    let before = if inlined { "#[cfg_attr(target_pointer_width = \"64\", inline(always))]\n" } else { "" };
    Ok((body, before))
}

impl Emitter<'_> {
    /// Whether what is read goes into a struct of C's.
    pub(super) fn fills(&self) -> bool {
        self.filling.is_some()
    }

    /// Puts what was read of some slots in its place.
    pub(super) fn place(&self, out: &mut String, slots: &[Slot]) {
        for slot in slots {
            if let Some(line) = self.filling.as_ref().and_then(|c| c.fields.get(slot.field.as_str())) {
                out.push_str(line);
            }
        }
    }

    /// An alternative of a choice, with an expression for its value and a statement before.
    pub(super) fn alternative(
        &mut self,
        slot: &Slot,
        choice: &Path,
        variant: &str,
        ty: &Ty,
        value: Option<&str>,
        before: &str,
    ) -> String {
        if let Some(c) = &self.filling {
            return c.names.alternative(self.registry, &slot.field, choice, variant, (ty, value, before));
        }
        let name = self.imports.path(choice);
        match value {
            Some(value) => format!("{name}::{variant}({value})"),
            None => format!("{{ {before}; {name}::{variant} }}"),
        }
    }

    /// Whether the type is that of a message, or of an alternative at its end, so that it is decoded in place.
    fn is_root(&self, path: &Path) -> bool {
        self.roots.contains(path) || self.roots.iter().any(|root| self.is_alternative_of(root, path))
    }

    fn is_alternative_of(&self, root: &Path, path: &Path) -> bool {
        let slots = self.registry.structs.get(root).map_or(&[][..], |root| root.slots.as_slice());
        let choices = slots.iter().filter_map(|slot| slot.choice.as_ref());
        let mut variants =
            choices.filter_map(|choice| self.registry.choices.get(choice)).flat_map(|c| &c.variants);
        variants.any(|(_, item)| matches!(&item.ty, Ty::Struct { path: own, borrows: false } if own == path))
    }

    /// The constant for an XML name.
    pub(super) fn name(&self, xml: &str) -> String {
        format!("n::{}", name_constant(xml, self.profile.words))
    }

    /// Variant names of a choice, in the order of its elements.
    pub(super) fn variants(&self, path: &Path) -> Vec<String> {
        let choice = self.registry.choices.get(path);
        choice.map(|c| c.variants.iter().map(|(name, _)| name.clone()).collect()).unwrap_or_default()
    }

    /// The shape of a repeated slot.
    pub(super) fn shape(&mut self, item: &Struct, index: usize) -> String {
        let slot = &item.slots[index];
        let code = slot.single().map_or(0, |(code, _)| code);
        let last = item.state(index + 1);
        self.imports.codec("ListShape");
        let (min, max) = (slot.min, slot.max.unwrap_or(0));
        let layout =
            slot.single().map_or(String::new(), |(_, item)| self.layout(&item.ty, slot.min, slot.max));
        format!("const {{ ListShape::new({min}, {max}, {code}, {}, {}){layout} }}", slot.width(), last.count)
    }

    /// What an item is made of, if that is known of its type.
    fn layout(&mut self, ty: &Ty, min: u32, max: Option<u32>) -> String {
        let Ty::Struct { path, .. } = ty else { return String::new() };
        let item = self.registry.structs.get(path).filter(|item| layout::pays(item, min, max));
        match item.and_then(|item| layout::parts(item, self.registry)) {
            Some(_) => format!(".of({}::LAYOUT)", self.imports.path(path)),
            None => String::new(),
        }
    }

    /// What a type is made of, if some list of it is worth learning from.
    pub(super) fn parts(&self, item: &Struct) -> Option<String> {
        layout::parts(item, self.registry).filter(|_| layout::is_used(item, self.registry))
    }

    /// The shape of a repeated element that ends its parent.
    pub(super) fn final_shape(&mut self, min: u32, max: Option<u32>, item: &Ty) -> String {
        self.imports.codec("ListShape");
        let layout = self.layout(item, min, max);
        format!("const {{ ListShape::new({min}, {}, 0, 1, 1){layout} }}", max.unwrap_or(0))
    }
}

/// A root element of a set: its event code, and its type.
pub(super) struct Root {
    pub(super) code: usize,
    pub(super) xml: String,
    pub(super) path: Path,
    pub(super) borrows: bool,
}

/// The documents and fragments of one set.
pub(super) struct Roots<'p> {
    pub(super) set: SetModule<'p>,
    pub(super) documents: Vec<Root>,
    others: Vec<Root>,
    document_count: usize,
    fragments: Vec<Root>,
    fragment_count: usize,
}

/// Generates the modules of all sets of the profile from their models, which are in the order of
/// [`Profile::sets`].
///
/// # Errors
/// A schema uses a construct that has no Rust form here, or a choice has no name in the profile.
pub fn generate(profile: &Profile<'_>, models: &[Model]) -> Result<Vec<GeneratedFile>> {
    let (registry, roots) = lower(profile, models)?;
    let mut modules: BTreeSet<String> = roots.iter().map(|roots| roots.set.module.into()).collect();
    modules.extend(registry.structs.keys().filter_map(|path| path.module.clone()));
    let mut files = Vec::new();
    for module in &modules {
        let own = roots.iter().find(|roots| roots.set.module == module);
        let title = profile.modules.iter().find(|(_, m)| m == module).map_or("", |(ns, _)| ns);
        files.push(emit_module(module, title, own, profile, &registry)?);
    }
    files.push(names_file(&registry, profile)?);
    files.extend(module_tree(&modules));
    Ok(files)
}

/// The types of all sets, and the messages of each.
pub(super) fn lower<'p>(profile: &'p Profile<'p>, models: &[Model]) -> Result<(Registry, Vec<Roots<'p>>)> {
    let mut registry = Registry::default();
    let mut roots = Vec::new();
    for (set, model) in profile.sets.iter().zip(models) {
        roots.push(lower_set(profile, *set, model, &mut registry)?);
    }
    Ok((registry, roots))
}

fn lower_set<'p>(
    profile: &'p Profile<'p>,
    set: SetModule<'p>,
    model: &Model,
    registry: &mut Registry,
) -> Result<Roots<'p>> {
    let mut lowering = Lowering { model, profile, registry };
    let is_message =
        |name: &QName| profile.message_suffixes.iter().any(|suffix| name.local.ends_with(suffix));
    let mut documents = Vec::new();
    let mut others = Vec::new();
    for (code, id) in model.globals.iter().enumerate() {
        if is_message(&model.elements[id.0].name) {
            documents.push(root(&mut lowering, code, *id)?);
        } else if profile.other_documents.contains(&model.elements[id.0].name.local.as_str()) {
            others.push(root(&mut lowering, code, *id)?);
        }
    }
    let mut qnames: BTreeMap<&QName, ElementId> = BTreeMap::new();
    for (index, element) in model.elements.iter().enumerate() {
        qnames.entry(&element.name).or_insert(ElementId(index));
    }
    let mut fragments = Vec::new();
    for (code, (name, id)) in qnames.iter().enumerate() {
        if profile.fragments.contains(&name.local.as_str()) {
            fragments.push(root(&mut lowering, code, *id)?);
        }
    }
    Ok(Roots {
        set,
        documents,
        others,
        document_count: model.globals.len(),
        fragments,
        fragment_count: qnames.len(),
    })
}

fn root(lowering: &mut Lowering<'_>, code: usize, id: ElementId) -> Result<Root> {
    let item = lowering.root(id)?;
    let xml = lowering.model.elements[id.0].name.local.clone();
    Ok(Root { code, xml, path: item.path, borrows: item.borrows })
}

fn emit_module(
    module: &str,
    namespace: &str,
    roots: Option<&Roots<'_>>,
    profile: &Profile<'_>,
    registry: &Registry,
) -> Result<GeneratedFile> {
    let imports = Imports { module: Some(module.into()), ..Imports::default() };
    let documents = roots.iter().flat_map(|roots| roots.documents.iter().map(|root| root.path.clone()));
    let mut e = Emitter { imports, profile, registry, roots: documents.collect(), filling: None };
    let mut body = String::new();
    if let Some(roots) = roots {
        root_enums(&mut body, roots, &mut e);
    }
    let own = |path: &Path| path.module.as_deref() == Some(module);
    let choice_borrows = |path: &Path| registry.choices.get(path).is_some_and(|choice| choice.borrows);
    for alias in registry.aliases.values().filter(|alias| own(&alias.path)) {
        items::alias(&mut body, alias, &mut e.imports);
    }
    for item in registry.enumerations.values().filter(|item| own(&item.path)) {
        items::enumeration(&mut body, item, &mut e.imports);
    }
    for choice in registry.choices.values().filter(|choice| own(&choice.path)) {
        items::choice(&mut body, choice, &mut e.imports);
        e.imports.codec("reflect_choice");
        reflect::choice(&mut body, choice);
    }
    for item in registry.structs.values().filter(|item| own(&item.path)) {
        items::structure(&mut body, item, choice_borrows, &mut e.imports);
        codec(&mut body, item, &mut e)?;
        e.imports.codec("reflect");
        reflect::structure(&mut body, item);
    }
    let mut text = String::new();
    let _ = writeln!(text, "//! Types of the namespace `{namespace}`.");
    let _ = writeln!(text, "//!\n//! Generated by `cargo xtask generate`; do not edit.\n");
    text.push_str(&uses(module, &e.imports));
    text.push_str(&body);
    Ok(GeneratedFile { path: format!("{module}.rs"), text })
}

fn codec(out: &mut String, item: &Struct, e: &mut Emitter<'_>) -> Result<()> {
    for name in ["Element", "Mode", "Reader", "Writer", "Fault", "n"] {
        e.imports.codec(name);
    }
    let lifetime = if item.borrows { "<'a>" } else { "" };
    let _ = writeln!(out, "impl<'a> Element<'a> for {}{lifetime} {{", item.path.name);
    if let Some(parts) = e.parts(item) {
        for name in ["Layout", "Part"] {
            e.imports.codec(name);
        }
        let _ = writeln!(out, "const LAYOUT: Layout = {parts};\n");
    }
    let leaf = item.is_leaf();
    if leaf || item.is_twig() || e.is_root(&item.path) {
        let _ = writeln!(out, "#[cfg_attr(target_pointer_width = \"64\", inline(always))]");
    }
    if !leaf {
        // Firmware pays for inlining in stack: what a frame holds for one child stays there for all others.
        let _ = writeln!(out, "#[cfg_attr(target_pointer_width = \"32\", inline(never))]");
    }
    let _ = writeln!(out, "fn decode<M: Mode>(r: &mut Reader<'a, M>) -> Result<Self, Fault> {{");
    decode::body(out, item, e)?;
    let _ = writeln!(out, "}}\n");
    if e.profile.hot_types.contains(&item.xml.as_str()) {
        let _ = writeln!(out, "#[cfg_attr(target_pointer_width = \"64\", inline(always))]");
    }
    if e.roots.contains(&item.path) {
        let _ = writeln!(out, "#[cfg_attr(target_pointer_width = \"32\", inline(never))]");
    }
    let _ = writeln!(out, "fn encode(&self, w: &mut Writer<'_>) -> Result<(), Fault> {{");
    encode::body(out, item, e)?;
    let _ = writeln!(out, "}}\n}}\n");
    Ok(())
}

fn root_enums(out: &mut String, roots: &Roots<'_>, e: &mut Emitter<'_>) {
    let title = roots.set.title;
    let mut emit = |name: &str, what: &str, list: &[Root], count: usize, end: Option<usize>| {
        if list.is_empty() {
            return;
        }
        e.imports.codec("roots");
        // With the wildcard, and the end of the document in fragments.
        let productions = count + 1 + usize::from(end.is_some());
        let width = usize::BITS - (productions - 1).leading_zeros();
        let end = end.map_or(String::new(), |end| format!(" end {end}"));
        let _ = writeln!(out, "roots! {{\n/// A {what} of the set {title}.\n{name} width {width}{end} {{");
        for root in list {
            let ty = e.imports.path(&root.path);
            let variant = camel(&words(&root.xml, e.profile.words));
            let lifetime = if root.borrows { "<'a>" } else { "" };
            let _ = writeln!(out, "{} {:?} {variant}({ty}{lifetime}),", root.code, root.xml);
        }
        // A type that several elements share does not say by itself which of them it is.
        let _ = writeln!(out, "}} unique {{");
        for root in list {
            if list.iter().filter(|other| other.path == root.path).count() == 1 {
                let lifetime = if root.borrows { "<'a>" } else { "" };
                let variant = camel(&words(&root.xml, e.profile.words));
                let _ = writeln!(out, "{} {variant}({}{lifetime}),", root.code, root.path.name);
            }
        }
        let _ = writeln!(out, "}}\n}}\n");
    };
    emit("Message", "message", &roots.documents, roots.document_count, None);
    emit("OtherDocument", "global element, though no message,", &roots.others, roots.document_count, None);
    let end = roots.fragment_count + 1;
    emit("Fragment", "fragment", &roots.fragments, roots.fragment_count, Some(end));
}

fn uses(module: &str, imports: &Imports) -> String {
    let mut text = String::new();
    let up = "super::".repeat(module.matches('/').count());
    for name in &imports.codec {
        let path = match name.as_str() {
            "enumeration" | "reflect" | "reflect_choice" | "roots" => format!("crate::macros::{name}"),
            "Element" => "crate::value::Element".into(),
            "Layout" | "ListShape" | "Mode" | "Part" | "Reader" | "Writer" => format!("crate::bits::{name}"),
            "n" => "crate::generated::names as n".into(),
            other => format!("crate::error::{other}"),
        };
        let _ = writeln!(text, "use {path};");
    }
    if !imports.values.is_empty() {
        let list = imports.values.iter().cloned().collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "use crate::value::{{{list}}};");
    }
    for (from, name) in &imports.types {
        let from = from.rsplit('/').next().unwrap_or(from);
        let _ = writeln!(text, "use {up}{from}::{name};");
    }
    text.push('\n');
    text
}

fn names_file(registry: &Registry, profile: &Profile<'_>) -> Result<GeneratedFile> {
    let mut text = String::from(
        "//! Names of elements and attributes, for errors.\n//!\n//! Generated by `cargo xtask generate`; do not edit.\n\n\
         use crate::macros::names;\n\nnames! {\nNONE = \"\",\n",
    );
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for xml in &registry.names {
        let constant = name_constant(xml, profile.words);
        if let Some(other) = seen.insert(constant.clone(), xml) {
            // The same constant for two spellings would name the wrong element.
            return Err(CodegenError::unsupported(xml, format!("has the same Rust name as {other}")));
        }
        let _ = writeln!(text, "{constant} = {xml:?},");
    }
    text.push_str("}\n");
    Ok(GeneratedFile { path: "names.rs".into(), text })
}

/// `mod.rs` of every folder.
fn module_tree(modules: &BTreeSet<String>) -> Vec<GeneratedFile> {
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for module in modules {
        match module.rsplit_once('/') {
            Some((folder, leaf)) => {
                folders.entry(folder.into()).or_default().insert(leaf.into());
                folders.entry(String::new()).or_default().insert(folder.into());
            }
            None => {
                folders.entry(String::new()).or_default().insert(module.clone());
            }
        }
    }
    folders
        .into_iter()
        .map(|(folder, children)| {
            let mut text = String::from("//! Generated by `cargo xtask generate`; do not edit.\n\n");
            if folder.is_empty() {
                text.push_str("#[cfg(feature = \"grammar\")]\npub(crate) mod grammar;\npub mod names;\n\n");
            }
            for child in children {
                let _ = writeln!(text, "pub mod {child};");
            }
            let path = if folder.is_empty() { "mod.rs".into() } else { format!("{folder}/mod.rs") };
            GeneratedFile { path, text }
        })
        .collect()
}
