//! The schema sets of this project: the only place that knows their files.

use std::path::{Path, PathBuf};

use crate::{Model, XsdError, load};

/// A target namespace of the sets that code is generated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Namespace {
    /// URI.
    pub uri: &'static str,
    /// Name of its Rust module.
    pub module: &'static str,
    /// Prefix for XML output.
    pub prefix: &'static str,
}

/// A schema set: one message schema with everything that it imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Set {
    /// Short name, also the name of its test vectors.
    pub key: &'static str,
    /// Main XSD, relative to the folder with the schemas.
    pub xsd: &'static str,
}

/// Every set that can be compiled, first those that code is generated for.
pub const SETS: &[Set] = &[
    Set { key: "appprotocol", xsd: "V2G_CI_AppProtocol.xsd" },
    Set { key: "common", xsd: "iso15118_20/V2G_CI_CommonMessages.xsd" },
    Set { key: "dc", xsd: "iso15118_20/V2G_CI_DC.xsd" },
    Set { key: "ac", xsd: "iso15118_20/V2G_CI_AC.xsd" },
    Set { key: "wpt", xsd: "iso15118_20/V2G_CI_WPT.xsd" },
    Set { key: "acdp", xsd: "iso15118_20/V2G_CI_ACDP.xsd" },
    Set { key: "xmldsig", xsd: "xmldsig-core-schema.xsd" },
    Set { key: "iso2", xsd: "iso15118_2/V2G_CI_MsgDef.xsd" },
    Set { key: "din", xsd: "din_spec/V2G_CI_MsgDef.xsd" },
];

/// The namespaces of these sets, by module.
pub const NAMESPACES: &[Namespace] = &[
    Namespace { uri: "urn:iso:std:iso:15118:-20:AC", module: "ac", prefix: "ac" },
    Namespace { uri: "urn:iso:std:iso:15118:-20:ACDP", module: "acdp", prefix: "acdp" },
    Namespace { uri: "urn:iso:15118:2:2010:AppProtocol", module: "app_protocol", prefix: "ap" },
    Namespace { uri: "urn:iso:std:iso:15118:-20:CommonMessages", module: "common_messages", prefix: "cm" },
    Namespace { uri: "urn:iso:std:iso:15118:-20:CommonTypes", module: "common_types", prefix: "ct" },
    Namespace { uri: "urn:iso:std:iso:15118:-20:DC", module: "dc", prefix: "dc" },
    Namespace { uri: "urn:iso:std:iso:15118:-20:WPT", module: "wpt", prefix: "wpt" },
    Namespace { uri: "http://www.w3.org/2000/09/xmldsig#", module: "xmldsig", prefix: "ds" },
];

/// The set with this key.
pub fn set(key: &str) -> Option<Set> {
    SETS.iter().copied().find(|set| set.key == key)
}

impl Set {
    /// Path of the main XSD below the folder `schemas`.
    pub fn path(self, schemas: &Path) -> PathBuf {
        schemas.join(self.xsd)
    }

    /// Reads the set from the folder `schemas`.
    ///
    /// # Errors
    ///
    /// As [`load`].
    pub fn load(self, schemas: &Path) -> Result<Model, XsdError> {
        load(&self.path(schemas))
    }
}
