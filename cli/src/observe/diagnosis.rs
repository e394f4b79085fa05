//! Why a session ended, for who has to mend it: stage, cause, requirement, what to look at, last messages.

use std::fmt::Write as _;

use iso15118_20::message::MessageKind;
use iso15118_20::{Cause, End, Refusal, Timer};

use super::observer::Observer;
use super::timeline::{self, Audience};
use crate::terminal::{Colour, Paint, Stream};

/// The requirement of the standard that an end rests on, where it is known, and what to look at.
pub(crate) fn advice(end: End) -> (Option<&'static str>, Option<&'static str>) {
    match end.cause {
        Cause::Terminated | Cause::Paused => (None, None),
        Cause::Refused { why, code, .. } => {
            use exi_codec::iso20::common_types::ResponseCode as Code;
            let requirement = match code {
                Code::FailedUnknownSession => Some("[V2G20-460]"),
                _ => None,
            };
            let advice = match why {
                Refusal::Content => {
                    "the request's content or order: compare the last request with the one before"
                }
                Refusal::Host => "this charger had said stop",
                Refusal::HostSilent => "the charger's hardware or back end did not answer in time",
                Refusal::Plant => {
                    "isolation, voltage or contactors of the charger were not where they had to be"
                }
            };
            (requirement, Some(advice))
        }
        Cause::Failed { .. } => (None, Some("the charger's log says what it did not like")),
        Cause::Timeout(timer) => match timer {
            Timer::CommunicationSetup => {
                (None, Some("the connection was made, and then nobody set up a session"))
            }
            Timer::Message(_) => {
                (None, Some("the response was lost or came late; the charger may have stalled"))
            }
            Timer::Ongoing(MessageKind::AuthorizationReq) => {
                (None, Some("the back end did not decide in time"))
            }
            Timer::Ongoing(_) => (None, Some("the charger answered Ongoing for too long")),
            Timer::Sequence => {
                (Some("[V2G20-441], [V2G20-443]"), Some("the vehicle fell silent; the charger switched off"))
            }
            Timer::Notification => {
                (None, Some("the vehicle ignored a notification; the charger switched off"))
            }
            Timer::Actuation => (None, Some("contactors or converter did not confirm a command")),
            Timer::Acknowledge => {
                (None, Some("the vehicle's converter did not follow a set-point within AckMaxDelay"))
            }
        },
        Cause::LinkLost => (None, Some("the cable, the modem or the other end's program went away")),
        Cause::Framing(_) => (None, Some("look at the bytes before: a length or a header was wrong")),
        Cause::Undecodable(_) => (None, Some("`v2g decode --explain` shows the place in the last message")),
        Cause::Unencodable(_) => (None, Some("a value of the scenario is outside the schema")),
        Cause::UnexpectedResponse { .. } | Cause::OutOfTurn => {
            (None, Some("one request, one response, in turn: the other end lost count"))
        }
        Cause::ForeignSession => {
            (Some("[V2G20-460]"), Some("the session ID of the header is not the agreed one"))
        }
        Cause::NotSecured => {
            (Some("[V2G20-2356], [V2G20-1237]"), Some("TLS is missing; --lab allows plain TCP"))
        }
        Cause::NoProtocol => {
            (Some("[V2G20-167], [V2G20-169]"), Some("compare the namespaces that both ends offer"))
        }
        Cause::NoService => (None, Some("compare the services and control modes of both ends")),
        Cause::NotAuthorized => (None, Some("the back end said no, or nothing")),
        Cause::IncompatibleLimits => {
            (None, Some("compare the limits in the ChargeParameterDiscovery messages"))
        }
        Cause::InvalidResponse(_) => (None, Some("look at the content of the last response")),
        Cause::UnsafeCurrent => (None, Some("the charger drove current that the vehicle had not allowed")),
        Cause::ContactorFault => (None, Some("the contactors of the vehicle did not do as commanded")),
        Cause::PositioningFailed => {
            (None, Some("position, pairing and alignment of the vehicle, and who had to move or confirm"))
        }
        Cause::StationFault => (
            None,
            Some("the charger said on its own that it is out of order: emergency, malfunction, isolation"),
        ),
        Cause::EmergencyStop => (None, Some("the vehicle stopped at once, on its own")),
    }
}

/// The diagnosis of one end, some lines of text. `verdict` says what is wrong about it.
pub(super) fn text(observer: &Observer, end: Option<End>, verdict: &str) -> String {
    let side = Paint::of(Stream::Output).text(Colour::Bold, observer.side().name());
    let mut text = String::new();
    match end {
        None => {
            let _ = match observer.refusal() {
                Some(why) => write!(text, "{side}: {verdict}\n  cause        no link: {why}"),
                None => write!(text, "{side}: no session"),
            };
        }
        Some(end) => {
            let _ =
                write!(text, "{side}: {verdict}\n  stage        {}\n  cause        {}", end.stage, end.cause);
            let (requirement, advice) = advice(end);
            if let Some(requirement) = requirement {
                let _ = write!(text, "\n  requirement  {requirement}");
            }
            if let Some(why) = observer.broken() {
                let _ = write!(text, "\n  link         {why}");
            }
            if let Some(advice) = advice {
                let _ = write!(text, "\n  look at      {advice}");
            }
        }
    }
    let mut kept = observer.kept().peekable();
    if kept.peek().is_some() {
        text.push_str("\n  last messages");
    }
    for (seen, kept) in kept {
        let _ = write!(text, "\n  {}", timeline::line(Audience::People, seen, &kept.message()));
    }
    text
}
