//! Why something is not trusted: the rule that is violated, by what, and where.

use core::fmt;

use exi_codec::iso20::common_types::ResponseCode;
use thiserror::Error as ThisError;

/// A refusal: which rule, violated by which certificate or structure, at which byte of it.
///
/// When several things are wrong the same one is always reported, whatever their order in memory: first limits of
/// size, then encoding, then validity periods (expired before not yet valid), then links, anchor, profile, identity
/// and revocation; within a step the certificate nearest to the leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    rule: Rule,
    subject: Subject,
    position: u32,
}

impl Error {
    pub(crate) const fn new(rule: Rule, subject: Subject) -> Self {
        Self { rule, subject, position: 0 }
    }

    /// The rule violated.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// What violates it.
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The byte of the structure at which this was seen; 0 where the whole of it is meant.
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// The answer to an AuthorizationReq whose contract is refused so, [V2G20-2209] to [V2G20-2217].
    pub const fn authorization_code(&self) -> ResponseCode {
        match self.rule {
            Rule::Challenge => ResponseCode::WarningChallengeInvalid,
            Rule::SignatureValue | Rule::DigestValue => ResponseCode::FailedSignatureError,
            rule if rule.is_signature_structure() => ResponseCode::FailedSignatureError,
            _ => self.certificate_code(),
        }
    }

    /// The answer to a CertificateInstallationReq whose provisioning certificate is refused so.
    pub const fn installation_code(&self) -> ResponseCode {
        self.authorization_code()
    }

    /// The answer to a MeteringConfirmationReq whose signature is refused so.
    pub const fn metering_code(&self) -> ResponseCode {
        ResponseCode::FailedMeteringSignatureNotValid
    }

    const fn certificate_code(self) -> ResponseCode {
        match self.rule {
            Rule::Expired => ResponseCode::WarningCertificateExpired,
            Rule::NotYetValid => ResponseCode::WarningCertificateNotYetValid,
            Rule::Revoked => ResponseCode::WarningCertificateRevoked,
            Rule::UnknownRoot => ResponseCode::WarningEmspUnknown,
            _ => ResponseCode::WarningCertificateValidationError,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.rule)?;
        if self.position > 0 { write!(f, " (byte {})", self.position) } else { Ok(()) }
    }
}

impl core::error::Error for Error {}

/// A rule violated at a byte, before it is known by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) rule: Rule,
    pub(crate) position: u32,
}

impl Flaw {
    pub(crate) const fn new(rule: Rule, position: u32) -> Self {
        Self { rule, position }
    }

    pub(crate) const fn of(self, subject: Subject) -> Error {
        Error { rule: self.rule, subject, position: self.position }
    }
}

impl From<Rule> for Flaw {
    fn from(rule: Rule) -> Self {
        Self::new(rule, 0)
    }
}

/// What violates a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The chain as a whole.
    Chain,
    /// A certificate of the chain; 0 is the leaf.
    Certificate(u8),
    /// A configured root, by its place among the anchors.
    Root(u8),
    /// A revocation list, by its place among the evidence.
    Crl(u8),
    /// An OCSP response, by its place among the evidence.
    Ocsp(u8),
    /// The signature of a message, or the element it is about.
    Signature,
    /// A contract key on its way to the vehicle.
    ContractKey,
    /// The stored set of roots.
    TrustStore,
    /// The clock.
    Clock,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain => f.write_str("chain"),
            Self::Certificate(0) => f.write_str("leaf certificate"),
            Self::Certificate(index) => write!(f, "sub-CA certificate {index} above the leaf"),
            Self::Root(index) => write!(f, "root {index}"),
            Self::Crl(index) => write!(f, "revocation list {index}"),
            Self::Ocsp(index) => write!(f, "OCSP response {index}"),
            Self::Signature => f.write_str("signature"),
            Self::ContractKey => f.write_str("contract key"),
            Self::TrustStore => f.write_str("trust store"),
            Self::Clock => f.write_str("clock"),
        }
    }
}

