//! Signature schemes of TLS 1.3, and the forms that signatures have in it.

use der::{Decode, Encode, asn1::UintRef};
use rustls::SignatureScheme;
use thiserror::Error;

/// A signature scheme: algorithm, curve and hash at once, as TLS 1.3 has it (RFC 8446, 4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `ecdsa_secp521r1_sha512` [V2G20-1667].
    EcdsaP521Sha512,
    /// `ed448` [V2G20-1668]. It takes the feature `curve448`.
    Ed448,
    /// `ecdsa_secp256r1_sha256`, for the lab.
    EcdsaP256Sha256,
}

impl Scheme {
    /// Bytes of a signature of fixed form: r and s, each as wide as the order of the curve, or as Ed448 has it.
    pub const fn signature_len(self) -> usize {
        match self {
            Self::EcdsaP521Sha512 => 132,
            Self::Ed448 => 114,
            Self::EcdsaP256Sha256 => 64,
        }
    }

    /// The scheme in the words of rustls.
    pub const fn to_rustls(self) -> SignatureScheme {
        match self {
            Self::EcdsaP521Sha512 => SignatureScheme::ECDSA_NISTP521_SHA512,
            Self::Ed448 => SignatureScheme::ED448,
            Self::EcdsaP256Sha256 => SignatureScheme::ECDSA_NISTP256_SHA256,
        }
    }

    /// The scheme of that name in rustls, if it is one of ours.
    pub const fn from_rustls(scheme: SignatureScheme) -> Option<Self> {
        match scheme {
            SignatureScheme::ECDSA_NISTP521_SHA512 => Some(Self::EcdsaP521Sha512),
            SignatureScheme::ED448 => Some(Self::Ed448),
            SignatureScheme::ECDSA_NISTP256_SHA256 => Some(Self::EcdsaP256Sha256),
            _ => None,
        }
    }

    /// A signature of fixed form in the form that TLS has: DER for ECDSA, as it is for Ed448.
    ///
    /// # Errors
    /// The length is not that of the scheme, or r or s is zero.
    pub(crate) fn to_tls(self, fixed: &[u8]) -> Result<Vec<u8>, SignatureForm> {
        if fixed.len() != self.signature_len() {
            return Err(SignatureForm::Length { expected: self.signature_len(), found: fixed.len() });
        }
        if self == Self::Ed448 {
            return Ok(fixed.to_vec());
        }
        let (r, s) = fixed.split_at(fixed.len() / 2);
        if [r, s].iter().any(|half| half.iter().all(|byte| *byte == 0)) {
            return Err(SignatureForm::Zero);
        }
        Pair { r: UintRef::new(r)?, s: UintRef::new(s)? }.to_der().map_err(SignatureForm::from)
    }

    /// An ECDSA signature as r and s of fixed width. The encoding must be DER, without anything that follows.
    pub(crate) fn to_fixed(self, tls: &[u8]) -> Result<Vec<u8>, SignatureForm> {
        if self == Self::Ed448 {
            return Ok(tls.to_vec());
        }
        let pair = Pair::from_der(tls)?;
        let width = self.signature_len() / 2;
        let mut fixed = vec![0; 2 * width];
        for (half, number) in fixed.chunks_exact_mut(width).zip([pair.r, pair.s]) {
            let bytes = number.as_bytes();
            let start = width.checked_sub(bytes.len()).ok_or(SignatureForm::Range)?;
            half.iter_mut().skip(start).zip(bytes).for_each(|(to, from)| *to = *from);
        }
        Ok(fixed)
    }
}

/// Why a signature has not the form of its scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureForm {
    /// It is not as long as its scheme demands.
    #[error("the signature has {found} bytes instead of {expected}")]
    Length {
        /// Bytes of a signature of this scheme.
        expected: usize,
        /// Bytes it has.
        found: usize,
    },
    /// r or s is zero.
    #[error("a half of the signature is zero")]
    Zero,
    /// r or s is wider than the order of the curve.
    #[error("a half of the signature is wider than the curve")]
    Range,
    /// It is not the DER of two positive numbers.
    #[error("the signature is not DER: {0}")]
    Der(der::ErrorKind),
}

impl From<der::Error> for SignatureForm {
    fn from(error: der::Error) -> Self {
        Self::Der(error.kind())
    }
}

/// ECDSA-Sig-Value (RFC 3279, 2.2.3).
struct Pair<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl<'a> der::DecodeValue<'a> for Pair<'a> {
    type Error = der::Error;

    fn decode_value<R: der::Reader<'a>>(reader: &mut R, _: der::Header) -> der::Result<Self> {
        Ok(Self { r: reader.decode()?, s: reader.decode()? })
    }
}

impl der::EncodeValue for Pair<'_> {
    fn value_len(&self) -> der::Result<der::Length> {
        self.r.encoded_len()? + self.s.encoded_len()?
    }

    fn encode_value(&self, writer: &mut impl der::Writer) -> der::Result<()> {
        self.r.encode(writer)?;
        self.s.encode(writer)
    }
}

impl<'a> der::Sequence<'a> for Pair<'a> {}

#[cfg(test)]
mod tests {
    use super::{Scheme, SignatureForm};

    #[test]
    fn both_forms_say_the_same() {
        for scheme in [Scheme::EcdsaP521Sha512, Scheme::EcdsaP256Sha256] {
            let len = scheme.signature_len();
            for (first, last) in [(0, 1), (1, 0), (0x80, 0xff), (0xff, 0x80)] {
                let mut fixed = vec![7; len];
                fixed[0] = first;
                fixed[len / 2 - 1] = last;
                fixed[len / 2..].fill(0);
                fixed[len - 1] = 1;
                let tls = scheme.to_tls(&fixed).unwrap();
                assert_eq!(scheme.to_fixed(&tls).unwrap(), fixed);
            }
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let scheme = Scheme::EcdsaP521Sha512;
        assert_eq!(scheme.to_tls(&[1; 64]), Err(SignatureForm::Length { expected: 132, found: 64 }));
        assert_eq!(scheme.to_tls(&[0; 132]), Err(SignatureForm::Zero));
        let mut tls = scheme.to_tls(&[1; 132]).unwrap();
        tls.push(0);
        assert!(scheme.to_fixed(&tls).is_err(), "bytes that follow");
        assert_eq!(Scheme::EcdsaP256Sha256.to_fixed(&tls[..tls.len() - 1]), Err(SignatureForm::Range));
        assert!(scheme.to_fixed(&[0x30, 6, 2, 1, 0xff, 2, 1, 1]).is_err(), "negative");
    }
}
