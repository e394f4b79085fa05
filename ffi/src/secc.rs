//! The charger's engine.

pub mod event;
pub mod host;
pub mod offer;

use core::ffi::c_void;
use core::mem::offset_of;

use exi_codec::Str;
use iso15118_20::secc::{AuthorizationOffer, ConfigError, ScheduleSource, Secc, SeccConfig, Support};
use iso15118_20::service::{ControlMode, Fee, MAX_OFFERS, MAX_PARAMETER_SETS, Offer, Parameters, Service};

use crate::border::{
    Handle, Kind, Outcome, create, destroy, done, enter, put, read, room, slice, slice_mut, versioned, with,
    write,
};
use crate::config::{fee, service, settings, v2g_offer, v2g_settings};
use crate::kinds::stage;
use crate::session::{
    connection, instant, milliseconds, of_encode, v2g_connection, v2g_end, v2g_received, v2g_selection,
    v2g_transmit,
};
use crate::status::{
    V2G_E_BUFFER, V2G_E_CONFIG_AUTHORIZATION, V2G_E_CONFIG_IDENTIFIER, V2G_E_CONFIG_POSITIONING,
    V2G_E_CONFIG_SERVICES, V2G_E_UNSUPPORTED, V2G_E_VALUE, V2G_NONE, V2G_OK,
};
use crate::text::v2g_str;
use crate::trace::{Tracer, v2g_trace};

pub(crate) use host::notification;

pub use event::v2g_secc_event;

/// Octets that a charger's engine takes on machines with pointers of 32 bits; `V2G_SECC_SIZE` is the one of the machine.
pub const V2G_SECC_SIZE_32: usize = 4864;
/// Octets that a charger's engine takes on machines with pointers of 64 bits.
pub const V2G_SECC_SIZE_64: usize = 6144;

/// Parameter sets that all offers of one charger have together, at most.
pub const V2G_SECC_SETS: usize = 16;
/// Providers that one charger can name, at most.
pub const V2G_SECC_PROVIDERS: usize = 8;

/// Authorization: from outside (card, app, remote start).
pub const V2G_AUTHORIZE_EXTERNAL: u32 = 1;
/// Authorization: by the vehicle's contract ("plug and charge").
pub const V2G_AUTHORIZE_CONTRACT: u32 = 2;
/// Authorization: contract certificates can be installed.
pub const V2G_AUTHORIZE_INSTALL: u32 = 4;

/// The host makes the schedules; without this the engine makes them from the limits and `v2g_secc_set_schedule`.
pub const V2G_SECC_HOST_SCHEDULES: u32 = 1;
/// The loop may go on without power.
pub const V2G_SECC_STANDBY: u32 = 2;
/// Vehicles may choose their service anew.
pub const V2G_SECC_SERVICE_RENEGOTIATION: u32 = 4;

/// The engine of one charging point. An opaque handle in storage of the caller's.
///
/// ```c
/// static v2g_secc_storage memory;
/// static uint8_t buffer[8192];
/// static const v2g_parameters sets[] = { { .id = 1, .control_mode = V2G_CONTROL_DYNAMIC } };
/// static const v2g_offer offers[] = { { .service = V2G_SERVICE_DC_BPT, .set_count = 1, .sets = sets } };
/// v2g_secc_config config = V2G_SECC_CONFIG_INIT;
/// config.evse_id = V2G_STR("DE*V2G*E1");
/// config.meter_id = V2G_STR("M1");
/// config.offers = offers;
/// config.offer_count = 1;
/// config.buffer = buffer;
/// config.buffer_size = sizeof buffer;
/// v2g_secc *secc;
/// int32_t status = v2g_secc_init(&memory, sizeof memory, &config, &secc);
/// ```
///
/// After every call of a `v2g_secc_handle_*`, `set_*`, `respond_*` or `report_*` function, fetch frames and events until there are
/// none, then sleep until octets arrive or `v2g_secc_poll_timeout` has passed.
pub struct v2g_secc {
    _opaque: [u8; 0],
}

