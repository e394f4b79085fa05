//! Resumption: off, or by a pre-shared key with a fresh key exchange.

use core::fmt;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::server::ProducesTickets;
use zeroize::Zeroizing;

/// Whether sessions are resumed. Early data is never sent nor accepted [V2G20-1612, 2031].
///
/// A ticket is good for one resumption by whoever held the vehicle certificate that it was issued to: the chain is
/// part of the session, is checked anew by the [`Verifier`](crate::Verifier) when it is resumed, and is what
/// [`Peer`](crate::Peer) reports. Charging takes a full handshake; a link that was resumed is for value added services
/// alone [V2G20-2677], and [`Peer::handshake`](crate::Peer::handshake) tells which it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resumption {
    /// Every handshake is a full one.
    #[default]
    Off,
    /// By tickets, always with (EC)DHE [V2G20-1678].
    Psk(TicketLifetime),
}

/// How long a ticket is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TicketLifetime(u32);

impl TicketLifetime {
    /// A lifetime in seconds. None outside 20 to 86400 s [V2G20-2024 to 2026].
    pub const fn from_secs(seconds: u32) -> Option<Self> {
        if seconds >= 20 && seconds <= 86_400 { Some(Self(seconds)) } else { None }
    }

    /// The lifetime in seconds.
    pub const fn as_secs(self) -> u32 {
        self.0
    }
}

/// Tickets that are known at once; older ones are forgotten.
const MOST: usize = 256;
/// Bytes of a ticket: a random name of a session that is kept here.
const NAME_LEN: usize = 32;

/// The sessions of a station. The ticket that a vehicle gets is only a name: the session stays in memory, is erased
/// when it is used or too old, and no key protects it that would have to be rolled.
pub(crate) struct Tickets {
    lifetime: TicketLifetime,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    sessions: HashMap<[u8; NAME_LEN], Session>,
    /// By age, the oldest first; some of them may be used up.
    order: VecDeque<[u8; NAME_LEN]>,
}

struct Session {
    since: Instant,
    state: Zeroizing<Vec<u8>>,
}

impl Tickets {
    pub(crate) fn new(lifetime: TicketLifetime) -> Self {
        Self { lifetime, known: Mutex::default() }
    }

    fn issue(&self, state: &[u8], now: Instant) -> Option<[u8; NAME_LEN]> {
        let mut name = [0; NAME_LEN];
        getrandom::fill(&mut name).ok()?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        while known.order.len() >= MOST {
            let oldest = known.order.pop_front()?;
            known.sessions.remove(&oldest);
        }
        known.sessions.insert(name, Session { since: now, state: Zeroizing::new(state.to_vec()) });
        known.order.push_back(name);
        Some(name)
    }

    fn redeem(&self, ticket: &[u8], now: Instant) -> Option<Zeroizing<Vec<u8>>> {
        let name = <[u8; NAME_LEN]>::try_from(ticket).ok()?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let session = known.sessions.remove(&name)?;
        known.order.retain(|other| *other != name);
        let age = now.saturating_duration_since(session.since);
        (age <= Duration::from_secs(self.lifetime.0.into())).then_some(session.state)
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.lifetime.0
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.issue(plain, Instant::now()).map(|name| name.to_vec())
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.redeem(cipher, Instant::now()).map(|state| state.to_vec())
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{MOST, TicketLifetime, Tickets};

    #[test]
    fn a_ticket_is_good_once_and_for_its_lifetime() {
        let tickets = Tickets::new(TicketLifetime::from_secs(20).unwrap());
        let start = Instant::now();
        let (first, second) = (tickets.issue(b"one", start).unwrap(), tickets.issue(b"two", start).unwrap());
        assert_eq!(tickets.redeem(&first, start).unwrap().as_slice(), b"one");
        assert!(tickets.redeem(&first, start).is_none(), "used up");
        assert!(tickets.redeem(&second, start + Duration::from_secs(21)).is_none(), "too old");
        assert!(tickets.redeem(b"no ticket", start).is_none());
    }

    #[test]
    fn the_oldest_tickets_are_forgotten() {
        let tickets = Tickets::new(TicketLifetime::from_secs(86_400).unwrap());
        let start = Instant::now();
        let names: Vec<_> = (0..=MOST).map(|_| tickets.issue(b"x", start).unwrap()).collect();
        assert!(tickets.redeem(&names[0], start).is_none());
        assert!(tickets.redeem(&names[1], start).is_some());
        assert!(tickets.redeem(&names[MOST], start).is_some());
    }

    #[test]
    fn lifetimes_have_bounds() {
        assert!(TicketLifetime::from_secs(19).is_none());
        assert!(TicketLifetime::from_secs(20).is_some());
        assert!(TicketLifetime::from_secs(86_400).is_some());
        assert!(TicketLifetime::from_secs(86_401).is_none());
    }
}
