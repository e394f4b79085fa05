#![doc = include_str!("../README.md")]
#![no_std]

mod deadline;
mod end;
pub mod evcc;
pub mod message;
mod power;
pub mod price;
pub mod schedule;
pub mod secc;
pub mod sequence;
pub mod service;
mod settings;
mod text;
mod wire;

pub use end::{Cause, End, Refusal, Timer};
pub use power::{Contactor, DcLimits, FlowLimits, GridPermit, Measurement, Output};
pub use schedule::{SCHEDULE_ENTRIES, Schedule, ScheduleEntry};
pub use settings::{
    CustomerWait, DischargeSign, PreChargeEnd, PreChargeTarget, Profile, Settings, Timing, Transport,
};
pub use text::Text;
pub use v2gtp::Instant;
pub use wire::{Received, Transmit};
