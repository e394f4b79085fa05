//! Automated connection devices: the vehicle is positioned and connected, then speaks DC.

use core::time::Duration;

use exi_codec::iso20::acdp::{
    AcdpConnectReq, AcdpConnectRes, AcdpSystemStatusReq, AcdpSystemStatusRes, AcdpVehiclePositioningReq,
    ElectricalChargingDeviceStatus, EvTechnicalStatus, IsolationStatus, MechanicalChargingDeviceStatus,
};
use exi_codec::iso20::common_types::Processing;

use super::{Core, Evcc, Pending, T};
use crate::end::Cause;
use crate::message::{MessageKind as K, Request, Response};
use crate::sequence::{Asked, Guard, Stage, Stream};

/// Pause between two questions for the state of the device.
const STATUS_PAUSE: Duration = Duration::from_millis(500);

/// Whether the vehicle can move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mobility {
    /// It can.
    #[default]
    Mobile,
    /// It is immobilised.
    Immobilized,
}

/// Where the vehicle stands under the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcdpPosition {
    /// `EVRelativeXDeviation` and `EVRelativeYDeviation`, mm.
    pub deviation: (i16, i16),
    /// `ContactWindowXc` and `ContactWindowYc`, mm.
    pub window: (i16, i16),
    /// Whether the vehicle stands where it can be connected.
    pub in_position: bool,
}

/// State of the device and its charger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "flags of the message, independent of each other")]
pub struct AcdpStatus {
    /// Where the device is.
    pub mechanical: MechanicalChargingDeviceStatus,
    /// What the isolation monitor says.
    pub isolation: IsolationStatus,
    /// Ready to charge.
    pub ready: bool,
    /// Out of service.
    pub disabled: bool,
    /// The vehicle stands where it can be connected.
    pub in_position: bool,
    /// Charger and vehicle mean each other.
    pub associated: bool,
}

/// What the host knows of a vehicle for automated connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plant {
    mobility: Mobility,
    electrical: ElectricalChargingDeviceStatus,
    technical: EvTechnicalStatus,
    pub(super) position: AcdpPosition,
    pub(super) status: AcdpStatus,
}

impl Default for Plant {
    fn default() -> Self {
        Self {
            mobility: Mobility::Mobile,
            electrical: ElectricalChargingDeviceStatus::StateB,
            technical: EvTechnicalStatus::default(),
            position: AcdpPosition::default(),
            status: AcdpStatus::default(),
        }
    }
}

impl Plant {
    /// What holds for the vehicle, without what was said in an earlier session.
    pub(super) fn fresh(self) -> Self {
        Self { position: AcdpPosition::default(), status: AcdpStatus::default(), ..self }
    }
}

impl Evcc<'_> {
    /// Whether the vehicle can move: it is to be immobilised once it stands in position.
    pub fn set_mobility(&mut self, mobility: Mobility) {
        self.core.plant.acdp.mobility = mobility;
    }

    /// `EVElectricalChargingDeviceStatus`: the state of the control pilot over the device.
    pub fn set_electrical_status(&mut self, status: ElectricalChargingDeviceStatus) {
        self.core.plant.acdp.electrical = status;
    }

    /// What the vehicle says of itself beside the session.
    pub fn set_technical_status(&mut self, status: EvTechnicalStatus) {
        self.core.plant.acdp.technical = status;
    }
}

