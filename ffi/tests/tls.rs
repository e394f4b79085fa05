//! TLS over C: both ends in memory, and everybody who is refused.

#[path = "../../pki/tests/common/mod.rs"]
mod common;

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use common::{DAY, now, start};
use v2g::hosted::config::{V2G_SIGN_TLS, V2G_TLS_AUTHORITIES_DEFERRED, V2G_TLS_LAB, v2g_tls_config};
use v2g::hosted::failure::{
    V2G_TLS_CAUSE_ALERT, V2G_TLS_CAUSE_INCOMPATIBLE, V2G_TLS_CAUSE_PROTOCOL, V2G_TLS_CAUSE_REFUSED,
    V2G_TLS_CAUSE_TRUNCATED, v2g_tls_failure,
};
use v2g::hosted::tls::{
    V2G_E_TLS, V2G_TLS_CLOSED, V2G_TLS_FAILED, V2G_TLS_HANDSHAKE, V2G_TLS_OPEN, v2g_tls, v2g_tls_certificate,
    v2g_tls_close, v2g_tls_free, v2g_tls_get_peer, v2g_tls_handle_end, v2g_tls_handle_input, v2g_tls_peer,
    v2g_tls_poll_transmit, v2g_tls_read, v2g_tls_reset, v2g_tls_state, v2g_tls_station_new,
    v2g_tls_vehicle_new, v2g_tls_why, v2g_tls_write,
};
use v2g::status::{
    V2G_E_BUFFER, V2G_E_KEY, V2G_E_MISSING, V2G_E_NULL, V2G_E_SIZE, V2G_E_STATE, V2G_E_TRUST, V2G_E_VALUE,
    V2G_NONE, V2G_OK, V2G_PENDING,
};
use v2g::text::v2g_bytes;
use v2g::trust::keys::v2g_sign_request;
use v2g::trust::rule::{V2G_RULE_DER, V2G_RULE_REVOKED, V2G_RULE_STATUS_UNKNOWN, V2G_RULE_UNKNOWN_ROOT};
use v2g::trust::store::{
    V2G_SOURCE_FACTORY, V2G_TRUST_STORE_SIZE_64, v2g_trust_store, v2g_trust_store_add,
    v2g_trust_store_config, v2g_trust_store_init,
};
use v2g::trust::verify::{
    V2G_REVOCATION_DEFERRED, V2G_REVOCATION_REQUIRED, V2G_ROOT_V2G, V2G_SUBJECT_CERTIFICATE,
    V2G_SUBJECT_CHAIN, V2G_SUBJECT_ROOT, V2G_TRUST_LAB, v2g_fault, v2g_root, v2g_trust,
};
use v2g_pki::issue::{Entity, Hierarchy, Plan};
use v2g_pki::status::Status;
use v2g_pki::{Algorithm, RootKind};

/// Alerts (RFC 8446, 6.2).
const CERTIFICATE_REVOKED: u32 = 44;
const UNKNOWN_CA: u32 = 48;

fn bytes(octets: &[u8]) -> v2g_bytes {
    v2g_bytes { data: octets.as_ptr(), length: octets.len() }
}

const NOTHING: v2g_bytes = v2g_bytes { data: ptr::null(), length: 0 };

/// A struct of which nothing but its size is set.
fn sized<T>() -> T {
    // SAFETY: the structs of C that begin with their size may all be zero.
    let mut value: T = unsafe { std::mem::zeroed() };
    // SAFETY: the size is their first field.
    unsafe { (&raw mut value).cast::<u32>().write(size_of::<T>() as u32) };
    value
}

fn hierarchy() -> &'static Hierarchy {
    static MADE: OnceLock<Hierarchy> = OnceLock::new();
    MADE.get_or_init(|| Hierarchy::new(Plan::new([7; 32], start())).expect("a plan"))
}

/// The same names, other keys.
fn stranger() -> &'static Hierarchy {
    static MADE: OnceLock<Hierarchy> = OnceLock::new();
    MADE.get_or_init(|| Hierarchy::new(Plan::new([8; 32], start())).expect("a plan"))
}

