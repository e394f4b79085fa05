//! SECC discovery over wired links: the vehicle's search and the charger's answers.

use core::ffi::c_void;
use core::mem::offset_of;
use core::net::{Ipv6Addr, SocketAddrV6};
use core::num::NonZeroU8;
use core::time::Duration;

use v2gtp::{
    Answer, Discovery, DiscoveryConfig, DiscoveryEvent, Endpoint, Listeners, Mismatch, Responder,
    ResponderConfig, SearchFailure, Security, TlsDowngrade, Transmit,
};

use crate::border::{
    Handle, Kind, Outcome, create, destroy, done, enter, put, read, reference, room, slice, slice_mut,
    status, versioned, with, writable, write,
};
use crate::session::{instant, milliseconds};
use crate::status::{V2G_E_BUFFER, V2G_E_SDP_ENDPOINT, V2G_E_SDP_IGNORED, V2G_E_VALUE, V2G_NONE, V2G_OK};

/// UDP port that chargers listen at.
pub const V2G_SDP_PORT: u16 = 15118;

/// Security of a server: TLS.
pub const V2G_SECURITY_TLS: u32 = 1;
/// Security of a server: none.
pub const V2G_SECURITY_PLAIN: u32 = 2;

/// Octets that a search takes on any machine.
pub const V2G_DISCOVERY_SIZE_32: usize = 640;
/// Octets that a search takes on machines with pointers of 64 bits.
pub const V2G_DISCOVERY_SIZE_64: usize = 640;
/// Octets that a responder takes on any machine.
pub const V2G_RESPONDER_SIZE_32: usize = 384;
/// Octets that a responder takes on machines with pointers of 64 bits.
pub const V2G_RESPONDER_SIZE_64: usize = 384;

/// An IPv6 address with a port.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct v2g_address {
    /// The address, in the order of the network.
    pub ip: [u8; 16],
    /// Interface, as the host's sockets number it; 0 where there is only one.
    pub scope_id: u32,
    /// Port.
    pub port: u16,
    /// Zero.
    pub reserved: u16,
}

/// How a vehicle searches. Zeros are the usual values.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct v2g_discovery_config {
    /// `sizeof` this struct.
    pub size: u32,
    /// Interface of the charging link, as the host's sockets number it; 0 where there is only one.
    pub scope_id: u32,
    /// What to ask for, `V2G_SECURITY_*`. 0: TLS.
    pub security: u32,
    /// 1: take an answer without TLS to a request for TLS. ISO 15118-20 must not be spoken over such a connection.
    pub accept_downgrade: u32,
    /// Milliseconds without an answer after which to ask again, at least 250. 0: 250.
    pub resend_after_ms: u32,
    /// Requests before giving up, at most 50. 0: 50.
    pub max_requests: u32,
    /// Milliseconds to watch for a second, different answer after the first. 0: 250.
    pub conflict_window_ms: u32,
    /// 1: do not watch.
    pub no_conflict_window: u32,
}

/// A server that was found.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct v2g_server {
    /// Where to connect to.
    pub address: v2g_address,
    /// `V2G_SECURITY_*`.
    pub security: u32,
}

/// Event: `first` may be connected to. `V2G_DISCOVERY_CONFLICT` may follow within the window.
pub const V2G_DISCOVERY_FOUND: u32 = 1;
/// Event: two servers were announced that differ, `first` and `second`: the link may reach more than the own charger.
pub const V2G_DISCOVERY_CONFLICT: u32 = 2;
/// Event: nobody answered, after so many `requests`.
pub const V2G_DISCOVERY_FAILED: u32 = 3;

/// What a search has to say.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct v2g_discovery_event {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_DISCOVERY_FOUND`, `V2G_DISCOVERY_CONFLICT`, `V2G_DISCOVERY_FAILED`.
    pub kind: u32,
    /// The server that was found first.
    pub first: v2g_server,
    /// With a conflict, the other one.
    pub second: v2g_server,
    /// After a failure, how many requests were sent.
    pub requests: u32,
}

