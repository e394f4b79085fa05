//! The vehicle's side of keys and certificates: requests signed, contracts fetched and kept.

use bumpalo::Bump;
use exi_codec::iso20::xmldsig::X509IssuerSerial;
use exi_codec::{Bytes, Str};
use iso15118_20::Instant;
use iso15118_20::evcc::{
    Contract, Evcc, EvccConfig, EvccEvent, InstallWhen, Installation, InstallationVerdict, SignatureSubject,
};
use iso15118_20::message::MessageKind;
use iso15118_20::security::Chain;
use iso15118_20::sequence::Stage;
use iso15118_20::trust::{
    DeliveredContract, DeliveryCheck, Installing, PendingSignature, Provisioning, Signing, TrustError,
    WantedContracts, engine_chain, is_within, sign,
};
use v2g_pki::keystore::KeyHandle;
use v2g_pki::provision::Unwrapping;
use v2g_pki::xmlsig::SignedInfoGrammar;
use v2g_pki::{Certificate, RootKind};

use crate::credentials::{Identity, Keys, VehicleCredentials, now as unix_now};
use crate::observe::Observer;

/// How often a key store that takes its time is asked.
const ASK: std::time::Duration = std::time::Duration::from_millis(5);

/// What a vehicle does with contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contracts {
    /// It has none.
    None,
    /// It shows those that it has.
    Shown,
    /// It fetches one where it has none that is accepted.
    Fetched,
}

/// What a vehicle trusts by, and with what it signs.
#[derive(Debug)]
pub(crate) struct Trust<'a> {
    credentials: &'a VehicleCredentials,
    /// Where certificates stay for as long as the engine has them.
    arena: &'a Bump,
    contracts: Vec<Contract<'a>>,
    /// Their keys, in the same order.
    keys: Vec<(Keys, KeyHandle)>,
    /// The key that was fetched last, which the next one replaces, and the place of its contract.
    fetched: Option<(usize, KeyHandle)>,
    /// A signature that takes its time, and who makes it.
    signing: Option<(PendingSignature, Keys)>,
    installing: Option<(Installing, Contract<'a>)>,
    ask_at: Option<Instant>,
    response: Vec<u8>,
}

/// A chain in the terms of the engines.
fn chain<'a>(arena: &'a Bump, identity: &'a Identity) -> Chain<'a> {
    let subs = identity.chain.iter().skip(1).map(|der| Bytes::new(der));
    Chain { leaf: identity.leaf(), subs: arena.alloc_slice_fill_iter(subs.collect::<Vec<_>>()) }
}

impl<'a> Trust<'a> {
    pub(crate) fn new(credentials: &'a VehicleCredentials, arena: &'a Bump, use_of: Contracts) -> Self {
        let mut trust = Self {
            credentials,
            arena,
            contracts: Vec::new(),
            keys: Vec::new(),
            fetched: None,
            signing: None,
            installing: None,
            ask_at: None,
            response: Vec::new(),
        };
        if use_of != Contracts::None {
            for identity in &credentials.contracts {
                let emaid = identity.name().unwrap_or_default();
                let contract = Contract { chain: chain(arena, identity), emaid };
                // A vehicle that knows the time does not show what has expired.
                if !credentials.has_clock || is_within(&contract.chain, unix_now()) {
                    trust.contracts.push(contract);
                    trust.keys.push((identity.keys.clone(), identity.key));
                }
            }
        }
        trust
    }

    /// Puts contracts, and how they are fetched, into the configuration of an engine.
    pub(crate) fn configure(&self, config: &mut EvccConfig<'a>, use_of: Contracts) {
        config.contracts = self.arena.alloc_slice_copy(&self.contracts);
        config.installation =
            self.credentials.provisioning.as_ref().filter(|_| use_of == Contracts::Fetched).map(|identity| {
                Installation {
                    chain: chain(self.arena, identity),
                    roots: self.roots(),
                    emaids: &[],
                    max_chains: 1,
                    when: InstallWhen::Needed,
                }
            });
    }

