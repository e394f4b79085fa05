//! Limits, outputs and measurements.

use exi_codec::Unit;
use iso15118_20::{AcGrid, AcLimits, AcMeasurement, AcOutput, DcLimits, FlowLimits, Output, Phases};

use crate::border::versioned;
use crate::number::v2g_number;

/// Limits of one direction, as magnitudes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_flow_limits {
    /// Most power, W.
    pub max_power: v2g_number,
    /// Least power at which energy flows at all, W.
    pub min_power: v2g_number,
    /// Most current, A.
    pub max_current: v2g_number,
    /// Least current at which energy flows at all, A.
    pub min_current: v2g_number,
}

/// Limits of a DC charger or vehicle.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_dc_limits {
    /// `sizeof` this struct.
    pub size: u32,
    /// 1: energy may leave the vehicle, within `discharge`. 0: never.
    pub has_discharge: u32,
    /// Into the vehicle.
    pub charge: v2g_flow_limits,
    /// Out of the vehicle, as magnitudes.
    pub discharge: v2g_flow_limits,
    /// Highest voltage, V.
    pub max_voltage: v2g_number,
    /// Lowest voltage, V.
    pub min_voltage: v2g_number,
}

/// A quantity of an AC connection: as a whole, or of each of three phases.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_phases {
    /// 0: the first number is the whole, or the only phase. 1: one number for each phase.
    pub each: u32,
    /// The whole, or phases 1 to 3.
    pub phase: [v2g_number; 3],
}

/// Limits of an AC charger or vehicle, W.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_ac_limits {
    /// `sizeof` this struct.
    pub size: u32,
    /// 1: energy may leave the vehicle, within the two last fields. 0: never.
    pub has_discharge: u32,
    /// Most power into the vehicle.
    pub max_charge: v2g_phases,
    /// Least power into the vehicle at which energy flows at all.
    pub min_charge: v2g_phases,
    /// Most power out of the vehicle, as a magnitude.
    pub max_discharge: v2g_phases,
    /// Least power out of the vehicle, as a magnitude.
    pub min_discharge: v2g_phases,
}

/// The grid behind an AC charger.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_ac_grid {
    /// `sizeof` this struct.
    pub size: u32,
    /// Nominal frequency, Hz.
    pub frequency: v2g_number,
    /// Largest difference of power between two phases, W. None: as one likes.
    pub asymmetry: v2g_number,
}

/// What an AC charger asks of the vehicle's converter.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_ac_output {
    /// `sizeof` this struct.
    pub size: u32,
    /// 1: reactive power is asked for too.
    pub has_reactive: u32,
    /// Active power, W: positive into the vehicle, negative out of it.
    pub active: v2g_phases,
    /// Reactive power, var: positive absorbing, negative injecting.
    pub reactive: v2g_phases,
    /// Frequency to keep, Hz, where the vehicle forms a grid.
    pub frequency: v2g_number,
}

/// What is measured at an AC inlet or outlet.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_ac_measurement {
    /// `sizeof` this struct.
    pub size: u32,
    /// Zero.
    pub reserved: u32,
    /// Active power, W: positive into the vehicle, negative out of it.
    pub active: v2g_phases,
    /// Reactive power, var.
    pub reactive: v2g_phases,
}

/// What a DC converter is to do. All three bounds hold; the one that is reached first decides.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct v2g_output {
    /// Highest voltage at the vehicle, V.
    pub voltage: v2g_number,
    /// Current, A: positive into the vehicle, negative out of it.
    pub current: v2g_number,
    /// Power, W, with the sign of the current.
    pub power: v2g_number,
}

versioned! {
    v2g_dc_limits 48;
    v2g_ac_limits 72;
    v2g_ac_grid 12;
    v2g_ac_output 44;
    v2g_ac_measurement 40;
}

impl From<FlowLimits> for v2g_flow_limits {
    fn from(flow: FlowLimits) -> Self {
        Self {
            max_power: flow.max_power.into(),
            min_power: flow.min_power.into(),
            max_current: flow.max_current.into(),
            min_current: flow.min_current.into(),
        }
    }
}

impl From<v2g_flow_limits> for FlowLimits {
    fn from(flow: v2g_flow_limits) -> Self {
        Self {
            max_power: flow.max_power.quantity(),
            min_power: flow.min_power.quantity(),
            max_current: flow.max_current.quantity(),
            min_current: flow.min_current.quantity(),
        }
    }
}

impl From<DcLimits> for v2g_dc_limits {
    fn from(limits: DcLimits) -> Self {
        Self {
            size: size_of::<Self>() as u32,
            has_discharge: u32::from(limits.discharge.is_some()),
            charge: limits.charge.into(),
            discharge: limits.discharge.unwrap_or_default().into(),
            max_voltage: limits.max_voltage.into(),
            min_voltage: limits.min_voltage.into(),
        }
    }
}

