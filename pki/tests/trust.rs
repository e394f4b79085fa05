//! The stored set of roots: all or nothing, whatever happens to the power.

mod common;

use common::{hierarchy, now};
use v2g_pki::issue::Entity;
use v2g_pki::trust::{Change, Provenance, Slot, Source, Storage, StorageError, TrustStore};
use v2g_pki::{Anchors as _, Curves, RootKind, Rule};

/// Two files, and a power supply that fails after so many octets.
#[derive(Clone, Default)]
struct Disk {
    slots: [Vec<u8>; 2],
    fails_after: Option<usize>,
}

impl Storage for Disk {
    fn read(&mut self, slot: Slot, out: &mut [u8]) -> Result<usize, StorageError> {
        let data = &self.slots[slot as usize];
        out.get_mut(..data.len()).ok_or(StorageError)?.copy_from_slice(data);
        Ok(data.len())
    }

    fn write(&mut self, slot: Slot, image: &[u8]) -> Result<(), StorageError> {
        let written = self.fails_after.unwrap_or(image.len()).min(image.len());
        self.slots[slot as usize] = image[..written].to_vec();
        if written < image.len() { Err(StorageError) } else { Ok(()) }
    }
}

fn root(kind: RootKind) -> &'static [u8] {
    hierarchy().certificate(Entity::Root(kind))
}

fn add(kind: RootKind) -> Change<'static> {
    let provenance = Provenance { source: Source::Backend, added: now() };
    Change::Add { kind, certificate: root(kind), provenance }
}

const fn remove(kind: RootKind, certificate: &[u8]) -> Change<'_> {
    Change::Remove { kind, certificate }
}

fn kinds(store: &TrustStore<'_>) -> Vec<RootKind> {
    store.entries().map(|entry| entry.anchor.kind()).collect()
}

#[test]
fn updates_are_kept() {
    let (mut disk, mut memory) = (Disk::default(), vec![0; 8192]);
    let mut store = TrustStore::empty(&mut memory).expect("room");
    store.update(&mut disk, &[add(RootKind::V2g), add(RootKind::Mo)], &Curves).expect("two roots");
    store
        .update(&mut disk, &[remove(RootKind::V2g, root(RootKind::V2g)), add(RootKind::Oem)], &Curves)
        .expect("one for another");
    assert_eq!(kinds(&store), [RootKind::Mo, RootKind::Oem]);
    let mut other = vec![0; 8192];
    let loaded = TrustStore::load(&mut disk, &mut other).expect("stored");
    assert_eq!((kinds(&loaded), loaded.generation()), (vec![RootKind::Mo, RootKind::Oem], 2));
    let entry = loaded.entries().next().expect("one");
    assert_eq!(entry.provenance, Provenance { source: Source::Backend, added: now() });
    assert_eq!(loaded.anchor(1).map(|anchor| anchor.der()), Some(root(RootKind::Oem)));
    assert_eq!(loaded.anchor(2), None);
}

#[test]
fn power_may_fail_at_any_octet() {
    let (mut disk, mut memory) = (Disk::default(), vec![0; 8192]);
    let mut store = TrustStore::empty(&mut memory).expect("room");
    store.update(&mut disk, &[add(RootKind::V2g)], &Curves).expect("a root");
    // Signatures take time.
    for octets in (0..1400).step_by(7) {
        let mut failing = Disk { fails_after: Some(octets), ..disk.clone() };
        let mut memory = vec![0; 8192];
        let mut store = TrustStore::load(&mut failing, &mut memory).expect("stored");
        let result = store.update(&mut failing, &[add(RootKind::Mo)], &Curves);
        let expected: &[RootKind] = match result {
            Ok(()) => &[RootKind::V2g, RootKind::Mo],
            Err(error) => {
                assert_eq!(error.rule(), Rule::Storage);
                &[RootKind::V2g]
            }
        };
        assert_eq!(kinds(&store), expected, "in memory, after {octets}");
        let mut memory = vec![0; 8192];
        let again = TrustStore::load(&mut failing, &mut memory).expect("stored");
        assert_eq!(kinds(&again), expected, "after the restart, {octets}");
    }
}

#[test]
fn damage_is_noticed() {
    let (mut disk, mut memory) = (Disk::default(), vec![0; 8192]);
    let mut store = TrustStore::empty(&mut memory).expect("room");
    store.update(&mut disk, &[add(RootKind::V2g)], &Curves).expect("a root");
    let slot = disk.slots.iter().position(|slot| !slot.is_empty()).expect("one");
    for at in 0..disk.slots[slot].len() {
        let mut damaged = disk.clone();
        damaged.slots[slot][at] ^= 1 << (at % 8);
        let mut memory = vec![0; 8192];
        assert!(TrustStore::load(&mut damaged, &mut memory).is_err(), "octet {at}");
    }
}

#[test]
fn only_roots_come_in_and_only_once() {
    let (mut disk, mut memory) = (Disk::default(), vec![0; 8192]);
    let mut store = TrustStore::empty(&mut memory).expect("room");
    let leaf = hierarchy().certificate(Entity::Secc);
    let provenance = Provenance { source: Source::Tool, added: now() };
    let change = Change::Add { kind: RootKind::V2g, certificate: leaf, provenance };
    let mut rule =
        |changes: &[Change<'_>]| store.update(&mut disk, changes, &Curves).map_err(|error| error.rule());
    assert_eq!(rule(&[add(RootKind::Mo), change]), Err(Rule::NotSelfSigned));
    assert_eq!(rule(&[add(RootKind::Mo), add(RootKind::Mo)]), Err(Rule::NoSuchEntry));
    assert_eq!(rule(&[remove(RootKind::Mo, root(RootKind::Mo))]), Err(Rule::NoSuchEntry));
    assert_eq!(rule(&[add(RootKind::Mo)]), Ok(()));
    assert_eq!(rule(&[add(RootKind::Mo)]), Err(Rule::NoSuchEntry));
    assert_eq!(kinds(&store), [RootKind::Mo]);

    let mut small = vec![0; 1000];
    let mut store = TrustStore::empty(&mut small).expect("room for none");
    let full = store.update(&mut disk, &[add(RootKind::V2g)], &Curves).map_err(|error| error.rule());
    assert_eq!(full, Err(Rule::Full));
}