/// How a charger answers. Zeros are the usual values.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct v2g_responder_config {
    /// `sizeof` this struct.
    pub size: u32,
    /// Interface of the charging link, as the host's sockets number it; 0 where there is only one.
    pub scope_id: u32,
    /// When the security that is asked for is not served: 0 announce what there is, 1 stay silent.
    pub silent_on_mismatch: u32,
    /// Answers that may leave at once after a quiet time, at most 255. 0: 8.
    pub burst: u32,
    /// Average milliseconds between answers at most load. 0: 100.
    pub answer_interval_ms: u32,
}

versioned! {
    v2g_discovery_config 32;
    v2g_responder_config 20;
    v2g_discovery_event offset_of!(v2g_discovery_event, requests) + 4;
}

/// A vehicle's search for the charger at its cable. An opaque handle in storage of the caller's.
///
/// ```c
/// static v2g_discovery_storage memory;
/// v2g_discovery_config config = V2G_DISCOVERY_CONFIG_INIT;
/// config.scope_id = if_nametoindex("eth0");
/// v2g_discovery *discovery;
/// v2g_discovery_init(&memory, sizeof memory, &config, &discovery);
/// v2g_discovery_start(discovery, now_ms);
/// ```
///
/// Then send what `v2g_discovery_poll_transmit` gives, hand in what comes back, and fetch events.
pub struct v2g_discovery {
    _opaque: [u8; 0],
}

/// Answers the searches of vehicles. An opaque handle in storage of the caller's.
///
/// ```c
/// static v2g_responder_storage memory;
/// v2g_responder_config config = V2G_RESPONDER_CONFIG_INIT;
/// v2g_responder *responder;
/// v2g_responder_init(&memory, sizeof memory, &config, &responder);
/// v2g_responder_listen(responder, &tls_address, NULL);
/// v2g_responder_set_link(responder, 1);
/// ```
///
/// It has no timers: after each `v2g_responder_handle_input`, send what `v2g_responder_poll_transmit` gives.
pub struct v2g_responder {
    _opaque: [u8; 0],
}

impl Kind for v2g_discovery {
    const TAG: u32 = 0x4469_7363;
    type Fixed = ();
    type Machine = Discovery;
}

impl Kind for v2g_responder {
    const TAG: u32 = 0x5265_7370;
    type Fixed = ();
    type Machine = Responder;
}

const _: () = assert!(size_of::<Handle<v2g_discovery>>() <= V2G_DISCOVERY_SIZE_32);
const _: () = assert!(size_of::<Handle<v2g_responder>>() <= V2G_RESPONDER_SIZE_32);

impl From<SocketAddrV6> for v2g_address {
    fn from(address: SocketAddrV6) -> Self {
        Self { ip: address.ip().octets(), scope_id: address.scope_id(), port: address.port(), reserved: 0 }
    }
}

impl From<v2g_address> for SocketAddrV6 {
    fn from(address: v2g_address) -> Self {
        Self::new(Ipv6Addr::from(address.ip), address.port, 0, address.scope_id)
    }
}

const NO_SERVER: v2g_server =
    v2g_server { address: v2g_address { ip: [0; 16], scope_id: 0, port: 0, reserved: 0 }, security: 0 };

impl From<Answer> for v2g_server {
    fn from(answer: Answer) -> Self {
        Self { address: answer.socket_addr().into(), security: security_number(answer.security) }
    }
}

const fn security_number(security: Security) -> u32 {
    match security {
        Security::Tls => V2G_SECURITY_TLS,
        Security::Plain => V2G_SECURITY_PLAIN,
    }
}

/// Hands out a datagram and where it goes.
///
/// # Safety
/// As [`put`] and [`slice_mut`].
unsafe fn send(
    datagram: Option<Transmit>,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
    destination: *mut v2g_address,
) -> Outcome<i32> {
    room(length)?;
    room(destination)?;
    let Some(datagram) = datagram else { return Ok(V2G_NONE) };
    // SAFETY: promised by the caller.
    unsafe {
        let octets = datagram.datagram();
        let out = slice_mut(out, capacity)?;
        out.get_mut(..octets.len()).ok_or(V2G_E_BUFFER)?.copy_from_slice(octets);
        put(length, octets.len())?;
        put(destination, datagram.destination().into())?;
    }
    Ok(V2G_OK)
}

/// Octets of the longest datagram that is sent.
pub const V2G_SDP_DATAGRAM: usize = 128;

