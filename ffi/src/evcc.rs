//! The vehicle's engine.

pub mod event;
pub mod host;
pub mod sign;

use core::ffi::c_void;
use core::mem::offset_of;

use exi_codec::Bytes;
use iso15118_20::evcc::{
    AuthorizationPolicy, Contract, Evcc, EvccConfig, EvccConfigError, PauseReaction, PowerTolerance,
    RenegotiationStream, Wish,
};
#[cfg(feature = "planner")]
use iso15118_20::schedule::ProfilePolicy;
use iso15118_20::security::Chain;
use iso15118_20::service::{BptChannel, ControlMode, MobilityNeeds, Pricing, Service};

use crate::border::{
    Handle, Kind, Outcome, create, destroy, done, enter, put, read, room, slice, slice_mut, status,
    versioned, with, write,
};
use crate::config::{service, settings, v2g_settings};
use crate::kinds::stage;
use crate::secc::copy;
use crate::session::{
    connection, instant, milliseconds, of_encode, v2g_connection, v2g_end, v2g_received, v2g_selection,
    v2g_transmit,
};
use crate::status::{
    V2G_E_CONFIG_AUTHORIZATION, V2G_E_CONFIG_IDENTIFIER, V2G_E_CONFIG_POSITIONING, V2G_E_CONFIG_SERVICES,
    V2G_E_UNSUPPORTED, V2G_E_VALUE, V2G_NONE, V2G_OK,
};
use crate::text::{v2g_bytes, v2g_str};
use crate::trace::{Tracer, v2g_trace};
use crate::trust::delivery::{installation, v2g_installation};

pub use event::v2g_evcc_event;

/// Octets that a vehicle's engine takes on machines with pointers of 32 bits; `V2G_EVCC_SIZE` is the one of the machine.
pub const V2G_EVCC_SIZE_32: usize = 4608;
/// Octets that a vehicle's engine takes on machines with pointers of 64 bits.
pub const V2G_EVCC_SIZE_64: usize = 5632;

/// Wishes that one vehicle can have.
pub const V2G_EVCC_WISHES: usize = 8;
/// Contracts that one vehicle can have.
pub const V2G_EVCC_CONTRACTS: usize = 4;

/// What the vehicle does when the charger asks it to pause: it pauses.
pub const V2G_ON_PAUSE_PAUSE: u32 = 0;
/// What the vehicle does when the charger asks it to pause: it goes on without power.
pub const V2G_ON_PAUSE_STANDBY: u32 = 1;
/// What the vehicle does when the charger asks it to pause: it ends the session.
pub const V2G_ON_PAUSE_LEAVE: u32 = 2;

/// Ways of authorization that the vehicle takes: by contract where there is one that may hold, else from outside.
pub const V2G_POLICY_CONTRACT_FIRST: u32 = 0;
/// Ways of authorization that the vehicle takes: by contract, or not at all.
pub const V2G_POLICY_CONTRACT_ONLY: u32 = 1;
/// Ways of authorization that the vehicle takes: from outside only.
pub const V2G_POLICY_EXTERNAL_ONLY: u32 = 2;

/// Profile where the vehicle plans: the first schedule that is offered, all of it.
pub const V2G_PLAN_FIRST: u32 = 0;
/// Profile where the vehicle plans: to be done as early as possible.
pub const V2G_PLAN_EARLIEST: u32 = 1;
/// Profile where the vehicle plans: to pay as little as possible.
pub const V2G_PLAN_CHEAPEST: u32 = 2;
/// Profile where the vehicle plans: to cause as little carbon dioxide as possible.
pub const V2G_PLAN_GREENEST: u32 = 3;

/// The vehicle does not confirm power tolerances, unless the charger insists.
pub const V2G_EVCC_DECLINE_TOLERANCE: u32 = 1;
/// The vehicle renegotiates schedules over the main stream, as chargers without side streams take it.
pub const V2G_EVCC_RENEGOTIATE_ON_MAIN: u32 = 2;

