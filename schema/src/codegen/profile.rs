//! What the generator must be told about a family of schemas.

/// Vocabulary and choices of a schema family.
#[derive(Debug, Clone, Copy)]
pub struct Profile<'p> {
    /// Rust module of each target namespace, as a path below the generated root.
    pub modules: &'p [(&'p str, &'p str)],
    /// The sets, with the module that holds their messages.
    pub sets: &'p [SetModule<'p>],
    /// Words that capital letters alone do not separate, such as acronyms followed by a capital.
    pub words: &'p [&'p str],
    /// Endings of the global elements that are messages.
    pub message_suffixes: &'p [&'p str],
    /// Global elements that are no messages but may stand alone all the same.
    pub other_documents: &'p [&'p str],
    /// Elements that occur as the root of a fragment.
    pub fragments: &'p [&'p str],
    /// Types (with an `Id`) whose place in the stream is remembered for signatures.
    pub signable_types: &'p [&'p str],
    /// Types that every message holds: their code is worth a copy in each.
    pub hot_types: &'p [&'p str],
    /// Large optional elements that are carried as deferred views.
    pub lazy_elements: &'p [&'p str],
    /// Elements that the profile forbids and that are carried as opaque bits at most.
    pub opaque_elements: &'p [&'p str],
    /// The complex type that is a decimal number: exponent and value.
    pub rational_type: &'p str,
    /// Units of elements of that type; the first rule that matches counts.
    pub units: &'p [UnitRule<'p>],
    /// Names for choices.
    pub choices: &'p [ChoiceName<'p>],
}

/// A schema set and where its messages go.
#[derive(Debug, Clone, Copy)]
pub struct SetModule<'p> {
    /// Key of the set.
    pub key: &'p str,
    /// Module path below the generated root.
    pub module: &'p str,
    /// Name of the set in the documentation.
    pub title: &'p str,
}

/// Gives a quantity to elements whose name contains a word.
#[derive(Debug, Clone, Copy)]
pub struct UnitRule<'p> {
    /// Part of the element name.
    pub contains: &'p str,
    /// Alias of the quantity, none for a plain number.
    pub quantity: Option<&'p str>,
}

/// Names a choice by its first alternative or the head of its substitution group.
#[derive(Debug, Clone, Copy)]
pub struct ChoiceName<'p> {
    /// Local name of the element that identifies the choice.
    pub element: &'p str,
    /// Name of the enum.
    pub name: &'p str,
    /// Name of the field that holds it.
    pub field: &'p str,
}
