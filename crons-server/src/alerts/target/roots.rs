//! The certificate authorities that webhooks trust: as the client, Mozilla's list with the machine's store, or what `SSL_CERT_FILE` or
//! `SSL_CERT_DIR` names instead of both. A copy of the client's rule, as the server does not depend on the client.

use reqwest::Url;
use rustls::RootCertStore;

/// The variables that OpenSSL reads, and so most programs: either stands in for the machine's store.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Reads the authorities; they take some milliseconds and are the same for all targets.
///
/// # Errors
/// If a variable names a store that cannot be read or has no certificate. The text names the variable.
pub(super) fn trusted() -> Result<RootCertStore, String> {
    let given =
        VARIABLES.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let Some(variable) = given else {
        // Compiled in, so that an image without certificates works.
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        for error in found.errors {
            tracing::debug!(%error, "part of this machine's certificates cannot be read");
        }
        // A store that has grown for decades holds some that nobody can use.
        roots.add_parsable_certificates(found.certs);
        return Ok(roots);
    };
    let refused = |cause: String| {
        format!(
            "{variable}: {cause}; webhooks by https: need it, so have it name certificates in PEM form, or unset it to trust \
             this machine's store and Mozilla's list"
        )
    };
    if let Some(error) = found.errors.into_iter().next() {
        return Err(refused(error.to_string()));
    }
    if roots.add_parsable_certificates(found.certs).0 == 0 {
        return Err(refused("there is no usable certificate in PEM form in it".to_owned()));
    }
    Ok(roots)
}

/// Whether a message to this address may need TLS, to the target or to a proxy before it. Without TLS no authority is asked, so a
/// store that cannot be read is no fault.
pub(super) fn needs_tls(url: &Url) -> bool {
    url.scheme() == "https" || !is_loopback(url) && has_tls_proxy()
}

/// Whether the address is on this machine, where no proxy is used: `HTTP_PROXY` is about the way out of it.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Whether `NO_PROXY` is `*`, which reqwest takes for all names but not for addresses.
pub(super) fn without_proxies() -> bool {
    let given = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy"));
    given.is_ok_and(|names| names.split(',').any(|name| name.trim() == "*"))
}

/// Whether plain HTTP may take the way through a proxy that is itself spoken to by TLS.
fn has_tls_proxy() -> bool {
    ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].into_iter().any(|name| {
        let proxy = std::env::var(name).unwrap_or_default();
        proxy.trim_start().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    })
}