/// The engine of one vehicle. An opaque handle in storage of the caller's.
///
/// ```c
/// static v2g_evcc_storage memory;
/// static uint8_t buffer[8192];
/// static const v2g_wish wishes[] = { { .service = V2G_SERVICE_DC_BPT, .control_mode = V2G_CONTROL_DYNAMIC } };
/// v2g_evcc_config config = V2G_EVCC_CONFIG_INIT;
/// config.evcc_id = V2G_STR("WMIV1234567890ABC");
/// config.wishes = wishes;
/// config.wish_count = 1;
/// config.buffer = buffer;
/// config.buffer_size = sizeof buffer;
/// v2g_evcc *evcc;
/// int32_t status = v2g_evcc_init(&memory, sizeof memory, &config, &evcc);
/// ```
///
/// After every call of a `v2g_evcc_handle_*`, `set_*`, `respond_*` or `report_*` function, fetch frames and events until there are
/// none, then sleep until octets arrive or `v2g_evcc_poll_timeout` has passed.
pub struct v2g_evcc {
    _opaque: [u8; 0],
}

/// What the engine refers to.
pub struct Fixed {
    wishes: [Wish; V2G_EVCC_WISHES],
    subs: [[Bytes<'static>; 3]; V2G_EVCC_CONTRACTS],
    contracts: [Contract<'static>; V2G_EVCC_CONTRACTS],
    tracer: Tracer,
}

impl Kind for v2g_evcc {
    const TAG: u32 = 0x4576_4343;
    type Fixed = Fixed;
    type Machine = Evcc<'static>;
}

const _: () = assert!(
    size_of::<Handle<v2g_evcc>>()
        <= if size_of::<usize>() == 4 { V2G_EVCC_SIZE_32 } else { V2G_EVCC_SIZE_64 }
);

/// A service and a control mode that the vehicle would take. Zero leaves a field open.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct v2g_wish {
    /// `V2G_SERVICE_*`.
    pub service: u16,
    /// `V2G_CONTROL_*`; has to be said.
    pub control_mode: u8,
    /// `V2G_MOBILITY_*`.
    pub mobility_needs: u8,
    /// `V2G_PRICING_*`, plus one.
    pub pricing_plus_one: u8,
    /// Connector, see `v2g_parameters`.
    pub connector: u8,
    /// Where energy leaves the vehicle, see `v2g_parameters`; of bidirectional services only.
    pub bpt_channel: u8,
    /// Zero.
    pub reserved: u8,
}

/// A contract of the vehicle's.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_contract {
    /// The eMAID. Contracts of providers that the charger does not list are not tried. Empty: it is tried everywhere.
    pub emaid: v2g_str,
    /// The contract certificate, DER, at most 1600 octets.
    pub leaf: v2g_bytes,
    /// Those between it and a root, nearest first, DER; at least one.
    pub subs: [v2g_bytes; 3],
}

/// The fixed properties of a vehicle. `evcc_id`, the texts and octets of contracts, and `buffer` have to live as long as the
/// engine.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_evcc_config {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_EVCC_DECLINE_TOLERANCE`, `V2G_EVCC_RENEGOTIATE_ON_MAIN`.
    pub flags: u32,
    /// `V2G_POLICY_*`.
    pub authorization: u32,
    /// `V2G_ON_PAUSE_*`.
    pub on_pause: u32,
    /// `V2G_PLAN_*`; all but the first need a build with the planner.
    pub plan: u32,
    /// Zero.
    pub reserved: u32,
    /// EVCCID, at most 255 characters.
    pub evcc_id: v2g_str,
    /// What to select, best first; read while the engine is made, not kept.
    pub wishes: *const v2g_wish,
    /// How many, 1 to `V2G_EVCC_WISHES`.
    pub wish_count: usize,
    /// Contracts, best first; the structs are read while the engine is made, what they point to is kept.
    pub contracts: *const v2g_contract,
    /// How many, at most `V2G_EVCC_CONTRACTS`.
    pub contract_count: usize,
    /// Times and tolerances; null: those of the lenient profile. Read while the engine is made, not kept.
    pub settings: *const v2g_settings,
    /// Holds a message that arrives in pieces; longer ones end the session. 8 KiB do without certificates, 16 KiB with them.
    pub buffer: *mut u8,
    /// Octets of it.
    pub buffer_size: usize,
    /// How contracts are fetched; null: not at all.
    pub installation: *const v2g_installation,
    /// Sees what the engine does; null: nobody does.
    pub trace: v2g_trace,
    /// Handed to `trace`.
    pub trace_user: *mut c_void,
}

