//! The part of `pki` that is the codec: what it takes to decode the message alone.
#![no_std]
#![no_main]

use core::hint::black_box;

use exi_codec::iso20::common_messages::Message;
use v2g_firmware::entry;

#[entry]
fn main() -> ! {
    let mut input = [0; 64];
    loop {
        black_box(exi_codec::decode::<Message<'_>>(black_box(&input)).is_ok());
        black_box(&mut input);
    }
}
