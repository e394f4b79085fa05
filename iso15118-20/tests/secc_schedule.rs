//! Schedules that the host makes, and what the vehicle makes of them.

mod common;

use std::time::Duration;

use common::NOW;
use common::script::{self, power, refused, schedule_exchange, session_stop};
use common::station::{Station, config, ended, strict, with};
use exi_codec::iso20::common_messages::{
    ChannelSelection, ChargeProgress, ChargingSession, DynamicSeReqControlMode, EvPowerProfile,
    EvpptControlMode, PowerDeliveryReq, PowerScheduleEntry, PowerToleranceAcceptance as Tolerance,
    PriceLevelSchedule, PriceLevelScheduleEntry, PriceSchedule, ScheduleExchangeReq,
    ScheduledEvpptControlMode, SeReqControlMode, SeResControlMode,
};
use exi_codec::iso20::common_types::{NumericId, PercentValue, Processing, ResponseCode as C};
use exi_codec::{List, Ranged, WattHours, Watts};
use iso15118_20::message::{MessageKind as K, Request, Response};
use iso15118_20::schedule::{Corridor, PowerCurve};
use iso15118_20::secc::{
    Announcement, AnswerError, Mobility, SCHEDULE_SLOTS, ScheduleOffer, ScheduleSource, Secc, SeccConfig,
    SeccEvent as E, TupleOffer,
};
use iso15118_20::security::{SignatureScheme, Signed};
use iso15118_20::sequence::{Stage, Stream};
use iso15118_20::service::{BptChannel, BptParameters, ControlMode, Fee, Offer, Parameters, Service};
use iso15118_20::{Contactor, Refusal, ScheduleEntry, Settings, ToleranceRefusal};

const SCHEDULED: ControlMode = ControlMode::Scheduled;

const fn entry(duration: u32, kilowatts: i16) -> PowerScheduleEntry {
    PowerScheduleEntry { duration, power: Watts::new(kilowatts, 3), power_l2: None, power_l3: None }
}

static SIX: [PowerScheduleEntry; 2] = [entry(1800, 6), entry(1800, 3)];
static NINE: [PowerScheduleEntry; 1] = [entry(7200, 9)];

fn offer(entries: &[PowerScheduleEntry], tolerance: Option<Watts>) -> ScheduleOffer<'_> {
    ScheduleOffer { start: NOW, entries, tolerance, ..ScheduleOffer::default() }
}

fn tuple(entries: &[PowerScheduleEntry]) -> TupleOffer<'_> {
    TupleOffer { charge: offer(entries, None), discharge: None }
}

fn by_host() -> SeccConfig<'static> {
    SeccConfig { schedules: ScheduleSource::Host, ..config() }
}

/// A start with a plan.
fn plan(tuple: u32, entries: &[PowerScheduleEntry], acceptance: Option<Tolerance>) -> PowerDeliveryReq<'_> {
    let Request::PowerDeliveryReq(request) = power(ChargeProgress::Start) else { panic!() };
    PowerDeliveryReq {
        ev_power_profile: Some(EvPowerProfile {
            time_anchor: NOW,
            control_mode: EvpptControlMode::Scheduled(ScheduledEvpptControlMode {
                selected_schedule_tuple_id: NumericId::new(tuple).unwrap(),
                power_tolerance_acceptance: acceptance,
            }),
            ev_power_profile_entries: List::new(entries),
        }),
        ..request
    }
}

/// A charger with more memory for schedules.
fn with_memory(
    config: &SeccConfig<'_>,
    buffer: &mut [u8; common::BUFFER],
    memory: &mut [ScheduleEntry],
    service: Service,
    test: impl FnOnce(&mut Station<'_>),
) {
    let secc = Secc::new(config, buffer).unwrap().with_schedule_memory(memory);
    test(&mut Station::new(secc, service, SCHEDULED));
}

fn answer<'s>(s: &'s mut Station<'_>, announcement: &Announcement<'_>) -> Response<'s> {
    s.host(|secc, now, out| secc.answer_schedule(now, announcement, out).unwrap().len)
}

