//! Keys, certificates and a provider for both ends of a session.

use std::cell::RefCell;
use std::rc::Rc;

use exi_codec::iso20::common_messages::{
    ContractCertificateChain, EcdhCurve, EncryptedPrivateKey, Message, SignedInstallationData,
};
use exi_codec::{Bytes, List, Str};
use iso15118_20::evcc::{Contract, Evcc, EvccEvent as E, InstallationVerdict, SignatureSubject};
use iso15118_20::message::MessageKind as K;
use iso15118_20::secc::{EncryptedKey, Installation, Meter, MeteringVerdict, Secc, SeccEvent as S};
use iso15118_20::security::{Chain, ContractVerdict, Signed};
use iso15118_20::trust::{
    AuthorizedContract, BackEndAnswer, CheckedContract, ContractCheck, DecidedBy, DeliveredContract,
    DeliveryCheck, Installing, Judgement, Provisioning, Signing, TrustError, WantedContracts,
    check_installation_request, engine_chain, sign,
};
use iso15118_20::{Instant, Transmit};
use v2g_pki::issue::{Entity, Hierarchy};
use v2g_pki::keystore::{
    Answer, Blocking as _, Capabilities, KeyError, KeyHandle, KeyKind, KeyRole, KeyStore, Operation,
    Progress, SignatureValue, SoftwareStore, Ticket,
};
use v2g_pki::provision::{self, Aad, Kdf, Unwrapping};
use v2g_pki::xmlsig::{SignedInfoGrammar, ToSign};
use v2g_pki::{Algorithm, Certificate, Curves};

use crate::common::Keeper;
use crate::pki::{self, Setting};

/// What the keeper did, for the test to look at.
#[derive(Default)]
pub(crate) struct Log {
    pub checked: Vec<CheckedContract>,
    pub signing: Vec<Result<(), TrustError>>,
    pub delivered: Vec<Result<(), TrustError>>,
    pub confirmed: Vec<Result<bool, TrustError>>,
    pub subjects: Vec<SignatureSubject>,
    /// Whether the contract before a delivery still signs after it.
    pub still_signs: Vec<bool>,
}

type Random = fn(&mut [u8]) -> Result<(), KeyError>;

/// A store that takes its time: an operation is done when it was asked about so many times.
pub(crate) struct SlowStore {
    pub inner: SoftwareStore<Random, 8>,
    pub slowness: u32,
    waiting: Option<(u32, Answer)>,
}

fn fill(out: &mut [u8]) -> Result<(), KeyError> {
    pki::random(5)(out)
}

impl SlowStore {
    pub(crate) fn new(slowness: u32) -> Self {
        Self { inner: SoftwareStore::new(fill), slowness, waiting: None }
    }

    pub(crate) fn load(&mut self, hierarchy: &Hierarchy, entity: Entity, role: KeyRole) -> KeyHandle {
        let key = &hierarchy.get(entity).unwrap().key;
        self.inner.load(KeyKind::Signing(key.algorithm()), role, &mut key.expose().to_vec()).unwrap()
    }
}

impl KeyStore for SlowStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), KeyError> {
        self.inner.random(out)
    }

    fn kind(&self, key: KeyHandle) -> Result<KeyKind, KeyError> {
        self.inner.kind(key)
    }

    fn public<'o>(&self, key: KeyHandle, out: &'o mut [u8]) -> Result<&'o [u8], KeyError> {
        self.inner.public(key, out)
    }

    fn list(&self, role: KeyRole, visit: &mut dyn FnMut(KeyHandle)) {
        self.inner.list(role, visit);
    }

    fn start(&mut self, operation: Operation<'_>) -> Result<Progress, KeyError> {
        match self.inner.start(operation)? {
            Progress::Done(answer) if self.slowness > 0 => {
                self.waiting = Some((self.slowness, answer));
                Ok(Progress::Pending(Ticket(1)))
            }
            done => Ok(done),
        }
    }

    fn poll(&mut self, ticket: Ticket) -> Result<Progress, KeyError> {
        match self.waiting.take() {
            Some((0 | 1, answer)) => Ok(Progress::Done(answer)),
            Some((left, answer)) => {
                self.waiting = Some((left - 1, answer));
                Ok(Progress::Pending(ticket))
            }
            None => Err(KeyError::NoSuchTicket),
        }
    }
}

/// Both hosts.
pub(crate) struct Trustee<'a> {
    pub hierarchy: &'a Hierarchy,
    pub station: Setting,
    pub vehicle: Setting,
    pub decided_by: DecidedBy<'a>,
    pub answer: BackEndAnswer,
    pub providers: &'a [Str<'a>],
    pub store: SlowStore,
    pub provisioning: KeyHandle,
    /// The keys of the vehicle's contracts, in their order.
    pub keys: Vec<KeyHandle>,
    pub contracts: Vec<Contract<'a>>,
    /// The contract that the provider delivers.
    pub delivers: u16,
    /// Damage to the wrapped key.
    pub damage: u8,
    pub wanted: WantedContracts<'a>,
    /// The key that opens deliveries, if it is not that of the provisioning certificate.
    pub delivery_key: Option<KeyHandle>,
    pub log: Rc<RefCell<Log>>,
    request: Vec<u8>,
    response: Vec<u8>,
    open: bool,
    pub authorized: Option<AuthorizedContract>,
}

