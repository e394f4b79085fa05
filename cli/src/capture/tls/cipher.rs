//! The suites of TLS 1.3, and records opened with them (RFC 8446, 5.2, 7.1 and 7.3).

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use ccm::Ccm;
use ccm::consts::{U8, U12, U16};
use chacha20poly1305::ChaCha20Poly1305;
use hkdf::Hkdf;
use sha2::{Sha256, Sha384};

type Aes128Ccm = Ccm<aes::Aes128, U16, U12>;
type Aes128Ccm8 = Ccm<aes::Aes128, U8, U12>;

/// A suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suite {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
    Aes128Ccm,
    Aes128Ccm8,
}

impl Suite {
    pub(crate) const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            0x1301 => Self::Aes128Gcm,
            0x1302 => Self::Aes256Gcm,
            0x1303 => Self::ChaCha20Poly1305,
            0x1304 => Self::Aes128Ccm,
            0x1305 => Self::Aes128Ccm8,
            _ => return None,
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "TLS_AES_128_GCM_SHA256",
            Self::Aes256Gcm => "TLS_AES_256_GCM_SHA384",
            Self::ChaCha20Poly1305 => "TLS_CHACHA20_POLY1305_SHA256",
            Self::Aes128Ccm => "TLS_AES_128_CCM_SHA256",
            Self::Aes128Ccm8 => "TLS_AES_128_CCM_8_SHA256",
        }
    }

    const fn key_len(self) -> usize {
        match self {
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
            Self::Aes128Gcm | Self::Aes128Ccm | Self::Aes128Ccm8 => 16,
        }
    }

    const fn tag_len(self) -> usize {
        match self {
            Self::Aes128Ccm8 => 8,
            _ => 16,
        }
    }

    /// HKDF-Expand-Label without context. None if the secret has not the length of the hash.
    fn expand(self, secret: &[u8], label: &str, out: &mut [u8]) -> Option<()> {
        let label = [b"tls13 ", label.as_bytes()].concat();
        let mut info = (out.len() as u16).to_be_bytes().to_vec();
        info.push(label.len() as u8);
        info.extend(label);
        info.push(0);
        match self {
            Self::Aes256Gcm if secret.len() == 48 => {
                Hkdf::<Sha384>::from_prk(secret).ok()?.expand(&info, out).ok()
            }
            Self::Aes256Gcm => None,
            _ if secret.len() == 32 => Hkdf::<Sha256>::from_prk(secret).ok()?.expand(&info, out).ok(),
            _ => None,
        }
    }
}

/// What one side writes with.
#[derive(Clone)]
pub(crate) struct Keys {
    suite: Suite,
    secret: Vec<u8>,
    key: Vec<u8>,
    iv: [u8; 12],
    /// The number of the next record.
    pub(crate) next: u64,
}

impl Keys {
    /// None if the secret does not fit the suite.
    pub(crate) fn new(suite: Suite, secret: &[u8]) -> Option<Self> {
        let (mut key, mut iv) = (vec![0; suite.key_len()], [0; 12]);
        suite.expand(secret, "key", &mut key)?;
        suite.expand(secret, "iv", &mut iv)?;
        Some(Self { suite, secret: secret.to_vec(), key, iv, next: 0 })
    }

    /// The keys after a KeyUpdate.
    pub(crate) fn updated(&self) -> Option<Self> {
        let mut secret = vec![0; self.secret.len()];
        self.suite.expand(&self.secret, "traffic upd", &mut secret)?;
        Self::new(self.suite, &secret)
    }

    /// Opens a record, header included, as the next one or, where some are missing, as one of `tries`. Returns its
    /// content and the type of it.
    pub(crate) fn open(&mut self, record: &[u8], tries: u64) -> Option<(u8, Vec<u8>)> {
        for number in self.next..=self.next.saturating_add(tries) {
            if let Some(opened) = self.try_open(record, number) {
                self.next = number + 1;
                return Some(opened);
            }
        }
        None
    }

