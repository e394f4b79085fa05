//! Measures, by semihosting, the sizes of messages and the stack that decoding and encoding take.
//!
//! Prints `size NAME OCTETS` and `stack SET decode|encode OCTETS INDEX`, then `messages COUNT`. The messages come
//! from `cargo xtask sizes`: per message its set (an octet of [`measure`]), its length (32 bits, little-endian),
//! its octets.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_semihosting::{debug, hprintln};
use exi_codec::iso20::{ac, acdp, common_messages, dc, wpt, xmldsig};
use exi_codec::{Document, app_protocol};
use iso15118_20::evcc::Evcc;
use iso15118_20::secc::Secc;
use v2g_firmware::stack_of;

static MESSAGES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/messages.bin"));

/// Room for the largest message.
const LARGEST: usize = 128 * 1024;

#[v2g_firmware::entry]
fn main() -> ! {
    static mut OUT: [u8; LARGEST] = [0; LARGEST];

    sizes();
    let mut rest = MESSAGES;
    let mut index = 0;
    while let Some((set, message, next)) = split(rest) {
        measure(set, message, OUT, index);
        rest = next;
        index += 1;
    }
    hprintln!("messages {}", index);
    debug::exit(debug::EXIT_SUCCESS);
    loop {
        cortex_m::asm::wfi();
    }
}

fn split(rest: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&set, rest) = rest.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (message, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((set, message, rest))
}

macro_rules! print_sizes {
    ($($name:literal $ty:ty,)*) => {
        $(hprintln!("size {} {}", $name, size_of::<$ty>());)*
    };
}

fn sizes() {
    type Charger<const N: usize> =
        v2g_slac::evse::Evse<'static, fn(&mut [u8]) -> Result<(), v2g_slac::NoEntropy>, N>;
    hprintln!("size SLAC::run {}", size_of::<Charger<2>>() - size_of::<Charger<1>>());
    hprintln!("size SLAC::Evse<5> {}", size_of::<Charger<5>>());
    print_sizes! {
        "app_protocol::Message" app_protocol::Message<'_>,
        "common_messages::Message" common_messages::Message<'_>,
        "dc::Message" dc::Message<'_>,
        "ac::Message" ac::Message<'_>,
        "wpt::Message" wpt::Message<'_>,
        "acdp::Message" acdp::Message<'_>,
        "DcChargeLoopReq" dc::DcChargeLoopReq<'_>,
        "DcChargeLoopRes" dc::DcChargeLoopRes<'_>,
        "AcChargeLoopReq" ac::AcChargeLoopReq<'_>,
        "AcChargeLoopRes" ac::AcChargeLoopRes<'_>,
        "WptChargeLoopReq" wpt::WptChargeLoopReq<'_>,
        "WptChargeLoopRes" wpt::WptChargeLoopRes<'_>,
        "Secc" Secc<'_>,
        "Evcc" Evcc<'_>,
    }
}

fn measure(set: u8, message: &[u8], out: &mut [u8], index: u32) {
    match set {
        0 => both_ways::<app_protocol::Message<'_>>("app_protocol", message, out, index),
        1 => both_ways::<common_messages::Message<'_>>("common_messages", message, out, index),
        2 => both_ways::<dc::Message<'_>>("dc", message, out, index),
        3 => both_ways::<ac::Message<'_>>("ac", message, out, index),
        4 => both_ways::<wpt::Message<'_>>("wpt", message, out, index),
        5 => both_ways::<acdp::Message<'_>>("acdp", message, out, index),
        6 => both_ways::<common_messages::Fragment<'_>>("common_messages", message, out, index),
        7 => both_ways::<dc::Fragment<'_>>("dc", message, out, index),
        8 => both_ways::<ac::Fragment<'_>>("ac", message, out, index),
        9 => both_ways::<wpt::Fragment<'_>>("wpt", message, out, index),
        10 => both_ways::<acdp::Fragment<'_>>("acdp", message, out, index),
        _ => both_ways::<xmldsig::Fragment<'_>>("xmldsig", message, out, index),
    }
}

fn both_ways<'a, M: Document<'a>>(set: &str, message: &'a [u8], out: &mut [u8], index: u32) {
    let used = stack_of(&mut || decode::<M>(message));
    hprintln!("stack {} decode {} {}", set, used, index);
    if let Ok(decoded) = exi_codec::decode::<M>(message) {
        let used = stack_of(&mut || encode(&decoded, out));
        hprintln!("stack {} encode {} {}", set, used, index);
    }
}

/// The message decoded is part of the stack used.
#[inline(never)]
fn decode<'a, M: Document<'a>>(message: &'a [u8]) {
    let _ = black_box(&exi_codec::decode::<M>(message));
}

#[inline(never)]
fn encode<'a, M: Document<'a>>(message: &M, out: &mut [u8]) {
    let _ = black_box(&exi_codec::encode(message, out));
}
