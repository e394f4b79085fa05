//! The key store.

use std::path::{Path, PathBuf};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::session::{Session, UserType};
use v2g_pki::keystore::{
    Answer, Capabilities, ImportContract, KeyError, KeyHandle, KeyKind, KeyRole, KeyStore, Operation,
    Progress, SignatureValue, Support, Ticket,
};
use v2g_pki::{Algorithm, Rule, Secret};

use crate::curve;
use crate::error::{OpenError, key_error};
use crate::import::{self, Derivation, Failed};
use crate::object::{self, Found, Lifetime};
use crate::pin::Pin;

/// Where a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The PKCS #11 library of its maker.
    pub library: PathBuf,
    /// Its label.
    pub token: String,
}

/// Private keys on a token. Keys have labels for people; the program names them by handles, which are good for as long
/// as the store is open.
///
/// Operations are done when they return: [`KeyStore::start`] answers at once, after the time that the token takes.
pub struct TokenStore {
    session: Session,
    derivation: Derivation,
    keys: Vec<(KeyHandle, Found)>,
    next: u32,
    last_failure: Option<String>,
}

const SIGN: &[Algorithm] = &curve::CURVES;
const AGREE: &[KeyKind] = &[
    KeyKind::Signing(Algorithm::P521),
    KeyKind::Signing(Algorithm::P384),
    KeyKind::Signing(Algorithm::P256),
];
const IMPORT: &[KeyKind] = &[KeyKind::Signing(Algorithm::P521)];

impl TokenStore {
    /// Opens a token and logs in. Keys that this store made before are there again in their roles; others are adopted
    /// by [`adopt`](Self::adopt).
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(location: &Location, pin: &Pin) -> Result<Self, OpenError> {
        let library = |reason| OpenError::Library { path: location.library.display().to_string(), reason };
        let context = context(&location.library).map_err(library)?;
        let mut slot = None;
        for candidate in context.get_slots_with_token()? {
            if context.get_token_info(candidate)?.label().trim_end() == location.token {
                slot = Some(candidate);
            }
        }
        let slot = slot.ok_or_else(|| OpenError::NoToken(location.token.clone()))?;
        let mechanisms = context.get_mechanism_list(slot)?;
        let session = context.open_rw_session(slot)?;
        match session.login(UserType::User, Some(pin.auth())) {
            // By another session of this program.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(OpenError::Login(error)),
        }
        let derivation = import::probe(&session, &mechanisms);
        let mut store = Self { session, derivation, keys: Vec::new(), next: 1, last_failure: None };
        let known = object::all(&store.session)?.into_iter().filter(|found| found.role.is_some());
        for found in known {
            store.insert(found);
        }
        if !mechanisms.contains(&MechanismType::ECDSA) {
            return Err(OpenError::Token(Error::NotSupported));
        }
        Ok(store)
    }

    /// How far the token goes with contract keys by itself: what leaves it and what does not.
    pub const fn derivation(&self) -> Derivation {
        self.derivation
    }

    /// The key with a label, in its role.
    pub fn find(&self, label: &str, role: KeyRole) -> Option<KeyHandle> {
        let wanted = |found: &Found| found.label == label && found.role == Some(role);
        self.keys.iter().find(|(_, found)| wanted(found)).map(|(handle, _)| *handle)
    }

    /// The label of a key.
    ///
    /// # Errors
    /// [`KeyError::NoSuchKey`].
    pub fn label(&self, key: KeyHandle) -> Result<&str, KeyError> {
        self.key(key).map(|found| found.label.as_str())
    }

    /// Takes a key that something else has made, for a role. Its public half has to be on the token with the same
    /// identifier. The role holds as long as the store is open.
    ///
    /// # Errors
    /// [`KeyError::NoSuchKey`], [`KeyError::WrongRole`] if it has another role, or the device failed.
    pub fn adopt(&mut self, label: &str, role: KeyRole) -> Result<KeyHandle, KeyError> {
        if let Some(known) = self.find(label, role) {
            return Ok(known);
        }
        let all = object::all(&self.session);
        let all = self.noted(all)?;
        let mut found = all.into_iter().find(|found| found.label == label).ok_or(KeyError::NoSuchKey)?;
        if found.role.is_some_and(|known| known != role) {
            return Err(KeyError::WrongRole);
        }
        found.role = Some(role);
        Ok(self.insert(found))
    }

