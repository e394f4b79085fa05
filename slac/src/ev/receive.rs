//! What a vehicle makes of a frame.

use super::config::Answers;
use super::validation::Draw;
use super::{Due, Ev, Key, Phase, Sounding};
use crate::deadline::after;
use crate::mme::{AttenCharInd, SlacMatchCnf, SlacMatchReq, SlacParmCnf, ValidateCnf};
use crate::modem::is_of_modem;
use crate::{Attenuation, Entropy, Envelope, Frame, Ignored, Instant, MacAddr, MmType, Mme, StationId};

impl<E: Entropy, const STATIONS: usize> Ev<'_, E, STATIONS> {
    /// Takes a frame that arrived at the interface to the modem.
    ///
    /// # Errors
    /// [`Ignored`] tells why the frame was not acted on; nothing needs to be done about it.
    pub fn handle_frame(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Ignored> {
        let result = self.receive(now, bytes);
        self.counters.count(result);
        result
    }

    fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Ignored> {
        let frame = Frame::new_checked(bytes).map_err(Ignored::Malformed)?;
        let Envelope { source, destination, .. } = frame.envelope();
        if source == self.config.mac {
            return Err(Ignored::OwnFrame);
        }
        if !source.is_unicast() {
            return Err(Ignored::Sender);
        }
        let message = Mme::parse_wanted(&frame, is_wanted).map_err(Ignored::Message)?;
        if destination != self.config.mac {
            return Err(Ignored::Destination);
        }
        match message {
            Mme::SlacParmCnf(message) => self.answered(now, source, message),
            Mme::AttenCharInd(message) => self.reported(now, source, message),
            Mme::ValidateCnf(message) => self.validation_answered(now, source, message),
            Mme::SlacMatchCnf(message) => self.matched(now, source, message),
            Mme::AmpMapReq(message) => {
                self.check_partner(source)?;
                self.amplitude.asked();
                self.events.amplitude_map = Some(message.map.carriers());
                Ok(())
            }
            Mme::AmpMapCnf(message) => {
                self.check_partner(source)?;
                self.amplitude.answered(message.result)
            }
            message => {
                if let Some(news) = self.modem.handle(now, source, frame.mmtype(), &message)? {
                    self.news(now, news);
                }
                Ok(())
            }
        }
    }

    fn check_partner(&self, source: MacAddr) -> Result<(), Ignored> {
        match self.phase {
            Phase::Matched { evse, .. } if evse == source => Ok(()),
            Phase::Matched { .. } => Err(Ignored::InnerAddress),
            _ => Err(Ignored::Stale),
        }
    }

    fn answered(&mut self, now: Instant, source: MacAddr, message: SlacParmCnf) -> Result<(), Ignored> {
        let Phase::Parameters { .. } = self.phase else { return Err(Ignored::Stale) };
        if message.run_id != self.run_id {
            return Err(Ignored::UnknownRun);
        }
        if message.forwarding_sta != self.config.mac {
            return Err(Ignored::InnerAddress);
        }
        if message.sounding.num_sounds > Sounding::STANDARD.num_sounds {
            return Err(Ignored::Sounding);
        }
        if self.stations.is_empty() {
            self.sounding = message.sounding;
        }
        self.stations.answered(source)?;
        if self.config.answers == Answers::First {
            self.begin_sounding(now);
        }
        Ok(())
    }

    fn reported(&mut self, now: Instant, source: MacAddr, message: AttenCharInd<'_>) -> Result<(), Ignored> {
        if message.run_id != self.run_id {
            return Err(Ignored::UnknownRun);
        }
        if message.source_address != self.config.mac {
            return Err(Ignored::InnerAddress);
        }
        if message.source_id != StationId::NONE || message.resp_id != StationId::NONE {
            return Err(Ignored::StationId);
        }
        if message.num_sounds == 0 {
            return Err(Ignored::Sounding);
        }
        let groups = message.groups.whole().ok_or(Ignored::Groups(message.groups.count()))?;
        match self.phase {
            Phase::Sounding { sent, .. } if sent > 0 => {}
            Phase::Collecting { .. } | Phase::Choosing { .. } => {}
            // The choice is made, but the charger waits for its response.
            Phase::Validating(_) | Phase::Matching { .. } => {
                let station = self.stations.find(source).ok_or(Ignored::Stale)?;
                station.respond = Some(());
                return Ok(());
            }
            _ => return Err(Ignored::Stale),
        }
        self.stations.reported(source, Attenuation::mean(groups))?;
        self.check_collected(now);
        Ok(())
    }

    fn validation_answered(
        &mut self,
        now: Instant,
        source: MacAddr,
        message: ValidateCnf,
    ) -> Result<(), Ignored> {
        let Phase::Validating(mut validation) = self.phase else { return Err(Ignored::Stale) };
        if validation.evse != source {
            return Err(Ignored::InnerAddress);
        }
        let mut random = [0; 3];
        // Predictable toggles are still toggles.
        if self.entropy.fill(&mut random).is_err() {
            random = [0; 3];
        }
        let draw = Draw::of(random, self.config.toggles);
        let progress = validation.answered(now, message, draw, &self.config)?;
        self.phase = Phase::Validating(validation);
        self.validation_went_on(now, progress);
        Ok(())
    }

    fn matched(&mut self, now: Instant, source: MacAddr, message: SlacMatchCnf) -> Result<(), Ignored> {
        let Phase::Matching { evse, .. } = self.phase else { return Err(Ignored::Stale) };
        let SlacMatchReq { pev_id, pev_mac, evse_id, evse_mac, run_id } = message.request;
        if run_id != self.run_id {
            return Err(Ignored::UnknownRun);
        }
        if source != evse || evse_mac != evse || pev_mac != self.config.mac {
            return Err(Ignored::InnerAddress);
        }
        if pev_id != StationId::NONE || evse_id != StationId::NONE {
            return Err(Ignored::StationId);
        }
        if self.due == Some(Due::Match(evse)) {
            // Nobody has been asked yet.
            return Err(Ignored::Stale);
        }
        self.network = Some(message.network);
        self.key = Key::Setting;
        self.modem.set_key(now);
        self.phase = Phase::Joining { evse, until: after(now, self.config.timing.join) };
        Ok(())
    }
}

/// What a vehicle acts on.
const fn is_wanted(mmtype: MmType) -> bool {
    is_of_modem(mmtype)
        || matches!(
            mmtype,
            MmType::CM_SLAC_PARM_CNF
                | MmType::CM_ATTEN_CHAR_IND
                | MmType::CM_VALIDATE_CNF
                | MmType::CM_SLAC_MATCH_CNF
                | MmType::CM_AMP_MAP_REQ
                | MmType::CM_AMP_MAP_CNF
        )
}
