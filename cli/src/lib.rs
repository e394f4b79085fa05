//! Scenarios: what happens in a charging session, written in a file.
//!
//! The program `v2g` is a binary; this library is the one part of it that others may want to call, such as fuzz
//! targets and tools that check scenario files.

pub mod scenario;

pub use scenario::{Scenario, ScenarioError};