impl Core<'_> {
    pub(super) fn acdp_plan(&self, stage: Stage) -> Option<Asked> {
        match stage {
            Stage::VehiclePositioning => Some(Asked::plain(K::AcdpVehiclePositioningReq)),
            Stage::Connect => Some(Asked::plain(K::AcdpConnectReq)),
            stage => self.dc_plan(stage),
        }
    }

    pub(super) fn acdp_request(&self, asked: Asked) -> Option<Request<'static>> {
        let header = self.header();
        let connect =
            AcdpConnectReq { header, ev_electrical_charging_device_status: self.plant.acdp.electrical };
        match asked.kind {
            K::AcdpVehiclePositioningReq => {
                Some(Request::AcdpVehiclePositioningReq(AcdpVehiclePositioningReq {
                    header,
                    ev_mobility_status: self.plant.acdp.mobility == Mobility::Mobile,
                    ev_positioning_support: true,
                }))
            }
            K::AcdpConnectReq => Some(Request::AcdpConnectReq(connect)),
            K::AcdpDisconnectReq => Some(Request::AcdpDisconnectReq(connect)),
            K::AcdpSystemStatusReq => Some(Request::AcdpSystemStatusReq(AcdpSystemStatusReq {
                header,
                ev_technical_status: self.plant.acdp.technical,
            })),
            _ => self.dc_request(asked),
        }
    }

    pub(super) fn acdp_content(&mut self, response: &Response<'_>) {
        match response {
            Response::AcdpVehiclePositioningRes(message) => {
                self.plant.acdp.position = AcdpPosition {
                    deviation: (message.ev_relative_x_deviation, message.ev_relative_y_deviation),
                    window: (message.contact_window_xc, message.contact_window_yc),
                    in_position: message.ev_in_charge_position,
                };
                self.pending.raise(Pending::ACDP_POSITION);
            }
            Response::AcdpConnectRes(message) => {
                self.device_at(message, MechanicalChargingDeviceStatus::EndPosition, K::AcdpConnectRes);
            }
            Response::AcdpDisconnectRes(message) => {
                self.device_at(message, MechanicalChargingDeviceStatus::Home, K::AcdpDisconnectRes);
            }
            response => self.dc_content(response),
        }
    }

    fn device_at(&mut self, message: &AcdpConnectRes<'_>, place: MechanicalChargingDeviceStatus, kind: K) {
        let now = message.evse_mechanical_charging_device_status;
        self.plant.acdp.status.mechanical = now;
        self.pending.raise(Pending::ACDP_STATUS);
        // Said to be done, and is not: nothing is energised over half a contact.
        if message.evse_processing == Processing::Finished && now != place {
            self.leave(Cause::InvalidResponse(kind));
        }
    }

    pub(super) fn acdp_entered(&mut self, stage: Stage, asked: Asked) {
        let timing = self.config.settings.timing;
        match (stage, asked.kind) {
            (Stage::VehiclePositioning, K::SessionSetupReq) => {
                self.pending.raise(Pending::ACDP_POSITION);
                self.set(T::Ongoing, timing.customer);
                self.side_send(Stream::AcdpSystemStatus, Guard::None, Duration::ZERO);
            }
            // Resumed: the vehicle still stands where it stood.
            (Stage::ChargeParameters, K::SessionSetupReq) => {
                self.side_send(Stream::AcdpSystemStatus, Guard::None, Duration::ZERO);
            }
            (Stage::Connect, K::ScheduleExchangeReq) if !self.is_departing(stage) => {
                self.pending.raise(Pending::DEVICE_MOVES);
                self.set(T::Ongoing, timing.ongoing);
            }
            (Stage::Disconnect, K::DcWeldingDetectionReq) => {
                self.pending.raise(Pending::DEVICE_MOVES);
                self.set(T::Ongoing, timing.ongoing);
            }
            _ => self.dc_entered(stage, asked),
        }
    }

    pub(super) fn system_status_plan(&self) -> Option<Asked> {
        let over = matches!(self.sequence.stage(), Stage::SessionStop | Stage::Ended);
        (!over).then_some(Asked::plain(K::AcdpSystemStatusReq))
    }

    /// What the device says beside the session. An emergency there is one here.
    pub(super) fn system_status(&mut self, message: &AcdpSystemStatusRes<'_>) -> Duration {
        self.plant.acdp.status = AcdpStatus {
            mechanical: message.evse_mechanical_charging_device_status,
            isolation: message.evse_isolation_status,
            ready: message.evse_ready_to_charge,
            disabled: message.evse_disabled,
            in_position: message.ev_in_charge_position,
            associated: message.ev_association_status,
        };
        self.pending.raise(Pending::ACDP_STATUS);
        if message.evse_emergency_shutdown
            || message.evse_malfunction
            || message.evse_utility_interrupt_event
            || message.evse_isolation_status == IsolationStatus::Fault
        {
            self.leave(Cause::StationFault);
        }
        STATUS_PAUSE
    }
}
