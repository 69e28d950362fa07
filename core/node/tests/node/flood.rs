//! A stranger who wants to keep a node from its friends.

use std::sync::Arc;

use covey_node::{
    api::{Command, InviteKind, Reply},
    clock::Clock,
    net::{Config, Event, Net, Purpose},
};
use covey_proto::{
    people::{directory::Directory, invite::Invite},
    seal::Secret,
    wire::{Address, Signed, Transport, letter::Letter1},
};
use tokio::{sync::mpsc, task::JoinSet};

use crate::people::{Person, status};

/// From so many addresses of his, on a machine where each counts by itself.
const HOSTS: u8 = 100;
const HELLOS: u64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_hellos_keep_nobody_from_his_friends() {
    let (ana, ben, cleo) =
        (Person::new("Ana").await, Person::new("Ben").await, Person::new("Cleo").await);
    ana.befriend(&ben).await;
    let invite = ana.ask(Command::Invite { kind: InviteKind::Link, ttl: None }).await;
    let Reply::Invite(text) = invite else { panic!("no invite: {invite:?}") };
    let invite = Invite::parse(&text).unwrap();
    let letters = [invite.tag().0, [7; 16]].map(|tag| {
        let tag = covey_proto::InviteTag(tag);
        Letter1 { kind: invite.kind, tag, sealed: vec![7; 2000] }.encode()
    });
    let letters = Arc::new(letters);
    let mut flood = JoinSet::new();
    for host in 0..HOSTS {
        flood.spawn(pester(host, invite.addresses.clone(), letters.clone()));
    }

    let ids =
        [ana.say(&ben, "do you hear me?").await.unwrap(), ana.say(&ben, "still?").await.unwrap()];
    let answer = ben.say(&ana, "yes").await.unwrap();
    for id in &ids {
        ana.delivered(id).await;
    }
    ben.delivered(&answer).await;
    cleo.ask(Command::Accept { text }).await;
    cleo.delivered(&cleo.say(&ana, "may I come in?").await.unwrap()).await;

    let answered: u64 = flood.join_all().await.into_iter().sum();
    assert_eq!(answered, 0);
    let turned_away = status(ana.core()).await.turned_away;
    assert!(turned_away > u64::from(HOSTS) * HELLOS * 9 / 10, "{turned_away}");
    assert_eq!(status(ana.core()).await.friends.len(), 2);
}

/// Leaves letters from an address of its own; how many were answered.
async fn pester(host: u8, at: Vec<Address>, letters: Arc<[Vec<u8>; 2]>) -> u64 {
    let nothing = Signed { bytes: Vec::new(), signature: Vec::new() };
    let directory = Directory {
        noise: Secret([host; 32]),
        roster: nothing.clone(),
        card: nothing,
        devices: Default::default(),
        secrets: Default::default(),
        accounts: Default::default(),
    };
    let listen = vec![format!("/ip4/127.0.1.{host}/udp/0/quic-v1")];
    let (told, mut events) = mpsc::channel(1024);
    let net =
        Net::start(Config { listen, port: 0, directory, clock: Clock::start(), events: told });
    let net = net.unwrap();
    let at = at.into_iter().find(|at| at.transport == Transport::Quic).unwrap();
    let (mut answered, mut over) = (0, 0);
    for n in 0..HELLOS {
        net.dial(n, at, Purpose::Hello(letters[n as usize % 2].clone()));
    }
    while over < HELLOS {
        let event = events.recv().await.unwrap();
        over += u64::from(matches!(event, Event::Answered { .. } | Event::DialFailed { .. }));
        answered += u64::from(matches!(event, Event::Answered { .. }));
    }
    answered
}
