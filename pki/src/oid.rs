//! Object identifiers.

use der::asn1::ObjectIdentifier as Oid;

macro_rules! oids {
    ($($name:ident $text:literal;)*) => { $(pub(crate) const $name: Oid = Oid::new_unwrap($text);)* };
}

oids! {
    // Keys and signatures: RFC 5480, RFC 5758, RFC 8410.
    EC_PUBLIC_KEY "1.2.840.10045.2.1";
    SECP256R1 "1.2.840.10045.3.1.7";
    SECP384R1 "1.3.132.0.34";
    SECP521R1 "1.3.132.0.35";
    ECDSA_SHA256 "1.2.840.10045.4.3.2";
    ECDSA_SHA384 "1.2.840.10045.4.3.3";
    ECDSA_SHA512 "1.2.840.10045.4.3.4";
    ED448 "1.3.101.113";
    SHA256 "2.16.840.1.101.3.4.2.1";
    SHA512 "2.16.840.1.101.3.4.2.3";
    // Names: RFC 4519, RFC 2247.
    COMMON_NAME "2.5.4.3";
    COUNTRY "2.5.4.6";
    ORGANIZATION "2.5.4.10";
    DOMAIN_COMPONENT "0.9.2342.19200300.100.1.25";
    // Extensions: RFC 5280, RFC 6960.
    SUBJECT_KEY_IDENTIFIER "2.5.29.14";
    KEY_USAGE "2.5.29.15";
    BASIC_CONSTRAINTS "2.5.29.19";
    CRL_NUMBER "2.5.29.20";
    CRL_REASON "2.5.29.21";
    DELTA_CRL_INDICATOR "2.5.29.27";
    ISSUING_DISTRIBUTION_POINT "2.5.29.28";
    CERTIFICATE_ISSUER "2.5.29.29";
    NAME_CONSTRAINTS "2.5.29.30";
    CRL_DISTRIBUTION_POINTS "2.5.29.31";
    CERTIFICATE_POLICIES "2.5.29.32";
    POLICY_MAPPINGS "2.5.29.33";
    AUTHORITY_KEY_IDENTIFIER "2.5.29.35";
    POLICY_CONSTRAINTS "2.5.29.36";
    EXTENDED_KEY_USAGE "2.5.29.37";
    INHIBIT_ANY_POLICY "2.5.29.54";
    AUTHORITY_INFO_ACCESS "1.3.6.1.5.5.7.1.1";
    SUBJECT_INFO_ACCESS "1.3.6.1.5.5.7.1.11";
    SERVER_AUTH "1.3.6.1.5.5.7.3.1";
    CLIENT_AUTH "1.3.6.1.5.5.7.3.2";
    OCSP_SIGNING "1.3.6.1.5.5.7.3.9";
    OCSP "1.3.6.1.5.5.7.48.1";
    OCSP_BASIC "1.3.6.1.5.5.7.48.1.1";
    OCSP_NONCE "1.3.6.1.5.5.7.48.1.2";
    OCSP_NO_CHECK "1.3.6.1.5.5.7.48.1.5";
}

/// True if `bytes` is the encoding of `oid`.
pub(crate) fn is(bytes: &[u8], oid: &Oid) -> bool {
    bytes == oid.as_bytes()
}
