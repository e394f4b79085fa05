//! Forms against a naive model, which reads items bit by bit and compares what they are made of.

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::{Form, Run};
use crate::bits::{Layout, Part};

const RULE: Layout = &[(1, Part::Decimal), (3, Part::Integer(4)), (2, Part::Bits(8)), (1, Part::Decimal)];
const ENTRY: Layout = &[(1, Part::Integer(4)), (1, Part::Decimal), (3, Part::Decimal), (2, Part::Integer(2))];
const STACK: Layout = &[(1, Part::Integer(4)), (1, Part::List(3, RULE))];

/// Width of the event code between two items.
const CODE: u32 = 2;

/// Reads one bit after the other.
struct Model<'a> {
    data: &'a [u8],
    pos: usize,
    /// Event codes and lengths of integers: items of one form have the same.
    shape: Vec<u64>,
}

impl<'a> Model<'a> {
    const fn at(data: &'a [u8], pos: usize) -> Self {
        Self { data, pos, shape: Vec::new() }
    }

    fn take(&mut self, count: u32) -> Option<u64> {
        let mut value = 0;
        for _ in 0..count {
            let octet = self.data.get(self.pos / 8)?;
            value = value << 1 | u64::from(octet >> (7 - self.pos % 8) & 1);
            self.pos += 1;
        }
        Some(value)
    }

    fn zeros(&mut self, count: u32) -> Option<()> {
        (self.take(count)? == 0).then_some(())
    }

    fn event(&mut self, productions: u32) -> Option<u64> {
        let code = self.take(u32::BITS - productions.leading_zeros())?;
        self.shape.push(code);
        (code < u64::from(productions)).then_some(code)
    }

    /// An integer of at most so many octets, not longer than it needs to be.
    fn integer(&mut self, limit: u32) -> Option<()> {
        for octets in 1..=limit {
            let octet = self.take(8)?;
            if octet < 0x80 {
                self.shape.push(u64::from(octets));
                return (octets == 1 || octet > 0).then_some(());
            }
        }
        None
    }

    fn content(&mut self, layout: Layout) -> Option<()> {
        let mut rest = layout;
        while let Some((productions, _)) = rest.first() {
            let code = self.event(*productions)?;
            let Some(((_, part), others)) = rest.get(code as usize..)?.split_first() else { return Some(()) };
            rest = others;
            match *part {
                Part::Integer(limit) => {
                    self.zeros(1)?;
                    self.integer(limit)?;
                    self.zeros(1)?;
                }
                Part::Decimal => {
                    self.zeros(2)?;
                    self.take(8)?;
                    self.zeros(3)?;
                    self.take(1)?;
                    self.integer(2)?;
                    self.zeros(2)?;
                }
                Part::Bits(bits) => {
                    self.zeros(1)?;
                    self.take(bits)?;
                    self.zeros(1)?;
                }
                Part::List(max, items) => {
                    for _ in 1..max {
                        self.content(items)?;
                        if self.event(2)? == 1 {
                            return Some(());
                        }
                    }
                    self.content(items)?;
                }
            }
        }
        self.zeros(1)
    }

    /// Items of this shape, as [`Form::run`] finds them.
    fn run(data: &[u8], mut pos: usize, layout: Layout, shape: &[u64], limit: u32) -> Run {
        let mut followed = 0;
        loop {
            let mut model = Model::at(data, pos);
            let item = model.content(layout).filter(|()| model.shape == shape);
            let Some(code) = item.and_then(|()| model.take(CODE)) else {
                return Run { followed, one_more: false };
            };
            if code > 0 || followed == limit {
                return Run { followed, one_more: true };
            }
            followed += 1;
            pos = model.pos;
        }
    }
}

/// Writes items with the choices and the values that it is given.
struct Maker<'a> {
    bits: Vec<bool>,
    choices: Vec<u8>,
    values: &'a mut dyn Iterator<Item = u64>,
}

