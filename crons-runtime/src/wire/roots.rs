//! Root certificates: from `ClientOptions::ca_certificates`, the environment, the machine, and Mozilla's list.

use std::error::Error;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::connect_error::ConnectError;

/// The variables that OpenSSL reads, and so most programs. Either replaces the store of the machine.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
const OPTION: &str = "ClientOptions::ca_certificates";

/// Parses the root certificates that the program was given, in PEM form.
///
/// # Errors
/// If there is none, or one cannot be used.
pub(super) fn named(pem: &[u8]) -> Result<RootCertStore, ConnectError> {
    let refused = |cause| ConnectError::Certificates { origin: OPTION, cause };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|cause| refused(cause.into()))?;
    if certificates.is_empty() {
        return Err(refused(
            "there is no certificate in PEM form in it (-----BEGIN CERTIFICATE-----)".into(),
        ));
    }
    let mut roots = RootCertStore::empty();
    for (place, certificate) in certificates.into_iter().enumerate() {
        let number = place + 1;
        roots.add(certificate).map_err(|cause| refused(format!("certificate {number}: {cause}").into()))?;
    }
    Ok(roots)
}

/// Adds the root certificates that the environment names, else those of Mozilla and the machine.
///
/// # Errors
/// If the environment names certificates that cannot be used.
pub(super) fn common(roots: &mut RootCertStore) -> Result<(), ConnectError> {
    let given =
        VARIABLES.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let found = rustls_native_certs::load_native_certs();
    let Some(origin) = given else {
        // Mozilla's list is compiled in, so that an image without certificates works.
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        for error in found.errors {
            log!(debug, %error, "part of this machine's certificates cannot be read");
        }
        // Old stores hold certificates that cannot be parsed; these are skipped.
        roots.add_parsable_certificates(found.certs);
        return Ok(());
    };
    let refused = |cause: Box<dyn Error + Send + Sync>| ConnectError::Certificates { origin, cause };
    if let Some(error) = found.errors.into_iter().next() {
        return Err(refused(error.to_string().into()));
    }
    if roots.add_parsable_certificates(found.certs).0 == 0 {
        return Err(refused("there is no usable certificate in PEM form in it".into()));
    }
    Ok(())
}
