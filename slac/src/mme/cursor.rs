//! Reading and writing payloads field by field.

use super::MmeError;
use crate::{MacAddr, RunId, StationId};

/// Reads fields from the front of a payload. Beyond its end there are zeros, and the error is kept: code that
/// reads many fields stays short on small machines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    available: usize,
    /// Bytes that the first field beyond the end would have needed; 0 if there was none.
    needed: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload, available: payload.len(), needed: 0 }
    }

    /// Bytes read so far.
    pub(super) fn consumed(&self) -> usize {
        self.available - self.rest.len()
    }

    /// Whether all fields were there.
    pub(super) fn check(&self) -> Result<(), MmeError> {
        match self.needed {
            0 => Ok(()),
            needed => Err(MmeError::Truncated { needed, available: self.available }),
        }
    }

    /// What was made of the fields, if all of them were there.
    pub(super) fn finish<T>(&self, result: Result<T, MmeError>) -> Result<T, MmeError> {
        self.check().and(result)
    }

    #[inline(never)]
    pub(super) fn slice(&mut self, len: usize) -> &'a [u8] {
        match self.rest.split_at_checked(len) {
            Some((field, rest)) if self.needed == 0 => {
                self.rest = rest;
                field
            }
            _ => {
                if self.needed == 0 {
                    self.needed = self.consumed() + len;
                }
                &[]
            }
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        self.slice(N).try_into().unwrap_or([0; N])
    }

    pub(super) fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    #[inline(never)]
    pub(super) fn mac(&mut self) -> MacAddr {
        MacAddr(self.array())
    }

    #[inline(never)]
    pub(super) fn run_id(&mut self) -> RunId {
        RunId(self.array())
    }

    #[inline(never)]
    pub(super) fn station_id(&mut self) -> StationId {
        StationId(self.array())
    }

    /// Application and security type, of which only one each is in use.
    #[inline(never)]
    pub(super) fn matching_header(&mut self) -> Result<(), MmeError> {
        match self.array() {
            [0, 0] => Ok(()),
            [0, security] => Err(MmeError::SecurityType(security)),
            [application, _] => Err(MmeError::ApplicationType(application)),
        }
    }
}

/// Writes fields behind each other. What does not fit is lost: callers measure first.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut [u8]) -> Self {
        Self { rest: out }
    }

    pub(super) fn bytes(&mut self, field: &[u8]) {
        let rest = core::mem::take(&mut self.rest);
        if let Some((place, rest)) = rest.split_at_mut_checked(field.len()) {
            place.copy_from_slice(field);
            self.rest = rest;
        }
    }

    pub(super) fn u8(&mut self, field: u8) {
        self.bytes(&[field]);
    }

    pub(super) fn u16(&mut self, field: u16) {
        self.bytes(&field.to_le_bytes());
    }

    pub(super) fn u32(&mut self, field: u32) {
        self.bytes(&field.to_le_bytes());
    }

    /// Leaves zeros: the output was cleared before.
    pub(super) fn zeros(&mut self, len: usize) {
        let rest = core::mem::take(&mut self.rest);
        self.rest = rest.get_mut(len..).unwrap_or_default();
    }
}
