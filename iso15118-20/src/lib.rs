#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(not(any(feature = "ac", feature = "dc", feature = "wpt", feature = "acdp")))]
compile_error!("at least one family of services is needed: ac, dc, wpt or acdp");

mod deadline;
mod end;
pub mod evcc;
pub mod message;
mod power;
pub mod price;
pub mod schedule;
pub mod secc;
pub mod security;
pub mod sequence;
pub mod service;
mod settings;
mod text;
mod trace;
#[cfg(feature = "trust")]
pub mod trust;
mod wire;

pub use end::{Cause, End, Refusal, Timer};
pub use power::{
    AcGrid, AcLimits, AcMeasurement, AcOutput, Contactor, DcLimits, FlowLimits, GridPermit, Measurement,
    Output, Phases, WptLimits, WptPad,
};
pub use schedule::{SCHEDULE_ENTRIES, Schedule, ScheduleEntry};
pub use settings::{
    AnchorUnit, CustomerWait, DischargeSign, PreChargeEnd, PreChargeTarget, Profile, Settings, Timing,
    ToleranceRefusal, Transport, UninvitedPause,
};
pub use text::Text;
pub use trace::{Trace, TraceEvent, TraceRecord};
pub use v2gtp::Instant;
pub use wire::{Connection, Received, Transmit};
