//! Storage of a trust store in files.

use core::ffi::c_void;
use core::mem::offset_of;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::border::{Outcome, done, put, read, slice, slice_mut, versioned};
use crate::status::V2G_E_VALUE;
use crate::text::v2g_str;

/// A file, or the folder of one, could not be read or written.
pub const V2G_E_FILE: i32 = -121;

/// Where a trust store keeps its two slots: in `path` with `.0` and `.1` behind it. What was written is written beside it first, reaches
/// the disk, and then takes its place, so that no half file is left; `path` with `.new` behind it is for that.
///
/// ```c
/// static v2g_file_storage file = V2G_FILE_STORAGE_INIT;
/// file.path = V2G_STR("/var/lib/charger/roots");
/// config.read = v2g_file_storage_read;
/// config.write = v2g_file_storage_write;
/// config.user = &file;
/// ```
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_file_storage {
    /// `sizeof` this struct.
    pub size: u32,
    /// Zero.
    pub reserved: u32,
    /// The path of the files. Their folder has to be there, and one store alone uses them.
    pub path: v2g_str,
}

versioned! {
    v2g_file_storage offset_of!(v2g_file_storage, path) + size_of::<v2g_str>();
}

/// The `read` of a `v2g_trust_store_config` whose `user` is a `v2g_file_storage`, which has to live as long as the store. A file that is not
/// there is empty.
///
/// `V2G_E_FILE`: it cannot be read, or is longer than `capacity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_file_storage_read(
    user: *mut c_void,
    slot: u32,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    let got = || unsafe {
        put(length, 0)?;
        let path = place(user, slot)?;
        let found = load(&path, slice_mut(out, capacity)?).map_err(|_| V2G_E_FILE)?;
        put(length, found)
    };
    done(got())
}

/// The `write` of the same.
///
/// `V2G_E_FILE`: it cannot be written; the slot has what it had, or all of the new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_file_storage_write(
    user: *mut c_void,
    slot: u32,
    image: *const u8,
    length: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    let kept = || unsafe {
        let path = place(user, slot)?;
        store(&path, slice(image, length)?).map_err(|_| V2G_E_FILE)
    };
    done(kept())
}

/// The file of a slot.
///
/// # Safety
/// `user` is null or a `v2g_file_storage`.
unsafe fn place(user: *mut c_void, slot: u32) -> Outcome<PathBuf> {
    // SAFETY: promised by the caller.
    let (given, path) = unsafe {
        let given = read(user.cast_const().cast::<v2g_file_storage>())?;
        (given, given.path.get()?)
    };
    if given.reserved != 0 || path.is_empty() || slot > 1 {
        return Err(V2G_E_VALUE);
    }
    Ok(std::format!("{path}.{slot}").into())
}

fn load(path: &Path, mut out: &mut [u8]) -> io::Result<usize> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        file => file?,
    };
    let capacity = out.len();
    while !out.is_empty() {
        match file.read(out) {
            Ok(0) => return Ok(capacity - out.len()),
            Ok(count) => out = out.get_mut(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    // One octet more tells whether that was all.
    let mut beyond = [0];
    if file.read(&mut beyond)? == 0 { Ok(capacity) } else { Err(io::ErrorKind::FileTooLarge.into()) }
}

fn store(path: &Path, image: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(image)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The new name reaches the disk with the folder.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
