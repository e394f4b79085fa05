//! Hands the memory map to the linker, and messages to the programs that measure the stack.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rustc-link-search={}", env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rerun-if-changed=memory.x");

    hand_over("V2G_FIRMWARE_MESSAGES", "messages.bin")?;
    hand_over("V2G_FIRMWARE_PKI", "pki.bin")
}

/// Copies a file that `variable` names to where the programs include it. Absent when somebody only looks whether the
/// programs compile.
fn hand_over(variable: &str, name: &str) -> io::Result<()> {
    println!("cargo:rerun-if-env-changed={variable}");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default().join(name);
    match env::var_os(variable).map(PathBuf::from) {
        Some(file) => {
            println!("cargo:rerun-if-changed={}", file.display());
            fs::copy(file, out).map(drop)
        }
        None => fs::write(out, []),
    }
}
