//! What scenarios change is seen on the wire: in the messages of the session, not only in how it ends.

mod common;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};
use std::thread::JoinHandle;

use common::v2g;
use exi_codec::iso20::common_messages::{
    ParameterValue, PowerScheduleEntry, PriceSchedule, SeResControlMode, ServiceDetailRes,
};
use exi_codec::iso20::common_types::{Processing, Receipt, ResponseCode};
use exi_codec::iso20::{ac, dc};
use exi_codec::{RationalNumber, Rounding, Watts};
use iso15118_20::message::{Request, Response};
use serde_json::Value;
use v2gtp::{PayloadType, SchemaSet};

/// The talk of a session as the vehicle has it, in order.
struct Talk {
    family: SchemaSet,
    /// Seconds since the connection, and the message.
    messages: Vec<(f64, PayloadType, Vec<u8>)>,
    /// Events as `side: event detail`.
    events: Vec<String>,
}

const SCENARIOS: [(&str, SchemaSet); 11] = [
    ("change-of-service", SchemaSet::Dc),
    ("charger-settles", SchemaSet::Dc),
    ("exchange", SchemaSet::Dc),
    ("own-way-out", SchemaSet::Ac),
    ("parking", SchemaSet::Ac),
    ("price-levels", SchemaSet::Ac),
    ("quarter-hours", SchemaSet::Ac),
    ("ramp", SchemaSet::Ac),
    ("receipt", SchemaSet::Dc),
    ("stuck-converter", SchemaSet::Ac),
    ("waiting-for-customer", SchemaSet::Ac),
];

type Runs = HashMap<&'static str, JoinHandle<Talk>>;

/// All of them at once: they mostly wait.
static RUNS: LazyLock<Mutex<Runs>> = LazyLock::new(|| {
    let start = |(name, family)| (name, std::thread::spawn(move || Talk::of_file(name, family)));
    Mutex::new(SCENARIOS.into_iter().map(start).collect())
});

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

impl Talk {
    /// The talk of a scenario of the project, each to be had once.
    fn of(name: &str) -> Self {
        let run = RUNS.lock().unwrap().remove(name);
        run.unwrap().join().unwrap()
    }

    fn of_file(name: &str, family: SchemaSet) -> Self {
        let path = format!("{}/../examples/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        Self::run(&["--scenario", &path], name, family)
    }

    fn run(options: &[&str], name: &str, family: SchemaSet) -> Self {
        let trace = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("wire-{name}.jsonl"));
        let usual = ["session", "--json", "--trace", trace.to_str().unwrap()];
        let run = v2g(&[&usual, options].concat(), b"");
        assert_eq!(run.status, 0, "{name}: {}\n{}", run.stderr, run.stdout);
        let text = std::fs::read_to_string(trace).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let messages = lines
            .iter()
            .filter(|line| line["what"] == "message" && line["side"] == "vehicle")
            .map(|line| {
                let payload_type = u16::from_str_radix(&word(&line["payload_type"]), 16).unwrap();
                (line["t"].as_f64().unwrap(), PayloadType::from(payload_type), bytes(&word(&line["exi"])))
            })
            .collect();
        let events = lines
            .iter()
            .filter(|line| line["what"] == "event")
            .map(|line| {
                format!("{}: {} {}", word(&line["side"]), word(&line["event"]), word(&line["detail"]))
            })
            .collect();
        Self { family, messages, events }
    }

