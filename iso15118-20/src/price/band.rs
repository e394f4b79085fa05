//! The price bands of one stack.

use exi_codec::List;
use exi_codec::iso20::common_messages::PriceRule;

use super::{Flow, Money, PriceError};
use crate::schedule::milliwatts;

/// The rules of a stack that hold for one direction.
///
/// Rules with a start below zero are for discharging, which is priced by these where there are any, else by the
/// others; always by magnitude.
#[derive(Clone, Copy)]
pub(crate) struct Bands<'a> {
    rules: List<'a, PriceRule>,
    side: Side,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    NotNegative,
    Negative,
}

/// A rule with its place.
#[derive(Clone, Copy)]
pub(crate) struct Band {
    /// Where it starts, mW.
    pub from: i64,
    /// Its place in the stack.
    pub index: u8,
    pub rule: PriceRule,
}

impl Band {
    /// The fee for a kWh.
    pub(crate) fn fee(&self) -> Result<Money, PriceError> {
        Money::from_rational(self.rule.energy_fee).ok_or(PriceError::Overflow)
    }
}

impl<'a> Bands<'a> {
    pub(crate) fn new(rules: List<'a, PriceRule>, flow: Flow) -> Self {
        let negative = |rule: PriceRule| rule.power_range_start.is_negative();
        let side = if flow == Flow::Discharge && rules.iter().any(negative) {
            Side::Negative
        } else {
            Side::NotNegative
        };
        Self { rules, side }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Band> + use<'a> {
        let side = self.side;
        self.rules.iter().enumerate().filter_map(move |(index, rule)| {
            let own = if rule.power_range_start.is_negative() { Side::Negative } else { Side::NotNegative };
            let from = milliwatts(rule.power_range_start).saturating_abs();
            (own == side).then_some(Band { from, index: index as u8, rule })
        })
    }

    /// The band that a power, a magnitude in mW, is in. A start belongs to the band that starts there, and below
    /// the first one the first one holds.
    pub(crate) fn of(&self, power: i64) -> Option<Band> {
        let mut found = None;
        for band in self.iter() {
            if found.is_some() && band.from > power {
                break;
            }
            found = Some(band);
        }
        found
    }

    /// Calls `each` with every band and the part of a power, in mW, that lies in it.
    pub(crate) fn split(
        &self,
        power: i64,
        mut each: impl FnMut(Band, i64) -> Result<(), PriceError>,
    ) -> Result<(), PriceError> {
        let mut bands = self.iter();
        let Some(mut band) = bands.next() else { return Ok(()) };
        let mut from = 0;
        for next in bands {
            if next.from >= power {
                break;
            }
            each(band, next.from - from)?;
            (band, from) = (next, next.from);
        }
        each(band, power - from)
    }

    pub(crate) fn check(&self, stack: u16) -> Result<(), PriceError> {
        let mut last = None;
        for band in self.iter() {
            match last {
                None if band.from > 0 && self.side == Side::NotNegative => {
                    return Err(PriceError::NoBaseRule { stack });
                }
                Some(last) if band.from <= last => {
                    return Err(PriceError::BandOrder { stack, rule: band.index });
                }
                _ => last = Some(band.from),
            }
            band.fee()?;
            if let Some(fee) = band.rule.parking_fee {
                Money::from_rational(fee).ok_or(PriceError::Overflow)?;
            }
        }
        if last.is_none() { Err(PriceError::NoBaseRule { stack }) } else { Ok(()) }
    }
}
