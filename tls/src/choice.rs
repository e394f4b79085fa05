//! Which of our chains a peer gets.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::credential::Credential;

/// The chains of one end, preferred first. The peer gets the first one whose key signs with a scheme that it accepts
/// and that leads best to a root that it lists [V2G20-1007, 2379]; without a list the first one [V2G20-2378]; where no
/// root is listed that we have, the first one too, as a fallback [V2G20-2399].
#[derive(Debug)]
pub(crate) struct Choice(pub(crate) Vec<Arc<Credential>>);

impl Choice {
    fn choose(&self, roots: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let usable = || self.0.iter().filter(|credential| schemes.contains(&credential.scheme().to_rustls()));
        let listed = usable()
            .filter_map(|credential| Some((credential.fit(roots.iter().copied())?, credential)))
            .min_by_key(|(fit, _)| *fit);
        let chosen = listed.map(|(_, credential)| credential).or_else(|| usable().next())?;
        Some(chosen.certified())
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let roots: Vec<&[u8]> =
            hello.certificate_authorities().unwrap_or_default().iter().map(AsRef::as_ref).collect();
        // Without a scheme in common the first chain leads to handshake_failure; none at all would lead to access_denied.
        let any = || self.0.first().map(|credential| credential.certified());
        self.choose(&roots, hello.signature_schemes()).or_else(any)
    }
}

impl ResolvesClientCert for Choice {
    fn resolve(&self, roots: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.choose(roots, schemes)
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}