impl<'a> Trustee<'a> {
    pub(crate) fn new(hierarchy: &'a Hierarchy, slowness: u32) -> Self {
        let mut store = SlowStore::new(slowness);
        let provisioning = store.load(hierarchy, Entity::Provisioning, KeyRole::Provisioning);
        Self {
            hierarchy,
            station: Setting::of(hierarchy, Entity::Contract(0)),
            vehicle: Setting::of(hierarchy, Entity::Cps),
            decided_by: DecidedBy::BackEnd(iso15118_20::trust::UnknownRoot::Refused),
            answer: BackEndAnswer::Accepted,
            providers: &[],
            store,
            provisioning,
            keys: Vec::new(),
            contracts: Vec::new(),
            delivers: 0,
            damage: 0,
            wanted: WantedContracts::Any,
            delivery_key: None,
            log: Rc::default(),
            request: Vec::new(),
            response: Vec::new(),
            open: false,
            authorized: None,
        }
    }

    /// The vehicle has a contract.
    pub(crate) fn holding(mut self, number: u16) -> Self {
        let entity = Entity::Contract(number);
        self.keys.push(self.store.load(self.hierarchy, entity, KeyRole::Contract));
        self.contracts.push(Contract { chain: chain(self.hierarchy, entity), emaid: "" });
        self
    }

    fn sign(&mut self, now: Instant, evcc: &mut Evcc<'a>) {
        let wanted = evcc.signature_wanted().expect("something to sign").subject;
        self.log.borrow_mut().subjects.push(wanted);
        let key = match wanted {
            SignatureSubject::Authorization { contract } => self.keys[contract],
            SignatureSubject::Metering { contract } => self.keys[contract.expect("a contract")],
            SignatureSubject::Installation => self.provisioning,
        };
        let mut scratch = [0; 8192];
        let mut signing = sign(evcc, now, &mut self.store, key, &mut scratch);
        while let Ok(Signing::Pending(pending)) = signing {
            signing = pending.poll(evcc, now, &mut self.store);
        }
        self.log.borrow_mut().signing.push(signing.map(drop));
    }

    fn take(&mut self, now: Instant, evcc: &mut Evcc<'a>) {
        let before = self.keys.first().copied();
        let taken = self.install();
        if let Some(before) = before {
            let signs = signs(&mut self.store, before);
            self.log.borrow_mut().still_signs.push(signs);
        }
        let verdict = match taken {
            Ok(()) => InstallationVerdict::Accepted,
            Err(_) => InstallationVerdict::Refused,
        };
        self.log.borrow_mut().delivered.push(taken);
        if verdict == InstallationVerdict::Accepted {
            evcc.set_contracts(self.contracts.clone().leak());
        }
        evcc.installed(now, verdict);
    }

    fn install(&mut self) -> Result<(), TrustError> {
        let provider = vec![0; 6400].leak();
        let contract = vec![0; 6400].leak();
        let pcid = pki::pcid(self.hierarchy);
        let response: &[u8] = &self.response;
        let (wanted, grammar) = (self.wanted, SignedInfoGrammar::default());
        let delivered = self.vehicle.with(|trust| {
            let check = DeliveryCheck { trust: *trust, grammar, wanted };
            DeliveredContract::check(response, &check, [provider, contract])
        })?;
        let provisioning = Provisioning {
            key: self.delivery_key.unwrap_or(self.provisioning),
            pcid: &pcid,
            unwrapping: Unwrapping::default(),
        };
        let mut installing = delivered.install(&mut self.store, &provisioning, self.keys.first().copied())?;
        while let Installing::Pending(_) = installing {
            installing = installing.poll(&mut self.store)?;
        }
        let Installing::Done(key) = installing else { unreachable!() };
        let chain = engine_chain(delivered.chain(), Box::leak(Box::new([Bytes::new(&[]); 3]))).unwrap();
        (self.keys, self.contracts) = (vec![key], vec![Contract { chain, emaid: "" }]);
        Ok(())
    }