/// The rules. Numbers in brackets are requirements of ISO 15118-20.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum Rule {
    // Limits.
    /// There is no certificate.
    #[error("there is no certificate")]
    Empty,
    /// More certificates below the root than allowed [V2G20-1003].
    #[error("more certificates below the root than allowed")]
    TooManyCertificates,
    /// The certificate is longer than its profile allows [V2G20-1234].
    #[error("the certificate is longer than its profile allows")]
    CertificateTooLong,
    /// The buffer of the caller does not hold the structure.
    #[error("the buffer is too small")]
    BufferTooSmall,
    /// More extensions than any certificate has.
    #[error("more extensions than any certificate has")]
    TooManyExtensions,
    /// More signatures to check than one validation may cost.
    #[error("more signatures to check than one validation may cost")]
    Budget,

    // Encoding.
    /// The encoding is not DER.
    #[error("the encoding is not DER")]
    Der,
    /// Something else than the structure demands stands here.
    #[error("something else stands where the structure demands a certain element")]
    Structure,
    /// Bytes follow the structure.
    #[error("bytes follow the structure")]
    TrailingData,
    /// The version is not 3, or of a list not 2.
    #[error("the version is not the one required")]
    Version,
    /// The serial number is not positive or longer than 20 bytes.
    #[error("the serial number is not positive or longer than 20 bytes")]
    Serial,
    /// A time is not in the form that RFC 5280 prescribes.
    #[error("a time is not in the form that RFC 5280 prescribes")]
    TimeFormat,
    /// The two statements of the signature algorithm differ.
    #[error("the two statements of the signature algorithm differ")]
    AlgorithmMismatch,
    /// An extension occurs twice.
    #[error("an extension occurs twice")]
    DuplicateExtension,
    /// A critical extension is not known.
    #[error("a critical extension is not known")]
    UnknownCriticalExtension,
    /// An extension that is refused in any form: constraints on names or policies.
    #[error("constraints on names or policies are not supported")]
    UnsupportedConstraint,
    /// The algorithm of key or signature is none that is supported or allowed.
    #[error("the algorithm of key or signature is none that is allowed")]
    Algorithm,
    /// The public key is compressed, of the wrong length, or not a point of its curve.
    #[error("the public key is compressed, of the wrong length, or not a point of its curve")]
    PublicKey,

    // Validity.
    /// The certificate has expired.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate is not valid yet.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// There is no time that can be trusted.
    #[error("there is no time that can be trusted")]
    NoTime,

    // Links.
    /// The issuer's name is not the subject of the certificate above.
    #[error("the issuer's name is not the subject of the certificate above")]
    IssuerName,
    /// The authority key identifier is not the key identifier of the certificate above.
    #[error("the authority key identifier does not name the key of the certificate above")]
    KeyIdentifier,
    /// The certificate above is no certificate authority.
    #[error("the certificate is used as an authority and is none")]
    NotAuthority,
    /// The certificate above may not sign certificates.
    #[error("the key usage does not allow to sign certificates")]
    NoCertSign,
    /// More authorities below than the path length allows [V2G20-911].
    #[error("more authorities below it than its path length allows")]
    PathLength,
    /// The validity period is not inside that of the certificate above [V2G20-1004].
    #[error("the validity period is not inside that of the certificate above")]
    Nesting,
    /// The chain mixes signature algorithms.
    #[error("the chain mixes signature algorithms")]
    MixedAlgorithms,
    /// A self-signed certificate is part of the chain: a root is never accepted from the peer.
    #[error("a self-signed certificate is part of the chain")]
    RootInChain,
    /// The signature of the certificate does not hold.
    #[error("the signature of the certificate does not hold")]
    CertificateSignature,

    // Anchor.
    /// No configured root of a kind that may certify this role has issued the topmost certificate.
    #[error("no root that may certify this role has issued the topmost certificate")]
    UnknownRoot,
    /// A root is not self-signed.
    #[error("the root is not self-signed")]
    NotSelfSigned,

    // Profile.
    /// The edition knows no such role.
    #[error("the edition has no such role")]
    RoleUnknown,
    /// A mandatory attribute of the subject is missing or malformed.
    #[error("a mandatory attribute of the subject is missing or malformed")]
    SubjectAttribute,
    /// The domain component is not that of the role.
    #[error("the domain component is not that of the role")]
    DomainComponent,
    /// The key usage is missing.
    #[error("the key usage is missing")]
    KeyUsageMissing,
    /// The key usage lacks a use that the role needs.
    #[error("the key usage lacks a use that the role needs")]
    KeyUsageLacking,
    /// The key usage allows a use that the role forbids [V2G20-2590].
    #[error("the key usage allows a use that the role forbids")]
    KeyUsageForbidden,
    /// The extended key usage is missing or lacks the purpose of the role.
    #[error("the extended key usage is missing or lacks the purpose of the role")]
    ExtendedKeyUsage,
    /// The role has no extended key usage [V2G20-2686].
    #[error("the role has no extended key usage")]
    ExtendedKeyUsageForbidden,
    /// The basic constraints are missing.
    #[error("the basic constraints are missing")]
    BasicConstraintsMissing,
    /// The leaf says that it is an authority.
    #[error("the leaf says that it is an authority")]
    LeafIsAuthority,
    /// An extension that must be critical is not.
    #[error("an extension that must be critical is not")]
    NotCritical,
    /// An extension that the role does not allow [V2G20-2686].
    #[error("an extension that the role does not allow")]
    ExtensionForbidden,
    /// A key identifier is neither 8 nor 20 bytes long.
    #[error("a key identifier is neither 8 nor 20 bytes long")]
    KeyIdentifierLength,

    // Identity.
    /// The common name has not the form of the role's identifier.
    #[error("the common name has not the form of the role's identifier")]
    CommonName,
    /// The identity is not the one expected [V2G20-2598].
    #[error("the identity is not the one expected")]
    Identity,

    // Revocation.
    /// The certificate is revoked.
    #[error("the certificate is revoked")]
    Revoked,
    /// Nothing says whether the certificate is revoked [V2G20-1240].
    #[error("nothing says whether the certificate is revoked")]
    StatusUnknown,
    /// What says so is too old or not valid yet.
    #[error("the statement about revocation is too old or not valid yet")]
    StatusStale,
    /// The signature of the list or response does not hold.
    #[error("the signature of the list or response does not hold")]
    StatusSignature,
    /// The signer may not speak for the issuer.
    #[error("the signer of the response may not speak for the issuer")]
    StatusSigner,
    /// The issuer's key may not sign lists.
    #[error("the key usage of the issuer does not allow to sign lists")]
    NoCrlSign,
    /// A delta list, which is of no use alone.
    #[error("delta revocation lists are not supported")]
    DeltaCrl,
    /// A list for a part of the certificates only, or by another than their issuer.
    #[error("partial and indirect revocation lists are not supported")]
    PartialCrl,
    /// The responder answered with an error.
    #[error("the OCSP responder answered with an error")]
    ResponderError,
    /// The response does not repeat the nonce of the request.
    #[error("the response does not repeat the nonce of the request")]
    Nonce,

    // Signatures of messages.
    /// The message carries no signature.
    #[error("the message carries no signature")]
    SignatureMissing,
    /// Not exactly one reference, or one of several to the same element.
    #[error("not exactly one reference")]
    ReferenceCount,
    /// The reference does not name the element that is used.
    #[error("the reference does not name the element that is used")]
    ReferenceTarget,
    /// Another canonicalization or transform than Canonical EXI.
    #[error("another canonicalization or transform than Canonical EXI")]
    Transform,
    /// Signature or digest algorithm is not that of the certificate's key.
    #[error("signature or digest algorithm is not that of the certificate's key")]
    SignatureAlgorithm,
    /// Something is present that V2G forbids in a signature [V2G20-771].
    #[error("something is present that V2G forbids in a signature")]
    SignatureContent,
    /// The element was not received, or not in its canonical form.
    #[error("the element was not received, or not in its canonical form")]
    NotCanonical,
    /// The digest is not that of the element.
    #[error("the digest is not that of the element")]
    DigestValue,
    /// The signature value does not hold.
    #[error("the signature value does not hold")]
    SignatureValue,
    /// The challenge is not the one that was given.
    #[error("the challenge is not the one that was given")]
    Challenge,
    /// The certificate that signed is not the leaf of the chain that was validated.
    #[error("the certificate that signed is not the leaf of the chain that was validated")]
    SignerMismatch,

    // Contract keys.
    /// The ephemeral public key is not a point of the curve, or of the wrong length.
    #[error("the ephemeral public key is not a point of the curve")]
    EphemeralKey,
    /// The wrapped key has not the length of its kind.
    #[error("the wrapped key has not the length of its kind")]
    WrappedLength,
    /// The wrapped key was not made for this vehicle and contract, or has been changed [V2G20-2504].
    #[error("the wrapped key was not made for this vehicle and contract, or has been changed")]
    WrappedTag,
    /// The key is not in the range of its curve [V2G20-2678].
    #[error("the key is not in the range of its curve")]
    KeyRange,
    /// The key is not that of the contract certificate [V2G20-2507].
    #[error("the key is not that of the contract certificate")]
    KeyMismatch,
    /// The curve is not the one configured [V2G20-2706].
    #[error("the curve is not the one configured")]
    Curve,

    // Stores.
    /// No intact image is stored.
    #[error("no intact image is stored")]
    Corrupt,
    /// The memory is full.
    #[error("the memory is full")]
    Full,
    /// The host's storage failed.
    #[error("the storage failed")]
    Storage,
    /// What is to be changed is not there, or there already.
    #[error("what is to be changed is not there, or there already")]
    NoSuchEntry,
}

impl Rule {
    const fn is_signature_structure(self) -> bool {
        matches!(
            self,
            Self::SignatureMissing
                | Self::ReferenceCount
                | Self::ReferenceTarget
                | Self::Transform
                | Self::SignatureAlgorithm
                | Self::SignatureContent
                | Self::NotCanonical
                | Self::SignerMismatch
        )
    }
}
