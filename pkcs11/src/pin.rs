//! What opens a token.

use std::fs;
use std::path::Path;

use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use crate::error::OpenError;

/// The PIN of a token: no `Debug`, no `Clone`, erased when dropped. It comes from the environment or a file, not from
/// the command line, which everybody on the machine can read.
pub struct Pin(AuthPin);

impl Pin {
    /// A PIN that the host has by other means; the host erases its copy.
    pub fn new(pin: &str) -> Self {
        Self(AuthPin::from(pin))
    }

    /// The value of a variable of the environment.
    ///
    /// # Errors
    /// [`OpenError::NoPin`] if there is no such variable.
    pub fn from_env(variable: &str) -> Result<Self, OpenError> {
        let value = std::env::var(variable).map(Zeroizing::new);
        value.map(|value| Self::new(&value)).map_err(|_| OpenError::NoPin(variable.to_owned()))
    }

    /// The first line of a file.
    ///
    /// # Errors
    /// [`OpenError::NoPin`] if the file cannot be read or is empty.
    pub fn from_file(path: &Path) -> Result<Self, OpenError> {
        let none = || OpenError::NoPin(path.display().to_string());
        let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|_| none())?;
        text.lines().next().filter(|line| !line.is_empty()).map(Self::new).ok_or_else(none)
    }

    pub(crate) const fn auth(&self) -> &AuthPin {
        &self.0
    }
}
