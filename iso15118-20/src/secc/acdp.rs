//! Automated connection: the vehicle under the device, the device to the vehicle, and back.

use exi_codec::iso20::acdp::{
    AcdpConnectRes, AcdpSystemStatusRes, AcdpVehiclePositioningReq, AcdpVehiclePositioningRes,
    ElectricalChargingDeviceStatus, EvTechnicalStatus, IsolationStatus, MechanicalChargingDeviceStatus,
};
use exi_codec::iso20::common_types::ResponseCode;
use v2gtp::Instant;

use super::engine::Core;
use super::{Pending, Reply, Secc, SeccTimer as T, Stop};
use crate::end::Refusal;
use crate::message::{EncodeError, MessageKind as K, Response};
use crate::sequence::{Asked, Stream};

/// Where the vehicle stands, seen from the device; lengths in the unit of the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VehiclePosition {
    /// `EVRelativeXDeviation`.
    pub x: i16,
    /// `EVRelativeYDeviation`.
    pub y: i16,
    /// `ContactWindowXc`.
    pub window_x: i16,
    /// `ContactWindowYc`.
    pub window_y: i16,
    /// `EVSEPositioningSupport`: the charger helps.
    pub supported: bool,
    /// `EVInChargePosition`: the vehicle stands where the device can reach it.
    pub reached: bool,
}

/// Where the device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Between home and the vehicle.
    pub mechanical: MechanicalChargingDeviceStatus,
    /// What its contacts say.
    pub electrical: ElectricalChargingDeviceStatus,
}

impl Default for Device {
    fn default() -> Self {
        Self {
            mechanical: MechanicalChargingDeviceStatus::Home,
            electrical: ElectricalChargingDeviceStatus::StateA,
        }
    }
}

/// State of the charger, as `ACDP_SystemStatusRes` says it beside the place of the device.
#[allow(clippy::struct_excessive_bools, reason = "as the message has them")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcdpStatus {
    /// `EVSEReadyToCharge`.
    pub ready: bool,
    /// `EVSEIsolationStatus`.
    pub isolation: IsolationStatus,
    /// `EVSEDisabled`.
    pub disabled: bool,
    /// `EVSEUtilityInterruptEvent`: the vehicle is told to terminate at once.
    pub utility_interrupt: bool,
    /// `EVSEEmergencyShutdown`: no current at once.
    pub emergency: bool,
    /// `EVSEMalfunction`: no current at once.
    pub malfunction: bool,
    /// `EVAssociationStatus`: this charger and this vehicle belong together.
    pub associated: bool,
}

/// What is known of a device and the vehicle under it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    position: VehiclePosition,
    device: Device,
    status: AcdpStatus,
    /// A move took too long.
    stuck: bool,
    pub(super) vehicle: [bool; 2],
    pub(super) technical: Option<EvTechnicalStatus>,
}

impl State {
    pub(super) fn forget(&mut self) {
        self.stuck = false;
    }

    /// Another vehicle stands somewhere else.
    pub(super) fn forget_vehicle(&mut self) {
        *self = Self { device: self.device, status: self.status, ..Self::default() };
    }

    /// Whether the device is where current may flow through it.
    pub(super) fn is_connected(&self) -> bool {
        self.device.mechanical == MechanicalChargingDeviceStatus::EndPosition
    }

    pub(super) fn get_stuck(&mut self) {
        self.stuck = true;
    }
}

impl Secc<'_> {
    /// Where the vehicle stands.
    pub fn vehicle_position(&mut self, now: Instant, position: VehiclePosition) {
        self.core.now = now;
        self.core.acdp.position = position;
    }

    /// Where the device is. A device that leaves the vehicle while there is voltage stops at once.
    pub fn device(&mut self, now: Instant, device: Device) {
        self.core.now = now;
        self.core.acdp.device = device;
        self.core.plant_moved();
    }

    /// State of the charger, for the vehicle to ask for. An emergency or a malfunction is a
    /// [`Stop::Emergency`], an interrupt of the utility a [`Stop::Notify`].
    pub fn set_acdp_status(&mut self, now: Instant, status: AcdpStatus) {
        self.core.now = now;
        self.core.acdp.status = status;
        if status.emergency || status.malfunction {
            self.core.stop(Stop::Emergency);
        } else if status.utility_interrupt {
            self.core.stop(Stop::Notify { max_delay: 0 });
        }
    }
}

impl Core<'_> {
    pub(super) fn position_vehicle(&mut self, asked: Asked, message: &AcdpVehiclePositioningReq<'_>) {
        self.acdp.vehicle = [message.ev_mobility_status, message.ev_positioning_support];
        let there = self.acdp.position.reached;
        self.move_on(asked, (!there).then_some(Pending::POSITIONING));
    }

    pub(super) fn connect_device(&mut self, asked: Asked) {
        let there = self.acdp.is_connected();
        self.move_on(asked, (!there).then_some(Pending::CONNECT));
    }

    pub(super) fn disconnect_device(&mut self, asked: Asked) {
        let home = self.acdp.device.mechanical == MechanicalChargingDeviceStatus::Home;
        self.move_on(asked, (!home).then_some(Pending::DISCONNECT));
    }

    /// Something may have to reach its place: the host is told once, the vehicle asks until it is there.
    fn move_on(&mut self, asked: Asked, order: Option<Pending>) {
        let Some(order) = order else {
            self.clear(T::Positioning);
            return self.ok(asked);
        };
        if self.acdp.stuck {
            self.refuse(asked, ResponseCode::FailedAssociationError, Refusal::HostSilent);
        } else {
            if !self.runs(T::Positioning) {
                self.set(T::Positioning, self.timing().positioning);
                self.pending.raise(order);
            }
            self.ongoing(asked);
        }
    }

    pub(super) fn encode_acdp(&self, reply: &Reply, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (header, response_code, evse_processing) = (self.header(), reply.code, reply.processing);
        let State { position, device, status, .. } = &self.acdp;
        let connection = AcdpConnectRes {
            header,
            response_code,
            evse_processing,
            evse_electrical_charging_device_status: device.electrical,
            evse_mechanical_charging_device_status: device.mechanical,
        };
        let (stream, response) = match reply.asked.kind {
            K::AcdpVehiclePositioningReq => (
                Stream::Main,
                Response::AcdpVehiclePositioningRes(AcdpVehiclePositioningRes {
                    header,
                    response_code,
                    evse_processing,
                    evse_positioning_support: position.supported,
                    ev_relative_x_deviation: position.x,
                    ev_relative_y_deviation: position.y,
                    contact_window_xc: position.window_x,
                    contact_window_yc: position.window_y,
                    ev_in_charge_position: position.reached,
                }),
            ),
            K::AcdpConnectReq => (Stream::Main, Response::AcdpConnectRes(connection)),
            K::AcdpDisconnectReq => (Stream::Main, Response::AcdpDisconnectRes(connection)),
            _ => (
                Stream::AcdpSystemStatus,
                Response::AcdpSystemStatusRes(AcdpSystemStatusRes {
                    header,
                    response_code,
                    evse_mechanical_charging_device_status: device.mechanical,
                    evse_ready_to_charge: status.ready,
                    evse_isolation_status: status.isolation,
                    evse_disabled: status.disabled,
                    evse_utility_interrupt_event: status.utility_interrupt,
                    evse_emergency_shutdown: status.emergency,
                    evse_malfunction: status.malfunction,
                    ev_in_charge_position: position.reached,
                    ev_association_status: status.associated,
                }),
            ),
        };
        response.encode_on(stream, out)
    }
}
