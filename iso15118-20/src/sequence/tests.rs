extern crate std;

use std::string::ToString;

use exi_codec::iso20::common_types::{Processing, ResponseCode};

use super::{Answered, Asked, Class, Guard, Sequence, Stage, Step, Stream, Table, class_of};
use crate::message::MessageKind as K;
use crate::service::Family;

const OK: Answered = Answered::finished(ResponseCode::Ok);

fn at(stage: Stage) -> Sequence {
    Sequence { table: Table::of(Family::Dc), stage, granted: 0 }
}

fn asked(kind: K, step: Step) -> Asked {
    Asked { step, ..Asked::plain(kind) }
}

#[test]
fn a_dc_session_walks_the_table() {
    let mut sequence = Sequence::new(Family::Dc);
    for (kind, step, stage) in [
        (K::SupportedAppProtocolReq, Step::Plain, Stage::SessionSetup),
        (K::SessionSetupReq, Step::Plain, Stage::AuthorizationSetup),
        (K::AuthorizationSetupReq, Step::Plain, Stage::Authorization),
        (K::AuthorizationReq, Step::Plain, Stage::ServiceDiscovery),
        (K::ServiceDiscoveryReq, Step::Plain, Stage::ServiceDetail),
        (K::ServiceDetailReq, Step::Plain, Stage::ServiceSelection),
        (K::ServiceDetailReq, Step::Plain, Stage::ServiceSelection),
        (K::ServiceSelectionReq, Step::Plain, Stage::ChargeParameters),
        (K::DcChargeParameterDiscoveryReq, Step::Plain, Stage::ScheduleExchange),
        (K::ScheduleExchangeReq, Step::Plain, Stage::CableCheck),
        (K::DcCableCheckReq, Step::Plain, Stage::PreCharge),
        (K::DcPreChargeReq, Step::Plain, Stage::PowerDelivery),
        (K::PowerDeliveryReq, Step::Start, Stage::ChargeLoop),
        (K::DcChargeLoopReq, Step::Plain, Stage::ChargeLoop),
        (K::PowerDeliveryReq, Step::Stop, Stage::WeldingDetection),
        (K::DcWeldingDetectionReq, Step::Plain, Stage::SessionStop),
        (K::SessionStopReq, Step::Terminate, Stage::Ended),
    ] {
        assert_eq!(sequence.advance(asked(kind, step), OK), Ok(stage), "{kind}");
    }
}

#[test]
fn nobody_moves_on_ongoing_or_a_warning() {
    let request = Asked::plain(K::AuthorizationReq);
    let mut sequence = at(Stage::Authorization);
    for code in ResponseCode::ALL.iter().copied().filter(|code| class_of(*code) == Class::Warning) {
        assert_eq!(sequence.advance(request, Answered::finished(code)), Ok(Stage::Authorization));
    }
    for processing in [Processing::Ongoing, Processing::OngoingWaitingForCustomerInteraction] {
        let answer = Answered { code: ResponseCode::Ok, processing };
        assert_eq!(sequence.advance(request, answer), Ok(Stage::Authorization));
    }
    let mut sequence = at(Stage::PreCharge);
    let request = Asked { processing: Processing::Ongoing, ..Asked::plain(K::DcPreChargeReq) };
    assert_eq!(sequence.advance(request, OK), Ok(Stage::PreCharge));
}

#[test]
fn every_failure_ends() {
    let failures = ResponseCode::ALL.iter().copied().filter(|code| class_of(*code) == Class::Failed);
    assert_eq!(failures.clone().count(), 19);
    for code in failures {
        let mut sequence = at(Stage::ServiceDetail);
        assert_eq!(
            sequence.advance(Asked::plain(K::ServiceDetailReq), Answered::finished(code)),
            Ok(Stage::Ended)
        );
    }
}

/// Every table there is.
fn tables() -> impl Iterator<Item = &'static Table> {
    [Stream::Main]
        .into_iter()
        .chain(Stream::SIDE)
        .flat_map(|stream| Family::ALL.map(|f| Table::on(stream, f)))
}

/// The stages of a table.
fn stages(table: &'static Table) -> impl Iterator<Item = Stage> {
    Stage::ALL.into_iter().filter(|stage| table.rows().any(|row| row.from == *stage || row.to == *stage))
}

#[test]
fn stopping_is_legal_before_power_and_not_in_the_loop() {
    let stop = asked(K::SessionStopReq, Step::Terminate);
    for family in Family::ALL {
        let table = Table::of(family);
        for stage in stages(table) {
            let legal = match stage {
                Stage::Negotiation
                | Stage::SessionSetup
                | Stage::ChargeLoop
                | Stage::Standby
                | Stage::Ended => false,
                // The device has to move away from the vehicle first.
                Stage::WeldingDetection | Stage::Disconnect => family != Family::Acdp,
                _ => true,
            };
            let sequence = Sequence { table, stage, granted: 0 };
            assert_eq!(sequence.check(stop).is_ok(), legal, "{family:?} {stage}");
        }
    }
}

