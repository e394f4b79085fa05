//! A store in the memory of the program: for tests, for vehicles and stations without secure hardware.

use zeroize::{Zeroize as _, Zeroizing};

use crate::crypto::{Algorithm, Scalar, XScalar};
use crate::keystore::{
    Answer, Capabilities, ImportContract, KeyError, KeyHandle, KeyKind, KeyRole, KeyStore, Operation,
    Progress, SignatureValue, Support, Ticket,
};
use crate::provision::{self, ContractKey, Wrapped};

/// The most keys of a store.
pub const MAX_KEYS: usize = 256;

/// A source of randomness fit for keys: the operating system's or a hardware generator.
pub trait Random {
    /// Fills `out`.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    fn fill(&mut self, out: &mut [u8]) -> Result<(), KeyError>;
}

impl<F: FnMut(&mut [u8]) -> Result<(), KeyError>> Random for F {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), KeyError> {
        self(out)
    }
}

/// At most `N` keys (up to [`MAX_KEYS`]) in memory, each erased when it is deleted or the store is dropped.
pub struct SoftwareStore<R, const N: usize> {
    random: R,
    slots: [Option<Slot>; N],
    /// Distinguishes the keys that a slot has held.
    generation: u32,
}

struct Slot {
    handle: KeyHandle,
    role: KeyRole,
    key: Material,
}

enum Material {
    Signing(Scalar),
    X448(XScalar),
}

const NIST: &[KeyKind] = &[
    KeyKind::Signing(Algorithm::P521),
    #[cfg(feature = "p256")]
    KeyKind::Signing(Algorithm::P256),
    #[cfg(feature = "p384")]
    KeyKind::Signing(Algorithm::P384),
    #[cfg(feature = "curve448")]
    KeyKind::X448,
];

const SIGN: &[Algorithm] = &[
    Algorithm::P521,
    #[cfg(feature = "p256")]
    Algorithm::P256,
    #[cfg(feature = "p384")]
    Algorithm::P384,
    #[cfg(feature = "curve448")]
    Algorithm::Ed448,
];

const IMPORT: &[KeyKind] = &[
    KeyKind::Signing(Algorithm::P521),
    #[cfg(feature = "p256")]
    KeyKind::Signing(Algorithm::P256),
    #[cfg(feature = "curve448")]
    KeyKind::X448,
];

impl<R: Random, const N: usize> SoftwareStore<R, N> {
    /// An empty store.
    pub const fn new(random: R) -> Self {
        Self { random, slots: [const { None }; N], generation: 0 }
    }

    /// Takes a key that the host keeps, and overwrites the host's copy, also when it is refused.
    ///
    /// # Errors
    /// The key is outside the range of its curve, or the store is full.
    pub fn load(&mut self, kind: KeyKind, role: KeyRole, key: &mut [u8]) -> Result<KeyHandle, KeyError> {
        let material = match kind {
            KeyKind::Signing(algorithm) => Scalar::from_slice(algorithm, key).map(Material::Signing),
            KeyKind::X448 => XScalar::from_slice(key).map(Material::X448),
        };
        key.zeroize();
        self.insert(role, material?)
    }

    fn insert(&mut self, role: KeyRole, key: Material) -> Result<KeyHandle, KeyError> {
        let generation = self.generation.wrapping_add(1);
        let free = self.slots.iter_mut().take(MAX_KEYS).enumerate().find(|(_, slot)| slot.is_none());
        let (index, slot) = free.ok_or(KeyError::Full)?;
        let handle = KeyHandle::new(generation << 8 | index as u32);
        *slot = Some(Slot { handle, role, key });
        self.generation = generation;
        Ok(handle)
    }

    fn slot(&self, key: KeyHandle) -> Result<&Slot, KeyError> {
        let slot = self.slots.get(key.number() as usize & 0xFF).and_then(Option::as_ref);
        slot.filter(|slot| slot.handle == key).ok_or(KeyError::NoSuchKey)
    }

    fn generate(&mut self, kind: KeyKind, role: KeyRole) -> Result<KeyHandle, KeyError> {
        let material = match kind {
            KeyKind::Signing(algorithm) => {
                let made = Scalar::generate(algorithm, |out| self.random.fill(out))?;
                Material::Signing(made.ok_or(KeyError::Unsupported)?)
            }
            KeyKind::X448 => {
                let mut key = Zeroizing::new([0; 56]);
                self.random.fill(key.as_mut())?;
                Material::X448(XScalar::from_slice(key.as_ref())?)
            }
        };
        self.insert(role, material)
    }