impl Maker<'_> {
    fn put(&mut self, value: u64, width: u32) {
        self.bits.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
    }

    fn choose(&mut self, count: u32) -> u32 {
        u32::from(self.choices.pop().unwrap_or_default()) % count
    }

    fn value(&mut self) -> u64 {
        self.values.next().unwrap_or_default()
    }

    fn integer(&mut self, limit: u32) {
        let octets = 1 + self.choose(limit);
        for octet in 1..=octets {
            let value = self.value();
            // Now and then longer than it needs to be.
            let last = if (value >> 8).is_multiple_of(16) { 0 } else { (value & 0x7F).max(1) };
            self.put(if octet < octets { value & 0x7F | 0x80 } else { last }, 8);
        }
    }

    fn content(&mut self, layout: Layout) {
        let mut index = 0;
        while let Some((productions, _)) = layout.get(index) {
            let code = self.choose(*productions);
            self.put(u64::from(code), u32::BITS - productions.leading_zeros());
            index += code as usize;
            match layout.get(index) {
                None => return,
                Some((_, Part::Integer(limit))) => {
                    self.put(0, 1);
                    self.integer(*limit);
                    self.put(0, 1);
                }
                Some((_, Part::Decimal)) => {
                    let value = self.value();
                    self.put(value & 0xFF, 10);
                    self.put(value >> 8 & 1, 4);
                    self.integer(2);
                    self.put(0, 2);
                }
                Some((_, Part::Bits(bits))) => {
                    let value = self.value() & ((1 << bits) - 1);
                    self.put(value << 1, bits + 2);
                }
                Some((_, Part::List(max, items))) => {
                    let count = 1 + self.choose(u32::from(*max));
                    for item in 1..=count {
                        self.content(items);
                        if item < u32::from(*max) {
                            self.put(u64::from(item == count), 2);
                        }
                    }
                    if count < u32::from(*max) {
                        return;
                    }
                }
            }
            index += 1;
        }
        self.put(0, 1);
    }
}

#[derive(Debug, Clone)]
struct Case {
    layout: Layout,
    data: Vec<u8>,
    start: usize,
}

/// Items of mostly one form from any bit on, and what comes after them; a few bits are damaged, or the end is cut off.
fn case() -> impl Strategy<Value = Case> {
    let choices = || prop::collection::vec(any::<u8>(), 40);
    (
        prop::sample::select(vec![RULE, ENTRY, STACK]),
        (choices(), choices()),
        prop::collection::vec(prop::bool::weighted(0.9), 1..12),
        prop::collection::vec(any::<u64>(), 64),
        0_usize..8,
        prop::collection::vec(any::<u8>(), 0..24),
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        prop::option::weighted(0.2, any::<prop::sample::Index>()),
    )
        .prop_map(|(layout, (usual, other), items, values, start, tail, flips, cut)| {
            let values = &mut values.iter().copied().cycle();
            let mut maker = Maker { bits: vec![false; start], choices: Vec::new(), values };
            for (index, is_usual) in items.iter().enumerate() {
                maker.choices.clone_from(if *is_usual { &usual } else { &other });
                maker.content(layout);
                maker.put(u64::from(index + 1 == items.len()), CODE);
            }
            let mut bits = maker.bits;
            for flip in flips {
                let index = flip.index(bits.len());
                bits[index] = !bits[index];
            }
            let mut data = vec![0; bits.len().div_ceil(8)];
            for (index, _) in bits.iter().enumerate().filter(|(_, bit)| **bit) {
                data[index / 8] |= 0x80 >> (index % 8);
            }
            data.extend(tail);
            if let Some(cut) = cut {
                data.truncate(cut.index(data.len()));
            }
            Case { layout, data, start }
        })
}

proptest! {
    #[test]
    fn a_form_is_what_items_of_one_shape_have(case in case(), limit in 0_u32..14) {
        let Case { layout, data, start } = case;
        let mut form = Form::none(CODE);
        form.learn(layout, &data, start);
        let mut model = Model::at(&data, start);
        let valid = model.content(layout).is_some();
        let bits = model.pos - start;
        let run = form.run(&data, start, limit);
        if !valid {
            // Nothing can be learned that what is invalid, or longer than it needs to be, would have.
            prop_assert!(run.is_none_or(|run| run.followed == 0 && !run.one_more));
        } else if let Some(run) = run {
            prop_assert_eq!(run, Model::run(&data, start, layout, &model.shape, limit));
            prop_assert_eq!(form.step as usize, bits + CODE as usize);
        } else {
            prop_assert!(bits > 230, "an item of {} bits has a form", bits);
        }
    }

    #[test]
    fn a_form_of_another_item_fits_what_has_its_shape_only(case in case(), other in case(), limit in 0_u32..14) {
        let mut form = Form::none(CODE);
        form.learn(case.layout, &case.data, case.start);
        let mut model = Model::at(&case.data, case.start);
        if model.content(case.layout).is_some()
            && let Some(run) = form.run(&other.data, other.start, limit)
        {
            prop_assert_eq!(run, Model::run(&other.data, other.start, case.layout, &model.shape, limit));
        }
    }
}
