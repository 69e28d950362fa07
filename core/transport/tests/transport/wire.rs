//! What a tap on the wire sees of two swarms that meet: TLS and QUIC as everybody speaks them.

use libp2p::PeerId;

use crate::{
    node::{Node, socket_addr},
    onlooker::{self, ALPN, SERVER_NAME},
    tap::Tap,
};

/// None of these may be read, in any case.
const TELLING: [&str; 7] = ["libp2p", "covey", "multistream", "noise", "yamux", "/ipfs", "rcgen"];

#[tokio::test]
async fn on_udp_nothing_but_quic_is_seen() {
    let mut ana = Node::new();
    let addr = ana.listen("/ip4/127.0.0.1/udp/0/quic-v1").await;
    let tap = Tap::udp(socket_addr(&addr)).await;
    let tapped = format!("/ip4/127.0.0.1/udp/{}/quic-v1", tap.addr.port());
    let peers = meet(ana, &tapped).await;

    let wire = tap.wire();
    for datagram in wire.from_client.iter().chain(&wire.from_server) {
        assert_ne!(datagram[0] & 0x40, 0, "the fixed bit");
        if datagram[0] & 0x80 != 0 {
            assert_eq!(datagram[1..5], [0, 0, 0, 1], "QUIC v1");
        }
    }
    let [client, server] = onlooker::initials(&wire);
    assert_is_plain(&client, b"\x00\x03\x02h3");
    for seen in [&wire.from_client.concat(), &wire.from_server.concat(), &client, &server] {
        assert_tells_nothing(seen, &peers);
    }
    assert!(wire.from_client.concat().len() > 2000, "identify is there");
    assert!(wire.from_server.concat().len() > 2000, "identify is there");
}

#[tokio::test]
async fn on_tcp_nothing_but_tls_is_seen() {
    let mut ana = Node::new();
    let addr = ana.listen("/ip4/127.0.0.1/tcp/0").await;
    let tap = Tap::tcp(socket_addr(&addr)).await;
    let peers = meet(ana, &format!("/ip4/127.0.0.1/tcp/{}", tap.addr.port())).await;

    let wire = tap.wire();
    let [client, server] = [wire.from_client.concat(), wire.from_server.concat()];
    for stream in [&client, &server] {
        let kinds = onlooker::records(stream).into_iter().map(|r| r.0);
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(kinds[..2], [22, 20], "a hello, a change of cipher");
        assert!(kinds[2..].iter().all(|k| *k == 23), "all else encrypted");
        assert_tells_nothing(stream, &peers);
        assert!(stream.len() > 1000, "identify is there");
    }
    assert_is_plain(onlooker::records(&client)[0].1, b"\x00\x03\x02h2");
}

async fn meet(ana: Node, tapped: &str) -> [PeerId; 2] {
    let mut bob = Node::new();
    let peers = [ana.id(), bob.id()];
    ana.run();
    assert_eq!(bob.meet(tapped.parse().unwrap()).await, peers[0]);
    peers
}

/// A ClientHello like everybody's.
fn assert_is_plain(hello: &[u8], alpn: &[u8]) {
    let extensions = onlooker::client_hello(hello);
    assert_eq!(extensions[&ALPN], alpn);
    assert!(!extensions.contains_key(&SERVER_NAME));
}

fn assert_tells_nothing(seen: &[u8], peers: &[PeerId]) {
    let contains = |word: &[u8]| {
        let mut windows = seen.windows(word.len());
        windows.any(|window| window.eq_ignore_ascii_case(word))
    };
    for word in TELLING {
        assert!(!contains(word.as_bytes()), "{word}");
    }
    for peer in peers {
        let bytes = peer.to_bytes();
        assert!(!contains(bytes.last_chunk::<32>().unwrap()), "its key");
    }
}
