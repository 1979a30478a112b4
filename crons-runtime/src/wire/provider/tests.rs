use std::io::{Read, Write};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivateKeyDer, ServerName, SignatureVerificationAlgorithm};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, ConnectionCommon, ProtocolVersion, RootCertStore,
    ServerConfig, ServerConnection, SideData, SupportedCipherSuite,
};

use super::provider;

/// A key for tests only: `ring` cannot make RSA keys.
const RSA_KEY: &str = include_str!("tests/rsa.pem");

/// The length of a record that is nearly the longest: rustls takes up to 16,384 bytes.
const LENGTH: usize = 16_000;

#[test]
fn the_provider_offers_what_that_of_rustls_on_ring_offers() {
    let (ours, theirs) = (provider(), rustls::crypto::ring::default_provider());
    let suites = |suites: &[SupportedCipherSuite]| {
        suites
            .iter()
            .map(|suite| {
                let (common, sign) = match suite {
                    SupportedCipherSuite::Tls12(suite) => (&suite.common, suite.sign),
                    SupportedCipherSuite::Tls13(suite) => (&suite.common, &[][..]),
                };
                let hash = common.hash_provider.algorithm();
                (common.suite, common.confidentiality_limit, hash, sign.to_vec())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(suites(&ours.cipher_suites), suites(&theirs.cipher_suites));
    let groups =
        |provider: &CryptoProvider| provider.kx_groups.iter().map(|group| group.name()).collect::<Vec<_>>();
    assert_eq!(groups(&ours), groups(&theirs));
    let signatures = |provider: &CryptoProvider| {
        let accepted = provider.signature_verification_algorithms;
        let ids = |algorithms: &[&dyn SignatureVerificationAlgorithm]| {
            let id = |a: &&dyn SignatureVerificationAlgorithm| (a.public_key_alg_id(), a.signature_alg_id());
            algorithms.iter().map(id).collect::<Vec<_>>()
        };
        let mapping = accepted.mapping.iter().map(|(scheme, algorithms)| (*scheme, ids(algorithms)));
        (ids(accepted.all), mapping.collect::<Vec<_>>())
    };
    assert_eq!(signatures(&ours), signatures(&theirs));
}

/// A server with one suite and one group of rustls' own provider, whose key fits the suite, and a client that trusts it.
fn pair(suite: SupportedCipherSuite, group: usize) -> (ClientConnection, ServerConnection) {
    let mut theirs = rustls::crypto::ring::default_provider();
    theirs.cipher_suites = vec![suite];
    theirs.kx_groups = vec![theirs.kx_groups[group]];
    let name = format!("{:?}", suite.suite());
    let key = if name.contains("_RSA_") {
        KeyPair::from_pem(RSA_KEY).unwrap()
    } else {
        // The groups take the kinds of keys in turn.
        let kinds = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519];
        KeyPair::generate_for(kinds[group]).unwrap()
    };
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(theirs))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    (ClientConnection::new(Arc::new(client), name).unwrap(), ServerConnection::new(Arc::new(server)).unwrap())
}

/// Carries everything that one side has written to the other side; `spoil` may change it on the way.
fn carry<A: SideData, B: SideData>(
    from: &mut ConnectionCommon<A>,
    to: &mut ConnectionCommon<B>,
    spoil: impl Fn(&mut Vec<u8>),
) -> Result<(), rustls::Error> {
    while from.wants_write() {
        let mut bytes = Vec::new();
        from.write_tls(&mut bytes).unwrap();
        spoil(&mut bytes);
        let mut bytes = &bytes[..];
        while !bytes.is_empty() {
            to.read_tls(&mut bytes).unwrap();
            to.process_new_packets()?;
        }
    }
    Ok(())
}

fn shake_hands(client: &mut ClientConnection, server: &mut ServerConnection) {
    while client.is_handshaking() || server.is_handshaking() || client.wants_write() || server.wants_write() {
        carry(client, server, |_| ()).unwrap();
        carry(server, client, |_| ()).unwrap();
    }
}

/// Returns all suites with all groups, as `(client, server, label)`.
fn pairs() -> impl Iterator<Item = (ClientConnection, ServerConnection, String)> {
    let theirs = rustls::crypto::ring::default_provider();
    let groups = theirs.kx_groups.clone();
    theirs.cipher_suites.into_iter().flat_map(move |suite| {
        let groups = groups.clone();
        groups.into_iter().enumerate().map(move |(place, group)| {
            let (client, server) = pair(suite, place);
            (client, server, format!("{:?}, {:?}", suite.suite(), group.name()))
        })
    })
}

#[test]
fn each_suite_and_group_talks_to_a_server_of_rustls() {
    let mut seen = Vec::new();
    for (mut client, mut server, label) in pairs() {
        shake_hands(&mut client, &mut server);
        let sent: Vec<u8> = (0..LENGTH).map(|i| u8::try_from(i % 251).unwrap()).collect();
        for _ in 0..3 {
            let mut received = vec![0; LENGTH];
            client.writer().write_all(&sent).unwrap();
            carry(&mut client, &mut server, |_| ()).unwrap();
            server.reader().read_exact(&mut received).unwrap();
            assert!(received == sent, "{label}: to the server");
            received.fill(0);
            server.writer().write_all(&sent).unwrap();
            carry(&mut server, &mut client, |_| ()).unwrap();
            client.reader().read_exact(&mut received).unwrap();
            assert!(received == sent, "{label}: to the client");
        }
        seen.push((client.protocol_version().unwrap(), client.negotiated_cipher_suite().unwrap().suite()));
    }
    let count = |version| seen.iter().filter(|(seen, _)| *seen == version).count();
    assert_eq!((count(ProtocolVersion::TLSv1_3), count(ProtocolVersion::TLSv1_2)), (9, 18));
}

#[test]
fn a_record_that_was_changed_on_the_way_is_refused() {
    for (mut client, mut server, label) in pairs() {
        shake_hands(&mut client, &mut server);
        server.writer().write_all(b"accepted").unwrap();
        let changed = carry(&mut server, &mut client, |bytes| *bytes.last_mut().unwrap() ^= 1);
        assert_eq!(changed, Err(rustls::Error::DecryptError), "{label}");
    }
}

#[test]
fn a_record_that_is_too_short_for_its_tag_is_refused() {
    for (mut client, mut server, label) in pairs() {
        shake_hands(&mut client, &mut server);
        server.writer().write_all(b"accepted").unwrap();
        // The type and version of the record stay; its content is one byte.
        let cut =
            carry(&mut server, &mut client, |bytes| *bytes = vec![bytes[0], bytes[1], bytes[2], 0, 1, 0]);
        assert_eq!(cut, Err(rustls::Error::DecryptError), "{label}");
    }
}

#[test]
fn a_server_that_is_signed_by_nobody_known_is_refused() {
    let theirs = rustls::crypto::ring::default_provider();
    let (_, mut server) = pair(theirs.cipher_suites[0], 0);
    let (mut client, _) = pair(theirs.cipher_suites[0], 1);
    carry(&mut client, &mut server, |_| ()).unwrap();
    let refused = carry(&mut server, &mut client, |_| ()).unwrap_err();
    assert!(matches!(refused, rustls::Error::InvalidCertificate(_)), "{refused}");
    assert_eq!(
        client.negotiated_cipher_suite().map(|s| s.suite()),
        Some(CipherSuite::TLS13_AES_256_GCM_SHA384)
    );
}
