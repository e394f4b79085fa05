//! The same PKI as other open stacks read it: their folders, their names, PEM and DER, keys encrypted with the passphrase that
//! stands in a file beside them.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use v2g_pki::RootKind;
use v2g_pki::issue::{Branch, Entity, Hierarchy};

use super::files::{self, Access};
use super::keys::{self, Passphrase};
use crate::failure::Failure;

/// `--layout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// Of Josev, the Python stack: DIR/josev/iso15118_2, which it reads for -20 too. It has one leaf for TLS and
    /// provisioning, which here is the vehicle's, and one contract.
    Josev,
    /// Of EVerest: DIR/everest/certs. One contract.
    Everest,
}

/// What both stacks have in their own examples.
const PASSPHRASE: &str = "12345";

/// A certificate, and what it and its key are called.
struct File {
    entity: Entity,
    certificate: &'static str,
    key: &'static str,
    password: Option<&'static str>,
}

const fn file(entity: Entity, certificate: &'static str, key: &'static str) -> File {
    File { entity, certificate, key, password: None }
}

const fn leaf(entity: Entity, certificate: &'static str, key: &'static str, password: &'static str) -> File {
    File { entity, certificate, key, password: Some(password) }
}

/// A chain in one file, leaf first, without the root.
struct Bundle {
    path: &'static str,
    of: Entity,
    from: usize,
}

const JOSEV: &[File] = &[
    file(Entity::Root(RootKind::V2g), "certs/v2gRootCACert", "private_keys/v2gRootCA.key"),
    file(Entity::Root(RootKind::Oem), "certs/oemRootCACert", "private_keys/oemRootCA.key"),
    file(Entity::Root(RootKind::Mo), "certs/moRootCACert", "private_keys/moRootCA.key"),
    file(Entity::Upper(Branch::Cpo), "certs/cpoSubCA1Cert", "private_keys/cpoSubCA1.key"),
    file(Entity::Lower(Branch::Cpo), "certs/cpoSubCA2Cert", "private_keys/cpoSubCA2.key"),
    file(Entity::Upper(Branch::Oem), "certs/oemSubCA1Cert", "private_keys/oemSubCA1.key"),
    file(Entity::Lower(Branch::Oem), "certs/oemSubCA2Cert", "private_keys/oemSubCA2.key"),
    file(Entity::Upper(Branch::Mo), "certs/moSubCA1Cert", "private_keys/moSubCA1.key"),
    leaf(
        Entity::Lower(Branch::Mo),
        "certs/moSubCA2Cert",
        "private_keys/moSubCA2.key",
        "private_keys/moSubCA2LeafPassword.txt",
    ),
    file(Entity::Upper(Branch::Cps), "certs/cpsSubCA1Cert", "private_keys/cpsSubCA1.key"),
    file(Entity::Lower(Branch::Cps), "certs/cpsSubCA2Cert", "private_keys/cpsSubCA2.key"),
    leaf(
        Entity::Secc,
        "certs/seccLeafCert",
        "private_keys/seccLeaf.key",
        "private_keys/seccLeafPassword.txt",
    ),
    leaf(
        Entity::Vehicle,
        "certs/oemLeafCert",
        "private_keys/oemLeaf.key",
        "private_keys/oemLeafPassword.txt",
    ),
    leaf(
        Entity::Contract(0),
        "certs/contractLeafCert",
        "private_keys/contractLeaf.key",
        "private_keys/contractLeafPassword.txt",
    ),
    leaf(Entity::Cps, "certs/cpsLeafCert", "private_keys/cpsLeaf.key", "private_keys/cpsLeafPassword.txt"),
];

const JOSEV_BUNDLES: &[Bundle] = &[
    Bundle { path: "certs/cpoCertChain.pem", of: Entity::Secc, from: 0 },
    Bundle { path: "certs/oemCertChain.pem", of: Entity::Vehicle, from: 0 },
];

