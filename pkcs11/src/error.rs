//! Why a token does not open, and what its errors are to a key store.

use cryptoki::error::{Error, RvError};
use thiserror::Error as ThisError;
use v2g_pki::keystore::KeyError;

/// Why a token does not open.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum OpenError {
    /// The library of the token is missing, or is none.
    #[error("the PKCS #11 library {path} cannot be used: {reason}")]
    Library {
        /// Which.
        path: String,
        /// Why.
        reason: Error,
    },
    /// No slot has a token with this label.
    #[error("there is no token {0}")]
    NoToken(String),
    /// There is no PIN where one was to be found.
    #[error("there is no PIN in {0}")]
    NoPin(String),
    /// The token does not accept the PIN.
    #[error("the token does not accept the PIN: {0}")]
    Login(Error),
    /// The token does not do what is needed.
    #[error("the token failed: {0}")]
    Token(#[from] Error),
}

/// What an error of the device is to whoever uses a key store. The number is that of PKCS #11 where it is one of the
/// usual; 5 is a general error. [`TokenStore::last_failure`](crate::TokenStore::last_failure) has the words.
pub(crate) fn key_error(error: &Error) -> KeyError {
    let Error::Pkcs11(value, _) = error else { return KeyError::Device(5) };
    match value {
        RvError::DeviceMemory | RvError::SessionCount => KeyError::Full,
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::FunctionNotSupported
        | RvError::CurveNotSupported
        | RvError::DomainParamsInvalid => KeyError::Unsupported,
        RvError::RandomNoRng => KeyError::NoRandomness,
        RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid => KeyError::NoSuchKey,
        RvError::KeyFunctionNotPermitted => KeyError::WrongRole,
        RvError::FunctionFailed => KeyError::Device(0x06),
        RvError::DeviceError => KeyError::Device(0x30),
        RvError::DeviceRemoved => KeyError::Device(0x32),
        RvError::SessionHandleInvalid => KeyError::Device(0xB3),
        RvError::SessionClosed => KeyError::Device(0xB0),
        RvError::TokenNotPresent => KeyError::Device(0xE0),
        RvError::UserNotLoggedIn => KeyError::Device(0x101),
        _ => KeyError::Device(5),
    }
}
