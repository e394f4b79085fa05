//! The roots that are trusted, and for what.

use crate::cert::Certificate;
use crate::crypto::Verifier;
use crate::error::{Error, Flaw, Rule, Subject};

/// Whose root it is. One certificate can be configured as several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum RootKind {
    /// A V2G root: may certify every role.
    V2g = 1,
    /// A vehicle manufacturer's.
    Oem = 2,
    /// A mobility operator's (eMSP).
    Mo = 3,
    /// A private root of a depot or home, for stations.
    Private = 4,
}

impl RootKind {
    /// The kind with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::V2g,
            2 => Self::Oem,
            3 => Self::Mo,
            4 => Self::Private,
            _ => return None,
        })
    }
}

/// A root certificate from local configuration. What a peer sends never becomes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor<'a> {
    kind: RootKind,
    der: &'a [u8],
}

impl<'a> Anchor<'a> {
    /// A root whose certificate was checked when it was stored.
    pub const fn new(kind: RootKind, der: &'a [u8]) -> Self {
        Self { kind, der }
    }

    /// A root that is checked now: self-signed, an authority that may sign certificates. For whoever configures.
    ///
    /// # Errors
    /// It is no root; subject is [`Subject::Root`] 0.
    pub fn checked(kind: RootKind, der: &'a [u8], verifier: &dyn Verifier) -> Result<Self, Error> {
        let check = || {
            let root = Certificate::read(der)?;
            if !root.is_self_issued() {
                return Err(Flaw::from(Rule::NotSelfSigned));
            }
            authority(&root)?;
            verifier.check_key(root.key())?;
            verifier
                .verify(root.key(), root.signature_algorithm(), root.tbs(), root.signature())
                .map_err(|_| Flaw::from(Rule::NotSelfSigned))
        };
        check().map_err(|flaw| flaw.of(Subject::Root(0)))?;
        Ok(Self { kind, der })
    }

    /// Whose root it is.
    pub const fn kind(&self) -> RootKind {
        self.kind
    }

    /// The certificate.
    pub const fn der(&self) -> &'a [u8] {
        self.der
    }
}

/// May sign certificates (RFC 5280, 6.1.4 k, n).
pub(crate) fn authority(certificate: &Certificate<'_>) -> Result<(), Rule> {
    use crate::cert::Usage;
    let extensions = certificate.extensions();
    if !extensions.basic_constraints.is_some_and(|constraints| constraints.authority) {
        return Err(Rule::NotAuthority);
    }
    match extensions.key_usage {
        Some(usage) if !usage.allows(Usage::KeyCertSign) => Err(Rule::NoCertSign),
        _ => Ok(()),
    }
}

/// The roots that are trusted, in an order that does not change.
pub trait Anchors {
    /// The root at `index`, or None beyond the last.
    fn anchor(&self, index: usize) -> Option<Anchor<'_>>;
}

impl Anchors for &[Anchor<'_>] {
    fn anchor(&self, index: usize) -> Option<Anchor<'_>> {
        self.get(index).copied()
    }
}

impl<const N: usize> Anchors for [Anchor<'_>; N] {
    fn anchor(&self, index: usize) -> Option<Anchor<'_>> {
        self.get(index).copied()
    }
}
