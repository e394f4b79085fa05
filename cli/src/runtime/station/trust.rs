//! The charger's side of keys and certificates: contracts checked, contracts fetched, meter readings confirmed.

use iso15118_20::message::MessageKind;
use iso15118_20::secc::{
    AuthorizationOffer, InstallationFault, Meter, MeteringVerdict, Secc, SeccConfig, SeccEvent, Support,
};
use iso15118_20::security::ContractVerdict;
use iso15118_20::trust::{
    AuthorizedContract, BackEndAnswer, CheckedContract, ContractCheck, DecidedBy, Judgement, Offline,
    UnknownRoot, check_installation_request,
};
use iso15118_20::{Instant, Transmit};
use v2g_pki::Curves;
use v2g_pki::xmlsig::SignedInfoGrammar;
use v2g_scenario::scenario::{Answer, Verdict};

use super::super::setup::METER_ID;
use super::{after, due};
use crate::credentials::{Delivery, StationCredentials, now as unix_now};
use crate::observe::Observer;

/// Who decides about contracts that hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The back end of the scenario.
    BackEnd,
    /// The charger: there is no connection to a back end.
    Offline,
}

/// What a charger offers by contract.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trustworthy<'a> {
    pub(crate) credentials: &'a StationCredentials,
    /// Whether vehicles may authorize by contract.
    pub(crate) contracts: bool,
    pub(crate) decision: Decision,
}

impl Trustworthy<'_> {
    /// Announces it.
    pub(crate) fn configure(&self, config: &mut SeccConfig<'_>) {
        let offered = |yes| if yes { Support::Offered } else { Support::Absent };
        config.authorization = AuthorizationOffer {
            contract: offered(self.contracts),
            installation: offered(self.contracts && self.credentials.provider.is_some()),
            ..AuthorizationOffer::EXTERNAL
        };
    }
}

/// What is under way.
#[derive(Debug)]
pub(super) struct Trust<'a> {
    pub(super) with: Trustworthy<'a>,
    /// The last message that has to be checked or handed on.
    request: Vec<u8>,
    checked: Option<CheckedContract>,
    /// When the back end has decided about the contract.
    answer_at: Option<Instant>,
    /// When the provider has made a contract, and the contract.
    deliver_at: Option<Instant>,
    delivery: Option<Delivery>,
    authorized: Option<AuthorizedContract>,
}

impl<'a> Trust<'a> {
    pub(super) fn new(with: Trustworthy<'a>) -> Self {
        Self {
            with,
            request: Vec::new(),
            checked: None,
            answer_at: None,
            deliver_at: None,
            delivery: None,
            authorized: None,
        }
    }

    /// A session of its own begins.
    pub(super) fn begin(&mut self) {
        *self = Self::new(self.with);
    }

    /// Keeps what the engine may ask about.
    pub(super) fn received(&mut self, kind: MessageKind, payload: &[u8]) {
        use MessageKind::{AuthorizationReq, CertificateInstallationReq, MeteringConfirmationReq};
        if matches!(kind, AuthorizationReq | CertificateInstallationReq | MeteringConfirmationReq) {
            self.request.clear();
            self.request.extend_from_slice(payload);
        }
    }

    pub(super) fn poll_timeout(&self) -> [Option<Instant>; 2] {
        [self.answer_at, self.deliver_at]
    }

    /// Does what the engine asks for; false if it is not about trust.
    pub(super) fn event(
        &mut self,
        now: Instant,
        event: &SeccEvent,
        engine: &mut Secc<'_>,
        back_end: Answer,
        meter: Meter,
        observer: &mut Observer,
    ) -> bool {
        match event {
            SeccEvent::ContractWanted { .. } => self.contract(now, engine, back_end, observer),
            SeccEvent::InstallationWanted { .. } => self.installation(now, engine, back_end, observer),
            SeccEvent::InstallationOpen => {}
            SeccEvent::MeteringConfirmed { .. } => {
                let verdict = self.metering(now, engine, meter, observer);
                engine.metering(now, verdict);
            }
            _ => return false,
        }
        true
    }

    fn contract(&mut self, now: Instant, engine: &mut Secc<'_>, back_end: Answer, observer: &mut Observer) {
        let mut buffer = [0; 6400];
        let decided_by = match self.with.decision {
            Decision::BackEnd => DecidedBy::BackEnd(UnknownRoot::Refused),
            Decision::Offline => DecidedBy::Station(Offline::Valid),
        };
        let checked = self.with.credentials.trusted.with(|trust| {
            let grammar = SignedInfoGrammar::default();
            let check = ContractCheck { trust: *trust, grammar, providers: &[], decided_by };
            check.check(&self.request, engine.challenge(), &mut buffer)
        });
        if let Some(reason) = checked.reason {
            observer.found(now, "contract", format_args!("{reason}"));
        }
        match checked.judgement {
            Judgement::Verdict(verdict) => self.decide(now, engine, verdict, &checked, observer),
            Judgement::Ask(_) => {
                self.checked = Some(checked);
                self.answer_at = after(now, back_end);
            }
        }
    }

