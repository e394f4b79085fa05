//! Contracts that a vehicle is given.

use core::ffi::c_void;
use core::mem::offset_of;

use exi_codec::iso20::xmldsig::X509IssuerSerial;
use exi_codec::{Bytes, Integer, Str};
use iso15118_20::evcc::{InstallWhen, Installation};
use iso15118_20::security::Chain;

use crate::border::{Outcome, read, slice, slice_mut, status, versioned};
use crate::status::{V2G_E_STORAGE, V2G_E_VALUE};
use crate::text::{v2g_bytes, v2g_str};
use crate::trust::verify::{v2g_fault, v2g_trust};

/// A contract is fetched where the vehicle has none that may hold, or the one it has expires soon.
pub const V2G_INSTALL_NEEDED: u32 = 0;
/// A contract is fetched wherever it is offered.
pub const V2G_INSTALL_OFFERED: u32 = 1;

/// Roots that a vehicle names when it asks for a contract, at most.
pub const V2G_INSTALLATION_ROOTS: usize = 8;
/// eMAIDs that a vehicle asks for first, at most.
pub const V2G_INSTALLATION_EMAIDS: usize = 8;
/// Octets of memory that a `v2g_installation` lends.
pub const V2G_INSTALLATION_SIZE: usize = 1024;

/// Derivation of the key that wraps a contract key: that of NIST SP 800-56A, which the standard names.
pub const V2G_KDF_SP800_56A: u32 = 0;
/// Derivation: that of ANSI X9.63, which one implementer has.
pub const V2G_KDF_X963: u32 = 1;

/// A root that a vehicle knows, by its name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_root_name {
    /// Issuer, as text.
    pub issuer: v2g_str,
    /// Serial number, big-endian.
    pub serial: v2g_bytes,
}

/// How a vehicle fetches contracts. What it points to has to live as long as the engine.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_installation {
    /// `sizeof` this struct.
    pub size: u32,
    /// `V2G_INSTALL_*`.
    pub when: u32,
    /// Most contracts to fetch, 1 to 255; 0: 1.
    pub max_chains: u32,
    /// Zero.
    pub reserved: u32,
    /// The provisioning certificate, DER, at most 1600 octets.
    pub leaf: v2g_bytes,
    /// Those between it and a root, nearest first, DER.
    pub subs: [v2g_bytes; 3],
    /// Roots that the vehicle knows; read while the engine is made, their texts and octets are kept.
    pub roots: *const v2g_root_name,
    /// How many, 1 to `V2G_INSTALLATION_ROOTS`.
    pub root_count: usize,
    /// eMAIDs that are wanted first; as `roots`.
    pub emaids: *const v2g_str,
    /// How many, at most `V2G_INSTALLATION_EMAIDS`.
    pub emaid_count: usize,
    /// Memory, aligned for a pointer.
    pub memory: *mut c_void,
    /// Octets of it, at least `V2G_INSTALLATION_SIZE`.
    pub memory_size: usize,
}

/// A contract that was delivered: signed by a provider that is trusted, its certificates sound. The key is still wrapped.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v2g_delivery {
    /// `sizeof` this struct.
    pub size: u32,
    /// Octets of `emaid`.
    pub emaid_length: u32,
    /// The eMAID in capitals without hyphens.
    pub emaid: [u8; 16],
    /// The contract certificate, DER, in the memory for the contract.
    pub leaf: v2g_bytes,
    /// Those above it.
    pub subs: [v2g_bytes; 3],
    /// The public key that the vehicle's key agrees with, a point of P-521.
    pub ephemeral: [u8; 133],
    /// The wrapped key: nonce, ciphertext and tag of AES-256-GCM.
    pub wrapped: [u8; 94],
    /// What the wrapping is bound to.
    pub aad: [u8; 58],
    /// Octets of `aad`.
    pub aad_length: u8,
    /// The PCID that it is bound to.
    pub pcid: [u8; 18],
    /// Octets of `pcid`.
    pub pcid_length: u8,
}

versioned! {
    v2g_installation offset_of!(v2g_installation, memory_size) + size_of::<usize>();
    v2g_delivery offset_of!(v2g_delivery, pcid) + 19;
}

