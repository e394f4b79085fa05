use proptest::prelude::*;

use iso15118_20::service::{BptChannel, GeneratorMode, MAX_PARAMETER_SETS};

use super::{
    Action, Answer, FaultKind, IslandingChoice, Limits, MobilityChoice, Outcome, Portion, Power,
    PricingChoice, Scenario, ScenarioError, ServiceChoice, Share, Side, Span, When,
};

fn span(seconds: i64) -> Span {
    Span::from_thousandths(1000 * seconds)
}

fn error(text: &str) -> ScenarioError {
    Scenario::parse(text).expect_err(text)
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(Scenario::parse(""), Ok(Scenario::default()));
}

#[test]
fn everything_has_its_place() {
    let scenario = Scenario::parse(
        r#"
        name = "all"
        about = "of it"
        services = ["mcs", "dc"]
        mode = "scheduled"
        profile = "strict"
        lapse = 60
        seed = 7

        [station]
        authorization = "never"
        verdict = "rejected"
        limits = { charge-power = "1.2 MW", max-voltage = "1250 V" }
        grid = { discharge = "0 W" }

        [[station.change]]
        when = "20 min every 1 h"
        dispatch = "-11 kW"

        [vehicle]
        soc = "10 %"
        discharge = "forbidden"
        demand = { current = "-20 A" }

        [[event]]
        when = "round 8"
        side = "station"
        action = "stop"
        within = "3 s"

        [[fault]]
        when = "DC_ChargeLoopReq 3"
        side = "vehicle"
        fault = "delay"
        by = "300 ms"
        chance = "10 %"

        [expect]
        station = ["refused", "timeout"]
        "#,
    )
    .unwrap();
    assert_eq!(scenario.services, [ServiceChoice::Mcs, ServiceChoice::Dc]);
    assert_eq!(scenario.station.authorization, Answer::Never);
    let limits = Limits { charge_power: Some(Power::from_thousandths(1_200_000_000)), ..Limits::default() };
    assert_eq!(scenario.station.limits.charge_power, limits.charge_power);
    assert_eq!(scenario.station.change[0].dispatch, Some(Power::from_thousandths(-11_000_000)));
    assert_eq!((scenario.events[0].action, scenario.events[0].side), (Action::Stop, Side::Station));
    let fault = scenario.faults[0];
    assert!(matches!(fault.when, When::Message { nth: 3, .. }));
    let FaultKind::Delay(Portion::Chance(_), by) = fault.what else { panic!("{fault:?}") };
    assert_eq!(by, Span::from_thousandths(300));
    assert_eq!(scenario.expect.station, [Outcome::Refused, Outcome::Timeout]);
}

#[test]
fn the_example_of_the_readme_is_a_scenario() {
    let (_, example) = include_str!("../../README.md").split_once("```toml\n").unwrap();
    let scenario =
        Scenario::parse(example.split_once("```").unwrap().0).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((scenario.faults.len(), scenario.events.len(), scenario.vehicle.change.len()), (1, 1, 1));
}