    fn try_open(&self, record: &[u8], number: u64) -> Option<(u8, Vec<u8>)> {
        let (header, body) = record.split_at_checked(5)?;
        let (text, tag) = body.split_at_checked(body.len().checked_sub(self.suite.tag_len())?)?;
        let mut nonce = self.iv;
        nonce[4..].iter_mut().zip(number.to_be_bytes()).for_each(|(octet, number)| *octet ^= number);
        let mut text = text.to_vec();
        match self.suite {
            Suite::Aes128Gcm => open::<Aes128Gcm>(&self.key, &nonce, header, &mut text, tag)?,
            Suite::Aes256Gcm => open::<Aes256Gcm>(&self.key, &nonce, header, &mut text, tag)?,
            Suite::ChaCha20Poly1305 => open::<ChaCha20Poly1305>(&self.key, &nonce, header, &mut text, tag)?,
            Suite::Aes128Ccm => open::<Aes128Ccm>(&self.key, &nonce, header, &mut text, tag)?,
            Suite::Aes128Ccm8 => open::<Aes128Ccm8>(&self.key, &nonce, header, &mut text, tag)?,
        }
        // Zeros for padding follow the type.
        let kind = text.iter().rposition(|octet| *octet != 0)?;
        let content = text[kind];
        text.truncate(kind);
        Some((content, text))
    }
}

#[cfg(test)]
impl Keys {
    /// The next record, as its writer makes it, with so many zeros for padding.
    pub(super) fn seal(&mut self, kind: u8, content: &[u8], padding: usize) -> Vec<u8> {
        let mut text = content.to_vec();
        text.push(kind);
        text.resize(text.len() + padding, 0);
        let length = text.len() + self.suite.tag_len();
        let header = [23, 3, 3, (length >> 8) as u8, length as u8];
        let mut nonce = self.iv;
        nonce[4..].iter_mut().zip(self.next.to_be_bytes()).for_each(|(octet, number)| *octet ^= number);
        self.next += 1;
        let tag = match self.suite {
            Suite::Aes128Gcm => seal::<Aes128Gcm>(&self.key, nonce, &header, &mut text),
            Suite::Aes256Gcm => seal::<Aes256Gcm>(&self.key, nonce, &header, &mut text),
            Suite::ChaCha20Poly1305 => seal::<ChaCha20Poly1305>(&self.key, nonce, &header, &mut text),
            Suite::Aes128Ccm => seal::<Aes128Ccm>(&self.key, nonce, &header, &mut text),
            Suite::Aes128Ccm8 => seal::<Aes128Ccm8>(&self.key, nonce, &header, &mut text),
        };
        [&header[..], &text, &tag].concat()
    }
}

#[cfg(test)]
fn seal<C: AeadInOut + KeyInit>(key: &[u8], nonce: [u8; 12], header: &[u8], text: &mut [u8]) -> Vec<u8> {
    let nonce = nonce.as_slice().try_into().unwrap();
    let cipher = C::new_from_slice(key).unwrap();
    cipher.encrypt_inout_detached(&nonce, header, text.into()).unwrap().to_vec()
}

fn open<C: AeadInOut + KeyInit>(
    key: &[u8],
    nonce: &[u8],
    header: &[u8],
    text: &mut [u8],
    tag: &[u8],
) -> Option<()> {
    let cipher = C::new_from_slice(key).ok()?;
    let (nonce, tag) = (nonce.try_into().ok()?, tag.try_into().ok()?);
    cipher.decrypt_inout_detached(&nonce, header, text.into(), &tag).ok()
}

#[cfg(test)]
mod tests {
    use super::{Keys, Suite};
    use crate::input::hex;

    /// The simple handshake of RFC 8448, 3: keys of the server, and the Finished of the client.
    #[test]
    fn the_trace_of_rfc_8448() {
        let secret = hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38").unwrap();
        let keys = Keys::new(Suite::Aes128Gcm, &secret).unwrap();
        assert_eq!(keys.key, hex("3fce516009c21727d0f2e4e86ee403bc").unwrap());
        assert_eq!(keys.iv.to_vec(), hex("5d313eb2671276ee13000b30").unwrap());
        let secret = hex("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21").unwrap();
        let record = hex(
            "170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1c\
             aeacab6867d726c40546",
        );
        let record = record.unwrap();
        let mut keys = Keys::new(Suite::Aes128Gcm, &secret).unwrap();
        let (kind, content) = keys.open(&record, 0).unwrap();
        let finished = "14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61";
        assert_eq!((kind, content), (22, hex(finished).unwrap()));
        assert!(keys.open(&record, 5).is_none(), "every record has a number of its own");
    }

    #[test]
    fn secrets_fit_their_suites() {
        assert!(Keys::new(Suite::Aes256Gcm, &[7; 32]).is_none());
        assert!(Keys::new(Suite::ChaCha20Poly1305, &[7; 48]).is_none());
        assert!(Keys::new(Suite::Aes128Ccm, &[7; 32]).is_some_and(|keys| keys.updated().is_some()));
        for number in 0..=u16::MAX {
            assert_eq!(Suite::from_number(number).is_some(), (0x1301..=0x1305).contains(&number));
        }
    }
}
