//! Two nodes in one process, over loopback: an invite, a text, a restart.

use crate::people::Person;
use covey_node::api::{Command, InviteKind, Reply};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_written_before_the_answer_arrives_once_and_survives_a_restart() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    let invite = ana.ask(Command::Invite { kind: InviteKind::Link, ttl: None }).await;
    let Reply::Invite(text) = invite else { panic!("no invite: {invite:?}") };
    let accepted = ben.ask(Command::Accept { text }).await;
    let Reply::Friend(friend) = accepted else { panic!("no friend: {accepted:?}") };
    assert_eq!(friend.name, "Ana");
    let id = ben.say(&ana, "hello, Ana").await.unwrap();
    ben.delivered(&id).await;
    let ana = Person::within(ana.leave().await, "ignored").await;
    let log = ana.log(&ben).await;
    let [message] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!((message.from.as_str(), message.text.as_deref()), ("Ben", Some("hello, Ana")));
}
