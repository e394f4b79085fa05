#![doc = include_str!("../README.md")]
#![no_std]

mod error;
mod header;
mod payload_type;
mod payload_types;
mod sdp;
mod stream;

pub use error::EmitError;
pub use header::{Frame, FrameError, HEADER_LEN, Header, INVERSE_VERSION, VERSION};
pub use payload_type::{ManufacturerCode, PayloadType, ReservedCode, SchemaSet, Stream};
pub use payload_types::PayloadTypes;
pub use sdp::{
    ALL_NODES, Answer, ConfigError, Coupling, DiagStatus, Diagnosis, Discovery, DiscoveryConfig,
    DiscoveryCounters, DiscoveryEvent, EmspRequest, EmspResponse, Endpoint, EndpointError, FixedId, IdError,
    Ignored, Listeners, Mismatch, PositioningDevices, Rejection, Responder, ResponderConfig,
    ResponderCounters, SDP_PORT, SdpError, SdpMessage, SdpRequest, SdpResponse, Search, SearchFailure,
    Security, Serving, TlsDowngrade, Transmit, Transport, WirelessEvse, WirelessRequest, WirelessResponse,
    WirelessVehicle,
};
pub use stream::{DEFAULT_CAP, Message, Reassembler, StreamCounters, StreamError};

/// A point in time: the time since an epoch that the caller chooses once and keeps.
///
/// Any monotonic clock will do (time since boot, for example). The machines only compare instants and
/// add intervals to them; a clock that stands still delays them, one that jumps forward fires timers early.
pub type Instant = core::time::Duration;