type New = unsafe extern "C" fn(*const v2g_tls_config, *mut *mut v2g_tls, *mut v2g_fault) -> i32;

/// One end as a program in C has it.
struct Given {
    new: New,
    chain: Vec<v2g_bytes>,
    roots: Vec<v2g_root>,
    ocsp: Vec<Vec<u8>>,
    staple: Vec<u8>,
    trust: v2g_trust,
    config: v2g_tls_config,
}

impl Given {
    fn new(hierarchy: &'static Hierarchy, entity: Entity) -> Self {
        let root = |kind| v2g_root {
            kind: kind as u32,
            reserved: 0,
            certificate: bytes(hierarchy.certificate(Entity::Root(kind))),
        };
        let key = hierarchy.get(entity).expect("issued").key.expose();
        Self {
            new: if entity == Entity::Secc { v2g_tls_station_new } else { v2g_tls_vehicle_new },
            chain: hierarchy.chain(entity).into_iter().map(bytes).collect(),
            roots: vec![root(RootKind::V2g), root(RootKind::Oem)],
            ocsp: Vec::new(),
            staple: Vec::new(),
            trust: v2g_trust { unix_seconds: now().unix(), ..sized() },
            config: v2g_tls_config { key: bytes(key), ..sized() },
        }
    }

    /// A station: the status of vehicles comes later, its own is stapled.
    fn station(hierarchy: &'static Hierarchy) -> Self {
        let mut given = Self::new(hierarchy, Entity::Secc);
        given.staple = hierarchy.ocsp(Entity::Secc, Status::Good, now().plus(-DAY)).expect("a response");
        given.trust.revocation = V2G_REVOCATION_DEFERRED;
        given
    }

    /// A vehicle: everything has to have a status; that of the authorities is known from elsewhere.
    fn vehicle(hierarchy: &'static Hierarchy) -> Self {
        let mut given = Self::new(hierarchy, Entity::Vehicle);
        given.ocsp = hierarchy.staples(Entity::Secc, now().plus(-DAY)).split_off(1);
        given.trust.revocation = V2G_REVOCATION_REQUIRED;
        given
    }

    fn lab(mut self) -> Self {
        self.config.profile = V2G_TLS_LAB;
        self.trust.flags = V2G_TRUST_LAB;
        self
    }

    /// Calls `then` with the configuration, which points to what lives for so long.
    fn with<R>(&self, then: impl FnOnce(&mut v2g_tls_config, &mut v2g_trust) -> R) -> R {
        let ocsp: Vec<v2g_bytes> = self.ocsp.iter().map(|der| bytes(der)).collect();
        let mut trust = v2g_trust {
            roots: self.roots.as_ptr(),
            root_count: self.roots.len(),
            ocsp: ocsp.as_ptr(),
            ocsp_count: ocsp.len(),
            ..self.trust
        };
        let mut config = v2g_tls_config {
            chain: self.chain.as_ptr(),
            chain_count: self.chain.len(),
            staple: bytes(&self.staple),
            ..self.config
        };
        then(&mut config, &mut trust)
    }

    /// Makes an end of it, after a change.
    fn made(&self, change: impl FnOnce(&mut v2g_tls_config, &mut v2g_trust)) -> (i32, v2g_fault, End) {
        let (mut tls, mut fault) = (ptr::null_mut(), v2g_fault::default());
        let status = self.with(|config, trust| {
            change(config, trust);
            if config.trust.is_null() {
                config.trust = trust;
            }
            // SAFETY: all of it lives.
            unsafe { (self.new)(config, &raw mut tls, &raw mut fault) }
        });
        (status, fault, End(tls))
    }

    fn end(&self) -> End {
        let (status, fault, end) = self.made(|_, _| ());
        assert_eq!((status, fault), (V2G_OK, v2g_fault::default()));
        end
    }
}

/// An end; its memory is given back.
struct End(*mut v2g_tls);

impl Drop for End {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the handle is one.
            assert_eq!(unsafe { v2g_tls_free(self.0) }, V2G_OK);
        }
    }
}

