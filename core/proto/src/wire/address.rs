//! Where a device may be dialled: one socket address and how to speak there.

use alloc::vec::Vec;
use core::{fmt, net::IpAddr};

use super::{Invalid, message::Wire};

/// How an address is spoken to; the better one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// QUIC over UDP.
    Quic,
    /// TLS over TCP.
    Tcp,
}

/// A dialable address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// How to speak there.
    pub transport: Transport,
    /// The host.
    pub ip: IpAddr,
    /// The port, not 0.
    pub port: u16,
    /// The interface of a link-local address: this device's own number, never sent to others.
    pub zone: Option<u32>,
}

impl Address {
    /// Whether the address says something to others: it needs no interface of ours.
    pub fn travels(&self) -> bool {
        match self.ip {
            IpAddr::V4(ip) => !ip.is_link_local() && !ip.is_unspecified(),
            IpAddr::V6(ip) => !ip.is_unicast_link_local() && !ip.is_unspecified(),
        }
    }

    /// `transport and family ‖ ip ‖ port`, 7 or 19 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (family, ip) = match self.ip {
            IpAddr::V4(ip) => (0, ip.octets().to_vec()),
            IpAddr::V6(ip) => (2, ip.octets().to_vec()),
        };
        let tag = family | u8::from(self.transport == Transport::Tcp);
        [&[tag][..], &ip, &self.port.to_be_bytes()].concat()
    }

    /// Reads what [`Self::encode`] wrote; nothing else is an address.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (host, port) = bytes.split_last_chunk::<2>()?;
        let (tag, ip) = host.split_first()?;
        let ip: IpAddr = match tag & 2 {
            0 => <[u8; 4]>::try_from(ip).ok()?.into(),
            _ => <[u8; 16]>::try_from(ip).ok()?.into(),
        };
        let port = u16::from_be_bytes(*port);
        let transport = match tag & !2 {
            0 => Transport::Quic,
            1 => Transport::Tcp,
            2.. => return None,
        };
        (port != 0).then_some(Self { transport, ip, port, zone: None })
    }
}

/// Addresses of a later kind are left out.
impl Wire for Vec<Address> {
    type Proto = Vec<Vec<u8>>;

    fn to_proto(&self) -> Self::Proto {
        self.iter().map(Address::encode).collect()
    }

    fn of_proto(proto: Self::Proto) -> Result<Self, Invalid> {
        Ok(proto.iter().filter_map(|bytes| Address::parse(bytes)).collect())
    }
}

/// Addresses tell where people live: only the kind is printed.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.ip.is_ipv4() { "ip4" } else { "ip6" };
        write!(f, "{:?}/{family}", self.transport)
    }
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn an_address_survives_the_wire_without_its_zone() {
        let v4 = Address {
            transport: Transport::Tcp,
            ip: Ipv4Addr::new(192, 168, 1, 7).into(),
            port: 443,
            zone: None,
        };
        let v6 = Address { ip: Ipv6Addr::LOCALHOST.into(), zone: Some(3), ..v4 };
        assert_eq!(Address::parse(&v4.encode()), Some(v4));
        assert_eq!(Address::parse(&v6.encode()), Some(Address { zone: None, ..v6 }));
    }

    #[test]
    fn cut_or_foreign_bytes_are_no_address() {
        for bytes in
            [&[][..], &[0], &[0, 1, 2, 3, 4, 1], &[4, 1, 2, 3, 4, 0, 80], &[0, 1, 2, 3, 4, 0, 0]]
        {
            assert_eq!(Address::parse(bytes), None);
        }
    }
}
