//! The vehicle's engine in any state, fed with frames, bytes, words of its host and time.
#![no_main]

use v2g_fuzz::engines::{End, feed};

libfuzzer_sys::fuzz_target!(|input: &[u8]| feed(End::Vehicle, input));
