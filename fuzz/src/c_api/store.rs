//! Trust stores, on storage that keeps nothing and fails now and then.

use std::ffi::c_void;

use v2g::text::v2g_bytes;
use v2g::trust::store::*;
use v2g::trust::verify::v2g_fault;
use v2g_pki::RootKind;
use v2g_pki::issue::Entity;

use super::input::{Input, zeroed};
use super::memory::{Given, Out};
use super::session::unix_seconds;
use super::trust::why;
use super::{Kind, Program};
use crate::pki::hierarchy;

/// A host's storage of one slot that is never read back whole.
unsafe extern "C" fn read(
    user: *mut c_void,
    slot: u32,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    assert!(user.is_null() && slot < 2);
    // SAFETY: there is as much memory as is said.
    unsafe {
        out.write_bytes(slot as u8, capacity);
        length.write(capacity * (1 + slot as usize));
    }
    0
}

unsafe extern "C" fn write(_: *mut c_void, slot: u32, image: *const u8, length: usize) -> i32 {
    // SAFETY: there is an image.
    let image = unsafe { std::slice::from_raw_parts(image, length) };
    // It fails now and then, by chance that is the same each time.
    i32::from(image.iter().fold(slot as u8, |sum, octet| sum.wrapping_add(*octet)) & 7 == 7)
}

fn root(program: &mut Program<'_>) -> (u32, v2g_bytes) {
    let kind = [RootKind::V2g, RootKind::Oem, RootKind::Mo][usize::from(program.input.byte() % 3)];
    let certificate = program.octets(hierarchy().certificate(Entity::Root(kind)));
    (if program.input.seldom() { program.input.value() } else { kind as u32 }, certificate)
}

/// Any function of the store's.
pub(super) fn call(program: &mut Program<'_>) -> i32 {
    let which = program.input.byte() % 6;
    if which == 0 {
        return make(program);
    }
    let (store, (kind, certificate)) = (program.handle::<v2g_trust_store>(Kind::TrustStore), root(program));
    let input = &mut program.input;
    let fault = Out::<v2g_fault>::plain(input);
    // SAFETY: there is memory for all, as much as is said.
    let status = unsafe {
        match which {
            1 | 2 if program.checks > 0 => {
                program.checks -= 1;
                let (source, seconds) = (input.choice(4), unix_seconds() as i64);
                v2g_trust_store_add(store, kind, source, seconds, certificate, fault.pointer())
            }
            3 => v2g_trust_store_remove(store, kind, certificate, fault.pointer()),
            4 => {
                let root = Out::<v2g_stored_root>::plain(input);
                let status = v2g_trust_store_root(store, input.byte().into(), root.pointer());
                root.check(status);
                status
            }
            5 if input.seldom() => v2g_trust_store_deinit(store),
            _ => {
                let generation = Out::<u32>::plain(input);
                let status = v2g_trust_store_generation(store, generation.pointer());
                generation.check(status);
                status
            }
        }
    };
    why(&fault, status);
    status
}

fn make(program: &mut Program<'_>) -> i32 {
    let (storage, size) = program.storage(Kind::TrustStore);
    let buffer = &program.kept[3];
    let input: &mut Input<'_> = &mut program.input;
    let there = input.byte() >= 0x80;
    let config = v2g_trust_store_config {
        buffer: buffer.start(),
        buffer_size: input.length(buffer.length()),
        read: there.then_some(read),
        write: (there ^ input.seldom()).then_some(write),
        ..zeroed()
    };
    let (config, out) = (Given::new(config, input), Out::plain(input));
    // SAFETY: what has to live does.
    let status = unsafe { v2g_trust_store_init(storage, size, config.pointer(), out.pointer()) };
    out.check(status);
    status
}