versioned! {
    v2g_evcc_config offset_of!(v2g_evcc_config, buffer_size) + size_of::<usize>();
}

/// Octets that a vehicle's engine needs in this build; at most `V2G_EVCC_SIZE`.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_evcc_size() -> usize {
    size_of::<Handle<v2g_evcc>>()
}

/// Alignment of the storage, octets.
#[unsafe(no_mangle)]
pub extern "C" fn v2g_evcc_align() -> usize {
    align_of::<Handle<v2g_evcc>>()
}

/// Makes an engine without a connection, in `storage` of `storage_size` octets.
///
/// `V2G_E_STORAGE`: it is too small, see `v2g_evcc_size`. `V2G_E_CONFIG_*`: the configuration contradicts itself or the
/// schema. `V2G_E_UNSUPPORTED`: a service of a family that this build leaves out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_init(
    storage: *mut c_void,
    storage_size: usize,
    config: *const v2g_evcc_config,
    evcc: *mut *mut v2g_evcc,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    done(unsafe { create(storage, storage_size, evcc, |fixed| make(fixed, config)) })
}

/// # Safety
/// `fixed` can be written, `config` is null or a configuration, and what it points to lives as long as it says.
unsafe fn make(fixed: *mut Fixed, config: *const v2g_evcc_config) -> Outcome<Evcc<'static>> {
    const NO_CONTRACT: Contract<'static> = Contract { chain: Chain { leaf: &[], subs: &[] }, emaid: "" };
    // SAFETY: promised by the caller of this function; the same holds for each block below.
    let given = unsafe { read(config) }?;
    if given.flags & !(V2G_EVCC_DECLINE_TOLERANCE | V2G_EVCC_RENEGOTIATE_ON_MAIN) != 0 || given.reserved != 0
    {
        return Err(V2G_E_VALUE);
    }
    // SAFETY: as above. Nobody else refers to the storage, and it does not move.
    let fixed: &'static mut Fixed = unsafe {
        fixed.write(Fixed {
            wishes: [Wish::new(Service::Dc, ControlMode::Dynamic); V2G_EVCC_WISHES],
            subs: [[Bytes::new(&[]); 3]; V2G_EVCC_CONTRACTS],
            contracts: [NO_CONTRACT; V2G_EVCC_CONTRACTS],
            tracer: Tracer::new(given.trace, given.trace_user),
        });
        &mut *fixed
    };
    // SAFETY: as above.
    let (wishes, contracts) =
        unsafe { (slice(given.wishes, given.wish_count)?, slice(given.contracts, given.contract_count)?) };
    if wishes.len() > V2G_EVCC_WISHES {
        return Err(V2G_E_CONFIG_SERVICES);
    }
    if contracts.len() > V2G_EVCC_CONTRACTS {
        return Err(V2G_E_CONFIG_AUTHORIZATION);
    }
    for (place, given) in fixed.wishes.iter_mut().zip(wishes) {
        *place = wish(*given)?;
    }
    for ((place, subs), given) in fixed.contracts.iter_mut().zip(&mut fixed.subs).zip(contracts) {
        let mut count = 0;
        for (place, sub) in subs.iter_mut().zip(given.subs) {
            // SAFETY: as above.
            let octets: &'static [u8] = unsafe { sub.get() }?;
            if octets.is_empty() {
                break;
            }
            *place = Bytes::new(octets);
            count += 1;
        }
        // SAFETY: as above.
        let (leaf, emaid) = unsafe { (given.leaf.get()?, given.emaid.get()?) };
        *place = Contract { chain: Chain { leaf, subs: subs.get(..count).unwrap_or_default() }, emaid };
    }
    // SAFETY: as above.
    let (evcc_id, settings, buffer) = unsafe {
        (given.evcc_id.get()?, settings(given.settings)?, slice_mut(given.buffer, given.buffer_size)?)
    };
    let mut config = EvccConfig::new(evcc_id, fixed.wishes.get(..wishes.len()).unwrap_or_default());
    config.settings = settings;
    config.trace = fixed.tracer.watch();
    config.contracts = fixed.contracts.get(..contracts.len()).unwrap_or_default();
    // SAFETY: as above.
    config.installation = unsafe { installation(given.installation) }?;
    config.authorization = match given.authorization {
        V2G_POLICY_CONTRACT_FIRST => AuthorizationPolicy::ContractFirst,
        V2G_POLICY_CONTRACT_ONLY => AuthorizationPolicy::ContractOnly,
        V2G_POLICY_EXTERNAL_ONLY => AuthorizationPolicy::ExternalOnly,
        _ => return Err(V2G_E_VALUE),
    };
    config.on_pause = match given.on_pause {
        V2G_ON_PAUSE_PAUSE => PauseReaction::Pause,
        V2G_ON_PAUSE_STANDBY => PauseReaction::Standby,
        V2G_ON_PAUSE_LEAVE => PauseReaction::Leave,
        _ => return Err(V2G_E_VALUE),
    };
    plan(&mut config, given.plan)?;
    if given.flags & V2G_EVCC_DECLINE_TOLERANCE != 0 {
        config.power_tolerance = PowerTolerance::Decline;
    }
    if given.flags & V2G_EVCC_RENEGOTIATE_ON_MAIN != 0 {
        config.renegotiation = RenegotiationStream::Main;
    }
    Evcc::new(&config, buffer).map_err(|error| match error {
        EvccConfigError::Identifier => V2G_E_CONFIG_IDENTIFIER,
        EvccConfigError::Wishes => V2G_E_CONFIG_SERVICES,
        EvccConfigError::Certificates => V2G_E_CONFIG_AUTHORIZATION,
        EvccConfigError::Methods => V2G_E_CONFIG_POSITIONING,
        EvccConfigError::Family => V2G_E_UNSUPPORTED,
    })
}

