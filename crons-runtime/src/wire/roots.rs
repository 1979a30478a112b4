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

/// The certificate authorities that a client trusts beside those that the program gave it, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedRoots {
    /// The variable that replaces both the store of the machine and Mozilla's list; `None` if neither variable is set.
    pub variable: Option<&'static str>,
    /// Authorities that the variable names, else those in the store of the machine.
    pub store: usize,
    /// Authorities of Mozilla's list, which is compiled in.
    pub built_in: usize,
    /// Faults of the machine's store, which are no error.
    pub faults: Vec<String>,
}

/// Adds the root certificates that the environment names, else those of Mozilla and the machine.
///
/// # Errors
/// If the environment names certificates that cannot be used.
pub(super) fn common(roots: &mut RootCertStore) -> Result<TrustedRoots, ConnectError> {
    let given =
        VARIABLES.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let found = rustls_native_certs::load_native_certs();
    let Some(origin) = given else {
        // Mozilla's list is compiled in, so that an image without certificates works.
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        for error in &found.errors {
            log!(debug, %error, "part of this machine's certificates cannot be read");
        }
        // Old stores hold certificates that cannot be parsed; these are skipped.
        let (store, _) = roots.add_parsable_certificates(found.certs);
        let faults = found.errors.iter().map(ToString::to_string).collect();
        let built_in = webpki_roots::TLS_SERVER_ROOTS.len();
        return Ok(TrustedRoots { variable: None, store, built_in, faults });
    };
    let refused = |cause: Box<dyn Error + Send + Sync>| ConnectError::Certificates { origin, cause };
    if let Some(error) = found.errors.into_iter().next() {
        return Err(refused(error.to_string().into()));
    }
    let (store, _) = roots.add_parsable_certificates(found.certs);
    if store == 0 {
        return Err(refused("there is no usable certificate in PEM form in it".into()));
    }
    Ok(TrustedRoots { variable: Some(origin), store, ..TrustedRoots::default() })
}
