//! The vehicle chooses a charger, and gets the key of its network.

use super::cursor::{Reader, Writer};
use super::{Body, MmType, MmeError};
use crate::{MacAddr, Network, Nid, Nmk, RunId, StationId};

const REQ_MVF: u16 = 0x3E;
const CNF_MVF: u16 = 0x56;

/// CM_SLAC_MATCH.REQ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlacMatchReq {
    /// Id of the vehicle, [`StationId::NONE`].
    pub pev_id: StationId,
    /// The vehicle.
    pub pev_mac: MacAddr,
    /// Id of the charger, [`StationId::NONE`].
    pub evse_id: StationId,
    /// The charger that is chosen.
    pub evse_mac: MacAddr,
    /// The vehicle's name of the attempt.
    pub run_id: RunId,
}

/// CM_SLAC_MATCH.CNF, in which the key goes over the line in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlacMatchCnf {
    /// What was asked.
    pub request: SlacMatchReq,
    /// The network to join.
    pub network: Network,
}

fn header(reader: &mut Reader<'_>, expected: u16) -> Result<(), MmeError> {
    reader.matching_header()?;
    match reader.u16() {
        found if found == expected => Ok(()),
        found => Err(MmeError::MvfLength { expected, found }),
    }
}

impl SlacMatchReq {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        header(reader, REQ_MVF)?;
        Ok(Self::read_fields(reader))
    }

    fn read_fields(reader: &mut Reader<'_>) -> Self {
        let pev_id = reader.station_id();
        let pev_mac = reader.mac();
        let evse_id = reader.station_id();
        let evse_mac = reader.mac();
        let run_id = reader.run_id();
        reader.slice(8);
        Self { pev_id, pev_mac, evse_id, evse_mac, run_id }
    }

    fn write_fields(&self, mvf_length: u16, out: &mut Writer<'_>) {
        out.zeros(2);
        out.u16(mvf_length);
        out.bytes(&self.pev_id.0);
        out.bytes(&self.pev_mac.0);
        out.bytes(&self.evse_id.0);
        out.bytes(&self.evse_mac.0);
        out.bytes(&self.run_id.0);
        out.zeros(8);
    }
}

impl Body for SlacMatchReq {
    fn mmtype(&self) -> MmType {
        MmType::CM_SLAC_MATCH_REQ
    }

    fn len(&self) -> usize {
        66
    }

    fn write(&self, out: &mut Writer<'_>) {
        self.write_fields(REQ_MVF, out);
    }
}

impl SlacMatchCnf {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        header(reader, CNF_MVF)?;
        let request = SlacMatchReq::read_fields(reader);
        let nid = Nid(reader.array());
        reader.slice(1);
        Ok(Self { request, network: Network { nid, nmk: Nmk::new(reader.array()) } })
    }
}

impl Body for SlacMatchCnf {
    fn mmtype(&self) -> MmType {
        MmType::CM_SLAC_MATCH_CNF
    }

    fn len(&self) -> usize {
        90
    }

    fn write(&self, out: &mut Writer<'_>) {
        self.request.write_fields(CNF_MVF, out);
        out.bytes(&self.network.nid.0);
        out.zeros(1);
        out.bytes(self.network.nmk.expose());
    }
}