#[test]
fn the_host_offers_and_the_vehicle_chooses() {
    let level = [PriceLevelScheduleEntry { duration: 3600, price_level: 2 }];
    let price = PriceSchedule::PriceLevel(PriceLevelSchedule {
        time_anchor: NOW,
        price_schedule_id: NumericId::ONE,
        number_of_price_levels: 3,
        price_level_schedule_entries: List::new(&level),
        ..Default::default()
    });
    for (chosen, entries, code) in [
        (1, entry(3600, 3), C::Ok),
        (1, entry(3600, 4), C::FailedEvPowerProfileInvalid),
        (1, entry(3601, 3), C::FailedEvPowerProfileInvalid),
        (2, entry(7200, 9), C::Ok),
        (2, entry(7200, 10), C::FailedEvPowerProfileInvalid),
        (3, entry(60, 1), C::FailedScheduleSelectionInvalid),
        (2, entry(60, -1), C::FailedEvPowerProfileInvalid),
    ] {
        with(&by_host(), Service::Ac, SCHEDULED, |s| {
            s.walk_to(Stage::ScheduleExchange);
            s.send(&schedule_exchange(SCHEDULED));
            assert!(s.answer().is_none());
            assert!(matches!(s.events.last(), Some(E::ScheduleWanted { stream: Stream::Main, needs, .. })
                if needs.max_entries == 12));
            let mut first = tuple(&SIX);
            first.charge.price = Some(price);
            first.charge.available_energy = Some(WattHours::new(9, 3));
            let tuples = [first, tuple(&NINE)];
            let announcement = Announcement { tuples: &tuples, ..Announcement::default() };
            let Response::ScheduleExchangeRes(m) = answer(s, &announcement) else { panic!() };
            assert_eq!(
                (m.response_code, m.evse_processing, m.go_to_pause),
                (C::Ok, Processing::Finished, None)
            );
            let SeResControlMode::Scheduled(list) = m.control_mode else { panic!() };
            let ids: Vec<_> = list.iter().map(|tuple| tuple.schedule_tuple_id.get()).collect();
            assert_eq!(ids, [1, 2]);
            let first = list.first().unwrap().charging_schedule;
            assert_eq!(first.price_schedule, Some(price));
            assert_eq!(first.power_schedule.available_energy, Some(WattHours::new(9, 3)));
            s.secc.contactor(s.now, Contactor::Closed);
            let entries = [entries];
            assert_eq!(s.code(&Request::PowerDeliveryReq(plan(chosen, &entries, None))), code);
            if code != C::Ok {
                ended(s, refused(K::PowerDeliveryReq, code, Refusal::Content));
            }
        });
    }
}

/// A day of quarter hours: 3 kW and 9 kW by turns, with 1 kW in the evening.
fn day() -> Vec<PowerScheduleEntry> {
    (0..96).map(|quarter| entry(900, if quarter >= 72 { 1 } else { [3, 9][quarter % 2] })).collect()
}

/// Asks for schedules as a vehicle that can take so many entries.
fn asks(points: u16) -> Request<'static> {
    let Request::ScheduleExchangeReq(request) = schedule_exchange(SCHEDULED) else { panic!() };
    Request::ScheduleExchangeReq(ScheduleExchangeReq {
        maximum_supporting_points: Ranged::clamped(points),
        ..request
    })
}

fn offered(response: &Response<'_>) -> (Vec<PowerScheduleEntry>, Option<Vec<PowerScheduleEntry>>) {
    let Response::ScheduleExchangeRes(m) = response else { panic!() };
    let SeResControlMode::Scheduled(list) = m.control_mode else { panic!() };
    let tuple = list.first().unwrap();
    let entries = |schedule: exi_codec::iso20::common_messages::ChargingSchedule<'_>| {
        schedule.power_schedule.power_schedule_entries.iter().collect::<Vec<_>>()
    };
    (entries(tuple.charging_schedule), tuple.discharging_schedule.map(entries))
}

