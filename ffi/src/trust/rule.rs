//! The rules of trust as numbers that stay, and in words.

use core::ffi::{CStr, c_char};

#[cfg(feature = "trust")]
use v2g_pki::Rule;

/// Rule 1: there is no certificate.
pub const V2G_RULE_EMPTY: u32 = 1;
/// Rule 2: more certificates below the root than allowed.
pub const V2G_RULE_TOO_MANY_CERTIFICATES: u32 = 2;
/// Rule 3: the certificate is longer than its profile allows.
pub const V2G_RULE_CERTIFICATE_TOO_LONG: u32 = 3;
/// Rule 4: the buffer is too small.
pub const V2G_RULE_BUFFER_TOO_SMALL: u32 = 4;
/// Rule 5: more extensions than any certificate has.
pub const V2G_RULE_TOO_MANY_EXTENSIONS: u32 = 5;
/// Rule 6: more signatures to check than one validation may cost.
pub const V2G_RULE_BUDGET: u32 = 6;
/// Rule 20: the encoding is not DER.
pub const V2G_RULE_DER: u32 = 20;
/// Rule 21: something else stands where the structure demands a certain element.
pub const V2G_RULE_STRUCTURE: u32 = 21;
/// Rule 22: bytes follow the structure.
pub const V2G_RULE_TRAILING_DATA: u32 = 22;
/// Rule 23: the version is not the one required.
pub const V2G_RULE_VERSION: u32 = 23;
/// Rule 24: the serial number is not positive or longer than 20 bytes.
pub const V2G_RULE_SERIAL: u32 = 24;
/// Rule 25: a time is not in the form that RFC 5280 prescribes.
pub const V2G_RULE_TIME_FORMAT: u32 = 25;
/// Rule 26: the two statements of the signature algorithm differ.
pub const V2G_RULE_ALGORITHM_MISMATCH: u32 = 26;
/// Rule 27: an extension occurs twice.
pub const V2G_RULE_DUPLICATE_EXTENSION: u32 = 27;
/// Rule 28: a critical extension is not known.
pub const V2G_RULE_UNKNOWN_CRITICAL_EXTENSION: u32 = 28;
/// Rule 29: constraints on names or policies are not supported.
pub const V2G_RULE_UNSUPPORTED_CONSTRAINT: u32 = 29;
/// Rule 30: the algorithm of key or signature is none that is allowed.
pub const V2G_RULE_ALGORITHM: u32 = 30;
/// Rule 31: the public key is compressed, of the wrong length, or not a point of its curve.
pub const V2G_RULE_PUBLIC_KEY: u32 = 31;
/// Rule 40: the certificate has expired.
pub const V2G_RULE_EXPIRED: u32 = 40;
/// Rule 41: the certificate is not valid yet.
pub const V2G_RULE_NOT_YET_VALID: u32 = 41;
/// Rule 42: there is no time that can be trusted.
pub const V2G_RULE_NO_TIME: u32 = 42;
/// Rule 50: the issuer's name is not the subject of the certificate above.
pub const V2G_RULE_ISSUER_NAME: u32 = 50;
/// Rule 51: the authority key identifier does not name the key of the certificate above.
pub const V2G_RULE_KEY_IDENTIFIER: u32 = 51;
/// Rule 52: the certificate is used as an authority and is none.
pub const V2G_RULE_NOT_AUTHORITY: u32 = 52;
/// Rule 53: the key usage does not allow to sign certificates.
pub const V2G_RULE_NO_CERT_SIGN: u32 = 53;
/// Rule 54: more authorities below it than its path length allows.
pub const V2G_RULE_PATH_LENGTH: u32 = 54;
/// Rule 55: the validity period is not inside that of the certificate above.
pub const V2G_RULE_NESTING: u32 = 55;
/// Rule 56: the chain mixes signature algorithms.
pub const V2G_RULE_MIXED_ALGORITHMS: u32 = 56;
/// Rule 57: a self-signed certificate is part of the chain.
pub const V2G_RULE_ROOT_IN_CHAIN: u32 = 57;
/// Rule 58: the signature of the certificate does not hold.
pub const V2G_RULE_CERTIFICATE_SIGNATURE: u32 = 58;
/// Rule 70: no root that may certify this role has issued the topmost certificate.
pub const V2G_RULE_UNKNOWN_ROOT: u32 = 70;
/// Rule 71: the root is not self-signed.
pub const V2G_RULE_NOT_SELF_SIGNED: u32 = 71;
/// Rule 80: the edition has no such role.
pub const V2G_RULE_ROLE_UNKNOWN: u32 = 80;
/// Rule 81: a mandatory attribute of the subject is missing or malformed.
pub const V2G_RULE_SUBJECT_ATTRIBUTE: u32 = 81;
/// Rule 82: the domain component is not that of the role.
pub const V2G_RULE_DOMAIN_COMPONENT: u32 = 82;
/// Rule 83: the key usage is missing.
pub const V2G_RULE_KEY_USAGE_MISSING: u32 = 83;
/// Rule 84: the key usage lacks a use that the role needs.
pub const V2G_RULE_KEY_USAGE_LACKING: u32 = 84;
/// Rule 85: the key usage allows a use that the role forbids.
pub const V2G_RULE_KEY_USAGE_FORBIDDEN: u32 = 85;
/// Rule 86: the extended key usage is missing or lacks the purpose of the role.
pub const V2G_RULE_EXTENDED_KEY_USAGE: u32 = 86;
/// Rule 87: the role has no extended key usage.
pub const V2G_RULE_EXTENDED_KEY_USAGE_FORBIDDEN: u32 = 87;
/// Rule 88: the basic constraints are missing.
pub const V2G_RULE_BASIC_CONSTRAINTS_MISSING: u32 = 88;
/// Rule 89: the leaf says that it is an authority.
pub const V2G_RULE_LEAF_IS_AUTHORITY: u32 = 89;
/// Rule 90: an extension that must be critical is not.
pub const V2G_RULE_NOT_CRITICAL: u32 = 90;
/// Rule 91: an extension that the role does not allow.
pub const V2G_RULE_EXTENSION_FORBIDDEN: u32 = 91;
/// Rule 92: a key identifier is neither 8 nor 20 bytes long.
pub const V2G_RULE_KEY_IDENTIFIER_LENGTH: u32 = 92;
/// Rule 100: the common name has not the form of the role's identifier.
pub const V2G_RULE_COMMON_NAME: u32 = 100;
/// Rule 101: the identity is not the one expected.
pub const V2G_RULE_IDENTITY: u32 = 101;
/// Rule 110: the certificate is revoked.
pub const V2G_RULE_REVOKED: u32 = 110;
/// Rule 111: nothing says whether the certificate is revoked.
pub const V2G_RULE_STATUS_UNKNOWN: u32 = 111;
/// Rule 112: the statement about revocation is too old or not valid yet.
pub const V2G_RULE_STATUS_STALE: u32 = 112;
/// Rule 113: the signature of the list or response does not hold.
pub const V2G_RULE_STATUS_SIGNATURE: u32 = 113;
/// Rule 114: the signer of the response may not speak for the issuer.
pub const V2G_RULE_STATUS_SIGNER: u32 = 114;
/// Rule 115: the key usage of the issuer does not allow to sign lists.
pub const V2G_RULE_NO_CRL_SIGN: u32 = 115;
/// Rule 116: delta revocation lists are not supported.
pub const V2G_RULE_DELTA_CRL: u32 = 116;
/// Rule 117: partial and indirect revocation lists are not supported.
pub const V2G_RULE_PARTIAL_CRL: u32 = 117;
/// Rule 118: the OCSP responder answered with an error.
pub const V2G_RULE_RESPONDER_ERROR: u32 = 118;
/// Rule 119: the response does not repeat the nonce of the request.
pub const V2G_RULE_NONCE: u32 = 119;
/// Rule 130: the message carries no signature.
pub const V2G_RULE_SIGNATURE_MISSING: u32 = 130;
/// Rule 131: not exactly one reference.
pub const V2G_RULE_REFERENCE_COUNT: u32 = 131;
/// Rule 132: the reference does not name the element that is used.
pub const V2G_RULE_REFERENCE_TARGET: u32 = 132;
/// Rule 133: another canonicalization or transform than Canonical EXI.
pub const V2G_RULE_TRANSFORM: u32 = 133;
/// Rule 134: signature or digest algorithm is not that of the certificate's key.
pub const V2G_RULE_SIGNATURE_ALGORITHM: u32 = 134;
/// Rule 135: something is present that V2G forbids in a signature.
pub const V2G_RULE_SIGNATURE_CONTENT: u32 = 135;
/// Rule 136: the element was not received, or not in its canonical form.
pub const V2G_RULE_NOT_CANONICAL: u32 = 136;
/// Rule 137: the digest is not that of the element.
pub const V2G_RULE_DIGEST_VALUE: u32 = 137;
/// Rule 138: the signature value does not hold.
pub const V2G_RULE_SIGNATURE_VALUE: u32 = 138;
/// Rule 139: the challenge is not the one that was given.
pub const V2G_RULE_CHALLENGE: u32 = 139;
/// Rule 140: the certificate that signed is not the leaf of the chain that was validated.
pub const V2G_RULE_SIGNER_MISMATCH: u32 = 140;
/// Rule 150: the ephemeral public key is not a point of the curve.
pub const V2G_RULE_EPHEMERAL_KEY: u32 = 150;
/// Rule 151: the wrapped key has not the length of its kind.
pub const V2G_RULE_WRAPPED_LENGTH: u32 = 151;
/// Rule 152: the wrapped key was not made for this vehicle and contract, or has been changed.
pub const V2G_RULE_WRAPPED_TAG: u32 = 152;
/// Rule 153: the key is not in the range of its curve.
pub const V2G_RULE_KEY_RANGE: u32 = 153;
/// Rule 154: the key is not that of the contract certificate.
pub const V2G_RULE_KEY_MISMATCH: u32 = 154;
/// Rule 155: the curve is not the one configured.
pub const V2G_RULE_CURVE: u32 = 155;
/// Rule 170: no intact image is stored.
pub const V2G_RULE_CORRUPT: u32 = 170;
/// Rule 171: the memory is full.
pub const V2G_RULE_FULL: u32 = 171;
/// Rule 172: the storage failed.
pub const V2G_RULE_STORAGE: u32 = 172;
/// Rule 173: what is to be changed is not there, or there already.
pub const V2G_RULE_NO_SUCH_ENTRY: u32 = 173;
/// A rule that is newer than this list.
pub const V2G_RULE_OTHER: u32 = 0xFFFF;

