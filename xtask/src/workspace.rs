//! Where things are.

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The folder with the evidence that stays outside the repository.
pub(crate) fn evidence() -> PathBuf {
    std::env::var_os("V2G_EVIDENCE").map_or_else(|| root().join("../shared"), PathBuf::from)
}
