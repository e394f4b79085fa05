//! Management messages: typed representations, parsed from a [`Frame`] and emitted into a buffer.

mod amplitude;
mod code;
mod cursor;
mod keys;
mod lumissil;
mod matching;
mod network;
mod qualcomm;
mod sounding;
mod validate;

use core::num::NonZeroU8;

use thiserror::Error;

pub use amplitude::{AmpMapCnf, AmpMapReq, AmplitudeMap, MapError};
pub use code::{MmType, Variant};
pub use keys::{GetKeyCnf, GetKeyReq, SetKeyCnf, SetKeyReq};
pub use lumissil::{Lumissil, LumissilRequest};
pub use matching::{SlacMatchCnf, SlacMatchReq};
pub use network::{NetworkEntry, NwInfoCnf, NwStatsCnf, StationRate};
pub use qualcomm::{
    NetworkInfoCnf, QcaNetwork, QcaStation, Qualcomm, VsAttenCharInd, VsOpAttributesCnf, VsOpAttributesReq,
    VsSwVerCnf,
};
pub use sounding::{
    AttenCharInd, AttenCharRsp, AttenProfileInd, MnbcSoundInd, SlacParmCnf, SlacParmReq, Sounding,
    StartAttenCharInd,
};
pub use validate::{ValidateCnf, ValidateReq, ValidateResult};

use crate::frame::MIN_FRAME_LEN;
use crate::{EmitError, Envelope, Frame, MacAddr, Version};
use cursor::Reader;
pub(crate) use cursor::Writer;

/// Length of the longest frame that the machines send unless they exchange an amplitude map, bytes.
pub const MAX_FRAME_LEN: usize = 129;

/// Why the payload of a frame is not the message that its type announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MmeError {
    /// The payload ends before the message does.
    #[error("the message needs {needed} bytes, there are {available}")]
    Truncated {
        /// Bytes needed to get any further.
        needed: usize,
        /// Bytes at hand.
        available: usize,
    },
    /// The message does not exist in this edition.
    #[error("version {} of this message is not known", .0.code())]
    Version(Version),
    /// Application type other than 0, matching of vehicle and charger.
    #[error("application type {0}")]
    ApplicationType(u8),
    /// Security type other than 0, none.
    #[error("security type {0}")]
    SecurityType(u8),
    /// The target of the sounds is not everybody.
    #[error("sound target {0}")]
    SoundTarget(MacAddr),
    /// Response type other than 1, to another station.
    #[error("response type {0}")]
    ResponseType(u8),
    /// No sounds at all.
    #[error("number of sounds 0")]
    NoSounds,
    /// No time for sounds.
    #[error("time-out 0")]
    NoTime,
    /// The length field of a match message is not the one that it always has.
    #[error("match variable field of {found} bytes instead of {expected}")]
    MvfLength {
        /// What it must be.
        expected: u16,
        /// What it is.
        found: u16,
    },
    /// Validation by something else than toggles of the control pilot.
    #[error("signal type {0}")]
    SignalType(u8),
    /// Unknown result of a validation.
    #[error("validation result {0}")]
    ValidateResult(u8),
    /// A key of another type than NMK.
    #[error("key type {0}")]
    KeyType(u8),
    /// An amplitude map without carriers.
    #[error("amplitude map without carriers")]
    NoCarriers,
}

