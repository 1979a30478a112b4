//! The certificate authorities that alerts trust: Mozilla's list and the store of the machine, or only the certificates that
//! `SSL_CERT_FILE` or `SSL_CERT_DIR` names. The client has the same rule; this is a copy, since the server does not depend on the client.

use reqwest::Url;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

/// The variables that replace the store of the machine, as in OpenSSL:
/// <https://docs.openssl.org/master/man7/openssl-env/>.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The authorities that are trusted.
#[derive(Debug, Clone)]
pub(super) struct Authorities {
    /// Whether those of Mozilla's list are among them.
    pub(super) mozilla: bool,
    /// The others. Each can be parsed.
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Returns them as rustls wants them.
    pub(super) fn store(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        if self.mozilla {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        roots.add_parsable_certificates(self.certificates.iter().cloned());
        roots
    }
}

/// The authorities that a connection to the database trusts, unless its URL names others: those that alerts trust.
///
/// # Errors
/// If a variable names a store that cannot be read or has no certificate.
#[cfg(feature = "postgres")]
pub(crate) fn trusted_roots() -> Result<RootCertStore, String> {
    trusted().map(|authorities| authorities.store())
}

/// Reads the authorities, which takes some milliseconds.
///
/// # Errors
/// If a variable names a store that cannot be read or has no certificate. The text names the variable.
pub(super) fn trusted() -> Result<Authorities, String> {
    let given =
        VARIABLES.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let found = rustls_native_certs::load_native_certs();
    // Certificates that cannot be parsed are left out; the stores of old systems have some.
    let is_parsable = |certificate: &CertificateDer<'_>| {
        RootCertStore::empty().add(certificate.clone().into_owned()).is_ok()
    };
    let certificates = found.certs.into_iter().filter(is_parsable).collect::<Vec<_>>();
    let Some(variable) = given else {
        for error in found.errors {
            tracing::debug!(%error, "some certificates of this machine cannot be read");
        }
        // Mozilla's list is compiled in, so that a container without certificates can send.
        return Ok(Authorities { mozilla: true, certificates });
    };
    let refused = |cause: String| {
        format!(
            "{variable}: {cause}; addresses with https: need it: let it name certificates in PEM form, or unset it to trust the \
             store of this machine and Mozilla's list"
        )
    };
    if let Some(error) = found.errors.into_iter().next() {
        return Err(refused(error.to_string()));
    }
    if certificates.is_empty() {
        return Err(refused("it names no usable certificate in PEM form".to_owned()));
    }
    Ok(Authorities { mozilla: false, certificates })
}

/// Whether a message to this address may need TLS, for the target or for a proxy. If not, the authorities are not read, and a store that
/// cannot be read is not an error.
pub(super) fn needs_tls(url: &Url) -> bool {
    url.scheme() == "https" || !is_loopback(url) && has_tls_proxy()
}

/// Whether the address is on this machine. Such targets are reached without a proxy, since `HTTP_PROXY` is meant for other machines.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Whether `NO_PROXY` is `*`. reqwest applies that to all names, but not to IP addresses.
pub(super) fn without_proxies() -> bool {
    let given = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy"));
    given.is_ok_and(|names| names.split(',').any(|name| name.trim() == "*"))
}

/// Whether a proxy that the environment names has this host.
pub(super) fn is_proxy(host: &str) -> bool {
    ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].into_iter().any(|name| {
        [name.to_owned(), name.to_ascii_lowercase()].into_iter().any(|name| {
            let proxy = std::env::var(name).unwrap_or_default();
            let proxy = proxy.trim();
            // reqwest takes an address without a scheme for one of HTTP.
            let url = Url::parse(proxy)
                .ok()
                .filter(Url::has_host)
                .or_else(|| Url::parse(&format!("http://{proxy}")).ok());
            url.is_some_and(|url| url.host_str() == Some(host))
        })
    })
}

/// Whether a proxy for plain HTTP is itself reached by TLS.
fn has_tls_proxy() -> bool {
    ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].into_iter().any(|name| {
        let proxy = std::env::var(name).unwrap_or_default();
        proxy.trim_start().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    })
}