/// What the engine refers to.
pub struct Fixed {
    sets: [Parameters; V2G_SECC_SETS],
    offers: [Offer<'static>; MAX_OFFERS],
    providers: [Str<'static>; V2G_SECC_PROVIDERS],
    tracer: Tracer,
}

impl Kind for v2g_secc {
    const TAG: u32 = 0x5365_4343;
    type Fixed = Fixed;
    type Machine = Secc<'static>;
}

const _: () = assert!(
    size_of::<Handle<v2g_secc>>()
        <= if size_of::<usize>() == 4 { V2G_SECC_SIZE_32 } else { V2G_SECC_SIZE_64 }
);

/// The fixed properties of a charger. `evse_id`, `meter_id`, `providers` and `buffer` have to live as long as the engine.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_secc_config {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_SECC_HOST_SCHEDULES`, `V2G_SECC_STANDBY`, `V2G_SECC_SERVICE_RENEGOTIATION`.
    pub flags: u32,
    /// `V2G_AUTHORIZE_*`. 0: from outside only. Over a link that is not secured only that is offered.
    pub authorization: u32,
    /// Seconds that a vehicle has to follow a set-point where the charger plans, plus one; 0: not said.
    pub ack_max_delay_plus_one: u32,
    /// EVSEID, at most 255 characters.
    pub evse_id: v2g_str,
    /// MeterID, at most 32 characters.
    pub meter_id: v2g_str,
    /// Services, best first; read while the engine is made, not kept.
    pub offers: *const v2g_offer,
    /// How many: 1 to 8, with `V2G_SECC_SETS` parameter sets together.
    pub offer_count: usize,
    /// Mobility operators whose contracts count. None: not said.
    pub providers: *const v2g_str,
    /// How many, at most `V2G_SECC_PROVIDERS`.
    pub provider_count: usize,
    /// Times and tolerances; null: those of the lenient profile. Read while the engine is made, not kept.
    pub settings: *const v2g_settings,
    /// Holds a message that arrives in pieces; longer ones end the session. 8 KiB do without certificates, 16 KiB with them.
    pub buffer: *mut u8,
    /// Octets of it.
    pub buffer_size: usize,
    /// Sees what the engine does; null: nobody does.
    pub trace: v2g_trace,
    /// Handed to `trace`.
    pub trace_user: *mut c_void,
}

versioned! {
    v2g_secc_config offset_of!(v2g_secc_config, buffer_size) + size_of::<usize>();
}

/// Octets that a charger's engine needs in this build; at most `V2G_SECC_SIZE`.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_secc_size() -> usize {
    size_of::<Handle<v2g_secc>>()
}

/// Alignment of the storage, octets.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_secc_align() -> usize {
    align_of::<Handle<v2g_secc>>()
}

/// Makes an engine without a connection, in `storage` of `storage_size` octets.
///
/// `V2G_E_STORAGE`: it is too small, see `v2g_secc_size`. `V2G_E_CONFIG_*`: the configuration contradicts itself or the
/// schema. `V2G_E_UNSUPPORTED`: a service of a family that this build leaves out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_init(
    storage: *mut c_void,
    storage_size: usize,
    config: *const v2g_secc_config,
    secc: *mut *mut v2g_secc,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    done(unsafe { create(storage, storage_size, secc, |fixed| make(fixed, config)) })
}

