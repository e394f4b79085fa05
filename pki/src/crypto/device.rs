//! Signatures that a device checks.

use crate::crypto::curves::{MAX_SIGNATURE, from_der};
use crate::crypto::{Algorithm, KeyInfo, SignatureInfo, Verifier};
use crate::error::Rule;

/// What a device is to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'q> {
    /// The algorithm of the key.
    pub algorithm: Algorithm,
    /// The public key: an uncompressed point, or as Ed448 has it. Whether it is a point of its curve is the device's to find out.
    pub key: &'q [u8],
    /// The message, not its digest.
    pub message: &'q [u8],
    /// r and s of equal length, or as Ed448 has it.
    pub signature: &'q [u8],
}

/// A device's word on a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It holds.
    Holds,
    /// It does not, the key is no point of its curve, or the device failed.
    Fails,
}

/// A [`Verifier`] that reads keys and signatures and leaves the arithmetic to a device, whose word is a function here.
#[derive(Clone, Copy, Debug)]
pub struct Device<F>(pub F);

impl<F: Fn(&Question<'_>) -> Answer> Device<F> {
    fn ask(&self, question: &Question<'_>, otherwise: Rule) -> Result<(), Rule> {
        if question.signature.len() != question.algorithm.signature_len() {
            return Err(otherwise);
        }
        match self.0(question) {
            Answer::Holds => Ok(()),
            Answer::Fails => Err(otherwise),
        }
    }
}

impl<F: Fn(&Question<'_>) -> Answer> Verifier for Device<F> {
    fn check_key(&self, key: &KeyInfo<'_>) -> Result<Option<Algorithm>, Rule> {
        key.algorithm().map(Some)
    }

    fn verify(
        &self,
        key: &KeyInfo<'_>,
        algorithm: &SignatureInfo<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Rule> {
        let found = key.algorithm()?;
        if algorithm.algorithm() != Some(found) {
            return Err(Rule::Algorithm);
        }
        let mut fixed = [0; MAX_SIGNATURE];
        let signature = match found {
            Algorithm::Ed448 => signature,
            _ => from_der(signature, found.signature_len(), &mut fixed)
                .map_err(|_| Rule::CertificateSignature)?,
        };
        let question = Question { algorithm: found, key: key.bits(), message, signature };
        self.ask(&question, Rule::CertificateSignature)
    }

    fn verify_fixed(&self, key: &KeyInfo<'_>, message: &[u8], signature: &[u8]) -> Result<(), Rule> {
        let question = Question { algorithm: key.algorithm()?, key: key.bits(), message, signature };
        self.ask(&question, Rule::SignatureValue)
    }
}
