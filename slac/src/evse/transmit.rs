//! What a charger sends.

use super::session::{Reply, Session};
use super::{Evse, Partner};
use crate::exchange::AmplitudeMessage;
use crate::mme::{
    self, AmpMapCnf, AmpMapReq, AttenCharInd, Body, SlacMatchCnf, SlacMatchReq, SlacParmCnf, ValidateCnf,
};
use crate::{EmitError, Entropy, Envelope, Groups, MacAddr, StationId};

use super::{EvseConfig, Phase};

impl<E: Entropy, const SESSIONS: usize> Evse<'_, E, SESSIONS> {
    /// Writes the next frame that is due into `out`, and returns its length; `None` if there is none.
    ///
    /// [`crate::MAX_FRAME_LEN`] bytes are enough, unless an amplitude map is configured, which takes 21 bytes and
    /// half a byte for each carrier.
    ///
    /// # Errors
    /// [`EmitError`] if `out` is too small; the frame stays due.
    pub fn poll_transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError> {
        let sent = self.transmit(out)?;
        if sent.is_some() {
            self.counters.sent = self.counters.sent.saturating_add(1);
        }
        Ok(sent)
    }

    fn transmit(&mut self, out: &mut [u8]) -> Result<Option<usize>, EmitError> {
        let config = self.config;
        if let (Some(partner), Some(network)) = (self.confirm, &self.network) {
            let message = SlacMatchCnf { request: request(partner, &config), network: network.clone() };
            let sent = emit(&message, &config, partner.vehicle, out)?;
            self.confirm = None;
            return Ok(Some(sent));
        }
        for session in self.sessions.iter_mut().flatten() {
            if let Some(reply) = session.reply {
                let sent = send_reply(session, reply, &config, out)?;
                session.reply = None;
                return Ok(Some(sent));
            }
        }
        if let Some(network) = &self.network
            && let Some(message) = self.modem.transmit(network)
        {
            let sent = mme::emit(message.body(), self.modem.envelope(config.mac, &message), out);
            return sent.map(Some).inspect_err(|_| self.modem.untransmit(&message));
        }
        if let (Some(due), Phase::Matched { partner, .. }) = (self.amplitude.due(), self.phase) {
            let sent = match due {
                AmplitudeMessage::Ask(map) => emit(&AmpMapReq { map }, &config, partner.vehicle, out)?,
                AmplitudeMessage::Answer => emit(&AmpMapCnf { result: 0 }, &config, partner.vehicle, out)?,
            };
            self.amplitude.sent(due);
            return Ok(Some(sent));
        }
        Ok(None)
    }
}

fn emit(
    message: &dyn Body,
    config: &EvseConfig<'_>,
    destination: MacAddr,
    out: &mut [u8],
) -> Result<usize, EmitError> {
    mme::emit(message, Envelope { destination, source: config.mac, version: message.version() }, out)
}

fn request(partner: Partner, config: &EvseConfig<'_>) -> SlacMatchReq {
    SlacMatchReq {
        pev_id: StationId::NONE,
        pev_mac: partner.vehicle,
        evse_id: StationId::NONE,
        evse_mac: config.mac,
        run_id: partner.run_id,
    }
}

fn send_reply(
    session: &Session,
    reply: Reply,
    config: &EvseConfig<'_>,
    out: &mut [u8],
) -> Result<usize, EmitError> {
    let (vehicle, run_id) = (session.vehicle, session.run_id);
    match reply {
        Reply::Parameters => {
            let message = SlacParmCnf { sounding: config.sounding, forwarding_sta: vehicle, run_id };
            emit(&message, config, vehicle, out)
        }
        Reply::Report => {
            let groups = session.profile.mean(config.rounding, config.offset);
            let message = AttenCharInd {
                source_address: vehicle,
                run_id,
                source_id: StationId::NONE,
                resp_id: StationId::NONE,
                num_sounds: session.profile.count(),
                groups: Groups::new(&groups),
            };
            emit(&message, config, vehicle, out)
        }
        Reply::Validation { toggles, result } => emit(&ValidateCnf { toggles, result }, config, vehicle, out),
    }
}