/// What the engine refers to.
struct Memory {
    subs: [Bytes<'static>; 3],
    roots: [X509IssuerSerial<'static>; V2G_INSTALLATION_ROOTS],
    emaids: [Str<'static>; V2G_INSTALLATION_EMAIDS],
}

const _: () = assert!(size_of::<Memory>() <= V2G_INSTALLATION_SIZE);

/// How a vehicle fetches contracts; None if nothing is said.
///
/// # Safety
/// `given` is null or a struct of the caller's, and what it points to is there, nobody else's, and lives as long as the engine.
pub(crate) unsafe fn installation(given: *const v2g_installation) -> Outcome<Option<Installation<'static>>> {
    if given.is_null() {
        return Ok(None);
    }
    // SAFETY: promised by the caller; the same holds for each block below.
    let given = unsafe { read(given) }?;
    if given.memory_size < V2G_INSTALLATION_SIZE {
        return Err(V2G_E_STORAGE);
    }
    // SAFETY: as above. Whatever is in the memory is overwritten before it is read.
    let memory = unsafe { slice_mut(given.memory.cast::<core::mem::MaybeUninit<Memory>>(), 1) }?;
    let memory = memory.first_mut().ok_or(V2G_E_STORAGE)?.write(Memory {
        subs: [Bytes::new(&[]); 3],
        roots: [X509IssuerSerial {
            x509_issuer_name: Str::new(""),
            x509_serial_number: Integer::from_be_bytes(&[]),
        }; V2G_INSTALLATION_ROOTS],
        emaids: [Str::new(""); V2G_INSTALLATION_EMAIDS],
    });
    let mut count = 0;
    for (place, sub) in memory.subs.iter_mut().zip(given.subs) {
        // SAFETY: as above.
        let octets: &'static [u8] = unsafe { sub.get() }?;
        if octets.is_empty() {
            break;
        }
        *place = Bytes::new(octets);
        count += 1;
    }
    // SAFETY: as above.
    let (leaf, names, emaids) = unsafe {
        (given.leaf.get()?, slice(given.roots, given.root_count)?, slice(given.emaids, given.emaid_count)?)
    };
    let roots = memory.roots.get_mut(..names.len()).ok_or(V2G_E_VALUE)?;
    for (place, name) in roots.iter_mut().zip(names) {
        // SAFETY: as above.
        let (issuer, serial) = unsafe { (name.issuer.get()?, name.serial.get()?) };
        place.x509_issuer_name = Str::new(issuer);
        place.x509_serial_number = Integer::from_be_bytes(serial);
    }
    let wanted = memory.emaids.get_mut(..emaids.len()).ok_or(V2G_E_VALUE)?;
    for (place, emaid) in wanted.iter_mut().zip(emaids) {
        // SAFETY: as above.
        *place = Str::new(unsafe { emaid.get() }?);
    }
    Ok(Some(Installation {
        chain: Chain { leaf, subs: memory.subs.get(..count).unwrap_or_default() },
        roots,
        emaids: wanted,
        max_chains: u8::try_from(given.max_chains.max(1)).map_err(|_| V2G_E_VALUE)?,
        when: match given.when {
            V2G_INSTALL_NEEDED => InstallWhen::Needed,
            V2G_INSTALL_OFFERED => InstallWhen::Offered,
            _ => return Err(V2G_E_VALUE),
        },
    }))
}

/// Checks the `CertificateInstallationRes` that `v2g_evcc_handle_input` returned before `V2G_EVCC_INSTALLATION_RECEIVED`: the
/// provider's signature over the bits that arrived, its chain up to a V2G root and its status, then the contract's own chain as far as
/// it goes without a root.
///
/// `pcid` is the common name of the provisioning certificate. `provider` and `contract` take certificates, `capacity` octets each;
/// 6400 hold any. `V2G_E_TRUST`: it does not hold, `fault` says why (it may be null); say so with `v2g_evcc_respond_installed`.
/// `V2G_E_VALUE`: it is another message, or no PCID. `V2G_E_UNSUPPORTED`: the key is not one of P-521.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_delivery_check(
    trust: *const v2g_trust,
    pcid: v2g_str,
    response: v2g_bytes,
    provider: *mut u8,
    contract: *mut u8,
    capacity: usize,
    delivery: *mut v2g_delivery,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller, see the top of the header.
    status(unsafe { check(trust, pcid, response, (provider, contract, capacity), delivery, fault) })
}

/// Opens the contract key with the secret on which the provisioning key has agreed with `delivery->ephemeral` (ECDH: the x
/// coordinate, 66 octets), and checks that it belongs to the contract. The host agrees wherever the key is, however long that takes.
///
/// `out` gets the key, 66 octets; put it where it stays, and erase it. `V2G_E_TRUST`: it was not made for this vehicle and contract,
/// or has been changed; `fault` says so, and may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn v2g_delivery_open(
    delivery: *const v2g_delivery,
    kdf: u32,
    secret: v2g_bytes,
    out: *mut u8,
    capacity: usize,
    fault: *mut v2g_fault,
) -> i32 {
    // SAFETY: promised by the caller.
    status(unsafe { open(delivery, kdf, secret, (out, capacity), fault) })
}

