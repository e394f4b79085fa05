//! Messages of Qualcomm's QCA700x and its relatives.

mod network_info;

pub use network_info::{NetworkInfoCnf, QcaNetwork, QcaStation};

use super::cursor::{Reader, Writer};
use super::{Body, MmType, Mme, MmeError};
use crate::{Groups, MacAddr, Version};

/// Whose messages these are.
const OUI: [u8; 3] = [0x00, 0xB0, 0x52];

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualcomm<'a> {
    /// VS_SW_VER.REQ, with a cookie where the sender has one.
    SwVerReq(Option<u32>),
    /// VS_SW_VER.CNF.
    SwVerCnf(VsSwVerCnf<'a>),
    /// VS_RS_DEV.REQ.
    RsDevReq,
    /// VS_RS_DEV.CNF: 0, and the modem is silent for seconds.
    RsDevCnf(u8),
    /// VS_NW_INFO.REQ. The answer comes in the same version.
    NwInfoReq,
    /// VS_NW_INFO.CNF.
    NwInfoCnf(NetworkInfoCnf<'a>),
    /// VS_OP_ATTRIBUTES.REQ.
    OpAttributesReq(VsOpAttributesReq),
    /// VS_OP_ATTRIBUTES.CNF.
    OpAttributesCnf(VsOpAttributesCnf<'a>),
    /// VS_PL_LNK_STATUS.REQ.
    LinkStatusReq,
    /// VS_PL_LNK_STATUS.CNF.
    LinkStatusCnf {
        /// 0: the modem knows.
        status: u8,
        /// 1: there is a link.
        link: u8,
    },
    /// VS_ATTEN_CHAR.IND.
    AttenCharInd(VsAttenCharInd<'a>),
    /// Any other message of this vendor.
    Other {
        /// Its type.
        mmtype: MmType,
        /// What stands behind the OUI, padding included.
        data: &'a [u8],
    },
}

/// VS_SW_VER.CNF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VsSwVerCnf<'a> {
    /// 0: here it is.
    pub status: u8,
    /// Family of the modem.
    pub device_class: u8,
    /// Name of the software, ASCII.
    pub version: &'a [u8],
}

/// VS_OP_ATTRIBUTES.REQ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VsOpAttributesReq {
    /// Number that the answer repeats.
    pub cookie: u32,
    /// 0: binary.
    pub report: u8,
}

/// VS_OP_ATTRIBUTES.CNF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VsOpAttributesCnf<'a> {
    /// 0: here they are.
    pub status: u16,
    /// Number of the request.
    pub cookie: u32,
    /// 0: binary.
    pub report: u8,
    /// Hardware and software (16 characters each), then versions.
    pub attributes: &'a [u8],
}

/// VS_ATTEN_CHAR.IND: comes with each [`super::AttenProfileInd`] and says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VsAttenCharInd<'a> {
    /// The vendor's identifier, which some modems leave zero.
    pub oui: [u8; 3],
    /// The vehicle that sounded.
    pub pev_mac: MacAddr,
    /// Meaning unknown.
    pub reserved: [u8; 9],
    /// What was lost.
    pub groups: Groups<'a>,
}

impl<'a> Qualcomm<'a> {
    #[inline]
    pub(super) fn parse(
        version: Version,
        mmtype: MmType,
        oui: [u8; 3],
        data: &'a [u8],
        raw: Mme<'a>,
        wanted: impl Fn(MmType) -> bool,
    ) -> Result<Mme<'a>, MmeError> {
        let mut reader = Reader::new(data);
        let reader = &mut reader;
        if oui != OUI && !(mmtype == MmType::VS_ATTEN_CHAR_IND && oui == [0; 3]) {
            return Ok(raw);
        }
        let message = match mmtype {
            MmType::VS_SW_VER_REQ if wanted(MmType::VS_SW_VER_REQ) => {
                let cookie = data.first_chunk().copied().map(u32::from_le_bytes);
                Self::SwVerReq(cookie.filter(|cookie| *cookie != 0))
            }
            MmType::VS_SW_VER_CNF if wanted(MmType::VS_SW_VER_CNF) => {
                let [status, device_class, len] = reader.array();
                let version = reader.slice(len.into());
                Self::SwVerCnf(VsSwVerCnf { status, device_class, version })
            }
            MmType::VS_RS_DEV_REQ if wanted(MmType::VS_RS_DEV_REQ) => Self::RsDevReq,
            MmType::VS_RS_DEV_CNF if wanted(MmType::VS_RS_DEV_CNF) => Self::RsDevCnf(reader.u8()),
            MmType::VS_NW_INFO_REQ if wanted(MmType::VS_NW_INFO_REQ) => Self::NwInfoReq,
            MmType::VS_NW_INFO_CNF if wanted(MmType::VS_NW_INFO_CNF) => {
                Self::NwInfoCnf(NetworkInfoCnf::parse(version, data)?)
            }
            MmType::VS_OP_ATTRIBUTES_REQ if wanted(MmType::VS_OP_ATTRIBUTES_REQ) => {
                Self::OpAttributesReq(VsOpAttributesReq { cookie: reader.u32(), report: reader.u8() })
            }
            MmType::VS_OP_ATTRIBUTES_CNF if wanted(MmType::VS_OP_ATTRIBUTES_CNF) => {
                let (status, cookie, report) = (reader.u16(), reader.u32(), reader.u8());
                let len = reader.u16();
                let attributes = reader.slice(len.into());
                Self::OpAttributesCnf(VsOpAttributesCnf { status, cookie, report, attributes })
            }
            MmType::VS_PL_LNK_STATUS_REQ if wanted(MmType::VS_PL_LNK_STATUS_REQ) => Self::LinkStatusReq,
            MmType::VS_PL_LNK_STATUS_CNF if wanted(MmType::VS_PL_LNK_STATUS_CNF) => {
                let [status, link] = reader.array();
                Self::LinkStatusCnf { status, link }
            }
            MmType::VS_ATTEN_CHAR_IND if wanted(MmType::VS_ATTEN_CHAR_IND) => {
                let pev_mac = reader.mac();
                let count = reader.u8();
                let reserved = reader.array();
                let groups = Groups::new(reader.slice(count.into()));
                Self::AttenCharInd(VsAttenCharInd { oui, pev_mac, reserved, groups })
            }
            _ => Self::Other { mmtype, data },
        };
        reader.check()?;
        Ok(Mme::Qualcomm(message))
    }
}