const EVEREST: &[File] = &[
    file(Entity::Root(RootKind::V2g), "ca/v2g/V2G_ROOT_CA", "client/v2g/V2G_ROOT_CA.key"),
    file(Entity::Root(RootKind::Oem), "ca/oem/OEM_ROOT_CA", "client/oem/OEM_ROOT_CA.key"),
    file(Entity::Root(RootKind::Mo), "ca/mo/MO_ROOT_CA", "client/mo/MO_ROOT_CA.key"),
    file(Entity::Upper(Branch::Cpo), "ca/cso/CPO_SUB_CA1", "client/cso/CPO_SUB_CA1.key"),
    file(Entity::Lower(Branch::Cpo), "ca/cso/CPO_SUB_CA2", "client/cso/CPO_SUB_CA2.key"),
    file(Entity::Upper(Branch::Oem), "ca/oem/OEM_SUB_CA1", "client/oem/OEM_SUB_CA1.key"),
    file(Entity::Lower(Branch::Oem), "ca/oem/OEM_SUB_CA2", "client/oem/OEM_SUB_CA2.key"),
    file(Entity::Upper(Branch::Mo), "ca/mo/MO_SUB_CA1", "client/mo/MO_SUB_CA1.key"),
    file(Entity::Lower(Branch::Mo), "ca/mo/MO_SUB_CA2", "client/mo/MO_SUB_CA2.key"),
    file(Entity::Upper(Branch::Cps), "ca/cps/CPS_SUB_CA1", "client/cps/CPS_SUB_CA1.key"),
    file(Entity::Lower(Branch::Cps), "ca/cps/CPS_SUB_CA2", "client/cps/CPS_SUB_CA2.key"),
    leaf(
        Entity::Secc,
        "client/cso/SECC_LEAF",
        "client/cso/SECC_LEAF.key",
        "client/cso/SECC_LEAF_PASSWORD.txt",
    ),
    leaf(
        Entity::Vehicle,
        "client/vehicle/VEHICLE_LEAF",
        "client/vehicle/VEHICLE_LEAF.key",
        "client/vehicle/VEHICLE_LEAF_PASSWORD.txt",
    ),
    leaf(
        Entity::Provisioning,
        "client/oem/OEM_LEAF",
        "client/oem/OEM_LEAF.key",
        "client/oem/OEM_LEAF_PASSWORD.txt",
    ),
    leaf(Entity::Contract(0), "client/mo/MO_LEAF", "client/mo/MO_LEAF.key", "client/mo/MO_LEAF_PASSWORD.txt"),
    leaf(Entity::Cps, "client/cps/CPS_LEAF", "client/cps/CPS_LEAF.key", "client/cps/CPS_LEAF_PASSWORD.txt"),
];

const EVEREST_BUNDLES: &[Bundle] = &[
    Bundle { path: "client/cso/CPO_CERT_CHAIN.pem", of: Entity::Secc, from: 0 },
    Bundle { path: "ca/vehicle/VEHICLE_CERT_CHAIN.pem", of: Entity::Vehicle, from: 0 },
    Bundle { path: "ca/oem/OEM_CERT_CHAIN.pem", of: Entity::Provisioning, from: 0 },
    Bundle { path: "ca/mo/INTERMEDIATE_MO_CA_CERTS.pem", of: Entity::Contract(0), from: 1 },
];

impl Layout {
    /// Writes a hierarchy into the folder of the layout below `base`.
    pub(super) fn write(
        self,
        hierarchy: &Hierarchy,
        base: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<PathBuf, Failure> {
        let (inside, entries, bundles) = match self {
            Self::Josev => ("josev/iso15118_2", JOSEV, JOSEV_BUNDLES),
            Self::Everest => ("everest/certs", EVEREST, EVEREST_BUNDLES),
        };
        let base = base.join(inside);
        let theirs = Passphrase::new(PASSPHRASE);
        let passphrase = passphrase.unwrap_or(&theirs);
        for entry in entries {
            // With one level there is no upper authority, without contracts no contract.
            let Some(issued) = hierarchy.get(entry.entity) else { continue };
            let pem = files::certificates_pem([issued.certificate.as_slice()]);
            let path = |ending: &str| base.join(format!("{}.{ending}", entry.certificate));
            files::write(&path("pem"), pem.as_bytes(), Access::Public)?;
            files::write(&path("der"), &issued.certificate, Access::Public)?;
            let key = keys::to_pem(&issued.key, Some(passphrase))?;
            files::write(&base.join(entry.key), key.as_bytes(), Access::Secret)?;
            if let Some(password) = entry.password {
                files::write(&base.join(password), passphrase.as_str().as_bytes(), Access::Secret)?;
            }
        }
        for bundle in bundles.iter().filter(|bundle| hierarchy.get(bundle.of).is_some()) {
            let chain = hierarchy.chain(bundle.of).into_iter().skip(bundle.from);
            files::write(&base.join(bundle.path), files::certificates_pem(chain).as_bytes(), Access::Public)?;
        }
        Ok(base)
    }
}
