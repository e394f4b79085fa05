//! A certificate as a view of its DER.

mod extensions;

use core::fmt;

use der::Tag;
use exi_codec::Integer;

pub(crate) use extensions::each_extension;
pub use extensions::{BasicConstraints, ExtendedKeyUsage, Extensions, KeyUsage, Purpose, Usage};

use crate::asn1::{Cursor, explicit, implicit, magnitude};
use crate::crypto::{KeyInfo, SignatureInfo};
use crate::error::{Error, Flaw, Rule, Subject};
use crate::name::Name;
use crate::time::Validity;

/// An X.509 certificate, version 3: a view of its DER, every structure of it checked (RFC 5280, 4.1).
///
/// Reading it says nothing about trust; [`validate`](crate::validate) does.
#[derive(Clone, Copy)]
pub struct Certificate<'a> {
    der: &'a [u8],
    tbs: &'a [u8],
    serial: &'a [u8],
    issuer: Name<'a>,
    subject: Name<'a>,
    validity: Validity,
    key: KeyInfo<'a>,
    extensions: Extensions<'a>,
    algorithm: SignatureInfo<'a>,
    signature: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate that fills `der`.
    ///
    /// # Errors
    /// It is no certificate that any role of V2G could have; the [`Rule`] says why.
    pub fn parse(der: &'a [u8]) -> Result<Self, Error> {
        Self::read(der).map_err(|flaw| flaw.of(Subject::Certificate(0)))
    }

    pub(crate) fn read(der: &'a [u8]) -> Result<Self, Flaw> {
        let mut outer = Cursor::new(der, 0)?;
        let mut parts = outer.sequence()?;
        outer.finish()?;

        let tbs = parts.expect(Tag::Sequence)?;
        let algorithm = SignatureInfo::read(&mut parts)?;
        let signature = parts.bit_string()?;
        parts.finish()?;

        let mut fields = tbs.inside()?;
        let version = fields.optional(explicit(0))?.ok_or(tbs.flaw(Rule::Version))?;
        let mut number = version.inside()?;
        if number.small()? != 2 {
            return Err(version.flaw(Rule::Version));
        }
        number.finish()?;
        let serial = fields.integer()?;
        let magnitude = magnitude(serial.value);
        if serial.value.first().is_none_or(|first| first & 0x80 != 0)
            || magnitude == [0]
            || magnitude.len() > 20
        {
            return Err(serial.flaw(Rule::Serial));
        }
        let stated = fields.position();
        if SignatureInfo::read(&mut fields)? != algorithm {
            return Err(Flaw::new(Rule::AlgorithmMismatch, stated));
        }
        let issuer = Name::read(&mut fields)?;
        let validity = Validity::read(&mut fields)?;
        let subject = Name::read(&mut fields)?;
        let key = KeyInfo::read(&mut fields)?;
        // Unique identifiers: conforming authorities do not write them.
        if fields.optional(implicit(1))?.is_some() || fields.optional(implicit(2))?.is_some() {
            return Err(Flaw::new(Rule::Structure, fields.position()));
        }
        let extensions = match fields.optional(explicit(3))? {
            Some(tlv) => Extensions::read(&tlv)?,
            None => Extensions::default(),
        };
        fields.finish()?;
        Ok(Self {
            der,
            tbs: tbs.whole,
            serial: magnitude,
            issuer,
            subject,
            validity,
            key,
            extensions,
            algorithm,
            signature,
        })
    }

    /// The whole certificate.
    pub const fn der(&self) -> &'a [u8] {
        self.der
    }

    /// The part that is signed.
    pub const fn tbs(&self) -> &'a [u8] {
        self.tbs
    }

    /// The serial number, big-endian without leading zeros.
    pub const fn serial(&self) -> &'a [u8] {
        self.serial
    }

    /// The serial number as messages carry it.
    pub const fn serial_integer(&self) -> Integer<'a> {
        Integer::from_be_bytes(self.serial)
    }

    /// Who issued it.
    pub const fn issuer(&self) -> &Name<'a> {
        &self.issuer
    }

    /// Whose it is.
    pub const fn subject(&self) -> &Name<'a> {
        &self.subject
    }

    /// From when until when.
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The public key.
    pub const fn key(&self) -> &KeyInfo<'a> {
        &self.key
    }

    /// What the extensions say.
    pub const fn extensions(&self) -> &Extensions<'a> {
        &self.extensions
    }

    /// With what it is signed.
    pub const fn signature_algorithm(&self) -> &SignatureInfo<'a> {
        &self.algorithm
    }

    /// The signature.
    pub const fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// True if issuer and subject are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.issuer.matches(&self.subject)
    }
}

impl PartialEq for Certificate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate<'_> {}

impl fmt::Debug for Certificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("validity", &self.validity)
            .field("extensions", &self.extensions)
            .finish_non_exhaustive()
    }
}
