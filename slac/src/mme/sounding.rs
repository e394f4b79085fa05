//! Parameters, sounds, and how much of them arrived.

use core::num::NonZeroU8;
use core::time::Duration;

use super::cursor::{Reader, Writer};
use super::{Body, MmType, MmeError, sounds};
use crate::{Groups, MacAddr, RunId, StationId};

/// The only response type: results go to the station that is named.
const RESPONSE_TYPE: u8 = 1;

/// How a vehicle shall sound, or does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sounding {
    /// Number of sounds.
    pub num_sounds: NonZeroU8,
    /// Time for all of them from the first [`StartAttenCharInd`] on, in units of 100 ms.
    pub time_out: NonZeroU8,
}

impl Sounding {
    /// What all vehicles expect: ten sounds (C_EV_match_MNBC) in 600 ms (TT_EVSE_match_MNBC).
    pub const STANDARD: Self =
        Self { num_sounds: NonZeroU8::new(10).unwrap(), time_out: NonZeroU8::new(6).unwrap() };

    /// Time for all sounds.
    pub const fn time(self) -> Duration {
        Duration::from_millis(self.time_out.get() as u64 * 100)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        let [num_sounds, time_out, response_type] = reader.array();
        let sounding = Self {
            num_sounds: sounds(num_sounds)?,
            time_out: NonZeroU8::new(time_out).ok_or(MmeError::NoTime)?,
        };
        if response_type == RESPONSE_TYPE { Ok(sounding) } else { Err(MmeError::ResponseType(response_type)) }
    }

    fn write(self, out: &mut Writer<'_>) {
        out.bytes(&[self.num_sounds.get(), self.time_out.get(), RESPONSE_TYPE]);
    }
}

/// CM_SLAC_PARM.REQ: a vehicle asks who is there to be matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlacParmReq {
    /// Name of the attempt.
    pub run_id: RunId,
}

impl SlacParmReq {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        reader.matching_header()?;
        Ok(Self { run_id: reader.run_id() })
    }
}

impl Body for SlacParmReq {
    fn mmtype(&self) -> MmType {
        MmType::CM_SLAC_PARM_REQ
    }

    fn len(&self) -> usize {
        10
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.zeros(2);
        out.bytes(&self.run_id.0);
    }
}

/// CM_SLAC_PARM.CNF: a charger is there, and says how to sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlacParmCnf {
    /// How the vehicle shall sound.
    pub sounding: Sounding,
    /// The vehicle, to whom results go.
    pub forwarding_sta: MacAddr,
    /// The vehicle's name of the attempt.
    pub run_id: RunId,
}

impl SlacParmCnf {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        let target = reader.mac();
        if target != MacAddr::BROADCAST {
            return Err(MmeError::SoundTarget(target));
        }
        let sounding = Sounding::read(reader)?;
        let forwarding_sta = reader.mac();
        reader.matching_header()?;
        Ok(Self { sounding, forwarding_sta, run_id: reader.run_id() })
    }
}

impl Body for SlacParmCnf {
    fn mmtype(&self) -> MmType {
        MmType::CM_SLAC_PARM_CNF
    }

    fn len(&self) -> usize {
        25
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.bytes(&MacAddr::BROADCAST.0);
        self.sounding.write(out);
        out.bytes(&self.forwarding_sta.0);
        out.zeros(2);
        out.bytes(&self.run_id.0);
    }
}

/// CM_START_ATTEN_CHAR.IND: sounds follow. Sent three times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartAttenCharInd {
    /// How the vehicle will sound.
    pub sounding: Sounding,
    /// The vehicle, to whom results go.
    pub forwarding_sta: MacAddr,
    /// The vehicle's name of the attempt.
    pub run_id: RunId,
}

impl StartAttenCharInd {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        reader.matching_header()?;
        let sounding = Sounding::read(reader)?;
        Ok(Self { sounding, forwarding_sta: reader.mac(), run_id: reader.run_id() })
    }
}

impl Body for StartAttenCharInd {
    fn mmtype(&self) -> MmType {
        MmType::CM_START_ATTEN_CHAR_IND
    }

    fn len(&self) -> usize {
        19
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.zeros(2);
        self.sounding.write(out);
        out.bytes(&self.forwarding_sta.0);
        out.bytes(&self.run_id.0);
    }
}