#[test]
fn a_day_of_quarter_hours_is_offered_and_held_to() {
    let mut memory = vec![ScheduleEntry::default(); 96 * SCHEDULE_SLOTS];
    let (day, out) = (day(), [entry(86_400, 2)]);
    let both = TupleOffer { charge: offer(&day, None), discharge: Some(offer(&out, None)) };
    for (quarter, kilowatts, code) in [
        (1, 9, C::Ok),
        (2, 9, C::FailedEvPowerProfileInvalid),
        (71, 9, C::Ok),
        (73, 3, C::FailedEvPowerProfileInvalid),
        (95, 1, C::Ok),
        (96, 1, C::FailedEvPowerProfileInvalid),
        (50, -2, C::Ok),
        (50, -3, C::FailedEvPowerProfileInvalid),
    ] {
        let config = by_host();
        let mut buffer = [0; common::BUFFER];
        with_memory(&config, &mut buffer, &mut memory, Service::AcBpt, |s| {
            s.walk_to(Stage::ScheduleExchange);
            s.send(&asks(1024));
            let tuples = [both, both, both];
            let announcement = Announcement { tuples: &tuples, ..Announcement::default() };
            let sent = answer(s, &announcement);
            assert_eq!(offered(&sent), (day.clone(), Some(out.to_vec())));
            s.secc.contactor(s.now, Contactor::Closed);
            let wait = PowerScheduleEntry { power: Watts::ZERO, ..entry(900 * quarter, 0) };
            let entries = [wait, entry(900, kilowatts)];
            assert_eq!(s.code(&Request::PowerDeliveryReq(plan(3, &entries, None))), code, "{quarter}");
            if code == C::Ok && kilowatts > 0 {
                s.now += Duration::from_secs(u64::from(900 * quarter));
                s.measure_ac(0);
                s.ok(&s.round());
                let most = s.events.iter().rev().find_map(|e| match e {
                    E::AcOutput(output) => Some(output.active.total()),
                    _ => None,
                });
                assert_eq!(most, Some(Watts::new(kilowatts, 3)));
            }
        });
    }
}

#[test]
fn what_vehicle_or_engine_cannot_take_is_merged_downward() {
    let day = day();
    let mut memory = vec![ScheduleEntry::default(); 96 * SCHEDULE_SLOTS];
    for (points, slots) in [(12, 96), (95, 96), (1024, 0), (1024, 95)] {
        let config = by_host();
        let mut buffer = [0; common::BUFFER];
        let memory = &mut memory[..slots * SCHEDULE_SLOTS];
        with_memory(&config, &mut buffer, memory, Service::Ac, |s| {
            s.walk_to(Stage::ScheduleExchange);
            s.send(&asks(points));
            let tuples = [tuple(&day)];
            let announcement = Announcement { tuples: &tuples, ..Announcement::default() };
            let sent = answer(s, &announcement);
            let (entries, _) = offered(&sent);
            assert_eq!(entries.len(), 12);
            let (few, all) = (List::new(&entries), List::new(&day));
            let allowed = Corridor::charging(PowerCurve::new(NOW, all));
            assert_eq!(allowed.check(PowerCurve::new(NOW, few)), Ok(()));
            // What was sent is what the vehicle is held to.
            s.secc.contactor(s.now, Contactor::Closed);
            assert_eq!(s.code(&Request::PowerDeliveryReq(plan(1, &entries, None))), C::Ok);
            s.ok(&power(ChargeProgress::Stop));
        });
    }
}

