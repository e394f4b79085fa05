//! Keys between a host and its modem.

use super::cursor::{Reader, Writer};
use super::{Body, MmType, MmeError};
use crate::{Network, Nid, Nmk};

/// Key type of the network membership key.
const NMK: u8 = 1;
/// Protocol id of an exchange that the host asks for, and protocol run and message number behind it.
const PROTOCOL: u8 = 4;

/// CM_SET_KEY.REQ: be in this network from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetKeyReq {
    /// Number that the answer repeats; everybody sends 0.
    pub my_nonce: u32,
    /// Coordinator capability: 0, one test system sends 1.
    pub cco_capability: u8,
    /// The network.
    pub network: Network,
}

impl SetKeyReq {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        match reader.u8() {
            NMK => {}
            other => return Err(MmeError::KeyType(other)),
        }
        let my_nonce = reader.u32();
        // The other's number, which is not known yet, protocol id, run and message.
        reader.slice(8);
        let cco_capability = reader.u8();
        let nid = Nid(reader.array());
        // The slot that the key goes to.
        reader.slice(1);
        Ok(Self { my_nonce, cco_capability, network: Network { nid, nmk: Nmk::new(reader.array()) } })
    }
}

impl Body for SetKeyReq {
    fn mmtype(&self) -> MmType {
        MmType::CM_SET_KEY_REQ
    }

    fn len(&self) -> usize {
        38
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.u8(NMK);
        out.u32(self.my_nonce);
        out.zeros(4);
        out.bytes(&[PROTOCOL, 0, 0, 0, self.cco_capability]);
        out.bytes(&self.network.nid.0);
        out.u8(1);
        out.bytes(self.network.nmk.expose());
    }
}

/// CM_SET_KEY.CNF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetKeyCnf {
    /// Nominally 0 for success, but modems of the Qualcomm family answer 1 when they took the key.
    pub result: u8,
    /// The modem's number.
    pub my_nonce: u32,
    /// Our number.
    pub your_nonce: u32,
    /// Protocol id, 4.
    pub pid: u8,
    /// Protocol run number.
    pub prn: u16,
    /// Protocol message number, 255 everywhere.
    pub pmn: u8,
    /// Coordinator capability.
    pub cco_capability: u8,
}

impl SetKeyCnf {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            result: reader.u8(),
            my_nonce: reader.u32(),
            your_nonce: reader.u32(),
            pid: reader.u8(),
            prn: reader.u16(),
            pmn: reader.u8(),
            cco_capability: reader.u8(),
        }
    }
}

impl Body for SetKeyCnf {
    fn mmtype(&self) -> MmType {
        MmType::CM_SET_KEY_CNF
    }

    fn len(&self) -> usize {
        14
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.u8(self.result);
        out.u32(self.my_nonce);
        out.u32(self.your_nonce);
        out.u8(self.pid);
        out.u16(self.prn);
        out.bytes(&[self.pmn, self.cco_capability]);
    }
}

/// CM_GET_KEY.REQ: tools ask modems which key they have. The machines neither send nor answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetKeyReq {
    /// 0: direct.
    pub request_type: u8,
    /// Type of the key, 1 for the network membership key.
    pub key_type: u8,
    /// The network.
    pub nid: Nid,
    /// Number that the answer repeats.
    pub my_nonce: u32,
    /// Protocol id, 4.
    pub pid: u8,
    /// Protocol run number.
    pub prn: u16,
    /// Protocol message number.
    pub pmn: u8,
}

impl GetKeyReq {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let [request_type, key_type] = reader.array();
        Self {
            request_type,
            key_type,
            nid: Nid(reader.array()),
            my_nonce: reader.u32(),
            pid: reader.u8(),
            prn: reader.u16(),
            pmn: reader.u8(),
        }
    }
}

impl Body for GetKeyReq {
    fn mmtype(&self) -> MmType {
        MmType::CM_GET_KEY_REQ
    }

    fn len(&self) -> usize {
        17
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.bytes(&[self.request_type, self.key_type]);
        out.bytes(&self.nid.0);
        out.u32(self.my_nonce);
        out.u8(self.pid);
        out.u16(self.prn);
        out.u8(self.pmn);
    }
}

/// CM_GET_KEY.CNF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetKeyCnf {
    /// 0: here it is.
    pub result: u8,
    /// Type of the key, 1 for the network membership key.
    pub key_type: u8,
    /// The modem's number.
    pub my_nonce: u32,
    /// Our number.
    pub your_nonce: u32,
    /// The network and its key.
    pub network: Network,
    /// Slot of the key.
    pub eks: u8,
    /// Protocol id, 4.
    pub pid: u8,
    /// Protocol run number.
    pub prn: u16,
    /// Protocol message number.
    pub pmn: u8,
}

impl GetKeyCnf {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let [result, key_type] = reader.array();
        let (my_nonce, your_nonce) = (reader.u32(), reader.u32());
        let nid = Nid(reader.array());
        let [eks, pid] = reader.array();
        let (prn, pmn) = (reader.u16(), reader.u8());
        let network = Network { nid, nmk: Nmk::new(reader.array()) };
        Self { result, key_type, my_nonce, your_nonce, network, eks, pid, prn, pmn }
    }
}

impl Body for GetKeyCnf {
    fn mmtype(&self) -> MmType {
        MmType::CM_GET_KEY_CNF
    }

    fn len(&self) -> usize {
        38
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.bytes(&[self.result, self.key_type]);
        out.u32(self.my_nonce);
        out.u32(self.your_nonce);
        out.bytes(&self.network.nid.0);
        out.bytes(&[self.eks, self.pid]);
        out.u16(self.prn);
        out.u8(self.pmn);
        out.bytes(self.network.nmk.expose());
    }
}