#[cfg(not(feature = "trust"))]
unsafe fn check(
    _: *const v2g_trust,
    _: v2g_str,
    _: v2g_bytes,
    _: (*mut u8, *mut u8, usize),
    _: *mut v2g_delivery,
    _: *mut v2g_fault,
) -> Outcome<i32> {
    Err(crate::status::V2G_E_UNSUPPORTED)
}

#[cfg(not(feature = "trust"))]
unsafe fn open(
    _: *const v2g_delivery,
    _: u32,
    _: v2g_bytes,
    _: (*mut u8, usize),
    _: *mut v2g_fault,
) -> Outcome<i32> {
    Err(crate::status::V2G_E_UNSUPPORTED)
}

#[cfg(feature = "trust")]
use with_trust::{check, open};

#[cfg(feature = "trust")]
mod with_trust {
    use exi_codec::iso20::common_messages::Message;
    use v2g_pki::ids::{Emaid, Pcid};
    use v2g_pki::keystore::{ImportContract, KeyHandle};
    use v2g_pki::provision::{Aad, ContractKey, Kdf, Unwrapping, Wrapped};
    use v2g_pki::xmlsig::{self, SignedInfoGrammar};
    use v2g_pki::{Certificate, Secret};

    use super::{
        Outcome, V2G_E_VALUE, V2G_KDF_SP800_56A, V2G_KDF_X963, read, slice_mut, v2g_bytes, v2g_delivery,
        v2g_fault, v2g_str, v2g_trust,
    };
    use crate::border::{put, room, writable, write};
    use crate::status::{V2G_E_BUFFER, V2G_E_TRUST, V2G_E_UNSUPPORTED, V2G_OK, of_exi};
    use crate::trust::rule;
    use crate::trust::verify::{V2G_SUBJECT_CONTRACT_KEY, refused, with_trust};

    fn filled<const N: usize>(octets: &[u8]) -> ([u8; N], usize) {
        let mut out = [0; N];
        out.iter_mut().zip(octets).for_each(|(place, octet)| *place = *octet);
        (out, octets.len().min(N))
    }

