//! The certificates of a chain as they came.

use exi_codec::iso20::common_messages::{CertificateChain, ContractCertificateChain, SignedCertificateChain};
use exi_codec::{Bytes, List};

use crate::error::{Error, Rule, Subject};

/// The most certificates that a chain holds, whatever is allowed. V2G has at most four, a cross certificate included.
pub const MAX_PATH: usize = 8;

/// A leaf and the certificates above it, nearest first, without the root; each as DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Chain<'a> {
    certificates: [&'a [u8]; MAX_PATH],
    len: u8,
}

impl<'a> Chain<'a> {
    /// A chain from slices, leaf first.
    ///
    /// # Errors
    /// [`Rule::Empty`] or [`Rule::TooManyCertificates`].
    pub fn new(certificates: &[&'a [u8]]) -> Result<Self, Error> {
        let mut chain = Self::default();
        certificates.iter().try_for_each(|certificate| chain.push(certificate))?;
        if chain.len == 0 { Err(Error::new(Rule::Empty, Subject::Chain)) } else { Ok(chain) }
    }

    fn push(&mut self, certificate: &'a [u8]) -> Result<(), Error> {
        let slot = self.certificates.get_mut(usize::from(self.len));
        *slot.ok_or(Error::new(Rule::TooManyCertificates, Subject::Chain))? = certificate;
        self.len += 1;
        Ok(())
    }

    /// A chain from a message. Certificates stand at odd bits of it and are copied to `buffer`; 6400 bytes hold any.
    ///
    /// # Errors
    /// [`Rule::BufferTooSmall`] or [`Rule::TooManyCertificates`].
    pub fn copy(
        leaf: Bytes<'_>,
        subs: Option<List<'_, Bytes<'_>>>,
        buffer: &'a mut [u8],
    ) -> Result<Self, Error> {
        let mut chain = Self::default();
        let mut rest = buffer;
        for certificate in core::iter::once(leaf).chain(subs.into_iter().flatten()) {
            let (to, after) = rest
                .split_at_mut_checked(certificate.len())
                .ok_or(Error::new(Rule::BufferTooSmall, Subject::Certificate(chain.len)))?;
            rest = after;
            let copied = certificate.copy_to(to).is_ok();
            debug_assert!(copied, "the slice has the length of the certificate");
            chain.push(to)?;
        }
        Ok(chain)
    }

    /// The chain of a contract, copied to `buffer`.
    ///
    /// # Errors
    /// As [`copy`](Self::copy).
    pub fn contract(chain: &ContractCertificateChain<'_>, buffer: &'a mut [u8]) -> Result<Self, Error> {
        Self::copy(chain.certificate, Some(chain.sub_certificates), buffer)
    }

    /// The chain of a provisioning certificate, copied to `buffer`.
    ///
    /// # Errors
    /// As [`copy`](Self::copy).
    pub fn provisioning(chain: &SignedCertificateChain<'_>, buffer: &'a mut [u8]) -> Result<Self, Error> {
        Self::copy(chain.certificate, chain.sub_certificates, buffer)
    }

    /// The chain of a certificate provisioning service, copied to `buffer`.
    ///
    /// # Errors
    /// As [`copy`](Self::copy).
    pub fn provider(chain: &CertificateChain<'_>, buffer: &'a mut [u8]) -> Result<Self, Error> {
        Self::copy(chain.certificate, chain.sub_certificates, buffer)
    }

    /// The certificates, leaf first.
    pub fn certificates(&self) -> &[&'a [u8]] {
        self.certificates.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The leaf.
    pub fn leaf(&self) -> &'a [u8] {
        self.certificates.first().copied().unwrap_or_default()
    }
}