#[test]
fn guards_open_rows() {
    let mut sequence = at(Stage::PreCharge);
    let start = asked(K::PowerDeliveryReq, Step::Start);
    assert!(sequence.check(start).is_err());
    sequence.grant(Guard::PreChargeMatched);
    assert!(sequence.check(start).is_ok());
    sequence.revoke(Guard::PreChargeMatched);
    assert!(sequence.check(start).is_err());
    let mut sequence = at(Stage::Authorization);
    assert!(sequence.check(Asked::plain(K::CertificateInstallationReq)).is_err());
    sequence.grant(Guard::InstallationOffered);
    assert!(sequence.check(Asked::plain(K::CertificateInstallationReq)).is_ok());
}

#[test]
fn a_joined_session_skips_authorization() {
    let mut sequence = at(Stage::SessionSetup);
    let answer = Answered::finished(ResponseCode::OkOldSessionJoined);
    assert_eq!(sequence.advance(Asked::plain(K::SessionSetupReq), answer), Ok(Stage::ChargeParameters));
}

#[test]
fn tables_are_deterministic_and_connected() {
    for table in tables() {
        for row in table.rows() {
            assert!(row.request.is_request());
            let twins = table
                .rows()
                .filter(|r| (r.from, r.request, r.step) == (row.from, row.request, row.step))
                .count();
            assert_eq!(twins, 1, "{row:?}");
        }
        let mut reached = std::vec![table.start()];
        let mut next = 0;
        while let Some(from) = reached.get(next).copied() {
            next += 1;
            for row in table.rows().filter(|row| row.from == from) {
                if !reached.contains(&row.to) {
                    reached.push(row.to);
                }
            }
        }
        for stage in stages(table) {
            assert!(reached.contains(&stage), "{stage} is out of reach");
            let dead_end = !table.rows().any(|row| row.from == stage);
            assert_eq!(dead_end, stage == Stage::Ended, "{stage}");
        }
    }
}

#[test]
fn every_stage_belongs_to_a_table() {
    for stage in Stage::ALL {
        assert!(tables().any(|table| stages(table).any(|s| s == stage)), "{stage}");
    }
}

#[test]
fn only_the_warning_of_lost_coils_moves_a_wireless_session() {
    let aligned = Asked::plain(K::WptAlignmentCheckReq);
    for code in ResponseCode::ALL.iter().copied().filter(|code| class_of(*code) == Class::Warning) {
        let mut sequence =
            Sequence { table: Table::of(Family::Wpt), stage: Stage::AlignmentCheck, granted: 0 };
        let to = match code {
            ResponseCode::WarningWpt => Stage::Repositioning,
            _ => Stage::AlignmentCheck,
        };
        assert_eq!(sequence.advance(aligned, Answered::finished(code)), Ok(to), "{code}");
    }
}

#[test]
fn a_renegotiation_needs_the_loop_and_ends_where_it_began() {
    let mut side = Sequence::on(Stream::ScheduleRenegotiation, Family::Dc);
    let parameters = Asked::plain(K::DcChargeParameterDiscoveryReq);
    assert!(side.check(parameters).is_err());
    side.grant(Guard::LoopRuns);
    assert_eq!(side.advance(parameters, OK), Ok(Stage::RenegotiationSchedule));
    let schedule = Asked::plain(K::ScheduleExchangeReq);
    let ongoing = Answered { processing: Processing::Ongoing, ..OK };
    assert_eq!(side.advance(schedule, ongoing), Ok(Stage::RenegotiationSchedule));
    assert_eq!(side.advance(schedule, OK), Ok(Stage::RenegotiationDelivery));
    let delivery = asked(K::PowerDeliveryReq, Step::ScheduleRenegotiation);
    assert_eq!(side.advance(delivery, OK), Ok(Stage::Quiet));
}

#[test]
fn a_table_prints_as_a_diagram() {
    let diagram = Table::of(Family::Dc).to_string();
    assert!(diagram.starts_with("stateDiagram-v2\n    [*] --> Negotiation\n"));
    assert!(diagram.contains("\n    PreCharge --> PowerDelivery : DC_PreChargeReq\n"));
    assert!(
        diagram.contains("\n    PreCharge --> ChargeLoop : PowerDeliveryReq(Start) [PreChargeMatched]\n")
    );
}
