//! What a charger makes of a frame.

use super::config::{ForeignSounding, Validation};
use super::session::{Reply, Session};
use super::{Asked, Evse, Key, Partner, Phase};
use crate::deadline::after;
use crate::mme::{
    AttenCharRsp, AttenProfileInd, MnbcSoundInd, SlacMatchReq, SlacParmReq, StartAttenCharInd, ValidateReq,
    ValidateResult,
};
use crate::modem::is_of_modem;
use crate::{
    Attenuation, Entropy, Envelope, Frame, Ignored, Instant, MacAddr, MmType, Mme, RunId, StationId,
};

impl<E: Entropy, const SESSIONS: usize> Evse<'_, E, SESSIONS> {
    /// Takes a frame that arrived at the interface to the modem.
    ///
    /// # Errors
    /// [`Ignored`] tells why the frame was not acted on; nothing needs to be done about it.
    pub fn handle_frame(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Ignored> {
        let result = self.judge(now, bytes);
        self.counters.count(result);
        result
    }

    fn judge(&mut self, now: Instant, bytes: &[u8]) -> Result<(), Ignored> {
        let frame = Frame::new_checked(bytes).map_err(Ignored::Malformed)?;
        let envelope = frame.envelope();
        let source = envelope.source;
        if source == self.config.mac {
            return Err(Ignored::OwnFrame);
        }
        if !source.is_unicast() {
            return Err(Ignored::Sender);
        }
        match Mme::parse_wanted(&frame, is_wanted).map_err(Ignored::Message)? {
            Mme::AttenProfileInd(message) => {
                self.modem.is_from(source)?;
                self.profile(now, message)
            }
            Mme::SlacParmReq(message) => {
                self.to_us_or_all(envelope)?;
                self.parameters(now, source, message)
            }
            Mme::StartAttenCharInd(message) => {
                self.to_us_or_all(envelope)?;
                self.sounds_follow(now, source, message)
            }
            Mme::MnbcSoundInd(message) => {
                self.to_us_or_all(envelope)?;
                self.sound(source, message)
            }
            Mme::AttenCharRsp(message) => {
                self.to_us(envelope)?;
                self.responded(now, source, message)
            }
            Mme::ValidateReq(message) => {
                self.to_us(envelope)?;
                self.validate(now, source, message)
            }
            Mme::SlacMatchReq(message) => {
                self.to_us(envelope)?;
                self.chosen(now, source, message)
            }
            Mme::AmpMapReq(message) => {
                self.check_partner(envelope)?;
                self.amplitude.asked();
                self.events.amplitude_map = Some(message.map.carriers());
                Ok(())
            }
            Mme::AmpMapCnf(message) => {
                self.check_partner(envelope)?;
                self.amplitude.answered(message.result)
            }
            message => {
                self.to_us(envelope)?;
                if let Some(news) = self.modem.handle(now, source, frame.mmtype(), &message)? {
                    self.news(now, news);
                }
                Ok(())
            }
        }
    }

    fn to_us(&self, envelope: Envelope) -> Result<(), Ignored> {
        if envelope.destination == self.config.mac { Ok(()) } else { Err(Ignored::Destination) }
    }

    fn to_us_or_all(&self, envelope: Envelope) -> Result<(), Ignored> {
        if envelope.destination == MacAddr::BROADCAST { Ok(()) } else { self.to_us(envelope) }
    }

    fn check_partner(&self, envelope: Envelope) -> Result<(), Ignored> {
        self.to_us(envelope)?;
        match self.phase {
            Phase::Matched { partner, .. } if partner.vehicle == envelope.source => Ok(()),
            Phase::Matched { .. } => Err(Ignored::InnerAddress),
            _ => Err(Ignored::Stale),
        }
    }

    fn session(&mut self, vehicle: MacAddr, run_id: RunId) -> Result<&mut Session, Ignored> {
        let found = self.sessions.iter_mut().flatten().find(|s| s.vehicle == vehicle && s.run_id == run_id);
        found.ok_or(Ignored::UnknownRun)
    }

    fn parameters(&mut self, now: Instant, source: MacAddr, message: SlacParmReq) -> Result<(), Ignored> {
        if !self.cable.state.is_connected() {
            return Err(Ignored::Pilot);
        }
        match self.phase {
            Phase::Idle | Phase::Matched { .. } => return Err(Ignored::Stale),
            Phase::Waiting { .. } => {}
            // A vehicle that has the key may have missed it, or be another one after a power cycle.
            Phase::Joining { partner, .. }
            | Phase::Paused { partner, .. }
            | Phase::Resuming { partner, .. } => {
                if partner.vehicle != source {
                    return Err(Ignored::Stale);
                }
            }
        }
        if self.key != Key::Set {
            return Err(Ignored::NotReady);
        }
        let config = self.config;
        if let Ok(session) = self.session(source, message.run_id) {
            if session.is_measuring() {
                // A late copy must not undo what has been measured since.
                return Err(Ignored::Stale);
            }
            session.restart(now, &config);
        } else {
            let place = self.place(now, source).ok_or(Ignored::Full)?;
            *place = Some(Session::new(source, message.run_id, now, &config));
        }
        if let Phase::Waiting { asked, .. } = &mut self.phase {
            *asked = Asked::Yes;
        }
        Ok(())
    }

    /// A free place, or else that of a session of the same vehicle, or of the one that has waited longest and most
    /// likely in vain.
    fn place(&mut self, now: Instant, vehicle: MacAddr) -> Option<&mut Option<Session>> {
        let rank = |place: &Option<Session>| match place {
            None => Some((0, Instant::ZERO)),
            Some(session) if session.vehicle == vehicle && !session.is_measuring() => {
                Some((1, Instant::ZERO))
            }
            Some(session) => session.expendable(now).map(|since| (2, since)),
        };
        let places = self.sessions.iter_mut().filter_map(|place| rank(place).map(|rank| (rank, place)));
        places.min_by_key(|(rank, _)| *rank).map(|(_, place)| place)
    }

    fn sounds_follow(
        &mut self,
        now: Instant,
        source: MacAddr,
        message: StartAttenCharInd,
    ) -> Result<(), Ignored> {
        if message.forwarding_sta != source {
            return Err(Ignored::InnerAddress);
        }
        let config = self.config;
        let session = self.session(source, message.run_id)?;
        if message.sounding != config.sounding && config.foreign_sounding == ForeignSounding::Ignore {
            return Err(Ignored::Sounding);
        }
        session.start(now, message.sounding, &config)?;
        self.events.sounding = Some(source);
        Ok(())
    }

    /// Sounds are for the modem; that they arrive here too says nothing.
    fn sound(&mut self, source: MacAddr, message: MnbcSoundInd) -> Result<(), Ignored> {
        if message.sender_id != StationId::NONE {
            return Err(Ignored::StationId);
        }
        self.session(source, message.run_id).map(|_| ())
    }

    fn profile(&mut self, now: Instant, message: AttenProfileInd<'_>) -> Result<(), Ignored> {
        let groups = message.groups.whole().ok_or(Ignored::Groups(message.groups.count()))?;
        let mut result = Err(Ignored::UnknownRun);
        // The profile does not name the run: a vehicle that began two has both measured.
        for session in self.sessions.iter_mut().flatten().filter(|s| s.vehicle == message.pev_mac) {
            let taken = session.profile(now, groups, &self.config);
            result = result.and(taken).or(taken);
        }
        result
    }

    fn responded(&mut self, now: Instant, source: MacAddr, message: AttenCharRsp) -> Result<(), Ignored> {
        if message.source_address != source {
            return Err(Ignored::InnerAddress);
        }
        if message.source_id != StationId::NONE || message.resp_id != StationId::NONE {
            return Err(Ignored::StationId);
        }
        if message.result != 0 {
            return Err(Ignored::Result(message.result));
        }
        let config = self.config;
        self.session(source, message.run_id)?.responded(now, &config)
    }

    /// Validation does not name the run: the session that may validate is the one.
    fn validate(&mut self, now: Instant, source: MacAddr, message: ValidateReq) -> Result<(), Ignored> {
        let config = self.config;
        let busy = self.sessions.iter().flatten().any(|s| s.vehicle != source && s.is_validating());
        let of_vehicle = self.sessions.iter_mut().flatten().filter(|s| s.vehicle == source);
        let session = of_vehicle
            .max_by_key(|session| session.may_match(config.early_match))
            .ok_or(Ignored::UnknownRun)?;
        let answer = |result| Some(Reply::Validation { toggles: 0, result });
        if !session.may_match(config.early_match) && !session.is_validating() {
            return Err(Ignored::Stale);
        }
        // Toggles that are under way and were not counted for this vehicle are meant for somebody else.
        let busy = busy || self.cable.toggling(now).is_some_and(|edge| !session.has_counted(edge));
        match (config.validation, message.timer, message.result) {
            (Validation::NotRequired, ..) => session.reply = answer(ValidateResult::NotRequired),
            (Validation::Unsupported, ..) => session.reply = answer(ValidateResult::Failure),
            (Validation::Toggles, 0, _) if busy => session.reply = answer(ValidateResult::NotReady),
            (Validation::Toggles, 0, _) => return session.validation_ready(now, &config),
            // The same toggles would be cut off by the window, and some of them counted.
            (Validation::Toggles, _, ValidateResult::Ready) if busy && session.is_ready() => {
                session.abandon_validation(now)?;
                session.reply = answer(ValidateResult::NotReady);
            }
            (Validation::Toggles, timer, ValidateResult::Ready) => {
                return session.count(now, timer, self.cable.state, &config);
            }
            (Validation::Toggles, ..) => return session.abandon_validation(now),
        }
        Ok(())
    }

    fn chosen(&mut self, now: Instant, source: MacAddr, message: SlacMatchReq) -> Result<(), Ignored> {
        if message.pev_mac != source || message.evse_mac != self.config.mac {
            return Err(Ignored::InnerAddress);
        }
        if message.pev_id != StationId::NONE || message.evse_id != StationId::NONE {
            return Err(Ignored::StationId);
        }
        let partner = Partner { vehicle: source, run_id: message.run_id };
        match self.phase {
            Phase::Joining { partner: known, .. } if known == partner => {
                // The answer was lost. The time for joining runs on.
                self.confirm = Some(partner);
                return Ok(());
            }
            Phase::Idle | Phase::Matched { .. } => return Err(Ignored::Stale),
            _ => {}
        }
        let config = self.config;
        let session = self.session(source, message.run_id)?;
        if !session.may_match(config.early_match) {
            return Err(Ignored::Stale);
        }
        let attenuation = Attenuation::mean(&session.profile.mean(config.rounding, config.offset));
        self.forget_sessions();
        self.confirm = Some(partner);
        self.phase = Phase::Joining { partner, until: after(now, config.timing.join) };
        self.events.chosen = Some((source, message.run_id, attenuation));
        self.modem.watch_link(now);
        Ok(())
    }
}

/// What a charger acts on.
const fn is_wanted(mmtype: MmType) -> bool {
    is_of_modem(mmtype)
        || matches!(
            mmtype,
            MmType::CM_ATTEN_PROFILE_IND
                | MmType::CM_SLAC_PARM_REQ
                | MmType::CM_START_ATTEN_CHAR_IND
                | MmType::CM_MNBC_SOUND_IND
                | MmType::CM_ATTEN_CHAR_RSP
                | MmType::CM_VALIDATE_REQ
                | MmType::CM_SLAC_MATCH_REQ
                | MmType::CM_AMP_MAP_REQ
                | MmType::CM_AMP_MAP_CNF
        )
}
