//! An absolute price schedule that was found valid.

use exi_codec::iso20::common_messages::{
    AbsolutePriceSchedule, AdditionalService, OverstayRuleList, PriceRule, PriceRuleStack, TaxRule,
};
use exi_codec::{Iter, List, RationalNumber, Rounding};

use super::band::Bands;
use super::tax;
use super::{Currency, Flow, Money, PriceAlgorithm, PriceError, divide};
use crate::schedule::{Cursor, Part, Span, unix_seconds};

/// What holds at times that the stacks do not cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uncovered {
    /// The nearest stack: the first one before the start, the last one after the end. Nothing becomes free by
    /// leaving it out.
    #[default]
    Nearest,
    /// Nothing costs anything.
    Free,
    /// The evaluation fails with [`PriceError::Uncovered`].
    Refuse,
}

/// Which peak counts for [`PriceAlgorithm::PeakPower`]; sources do not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeakScope {
    /// The highest power of the whole profile, which so prices energy from before it too.
    #[default]
    Profile,
    /// The highest power so far: it prices what comes from then on.
    SoFar,
}

/// An `AbsolutePriceSchedule` that was found valid, for one direction of energy.
///
/// Stacks run consecutively from `TimeAnchor`, in seconds. Fees are per kWh. What the standard leaves open is
/// decided by [`Uncovered`] and [`PeakScope`] and described at [`cost`](Self::cost).
#[derive(Clone, Copy, Debug)]
pub struct Tariff<'a> {
    pub(super) flow: Flow,
    pub(super) algorithm: PriceAlgorithm,
    pub(super) currency: Currency,
    pub(super) uncovered: Uncovered,
    pub(super) peak: PeakScope,
    start: u64,
    stacks: List<'a, PriceRuleStack<'a>>,
    pub(super) minimum: Option<Money>,
    pub(super) maximum: Option<Money>,
    pub(super) taxes: List<'a, TaxRule<'a>>,
    pub(super) overstay: Option<OverstayRuleList<'a>>,
    pub(super) services: List<'a, AdditionalService<'a>>,
}

impl<'a> Tariff<'a> {
    /// Checks a price schedule in one pass over it.
    ///
    /// # Errors
    /// The first thing that is wrong: see [`PriceError`].
    pub fn new(schedule: &AbsolutePriceSchedule<'a>, flow: Flow) -> Result<Self, PriceError> {
        let algorithm =
            PriceAlgorithm::from_urn(&schedule.price_algorithm).ok_or(PriceError::UnknownAlgorithm)?;
        let currency = Currency::from_code(&schedule.currency).ok_or(PriceError::Currency)?;
        let (minimum, maximum) = (money(schedule.minimum_cost)?, money(schedule.maximum_cost)?);
        if minimum.zip(maximum).is_some_and(|(minimum, maximum)| minimum > maximum) {
            return Err(PriceError::Bounds);
        }
        let tariff = Self {
            flow,
            algorithm,
            currency,
            uncovered: Uncovered::default(),
            peak: PeakScope::default(),
            start: unix_seconds(schedule.time_anchor),
            stacks: schedule.price_rule_stacks,
            minimum,
            maximum,
            taxes: schedule.tax_rules.unwrap_or_default(),
            overstay: schedule.overstay_rules,
            services: schedule.additional_selected_services.unwrap_or_default(),
        };
        tariff.check()?;
        Ok(tariff)
    }

    /// The tariff with another treatment of times that no stack covers.
    #[must_use]
    pub const fn with_uncovered(self, uncovered: Uncovered) -> Self {
        Self { uncovered, ..self }
    }

    /// The tariff with another meaning of the peak.
    #[must_use]
    pub const fn with_peak(self, peak: PeakScope) -> Self {
        Self { peak, ..self }
    }