    fn requests<T>(&self, mut pick: impl FnMut(f64, &Request<'_>) -> Option<T>) -> Vec<T> {
        let messages = self.messages.iter();
        messages
            .filter_map(|(at, kind, exi)| Some((*at, Request::decode(*kind, self.family, exi).ok()?)))
            .filter_map(|(at, request)| pick(at, &request))
            .collect()
    }

    fn responses<T>(&self, mut pick: impl FnMut(f64, &Response<'_>) -> Option<T>) -> Vec<T> {
        let messages = self.messages.iter();
        messages
            .filter_map(|(at, kind, exi)| Some((*at, Response::decode(*kind, self.family, exi).ok()?)))
            .filter_map(|(at, response)| pick(at, &response))
            .collect()
    }

    /// A parameter in each set of the energy service that was asked about.
    fn parameter(&self, name: &str) -> Vec<String> {
        let of = |m: &ServiceDetailRes<'_>| -> Vec<String> {
            let sets = m.service_parameter_list.iter();
            sets.flat_map(|set| set.parameter.iter().collect::<Vec<_>>())
                .filter(|parameter| parameter.name == name)
                .map(|parameter| match parameter.value {
                    ParameterValue::IntValue(value) => value.to_string(),
                    ParameterValue::FiniteString(text) => text.to_string(),
                    other => panic!("{other:?}"),
                })
                .collect()
        };
        let all = self.responses(|_, response| match response {
            Response::ServiceDetailRes(m) if m.service_id < 60 => Some(of(m)),
            _ => None,
        });
        all.into_iter().flatten().collect()
    }

    /// The set that was selected of it, and the value-added services with theirs.
    fn selected(&self) -> Vec<(u16, u16)> {
        let all = self.requests(|_, request| match request {
            Request::ServiceSelectionReq(m) => {
                let energy = m.selected_energy_transfer_service;
                let added = m.selected_vas_list.iter().flat_map(|list| list.iter().collect::<Vec<_>>());
                let all = std::iter::once(energy).chain(added);
                Some(all.map(|service| (service.service_id, service.parameter_set_id)).collect::<Vec<_>>())
            }
            _ => None,
        });
        all.into_iter().flatten().collect()
    }

    /// Charging and discharging schedules of the first announcement: powers and prices.
    fn announced(&self) -> Vec<(Vec<PowerScheduleEntry>, Option<String>)> {
        let all = self.responses(|_, response| {
            let Response::ScheduleExchangeRes(m) = response else { return None };
            let SeResControlMode::Scheduled(tuples) = &m.control_mode else { return None };
            let tuple = tuples.first()?;
            let schedules = std::iter::once(tuple.charging_schedule).chain(tuple.discharging_schedule);
            let schedule = |s: exi_codec::iso20::common_messages::ChargingSchedule<'_>| {
                let entries = s.power_schedule.power_schedule_entries.iter().collect();
                (entries, s.price_schedule.as_ref().map(price_words))
            };
            Some(schedules.map(schedule).collect::<Vec<_>>())
        });
        all.into_iter().next().unwrap_or_default()
    }

    /// The first profile of the vehicle, seconds and W.
    fn profile(&self) -> Vec<(u32, f64)> {
        let all = self.requests(|_, request| match request {
            Request::PowerDeliveryReq(m) => {
                let profile = m.ev_power_profile.as_ref()?;
                let entries = profile.ev_power_profile_entries.iter();
                Some(entries.map(|entry| (entry.duration, watts(entry.power))).collect::<Vec<_>>())
            }
            _ => None,
        });
        all.into_iter().next().unwrap_or_default()
    }
}

fn watts(power: Watts) -> f64 {
    f64::from(i32::try_from(power.to_milli_saturating(Rounding::Nearest)).unwrap()) / 1000.0
}

/// Of all phases.
fn total(phases: [Option<Watts>; 3]) -> f64 {
    phases.into_iter().flatten().map(watts).sum()
}

fn number(rational: RationalNumber) -> f64 {
    rational.to_string().parse().unwrap()
}

fn price_words(price: &PriceSchedule<'_>) -> String {
    match price {
        PriceSchedule::AbsolutePrice(p) => {
            let stacks = p.price_rule_stacks.iter();
            let prices = stacks.map(|stack| number(stack.price_rule.first().unwrap().energy_fee).to_string());
            format!("{} {}", p.currency, prices.collect::<Vec<_>>().join(" "))
        }
        PriceSchedule::PriceLevel(p) => {
            let levels = p.price_level_schedule_entries.iter().map(|entry| entry.price_level.to_string());
            format!("levels {}", levels.collect::<Vec<_>>().join(" "))
        }
    }
}