#[test]
fn errors_name_place_and_remedy() {
    for (text, place, words) in [
        ("lapse = 0", (1, 9), "1 to 100000"),
        ("lapse = \"60\"", (1, 9), "expected u32"),
        ("services = []", (1, 1), "[\"dc-bpt\", \"dc\"]"),
        ("services = [\"dc\", \"dc\"]", (1, 1), "twice"),
        ("services = [\"cd\"]", (1, 13), "expected one of `ac`"),
        ("\n[station]\npower = 3", (3, 1), "unknown field `power`, expected one of"),
        ("[station]\ndispatch = 22", (2, 12), "expected a power with its unit in quotes, such as \"22 kW\""),
        ("[station]\nlimits = { charge-power = \"-1 W\" }", (2, 27), "without a sign"),
        (
            "[vehicle]\nlimits = { max-voltage = \"1 V\", min-voltage = \"2 V\" }",
            (1, 1),
            "above `max-voltage`",
        ),
        ("[vehicle]\nminimum = \"90 %\"", (1, 1), "`minimum` is above `target`"),
        ("[vehicle]\nsoc = \"101 %\"", (2, 7), "0 % to 100 %"),
        ("[vehicle]\ndeparture = \"-1 h\"", (2, 13), "backwards"),
        ("[[event]]\nwhen = \"soon\"\nside = \"station\"\naction = \"stop\"", (2, 8), "\"round 8\""),
        ("[[fault]]\nwhen = \"start\"\nfault = \"delay\"\nside = \"vehicle\"", (1, 1), "by = \"300 ms\""),
        ("[[fault]]\nwhen = \"start\"\nfault = \"drop\"", (1, 1), "side = \"station\""),
        ("[[fault]]\nwhen = \"start\"\nfault = \"unplug\"\nbits = 3", (1, 1), "`bits` means nothing"),
        (
            "[[fault]]\nwhen = \"start\"\nfault = \"islanding\"\nside = \"vehicle\"",
            (1, 1),
            "only the station",
        ),
        ("phases = 2", (1, 10), "1 or 3"),
        (
            "[[event]]\nwhen = \"start\"\nside = \"vehicle\"\naction = \"confirm-metering\"",
            (1, 1),
            "only the station can confirm-metering",
        ),
        (
            "[[fault]]\nwhen = \"start\"\nfault = \"foreign-object\"\nside = \"vehicle\"",
            (1, 1),
            "only the station",
        ),
        ("[station.plan]\ngrid = [{ from = \"1 h\" }]", (1, 2), "begin at \"0 s\""),
        ("[station.plan]\nlevels = [{ from = \"0 s\", level = 300 }]", (2, 35), "u8"),
        (
            "[station.plan]\nprices = { currency = \"EUR\", energy = [{ from = \"0 s\", per-kwh = \"0.30 EUR\" }] }",
            (2, 66),
            "four decimals",
        ),
        ("[station.plan]\nprices = { currency = \"euro\", energy = [] }", (2, 23), "three capital letters"),
        ("[vehicle]\nresume = \"-1 s\"", (2, 10), "backwards"),
        ("[vehicle]\nschedule-points = 3", (2, 19), "12 to 1024"),
        ("[vehicle]\nmobility-needs = \"both\"", (2, 18), "expected `vehicle` or `charger`"),
        ("[vehicle]\nbpt = { channel = \"third\" }", (2, 19), "`unified` or `separated`"),
        ("[station]\nramp = \"-2 kW\"", (2, 8), "without a sign"),
        (
            "[station]\nmobility = { minimum = \"60 %\", target = \"50 %\" }",
            (1, 1),
            "`minimum` of `mobility` is above `target`",
        ),
        ("[[station.change]]\nwhen = \"start\"\nmobility = {}", (1, 3), "from the beginning"),
        ("[station]\nbpt = [{}, {}]", (1, 1), "twice"),
        ("[station]\nreceipt = { taxes = [{ rule = 0, rate = \"19 %\" }] }", (2, 31), "nonzero"),
        ("[station]\nreceipt = { per-kwh = \"dear\" }", (2, 23), "four decimals"),
        (
            "[[fault]]\nwhen = \"start\"\nfault = \"converter\"\nside = \"station\"",
            (1, 1),
            "only the vehicle",
        ),
        ("name = \"a", (1, 10), "string"),
    ] {
        let error = error(text);
        assert_eq!((error.line(), error.column()), place, "{text}\n{error}");
        assert!(error.message().contains(words), "{text}\n{error}");
    }
}

#[test]
fn a_plan_of_the_back_end_is_read() {
    let scenario = Scenario::parse(
        r#"
        [station.plan]
        answer = "never"
        grid = [{ from = "0 s", charge = "11 kW" }, { from = "2 h" }]
        prices = { currency = "EUR", algorithm = "stacked-energy", energy = [
            { from = "0 s", per-kwh = "0.2955" },
            { from = "0 s", above = "11 kW", per-kwh = "-1.5", co2 = 30 },
        ] }
        "#,
    )
    .unwrap();
    let plan = scenario.station.plan.unwrap();
    assert_eq!((plan.answer, plan.grid.len(), plan.grid[1].charge), (Answer::Never, 2, None));
    let prices = plan.prices.unwrap();
    let per_kwh: Vec<i32> = prices.energy.iter().map(|price| price.per_kwh).collect();
    assert_eq!((per_kwh, prices.energy[1].co2), (vec![2955, -15_000], Some(30)));
}

