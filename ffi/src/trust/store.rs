//! The roots of a station or vehicle, kept on storage of the host's.

use core::ffi::c_void;
use core::mem::offset_of;

use crate::border::{Handle, Kind, Outcome, create, destroy, done, enter, put, read, room, versioned, with};
use crate::status::V2G_E_VALUE;
use crate::text::v2g_bytes;
use crate::trust::verify::v2g_fault;

/// Octets that a trust store takes on machines with pointers of 32 bits, without its buffer.
pub const V2G_TRUST_STORE_SIZE_32: usize = 64;
/// Octets that a trust store takes on machines with pointers of 64 bits, without its buffer.
pub const V2G_TRUST_STORE_SIZE_64: usize = 128;

/// A root was there from the start.
pub const V2G_SOURCE_FACTORY: u32 = 1;
/// Somebody put a root there on site.
pub const V2G_SOURCE_COMMISSIONING: u32 = 2;
/// A back end sent a root (OCPP `InstallCertificate`).
pub const V2G_SOURCE_BACKEND: u32 = 3;
/// A tool in a laboratory put a root there.
pub const V2G_SOURCE_TOOL: u32 = 4;

/// Reads what was written last to `slot` (0 or 1) into `out`, and sets `length`; 0 if nothing was. What is damaged is noticed.
/// Returns 0, or anything else if the storage failed or the image is longer than `capacity`. It is called from within a call of
/// the store, which must not be called from it.
pub type v2g_storage_read = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        slot: u32,
        out: *mut u8,
        capacity: usize,
        length: *mut usize,
    ) -> i32,
>;
/// Replaces what is in `slot` (0 or 1), and returns 0 when the storage has it, or anything else if it failed: then the slot may hold
/// anything.
pub type v2g_storage_write =
    Option<unsafe extern "C" fn(user: *mut c_void, slot: u32, image: *const u8, length: usize) -> i32>;

/// The roots that are trusted, in two slots of storage: an update is all or nothing, whenever power fails. An opaque handle in
/// storage of the caller's.
///
/// ```c
/// static v2g_trust_store_storage memory;
/// static uint8_t buffer[2 * 4096];
/// v2g_trust_store_config config = V2G_TRUST_STORE_CONFIG_INIT;
/// config.buffer = buffer;
/// config.buffer_size = sizeof buffer;
/// config.read = read_slot;
/// config.write = write_slot;
/// v2g_trust_store *store;
/// int32_t status = v2g_trust_store_init(&memory, sizeof memory, &config, &store);
/// v2g_fault fault;
/// status = v2g_trust_store_add(store, V2G_ROOT_MO, V2G_SOURCE_BACKEND, now, der, &fault);
/// ```
pub struct v2g_trust_store {
    _opaque: [u8; 0],
}

impl Kind for v2g_trust_store {
    const TAG: u32 = 0x5472_7374;
    type Fixed = ();
    type Machine = machine::Machine;
}

const _: () = assert!(
    size_of::<Handle<v2g_trust_store>>()
        <= if size_of::<usize>() == 4 { V2G_TRUST_STORE_SIZE_32 } else { V2G_TRUST_STORE_SIZE_64 }
);

/// Where roots are kept. `buffer` has to live as long as the store.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_trust_store_config {
    /// `sizeof` this struct.
    pub size: u32,
    /// Zero.
    pub reserved: u32,
    /// Memory for the roots: half of it has to hold all of them, 45 octets and 12 more than each certificate.
    pub buffer: *mut u8,
    /// Octets of it.
    pub buffer_size: usize,
    /// Reads a slot. Null, as `write`: the roots are in memory alone.
    pub read: v2g_storage_read,
    /// Writes a slot.
    pub write: v2g_storage_write,
    /// For both.
    pub user: *mut c_void,
}

/// A root of a store.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_stored_root {
    /// `V2G_ROOT_*`.
    pub kind: u32,
    /// `V2G_SOURCE_*`: who brought it.
    pub source: u32,
    /// When, Unix time in seconds.
    pub added: i64,
    /// Its DER. It lives until the store is changed.
    pub certificate: v2g_bytes,
}

