//! Private keys and shared secrets: neither printed nor copied, and erased when dropped.

use subtle::ConstantTimeEq as _;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::crypto::curves::{self, MAX_SIGNATURE, secp521};
use crate::crypto::{Algorithm, KeyInfo};
use crate::error::Rule;

/// The longest private key or shared secret, bytes.
const MAX: usize = 66;

/// Bytes that nobody else may know: no `Debug`, no `Clone`, compared in constant time, erased when dropped.
#[derive(ZeroizeOnDrop)]
pub struct Secret {
    bytes: [u8; MAX],
    #[zeroize(skip)]
    len: u8,
}

impl Secret {
    /// Takes a copy, for key stores whose device agrees on secrets; whoever holds the original erases it. None if it is
    /// longer than 66 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self { bytes: [0; MAX], len: bytes.len() as u8 };
        secret.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(secret)
    }

    /// The bytes. They are not to be kept.
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

/// The private key of a signature algorithm, in the range of its curve.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Scalar {
    bytes: [u8; MAX],
    #[zeroize(skip)]
    algorithm: Algorithm,
}

impl Scalar {
    /// Takes a copy of a key; whoever holds the original erases it.
    pub(crate) fn from_slice(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, Rule> {
        let mut scalar = Self { bytes: [0; MAX], algorithm };
        if bytes.len() != algorithm.private_len() {
            return Err(Rule::KeyRange);
        }
        scalar.bytes.get_mut(..bytes.len()).unwrap_or_default().copy_from_slice(bytes);
        // Computing the public key checks the range.
        scalar.public(&mut [0; 133])?;
        Ok(scalar)
    }

    /// A new key from random bytes; those outside the range are drawn again.
    pub(crate) fn generate<E>(
        algorithm: Algorithm,
        mut random: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Option<Self>, E> {
        let mut bytes = Zeroizing::new([0; MAX]);
        // P-521 hits the range nearly always, once its seven surplus bits are zero; the others practically always.
        for _ in 0..32 {
            let key = bytes.get_mut(..algorithm.private_len()).unwrap_or_default();
            random(key)?;
            if let (Algorithm::P521, Some(first)) = (algorithm, key.first_mut()) {
                *first &= 1;
            }
            match Self::from_slice(algorithm, key) {
                Ok(scalar) => return Ok(Some(scalar)),
                Err(Rule::KeyRange) => {}
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.private_len()).unwrap_or_default()
    }

    /// The public key as a certificate has it.
    pub(crate) fn public<'o>(&self, out: &'o mut [u8]) -> Result<&'o [u8], Rule> {
        let public = match self.algorithm {
            Algorithm::P521 => secp521::public,
            Algorithm::P384 => curves::secp384::public,
            Algorithm::P256 => curves::secp256::public,
            Algorithm::Ed448 => curves::goldilocks::public,
        };
        public(self.expose(), out)?;
        Ok(out.get(..self.algorithm.public_len()).unwrap_or_default())
    }

    /// A signature of fixed form.
    pub(crate) fn sign<'o>(
        &self,
        message: &[u8],
        out: &'o mut [u8; MAX_SIGNATURE],
    ) -> Result<&'o [u8], Rule> {
        let sign = match self.algorithm {
            Algorithm::P521 => secp521::sign,
            Algorithm::P384 => curves::secp384::sign,
            Algorithm::P256 => curves::secp256::sign,
            Algorithm::Ed448 => curves::goldilocks::sign,
        };
        sign(self.expose(), message, out)?;
        Ok(out.get(..self.algorithm.signature_len()).unwrap_or_default())
    }

    /// The secret shared with whoever holds the key of `point`.
    pub(crate) fn agree(&self, point: &[u8]) -> Result<Secret, Rule> {
        if point.len() != self.algorithm.public_len() || point.first() != Some(&4) {
            return Err(Rule::EphemeralKey);
        }
        match self.algorithm {
            Algorithm::P521 => secp521::agree(self.expose(), point),
            Algorithm::P384 => curves::secp384::agree(self.expose(), point),
            Algorithm::P256 => curves::secp256::agree(self.expose(), point),
            Algorithm::Ed448 => Err(Rule::Algorithm),
        }
    }

    /// True if the key is that of a certificate.
    pub(crate) fn belongs_to(&self, key: &KeyInfo<'_>) -> bool {
        let mut point = [0; 133];
        key.algorithm() == Ok(self.algorithm)
            && self.public(&mut point).is_ok_and(|public| public.ct_eq(key.bits()).into())
    }
}

/// The private key of an X448 agreement.
#[derive(ZeroizeOnDrop)]
pub(crate) struct XScalar {
    bytes: [u8; 56],
}

#[cfg(feature = "curve448")]
impl XScalar {
    /// Takes a copy of a key; whoever holds the original erases it.
    pub(crate) fn from_slice(bytes: &[u8]) -> Result<Self, Rule> {
        Ok(Self { bytes: bytes.try_into().map_err(|_| Rule::KeyRange)? })
    }

    pub(crate) fn public<'o>(&self, out: &'o mut [u8]) -> Result<&'o [u8], Rule> {
        let out = out.get_mut(..56).ok_or(Rule::BufferTooSmall)?;
        out.copy_from_slice(&curves::goldilocks::x448_public(&self.bytes)?);
        Ok(out)
    }

    pub(crate) fn agree(&self, public: &[u8]) -> Result<Secret, Rule> {
        curves::goldilocks::agree(&self.bytes, public.try_into().map_err(|_| Rule::EphemeralKey)?)
    }
}

#[cfg(not(feature = "curve448"))]
#[expect(clippy::unused_self, reason = "the interface of the other one")]
impl XScalar {
    pub(crate) const fn from_slice(_: &[u8]) -> Result<Self, Rule> {
        Err(Rule::Algorithm)
    }

    pub(crate) const fn public<'o>(&self, _: &'o mut [u8]) -> Result<&'o [u8], Rule> {
        Err(Rule::Algorithm)
    }

    pub(crate) const fn agree(&self, _: &[u8]) -> Result<Secret, Rule> {
        Err(Rule::Algorithm)
    }
}
