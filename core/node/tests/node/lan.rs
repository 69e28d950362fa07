//! Discovery on a local network of the test's own: an interface in a network namespace.

use std::{
    net::{IpAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use covey_node::net::lan::{Lan, LanEvent, Ports, Service};
use tokio::{sync::mpsc, time};

use crate::apart::{apart, run};

/// A cable with two ends.
const CABLE: &str = "ip link add leg type veth peer name arm";
const PORTS: Ports = Ports { quic: 4711, tcp: 4712 };
const SOON: Duration = Duration::from_secs(30);

#[test]
fn devices_of_one_network_hear_each_other_come_change_and_leave() {
    inside("devices_of_one_network_hear_each_other_come_change_and_leave", async {
        ip("addr add 192.0.2.7/24 dev leg");
        ip("link set leg address 02:00:00:00:00:07 up");
        let (ana, mut heard_by_ana) = Lan::start(PORTS, vec![b"ana".to_vec()]);
        let (bob, mut heard_by_bob) = Lan::start(PORTS, vec![b"bob".to_vec()]);
        wait(&mut heard_by_bob, |event| tags(event) == Some(&[b"ana".to_vec()])).await;

        let whole = wait(&mut heard_by_ana, |event| {
            let LanEvent::Heard(service) = event else { return false };
            let is = |ip: &str, zoned: bool, port: u16| {
                let ip: IpAddr = ip.parse().unwrap();
                let mut addresses = service.addresses.iter();
                addresses.any(|a| (a.ip, a.zone.is_some(), a.port) == (ip, zoned, port))
            };
            [4711, 4712]
                .iter()
                .all(|p| is("192.0.2.7", false, *p) && is("fe80::ff:fe00:7", true, *p))
        });
        let LanEvent::Heard(Service { name, .. }) = whole.await else { unreachable!() };

        bob.announce(vec![b"bob".to_vec(), b"an invite".to_vec()]);
        wait(&mut heard_by_ana, |event| tags(event).is_some_and(|tags| tags.len() == 2)).await;
        ana.doubt(name.clone());
        ana.doubt("nobody".into());
        wait(&mut heard_by_ana, |event| *event == LanEvent::Lost("nobody".into())).await;

        drop(bob);
        while heard_by_bob.recv().await.is_some() {}
        wait(&mut heard_by_ana, |event| *event == LanEvent::Lost(name.clone())).await;
    });
}

#[test]
fn a_network_of_link_local_addresses_that_comes_later_is_enough() {
    inside("a_network_of_link_local_addresses_that_comes_later_is_enough", async {
        let (_ana, mut heard) = Lan::start(PORTS, vec![b"ana".to_vec()]);
        let (bob, _heard) = Lan::start(PORTS, vec![b"bob".to_vec()]);
        ip("link set leg address 02:00:00:00:00:07 up");
        bob.changed();
        wait(&mut heard, |event| tags(event) == Some(&[b"bob".to_vec()])).await;
    });
}

#[test]
fn a_flood_of_services_does_not_hide_a_real_one() {
    inside("a_flood_of_services_does_not_hide_a_real_one", async {
        ip("addr add 192.0.2.7/24 dev leg");
        ip("link set leg up");
        let (_ana, mut heard) = Lan::start(PORTS, vec![b"ana".to_vec()]);
        let noticed = Arc::new(AtomicBool::new(false));
        let flood = std::thread::spawn({
            let noticed = noticed.clone();
            move || {
                let socket = UdpSocket::bind("192.0.2.7:0").unwrap();
                for i in (0..).take_while(|i| *i < 20_000 || !noticed.load(Relaxed)) {
                    // What finds no room in a queue is lost, as in any flood.
                    let _ = socket.send_to(&fake(i), "224.0.0.251:5353");
                }
            }
        });
        wait(&mut heard, |event| tags(event) == Some(&[b"fake".to_vec()])).await;
        noticed.store(true, Relaxed);
        flood.join().unwrap();
        let (_bob, _heard) = Lan::start(PORTS, vec![b"bob".to_vec()]);
        wait(&mut heard, |event| tags(event) == Some(&[b"bob".to_vec()])).await;
    });
}

/// A response that announces a service on a host of its own.
fn fake(i: u32) -> Vec<u8> {
    let name = |labels: &[&str]| {
        let mut name = Vec::new();
        for label in labels {
            name.push(label.len() as u8);
            name.extend(label.bytes());
        }
        name.push(0);
        name
    };
    let (own, kind) = (format!("fake{i}"), ["_covey", "_udp", "local"]);
    let (service, host) = (name(&[&own, kind[0], kind[1], kind[2]]), name(&[&own, "local"]));
    let record = |name: Vec<u8>, kind: u8, data: Vec<u8>| {
        let fixed = [0, kind, 0, 1, 0, 0, 0, 120];
        [&name[..], &fixed, &(data.len() as u16).to_be_bytes(), &data].concat()
    };
    let head = vec![0, 0, 0x84, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    let srv = [&[0, 0, 0, 0, 0x12, 0x67], &host[..]].concat();
    [
        head,
        record(name(&kind), 12, service.clone()),
        record(service.clone(), 33, srv),
        record(service, 16, b"\x060=fake".to_vec()),
        record(host, 1, [&[10], &i.to_be_bytes()[1..]].concat()),
    ]
    .concat()
}

fn tags(event: &LanEvent) -> Option<&[Vec<u8>]> {
    if let LanEvent::Heard(service) = event { Some(&service.tags) } else { None }
}

async fn wait(
    heard: &mut mpsc::Receiver<LanEvent>,
    wanted: impl Fn(&LanEvent) -> bool,
) -> LanEvent {
    let happen = async {
        loop {
            let event = heard.recv().await.expect("the search goes on");
            if wanted(&event) {
                return event;
            }
        }
    };
    time::timeout(SOON, happen).await.expect("it is heard")
}

/// Runs a test again where only it and its cable are.
fn inside(test: &str, what: impl Future<Output = ()>) {
    apart(test, &["--net"], CABLE, async {
        run("ip link set arm up");
        what.await;
    });
}

fn ip(what: &str) {
    run(&format!("ip {what}"));
}
