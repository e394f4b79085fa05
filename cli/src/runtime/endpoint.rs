//! What the event loop drives.

use iso15118_20::message::{EncodeError, MessageKind};
use iso15118_20::{End, Instant, Received, Transmit};
use v2g_scenario::scenario::FaultKind;

use super::secure::Secured;
use crate::failure::Failure;
use crate::observe::{Observer, Sample};

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Close,
}

/// An engine with the hardware around it. One endpoint serves one connection after the other.
pub(crate) trait Endpoint {
    /// There is a connection; a link that nobody else reads, if it is secured.
    fn start(&mut self, now: Instant, secured: Option<&Secured>) -> Result<(), Failure>;
    fn handle_input<'i>(&'i mut self, now: Instant, bytes: &'i [u8]) -> Received<'i>;
    fn handle_timeout(&mut self, now: Instant);
    fn handle_disconnect(&mut self, now: Instant);
    fn poll_transmit(&mut self, now: Instant, out: &mut [u8]) -> Result<Option<Transmit>, EncodeError>;
    /// The next deadline of engine, hardware or scenario.
    fn poll_timeout(&self) -> Option<Instant>;
    /// Hands all events to the hardware.
    fn poll_events(&mut self, now: Instant, observer: &mut Observer) -> Flow;
    /// Lets hardware and scenario move and report.
    fn tick(&mut self, now: Instant, observer: &mut Observer);
    /// A message was sent or received.
    fn passed(&mut self, now: Instant, kind: MessageKind, observer: &mut Observer);
    /// Something that now goes wrong on the wire.
    fn poll_fault(&mut self) -> Option<FaultKind>;
    fn sample(&self) -> Sample;
    fn end(&self) -> Option<End>;
}