impl From<v2g_dc_limits> for DcLimits {
    fn from(limits: v2g_dc_limits) -> Self {
        Self {
            charge: limits.charge.into(),
            discharge: (limits.has_discharge != 0).then(|| limits.discharge.into()),
            max_voltage: limits.max_voltage.quantity(),
            min_voltage: limits.min_voltage.quantity(),
        }
    }
}

impl From<Output> for v2g_output {
    fn from(output: Output) -> Self {
        Self { voltage: output.voltage.into(), current: output.current.into(), power: output.power.into() }
    }
}

impl<U: Unit> From<Phases<U>> for v2g_phases {
    fn from(phases: Phases<U>) -> Self {
        match phases {
            Phases::Total(total) => {
                Self { each: 0, phase: [total.into(), v2g_number::NONE, v2g_number::NONE] }
            }
            Phases::Each(each) => Self { each: 1, phase: each.map(v2g_number::from) },
        }
    }
}

impl<U: Unit> From<v2g_phases> for Phases<U> {
    fn from(phases: v2g_phases) -> Self {
        let [first, ..] = phases.phase;
        if phases.each == 0 {
            Self::Total(first.quantity())
        } else {
            Self::Each(phases.phase.map(v2g_number::quantity))
        }
    }
}

impl From<AcLimits> for v2g_ac_limits {
    fn from(limits: AcLimits) -> Self {
        let (most, least) = limits.discharge.unwrap_or_default();
        Self {
            size: size_of::<Self>() as u32,
            has_discharge: u32::from(limits.discharge.is_some()),
            max_charge: limits.max_charge.into(),
            min_charge: limits.min_charge.into(),
            max_discharge: most.into(),
            min_discharge: least.into(),
        }
    }
}

impl From<v2g_ac_limits> for AcLimits {
    fn from(limits: v2g_ac_limits) -> Self {
        let discharge = || (limits.max_discharge.into(), limits.min_discharge.into());
        Self {
            max_charge: limits.max_charge.into(),
            min_charge: limits.min_charge.into(),
            discharge: (limits.has_discharge != 0).then(discharge),
        }
    }
}

impl From<v2g_ac_grid> for AcGrid {
    fn from(grid: v2g_ac_grid) -> Self {
        Self { frequency: grid.frequency.quantity(), asymmetry: grid.asymmetry.maybe() }
    }
}

impl From<AcOutput> for v2g_ac_output {
    fn from(output: AcOutput) -> Self {
        Self {
            size: size_of::<Self>() as u32,
            has_reactive: u32::from(output.reactive.is_some()),
            active: output.active.into(),
            reactive: output.reactive.unwrap_or_default().into(),
            frequency: output.frequency.into(),
        }
    }
}

impl From<v2g_ac_output> for AcOutput {
    fn from(output: v2g_ac_output) -> Self {
        Self {
            active: output.active.into(),
            reactive: (output.has_reactive != 0).then(|| output.reactive.into()),
            frequency: output.frequency.maybe(),
        }
    }
}

impl From<v2g_ac_measurement> for AcMeasurement {
    fn from(measured: v2g_ac_measurement) -> Self {
        Self { active: measured.active.into(), reactive: measured.reactive.into() }
    }
}

#[cfg(test)]
mod tests {
    use exi_codec::{Amperes, Volts, Watts};

    use super::*;

    #[test]
    fn limits_go_through_c_unchanged() {
        let flow = FlowLimits {
            max_power: Watts::new(22, 3),
            min_power: Watts::new(1, 2),
            max_current: Amperes::new(60, 0),
            min_current: Amperes::new(5, -1),
        };
        let limits = DcLimits {
            charge: flow,
            discharge: Some(FlowLimits { max_power: Watts::new(5, 3), ..flow }),
            max_voltage: Volts::new(500, 0),
            min_voltage: Volts::new(200, 0),
        };
        assert_eq!(DcLimits::from(v2g_dc_limits::from(limits)), limits);
        let one_way = DcLimits { discharge: None, ..limits };
        assert_eq!(DcLimits::from(v2g_dc_limits::from(one_way)), one_way);
        let ac = AcLimits {
            max_charge: Phases::Each([Watts::new(7, 3); 3]),
            min_charge: Phases::Total(Watts::new(1, 3)),
            discharge: Some((Phases::Total(Watts::new(4, 3)), Phases::default())),
        };
        assert_eq!(AcLimits::from(v2g_ac_limits::from(ac)), ac);
    }
}
