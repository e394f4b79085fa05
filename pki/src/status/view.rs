//! Lists and responses for people: what stands in them, and nothing about whether it can be trusted.

use super::crl::List;
use super::ocsp::{Response, Single};
use super::{Status, Subject};
use crate::asn1::{Cursor, magnitude};
use crate::error::Error;
use crate::name::Name;
use crate::time::Time;

/// A revocation list as it stands. Nothing of it is verified; [`validate`](crate::validate) does that.
pub struct RevocationList<'a>(List<'a>);

impl<'a> RevocationList<'a> {
    /// Reads a list that fills `der`.
    ///
    /// # Errors
    /// It is no list of RFC 5280.
    pub fn parse(der: &'a [u8]) -> Result<Self, Error> {
        List::read(der).map(Self).map_err(|flaw| flaw.of(Subject::Crl(0)))
    }

    /// Whose list it is.
    pub const fn issuer(&self) -> &Name<'a> {
        &self.0.issuer
    }

    /// When it was made.
    pub const fn this_update(&self) -> Time {
        self.0.this_update
    }

    /// Until when it counts.
    pub const fn next_update(&self) -> Time {
        self.0.next_update
    }

    /// The serial numbers that are revoked, with the time; up to the first entry that cannot be read.
    pub fn revoked(&self) -> impl Iterator<Item = (&'a [u8], Time)> + use<'a> {
        let mut entries = self.0.revoked.clone();
        core::iter::from_fn(move || {
            let mut entry = entries.as_mut().filter(|entries| !entries.is_finished())?.sequence().ok()?;
            Some((magnitude(entry.integer().ok()?.value), Time::read(&mut entry).ok()?))
        })
    }
}

/// An OCSP response as it stands. Nothing of it is verified; [`validate`](crate::validate) does that.
pub struct OcspResponse<'a>(Response<'a>);

/// What a response says about one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OcspAnswer<'a> {
    /// Its serial number, big-endian without leading zeros.
    pub serial: &'a [u8],
    /// Revoked or not; None if the responder does not know.
    pub status: Option<Status>,
    /// When that was true.
    pub this_update: Time,
    /// Until when it counts, if it says so.
    pub next_update: Option<Time>,
}

impl<'a> OcspResponse<'a> {
    /// Reads a response that fills `der`.
    ///
    /// # Errors
    /// It is no response of RFC 6960, or the responder answered with an error.
    pub fn parse(der: &'a [u8]) -> Result<Self, Error> {
        Response::read(der).map(Self).map_err(|flaw| flaw.of(Subject::Ocsp(0)))
    }

    /// Who answers; None if it is named by its key.
    pub const fn responder(&self) -> Option<&Name<'a>> {
        self.0.name.as_ref()
    }

    /// The answers; up to the first that cannot be read.
    pub fn answers(&self) -> impl Iterator<Item = OcspAnswer<'a>> + use<'a> {
        let mut list: Cursor<'a> = self.0.responses.clone();
        core::iter::from_fn(move || {
            if list.is_finished() {
                return None;
            }
            let single = Single::read(&mut list).ok()?;
            Some(OcspAnswer {
                serial: single.serial,
                status: single.statement().ok().map(|statement| statement.status),
                this_update: single.this_update,
                next_update: single.next_update,
            })
        })
    }
}
