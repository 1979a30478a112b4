//! The cryptography of TLS: a provider for `rustls` 0.23 on `ring`, for clients without a certificate.
//!
//! `rustls` 0.23 has its own provider on `ring` behind a Cargo feature. Cargo turns a feature on for the whole program, and with two
//! providers turned on `ClientConfig::builder()` panics in programs that leave the choice to rustls. So this provider is built from
//! outside, by the traits that rustls has for it, and chooses and checks as rustls' own does. rustls 0.24 moves its providers into
//! crates of their own; this folder is then replaced by `rustls-ring`.

mod digest;
mod key_exchange;
mod record;

use std::sync::Arc;

use ring::aead::{AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305};
use ring::rand::SystemRandom;
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{
    CipherSuiteCommon, CryptoProvider, GetRandomFailed, KeyExchangeAlgorithm, KeyProvider, SecureRandom,
    WebPkiSupportedAlgorithms,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{CipherSuite, Error, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};
use webpki::ring as signature;

use digest::{HMAC_SHA256, HMAC_SHA384, Hash, SHA256, SHA384};
use record::{ChaCha, Gcm, Tls13};

/// The number of records that AES-GCM may encrypt with one key: <https://datatracker.ietf.org/doc/html/rfc8446#section-5.5>, rounded
/// down as rustls does.
const GCM_RECORDS: u64 = 1 << 24;

/// Returns the provider. Its suites, groups and signature schemes are those of `rustls::crypto::ring::default_provider()`, in the same
/// order of preference.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: SUITES.to_vec(),
        kx_groups: key_exchange::GROUPS.to_vec(),
        signature_verification_algorithms: SIGNATURES,
        secure_random: &Ring,
        key_provider: &Ring,
    }
}

#[derive(Debug)]
struct Ring;

impl SecureRandom for Ring {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        ring::rand::SecureRandom::fill(&SystemRandom::new(), bytes).map_err(|_| GetRandomFailed)
    }
}

impl KeyProvider for Ring {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("crons does not authenticate by a client certificate".to_owned()))
    }
}

const fn common(suite: CipherSuite, hash: &'static Hash, records: u64) -> CipherSuiteCommon {
    CipherSuiteCommon { suite, hash_provider: hash, confidentiality_limit: records }
}

/// A suite of TLS 1.2: `tls12!(name, signature schemes, hash, HMAC, cipher, records for one key)`.
macro_rules! tls12 {
    ($suite:ident, $sign:expr, $hash:expr, $hmac:expr, $cipher:expr, $records:expr) => {
        SupportedCipherSuite::Tls12(&Tls12CipherSuite {
            common: common(CipherSuite::$suite, &$hash, $records),
            kx: KeyExchangeAlgorithm::ECDHE,
            sign: $sign,
            aead_alg: &$cipher,
            prf_provider: &PrfUsingHmac(&$hmac),
        })
    };
}

/// A suite of TLS 1.3: `tls13!(name, hash, HMAC, cipher, records for one key)`.
macro_rules! tls13 {
    ($suite:ident, $hash:expr, $hmac:expr, $cipher:expr, $records:expr) => {
        SupportedCipherSuite::Tls13(&Tls13CipherSuite {
            common: common(CipherSuite::$suite, &$hash, $records),
            hkdf_provider: &HkdfUsingHmac(&$hmac),
            aead_alg: &Tls13(&$cipher),
            quic: None,
        })
    };
}

static SUITES: &[SupportedCipherSuite] = &[
    tls13!(TLS13_AES_256_GCM_SHA384, SHA384, HMAC_SHA384, AES_256_GCM, GCM_RECORDS),
    tls13!(TLS13_AES_128_GCM_SHA256, SHA256, HMAC_SHA256, AES_128_GCM, GCM_RECORDS),
    tls13!(TLS13_CHACHA20_POLY1305_SHA256, SHA256, HMAC_SHA256, CHACHA20_POLY1305, u64::MAX),
    tls12!(
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        ECDSA,
        SHA384,
        HMAC_SHA384,
        Gcm(&AES_256_GCM),
        GCM_RECORDS
    ),
    tls12!(
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        ECDSA,
        SHA256,
        HMAC_SHA256,
        Gcm(&AES_128_GCM),
        GCM_RECORDS
    ),
    tls12!(TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, ECDSA, SHA256, HMAC_SHA256, ChaCha, u64::MAX),
    tls12!(TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, RSA, SHA384, HMAC_SHA384, Gcm(&AES_256_GCM), GCM_RECORDS),
    tls12!(TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, RSA, SHA256, HMAC_SHA256, Gcm(&AES_128_GCM), GCM_RECORDS),
    tls12!(TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, RSA, SHA256, HMAC_SHA256, ChaCha, u64::MAX),
];

/// The schemes by which a server of TLS 1.2 signs with an ECDSA or Ed25519 key.
static ECDSA: &[SignatureScheme] = &[
    SignatureScheme::ED25519,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP256_SHA256,
];

/// The schemes by which a server of TLS 1.2 signs with an RSA key.
static RSA: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA256,
];

/// The signatures that are accepted, in certificates and in the handshake.
static SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        signature::ECDSA_P256_SHA256,
        signature::ECDSA_P256_SHA384,
        signature::ECDSA_P384_SHA256,
        signature::ECDSA_P384_SHA384,
        signature::ED25519,
        signature::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        signature::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        signature::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        signature::RSA_PKCS1_2048_8192_SHA256,
        signature::RSA_PKCS1_2048_8192_SHA384,
        signature::RSA_PKCS1_2048_8192_SHA512,
        signature::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        signature::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        signature::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ],
    mapping: &[
        // The curve of a scheme is fixed by TLS 1.3, which takes the first; TLS 1.2 takes either.
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[signature::ECDSA_P384_SHA384, signature::ECDSA_P256_SHA384],
        ),
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[signature::ECDSA_P256_SHA256, signature::ECDSA_P384_SHA256],
        ),
        (SignatureScheme::ED25519, &[signature::ED25519]),
        (SignatureScheme::RSA_PSS_SHA512, &[signature::RSA_PSS_2048_8192_SHA512_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA384, &[signature::RSA_PSS_2048_8192_SHA384_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA256, &[signature::RSA_PSS_2048_8192_SHA256_LEGACY_KEY]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[signature::RSA_PKCS1_2048_8192_SHA512]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[signature::RSA_PKCS1_2048_8192_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[signature::RSA_PKCS1_2048_8192_SHA256]),
    ],
};

#[cfg(test)]
mod tests;
