use exi_codec::{Amperes, Rounding, Volts, Watts};
use proptest::prelude::*;

use super::{DcLimits, FlowLimits, GridPermit, Output};
use crate::service::Direction;

fn watts(w: i32) -> Watts {
    Watts::from_integer(w, Rounding::Nearest)
}

fn amperes(a: i32) -> Amperes {
    Amperes::from_integer(a, Rounding::Nearest)
}

fn flow() -> impl Strategy<Value = FlowLimits> {
    (-20_000i32..200_000, -50i32..600).prop_map(|(power, current)| FlowLimits {
        max_power: watts(power),
        max_current: amperes(current),
        ..FlowLimits::default()
    })
}

fn limits() -> impl Strategy<Value = DcLimits> {
    (flow(), prop::option::of(flow()), 0i16..1000, 0i16..500).prop_map(|(charge, discharge, max, min)| {
        DcLimits { charge, discharge, max_voltage: Volts::new(max, 0), min_voltage: Volts::new(min, 0) }
    })
}

proptest! {
    #[test]
    fn output_never_exceeds_any_limit(
        ends in prop::collection::vec(limits(), 3),
        permit in (0i32..200_000, 0i32..200_000),
        wish in (-200_000i32..200_000, -600i32..600, 0i16..1000),
        bidirectional: bool,
    ) {
        let direction = if bidirectional { Direction::Bidirectional } else { Direction::ChargeOnly };
        let permit = GridPermit { charge: watts(permit.0), discharge: watts(permit.1) };
        let wish = Output { power: watts(wish.0), current: amperes(wish.1), voltage: Volts::new(wish.2, 0) };
        let joint = ends[0].narrowed(&ends[1]).narrowed(&ends[2]).permitted(permit).directed(direction);
        let output = joint.clamp(wish);
        for end in &ends {
            prop_assert!(output.voltage <= end.max_voltage);
            prop_assert!(output.power <= end.charge.max_power.max(Watts::ZERO));
            prop_assert!(output.current <= end.charge.max_current.max(Amperes::ZERO));
            let discharge = end.discharge.unwrap_or_default();
            prop_assert!(output.power >= discharge.max_power.abs().negated());
            prop_assert!(output.current >= discharge.max_current.abs().negated());
        }
        prop_assert!(output.power <= permit.charge && output.power >= permit.discharge.negated());
        prop_assert_eq!(output.power.is_negative(), output.current.is_negative());
        if direction == Direction::ChargeOnly {
            prop_assert!(!output.power.is_negative());
        }
    }
}

#[test]
fn a_wish_of_two_signs_counts_as_discharge() {
    let limits = DcLimits {
        charge: FlowLimits { max_power: watts(10_000), max_current: amperes(20), ..FlowLimits::default() },
        discharge: None,
        max_voltage: Volts::new(500, 0),
        min_voltage: Volts::ZERO,
    };
    let wish = Output { voltage: Volts::new(400, 0), current: amperes(-1), power: watts(5_000) };
    assert!(limits.clamp(wish).is_zero());
}
