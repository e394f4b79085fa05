//! Sessions that were paused, and whether one that comes is the same.

use exi_codec::iso20::common_messages::SessionSetupReq;
use exi_codec::iso20::common_types::{Processing, ResponseCode};

use super::Secc;
use super::engine::Core;
use super::services::Advertised;
use super::state::Grant;
use crate::end::{Cause, Refusal};
use crate::security::{PeerId, is_same};
use crate::sequence::{Asked, Guard, Stage, Step};
use crate::service::{ControlMode, MAX_VALUE_ADDED, Selection, ValueAddedSet};
use crate::settings::UninvitedPause;
use crate::text::Text;

/// What tells one vehicle from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VehicleKey {
    Certificate(PeerId),
    Name(Text<64>),
}

/// What is kept of a paused session. Authorization is part of it: who has none cannot pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paused {
    session: [u8; 8],
    vehicle: VehicleKey,
    pub(super) selection: Selection,
    value_added: [Option<ValueAddedSet>; MAX_VALUE_ADDED],
    advertised: Advertised,
}

impl Secc<'_> {
    /// Forgets a paused session: the cable was unplugged, or the operator's time is over.
    pub fn forget_paused(&mut self) {
        self.core.paused = None;
    }

    /// The ID of the session that is paused, if one is.
    pub fn paused(&self) -> Option<[u8; 8]> {
        self.core.paused.map(|paused| paused.session)
    }
}

impl Core<'_> {
    /// A session begins, or the paused one goes on: for the same ID and the same vehicle only [V2G20-2545]. Any
    /// other session means that the paused one is over.
    pub(super) fn session_setup(&mut self, asked: Asked, message: &SessionSetupReq<'_>) {
        if self.connection.evcc_id.is_some_and(|id| !is_same(id.as_str(), &message.evcc_id)) {
            return self.refuse(asked, ResponseCode::Failed, Refusal::Content);
        }
        self.vehicle_id = Text::copied(&message.evcc_id);
        let id = message.header.session_id;
        let key = self.vehicle_key();
        let old = self.paused.take().filter(|paused| {
            paused.session == id
                && id != [0; 8]
                && Some(paused.vehicle) == key
                && paused.selection.service.family() == self.family()
        });
        let Some(paused) = old else {
            return self.answer(asked, ResponseCode::OkNewSessionEstablished, Processing::Finished);
        };
        self.session = paused.session;
        self.selection = Some(paused.selection);
        self.value_added = paused.value_added;
        self.services.advertised = paused.advertised;
        self.services.resumed = Some(paused.selection);
        self.access.grant = Grant::Granted;
        self.sequence.grant(Guard::Resumed);
        if paused.advertised == Advertised::Yes {
            self.sequence.grant(Guard::RenegotiationOffered);
        }
        self.answer(asked, ResponseCode::OkOldSessionJoined, Processing::Finished);
    }

    /// Whether the vehicle may pause now [V2G20-1195]: it was invited, or plans no power, or is let.
    pub(super) fn may_pause(&self) -> bool {
        let scheduled = self.mode() == Some(ControlMode::Scheduled);
        let invited = self.notes.pause_invited
            || scheduled && self.plan.idle
            || self.config.settings.uninvited_pause == UninvitedPause::Allow;
        invited && self.is_authorized() && self.selection.is_some() && self.current_is_low()
    }

    /// The session is left in good order.
    pub(super) fn left(&mut self, stage: Stage, asked: Asked) {
        if asked.step != Step::Pause {
            return self.finish_at(stage, Cause::Terminated);
        }
        if let (Some(vehicle), Some(selection)) = (self.vehicle_key(), self.selection) {
            self.paused = Some(Paused {
                session: self.session,
                vehicle,
                selection,
                value_added: self.value_added,
                advertised: self.services.advertised,
            });
        }
        self.finish_at(stage, Cause::Paused);
    }
}
