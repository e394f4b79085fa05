//! Sessions that were paused, and their continuation over a new connection.

use exi_codec::iso20::common_messages::SessionSetupRes;
use exi_codec::iso20::common_types::ResponseCode;

use super::{Core, Evcc, Flags, MAX_VALUE_ADDED_WISHES, Pending, T};
use crate::end::Cause;
use crate::message::MessageKind as K;
use crate::security::PeerId;
use crate::sequence::Guard;
use crate::service::{Selection, ValueAddedSet};
use crate::text::Text;

/// What a vehicle keeps of a paused session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paused {
    pub(super) session: [u8; 8],
    pub(super) selection: Selection,
    station: Text<64>,
    peer: Option<PeerId>,
    value_added: [Option<ValueAddedSet>; MAX_VALUE_ADDED_WISHES],
    renegotiable: bool,
    contract: Option<u8>,
}

impl Paused {
    /// Whether the charger at the other end may be the one of the session [V2G20-2539]: the ID is nobody else's
    /// business.
    pub(super) fn may_be_with(&self, peer: Option<PeerId>) -> bool {
        self.peer == peer
    }
}

impl Evcc<'_> {
    /// The session that will be resumed with the next connection, if one was paused.
    pub fn paused(&self) -> Option<Selection> {
        self.core.paused.map(|paused| paused.selection)
    }

    /// Forgets a paused session: the vehicle was unplugged, or is to begin anew.
    pub fn forget_paused(&mut self) {
        self.core.paused = None;
    }
}

impl Core<'_> {
    pub(super) fn keep_paused(&mut self) {
        self.paused = self.selection.map(|selection| Paused {
            session: self.session,
            selection,
            station: self.station_id,
            peer: self.peer,
            value_added: self.value_added,
            renegotiable: self.flags.has(Flags::RENEGOTIABLE),
            contract: self.auth.accepted,
        });
    }

    /// The session that was asked for cannot be continued: nothing of it counts [V2G20-2613].
    pub(super) fn begin_anew(&mut self) {
        self.paused = None;
        self.session = [0; 8];
    }

    pub(super) fn session_set_up(&mut self, message: &SessionSetupRes<'_>) {
        let session = message.header.session_id;
        let station = Text::copied(&message.evse_id);
        if session == [0; 8] {
            return self.finish(Cause::InvalidResponse(K::SessionSetupRes));
        }
        self.clear(T::Setup);
        if message.response_code == ResponseCode::OkOldSessionJoined {
            // Joined is what was asked for, or nothing.
            let Some(paused) = self.paused.filter(|paused| paused.session == session) else {
                return self.finish(Cause::ForeignSession);
            };
            // Without certificates the name is all there is to tell chargers apart.
            if self.peer.is_none() && paused.station != station {
                return self.finish(Cause::ForeignSession);
            }
            self.selection = Some(paused.selection);
            self.value_added = paused.value_added;
            self.auth.accepted = paused.contract;
            if paused.renegotiable {
                self.flags.set(Flags::RENEGOTIABLE);
                self.sequence.grant(Guard::RenegotiationOffered);
            }
            self.flags.set(Flags::DISCOVERED);
            self.pending.raise(Pending::RESUMED);
        } else {
            self.pending.raise(Pending::STARTED);
        }
        self.paused = None;
        self.session = session;
        self.station_id = station;
    }
}
