//! The vehicle's side: from the offers to a choice and a profile.

use exi_codec::iso20::common_messages::ScheduleTuple;
use exi_codec::iso20::common_types::NumericId;
use exi_codec::{List, WattHours, Watts};

use super::energy::{Energy, milliwatts, watts};
use super::plan::{Goal, Planned, plan};
use super::timeline::{Prices, Timeline};
use super::{PowerCurve, Schedule};
use crate::price::{Cost, Currency, Stay};

/// By how much an offer may begin in the future and still be meant to begin now, s: clocks differ.
const SKEW: u64 = 60;

/// Powers that are tried, the vehicle's own and those just below a dearer band.
const CAPS: usize = 4;

/// What a vehicle wants from its profile, when the energy it needs can be had in more than one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProfilePolicy {
    /// To be done as early as possible, whatever it costs.
    #[default]
    Earliest,
    /// To pay as little as possible; to use the lowest price levels where there are no prices.
    Cheapest,
    /// To cause as little carbon dioxide as possible; where it is not said, to use renewable energy.
    Greenest,
}

/// What the vehicle needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargeNeed {
    /// Now, Unix time in seconds.
    pub now: u64,
    /// Departure, Unix time in seconds. None: when the offer ends.
    pub departure: Option<u64>,
    /// Energy that is wanted, Wh.
    pub energy: WattHours,
    /// Most power the vehicle takes.
    pub max_power: Watts,
    /// Least power at which it charges at all.
    pub min_power: Watts,
}

/// An offer that was chosen, with a profile that stays within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The offer.
    pub tuple: NumericId,
    /// The plan.
    pub profile: Schedule,
    /// What the plan gives: what was wanted, or less than a second's worth more, or less by the shortfall.
    pub energy: Energy,
    /// What is missing.
    pub shortfall: Energy,
    /// When the last energy flows, Unix time in seconds.
    pub end: u64,
    /// What the plan costs until departure, if the offer has a price schedule that makes sense.
    pub cost: Option<Cost>,
    /// `PowerTolerance` of the offer, which the profile has to confirm or not.
    pub tolerance: Option<Watts>,
}

/// Chooses an offer and plans a profile: the most energy up to what is wanted decides first, then the policy, then
/// the earlier end, then the order of the offers.
///
/// Prices that make no sense count as none, and offers without a price come after those with one. Prices in
/// another currency than that of the first priced offer cannot be compared and come last. Discharging is what
/// [`cycle`](super::cycle) adds. The work is a fixed number of passes over the message (for each offer, one plan for the vehicle's power
/// and up to three below the bands of price), and the memory is fixed.
///
/// ```
/// use exi_codec::iso20::common_messages::{
///     ChargingSchedule, PowerSchedule, PowerScheduleEntry, PriceLevelScheduleEntry, PriceSchedule, ScheduleTuple,
/// };
/// use exi_codec::iso20::common_types::NumericId;
/// use exi_codec::{WattHours, Watts};
/// use iso15118_20::price::level_prices;
/// use iso15118_20::schedule::{ChargeNeed, ProfilePolicy, choose};
///
/// let id = NumericId::new(1).unwrap();
/// let power =
///     [PowerScheduleEntry { duration: 7200, power: Watts::new(11, 3), ..PowerScheduleEntry::default() }];
/// let levels = [
///     PriceLevelScheduleEntry { duration: 3600, price_level: 1 },
///     PriceLevelScheduleEntry { duration: 3600, price_level: 0 },
/// ];
/// let tuples = [ScheduleTuple {
///     schedule_tuple_id: id,
///     charging_schedule: ChargingSchedule {
///         power_schedule: PowerSchedule {
///             time_anchor: 1_000,
///             power_schedule_entries: (&power).into(),
///             ..PowerSchedule::default()
///         },
///         price_schedule: Some(PriceSchedule::PriceLevel(level_prices(id, 1_000, &levels))),
///     },
///     discharging_schedule: None,
/// }];
/// let need = ChargeNeed {
///     now: 1_000,
///     departure: Some(8_200),
///     energy: WattHours::new(55, 2),
///     max_power: Watts::new(11, 3),
///     min_power: Watts::ZERO,
/// };
/// let choice = choose(&(&tuples).into(), &need, ProfilePolicy::Cheapest).unwrap();
/// assert_eq!(choice.profile.power_at(1_000), Watts::ZERO);
/// assert_eq!(choice.profile.power_at(4_600), Watts::new(11, 3));
/// assert_eq!(choice.end, 6_400);
/// ```
pub fn choose(
    tuples: &List<'_, ScheduleTuple<'_>>,
    need: &ChargeNeed,
    policy: ProfilePolicy,
) -> Option<Choice> {
    let mut best: Option<(Rank, Choice)> = None;
    let mut reference = None;
    for tuple in tuples {
        let offer = Offer::new(&tuple, need, policy);
        for cap in offer.caps(need).into_iter().flatten() {
            offer.plan(need, cap, &mut reference, &mut best);
        }
    }
    best.map(|(_, choice)| choice)
}

