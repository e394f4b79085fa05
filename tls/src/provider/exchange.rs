//! Ephemeral key exchange on the NIST curves (RFC 8446, 4.2.8.2).

use p256::NistP256;
use p521::NistP521;
use p521::elliptic_curve::ecdh::diffie_hellman;
use p521::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p521::elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, NonZeroScalar, PublicKey, SecretKey,
};
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};
use zeroize::Zeroizing;

/// secp521r1 [V2G20-1634].
#[derive(Debug)]
pub(super) struct Secp521r1;

/// secp256r1, for the lab.
#[derive(Debug)]
pub(super) struct Secp256r1;

impl SupportedKxGroup for Secp521r1 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Exchange::<NistP521>::generate(self.name(), 0x01)?))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

impl SupportedKxGroup for Secp256r1 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Exchange::<NistP256>::generate(self.name(), 0xff)?))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

/// Our half of an exchange. The secret is erased when this is dropped.
pub(super) struct Exchange<C: CurveArithmetic> {
    secret: SecretKey<C>,
    point: Vec<u8>,
    group: NamedGroup,
}

impl<C> Exchange<C>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    /// A secret by rejection (FIPS 186-5, A.2.2): random bits as many as the order has, until they are below it.
    fn generate(group: NamedGroup, top: u8) -> Result<Self, Error> {
        let mut bits = Zeroizing::new(FieldBytes::<C>::default());
        loop {
            getrandom::fill(&mut bits).map_err(|_| GetRandomFailed)?;
            if let Some(first) = bits.first_mut() {
                *first &= top;
            }
            if let Ok(secret) = SecretKey::from_bytes(&bits) {
                return Ok(Self::with(secret, group));
            }
        }
    }

    pub(super) fn with(secret: SecretKey<C>, group: NamedGroup) -> Self {
        let point = secret.public_key().to_sec1_point(false).as_bytes().to_vec();
        Self { secret, point, group }
    }
}

impl<C> ActiveKeyExchange for Exchange<C>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    /// The peer's point must be uncompressed, on the curve, and not at infinity. The secret is the whole
    /// x-coordinate, leading zeros included (RFC 8446, 7.4.2).
    fn complete(self: Box<Self>, peer_pub_key: &[u8]) -> Result<SharedSecret, Error> {
        if peer_pub_key.len() != self.point.len() || peer_pub_key.first() != Some(&4) {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        let peer =
            PublicKey::<C>::from_sec1_bytes(peer_pub_key).map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let scalar = Zeroizing::new(self.secret.to_nonzero_scalar());
        let scalar: &NonZeroScalar<C> = &scalar;
        let shared = diffie_hellman(scalar, peer.as_affine());
        Ok(SharedSecret::from(shared.raw_secret_bytes().as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        &self.point
    }

    fn group(&self) -> NamedGroup {
        self.group
    }
}
