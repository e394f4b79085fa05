//! What the host is told and says: nothing twice, nothing without leave.

use exi_codec::iso20::common_types::EvseNotification;
use iso15118_20::message::MessageKind as K;
use iso15118_20::secc::{AuthorizationDecision, Isolation, SeccEvent, SeccTimer, Stop};
use iso15118_20::security::ContractVerdict;

use super::super::station::Word;
use super::super::station_output::Flow;
use super::Watch;

/// Side effects that a repeated request must not have twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Authorization,
    Contract,
    Installation,
    Schedule,
    Isolation,
    Close,
    Positioning,
    Connect,
    Disconnect,
    Metering,
}

impl Watch {
    pub(super) fn finished(&mut self, kind: K) {
        let over: &[Effect] = match kind {
            K::AuthorizationReq => &[Effect::Authorization, Effect::Contract],
            K::CertificateInstallationReq => &[Effect::Installation],
            K::ScheduleExchangeReq => &[Effect::Schedule],
            K::DcCableCheckReq => &[Effect::Isolation],
            K::PowerDeliveryReq => &[Effect::Close],
            K::AcdpConnectReq => &[Effect::Connect],
            K::AcdpDisconnectReq => &[Effect::Disconnect],
            K::MeteringConfirmationReq => &[Effect::Metering],
            K::WptFinePositioningReq
            | K::WptPairingReq
            | K::WptAlignmentCheckReq
            | K::AcdpVehiclePositioningReq => &[Effect::Positioning],
            _ => &[],
        };
        self.effects.retain(|effect| !over.contains(effect));
    }

    pub fn event(&mut self, event: &SeccEvent) {
        use SeccEvent as E;
        let effect = match event {
            E::AuthorizationWanted { .. } => Some(Effect::Authorization),
            E::ContractWanted { .. } => Some(Effect::Contract),
            E::InstallationWanted { .. } => Some(Effect::Installation),
            E::ScheduleWanted { .. } => Some(Effect::Schedule),
            E::IsolationTest { .. } => Some(Effect::Isolation),
            E::CloseContactor { .. } => Some(Effect::Close),
            E::FinePositioning { .. }
            | E::Pairing { .. }
            | E::AlignmentCheck { .. }
            | E::VehiclePositioning { .. } => Some(Effect::Positioning),
            E::ConnectDevice { .. } => Some(Effect::Connect),
            E::DisconnectDevice { .. } => Some(Effect::Disconnect),
            E::MeteringConfirmed { .. } => Some(Effect::Metering),
            _ => None,
        };
        if let Some(effect) = effect {
            assert!(!self.effects.contains(&effect), "a second {effect:?} for the same thing");
            self.effects.push(effect);
        }
        let energises = match event {
            E::IsolationTest { .. }
            | E::PreCharge { .. }
            | E::CloseContactor { .. }
            | E::AlignmentCheck { .. }
            | E::ConnectDevice { .. } => true,
            E::Output(output) => !output.is_zero(),
            E::AcOutput(output) => !output.active.is_zero(),
            E::WptOutput(power) => !power.is_zero(),
            _ => false,
        };
        assert!(!(energises && self.off), "{event:?} after PowerOff");
        assert!(!energises || self.authorized, "{event:?} without authorization");
        match event {
            E::PowerOff => {
                self.off = true;
                self.power.flow = Flow::Nothing;
            }
            E::Output(output) => self.power.flow = Flow::Dc(*output),
            E::AcOutput(output) => self.power.flow = Flow::Ac(*output),
            E::WptOutput(power) => self.power.flow = Flow::Wpt(*power),
            E::ServiceSelected(selection) => {
                let (service, set) = (selection.service.number(), selection.parameters.id);
                assert!(self.offered.contains(&service), "a service that was not offered");
                assert!(self.sets.contains(&(service, set)), "parameters that were not offered");
                assert!(self.authorized);
                self.selection = Some(*selection);
                self.power.selected(*selection);
            }
            E::SessionResumed(selection) => assert_eq!(Some(*selection), self.selection),
            E::Overdue(timer) => self.overdue(*timer),
            E::Close => self.closed = true,
            _ => {}
        }
    }

    fn overdue(&mut self, timer: SeccTimer) {
        let over: &[Effect] = match timer {
            SeccTimer::Authorization => &[Effect::Authorization],
            SeccTimer::Contract => &[Effect::Contract],
            SeccTimer::Installation => &[Effect::Installation],
            SeccTimer::Schedule | SeccTimer::Renegotiation => &[Effect::Schedule],
            SeccTimer::Isolation => &[Effect::Isolation],
            SeccTimer::Positioning => &[Effect::Positioning, Effect::Connect, Effect::Disconnect],
            SeccTimer::MeteringConfirmation => {
                self.meter_asked = false;
                &[]
            }
            _ => &[],
        };
        if timer == SeccTimer::Isolation {
            self.plant.isolation = Some(Isolation::Fault);
        }
        self.effects.retain(|effect| !over.contains(effect));
    }

    /// The host says something; `over`: to an engine whose session has ended.
    pub fn heard(&mut self, word: &Word, over: bool) {
        let over_word: &[Effect] = match word {
            Word::Authorize(decision) if *decision != AuthorizationDecision::WaitingForCustomer => {
                self.accepted |= *decision == AuthorizationDecision::Accepted && !over;
                &[Effect::Authorization]
            }
            Word::Contract(verdict) => {
                let valid = matches!(verdict, ContractVerdict::Valid | ContractVerdict::ExpiresSoon);
                self.accepted |= valid && self.effects.contains(&Effect::Contract);
                &[Effect::Contract]
            }
            Word::KeepSchedule | Word::GiveUpSchedule => &[Effect::Schedule],
            Word::RefuseInstallation(_) => &[Effect::Installation],
            Word::Isolation(_) => &[Effect::Isolation],
            Word::Positioning(_) | Word::Pairing(_) | Word::Alignment(_) => &[Effect::Positioning],
            Word::Metering(_) => &[Effect::Metering],
            Word::Stop(stop) if !over => {
                // The first notice counts, and an emergency outranks it.
                let first = self.stop.is_none() || *stop == Stop::Emergency;
                self.stop = if first { Some(*stop) } else { self.stop };
                &[]
            }
            Word::Islanded if !over => {
                self.stop = self.stop.or(Some(Stop::Notify { max_delay: 0 }));
                &[]
            }
            Word::Status(status) if !over => {
                if status.emergency || status.malfunction {
                    self.stop = Some(Stop::Emergency);
                } else if status.utility_interrupt {
                    self.stop = self.stop.or(Some(Stop::Notify { max_delay: 0 }));
                }
                &[]
            }
            Word::ForgetPaused => {
                self.paused = None;
                &[]
            }
            Word::Disconnect => {
                self.must_end |= !over;
                &[]
            }
            _ => &[],
        };
        self.effects.retain(|effect| !over_word.contains(effect));
        let stage = self.main.stage();
        self.plant.heard(word, stage);
    }

    pub fn notified(&mut self, notification: EvseNotification, done: bool) {
        if done && notification == EvseNotification::MeteringConfirmation {
            self.meter_asked = true;
        }
        if done && notification == EvseNotification::Terminate {
            self.stop = self.stop.or(Some(Stop::Notify { max_delay: 0 }));
        }
    }
}