versioned! {
    v2g_trust_store_config offset_of!(v2g_trust_store_config, user) + size_of::<usize>();
}

/// Octets that a trust store needs in this build, without its buffer; at most `V2G_TRUST_STORE_SIZE`.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_trust_store_size() -> usize {
    size_of::<Handle<v2g_trust_store>>()
}

/// Alignment of the storage, octets.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_trust_store_align() -> usize {
    align_of::<Handle<v2g_trust_store>>()
}

/// Makes a store of the newer of two images that is intact, or an empty one if there is none: then its generation is 0.
///
/// `V2G_E_VALUE`: the buffer is too small for nothing, or there is one callback without the other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_trust_store_init(
    storage: *mut c_void,
    storage_size: usize,
    config: *const v2g_trust_store_config,
    store: *mut *mut v2g_trust_store,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    done(unsafe {
        create(storage, storage_size, store, |_| {
            let given = read(config)?;
            if given.read.is_some() != given.write.is_some() || given.reserved != 0 {
                return Err(V2G_E_VALUE);
            }
            machine::Machine::new(&given)
        })
    })
}

/// Gives up a store; what is on the storage stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_trust_store_deinit(store: *mut v2g_trust_store) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { destroy(store) })
}

/// How often the set was changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_trust_store_generation(
    store: *const v2g_trust_store,
    generation: *mut u32,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(store).and_then(|store| put(generation, store.generation())) })
}

/// The root at `index`, from 0 in the order of their addition. `V2G_E_MISSING`: beyond the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_trust_store_root(
    store: *const v2g_trust_store,
    index: usize,
    root: *mut v2g_stored_root,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(store).and_then(|store| put(root, store.root(index)?)) })
}

/// Adds a root (`V2G_ROOT_*`) that somebody brought (`V2G_SOURCE_*`) at a time, once its certificate was checked; in memory and on
/// the storage, or not at all.
///
/// `V2G_E_TRUST`: it is no root, it is there already, the buffer is full or the storage failed; `fault` says so, and may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_trust_store_add(
    store: *mut v2g_trust_store,
    kind: u32,
    source: u32,
    unix_seconds: i64,
    certificate: v2g_bytes,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(store, |store| {
            if !fault.is_null() {
                room(fault)?;
            }
            let brought = (kind, source, unix_seconds);
            store.add(brought, certificate.get()?, fault)
        })
    }
}

/// Removes a root (`V2G_ROOT_*`), in memory and on the storage, or not at all.
///
/// `V2G_E_TRUST`: it is not there, or the storage failed; `fault` says so, and may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_trust_store_remove(
    store: *mut v2g_trust_store,
    kind: u32,
    certificate: v2g_bytes,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(store, |store| {
            if !fault.is_null() {
                room(fault)?;
            }
            store.remove(kind, certificate.get()?, fault)
        })
    }
}

#[cfg(not(feature = "trust"))]
mod machine {
    use super::{Outcome, v2g_fault, v2g_stored_root, v2g_trust_store_config};
    use crate::status::V2G_E_UNSUPPORTED;

    /// There is none in this build.
    pub enum Machine {}

    impl Machine {
        pub(super) fn new(_: &v2g_trust_store_config) -> Outcome<Self> {
            Err(V2G_E_UNSUPPORTED)
        }

        pub(super) fn generation(&self) -> u32 {
            match *self {}
        }

        pub(super) fn root(&self, _: usize) -> Outcome<v2g_stored_root> {
            match *self {}
        }

        pub(super) fn add(&mut self, _: (u32, u32, i64), _: &[u8], _: *mut v2g_fault) -> Outcome {
            match *self {}
        }

        pub(super) fn remove(&mut self, _: u32, _: &[u8], _: *mut v2g_fault) -> Outcome {
            match *self {}
        }
    }
}

#[cfg(feature = "trust")]
mod machine {
    use v2g_pki::trust::{Change, Provenance, Slot, Source, Storage, StorageError, TrustStore};
    use v2g_pki::{Anchors, Curves, Time};

