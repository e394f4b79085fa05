//! The control pilot as the machines see it and want it. Any driver can be behind it.

/// State of the control pilot, by its positive voltage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PilotState {
    /// 12 V: no vehicle.
    #[default]
    A,
    /// 9 V: a vehicle that is not ready, S2 open.
    B,
    /// 6 V: a vehicle that is ready, S2 closed.
    C,
    /// 3 V: the same, and it wants ventilation.
    D,
    /// 0 V: no pilot.
    E,
    /// -12 V: the charger has a fault.
    F,
}

impl PilotState {
    /// Whether a vehicle is connected and may match.
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::B | Self::C | Self::D)
    }
}

/// What the duty cycle says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DutyCycle {
    /// 100 %: no oscillation (state X1).
    #[default]
    Off,
    /// 3 to 7 %: digital communication is required.
    FivePercent,
    /// 8 to 97 %: a current; digital communication is possible.
    Nominal,
    /// Anything else.
    Invalid,
}

impl DutyCycle {
    /// The class of a duty cycle in per cent.
    pub const fn of_percent(percent: u8) -> Self {
        match percent {
            100 => Self::Off,
            3..=7 => Self::FivePercent,
            8..=97 => Self::Nominal,
            _ => Self::Invalid,
        }
    }

    /// Whether a vehicle may match under it.
    pub const fn allows_matching(self) -> bool {
        matches!(self, Self::FivePercent | Self::Nominal)
    }
}

/// What a charger shall do with the control pilot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PilotCommand {
    /// Oscillate with 5 %.
    FivePercent,
    /// Oscillate with the duty cycle of the current that is available.
    Nominal,
    /// Hold 12 V without oscillation (state X1).
    Off,
    /// Hold 0 V (state E).
    StateE,
    /// Hold -12 V (state F).
    StateF,
}

/// The vehicle's switch on the control pilot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum S2 {
    /// State B.
    Open,
    /// State C.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::DutyCycle;

    #[test]
    fn duty_cycles_fall_into_classes() {
        use DutyCycle::{FivePercent, Invalid, Nominal, Off};
        let classes = [2, 3, 7, 8, 97, 98, 100, 255].map(DutyCycle::of_percent);
        assert_eq!(classes, [Invalid, FivePercent, FivePercent, Nominal, Nominal, Invalid, Off, Invalid]);
    }
}
