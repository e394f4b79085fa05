//! Protection of records (RFC 8446, 5.2).

use core::marker::PhantomData;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce as CipherNonce, Tag};
use chacha20poly1305::ChaCha20Poly1305;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, NONCE_LEN,
    Nonce, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm,
    UnsupportedOperationError, make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

pub(super) static AES_256_GCM: Aead<Aes256Gcm> = Aead(PhantomData);
pub(super) static CHACHA20_POLY1305: Aead<ChaCha20Poly1305> = Aead(PhantomData);

/// Bytes of a key of either cipher.
const KEY_LEN: usize = 32;
/// Bytes of a tag of either cipher.
const TAG_LEN: usize = 16;

/// A cipher by type.
pub(super) struct Aead<C>(PhantomData<fn() -> C>);

/// A cipher with its key, for one direction. Ciphers erase their keys when they are dropped.
struct Keyed<C> {
    cipher: C,
    iv: Iv,
}

impl<C: AeadInOut + KeyInit> Keyed<C> {
    fn new(key: &AeadKey, iv: Iv) -> Self {
        Self {
            cipher: C::new_from_slice(key.as_ref()).expect("rustls derives a key of the length asked for"),
            iv,
        }
    }

    fn nonce(&self, sequence: u64) -> CipherNonce<C> {
        let Nonce(bytes) = Nonce::new(&self.iv, sequence);
        CipherNonce::<C>::try_from(bytes.as_slice()).expect("nonces of both ciphers have 12 bytes")
    }
}

impl<C: AeadInOut + KeyInit + Send + Sync + 'static> Tls13AeadAlgorithm for Aead<C> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Keyed::<C>::new(&key, iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Keyed::<C>::new(&key, iv))
    }

    fn key_len(&self) -> usize {
        KEY_LEN
    }

    /// Traffic keys do not leave.
    fn extract_keys(&self, _: AeadKey, _: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

impl<C: AeadInOut + KeyInit + Send + Sync> MessageEncrypter for Keyed<C> {
    fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let len = self.encrypted_payload_len(msg.payload.len());
        let mut payload = PrefixedPayload::with_capacity(len);
        payload.extend_from_chunks(&msg.payload);
        payload.extend_from_slice(&msg.typ.to_array());
        let tag = self
            .cipher
            .encrypt_inout_detached(&self.nonce(seq), &make_tls13_aad(len), payload.as_mut().into())
            .map_err(|_| Error::EncryptError)?;
        payload.extend_from_slice(&tag);
        // RFC 8446, 5.2: the outer type and version do not change any more.
        Ok(OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len + size_of::<u8>() + TAG_LEN
    }
}

impl<C: AeadInOut + KeyInit + Send + Sync> MessageDecrypter for Keyed<C> {
    fn decrypt<'a>(
        &mut self,
        mut msg: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let payload = &mut msg.payload;
        let aad = make_tls13_aad(payload.len());
        let (text, tag) = payload.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::DecryptError)?;
        let tag = Tag::<C>::try_from(tag.as_slice()).map_err(|_| Error::DecryptError)?;
        let len = text.len();
        self.cipher
            .decrypt_inout_detached(&self.nonce(seq), &aad, text.into(), &tag)
            .map_err(|_| Error::DecryptError)?;
        payload.truncate(len);
        msg.into_tls13_unpadded_message()
    }
}

const _: () = assert!(NONCE_LEN == 12);
