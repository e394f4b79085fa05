//! Where private keys live. No call returns one: keys are named by handles, and a handle works only in its role.
//!
//! Operations may take their time: [`KeyStore::start`] answers at once or with a ticket, and [`KeyStore::poll`] tells
//! when it is done. Software and fast hardware answer at once; [`Blocking`] waits for those that do not.

mod software;

use thiserror::Error;

pub use software::{MAX_KEYS, Random, SoftwareStore};

use crate::asn1::Backward;
use crate::crypto::{Algorithm, KeyInfo, Secret};
use crate::error::Rule;
use crate::oid;
use crate::provision::{Aad, Unwrapping, Wrapped};

/// Names a key in its store. It stays invalid after the key is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHandle(u32);

impl KeyHandle {
    /// A handle with a number that the store chose.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KeyRole {
    /// A station's TLS handshake: sign.
    Secc = 1,
    /// A vehicle's TLS handshake: sign.
    Vehicle = 2,
    /// A contract: sign.
    Contract = 3,
    /// A vehicle that asks for contracts: sign, and receive contract keys.
    Provisioning = 4,
    /// A certificate provisioning service: sign.
    Cps = 5,
    /// One key agreement of a TLS handshake: agree.
    Ephemeral = 6,
}

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Of a signature algorithm; those of NIST curves can agree as well.
    Signing(Algorithm),
    /// X448, for agreement alone.
    X448,
}

/// What a store can do. What a station offers follows from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Algorithms that it signs with.
    pub sign: &'static [Algorithm],
    /// Kinds of keys that it agrees with.
    pub agree: &'static [KeyKind],
    /// Kinds of keys under which it takes contract keys; without, contracts cannot be installed.
    pub import: &'static [KeyKind],
    /// Whether it takes contract keys wrapped for a TPM.
    pub import_tpm: Support,
}

/// Whether a store can do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Support {
    /// It cannot.
    #[default]
    No,
    /// It can.
    Yes,
}

/// Something to be done with a key.
#[derive(Clone, Copy)]
pub enum Operation<'o> {
    /// Sign a message, not its digest: Ed448 has none. Gives [`Answer::Signature`].
    Sign {
        /// With which key.
        key: KeyHandle,
        /// The message.
        message: &'o [u8],
    },
    /// Make a key. Gives [`Answer::Key`].
    Generate {
        /// What kind.
        kind: KeyKind,
        /// For what.
        role: KeyRole,
    },
    /// Take the key of a contract. Gives [`Answer::Key`].
    ImportContract(ImportContract<'o>),
    /// Agree on a secret for a TLS handshake. Gives [`Answer::Secret`].
    Agree {
        /// With which key.
        key: KeyHandle,
        /// The peer's public key.
        peer: &'o [u8],
    },
    /// Erase a key. Gives [`Answer::Done`].
    Delete {
        /// Which.
        key: KeyHandle,
    },
}

/// Agreement, derivation, unwrapping and comparison with the certificate in one operation, so that neither the shared
/// secret nor the session key nor the contract key is ever outside of the store.
#[derive(Clone, Copy)]
pub struct ImportContract<'o> {
    /// The provisioning key.
    pub provisioning: KeyHandle,
    /// `DHPublicKey` as it came.
    pub ephemeral: &'o [u8],
    /// The wrapped key.
    pub wrapped: Wrapped<'o>,
    /// What the wrapping is bound to.
    pub aad: &'o Aad,
    /// How it is opened.
    pub unwrapping: Unwrapping,
    /// The key of the contract certificate, to which the private key has to belong [V2G20-2507].
    pub contract: KeyInfo<'o>,
    /// The key that this one replaces; it is erased once the new one is stored, and kept if anything fails.
    pub replaces: Option<KeyHandle>,
}

/// What came of an operation.
pub enum Answer {
    /// A signature.
    Signature(SignatureValue),
    /// A new key.
    Key(KeyHandle),
    /// A shared secret.
    Secret(Secret),
    /// Nothing to be said.
    Done,
}

/// A signature of fixed form: r and s, or as Ed448 has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignatureValue {
    bytes: [u8; 132],
    len: u8,
}

impl SignatureValue {
    /// A signature; None if it is longer than any algorithm makes it.
    pub fn new(value: &[u8]) -> Option<Self> {
        let mut signature = Self { bytes: [0; 132], len: value.len() as u8 };
        signature.bytes.get_mut(..value.len())?.copy_from_slice(value);
        Some(signature)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// An operation under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u32);

/// How far an operation is.
pub enum Progress {
    /// It is done.
    Done(Answer),
    /// Ask again with this ticket.
    Pending(Ticket),
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// There is no such key (any more).
    #[error("there is no such key")]
    NoSuchKey,
    /// The key must not be used so.
    #[error("the role of the key does not allow that")]
    WrongRole,
    /// The store does not do that.
    #[error("the store does not support that")]
    Unsupported,
    /// The store is full.
    #[error("the store is full")]
    Full,
    /// There is no randomness: stop using the store.
    #[error("there is no randomness")]
    NoRandomness,
    /// What was handed in breaks a rule.
    #[error("{0}")]
    Refused(Rule),
    /// The device failed, with its own number.
    #[error("the device failed: {0}")]
    Device(u32),
    /// There is no such operation under way.
    #[error("there is no such operation under way")]
    NoSuchTicket,
}

impl From<Rule> for KeyError {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Algorithm => Self::Unsupported,
            rule => Self::Refused(rule),
        }
    }
}

