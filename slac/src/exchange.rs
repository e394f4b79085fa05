//! Amplitude maps between two stations that are linked, and why a link ends.

use core::time::Duration;

use crate::deadline::after;
use crate::mme::AmplitudeMap;
use crate::{Ignored, Instant};

/// Why there is no link, or no longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkDown {
    /// The modem says that the link is gone, or says nothing any more.
    Lost,
    /// The cable was unplugged.
    Unplugged,
    /// The control pilot went to E or F.
    Pilot,
    /// The host ended it (D-LINK_TERMINATE).
    Terminated,
    /// The host ended it because of an error (D-LINK_ERROR).
    Error,
    /// It did not come back after a pause.
    NotResumed,
}

/// Asks for an own map to be respected, and answers the other's.
#[derive(Debug)]
pub(crate) struct AmplitudeExchange<'a> {
    own: Option<AmplitudeMap<'a>>,
    asking: Asking,
    ask_now: Pending,
    answer_now: Pending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    Idle,
    Waiting { left: u8, until: Instant },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending {
    No,
    Yes,
}

/// What has to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AmplitudeMessage<'a> {
    Ask(AmplitudeMap<'a>),
    Answer,
}

impl<'a> AmplitudeExchange<'a> {
    pub(crate) const fn new(own: Option<AmplitudeMap<'a>>) -> Self {
        Self { own, asking: Asking::Idle, ask_now: Pending::No, answer_now: Pending::No }
    }

    /// The link is up: asks, if there is something to ask for.
    pub(crate) fn start(&mut self, now: Instant, response: Duration, retries: u8) {
        self.stop();
        if self.own.is_some() {
            self.asking = Asking::Waiting { left: retries, until: after(now, response) };
            self.ask_now = Pending::Yes;
        }
    }

    pub(crate) fn stop(&mut self) {
        self.asking = Asking::Idle;
        self.ask_now = Pending::No;
        self.answer_now = Pending::No;
    }

    /// The other side asks.
    pub(crate) fn asked(&mut self) {
        self.answer_now = Pending::Yes;
    }

    /// The other side answers. Anything but 0 leaves the question open.
    pub(crate) fn answered(&mut self, result: u8) -> Result<(), Ignored> {
        match (self.asking, result) {
            (Asking::Idle, _) => Err(Ignored::Stale),
            (Asking::Waiting { .. }, 0) => {
                self.asking = Asking::Idle;
                self.ask_now = Pending::No;
                Ok(())
            }
            (Asking::Waiting { .. }, other) => Err(Ignored::Result(other)),
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, response: Duration) {
        if let Asking::Waiting { left, until } = self.asking
            && until <= now
        {
            self.asking = match left.checked_sub(1) {
                Some(left) => {
                    self.ask_now = Pending::Yes;
                    Asking::Waiting { left, until: after(now, response) }
                }
                None => Asking::Idle,
            };
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self.asking {
            Asking::Idle => None,
            Asking::Waiting { until, .. } => Some(until),
        }
    }

    /// What to send now. It stays due until [`Self::sent`].
    pub(crate) fn due(&self) -> Option<AmplitudeMessage<'a>> {
        match (self.answer_now, self.ask_now, self.own) {
            (Pending::Yes, _, _) => Some(AmplitudeMessage::Answer),
            (Pending::No, Pending::Yes, Some(map)) => Some(AmplitudeMessage::Ask(map)),
            _ => None,
        }
    }

    pub(crate) fn sent(&mut self, message: AmplitudeMessage<'a>) {
        match message {
            AmplitudeMessage::Answer => self.answer_now = Pending::No,
            AmplitudeMessage::Ask(_) => self.ask_now = Pending::No,
        }
    }
}
