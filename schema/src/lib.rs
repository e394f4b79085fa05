#![doc = include_str!("../README.md")]

mod codegen;
mod emit;
mod grammar;
mod model;
mod sets;
mod xsd;

pub use codegen::{
    ChoiceName, CodegenError, GeneratedFile, Profile, SetModule, UnitRule, generate, generate_c,
};
pub use emit::{EmitError, emit_grammar};
pub use grammar::{
    CompareError, Counter, Cursor, Event, FragmentElement, Grammar, Kind, Mismatch, Position, Production,
    Report, SecondLevel, TypeGrammar, Unsupported, code_width, compare, compare_all, compare_fragment,
};
pub use model::{
    Attribute, BinaryEncoding, ComplexType, Content, Element, ElementId, Model, Particle, QName, SimpleKind,
    SimpleType, Term, Type, TypeId,
};
pub use sets::{NAMESPACES, Namespace, SETS, Set, set};
pub use xsd::{Error as XsdError, Problem as XsdProblem, load};
