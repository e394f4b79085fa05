//! Hand-computed examples; a model that goes second by second; hostile numbers.

extern crate std;

mod examples;
mod model;
