//! Two or three networks in one process, over loopback.

use std::{net::TcpListener, time::Duration};

use covey_proto::{
    ConversationId, EntryId, LogId, Seq,
    id::Hash,
    people::{
        account::{Roster, Rosters},
        card::{Card, Class},
    },
    seal::{Secret, SigningKey, x25519_public},
    wire::{Body, Head, Kind, Transport, Unsigned},
};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn friends_link_over_either_transport_and_frames_keep_their_order() {
    for transport in [Transport::Quic, Transport::Tcp] {
        let (mut ana, mut ben) = friends().await;
        let (here, there) = linked(&mut ana, &mut ben, transport).await;
        for n in 1..=FRAMES {
            ana.net.send(here, frame(n).encode());
            ben.net.send(there, frame(n).encode());
        }
        for node in [&mut ana, &mut ben] {
            for n in 1..=FRAMES {
                assert!(
                    matches!(node.next().await, Event::Frame { frame: came, .. } if came == frame(n))
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_hears_who_is_there() {
    let (mut ana, mut ben) = friends().await;
    ana.net.dial(7, ben.at(Transport::Quic), Purpose::Link(ben.person.device));
    let Event::LinkUp { side, peer, .. } = ana.next().await else { panic!("no link") };
    assert_eq!(side, Side::Caller { dial: Some(7) });
    assert_eq!(
        (peer.account, peer.device, &peer.card),
        (ben.person.account, ben.person.device, &ben.person.card)
    );
    let Event::LinkUp { side, peer, .. } = ben.next().await else { panic!("no link") };
    assert_eq!(side, Side::Called);
    assert_eq!(
        (peer.account, peer.device, &peer.roster),
        (ana.person.account, ana.person.device, &ana.person.roster)
    );
    assert!(peer.clock > NOW);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_comes_checked_and_a_forged_one_ends_the_link() {
    let (mut ana, mut ben) = friends().await;
    let (here, there) = linked(&mut ana, &mut ben, Transport::Quic).await;
    let run = ana.person.run("hello");
    ana.net.send(here, Frame::Run(run.bytes().to_vec()).encode());
    assert!(matches!(ben.next().await, Event::Run { run: came, .. } if came == run));
    let mut forged = run.bytes().to_vec();
    let behind_signature = (2 + 32) + (2 + 32) + 2;
    let end_of_signature = forged.len() - behind_signature - 1;
    forged[end_of_signature] ^= 1;
    ana.net.send(here, Frame::Run(forged).encode());
    assert!(matches!(ben.next().await, Event::LinkDown { link, .. } if link == there));
    assert!(matches!(ana.next().await, Event::LinkDown { link, .. } if link == here));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_a_later_kind_is_passed_over_and_what_is_no_frame_ends_the_link() {
    let unknown = vec![0xfa, 0x01, 3, 1, 2, 3];
    for nonsense in [vec![0xff; 40], vec![0x0a, 0x7f, 1], vec![0x3a, 1, 0]] {
        let (mut ana, mut ben) = friends().await;
        let (here, there) = linked(&mut ana, &mut ben, Transport::Quic).await;
        for bytes in [unknown.clone(), frame(1).encode(), nonsense] {
            ana.net.send(here, bytes);
        }
        assert!(matches!(ben.next().await, Event::Frame { .. }));
        assert!(matches!(ben.next().await, Event::LinkDown { link, .. } if link == there));
        assert!(matches!(ana.next().await, Event::LinkDown { link, .. } if link == here));
        linked(&mut ana, &mut ben, Transport::Quic).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_link_is_down_on_both_sides_after_what_was_sent() {
    for transport in [Transport::Quic, Transport::Tcp] {
        let (mut ana, mut ben) = friends().await;
        let (here, there) = linked(&mut ana, &mut ben, transport).await;
        ana.net.send(here, frame(1).encode());
        ana.net.close(here);
        assert!(matches!(ben.next().await, Event::Frame { .. }));
        assert!(matches!(ben.next().await, Event::LinkDown { link, .. } if link == there));
        assert!(matches!(ana.next().await, Event::LinkDown { link, .. } if link == here));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_is_missed() {
    for transport in [Transport::Quic, Transport::Tcp] {
        let (mut ana, mut ben) = friends().await;
        let (_, there) = linked(&mut ana, &mut ben, transport).await;
        drop(ana);
        assert!(matches!(ben.next().await, Event::LinkDown { link, .. } if link == there));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_answered_and_a_link_follows_on_its_connection() {
    let (mut ana, mut ben) = friends().await;
    ana.net.dial(1, ben.at(Transport::Quic), Purpose::Hello(b"letter 1".to_vec()));
    let Event::Letter { asker, letter, from } = ben.next().await else { panic!("no letter") };
    assert_eq!(letter, b"letter 1");
    ben.net.answer(asker, Some(b"letter 2".to_vec()));
    assert!(
        matches!(ana.next().await, Event::Answered { dial: 1, letter } if letter == b"letter 2")
    );
    ana.net.dial(2, ben.at(Transport::Quic), Purpose::Link(ben.person.device));
    let Event::LinkUp { peer, .. } = ben.next().await else { panic!("no link") };
    assert_eq!(peer.address, from);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_no_link_and_nobody_hears_of_him() {
    let (_, mut ben) = friends().await;
    let ana_as_stranger = [Secret([77; 32]), Secret([78; 32])];
    let mut strangers = Vec::new();
    for psk in ana_as_stranger {
        strangers.push(Node::start(Person::new(1), &[&ben.person], &psk).await);
    }
    strangers.push(Node::start(Person::new(9), &[&ben.person], &PSK).await);
    for stranger in &mut strangers {
        stranger.net.dial(1, ben.at(Transport::Quic), Purpose::Link(ben.person.device));
        assert!(matches!(stranger.next().await, Event::DialFailed { dial: 1, .. }));
    }
    let mut ana = Node::start(Person::new(1), &[&ben.person], &PSK).await;
    linked(&mut ana, &mut ben, Transport::Quic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_at_the_address_is_no_friend() {
    let (mut ana, ben) = friends().await;
    ana.net.learn(directory(&ana.person, &[&ben.person, &Person::new(3)], &PSK));
    for device in [Person::new(3).device, Person::new(4).device] {
        ana.net.dial(1, ben.at(Transport::Quic), Purpose::Link(device));
        assert!(matches!(ana.next().await, Event::DialFailed { dial: 1, .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_the_dial_fails() {
    let (mut ana, _) = friends().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address =
        Address { transport: Transport::Tcp, ip: free.ip(), port: free.port(), zone: None };
    ana.net.dial(1, address, Purpose::Hello(Vec::new()));
    assert!(matches!(ana.next().await, Event::DialFailed { dial: 1, why: Failure::Closed }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_letters_is_cut_off() {
    let (mut ana, mut ben) = friends().await;
    for dial in 0..FLOOD {
        ana.net.dial(dial, ben.at(Transport::Tcp), Purpose::Hello(b"me too".to_vec()));
    }
    let mut cut_off = 0;
    while cut_off < FLOOD - 20 {
        tokio::select! {
            event = ana.next() => cut_off += u64::from(matches!(event, Event::DialFailed { .. })),
            event = ben.next() => {
                let Event::Letter { asker, .. } = event else { panic!("{event:?}") };
                ben.net.answer(asker, Some(b"well".to_vec()));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_replaced() {
    let begin = |port| {
        let (events, _) = mpsc::channel(1);
        let directory = directory(&Person::new(1), &[], &PSK);
        Net::start(Config { listen: Vec::new(), port, directory, clock: Clock::start(), events })
            .unwrap()
    };
    let first = begin(0);
    let second = begin(first.port());
    assert!(first.port() != 0 && second.port() != 0 && first.port() != second.port());
}

#[tokio::test]
async fn what_is_no_address_is_not_listened_on() {
    let (events, _) = mpsc::channel(1);
    let directory = directory(&Person::new(1), &[], &PSK);
    let listen = vec!["somewhere".into()];
    let config = Config { listen, port: 0, directory, clock: Clock::start(), events };
    assert!(matches!(Net::start(config), Err(Error::Address(_))));
}

const NOW: Time = Time(1_700_000_000_000);
pub(super) const PSK: Secret = Secret([42; 32]);
const FRAMES: u64 = 1000;
const FLOOD: u64 = 200;
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Person {
    account: AccountId,
    pub(super) device: DeviceId,
    key: SigningKey,
    noise: Secret,
    roster: Signed,
    card: Signed,
}

impl Person {
    pub(super) fn new(n: u8) -> Self {
        let (account_key, key) =
            (SigningKey::new(&Secret([n; 32])), SigningKey::new(&Secret([n + 100; 32])));
        let roster =
            Roster::first(account_key.public(), Hash([n; 32]), key.public(), format!("Person {n}"));
        let (account, noise) = (roster.account, Secret([n + 200; 32]));
        let card = Card {
            wire: covey_proto::wire::VERSION.into(),
            account,
            key: key.public(),
            version: 1,
            noise: x25519_public(&noise),
            class: Class::Pc,
            capabilities: 0,
            addresses: Vec::new(),
        };
        let (device, card) = (card.device(), card.sign(&key));
        Self { account, device, roster: roster.sign(&account_key), card, key, noise }
    }

    fn run(&self, text: &str) -> Run {
        let log = LogId { conversation: ConversationId::own(&self.account), device: self.device };
        let head = Head {
            kind: Kind::Text,
            log,
            seq: Seq(1),
            prev: EntryId::NONE,
            seen: Vec::new(),
            target: None,
            at: NOW,
            keep_for: 0,
            body_hash: Hash([0; 32]),
        };
        let body = Body { salt: [0; 16], content: text.into() };
        Run::sign(&[Unsigned::new(head, body)], self.account, &self.key).unwrap()
    }
}

pub(super) fn directory(me: &Person, friends: &[&Person], psk: &Secret) -> Directory {
    let secret = |friend: &Person| {
        let mut id = [0; 8];
        id.iter_mut().zip(me.account.0).zip(friend.account.0).for_each(|((id, a), b)| *id = a ^ b);
        SecretId(id)
    };
    Directory {
        noise: me.noise.clone(),
        roster: me.roster.clone(),
        card: me.card.clone(),
        devices: friends.iter().map(|f| (f.device, (x25519_public(&f.noise), secret(f)))).collect(),
        secrets: friends.iter().map(|f| (secret(f), (f.account, psk.clone()))).collect(),
        accounts: friends
            .iter()
            .map(|f| (f.account, Rosters::new(f.roster.clone()).unwrap()))
            .collect(),
    }
}

struct Node {
    person: Person,
    net: Net,
    events: mpsc::Receiver<Event>,
    addresses: Vec<Address>,
}

impl Node {
    async fn start(person: Person, friends: &[&Person], psk: &Secret) -> Self {
        let (sender, events) = mpsc::channel(64);
        let directory = directory(&person, friends, psk);
        let listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".into(), "/ip4/127.0.0.1/tcp/0".into()];
        let config = Config { listen, port: 0, directory, clock: Clock::start(), events: sender };
        let net = Net::start(config).unwrap();
        let mut node = Self { person, net, events, addresses: Vec::new() };
        while node.addresses.len() < 2 {
            let Event::Listening(addresses) = node.next().await else { panic!("not listening") };
            node.addresses = addresses;
        }
        node
    }

    async fn next(&mut self) -> Event {
        let event = tokio::time::timeout(PATIENCE, self.events.recv()).await;
        event.expect("something happens").expect("the network runs")
    }

    fn at(&self, transport: Transport) -> Address {
        *self.addresses.iter().find(|address| address.transport == transport).unwrap()
    }
}

async fn friends() -> (Node, Node) {
    let (ana, ben) = (Person::new(1), Person::new(2));
    let one = Node::start(Person::new(1), &[&ben], &PSK).await;
    (one, Node::start(ben, &[&ana], &PSK).await)
}

async fn linked(ana: &mut Node, ben: &mut Node, transport: Transport) -> (LinkId, LinkId) {
    ana.net.dial(1, ben.at(transport), Purpose::Link(ben.person.device));
    let Event::LinkUp { link: here, .. } = ana.next().await else { panic!("no link") };
    let Event::LinkUp { link: there, .. } = ben.next().await else { panic!("no link") };
    (here, there)
}

pub(super) fn frame(n: u64) -> Frame {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&n.to_le_bytes());
    Frame::MapDigest(digest)
}