/// Octets that a search needs in this build; at most `V2G_DISCOVERY_SIZE`.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_discovery_size() -> usize {
    size_of::<Handle<v2g_discovery>>()
}

/// Makes an idle search, in `storage` of `storage_size` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_discovery_init(
    storage: *mut c_void,
    storage_size: usize,
    config: *const v2g_discovery_config,
    discovery: *mut *mut v2g_discovery,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    done(unsafe {
        create(storage, storage_size, discovery, |_| {
            let given = read(config)?;
            let mut config = DiscoveryConfig { scope_id: given.scope_id, ..DiscoveryConfig::default() };
            config.security = match given.security {
                0 | V2G_SECURITY_TLS => Security::Tls,
                V2G_SECURITY_PLAIN => Security::Plain,
                _ => return Err(V2G_E_VALUE),
            };
            if given.accept_downgrade != 0 {
                config.downgrade = TlsDowngrade::Accept;
            }
            if given.resend_after_ms != 0 {
                config.resend_after = Duration::from_millis(u64::from(given.resend_after_ms));
            }
            if given.max_requests != 0 {
                config.max_requests = u8::try_from(given.max_requests).map_err(|_| V2G_E_VALUE)?;
            }
            if given.no_conflict_window != 0 {
                config.conflict_window = Duration::ZERO;
            } else if given.conflict_window_ms != 0 {
                config.conflict_window = Duration::from_millis(u64::from(given.conflict_window_ms));
            }
            Discovery::new(config).map_err(|_| V2G_E_VALUE)
        })
    })
}

/// Gives up a search.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_discovery_deinit(discovery: *mut v2g_discovery) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { destroy(discovery) })
}

/// Begins a search, dropping what went on before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_discovery_start(discovery: *mut v2g_discovery, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(discovery, |discovery| {
            discovery.start(instant(now_ms));
            Ok(())
        })
    }
}

/// Takes a datagram that arrived at the socket that requests are sent from.
///
/// `V2G_E_SDP_IGNORED`: it is no answer; the search goes on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_discovery_handle_input(
    discovery: *mut v2g_discovery,
    now_ms: u64,
    from: *const v2g_address,
    datagram: *const u8,
    length: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(discovery, |discovery| {
            let (from, datagram) = ((*reference(from)?).into(), slice(datagram, length)?);
            discovery.handle_input(instant(now_ms), from, datagram).map_err(|_| V2G_E_SDP_IGNORED)
        })
    }
}

/// Tells the time; harmless when nothing is due.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_discovery_handle_timeout(discovery: *mut v2g_discovery, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(discovery, |discovery| {
            discovery.handle_timeout(instant(now_ms));
            Ok(())
        })
    }
}

/// When to call `v2g_discovery_handle_timeout` next; `V2G_NEVER`: not before something else has happened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_discovery_poll_timeout(
    discovery: *const v2g_discovery,
    deadline_ms: *mut u64,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe {
        enter(discovery).and_then(|discovery| put(deadline_ms, milliseconds(discovery.poll_timeout())))
    })
}

/// The datagram to send now, if one is due: `V2G_SDP_DATAGRAM` octets hold any. `V2G_NONE`: none is. `V2G_E_BUFFER`: `capacity`
/// is too small, and the datagram is lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_discovery_poll_transmit(
    discovery: *mut v2g_discovery,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
    destination: *mut v2g_address,
) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe {
        enter(discovery)
            .and_then(|mut machine| send(machine.poll_transmit(), out, capacity, length, destination))
    })
}

/// Fetches the next event. `V2G_NONE`: there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_discovery_poll_event(
    discovery: *mut v2g_discovery,
    event: *mut v2g_discovery_event,
) -> i32 {
    // SAFETY: promised by the caller.
    let fetched = || unsafe {
        let mut discovery = enter(discovery)?;
        writable(event)?;
        let Some(next) = discovery.poll_event() else { return Ok(V2G_NONE) };
        let (kind, first, second, requests) = match next {
            DiscoveryEvent::Found(answer) => (V2G_DISCOVERY_FOUND, answer.into(), NO_SERVER, 0),
            DiscoveryEvent::Conflict { first, second } => {
                (V2G_DISCOVERY_CONFLICT, first.into(), second.into(), 0)
            }
            DiscoveryEvent::Failed { requests, reason } => {
                let (SearchFailure::NoAnswer | SearchFailure::StillOngoing | SearchFailure::NoSecc) = reason;
                (V2G_DISCOVERY_FAILED, NO_SERVER, NO_SERVER, u32::from(requests))
            }
        };
        write(event, v2g_discovery_event { size: 0, kind, first, second, requests }).map(|()| V2G_OK)
    };
    status(fetched())
}

