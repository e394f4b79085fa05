//! Validation: the vehicle toggles its control pilot, and the charger says how often it saw that.

use super::cursor::{Reader, Writer};
use super::{Body, MmType, MmeError};

/// How far a validation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValidateResult {
    /// 0: not now.
    NotReady,
    /// 1: go on.
    Ready,
    /// 2: the toggles were counted.
    Success,
    /// 3: it cannot be done.
    Failure,
    /// 4: it need not be done.
    NotRequired,
}

impl ValidateResult {
    /// The code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::NotReady => 0,
            Self::Ready => 1,
            Self::Success => 2,
            Self::Failure => 3,
            Self::NotRequired => 4,
        }
    }

    fn from_code(code: u8) -> Result<Self, MmeError> {
        Ok(match code {
            0 => Self::NotReady,
            1 => Self::Ready,
            2 => Self::Success,
            3 => Self::Failure,
            4 => Self::NotRequired,
            other => return Err(MmeError::ValidateResult(other)),
        })
    }
}

/// CM_VALIDATE.REQ, both steps of it. It does not name the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidateReq {
    /// Time of the toggles in units of 100 ms, less one; 0 in the first step.
    pub timer: u8,
    /// [`ValidateResult::Ready`], unless the vehicle gives up.
    pub result: ValidateResult,
}

impl ValidateReq {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        let [signal, timer, result] = reader.array();
        if signal != 0 {
            return Err(MmeError::SignalType(signal));
        }
        Ok(Self { timer, result: ValidateResult::from_code(result)? })
    }
}

impl Body for ValidateReq {
    fn mmtype(&self) -> MmType {
        MmType::CM_VALIDATE_REQ
    }

    fn len(&self) -> usize {
        3
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.bytes(&[0, self.timer, self.result.code()]);
    }
}

/// CM_VALIDATE.CNF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidateCnf {
    /// Toggles from B to C and back that were seen; 0 in the first step.
    pub toggles: u8,
    /// How far it is.
    pub result: ValidateResult,
}

impl ValidateCnf {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MmeError> {
        let [signal, toggles, result] = reader.array();
        if signal != 0 {
            return Err(MmeError::SignalType(signal));
        }
        Ok(Self { toggles, result: ValidateResult::from_code(result)? })
    }
}

impl Body for ValidateCnf {
    fn mmtype(&self) -> MmType {
        MmType::CM_VALIDATE_CNF
    }

    fn len(&self) -> usize {
        3
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.bytes(&[0, self.toggles, self.result.code()]);
    }
}