    /// The currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> PriceAlgorithm {
        self.algorithm
    }

    /// Start of the first stack, Unix time in seconds.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// End of the last stack, Unix time in seconds.
    pub fn end(&self) -> u64 {
        self.stacks.iter().fold(self.start, |end, stack| end.saturating_add(u64::from(stack.duration)))
    }

    fn check(&self) -> Result<(), PriceError> {
        let mut lasts = false;
        for (index, stack) in self.stacks.iter().enumerate() {
            Bands::new(stack.price_rule, self.flow).check(index as u16)?;
            lasts |= stack.duration > 0;
        }
        if !lasts {
            return Err(PriceError::Empty);
        }
        for rule in &self.taxes {
            tax::rate(&rule)?;
        }
        let mut last = None;
        for (index, rule) in self.overstay.iter().flat_map(|list| list.overstay_rule.iter()).enumerate() {
            if last.is_some_and(|last| rule.start_time <= last) {
                return Err(PriceError::OverstayOrder { rule: index as u8 });
            }
            last = Some(rule.start_time);
            money(Some(rule.overstay_fee))?;
        }
        for service in &self.services {
            money(Some(service.service_fee))?;
        }
        Ok(())
    }

    pub(crate) fn cursor(&self) -> StackCursor<'a> {
        Cursor::new(self.start, StackSteps(self.stacks.iter()))
    }

    /// The bands that hold in a span of the stacks; none where nothing costs anything.
    pub(crate) fn bands(
        &self,
        span: &Span<List<'a, PriceRule>>,
        at: u64,
    ) -> Result<Option<Bands<'a>>, PriceError> {
        let rules = match (self.uncovered, span.part) {
            (Uncovered::Nearest, _) | (_, Part::Within) => span.value,
            (Uncovered::Free, _) => None,
            (Uncovered::Refuse, _) => return Err(PriceError::Uncovered { at }),
        };
        Ok(rules.map(|rules| Bands::new(rules, self.flow)))
    }

    /// Calls `each` with the start, in mW, of every band above zero in a stack that begins before `until`.
    pub(crate) fn each_edge(&self, until: u64, mut each: impl FnMut(i64)) {
        let mut begin = self.start;
        for (index, stack) in self.stacks.iter().enumerate() {
            if index > 0 && begin >= until {
                break;
            }
            begin = begin.saturating_add(u64::from(stack.duration));
            let bands = Bands::new(stack.price_rule, self.flow);
            bands.iter().map(|band| band.from).filter(|from| *from > 0).for_each(&mut each);
        }
    }

    /// The average fee per kWh at a power in mW if the peak is no higher.
    pub(crate) fn fee(&self, bands: &Bands<'a>, power: i64, peak: i64) -> Result<Money, PriceError> {
        let single = |power| bands.of(power).map_or(Ok(Money::ZERO), |band| band.fee());
        match self.algorithm {
            PriceAlgorithm::Power => single(power),
            PriceAlgorithm::PeakPower => single(peak),
            PriceAlgorithm::StackedEnergy if power <= 0 => single(0),
            PriceAlgorithm::StackedEnergy => {
                let mut sum = 0_i128;
                bands.split(power, |band, part| {
                    sum += i128::from(band.fee()?.nano()) * i128::from(part);
                    Ok(())
                })?;
                Money::narrowed(divide(sum, i128::from(power), Rounding::Down)).ok_or(PriceError::Overflow)
            }
        }
    }
}

pub(super) fn money(amount: Option<RationalNumber>) -> Result<Option<Money>, PriceError> {
    amount.map(|amount| Money::from_rational(amount).ok_or(PriceError::Overflow)).transpose()
}

pub(crate) type StackCursor<'a> = Cursor<List<'a, PriceRule>, StackSteps<'a>>;

/// Duration and rules, stack by stack.
pub(crate) struct StackSteps<'a>(Iter<'a, PriceRuleStack<'a>>);

impl<'a> Iterator for StackSteps<'a> {
    type Item = (u32, List<'a, PriceRule>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|stack| (stack.duration, stack.price_rule))
    }
}
