//! Exhaustive walks of the tables: every stage, every request, every answer.

use std::collections::VecDeque;

use exi_codec::iso20::common_types::{Processing, ResponseCode};
use iso15118_20::message::MessageKind as K;
use iso15118_20::sequence::{
    Answered, Asked, Class, Guard, Sequence, Stage, Step, Stream, Table, Transition, class_of,
};
use iso15118_20::service::Family;

const STREAMS: [Stream; 5] = [
    Stream::Main,
    Stream::ScheduleRenegotiation,
    Stream::MeteringConfirmation,
    Stream::AcdpSystemStatus,
    Stream::Parking,
];

const GUARDS: [Guard; 8] = [
    Guard::InstallationOffered,
    Guard::RenegotiationOffered,
    Guard::PreChargeMatched,
    Guard::ContractExpires,
    Guard::LoopRuns,
    Guard::MeteringAsked,
    Guard::ParkingSelected,
    Guard::Resumed,
];

const STEPS: [Step; 13] = [
    Step::Plain,
    Step::Joined,
    Step::Start,
    Step::Stop,
    Step::Standby,
    Step::ScheduleRenegotiation,
    Step::Terminate,
    Step::Pause,
    Step::ServiceRenegotiation,
    Step::PositionLost,
    Step::Begin,
    Step::Proceed,
    Step::Complete,
];

const PROCESSING: [Processing; 3] =
    [Processing::Finished, Processing::Ongoing, Processing::OngoingWaitingForCustomerInteraction];

/// None open, all open, each one open, each one closed.
fn guard_sets() -> Vec<Vec<Guard>> {
    let mut sets = vec![vec![], GUARDS.to_vec()];
    for guard in GUARDS {
        sets.push(vec![guard]);
        sets.push(GUARDS.into_iter().filter(|other| *other != guard).collect());
    }
    sets
}

fn with(mut sequence: Sequence, open: &[Guard]) -> Sequence {
    for guard in GUARDS {
        sequence.revoke(guard);
    }
    for guard in open {
        sequence.grant(*guard);
    }
    sequence
}

/// Every place of a stream that any sequence of exchanges leads to, by breadth.
fn places(stream: Stream, family: Family) -> Vec<Sequence> {
    let mut found = vec![Sequence::on(stream, family)];
    let mut queue = VecDeque::from(found.clone());
    while let Some(sequence) = queue.pop_front() {
        let open = with(sequence, &GUARDS);
        for row in open.legal() {
            let mut next = open;
            let code = match row.step {
                Step::Joined => ResponseCode::OkOldSessionJoined,
                Step::PositionLost => ResponseCode::WarningWpt,
                _ => ResponseCode::Ok,
            };
            let asked = Asked {
                step: if matches!(row.step, Step::Joined | Step::PositionLost) {
                    Step::Plain
                } else {
                    row.step
                },
                ..Asked::plain(row.request)
            };
            next.advance(asked, Answered::finished(code)).expect("a row that exists is legal");
            assert_eq!(next.stage(), row.to, "{row:?}");
            if !found.iter().any(|place| place.stage() == next.stage()) {
                found.push(next);
                queue.push_back(next);
            }
        }
    }
    found
}

fn legal_row(sequence: &Sequence, asked: Asked) -> Option<Transition> {
    sequence.legal().find(|row| row.request == asked.kind && row.step == asked.step).copied()
}

/// What one exchange must do, written a second time and differently.
fn expect(sequence: &Sequence, asked: Asked, answered: Answered) -> Result<Stage, ()> {
    let stage = sequence.stage();
    // Some steps are the answer's alone.
    let row = match asked.step {
        Step::Joined | Step::PositionLost => None,
        _ => legal_row(sequence, asked),
    };
    match class_of(answered.code) {
        Class::Failed => Ok(Stage::Ended),
        _ if row.is_none() => Err(()),
        Class::Warning if answered.code == ResponseCode::WarningWpt => {
            let lost = legal_row(sequence, Asked { step: Step::PositionLost, ..asked });
            Ok(lost.map_or(stage, |row| row.to))
        }
        Class::Warning => Ok(stage),
        Class::Ok if asked.processing != Processing::Finished => Ok(stage),
        Class::Ok if answered.processing != Processing::Finished => Ok(stage),
        Class::Ok => {
            let step = match answered.code {
                ResponseCode::OkOldSessionJoined => Step::Joined,
                _ => asked.step,
            };
            legal_row(sequence, Asked { step, ..asked }).map(|row| row.to).ok_or(())
        }
    }
}