    /// The provider's work.
    fn deliver(&self, now: Instant, secc: &mut Secc<'a>, out: &mut [u8]) -> Transmit {
        let entity = Entity::Contract(self.delivers);
        let (contract, service) = (chain(self.hierarchy, entity), chain(self.hierarchy, Entity::Cps));
        let leaf = Certificate::parse(contract.leaf).unwrap();
        let aad = Aad::new(&pki::pcid(self.hierarchy), &leaf).unwrap();
        let to = self.hierarchy.get(Entity::Provisioning).unwrap().key.public();
        let key = &self.hierarchy.get(entity).unwrap().key;
        let mut delivery =
            provision::wrap(key.expose(), &to, &aad, Kdf::default(), &mut pki::random(2)).unwrap();
        delivery.wrapped[93] ^= self.damage;
        let element = SignedInstallationData {
            id: "id9".into(),
            contract_certificate_chain: ContractCertificateChain {
                certificate: contract.leaf.into(),
                sub_certificates: List::new(contract.subs),
            },
            ecdh_curve: EcdhCurve::SeCp521,
            dh_public_key: delivery.ephemeral.as_slice().into(),
            encrypted_private_key: EncryptedPrivateKey::SeCp521(delivery.wrapped.as_slice().into()),
            ..SignedInstallationData::default()
        };
        let mut scratch = [0; 8192];
        let to_sign = ToSign::new(&element, Algorithm::P521, &mut scratch).unwrap();
        let cps = &self.hierarchy.get(Entity::Cps).unwrap().key;
        let value = SignatureValue::new(&cps.sign_fixed(to_sign.message())).unwrap();
        let content = Installation {
            provisioning: service,
            id: "id9",
            contract,
            public_key: &delivery.ephemeral,
            key: EncryptedKey::P521(&delivery.wrapped),
            remaining: 0,
            signed: Signed::of(&to_sign.finish(value)).unwrap(),
        };
        secc.answer_installation(now, &content, out).unwrap()
    }

    fn judge(&mut self, challenge: &[u8; 16]) -> ContractVerdict {
        let (request, mut buffer) = (&self.request, [0; 6400]);
        let (providers, decided_by) = (self.providers, self.decided_by);
        let checked = self.station.with(|trust| {
            let grammar = SignedInfoGrammar::default();
            ContractCheck { trust: *trust, grammar, providers, decided_by }.check(
                request,
                challenge,
                &mut buffer,
            )
        });
        self.log.borrow_mut().checked.push(checked);
        let verdict = match checked.judgement {
            Judgement::Verdict(verdict) => verdict,
            Judgement::Ask(_) => checked.answered(self.answer),
        };
        if matches!(verdict, ContractVerdict::Valid | ContractVerdict::ExpiresSoon) {
            self.authorized = checked.contract;
        }
        verdict
    }
}

/// A chain in the terms of the engines, for as long as the test runs.
pub(crate) fn chain(hierarchy: &Hierarchy, entity: Entity) -> Chain<'_> {
    let certificates = hierarchy.chain(entity);
    let subs: Vec<Bytes<'_>> = certificates.iter().skip(1).map(|der| Bytes::new(der)).collect();
    Chain { leaf: certificates[0], subs: subs.leak() }
}

impl<'a> Keeper<'a> for Trustee<'a> {
    fn vehicle(&mut self, now: Instant, evcc: &mut Evcc<'a>, event: E) -> bool {
        match event {
            E::SignAuthorization { .. } | E::SignInstallation { .. } | E::SignMetering { .. } => {
                self.sign(now, evcc);
            }
            E::InstallationReceived { .. } => self.take(now, evcc),
            _ => return false,
        }
        true
    }

    fn station(&mut self, now: Instant, secc: &mut Secc<'a>, event: S) -> bool {
        match event {
            S::ContractWanted { .. } => {
                let challenge = *secc.challenge();
                let verdict = self.judge(&challenge);
                secc.contract(now, verdict);
            }
            S::InstallationWanted { .. } => {
                let mut buffer = [0; 6400];
                let grammar = SignedInfoGrammar::default();
                let time = self.station.now;
                match check_installation_request(&self.request, grammar, &Curves, time, &mut buffer) {
                    Ok(()) => self.open = true,
                    Err(refused) => secc.refuse_installation(now, refused.fault),
                }
            }
            S::MeteringConfirmed { .. } => {
                let contract = self.authorized.expect("a contract");
                let read = contract.check_metering(&self.request, SignedInfoGrammar::default(), &Curves);
                let shown = Meter { charged: 1000, discharged: Some(10) };
                let right = read.map(|read| read.is_of(secc.session_id(), "M1", &shown));
                self.log.borrow_mut().confirmed.push(right);
                secc.metering(
                    now,
                    if right == Ok(true) { MeteringVerdict::Valid } else { MeteringVerdict::Invalid },
                );
            }
            _ => return false,
        }
        true
    }

    fn to_vehicle(&mut self, kind: K, payload: &[u8]) {
        if kind == K::CertificateInstallationRes {
            assert!(matches!(exi_codec::decode(payload), Ok(Message::CertificateInstallationRes(_))));
            self.response = payload.to_vec();
        }
    }

    fn to_station(&mut self, kind: K, payload: &[u8]) {
        if matches!(kind, K::AuthorizationReq | K::CertificateInstallationReq | K::MeteringConfirmationReq) {
            self.request = payload.to_vec();
        }
    }

    fn answer(&mut self, now: Instant, secc: &mut Secc<'a>, out: &mut [u8]) -> Option<Transmit> {
        std::mem::take(&mut self.open).then(|| self.deliver(now, secc, out))
    }
}

/// Whether the store still signs with a key.
pub(crate) fn signs(store: &mut SlowStore, key: KeyHandle) -> bool {
    store.inner.sign(key, b"anything").is_ok()
}
