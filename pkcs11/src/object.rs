//! Keys as objects of a token.
//!
//! A key pair is two objects with one `CKA_ID`: a mark of ours, the role, and random octets. The role so lives with the
//! key. The private key is sensitive and not extractable: the token gives its value to nobody.

use cryptoki::error::Result;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use v2g_pki::Algorithm;
use v2g_pki::keystore::KeyRole;
use zeroize::Zeroize as _;

use crate::curve;

const MARK: &[u8] = b"v2g\x01";

/// A key pair as it was found or made.
pub(crate) struct Found {
    pub(crate) private: ObjectHandle,
    pub(crate) algorithm: Algorithm,
    pub(crate) role: Option<KeyRole>,
    pub(crate) label: String,
    pub(crate) point: Vec<u8>,
    pub(crate) id: Vec<u8>,
}

const ROLES: [KeyRole; 6] = [
    KeyRole::Secc,
    KeyRole::Vehicle,
    KeyRole::Contract,
    KeyRole::Provisioning,
    KeyRole::Cps,
    KeyRole::Ephemeral,
];

/// `CKA_ID` of a new key.
pub(crate) fn new_id(role: KeyRole, session: &Session) -> Result<Vec<u8>> {
    let mut id = [MARK, &[role as u8], &[0; 12]].concat();
    session.generate_random_slice(id.get_mut(MARK.len() + 1..).unwrap_or_default())?;
    Ok(id)
}

fn role_of(id: &[u8]) -> Option<KeyRole> {
    let role = id.strip_prefix(MARK)?.first()?;
    ROLES.into_iter().find(|known| *known as u8 == *role)
}

/// Where an object lives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until it is deleted.
    Token,
    /// Until the session ends.
    Session,
}

/// What the private half of a key is and may.
pub(crate) fn private_template(role: KeyRole, id: &[u8], label: &str, lifetime: Lifetime) -> Vec<Attribute> {
    let agrees = matches!(role, KeyRole::Provisioning | KeyRole::Ephemeral);
    vec![
        Attribute::Token(lifetime == Lifetime::Token),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(role != KeyRole::Ephemeral),
        Attribute::Derive(agrees),
        Attribute::Id(id.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
    ]
}

/// What the public half is.
pub(crate) fn public_template(
    algorithm: Algorithm,
    id: &[u8],
    label: &str,
    lifetime: Lifetime,
) -> Vec<Attribute> {
    vec![
        Attribute::Token(lifetime == Lifetime::Token),
        Attribute::Private(false),
        Attribute::Verify(true),
        Attribute::EcParams(curve::parameters(algorithm).unwrap_or_default().to_vec()),
        Attribute::Id(id.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
    ]
}

/// Stores a private key and erases the copy in the template, also on failure.
pub(crate) fn create_private(
    session: &Session,
    algorithm: Algorithm,
    value: &[u8],
    mut template: Vec<Attribute>,
) -> Result<ObjectHandle> {
    template.extend([
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(KeyType::EC),
        Attribute::EcParams(curve::parameters(algorithm).unwrap_or_default().to_vec()),
        Attribute::Value(value.to_vec()),
    ]);
    let made = session.create_object(&template);
    for attribute in &mut template {
        if let Attribute::Value(value) = attribute {
            value.zeroize();
        }
    }
    made
}

/// Stores the public half of a key.
pub(crate) fn create_public(
    session: &Session,
    point: &[u8],
    mut template: Vec<Attribute>,
) -> Result<ObjectHandle> {
    template.extend([
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(KeyType::EC),
        Attribute::EcPoint(curve::wrapped_point(point)),
    ]);
    session.create_object(&template)
}

/// The public key with an identifier.
pub(crate) fn public_of(session: &Session, id: &[u8]) -> Result<Vec<ObjectHandle>> {
    session.find_objects(&[Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Id(id.to_vec())])
}

/// All private keys of curves on the token whose public half is there too.
pub(crate) fn all(session: &Session) -> Result<Vec<Found>> {
    let wanted =
        [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::KeyType(KeyType::EC), Attribute::Token(true)];
    let mut found = Vec::new();
    for private in session.find_objects(&wanted)? {
        if let Some(key) = read(session, private)? {
            found.push(key);
        }
    }
    Ok(found)
}

/// A key pair by its private half; None if it is none that is understood.
pub(crate) fn read(session: &Session, private: ObjectHandle) -> Result<Option<Found>> {
    let wanted = [AttributeType::Id, AttributeType::Label, AttributeType::EcParams];
    let (mut id, mut label, mut algorithm) = (Vec::new(), String::new(), None);
    for attribute in session.get_attributes(private, &wanted)? {
        match attribute {
            Attribute::Id(value) => id = value,
            Attribute::Label(value) => label = String::from_utf8_lossy(&value).into_owned(),
            Attribute::EcParams(value) => algorithm = curve::of_parameters(&value),
            _ => {}
        }
    }
    let Some(algorithm) = algorithm.filter(|_| !id.is_empty()) else { return Ok(None) };
    for public in public_of(session, &id)? {
        for attribute in session.get_attributes(public, &[AttributeType::EcPoint])? {
            if let Attribute::EcPoint(value) = attribute
                && let Some(point) = curve::point(algorithm, &value)
            {
                return Ok(Some(Found { private, algorithm, role: role_of(&id), label, point, id }));
            }
        }
    }
    Ok(None)
}
