//! What a vehicle sends.

use super::{Due, Ev, EvConfig, Phase};
use crate::exchange::AmplitudeMessage;
use crate::mme::{
    AmpMapCnf, AmpMapReq, AttenCharRsp, MnbcSoundInd, SlacMatchReq, SlacParmReq, StartAttenCharInd,
};
use crate::{EmitError, Entropy, Envelope, MacAddr, Mme, StationId};

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
            let sent = emit(&message, &config, self.modem.address(), out);
            return sent.map(Some).inspect_err(|_| self.modem.untransmit(&message));
        }
        for station in self.stations.iter_mut() {
            if station.respond.is_some() {
                let message = Mme::AttenCharRsp(AttenCharRsp {
                    source_address: config.mac,
                    run_id,
                    source_id: StationId::NONE,
                    resp_id: StationId::NONE,
                    result: 0,
                });
                let sent = emit(&message, &config, station.mac, out)?;
                station.respond = None;
                return Ok(Some(sent));
            }
        }
        if let Some(due) = self.due {
            let (destination, message) = self.build(due);
            let sent = emit(&message, &config, destination, out)?;
            self.due = None;
            return Ok(Some(sent));
        }
        if let (Some(due), Phase::Matched { evse, .. }) = (self.amplitude.due(), self.phase) {
            let message = match due {
                AmplitudeMessage::Ask(map) => Mme::AmpMapReq(AmpMapReq { map }),
                AmplitudeMessage::Answer => Mme::AmpMapCnf(AmpMapCnf { result: 0 }),
            };
            let sent = emit(&message, &config, evse, out)?;
            self.amplitude.sent(due);
            return Ok(Some(sent));
        }
        Ok(None)
    }

    fn build(&self, due: Due) -> (MacAddr, Mme<'static>) {
        let (mac, run_id) = (self.config.mac, self.run_id);
        let none = StationId::NONE;
        match due {
            Due::Parameters => (MacAddr::BROADCAST, Mme::SlacParmReq(SlacParmReq { run_id })),
            Due::Start => {
                let sounding = self.sounding;
                let message = StartAttenCharInd { sounding, forwarding_sta: mac, run_id };
                (MacAddr::BROADCAST, Mme::StartAttenCharInd(message))
            }
            Due::Sound { remaining, random } => {
                let message = MnbcSoundInd { sender_id: none, remaining, run_id, random };
                (MacAddr::BROADCAST, Mme::MnbcSoundInd(message))
            }
            Due::Validate(evse, message) => (evse, Mme::ValidateReq(message)),
            Due::Match(evse) => {
                let message =
                    SlacMatchReq { pev_id: none, pev_mac: mac, evse_id: none, evse_mac: evse, run_id };
                (evse, Mme::SlacMatchReq(message))
            }
        }
    }
}

fn emit(
    message: &Mme<'_>,
    config: &EvConfig<'_>,
    destination: MacAddr,
    out: &mut [u8],
) -> Result<usize, EmitError> {
    message.emit(Envelope { destination, source: config.mac, version: message.version() }, out)
}
