//! What a vehicle sends.

use super::{Due, Ev, EvConfig, Phase};
use crate::exchange::AmplitudeMessage;
use crate::mme::{
    self, AmpMapCnf, AmpMapReq, AttenCharRsp, Body, MnbcSoundInd, SlacMatchReq, SlacParmReq,
    StartAttenCharInd,
};
use crate::{EmitError, Entropy, Envelope, MacAddr, StationId};

impl<E: Entropy, const STATIONS: usize> Ev<'_, E, STATIONS> {
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
        let run_id = self.run_id;
        if let Some(network) = &self.network
            && let Some(message) = self.modem.transmit(network)
        {
            let sent = mme::emit(message.body(), self.modem.envelope(config.mac, &message), out);
            return sent.map(Some).inspect_err(|_| self.modem.untransmit(&message));
        }
        for station in self.stations.iter_mut() {
            if station.respond.is_some() {
                let message = AttenCharRsp {
                    source_address: config.mac,
                    run_id,
                    source_id: StationId::NONE,
                    resp_id: StationId::NONE,
                    result: 0,
                };
                let sent = emit(&message, &config, station.mac, out)?;
                station.respond = None;
                return Ok(Some(sent));
            }
        }
        if let Some(due) = self.due {
            let sent = self.send(due, out)?;
            self.due = None;
            return Ok(Some(sent));
        }
        if let (Some(due), Phase::Matched { evse, .. }) = (self.amplitude.due(), self.phase) {
            let sent = match due {
                AmplitudeMessage::Ask(map) => emit(&AmpMapReq { map }, &config, evse, out)?,
                AmplitudeMessage::Answer => emit(&AmpMapCnf { result: 0 }, &config, evse, out)?,
            };
            self.amplitude.sent(due);
            return Ok(Some(sent));
        }
        Ok(None)
    }

    fn send(&self, due: Due, out: &mut [u8]) -> Result<usize, EmitError> {
        let (config, run_id) = (&self.config, self.run_id);
        let (none, everybody) = (StationId::NONE, MacAddr::BROADCAST);
        match due {
            Due::Parameters => emit(&SlacParmReq { run_id }, config, everybody, out),
            Due::Start => {
                let (sounding, forwarding_sta) = (self.sounding, config.mac);
                emit(&StartAttenCharInd { sounding, forwarding_sta, run_id }, config, everybody, out)
            }
            Due::Sound { remaining, random } => {
                emit(&MnbcSoundInd { sender_id: none, remaining, run_id, random }, config, everybody, out)
            }
            Due::Validate(evse, message) => emit(&message, config, evse, out),
            Due::Match(evse) => {
                let pev_mac = config.mac;
                let message = SlacMatchReq { pev_id: none, pev_mac, evse_id: none, evse_mac: evse, run_id };
                emit(&message, config, evse, out)
            }
        }
    }
}

fn emit(
    message: &dyn Body,
    config: &EvConfig<'_>,
    destination: MacAddr,
    out: &mut [u8],
) -> Result<usize, EmitError> {
    mme::emit(message, Envelope { destination, source: config.mac, version: message.version() }, out)
}
