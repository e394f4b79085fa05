//! TLS 1.3 for one connection, without socket: octets of the wire in and out, octets of the session out and in.

use core::mem::offset_of;
use std::net::{IpAddr, Ipv6Addr};

use ::v2g_tls::rustls::NamedGroup;
use ::v2g_tls::{Link, Phase, Station, Vehicle};
use v2g_pki::keystore::KeyRole;

use super::config::{self, v2g_tls_config};
use super::failure::{Failure, v2g_tls_failure};
use super::heap;
use crate::border::{
    Kind, Outcome, done, enter, put, room, slice, slice_mut, status, versioned, with, write,
};
use crate::status::{V2G_E_BUFFER, V2G_E_MISSING, V2G_E_STATE, V2G_E_UNSUPPORTED, V2G_NONE, V2G_OK};
use crate::text::v2g_bytes;
use crate::trust::verify::v2g_fault;

/// TLS: the link is over, or never came about; `v2g_tls_why` says why.
pub const V2G_E_TLS: i32 = -120;

/// State: the handshake is under way.
pub const V2G_TLS_HANDSHAKE: u32 = 1;
/// State: data may pass, both ways.
pub const V2G_TLS_OPEN: u32 = 2;
/// State: the peer sends no more.
pub const V2G_TLS_CLOSED: u32 = 3;
/// State: an error ended it. What remains is to send what there is: the alert.
pub const V2G_TLS_FAILED: u32 = 4;

/// One end of a TLS connection. An opaque handle on the heap: `v2g_tls_station_new` and `v2g_tls_vehicle_new` make one, `v2g_tls_free`
/// gives it up. It must not be used after that, which is not noticed.
///
/// After every call, send what `v2g_tls_poll_transmit` yields until there is nothing, and read what `v2g_tls_read` yields until there is
/// nothing; after an error too, the last that is sent is the alert. Deadlines are the caller's.
///
/// A vehicle's handshake is complete before the station has seen the vehicle's certificate. That the station accepts it shows in its
/// first data; that it refuses, in an alert instead.
///
/// ```c
/// uint8_t wire[4096], data[4096];
/// size_t length, consumed;
/// for (;;) {
///     while (v2g_tls_poll_transmit(tls, wire, sizeof wire, &length) == V2G_OK) { send_all(socket, wire, length); }
///     while (v2g_tls_read(tls, data, sizeof data, &length) == V2G_OK) { engine_takes(data, length); }
///     size_t received = receive(socket, wire, sizeof wire);
///     if (received == 0) { v2g_tls_handle_end(tls); break; }
///     for (size_t at = 0; at < received; at += consumed) {
///         if (v2g_tls_handle_input(tls, wire + at, received - at, &consumed) < 0) { goto failed; }
///         if (consumed == 0) { while (v2g_tls_read(tls, data, sizeof data, &length) == V2G_OK) { engine_takes(data, length); } }
///     }
/// }
/// ```
pub struct v2g_tls {
    _opaque: [u8; 0],
}

impl Kind for v2g_tls {
    const TAG: u32 = 0x546C_7331;
    type Fixed = ();
    type Machine = Machine;
}

/// The peer of a link that is open.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_tls_peer {
    /// `sizeof` this struct.
    pub size: u32,
    /// The cipher suite, as TLS numbers it.
    pub suite: u32,
    /// The group of the key exchange, as TLS numbers it.
    pub group: u32,
    /// Zero.
    pub reserved: u32,
    /// How many certificates it sent, see `v2g_tls_certificate`.
    pub certificate_count: usize,
    /// Its own, DER. It lives until the handle is reset or freed.
    pub leaf: v2g_bytes,
    /// SHA-512 of it: the `peer` of a `v2g_connection`.
    pub fingerprint: [u8; 64],
}

versioned! {
    v2g_tls_peer offset_of!(v2g_tls_peer, fingerprint) + 64;
}

/// What connections are made of.
enum End {
    Station(Station),
    Vehicle(Vehicle),
}

/// One end, and its link.
pub struct Machine {
    end: End,
    link: Link,
    /// This end said that it sends no more.
    closed: bool,
    failure: Option<Failure>,
}