#[test]
fn the_schedule_in_force_holds_while_another_is_offered() {
    let mut memory = vec![ScheduleEntry::default(); 96 * SCHEDULE_SLOTS];
    let (day, config) = (day(), by_host());
    let mut buffer = [0; common::BUFFER];
    with_memory(&config, &mut buffer, &mut memory, Service::Ac, |s| {
        s.walk_to(Stage::ScheduleExchange);
        s.send(&asks(96));
        let tuples = [tuple(&NINE), tuple(&day), tuple(&SIX)];
        answer(s, &Announcement { tuples: &tuples, ..Announcement::default() });
        s.secc.contactor(s.now, Contactor::Closed);
        s.ok(&Request::PowerDeliveryReq(plan(2, &[entry(900, 3)], None)));
        let most = |s: &mut Station<'_>| {
            s.measure_ac(0);
            s.ok(&s.round());
            s.events.iter().rev().find_map(|e| match e {
                E::AcOutput(output) => Some(output.active.total()),
                _ => None,
            })
        };
        assert_eq!(most(s), Some(Watts::new(3, 3)));
        for turn in 0..5 {
            let stream = Stream::ScheduleRenegotiation;
            s.ask_on(stream, &s.parameters());
            s.send_on(stream, &asks(96));
            let five = [entry(7200, 5)];
            let tuples = [tuple(&five), tuple(&five), tuple(&five)];
            answer(s, &Announcement { tuples: &tuples, ..Announcement::default() });
            assert_eq!(most(s), Some(Watts::new(if turn == 0 { 3 } else { 5 }, 3)));
            let mut message = plan(1 + turn % 3, &five, None);
            message.charge_progress = ChargeProgress::ScheduleRenegotiation;
            assert_eq!(s.code_on(stream, &Request::PowerDeliveryReq(message)), C::Ok);
            assert_eq!(most(s), Some(Watts::new(5, 3)));
        }
    });
}

#[test]
fn the_chosen_schedule_bounds_the_output() {
    with(&by_host(), Service::Dc, SCHEDULED, |s| {
        s.walk_to(Stage::ScheduleExchange);
        s.send(&schedule_exchange(SCHEDULED));
        let tuples = [tuple(&SIX), tuple(&NINE)];
        answer(s, &Announcement { tuples: &tuples, ..Announcement::default() });
        s.walk_to(Stage::PowerDelivery);
        s.secc.contactor(s.now, Contactor::Closed);
        s.ok(&Request::PowerDeliveryReq(plan(2, &NINE, None)));
        s.ok(&script::round(Service::Dc, SCHEDULED, 70));
        let output = s.events.iter().rev().find_map(|e| match e {
            E::Output(output) => Some(output.power),
            _ => None,
        });
        assert_eq!(output, Some(Watts::new(9, 3)));
    });
}

#[test]
fn phases_with_more_digits_together_than_a_power_are_exact_where_they_bind() {
    let by_phase = |milli: i64| {
        let phase = Watts::from_milli(milli, exi_codec::Rounding::Nearest);
        PowerScheduleEntry { duration: 3600, power: phase, power_l2: Some(phase), power_l3: Some(phase) }
    };
    // Together 36 666.6 W, which a power cannot say.
    let entries = [by_phase(12_222_200)];
    with(&by_host(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ScheduleExchange);
        s.send(&schedule_exchange(SCHEDULED));
        let tuples = [tuple(&entries)];
        answer(s, &Announcement { tuples: &tuples, ..Announcement::default() });
        s.secc.contactor(s.now, Contactor::Closed);
        assert_eq!(s.code(&Request::PowerDeliveryReq(plan(1, &entries, None))), C::Ok);
    });
    with(&by_host(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ScheduleExchange);
        s.send(&schedule_exchange(SCHEDULED));
        let tuples = [tuple(&entries)];
        answer(s, &Announcement { tuples: &tuples, ..Announcement::default() });
        s.secc.contactor(s.now, Contactor::Closed);
        let more = [by_phase(12_223_000)];
        let code = s.code(&Request::PowerDeliveryReq(plan(1, &more, None)));
        assert_eq!(code, C::FailedEvPowerProfileInvalid);
    });
}

