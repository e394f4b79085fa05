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

    /// The domain component of the role's certificates, ISO 15118-20, annex B.
    pub const fn domain_component(self, edition: Edition) -> Option<&'static str> {
        match (self, edition) {
            (Self::Secc, Edition::Amd1) => Some("CSO"),
            (Self::Secc, _) => Some("CPO"),
            (Self::Vehicle, Edition::Amd1) => Some("EV"),
            (Self::Contract, Edition::Amd1) => Some("MSP"),
            (Self::Contract, _) => Some("MO"),
            (Self::Provisioning, _) => Some("OEM"),
            (Self::Cps, _) => Some("CPS"),
            (Self::Vehicle | Self::Other, _) => None,
        }
    }

    /// The domain components that the role's authorities may have. They keep those of one role from certifying
    /// another under the same V2G root. Vehicles and provisioning certificates may share their authorities.
    pub const fn authority_domain_components(self, edition: Edition) -> &'static [&'static str] {
        match (self, edition) {
            (Self::Secc, Edition::Amd1) => &["CSO"],
            (Self::Secc, _) => &["CPO"],
            (Self::Vehicle | Self::Provisioning, Edition::Amd1) => &["OEM", "EV"],
            (Self::Vehicle | Self::Provisioning, _) => &["OEM"],
            (Self::Contract, Edition::Amd1) => &["MSP"],
            (Self::Contract, _) => &["MO"],
            (Self::Cps, _) => &["CPS"],
            (Self::Other, _) => &[],
        }
    }

    /// The uses that a leaf must have.
    fn uses(self, edition: Edition) -> &'static [Usage] {
        match (self, edition) {
            (Self::Other, _) => &[],
            (Self::Contract, Edition::Iso2) => {
                &[Usage::DigitalSignature, Usage::NonRepudiation, Usage::KeyEncipherment, Usage::KeyAgreement]
            }
            (Self::Secc, Edition::Iso2) | (Self::Provisioning, _) => {
                &[Usage::DigitalSignature, Usage::KeyAgreement]
            }
            _ => &[Usage::DigitalSignature],
        }
    }

    /// The uses that a leaf must not have. Of contracts [V2G20-2590].
    fn forbidden_uses(self, edition: Edition) -> &'static [Usage] {
        match (self, edition) {
            (Self::Other, _) => &[],
            (Self::Contract, Edition::Y2022 | Edition::Amd1) => &[
                Usage::KeyCertSign,
                Usage::CrlSign,
                Usage::DataEncipherment,
                Usage::EncipherOnly,
                Usage::DecipherOnly,
            ],
            _ => &[Usage::KeyCertSign, Usage::CrlSign],
        }
    }
}

/// Checks a leaf against its role.
pub(crate) fn leaf(certificate: &Certificate<'_>, role: Role, policy: &Policy) -> Result<(), Rule> {
    if role == Role::Other {
        return Ok(());
    }
    if role == Role::Vehicle && policy.edition == Edition::Iso2 {
        return Err(Rule::RoleUnknown);
    }
    let strict = policy.conformance == Conformance::Strict;
    let extensions = certificate.extensions();
    key_identifiers(certificate)?;

    match extensions.basic_constraints {
        None if strict => return Err(Rule::BasicConstraintsMissing),
        Some(constraints) if constraints.authority => return Err(Rule::LeafIsAuthority),
        Some(constraints) if strict && !constraints.critical => return Err(Rule::NotCritical),
        _ => {}
    }
    let usage = extensions.key_usage.ok_or(Rule::KeyUsageMissing)?;
    if strict && !usage.critical {
        return Err(Rule::NotCritical);
    }
    // Ed448 cannot agree on keys; the key for that is another [V2G20-2319].
    let needed = |needed: &&Usage| {
        **needed != Usage::KeyAgreement || certificate.key().algorithm() != Ok(Algorithm::Ed448)
    };
    let needed = role.uses(policy.edition).iter().filter(needed);
    // In laboratories a signing key is a signing key.
    let mut needed = needed.filter(|usage| strict || **usage == Usage::DigitalSignature);
    if !needed.all(|needed| usage.allows(*needed)) {
        return Err(Rule::KeyUsageLacking);
    }
    if role.forbidden_uses(policy.edition).iter().any(|forbidden| usage.allows(*forbidden)) {
        return Err(Rule::KeyUsageForbidden);
    }
    purposes(certificate, role, policy)?;
    subject(certificate, role, policy)
}

/// The extended key usage.
fn purposes(certificate: &Certificate<'_>, role: Role, policy: &Policy) -> Result<(), Rule> {
    let strict = policy.conformance == Conformance::Strict;
    let extensions = certificate.extensions();
    let purpose = match (role, policy.edition) {
        (_, Edition::Iso2) => return Ok(()),
        (Role::Secc, _) => Purpose::ServerAuth,
        (Role::Vehicle, _) => Purpose::ClientAuth,
        (Role::Contract, _) => {
            return match extensions.extended_key_usage {
                Some(_) => Err(Rule::ExtendedKeyUsageForbidden),
                None if strict && extensions.beyond_contract => Err(Rule::ExtensionForbidden),
                None => Ok(()),
            };
        }
        _ => return Ok(()),
    };
    match extensions.extended_key_usage {
        Some(usage) if !usage.allows(purpose) => Err(Rule::ExtendedKeyUsage),
        Some(usage) if strict && !usage.critical => Err(Rule::NotCritical),
        Some(_) => Ok(()),
        // For vehicles the first edition only recommends it.
        None if !strict || (role == Role::Vehicle && policy.edition == Edition::Y2022) => Ok(()),
        None => Err(Rule::ExtendedKeyUsage),
    }
}

/// Organization, country, domain components.
fn subject(certificate: &Certificate<'_>, role: Role, policy: &Policy) -> Result<(), Rule> {
    if policy.conformance == Conformance::Lab {
        return Ok(());
    }
    let subject = certificate.subject();
    let length = |text: &str| (1..=64).contains(&text.chars().count());
    if !subject.organization().is_some_and(length) {
        return Err(Rule::SubjectAttribute);
    }
    let country = subject.country();
    let two_capitals = |text: &str| text.len() == 2 && text.bytes().all(|c| c.is_ascii_uppercase());
    if country.is_some_and(|country| !two_capitals(country)) || (role == Role::Secc && country.is_none()) {
        return Err(Rule::SubjectAttribute);
    }
    domain_component(certificate, role.domain_component(policy.edition).as_slice(), policy)?;
    // "Exactly one" in Amendment 1: a vehicle is not also something else.
    let vehicle = role == Role::Vehicle && policy.edition == Edition::Amd1;
    if vehicle && subject.domain_components().count() != 1 {
        return Err(Rule::DomainComponent);
    }
    Ok(())
}

/// One of the expected components is there; with nothing expected, anything will do.
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
