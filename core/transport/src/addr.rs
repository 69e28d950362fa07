//! Socket addresses as multiaddresses, and back.
//!
//! A link-local address means nothing without its interface, so it carries one:
//! `/ip6zone/ZONE/ip6/fe80::…`. We write names, and read names and numbers.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use libp2p_core::{Multiaddr, multiaddr::Protocol};

/// What follows the IP address in a multiaddress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// `/udp/…/quic-v1`
    Quic,
    /// `/tcp/…`
    Tcp,
}

impl Carrier {
    /// The multiaddress of a socket address.
    pub fn multiaddr(self, addr: SocketAddr) -> Multiaddr {
        let zone = match addr {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => {
                Multiaddr::empty().with(Protocol::Ip6zone(name_of(v6.scope_id()).into()))
            }
            SocketAddr::V4(_) | SocketAddr::V6(_) => Multiaddr::empty(),
        };
        let host = zone.with(addr.ip().into());
        match self {
            Self::Quic => host.with(Protocol::Udp(addr.port())).with(Protocol::QuicV1),
            Self::Tcp => host.with(Protocol::Tcp(addr.port())),
        }
    }

    /// The socket address: `None` unless it is of exactly this kind; it may end in `/p2p/…`.
    pub fn socket_addr(self, addr: &Multiaddr) -> Option<SocketAddr> {
        let mut parts = addr.iter();
        let mut host = parts.next()?;
        let mut scope = None;
        if let Protocol::Ip6zone(zone) = host {
            scope = Some(index_of(&zone)?);
            host = parts.next()?;
        }
        let port = match (self, parts.next()?) {
            (Self::Quic, Protocol::Udp(port)) if parts.next()? == Protocol::QuicV1 => port,
            (Self::Tcp, Protocol::Tcp(port)) => port,
            _ => return None,
        };
        if !parts.all(|part| matches!(part, Protocol::P2p(_))) {
            return None;
        }
        match (host, scope) {
            (Protocol::Ip4(ip), None) => Some(SocketAddr::new(ip.into(), port)),
            (Protocol::Ip6(ip), scope) => {
                Some(SocketAddrV6::new(ip, port, 0, scope.unwrap_or(0)).into())
            }
            _ => None,
        }
    }

    /// The same, if one can dial it.
    pub(crate) fn destination(self, addr: &Multiaddr) -> Option<SocketAddr> {
        let remote = self.socket_addr(addr)?;
        (remote.port() != 0 && !remote.ip().is_unspecified()).then_some(remote)
    }
}

/// The addresses at which a socket bound to `local` can be reached.
pub(crate) fn reachable(local: SocketAddr) -> Vec<SocketAddr> {
    if !local.ip().is_unspecified() {
        return vec![local];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let of_family = interfaces.iter().filter(|i| i.ip().is_ipv6() == local.is_ipv6());
    let addr = |i: &if_addrs::Interface| match i.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.into(), local.port()),
        IpAddr::V6(ip) => {
            // Where it is not needed it would make equal addresses differ.
            let scope = i.index.filter(|_| ip.is_unicast_link_local());
            SocketAddrV6::new(ip, local.port(), 0, scope.unwrap_or(0)).into()
        }
    };
    of_family.map(addr).collect()
}

fn index_of(zone: &str) -> Option<u32> {
    if let Ok(index) = zone.parse() {
        return Some(index);
    }
    let interfaces = if_addrs::get_if_addrs().ok()?;
    interfaces.iter().find(|i| i.name == zone)?.index
}

fn name_of(index: u32) -> String {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let found = interfaces.iter().find(|i| i.index == Some(index));
    found.map_or_else(|| index.to_string(), |i| i.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(carrier: Carrier, addr: &str) -> Option<SocketAddr> {
        carrier.socket_addr(&addr.parse().unwrap())
    }

    #[test]
    fn addresses_of_both_families_survive_a_round_trip() {
        for addr in ["192.0.2.7:4711", "[2001:db8::7]:65535", "[fe80::7%1]:1"] {
            let addr = addr.parse().unwrap();
            for carrier in [Carrier::Quic, Carrier::Tcp] {
                assert_eq!(carrier.socket_addr(&carrier.multiaddr(addr)), Some(addr));
            }
        }
    }

    #[test]
    fn a_zone_may_be_a_number_and_a_peer_may_follow() {
        let peer = libp2p_identity::PeerId::random();
        let addr = format!("/ip6zone/77/ip6/fe80::1/tcp/2/p2p/{peer}");
        assert_eq!(parse(Carrier::Tcp, &addr), Some("[fe80::1%77]:2".parse().unwrap()));
    }

    #[test]
    fn other_addresses_are_not_ours() {
        for addr in [
            "/ip4/192.0.2.7/udp/1",
            "/ip4/192.0.2.7/tcp/1/ws",
            "/ip6zone/1/ip4/192.0.2.7/tcp/1",
            "/ip6zone/no such interface/ip6/fe80::1/tcp/1",
            "/dns4/example.org/tcp/1",
            "/ip4/192.0.2.7/udp/1/quic-v1/webtransport",
        ] {
            assert_eq!(parse(Carrier::Quic, addr), None, "{addr}");
            assert_eq!(parse(Carrier::Tcp, addr), None, "{addr}");
        }
        assert_eq!(parse(Carrier::Tcp, "/ip4/192.0.2.7/udp/1/quic-v1"), None);
        assert_eq!(parse(Carrier::Quic, "/ip4/192.0.2.7/tcp/1"), None);
    }

    #[test]
    fn nobody_dials_port_zero_or_no_host() {
        for addr in ["/ip4/192.0.2.7/tcp/0", "/ip6/::/tcp/1"] {
            assert_eq!(Carrier::Tcp.destination(&addr.parse().unwrap()), None);
        }
    }
}
