//! The contracts of a vehicle, exchanged while its engine runs.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use exi_codec::Bytes;
use iso15118_20::evcc::Contract;
use iso15118_20::security::Chain;

use crate::border::{Outcome, slice, slice_mut, with};
use crate::evcc::{V2G_EVCC_CONTRACTS, v2g_contract, v2g_evcc};
use crate::status::{V2G_E_CONFIG_AUTHORIZATION, V2G_E_STORAGE};

/// Octets of memory that `v2g_evcc_set_contracts` takes.
pub const V2G_CONTRACTS_SIZE: usize = 640;

/// What the engine refers to.
struct Memory {
    subs: [[Bytes<'static>; 3]; V2G_EVCC_CONTRACTS],
    contracts: [Contract<'static>; V2G_EVCC_CONTRACTS],
}

const _: () = assert!(size_of::<Memory>() <= V2G_CONTRACTS_SIZE);

/// The contracts of the vehicle, best first, at most `V2G_EVCC_CONTRACTS`, in place of those of the configuration. What was refused
/// before may be tried again. A contract that has authorized the session has to keep its place.
///
/// After `V2G_EVCC_INSTALLATION_RECEIVED`, call it with the new contract, then `v2g_evcc_respond_installed`. The structs are read
/// and not kept; texts, octets and `memory` (`V2G_CONTRACTS_SIZE` octets, aligned for a pointer) have to live as long as the engine, or
/// until this function was called with other memory: it must never be the memory of the call before.
///
/// `V2G_E_STORAGE`: `memory_size` is too small. `V2G_E_CONFIG_AUTHORIZATION`: too many contracts, or one with certificates beyond the
/// limits of the schema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_evcc_set_contracts(
    evcc: *mut v2g_evcc,
    contracts: *const v2g_contract,
    count: usize,
    memory: *mut c_void,
    memory_size: usize,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    unsafe {
        with(evcc, |evcc| {
            evcc.set_contracts(kept(slice(contracts, count)?, memory, memory_size)?);
            Ok(())
        })
    }
}

/// # Safety
/// What is given lives as long as the engine, and the memory is nobody else's.
unsafe fn kept(
    given: &[v2g_contract],
    memory: *mut c_void,
    memory_size: usize,
) -> Outcome<&'static [Contract<'static>]> {
    const LONGEST: usize = 1600;
    const NO_CONTRACT: Contract<'static> = Contract { chain: Chain { leaf: &[], subs: &[] }, emaid: "" };
    if memory_size < V2G_CONTRACTS_SIZE {
        return Err(V2G_E_STORAGE);
    }
    if given.len() > V2G_EVCC_CONTRACTS {
        return Err(V2G_E_CONFIG_AUTHORIZATION);
    }
    // SAFETY: promised by the caller. Whatever is in the memory is overwritten before it is read.
    let memory: &'static mut [MaybeUninit<Memory>] = unsafe { slice_mut(memory.cast(), 1) }?;
    let memory = memory.first_mut().ok_or(V2G_E_STORAGE)?.write(Memory {
        subs: [[Bytes::new(&[]); 3]; V2G_EVCC_CONTRACTS],
        contracts: [NO_CONTRACT; V2G_EVCC_CONTRACTS],
    });
    for ((place, subs), given) in memory.contracts.iter_mut().zip(&mut memory.subs).zip(given) {
        let mut count = 0;
        for (place, sub) in subs.iter_mut().zip(given.subs) {
            // SAFETY: as above.
            let octets: &'static [u8] = unsafe { sub.get() }?;
            if octets.is_empty() {
                break;
            }
            if octets.len() > LONGEST {
                return Err(V2G_E_CONFIG_AUTHORIZATION);
            }
            *place = Bytes::new(octets);
            count += 1;
        }
        // SAFETY: as above.
        let (leaf, emaid): (&'static [u8], _) = unsafe { (given.leaf.get()?, given.emaid.get()?) };
        if leaf.is_empty() || leaf.len() > LONGEST || count == 0 {
            return Err(V2G_E_CONFIG_AUTHORIZATION);
        }
        *place = Contract { chain: Chain { leaf, subs: subs.get(..count).unwrap_or_default() }, emaid };
    }
    Ok(memory.contracts.get(..given.len()).unwrap_or_default())
}
