//! Encryption and decryption of records, of TLS 1.3 and of the two kinds of ciphers of TLS 1.2.

use ring::aead::{self, Aad, LessSafeKey, UnboundKey};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, NONCE_LEN, Nonce, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload,
    Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError, make_tls12_aad, make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

/// The length of the tag of all ciphers here.
const TAG_LEN: usize = 16;
/// The part of the nonce that GCM sends with each record of TLS 1.2: <https://datatracker.ietf.org/doc/html/rfc5288#section-3>.
const EXPLICIT_NONCE_LEN: usize = 8;
/// The part of the nonce that GCM derives from the handshake in TLS 1.2.
const SALT_LEN: usize = NONCE_LEN - EXPLICIT_NONCE_LEN;
/// The longest content of a record: <https://datatracker.ietf.org/doc/html/rfc8446#section-5.1>.
const MAX_CONTENT_LEN: usize = 1 << 14;

/// A cipher of TLS 1.3.
pub(super) struct Tls13(pub(super) &'static aead::Algorithm);

impl Tls13AeadAlgorithm for Tls13 {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Cipher::boxed(Format::Tls13, self.0, &key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Cipher::boxed(Format::Tls13, self.0, &key, iv)
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(&self, _: AeadKey, _: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

/// The AES-GCM ciphers in TLS 1.2.
pub(super) struct Gcm(pub(super) &'static aead::Algorithm);

impl Tls12AeadAlgorithm for Gcm {
    fn encrypter(&self, key: AeadKey, salt: &[u8], explicit: &[u8]) -> Box<dyn MessageEncrypter> {
        let mut iv = [0; NONCE_LEN];
        iv[..SALT_LEN].copy_from_slice(salt);
        iv[SALT_LEN..].copy_from_slice(explicit);
        Cipher::boxed(Format::Tls12Gcm, self.0, &key, Iv::new(iv))
    }

    fn decrypter(&self, key: AeadKey, salt: &[u8]) -> Box<dyn MessageDecrypter> {
        let mut iv = [0; NONCE_LEN];
        iv[..SALT_LEN].copy_from_slice(salt);
        Cipher::boxed(Format::Tls12Gcm, self.0, &key, Iv::new(iv))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape {
            enc_key_len: self.0.key_len(),
            fixed_iv_len: SALT_LEN,
            explicit_nonce_len: EXPLICIT_NONCE_LEN,
        }
    }

    fn extract_keys(
        &self,
        _: AeadKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

/// The ChaCha20-Poly1305 cipher in TLS 1.2: <https://datatracker.ietf.org/doc/html/rfc7905>.
pub(super) struct ChaCha;

impl Tls12AeadAlgorithm for ChaCha {
    fn encrypter(&self, key: AeadKey, iv: &[u8], _: &[u8]) -> Box<dyn MessageEncrypter> {
        Cipher::boxed(Format::Tls12ChaCha, &aead::CHACHA20_POLY1305, &key, Iv::copy(iv))
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Cipher::boxed(Format::Tls12ChaCha, &aead::CHACHA20_POLY1305, &key, Iv::copy(iv))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape {
            enc_key_len: aead::CHACHA20_POLY1305.key_len(),
            fixed_iv_len: NONCE_LEN,
            explicit_nonce_len: 0,
        }
    }

    fn extract_keys(
        &self,
        _: AeadKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Tls13,
    Tls12Gcm,
    Tls12ChaCha,
}

impl Format {
    /// The length of what stands before the encrypted content.
    fn prefix_len(self) -> usize {
        if self == Self::Tls12Gcm { EXPLICIT_NONCE_LEN } else { 0 }
    }

    /// The length of what stands behind the content and is encrypted with it: its type, in TLS 1.3.
    fn suffix_len(self) -> usize {
        usize::from(self == Self::Tls13)
    }
}

/// The cipher of one direction of a connection.
struct Cipher {
    format: Format,
    /// `None` if the length of the key is wrong, which `key_len` and `key_block_shape` rule out: then no record can be read or written.
    key: Option<LessSafeKey>,
    iv: Iv,
}

impl Cipher {
    fn boxed(format: Format, algorithm: &'static aead::Algorithm, key: &AeadKey, iv: Iv) -> Box<Self> {
        let key = UnboundKey::new(algorithm, key.as_ref()).ok().map(LessSafeKey::new);
        Box::new(Self { format, key, iv })
    }
}

impl MessageEncrypter for Cipher {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let key = self.key.as_ref().ok_or(Error::EncryptError)?;
        let OutboundPlainMessage { typ, version, payload: content } = message;
        let total_len = self.encrypted_payload_len(content.len());
        let mut payload = PrefixedPayload::with_capacity(total_len);
        // The nonce is unique for each record, as rustls counts them.
        let nonce = Nonce::new(&self.iv, seq).0;
        if self.format == Format::Tls12Gcm {
            payload.extend_from_slice(&nonce[SALT_LEN..]);
        }
        payload.extend_from_chunks(&content);
        if self.format == Format::Tls13 {
            payload.extend_from_slice(&typ.to_array());
        }
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let encrypted = &mut payload.as_mut()[self.format.prefix_len()..];
        let tag = match self.format {
            Format::Tls13 => {
                key.seal_in_place_separate_tag(nonce, Aad::from(make_tls13_aad(total_len)), encrypted)
            }
            Format::Tls12Gcm | Format::Tls12ChaCha => {
                let aad = make_tls12_aad(seq, typ, version, content.len());
                key.seal_in_place_separate_tag(nonce, Aad::from(aad), encrypted)
            }
        };
        payload.extend_from_slice(tag.map_err(|_| Error::EncryptError)?.as_ref());
        Ok(match self.format {
            // Records of TLS 1.3 look like those of TLS 1.2: <https://datatracker.ietf.org/doc/html/rfc8446#section-5.2>.
            Format::Tls13 => {
                OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload)
            }
            Format::Tls12Gcm | Format::Tls12ChaCha => OutboundOpaqueMessage::new(typ, version, payload),
        })
    }

    fn encrypted_payload_len(&self, content_len: usize) -> usize {
        self.format.prefix_len() + content_len + self.format.suffix_len() + TAG_LEN
    }
}

impl MessageDecrypter for Cipher {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let key = self.key.as_ref().ok_or(Error::DecryptError)?;
        let (typ, version, payload) = (message.typ, message.version, &mut message.payload);
        let prefix_len = self.format.prefix_len();
        let Some(content_len) = payload.len().checked_sub(prefix_len + TAG_LEN) else {
            return Err(Error::DecryptError);
        };
        let nonce = if self.format == Format::Tls12Gcm {
            let mut nonce = [0; NONCE_LEN];
            nonce[..SALT_LEN].copy_from_slice(&self.iv.as_ref()[..SALT_LEN]);
            nonce[SALT_LEN..].copy_from_slice(&payload[..EXPLICIT_NONCE_LEN]);
            nonce
        } else {
            Nonce::new(&self.iv, seq).0
        };
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let opened = match self.format {
            Format::Tls13 => {
                let aad = make_tls13_aad(payload.len());
                key.open_within(nonce, Aad::from(aad), payload, prefix_len..)
            }
            Format::Tls12Gcm | Format::Tls12ChaCha => {
                let aad = make_tls12_aad(seq, typ, version, content_len);
                key.open_within(nonce, Aad::from(aad), payload, prefix_len..)
            }
        };
        let opened_len = opened.map_err(|_| Error::DecryptError)?.len();
        payload.truncate(opened_len);
        if self.format == Format::Tls13 {
            // Takes off the type of the content and the padding, and checks the length.
            return message.into_tls13_unpadded_message();
        }
        if opened_len > MAX_CONTENT_LEN {
            return Err(Error::PeerSentOversizedRecord);
        }
        Ok(message.into_plain_message())
    }
}