/// A message, by what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mme<'a> {
    /// CM_SLAC_PARM.REQ.
    SlacParmReq(SlacParmReq),
    /// CM_SLAC_PARM.CNF.
    SlacParmCnf(SlacParmCnf),
    /// CM_START_ATTEN_CHAR.IND.
    StartAttenCharInd(StartAttenCharInd),
    /// CM_MNBC_SOUND.IND.
    MnbcSoundInd(MnbcSoundInd),
    /// CM_ATTEN_PROFILE.IND.
    AttenProfileInd(AttenProfileInd<'a>),
    /// CM_ATTEN_CHAR.IND.
    AttenCharInd(AttenCharInd<'a>),
    /// CM_ATTEN_CHAR.RSP.
    AttenCharRsp(AttenCharRsp),
    /// CM_VALIDATE.REQ.
    ValidateReq(ValidateReq),
    /// CM_VALIDATE.CNF.
    ValidateCnf(ValidateCnf),
    /// CM_SLAC_MATCH.REQ.
    SlacMatchReq(SlacMatchReq),
    /// CM_SLAC_MATCH.CNF.
    SlacMatchCnf(SlacMatchCnf),
    /// CM_SET_KEY.REQ.
    SetKeyReq(SetKeyReq),
    /// CM_SET_KEY.CNF.
    SetKeyCnf(SetKeyCnf),
    /// CM_GET_KEY.REQ.
    GetKeyReq(GetKeyReq),
    /// CM_GET_KEY.CNF.
    GetKeyCnf(GetKeyCnf),
    /// CM_AMP_MAP.REQ.
    AmpMapReq(AmpMapReq<'a>),
    /// CM_AMP_MAP.CNF.
    AmpMapCnf(AmpMapCnf),
    /// CM_NW_INFO.REQ, which says nothing more.
    NwInfoReq,
    /// CM_NW_INFO.CNF.
    NwInfoCnf(NwInfoCnf<'a>),
    /// CM_NW_STATS.REQ, which says nothing more.
    NwStatsReq,
    /// CM_NW_STATS.CNF.
    NwStatsCnf(NwStatsCnf<'a>),
    /// A message of Qualcomm's modems.
    Qualcomm(Qualcomm<'a>),
    /// A message of Lumissil's modems.
    Lumissil(Lumissil<'a>),
    /// Any other message, as it came.
    Raw {
        /// Its type.
        mmtype: MmType,
        /// Everything behind the header, padding included.
        payload: &'a [u8],
    },
}

/// What every representation can do. The machines emit by it, so that firmware carries only what it sends.
pub(crate) trait Body {
    /// Type of the message.
    fn mmtype(&self) -> MmType;
    /// Length of the payload without padding, bytes.
    fn len(&self) -> usize;
    /// Writes the payload into cleared memory of that length.
    fn write(&self, out: &mut Writer<'_>);
    /// The edition in which the message is usually sent.
    fn version(&self) -> Version {
        Version::Av11
    }
}

/// Writes the frame of a message to the start of `out` and returns its length.
pub(crate) fn emit(body: &dyn Body, envelope: Envelope, out: &mut [u8]) -> Result<usize, EmitError> {
    let header_len = envelope.version.header_len();
    let needed = (header_len + body.len()).max(MIN_FRAME_LEN);
    let available = out.len();
    let Some(out) = out.get_mut(..needed) else { return Err(EmitError { needed, available }) };
    out.fill(0);
    envelope.write(body.mmtype(), out);
    body.write(&mut Writer::new(out.get_mut(header_len..).unwrap_or_default()));
    Ok(needed)
}

/// A message that its type says all about, or that nobody understands.
struct Plain<'a>(MmType, &'a [u8]);

impl Body for Plain<'_> {
    fn mmtype(&self) -> MmType {
        self.0
    }

    fn len(&self) -> usize {
        self.1.len()
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.bytes(self.1);
    }
}

impl<'a> Mme<'a> {
    /// Reads the message in a frame. What follows it is padding, of whatever length and content.
    ///
    /// Types that this crate does not know, and messages of unknown vendors, are [`Mme::Raw`].
    ///
    /// # Errors
    /// See [`MmeError`].
    pub fn parse(frame: &Frame<'a>) -> Result<Self, MmeError> {
        Self::parse_wanted(frame, |_| true)
    }

    /// Reads the message in a frame if it is of a type that is wanted, else it is [`Mme::Raw`]: the code for the
    /// others then takes no flash.
    #[inline]
    pub(crate) fn parse_wanted(
        frame: &Frame<'a>,
        wanted: impl Fn(MmType) -> bool + Copy,
    ) -> Result<Self, MmeError> {
        let mmtype = frame.mmtype();
        let payload = frame.payload();
        let raw = Self::Raw { mmtype, payload };
        if mmtype.is_vendor() {
            return match payload.split_first_chunk() {
                Some((&lumissil::OUI, rest)) => Lumissil::parse(mmtype, rest, raw, wanted),
                Some((&oui, rest)) => Qualcomm::parse(frame.version(), mmtype, oui, rest, raw, wanted),
                None => Ok(raw),
            };
        }
        let mut reader = Reader::new(payload);
        let message = Self::read(mmtype, &mut reader, raw, wanted);
        let message = reader.finish(message)?;
        let newer = matches!(mmtype.0, 0x601C | 0x601D | 0x6048 | 0x6049);
        match frame.version() {
            _ if matches!(message, Self::Raw { .. }) => Ok(message),
            Version::Av11 => Ok(message),
            Version::Av20 if newer => Ok(message),
            other => Err(MmeError::Version(other)),
        }
    }

    /// Reads a message of the standard. Fields that are missing are zero here.
    #[inline]
    fn read(
        mmtype: MmType,
        reader: &mut Reader<'a>,
        raw: Self,
        wanted: impl Fn(MmType) -> bool,
    ) -> Result<Self, MmeError> {
        Ok(match mmtype {
            MmType::CM_SLAC_PARM_REQ if wanted(MmType::CM_SLAC_PARM_REQ) => {
                Self::SlacParmReq(SlacParmReq::read(reader)?)
            }
            MmType::CM_SLAC_PARM_CNF if wanted(MmType::CM_SLAC_PARM_CNF) => {
                Self::SlacParmCnf(SlacParmCnf::read(reader)?)
            }
            MmType::CM_START_ATTEN_CHAR_IND if wanted(MmType::CM_START_ATTEN_CHAR_IND) => {
                Self::StartAttenCharInd(StartAttenCharInd::read(reader)?)
            }
            MmType::CM_MNBC_SOUND_IND if wanted(MmType::CM_MNBC_SOUND_IND) => {
                Self::MnbcSoundInd(MnbcSoundInd::read(reader)?)
            }
            MmType::CM_ATTEN_PROFILE_IND if wanted(MmType::CM_ATTEN_PROFILE_IND) => {
                Self::AttenProfileInd(AttenProfileInd::read(reader))
            }
            MmType::CM_ATTEN_CHAR_IND if wanted(MmType::CM_ATTEN_CHAR_IND) => {
                Self::AttenCharInd(AttenCharInd::read(reader)?)
            }
            MmType::CM_ATTEN_CHAR_RSP if wanted(MmType::CM_ATTEN_CHAR_RSP) => {
                Self::AttenCharRsp(AttenCharRsp::read(reader)?)
            }
            MmType::CM_VALIDATE_REQ if wanted(MmType::CM_VALIDATE_REQ) => {
                Self::ValidateReq(ValidateReq::read(reader)?)
            }
            MmType::CM_VALIDATE_CNF if wanted(MmType::CM_VALIDATE_CNF) => {
                Self::ValidateCnf(ValidateCnf::read(reader)?)
            }
            MmType::CM_SLAC_MATCH_REQ if wanted(MmType::CM_SLAC_MATCH_REQ) => {
                Self::SlacMatchReq(SlacMatchReq::read(reader)?)
            }
            MmType::CM_SLAC_MATCH_CNF if wanted(MmType::CM_SLAC_MATCH_CNF) => {
                Self::SlacMatchCnf(SlacMatchCnf::read(reader)?)
            }
            MmType::CM_SET_KEY_REQ if wanted(MmType::CM_SET_KEY_REQ) => {
                Self::SetKeyReq(SetKeyReq::read(reader)?)
            }
            MmType::CM_SET_KEY_CNF if wanted(MmType::CM_SET_KEY_CNF) => {
                Self::SetKeyCnf(SetKeyCnf::read(reader))
            }
            MmType::CM_GET_KEY_REQ if wanted(MmType::CM_GET_KEY_REQ) => {
                Self::GetKeyReq(GetKeyReq::read(reader))
            }
            MmType::CM_GET_KEY_CNF if wanted(MmType::CM_GET_KEY_CNF) => {
                Self::GetKeyCnf(GetKeyCnf::read(reader))
            }
            MmType::CM_AMP_MAP_REQ if wanted(MmType::CM_AMP_MAP_REQ) => {
                Self::AmpMapReq(AmpMapReq::read(reader)?)
            }
            MmType::CM_AMP_MAP_CNF if wanted(MmType::CM_AMP_MAP_CNF) => {
                Self::AmpMapCnf(AmpMapCnf::read(reader))
            }
            MmType::CM_NW_INFO_REQ if wanted(MmType::CM_NW_INFO_REQ) => Self::NwInfoReq,
            MmType::CM_NW_INFO_CNF if wanted(MmType::CM_NW_INFO_CNF) => {
                Self::NwInfoCnf(NwInfoCnf::read(reader))
            }
            MmType::CM_NW_STATS_REQ if wanted(MmType::CM_NW_STATS_REQ) => Self::NwStatsReq,
            MmType::CM_NW_STATS_CNF if wanted(MmType::CM_NW_STATS_CNF) => {
                Self::NwStatsCnf(NwStatsCnf::read(reader))
            }
            _ => raw,
        })
    }

    fn with_body<T>(&self, act: impl FnOnce(&dyn Body) -> T) -> T {
        let plain;
        act(match self {
            Self::SlacParmReq(message) => message,
            Self::SlacParmCnf(message) => message,
            Self::StartAttenCharInd(message) => message,
            Self::MnbcSoundInd(message) => message,
            Self::AttenProfileInd(message) => message,
            Self::AttenCharInd(message) => message,
            Self::AttenCharRsp(message) => message,
            Self::ValidateReq(message) => message,
            Self::ValidateCnf(message) => message,
            Self::SlacMatchReq(message) => message,
            Self::SlacMatchCnf(message) => message,
            Self::SetKeyReq(message) => message,
            Self::SetKeyCnf(message) => message,
            Self::GetKeyReq(message) => message,
            Self::GetKeyCnf(message) => message,
            Self::AmpMapReq(message) => message,
            Self::AmpMapCnf(message) => message,
            Self::NwInfoCnf(message) => message,
            Self::NwStatsCnf(message) => message,
            Self::Qualcomm(message) => message,
            Self::Lumissil(message) => message,
            Self::NwInfoReq => {
                plain = Plain(MmType::CM_NW_INFO_REQ, &[]);
                &plain
            }
            Self::NwStatsReq => {
                plain = Plain(MmType::CM_NW_STATS_REQ, &[]);
                &plain
            }
            Self::Raw { mmtype, payload } => {
                plain = Plain(*mmtype, payload);
                &plain
            }
        })
    }

    /// Type of the message.
    pub fn mmtype(&self) -> MmType {
        self.with_body(|body| body.mmtype())
    }

    /// The edition in which the message is usually sent.
    pub fn version(&self) -> Version {
        self.with_body(|body| body.version())
    }

    /// Length of the message without header and padding, bytes.
    pub fn payload_len(&self) -> usize {
        self.with_body(|body| body.len())
    }

    /// Length of the frame without padding, bytes.
    pub fn message_len(&self, version: Version) -> usize {
        version.header_len() + self.payload_len()
    }

    /// Length of the frame, bytes.
    pub fn buffer_len(&self, version: Version) -> usize {
        self.message_len(version).max(MIN_FRAME_LEN)
    }

    /// Writes the frame to the start of `out` and returns its length. Padding is zero.
    ///
    /// # Errors
    /// [`EmitError`] below [`Self::buffer_len`] bytes; `out` is untouched then.
    pub fn emit(&self, envelope: Envelope, out: &mut [u8]) -> Result<usize, EmitError> {
        self.with_body(|body| emit(body, envelope, out))
    }
}

fn sounds(number: u8) -> Result<NonZeroU8, MmeError> {
    NonZeroU8::new(number).ok_or(MmeError::NoSounds)
}
