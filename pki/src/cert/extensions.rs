//! The extensions of certificates.

use core::fmt;

use der::Tag;
use der::asn1::ObjectIdentifier;

use crate::asn1::{Cursor, Tlv, implicit, named_bits};
use crate::error::{Flaw, Rule};
use crate::oid;

/// More extensions than any certificate of any profile has.
const MAX_EXTENSIONS: usize = 16;

/// What the extensions of a certificate say (RFC 5280, 4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a> {
    /// The identifier of the certificate's own key.
    pub subject_key: Option<&'a [u8]>,
    /// The identifier of the issuer's key.
    pub authority_key: Option<&'a [u8]>,
    /// What the key may be used for.
    pub key_usage: Option<KeyUsage>,
    /// Purposes beyond the key usage.
    pub extended_key_usage: Option<ExtendedKeyUsage>,
    /// Whether it is an authority.
    pub basic_constraints: Option<BasicConstraints>,
    /// Where an OCSP responder answers, a URI.
    pub ocsp_uri: Option<&'a str>,
    /// It names places where revocation lists can be had.
    pub crl_distribution_points: bool,
    /// Responses of this responder need no status of their own (RFC 6960, 4.2.2.2.1).
    pub ocsp_no_check: bool,
    /// It has an extension beyond AKI, SKI, KU, BC, certificatePolicies, CRLDP, AIA, SIA [V2G20-2686].
    pub beyond_contract: bool,
}

/// Whether a certificate is an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether it may issue certificates.
    pub authority: bool,
    /// How many authorities may follow below it.
    pub path_length: Option<u8>,
    /// The extension is critical.
    pub critical: bool,
}

/// Uses of a key, by their bit in the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Usage {
    /// Sign data other than certificates and lists.
    DigitalSignature = 0x8000,
    /// Sign what must not be denied.
    NonRepudiation = 0x4000,
    /// Encrypt keys.
    KeyEncipherment = 0x2000,
    /// Encrypt data.
    DataEncipherment = 0x1000,
    /// Agree on keys.
    KeyAgreement = 0x0800,
    /// Sign certificates.
    KeyCertSign = 0x0400,
    /// Sign revocation lists.
    CrlSign = 0x0200,
    /// With key agreement: only encrypt.
    EncipherOnly = 0x0100,
    /// With key agreement: only decrypt.
    DecipherOnly = 0x0080,
}

/// The key usage of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    bits: u16,
    /// The extension is critical.
    pub critical: bool,
}

impl KeyUsage {
    /// True if the key may be used so.
    pub const fn allows(self, usage: Usage) -> bool {
        self.bits & usage as u16 != 0
    }
}

impl fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyUsage({:09b})", self.bits >> 7)
    }
}

/// Purposes of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// TLS server.
    ServerAuth = 1,
    /// TLS client.
    ClientAuth = 2,
    /// Sign OCSP responses for the issuer.
    OcspSigning = 4,
}

/// The extended key usage of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedKeyUsage {
    purposes: u8,
    /// The extension is critical.
    pub critical: bool,
}

impl ExtendedKeyUsage {
    /// True if the purpose is named.
    pub const fn allows(self, purpose: Purpose) -> bool {
        self.purposes & purpose as u8 != 0
    }
}

/// What is done with an extension.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    SubjectKey,
    AuthorityKey,
    KeyUsage,
    Extended,
    Basic,
    CrlPoints,
    InfoAccess,
    NoCheck,
    /// Read by nobody here and harmless: policies without constraints, and access to the subject.
    Ignored,
    /// Its meaning would have to be enforced.
    Unsupported,
}

const KNOWN: [(ObjectIdentifier, Kind); 14] = [
    (oid::SUBJECT_KEY_IDENTIFIER, Kind::SubjectKey),
    (oid::AUTHORITY_KEY_IDENTIFIER, Kind::AuthorityKey),
    (oid::KEY_USAGE, Kind::KeyUsage),
    (oid::EXTENDED_KEY_USAGE, Kind::Extended),
    (oid::BASIC_CONSTRAINTS, Kind::Basic),
    (oid::CRL_DISTRIBUTION_POINTS, Kind::CrlPoints),
    (oid::AUTHORITY_INFO_ACCESS, Kind::InfoAccess),
    (oid::OCSP_NO_CHECK, Kind::NoCheck),
    (oid::CERTIFICATE_POLICIES, Kind::Ignored),
    (oid::SUBJECT_INFO_ACCESS, Kind::Ignored),
    (oid::NAME_CONSTRAINTS, Kind::Unsupported),
    (oid::POLICY_MAPPINGS, Kind::Unsupported),
    (oid::POLICY_CONSTRAINTS, Kind::Unsupported),
    (oid::INHIBIT_ANY_POLICY, Kind::Unsupported),
];

/// One extension as it stands.
#[derive(Clone, Copy)]
pub(crate) struct Extension<'a> {
    pub(crate) oid: Tlv<'a>,
    pub(crate) critical: bool,
    pub(crate) value: Tlv<'a>,
}