#[cfg(feature = "planner")]
fn plan(config: &mut EvccConfig<'_>, plan: u32) -> Outcome {
    config.policy = match plan {
        V2G_PLAN_FIRST => None,
        V2G_PLAN_EARLIEST => Some(ProfilePolicy::Earliest),
        V2G_PLAN_CHEAPEST => Some(ProfilePolicy::Cheapest),
        V2G_PLAN_GREENEST => Some(ProfilePolicy::Greenest),
        _ => return Err(V2G_E_VALUE),
    };
    Ok(())
}

#[cfg(not(feature = "planner"))]
fn plan(_: &mut EvccConfig<'_>, plan: u32) -> Outcome {
    match plan {
        V2G_PLAN_FIRST => Ok(()),
        V2G_PLAN_EARLIEST | V2G_PLAN_CHEAPEST | V2G_PLAN_GREENEST => Err(V2G_E_UNSUPPORTED),
        _ => Err(V2G_E_VALUE),
    }
}

fn wish(given: v2g_wish) -> Outcome<Wish> {
    /// Zero leaves it open.
    fn open<T>(number: u8, from: impl Fn(i32) -> Option<T>) -> Outcome<Option<T>> {
        match number {
            0 => Ok(None),
            number => from(i32::from(number)).map(Some).ok_or(V2G_E_VALUE),
        }
    }
    if given.reserved != 0 {
        return Err(V2G_E_VALUE);
    }
    let control_mode = ControlMode::from_number(i32::from(given.control_mode)).ok_or(V2G_E_VALUE)?;
    // What a wish may say besides stays open.
    #[allow(clippy::needless_update, reason = "engines may know more than C says")]
    Ok(Wish {
        connector: open(given.connector, Some)?,
        mobility_needs: open(given.mobility_needs, MobilityNeeds::from_number)?,
        pricing: open(given.pricing_plus_one, |number| Pricing::from_number(number - 1))?,
        channel: open(given.bpt_channel, BptChannel::from_number)?,
        ..Wish::new(service(given.service)?, control_mode)
    })
}

/// Gives up an engine. Its storage is overwritten and belongs to the caller again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_deinit(evcc: *mut v2g_evcc) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { destroy(evcc) })
}

/// The charger is connected. Everything of an earlier session is forgotten, unless it was paused with this charger: then the
/// vehicle asks to resume it. What the host said of the vehicle stays.
///
/// On a link that is not protected the session ends here (`V2G_CAUSE_NOT_SECURED`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_start(
    evcc: *mut v2g_evcc,
    now_ms: u64,
    link: *const v2g_connection,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.start(instant(now_ms), &connection(link)?);
            Ok(())
        })
    }
}