    /// Makes a key with a label.
    ///
    /// # Errors
    /// As [`KeyStore::start`].
    pub fn generate(
        &mut self,
        algorithm: Algorithm,
        role: KeyRole,
        label: &str,
    ) -> Result<KeyHandle, KeyError> {
        if curve::parameters(algorithm).is_none() {
            return Err(KeyError::Unsupported);
        }
        let made = self.make(algorithm, role, label);
        let found = self.noted(made)?.ok_or(KeyError::Device(5))?;
        Ok(self.insert(found))
    }

    /// What the device said last when it failed.
    pub fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }

    fn make(&self, algorithm: Algorithm, role: KeyRole, label: &str) -> Result<Option<Found>, Error> {
        let id = object::new_id(role, &self.session)?;
        let lifetime = if role == KeyRole::Ephemeral { Lifetime::Session } else { Lifetime::Token };
        let (_, private) = self.session.generate_key_pair(
            &Mechanism::EccKeyPairGen,
            &object::public_template(algorithm, &id, label, lifetime),
            &object::private_template(role, &id, label, lifetime),
        )?;
        object::read(&self.session, private)
    }

    fn insert(&mut self, found: Found) -> KeyHandle {
        let handle = KeyHandle::new(self.next);
        self.next = self.next.wrapping_add(1);
        self.keys.push((handle, found));
        handle
    }

    fn key(&self, key: KeyHandle) -> Result<&Found, KeyError> {
        self.keys.iter().find(|(handle, _)| *handle == key).map(|(_, found)| found).ok_or(KeyError::NoSuchKey)
    }

    /// Keeps what the device says.
    fn noted<T>(&mut self, result: Result<T, Error>) -> Result<T, KeyError> {
        result.map_err(|error| {
            self.last_failure = Some(error.to_string());
            key_error(&error)
        })
    }

    fn sign(&mut self, key: KeyHandle, message: &[u8]) -> Result<SignatureValue, KeyError> {
        let found = self.key(key)?;
        if found.role == Some(KeyRole::Ephemeral) {
            return Err(KeyError::WrongRole);
        }
        let algorithm = found.algorithm;
        let digest = curve::digest(algorithm, message);
        let made = self.session.sign(&Mechanism::Ecdsa, found.private, &digest);
        let made = self.noted(made)?;
        let value = SignatureValue::new(&made).filter(|_| made.len() == algorithm.signature_len());
        value.ok_or(KeyError::Device(5))
    }

    fn agree(&mut self, key: KeyHandle, peer: &[u8]) -> Result<Secret, KeyError> {
        let found = self.key(key)?;
        if found.role != Some(KeyRole::Ephemeral) {
            return Err(KeyError::WrongRole);
        }
        if peer.len() != found.algorithm.public_len() || peer.first() != Some(&4) {
            return Err(KeyError::Refused(Rule::EphemeralKey));
        }
        let length = found.algorithm.private_len();
        let agreed = import::agree(&self.session, found.private, peer, length);
        let agreed = self.noted(agreed)?;
        Secret::from_slice(&agreed).filter(|_| agreed.len() == length).ok_or(KeyError::Device(5))
    }

    fn import(&mut self, import: &ImportContract<'_>) -> Result<KeyHandle, KeyError> {
        let provisioning = self.key(import.provisioning)?;
        if provisioning.role != Some(KeyRole::Provisioning) {
            return Err(KeyError::WrongRole);
        }
        if provisioning.algorithm != Algorithm::P521 {
            return Err(KeyError::Refused(Rule::Curve));
        }
        if let Some(old) = import.replaces
            && self.key(old)?.role != Some(KeyRole::Contract)
        {
            return Err(KeyError::WrongRole);
        }
        match self.store_contract(provisioning, import) {
            Ok(found) => {
                let handle = self.insert(found);
                // The new key is there; what cannot be erased of the old one must not cost it.
                if let Some(old) = import.replaces
                    && let Err(error) = self.delete(old)
                {
                    let _ = self.delete(handle);
                    return Err(error);
                }
                Ok(handle)
            }
            Err(failed) => {
                if let Failed::Device(error) = &failed {
                    self.last_failure = Some(error.to_string());
                }
                Err(failed.key_error())
            }
        }
    }

    /// Opens the contract key and hands it to the token. The number is in this program in between, and erased.
    fn store_contract(&self, provisioning: &Found, import: &ImportContract<'_>) -> Result<Found, Failed> {
        let session = &self.session;
        let key = import::open(session, self.derivation, provisioning.private, import)?;
        let id = object::new_id(KeyRole::Contract, session)?;
        let (role, label) = (KeyRole::Contract, "contract");
        let template = object::private_template(role, &id, label, Lifetime::Token);
        let private = object::create_private(session, Algorithm::P521, key.expose(), template)?;
        drop(key);
        let public = object::public_template(Algorithm::P521, &id, label, Lifetime::Token);
        let stored = object::create_public(session, import.contract.bits(), public)
            .and_then(|_| object::read(session, private));
        match stored {
            Ok(Some(found)) => Ok(found),
            other => {
                let _ = session.destroy_object(private);
                Err(other.err().map_or(Failed::Key(KeyError::Device(5)), Failed::Device))
            }
        }
    }

    fn delete(&mut self, key: KeyHandle) -> Result<(), KeyError> {
        let found = self.key(key)?;
        let (private, id) = (found.private, found.id.clone());
        let gone = self.session.destroy_object(private);
        self.noted(gone)?;
        self.keys.retain(|(handle, _)| *handle != key);
        // Without its private half the public one is nothing but a remnant.
        for public in object::public_of(&self.session, &id).unwrap_or_default() {
            let _ = self.session.destroy_object(public);
        }
        Ok(())
    }
}

