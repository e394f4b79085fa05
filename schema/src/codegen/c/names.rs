//! What types are called in C.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ir::{CodegenError, Path};
use super::super::lower::Registry;
use super::{Result, leaf, snake};

/// What types are called in C, and the marks of their views.
pub(in super::super) struct Names {
    pub(super) names: BTreeMap<Path, String>,
    pub(super) tags: BTreeMap<Path, u32>,
}

impl Names {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
        let paths =
            || registry.structs.keys().chain(registry.choices.keys()).chain(registry.enumerations.keys());
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        for path in paths() {
            *taken.entry(&path.name).or_default() += 1;
        }
        let mut names = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for path in paths() {
            let module = path.module.as_deref().map_or("", leaf);
            let name = snake(&path.name);
            // Of types with one name, those of a set carry the set's.
            let name = if taken[path.name.as_str()] > 1 { format!("{module}_{name}") } else { name };
            if !seen.insert(name.clone()) {
                return Err(CodegenError::unsupported(&path.name, "two types have this name in C"));
            }
            names.insert(path.clone(), name);
        }
        let tags = paths().cloned().zip(1..).collect();
        Ok(Self { names, tags })
    }

    pub(super) fn of(&self, path: &Path) -> &str {
        self.names.get(path).map_or("", String::as_str)
    }

    pub(super) fn c(&self, path: &Path) -> String {
        format!("v2g_exi_{}", self.of(path))
    }

    pub(super) fn constant(&self, path: &Path) -> String {
        format!("V2G_EXI_{}", self.of(path).to_ascii_uppercase())
    }
}