#[test]
fn phases_of_a_plan_count_together() {
    for (l2, code) in [(3, C::Ok), (4, C::FailedEvPowerProfileInvalid)] {
        with(&by_host(), Service::Ac, SCHEDULED, |s| {
            s.walk_to(Stage::ScheduleExchange);
            s.send(&schedule_exchange(SCHEDULED));
            let tuples = [tuple(&NINE)];
            answer(s, &Announcement { tuples: &tuples, ..Announcement::default() });
            s.secc.contactor(s.now, Contactor::Closed);
            let entries = [PowerScheduleEntry {
                power_l2: Some(Watts::new(l2, 3)),
                power_l3: Some(Watts::new(3, 3)),
                ..entry(60, 3)
            }];
            assert_eq!(s.code(&Request::PowerDeliveryReq(plan(1, &entries, None))), code);
        });
    }
}

#[test]
fn tolerances_are_agreed_on() {
    let strictly = Settings { tolerance_refusal: ToleranceRefusal::Fail, ..script::LENIENT };
    for (settings, acceptance, code) in [
        (script::LENIENT, Some(Tolerance::PowerToleranceConfirmed), C::OkPowerToleranceConfirmed),
        (script::LENIENT, Some(Tolerance::PowerToleranceNotConfirmed), C::WarningPowerToleranceNotConfirmed),
        (strictly, Some(Tolerance::PowerToleranceNotConfirmed), C::FailedPowerToleranceNotConfirmed),
        (script::LENIENT, None, C::Ok),
    ] {
        with(&SeccConfig { settings, ..by_host() }, Service::Ac, SCHEDULED, |s| {
            s.walk_to(Stage::ScheduleExchange);
            s.send(&schedule_exchange(SCHEDULED));
            let tuples = [TupleOffer { charge: offer(&NINE, Some(Watts::new(1, 3))), discharge: None }];
            answer(s, &Announcement { tuples: &tuples, ..Announcement::default() });
            s.secc.contactor(s.now, Contactor::Closed);
            assert_eq!(s.code(&Request::PowerDeliveryReq(plan(1, &NINE, acceptance))), code);
            let stage = match code {
                C::WarningPowerToleranceNotConfirmed => Stage::PowerDelivery,
                C::FailedPowerToleranceNotConfirmed => Stage::Ended,
                _ => Stage::ChargeLoop,
            };
            assert_eq!(s.secc.stage(), stage);
            if stage == Stage::PowerDelivery {
                let again = plan(1, &NINE, Some(Tolerance::PowerToleranceConfirmed));
                assert_eq!(s.code(&Request::PowerDeliveryReq(again)), C::OkPowerToleranceConfirmed);
            }
        });
    }
}

#[test]
fn discharge_needs_a_schedule_of_its_own() {
    static OUT: [PowerScheduleEntry; 1] = [entry(7200, 4)];
    for (kilowatts, code) in [(-4, C::Ok), (-5, C::FailedEvPowerProfileInvalid)] {
        with(&by_host(), Service::AcBpt, SCHEDULED, |s| {
            s.walk_to(Stage::ScheduleExchange);
            s.send(&schedule_exchange(SCHEDULED));
            let tuples = [TupleOffer { charge: offer(&NINE, None), discharge: Some(offer(&OUT, None)) }];
            answer(s, &Announcement { tuples: &tuples, ..Announcement::default() });
            s.secc.contactor(s.now, Contactor::Closed);
            let entries = [entry(600, kilowatts)];
            assert_eq!(s.code(&Request::PowerDeliveryReq(plan(1, &entries, None))), code);
        });
    }
}

