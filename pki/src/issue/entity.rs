//! Who is in a hierarchy, and what their certificates say.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use super::Stream;
use super::certificate::{Critical, ExtensionDer, Subject, Template};
use crate::anchors::RootKind;
use crate::cert::{Purpose, Usage};
use crate::crypto::Algorithm;
use crate::oid;
use crate::policy::Edition;
use crate::profile::Role;
use crate::time::{Time, Validity};

/// What hierarchy is wanted. The same plan gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What all keys and serial numbers follow from.
    pub seed: [u8; 32],
    /// The algorithm of all keys.
    pub algorithm: Algorithm,
    /// Whose profiles.
    pub edition: Edition,
    /// From when on everything is valid.
    pub start: Time,
    /// How many contracts.
    pub contracts: u16,
    /// How long the key identifiers of contracts are.
    pub identifiers: IdentifierLength,
    /// How many authorities stand between root and leaf.
    pub levels: Levels,
}

impl Plan {
    /// P-521, the edition of 2022, one contract, two levels, identifiers of 8 bytes.
    pub const fn new(seed: [u8; 32], start: Time) -> Self {
        Self {
            seed,
            algorithm: Algorithm::P521,
            edition: Edition::Y2022,
            start,
            contracts: 1,
            identifiers: IdentifierLength::Eight,
            levels: Levels::Two,
        }
    }
}

/// How long the key identifiers of contracts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdentifierLength {
    /// Eight bytes, for which the wrapping of contract keys has room.
    #[default]
    Eight,
    /// Twenty bytes.
    Twenty,
}

/// How many authorities stand between root and leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Levels {
    /// One, with the profile of the lower.
    One,
    /// Two.
    #[default]
    Two,
}

/// Someone with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A root.
    Root(RootKind),
    /// Another V2G root with the name of the first.
    TwinRoot,
    /// The upper authority of a role.
    Upper(Branch),
    /// The lower authority of a role.
    Lower(Branch),
    /// The station.
    Secc,
    /// The vehicle.
    Vehicle,
    /// The vehicle's provisioning certificate.
    Provisioning,
    /// The certificate provisioning service.
    Cps,
    /// A contract, by its number.
    Contract(u16),
    /// The OCSP responder of a lower authority.
    Responder(Branch),
}

/// Who runs authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Branch {
    /// The operator of stations.
    Cpo,
    /// The manufacturer of vehicles.
    Oem,
    /// The mobility operator.
    Mo,
    /// The certificate provisioning service.
    Cps,
}

impl Branch {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cpo, Self::Oem, Self::Mo, Self::Cps];

    /// The root above its authorities.
    pub const fn root(self) -> RootKind {
        match self {
            Self::Cpo | Self::Cps => RootKind::V2g,
            Self::Oem => RootKind::Oem,
            Self::Mo => RootKind::Mo,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Cpo => "CPO",
            Self::Oem => "OEM",
            Self::Mo => "MO",
            Self::Cps => "CPS",
        }
    }

    const fn role(self) -> Role {
        match self {
            Self::Cpo => Role::Secc,
            Self::Oem => Role::Provisioning,
            Self::Mo => Role::Contract,
            Self::Cps => Role::Cps,
        }
    }
}

impl Entity {
    /// The entity that certifies this one; roots certify themselves.
    #[must_use]
    pub const fn issuer(self, levels: Levels) -> Self {
        match self {
            Self::Root(_) | Self::TwinRoot => self,
            Self::Upper(branch) => Self::Root(branch.root()),
            Self::Lower(branch) => match levels {
                Levels::One => Self::Root(branch.root()),
                Levels::Two => Self::Upper(branch),
            },
            Self::Secc => Self::Lower(Branch::Cpo),
            Self::Vehicle | Self::Provisioning => Self::Lower(Branch::Oem),
            Self::Cps => Self::Lower(Branch::Cps),
            Self::Contract(_) => Self::Lower(Branch::Mo),
            Self::Responder(branch) => Self::Lower(branch),
        }
    }

