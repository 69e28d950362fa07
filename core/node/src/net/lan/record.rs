//! What a service says of itself, and what is believed of another's.
//!
//! The port of the service is QUIC's; `p` holds the one of TCP, `0`, `1`, … the tags.

use std::net::{IpAddr, Ipv4Addr};

use covey_proto::wire::{Address, Transport};
use mdns_sd::{ResolvedService, ScopedIp, TxtProperties, TxtProperty};

use super::Service;

/// Where this device listens on all its addresses; 0 where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Of UDP.
    pub quic: u16,
    /// Of TCP.
    pub tcp: u16,
}

/// The most tags that are announced or heard of one service: about a packet's worth.
pub const MAX_TAGS: usize = 32;
/// The most bytes of one; longer ones are left out.
pub const MAX_TAG: usize = 32;
const MAX_ADDRESSES: usize = 32;

pub(super) fn write(ports: Ports, tags: &[Vec<u8>]) -> Vec<TxtProperty> {
    let tcp = TxtProperty::from((TCP, ports.tcp.to_be_bytes()));
    let tags = tags.iter().filter(|tag| tag.len() <= MAX_TAG).take(MAX_TAGS);
    std::iter::once(tcp).chain(tags.enumerate().map(TxtProperty::from)).collect()
}

const TCP: &str = "p";

/// What is believed of a service. One without addresses is none that can be reached.
#[must_use]
pub fn read(service: &ResolvedService) -> Service {
    let tcp = service.get_property_val(TCP).flatten().and_then(|port| port.try_into().ok());
    let tcp = tcp.map_or(0, u16::from_be_bytes);
    let ips = service.addresses.iter().map(|ip| {
        let zone = if let ScopedIp::V6(v6) = ip { v6.scope_id().index } else { 0 };
        (ip.to_ip_addr(), zone)
    });
    Service {
        name: service.fullname.clone(),
        tags: tags(&service.txt_properties),
        addresses: addresses(ips, Ports { quic: service.port, tcp }),
    }
}

fn tags(txt: &TxtProperties) -> Vec<Vec<u8>> {
    let tags = (0..MAX_TAGS).map_while(|i| txt.get_property_val(&i.to_string()).flatten());
    tags.filter(|tag| tag.len() <= MAX_TAG).map(<[u8]>::to_vec).collect()
}

/// With the interface where an address says nothing without it.
fn addresses(ips: impl Iterator<Item = (IpAddr, u32)>, ports: Ports) -> Vec<Address> {
    let hosts = ips.filter_map(|(ip, interface)| match ip {
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            (interface != 0).then_some((ip, Some(interface)))
        }
        IpAddr::V4(_) | IpAddr::V6(_) => is_host(ip).then_some((ip, None)),
    });
    let ports = [(Transport::Quic, ports.quic), (Transport::Tcp, ports.tcp)];
    let mut addresses: Vec<_> = hosts
        .take(MAX_ADDRESSES / 2)
        .flat_map(|(ip, zone)| ports.map(|(transport, port)| Address { transport, ip, port, zone }))
        .filter(|address| address.port != 0)
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

fn is_host(ip: IpAddr) -> bool {
    let all = ip == IpAddr::V4(Ipv4Addr::BROADCAST);
    !(all || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_as_they_were_announced() {
        let said = vec![vec![0; 24], vec![b'='; 32], b"covey".to_vec(), Vec::new()];
        assert_eq!(tags(&heard(&said).txt_properties), said);
    }

    #[test]
    fn a_crowd_of_tags_or_a_long_one_is_cut_on_both_sides() {
        let crowd = vec![vec![7; MAX_TAG]; MAX_TAGS + 1];
        assert_eq!(write(PORTS, &crowd).len(), 1 + MAX_TAGS);
        assert_eq!(tags(&heard(&crowd).txt_properties).len(), MAX_TAGS);
        let long = TxtProperty::from(("0", vec![7; MAX_TAG + 1]));
        assert!(tags(&info(vec![long]).as_resolved_service().txt_properties).is_empty());
        assert_eq!(write(PORTS, &[vec![7; MAX_TAG + 1]]).len(), 1);
    }

    #[test]
    fn a_record_of_every_tag_fits_a_packet() {
        let crowd = write(PORTS, &vec![vec![7; MAX_TAG]; MAX_TAGS]);
        let len = |p: &TxtProperty| 1 + p.key().len() + 1 + p.val().map_or(0, <[u8]>::len);
        assert!(crowd.iter().map(len).sum::<usize>() <= 1_232);
    }

    #[test]
    fn an_address_keeps_its_interface_where_it_needs_it() {
        let ips = [("192.0.2.7", 3), ("fe80::7", 3), ("2001:db8::7", 3), ("169.254.0.7", 3)];
        let expected = [
            (Transport::Quic, "169.254.0.7", None),
            (Transport::Quic, "192.0.2.7", None),
            (Transport::Quic, "2001:db8::7", None),
            (Transport::Quic, "fe80::7", Some(3)),
            (Transport::Tcp, "169.254.0.7", None),
            (Transport::Tcp, "192.0.2.7", None),
            (Transport::Tcp, "2001:db8::7", None),
            (Transport::Tcp, "fe80::7", Some(3)),
        ];
        let expected = expected.map(|(transport, ip, zone)| {
            let port = if transport == Transport::Quic { PORTS.quic } else { PORTS.tcp };
            Address { transport, ip: ip.parse().unwrap(), port, zone }
        });
        assert_eq!(addresses(parsed(&ips), PORTS), expected);
    }

    #[test]
    fn addresses_nobody_can_be_dialled_at_are_left_out() {
        let ips = [
            ("fe80::7", 0),
            ("127.0.0.1", 1),
            ("::1", 1),
            ("::", 3),
            ("0.0.0.0", 3),
            ("255.255.255.255", 3),
            ("224.0.0.251", 3),
            ("ff02::fb", 3),
        ];
        assert!(addresses(parsed(&ips), PORTS).is_empty());
        let mute = Ports { quic: 0, tcp: 0 };
        assert!(addresses(parsed(&[("192.0.2.7", 3)]), mute).is_empty());
    }

    #[test]
    fn a_crowd_of_addresses_is_cut() {
        let crowd = (0..200).map(|i| (IpAddr::from([192, 0, 2, i]), 3));
        assert_eq!(addresses(crowd, PORTS).len(), MAX_ADDRESSES);
    }

    #[test]
    fn a_service_without_a_port_of_tcp_has_quic_alone() {
        let service = read(&info(Vec::new()).as_resolved_service());
        assert_eq!(service.addresses.len(), 1);
        assert_eq!(service.addresses[0].transport, Transport::Quic);
    }

    const PORTS: Ports = Ports { quic: 4711, tcp: 4712 };

    fn parsed(ips: &[(&str, u32)]) -> impl Iterator<Item = (IpAddr, u32)> {
        ips.iter().map(|(ip, interface)| (ip.parse().unwrap(), *interface))
    }

    fn heard(said: &[Vec<u8>]) -> ResolvedService {
        info(write(PORTS, said)).as_resolved_service()
    }

    fn info(txt: Vec<TxtProperty>) -> mdns_sd::ServiceInfo {
        mdns_sd::ServiceInfo::new("_covey._udp.local.", "x", "x.local.", "192.0.2.7", 4711, txt)
            .unwrap()
    }
}