// SAFETY, for the blocks in it: the handle is one, and all memory lives.
impl End {
    fn state(&self) -> u32 {
        let mut state = 0;
        // SAFETY: see above.
        assert_eq!(unsafe { v2g_tls_state(self.0, &raw mut state) }, V2G_OK);
        state
    }

    fn sent(&self) -> Vec<u8> {
        let (mut sent, mut chunk, mut length) = (Vec::new(), [0; 700], 0);
        loop {
            // SAFETY: see above.
            let status =
                unsafe { v2g_tls_poll_transmit(self.0, chunk.as_mut_ptr(), chunk.len(), &raw mut length) };
            match status {
                V2G_OK => sent.extend(&chunk[..length]),
                other => {
                    assert_eq!((other, length), (V2G_NONE, 0));
                    return sent;
                }
            }
        }
    }

    fn read(&self) -> Vec<u8> {
        let (mut data, mut chunk, mut length) = (Vec::new(), [0; 900], 0);
        loop {
            // SAFETY: see above.
            match unsafe { v2g_tls_read(self.0, chunk.as_mut_ptr(), chunk.len(), &raw mut length) } {
                V2G_OK => data.extend(&chunk[..length]),
                other => {
                    assert_eq!((other, length), (V2G_NONE, 0));
                    return data;
                }
            }
        }
    }

    /// Takes all octets, and appends to `data` what was in them.
    fn receive(&self, mut wire: &[u8], data: &mut Vec<u8>) -> i32 {
        while !wire.is_empty() {
            let mut consumed = 0;
            // SAFETY: see above.
            let status =
                unsafe { v2g_tls_handle_input(self.0, wire.as_ptr(), wire.len(), &raw mut consumed) };
            if status != V2G_OK {
                return status;
            }
            wire = &wire[consumed..];
            data.extend(self.read());
        }
        V2G_OK
    }

    fn write(&self, data: &[u8]) -> (i32, usize) {
        let mut taken = 0;
        // SAFETY: see above.
        (unsafe { v2g_tls_write(self.0, data.as_ptr(), data.len(), &raw mut taken) }, taken)
    }

    fn peer(&self) -> Result<v2g_tls_peer, i32> {
        let mut peer = sized();
        // SAFETY: see above.
        match unsafe { v2g_tls_get_peer(self.0, &raw mut peer) } {
            V2G_OK => Ok(peer),
            status => Err(status),
        }
    }

    fn why(&self) -> (i32, v2g_tls_failure) {
        let mut failure = sized();
        // SAFETY: see above.
        (unsafe { v2g_tls_why(self.0, &raw mut failure) }, failure)
    }

    /// Cause, alert, rule, subject and index, for whoever failed.
    fn reason(&self) -> (u32, u32, u32, u32, u32) {
        let (status, failure) = self.why();
        assert_eq!((status, self.state()), (V2G_OK, V2G_TLS_FAILED));
        // SAFETY: the text lives as long as the handle.
        let text = unsafe { std::slice::from_raw_parts(failure.text.data.cast::<u8>(), failure.text.length) };
        assert!(!std::str::from_utf8(text).expect("UTF-8").is_empty());
        let fault = failure.fault;
        (failure.cause, failure.alert, fault.rule, fault.subject, fault.index)
    }
}

fn octets(bytes: v2g_bytes) -> &'static [u8] {
    // SAFETY: the tests look at them while the handle lives.
    unsafe { std::slice::from_raw_parts(bytes.data, bytes.length) }
}

/// Carries octets until nobody sends any: what each end made of it, and what it got.
fn carry(vehicle: &End, station: &End) -> ((i32, Vec<u8>), (i32, Vec<u8>)) {
    let (mut at_vehicle, mut at_station) = ((V2G_OK, Vec::new()), (V2G_OK, Vec::new()));
    loop {
        let (up, down) = (vehicle.sent(), station.sent());
        if up.is_empty() && down.is_empty() {
            return (at_vehicle, at_station);
        }
        if at_station.0 == V2G_OK {
            at_station.0 = station.receive(&up, &mut at_station.1);
        }
        if at_vehicle.0 == V2G_OK {
            at_vehicle.0 = vehicle.receive(&down, &mut at_vehicle.1);
        }
    }
}