#[test]
fn separate_channels_fit_the_plan() {
    const BPT: BptParameters = BptParameters { channel: BptChannel::Separated, ..BptParameters::DEFAULT };
    static SETS: [Parameters; 1] = [Parameters { bpt: BPT, ..Parameters::new(1, SCHEDULED) }];
    static OFFERS: [Offer<'static>; 1] = [Offer { service: Service::AcBpt, fee: Fee::Free, sets: &SETS }];
    for (channel, code) in
        [(ChannelSelection::Charge, C::Ok), (ChannelSelection::Discharge, C::FailedEvPowerProfileInvalid)]
    {
        let config = SeccConfig { offers: &OFFERS, ..config() };
        with(&config, Service::AcBpt, SCHEDULED, |s| {
            s.walk_to(Stage::PowerDelivery);
            s.secc.contactor(s.now, Contactor::Closed);
            let entries = [entry(600, 3)];
            let request =
                PowerDeliveryReq { bpt_channel_selection: Some(channel), ..plan(1, &entries, None) };
            assert_eq!(s.code(&Request::PowerDeliveryReq(request)), code);
            if code == C::Ok {
                assert_eq!(s.secc.channel(), Some(channel));
            }
        });
    }
}

#[test]
fn a_host_that_does_not_answer_is_answered_for() {
    for mode in [SCHEDULED, ControlMode::Dynamic] {
        with(&by_host(), Service::Ac, mode, |s| {
            s.walk_to(Stage::ScheduleExchange);
            s.send(&schedule_exchange(mode));
            s.wait(Duration::from_millis(999));
            assert!(s.answer().is_none());
            s.wait(Duration::from_millis(1));
            let Some(Response::ScheduleExchangeRes(m)) = s.answer() else { panic!() };
            assert_eq!(m.evse_processing, Processing::Finished);
            assert_eq!(s.saw(|e| matches!(e, E::Overdue(_))), 1);
            s.walk_to(Stage::ChargeLoop);
        });
    }
}

#[test]
fn a_host_that_needs_time_gets_it_within_bounds() {
    with(&by_host(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ScheduleExchange);
        let mut rounds = 0;
        loop {
            s.send(&schedule_exchange(SCHEDULED));
            s.secc.defer_schedule(s.now);
            s.wait(Duration::from_secs(1));
            let Some(Response::ScheduleExchangeRes(m)) = s.answer() else { panic!() };
            let SeResControlMode::Scheduled(list) = m.control_mode else { panic!() };
            assert_eq!(list.len(), 1);
            if m.evse_processing == Processing::Finished {
                break;
            }
            // Filling: no power.
            let filling = list.first().unwrap().charging_schedule.power_schedule;
            assert!(filling.power_schedule_entries.iter().all(|entry| entry.power.is_zero()));
            rounds += 1;
        }
        assert!((55..60).contains(&rounds), "{rounds}");
        assert_eq!(s.saw(|e| matches!(e, E::ScheduleWanted { .. })), 1);
        assert_eq!(s.saw(|e| matches!(e, E::ScheduleOpen(_))), rounds);
        assert_eq!(s.secc.stage(), Stage::PowerDelivery);
    });
}

#[test]
fn more_time_is_for_whoever_was_asked() {
    with(&by_host(), Service::Ac, SCHEDULED, |s| {
        s.walk_to(Stage::ScheduleExchange);
        s.secc.defer_schedule(s.now);
        s.send(&schedule_exchange(SCHEDULED));
        assert!(s.answer().is_none());
        assert_eq!(s.saw(|e| matches!(e, E::ScheduleWanted { .. })), 1);
        let tuples = [tuple(&NINE)];
        answer(s, &Announcement { tuples: &tuples, ..Announcement::default() });
    });
}

#[test]
fn answers_must_fit_the_question() {
    static LONG: [PowerScheduleEntry; 1025] = [entry(60, 1); 1025];
    with(&by_host(), Service::Ac, SCHEDULED, |s| {
        let mut out = [0; 4096];
        let mut say = |s: &mut Station<'_>, tuples: &[TupleOffer<'_>]| {
            s.secc.answer_schedule(s.now, &Announcement { tuples, ..Announcement::default() }, &mut out)
        };
        s.walk_to(Stage::ScheduleExchange);
        assert_eq!(say(s, &[tuple(&NINE)]), Err(AnswerError::NotAsked));
        s.send(&schedule_exchange(SCHEDULED));
        let out = TupleOffer { charge: offer(&NINE, None), discharge: Some(offer(&NINE, None)) };
        for wrong in [&[][..], &[tuple(&[])], &[tuple(&LONG)], &[tuple(&NINE); 4], &[out]] {
            assert_eq!(say(s, wrong), Err(AnswerError::Content));
        }
        assert!(say(s, &[tuple(&NINE)]).is_ok());
        assert_eq!(say(s, &[tuple(&NINE)]), Err(AnswerError::NotAsked));
    });
}

