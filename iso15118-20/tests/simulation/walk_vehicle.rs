//! The vehicle at every request it makes, answered with everything there is to answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use exi_codec::iso20::common_types::{MessageHeader, Processing, ResponseCode};
use iso15118_20::message::{MessageKind as K, Response, refusal};
use iso15118_20::sequence::{Asked, Class, Stage, Stream, class_of};
use iso15118_20::service::ControlMode;
use iso15118_20::{Cause, Profile};

use super::common::NOW;
use super::duo::SERVICES;
use super::duo::{Duo, SESSION, duo};
use super::trace::Log;

/// One answer to a request.
#[derive(Clone, Copy, Debug)]
struct Answer {
    kind: K,
    code: ResponseCode,
    processing: Processing,
    session: [u8; 8],
}

impl Answer {
    fn frame(&self) -> Vec<u8> {
        let header = MessageHeader { session_id: self.session, time_stamp: NOW, ..MessageHeader::default() };
        let mut response = refusal(self.kind, header, self.code);
        let place = match &mut response {
            Response::AuthorizationRes(m) => Some(&mut m.evse_processing),
            Response::CertificateInstallationRes(m) => Some(&mut m.evse_processing),
            Response::ScheduleExchangeRes(m) => Some(&mut m.evse_processing),
            Response::DcCableCheckRes(m) => Some(&mut m.evse_processing),
            Response::WptFinePositioningRes(m) => Some(&mut m.evse_processing),
            Response::WptPairingRes(m) => Some(&mut m.evse_processing),
            Response::WptAlignmentCheckRes(m) => Some(&mut m.evse_processing),
            Response::AcdpVehiclePositioningRes(m) => Some(&mut m.evse_processing),
            Response::AcdpConnectRes(m) | Response::AcdpDisconnectRes(m) => Some(&mut m.evse_processing),
            _ => None,
        };
        if let Some(place) = place {
            *place = self.processing;
        }
        let mut frame = vec![0; 4096];
        let len = response.encode(&mut frame).expect("it encodes");
        frame.truncate(len);
        frame
    }

    fn has_processing(self) -> bool {
        matches!(
            self.kind,
            K::AuthorizationRes
                | K::CertificateInstallationRes
                | K::ScheduleExchangeRes
                | K::DcCableCheckRes
                | K::WptFinePositioningRes
                | K::WptPairingRes
                | K::WptAlignmentCheckRes
                | K::AcdpVehiclePositioningRes
                | K::AcdpConnectRes
                | K::AcdpDisconnectRes
        )
    }
}

/// Every answer of the right type and one of every other.
fn answers(asked: Asked) -> Vec<Answer> {
    let kind = asked.kind.response();
    let good = Answer { kind, code: ResponseCode::Ok, processing: Processing::Finished, session: SESSION };
    let mut all = vec![Answer { session: [1; 8], ..good }];
    for code in ResponseCode::ALL {
        let open = if good.has_processing() { Processing::ALL } else { &[Processing::Finished] };
        all.extend(open.iter().map(|processing| Answer { code: *code, processing: *processing, ..good }));
    }
    let others = K::ALL.iter().filter(|other| !other.is_request() && **other != kind);
    all.extend(others.map(|other| Answer { kind: *other, ..good }));
    all
}

/// What must come of an answer at once.
fn judge(duo: &Duo<'_>, asked: Asked, answer: Answer, before: Stage) {
    let end = duo.vehicle.evcc.end().map(|end| end.cause);
    let stage = duo.vehicle.evcc.stage();
    let negotiation = asked.kind == K::SupportedAppProtocolReq;
    if answer.kind != asked.kind.response() {
        let expected = asked.kind.response();
        // Side streams are not waited on: what comes there means nothing.
        let aside = Stream::of(answer.kind.payload_type()) != Stream::Main;
        if !aside {
            assert_eq!(end, Some(Cause::UnexpectedResponse { expected, received: answer.kind }));
        }
    } else if class_of(answer.code) == Class::Failed {
        let refused = Cause::Failed { request: asked.kind, code: answer.code };
        assert_eq!(end, Some(if negotiation { Cause::NoProtocol } else { refused }));
    } else if answer.session != SESSION && asked.kind != K::SessionSetupReq && !negotiation {
        assert_eq!(end, Some(Cause::ForeignSession));
    } else if negotiation {
        assert!(end.is_some(), "a choice of nothing");
    } else if end.is_none() {
        let moved = class_of(answer.code) == Class::Ok
            && answer.processing == Processing::Finished
            && asked.processing == Processing::Finished;
        let lost = answer.code == ResponseCode::WarningWpt;
        assert!(moved || lost || stage == before, "{before} to {stage}");
    }
}

#[test]
fn a_vehicle_is_answered_everything_to_every_request() {
    let mut answered = 0;
    for (number, service) in SERVICES.into_iter().enumerate() {
        let ways = [(ControlMode::Scheduled, Profile::Strict), (ControlMode::Dynamic, Profile::Lenient)];
        for (turn, (mode, profile)) in ways.into_iter().enumerate() {
            // Without optimization each service takes its turn with one of them.
            if cfg!(debug_assertions) && number % 2 != turn {
                continue;
            }
            // The straight way first: which requests there are, and after how many answers each comes first.
            let mut known: Vec<(usize, Asked)> = Vec::new();
            duo(service, mode, profile, Log::Silent, |duo| {
                let mut count = 0;
                while let Some(frame) = duo.next_answer() {
                    if let Some(asked) = duo.asked
                        && !known.iter().any(|(_, other)| *other == asked)
                    {
                        known.push((count, asked));
                    }
                    duo.vehicle.input(duo.now, &frame);
                    count += 1;
                }
                let end = duo.vehicle.evcc.end().map(|end| end.cause);
                assert_eq!(end, Some(Cause::Terminated), "{service:?} {mode:?}");
            });
            assert!(known.len() > 12, "{known:?}");
            for (count, asked) in known {
                for answer in answers(asked) {
                    let reply = |log| {
                        duo(service, mode, profile, log, |duo| {
                            for _ in 0..count {
                                let frame = duo.next_answer().expect("the straight way");
                                duo.vehicle.input(duo.now, &frame);
                            }
                            let _ = duo.next_answer();
                            assert_eq!(duo.asked, Some(asked));
                            let before = duo.vehicle.evcc.stage();
                            duo.vehicle.input(duo.now, &answer.frame());
                            judge(duo, asked, answer, before);
                            duo.wait_for_the_end();
                        });
                    };
                    if catch_unwind(AssertUnwindSafe(|| reply(Log::Silent))).is_err() {
                        eprintln!("{service:?} {mode:?} {profile:?}: {asked:?} is answered with {answer:?}");
                        reply(Log::Printed);
                    }
                    answered += 1;
                }
            }
        }
    }
    println!("{answered} answers");
    assert!(answered > 10_000, "{answered}");
}
