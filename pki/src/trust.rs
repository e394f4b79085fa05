//! The roots of a station or vehicle on its own storage, with where each came from.
//!
//! An update is all or nothing: the new set is written beside the old one and counts only when it is complete. Power
//! may fail at any moment.

use sha2::{Digest as _, Sha256};

use crate::anchors::{Anchor, Anchors, RootKind};
use crate::crypto::Verifier;
use crate::error::{Error, Rule, Subject};
use crate::time::Time;

/// One of the two places of the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The one.
    A,
    /// The other.
    B,
}

impl Slot {
    const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// The storage failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageError;

/// What a host offers: two places for images, files or flash sectors.
pub trait Storage {
    /// Reads what was written last, and returns its length; 0 if nothing was. What is damaged is noticed.
    ///
    /// # Errors
    /// The storage failed, or the image is longer than `out`.
    fn read(&mut self, slot: Slot, out: &mut [u8]) -> Result<usize, StorageError>;

    /// Replaces what is there, and returns when the storage has it.
    ///
    /// # Errors
    /// The storage failed; the slot may hold anything then.
    fn write(&mut self, slot: Slot, image: &[u8]) -> Result<(), StorageError>;
}

/// Who brought a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Source {
    /// It was there from the start.
    Factory = 1,
    /// Somebody put it there on site.
    Commissioning = 2,
    /// A back end sent it (OCPP `InstallCertificate`).
    Backend = 3,
    /// A tool in a laboratory.
    Tool = 4,
}

/// Where a root came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Who brought it.
    pub source: Source,
    /// When.
    pub added: Time,
}

/// A root as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The root.
    pub anchor: Anchor<'a>,
    /// Where it came from.
    pub provenance: Provenance,
}

/// A change of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Adds a root, once its certificate was checked.
    Add {
        /// Whose root it is.
        kind: RootKind,
        /// Its certificate.
        certificate: &'a [u8],
        /// Where it came from.
        provenance: Provenance,
    },
    /// Removes a root.
    Remove {
        /// Whose root it is.
        kind: RootKind,
        /// Its certificate.
        certificate: &'a [u8],
    },
}

const MAGIC: [u8; 5] = *b"V2GT\x01";
/// Magic, generation, length of all.
const HEADER: usize = 5 + 4 + 4;
/// SHA-256 over all before it: against damage, not against whoever can write the storage.
const CHECKSUM: usize = 32;
/// Kind, source, time, length of the certificate.
const ENTRY: usize = 1 + 1 + 8 + 2;

/// The set in memory: two halves of a buffer, of which one counts.
pub struct TrustStore<'b> {
    halves: [&'b mut [u8]; 2],
    current: Slot,
}

impl<'b> TrustStore<'b> {
    /// An empty set. Half of `buffer` has to hold all roots: 45 bytes, and 12 more than each certificate.
    ///
    /// # Errors
    /// [`Rule::Full`] if the buffer is too small for nothing.
    pub fn empty(buffer: &'b mut [u8]) -> Result<Self, Error> {
        let mut store = Self::split(buffer);
        let length = store.half_mut(Slot::A).write(0, core::iter::empty())?;
        debug_assert_eq!(length, HEADER + CHECKSUM);
        Ok(store)
    }

    fn split(buffer: &'b mut [u8]) -> Self {
        let half = buffer.len() / 2;
        let (a, b) = buffer.split_at_mut(half);
        Self { halves: [a, b], current: Slot::A }
    }

    /// Loads the newer of two images that is intact.
    ///
    /// # Errors
    /// [`Rule::Corrupt`] if there is none.
    pub fn load<S: Storage>(storage: &mut S, buffer: &'b mut [u8]) -> Result<Self, Error> {
        let mut store = Self::split(buffer);
        let mut best: Option<(u32, Slot)> = None;
        for slot in [Slot::A, Slot::B] {
            let half = store.half_mut(slot);
            let read = storage.read(slot, half.0);
            let generation = read.ok().and_then(|length| Image(half.0).generation(length));
            if let Some(generation) = generation
                && best.is_none_or(|(other, _)| generation.wrapping_sub(other) < u32::MAX / 2)
            {
                best = Some((generation, slot));
            }
        }
        let (_, current) = best.ok_or(failed(Rule::Corrupt))?;
        store.current = current;
        Ok(store)
    }

