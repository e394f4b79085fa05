//! The streams beside the main one: each with its own order, its own open request, its own timers.

use exi_codec::iso20::common_messages::{
    EvCheckInStatus, EvCheckOutStatus, EvseCheckOutStatus, MeteringConfirmationReq, ParkingMethod,
    PowerDeliveryReq, VehicleCheckInRes, VehicleCheckOutRes,
};
use exi_codec::iso20::common_types::{Processing, ResponseCode};
use v2gtp::Instant;

use super::engine::Core;
use super::state::Side;
use super::{Detail, Pending, Reply, Secc, SeccTimer as T, Slot, Stop};
use crate::end::Refusal;
use crate::message::{EncodeError, MessageKind as K, Request, Response};
use crate::sequence::{Answered, Asked, Class, Guard, Sequence, Stage, Stream, class_of};
use crate::service::Family;

/// What the charger tells a parking vehicle; lengths in the unit of the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParkingSpot {
    /// `ParkingSpace`.
    pub space: Option<i16>,
    /// `DeviceLocation`.
    pub device: Option<i16>,
    /// `TargetDistance`.
    pub distance: Option<i16>,
}

impl ParkingSpot {
    /// Nothing is known.
    pub const NONE: Self = Self { space: None, device: None, distance: None };
}

/// Whether a vehicle that wants to leave may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Not yet.
    Scheduled,
    /// It may.
    Completed,
}

/// A vehicle checks in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckIn {
    /// How far it is.
    pub status: EvCheckInStatus,
    /// Who drives.
    pub method: ParkingMethod,
    /// `VehicleFrame`.
    pub frame: Option<i16>,
    /// `DeviceOffset`.
    pub offset: Option<i16>,
    /// `VehicleTravel`.
    pub travel: Option<i16>,
}

/// A vehicle checks out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckOut {
    /// How far it is.
    pub status: EvCheckOutStatus,
    /// When it wants to leave, Unix time in seconds.
    pub time: u64,
}

/// What came out of checking a signature over meter readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeteringVerdict {
    /// It is that of the contract, over the readings that were shown.
    Valid,
    /// It is not: the session ends with `FAILED_MeteringSignatureNotValid`.
    Invalid,
}

/// What a schedule renegotiation has come to, as the loop still has to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    None,
    /// The old schedule stays: a warning.
    Unchanged,
    /// The session cannot go on.
    Failed,
}

/// What was heard on side streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) check_in: Option<CheckIn>,
    pub(super) check_out: Option<CheckOut>,
}

impl Heard {
    pub(super) const NONE: Self = Self { check_in: None, check_out: None };
}

impl Secc<'_> {
    /// What a vehicle that checks in is told from now on.
    pub fn set_parking_spot(&mut self, spot: ParkingSpot) {
        self.core.plant.spot = spot;
    }

    /// Whether a vehicle that checks out may leave.
    pub fn set_release(&mut self, release: Release) {
        self.core.plant.release = release;
    }

    /// What came out of checking the confirmation that
    /// [`SeccEvent::MeteringConfirmed`](super::SeccEvent::MeteringConfirmed) told of.
    pub fn metering(&mut self, now: Instant, verdict: MeteringVerdict) {
        self.core.now = now;
        self.core.metering_judged(verdict, Refusal::Host);
    }

    /// The charger finds no new schedule. The next round of the loop says that the old one stays.
    pub fn keep_schedule(&mut self, now: Instant) {
        self.core.now = now;
        self.core.renegotiation_over(Outcome::Unchanged);
    }

    /// The charger finds no new schedule, and cannot go on with the old one: the next round of the loop is answered
    /// with `FAILED_ScheduleRenegotiation`.
    pub fn give_up_schedule(&mut self, now: Instant) {
        self.core.now = now;
        self.core.renegotiation_over(Outcome::Failed);
    }
}