#[test]
fn a_charger_settles_the_mobility_needs() {
    let talk = Talk::of("charger-settles");
    assert_eq!(talk.parameter("MobilityNeedsMode"), ["2", "1"]);
    assert_eq!(talk.selected(), [(6, 1)]);
    let exchanged = talk.responses(|_, response| match response {
        Response::ScheduleExchangeRes(m) => match m.control_mode {
            SeResControlMode::Dynamic(d) => Some((d.departure_time, d.minimum_soc, d.target_soc)),
            SeResControlMode::Scheduled(_) => None,
        },
        _ => None,
    });
    let percent = |value| exi_codec::iso20::common_types::PercentValue::new(value);
    // The four hours began with the connection.
    let (departure, minimum, target) = exchanged[0];
    assert!((13_000..=14_400).contains(&departure.unwrap()), "{departure:?}");
    assert_eq!((minimum, target), (percent(35), percent(80)));
    let heard = talk.responses(|_, response| match response {
        Response::DcChargeLoopRes(m) => match m.control_mode {
            dc::ClResControlMode::BptDynamic(d) => Some((d.departure_time.unwrap(), d.target_soc)),
            _ => None,
        },
        _ => None,
    });
    // Twelve minutes of the scenario later the tour begins earlier, and for less.
    assert_eq!((heard[0].1, heard.last().unwrap().1), (percent(80), percent(62)));
    assert!(heard[0].0 > 13_000 && heard.last().unwrap().0 < 480, "{heard:?}");
    // From then on the vehicle has the same needs.
    let told = talk.requests(|_, request| match request {
        Request::DcChargeLoopReq(m) => match &m.control_mode {
            dc::ClReqControlMode::BptDynamic(d) => {
                Some((d.departure_time.unwrap(), m.display_parameters?.target_soc))
            }
            _ => None,
        },
        _ => None,
    });
    let (departure, target) = *told.last().unwrap();
    assert!(departure < 480 && target == percent(62), "{told:?}");
}

#[test]
fn a_receipt_names_costs_and_taxes() {
    let talk = Talk::of("receipt");
    let receipt = |receipt: Receipt<'_>| {
        let cost =
            |cost: Option<exi_codec::iso20::common_types::DetailedCost>| cost.map(|c| number(c.amount));
        let taxes = receipt.tax_costs.iter().map(|tax| (tax.tax_rule_id.get(), number(tax.amount)));
        let costs = [receipt.energy_costs, receipt.occupancy_costs, receipt.additional_services_costs];
        (costs.map(cost), taxes.collect::<Vec<_>>())
    };
    let receipts = talk.responses(|_, response| match response {
        Response::DcChargeLoopRes(m) => m.receipt.map(|r| receipt(r.get())),
        _ => None,
    });
    assert!(receipts.len() >= 3, "{receipts:?}");
    let energy: Vec<f64> = receipts.iter().map(|(costs, _)| costs[0].unwrap()).collect();
    assert!(energy[0] < 0.1 && energy[1] > 1.0, "{energy:?}");
    for (costs, taxes) in receipts {
        let sum: f64 = costs.iter().flatten().sum();
        assert_eq!(costs[1..], [Some(1.2), Some(0.5)]);
        let [(1, vat), (2, city)] = taxes[..] else { panic!("{taxes:?}") };
        // As exact as a number of the message.
        assert!((vat - 0.19 * sum).abs() < 1e-3 && (city - 0.025 * sum).abs() < 1e-3, "{sum}: {taxes:?}");
    }
}