/// Walks the extensions in `list`, the SEQUENCE OF Extension, and refuses one that occurs twice.
pub(crate) fn each_extension<'a>(
    list: &mut Cursor<'a>,
    mut found: impl FnMut(Extension<'a>) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    if list.is_finished() {
        return Err(Flaw::new(Rule::Structure, list.position()));
    }
    let mut seen: [&[u8]; MAX_EXTENSIONS] = [&[]; MAX_EXTENSIONS];
    let mut count = 0;
    while !list.is_finished() {
        let mut inside = list.sequence()?;
        let oid = inside.oid()?;
        if seen.iter().take(count).any(|earlier| *earlier == oid.value) {
            return Err(oid.flaw(Rule::DuplicateExtension));
        }
        *seen.get_mut(count).ok_or(oid.flaw(Rule::TooManyExtensions))? = oid.value;
        count += 1;
        let critical = inside.flag()?;
        let value = inside.octets()?;
        inside.finish()?;
        found(Extension { oid, critical, value })?;
    }
    Ok(())
}

impl<'a> Extensions<'a> {
    pub(super) fn read(tlv: &Tlv<'a>) -> Result<Self, Flaw> {
        let mut outer = tlv.inside()?;
        let mut list = outer.sequence()?;
        outer.finish()?;
        let mut all = Self::default();
        each_extension(&mut list, |extension| all.take(&extension))?;
        Ok(all)
    }

    fn take(&mut self, extension: &Extension<'a>) -> Result<(), Flaw> {
        let Extension { oid, critical, value } = extension;
        let kind = KNOWN.iter().find(|(known, _)| oid::is(oid.value, known)).map(|(_, kind)| *kind);
        if matches!(kind, None | Some(Kind::Extended | Kind::NoCheck | Kind::Unsupported)) {
            self.beyond_contract = true;
        }
        let Some(kind) = kind else {
            return if *critical { Err(oid.flaw(Rule::UnknownCriticalExtension)) } else { Ok(()) };
        };
        let mut inside = Cursor::new(value.value, value.at)?;
        match kind {
            Kind::SubjectKey => self.subject_key = Some(inside.octets()?.value),
            Kind::AuthorityKey => {
                // Issuer and serial number may follow the key identifier; nothing here needs them.
                let mut parts = inside.sequence()?;
                self.authority_key = parts.optional(implicit(0))?.map(|key| key.value);
            }
            Kind::KeyUsage => {
                let bits = named_bits(&inside.expect(Tag::BitString)?)?;
                if bits == 0 {
                    return Err(value.flaw(Rule::KeyUsageMissing));
                }
                self.key_usage = Some(KeyUsage { bits, critical: *critical });
            }
            Kind::Extended => self.extended_key_usage = Some(extended(&mut inside, *critical)?),
            Kind::Basic => {
                let mut parts = inside.sequence()?;
                let authority = parts.flag()?;
                let path_length = if parts.is_finished() { None } else { Some(parts.small()?) };
                parts.finish()?;
                if path_length.is_some() && !authority {
                    return Err(value.flaw(Rule::Structure));
                }
                let critical = *critical;
                self.basic_constraints = Some(BasicConstraints { authority, path_length, critical });
            }
            Kind::CrlPoints => {
                inside.sequence()?;
                self.crl_distribution_points = true;
            }
            Kind::InfoAccess => self.ocsp_uri = ocsp_uri(&mut inside)?,
            Kind::NoCheck => {
                inside.expect(Tag::Null)?;
                self.ocsp_no_check = true;
            }
            Kind::Ignored => {
                inside.any()?;
            }
            Kind::Unsupported => return Err(oid.flaw(Rule::UnsupportedConstraint)),
        }
        inside.finish()
    }
}

fn extended(inside: &mut Cursor<'_>, critical: bool) -> Result<ExtendedKeyUsage, Flaw> {
    let mut list = inside.sequence()?;
    let mut purposes = 0;
    while !list.is_finished() {
        let purpose = list.oid()?.value;
        for (oid, known) in [
            (oid::SERVER_AUTH, Purpose::ServerAuth),
            (oid::CLIENT_AUTH, Purpose::ClientAuth),
            (oid::OCSP_SIGNING, Purpose::OcspSigning),
        ] {
            if oid::is(purpose, &oid) {
                purposes |= known as u8;
            }
        }
    }
    Ok(ExtendedKeyUsage { purposes, critical })
}

/// The first URI at which OCSP is spoken.
fn ocsp_uri<'a>(inside: &mut Cursor<'a>) -> Result<Option<&'a str>, Flaw> {
    let mut list = inside.sequence()?;
    let mut uri = None;
    while !list.is_finished() {
        let mut access = list.sequence()?;
        let method = access.oid()?.value;
        let location = access.any()?;
        access.finish()?;
        if uri.is_none() && oid::is(method, &oid::OCSP) && location.tag == implicit(6) {
            uri = core::str::from_utf8(location.value).ok().filter(|uri| uri.is_ascii());
        }
    }
    Ok(uri)
}
