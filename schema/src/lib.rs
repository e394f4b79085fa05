//! Schema compiler: reads the XSDs of a message set and derives the EXI grammars from them.
//!
//! [`load`] turns an XSD with everything that it imports into a [`Model`]; it knows XML Schema and no EXI.
//! [`Grammar`] derives the EXI grammars from a model; [`compare`] proves them against those of the reference
//! implementation.
//! [`emit_grammar`] writes the grammars as tables for the interpreter in `exi-codec`.
//! [`SETS`] lists the schema sets of this project. Nothing here names an element or a type of ISO 15118.

mod codegen;
mod emit;
mod grammar;
mod model;
mod sets;
mod xsd;

pub use codegen::{ChoiceName, CodegenError, GeneratedFile, Profile, SetModule, UnitRule, generate};
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
