extern crate std;

use std::string::ToString;

use exi_codec::iso20::common_types::{Processing, ResponseCode};

use super::{Answered, Asked, Class, Guard, Sequence, Stage, Step, Table, class_of};
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

#[test]
fn stopping_is_legal_before_power_and_not_in_the_loop() {
    let stop = asked(K::SessionStopReq, Step::Terminate);
    for stage in Stage::ALL {
        let legal =
            !matches!(stage, Stage::Negotiation | Stage::SessionSetup | Stage::ChargeLoop | Stage::Ended);
        assert_eq!(at(stage).check(stop).is_ok(), legal, "{stage}");
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
    for family in Family::ALL {
        let table = Table::of(family);
        assert_eq!(table.family(), family);
        for row in table.rows() {
            assert!(row.request.is_request());
            let twins = table
                .rows()
                .filter(|r| (r.from, r.request, r.step) == (row.from, row.request, row.step))
                .count();
            assert_eq!(twins, 1, "{row:?}");
        }
    }
    for stage in Stage::ALL {
        let table = Table::of(Family::Dc);
        assert!(
            stage == Stage::Negotiation || table.rows().any(|row| row.to == stage),
            "{stage} is out of reach"
        );
        assert!(stage == Stage::Ended || table.rows().any(|row| row.from == stage), "{stage} is a dead end");
    }
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