#[test]
fn every_exchange_at_every_place_does_what_the_table_says() {
    let codes: Vec<_> = ResponseCode::ALL.to_vec();
    let few = [ResponseCode::Ok, ResponseCode::WarningWpt, ResponseCode::Failed];
    let mut exchanges = 0_u64;
    for stream in STREAMS {
        for family in Family::ALL {
            for place in places(stream, family) {
                for open in guard_sets() {
                    let place = with(place, &open);
                    for kind in K::ALL.iter().copied().filter(|kind| kind.is_request()) {
                        for step in STEPS {
                            let legal = legal_row(&place, Asked { step, ..Asked::plain(kind) }).is_some();
                            // What is illegal is so whatever else is said: three answers are enough.
                            let codes = if legal { codes.as_slice() } else { &few };
                            let progress = if legal { &PROCESSING[..] } else { &PROCESSING[..1] };
                            for (own, code) in
                                progress.iter().flat_map(|own| codes.iter().map(move |code| (*own, *code)))
                            {
                                for processing in progress.iter().copied() {
                                    let asked = Asked { kind, step, processing: own };
                                    let answered = Answered { code, processing };
                                    let mut after = place;
                                    let result = after.advance(asked, answered).map_err(|_| ());
                                    assert_eq!(
                                        result,
                                        expect(&place, asked, answered),
                                        "{place:?} {asked:?} {answered:?}"
                                    );
                                    if result.is_err() {
                                        assert_eq!(after, place, "a refused exchange changes nothing");
                                    }
                                    exchanges += 1;
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(exchanges > 2_000_000, "{exchanges}");
}

/// Whether `to` can be reached from the start without the rows that `cut` names.
fn reaches(table: &Table, to: Stage, cut: impl Fn(&Transition) -> bool) -> bool {
    let mut reached = vec![table.start()];
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        next += 1;
        for row in table.rows().filter(|row| row.from == from && !cut(row)) {
            if !reached.contains(&row.to) {
                reached.push(row.to);
            }
        }
    }
    reached.contains(&to)
}

#[test]
fn no_way_to_power_avoids_what_must_come_first() {
    for family in Family::ALL {
        let table = Table::of(family);
        let joined = |row: &Transition| row.step == Step::Joined;
        let mut mandatory = vec![K::SessionSetupReq, K::ScheduleExchangeReq];
        mandatory.extend(match family {
            Family::Ac => vec![K::AcChargeParameterDiscoveryReq],
            Family::Dc => vec![K::DcChargeParameterDiscoveryReq, K::DcCableCheckReq],
            Family::Acdp => vec![K::DcChargeParameterDiscoveryReq, K::AcdpConnectReq, K::DcCableCheckReq],
            Family::Wpt => vec![K::WptChargeParameterDiscoveryReq, K::WptAlignmentCheckReq],
        });
        for loop_stage in [Stage::ChargeLoop, Stage::Standby] {
            assert!(reaches(table, loop_stage, |_| false));
            for request in &mandatory {
                let cut = |row: &Transition| row.request == *request;
                assert!(!reaches(table, loop_stage, cut), "{family:?} {loop_stage} without {request}");
            }
            // A session that was resumed was authorized and had its service before the pause.
            for request in [K::AuthorizationSetupReq, K::AuthorizationReq, K::ServiceSelectionReq] {
                let cut = |row: &Transition| row.request == request || joined(row);
                assert!(!reaches(table, loop_stage, cut), "{family:?} {loop_stage} without {request}");
            }
        }
        // Into the loop by an order to start and no other way.
        let start = |row: &Transition| matches!(row.step, Step::Start | Step::Standby);
        assert!(!reaches(table, Stage::ChargeLoop, start), "{family:?}");
        if matches!(family, Family::Dc | Family::Acdp) {
            let cut =
                |row: &Transition| row.request == K::DcPreChargeReq || row.guard == Guard::PreChargeMatched;
            assert!(!reaches(table, Stage::ChargeLoop, cut), "{family:?} without pre-charge");
        }
    }
}

#[test]
fn power_delivery_is_the_only_way_out_of_the_loop() {
    for family in Family::ALL {
        for row in Table::of(family).rows().filter(|row| row.from == Stage::ChargeLoop && row.to != row.from)
        {
            assert_eq!(row.request, K::PowerDeliveryReq, "{row:?}");
            assert!(matches!(row.step, Step::Stop | Step::Standby), "{row:?}");
        }
    }
}

#[test]
fn an_end_can_be_reached_from_everywhere() {
    for family in Family::ALL {
        let table = Table::of(family);
        for place in places(Stream::Main, family) {
            let mut reached = vec![place.stage()];
            let mut next = 0;
            while let Some(from) = reached.get(next).copied() {
                next += 1;
                for row in table.rows().filter(|row| row.from == from && row.guard == Guard::None) {
                    if !reached.contains(&row.to) {
                        reached.push(row.to);
                    }
                }
            }
            assert!(reached.contains(&Stage::Ended), "{family:?} {:?}", place.stage());
        }
    }
}