/// The number of a rule.
#[cfg(feature = "trust")]
pub(crate) const fn number(rule: Rule) -> u32 {
    match rule {
        Rule::Empty => V2G_RULE_EMPTY,
        Rule::TooManyCertificates => V2G_RULE_TOO_MANY_CERTIFICATES,
        Rule::CertificateTooLong => V2G_RULE_CERTIFICATE_TOO_LONG,
        Rule::BufferTooSmall => V2G_RULE_BUFFER_TOO_SMALL,
        Rule::TooManyExtensions => V2G_RULE_TOO_MANY_EXTENSIONS,
        Rule::Budget => V2G_RULE_BUDGET,
        Rule::Der => V2G_RULE_DER,
        Rule::Structure => V2G_RULE_STRUCTURE,
        Rule::TrailingData => V2G_RULE_TRAILING_DATA,
        Rule::Version => V2G_RULE_VERSION,
        Rule::Serial => V2G_RULE_SERIAL,
        Rule::TimeFormat => V2G_RULE_TIME_FORMAT,
        Rule::AlgorithmMismatch => V2G_RULE_ALGORITHM_MISMATCH,
        Rule::DuplicateExtension => V2G_RULE_DUPLICATE_EXTENSION,
        Rule::UnknownCriticalExtension => V2G_RULE_UNKNOWN_CRITICAL_EXTENSION,
        Rule::UnsupportedConstraint => V2G_RULE_UNSUPPORTED_CONSTRAINT,
        Rule::Algorithm => V2G_RULE_ALGORITHM,
        Rule::PublicKey => V2G_RULE_PUBLIC_KEY,
        Rule::Expired => V2G_RULE_EXPIRED,
        Rule::NotYetValid => V2G_RULE_NOT_YET_VALID,
        Rule::NoTime => V2G_RULE_NO_TIME,
        Rule::IssuerName => V2G_RULE_ISSUER_NAME,
        Rule::KeyIdentifier => V2G_RULE_KEY_IDENTIFIER,
        Rule::NotAuthority => V2G_RULE_NOT_AUTHORITY,
        Rule::NoCertSign => V2G_RULE_NO_CERT_SIGN,
        Rule::PathLength => V2G_RULE_PATH_LENGTH,
        Rule::Nesting => V2G_RULE_NESTING,
        Rule::MixedAlgorithms => V2G_RULE_MIXED_ALGORITHMS,
        Rule::RootInChain => V2G_RULE_ROOT_IN_CHAIN,
        Rule::CertificateSignature => V2G_RULE_CERTIFICATE_SIGNATURE,
        Rule::UnknownRoot => V2G_RULE_UNKNOWN_ROOT,
        Rule::NotSelfSigned => V2G_RULE_NOT_SELF_SIGNED,
        Rule::RoleUnknown => V2G_RULE_ROLE_UNKNOWN,
        Rule::SubjectAttribute => V2G_RULE_SUBJECT_ATTRIBUTE,
        Rule::DomainComponent => V2G_RULE_DOMAIN_COMPONENT,
        Rule::KeyUsageMissing => V2G_RULE_KEY_USAGE_MISSING,
        Rule::KeyUsageLacking => V2G_RULE_KEY_USAGE_LACKING,
        Rule::KeyUsageForbidden => V2G_RULE_KEY_USAGE_FORBIDDEN,
        Rule::ExtendedKeyUsage => V2G_RULE_EXTENDED_KEY_USAGE,
        Rule::ExtendedKeyUsageForbidden => V2G_RULE_EXTENDED_KEY_USAGE_FORBIDDEN,
        Rule::BasicConstraintsMissing => V2G_RULE_BASIC_CONSTRAINTS_MISSING,
        Rule::LeafIsAuthority => V2G_RULE_LEAF_IS_AUTHORITY,
        Rule::NotCritical => V2G_RULE_NOT_CRITICAL,
        Rule::ExtensionForbidden => V2G_RULE_EXTENSION_FORBIDDEN,
        Rule::KeyIdentifierLength => V2G_RULE_KEY_IDENTIFIER_LENGTH,
        Rule::CommonName => V2G_RULE_COMMON_NAME,
        Rule::Identity => V2G_RULE_IDENTITY,
        Rule::Revoked => V2G_RULE_REVOKED,
        Rule::StatusUnknown => V2G_RULE_STATUS_UNKNOWN,
        Rule::StatusStale => V2G_RULE_STATUS_STALE,
        Rule::StatusSignature => V2G_RULE_STATUS_SIGNATURE,
        Rule::StatusSigner => V2G_RULE_STATUS_SIGNER,
        Rule::NoCrlSign => V2G_RULE_NO_CRL_SIGN,
        Rule::DeltaCrl => V2G_RULE_DELTA_CRL,
        Rule::PartialCrl => V2G_RULE_PARTIAL_CRL,
        Rule::ResponderError => V2G_RULE_RESPONDER_ERROR,
        Rule::Nonce => V2G_RULE_NONCE,
        Rule::SignatureMissing => V2G_RULE_SIGNATURE_MISSING,
        Rule::ReferenceCount => V2G_RULE_REFERENCE_COUNT,
        Rule::ReferenceTarget => V2G_RULE_REFERENCE_TARGET,
        Rule::Transform => V2G_RULE_TRANSFORM,
        Rule::SignatureAlgorithm => V2G_RULE_SIGNATURE_ALGORITHM,
        Rule::SignatureContent => V2G_RULE_SIGNATURE_CONTENT,
        Rule::NotCanonical => V2G_RULE_NOT_CANONICAL,
        Rule::DigestValue => V2G_RULE_DIGEST_VALUE,
        Rule::SignatureValue => V2G_RULE_SIGNATURE_VALUE,
        Rule::Challenge => V2G_RULE_CHALLENGE,
        Rule::SignerMismatch => V2G_RULE_SIGNER_MISMATCH,
        Rule::EphemeralKey => V2G_RULE_EPHEMERAL_KEY,
        Rule::WrappedLength => V2G_RULE_WRAPPED_LENGTH,
        Rule::WrappedTag => V2G_RULE_WRAPPED_TAG,
        Rule::KeyRange => V2G_RULE_KEY_RANGE,
        Rule::KeyMismatch => V2G_RULE_KEY_MISMATCH,
        Rule::Curve => V2G_RULE_CURVE,
        Rule::Corrupt => V2G_RULE_CORRUPT,
        Rule::Full => V2G_RULE_FULL,
        Rule::Storage => V2G_RULE_STORAGE,
        Rule::NoSuchEntry => V2G_RULE_NO_SUCH_ENTRY,
        _ => V2G_RULE_OTHER,
    }
}