/// The parts of a tuple that a plan is made from.
struct Offer<'a> {
    tuple: NumericId,
    power: PowerCurve<'a>,
    prices: Prices<'a>,
    policy: ProfilePolicy,
    from: u64,
    until: u64,
    goal: Goal,
    tolerance: Option<Watts>,
}

impl<'a> Offer<'a> {
    fn new(tuple: &ScheduleTuple<'a>, need: &ChargeNeed, policy: ProfilePolicy) -> Self {
        let offer = &tuple.charging_schedule;
        let power = PowerCurve::from(&offer.power_schedule);
        let soon = power.start() > need.now && power.start() - need.now <= SKEW;
        let from = if soon { power.start() } else { need.now };
        let until = need.departure.unwrap_or_else(|| power.end());
        let wanted = Energy::from(need.energy).milliwatt_seconds().max(0);
        let available = offer.power_schedule.available_energy;
        let most = available.map_or(i128::MAX, |energy| Energy::from(energy).milliwatt_seconds().max(0));
        Self {
            tuple: tuple.schedule_tuple_id,
            power,
            prices: Prices::new(offer.price_schedule.as_ref()),
            policy,
            from,
            // A profile's pauses are entries, too, and these end with 32 bits.
            until: until.clamp(from, from.saturating_add(u64::from(u32::MAX))),
            goal: Goal { wanted, most },
            tolerance: offer.power_schedule.power_tolerance,
        }
    }

    /// The vehicle's own power and, where less power can be cheaper, those just below the bands of price, in mW.
    fn caps(&self, need: &ChargeNeed) -> [Option<i64>; CAPS] {
        let own = milliwatts(need.max_power).max(0);
        let mut caps = [None; CAPS];
        if let Some(first) = caps.first_mut() {
            *first = Some(own);
        }
        if let (Prices::Absolute(tariff), ProfilePolicy::Cheapest) = (&self.prices, self.policy) {
            tariff.each_edge(self.until, |edge| {
                let cap = milliwatts(watts(edge - 1));
                if cap <= 0 || cap >= own || caps.contains(&Some(cap)) {
                    return;
                }
                if let Some(place) = caps.iter_mut().find(|place| place.is_none()) {
                    *place = Some(cap);
                }
            });
        }
        caps
    }

    /// Makes a plan under a cap, and keeps it if it is the best so far. A function of its own so that stacks stay
    /// small.
    #[inline(never)]
    fn plan(
        &self,
        need: &ChargeNeed,
        cap: i64,
        reference: &mut Option<Currency>,
        best: &mut Option<(Rank, Choice)>,
    ) {
        let planned = plan(
            &Timeline {
                power: self.power,
                prices: &self.prices,
                policy: self.policy,
                from: self.from,
                until: self.until,
                cap,
                least: milliwatts(need.min_power).max(0),
            },
            self.goal,
        );
        let cost = match &self.prices {
            Prices::Absolute(tariff) => {
                let stay = Stay { power: PowerCurve::from(&planned.profile), departure: need.departure };
                tariff.cost(&stay).ok()
            }
            _ => None,
        };
        let rank = self.rank(&planned, cost.as_ref(), reference);
        if best.as_ref().is_some_and(|(other, _)| rank >= *other) {
            return;
        }
        let choice = Choice {
            tuple: self.tuple,
            profile: planned.profile,
            energy: Energy::from_milliwatt_seconds(planned.energy),
            shortfall: rank.shortfall,
            end: planned.end,
            cost,
            tolerance: self.tolerance,
        };
        *best = Some((rank, choice));
    }

    fn rank(&self, planned: &Planned, cost: Option<&Cost>, reference: &mut Option<Currency>) -> Rank {
        let currency = cost.map(|cost| cost.currency);
        *reference = reference.or(currency);
        let (class, metric) = match (self.policy, &self.prices, cost) {
            (ProfilePolicy::Earliest, ..) => (0, 0),
            (ProfilePolicy::Greenest, Prices::Absolute(_), _) => (0, planned.score),
            (ProfilePolicy::Greenest, ..) => (1, 0),
            (ProfilePolicy::Cheapest, _, Some(cost)) if currency == *reference => {
                (0, i128::from(cost.total.nano()))
            }
            (ProfilePolicy::Cheapest, _, Some(_)) => (3, 0),
            (ProfilePolicy::Cheapest, Prices::Levels(_), _) => (1, planned.score),
            (ProfilePolicy::Cheapest, ..) => (2, 0),
        };
        let wanted = Energy::from_milliwatt_seconds(self.goal.wanted);
        let shortfall = wanted.beyond(Energy::from_milliwatt_seconds(planned.energy));
        Rank { shortfall, class, metric, end: planned.end }
    }
}

/// Less is better, from the first field on.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    shortfall: Energy,
    class: u8,
    metric: i128,
    end: u64,
}