fn connect(vehicle: &End, station: &End) {
    let statuses = carry(vehicle, station);
    assert_eq!(
        statuses,
        ((V2G_OK, Vec::new()), (V2G_OK, Vec::new())),
        "{:?}",
        (vehicle.why().1.cause, station.why().1.cause)
    );
    assert_eq!((vehicle.state(), station.state()), (V2G_TLS_OPEN, V2G_TLS_OPEN));
}

/// What the vehicle and the station say of a handshake that must not succeed.
fn failed(vehicle: &End, station: &End) -> (i32, i32) {
    let ((at_vehicle, _), (at_station, _)) = carry(vehicle, station);
    (at_vehicle, at_station)
}

#[test]
fn data_of_many_records_goes_both_ways() {
    let (vehicle, station) = (Given::vehicle(hierarchy()).end(), Given::station(hierarchy()).end());
    assert_eq!((vehicle.state(), station.state()), (V2G_TLS_HANDSHAKE, V2G_TLS_HANDSHAKE));
    assert_eq!(vehicle.write(b"early"), (V2G_E_STATE, 0));
    assert_eq!((vehicle.peer().err(), vehicle.why().0), (Some(V2G_E_STATE), V2G_NONE));
    connect(&vehicle, &station);

    for (end, other) in [(&vehicle, Entity::Secc), (&station, Entity::Vehicle)] {
        let peer = end.peer().expect("a peer");
        let chain = hierarchy().chain(other);
        assert_eq!((octets(peer.leaf), peer.certificate_count), (chain[0], chain.len()));
        // TLS_AES_256_GCM_SHA384 and secp521r1.
        assert_eq!((peer.suite, peer.group), (0x1302, 0x0019));
        for (index, der) in chain.iter().enumerate() {
            let mut found = NOTHING;
            // SAFETY: all of it lives.
            assert_eq!(unsafe { v2g_tls_certificate(end.0, index, &raw mut found) }, V2G_OK);
            assert_eq!(octets(found), *der);
        }
        // SAFETY: as above.
        let beyond = unsafe { v2g_tls_certificate(end.0, chain.len(), &mut { NOTHING }) };
        assert_eq!(beyond, V2G_E_MISSING);
    }

    // More than three records, of 16 KiB at most.
    let message: Vec<u8> = (0..60_000_u32).map(|number| (number * 7 % 251) as u8).collect();
    assert_eq!(vehicle.write(&message), (V2G_OK, message.len()));
    let (_, (status, arrived)) = carry(&vehicle, &station);
    assert_eq!((status, &arrived), (V2G_OK, &message));
    assert_eq!(station.write(&arrived), (V2G_OK, arrived.len()));
    let ((status, echo), _) = carry(&vehicle, &station);
    assert_eq!((status, echo), (V2G_OK, message));

    // SAFETY: the handle is one.
    assert_eq!(unsafe { v2g_tls_close(vehicle.0) }, V2G_OK);
    assert_eq!(vehicle.write(b"late"), (V2G_E_STATE, 0));
    carry(&vehicle, &station);
    assert_eq!((vehicle.state(), station.state()), (V2G_TLS_OPEN, V2G_TLS_CLOSED));
    // SAFETY: as above.
    assert_eq!(unsafe { v2g_tls_handle_end(station.0) }, V2G_OK);
    assert_eq!(station.write(b"still"), (V2G_OK, 5));
    assert_eq!(station.why().0, V2G_NONE);
}