#[cfg(feature = "trust")]
fn text(rule: u32) -> &'static CStr {
    match rule {
        0 => c"no rule",
        V2G_RULE_EMPTY => c"there is no certificate",
        V2G_RULE_TOO_MANY_CERTIFICATES => c"more certificates below the root than allowed",
        V2G_RULE_CERTIFICATE_TOO_LONG => c"the certificate is longer than its profile allows",
        V2G_RULE_BUFFER_TOO_SMALL => c"the buffer is too small",
        V2G_RULE_TOO_MANY_EXTENSIONS => c"more extensions than any certificate has",
        V2G_RULE_BUDGET => c"more signatures to check than one validation may cost",
        V2G_RULE_DER => c"the encoding is not DER",
        V2G_RULE_STRUCTURE => c"something else stands where the structure demands a certain element",
        V2G_RULE_TRAILING_DATA => c"bytes follow the structure",
        V2G_RULE_VERSION => c"the version is not the one required",
        V2G_RULE_SERIAL => c"the serial number is not positive or longer than 20 bytes",
        V2G_RULE_TIME_FORMAT => c"a time is not in the form that RFC 5280 prescribes",
        V2G_RULE_ALGORITHM_MISMATCH => c"the two statements of the signature algorithm differ",
        V2G_RULE_DUPLICATE_EXTENSION => c"an extension occurs twice",
        V2G_RULE_UNKNOWN_CRITICAL_EXTENSION => c"a critical extension is not known",
        V2G_RULE_UNSUPPORTED_CONSTRAINT => c"constraints on names or policies are not supported",
        V2G_RULE_ALGORITHM => c"the algorithm of key or signature is none that is allowed",
        V2G_RULE_PUBLIC_KEY => {
            c"the public key is compressed, of the wrong length, or not a point of its curve"
        }
        V2G_RULE_EXPIRED => c"the certificate has expired",
        V2G_RULE_NOT_YET_VALID => c"the certificate is not valid yet",
        V2G_RULE_NO_TIME => c"there is no time that can be trusted",
        V2G_RULE_ISSUER_NAME => c"the issuer's name is not the subject of the certificate above",
        V2G_RULE_KEY_IDENTIFIER => {
            c"the authority key identifier does not name the key of the certificate above"
        }
        V2G_RULE_NOT_AUTHORITY => c"the certificate is used as an authority and is none",
        V2G_RULE_NO_CERT_SIGN => c"the key usage does not allow to sign certificates",
        V2G_RULE_PATH_LENGTH => c"more authorities below it than its path length allows",
        V2G_RULE_NESTING => c"the validity period is not inside that of the certificate above",
        V2G_RULE_MIXED_ALGORITHMS => c"the chain mixes signature algorithms",
        V2G_RULE_ROOT_IN_CHAIN => c"a self-signed certificate is part of the chain",
        V2G_RULE_CERTIFICATE_SIGNATURE => c"the signature of the certificate does not hold",
        V2G_RULE_UNKNOWN_ROOT => c"no root that may certify this role has issued the topmost certificate",
        V2G_RULE_NOT_SELF_SIGNED => c"the root is not self-signed",
        V2G_RULE_ROLE_UNKNOWN => c"the edition has no such role",
        V2G_RULE_SUBJECT_ATTRIBUTE => c"a mandatory attribute of the subject is missing or malformed",
        V2G_RULE_DOMAIN_COMPONENT => c"the domain component is not that of the role",
        V2G_RULE_KEY_USAGE_MISSING => c"the key usage is missing",
        V2G_RULE_KEY_USAGE_LACKING => c"the key usage lacks a use that the role needs",
        V2G_RULE_KEY_USAGE_FORBIDDEN => c"the key usage allows a use that the role forbids",
        V2G_RULE_EXTENDED_KEY_USAGE => c"the extended key usage is missing or lacks the purpose of the role",
        V2G_RULE_EXTENDED_KEY_USAGE_FORBIDDEN => c"the role has no extended key usage",
        V2G_RULE_BASIC_CONSTRAINTS_MISSING => c"the basic constraints are missing",
        V2G_RULE_LEAF_IS_AUTHORITY => c"the leaf says that it is an authority",
        V2G_RULE_NOT_CRITICAL => c"an extension that must be critical is not",
        V2G_RULE_EXTENSION_FORBIDDEN => c"an extension that the role does not allow",
        V2G_RULE_KEY_IDENTIFIER_LENGTH => c"a key identifier is neither 8 nor 20 bytes long",
        V2G_RULE_COMMON_NAME => c"the common name has not the form of the role's identifier",
        V2G_RULE_IDENTITY => c"the identity is not the one expected",
        V2G_RULE_REVOKED => c"the certificate is revoked",
        V2G_RULE_STATUS_UNKNOWN => c"nothing says whether the certificate is revoked",
        V2G_RULE_STATUS_STALE => c"the statement about revocation is too old or not valid yet",
        V2G_RULE_STATUS_SIGNATURE => c"the signature of the list or response does not hold",
        V2G_RULE_STATUS_SIGNER => c"the signer of the response may not speak for the issuer",
        V2G_RULE_NO_CRL_SIGN => c"the key usage of the issuer does not allow to sign lists",
        V2G_RULE_DELTA_CRL => c"delta revocation lists are not supported",
        V2G_RULE_PARTIAL_CRL => c"partial and indirect revocation lists are not supported",
        V2G_RULE_RESPONDER_ERROR => c"the OCSP responder answered with an error",
        V2G_RULE_NONCE => c"the response does not repeat the nonce of the request",
        V2G_RULE_SIGNATURE_MISSING => c"the message carries no signature",
        V2G_RULE_REFERENCE_COUNT => c"not exactly one reference",
        V2G_RULE_REFERENCE_TARGET => c"the reference does not name the element that is used",
        V2G_RULE_TRANSFORM => c"another canonicalization or transform than Canonical EXI",
        V2G_RULE_SIGNATURE_ALGORITHM => c"signature or digest algorithm is not that of the certificate's key",
        V2G_RULE_SIGNATURE_CONTENT => c"something is present that V2G forbids in a signature",
        V2G_RULE_NOT_CANONICAL => c"the element was not received, or not in its canonical form",
        V2G_RULE_DIGEST_VALUE => c"the digest is not that of the element",
        V2G_RULE_SIGNATURE_VALUE => c"the signature value does not hold",
        V2G_RULE_CHALLENGE => c"the challenge is not the one that was given",
        V2G_RULE_SIGNER_MISMATCH => {
            c"the certificate that signed is not the leaf of the chain that was validated"
        }
        V2G_RULE_EPHEMERAL_KEY => c"the ephemeral public key is not a point of the curve",
        V2G_RULE_WRAPPED_LENGTH => c"the wrapped key has not the length of its kind",
        V2G_RULE_WRAPPED_TAG => {
            c"the wrapped key was not made for this vehicle and contract, or has been changed"
        }
        V2G_RULE_KEY_RANGE => c"the key is not in the range of its curve",
        V2G_RULE_KEY_MISMATCH => c"the key is not that of the contract certificate",
        V2G_RULE_CURVE => c"the curve is not the one configured",
        V2G_RULE_CORRUPT => c"no intact image is stored",
        V2G_RULE_FULL => c"the memory is full",
        V2G_RULE_STORAGE => c"the storage failed",
        V2G_RULE_NO_SUCH_ENTRY => c"what is to be changed is not there, or there already",
        _ => c"another rule",
    }
}

/// The same where no rule can be broken. Linkers keep all texts of an archive or none.
#[cfg(not(feature = "trust"))]
const fn text(rule: u32) -> &'static CStr {
    if rule == 0 { c"no rule" } else { c"another rule" }
}

/// A rule (`V2G_RULE_*`) in words, English. Never null; the text lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_rule_str(rule: u32) -> *const c_char {
    text(rule).as_ptr()
}

#[cfg(all(test, feature = "trust"))]
mod tests {
    use std::string::ToString as _;

    use super::*;

    #[test]
    fn the_words_are_those_of_the_rule() {
        for rule in [Rule::Empty, Rule::Expired, Rule::UnknownRoot, Rule::Challenge, Rule::NoSuchEntry] {
            assert_eq!(text(number(rule)).to_str(), Ok(rule.to_string().as_str()));
        }
        assert_eq!(text(V2G_RULE_OTHER), c"another rule");
        assert_eq!(text(19), c"another rule");
    }
}
