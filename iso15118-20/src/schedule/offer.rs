//! The charger's side: from what the site permits to the schedules that a vehicle can choose from.

use exi_codec::iso20::common_messages::{DynamicSeReqControlMode, ScheduledSeReqControlMode};
use exi_codec::{Rounding, WattHours, Watts};

use super::energy::{Energy, milliwatts};
use super::{PowerCurve, SCHEDULE_ENTRIES, Schedule, ScheduleEntry};
use crate::power::GridPermit;
use crate::service::Direction;

/// How far an offer reaches if the vehicle does not say when it leaves, s.
const HORIZON: u32 = 86_400;

/// For how long the same question counts as a repetition, s: what a vehicle keeps asking for while the answer is
/// `Ongoing`. A departure is said in seconds from the message, so the same words mean something else later.
const REPETITION: u64 = 60;

/// From when on a permit holds, until the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridStep {
    /// Unix time, s.
    pub from: u64,
    /// What the grid permits from then on.
    pub permit: GridPermit,
}

/// What the grid permits over time: steps in ascending order. Before the first one nothing may flow; the last one
/// holds without an end.
#[derive(Clone, Copy, Debug)]
pub struct GridCurve<'a>(&'a [GridStep]);

impl<'a> GridCurve<'a> {
    /// A curve of these steps. One that starts before its predecessor takes effect together with it.
    pub const fn new(steps: &'a [GridStep]) -> Self {
        Self(steps)
    }

    /// What is permitted at a Unix time in seconds.
    pub fn permit_at(&self, time: u64) -> GridPermit {
        let begun = self.0.iter().take_while(|step| step.from <= time);
        begun.last().map_or(GridPermit::NOTHING, |step| step.permit)
    }
}

/// What the offer depends on besides the question.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// What the grid permits over time.
    pub grid: GridCurve<'a>,
    /// What charger and vehicle can do, whatever the time.
    pub most: GridPermit,
}

/// What a vehicle said when it asked for schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnergyQuestion {
    /// Departure, s from the request on.
    pub departure: Option<u32>,
    /// Energy that it wants in all, Wh.
    pub energy: Option<WattHours>,
    /// Entries of a schedule that it can handle.
    pub points: u16,
    /// Which way energy may flow.
    pub direction: Direction,
}

impl EnergyQuestion {
    /// The question of a `ScheduleExchangeReq` in scheduled mode.
    pub fn scheduled(mode: &ScheduledSeReqControlMode<'_>, points: u16, direction: Direction) -> Self {
        Self {
            departure: mode.departure_time,
            energy: mode.ev_target_energy_request.or(mode.ev_maximum_energy_request),
            points,
            direction,
        }
    }

    /// The question of a `ScheduleExchangeReq` in dynamic mode, for the charger's own plan.
    pub fn dynamic(mode: &DynamicSeReqControlMode, points: u16, direction: Direction) -> Self {
        Self {
            departure: Some(mode.departure_time),
            energy: Some(mode.ev_target_energy_request),
            points,
            direction,
        }
    }
}

/// A way to shape a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferShape {
    /// All power that there is, from now to departure.
    Fastest,
    /// The lowest cap of power that still gives the energy by departure.
    Spread,
    /// All power that there is, but only from when it is needed to give the energy by departure.
    Latest,
}

/// One to three schedules to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offers {
    charge: [Schedule; 3],
    len: u8,
    discharge: Option<Schedule>,
}

impl Offers {
    const EMPTY: Self = Self { charge: [Schedule::NONE; 3], len: 0, discharge: None };

    /// `ScheduleTupleID` and charging schedule of each offer.
    pub fn tuples(&self) -> impl Iterator<Item = (u32, &Schedule)> {
        (1..).zip(self.charge.iter().take(usize::from(self.len)))
    }

    /// The charging schedule of an offer.
    pub fn get(&self, tuple_id: u32) -> Option<&Schedule> {
        self.tuples().find_map(|(id, schedule)| (id == tuple_id).then_some(schedule))
    }

    /// The discharging schedule, the same for each offer, as magnitudes.
    pub const fn discharge(&self) -> Option<&Schedule> {
        self.discharge.as_ref()
    }