/// Takes octets of the connection, up to the end of one message, and says in `received` how many.
///
/// Call it again with the rest, after draining frames and events, until all is consumed. After the end of the session
/// everything is consumed and ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_handle_input(
    evcc: *mut v2g_evcc,
    now_ms: u64,
    bytes: *const u8,
    length: usize,
    received: *mut v2g_received,
) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            let bytes = slice(bytes, length)?;
            crate::border::writable(received)?;
            let taken = evcc.handle_input(instant(now_ms), bytes);
            write(received, taken.into())
        })
    }
}

/// Time has passed: acts on every deadline that is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_handle_timeout(evcc: *mut v2g_evcc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.handle_timeout(instant(now_ms));
            Ok(())
        })
    }
}

/// The connection is gone, whoever closed it. Before the end of the session this means: no current.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_handle_disconnect(evcc: *mut v2g_evcc, now_ms: u64) -> i32 {
    // SAFETY: promised by the caller.
    unsafe {
        with(evcc, |evcc| {
            evcc.handle_disconnect(instant(now_ms));
            Ok(())
        })
    }
}

/// Writes the next frame into `out`, if it is due. Once it is fetched it counts as sent: its timer starts.
///
/// `V2G_NONE`: there is none. `V2G_E_BUFFER`: `out` is too small, 2 KiB do without certificates, 8 KiB with them; nothing has
/// changed, and `sent->length` says how much is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_poll_transmit(
    evcc: *mut v2g_evcc,
    now_ms: u64,
    out: *mut u8,
    capacity: usize,
    sent: *mut v2g_transmit,
) -> i32 {
    // SAFETY: promised by the caller.
    let fetched = || unsafe {
        let mut evcc = enter(evcc)?;
        let out = slice_mut(out, capacity)?;
        crate::border::writable(sent)?;
        match evcc.poll_transmit(instant(now_ms), out) {
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
    status(fetched())
}

/// Fetches the next event. Urgent ones come first; of several of one kind only the latest is kept.
///
/// `V2G_NONE`: there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_poll_event(evcc: *mut v2g_evcc, event: *mut v2g_evcc_event) -> i32 {
    // SAFETY: promised by the caller.
    let fetched = || unsafe {
        let mut evcc = enter(evcc)?;
        crate::border::writable(event)?;
        match evcc.poll_event() {
            None => Ok(V2G_NONE),
            Some(next) => write(event, next.into()).map(|()| V2G_OK),
        }
    };
    status(fetched())
}

/// When to call `v2g_evcc_handle_timeout` at the latest; `V2G_NEVER`: not before something else has happened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_poll_timeout(evcc: *const v2g_evcc, deadline_ms: *mut u64) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(evcc).and_then(|evcc| put(deadline_ms, milliseconds(evcc.poll_timeout()))) })
}

/// Where the session stands: `V2G_STAGE_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_stage(evcc: *const v2g_evcc, where_: *mut u16) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(evcc).and_then(|evcc| put(where_, stage(evcc.stage()))) })
}

/// How the session ended. `V2G_NONE`: it has not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_end(evcc: *const v2g_evcc, end: *mut v2g_end) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe {
        enter(evcc).and_then(|evcc| {
            room(end)?;
            match evcc.end() {
                None => Ok(V2G_NONE),
                Some(how) => put(end, how.into()).map(|()| V2G_OK),
            }
        })
    })
}

/// The EVSEID, as far as 64 octets of it go. Empty before the charger has sent it.
///
/// It is copied into `out`; `length` becomes its length. `V2G_E_BUFFER`: `capacity` is less.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_station_id(
    evcc: *const v2g_evcc,
    out: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> i32 {
    // SAFETY: promised by the caller.
    done(unsafe { enter(evcc).and_then(|evcc| copy(evcc.station_id().as_bytes(), out, capacity, length)) })
}

/// What this vehicle selected. `V2G_NONE`: nothing yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_selection(evcc: *const v2g_evcc, out: *mut v2g_selection) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe {
        enter(evcc).and_then(|evcc| {
            room(out)?;
            match evcc.selection() {
                None => Ok(V2G_NONE),
                Some(selection) => put(out, selection.into()).map(|()| V2G_OK),
            }
        })
    })
}