impl Machine {
    fn new(end: End) -> Outcome<Self> {
        let link = end.link()?;
        Ok(Self { end, link, closed: false, failure: None })
    }

    /// Keeps the reason of what failed, the first one.
    fn judged(&mut self, result: Result<(), ::v2g_tls::Error>) -> Outcome {
        if let Err(error) = result {
            self.failure.get_or_insert_with(|| Failure::of(&error));
        }
        self.failure.as_ref().map_or(Ok(()), |failure| Err(failure.status()))
    }

    fn state(&self) -> u32 {
        if self.failure.is_some() {
            return V2G_TLS_FAILED;
        }
        match self.link.phase() {
            Phase::Handshake => V2G_TLS_HANDSHAKE,
            Phase::Open => V2G_TLS_OPEN,
            Phase::PeerClosed => V2G_TLS_CLOSED,
            Phase::Failed => V2G_TLS_FAILED,
        }
    }
}

impl End {
    fn link(&self) -> Outcome<Link> {
        // Sessions are not resumed, so that nothing depends on the station's address.
        let nowhere = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let link = match self {
            Self::Station(station) => station.link(None),
            Self::Vehicle(vehicle) => vehicle.link(nowhere),
        };
        link.map_err(|_| V2G_E_TLS)
    }
}

/// Makes the end of a charging station, the TLS server, for a connection that begins.
///
/// `V2G_E_TRUST`: a certificate or a root cannot be used, `fault` says why; it may be null. `V2G_E_KEY`: the key does not sign, or is not
/// that of the leaf.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_station_new(
    config: *const v2g_tls_config,
    tls: *mut *mut v2g_tls,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    done(unsafe { made(config, tls, fault, KeyRole::Secc) })
}

/// Makes the end of a vehicle, the TLS client, for a connection that begins. Errors as with `v2g_tls_station_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_vehicle_new(
    config: *const v2g_tls_config,
    tls: *mut *mut v2g_tls,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { made(config, tls, fault, KeyRole::Vehicle) })
}

/// # Safety
/// As [`v2g_tls_station_new`].
unsafe fn made(
    config: *const v2g_tls_config,
    tls: *mut *mut v2g_tls,
    fault: *mut v2g_fault,
    role: KeyRole,
) -> Outcome {
    room(tls)?;
    if !fault.is_null() {
        room(fault)?;
    }
    // SAFETY: promised by the caller; the same holds for each block below.
    let config = unsafe { config::of(config, role, fault) }?;
    let end = match role {
        KeyRole::Vehicle => Vehicle::new(config).map(End::Vehicle),
        _ => Station::new(config).map(End::Station),
    };
    let end = end.map_err(|_| V2G_E_UNSUPPORTED)?;
    // SAFETY: as above.
    unsafe { heap::new(tls, || Machine::new(end)) }
}

/// Gives up an end and its memory; its key is overwritten. Nothing is sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_free(tls: *mut v2g_tls) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { heap::free(tls) })
}

/// Forgets the connection and begins another one with the same configuration. Where roots, staple or what is known about revocation have
/// changed, make a new handle instead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_reset(tls: *mut v2g_tls) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(tls, |tls| {
            (tls.link, tls.closed, tls.failure) = (tls.end.link()?, false, None);
            Ok(())
        })
    }
}

/// Takes octets that arrived off the front of `bytes`, and says in `consumed` how many. Less than all: data has to be read first.
///
/// `V2G_E_TRUST`: the peer is refused. `V2G_E_TLS`: the link is over for another reason. `v2g_tls_why` has more; every later call says so
/// again until the handle is reset.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_handle_input(
    tls: *mut v2g_tls,
    bytes: *const u8,
    length: usize,
    consumed: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(tls, |tls| {
            let mut rest = slice(bytes, length)?;
            put(consumed, 0)?;
            let taken = tls.link.handle_input(&mut rest);
            put(consumed, length - rest.len())?;
            tls.judged(taken)
        })
    }
}

/// Says that the connection below ended. `V2G_E_TLS`: the peer had not said before that it is done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_handle_end(tls: *mut v2g_tls) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(tls, |tls| {
            let ended = tls.link.handle_end();
            tls.judged(ended)
        })
    }
}

