//! Files of a PKI: PEM and DER in, whole files out, and keys that nobody but their owner reads.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use pem_rfc7468::LineEnding;

use crate::failure::Failure;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Public,
    /// Its owner alone.
    Secret,
}

/// The longest file that is read, bytes: a bundle of roots has some hundred kilobytes.
const LONGEST: u64 = 8 << 20;

/// Writes a whole file or none: beside its place first, then over what was there. Makes the folders above it.
pub(crate) fn write(path: &Path, content: &[u8], access: Access) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("cannot write {}: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = folder.join(name);
    let mode = if access == Access::Secret { 0o600 } else { 0o644 };
    let replace = || {
        // One that a crash left behind may have other permissions.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(folder)?.sync_all()
    };
    replace().map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

/// Reads a file of reasonable size.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed =
        |why: &dyn std::fmt::Display| Failure::failed(format!("cannot read {}: {why}", path.display()));
    match fs::metadata(path) {
        Ok(found) if found.len() > LONGEST => Err(failed(&"it is too long")),
        Ok(_) => fs::read(path).map_err(|error| failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

/// One structure as PEM.
pub(crate) fn to_pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).unwrap_or_default()
}

/// Certificates as PEM, one after the other.
pub(crate) fn certificates_pem<'c>(certificates: impl IntoIterator<Item = &'c [u8]>) -> String {
    certificates.into_iter().map(|der| to_pem("CERTIFICATE", der)).collect()
}

/// A structure of a file.
pub(crate) struct Block {
    /// What PEM calls it; of DER nothing.
    pub(crate) label: Option<String>,
    pub(crate) der: Vec<u8>,
}

/// What is in a file: all blocks of PEM with whatever stands between them, or one structure of DER.
pub(crate) fn blocks(path: &Path) -> Result<Vec<Block>, Failure> {
    let content = read(path)?;
    // DER begins with the tag of a sequence, which is also the digit 0.
    let text = std::str::from_utf8(&content).ok().filter(|text| text.contains("-----BEGIN "));
    let Some(text) = text else { return Ok(vec![Block { label: None, der: content }]) };
    let broken = || Failure::failed(format!("{}: the PEM is damaged", path.display()));
    let mut blocks = Vec::new();
    for (start, _) in text.match_indices("-----BEGIN ") {
        let block = text.get(start..).ok_or_else(broken)?;
        let end = block.find("-----END ").ok_or_else(broken)?;
        let after = block.get(end + 9..).and_then(|rest| rest.find("-----")).ok_or_else(broken)?;
        let block = block.get(..end + 9 + after + 5).ok_or_else(broken)?;
        let (label, der) = pem_rfc7468::decode_vec(block.as_bytes())
            .map_err(|error| Failure::failed(format!("{}: the PEM is damaged: {error}", path.display())))?;
        blocks.push(Block { label: Some(label.to_owned()), der });
    }
    Ok(blocks)
}

/// The certificates of a file, in their order.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let certificate = |block: &Block| block.label.as_deref().is_none_or(|label| label == "CERTIFICATE");
    let found: Vec<Vec<u8>> = blocks(path)?.into_iter().filter(certificate).map(|block| block.der).collect();
    if found.is_empty() {
        return Err(Failure::failed(format!("{} has no certificate", path.display())));
    }
    Ok(found)
}

/// The files of a folder with one of these endings, by name; nothing if there is no such folder.
pub(crate) fn listed(folder: &Path, endings: &[&str]) -> Result<Vec<std::path::PathBuf>, Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::failed(format!("cannot read {}: {error}", folder.display()))),
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| endings.iter().any(|ending| end == *ending)))
        .collect();
    paths.sort();
    Ok(paths)
}
