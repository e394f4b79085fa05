//! A contract key into a token.

use cryptoki::error::{Error, Result};
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use v2g_pki::Rule;
use v2g_pki::keystore::{ImportContract, KeyError};
use v2g_pki::provision::{ContractKey, Kdf};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::key_error;
use crate::object::{self, Lifetime};

/// How far the token goes with a contract key by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// The token agrees, derives the session key and decrypts. The contract key passes through the memory of the program
    /// on its way from decryption to storage, because PKCS #11 unwraps structures of PKCS #8 only, and V2G wraps a bare
    /// number.
    Token,
    /// The token agrees, and hashes the shared secret, which stays in it. The session key, which is of use for this one
    /// delivery, and the contract key pass through the memory of the program.
    TokenDigest,
    /// The token can do neither: it takes no contract keys, because the shared secret would have to leave it.
    None,
}

/// What went wrong: with the device, or with what was handed in.
pub(crate) enum Failed {
    Device(Error),
    Key(KeyError),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Device(error)
    }
}

impl From<Rule> for Failed {
    fn from(rule: Rule) -> Self {
        Self::Key(rule.into())
    }
}

impl Failed {
    pub(crate) fn key_error(&self) -> KeyError {
        match self {
            Self::Device(error) => key_error(error),
            Self::Key(error) => *error,
        }
    }
}

/// A secret of a session, which goes when it is dropped.
struct Temporary<'s> {
    session: &'s Session,
    object: ObjectHandle,
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        let _ = self.session.destroy_object(self.object);
    }
}

fn derive<'s>(
    session: &'s Session,
    key: ObjectHandle,
    kdf: EcKdf<'_>,
    peer: &[u8],
    template: &[Attribute],
) -> Result<Temporary<'s>> {
    let mechanism = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(kdf, peer));
    session.derive_key(&mechanism, key, template).map(|object| Temporary { session, object })
}

/// The shared secret as an object that stays where it is.
fn secret_template(length: u64) -> [Attribute; 7] {
    [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::ValueLen(length.into()),
    ]
}

/// The session key as an object that decrypts.
fn session_key<'s>(session: &'s Session, key: ObjectHandle, kdf: Kdf, peer: &[u8]) -> Result<Temporary<'s>> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Decrypt(true),
        Attribute::ValueLen(32.into()),
    ];
    let kdf = match kdf {
        Kdf::Sp800_56a => EcKdf::sha512_sp800(&Kdf::INFO),
        Kdf::X963 => EcKdf::sha512(&Kdf::INFO),
    };
    derive(session, key, kdf, peer, &template)
}

/// SHA-512 over the shared secret and what stands around it: the session key, and as much again.
fn digest(session: &Session, key: ObjectHandle, kdf: Kdf, peer: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let secret = derive(session, key, EcKdf::null(), peer, &secret_template(66))?;
    let (before, after) = kdf.around_secret();
    session.digest_init(&Mechanism::Sha512)?;
    if !before.is_empty() {
        session.digest_update(before)?;
    }
    session.digest_key(secret.object)?;
    session.digest_update(after)?;
    session.digest_final().map(Zeroizing::new)
}

/// Finds out how far a token goes, with a key that lives for the moment.
pub(crate) fn probe(session: &Session, mechanisms: &[MechanismType]) -> Derivation {
    let needed = [MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDH1_DERIVE];
    if !needed.iter().all(|mechanism| mechanisms.contains(mechanism)) {
        return Derivation::None;
    }
    let try_with = || -> Result<Derivation> {
        use v2g_pki::Algorithm::P521;
        use v2g_pki::keystore::KeyRole;
        let id = object::new_id(KeyRole::Ephemeral, session)?;
        let (public, private) = session.generate_key_pair(
            &Mechanism::EccKeyPairGen,
            &object::public_template(P521, &id, "", Lifetime::Session),
            &object::private_template(KeyRole::Ephemeral, &id, "", Lifetime::Session),
        )?;
        let (public, private) =
            (Temporary { session, object: public }, Temporary { session, object: private });
        let point = object::read(session, private.object)?.map(|found| found.point).unwrap_or_default();
        let found = if mechanisms.contains(&MechanismType::AES_GCM)
            && session_key(session, private.object, Kdf::Sp800_56a, &point).is_ok()
        {
            Derivation::Token
        } else if digest(session, private.object, Kdf::Sp800_56a, &point).is_ok_and(|found| found.len() == 64)
        {
            Derivation::TokenDigest
        } else {
            Derivation::None
        };
        drop((public, private));
        Ok(found)
    };
    try_with().unwrap_or(Derivation::None)
}

/// Opens a wrapped contract key with a provisioning key of the token.
pub(crate) fn open(
    session: &Session,
    derivation: Derivation,
    provisioning: ObjectHandle,
    import: &ImportContract<'_>,
) -> std::result::Result<ContractKey, Failed> {
    let wrapped = import.wrapped.secp521()?;
    // The token checks that the point is one of the curve; its form is checked here, because tokens take others too.
    if import.ephemeral.len() != 133 || import.ephemeral.first() != Some(&4) {
        return Err(Rule::EphemeralKey.into());
    }
    let refused = |error: Error| match &error {
        Error::Pkcs11(value, _) if is_about_point(*value) => Failed::from(Rule::EphemeralKey),
        _ => Failed::Device(error),
    };
    match derivation {
        Derivation::None => Err(Failed::Key(KeyError::Unsupported)),
        Derivation::TokenDigest => {
            let digest =
                digest(session, provisioning, import.unwrapping.kdf, import.ephemeral).map_err(refused)?;
            let mut key = Zeroizing::new([0; 32]);
            key.copy_from_slice(digest.get(..32).ok_or(Failed::Key(KeyError::Device(5)))?);
            Ok(ContractKey::open_with(&key, import)?)
        }
        Derivation::Token => {
            let key = session_key(session, provisioning, import.unwrapping.kdf, import.ephemeral)
                .map_err(refused)?;
            let (nonce, rest) = wrapped.split_first_chunk::<12>().ok_or(Rule::WrappedLength)?;
            let mut nonce = *nonce;
            let parameters = GcmParams::new(&mut nonce, import.aad.as_bytes(), 128.into())?;
            let plain = session.decrypt(&Mechanism::AesGcm(parameters), key.object, rest);
            let plain = Zeroizing::new(plain.map_err(|_| Rule::WrappedTag)?);
            Ok(ContractKey::opened(&plain, import)?)
        }
    }
}

/// Whether a token may mean by this that the peer's point is none.
const fn is_about_point(value: cryptoki::error::RvError) -> bool {
    use cryptoki::error::RvError;
    matches!(
        value,
        RvError::ArgumentsBad
            | RvError::DataInvalid
            | RvError::MechanismParamInvalid
            | RvError::PublicKeyInvalid
            | RvError::GeneralError
            | RvError::FunctionFailed
    )
}

/// A secret agreed on with a key of the session, which is what a TLS handshake wants.
pub(crate) fn agree(
    session: &Session,
    key: ObjectHandle,
    peer: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut template = secret_template(length as u64);
    for attribute in &mut template {
        match attribute {
            Attribute::Sensitive(value) => *value = false,
            Attribute::Extractable(value) => *value = true,
            _ => {}
        }
    }
    let secret = derive(session, key, EcKdf::null(), peer, &template)?;
    let mut found = Zeroizing::new(Vec::new());
    for attribute in session.get_attributes(secret.object, &[AttributeType::Value])? {
        if let Attribute::Value(mut value) = attribute {
            found.extend_from_slice(&value);
            value.zeroize();
        }
    }
    Ok(found)
}