#[test]
fn what_is_not_read_holds_up_the_input() {
    let (vehicle, station) = (Given::vehicle(hierarchy()).end(), Given::station(hierarchy()).end());
    connect(&vehicle, &station);
    let message = vec![5; 50_000];
    assert_eq!(vehicle.write(&message), (V2G_OK, message.len()));
    let wire = vehicle.sent();
    let (mut at, mut arrived) = (0, Vec::new());
    while at < wire.len() {
        let mut consumed = 0;
        // SAFETY: all of it lives.
        let status = unsafe {
            v2g_tls_handle_input(station.0, wire[at..].as_ptr(), wire.len() - at, &raw mut consumed)
        };
        assert_eq!(status, V2G_OK);
        let read = station.read();
        assert!(consumed > 0 || !read.is_empty(), "it goes on");
        at += consumed;
        arrived.extend(read);
    }
    assert_eq!(arrived, message);
    // Much that waits holds up the writer, and goes on once it was transmitted.
    let (mut statuses, large) = (Vec::new(), vec![6; 40_000]);
    for _ in 0..4 {
        statuses.push(vehicle.write(&large).0);
    }
    assert_eq!((statuses[0], statuses[3]), (V2G_OK, V2G_NONE));
    vehicle.sent();
    assert_eq!(vehicle.write(&large).0, V2G_OK);
    // SAFETY: all of it lives.
    let nowhere = unsafe { v2g_tls_poll_transmit(vehicle.0, ptr::null_mut(), 0, &mut { 0 }) };
    assert_eq!(nowhere, V2G_E_BUFFER);
}

#[test]
fn a_handle_serves_one_connection_after_the_other() {
    let (vehicle, station) = (Given::vehicle(hierarchy()).end(), Given::station(hierarchy()).end());
    connect(&vehicle, &station);
    // SAFETY: the handles are.
    assert_eq!(unsafe { v2g_tls_handle_end(station.0) }, V2G_E_TLS);
    assert_eq!(station.reason().0, V2G_TLS_CAUSE_TRUNCATED);
    assert_eq!(station.write(b"late"), (V2G_E_STATE, 0));
    // SAFETY: as above.
    unsafe {
        assert_eq!(v2g_tls_reset(vehicle.0), V2G_OK);
        assert_eq!(v2g_tls_reset(station.0), V2G_OK);
    }
    assert_eq!((station.state(), station.why().0), (V2G_TLS_HANDSHAKE, V2G_NONE));
    connect(&vehicle, &station);
}

/// A key of the host's, and what it was asked for.
struct Device {
    entity: Entity,
    answer: Cell<i32>,
    calls: Cell<u32>,
}

impl Device {
    fn new(entity: Entity, answer: i32) -> Self {
        Self { entity, answer: Cell::new(answer), calls: Cell::new(0) }
    }
}

unsafe extern "C" fn sign(
    user: *mut c_void,
    request: *const v2g_sign_request,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: the test gave its device, which lives; the request does during the call.
    let (device, request) = unsafe { (&*user.cast::<Device>(), &*request) };
    assert_eq!((request.subject, request.scheme, request.digest.length), (V2G_SIGN_TLS, 1, 64));
    device.calls.update(|calls| calls + 1);
    let signature = hierarchy().get(device.entity).expect("issued").key.sign_fixed(octets(request.message));
    assert!(signature.len() <= capacity);
    // SAFETY: there is memory for it.
    unsafe {
        ptr::copy_nonoverlapping(signature.as_ptr(), out, signature.len());
        length.write(signature.len());
    }
    device.answer.get()
}

#[test]
fn a_key_may_stay_in_a_device() {
    let given = Given::station(hierarchy());
    let device = Device::new(Entity::Secc, V2G_OK);
    let make = |device: &Device| {
        let user = ptr::from_ref(device).cast_mut().cast();
        given.made(|config, _| {
            (config.key, config.user) = (NOTHING, user);
            config.sign = Some(sign);
        })
    };
    let (status, _, station) = make(&device);
    assert_eq!((status, device.calls.get()), (V2G_OK, 1));
    connect(&Given::vehicle(hierarchy()).end(), &station);
    assert_eq!(device.calls.get(), 2);
    // One that fails in the middle.
    device.answer.set(V2G_PENDING);
    // SAFETY: the handle is one.
    assert_eq!(unsafe { v2g_tls_reset(station.0) }, V2G_OK);
    let vehicle = Given::vehicle(hierarchy()).end();
    assert_eq!(failed(&vehicle, &station).1, V2G_E_TLS);
    assert_eq!(station.reason().0, V2G_TLS_CAUSE_PROTOCOL);
    drop(station);

    for wrong in [Device::new(Entity::Secc, -1), Device::new(Entity::Vehicle, V2G_OK)] {
        assert_eq!(make(&wrong).0, V2G_E_KEY);
    }
}

