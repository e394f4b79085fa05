#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

mod address;
mod attenuation;
mod deadline;
pub mod ev;
pub mod evse;
mod exchange;
mod frame;
mod identity;
mod ignored;
mod key;
pub mod mme;
mod modem;
mod pilot;
mod settings;

pub use address::{AddressError, MacAddr};
pub use attenuation::{Attenuation, GROUPS, Groups, Rounding};
pub use exchange::LinkDown;
pub use frame::{ETHERTYPE, EmitError, Envelope, Frame, FrameError, MIN_FRAME_LEN, Version};
pub use identity::{RunId, StationId};
pub use ignored::{Counters, Ignored};
pub use key::{Entropy, Network, Nid, Nmk, NoEntropy, SecurityLevel};
pub use mme::{MAX_FRAME_LEN, MmType, Mme, MmeError};
pub use modem::{KeyConfirmation, LinkProbe, LinkState, ModemConfig, ModemSource, ModemTiming};
pub use pilot::{DutyCycle, PilotCommand, PilotState, S2};
pub use settings::{ConfigError, Profile};

/// A point in time: the time since an epoch that the caller chooses once and keeps.
///
/// Any monotonic clock will do (time since boot, for example). The machines only compare instants and
/// add intervals to them; a clock that stands still delays them, one that jumps forward fires timers early.
pub type Instant = core::time::Duration;
