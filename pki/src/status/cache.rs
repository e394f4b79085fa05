//! What is remembered of earlier answers, for when there is no connection.

use sha2::{Digest as _, Sha256};

use crate::cert::Certificate;
use crate::status::{Statement, Status};
use crate::time::Time;

/// Names a certificate: SHA-256 over its issuer's key and its serial number.
pub(super) fn key(certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((issuer.key().bits().len() as u32).to_be_bytes());
    hash.update(issuer.key().bits());
    hash.update(certificate.serial());
    hash.finalize().into()
}

/// Who remembers what was said about certificates.
pub trait Remembered {
    /// What was said about the certificate, if it still counts: its time to expire has not come.
    fn recall(&self, key: &[u8; 32], now: Time) -> Option<Statement>;
}

/// A memory for `N` certificates. When it is full, the statement that expires first makes room; one that says
/// revoked stays until it expires.
#[derive(Clone, Debug)]
pub struct StatusCache<const N: usize> {
    entries: [Option<([u8; 32], Statement)>; N],
}

impl<const N: usize> StatusCache<N> {
    /// An empty memory.
    pub const fn new() -> Self {
        Self { entries: [None; N] }
    }

    /// Remembers what was said. A later statement replaces an earlier one about the same certificate, unless that
    /// says revoked and this does not: revocation is final.
    pub(super) fn remember(&mut self, key: &[u8; 32], statement: Statement, now: Time) {
        let known = |entry: &&mut Option<([u8; 32], Statement)>| {
            entry.as_ref().is_some_and(|(known, _)| known == key)
        };
        if let Some(Some((_, old))) = self.entries.iter_mut().find(known) {
            let newer = statement.this_update >= old.this_update;
            if statement.status == Status::Revoked || (newer && old.status == Status::Good) {
                *old = statement;
            }
            return;
        }
        let rank = |entry: &Option<([u8; 32], Statement)>| match entry {
            None => (0, Time::default()),
            Some((_, old)) if old.next_update < now => (1, old.next_update),
            Some((_, old)) if old.status == Status::Good => (2, old.next_update),
            Some((_, old)) => (3, old.next_update),
        };
        if let Some(slot) = self.entries.iter_mut().min_by_key(|entry| rank(entry)) {
            *slot = Some((*key, statement));
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries = [None; N];
    }
}

impl<const N: usize> Default for StatusCache<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Remembered for StatusCache<N> {
    fn recall(&self, key: &[u8; 32], now: Time) -> Option<Statement> {
        let statement = self.entries.iter().flatten().find(|(known, _)| known == key).map(|(_, it)| *it)?;
        // What was revoked stays so, however old the statement is.
        (statement.status == Status::Revoked || now <= statement.next_update).then_some(statement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(status: Status, from: i64) -> Statement {
        let time = Time::from_unix;
        Statement { status, this_update: time(from), next_update: time(from + 100) }
    }

    #[test]
    fn statements_expire_and_revocation_does_not() {
        let (mut cache, now) = (StatusCache::<2>::new(), Time::from_unix(50));
        cache.remember(&[1; 32], at(Status::Good, 0), now);
        cache.remember(&[2; 32], at(Status::Revoked, 0), now);
        assert!(cache.recall(&[1; 32], Time::from_unix(100)).is_some());
        assert!(cache.recall(&[1; 32], Time::from_unix(101)).is_none());
        assert!(cache.recall(&[2; 32], Time::from_unix(101)).is_some());
        cache.remember(&[2; 32], at(Status::Good, 50), now);
        assert_eq!(cache.recall(&[2; 32], now).map(|it| it.status), Some(Status::Revoked));
    }

    #[test]
    fn the_first_to_expire_makes_room() {
        let (mut cache, now) = (StatusCache::<2>::new(), Time::from_unix(50));
        cache.remember(&[1; 32], at(Status::Revoked, 0), now);
        cache.remember(&[2; 32], at(Status::Good, 30), now);
        cache.remember(&[3; 32], at(Status::Good, 10), now);
        assert!(cache.recall(&[1; 32], now).is_some() && cache.recall(&[3; 32], now).is_some());
        assert!(cache.recall(&[2; 32], now).is_none());
        cache.clear();
        assert!(cache.recall(&[1; 32], now).is_none());
    }
}