#[test]
fn a_ramp_is_announced_and_climbed() {
    let talk = Talk::of("ramp");
    let announced = talk.responses(|_, response| match response {
        Response::AcChargeParameterDiscoveryRes(m) => match m.energy_transfer_mode {
            ac::AcCpdResMode::Ac(l) => l.evse_power_ramp_limitation,
            ac::AcCpdResMode::BptAc(_) => None,
        },
        _ => None,
    });
    let most = talk.requests(|_, request| match request {
        Request::AcChargeParameterDiscoveryReq(m) => match &m.energy_transfer_mode {
            ac::AcCpdReqMode::Ac(l) => Some(total([
                Some(l.ev_maximum_charge_power),
                l.ev_maximum_charge_power_l2,
                l.ev_maximum_charge_power_l3,
            ])),
            ac::AcCpdReqMode::BptAc(_) => None,
        },
        _ => None,
    });
    // Per cent of the vehicle's power in a minute.
    let expected = 2000.0 * 60.0 / most[0] * 100.0;
    assert!((number(announced[0]) / expected - 1.0).abs() < 0.01, "{announced:?}, {expected}");
    let drawn = talk.requests(|at, request| match request {
        Request::AcChargeLoopReq(m) => match &m.control_mode {
            ac::ClReqControlMode::Scheduled(s) => {
                let phases = [
                    Some(s.ev_present_active_power),
                    s.ev_present_active_power_l2,
                    s.ev_present_active_power_l3,
                ];
                Some((at, total(phases)))
            }
            _ => None,
        },
        _ => None,
    });
    let (begin, end) = (drawn[0].0, drawn.last().unwrap().1);
    assert!(end > 8000.0, "{drawn:?}");
    for (at, power) in drawn {
        // What a battery makes of it lags behind by a tick of the simulation.
        assert!(power <= 2000.0 * (at - begin) + 600.0, "{power} W after {} s", at - begin);
    }
}

#[test]
fn a_customer_has_to_act() {
    let talk = Talk::of("waiting-for-customer");
    let processing = talk.responses(|_, response| match response {
        Response::AuthorizationRes(m) => Some((m.response_code, m.evse_processing)),
        _ => None,
    });
    let count = |wanted| processing.iter().filter(|(_, processing)| *processing == wanted).count();
    assert!(count(Processing::OngoingWaitingForCustomerInteraction) >= 3, "{processing:?}");
    assert!(count(Processing::Ongoing) >= 1, "{processing:?}");
    assert_eq!(processing.last(), Some(&(ResponseCode::Ok, Processing::Finished)));
}

#[test]
fn where_nobody_talks_of_prices_there_are_none() {
    let options = ["--service", "ac", "--mode", "scheduled", "--loops", "3"];
    let talk = Talk::run(&options, "no-prices", SchemaSet::Ac);
    assert_eq!(talk.parameter("Pricing"), ["0"]);
    assert_eq!(talk.announced()[0].1, None);
}

#[test]
fn prices_come_by_level() {
    let talk = Talk::of("price-levels");
    assert_eq!(talk.parameter("Pricing"), ["2"]);
    assert_eq!(talk.announced()[0].1.as_deref(), Some("levels 5 1 3"));
    // It waits for the lowest.
    assert_eq!(talk.profile().first().map(|(_, power)| *power), Some(0.0));
}

#[test]
fn prices_come_in_money() {
    let talk = Talk::of_file("tariff", SchemaSet::Ac);
    assert_eq!(talk.parameter("Pricing"), ["1"]);
    assert_eq!(talk.announced()[0].1.as_deref(), Some("EUR 0.45 0.19 0.31"));
}

#[test]
fn energy_leaves_as_both_ends_like_it() {
    let talk = Talk::of("own-way-out");
    assert_eq!(talk.parameter("BPTChannel"), ["1", "2"]);
    assert_eq!(talk.parameter("GeneratorMode"), ["1", "2"]);
    assert_eq!(talk.parameter("GridCodeIslandingDetectionMethod"), ["1", "2"]);
    assert_eq!(talk.selected(), [(5, 2)]);
}

