//! What a modem knows of its networks, in the standard messages.

use super::cursor::{Reader, Writer};
use super::{Body, MmType};
use crate::{MacAddr, Nid};

/// One network in [`NwInfoCnf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkEntry {
    /// Identifier.
    pub nid: Nid,
    /// Short identifier.
    pub snid: u8,
    /// Number of the modem in it.
    pub tei: u8,
    /// 0 station, 1 proxy, 2 coordinator.
    pub role: u8,
    /// The coordinator.
    pub cco_mac: MacAddr,
    /// 0: in-home.
    pub access: u8,
    /// Coordinators in the neighbourhood.
    pub neighbours: u8,
}

/// CM_NW_INFO.CNF: the networks that a modem is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NwInfoCnf<'a> {
    entries: &'a [u8],
}

impl<'a> NwInfoCnf<'a> {
    const ENTRY: usize = 18;

    pub(super) fn read(reader: &mut Reader<'a>) -> Self {
        let count = usize::from(reader.u8());
        Self { entries: reader.slice(count * Self::ENTRY) }
    }

    /// The networks.
    pub fn networks(&self) -> impl Iterator<Item = NetworkEntry> + 'a {
        self.entries.as_chunks::<18>().0.iter().map(|entry| {
            let [n0, n1, n2, n3, n4, n5, n6, snid, tei, role, m0, m1, m2, m3, m4, m5, access, neighbours] =
                *entry;
            NetworkEntry {
                nid: Nid([n0, n1, n2, n3, n4, n5, n6]),
                snid,
                tei,
                role,
                cco_mac: MacAddr([m0, m1, m2, m3, m4, m5]),
                access,
                neighbours,
            }
        })
    }
}

impl Body for NwInfoCnf<'_> {
    fn mmtype(&self) -> MmType {
        MmType::CM_NW_INFO_CNF
    }

    fn len(&self) -> usize {
        1 + self.entries.len()
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.u8((self.entries.len() / Self::ENTRY) as u8);
        out.bytes(self.entries);
    }
}

/// How fast a modem reaches one station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StationRate {
    /// The station.
    pub station: MacAddr,
    /// Mean PHY rate to it, Mbit/s.
    pub to: u8,
    /// Mean PHY rate from it, Mbit/s.
    pub from: u8,
}

/// CM_NW_STATS.CNF: the stations in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NwStatsCnf<'a> {
    entries: &'a [u8],
}

impl<'a> NwStatsCnf<'a> {
    const ENTRY: usize = 8;

    pub(super) fn read(reader: &mut Reader<'a>) -> Self {
        let count = usize::from(reader.u8());
        Self { entries: reader.slice(count * Self::ENTRY) }
    }

    /// The stations.
    pub fn stations(&self) -> impl Iterator<Item = StationRate> + 'a {
        self.entries.as_chunks::<8>().0.iter().map(|entry| {
            let [m0, m1, m2, m3, m4, m5, to, from] = *entry;
            StationRate { station: MacAddr([m0, m1, m2, m3, m4, m5]), to, from }
        })
    }
}

impl Body for NwStatsCnf<'_> {
    fn mmtype(&self) -> MmType {
        MmType::CM_NW_STATS_CNF
    }

    fn len(&self) -> usize {
        1 + self.entries.len()
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.u8((self.entries.len() / Self::ENTRY) as u8);
        out.bytes(self.entries);
    }
}