/// Writes octets for the wire to `out`, and how many to `length`. `V2G_NONE`: there are none. `V2G_E_BUFFER`: there are, and `capacity` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_poll_transmit(
    tls: *mut v2g_tls,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    let written = || unsafe {
        let mut tls = enter(tls)?;
        let out = slice_mut(out, capacity)?;
        put(length, 0)?;
        if !tls.link.wants_transmit() {
            return Ok(V2G_NONE);
        }
        match tls.link.poll_transmit(out) {
            0 => Err(V2G_E_BUFFER),
            written => put(length, written).map(|()| V2G_OK),
        }
    };
    status(written())
}

/// Takes data of the session to be sent, and says in `taken` how many octets: all, or less while much waits to be transmitted.
///
/// `V2G_NONE`: none was taken, transmit first. `V2G_E_STATE`: not before the link is open, nor after `v2g_tls_close` or an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_write(
    tls: *mut v2g_tls,
    data: *const u8,
    length: usize,
    taken: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    let written = || unsafe {
        let mut tls = enter(tls)?;
        let data = slice(data, length)?;
        put(taken, 0)?;
        if tls.closed || !matches!(tls.state(), V2G_TLS_OPEN | V2G_TLS_CLOSED) {
            return Err(V2G_E_STATE);
        }
        let count = tls.link.write(data);
        put(taken, count)?;
        Ok(if count == 0 && length > 0 { V2G_NONE } else { V2G_OK })
    };
    status(written())
}

/// Writes data of the session to `out`, and how many octets to `length`. `V2G_NONE`: there are none, or `capacity` is 0; whether more may come
/// says `v2g_tls_state`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_read(
    tls: *mut v2g_tls,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    let read = || unsafe {
        let mut tls = enter(tls)?;
        let out = slice_mut(out, capacity)?;
        put(length, 0)?;
        let count = tls.link.read(out);
        put(length, count)?;
        Ok(if count == 0 { V2G_NONE } else { V2G_OK })
    };
    status(read())
}

/// Where the link stands: `V2G_TLS_HANDSHAKE` and the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_state(tls: *const v2g_tls, state: *mut u32) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(tls).and_then(|tls| put(state, tls.state())) })
}

/// Says to the peer that nothing more will be sent. Transmit what there is, then close the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_close(tls: *mut v2g_tls) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(tls, |tls| {
            if !core::mem::replace(&mut tls.closed, true) {
                tls.link.close();
            }
            Ok(())
        })
    }
}

/// The peer. `V2G_E_STATE`: the link was never open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_get_peer(tls: *const v2g_tls, peer: *mut v2g_tls_peer) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe {
        enter(tls).and_then(|tls| {
            let found = tls.link.peer().ok_or(V2G_E_STATE)?;
            let said = v2g_tls_peer {
                size: 0,
                suite: u16::from(found.suite()).into(),
                group: found.group().map_or(0, |group: NamedGroup| u16::from(group).into()),
                reserved: 0,
                certificate_count: found.chain().len(),
                leaf: v2g_bytes::new(found.leaf()),
                fingerprint: found.fingerprint(),
            };
            write(peer, said)
        })
    })
}

/// The certificate that the peer sent at `index`, DER, its own at 0. It lives until the handle is reset or freed.
///
/// `V2G_E_MISSING`: beyond the last. `V2G_E_STATE`: the link was never open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_certificate(
    tls: *const v2g_tls,
    index: usize,
    certificate: *mut v2g_bytes,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe {
        enter(tls).and_then(|tls| {
            let peer = tls.link.peer().ok_or(V2G_E_STATE)?;
            let found = peer.chain().get(index).ok_or(V2G_E_MISSING)?;
            put(certificate, v2g_bytes::new(found))
        })
    })
}

/// Why the link is over. `V2G_NONE`: no error ended it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_tls_why(tls: *const v2g_tls, failure: *mut v2g_tls_failure) -> i32 {
    // SAFETY: promised by the caller.
    let said = || unsafe {
        let tls = enter(tls)?;
        match &tls.failure {
            Some(found) => write(failure, found.to_c()).map(|()| V2G_OK),
            None => crate::border::writable(failure).map(|()| V2G_NONE),
        }
    };
    status(said())
}
