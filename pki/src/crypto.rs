//! Keys, signatures, and who checks them.

mod curves;
pub mod device;
mod secret;

use der::Tag;
use der::asn1::ObjectIdentifier;

pub use curves::Curves;
pub use secret::Secret;
pub(crate) use secret::{Scalar, XScalar};

use crate::asn1::Cursor;
use crate::error::{Flaw, Rule};
use crate::oid;

/// A signature algorithm with its curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Algorithm {
    /// ECDSA on secp521r1 with SHA-512: what ISO 15118-20 prefers [V2G20-2674].
    P521 = 1,
    /// Ed448, its alternative [V2G20-2319].
    Ed448 = 2,
    /// ECDSA on secp256r1 with SHA-256: ISO 15118-2.
    P256 = 4,
    /// ECDSA on secp384r1 with SHA-384: no edition.
    P384 = 8,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::P521, Self::Ed448, Self::P256, Self::P384];

    /// Bytes of a public key as a certificate has it, the prefix of points included.
    pub const fn public_len(self) -> usize {
        match self {
            Self::P521 => 133,
            Self::Ed448 => 57,
            Self::P256 => 65,
            Self::P384 => 97,
        }
    }

    /// Bytes of a private key.
    pub const fn private_len(self) -> usize {
        match self {
            Self::P521 => 66,
            Self::Ed448 => 57,
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    /// Bytes of a signature of fixed form: r and s, or as Ed448 has it.
    pub const fn signature_len(self) -> usize {
        match self {
            Self::P521 => 132,
            Self::Ed448 => 114,
            Self::P256 => 64,
            Self::P384 => 96,
        }
    }

    /// The object identifier of the signature algorithm.
    pub(crate) const fn signature_oid(self) -> ObjectIdentifier {
        match self {
            Self::P521 => oid::ECDSA_SHA512,
            Self::Ed448 => oid::ED448,
            Self::P256 => oid::ECDSA_SHA256,
            Self::P384 => oid::ECDSA_SHA384,
        }
    }

    /// The object identifier of the curve; Ed448 has it in the place of the algorithm.
    pub(crate) const fn curve_oid(self) -> ObjectIdentifier {
        match self {
            Self::P521 => oid::SECP521R1,
            Self::Ed448 => oid::ED448,
            Self::P256 => oid::SECP256R1,
            Self::P384 => oid::SECP384R1,
        }
    }
}

/// A public key as a certificate has it, unchecked beyond its structure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyInfo<'a> {
    algorithm: &'a [u8],
    parameters: &'a [u8],
    bits: &'a [u8],
    der: &'a [u8],
}

impl<'a> KeyInfo<'a> {
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Flaw> {
        let tlv = cursor.expect(Tag::Sequence)?;
        let mut inside = tlv.inside()?;
        let mut identifier = inside.sequence()?;
        let algorithm = identifier.oid()?.value;
        let parameters = if identifier.is_finished() { &[] } else { identifier.any()?.whole };
        identifier.finish()?;
        let bits = inside.bit_string()?;
        inside.finish()?;
        Ok(Self { algorithm, parameters, bits, der: tlv.whole })
    }

    /// The whole SubjectPublicKeyInfo.
    pub const fn der(&self) -> &'a [u8] {
        self.der
    }

    /// The key itself: an uncompressed point, or as Ed448 has it.
    pub const fn bits(&self) -> &'a [u8] {
        self.bits
    }

    /// The object identifier of the algorithm, without tag and length.
    pub const fn algorithm_oid(&self) -> &'a [u8] {
        self.algorithm
    }

    /// The algorithm, if it is one of V2G's and the key has its form: parameters, length, uncompressed.
    ///
    /// # Errors
    /// [`Rule::Algorithm`] or [`Rule::PublicKey`].
    pub fn algorithm(&self) -> Result<Algorithm, Rule> {
        let found = Algorithm::ALL.into_iter().find(|algorithm| {
            let curve = algorithm.curve_oid();
            match algorithm {
                Algorithm::Ed448 => oid::is(self.algorithm, &curve) && self.parameters.is_empty(),
                _ => {
                    oid::is(self.algorithm, &oid::EC_PUBLIC_KEY)
                        && matches!(self.parameters, [6, _, named @ ..] if oid::is(named, &curve))
                }
            }
        });
        let algorithm = found.ok_or(Rule::Algorithm)?;
        let formed = self.bits.len() == algorithm.public_len()
            && (algorithm == Algorithm::Ed448 || self.bits.first() == Some(&4));
        if formed { Ok(algorithm) } else { Err(Rule::PublicKey) }
    }
}

/// The algorithm of a signature as it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignatureInfo<'a> {
    oid: &'a [u8],
    parameters: &'a [u8],
}

impl<'a> SignatureInfo<'a> {
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Flaw> {
        let mut inside = cursor.sequence()?;
        let oid = inside.oid()?.value;
        let parameters = if inside.is_finished() { &[] } else { inside.any()?.whole };
        inside.finish()?;
        Ok(Self { oid, parameters })
    }

    /// The object identifier, without tag and length.
    pub const fn oid(&self) -> &'a [u8] {
        self.oid
    }

    /// The parameters; all algorithms of V2G have none.
    pub const fn parameters(&self) -> &'a [u8] {
        self.parameters
    }

    /// The algorithm, if it is one of V2G's.
    pub fn algorithm(&self) -> Option<Algorithm> {
        let known = |algorithm: &Algorithm| oid::is(self.oid, &algorithm.signature_oid());
        Algorithm::ALL.into_iter().filter(|_| self.parameters.is_empty()).find(known)
    }
}

/// Who checks keys and signatures: [`Curves`] in software, or a host that has hardware for it.
pub trait Verifier {
    /// Checks that a key is of a known algorithm, uncompressed, and a point of its curve. Returns the algorithm;
    /// None for one that V2G does not have.
    ///
    /// # Errors
    /// [`Rule::Algorithm`] or [`Rule::PublicKey`].
    fn check_key(&self, key: &KeyInfo<'_>) -> Result<Option<Algorithm>, Rule>;

    /// Checks a signature in the form that X.509 has: DER of r and s, or as Ed448 has it.
    ///
    /// # Errors
    /// [`Rule::Algorithm`] if algorithm and key do not belong together, [`Rule::CertificateSignature`] if the
    /// signature does not hold.
    fn verify(
        &self,
        key: &KeyInfo<'_>,
        algorithm: &SignatureInfo<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Rule>;

    /// Checks a signature of fixed form, as XML Signature has it: r and s, or as Ed448 has it.
    ///
    /// # Errors
    /// [`Rule::SignatureAlgorithm`] or [`Rule::SignatureValue`].
    fn verify_fixed(&self, key: &KeyInfo<'_>, message: &[u8], signature: &[u8]) -> Result<(), Rule>;
}
