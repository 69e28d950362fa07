//! Our addresses as libp2p's, and back.

use std::net::{SocketAddr, SocketAddrV6};

use covey_proto::wire::{Address, Transport};
use covey_transport::Carrier;
use libp2p::Multiaddr;

pub(super) fn format(address: &Address) -> Multiaddr {
    let mut socket = SocketAddr::new(address.ip, address.port);
    if let (SocketAddr::V6(v6), Some(zone)) = (&mut socket, address.zone) {
        v6.set_scope_id(zone);
    }
    match address.transport {
        Transport::Quic => Carrier::Quic.multiaddr(socket),
        Transport::Tcp => Carrier::Tcp.multiaddr(socket),
    }
}

pub(super) fn parse(multiaddr: &Multiaddr) -> Option<Address> {
    let of = |carrier: Carrier, transport| Some((transport, carrier.socket_addr(multiaddr)?));
    let (transport, socket) =
        of(Carrier::Quic, Transport::Quic).or_else(|| of(Carrier::Tcp, Transport::Tcp))?;
    let zone = match socket {
        SocketAddr::V4(_) => None,
        SocketAddr::V6(v6) => {
            Some(v6).map(|v6| SocketAddrV6::scope_id(&v6)).filter(|zone| *zone != 0)
        }
    };
    Some(Address { transport, ip: socket.ip(), port: socket.port(), zone })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_libp2p_with_its_interface() {
        for (transport, ip, zone) in [
            (Transport::Quic, "192.0.2.7", None),
            (Transport::Tcp, "2001:db8::7", None),
            (Transport::Quic, "fe80::7", Some(77)),
        ] {
            let address = Address { transport, ip: ip.parse().unwrap(), port: 4711, zone };
            assert_eq!(parse(&format(&address)), Some(address));
        }
    }

    #[test]
    fn what_we_cannot_dial_is_no_address() {
        assert_eq!(parse(&"/dns4/example.org/tcp/1".parse().unwrap()), None);
    }
}
