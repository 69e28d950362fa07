//! Two nodes in one process, over loopback: an invite, a text, a restart.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::path::Path;

use covey_node::{
    api::{Answer, Command, Core, Event, InviteKind, Query, Reply, State},
    home::{self, Home},
    run::{self, Running},
    vault::Wish,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_written_before_the_answer_arrives_once_and_survives_a_restart() {
    let (ana, bob) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (node(ana.path(), "Ana"), node(bob.path(), "Bob"));
    listening(one.core()).await;
    let invite = invite(one.core()).await;
    let Reply::Friend(friend) = ask(two.core(), Command::Accept { text: invite }).await else {
        panic!()
    };
    assert_eq!(friend.name, "Ana");
    let text = String::from("hello, Ana");
    let sent = Command::Send { friend: friend.id.clone(), text: text.clone() };
    let Reply::Sent(id) = ask(two.core(), sent).await else { panic!() };
    delivered(two.core(), &id).await;
    let Answer::Status(status) = one.core().query(Query::Status).await.unwrap() else { panic!() };
    assert_eq!(status.friends.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["Bob"]);
    one.stop().await;
    let one = node(ana.path(), "ignored");
    let log = Query::Log { friend: friend.id, before: None, limit: 10 };
    let Answer::Log(log) = one.core().query(log).await.unwrap() else { panic!() };
    assert_eq!(
        log.iter().map(|m| (m.from.as_str(), m.text.clone())).collect::<Vec<_>>(),
        [("Bob", Some(text))]
    );
}

fn node(dir: &Path, name: &str) -> Running {
    let options = home::Options { keep: Wish::File, name: name.into() };
    let home = Home::open(dir, &options).unwrap();
    let listen = ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"].map(String::from).into();
    run::start(home, &run::Options { listen, lan: false }).unwrap()
}

async fn ask(core: &Core, command: Command) -> Reply {
    core.command(None, command).await.unwrap()
}

async fn invite(core: &Core) -> String {
    let Reply::Invite(text) =
        ask(core, Command::Invite { kind: InviteKind::Link, ttl: None }).await
    else {
        panic!()
    };
    text
}

async fn listening(core: &Core) {
    let mut events = core.listen();
    while let Some(event) = events.next().await {
        if matches!(&event, Event::Snapshot(status) if !status.addresses.is_empty()) {
            return;
        }
    }
}

async fn delivered(core: &Core, id: &str) {
    let mut events = core.listen();
    while events.next().await.is_some() {
        let Answer::Message(message) = core.query(Query::Message { id: id.into() }).await.unwrap()
        else {
            panic!()
        };
        if message.state == State::Delivered {
            return;
        }
    }
}