/// A store of private keys.
pub trait KeyStore {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Fills `out` from a generator fit for keys.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`]; nothing secret may be made then.
    fn random(&mut self, out: &mut [u8]) -> Result<(), KeyError>;

    /// The kind of a key.
    ///
    /// # Errors
    /// [`KeyError::NoSuchKey`].
    fn kind(&self, key: KeyHandle) -> Result<KeyKind, KeyError>;

    /// The public key as a certificate has it: a point, or as Ed448 and X448 have it. 133 bytes hold any.
    ///
    /// # Errors
    /// [`KeyError::NoSuchKey`], or `out` is too small.
    fn public<'o>(&self, key: KeyHandle, out: &'o mut [u8]) -> Result<&'o [u8], KeyError>;

    /// Calls `visit` for every key of a role.
    fn list(&self, role: KeyRole, visit: &mut dyn FnMut(KeyHandle));

    /// Starts an operation.
    ///
    /// # Errors
    /// What went wrong; nothing has changed then.
    fn start(&mut self, operation: Operation<'_>) -> Result<Progress, KeyError>;

    /// Goes on with an operation.
    ///
    /// # Errors
    /// What went wrong; nothing has changed then.
    fn poll(&mut self, ticket: Ticket) -> Result<Progress, KeyError>;
}

/// A store whose operations are waited for.
pub trait Blocking: KeyStore {
    /// Signs a message.
    ///
    /// # Errors
    /// As [`KeyStore::start`].
    fn sign(&mut self, key: KeyHandle, message: &[u8]) -> Result<SignatureValue, KeyError> {
        match self.wait(Operation::Sign { key, message })? {
            Answer::Signature(signature) => Ok(signature),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// Makes a key.
    ///
    /// # Errors
    /// As [`KeyStore::start`].
    fn generate(&mut self, kind: KeyKind, role: KeyRole) -> Result<KeyHandle, KeyError> {
        match self.wait(Operation::Generate { kind, role })? {
            Answer::Key(key) => Ok(key),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// Takes the key of a contract.
    ///
    /// # Errors
    /// As [`KeyStore::start`].
    fn import_contract(&mut self, import: ImportContract<'_>) -> Result<KeyHandle, KeyError> {
        match self.wait(Operation::ImportContract(import))? {
            Answer::Key(key) => Ok(key),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// Agrees on a secret.
    ///
    /// # Errors
    /// As [`KeyStore::start`].
    fn agree(&mut self, key: KeyHandle, peer: &[u8]) -> Result<Secret, KeyError> {
        match self.wait(Operation::Agree { key, peer })? {
            Answer::Secret(secret) => Ok(secret),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// Erases a key.
    ///
    /// # Errors
    /// As [`KeyStore::start`].
    fn delete(&mut self, key: KeyHandle) -> Result<(), KeyError> {
        self.wait(Operation::Delete { key }).map(|_| ())
    }

    /// Starts an operation and asks until it is done.
    ///
    /// # Errors
    /// As [`KeyStore::start`].
    fn wait(&mut self, operation: Operation<'_>) -> Result<Answer, KeyError> {
        let mut progress = self.start(operation)?;
        loop {
            match progress {
                Progress::Done(answer) => return Ok(answer),
                Progress::Pending(ticket) => {
                    core::hint::spin_loop();
                    progress = self.poll(ticket)?;
                }
            }
        }
    }
}

impl<S: KeyStore + ?Sized> Blocking for S {}

/// A SubjectPublicKeyInfo around a public key, for requests and certificates. 160 bytes hold any.
///
/// # Errors
/// [`Rule::PublicKey`] if the key has not the length of its algorithm, or `out` is too small.
pub fn public_key_info<'o>(algorithm: Algorithm, public: &[u8], out: &'o mut [u8]) -> Result<&'o [u8], Rule> {
    if public.len() != algorithm.public_len() {
        return Err(Rule::PublicKey);
    }
    let mut w = Backward::new(out);
    w.octets(public)?;
    w.octets(&[0])?;
    w.wrap(0x03, 0)?;
    let mark = w.len();
    w.element(0x06, algorithm.curve_oid().as_bytes())?;
    if algorithm != Algorithm::Ed448 {
        w.element(0x06, oid::EC_PUBLIC_KEY.as_bytes())?;
    }
    w.wrap(0x30, mark)?;
    w.wrap(0x30, 0)?;
    Ok(w.finish())
}