impl Core<'_> {
    /// The protocol is agreed on: every stream has its table.
    pub(super) fn settle_family(&mut self, family: Family) {
        self.sequence.set_family(family);
        for (side, stream) in self.sides.iter_mut().zip(Stream::SIDE) {
            *side = Side::new(stream, family);
        }
    }

    pub(super) fn side_sequence(&mut self, stream: Stream, change: impl FnOnce(&mut Sequence)) {
        if let Some(side) = stream.side_index().and_then(|index| self.sides.get_mut(index)) {
            change(&mut side.sequence);
        }
    }

    fn side_check(&self, stream: Stream, asked: Asked) -> bool {
        let side = stream.side_index().and_then(|index| self.sides.get(index));
        let order = side.is_some_and(|side| side.sequence.check(asked).is_ok());
        // There is a session, and the status of a connection device needs one.
        let session = !matches!(self.sequence.stage(), Stage::Negotiation | Stage::SessionSetup);
        order && session && (stream != Stream::AcdpSystemStatus || self.family() == Family::Acdp)
    }

    pub(super) fn handle_side(&mut self, stream: Stream, asked: Asked, request: &Request<'_>) {
        if request.header().is_none_or(|header| header.session_id != self.session) {
            return self.refuse_on(stream, asked, ResponseCode::FailedUnknownSession, Refusal::Content);
        }
        let loops =
            self.sequence.stage() == Stage::ChargeLoop && matches!(self.slot, Slot::Idle | Slot::Ready(_));
        let parks = self.may_park();
        self.side_sequence(stream, |sequence| {
            for (guard, open) in [(Guard::LoopRuns, loops), (Guard::ParkingSelected, parks)] {
                if open {
                    sequence.grant(guard);
                } else {
                    sequence.revoke(guard);
                }
            }
        });
        if !self.side_check(stream, asked) {
            return self.refuse_on(stream, asked, ResponseCode::FailedSequenceError, Refusal::Content);
        }
        if self.stopping == Some(Stop::Emergency) && stream == Stream::ScheduleRenegotiation {
            return self.refuse_on(stream, asked, ResponseCode::Failed, Refusal::Host);
        }
        if stream == Stream::ScheduleRenegotiation {
            self.clear(T::Renegotiation);
        }
        self.side_content(stream, asked, request);
    }

    fn side_content(&mut self, stream: Stream, asked: Asked, request: &Request<'_>) {
        match request {
            #[cfg(feature = "ac")]
            Request::AcChargeParameterDiscoveryReq(message) => self.ac_parameters(stream, asked, message),
            #[cfg(feature = "dc")]
            Request::DcChargeParameterDiscoveryReq(message) => self.dc_parameters(stream, asked, message),
            #[cfg(feature = "wpt")]
            Request::WptChargeParameterDiscoveryReq(message) => self.wpt_parameters(stream, asked, message),
            Request::ScheduleExchangeReq(message) => self.schedule_exchange(stream, asked, message),
            Request::PowerDeliveryReq(message) => self.renegotiated(stream, asked, message),
            Request::MeteringConfirmationReq(message) => self.metering_confirmation(asked, message),
            #[cfg(feature = "acdp")]
            Request::AcdpSystemStatusReq(message) => {
                self.acdp.technical = Some(message.ev_technical_status);
                self.pending.raise(Pending::TECHNICAL);
                self.answer_aside(stream, asked, ResponseCode::Ok);
            }
            Request::VehicleCheckInReq(message) => {
                self.side.check_in = Some(CheckIn {
                    status: message.ev_check_in_status,
                    method: message.parking_method,
                    frame: message.vehicle_frame,
                    offset: message.device_offset,
                    travel: message.vehicle_travel,
                });
                self.pending.raise(Pending::CHECK_IN);
                self.answer_aside(stream, asked, ResponseCode::Ok);
            }
            Request::VehicleCheckOutReq(message) => {
                self.side.check_out =
                    Some(CheckOut { status: message.ev_check_out_status, time: message.check_out_time });
                self.pending.raise(Pending::CHECK_OUT);
                let processing = match self.plant.release {
                    Release::Scheduled => Processing::Ongoing,
                    Release::Completed => Processing::Finished,
                };
                let reply = Reply { asked, code: ResponseCode::Ok, processing, detail: Detail::None };
                *self.slot_of(stream) = Slot::Ready(reply);
            }
            _ => self.refuse_on(stream, asked, ResponseCode::FailedSequenceError, Refusal::Content),
        }
    }

    pub(super) fn answer_aside(&mut self, stream: Stream, asked: Asked, code: ResponseCode) {
        *self.slot_of(stream) =
            Slot::Ready(Reply { asked, code, processing: Processing::Finished, detail: Detail::None });
    }

    /// A response on the side is on its way.
    pub(super) fn sent_aside(&mut self, stream: Stream, asked: Asked, answered: Answered) {
        let mut quiet = true;
        self.side_sequence(stream, |sequence| {
            // A stream that was reset since the request came stays where it is.
            let _ = sequence.advance(asked, answered);
            sequence.revoke(Guard::MeteringAsked);
            quiet = sequence.stage() == Stage::Quiet;
        });
        if stream == Stream::ScheduleRenegotiation {
            if quiet {
                self.clear(T::Renegotiation);
            } else {
                self.set(T::Renegotiation, self.timing().sequence);
            }
        }
    }

    /// The vehicle has a plan for the new schedule: it holds from the next round on.
    fn renegotiated(&mut self, stream: Stream, asked: Asked, message: &PowerDeliveryReq<'_>) {
        if asked.processing != Processing::Finished {
            return self.answer_aside(stream, asked, ResponseCode::Ok);
        }
        match self.check_profile(message) {
            Ok(agreed) => {
                let code = self.adopt(&agreed);
                self.settle_notices(&[T::ScheduleRenegotiation]);
                self.pending.raise(Pending::RENEGOTIATED);
                self.update_output();
                self.answer_aside(stream, asked, code);
            }
            Err(code) if class_of(code) == Class::Warning => self.answer_aside(stream, asked, code),
            Err(code) => self.refuse_on(stream, asked, code, Refusal::Content),
        }
    }

    /// The vehicle has left a renegotiation half-way.
    pub(super) fn renegotiation_failed(&mut self) {
        self.late(T::Renegotiation);
        self.renegotiation_over(Outcome::Unchanged);
    }

    fn renegotiation_over(&mut self, outcome: Outcome) {
        let looping = matches!(self.sequence.stage(), Stage::ChargeLoop | Stage::Standby);
        if self.end.is_none() && looping {
            self.reset_renegotiation();
            self.settle_notices(&[T::ScheduleRenegotiation]);
            self.notes.renegotiation = outcome;
        }
    }

    /// What is under way on the side stream is void.
    pub(super) fn reset_renegotiation(&mut self) {
        let (stream, family) = (Stream::ScheduleRenegotiation, self.family());
        self.clear(T::Renegotiation);
        self.clear(T::SideRespond);
        if self.plan.asked_on == stream {
            self.clear(T::Schedule);
            self.plan.forget_question();
        }
        // A request that is open is answered as unfinished: the stream is half-duplex.
        let open = *self.slot_of(stream);
        let slot = match open {
            Slot::Deferred(asked) => Slot::Ready(Reply {
                asked,
                code: ResponseCode::Ok,
                processing: Processing::Ongoing,
                detail: Detail::None,
            }),
            other => other,
        };
        if let Some(side) = stream.side_index().and_then(|index| self.sides.get_mut(index)) {
            *side = Side { slot, ..Side::new(stream, family) };
        }
    }

    fn metering_confirmation(&mut self, asked: Asked, message: &MeteringConfirmationReq<'_>) {
        let foreign = message.signed_metering_data.session_id != self.session;
        if message.header.signature.is_none() || foreign {
            let code = ResponseCode::FailedMeteringSignatureNotValid;
            return self.refuse_on(Stream::MeteringConfirmation, asked, code, Refusal::Content);
        }
        self.settle_notices(&[T::MeteringConfirmation]);
        *self.slot_of(Stream::MeteringConfirmation) = Slot::Deferred(asked);
        self.set(T::Metering, self.timing().respond);
        self.pending.raise(Pending::METERING);
    }

    fn metering_judged(&mut self, verdict: MeteringVerdict, why: Refusal) {
        let stream = Stream::MeteringConfirmation;
        let Slot::Deferred(asked) = *self.slot_of(stream) else { return };
        self.clear(T::Metering);
        match verdict {
            MeteringVerdict::Valid => self.answer_aside(stream, asked, ResponseCode::Ok),
            MeteringVerdict::Invalid => {
                self.refuse_on(stream, asked, ResponseCode::FailedMeteringSignatureNotValid, why);
            }
        }
    }

    pub(super) fn metering_expired(&mut self) {
        self.metering_judged(MeteringVerdict::Invalid, Refusal::HostSilent);
    }

    pub(super) fn encode_parking(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (header, response_code) = (self.header(), reply.code);
        let ParkingSpot { space, device, distance } = self.plant.spot;
        let response = if reply.asked.kind == K::VehicleCheckInReq {
            Response::VehicleCheckInRes(VehicleCheckInRes {
                header,
                response_code,
                parking_space: space,
                device_location: device,
                target_distance: distance,
            })
        } else {
            Response::VehicleCheckOutRes(VehicleCheckOutRes {
                header,
                response_code,
                evse_check_out_status: match reply.processing {
                    Processing::Finished => EvseCheckOutStatus::Completed,
                    _ => EvseCheckOutStatus::Scheduled,
                },
            })
        };
        response.encode_on(Stream::Parking, out)
    }
}
