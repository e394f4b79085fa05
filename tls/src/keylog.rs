//! Secrets of sessions in a file, so that captures can be read while something is debugged.

use core::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustls::KeyLog;

/// A file with the secrets of all sessions, in the format that Wireshark and others read (`SSLKEYLOGFILE`).
///
/// Whoever has the file reads and forges everything in these sessions. There is none unless the host opens it: no
/// environment variable does. Opening it says so on standard error, and the file begins with a warning.
#[derive(Debug)]
pub struct KeyLogFile(Mutex<File>);

const WARNING: &str = "SECRETS of TLS sessions: whoever has this file reads and forges everything in them.";

impl KeyLogFile {
    /// Opens the file and appends to it; a new one can be read by its owner only.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        writeln!(file, "# {WARNING}")?;
        eprintln!("v2g-tls: warning: {} gets the {WARNING}", path.display());
        Ok(Self(Mutex::new(file)))
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = zeroize::Zeroizing::new(String::with_capacity(
            label.len() + 2 * (client_random.len() + secret.len()) + 3,
        ));
        line.push_str(label);
        for bytes in [client_random, secret] {
            line.push(' ');
            // Writing to a string does not fail.
            for byte in bytes {
                let _ = write!(line, "{byte:02x}");
            }
        }
        line.push('\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Debugging must not end the session.
        if let Err(e) = file.write_all(line.as_bytes()) {
            eprintln!("v2g-tls: warning: the key log cannot be written: {e}");
        }
    }
}