/// # Safety
/// `fixed` can be written, `config` is null or a configuration, and what it points to lives as long as it says.
unsafe fn make(fixed: *mut Fixed, config: *const v2g_secc_config) -> Outcome<Secc<'static>> {
    const SET: Parameters = Parameters::new(0, ControlMode::Dynamic);
    const OFFER: Offer<'static> = Offer { service: Service::Dc, fee: Fee::Free, sets: &[] };
    // SAFETY: promised by the caller of this function; the same holds for each block below.
    let given = unsafe { read(config) }?;
    if given.flags & !(V2G_SECC_HOST_SCHEDULES | V2G_SECC_STANDBY | V2G_SECC_SERVICE_RENEGOTIATION) != 0
        || given.authorization & !(V2G_AUTHORIZE_EXTERNAL | V2G_AUTHORIZE_CONTRACT | V2G_AUTHORIZE_INSTALL)
            != 0
        || given.ack_max_delay_plus_one > 0x1_0000
    {
        return Err(V2G_E_VALUE);
    }
    // SAFETY: as above. Nobody else refers to the storage, and it does not move.
    let fixed: &'static mut Fixed = unsafe {
        fixed.write(Fixed {
            sets: [SET; V2G_SECC_SETS],
            offers: [OFFER; MAX_OFFERS],
            providers: [Str::new(""); V2G_SECC_PROVIDERS],
            tracer: Tracer::new(given.trace, given.trace_user),
        });
        &mut *fixed
    };
    // SAFETY: as above.
    let offers = unsafe { slice(given.offers, given.offer_count) }?;
    let mut free: &'static mut [Parameters] = &mut fixed.sets;
    if offers.len() > MAX_OFFERS {
        return Err(V2G_E_CONFIG_SERVICES);
    }
    for (place, offer) in fixed.offers.iter_mut().zip(offers) {
        let count = usize::from(offer.set_count);
        if count == 0 || count > MAX_PARAMETER_SETS || count > free.len() {
            return Err(V2G_E_CONFIG_SERVICES);
        }
        let (sets, rest) = free.split_at_mut(count);
        free = rest;
        // SAFETY: as above.
        for (place, set) in sets.iter_mut().zip(unsafe { slice(offer.sets, count) }?) {
            *place = set.get()?;
        }
        *place = Offer { service: service(offer.service)?, fee: fee(offer.paid), sets };
    }
    // SAFETY: as above.
    let providers = unsafe { slice(given.providers, given.provider_count) }?;
    if providers.len() > V2G_SECC_PROVIDERS {
        return Err(V2G_E_CONFIG_AUTHORIZATION);
    }
    for (place, provider) in fixed.providers.iter_mut().zip(providers) {
        // SAFETY: as above.
        *place = Str::new(unsafe { provider.get() }?);
    }
    // SAFETY: as above.
    let (evse_id, meter_id, settings, buffer) = unsafe {
        (
            given.evse_id.get()?,
            given.meter_id.get()?,
            settings(given.settings)?,
            slice_mut(given.buffer, given.buffer_size)?,
        )
    };
    let offered = |bits: u32, flag: u32| if bits & flag != 0 { Support::Offered } else { Support::Absent };
    let ways = if given.authorization == 0 { V2G_AUTHORIZE_EXTERNAL } else { given.authorization };
    let mut config =
        SeccConfig::new(evse_id, meter_id, fixed.offers.get(..offers.len()).unwrap_or_default(), settings);
    config.authorization = AuthorizationOffer {
        external: offered(ways, V2G_AUTHORIZE_EXTERNAL),
        contract: offered(ways, V2G_AUTHORIZE_CONTRACT),
        installation: offered(ways, V2G_AUTHORIZE_INSTALL),
        providers: fixed.providers.get(..providers.len()).unwrap_or_default(),
    };
    if given.flags & V2G_SECC_HOST_SCHEDULES != 0 {
        config.schedules = ScheduleSource::Host;
    }
    config.trace = fixed.tracer.watch();
    config.standby = offered(given.flags, V2G_SECC_STANDBY);
    config.service_renegotiation = offered(given.flags, V2G_SECC_SERVICE_RENEGOTIATION);
    config.ack_max_delay = given.ack_max_delay_plus_one.checked_sub(1).map(|delay| delay as u16);
    Secc::new(&config, buffer).map_err(|error| match error {
        ConfigError::Identifier => V2G_E_CONFIG_IDENTIFIER,
        ConfigError::Offers | ConfigError::ParameterSets | ConfigError::MobilityNeeds => {
            V2G_E_CONFIG_SERVICES
        }
        ConfigError::Family => V2G_E_UNSUPPORTED,
        ConfigError::Authorization => V2G_E_CONFIG_AUTHORIZATION,
        ConfigError::Positioning => V2G_E_CONFIG_POSITIONING,
    })
}

/// Gives up an engine. Its storage is overwritten and belongs to the caller again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_deinit(secc: *mut v2g_secc) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { destroy(secc) })
}

/// A vehicle has connected. Everything of an earlier session is forgotten but one that was paused; limits, permits and schedules
/// of the charger stay.
///
/// `session`, 8 octets, becomes the ID of the session: not zero, never used before. `challenge`, 16 octets, is what a vehicle
/// signs that authorizes by contract. Both come from a cryptographic random generator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_start(
    secc: *mut v2g_secc,
    now_ms: u64,
    link: *const v2g_connection,
    session: *const u8,
    challenge: *const u8,
) -> i32 {
    let given = || -> Outcome<(_, [u8; 8], [u8; 16])> {
        // SAFETY: promised by the caller.
        let (session, challenge, link) =
            unsafe { (slice(session, 8)?, slice(challenge, 16)?, connection(link)?) };
        let session = session.try_into().map_err(|_| V2G_E_VALUE)?;
        Ok((link, session, challenge.try_into().map_err(|_| V2G_E_VALUE)?))
    };
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            let (connection, session, challenge) = given()?;
            if session == [0; 8] {
                return Err(V2G_E_VALUE);
            }
            secc.start(instant(now_ms), &connection, session, challenge);
            Ok(())
        })
    }
}

/// Takes octets of the connection, up to the end of one message, and says in `received` how many.
///
/// Call it again with the rest, after draining frames and events, until all is consumed. After the end of the session
/// everything is consumed and ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_handle_input(
    secc: *mut v2g_secc,
    now_ms: u64,
    bytes: *const u8,
    length: usize,
    received: *mut v2g_received,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            let bytes = slice(bytes, length)?;
            crate::border::writable(received)?;
            let taken = secc.handle_input(instant(now_ms), bytes);
            write(received, taken.into())
        })
    }
}

/// Time has passed: acts on every deadline that is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_handle_timeout(secc: *mut v2g_secc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.handle_timeout(instant(now_ms));
            Ok(())
        })
    }
}

