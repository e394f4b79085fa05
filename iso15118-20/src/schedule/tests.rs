//! Curves and checks; what a charger offers; what a vehicle chooses.

extern crate std;

mod choosing;
mod curves;
mod cycling;
mod offering;
