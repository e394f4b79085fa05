//! The curves in terms of PKCS #11.

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use v2g_pki::Algorithm;

/// The curves that a token may have. Ed448 is rare on tokens, and not supported.
pub(crate) const CURVES: [Algorithm; 3] = [Algorithm::P521, Algorithm::P384, Algorithm::P256];

/// `CKA_EC_PARAMS`: the object identifier of the curve in DER.
pub(crate) fn parameters(algorithm: Algorithm) -> Option<&'static [u8]> {
    match algorithm {
        Algorithm::P521 => Some(&[6, 5, 0x2B, 0x81, 4, 0, 0x23]),
        Algorithm::P384 => Some(&[6, 5, 0x2B, 0x81, 4, 0, 0x22]),
        Algorithm::P256 => Some(&[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]),
        Algorithm::Ed448 => None,
    }
}

/// The curve of these parameters.
pub(crate) fn of_parameters(found: &[u8]) -> Option<Algorithm> {
    CURVES.into_iter().find(|algorithm| parameters(*algorithm) == Some(found))
}

/// The digest that is signed.
pub(crate) fn digest(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::P256 => Sha256::digest(message).to_vec(),
        Algorithm::P384 => Sha384::digest(message).to_vec(),
        Algorithm::P521 | Algorithm::Ed448 => Sha512::digest(message).to_vec(),
    }
}

/// `CKA_EC_POINT`: an uncompressed point in an OCTET STRING; some tokens leave that away.
pub(crate) fn point(algorithm: Algorithm, found: &[u8]) -> Option<Vec<u8>> {
    let length = algorithm.public_len();
    let bare = match found {
        [4, 0x81, stated, point @ ..] if usize::from(*stated) == length && point.len() == length => point,
        [4, stated, point @ ..] if usize::from(*stated) == length && point.len() == length => point,
        point => point,
    };
    (bare.len() == length && bare.first() == Some(&4)).then(|| bare.to_vec())
}

/// A point as `CKA_EC_POINT` has it.
pub(crate) fn wrapped_point(point: &[u8]) -> Vec<u8> {
    let length = point.len() as u8;
    let header: &[u8] = if length < 0x80 { &[4, length] } else { &[4, 0x81, length] };
    [header, point].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_with_and_without_their_wrapping() {
        for algorithm in CURVES {
            let bare = [vec![4], vec![7; algorithm.public_len() - 1]].concat();
            let wrapped = wrapped_point(&bare);
            assert_eq!(point(algorithm, &wrapped).as_ref(), Some(&bare));
            assert_eq!(point(algorithm, &bare).as_ref(), Some(&bare));
            assert_eq!(point(algorithm, &wrapped[1..]), None);
            assert_eq!(point(algorithm, &[]), None);
            assert_eq!(of_parameters(parameters(algorithm).expect("a curve")), Some(algorithm));
        }
    }
}