/// The connection is gone, whoever closed it. Before the end of the session this means: no current.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_handle_disconnect(secc: *mut v2g_secc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(secc, |secc| {
            secc.handle_disconnect(instant(now_ms));
            Ok(())
        })
    }
}

/// Writes the next frame into `out`, if there is one. Once it is fetched it counts as sent: timers start and the sequence moves.
///
/// `V2G_NONE`: there is none. `V2G_E_BUFFER`: `out` is too small, 2 KiB do without certificates; nothing has changed, and
/// `sent->length` says how much is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_poll_transmit(
    secc: *mut v2g_secc,
    now_ms: u64,
    out: *mut u8,
    capacity: usize,
    sent: *mut v2g_transmit,
) -> i32 {
    // SAFETY: promised by the caller.
    let fetched = || unsafe {
        let mut secc = enter(secc)?;
        let out = slice_mut(out, capacity)?;
        crate::border::writable(sent)?;
        match secc.poll_transmit(instant(now_ms), out) {
            Ok(None) => {
                write(sent, v2g_transmit::needed(0))?;
                Ok(V2G_NONE)
            }
            Ok(Some(frame)) => {
                write(sent, frame.into())?;
                Ok(V2G_OK)
            }
            Err(error) => {
                if let iso15118_20::message::EncodeError::BufferTooSmall { needed } = error {
                    write(sent, v2g_transmit::needed(needed))?;
                }
                Err(of_encode(error))
            }
        }
    };
    crate::border::status(fetched())
}

/// Fetches the next event. Urgent ones come first; of several of one kind only the latest is kept.
///
/// `V2G_NONE`: there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_poll_event(secc: *mut v2g_secc, event: *mut v2g_secc_event) -> i32 {
    // SAFETY: promised by the caller.
    let fetched = || unsafe {
        let mut secc = enter(secc)?;
        crate::border::writable(event)?;
        match secc.poll_event() {
            None => Ok(V2G_NONE),
            Some(next) => write(event, next.into()).map(|()| V2G_OK),
        }
    };
    crate::border::status(fetched())
}

/// When to call `v2g_secc_handle_timeout` at the latest; `V2G_NEVER`: not before something else has happened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_poll_timeout(secc: *const v2g_secc, deadline_ms: *mut u64) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(secc).and_then(|secc| put(deadline_ms, milliseconds(secc.poll_timeout()))) })
}

/// Where the session stands: `V2G_STAGE_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_stage(secc: *const v2g_secc, where_: *mut u16) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(secc).and_then(|secc| put(where_, stage(secc.stage()))) })
}

/// How the session ended. `V2G_NONE`: it has not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_end(secc: *const v2g_secc, end: *mut v2g_end) -> i32 {
    // SAFETY: promised by the caller.
    crate::border::status(unsafe {
        enter(secc).and_then(|secc| {
            room(end)?;
            match secc.end() {
                None => Ok(V2G_NONE),
                Some(how) => put(end, how.into()).map(|()| V2G_OK),
            }
        })
    })
}

/// The EVCCID, as far as 64 octets of it go. Empty before the vehicle has sent it.
///
/// It is copied into `out`; `length` becomes its length. `V2G_E_BUFFER`: `capacity` is less.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_vehicle_id(
    secc: *const v2g_secc,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(secc).and_then(|secc| copy(secc.vehicle_id().as_bytes(), out, capacity, length)) })
}

/// The ID of the session, 8 octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_session_id(secc: *const v2g_secc, out: *mut u8) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe {
        enter(secc).and_then(|secc| {
            slice_mut(out, 8)?.copy_from_slice(&secc.session_id());
            Ok(())
        })
    })
}

/// What the vehicle selected. `V2G_NONE`: nothing yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_secc_selection(secc: *const v2g_secc, out: *mut v2g_selection) -> i32 {
    // SAFETY: promised by the caller.
    crate::border::status(unsafe {
        enter(secc).and_then(|secc| {
            room(out)?;
            match secc.selection() {
                None => Ok(V2G_NONE),
                Some(selection) => put(out, selection.into()).map(|()| V2G_OK),
            }
        })
    })
}

/// Copies octets, and says how many there are.
///
/// # Safety
/// There is memory for `capacity` octets.
pub(crate) unsafe fn copy(octets: &[u8], out: *mut u8, capacity: usize, length: *mut usize) -> Outcome {
    // SAFETY: promised by the caller.
    unsafe {
        put(length, octets.len())?;
        let out = slice_mut(out, capacity)?;
        out.get_mut(..octets.len()).ok_or(V2G_E_BUFFER)?.copy_from_slice(octets);
    }
    Ok(())
}
