//! A stranger who wants to keep a node from its friends.

use std::sync::Arc;

use covey_node::api::{Command, InviteKind, Reply};
use covey_proto::{InviteTag, people::invite::Invite, wire::letter::Letter1};
use tokio::task::JoinSet;

use crate::{
    people::{Person, status},
    stranger::Stranger,
};

/// From so many addresses of his, on a machine where each counts by itself.
const HOSTS: u8 = 100;
const HELLOS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_hellos_keep_nobody_from_his_friends() {
    let (ana, ben, cleo) =
        (Person::new("Ana").await, Person::new("Ben").await, Person::new("Cleo").await);
    ana.befriend(&ben).await;
    let invite = ana.ask(Command::Invite { kind: InviteKind::Link, ttl: None }).await;
    let Reply::Invite(text) = invite else { panic!("no invite: {invite:?}") };
    let invite = Invite::parse(&text).unwrap();
    let letters = [invite.tag().0, [7; 16]].map(|tag| {
        let tag = InviteTag(tag);
        Letter1 { kind: invite.kind, tag, sealed: vec![7; 2000] }.encode()
    });
    let letters = Arc::new(letters);
    let mut flood = JoinSet::new();
    for host in 0..HOSTS {
        let (to, letters) = (invite.addresses.clone(), letters.clone());
        flood.spawn(async move {
            let letters = (0..HELLOS).map(|n| letters[n % 2].clone());
            Stranger::new(host).leave(&to, letters).await
        });
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

    let answers = flood.join_all().await.concat();
    assert_eq!(answers.len(), 10_000);
    assert!(answers.iter().all(Option::is_none));
    let turned_away = status(ana.core()).await.turned_away;
    assert!(turned_away > 9_000, "{turned_away}");
    assert_eq!(status(ana.core()).await.friends.len(), 2);
}
