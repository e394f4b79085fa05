//! What an index and the forms of items must not change: any message reads as it does field by field.

use exi_codec::iso20::common_messages::{
    AbsolutePriceSchedule, ChargingSchedule, Message, Parameter, ParameterSet, ParameterValue, PowerSchedule,
    PowerScheduleEntry, PriceRule, PriceRuleStack, PriceSchedule, ScheduleExchangeRes, ScheduleTuple,
    SeResControlMode, ServiceDetailRes, TaxRule,
};
use exi_codec::iso20::common_types::MessageHeader;
use exi_codec::{
    EmptyText, Index, List, Place, RationalNumber, Str, Watts, decode, decode_indexed, encode, encode_with,
};
use proptest::prelude::*;

const HEADER: MessageHeader<'static> =
    MessageHeader { session_id: [1, 2, 3, 4, 5, 6, 7, 8], time_stamp: 1_700_000_000, signature: None };

fn number() -> impl Strategy<Value = RationalNumber> {
    let value = prop_oneof![3 => 200_i16..2000, 1 => -200_i16..200, 1 => any::<i16>()];
    (value, -4_i8..4).prop_map(|(value, exponent)| RationalNumber::new(value, exponent))
}

fn rule() -> impl Strategy<Value = PriceRule> {
    let option = |weight| prop::option::weighted(weight, number());
    (
        number(),
        option(0.2),
        prop::option::weighted(0.2, any::<u32>()),
        prop::option::weighted(0.2, any::<u16>()),
        number(),
    )
        .prop_map(|(energy_fee, parking_fee, parking_fee_period, carbon_dioxide_emission, start)| {
            let (value, exponent) = start.parts();
            PriceRule {
                energy_fee,
                parking_fee,
                parking_fee_period,
                carbon_dioxide_emission,
                renewable_generation_percentage: parking_fee_period.map(|period| period as u8),
                power_range_start: Watts::new(value, exponent),
            }
        })
}

/// Stacks of rules, mostly of one form, or all of one with an exception at most.
fn stacks() -> impl Strategy<Value = Vec<(u32, Vec<PriceRule>)>> {
    let duration = || prop_oneof![3 => 128_u32..16_000, 1 => any::<u32>()];
    let stack = move || (duration(), prop::collection::vec(rule(), 1..4));
    let mixed = prop::collection::vec(stack(), 1..12);
    let alike = (stack(), 1_usize..12, prop::option::of((stack(), any::<prop::sample::Index>()))).prop_map(
        |(stack, count, exception)| {
            let mut stacks = vec![stack; count];
            if let Some((stack, index)) = exception {
                stacks[index.index(count)] = stack;
            }
            for (index, (duration, _)) in stacks.iter_mut().enumerate() {
                // Another value in as many octets.
                *duration ^= index as u32 & 7;
            }
            stacks
        },
    );
    prop_oneof![mixed, alike]
}

fn entries() -> impl Strategy<Value = Vec<PowerScheduleEntry>> {
    let entry = (128_u32..20_000, number(), prop::option::weighted(0.2, number())).prop_map(
        |(duration, power, l2)| {
            let watts = |number: RationalNumber| Watts::new(number.parts().0, number.parts().1);
            PowerScheduleEntry { duration, power: watts(power), power_l2: l2.map(watts), power_l3: None }
        },
    );
    prop::collection::vec(entry, 1..20)
}

/// Encodes a response with so many tuples, all of this content.
fn response(
    tuples: usize,
    time_anchor: u64,
    entries: &[PowerScheduleEntry],
    stacks: &[(u32, Vec<PriceRule>)],
    description: &str,
    empty: EmptyText,
) -> Vec<u8> {
    let stacks: Vec<_> = stacks
        .iter()
        .map(|(duration, rules)| PriceRuleStack { duration: *duration, price_rule: List::new(rules) })
        .collect();
    let taxes = [TaxRule { tax_rule_name: Some(description.into()), ..TaxRule::default() }];
    let schedule = AbsolutePriceSchedule {
        id: Some("price".into()),
        time_anchor,
        price_schedule_description: Some(description.into()),
        currency: "EUR".into(),
        language: "deu".into(),
        price_algorithm: "power".into(),
        tax_rules: Some(List::new(&taxes)),
        price_rule_stacks: List::new(&stacks),
        ..AbsolutePriceSchedule::default()
    };
    let power =
        PowerSchedule { time_anchor, power_schedule_entries: List::new(entries), ..PowerSchedule::default() };
    let charging = ChargingSchedule {
        power_schedule: power,
        price_schedule: Some(PriceSchedule::AbsolutePrice(schedule)),
    };
    let tuple = ScheduleTuple {
        charging_schedule: charging,
        discharging_schedule: Some(charging),
        ..ScheduleTuple::default()
    };
    let tuples = vec![tuple; tuples];
    let message = ScheduleExchangeRes {
        header: HEADER,
        control_mode: SeResControlMode::Scheduled(List::new(&tuples)),
        ..ScheduleExchangeRes::default()
    };
    let mut out = vec![0; 1 << 16];
    let length = encode_with(&message, &mut out, empty).expect("valid");
    out.truncate(length);
    out
}

/// Whether the message is the same with indexes of several sizes as it is without one; the debug form visits all values.
fn same(wire: &[u8]) -> Result<(), TestCaseError> {
    let plain = decode::<Message<'_>>(wire);
    let text = format!("{plain:?}");
    let (mut none, mut few, mut many) = (Index::<0>::new(), Index::<5>::new(), Index::<512>::new());
    let indexed = [
        decode_indexed::<Message<'_>, _>(wire, &mut none),
        decode_indexed::<Message<'_>, _>(wire, &mut few),
        decode_indexed::<Message<'_>, _>(wire, &mut many),
    ];
    for message in indexed {
        prop_assert_eq!(&message, &plain);
        prop_assert_eq!(format!("{message:?}"), text.as_str());
    }
    Ok(())
}