#[test]
fn what_the_charger_settles_charges_and_offers_is_read() {
    let scenario = Scenario::parse(
        r#"
        parking = "auto-internal"
        mode = "dynamic"
        [station]
        customer = "2 s"
        ramp = "1.5 kW"
        ack-max-delay = "3 s"
        mobility = { departure = "4 h", target = "80 %" }
        bpt = [{ channel = "separated" }, { generator = "grid-forming", islanding = "passive" }]
        receipt = { per-kwh = "0.39", taxes = [{ rule = 7, rate = "2.5 %" }] }
        [vehicle]
        round-trip = "0 %"
        schedule-points = 96
        mobility-needs = "charger"
        pricing = "levels"
        bpt = { islanding = "passive" }
        [[vehicle.change]]
        when = "round 4"
        service = "ac"
        "#,
    )
    .unwrap();
    let (station, vehicle) = (&scenario.station, &scenario.vehicle);
    assert_eq!((station.customer, station.ack_max_delay), (Some(span(2)), Some(span(3))));
    assert_eq!(station.ramp, Some(Power::from_thousandths(1_500_000)));
    assert_eq!(station.mobility.unwrap().target, Some(Share::from_thousandths(80_000)));
    let [first, second] = [station.bpt[0].parameters(), station.bpt[1].parameters()];
    assert_eq!((first.channel, second.channel), (BptChannel::Separated, BptChannel::Unified));
    assert_eq!(
        (first.generator, second.generator),
        (GeneratorMode::GridFollowing, GeneratorMode::GridForming)
    );
    let receipt = station.receipt.as_ref().unwrap();
    assert_eq!((receipt.per_kwh, receipt.feed_in), (Some(3900), None));
    assert_eq!((receipt.taxes[0].rule.get(), receipt.taxes[0].rate), (7, Share::from_thousandths(2500)));
    assert_eq!((vehicle.round_trip, vehicle.schedule_points), (Share::from_thousandths(0), Some(96)));
    assert_eq!(
        (vehicle.mobility_needs, vehicle.pricing),
        (Some(MobilityChoice::Charger), Some(PricingChoice::Levels))
    );
    assert_eq!(vehicle.bpt.islanding, Some(IslandingChoice::Passive));
    assert_eq!(vehicle.change[0].service, Some(ServiceChoice::Ac));
}

#[test]
fn parameter_sets_have_to_fit_into_their_message() {
    let bpt = "bpt = [{}, { channel = \"separated\" }]";
    // Each of both in two modes: as many as there may be. Where the charger settles needs the dynamic one comes twice.
    assert_eq!(MAX_PARAMETER_SETS, 4);
    assert!(Scenario::parse(&format!("[station]\n{bpt}")).is_ok());
    let more = format!("[station]\nmobility = {{}}\n{bpt}");
    assert!(error(&more).message().contains("6 parameter sets of a service: 4 at most"), "{}", error(&more));
    assert!(Scenario::parse(&format!("mode = \"dynamic\"\n{more}")).is_ok());
}

#[test]
fn the_place_is_shown() {
    let shown = error("lapse = 60\n[vehicle]\nsoc = \"half\"").to_string();
    assert!(
        shown.starts_with("line 3, column 7\n  |\n3 | soc = \"half\"\n  |       ^\n`half` is no share"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,200}|([a-z.]{1,9} ?= ?[\"\\[{]?[-0-9a-z %.]{0,9}[\"\\]}]?\n){0,9}") {
        if let Err(error) = Scenario::parse(&text) {
            let _ = error.to_string();
        }
    }
}