    fn sign(&self, key: KeyHandle, message: &[u8]) -> Result<SignatureValue, KeyError> {
        let slot = self.slot(key)?;
        match (&slot.key, slot.role) {
            (_, KeyRole::Ephemeral) => Err(KeyError::WrongRole),
            (Material::X448(_), _) => Err(KeyError::Unsupported),
            (Material::Signing(scalar), _) => {
                let mut out = [0; 132];
                SignatureValue::new(scalar.sign(message, &mut out)?).ok_or(KeyError::Unsupported)
            }
        }
    }

    fn agree(&self, key: KeyHandle, peer: &[u8]) -> Result<Answer, KeyError> {
        let slot = self.slot(key)?;
        if slot.role != KeyRole::Ephemeral {
            return Err(KeyError::WrongRole);
        }
        Ok(Answer::Secret(match &slot.key {
            Material::Signing(scalar) => scalar.agree(peer)?,
            Material::X448(scalar) => scalar.agree(peer)?,
        }))
    }

    fn import(&mut self, import: &ImportContract<'_>) -> Result<KeyHandle, KeyError> {
        let slot = self.slot(import.provisioning)?;
        if slot.role != KeyRole::Provisioning {
            return Err(KeyError::WrongRole);
        }
        if let Some(old) = import.replaces
            && self.slot(old)?.role != KeyRole::Contract
        {
            return Err(KeyError::WrongRole);
        }
        let secret = match (&slot.key, import.wrapped) {
            (_, Wrapped::Tpm(_)) => return Err(KeyError::Unsupported),
            (Material::Signing(scalar), Wrapped::Secp521(_)) if scalar.algorithm() == Algorithm::P521 => {
                scalar.agree(import.ephemeral)?
            }
            (Material::Signing(scalar), Wrapped::Iso2(_)) if scalar.algorithm() == Algorithm::P256 => {
                scalar.agree(import.ephemeral)?
            }
            (Material::X448(scalar), Wrapped::X448(_)) => scalar.agree(provision::x448_ephemeral(import)?)?,
            _ => return Err(KeyError::Refused(crate::Rule::Curve)),
        };
        let contract = ContractKey::open(&secret, import)?.into_scalar();
        match import.replaces {
            // One assignment: the old key is there until the new one is.
            Some(old) => {
                let generation = self.generation.wrapping_add(1);
                let slot = self.slots.get_mut(old.number() as usize & 0xFF).ok_or(KeyError::NoSuchKey)?;
                let handle = KeyHandle::new(generation << 8 | old.number() & 0xFF);
                *slot = Some(Slot { handle, role: KeyRole::Contract, key: Material::Signing(contract) });
                self.generation = generation;
                Ok(handle)
            }
            None => self.insert(KeyRole::Contract, Material::Signing(contract)),
        }
    }
}

impl<R: Random, const N: usize> KeyStore for SoftwareStore<R, N> {
    fn capabilities(&self) -> Capabilities {
        Capabilities { sign: SIGN, agree: NIST, import: IMPORT, import_tpm: Support::No }
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), KeyError> {
        self.random.fill(out)
    }

    fn kind(&self, key: KeyHandle) -> Result<KeyKind, KeyError> {
        Ok(match &self.slot(key)?.key {
            Material::Signing(scalar) => KeyKind::Signing(scalar.algorithm()),
            Material::X448(_) => KeyKind::X448,
        })
    }

    fn public<'o>(&self, key: KeyHandle, out: &'o mut [u8]) -> Result<&'o [u8], KeyError> {
        match &self.slot(key)?.key {
            Material::Signing(scalar) => Ok(scalar.public(out)?),
            Material::X448(scalar) => Ok(scalar.public(out)?),
        }
    }

    fn list(&self, role: KeyRole, visit: &mut dyn FnMut(KeyHandle)) {
        self.slots.iter().flatten().filter(|slot| slot.role == role).for_each(|slot| visit(slot.handle));
    }

    fn start(&mut self, operation: Operation<'_>) -> Result<Progress, KeyError> {
        let answer = match operation {
            Operation::Sign { key, message } => Answer::Signature(self.sign(key, message)?),
            Operation::Generate { kind, role } => Answer::Key(self.generate(kind, role)?),
            Operation::ImportContract(import) => Answer::Key(self.import(&import)?),
            Operation::Agree { key, peer } => self.agree(key, peer)?,
            Operation::Delete { key } => {
                self.slot(key)?;
                if let Some(slot) = self.slots.get_mut(key.number() as usize & 0xFF) {
                    *slot = None;
                }
                Answer::Done
            }
        };
        Ok(Progress::Done(answer))
    }

    fn poll(&mut self, _: Ticket) -> Result<Progress, KeyError> {
        Err(KeyError::NoSuchTicket)
    }
}
