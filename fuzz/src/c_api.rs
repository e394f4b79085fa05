//! A program in C that does everything that the interface allows, in any order: what it calls and with what comes from the fuzzer.
//!
//! It keeps to the rules of C: a pointer is null, misaligned where that can be seen, or there is memory behind it; lengths are those
//! of the memory. Everything else is arbitrary. What has to hold is checked after every call: only memory that was given is
//! written, and only as much of a struct as the caller knows; statuses are known numbers; after an error nothing was written that is
//! not said to be.

#![allow(clippy::wildcard_imports, reason = "names of C's have their prefix")]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "any octets are numbers of any kind")]

mod charger;
mod codec;
mod input;
mod links;
mod memory;
mod reading;
mod session;
mod shapes;
mod slac;
mod store;
mod trust;
mod vehicle;

use std::ffi::{CStr, c_void};
use std::ptr;

use v2g::kinds::v2g_message_name;
use v2g::number::{v2g_number_compare, v2g_number_from_milli, v2g_number_to_milli};
use v2g::text::{v2g_bytes, v2g_str};
use v2g::trust::keys::v2g_signing;
use v2g::trust::rule::v2g_rule_str;
use v2g::version::{v2g_abi_check, v2g_version};

use input::Input;
use memory::{Memory, Out, holding, known};

/// Calls of the fuzzer's choice, until it has no more of them.
pub fn drive(octets: &[u8]) {
    let mut program = Program::new(octets);
    while program.input.has_more() && program.steps < 2000 {
        program.steps += 1;
        match program.input.byte() % 16 {
            0..=2 => session::go_on(&mut program),
            3 => session::begin(&mut program),
            4 | 5 => charger::call(&mut program),
            6 | 7 => vehicle::call(&mut program),
            8 => session::under_way(&mut program),
            9 => program.time_passes(),
            10 => links::discovery(&mut program),
            11 => links::stream(&mut program),
            12 => slac::call(&mut program),
            13 => codec::call(&mut program),
            14 => trust::call(&mut program),
            _ => program.odds(),
        }
    }
    program.places.iter().for_each(Memory::check);
    program.kept.iter().for_each(Memory::check);
}

/// Kinds of handles; each has one place.
#[derive(Clone, Copy)]
enum Kind {
    Secc,
    Evcc,
    Stream,
    Discovery,
    Responder,
    SlacEvse,
    SlacEv,
    TrustStore,
    /// Copies of others, which are no handles.
    Copies,
}

/// What the program has.
struct Program<'a> {
    input: Input<'a>,
    now: u64,
    steps: u32,
    /// Checks of signatures that may still be done: they take milliseconds.
    checks: u32,
    /// Storage of handles, exactly as much as they need.
    places: [Memory; 9],
    /// What handles refer to, which therefore stays: buffers of both engines, stream, store, and what comes to it.
    kept: Vec<Memory>,
    to_charger: Vec<u8>,
    to_vehicle: Vec<u8>,
    /// The payloads that the engines returned last.
    request: Vec<u8>,
    response: Vec<u8>,
    signing: Option<v2g_signing>,
    /// Memory for contracts; the engine has the other.
    contracts: [Memory; 2],
}

/// Octets of the buffers that stay.
const BUFFERS: [usize; 4] = [16 * 1024, 16 * 1024, 2048, 8192];

impl<'a> Program<'a> {
    fn new(octets: &'a [u8]) -> Self {
        let sizes = [
            v2g::secc::v2g_secc_size(),
            v2g::evcc::v2g_evcc_size(),
            v2g::stream::v2g_stream_size(),
            v2g::sdp::v2g_discovery_size(),
            v2g::sdp::v2g_responder_size(),
            v2g::slac::charger::v2g_slac_evse_size(),
            v2g::slac::vehicle::v2g_slac_ev_size(),
            v2g::trust::store::v2g_trust_store_size(),
            8192,
        ];
        let contracts = || Memory::new(v2g::trust::contracts::V2G_CONTRACTS_SIZE);
        Self {
            input: Input::new(octets),
            now: 0,
            steps: 0,
            checks: 4,
            places: sizes.map(Memory::new),
            kept: BUFFERS.into_iter().map(Memory::new).collect(),
            to_charger: Vec::new(),
            to_vehicle: Vec::new(),
            request: Vec::new(),
            response: Vec::new(),
            signing: None,
            contracts: [contracts(), contracts()],
        }
    }

    fn place(&self, kind: Kind) -> &Memory {
        &self.places[kind as usize]
    }

    /// The handle of a kind, whether it lives or not.
    fn own<K>(&self, kind: Kind) -> *mut K {
        self.place(kind).start().cast()
    }

    /// A pointer that is given as a handle: most often that of the kind.
    fn handle<K>(&mut self, kind: Kind) -> *mut K {
        match self.input.byte() {
            0..=0xEF => self.own(kind),
            other @ 0xF0..=0xF8 => self.places[usize::from(other - 0xF0)].start().cast(),
            0xF9..=0xFB => self.own(Kind::Copies),
            0xFC | 0xFD => ptr::null_mut(),
            _ => self.place(kind).start().wrapping_add(1).cast(),
        }
    }

