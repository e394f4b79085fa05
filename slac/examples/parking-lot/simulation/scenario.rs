//! What a run is made of, and what becomes of it.

use std::time::Duration;

use v2g_slac::Profile;

use super::chance::Chance;

/// How the machines are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The strict profile on both sides: every charger that is not certainly the one is validated.
    Strict,
    /// The limits of the lenient profile, but what is not certain is validated or refused.
    Careful,
    /// The lenient profile as it is: a charger that nothing speaks against is taken.
    Lenient,
}

impl Variant {
    pub(crate) const ALL: [Self; 3] = [Self::Strict, Self::Careful, Self::Lenient];

    /// Seeds are dealt to the variants in turn.
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self::ALL[(seed % 3) as usize]
    }

    /// By its name on the command line.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| format!("{variant:?}").eq_ignore_ascii_case(name))
    }

    pub(super) fn profile(self) -> Profile {
        match self {
            Self::Strict => Profile::Strict,
            Self::Careful | Self::Lenient => Profile::Lenient,
        }
    }

    /// Through the own cable, dB.
    pub(super) fn own_attenuation(self, chance: &mut Chance) -> u8 {
        match self.profile() {
            Profile::Strict if chance.happens(700_000) => chance.between(4, 9) as u8,
            Profile::Strict => chance.between(10, 17) as u8,
            Profile::Lenient => chance.between(8, 33) as u8,
        }
    }

    /// Between cables that are so many places apart, dB.
    pub(super) fn crosstalk(self, own: u8, distance: u64, chance: &mut Chance) -> u8 {
        let far = match self.profile() {
            // Some neighbours are too near to be told apart by attenuation alone.
            Profile::Strict if chance.happens(100_000) => chance.between(12, 20),
            Profile::Strict => chance.between(18, 30) + 8 * distance,
            Profile::Lenient => u64::from(own) + chance.between(5, 20) + 6 * distance,
        };
        far.min(255) as u8
    }
}

/// What a run is made of.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) variant: Variant,
    pub(crate) chargers: usize,
    pub(crate) vehicles: usize,
    /// Frames lost on the line, in a million.
    pub(crate) loss: u64,
    /// Frames that arrive twice, in a million.
    pub(crate) duplication: u64,
    /// Longest delay on the line, ms.
    pub(crate) delay: u64,
    /// Forged frames in the first 30 seconds.
    pub(crate) forgeries: u64,
    /// Hosts that lose power for a while in the first 30 seconds.
    pub(crate) power_cycles: u64,
    /// Chargers that only drive the pilot, in a million.
    pub(crate) mute: u64,
}

impl Scenario {
    /// Anything that the brief of the simulation allows.
    pub(crate) fn random(seed: u64, variant: Variant) -> Self {
        let mut chance = Chance::new(seed);
        let (chargers, vehicles) = (chance.between(1, 20) as usize, chance.between(1, 20) as usize);
        Self {
            seed,
            variant,
            chargers,
            vehicles,
            loss: if chance.happens(200_000) { 0 } else { chance.between(0, 200_000) },
            duplication: chance.between(0, 100_000),
            delay: chance.between(1, 25),
            forgeries: if chance.happens(500_000) { chance.between(1, 300) } else { 0 },
            power_cycles: if chance.happens(300_000) { chance.between(1, 3) } else { 0 },
            mute: if chance.happens(300_000) { 100_000 } else { 0 },
        }
    }
}

/// What became of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is linked to the charger at its cable; after so long, at the first go or later.
    Own { after: Duration, first_go: bool },
    /// It is not linked although its charger works.
    Unmatched,
    /// Its charger is mute, and it gave up.
    GaveUp,
    /// Its charger is mute, and it neither gave up nor matched.
    Undecided,
    /// It is linked to, or chose, another's charger although its own had reported.
    Wrong,
    /// It chose another's charger while its own had not been heard.
    Misled,
}

/// What became of a run.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) outcomes: Vec<Outcome>,
    /// Longest time from when the pilot let a vehicle match, or the last disturbance, to the end of its attempts.
    pub(crate) slowest_failure: Duration,
    /// Virtual time at the end.
    pub(crate) time: Duration,
    pub(crate) frames: u64,
}