    /// The V2G roots, by issuer and number.
    fn roots(&self) -> &'a [X509IssuerSerial<'a>] {
        let roots = &self.credentials.trusted.roots;
        let ids = roots.iter().filter(|(kind, _)| *kind == RootKind::V2g).filter_map(|(_, der)| {
            let root = Certificate::parse(der).ok()?;
            let name: &'a str = self.arena.alloc_str(&root.issuer().to_string());
            Some(X509IssuerSerial {
                x509_issuer_name: Str::new(name),
                x509_serial_number: root.serial_integer(),
            })
        });
        self.arena.alloc_slice_fill_iter(ids.take(20).collect::<Vec<_>>())
    }

    /// Keeps what the engine may ask about.
    pub(super) fn received(&mut self, kind: MessageKind, payload: &[u8]) {
        if kind == MessageKind::CertificateInstallationRes {
            self.response.clear();
            self.response.extend_from_slice(payload);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.ask_at
    }

    /// Does what the engine asks for; false if it is not about trust.
    pub(super) fn event(
        &mut self,
        now: Instant,
        event: &EvccEvent,
        engine: &mut Evcc<'a>,
        observer: &mut Observer,
    ) -> bool {
        match event {
            EvccEvent::SignAuthorization { .. }
            | EvccEvent::SignInstallation { .. }
            | EvccEvent::SignMetering { .. } => self.sign(now, engine, observer),
            EvccEvent::InstallationReceived { .. } => {
                let begun = self.open();
                self.go_on_installing(now, begun, engine, observer);
            }
            EvccEvent::ContractExpiresSoon => {
                observer.found(now, "contract", format_args!("expires soon"));
            }
            _ => return false,
        }
        true
    }

    fn sign(&mut self, now: Instant, engine: &mut Evcc<'a>, observer: &mut Observer) {
        let found = engine.signature_wanted().and_then(|wanted| match wanted.subject {
            SignatureSubject::Authorization { contract } => self.keys.get(contract).cloned(),
            SignatureSubject::Metering { contract } => self.keys.get(contract?).cloned(),
            SignatureSubject::Installation => {
                self.credentials.provisioning.as_ref().map(|own| (own.keys.clone(), own.key))
            }
        });
        let Some((keys, key)) = found else { return };
        let mut scratch = [0; 16 * 1024];
        let signing = sign(engine, now, &mut *keys.lock(), key, &mut scratch);
        self.go_on_signing(now, signing, keys, observer);
    }

    fn go_on_signing(
        &mut self,
        now: Instant,
        signing: Result<Signing, TrustError>,
        keys: Keys,
        observer: &mut Observer,
    ) {
        self.ask_at = None;
        match signing {
            Ok(Signing::Done) => {}
            Ok(Signing::Pending(pending)) => {
                self.signing = Some((pending, keys));
                self.ask_at = Some(now + ASK);
            }
            Err(error) => observer.found(now, "signature", format_args!("{error}")),
        }
    }

    /// Checks what was delivered, and begins to take its key.
    fn open(&mut self) -> Result<(Installing, Contract<'a>), TrustError> {
        let buffer = || self.arena.alloc_slice_fill_copy(6400, 0);
        let (grammar, wanted) = (SignedInfoGrammar::default(), WantedContracts::Any);
        let delivered = self.credentials.trusted.with(|trust| {
            let check = DeliveryCheck { trust: *trust, grammar, wanted };
            DeliveredContract::check(&self.response, &check, [buffer(), buffer()])
        })?;
        let none = TrustError::NotWanted;
        let pcid = self.credentials.pcid().ok_or(none)?;
        let own = self.credentials.provisioning.as_ref().ok_or(none)?;
        let provisioning = Provisioning { key: own.key, pcid: &pcid, unwrapping: Unwrapping::default() };
        let replaces = self.fetched.map(|(_, key)| key);
        let installing = delivered.install(&mut *own.keys.lock(), &provisioning, replaces)?;
        let chain = engine_chain(delivered.chain(), self.arena.alloc([Bytes::new(&[]); 3])).ok_or(none)?;
        let emaid = delivered.emaid().map_or("", |emaid| self.arena.alloc_str(emaid.as_str()));
        Ok((installing, Contract { chain, emaid }))
    }

    fn go_on_installing(
        &mut self,
        now: Instant,
        installing: Result<(Installing, Contract<'a>), TrustError>,
        engine: &mut Evcc<'a>,
        observer: &mut Observer,
    ) {
        self.ask_at = None;
        let verdict = match installing {
            Ok((Installing::Done(key), contract)) => {
                observer.found(now, "contract installed", format_args!("{}", contract.emaid));
                self.keep(contract, key, engine.stage());
                engine.set_contracts(self.arena.alloc_slice_copy(&self.contracts));
                InstallationVerdict::Accepted
            }
            Ok(pending) => {
                self.installing = Some(pending);
                self.ask_at = Some(now + ASK);
                return;
            }
            Err(error) => {
                observer.found(now, "contract refused", format_args!("{error}"));
                InstallationVerdict::Refused
            }
        };
        engine.installed(now, verdict);
    }

    /// The contract takes the place of the one that was fetched before. While the vehicle is not authorized it comes
    /// before the others, which were not accepted; afterwards the places are taken.
    fn keep(&mut self, contract: Contract<'a>, key: KeyHandle, stage: Stage) {
        let Some(own) = &self.credentials.provisioning else { return };
        let held = (own.keys.clone(), key);
        let place = if let Some((place, _)) = self.fetched {
            (self.contracts[place], self.keys[place]) = (contract, held);
            place
        } else {
            let place = if stage == Stage::Authorization { 0 } else { self.keys.len() };
            self.contracts.insert(place, contract);
            self.keys.insert(place, held);
            place
        };
        self.fetched = Some((place, key));
    }

    /// Asks a key store that takes its time.
    pub(super) fn tick(&mut self, now: Instant, engine: &mut Evcc<'a>, observer: &mut Observer) {
        if self.ask_at.take_if(|at| *at <= now).is_none() {
            return;
        }
        if let Some((pending, keys)) = self.signing.take() {
            let signing = pending.poll(engine, now, &mut *keys.lock());
            self.go_on_signing(now, signing, keys, observer);
        }
        if let (Some((installing, contract)), Some(own)) =
            (self.installing.take(), &self.credentials.provisioning)
        {
            let installing = installing.poll(&mut *own.keys.lock());
            self.go_on_installing(now, installing.map(|it| (it, contract)), engine, observer);
        }
    }
}