    fn half_mut(&mut self, slot: Slot) -> ImageMut<'_> {
        let [a, b] = &mut self.halves;
        match slot {
            Slot::A => ImageMut(a),
            Slot::B => ImageMut(b),
        }
    }

    fn image(&self) -> Image<'_> {
        Image(self.halves.get(self.current.index()).map_or(&[], |half| half))
    }

    /// The roots in the order of their addition.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.image().entries()
    }

    /// How often the set was changed.
    pub fn generation(&self) -> u32 {
        self.image().word(MAGIC.len()).unwrap_or(0)
    }

    /// Applies all changes or none, in memory and on the storage.
    ///
    /// # Errors
    /// A certificate is no root, what is to be removed is not there, what is to be added is there already, the
    /// memory is full, or the storage failed. The old set still counts then, also after a restart.
    pub fn update<S: Storage>(
        &mut self,
        storage: &mut S,
        changes: &[Change<'_>],
        verifier: &dyn Verifier,
    ) -> Result<(), Error> {
        for change in changes {
            self.check(change, changes, verifier)?;
        }
        let generation = self.generation().wrapping_add(1);
        let target = self.current.other();
        let [a, b] = &mut self.halves;
        let (old, new) = match self.current {
            Slot::A => (Image(a), ImageMut(b)),
            Slot::B => (Image(b), ImageMut(a)),
        };
        let removed = |entry: &Entry<'_>| {
            changes.iter().any(|change| {
                matches!(change, Change::Remove { kind, certificate }
                    if entry.anchor == Anchor::new(*kind, certificate))
            })
        };
        let kept = old.entries().filter(|entry| !removed(entry));
        let added = changes.iter().filter_map(|change| match *change {
            Change::Add { kind, certificate, provenance } => {
                Some(Entry { anchor: Anchor::new(kind, certificate), provenance })
            }
            Change::Remove { .. } => None,
        });
        let length = new.write(generation, kept.chain(added))?;
        let image = self.halves.get(target.index()).and_then(|half| half.get(..length)).unwrap_or_default();
        storage.write(target, image).map_err(|StorageError| failed(Rule::Storage))?;
        self.current = target;
        Ok(())
    }

    /// Checks one change against the set and the other changes.
    fn check(&self, change: &Change<'_>, all: &[Change<'_>], verifier: &dyn Verifier) -> Result<(), Error> {
        let (Change::Add { kind, certificate, .. } | Change::Remove { kind, certificate }) = *change;
        let anchor = Anchor::new(kind, certificate);
        let there = self.entries().any(|entry| entry.anchor == anchor);
        let same = |other: &&Change<'_>| {
            let (Change::Add { kind, certificate, .. } | Change::Remove { kind, certificate }) = **other;
            Anchor::new(kind, certificate) == anchor
        };
        let adds = matches!(change, Change::Add { .. });
        if there == adds || all.iter().filter(same).count() > 1 {
            return Err(failed(Rule::NoSuchEntry));
        }
        if adds { Anchor::checked(kind, certificate, verifier).map(|_| ()) } else { Ok(()) }
    }
}

impl Anchors for TrustStore<'_> {
    fn anchor(&self, index: usize) -> Option<Anchor<'_>> {
        self.image().entries().nth(index).map(|entry| entry.anchor)
    }
}

const fn failed(rule: Rule) -> Error {
    Error::new(rule, Subject::TrustStore)
}

/// An image as it is stored.
#[derive(Clone, Copy)]
struct Image<'a>(&'a [u8]);

impl<'a> Image<'a> {
    fn word(self, at: usize) -> Option<u32> {
        self.0.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
    }

    /// The generation, if the image is intact and `length` octets long.
    fn generation(self, length: usize) -> Option<u32> {
        let image = self.0.get(..length)?;
        let (content, checksum) = image.split_last_chunk::<CHECKSUM>()?;
        let intact = content.starts_with(&MAGIC)
            && self.word(MAGIC.len() + 4)? as usize == length
            && Sha256::digest(content).as_slice() == checksum;
        let entries = content.len().checked_sub(HEADER)?;
        let walked: usize = Self(image).entries().map(|entry| ENTRY + entry.anchor.der().len()).sum();
        (intact && walked == entries).then_some(self.word(MAGIC.len())?)
    }

    fn entries(self) -> impl Iterator<Item = Entry<'a>> {
        let length = self.word(MAGIC.len() + 4).unwrap_or(0) as usize;
        let mut rest =
            length.checked_sub(CHECKSUM).and_then(|end| self.0.get(HEADER..end)).unwrap_or_default();
        core::iter::from_fn(move || {
            let ([kind, source, time @ .., l1, l2], after) = rest.split_first_chunk::<ENTRY>()?;
            let (der, after) = after.split_at_checked(usize::from(u16::from_be_bytes([*l1, *l2])))?;
            rest = after;
            let source = match source {
                1 => Source::Factory,
                2 => Source::Commissioning,
                3 => Source::Backend,
                4 => Source::Tool,
                _ => return None,
            };
            let added = Time::from_unix(i64::from_be_bytes(*time));
            let anchor = Anchor::new(RootKind::from_number(*kind)?, der);
            Some(Entry { anchor, provenance: Provenance { source, added } })
        })
    }
}

/// An image being written.
struct ImageMut<'a>(&'a mut [u8]);

impl ImageMut<'_> {
    /// Writes a whole image and returns its length.
    fn write<'e>(self, generation: u32, entries: impl Iterator<Item = Entry<'e>>) -> Result<usize, Error> {
        let image = self.0;
        let mut at = HEADER;
        let mut put = |at: &mut usize, octets: &[u8]| {
            let to = image.get_mut(*at..*at + octets.len()).ok_or(failed(Rule::Full))?;
            to.copy_from_slice(octets);
            *at += octets.len();
            Ok::<_, Error>(())
        };
        for Entry { anchor, provenance } in entries {
            let length = u16::try_from(anchor.der().len()).map_err(|_| failed(Rule::CertificateTooLong))?;
            put(&mut at, &[anchor.kind() as u8, provenance.source as u8])?;
            put(&mut at, &provenance.added.unix().to_be_bytes())?;
            put(&mut at, &length.to_be_bytes())?;
            put(&mut at, anchor.der())?;
        }
        let total = at + CHECKSUM;
        put(&mut 0, &MAGIC)?;
        put(&mut MAGIC.len(), &generation.to_be_bytes())?;
        put(&mut (MAGIC.len() + 4), &(total as u32).to_be_bytes())?;
        let checksum = Sha256::digest(image.get(..at).unwrap_or_default());
        image.get_mut(at..total).ok_or(failed(Rule::Full))?.copy_from_slice(&checksum);
        Ok(total)
    }
}
