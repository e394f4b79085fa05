//! What certificates of each role look like.

use crate::anchors::RootKind;
use crate::cert::{Certificate, Purpose, Usage};
use crate::crypto::Algorithm;
use crate::error::Rule;
use crate::ids::{Emaid, EvccId, Pcid, SeccId};
use crate::path::Warnings;
use crate::policy::{Conformance, Edition, Policy};

/// What a leaf is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A station as TLS server.
    Secc,
    /// A vehicle as TLS client.
    Vehicle,
    /// A contract: signs AuthorizationReq.
    Contract,
    /// A vehicle that asks for a contract: signs CertificateInstallationReq and receives the key.
    Provisioning,
    /// A certificate provisioning service: signs what is installed.
    Cps,
    /// Any other: RFC 5280 without a profile, for tools and tests. Roots of all kinds certify it.
    Other,
}

impl Role {
    /// Kinds of roots that may certify the role, the likeliest first [V2G20-2329, 2331, 2333].
    pub const fn roots(self) -> &'static [RootKind] {
        match self {
            Self::Secc => &[RootKind::V2g, RootKind::Private],
            Self::Vehicle | Self::Provisioning => &[RootKind::Oem, RootKind::V2g],
            Self::Contract => &[RootKind::Mo, RootKind::V2g],
            Self::Cps => &[RootKind::V2g],
            Self::Other => &[RootKind::V2g, RootKind::Oem, RootKind::Mo, RootKind::Private],
        }
    }

    /// The domain component of the role's certificates, [V2G20] annex B.
    pub const /// One of the expected components is there; with nothing expected, anything will do.
fn domain_component(certificate: &Certificate<'_>, expected: &[&str], policy: &Policy) -> Result<(), Rule> {
    let mut components = certificate.subject().domain_components();
    let found = match policy.edition {
        // "Ends with": others may stand before it.
        Edition::Amd1 => components.last().is_some_and(|component| expected.contains(&component)),
        Edition::Y2022 | Edition::Iso2 => components.any(|component| expected.contains(&component)),
    };
    if found || expected.is_empty() { Ok(()) } else { Err(Rule::DomainComponent) }
}

/// Checks an authority below the root against the role of its leaf.
pub(crate) fn authority(certificate: &Certificate<'_>, role: Role, policy: &Policy) -> Result<(), Rule> {
    if role == Role::Other {
        return Ok(());
    }
    let extensions = certificate.extensions();
    key_identifiers(certificate)?;
    let strict = policy.conformance == Conformance::Strict;
    let constraints = extensions.basic_constraints.ok_or(Rule::BasicConstraintsMissing)?;
    let usage = extensions.key_usage.ok_or(Rule::KeyUsageMissing)?;
    if strict && (!constraints.critical || !usage.critical) {
        return Err(Rule::NotCritical);
    }
    if strict && constraints.path_length.is_none() {
        return Err(Rule::PathLength);
    }
    if extensions.extended_key_usage.is_some() {
        return Err(Rule::ExtendedKeyUsageForbidden);
    }
    if !strict {
        return Ok(());
    }
    if certificate.subject().organization().is_none() {
        return Err(Rule::SubjectAttribute);
    }
    domain_component(certificate, role.authority_domain_components(policy.edition), policy)
}

/// 20 bytes by method 1 of RFC 5280, 4.2.1.2, or 8 bytes by method 2 with its first digit.
fn key_identifiers(certificate: &Certificate<'_>) -> Result<(), Rule> {
    let extensions = certificate.extensions();
    let formed = |identifier: &[u8]| match identifier {
        [first, rest @ ..] if rest.len() == 7 => first >> 4 == 0b0100,
        _ => identifier.len() == 20,
    };
    let mut identifiers = [extensions.subject_key, extensions.authority_key].into_iter().flatten();
    if identifiers.all(formed) { Ok(()) } else { Err(Rule::KeyIdentifierLength) }
}

/// Checks that the common name has the form of the role's identifier.
pub(crate) fn identity(
    certificate: &Certificate<'_>,
    role: Role,
    policy: &Policy,
    warnings: &mut Warnings,
) -> Result<(), Rule> {
    if matches!(role, Role::Cps | Role::Other) {
        return Ok(());
    }
    let name = certificate.subject().common_name().ok_or(Rule::CommonName)?;
    let check = match role {
        Role::Secc if policy.edition == Edition::Iso2 => return Ok(()),
        Role::Secc => SeccId::parse(name).map(|_| None),
        Role::Vehicle => EvccId::parse(name).map(|id| Some(id.check())),
        Role::Contract => Emaid::parse(name).map(|id| Some(id.check())),
        Role::Provisioning => Pcid::parse(name).map(|_| None),
        Role::Cps | Role::Other => return Ok(()),
    };
    match check {
        Some(check) => {
            if check == Some(crate::ids::Check::Wrong) {
                warnings.check_character = true;
            }
        }
        None if policy.conformance == Conformance::Lab && !name.is_empty() => {}
        None => return Err(Rule::CommonName),
    }
    if role == Role::Contract && certificate.extensions().subject_key.is_some_and(|key| key.len() != 8) {
        warnings.long_key_identifier = true;
    }
    Ok(())
}