    fn decide(
        &mut self,
        now: Instant,
        engine: &mut Secc<'_>,
        verdict: ContractVerdict,
        checked: &CheckedContract,
        observer: &mut Observer,
    ) {
        match verdict {
            ContractVerdict::Valid | ContractVerdict::ExpiresSoon => {
                let emaid = checked.contract.as_ref().and_then(|contract| contract.emaid().copied());
                let emaid = emaid.map(|emaid| emaid.to_string()).unwrap_or_default();
                observer.found(now, "contract accepted", format_args!("{emaid}"));
                self.authorized = checked.contract;
            }
            ContractVerdict::BadSignature => {
                observer.found(now, "contract refused", format_args!("the signature is wrong"));
            }
            ContractVerdict::Refused(fault) => {
                observer.found(now, "contract refused", format_args!("{}", fault.code().as_str()));
            }
        }
        engine.contract(now, verdict);
    }

    fn installation(
        &mut self,
        now: Instant,
        engine: &mut Secc<'_>,
        back_end: Answer,
        observer: &mut Observer,
    ) {
        let mut buffer = [0; 6400];
        let grammar = SignedInfoGrammar::default();
        let checked = check_installation_request(&self.request, grammar, &Curves, unix_now(), &mut buffer);
        let delivery = checked.and_then(|()| match &self.with.credentials.provider {
            Some(provider) => provider.deliver(&self.request),
            None => Err(InstallationFault::NoCertificate.into()),
        });
        match delivery {
            Ok(delivery) => {
                observer.found(now, "contract wanted", format_args!("from the provider"));
                self.delivery = Some(delivery);
                self.deliver_at = after(now, back_end);
            }
            Err(refused) => {
                match refused.reason {
                    Some(reason) => observer.found(now, "contract wanted", format_args!("{reason}")),
                    None => observer.found(now, "contract wanted", format_args!("{:?}", refused.fault)),
                }
                engine.refuse_installation(now, refused.fault);
            }
        }
    }

    fn metering(
        &self,
        now: Instant,
        engine: &Secc<'_>,
        meter: Meter,
        observer: &mut Observer,
    ) -> MeteringVerdict {
        let Some(contract) = &self.authorized else {
            observer.found(now, "meter confirmed", format_args!("by nobody who is known"));
            return MeteringVerdict::Invalid;
        };
        match contract.check_metering(&self.request, SignedInfoGrammar::default(), &Curves) {
            Ok(read) if read.is_of(engine.session_id(), METER_ID, &meter) => {
                observer.found(now, "meter confirmed", format_args!("{} Wh, signed", read.meter.charged));
                MeteringVerdict::Valid
            }
            Ok(_) => {
                observer.found(now, "meter confirmed", format_args!("readings that were not shown"));
                MeteringVerdict::Invalid
            }
            Err(error) => {
                observer.found(now, "meter confirmed", format_args!("{error}"));
                MeteringVerdict::Invalid
            }
        }
    }

    /// The back end has answered.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        engine: &mut Secc<'_>,
        verdict: Verdict,
        observer: &mut Observer,
    ) {
        if due(&mut self.answer_at, now)
            && let Some(checked) = self.checked.take()
        {
            let answer = match verdict {
                Verdict::Accepted => BackEndAnswer::Accepted,
                Verdict::Rejected => BackEndAnswer::ContractCancelled,
            };
            let verdict = checked.answered(answer);
            self.decide(now, engine, verdict, &checked, observer);
        }
    }

    /// Delivers a contract, once there is one and the vehicle waits for it.
    pub(super) fn deliver(
        &mut self,
        now: Instant,
        engine: &mut Secc<'_>,
        out: &mut [u8],
    ) -> Option<Transmit> {
        if self.deliver_at.is_some_and(|at| at > now) {
            return None;
        }
        let delivery = self.delivery.as_ref()?;
        let sent = delivery.with(|content| engine.answer_installation(now, content, out)).ok();
        // Where nobody waits, the vehicle asks again.
        self.deliver_at = None;
        if sent.is_some() {
            self.delivery = None;
        }
        sent
    }
}
