//! `v2g pki trust`: the roots of a station or vehicle in two files of which one is always whole.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use v2g_pki::trust::{Change, Provenance, Slot, Source, Storage, StorageError, TrustStore};
use v2g_pki::{Certificate, Curves, RootKind, Rule};

use super::files::{self, Access};
use super::manifest::{day_text, now};
use super::store::ROOTS;
use crate::failure::Failure;

/// Room for two images of some hundred roots each.
const BUFFER: usize = 512 * 1024;

#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// The folder of the trust store; it is made with the first root.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Trust the roots in a file. KIND is v2g, oem, mo or private. Can be repeated.
    #[arg(long, value_name = "KIND=FILE", value_parser = kind_and_file)]
    add: Vec<(RootKind, PathBuf)>,
    /// Trust the roots in a file no more. Can be repeated; all changes of a call are made, or none.
    #[arg(long, value_name = "KIND=FILE", value_parser = kind_and_file)]
    remove: Vec<(RootKind, PathBuf)>,
}

fn kind_and_file(text: &str) -> Result<(RootKind, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("it looks like v2g=root.pem")?;
    let kind = ROOTS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
    Ok((kind.ok_or("the kind is v2g, oem, mo or private")?, PathBuf::from(file)))
}

/// Two files in a folder. Each is replaced as a whole.
pub(crate) struct FileStorage {
    folder: PathBuf,
}

impl FileStorage {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn path(&self, slot: Slot) -> PathBuf {
        self.folder.join(match slot {
            Slot::A => "trust.a",
            Slot::B => "trust.b",
        })
    }

    fn is_new(&self) -> bool {
        [Slot::A, Slot::B].into_iter().all(|slot| !self.path(slot).exists())
    }
}

impl Storage for FileStorage {
    fn read(&mut self, slot: Slot, out: &mut [u8]) -> Result<usize, StorageError> {
        match fs::read(self.path(slot)) {
            Ok(image) => {
                out.get_mut(..image.len()).ok_or(StorageError)?.copy_from_slice(&image);
                Ok(image.len())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(_) => Err(StorageError),
        }
    }

    fn write(&mut self, slot: Slot, image: &[u8]) -> Result<(), StorageError> {
        files::write(&self.path(slot), image, Access::Public).map_err(|_| StorageError)
    }
}

pub(crate) fn run(args: &TrustArgs) -> Result<(), Failure> {
    let mut storage = FileStorage::new(&args.folder);
    let mut buffer = vec![0; BUFFER];
    let store = if storage.is_new() {
        TrustStore::empty(&mut buffer)
    } else {
        TrustStore::load(&mut storage, &mut buffer)
    };
    let mut store = store.map_err(Failure::failed)?;
    let read = |wanted: &[(RootKind, PathBuf)]| {
        let mut found = Vec::new();
        for (kind, path) in wanted {
            found.extend(files::certificates(path)?.into_iter().map(|der| (*kind, der)));
        }
        Ok::<_, Failure>(found)
    };
    let (add, remove) = (read(&args.add)?, read(&args.remove)?);
    let provenance = Provenance { source: Source::Tool, added: now() };
    let added = add.iter().map(|(kind, certificate)| Change::Add { kind: *kind, certificate, provenance });
    let removed = remove.iter().map(|(kind, certificate)| Change::Remove { kind: *kind, certificate });
    let changes: Vec<Change<'_>> = removed.chain(added).collect();
    if !changes.is_empty() {
        store.update(&mut storage, &changes, &Curves).map_err(|error| match error.rule() {
            Rule::NoSuchEntry => Failure::failed("a root is there already, or not there to be removed"),
            _ => Failure::failed(error),
        })?;
    }
    for entry in store.entries() {
        let kind = ROOTS.iter().find(|(kind, _)| *kind == entry.anchor.kind()).map_or("", |(_, name)| name);
        let name = Certificate::parse(entry.anchor.der()).map(|read| read.subject().to_string());
        let source = match entry.provenance.source {
            Source::Factory => "from the factory",
            Source::Commissioning => "put there on site",
            Source::Backend => "by the back end",
            Source::Tool => "by this program",
        };
        let name = name.unwrap_or_default();
        say!("{kind:<8} {}, {source}, {}", name.escape_debug(), day_text(entry.provenance.added));
    }
    say!("generation {}", store.generation());
    Ok(())
}
