//! Strangers cannot keep us busy with handshakes.

use std::time::{Duration, Instant};

use covey_transport::{Config, Error, Gate, quic, tcp};
use futures::future::join_all;
use libp2p::{core::Transport, identity::Keypair};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

use crate::{
    bare::{QUIC, TCP, dial, incoming, listen},
    node::{SOON, socket_addr},
    tap::Tap,
};

#[tokio::test]
async fn a_flood_over_quic_gets_five_handshakes_a_second() {
    let gate = Gate::default();
    flood(quic(&gate), quic(&Gate::default()), QUIC, &gate).await;
}

#[tokio::test]
async fn a_flood_over_tcp_gets_five_handshakes_a_second() {
    let gate = Gate::default();
    flood(tcp(&gate), tcp(&Gate::default()), TCP, &gate).await;
}

/// From one host; the limits are the server's `gate`.
async fn flood<T>(mut server: T, mut client: T, addr: &str, gate: &Gate)
where
    T: Transport<Error = Error, ListenerUpgrade: Send> + Send + Unpin + 'static,
    T::Output: Send,
{
    const DIALS: usize = 40;
    let addr = listen(&mut server, addr).await;
    tokio::spawn(async move {
        let mut connections = vec![];
        loop {
            connections.extend(incoming(&mut server).await.await);
        }
    });
    let began = Instant::now();
    let dials = join_all((0..DIALS).map(|_| dial(&mut client, addr.clone())));
    let dials = tokio::time::timeout(SOON, dials).await.expect("all are answered");
    let through = dials.into_iter().filter(Result::is_ok).count();
    let allowed = 5 + 5 * began.elapsed().as_millis() as usize / 1000 + 1;
    assert!((5..=allowed).contains(&through), "{through} got through");
    assert!(gate.turned_away() >= (DIALS - through) as u64);
}

#[tokio::test]
async fn in_a_crowd_quic_asks_for_proof_of_the_address() {
    let gate = Gate::default();
    let (mut crowded, mut server) = (tcp(&gate), quic(&gate));
    let door = socket_addr(&listen(&mut crowded, TCP).await);
    let mut silent = vec![];
    for host in 1..=64 {
        let stranger = TcpSocket::new_v4().unwrap();
        let addr = format!("127.0.1.{host}:0").parse().unwrap();
        stranger.bind(addr).unwrap();
        let stranger = stranger.connect(door).await.unwrap();
        silent.push((stranger, incoming(&mut crowded).await));
    }

    let tap = Tap::udp(socket_addr(&listen(&mut server, QUIC).await)).await;
    let tapped = format!("/ip4/127.0.0.1/udp/{}/quic-v1", tap.addr.port());
    let mut client = quic(&Gate::default());
    let dial = dial(&mut client, tapped.parse().unwrap());
    let accept = async { incoming(&mut server).await.await };
    tokio::try_join!(dial, accept).unwrap();
    let first = tap.wire().from_server.swap_remove(0);
    assert_eq!(first[0] & 0xf0, 0xf0, "a Retry");
    assert_eq!(gate.turned_away(), 0);
}

#[tokio::test]
async fn whoever_says_nothing_is_given_up() {
    let mut server =
        tcp::Transport::new(&Keypair::generate_ed25519(), &impatient(), &Gate::default()).unwrap();
    let door = socket_addr(&listen(&mut server, TCP).await);
    let _silent = TcpStream::connect(door).await.unwrap();
    let given_up = incoming(&mut server).await.await;
    assert!(matches!(given_up, Err(Error::HandshakeTimeout)));
}

#[tokio::test]
async fn whoever_does_not_answer_is_given_up() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let addr = format!("/ip4/127.0.0.1/udp/{port}/quic-v1");
    let (mut client, ..) =
        quic::Transport::new(&Keypair::generate_ed25519(), &impatient(), &Gate::default()).unwrap();
    let given_up = dial(&mut client, addr.parse().unwrap()).await;
    assert!(matches!(given_up, Err(Error::HandshakeTimeout)));
}

fn quic(gate: &Gate) -> quic::Transport {
    let made = quic::Transport::new(&Keypair::generate_ed25519(), &Config::default(), gate);
    made.unwrap().0
}

fn tcp(gate: &Gate) -> tcp::Transport {
    tcp::Transport::new(&Keypair::generate_ed25519(), &Config::default(), gate).unwrap()
}

fn impatient() -> Config {
    Config { handshake_timeout: Duration::from_millis(100), ..Config::default() }
}