/// CM_MNBC_SOUND.IND: a sound. Modems measure it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MnbcSoundInd {
    /// Id of the vehicle, [`StationId::NONE`].
    pub sender_id: StationId,
    /// Sounds that are still to come: 9 down to 0.
    pub remaining: u8,
    /// The vehicle's name of the attempt.
    pub run_id: RunId,
    /// Random bytes, so that the sound uses all carriers.
    pub random: [u8; 16],
}

impl MnbcSoundInd {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        reader.matching_header()?;
        let sender_id = reader.station_id();
        let remaining = reader.u8();
        let run_id = reader.run_id();
        reader.slice(8);
        Ok(Self { sender_id, remaining, run_id, random: reader.array() })
    }
}

impl Body for MnbcSoundInd {
    fn mmtype(&self) -> MmType {
        MmType::CM_MNBC_SOUND_IND
    }

    fn len(&self) -> usize {
        52
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.zeros(2);
        out.bytes(&self.sender_id.0);
        out.u8(self.remaining);
        out.bytes(&self.run_id.0);
        out.zeros(8);
        out.bytes(&self.random);
    }
}

/// CM_ATTEN_PROFILE.IND: what the charger's modem measured of one sound. It does not name the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttenProfileInd<'a> {
    /// The vehicle that sounded.
    pub pev_mac: MacAddr,
    /// What was lost.
    pub groups: Groups<'a>,
}

impl<'a> AttenProfileInd<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Self {
        let pev_mac = reader.mac();
        let [count, _] = reader.array();
        Self { pev_mac, groups: Groups::new(reader.slice(count.into())) }
    }
}

impl Body for AttenProfileInd<'_> {
    fn mmtype(&self) -> MmType {
        MmType::CM_ATTEN_PROFILE_IND
    }

    fn len(&self) -> usize {
        8 + usize::from(self.groups.count())
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.bytes(&self.pev_mac.0);
        out.bytes(&[self.groups.count(), 0]);
        out.bytes(self.groups.as_slice());
    }
}

/// CM_ATTEN_CHAR.IND: what a charger heard of all sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttenCharInd<'a> {
    /// The vehicle that sounded.
    pub source_address: MacAddr,
    /// The vehicle's name of the attempt.
    pub run_id: RunId,
    /// Id of the vehicle, [`StationId::NONE`].
    pub source_id: StationId,
    /// Id of the charger, [`StationId::NONE`].
    pub resp_id: StationId,
    /// Sounds that were heard.
    pub num_sounds: u8,
    /// Mean of what was lost.
    pub groups: Groups<'a>,
}

impl<'a> AttenCharInd<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, MmeError> {
        reader.matching_header()?;
        let source_address = reader.mac();
        let run_id = reader.run_id();
        let (source_id, resp_id) = (reader.station_id(), reader.station_id());
        let [num_sounds, count] = reader.array();
        let groups = Groups::new(reader.slice(count.into()));
        Ok(Self { source_address, run_id, source_id, resp_id, num_sounds, groups })
    }
}

impl Body for AttenCharInd<'_> {
    fn mmtype(&self) -> MmType {
        MmType::CM_ATTEN_CHAR_IND
    }

    fn len(&self) -> usize {
        52 + usize::from(self.groups.count())
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.zeros(2);
        out.bytes(&self.source_address.0);
        out.bytes(&self.run_id.0);
        out.bytes(&self.source_id.0);
        out.bytes(&self.resp_id.0);
        out.bytes(&[self.num_sounds, self.groups.count()]);
        out.bytes(self.groups.as_slice());
    }
}

/// CM_ATTEN_CHAR.RSP: the vehicle has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttenCharRsp {
    /// The vehicle that sounded.
    pub source_address: MacAddr,
    /// The vehicle's name of the attempt.
    pub run_id: RunId,
    /// Id of the vehicle, [`StationId::NONE`].
    pub source_id: StationId,
    /// Id of the charger, [`StationId::NONE`].
    pub resp_id: StationId,
    /// 0: taken.
    pub result: u8,
}

impl AttenCharRsp {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        reader.matching_header()?;
        Ok(Self {
            source_address: reader.mac(),
            run_id: reader.run_id(),
            source_id: reader.station_id(),
            resp_id: reader.station_id(),
            result: reader.u8(),
        })
    }
}

impl Body for AttenCharRsp {
    fn mmtype(&self) -> MmType {
        MmType::CM_ATTEN_CHAR_RSP
    }

    fn len(&self) -> usize {
        51
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.zeros(2);
        out.bytes(&self.source_address.0);
        out.bytes(&self.run_id.0);
        out.bytes(&self.source_id.0);
        out.bytes(&self.resp_id.0);
        out.u8(self.result);
    }
}
