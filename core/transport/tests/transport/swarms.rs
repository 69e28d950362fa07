//! Swarms meet over every kind of address.

use libp2p::{Multiaddr, multiaddr::Protocol};

use crate::node::Node;

#[tokio::test]
async fn swarms_meet_over_both_transports_and_families() {
    for addr in [
        "/ip4/127.0.0.1/udp/0/quic-v1",
        "/ip6/::1/udp/0/quic-v1",
        "/ip4/127.0.0.1/tcp/0",
        "/ip6/::1/tcp/0",
    ] {
        let mut ana = Node::new();
        let id = ana.id();
        let addr = ana.listen(addr).await;
        ana.run();
        assert_eq!(Node::new().meet(addr).await, id);
    }
}

#[tokio::test]
async fn both_transports_and_families_share_one_port() {
    let mut ana = Node::new();
    let id = ana.id();
    // Below the ports that systems hand out, and another for every process.
    let port = 20_000 + std::process::id() % 10_000;
    for ip in ["/ip4/0.0.0.0", "/ip6/::"] {
        ana.listen(&format!("{ip}/udp/{port}/quic-v1")).await;
        ana.listen(&format!("{ip}/tcp/{port}")).await;
    }
    let ports = ana.quic.local_addrs().into_iter().map(|a| a.port().into());
    assert_eq!(ports.collect::<Vec<u32>>(), [port, port]);
    ana.run();
    for ip in ["/ip4/127.0.0.1", "/ip6/::1"] {
        for transport in [format!("udp/{port}/quic-v1"), format!("tcp/{port}")] {
            let addr = format!("{ip}/{transport}").parse().unwrap();
            assert_eq!(Node::new().meet(addr).await, id);
        }
    }
}

#[tokio::test]
async fn swarms_meet_over_link_local_addresses() {
    let interfaces = if_addrs::get_if_addrs().unwrap();
    let Some(interface) = interfaces.iter().find(|i| i.ip().is_ipv6() && i.is_link_local()) else {
        println!("SKIPPED: no interface here has a link-local IPv6 address");
        return;
    };
    let zone = Multiaddr::empty()
        .with(Protocol::Ip6zone(interface.name.as_str().into()))
        .with(interface.ip().into());
    for transport in ["udp/0/quic-v1", "tcp/0"] {
        let mut ana = Node::new();
        let id = ana.id();
        let addr = ana.listen(&format!("{zone}/{transport}")).await;
        assert!(addr.to_string().starts_with(&zone.to_string()), "{addr}");
        ana.run();
        assert_eq!(Node::new().meet(addr).await, id);
    }
}
