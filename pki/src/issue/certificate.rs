//! A certificate before it is signed.

use alloc::string::String;
use alloc::vec::Vec;

use ::der::asn1::ObjectIdentifier;

use super::{PrivateKey, der};
use crate::cert::{Purpose, Usage};
use crate::oid;
use crate::time::Validity;

/// Whose certificate it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Country.
    pub country: Option<String>,
    /// Organization.
    pub organization: Option<String>,
    /// Common name.
    pub common_name: String,
    /// Domain components in the order of the name.
    pub domain_components: Vec<String>,
}

impl Subject {
    /// The name as DER.
    pub fn to_der(&self) -> Vec<u8> {
        let attribute = |oid: &ObjectIdentifier, tag: u8, text: &str| {
            der::set(&[&der::sequence(&[&der::oid(oid), &der::tlv(tag, text.as_bytes())])])
        };
        let mut rdns = Vec::new();
        rdns.extend(self.country.iter().map(|text| attribute(&oid::COUNTRY, 0x13, text)));
        rdns.extend(self.organization.iter().map(|text| attribute(&oid::ORGANIZATION, 0x0C, text)));
        rdns.push(attribute(&oid::COMMON_NAME, 0x0C, &self.common_name));
        let domains = self.domain_components.iter();
        rdns.extend(domains.map(|text| attribute(&oid::DOMAIN_COMPONENT, 0x16, text)));
        der::tlv(0x30, &rdns.concat())
    }
}

/// An extension as it will stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionDer(pub(super) Vec<u8>);

impl ExtensionDer {
    pub(super) fn new(oid: &ObjectIdentifier, critical: Critical, value: &[u8]) -> Self {
        let (oid, value) = (der::oid(oid), der::octets(value));
        Self(match critical {
            Critical::Yes => der::sequence(&[&oid, &der::flag(), &value]),
            Critical::No => der::sequence(&[&oid, &value]),
        })
    }

    pub(super) fn key_usage(critical: Critical, usages: &[Usage]) -> Self {
        let bits = usages.iter().fold(0, |bits, usage| bits | *usage as u16);
        Self::new(&oid::KEY_USAGE, critical, &der::named_bits(bits))
    }

    pub(super) fn purpose(critical: Critical, purpose: Purpose) -> Self {
        let purpose = match purpose {
            Purpose::ServerAuth => oid::SERVER_AUTH,
            Purpose::ClientAuth => oid::CLIENT_AUTH,
            Purpose::OcspSigning => oid::OCSP_SIGNING,
        };
        Self::new(&oid::EXTENDED_KEY_USAGE, critical, &der::sequence(&[&der::oid(&purpose)]))
    }

    pub(super) fn leaf() -> Self {
        Self::new(&oid::BASIC_CONSTRAINTS, Critical::Yes, &der::sequence(&[]))
    }

    pub(super) fn authority(path_length: Option<u8>) -> Self {
        let path_length = path_length.map(der::small).unwrap_or_default();
        Self::new(&oid::BASIC_CONSTRAINTS, Critical::Yes, &der::sequence(&[&der::flag(), &path_length]))
    }

    pub(super) fn subject_key(identifier: &[u8]) -> Self {
        Self::new(&oid::SUBJECT_KEY_IDENTIFIER, Critical::No, &der::octets(identifier))
    }

    pub(super) fn authority_key(identifier: &[u8]) -> Self {
        let value = der::sequence(&[&der::tlv(0x80, identifier)]);
        Self::new(&oid::AUTHORITY_KEY_IDENTIFIER, Critical::No, &value)
    }

    pub(super) fn ocsp(uri: &str) -> Self {
        let access = der::sequence(&[&der::oid(&oid::OCSP), &der::tlv(0x86, uri.as_bytes())]);
        Self::new(&oid::AUTHORITY_INFO_ACCESS, Critical::No, &der::sequence(&[&access]))
    }

    pub(super) fn crl(uri: &str) -> Self {
        let name = der::explicit(0, &der::explicit(0, &der::tlv(0x86, uri.as_bytes())));
        let value = der::sequence(&[&der::sequence(&[&name])]);
        Self::new(&oid::CRL_DISTRIBUTION_POINTS, Critical::No, &value)
    }
}

/// Whether an extension is critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Critical {
    Yes,
    No,
}

/// A certificate before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Serial number, big-endian.
    pub serial: Vec<u8>,
    /// From when until when.
    pub validity: Validity,
    /// Whose it is.
    pub subject: Subject,
    /// The extensions in their order.
    pub extensions: Vec<ExtensionDer>,
}

impl Template {
    /// The certificate: for the key in `public_info`, in the name of `issuer` (DER), signed with `key`.
    pub fn sign(&self, public_info: &[u8], issuer: &[u8], key: &PrivateKey) -> Vec<u8> {
        let algorithm = der::sequence(&[&der::oid(&key.algorithm().signature_oid())]);
        let validity = [self.validity.not_before, self.validity.not_after].map(der::time).concat();
        let extensions: Vec<u8> = self.extensions.iter().flat_map(|extension| extension.0.clone()).collect();
        let extensions = match extensions.as_slice() {
            [] => Vec::new(),
            all => der::explicit(3, &der::tlv(0x30, all)),
        };
        let tbs = der::sequence(&[
            &der::explicit(0, &der::small(2)),
            &der::unsigned(&self.serial),
            &algorithm,
            issuer,
            &der::tlv(0x30, &validity),
            &self.subject.to_der(),
            public_info,
            &extensions,
        ]);
        signed(&tbs, &algorithm, key)
    }
}

/// A structure with its signature, as certificates, lists and responses have it.
pub(super) fn signed(tbs: &[u8], algorithm: &[u8], key: &PrivateKey) -> Vec<u8> {
    der::sequence(&[tbs, algorithm, &der::bit_string(&key.sign(tbs))])
}