impl Body for Qualcomm<'_> {
    fn version(&self) -> Version {
        Version::Av10
    }

    fn mmtype(&self) -> MmType {
        match self {
            Self::SwVerReq(_) => MmType::VS_SW_VER_REQ,
            Self::SwVerCnf(_) => MmType::VS_SW_VER_CNF,
            Self::RsDevReq => MmType::VS_RS_DEV_REQ,
            Self::RsDevCnf(_) => MmType::VS_RS_DEV_CNF,
            Self::NwInfoReq => MmType::VS_NW_INFO_REQ,
            Self::NwInfoCnf(_) => MmType::VS_NW_INFO_CNF,
            Self::OpAttributesReq(_) => MmType::VS_OP_ATTRIBUTES_REQ,
            Self::OpAttributesCnf(_) => MmType::VS_OP_ATTRIBUTES_CNF,
            Self::LinkStatusReq => MmType::VS_PL_LNK_STATUS_REQ,
            Self::LinkStatusCnf { .. } => MmType::VS_PL_LNK_STATUS_CNF,
            Self::AttenCharInd(_) => MmType::VS_ATTEN_CHAR_IND,
            Self::Other { mmtype, .. } => *mmtype,
        }
    }

    fn len(&self) -> usize {
        OUI.len()
            + match self {
                Self::SwVerReq(None) | Self::RsDevReq | Self::NwInfoReq | Self::LinkStatusReq => 0,
                Self::SwVerReq(Some(_)) => 4,
                Self::SwVerCnf(message) => 3 + message.version.len(),
                Self::RsDevCnf(_) => 1,
                Self::NwInfoCnf(message) => message.data().len(),
                Self::OpAttributesReq(_) => 5,
                Self::OpAttributesCnf(message) => 9 + message.attributes.len(),
                Self::LinkStatusCnf { .. } => 2,
                Self::AttenCharInd(message) => 16 + usize::from(message.groups.count()),
                Self::Other { data, .. } => data.len(),
            }
    }

    fn write(&self, out: &mut Writer<'_>) {
        let oui = if let Self::AttenCharInd(message) = self { message.oui } else { OUI };
        out.bytes(&oui);
        match self {
            Self::SwVerReq(None) | Self::RsDevReq | Self::NwInfoReq | Self::LinkStatusReq => {}
            Self::SwVerReq(Some(cookie)) => out.u32(*cookie),
            Self::SwVerCnf(message) => {
                out.bytes(&[message.status, message.device_class, message.version.len() as u8]);
                out.bytes(message.version);
            }
            Self::RsDevCnf(status) => out.u8(*status),
            Self::NwInfoCnf(message) => out.bytes(message.data()),
            Self::OpAttributesReq(message) => {
                out.u32(message.cookie);
                out.u8(message.report);
            }
            Self::OpAttributesCnf(message) => {
                out.u16(message.status);
                out.u32(message.cookie);
                out.u8(message.report);
                out.u16(message.attributes.len() as u16);
                out.bytes(message.attributes);
            }
            Self::LinkStatusCnf { status, link } => out.bytes(&[*status, *link]),
            Self::AttenCharInd(message) => {
                out.bytes(&message.pev_mac.0);
                out.u8(message.groups.count());
                out.bytes(&message.reserved);
                out.bytes(message.groups.as_slice());
            }
            Self::Other { data, .. } => out.bytes(data),
        }
    }
}