    /// Storage for a handle: its place and size, most often.
    fn storage(&mut self, kind: Kind) -> (*mut c_void, usize) {
        let (start, length) = (self.place(kind).start(), self.place(kind).length());
        match self.input.byte() {
            0..=0xF7 => (start.cast(), length),
            0xF8..=0xFB => (start.cast(), usize::from(self.input.byte()).min(length - 1)),
            0xFC | 0xFD => (ptr::null_mut(), length),
            _ => (start.wrapping_add(1).cast(), length - 1),
        }
    }

    /// The time, most often; else any.
    fn time(&mut self) -> u64 {
        if self.input.byte() == 0xFF { self.input.large() } else { self.now }
    }

    /// A text: a good one, one that is too long, one that is none.
    fn text(&mut self, good: &'static str) -> v2g_str {
        let long = "a".repeat(300);
        let octets = match self.input.byte() {
            0..=0xDF => good.as_bytes(),
            0xE0..=0xE7 => long.as_bytes(),
            0xE8..=0xEF => &[0xFF],
            0xF0..=0xF7 => self.input.bytes(),
            0xF8..=0xFB => &[],
            _ => return v2g_str { data: ptr::null(), length: usize::from(self.input.byte()) },
        };
        let memory = holding(octets);
        let text = v2g_str { data: memory.start().cast(), length: memory.length() };
        self.kept.push(memory);
        text
    }

    /// Octets that stay, a few of them changed or the end cut off.
    fn octets(&mut self, good: &[u8]) -> v2g_bytes {
        let mut octets = good.to_vec();
        match self.input.byte() {
            0..=0xBF => {}
            0xC0..=0xEF => {
                let place = usize::from(self.input.byte()) | usize::from(self.input.byte()) << 8;
                let with = self.input.byte().max(1);
                let length = octets.len().max(1);
                if let Some(octet) = octets.get_mut(place % length) {
                    *octet ^= with;
                }
            }
            0xF0..=0xF7 => octets.truncate(self.input.length(good.len())),
            0xF8..=0xFB => octets = self.input.bytes().to_vec(),
            _ => return v2g_bytes { data: ptr::null(), length: usize::from(self.input.byte()) },
        }
        let memory = holding(&octets);
        let bytes = v2g_bytes { data: memory.start(), length: memory.length() };
        self.kept.push(memory);
        bytes
    }

    /// Memory that a function writes into.
    fn buffer(&mut self, most: usize) -> Buffer {
        let memory = Memory::new(self.input.length(most));
        let null = self.input.byte() == 0xFF;
        let start = if null { ptr::null_mut() } else { memory.start() };
        Buffer { start, memory }
    }

    fn time_passes(&mut self) {
        let octet = self.input.byte();
        self.now = self.now.saturating_add(u64::from(octet & 0x1F) << (octet >> 4));
    }

    /// What belongs to no handle, and copies of handles.
    fn odds(&mut self) {
        match self.input.byte() % 8 {
            0 => {
                let from = self.input.byte() % 8;
                let octets = self.places[usize::from(from)].octets().to_vec();
                self.places[Kind::Copies as usize].put(&octets);
            }
            1 => {
                let out = Out::plain(&mut self.input);
                let (milli, direction) = (self.input.large() as i64, self.input.choice(4));
                // SAFETY: the memory is there.
                out.check(known(unsafe { v2g_number_from_milli(milli, direction, out.pointer()) }));
            }
            2 => {
                let out = Out::plain(&mut self.input);
                let (number, direction) = (self.input.number(), self.input.choice(4));
                // SAFETY: as above.
                out.check(known(unsafe { v2g_number_to_milli(number, direction, out.pointer()) }));
            }
            3 => {
                let (a, b) = (self.input.number(), self.input.number());
                let order = v2g_number_compare(a, b);
                assert!((-1..=1).contains(&order) && v2g_number_compare(b, a) == -order);
            }
            4 => {
                let name = v2g_message_name(self.input.value() as u16);
                // SAFETY: it lives for ever.
                let name = unsafe { std::slice::from_raw_parts(name.data.cast::<u8>(), name.length) };
                assert!(name.is_ascii());
            }
            5 => {
                let rule = self.input.value();
                // SAFETY: it lives for ever.
                assert!(!unsafe { CStr::from_ptr(v2g_rule_str(rule)) }.is_empty());
            }
            6 => {
                known(v2g_abi_check(self.input.value(), self.input.value()));
                // SAFETY: it lives for ever.
                assert!(!unsafe { CStr::from_ptr(v2g_version()) }.is_empty());
            }
            _ => {
                let out = Out::<[u8; 8]>::plain(&mut self.input);
                let (kind, length) = (self.input.value() as u16, self.input.value() as usize);
                // SAFETY: there are eight octets, or none.
                out.check(known(unsafe {
                    v2g::stream::v2g_write_header(kind, length, out.pointer().cast())
                }));
            }
        }
    }
}

/// Memory that a function writes into, most often less or more than it needs.
struct Buffer {
    start: *mut u8,
    memory: Memory,
}

impl Buffer {
    fn capacity(&self) -> usize {
        self.memory.length()
    }

    /// After a call that has reported how much it wrote, or needs.
    fn check(&self, status: i32, length: Option<usize>) {
        use v2g::status::{V2G_E_BUFFER, V2G_OK};
        self.memory.check();
        match length {
            Some(length) if status == V2G_OK => assert!(length <= self.capacity(), "more than there is"),
            Some(length) if status == V2G_E_BUFFER => {
                assert!(length > self.capacity(), "{length} would have fitted into {}", self.capacity());
            }
            _ => {}
        }
    }
}
