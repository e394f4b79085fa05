//! Reading and writing payloads field by field.

use super::MmeError;
use crate::{MacAddr, RunId, StationId};

/// Reads fields from the front of a payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    available: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload, available: payload.len() }
    }

    /// Bytes read so far.
    pub(super) fn consumed(&self) -> usize {
        self.available - self.rest.len()
    }

    fn truncated(&self, wanted: usize) -> MmeError {
        let needed = self.consumed() + wanted;
        MmeError::Truncated { needed, available: self.available }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], MmeError> {
        let (field, rest) = self.rest.split_first_chunk().ok_or_else(|| self.truncated(N))?;
        self.rest = rest;
        Ok(*field)
    }

    pub(super) fn slice(&mut self, len: usize) -> Result<&'a [u8], MmeError> {
        let (field, rest) = self.rest.split_at_checked(len).ok_or_else(|| self.truncated(len))?;
        self.rest = rest;
        Ok(field)
    }

    pub(super) fn u8(&mut self) -> Result<u8, MmeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, MmeError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, MmeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn mac(&mut self) -> Result<MacAddr, MmeError> {
        self.array().map(MacAddr)
    }

    pub(super) fn run_id(&mut self) -> Result<RunId, MmeError> {
        self.array().map(RunId)
    }

    pub(super) fn station_id(&mut self) -> Result<StationId, MmeError> {
        self.array().map(StationId)
    }

    /// Application and security type, of which only one each is in use.
    pub(super) fn matching_header(&mut self) -> Result<(), MmeError> {
        match self.array()? {
            [0, 0] => Ok(()),
            [0, security] => Err(MmeError::SecurityType(security)),
            [application, _] => Err(MmeError::ApplicationType(application)),
        }
    }
}

/// Writes fields behind each other. What does not fit is lost: callers measure first.
#[derive(Debug)]
pub(super) struct Writer<'a> {
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