    fn add(&mut self, schedule: Schedule) {
        let len = usize::from(self.len);
        if self.charge.iter().take(len).any(|other| *other == schedule) {
            return;
        }
        if let Some(place) = self.charge.get_mut(len) {
            *place = schedule;
            self.len += 1;
        }
    }
}

/// Makes offers, and remembers the last one: a question that is repeated while nothing has changed gets the same
/// answer without another computation.
///
/// ```
/// use exi_codec::{WattHours, Watts};
/// use iso15118_20::GridPermit;
/// use iso15118_20::schedule::{EnergyQuestion, GridCurve, GridStep, Offering, Site};
/// use iso15118_20::service::Direction;
///
/// let steps = [GridStep { from: 0, permit: GridPermit::CHARGE_ONLY }];
/// let most = GridPermit { charge: Watts::new(11, 3), discharge: Watts::ZERO };
/// let site = Site { grid: GridCurve::new(&steps), most };
/// let question = EnergyQuestion {
///     departure: Some(7200),
///     energy: Some(WattHours::new(11, 3)),
///     points: 12,
///     direction: Direction::ChargeOnly,
/// };
/// let mut offering = Offering::default();
/// let offers = *offering.answer(1_000, &site, &question);
/// assert_eq!(offers.get(1).unwrap().power_at(1_000), Watts::new(11, 3));
/// // 11 kWh in two hours need half the power.
/// assert_eq!(offers.get(2).unwrap().power_at(1_000), Watts::new(55, 2));
/// assert_eq!(*offering.answer(1_001, &site, &question), offers);
/// assert_eq!(offering.evaluations(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Offering {
    shapes: [Option<OfferShape>; 3],
    asked: Option<Asked>,
    offers: Offers,
    evaluations: u32,
}

/// What an answer was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    question: EnergyQuestion,
    most: GridPermit,
    grid: u64,
}

impl Default for Offering {
    fn default() -> Self {
        Self::new([Some(OfferShape::Fastest), Some(OfferShape::Spread), Some(OfferShape::Latest)])
    }
}

impl Offering {
    /// Offers of these shapes, in this order. One that comes to the same schedule as another, or lacks a
    /// departure or an energy, is left out; if none is left, [`OfferShape::Fastest`] is the offer.
    pub const fn new(shapes: [Option<OfferShape>; 3]) -> Self {
        Self { shapes, asked: None, offers: Offers::EMPTY, evaluations: 0 }
    }

    /// The offers at a Unix time in seconds.
    ///
    /// The same question within a minute of the first answer, with the same site, is a repetition: the answer
    /// stands, though time has passed.
    pub fn answer(&mut self, now: u64, site: &Site<'_>, question: &EnergyQuestion) -> &Offers {
        let asked = Asked { question: *question, most: site.most, grid: fingerprint(site.grid) };
        let began = self.offers.charge.first().map_or(0, Schedule::start);
        let fresh = (began..=began.saturating_add(REPETITION)).contains(&now);
        if self.asked != Some(asked) || !fresh {
            self.asked = Some(asked);
            self.evaluations = self.evaluations.wrapping_add(1);
            compute(self.shapes, now, site, question, &mut self.offers);
        }
        &self.offers
    }

    /// Forgets the last answer.
    pub fn forget(&mut self) {
        self.asked = None;
    }

    /// How often offers were computed, modulo 2³².
    pub const fn evaluations(&self) -> u32 {
        self.evaluations
    }
}

fn compute(
    shapes: [Option<OfferShape>; 3],
    now: u64,
    site: &Site<'_>,
    question: &EnergyQuestion,
    offers: &mut Offers,
) {
    let horizon = question.departure.unwrap_or(HORIZON).max(1);
    let points = usize::from(question.points).clamp(1, SCHEDULE_ENTRIES);
    let charge = envelope(now, horizon, points, site, |permit| permit.charge);
    let wanted = question.energy.map(Energy::from).filter(|energy| *energy > Energy::ZERO);
    let goal = question.departure.and(wanted);
    *offers = Offers::EMPTY;
    for shape in shapes.into_iter().flatten() {
        match (shape, goal) {
            (OfferShape::Fastest, _) => offers.add(charge),
            (OfferShape::Spread, Some(energy)) => offers.add(spread(charge, energy)),
            (OfferShape::Latest, Some(energy)) => offers.add(latest(charge, energy, points)),
            (_, None) => {}
        }
    }
    if offers.len == 0 {
        offers.add(charge);
    }
    if question.direction == Direction::Bidirectional {
        offers.discharge = Some(envelope(now, horizon, points, site, |permit| permit.discharge));
    }
}

