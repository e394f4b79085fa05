//! Hands the memory map to the linker, and the messages to the program that measures the stack.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rustc-link-search={}", env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rerun-if-changed=memory.x");

    // Absent when somebody only looks whether the programs compile.
    println!("cargo:rerun-if-env-changed=V2G_FIRMWARE_MESSAGES");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default().join("messages.bin");
    match env::var_os("V2G_FIRMWARE_MESSAGES").map(PathBuf::from) {
        Some(messages) => {
            println!("cargo:rerun-if-changed={}", messages.display());
            fs::copy(messages, out).map(drop)
        }
        None => fs::write(out, []),
    }
}