    use super::{
        Outcome, V2G_E_VALUE, V2G_SOURCE_BACKEND, V2G_SOURCE_COMMISSIONING, V2G_SOURCE_FACTORY,
        V2G_SOURCE_TOOL, c_void, v2g_bytes, v2g_fault, v2g_storage_read, v2g_storage_write, v2g_stored_root,
        v2g_trust_store_config,
    };
    use crate::border::slice_mut;
    use crate::status::V2G_E_MISSING;
    use crate::trust::verify::{kind, refused};

    /// The host's storage.
    #[derive(Clone, Copy)]
    struct Slots {
        read: v2g_storage_read,
        write: v2g_storage_write,
        user: *mut c_void,
    }

    const fn number(slot: Slot) -> u32 {
        match slot {
            Slot::A => 0,
            Slot::B => 1,
        }
    }

    impl Storage for Slots {
        fn read(&mut self, slot: Slot, out: &mut [u8]) -> Result<usize, StorageError> {
            let Some(read) = self.read else { return Ok(0) };
            let mut length = 0;
            // SAFETY: the caller gave the function for this; the memory is as long as is said.
            let status =
                unsafe { read(self.user, number(slot), out.as_mut_ptr(), out.len(), &raw mut length) };
            if status == 0 && length <= out.len() { Ok(length) } else { Err(StorageError) }
        }

        fn write(&mut self, slot: Slot, image: &[u8]) -> Result<(), StorageError> {
            let Some(write) = self.write else { return Ok(()) };
            // SAFETY: as above.
            let status = unsafe { write(self.user, number(slot), image.as_ptr(), image.len()) };
            if status == 0 { Ok(()) } else { Err(StorageError) }
        }
    }

    /// The set and where it is kept.
    pub struct Machine {
        set: TrustStore<'static>,
        slots: Slots,
    }

    impl Machine {
        pub(super) fn new(given: &v2g_trust_store_config) -> Outcome<Self> {
            let mut slots = Slots { read: given.read, write: given.write, user: given.user };
            // SAFETY: promised by the caller; of the two slices the first is gone when the second is made.
            let buffer = || unsafe { slice_mut(given.buffer, given.buffer_size) };
            let set = match TrustStore::load(&mut slots, buffer()?) {
                Ok(set) => set,
                Err(_) => TrustStore::empty(buffer()?).map_err(|_| V2G_E_VALUE)?,
            };
            Ok(Self { set, slots })
        }

        pub(crate) fn anchors(&self) -> &dyn Anchors {
            &self.set
        }

        pub(super) fn generation(&self) -> u32 {
            self.set.generation()
        }

        pub(super) fn root(&self, index: usize) -> Outcome<v2g_stored_root> {
            let entry = self.set.entries().nth(index).ok_or(V2G_E_MISSING)?;
            Ok(v2g_stored_root {
                kind: entry.anchor.kind() as u32,
                source: entry.provenance.source as u32,
                added: entry.provenance.added.unix(),
                certificate: v2g_bytes::new(entry.anchor.der()),
            })
        }

        pub(super) fn add(
            &mut self,
            (whose, source, unix_seconds): (u32, u32, i64),
            certificate: &[u8],
            fault: *mut v2g_fault,
        ) -> Outcome {
            let source = match source {
                V2G_SOURCE_FACTORY => Source::Factory,
                V2G_SOURCE_COMMISSIONING => Source::Commissioning,
                V2G_SOURCE_BACKEND => Source::Backend,
                V2G_SOURCE_TOOL => Source::Tool,
                _ => return Err(V2G_E_VALUE),
            };
            let provenance = Provenance { source, added: Time::from_unix(unix_seconds) };
            self.change(&Change::Add { kind: kind(whose)?, certificate, provenance }, fault)
        }

        pub(super) fn remove(&mut self, whose: u32, certificate: &[u8], fault: *mut v2g_fault) -> Outcome {
            self.change(&Change::Remove { kind: kind(whose)?, certificate }, fault)
        }

        fn change(&mut self, change: &Change<'_>, fault: *mut v2g_fault) -> Outcome {
            let changed = self.set.update(&mut self.slots, core::slice::from_ref(change), &Curves);
            // SAFETY: the exported functions have looked at the pointer; the rest is promised by the caller.
            changed.map_err(|error| unsafe { refused(error, fault) })
        }
    }
}
