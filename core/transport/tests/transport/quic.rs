//! QUIC on a shared socket: what is not QUIC's, addresses that change, listeners that come and go.

use std::{net::UdpSocket, task::Poll};

use covey_transport::Error;
use futures::{AsyncReadExt, future::poll_fn};
use libp2p::core::{
    Transport,
    muxing::{StreamMuxerEvent, StreamMuxerExt},
};

use crate::{
    bare::{Peer, QUIC, listen, say, stream, try_listen},
    node::{SOON, socket_addr},
    tap::Tap,
};

/// RFC 8489: a binding request without attributes.
const STUN: &[u8; 20] = b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl";

#[tokio::test]
async fn what_is_not_quic_goes_to_the_caller() {
    let mut ana = Peer::new();
    let addr = socket_addr(&listen(&mut ana.transport, QUIC).await);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for packet in [&STUN[..], b"?"] {
        stranger.send_to(packet, addr).unwrap();
        let got = ana.packets.recv().await.unwrap();
        assert_eq!((got.from, &got.data[..]), (stranger.local_addr().unwrap(), packet));
        assert_eq!(got.is_stun(), packet == STUN);
    }
}

#[tokio::test]
async fn bytes_arrive_amid_other_packets_and_a_change_of_network() {
    let (mut ana, mut bob) = (Peer::new(), Peer::new());
    let addr = listen(&mut ana.transport, QUIC).await;
    let mut ends = bob.connect(&mut ana, addr.clone()).await;
    let mut stream = stream(&mut ends).await;

    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let message: Vec<u8> = (0..1 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
    for round in 0..8 {
        // Nobody takes them: the queue fills up, and they are dropped.
        for _ in 0..64 {
            stranger.send_to(&[b'*'; 1452], socket_addr(&addr)).unwrap();
        }
        if round == 4 {
            bob.handle.network_changed().unwrap();
            ana.handle.network_changed().unwrap();
        }
        say(&mut stream, &message).await;
        stream.reverse();
    }
    let other = ana.packets.recv().await.unwrap();
    assert_eq!(other.data[..], [b'*'; 1452]);
}

#[tokio::test]
async fn a_peer_stays_connected_when_its_router_forgets_it() {
    let (mut ana, mut bob) = (Peer::new(), Peer::new());
    let tap = Tap::udp(socket_addr(&listen(&mut ana.transport, QUIC).await)).await;
    let tapped = format!("/ip4/127.0.0.1/udp/{}/quic-v1", tap.addr.port());
    let mut ends = bob.connect(&mut ana, tapped.parse().unwrap()).await;
    let mut stream = stream(&mut ends).await;

    tap.forget_mapping();
    let [_, at_ana] = &mut ends;
    let talk = async {
        loop {
            say(&mut stream, b"still here").await;
            let told = poll_fn(|cx| Poll::Ready(at_ana.poll_unpin(cx))).await;
            if let Poll::Ready(event) = told {
                return event.unwrap();
            }
        }
    };
    let event = tokio::time::timeout(SOON, talk).await.expect("Ana is told");
    assert!(matches!(event, StreamMuxerEvent::AddressChange(_)));
    stream.reverse();
    say(&mut stream, b"there you are").await;
}

#[tokio::test]
async fn a_socket_that_only_dialled_takes_its_connections_along_when_it_listens() {
    let (mut ana, mut bob, mut carol) = (Peer::new(), Peer::new(), Peer::new());
    let addr = listen(&mut ana.transport, QUIC).await;
    let mut ends = bob.connect(&mut ana, addr).await;
    let mut stream = stream(&mut ends).await;

    let before = bob.handle.local_addrs();
    let addr = listen(&mut bob.transport, QUIC).await;
    assert_ne!(bob.handle.local_addrs(), before);
    assert_eq!(bob.handle.local_addrs(), [socket_addr(&addr)]);
    say(&mut stream, b"from elsewhere").await;
    carol.connect(&mut bob, addr).await;
}

#[tokio::test]
async fn a_removed_listener_keeps_its_connections_and_can_come_back() {
    let (mut ana, mut bob) = (Peer::new(), Peer::new());
    let id = try_listen(&mut ana.transport, QUIC).unwrap();
    let second = try_listen(&mut ana.transport, QUIC);
    assert!(matches!(second, Err(Error::SecondListener)));
    let port = ana.handle.local_addrs()[0].port();
    let addr = format!("/ip4/127.0.0.1/udp/{port}/quic-v1");
    let mut ends = bob.connect(&mut ana, addr.parse().unwrap()).await;
    let mut stream = stream(&mut ends).await;

    assert!(ana.transport.remove_listener(id));
    assert!(!ana.transport.remove_listener(id));
    say(&mut stream, b"still here").await;
    listen(&mut ana.transport, &addr).await;
    bob.connect(&mut ana, addr.parse().unwrap()).await;
}

#[tokio::test]
async fn a_connection_ends_with_the_swarms_end_of_it() {
    let (mut ana, mut bob) = (Peer::new(), Peer::new());
    let addr = listen(&mut ana.transport, QUIC).await;
    let mut ends = bob.connect(&mut ana, addr).await;
    let [_bobs_stream, mut anas_stream] = stream(&mut ends).await;
    let [bobs_end, _anas_end] = ends;
    drop(bobs_end);
    let mut byte = [0];
    let heard = tokio::time::timeout(SOON, anas_stream.read(&mut byte)).await;
    assert!(heard.expect("the end is told").is_err());
}
