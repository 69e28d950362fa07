//! Listeners on all interfaces follow them, in a network namespace of the test's own.

use std::process::Command;

use covey_transport::{Config, Error, Gate, tcp};
use libp2p::{
    Multiaddr,
    core::{Transport, transport::TransportEvent},
    identity::Keypair,
};

use crate::{
    bare::{Peer, event, try_listen},
    node::SOON,
};

/// Set in the process that runs inside.
const INSIDE: &str = "COVEY_TEST_INSIDE";
/// A cable with two ends.
const NEW_INTERFACE: &str = "link add leg type veth peer name arm";

#[test]
fn addresses_come_and_go_with_their_interfaces() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(async {
            follow(Peer::new().transport, "udp/4711/quic-v1").await;
            let key = Keypair::generate_ed25519();
            let tcp = tcp::Transport::new(&key, &Config::default(), &Gate::default());
            follow(tcp.unwrap(), "tcp/4711").await;
        });
    }
    let namespace = ["--user", "--map-root-user", "--net"];
    let possible =
        Command::new("unshare").args(namespace).arg("ip").args(NEW_INTERFACE.split(' ')).status();
    if !possible.is_ok_and(|status| status.success()) {
        println!("SKIPPED: no interface in a network namespace can be made here");
        return;
    }
    let inside = Command::new("unshare")
        .args(namespace)
        .arg(std::env::current_exe().unwrap())
        .args(["addresses_come_and_go_with_their_interfaces", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&inside.stdout);
    assert!(said.contains("1 passed"), "{said}");
}

async fn follow<T>(mut transport: T, port: &str)
where
    T: Transport<Error = Error> + Unpin,
{
    try_listen(&mut transport, &format!("/ip4/0.0.0.0/{port}")).unwrap();
    try_listen(&mut transport, &format!("/ip6/::/{port}")).unwrap();

    ip(NEW_INTERFACE);
    ip("link set arm up");
    ip("addr add 192.0.2.7/24 dev leg");
    ip("link set leg address 02:00:00:00:00:07 up");
    let at = |host: &str| format!("{host}/{port}").parse::<Multiaddr>().unwrap();
    let addrs = [at("/ip4/192.0.2.7"), at("/ip6zone/leg/ip6/fe80::ff:fe00:7")];
    expect(&mut transport, &addrs, Change::New).await;
    ip("link del leg");
    expect(&mut transport, &addrs, Change::Expired).await;
}

#[derive(PartialEq)]
enum Change {
    New,
    Expired,
}

/// Waits until that happened to all of the addresses.
async fn expect<T>(transport: &mut T, addrs: &[Multiaddr], change: Change)
where
    T: Transport<Error = Error> + Unpin,
{
    let mut missing = addrs.to_vec();
    let happen = async {
        while !missing.is_empty() {
            let event = event(transport).await;
            if let TransportEvent::NewAddress { listen_addr, .. } = event {
                missing.retain(|addr| change != Change::New || *addr != listen_addr);
            } else if let TransportEvent::AddressExpired { listen_addr, .. } = event {
                missing.retain(|addr| change != Change::Expired || *addr != listen_addr);
            }
        }
    };
    let happened = tokio::time::timeout(SOON, happen).await;
    happened.expect("the transport follows");
}

fn ip(what: &str) {
    let status = Command::new("ip").args(what.split(' ')).status();
    assert!(status.unwrap().success(), "ip {what}");
}
