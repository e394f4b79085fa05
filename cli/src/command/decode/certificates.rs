//! Certificates in captures: whose they are, and what a validation says about them.

use exi_codec::iso20::common_messages::{AReqAuthorizationMode, Message};
use exi_codec::{Bytes, List};
use serde_json::{Value as Json, json};
use v2g_pki::status::Evidence;
use v2g_pki::{
    Anchor, Certificate, Chain, Curves, Edition, Policy, Revocation, Role, RootKind, Time, Trust,
    check_unanchored, validate,
};

use crate::input::to_hex;

/// Who judges: the roots that are trusted, if any are given.
#[derive(Debug, Default)]
pub(super) struct Judge {
    pub(super) roots: Vec<(RootKind, Vec<u8>)>,
}

/// A chain with what is said about it.
#[derive(Debug)]
pub(super) struct Judged {
    role: &'static str,
    certificates: Vec<Described>,
    staples: usize,
    /// By the letter, and by the rules of laboratories.
    strict: String,
    laboratory: String,
}

#[derive(Debug)]
struct Described {
    subject: String,
    issuer: String,
    serial: String,
    key: String,
    from: String,
    until: String,
}

impl Described {
    fn of(der: &[u8]) -> Self {
        let Ok(certificate) = Certificate::parse(der) else {
            let unread = || "?".to_owned();
            let subject = format!("{} bytes that are no certificate", der.len());
            return Self {
                subject,
                issuer: unread(),
                serial: unread(),
                key: unread(),
                from: unread(),
                until: unread(),
            };
        };
        let validity = certificate.validity();
        let key = certificate.key().algorithm().map_or("another key".to_owned(), |key| format!("{key:?}"));
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: to_hex(certificate.serial()),
            key,
            from: day(validity.not_before),
            until: day(validity.not_after),
        }
    }
}

fn day(time: Time) -> String {
    let (year, month, day) = time.date();
    format!("{year:04}-{month:02}-{day:02}")
}

const fn name(role: Role) -> &'static str {
    match role {
        Role::Secc => "station",
        Role::Vehicle => "vehicle",
        Role::Contract => "contract",
        Role::Provisioning => "provisioning",
        Role::Cps => "provisioning service",
        Role::Other => "other",
    }
}

impl Judge {
    /// Looks at a chain as it was at a time.
    pub(super) fn look(&self, role: Role, chain: &[Vec<u8>], staples: &[Vec<u8>], at: Time) -> Judged {
        let verdict = |policy| self.verdict(role, chain, staples, at, policy);
        Judged {
            role: name(role),
            certificates: chain.iter().map(|der| Described::of(der)).collect(),
            staples: staples.len(),
            strict: verdict(Policy::new(Edition::Y2022)),
            laboratory: verdict(Policy::lab(Edition::Y2022)),
        }
    }

    fn verdict(
        &self,
        role: Role,
        chain: &[Vec<u8>],
        staples: &[Vec<u8>],
        at: Time,
        policy: Policy,
    ) -> String {
        let certificates: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        let staples: Vec<&[u8]> = staples.iter().map(Vec::as_slice).collect();
        let anchors: Vec<Anchor<'_>> = self.roots.iter().map(|(kind, der)| Anchor::new(*kind, der)).collect();
        let trust = Trust {
            anchors: &anchors.as_slice(),
            evidence: Evidence { ocsp: &staples, ..Evidence::default() },
            // A capture rarely says whether anything is revoked; what says that it is counts.
            policy: Policy { revocation: Revocation::SoftFail, ..policy },
            verifier: &Curves,
            now: at,
        };
        let chain = match Chain::new(&certificates) {
            Ok(chain) => chain,
            Err(error) => return error.to_string(),
        };
        if self.roots.is_empty() {
            return match check_unanchored(&chain, role, &trust) {
                Ok(_) => "holds as far as it goes without its root".to_owned(),
                Err(error) => error.to_string(),
            };
        }
        match validate(&chain, role, &trust) {
            Ok(valid) if valid.warnings().status_unknown => {
                "holds, revocation is not known of all".to_owned()
            }
            Ok(_) => "holds".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// The chains that a message of CommonMessages carries.
    pub(super) fn of_message(&self, payload: &[u8], at: Time) -> Vec<Judged> {
        let chains = match exi_codec::decode(payload) {
            Ok(Message::AuthorizationReq(message)) => match message.authorization_mode {
                AReqAuthorizationMode::Pnc(mode) => {
                    let chain = mode.contract_certificate_chain;
                    vec![(Role::Contract, copied(chain.certificate, Some(chain.sub_certificates)))]
                }
                AReqAuthorizationMode::Eim => Vec::new(),
            },
            Ok(Message::CertificateInstallationReq(message)) => {
                let chain = message.oem_provisioning_certificate_chain;
                vec![(Role::Provisioning, copied(chain.certificate, chain.sub_certificates))]
            }
            Ok(Message::CertificateInstallationRes(message)) => {
                let (service, data) = (message.cp_s_certificate_chain, message.signed_installation_data);
                let contract = data.contract_certificate_chain;
                vec![
                    (Role::Cps, copied(service.certificate, service.sub_certificates)),
                    (Role::Contract, copied(contract.certificate, Some(contract.sub_certificates))),
                ]
            }
            _ => Vec::new(),
        };
        // Responses that refuse carry empty certificates.
        let real = chains.into_iter().filter(|(_, chain)| chain.first().is_some_and(|leaf| leaf.len() > 8));
        real.map(|(role, chain)| self.look(role, &chain, &[], at)).collect()
    }
}

fn copied(leaf: Bytes<'_>, above: Option<List<'_, Bytes<'_>>>) -> Vec<Vec<u8>> {
    std::iter::once(leaf).chain(above.into_iter().flatten()).map(|der| der.iter().collect()).collect()
}

impl Judged {
    /// A heading.
    pub(super) fn title(&self) -> String {
        let staples = match self.staples {
            0 => String::new(),
            1 => ", 1 OCSP response".to_owned(),
            more => format!(", {more} OCSP responses"),
        };
        let certificates = match self.certificates.len() {
            1 => "1 certificate".to_owned(),
            more => format!("{more} certificates"),
        };
        format!("chain of the {}: {certificates}{staples}", self.role)
    }

    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        let certificates = self.certificates.iter().enumerate().map(|(index, certificate)| {
            let Described { subject, issuer, key, from, until, .. } = certificate;
            format!("{index}  {subject}, {key}, {from} to {until}, issued by {issuer}")
        });
        let verdicts = [("strict", &self.strict), ("laboratory", &self.laboratory)];
        let verdicts = verdicts.map(|(rules, verdict)| format!("{rules:<10}  {verdict}"));
        certificates.chain(verdicts).map(|line| crate::tree::printable(&line)).collect()
    }

    /// For programs.
    pub(super) fn json(&self) -> Json {
        let certificates = self.certificates.iter().map(|certificate| {
            let Described { subject, issuer, serial, key, from, until } = certificate;
            json!({
                "subject": subject, "issuer": issuer, "serial": serial, "key": key,
                "not_before": from, "not_after": until,
            })
        });
        json!({
            "role": self.role, "chain": certificates.collect::<Vec<_>>(), "ocsp_responses": self.staples,
            "verdict": { "strict": self.strict, "laboratory": self.laboratory },
        })
    }
}