    /// The leaf of a role.
    pub const fn leaf(role: Role) -> Option<Self> {
        Some(match role {
            Role::Secc => Self::Secc,
            Role::Vehicle => Self::Vehicle,
            Role::Contract => Self::Contract(0),
            Role::Provisioning => Self::Provisioning,
            Role::Cps => Self::Cps,
            Role::Other => return None,
        })
    }

    /// A name for files and seeds.
    pub fn label(self) -> String {
        match self {
            Self::Root(RootKind::V2g) => "v2g-root".to_owned(),
            Self::Root(RootKind::Oem) => "oem-root".to_owned(),
            Self::Root(RootKind::Mo) => "mo-root".to_owned(),
            Self::Root(RootKind::Private) => "private-root".to_owned(),
            Self::TwinRoot => "v2g-root-twin".to_owned(),
            Self::Upper(branch) => format!("{}-sub-ca1", branch.name().to_ascii_lowercase()),
            Self::Lower(branch) => format!("{}-sub-ca2", branch.name().to_ascii_lowercase()),
            Self::Secc => "secc".to_owned(),
            Self::Vehicle => "vehicle".to_owned(),
            Self::Provisioning => "provisioning".to_owned(),
            Self::Cps => "cps".to_owned(),
            Self::Contract(number) => format!("contract-{number}"),
            Self::Responder(branch) => format!("{}-ocsp", branch.name().to_ascii_lowercase()),
        }
    }

    /// Days of validity: as practised, and each inside that of its issuer.
    const fn days(self) -> i64 {
        match self {
            Self::Root(_) | Self::TwinRoot => 40 * 365,
            Self::Upper(_) => 12 * 365,
            Self::Lower(_) => 8 * 365,
            Self::Secc | Self::Cps => 90,
            Self::Vehicle | Self::Provisioning => 5 * 365,
            Self::Contract(_) => 2 * 365,
            Self::Responder(_) => 365,
        }
    }

    fn subject(self, plan: &Plan) -> Subject {
        let domain = |name: Option<&str>| name.map(ToOwned::to_owned).into_iter().collect::<Vec<_>>();
        let of = |role: Role| domain(role.domain_component(plan.edition));
        let (common_name, organization, domain_components) = match self {
            Self::Root(kind) => (format!("{} root", root_name(kind)), "V2G roots", Vec::new()),
            Self::TwinRoot => return Self::Root(RootKind::V2g).subject(plan),
            Self::Upper(branch) | Self::Lower(branch) => {
                let number = if matches!(self, Self::Upper(_)) { 1 } else { 2 };
                let name = format!("{} sub-CA {number}", branch.name());
                (name, "V2G authorities", of(branch.role()))
            }
            Self::Secc => {
                let name = "DEABCS000102030405060708090A0B0C0D0E0F107".to_owned();
                (name, "Operator", of(Role::Secc))
            }
            Self::Vehicle => ("WMIV1234567890ABCDEX".to_owned(), "Manufacturer", of(Role::Vehicle)),
            Self::Provisioning => ("WMIPROV12345678905".to_owned(), "Manufacturer", of(Role::Provisioning)),
            Self::Cps => ("CPS".to_owned(), "Provider", of(Role::Cps)),
            Self::Contract(number) => (emaid(number), "Mobility", of(Role::Contract)),
            Self::Responder(branch) => (format!("{} OCSP", branch.name()), "V2G authorities", Vec::new()),
        };
        Subject {
            country: Some("DE".to_owned()),
            organization: Some(organization.to_owned()),
            common_name,
            domain_components,
        }
    }

    /// What the certificate says, for a key with this public part and an issuer with that one; both as certificates
    /// have them.
    pub fn template(self, plan: &Plan, public: &[u8], issuer_public: &[u8]) -> Template {
        let mut serial = [0; 16];
        Stream::new(&plan.seed, &format!("serial {}", self.label())).fill(&mut serial);
        // Positive, and of full length.
        serial[0] = serial[0] & 0x7F | 0x40;
        let validity = Validity { not_before: plan.start, not_after: plan.start.plus(self.days() * 86_400) };
        Template {
            serial: serial.to_vec(),
            validity,
            subject: self.subject(plan),
            extensions: self.extensions(plan, public, issuer_public),
        }
    }

