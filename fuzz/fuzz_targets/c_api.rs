//! The C interface, called in any order with any values.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| v2g_fuzz::c_api::drive(input));
