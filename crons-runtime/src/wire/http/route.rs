//! Chooses the way to the server: directly, or by a proxy of the environment.

use std::io;
use std::net::IpAddr;

use crons_types::Dsn;
use hyper::Uri;
use hyper::http::uri::Scheme;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// The way to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The server is on this machine. Proxies are meant for other machines, so none is used.
    Loopback,
    /// No variable names a proxy.
    Direct,
    /// A variable names a proxy, and `NO_PROXY` excludes the host from it.
    Excluded,
    /// The address of the proxy, without its user and password.
    Proxy(String),
}

impl Route {
    /// Looks up the first host on the way to `url`: the proxy, or the server itself. Returns its addresses.
    ///
    /// # Errors
    /// If it has none.
    pub(crate) async fn look_up(&self, url: &str) -> io::Result<Vec<IpAddr>> {
        let first = match self {
            Self::Proxy(proxy) => proxy.as_str(),
            Self::Loopback | Self::Direct | Self::Excluded => url,
        };
        let uri = Uri::try_from(first).map_err(io::Error::other)?;
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let default = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default);
        let found = tokio::net::lookup_host((host, port)).await?;
        let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        addresses.dedup();
        Ok(addresses)
    }
}

/// Finds the way to `server`, the address of `dsn`, by the variables of the environment.
pub(super) fn find(dsn: &Dsn, server: &Uri) -> (Route, Option<Intercept>) {
    if dsn.is_loopback() {
        return (Route::Loopback, None);
    }
    let proxy = if without_proxies() { None } else { Matcher::from_env().intercept(server) };
    let route = match &proxy {
        Some(proxy) => Route::Proxy(proxy.uri().to_string()),
        None if is_named(server) => Route::Excluded,
        None => Route::Direct,
    };
    (route, proxy)
}

/// Whether `NO_PROXY` contains `*`, which hyper-util applies to names but not to addresses.
fn without_proxies() -> bool {
    let given = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy"));
    given.is_ok_and(|names| names.split(',').any(|name| name.trim() == "*"))
}

/// Whether a variable names a proxy for addresses like `server`.
fn is_named(server: &Uri) -> bool {
    let own = if server.scheme() == Some(&Scheme::HTTPS) {
        ["HTTPS_PROXY", "https_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    let names = own.into_iter().chain(["ALL_PROXY", "all_proxy"]);
    names.into_iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
