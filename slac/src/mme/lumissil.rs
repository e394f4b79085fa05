//! Messages of Lumissil's CG5317, as far as their layout is known.

use super::cursor::{Reader, Writer};
use super::{Body, MmType, Mme, MmeError};
use crate::Version;

/// Whose messages these are.
pub(super) const OUI: [u8; 3] = [0x00, 0x16, 0xE8];
/// Behind the OUI: version, four bytes, number of the request, twelve bytes.
const HEADER_LEN: usize = 19;

/// A message; `id` is the number that a request and its answer share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lumissil<'a> {
    /// A request.
    Request {
        /// Number of the request.
        id: u8,
        /// What is asked for.
        request: LumissilRequest,
    },
    /// Version of the firmware. The order of the numbers is disputed.
    Version {
        /// Number of the request.
        id: u8,
        /// Five numbers.
        numbers: [u16; 5],
    },
    /// What the modem is doing: 1 in no network, to 5 station, 6 coordinator.
    DeviceState {
        /// Number of the request.
        id: u8,
        /// The state.
        state: u8,
    },
    /// 1: there is a link.
    LinkStatus {
        /// Number of the request.
        id: u8,
        /// The status.
        status: u8,
    },
    /// The modem tells something: 1 ready to join, 2 joined, 3 left.
    HostMessage {
        /// Number of the message.
        id: u8,
        /// What happened.
        event: u8,
    },
    /// Any other message of this vendor.
    Other {
        /// Its type.
        mmtype: MmType,
        /// What stands behind the OUI, padding included.
        data: &'a [u8],
    },
}

/// What can be asked of a modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LumissilRequest {
    /// Its version.
    Version,
    /// To restart; there is no answer.
    Reset,
    /// Its state.
    DeviceState,
    /// Whether there is a link.
    LinkStatus,
}

impl<'a> Lumissil<'a> {
    #[inline]
    pub(super) fn parse(
        mmtype: MmType,
        data: &'a [u8],
        raw: Mme<'a>,
        wanted: impl Fn(MmType) -> bool,
    ) -> Result<Mme<'a>, MmeError> {
        let mut reader = Reader::new(data);
        reader.slice(6);
        let id = reader.u8();
        reader.slice(12);
        let request = |request| Self::Request { id, request };
        let message = match mmtype {
            MmType::LMS_VERSION_REQ if wanted(MmType::LMS_VERSION_REQ) => request(LumissilRequest::Version),
            MmType::LMS_DEVICE_STATE_REQ if wanted(MmType::LMS_DEVICE_STATE_REQ) => {
                request(LumissilRequest::DeviceState)
            }
            MmType::LMS_LINK_STATUS_REQ if wanted(MmType::LMS_LINK_STATUS_REQ) => {
                request(LumissilRequest::LinkStatus)
            }
            MmType::LMS_RESET_REQ if wanted(MmType::LMS_RESET_REQ) => match reader.u8() {
                0 => request(LumissilRequest::Reset),
                _ => return Ok(Mme::Lumissil(Self::Other { mmtype, data })),
            },
            MmType::LMS_VERSION_CNF if wanted(MmType::LMS_VERSION_CNF) => {
                let mut numbers = [0; 5];
                for number in &mut numbers {
                    *number = reader.u16();
                }
                Self::Version { id, numbers }
            }
            MmType::LMS_DEVICE_STATE_CNF if wanted(MmType::LMS_DEVICE_STATE_CNF) => {
                Self::DeviceState { id, state: reader.u8() }
            }
            MmType::LMS_LINK_STATUS_CNF if wanted(MmType::LMS_LINK_STATUS_CNF) => {
                Self::LinkStatus { id, status: reader.u8() }
            }
            MmType::LMS_HOST_MESSAGE_IND if wanted(MmType::LMS_HOST_MESSAGE_IND) => {
                Self::HostMessage { id, event: reader.u8() }
            }
            _ if mmtype.is_vendor() => Self::Other { mmtype, data },
            _ => return Ok(raw),
        };
        reader.check()?;
        Ok(Mme::Lumissil(message))
    }
}

impl Body for Lumissil<'_> {
    fn version(&self) -> Version {
        Version::Av10
    }

    fn mmtype(&self) -> MmType {
        match self {
            Self::Request { request: LumissilRequest::Version, .. } => MmType::LMS_VERSION_REQ,
            Self::Request { request: LumissilRequest::Reset, .. } => MmType::LMS_RESET_REQ,
            Self::Request { request: LumissilRequest::DeviceState, .. } => MmType::LMS_DEVICE_STATE_REQ,
            Self::Request { request: LumissilRequest::LinkStatus, .. } => MmType::LMS_LINK_STATUS_REQ,
            Self::Version { .. } => MmType::LMS_VERSION_CNF,
            Self::DeviceState { .. } => MmType::LMS_DEVICE_STATE_CNF,
            Self::LinkStatus { .. } => MmType::LMS_LINK_STATUS_CNF,
            Self::HostMessage { .. } => MmType::LMS_HOST_MESSAGE_IND,
            Self::Other { mmtype, .. } => *mmtype,
        }
    }

    fn len(&self) -> usize {
        OUI.len()
            + match self {
                Self::Other { data, .. } => data.len(),
                Self::Version { .. } => HEADER_LEN + 10,
                Self::Request { request: LumissilRequest::Reset, .. }
                | Self::DeviceState { .. }
                | Self::LinkStatus { .. }
                | Self::HostMessage { .. } => HEADER_LEN + 1,
                Self::Request { .. } => HEADER_LEN,
            }
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.bytes(&OUI);
        let (id, value) = match *self {
            Self::Other { data, .. } => {
                out.bytes(data);
                return;
            }
            Self::Version { id, numbers } => {
                header(id, out);
                for number in numbers {
                    out.u16(number);
                }
                return;
            }
            Self::Request { id, request: LumissilRequest::Reset } => (id, Some(0)),
            Self::Request { id, .. } => (id, None),
            Self::DeviceState { id, state } => (id, Some(state)),
            Self::LinkStatus { id, status } => (id, Some(status)),
            Self::HostMessage { id, event } => (id, Some(event)),
        };
        header(id, out);
        if let Some(value) = value {
            out.u8(value);
        }
    }
}

fn header(id: u8, out: &mut Writer<'_>) {
    out.zeros(6);
    out.u8(id);
    out.zeros(12);
}
