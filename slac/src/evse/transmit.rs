//! What a charger sends.

use super::session::{Reply, Session};
use super::{Evse, Partner};
use crate::exchange::AmplitudeMessage;
use crate::mme::{AmpMapCnf, AmpMapReq, AttenCharInd, SlacMatchCnf, SlacMatchReq, SlacParmCnf, ValidateCnf};
use crate::{EmitError, Entropy, Envelope, Groups, MacAddr, Mme, StationId};

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
            let message = Mme::SlacMatchCnf(SlacMatchCnf {
                request: request(partner, &config),
                network: network.clone(),
            });
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
            let sent = emit(&message, &config, self.modem.address(), out);
            return sent.map(Some).inspect_err(|_| self.modem.untransmit(&message));
        }
        if let (Some(due), Phase::Matched { partner, .. }) = (self.amplitude.due(), self.phase) {
            let message = match due {
                AmplitudeMessage::Ask(map) => Mme::AmpMapReq(AmpMapReq { map }),
                AmplitudeMessage::Answer => Mme::AmpMapCnf(AmpMapCnf { result: 0 }),
            };
            let sent = emit(&message, &config, partner.vehicle, out)?;
            self.amplitude.sent(due);
            return Ok(Some(sent));
        }
        Ok(None)
    }
}

fn emit(
    message: &Mme<'_>,
    config: &EvseConfig<'_>,
    destination: MacAddr,
    out: &mut [u8],
) -> Result<usize, EmitError> {
    message.emit(Envelope { destination, source: config.mac, version: message.version() }, out)
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
    let groups;
    let message = match reply {
        Reply::Parameters => {
            Mme::SlacParmCnf(SlacParmCnf { sounding: config.sounding, forwarding_sta: vehicle, run_id })
        }
        Reply::Report => {
            groups = session.profile.mean(config.rounding, config.offset);
            Mme::AttenCharInd(AttenCharInd {
                source_address: vehicle,
                run_id,
                source_id: StationId::NONE,
                resp_id: StationId::NONE,
                num_sounds: session.profile.count(),
                groups: Groups::new(&groups),
            })
        }
        Reply::Validation { toggles, result } => Mme::ValidateCnf(ValidateCnf { toggles, result }),
    };
    emit(&message, config, vehicle, out)
}