/// Octets that a responder needs in this build; at most `V2G_RESPONDER_SIZE`.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_responder_size() -> usize {
    size_of::<Handle<v2g_responder>>()
}

/// Makes a silent responder, in `storage` of `storage_size` octets: the link is down, nothing listens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_responder_init(
    storage: *mut c_void,
    storage_size: usize,
    config: *const v2g_responder_config,
    responder: *mut *mut v2g_responder,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe {
        create(storage, storage_size, responder, |_| {
            let given = read(config)?;
            let mut config = ResponderConfig { scope_id: given.scope_id, ..ResponderConfig::default() };
            config.mismatch = match given.silent_on_mismatch {
                0 => Mismatch::Offer,
                1 => Mismatch::Silence,
                _ => return Err(V2G_E_VALUE),
            };
            if given.burst != 0 {
                let burst = u8::try_from(given.burst).ok().and_then(NonZeroU8::new);
                config.burst = burst.ok_or(V2G_E_VALUE)?;
            }
            if given.answer_interval_ms != 0 {
                config.answer_interval = Duration::from_millis(u64::from(given.answer_interval_ms));
            }
            Responder::new(config).map_err(|_| V2G_E_VALUE)
        })
    })
}

/// Gives up a responder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_responder_deinit(responder: *mut v2g_responder) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { destroy(responder) })
}

/// The data link to the vehicle is up (1) or down (0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_responder_set_link(responder: *mut v2g_responder, up: u32) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(responder, |responder| {
            match up {
                0 => responder.link_down(),
                1 => responder.link_up(),
                _ => return Err(V2G_E_VALUE),
            }
            Ok(())
        })
    }
}

/// Which servers listen from now on: one that speaks TLS, one that does not. Either or both may be null.
///
/// `V2G_E_SDP_ENDPOINT`: an address is not link-local unicast, or a port is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_responder_listen(
    responder: *mut v2g_responder,
    tls: *const v2g_address,
    plain: *const v2g_address,
) -> i32 {
    let endpoint = |address: *const v2g_address| -> Outcome<Option<Endpoint>> {
        if address.is_null() {
            return Ok(None);
        }
        // SAFETY: promised by the caller.
        let address = unsafe { reference(address) }?;
        Endpoint::new(Ipv6Addr::from(address.ip), address.port).map(Some).map_err(|_| V2G_E_SDP_ENDPOINT)
    };
    // SAFETY: promised by the caller.
    unsafe {
        with(responder, |responder| {
            match (endpoint(tls)?, endpoint(plain)?) {
                (Some(tls), Some(plain)) => responder.listen(Listeners::Both { tls, plain }),
                (Some(tls), None) => responder.listen(Listeners::Tls(tls)),
                (None, Some(plain)) => responder.listen(Listeners::Plain(plain)),
                (None, None) => responder.stop_listening(),
            }
            Ok(())
        })
    }
}

/// Takes a datagram that arrived at `V2G_SDP_PORT`.
///
/// `V2G_E_SDP_IGNORED`: there is no answer to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_responder_handle_input(
    responder: *mut v2g_responder,
    now_ms: u64,
    from: *const v2g_address,
    datagram: *const u8,
    length: usize,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(responder, |responder| {
            let (from, datagram) = ((*reference(from)?).into(), slice(datagram, length)?);
            let answered = responder.handle_input(instant(now_ms), from, datagram);
            answered.map(|_| ()).map_err(|_| V2G_E_SDP_IGNORED)
        })
    }
}

/// The answer to send now: `V2G_SDP_DATAGRAM` octets hold any. `V2G_NONE`: there is none. `V2G_E_BUFFER`: `capacity` is too
/// small, and the answer is lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_responder_poll_transmit(
    responder: *mut v2g_responder,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
    destination: *mut v2g_address,
) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe {
        enter(responder)
            .and_then(|mut machine| send(machine.poll_transmit(), out, capacity, length, destination))
    })
}