#[test]
fn no_power_for_now_invites_to_pause() {
    let config = SeccConfig { schedules: ScheduleSource::Host, ..strict() };
    for service in [Service::Ac, Service::Dc] {
        with(&config, service, ControlMode::Dynamic, |s| {
            s.walk_to(Stage::ScheduleExchange);
            s.send(&schedule_exchange(ControlMode::Dynamic));
            let announcement = Announcement { go_to_pause: true, ..Announcement::default() };
            let Response::ScheduleExchangeRes(m) = answer(s, &announcement) else { panic!() };
            assert_eq!(m.go_to_pause, Some(true));
            s.ok(&session_stop(ChargingSession::Pause));
            assert!(s.secc.paused().is_some());
        });
    }
}

#[test]
fn the_charger_settles_mobility_needs_where_it_may() {
    for set in [2, 3] {
        with(&config(), Service::AcBpt, ControlMode::Dynamic, |s| {
            s.set = set;
            s.walk_to(Stage::ScheduleExchange);
            s.secc.set_mobility(Mobility {
                departure_time: Some(3600),
                minimum_soc: PercentValue::new(90),
                target_soc: PercentValue::new(80),
            });
            let request = Request::ScheduleExchangeReq(ScheduleExchangeReq {
                header: script::header(),
                maximum_supporting_points: Ranged::clamped(12),
                control_mode: SeReqControlMode::Dynamic(DynamicSeReqControlMode {
                    departure_time: 7200,
                    ..Default::default()
                }),
            });
            let Response::ScheduleExchangeRes(m) = s.ask(&request) else { panic!() };
            let SeResControlMode::Dynamic(m) = m.control_mode else { panic!() };
            // The minimum never exceeds the target [V2G20-1640].
            let eighty = PercentValue::new(80);
            let expected = if set == 3 { (Some(3600), eighty, eighty) } else { (None, None, None) };
            assert_eq!((m.departure_time, m.minimum_soc, m.target_soc), expected);
            s.walk_to(Stage::ChargeLoop);
            let Response::AcChargeLoopRes(m) = s.ask(&s.round()) else { panic!() };
            let exi_codec::iso20::ac::ClResControlMode::BptDynamic(m) = m.control_mode else { panic!() };
            assert_eq!((m.departure_time, m.minimum_soc, m.target_soc), expected);
        });
    }
}

#[test]
fn prices_come_with_the_signature_of_their_operator() {
    let level = [PriceLevelScheduleEntry { duration: 3600, price_level: 2 }];
    let price = PriceSchedule::PriceLevel(PriceLevelSchedule {
        id: Some("p1".into()),
        time_anchor: NOW,
        price_schedule_id: NumericId::ONE,
        number_of_price_levels: 3,
        price_level_schedule_entries: List::new(&level),
        ..Default::default()
    });
    let signed = Signed::new(SignatureScheme::Ed448Shake256, &[1; 64], &[2; 114]).unwrap();
    with(&by_host(), Service::Ac, ControlMode::Dynamic, |s| {
        s.walk_to(Stage::ScheduleExchange);
        s.send(&schedule_exchange(ControlMode::Dynamic));
        let announcement =
            Announcement { price: Some(price), signed: Some(("p1", signed)), ..Default::default() };
        let Response::ScheduleExchangeRes(m) = answer(s, &announcement) else { panic!() };
        let signature = m.header.signature.unwrap().get();
        assert_eq!(signature.signed_info.reference.first().unwrap().uri.unwrap(), *"#p1");
        let SeResControlMode::Dynamic(m) = m.control_mode else { panic!() };
        assert_eq!(m.price_schedule, Some(price));
    });
}