/// What charger and grid allow in one direction.
fn envelope(
    now: u64,
    horizon: u32,
    points: usize,
    site: &Site<'_>,
    of: impl Fn(GridPermit) -> Watts,
) -> Schedule {
    let mut schedule = Schedule::new(now, &[]);
    let end = now.saturating_add(u64::from(horizon));
    let most = of(site.most).abs();
    let (mut time, mut permit) = (now, Watts::ZERO);
    for step in site.grid.0 {
        if step.from >= end {
            break;
        }
        if step.from > time {
            schedule.push_until(&mut time, step.from, permit.min(most), points);
        }
        permit = of(step.permit).max(Watts::ZERO);
    }
    schedule.push_until(&mut time, end, permit.min(most), points);
    schedule
}

/// The lowest cap under which a schedule still gives an energy. If it cannot, it stays as it is.
fn spread(schedule: Schedule, energy: Energy) -> Schedule {
    let mut cap = 0;
    // Each round finds at least one more entry below the cap, or is the last.
    for _ in 0..=SCHEDULE_ENTRIES {
        let (mut given, mut seconds) = (0, 0);
        for entry in schedule.entries() {
            let (power, duration) = (milliwatts(entry.power), i128::from(entry.duration));
            if power < cap || (cap == 0 && power == 0) {
                given += i128::from(power) * duration;
            } else {
                seconds += duration;
            }
        }
        let left = energy.milliwatt_seconds() - given;
        let next =
            if seconds > 0 { i64::try_from((left + seconds - 1) / seconds).unwrap_or(i64::MAX) } else { cap };
        if next <= cap {
            break;
        }
        cap = next;
    }
    // Rounded up, so that the energy is reached.
    schedule.capped(Watts::from_milli(cap, Rounding::Up))
}

/// A schedule without the power that is not needed yet to give an energy by the end.
fn latest(schedule: Schedule, energy: Energy, points: usize) -> Schedule {
    let mut left = energy.milliwatt_seconds();
    let mut late = schedule;
    let len = usize::from(late.len);
    let mut split = None;
    for (index, entry) in late.entries.iter_mut().take(len).enumerate().rev() {
        let power = i128::from(milliwatts(entry.power));
        let needed = if power > 0 && left > 0 { (left + power - 1) / power } else { 0 };
        let seconds = u32::try_from(needed).unwrap_or(u32::MAX).min(entry.duration);
        left -= power * i128::from(seconds);
        if seconds == 0 {
            entry.power = Watts::ZERO;
        } else if seconds < entry.duration {
            split = Some((index, seconds));
        }
    }
    // Rebuilt: neighbours without power become one entry, which makes room for the split.
    let mut rebuilt = Schedule::new(schedule.start, &[]);
    for (index, entry) in late.entries().iter().enumerate() {
        match split {
            Some((at, seconds)) if at == index => {
                let wait = ScheduleEntry { duration: entry.duration - seconds, power: Watts::ZERO };
                rebuilt.push(wait, points);
                rebuilt.push(ScheduleEntry { duration: seconds, ..*entry }, points);
            }
            _ => {
                rebuilt.push(*entry, points);
            }
        }
    }
    // Where there was no room for the split, the entry gives all of its power.
    if total(&rebuilt) < energy.min(total(&schedule)) { late } else { rebuilt }
}

fn total(schedule: &Schedule) -> Energy {
    let curve = PowerCurve::from(schedule);
    curve.energy_between(curve.start(), curve.end())
}

/// FNV-1a of all steps: whether the curve is still the one that an answer was given for.
fn fingerprint(curve: GridCurve<'_>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |word: u64| hash = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    for step in curve.0 {
        mix(step.from);
        for power in [step.permit.charge, step.permit.discharge] {
            mix(milliwatts(power) as u64);
        }
    }
    hash
}