    fn extensions(self, plan: &Plan, public: &[u8], issuer_public: &[u8]) -> Vec<ExtensionDer> {
        let mut all = Vec::new();
        all.push(match self {
            Self::Root(_) | Self::TwinRoot => ExtensionDer::authority(None),
            Self::Upper(_) => ExtensionDer::authority(Some(1)),
            Self::Lower(_) => ExtensionDer::authority(Some(0)),
            _ => ExtensionDer::leaf(),
        });
        all.push(ExtensionDer::key_usage(Critical::Yes, self.usages(plan)));
        all.push(ExtensionDer::subject_key(&key_identifier(public, self.identifier_length(plan))));
        if self.issuer(plan.levels) != self {
            let length = self.issuer(plan.levels).identifier_length(plan);
            all.push(ExtensionDer::authority_key(&key_identifier(issuer_public, length)));
        }
        let purpose = match self {
            Self::Secc => Some(Purpose::ServerAuth),
            Self::Vehicle => Some(Purpose::ClientAuth),
            Self::Responder(_) => Some(Purpose::OcspSigning),
            _ => None,
        };
        all.extend(purpose.map(|purpose| ExtensionDer::purpose(Critical::Yes, purpose)));
        match self {
            Self::Root(_) | Self::TwinRoot | Self::Responder(_) => {}
            Self::Contract(_) => all.push(ExtensionDer::crl("http://crl.example.com/mo.crl")),
            _ => all.push(ExtensionDer::ocsp("http://ocsp.example.com/")),
        }
        if matches!(self, Self::Responder(_)) {
            all.push(ExtensionDer::new(&oid::OCSP_NO_CHECK, Critical::No, &super::der::null()));
        }
        all
    }

    fn usages(self, plan: &Plan) -> &'static [Usage] {
        let agrees = plan.algorithm != Algorithm::Ed448;
        match self {
            Self::Root(_) | Self::TwinRoot | Self::Upper(_) | Self::Lower(_) => {
                &[Usage::KeyCertSign, Usage::CrlSign]
            }
            Self::Contract(_) if plan.edition == Edition::Iso2 => {
                &[Usage::DigitalSignature, Usage::NonRepudiation, Usage::KeyEncipherment, Usage::KeyAgreement]
            }
            Self::Secc | Self::Provisioning if agrees => &[Usage::DigitalSignature, Usage::KeyAgreement],
            _ => &[Usage::DigitalSignature],
        }
    }

    fn identifier_length(self, plan: &Plan) -> IdentifierLength {
        if matches!(self, Self::Contract(_)) { plan.identifiers } else { IdentifierLength::Twenty }
    }
}

const fn root_name(kind: RootKind) -> &'static str {
    match kind {
        RootKind::V2g => "V2G",
        RootKind::Oem => "OEM",
        RootKind::Mo => "MO",
        RootKind::Private => "Private",
    }
}

/// The eMAID of a contract, with the right check character.
fn emaid(number: u16) -> String {
    let body = format!("DE8AA{number:09}");
    let check = ('0'..='9').chain('A'..='Z').find(|check| {
        crate::ids::Emaid::parse(&format!("{body}{check}"))
            .is_some_and(|id| id.check() == crate::ids::Check::Right)
    });
    format!("{body}{}", check.unwrap_or('0'))
}

/// Of the public key: SHA-256 instead of the SHA-1 of RFC 5280, as RFC 7093 allows.
fn key_identifier(public: &[u8], length: IdentifierLength) -> Vec<u8> {
    let digest = Sha256::digest(public);
    match length {
        IdentifierLength::Twenty => digest.iter().take(20).copied().collect(),
        IdentifierLength::Eight => {
            let mut identifier: Vec<u8> = digest.iter().skip(24).copied().collect();
            if let Some(first) = identifier.first_mut() {
                *first = *first & 0x0F | 0x40;
            }
            identifier
        }
    }
}