#[test]
fn a_root_that_is_not_known_refuses() {
    let (vehicle, station) = (Given::vehicle(stranger()).end(), Given::station(hierarchy()).end());
    assert_eq!(failed(&vehicle, &station), (V2G_E_TRUST, V2G_E_TLS));
    let expected = (V2G_TLS_CAUSE_REFUSED, 0, V2G_RULE_UNKNOWN_ROOT, V2G_SUBJECT_CHAIN, 0);
    assert_eq!(vehicle.reason(), expected);
    assert_eq!(station.reason(), (V2G_TLS_CAUSE_ALERT, UNKNOWN_CA, 0, 0, 0));
    // It stays so, and nothing is written.
    assert_eq!(vehicle.receive(b"more", &mut Vec::new()), V2G_E_TRUST);
    assert_eq!(vehicle.write(b"more"), (V2G_E_STATE, 0));

    // The other way: the station does not know who made the vehicle.
    let mut given = Given::station(hierarchy());
    given.roots = Given::station(stranger()).roots;
    let (vehicle, station) = (Given::vehicle(hierarchy()).end(), given.end());
    assert_eq!(failed(&vehicle, &station), (V2G_E_TLS, V2G_E_TRUST));
    assert_eq!(station.reason(), expected);
    assert_eq!(vehicle.reason().1, UNKNOWN_CA);
}

#[test]
fn what_is_revoked_refuses() {
    let mut given = Given::station(hierarchy());
    given.staple = hierarchy().ocsp(Entity::Secc, Status::Revoked, now().plus(-DAY)).expect("a response");
    let (vehicle, station) = (Given::vehicle(hierarchy()).end(), given.end());
    assert_eq!(failed(&vehicle, &station), (V2G_E_TRUST, V2G_E_TLS));
    let expected = (V2G_TLS_CAUSE_REFUSED, 0, V2G_RULE_REVOKED, V2G_SUBJECT_CERTIFICATE, 0);
    assert_eq!(vehicle.reason(), expected);
    assert_eq!(station.reason().1, CERTIFICATE_REVOKED);

    // A vehicle, by a response that the station fetched before.
    let mut given = Given::station(hierarchy());
    given.ocsp =
        vec![hierarchy().ocsp(Entity::Vehicle, Status::Revoked, now().plus(-DAY)).expect("a response")];
    let (vehicle, station) = (Given::vehicle(hierarchy()).end(), given.end());
    assert_eq!(failed(&vehicle, &station), (V2G_E_TLS, V2G_E_TRUST));
    assert_eq!(station.reason(), expected);
}

#[test]
fn what_nobody_vouches_for_refuses_unless_it_may_come_later() {
    // Nothing is known of the authorities.
    let mut given = Given::vehicle(hierarchy());
    given.ocsp.clear();
    let (vehicle, station) = (given.end(), Given::station(hierarchy()).end());
    assert_eq!(failed(&vehicle, &station).0, V2G_E_TRUST);
    let (cause, _, rule, subject, index) = vehicle.reason();
    let expected = (V2G_TLS_CAUSE_REFUSED, V2G_RULE_STATUS_UNKNOWN, V2G_SUBJECT_CERTIFICATE, 2);
    assert_eq!((cause, rule, subject, index), expected);

    given.config.flags = V2G_TLS_AUTHORITIES_DEFERRED;
    connect(&given.end(), &Given::station(hierarchy()).end());

    // Nor of the leaf.
    let mut silent = Given::station(hierarchy());
    silent.staple.clear();
    let (vehicle, station) = (given.end(), silent.end());
    assert_eq!(failed(&vehicle, &station).0, V2G_E_TRUST);
    assert_eq!(vehicle.reason().4, 0);
}

#[test]
fn a_laboratory_has_another_curve() {
    let plan = Plan { algorithm: Algorithm::P256, ..Plan::new([9; 32], start()) };
    let lab: &Hierarchy = Box::leak(Box::new(Hierarchy::new(plan).expect("a plan")));
    let station = || Given::station(lab).lab();
    connect(&Given::vehicle(lab).lab().end(), &station().end());
    // One that is strict does not speak it.
    let (vehicle, station) = (Given::vehicle(hierarchy()).end(), station().end());
    assert_eq!(failed(&vehicle, &station), (V2G_E_TLS, V2G_E_TLS));
    assert_eq!(station.reason().0, V2G_TLS_CAUSE_INCOMPATIBLE);
    assert_eq!(vehicle.reason().0, V2G_TLS_CAUSE_ALERT);
}