fn places<'a>(message: &ScheduleExchangeRes<'a>) -> Vec<Place<'a>> {
    let SeResControlMode::Scheduled(tuples) = message.control_mode else { panic!("scheduled") };
    let schedules =
        tuples.iter().flat_map(|tuple| [Some(tuple.charging_schedule), tuple.discharging_schedule]);
    let prices = schedules.flatten().filter_map(|schedule| schedule.price_schedule);
    prices
        .filter_map(|price| match price {
            PriceSchedule::AbsolutePrice(schedule) => Some(schedule.place),
            PriceSchedule::PriceLevel(_) => None,
        })
        .collect()
}

proptest! {
    #[test]
    fn lists_in_lists_read_the_same(
        tuples in 1_usize..4,
        time in any::<(u64, u8)>().prop_map(|(time, shift)| time >> (shift % 64)),
        entries in entries(),
        stacks in stacks(),
        description in "[ -~]{0,40}|\\PC{0,12}",
    ) {
        let wire = response(tuples, time, &entries, &stacks, &description, EmptyText::AsCharacters);
        same(&wire)?;
        let message = decode::<ScheduleExchangeRes<'_>>(&wire).expect("valid");
        let SeResControlMode::Scheduled(tuples) = message.control_mode else { panic!("scheduled") };
        let last = tuples.iter().last().expect("one at least").charging_schedule;
        prop_assert!(last.power_schedule.power_schedule_entries.iter().eq(entries.iter().copied()));
        let Some(PriceSchedule::AbsolutePrice(price)) = last.price_schedule else { panic!("absolute prices") };
        prop_assert_eq!(price.price_schedule_description, Some(Str::new(&description)));
        let read = price.price_rule_stacks.iter().map(|stack| (stack.duration, stack.price_rule.iter().collect::<Vec<_>>()));
        prop_assert!(read.eq(stacks.iter().cloned()));
    }

    #[test]
    fn damage_is_judged_the_same(
        entries in entries(),
        stacks in stacks(),
        flips in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let wire = response(2, 1_700_000_000, &entries, &stacks, "tariff", EmptyText::AsCharacters);
        same(&wire[..cut.index(wire.len())])?;
        let mut damaged = wire;
        for flip in flips {
            let bit = flip.index(damaged.len() * 8);
            damaged[bit / 8] ^= 0x80 >> (bit % 8);
        }
        same(&damaged)?;
    }

    #[test]
    fn what_was_not_canonical_stays_so(entries in entries(), stacks in stacks()) {
        // An empty description that is left out shifts nothing but itself.
        for (empty, canonical) in [(EmptyText::AsCharacters, true), (EmptyText::AsEndElement, false)] {
            let wire = response(2, 1_700_000_000, &entries, &stacks, "", empty);
            same(&wire)?;
            let mut index = Index::<512>::new();
            let plain = decode::<ScheduleExchangeRes<'_>>(&wire).expect("valid");
            let indexed = decode_indexed::<ScheduleExchangeRes<'_>, _>(&wire, &mut index).expect("valid");
            for (plain, indexed) in places(&plain).into_iter().zip(places(&indexed)) {
                prop_assert!(plain.is_canonical() == canonical && indexed.is_canonical() == canonical);
                prop_assert_eq!(plain.bits(), indexed.bits());
            }
            prop_assert_eq!(places(&indexed).len(), 4);
        }
    }

    #[test]
    fn parameters_of_any_kind_read_the_same(
        values in prop::collection::vec((any::<i32>(), "[a-zA-Z]{0,80}|\\PC{0,8}", 0_u8..4), 1..32),
        sets in 1_usize..33,
    ) {
        let parameters: Vec<Parameter<'_>> = values
            .iter()
            .map(|(number, text, kind)| Parameter {
                name: Str::new(text),
                value: match kind {
                    0 => ParameterValue::BoolValue(*number > 0),
                    1 => ParameterValue::IntValue(*number),
                    2 => ParameterValue::ShortValue(*number as i16),
                    _ => ParameterValue::ByteValue(*number as i8),
                },
            })
            .collect();
        let set = ParameterSet { parameter_set_id: 1, parameter: List::new(&parameters) };
        let sets = vec![set; sets];
        let message = ServiceDetailRes { header: HEADER, service_parameter_list: List::new(&sets), ..ServiceDetailRes::default() };
        let mut out = vec![0; 1 << 19];
        let length = encode(&message, &mut out).expect("valid");
        same(&out[..length])?;
        let read = decode::<ServiceDetailRes<'_>>(&out[..length]).expect("valid");
        prop_assert!(read.service_parameter_list.iter().all(|read| read.parameter.iter().eq(parameters.iter().copied())));
    }
}

#[test]
fn an_index_can_be_lent_again() {
    let mut index = Index::<8>::default();
    for tuples in 1..4 {
        let stacks = [(900, vec![PriceRule::default(); 2]), (900, vec![PriceRule::default()])];
        let wire = response(
            tuples,
            u64::MAX,
            &[PowerScheduleEntry::default()],
            &stacks,
            "again",
            EmptyText::AsCharacters,
        );
        let message: Message<'_> = decode_indexed(&wire, &mut index).expect("valid");
        assert_eq!(Ok(message), decode(&wire));
    }
}
