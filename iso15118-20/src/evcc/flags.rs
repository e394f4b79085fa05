//! What is settled, a bit each.

/// Facts of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(u16);

impl Flags {
    pub(super) const NONE: Self = Self(0);
    /// The wait for a customer was extended.
    pub(super) const PATIENT: Self = Self(1);
    /// At the last pre-charge answer the inlet had the voltage of the battery.
    #[cfg(feature = "dc")]
    pub(super) const MATCHED: Self = Self(1 << 1);
    /// Welding detection has seen what it wanted.
    pub(super) const DEAD: Self = Self(1 << 2);
    /// A change of course has waited long enough.
    pub(super) const OVERDUE: Self = Self(1 << 3);
    /// The charger asked for a pause.
    pub(super) const INVITED: Self = Self(1 << 4);
    /// A profile of 0 W is in force.
    pub(super) const ZERO_PROFILE: Self = Self(1 << 5);
    /// The services of this session were discovered before.
    pub(super) const DISCOVERED: Self = Self(1 << 6);
    /// The first answer to service discovery said that services may be renegotiated.
    pub(super) const RENEGOTIABLE: Self = Self(1 << 7);
    /// A new profile is to be sent on the main stream.
    pub(super) const REPLAN: Self = Self(1 << 8);
    /// The charger does not know standby.
    pub(super) const NO_STANDBY: Self = Self(1 << 9);
    /// The schedule was settled with a request to pause.
    pub(super) const GO_TO_PAUSE: Self = Self(1 << 10);
    /// A refused power tolerance was accepted after all.
    pub(super) const TOLERANT: Self = Self(1 << 11);

    /// The host has a contract to look at.
    pub(super) const VERDICT_DUE: Self = Self(1 << 12);

    /// The charger does not answer on side streams.
    pub(super) const NO_SIDE: Self = Self(1 << 13);

    /// The host wants a reading of the charger's meter.
    pub(super) const METER_WANTED: Self = Self(1 << 14);

    /// A round of the loop has followed on the profile of 0 W.
    pub(super) const ZERO_ROUND: Self = Self(1 << 15);

    pub(super) const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    pub(super) const fn set(&mut self, flag: Self) {
        self.0 |= flag.0;
    }

    pub(super) const fn clear(&mut self, flag: Self) {
        self.0 &= !flag.0;
    }

    /// Keeps what holds for the whole session.
    pub(super) const fn forget_service(&mut self) {
        self.0 &= Self::NO_SIDE.0 | Self::PATIENT.0 | Self::DISCOVERED.0 | Self::RENEGOTIABLE.0;
    }
}
