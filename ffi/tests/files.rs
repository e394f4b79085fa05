//! Roots in files: what is on the disk survives restarts and damage, and failures are said.

#[path = "../../pki/tests/common/mod.rs"]
mod common;

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::{fs, ptr};

use common::hierarchy;
use v2g::hosted::file::{V2G_E_FILE, v2g_file_storage, v2g_file_storage_read, v2g_file_storage_write};
use v2g::status::{V2G_E_NULL, V2G_E_SIZE, V2G_E_TRUST, V2G_E_VALUE, V2G_OK};
use v2g::text::{v2g_bytes, v2g_str};
use v2g::trust::rule::V2G_RULE_STORAGE;
use v2g::trust::store::{
    V2G_SOURCE_FACTORY, V2G_TRUST_STORE_SIZE_64, v2g_trust_store, v2g_trust_store_add,
    v2g_trust_store_config, v2g_trust_store_generation, v2g_trust_store_init,
};
use v2g::trust::verify::{V2G_ROOT_MO, V2G_ROOT_V2G, v2g_fault};
use v2g_pki::RootKind;
use v2g_pki::issue::Entity;

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("v2g-files-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A struct as C has it, which points to the path.
fn storage(path: &Path) -> v2g_file_storage {
    let path = path.to_str().expect("UTF-8");
    let text = v2g_str { data: path.as_ptr().cast(), length: path.len() };
    v2g_file_storage { size: size_of::<v2g_file_storage>() as u32, reserved: 0, path: text }
}

fn opened(storage: &v2g_file_storage) -> *mut v2g_trust_store {
    let memory = Vec::leak(vec![0_u64; V2G_TRUST_STORE_SIZE_64 / 8]);
    let buffer = Vec::leak(vec![0_u8; 8192]);
    let config = v2g_trust_store_config {
        size: size_of::<v2g_trust_store_config>() as u32,
        reserved: 0,
        buffer: buffer.as_mut_ptr(),
        buffer_size: buffer.len(),
        read: Some(v2g_file_storage_read),
        write: Some(v2g_file_storage_write),
        user: ptr::from_ref(storage).cast_mut().cast(),
    };
    let mut store = ptr::null_mut();
    // SAFETY: all of it lives.
    let status = unsafe {
        v2g_trust_store_init(
            memory.as_mut_ptr().cast(),
            V2G_TRUST_STORE_SIZE_64,
            &raw const config,
            &raw mut store,
        )
    };
    assert_eq!(status, V2G_OK);
    store
}

fn add(store: *mut v2g_trust_store, kind: RootKind, number: u32) -> (i32, u32) {
    let der = hierarchy().certificate(Entity::Root(kind));
    let certificate = v2g_bytes { data: der.as_ptr(), length: der.len() };
    let mut fault = v2g_fault::default();
    // SAFETY: all of it lives.
    let status =
        unsafe { v2g_trust_store_add(store, number, V2G_SOURCE_FACTORY, 5, certificate, &raw mut fault) };
    (status, fault.rule)
}

fn generation(store: *const v2g_trust_store) -> u32 {
    let mut generation = 0;
    // SAFETY: all of it lives.
    assert_eq!(unsafe { v2g_trust_store_generation(store, &raw mut generation) }, V2G_OK);
    generation
}

#[test]
fn roots_survive_a_restart_and_a_damaged_file() {
    let folder = Folder::new("restart");
    let path = folder.0.join("roots");
    let file = storage(&path);
    let store = opened(&file);
    assert_eq!(generation(store), 0);
    assert_eq!(add(store, RootKind::V2g, V2G_ROOT_V2G).0, V2G_OK);
    assert_eq!(add(store, RootKind::Mo, V2G_ROOT_MO).0, V2G_OK);
    let mut names: Vec<_> =
        fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["roots.0", "roots.1"], "nothing is left beside them");

    assert_eq!(generation(opened(&file)), 2);
    // The newer of the two, cut: the older one counts.
    let newer = folder.0.join("roots.0");
    let image = fs::read(&newer).unwrap();
    fs::write(&newer, &image[..image.len() / 2]).unwrap();
    assert_eq!(generation(opened(&file)), 1);
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let folder = Folder::new("full");
    let missing = folder.0.join("missing");
    let path = missing.join("roots");
    let file = storage(&path);
    let store = opened(&file);
    assert_eq!(add(store, RootKind::V2g, V2G_ROOT_V2G), (V2G_E_TRUST, V2G_RULE_STORAGE));
    assert_eq!(generation(store), 0);
    fs::create_dir(&missing).unwrap();
    assert_eq!(add(store, RootKind::V2g, V2G_ROOT_V2G).0, V2G_OK);
}

#[test]
fn what_callers_do_wrong_is_said() {
    let folder = Folder::new("wrong");
    let path = folder.0.join("roots");
    let good = storage(&path);
    let mut memory = [0_u8; 8];
    let mut length = 0;
    let mut read = |storage: *const v2g_file_storage, slot, capacity| {
        let user = storage.cast_mut().cast::<c_void>();
        // SAFETY: all of it lives, or is null.
        unsafe { v2g_file_storage_read(user, slot, memory.as_mut_ptr(), capacity, &raw mut length) }
    };
    assert_eq!(read(&raw const good, 0, 8), V2G_OK, "a file that is not there is empty");
    assert_eq!(read(ptr::null(), 0, 8), V2G_E_NULL);
    assert_eq!(read(&raw const good, 2, 8), V2G_E_VALUE);
    assert_eq!(read(&v2g_file_storage { size: 4, ..good }, 0, 8), V2G_E_SIZE);
    assert_eq!(read(&v2g_file_storage { reserved: 1, ..good }, 0, 8), V2G_E_VALUE);
    let nameless = v2g_str { data: ptr::null(), length: 0 };
    assert_eq!(read(&v2g_file_storage { path: nameless, ..good }, 0, 8), V2G_E_VALUE);
    fs::write(folder.0.join("roots.0"), [7; 8]).unwrap();
    assert_eq!(read(&raw const good, 0, 8), V2G_OK);
    assert_eq!(read(&raw const good, 0, 7), V2G_E_FILE);
    assert_eq!((memory, length), ([7; 8], 0));

    let user = ptr::from_ref(&good).cast_mut().cast();
    // SAFETY: as above.
    unsafe {
        assert_eq!(v2g_file_storage_write(user, 1, ptr::null(), 1), V2G_E_NULL);
        assert_eq!(v2g_file_storage_write(ptr::null_mut(), 1, memory.as_ptr(), 1), V2G_E_NULL);
        assert_eq!(v2g_file_storage_write(user, 1, memory.as_ptr(), 3), V2G_OK);
    }
    assert_eq!(fs::read(folder.0.join("roots.1")).unwrap(), [7; 3]);
}
