//! Check-in and check-out of a parking vehicle, beside everything else.

use core::time::Duration;

use exi_codec::iso20::common_messages::{
    EvCheckInStatus, EvCheckOutStatus, ParkingMethod, VehicleCheckInReq, VehicleCheckOutReq,
};
use exi_codec::iso20::common_types::Processing;
use v2gtp::Instant;

use super::plan::step;
use super::{Core, Evcc, NotAllowed, Pending};
use crate::message::{EncodeError, MessageKind as K, Request, Response};
use crate::sequence::{Answered, Asked, Guard, Stage, Step, Stream};
use crate::service::{Family, ValueAdded};

/// Pause between two requests while the vehicle moves or waits.
const PAUSE: Duration = Duration::from_millis(500);

/// What a vehicle says of itself when it arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckIn {
    /// How it parks.
    pub method: ParkingMethod,
    /// `VehicleFrame`, a number of the manufacturer's.
    pub frame: Option<i16>,
    /// `DeviceOffset`: where its charging device sits.
    pub offset: Option<i16>,
    /// `VehicleTravel`: how far it still goes.
    pub travel: Option<i16>,
}

/// Where a vehicle is to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParkingGuide {
    /// `ParkingSpace`.
    pub space: Option<i16>,
    /// `DeviceLocation`.
    pub device: Option<i16>,
    /// `TargetDistance`.
    pub distance: Option<i16>,
}

/// What is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Task {
    #[default]
    None,
    In(CheckIn),
    /// The same, and the vehicle stands.
    Arrived(CheckIn),
    /// Departure, Unix time in seconds.
    Out(u64),
}

/// Where parking stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parking {
    task: Task,
    pub(super) guide: ParkingGuide,
}

impl Evcc<'_> {
    /// Checks in, or updates what was said when checking in. [`EvccEvent::ParkingGuide`] tells where to go; call
    /// [`checked_in`](Self::checked_in) when the vehicle stands.
    ///
    /// [`EvccEvent::ParkingGuide`]: super::EvccEvent::ParkingGuide
    ///
    /// # Errors
    /// Parking was not selected, and there is no automated connection device.
    pub fn check_in(&mut self, now: Instant, check_in: CheckIn) -> Result<(), NotAllowed> {
        self.core.now = now;
        self.core.park(Task::In(check_in))
    }

    /// The vehicle stands where it is to stand.
    ///
    /// # Errors
    /// It was not checking in.
    pub fn checked_in(&mut self, now: Instant) -> Result<(), NotAllowed> {
        self.core.now = now;
        match self.core.parking.task {
            Task::In(check_in) => {
                self.core.parking.task = Task::Arrived(check_in);
                Ok(())
            }
            _ => Err(NotAllowed::Stage),
        }
    }

    /// Checks out, to leave at a Unix time in seconds. [`EvccEvent::Parked`] tells that the charger is done.
    ///
    /// [`EvccEvent::Parked`]: super::EvccEvent::Parked
    ///
    /// # Errors
    /// As [`check_in`](Self::check_in).
    pub fn check_out(&mut self, now: Instant, at: u64) -> Result<(), NotAllowed> {
        self.core.now = now;
        self.core.park(Task::Out(at))
    }
}

impl Core<'_> {
    fn park(&mut self, task: Task) -> Result<(), NotAllowed> {
        let started =
            !matches!(self.sequence.stage(), Stage::Negotiation | Stage::SessionSetup | Stage::Ended);
        if self.closed || !started {
            return Err(NotAllowed::Stage);
        }
        let selected = self.selection.is_some()
            && self.value_added.iter().flatten().any(|set| set.service() == ValueAdded::ParkingStatus);
        if !selected && self.family() != Family::Acdp {
            return Err(NotAllowed::NotOffered);
        }
        let running = self.parking.task != Task::None;
        self.parking.task = task;
        if !running {
            self.side_send(Stream::Parking, Guard::ParkingSelected, Duration::ZERO);
        }
        Ok(())
    }

    pub(super) fn parking_failed(&mut self) {
        self.parking.task = Task::None;
    }

    pub(super) fn parking_plan(&self, stage: Stage) -> Option<Asked> {
        Some(match (self.parking.task, stage) {
            (Task::None, _) => return None,
            // Who changes between the two finishes the one first.
            (Task::Arrived(_) | Task::Out(_), Stage::CheckingIn) => {
                step(K::VehicleCheckInReq, Step::Complete)
            }
            (Task::In(_), Stage::CheckingIn) => step(K::VehicleCheckInReq, Step::Proceed),
            (_, Stage::CheckingOut) => step(K::VehicleCheckOutReq, Step::Complete),
            (Task::In(_) | Task::Arrived(_), _) => step(K::VehicleCheckInReq, Step::Begin),
            (Task::Out(_), _) => step(K::VehicleCheckOutReq, Step::Begin),
        })
    }

    pub(super) fn encode_parking(&self, asked: Asked, out: &mut [u8]) -> Result<usize, EncodeError> {
        let header = self.header();
        let request = if asked.kind == K::VehicleCheckInReq {
            let check_in = match self.parking.task {
                Task::In(check_in) | Task::Arrived(check_in) => check_in,
                Task::None | Task::Out(_) => CheckIn::default(),
            };
            Request::VehicleCheckInReq(VehicleCheckInReq {
                header,
                ev_check_in_status: match asked.step {
                    Step::Begin => EvCheckInStatus::CheckIn,
                    Step::Proceed => EvCheckInStatus::Processing,
                    _ => EvCheckInStatus::Completed,
                },
                parking_method: check_in.method,
                vehicle_frame: check_in.frame,
                device_offset: check_in.offset,
                vehicle_travel: check_in.travel,
            })
        } else {
            Request::VehicleCheckOutReq(VehicleCheckOutReq {
                header,
                ev_check_out_status: match asked.step {
                    Step::Begin => EvCheckOutStatus::CheckOut,
                    Step::Proceed => EvCheckOutStatus::Processing,
                    _ => EvCheckOutStatus::Completed,
                },
                check_out_time: match self.parking.task {
                    Task::Out(at) => at,
                    _ => self.calendar.at(self.now),
                },
            })
        };
        request.encode_on(Stream::Parking, out)
    }

    /// The charger has answered: the pause until the vehicle asks again, unless it is done.
    pub(super) fn parked(
        &mut self,
        asked: Asked,
        answered: Answered,
        response: &Response<'_>,
    ) -> Option<Duration> {
        if let Response::VehicleCheckInRes(message) = response {
            self.parking.guide = ParkingGuide {
                space: message.parking_space,
                device: message.device_location,
                distance: message.target_distance,
            };
            self.pending.raise(Pending::PARKING_GUIDE);
        }
        let done = asked.step == Step::Complete && answered.processing == Processing::Finished;
        let other = matches!(self.parking.task, Task::Out(_)) && asked.kind == K::VehicleCheckInReq;
        if done && !other {
            self.parking.task = Task::None;
            self.pending.raise(Pending::PARKED);
            return None;
        }
        Some(PAUSE)
    }
}