#[test]
fn roots_may_come_from_a_store() {
    let (mut memory, mut buffer) = (vec![0_u64; V2G_TRUST_STORE_SIZE_64 / 8], vec![0; 8192]);
    let config = v2g_trust_store_config { buffer: buffer.as_mut_ptr(), buffer_size: buffer.len(), ..sized() };
    let mut store: *mut v2g_trust_store = ptr::null_mut();
    let root = hierarchy().certificate(Entity::Root(RootKind::V2g));
    // SAFETY: all of it lives.
    unsafe {
        let place = memory.as_mut_ptr().cast();
        let made = v2g_trust_store_init(place, V2G_TRUST_STORE_SIZE_64, &raw const config, &raw mut store);
        assert_eq!(made, V2G_OK);
        let added =
            v2g_trust_store_add(store, V2G_ROOT_V2G, V2G_SOURCE_FACTORY, 5, bytes(root), ptr::null_mut());
        assert_eq!(added, V2G_OK);
    }
    let mut given = Given::vehicle(hierarchy());
    given.roots.clear();
    let (status, _, vehicle) = given.made(|_, trust| trust.store = store);
    assert_eq!(status, V2G_OK);
    // They were copied.
    buffer.fill(0);
    connect(&vehicle, &Given::station(hierarchy()).end());
}

#[test]
fn what_is_no_tls_ends_it() {
    let station = Given::station(hierarchy()).end();
    assert_eq!(station.receive(&[0x01, 0xFE, 0x80, 0x01, 0, 0, 0, 0, 0], &mut Vec::new()), V2G_E_TLS);
    assert_eq!(station.reason().0, V2G_TLS_CAUSE_PROTOCOL);
    assert!(!station.sent().is_empty(), "an alert");
}

