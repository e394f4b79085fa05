//! What somebody does in a session, and what goes wrong in it.

use serde::de::{self, Deserialize, Deserializer};

use super::choice::Side;
use super::quantity::{Share, Span};
use super::when::When;

/// What an end does on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The vehicle leaves; the charger asks it to.
    Stop,
    /// The vehicle pauses the session; the charger asks it to.
    Pause,
    /// The vehicle goes to standby.
    Standby,
    /// The vehicle leaves standby; the charger asks it to.
    ExitStandby,
    /// The schedules are settled anew.
    RenegotiateSchedule,
    /// The service is chosen anew.
    RenegotiateService,
    /// The charger wants its meter confirmed.
    ConfirmMetering,
    /// The vehicle checks in for its parking space.
    CheckIn,
    /// The vehicle checks out.
    CheckOut,
    /// No current at once, whatever the other end thinks of it.
    EmergencyStop,
}

impl Action {
    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Pause => "pause",
            Self::Standby => "standby",
            Self::ExitStandby => "exit-standby",
            Self::RenegotiateSchedule => "renegotiate-schedule",
            Self::RenegotiateService => "renegotiate-service",
            Self::ConfirmMetering => "confirm-metering",
            Self::CheckIn => "check-in",
            Self::CheckOut => "check-out",
            Self::EmergencyStop => "emergency-stop",
        }
    }

    /// The only end that can do it, if there is only one.
    pub fn only(self) -> Option<Side> {
        match self {
            Self::ConfirmMetering => Some(Side::Station),
            Self::Standby | Self::CheckIn | Self::CheckOut => Some(Side::Vehicle),
            _ => None,
        }
    }
}

/// Something that an end does on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", try_from = "RawEvent")]
pub struct Event {
    /// When.
    pub when: When,
    /// Who.
    pub side: Side,
    /// What.
    pub action: Action,
    /// How long the other end has to follow a notification.
    pub within: Span,
}

/// An event as a file has it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawEvent {
    when: When,
    side: Side,
    action: Action,
    #[serde(default = "ten_seconds")]
    within: Span,
}

impl TryFrom<RawEvent> for Event {
    type Error = String;

    fn try_from(raw: RawEvent) -> Result<Self, String> {
        let RawEvent { when, side, action, within } = raw;
        match action.only() {
            Some(only) if only != side => Err(format!("only the {} can {}", only.name(), action.name())),
            _ => Ok(Self { when, side, action, within }),
        }
    }
}

fn ten_seconds() -> Span {
    Span::from_thousandths(10_000)
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When.
    pub when: When,
    /// At which end. What happens on the wire happens to what this end sends.
    pub side: Side,
    /// What.
    pub what: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Messages are lost.
    Drop(Portion),
    /// Messages come late.
    Delay(Portion, Span),
    /// Messages come in pieces of so many bytes.
    Fragment(Portion, u32),
    /// Bits of messages are flipped.
    Corrupt(Portion, u32),
    /// So many random bytes are sent.
    Garbage(u32),
    /// Nothing is sent, for so long or for ever; the connection stays.
    Silence(Option<Span>),
    /// The cable is pulled out.
    Unplug,
    /// The isolation monitor or test sees a fault.
    Isolation,
    /// A contactor is welded or does not do as it should.
    Contactor,
    /// The converter of an AC vehicle stays at what it does, whatever it is told.
    Converter,
    /// The grid is gone: protection against islanding forbids discharge, and the charger stops.
    Islanding,
    /// Something lies between the coils of a wireless charger, for so long or for ever.
    ForeignObject(Option<Span>),
}

/// Which messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// The next so many.
    Count(u32),
    /// Each by chance, from then on.
    Chance(Share),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    Drop,
    Delay,
    Fragment,
    Corrupt,
    Garbage,
    Silence,
    Unplug,
    Isolation,
    Contactor,
    Converter,
    Islanding,
    ForeignObject,
}

/// A fault as a file has it: all fields of all kinds.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    when: When,
    side: Option<Side>,
    fault: Name,
    count: Option<u32>,
    chance: Option<Share>,
    by: Option<Span>,
    bytes: Option<u32>,
    bits: Option<u32>,
    lasting: Option<Span>,
}

/// Most bytes of garbage, and of a fragment.
const MOST_BYTES: u32 = 65_536;

impl Raw {
    fn portion(&mut self) -> Result<Portion, String> {
        match (self.count.take(), self.chance.take()) {
            (Some(_), Some(_)) => Err("either `count` or `chance`".to_owned()),
            (Some(0), None) => Err("`count` is 0: no message at all".to_owned()),
            (count, None) => Ok(Portion::Count(count.unwrap_or(1))),
            (None, Some(chance)) => Ok(Portion::Chance(chance)),
        }
    }

    fn number(name: &str, value: Option<u32>, default: u32) -> Result<u32, String> {
        match value.unwrap_or(default) {
            number @ 1..=MOST_BYTES => Ok(number),
            number => Err(format!("`{name}` is {number}: 1 to {MOST_BYTES}")),
        }
    }

    fn fault(mut self) -> Result<Fault, String> {
        let what = match self.fault {
            Name::Drop => FaultKind::Drop(self.portion()?),
            Name::Delay => {
                let by = self.by.take().ok_or("a delay needs `by`, such as by = \"300 ms\"")?;
                FaultKind::Delay(self.portion()?, by)
            }
            Name::Fragment => {
                let bytes = Self::number("bytes", self.bytes.take(), 1)?;
                FaultKind::Fragment(self.portion()?, bytes)
            }
            Name::Corrupt => {
                let bits = Self::number("bits", self.bits.take(), 1)?;
                FaultKind::Corrupt(self.portion()?, bits)
            }
            Name::Garbage => FaultKind::Garbage(Self::number("bytes", self.bytes.take(), 32)?),
            Name::Silence => FaultKind::Silence(self.lasting.take()),
            Name::Unplug => FaultKind::Unplug,
            Name::Isolation => FaultKind::Isolation,
            Name::Contactor => FaultKind::Contactor,
            Name::Converter => FaultKind::Converter,
            Name::Islanding => FaultKind::Islanding,
            Name::ForeignObject => FaultKind::ForeignObject(self.lasting.take()),
        };
        let rest = [
            ("count", self.count.is_some()),
            ("chance", self.chance.is_some()),
            ("by", self.by.is_some()),
            ("bytes", self.bytes.is_some()),
            ("bits", self.bits.is_some()),
            ("lasting", self.lasting.is_some()),
        ];
        if let Some((name, _)) = rest.iter().find(|(_, left)| *left) {
            return Err(format!("`{name}` means nothing with this fault"));
        }
        let side = match (what, self.side) {
            (
                FaultKind::Isolation | FaultKind::Islanding | FaultKind::ForeignObject(_),
                Some(Side::Vehicle),
            ) => return Err("only the station has this fault".to_owned()),
            (FaultKind::Isolation | FaultKind::Islanding | FaultKind::ForeignObject(_), None) => {
                Side::Station
            }
            (FaultKind::Converter, Some(Side::Station)) => {
                return Err("only the vehicle has this fault".to_owned());
            }
            (FaultKind::Converter, None) => Side::Vehicle,
            (FaultKind::Unplug, side) => side.unwrap_or(Side::Vehicle),
            (_, Some(side)) => side,
            (_, None) => return Err("at which end? add side = \"station\" or side = \"vehicle\"".to_owned()),
        };
        Ok(Fault { when: self.when, side, what })
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Raw::deserialize(deserializer)?.fault().map_err(de::Error::custom)
    }
}