#[test]
fn a_vehicle_plans_to_sell_and_to_buy_back() {
    let talk = Talk::of("exchange");
    let [(_, bought), (_, sold)] = &talk.announced()[..] else { panic!("no way out") };
    assert_eq!(bought.as_deref(), Some("EUR 0.48 0.15 0.25"));
    assert_eq!(sold.as_deref(), Some("EUR 0.4 0.08"));
    // Dear until a quarter past: it gives, and then takes back what it gave and what is lost on the way.
    let profile = talk.profile();
    let energy = |power: fn(f64) -> f64| -> f64 {
        profile.iter().map(|(seconds, watts)| f64::from(*seconds) * power(*watts) / 3600.0).sum()
    };
    let (given, taken) = (energy(|power| (-power).max(0.0)), energy(|power| power.max(0.0)));
    assert!(profile[0].1 < -20_000.0 && given > 4000.0, "{profile:?}");
    assert!((taken * 0.9 - given).abs() < 30.0, "{given} Wh out, {taken} Wh in: {profile:?}");
}

#[test]
fn a_day_of_quarter_hours_is_announced_in_full() {
    let talk = Talk::of("quarter-hours");
    let points = talk.requests(|_, request| match request {
        Request::ScheduleExchangeReq(m) => Some(m.maximum_supporting_points.get()),
        _ => None,
    });
    assert_eq!(points, [96]);
    let entries: Vec<(u32, f64)> =
        talk.announced()[0].0.iter().map(|entry| (entry.duration, watts(entry.power))).collect();
    assert!((95..=96).contains(&entries.len()), "{entries:?}");
    assert!(entries[1..entries.len() - 1].iter().all(|(duration, _)| *duration == 1), "{entries:?}");
    assert!(
        entries.iter().all(|(_, power)| *power >= 4000.0) && entries.iter().any(|(_, power)| *power < 4001.0)
    );
    assert!(talk.profile().len() <= 12, "{:?}", talk.profile());
}

#[test]
fn a_vehicle_that_does_not_follow_is_left_without_power() {
    let talk = Talk::of("stuck-converter");
    let targets = talk.responses(|at, response| match response {
        Response::AcChargeLoopRes(m) => match m.control_mode {
            ac::ClResControlMode::Dynamic(d) => {
                Some((at, d.ack_max_delay, watts(d.evse_target_active_power)))
            }
            _ => None,
        },
        _ => None,
    });
    assert!(targets.iter().all(|(_, delay, _)| *delay == Some(2)), "{targets:?}");
    let lowered = targets.iter().find(|(_, _, target)| *target <= 4000.0).unwrap().0;
    let stops = talk.requests(|at, request| match request {
        Request::PowerDeliveryReq(m) => {
            (m.charge_progress == exi_codec::iso20::common_messages::ChargeProgress::Stop).then_some(at)
        }
        _ => None,
    });
    let waited = stops[0] - lowered;
    assert!((1.5..4.0).contains(&waited), "{waited} s: {:?}", talk.events);
    assert!(talk.events.iter().any(|event| event == "station: power off "), "{:?}", talk.events);
}

#[test]
fn a_vehicle_changes_its_mind_about_the_service() {
    let talk = Talk::of("change-of-service");
    assert_eq!(talk.selected(), [(2, 1), (6, 1)]);
    let given = talk.responses(|_, response| match response {
        Response::DcChargeLoopRes(m) => Some(m.evse_present_current.is_negative()),
        _ => None,
    });
    assert_eq!((given[0], given.last()), (false, Some(&true)));
}

#[test]
fn parking_and_internet_are_taken_with_the_energy() {
    let talk = Talk::of("parking");
    let [(5, 1), internet, parking] = talk.selected()[..] else { panic!("{:?}", talk.selected()) };
    // HTTPS, and check-in.
    assert_eq!((internet, parking), ((65, 4), (66, 1)));
    let visits = talk.requests(|_, request| match request {
        Request::VehicleCheckInReq(m) => Some(format!("in {}", m.ev_check_in_status.as_str())),
        Request::VehicleCheckOutReq(m) => Some(format!("out {}", m.ev_check_out_status.as_str())),
        _ => None,
    });
    assert!(visits.first().is_some_and(|visit| visit.starts_with("in ")), "{visits:?}");
    assert!(visits.last().is_some_and(|visit| visit.starts_with("out ")), "{visits:?}");
}
