//! VS_NW_INFO.CNF, in its two layouts.

use super::super::MmeError;
use super::super::cursor::Reader;
use crate::{MacAddr, Nid, Version};

/// VS_NW_INFO.CNF: the networks that a modem is in, and their stations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkInfoCnf<'a> {
    layout: Layout,
    data: &'a [u8],
}

/// The answer has the layout of the version in which the question was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Version 0.
    Short,
    /// Version 1.
    Long,
}

/// One network, without its stations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QcaNetwork {
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
    /// The coordinator's number.
    pub cco_tei: u8,
    /// How many other stations there are; more than none proves that there is a link.
    pub stations: u8,
}

/// One station of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QcaStation {
    /// The station's modem.
    pub mac: MacAddr,
    /// Its number.
    pub tei: u8,
    /// The host behind it.
    pub host_mac: MacAddr,
    /// Rate to it, Mbit/s.
    pub to: u16,
    /// Rate from it, Mbit/s.
    pub from: u16,
}

/// A network or a station of the one before.
enum Entry {
    Network(QcaNetwork),
    Station(QcaStation),
}

impl<'a> NetworkInfoCnf<'a> {
    /// Reads what stands behind the OUI.
    pub(super) fn parse(version: Version, data: &'a [u8]) -> Result<Self, MmeError> {
        let layout = if version == Version::Av10 { Layout::Short } else { Layout::Long };
        let mut reader = Reader::new(data);
        let networks = count(&mut reader, layout);
        for _ in 0..networks {
            let network = read_network(&mut reader, layout);
            for _ in 0..network.stations {
                read_station(&mut reader, layout);
            }
        }
        reader.check()?;
        Ok(Self { layout, data: data.get(..reader.consumed()).unwrap_or(data) })
    }

    /// What stands behind the OUI, without padding.
    pub(super) fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The networks.
    pub fn networks(&self) -> impl Iterator<Item = QcaNetwork> + 'a {
        self.entries().filter_map(|entry| match entry {
            Entry::Network(network) => Some(network),
            Entry::Station(_) => None,
        })
    }

    /// The stations of all networks.
    pub fn stations(&self) -> impl Iterator<Item = QcaStation> + 'a {
        self.entries().filter_map(|entry| match entry {
            Entry::Network(_) => None,
            Entry::Station(station) => Some(station),
        })
    }

    fn entries(&self) -> impl Iterator<Item = Entry> + use<'a> {
        let layout = self.layout;
        let mut reader = Reader::new(self.data);
        let mut networks = count(&mut reader, layout);
        let mut stations = 0;
        core::iter::from_fn(move || {
            if stations > 0 {
                stations -= 1;
                return Some(Entry::Station(read_station(&mut reader, layout)));
            }
            networks = u8::checked_sub(networks, 1)?;
            let network = read_network(&mut reader, layout);
            stations = network.stations;
            Some(Entry::Network(network))
        })
    }
}

fn count(reader: &mut Reader<'_>, layout: Layout) -> u8 {
    if layout == Layout::Long {
        // Version, one byte, length, one byte.
        reader.slice(5);
    }
    reader.u8()
}

fn read_network(reader: &mut Reader<'_>, layout: Layout) -> QcaNetwork {
    let skip = |reader: &mut Reader<'_>, len| match layout {
        Layout::Short => {}
        Layout::Long => {
            reader.slice(len);
        }
    };
    let nid = Nid(reader.array());
    skip(reader, 2);
    let [snid, tei] = reader.array();
    skip(reader, 4);
    let role = reader.u8();
    let (cco_mac, cco_tei) = (reader.mac(), reader.u8());
    skip(reader, 3);
    let stations = reader.u8();
    skip(reader, 5);
    QcaNetwork { nid, snid, tei, role, cco_mac, cco_tei, stations }
}

fn read_station(reader: &mut Reader<'_>, layout: Layout) -> QcaStation {
    let (mac, tei) = (reader.mac(), reader.u8());
    match layout {
        Layout::Short => {
            let host_mac = reader.mac();
            let [to, from] = reader.array();
            QcaStation { mac, tei, host_mac, to: to.into(), from: from.into() }
        }
        Layout::Long => {
            reader.slice(3);
            let host_mac = reader.mac();
            let to = reader.u16();
            // Coupling, one byte.
            reader.slice(2);
            let from = reader.u16();
            reader.slice(2);
            QcaStation { mac, tei, host_mac, to, from }
        }
    }
}