    /// # Safety
    /// As [`v2g_delivery_check`](super::v2g_delivery_check).
    pub(super) unsafe fn check(
        trust: *const v2g_trust,
        pcid: v2g_str,
        response: v2g_bytes,
        (provider, contract, capacity): (*mut u8, *mut u8, usize),
        delivery: *mut v2g_delivery,
        fault: *mut v2g_fault,
    ) -> Outcome<i32> {
        // SAFETY: promised by the caller; the same holds for each block below.
        let (pcid, response, provider, contract) = unsafe {
            writable(delivery)?;
            if !fault.is_null() {
                room(fault)?;
            }
            (pcid.get()?, response.get()?, slice_mut(provider, capacity)?, slice_mut(contract, capacity)?)
        };
        let pcid = Pcid::parse(pcid).ok_or(V2G_E_VALUE)?;
        let response = match exi_codec::decode(response) {
            Ok(Message::CertificateInstallationRes(response)) => response,
            Ok(_) => return Err(V2G_E_VALUE),
            Err(error) => return Err(of_exi(&error)),
        };
        let grammar = SignedInfoGrammar::Either;
        // SAFETY: as above.
        let given = unsafe {
            with_trust(trust, |trust| {
                Ok(xmlsig::installation(&response, grammar, trust, [provider, contract]))
            })?
            .map_err(|error| refused(error, fault))?
        };
        // SAFETY: as above.
        let aad = Aad::new(&pcid, given.contract()).map_err(|error| unsafe { refused(error, fault) })?;
        let import = given.import(KeyHandle::new(0), &aad, Unwrapping::default(), None);
        let Wrapped::Secp521(wrapped) = import.wrapped else { return Err(V2G_E_UNSUPPORTED) };
        let name = given.contract().subject().common_name().and_then(Emaid::parse);
        let (emaid, emaid_length) = filled(name.as_ref().map_or("", Emaid::as_str).as_bytes());
        let (leaf, above) = given.chain().certificates().split_first().ok_or(V2G_E_VALUE)?;
        let mut subs = [v2g_bytes::new(&[]); 3];
        subs.iter_mut().zip(above).for_each(|(place, der)| *place = v2g_bytes::new(der));
        let (aad, aad_length) = filled(aad.as_bytes());
        let (pcid, pcid_length) = filled(pcid.as_str().as_bytes());
        let checked = v2g_delivery {
            size: 0,
            emaid_length: emaid_length as u32,
            emaid,
            leaf: v2g_bytes::new(leaf),
            subs,
            ephemeral: filled(import.ephemeral).0,
            wrapped: *wrapped,
            aad,
            aad_length: aad_length as u8,
            pcid,
            pcid_length: pcid_length as u8,
        };
        // SAFETY: as above.
        unsafe { write(delivery, checked) }.map(|()| V2G_OK)
    }

    /// # Safety
    /// As [`v2g_delivery_open`](super::v2g_delivery_open).
    pub(super) unsafe fn open(
        delivery: *const v2g_delivery,
        kdf: u32,
        secret: v2g_bytes,
        (out, capacity): (*mut u8, usize),
        fault: *mut v2g_fault,
    ) -> Outcome<i32> {
        // SAFETY: promised by the caller; the same holds for each block below.
        let (given, secret, out, leaf) = unsafe {
            if !fault.is_null() {
                room(fault)?;
            }
            let given = read(delivery)?;
            (given, secret.get()?, slice_mut(out, capacity)?, given.leaf.get()?)
        };
        let kdf = match kdf {
            V2G_KDF_SP800_56A => Kdf::Sp800_56a,
            V2G_KDF_X963 => Kdf::X963,
            _ => return Err(V2G_E_VALUE),
        };
        let pcid = given.pcid.get(..usize::from(given.pcid_length)).ok_or(V2G_E_VALUE)?;
        let pcid = core::str::from_utf8(pcid).ok().and_then(Pcid::parse).ok_or(V2G_E_VALUE)?;
        let secret = Secret::from_slice(secret).ok_or(V2G_E_VALUE)?;
        let out = out.get_mut(..66).ok_or(V2G_E_BUFFER)?;
        // SAFETY: as above.
        let why = |error| unsafe { refused(error, fault) };
        let contract = Certificate::parse(leaf).map_err(why)?;
        let aad = Aad::new(&pcid, &contract).map_err(why)?;
        let import = ImportContract {
            provisioning: KeyHandle::new(0),
            ephemeral: &given.ephemeral,
            wrapped: Wrapped::Secp521(&given.wrapped),
            aad: &aad,
            unwrapping: kdf.into(),
            contract: *contract.key(),
            replaces: None,
        };
        match ContractKey::open(&secret, &import) {
            Ok(key) => {
                out.iter_mut().zip(key.expose()).for_each(|(place, octet)| *place = *octet);
                Ok(V2G_OK)
            }
            Err(rule) => {
                let why = v2g_fault {
                    rule: rule::number(rule),
                    subject: V2G_SUBJECT_CONTRACT_KEY,
                    ..v2g_fault::default()
                };
                if !fault.is_null() {
                    // SAFETY: as above.
                    unsafe { put(fault, why) }?;
                }
                Err(V2G_E_TRUST)
            }
        }
    }
}
