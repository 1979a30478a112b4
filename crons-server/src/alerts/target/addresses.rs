//! The addresses that messages may be sent to. A name is resolved when a message is sent, and only the addresses that were checked are
//! connected to, so a name that points elsewhere a moment later reaches nothing.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::roots;

/// The private addresses to which alerts may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrivateTargets {
    /// No private address: a target must be on the internet.
    #[default]
    Refused,
    /// Addresses of this machine.
    Loopback,
    /// Every address, also of the local network and of cloud providers.
    Allowed,
}

/// Checks and resolves the addresses of targets.
#[derive(Debug)]
pub(crate) struct AddressPolicy {
    private: bool,
    /// Set once the server knows that it listens on loopback only.
    loopback: AtomicBool,
    lookup: Lookup,
}

/// The source of addresses.
#[derive(Debug)]
enum Lookup {
    System,
    /// A lookup that returns these addresses for every name.
    #[cfg(test)]
    Fixed(Vec<IpAddr>),
}

/// An address that no message is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefusedAddress {
    host: String,
    address: IpAddr,
    kind: &'static str,
}

impl AddressPolicy {
    pub(crate) fn new(allowed: PrivateTargets) -> Self {
        Self {
            private: allowed == PrivateTargets::Allowed,
            loopback: AtomicBool::new(allowed == PrivateTargets::Loopback),
            lookup: Lookup::System,
        }
    }

    /// Allows addresses of this machine.
    pub(crate) fn allow_loopback(&self) {
        self.loopback.store(true, Ordering::Relaxed);
    }

    /// Checks the address of a host.
    ///
    /// # Errors
    /// If messages must not be sent there.
    pub(super) fn check(&self, host: &str, address: IpAddr) -> Result<(), RefusedAddress> {
        let Some(kind) = private_kind(address) else { return Ok(()) };
        let allowed = self.private || kind == LOOPBACK && self.loopback.load(Ordering::Relaxed);
        if allowed { Ok(()) } else { Err(RefusedAddress { host: host.to_owned(), address, kind }) }
    }

    /// Returns the addresses of a host that messages may be sent to, at least one.
    ///
    /// # Errors
    /// If the name does not exist, or no address of it may be used.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<SocketAddr> = match &self.lookup {
            Lookup::System => tokio::net::lookup_host((host, port)).await?.collect(),
            #[cfg(test)]
            Lookup::Fixed(addresses) => {
                addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()
            }
        };
        let (mut allowed, mut refused) = (Vec::new(), None);
        for address in found {
            match self.check(host, address.ip()) {
                Ok(()) => allowed.push(address),
                Err(reason) => refused = Some(reason),
            }
        }
        match refused {
            Some(reason) if allowed.is_empty() => {
                Err(io::Error::new(io::ErrorKind::PermissionDenied, reason))
            }
            _ if allowed.is_empty() => Err(io::Error::other(format!("{host} has no address"))),
            _ => Ok(allowed),
        }
    }
}

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address, kind } = self;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if *host == address.to_string() {
            write!(f, "{address} is {kind}")?;
        } else {
            write!(f, "{host} has the address {address}, which is {kind}")?;
        }
        f.write_str(
            "; alerts go to such addresses only with `allow_private_targets = true` in crons.toml, --allow-private-targets or \
             CRONS_ALLOW_PRIVATE_TARGETS=true",
        )
    }
}

impl std::error::Error for RefusedAddress {}

/// The resolver of the HTTP client of one target.
pub(super) struct CheckedResolver {
    pub(super) policy: Arc<AddressPolicy>,
    /// The host of the target.
    pub(super) host: String,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.policy);
        // A proxy is named by the operator, and is usually on a private address. A target on the same host is no proxy.
        let is_proxy = name.as_str() != self.host && roots::is_proxy(name.as_str());
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = if is_proxy {
                tokio::net::lookup_host((host, 0)).await?.collect()
            } else {
                // Port 0 stands for the port of the URL.
                policy.resolve(host, 0).await?
            };
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

const LOOPBACK: &str = "an address of this machine";

/// Returns the kind of an address that is not on the internet; `None` for one that is
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>).
fn private_kind(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => private_kind_v4(address),
        IpAddr::V6(address) => private_kind_v6(address),
    }
}

fn private_kind_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        // Connections to 0.0.0.0 reach this machine.
        (127, ..) => Some(LOOPBACK),
        _ if address.is_unspecified() => Some(LOOPBACK),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("an address of a private network"),
        (169, 254, _) => Some("a link-local address, as cloud providers use for metadata"),
        (100, 64..=127, _) => Some("an address of a carrier's private network"),
        (0 | 224..=255, ..) | (192, 0, 0) | (198, 18..=19, _) => Some("a reserved address"),
        _ => None,
    }
}

fn private_kind_v6(address: Ipv6Addr) -> Option<&'static str> {
    let bytes = address.octets();
    let embedded =
        |at: usize| private_kind_v4(Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]));
    match address.segments() {
        _ if address.is_loopback() || address.is_unspecified() => Some(LOOPBACK),
        [0xfc00..=0xfdff, ..] => Some("an address of a private network"),
        [0xfe80..=0xfeff, ..] => Some("a link-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        // Translations of IPv4: 64:ff9b::/96 and ::/96 end in the address, 2002::/16 begins with it.
        [0x0064, 0xff9b, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0, 0, ..] => embedded(12),
        [0x0064, 0xff9b, ..] => Some("a reserved address"),
        [0x2002, ..] => embedded(2),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A policy under which every name has these addresses.
    pub(crate) fn fixed(allowed: PrivateTargets, addresses: &[&str]) -> AddressPolicy {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        AddressPolicy { lookup: Lookup::Fixed(addresses), ..AddressPolicy::new(allowed) }
    }

    #[test]
    fn addresses_off_the_internet_are_refused_unless_they_are_allowed() {
        for private in [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "0.1.2.3",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
        ] {
            let address = private.parse().unwrap();
            for allowed in [PrivateTargets::Refused, PrivateTargets::Loopback] {
                assert!(AddressPolicy::new(allowed).check("x", address).is_err(), "{private}");
            }
            assert!(AddressPolicy::new(PrivateTargets::Allowed).check("x", address).is_ok(), "{private}");
        }
        for loopback in ["127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"] {
            let address = loopback.parse().unwrap();
            let policy = AddressPolicy::new(PrivateTargets::Refused);
            let refused = policy.check("x", address).unwrap_err().to_string();
            assert!(refused.contains("allow_private_targets = true"), "{refused}");
            policy.allow_loopback();
            assert!(policy.check("x", address).is_ok(), "{loopback}");
        }
        for public in
            ["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.2.1", "2001:4860:4860::8888", "64:ff9b::808:808"]
        {
            assert!(
                AddressPolicy::new(PrivateTargets::Refused).check("x", public.parse().unwrap()).is_ok(),
                "{public}"
            );
        }
    }

    #[tokio::test]
    async fn a_name_keeps_its_public_addresses_and_needs_one() {
        let mixed = fixed(PrivateTargets::Refused, &["10.0.0.1", "8.8.8.8"]);
        let found = mixed.resolve("hooks.example", 25).await.unwrap();
        assert_eq!(found, ["8.8.8.8:25".parse().unwrap()]);
        let private = fixed(PrivateTargets::Loopback, &["10.0.0.1"]);
        let refused = private.resolve("hooks.example", 25).await.unwrap_err().to_string();
        assert!(
            refused.starts_with(
                "hooks.example has the address 10.0.0.1, which is an address of a private network;"
            ),
            "{refused}"
        );
    }
}