/// The library, initialized once for the program.
fn context(library: &Path) -> Result<Pkcs11, Error> {
    let context = Pkcs11::new(library)?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(context),
        Err(error) => Err(error),
    }
}

impl KeyStore for TokenStore {
    fn capabilities(&self) -> Capabilities {
        let import = if self.derivation == Derivation::None { &[][..] } else { IMPORT };
        Capabilities { sign: SIGN, agree: AGREE, import, import_tpm: Support::No }
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), KeyError> {
        let filled = self.session.generate_random_slice(out);
        self.noted(filled).map_err(|_| KeyError::NoRandomness)
    }

    fn kind(&self, key: KeyHandle) -> Result<KeyKind, KeyError> {
        self.key(key).map(|found| KeyKind::Signing(found.algorithm))
    }

    fn public<'o>(&self, key: KeyHandle, out: &'o mut [u8]) -> Result<&'o [u8], KeyError> {
        let point = &self.key(key)?.point;
        let out = out.get_mut(..point.len()).ok_or(KeyError::Refused(Rule::BufferTooSmall))?;
        out.copy_from_slice(point);
        Ok(out)
    }

    fn list(&self, role: KeyRole, visit: &mut dyn FnMut(KeyHandle)) {
        let of_role = self.keys.iter().filter(|(_, found)| found.role == Some(role));
        of_role.for_each(|(handle, _)| visit(*handle));
    }

    fn start(&mut self, operation: Operation<'_>) -> Result<Progress, KeyError> {
        let answer = match operation {
            Operation::Sign { key, message } => Answer::Signature(self.sign(key, message)?),
            Operation::Generate { kind: KeyKind::Signing(algorithm), role } => {
                Answer::Key(self.generate(algorithm, role, label_of(role))?)
            }
            Operation::Generate { kind: KeyKind::X448, .. } => return Err(KeyError::Unsupported),
            Operation::ImportContract(import) => Answer::Key(self.import(&import)?),
            Operation::Agree { key, peer } => Answer::Secret(self.agree(key, peer)?),
            Operation::Delete { key } => {
                self.delete(key)?;
                Answer::Done
            }
        };
        Ok(Progress::Done(answer))
    }

    fn poll(&mut self, _: Ticket) -> Result<Progress, KeyError> {
        Err(KeyError::NoSuchTicket)
    }
}

/// What a key is called that nobody named.
const fn label_of(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Secc => "secc",
        KeyRole::Vehicle => "vehicle",
        KeyRole::Contract => "contract",
        KeyRole::Provisioning => "provisioning",
        KeyRole::Cps => "cps",
        KeyRole::Ephemeral => "ephemeral",
    }
}