#[test]
fn what_callers_do_wrong_is_said() {
    let given = Given::station(hierarchy());
    let refused = |change: &dyn Fn(&mut v2g_tls_config, &mut v2g_trust)| {
        let (status, fault, end) = given.made(change);
        assert!(end.0.is_null());
        (status, fault.rule, fault.subject, fault.index)
    };
    let status = |change: &dyn Fn(&mut v2g_tls_config, &mut v2g_trust)| refused(change).0;
    assert_eq!(status(&|config, _| config.size = 4), V2G_E_SIZE);
    assert_eq!(status(&|config, _| config.size = 5000), V2G_E_SIZE);
    assert_eq!(status(&|_, trust| trust.size = 8), V2G_E_SIZE);
    assert_eq!(status(&|config, _| config.profile = 2), V2G_E_VALUE);
    assert_eq!(status(&|config, _| config.flags = 2), V2G_E_VALUE);
    assert_eq!(status(&|config, _| config.reserved = 1), V2G_E_VALUE);
    assert_eq!(status(&|config, _| config.chain = ptr::null()), V2G_E_NULL);
    assert_eq!(status(&|config, _| config.chain_count = 0), V2G_E_VALUE);
    assert_eq!(status(&|config, _| config.key = NOTHING), V2G_E_VALUE);
    assert_eq!(status(&|config, _| config.sign = Some(sign)), V2G_E_VALUE);
    assert_eq!(status(&|config, _| config.key.length -= 1), V2G_E_KEY);
    let other = hierarchy().get(Entity::Vehicle).expect("issued").key.expose();
    assert_eq!(status(&|config, _| config.key = bytes(other)), V2G_E_KEY);
    assert_eq!(status(&|_, trust| trust.unix_seconds = -1), V2G_E_VALUE);
    assert_eq!(status(&|_, trust| trust.revocation = 9), V2G_E_VALUE);
    assert_eq!(status(&|_, trust| trust.roots = ptr::null()), V2G_E_NULL);

    let broken = [given.chain[0], bytes(&[0x30, 0])];
    let wrong = refused(&|config, _| (config.chain, config.chain_count) = (broken.as_ptr(), 2));
    assert_eq!((wrong.0, wrong.2, wrong.3), (V2G_E_TRUST, V2G_SUBJECT_CERTIFICATE, 1));
    let roots = [given.roots[0], v2g_root { certificate: bytes(&[1]), ..given.roots[1] }];
    let wrong = refused(&|_, trust| trust.roots = roots.as_ptr());
    assert_eq!(wrong, (V2G_E_TRUST, V2G_RULE_DER, V2G_SUBJECT_ROOT, 1));

    // SAFETY: null is what they are asked about.
    unsafe {
        let mut tls = ptr::null_mut();
        assert_eq!(v2g_tls_station_new(ptr::null(), &raw mut tls, ptr::null_mut()), V2G_E_NULL);
        assert_eq!(v2g_tls_vehicle_new(ptr::null(), &raw mut tls, ptr::null_mut()), V2G_E_NULL);
        given.with(|config, trust| {
            assert_eq!(v2g_tls_station_new(config, &raw mut tls, ptr::null_mut()), V2G_E_NULL, "no trust");
            config.trust = trust;
            assert_eq!(v2g_tls_station_new(config, ptr::null_mut(), ptr::null_mut()), V2G_E_NULL);
            let crooked = ptr::without_provenance_mut(1);
            assert!(v2g_tls_station_new(config, &raw mut tls, crooked) < 0);
        });
        assert!(tls.is_null());
        let none = ptr::null_mut();
        let (mut octet, mut length) = (0_u8, 0_usize);
        assert_eq!(v2g_tls_free(none), V2G_E_NULL);
        assert_eq!(v2g_tls_reset(none), V2G_E_NULL);
        assert_eq!(v2g_tls_close(none), V2G_E_NULL);
        assert_eq!(v2g_tls_handle_end(none), V2G_E_NULL);
        assert_eq!(v2g_tls_handle_input(none, &raw const octet, 1, &raw mut length), V2G_E_NULL);
        assert_eq!(v2g_tls_poll_transmit(none, &raw mut octet, 1, &raw mut length), V2G_E_NULL);
        assert_eq!(v2g_tls_read(none, &raw mut octet, 1, &raw mut length), V2G_E_NULL);
        assert_eq!(v2g_tls_write(none, &raw const octet, 1, &raw mut length), V2G_E_NULL);
        assert_eq!(v2g_tls_certificate(none, 0, &mut { NOTHING }), V2G_E_NULL);
        assert_eq!(v2g_tls_get_peer(none, &mut sized::<v2g_tls_peer>()), V2G_E_NULL);
        assert_eq!(v2g_tls_why(none, &mut sized::<v2g_tls_failure>()), V2G_E_NULL);

        let end = given.end();
        let tls = end.0;
        assert_eq!(v2g_tls_handle_input(tls, ptr::null(), 1, &raw mut length), V2G_E_NULL);
        assert_eq!(v2g_tls_handle_input(tls, &raw const octet, 1, ptr::null_mut()), V2G_E_NULL);
        assert_eq!(v2g_tls_handle_input(tls, ptr::null(), 0, &raw mut length), V2G_OK);
        assert_eq!(v2g_tls_poll_transmit(tls, &raw mut octet, 1, ptr::null_mut()), V2G_E_NULL);
        assert_eq!(v2g_tls_read(tls, ptr::null_mut(), 1, &raw mut length), V2G_E_NULL);
        assert_eq!(v2g_tls_write(tls, ptr::null(), 1, &raw mut length), V2G_E_NULL);
        assert_eq!(v2g_tls_state(tls, ptr::null_mut()), V2G_E_NULL);
        assert_eq!(v2g_tls_why(tls, ptr::null_mut()), V2G_E_NULL);
        assert_eq!(v2g_tls_why(tls, &mut v2g_tls_failure { size: 4, ..sized() }), V2G_E_SIZE);
        assert_eq!(v2g_tls_certificate(tls, 0, &mut { NOTHING }), V2G_E_STATE);
    }
}
