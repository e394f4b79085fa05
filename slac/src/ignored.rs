//! Why frames are not acted on.

use thiserror::Error;

use crate::{FrameError, MmType, MmeError};

/// Why a frame was not acted on. Nothing needs to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Ignored {
    /// The bytes are no management frame.
    #[error("malformed frame")]
    Malformed(#[source] FrameError),
    /// The payload is not the message that its type announces.
    #[error("malformed message")]
    Message(#[source] MmeError),
    /// The frame is our own.
    #[error("our own frame")]
    OwnFrame,
    /// The frame is for another station, or for all where it may only be for one.
    #[error("not addressed to us")]
    Destination,
    /// The sender cannot be a single station.
    #[error("the sender is no station")]
    Sender,
    /// The frame does not come from the modem that the settings name.
    #[error("not from our modem")]
    Modem,
    /// The message is none that this side acts on.
    #[error("{0} is nothing for this side")]
    Unexpected(MmType),
    /// The state of the machine has no use for the message: too early, too late, or a repetition.
    #[error("out of turn")]
    Stale,
    /// The control pilot does not allow matching.
    #[error("the control pilot does not allow it")]
    Pilot,
    /// The modem does not have its key yet.
    #[error("the modem is not ready")]
    NotReady,
    /// No session has this vehicle and run id.
    #[error("unknown run")]
    UnknownRun,
    /// An address in the message contradicts its sender or is not ours.
    #[error("address in the message")]
    InnerAddress,
    /// A station id is not zero.
    #[error("station id is not zero")]
    StationId,
    /// Not 58 groups of carriers.
    #[error("{0} groups of carriers")]
    Groups(u8),
    /// Number of sounds or their time that the settings do not accept.
    #[error("sounding parameters")]
    Sounding,
    /// The result says that the message is none to go on with.
    #[error("result {0}")]
    Result(u8),
    /// All places are taken by stations that have at least as good a right to them.
    #[error("no place left")]
    Full,
}

/// What a machine has seen since it was made. The counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that were acted on.
    pub accepted: u32,
    /// Frames that were no management frames or messages.
    pub malformed: u32,
    /// Frames that met [`Ignored::Full`].
    pub refused: u32,
    /// Frames ignored for any other reason.
    pub ignored: u32,
    /// Frames sent.
    pub sent: u32,
}

impl Counters {
    pub(crate) fn count(&mut self, result: Result<(), Ignored>) {
        let counter = match result {
            Ok(()) => &mut self.accepted,
            Err(Ignored::Malformed(_) | Ignored::Message(_)) => &mut self.malformed,
            Err(Ignored::Full) => &mut self.refused,
            Err(_) => &mut self.ignored,
        };
        *counter = counter.saturating_add(1);
    }
}
