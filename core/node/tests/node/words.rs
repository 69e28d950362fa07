//! What people type: texts and names of every kind, and more invites than anybody needs.

use covey_node::api::{Command, Event, InviteKind};

use crate::people::{Person, status};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_any_characters_comes_as_it_was_written() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    ana.befriend(&ben).await;
    let longest = "x".repeat(32 << 10);
    let texts = [
        "\0",
        "\u{1b}]0;owned\u{7}\r\n",
        "\u{202e}txet eht nrut\u{2066}",
        "שלום, مرحبا",
        "👩\u{200d}🚀 e\u{301} \u{feff}",
        " ",
        "\"}],\\u0000'; DROP TABLE message; --",
        &longest,
    ];
    for text in texts {
        ana.delivered(&ana.say(&ben, text).await.unwrap()).await;
    }
    for log in [ana.log(&ben).await, ben.log(&ana).await] {
        assert!(log.iter().map(|message| message.text.as_deref()).eq(texts.map(Some)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_nothing_or_too_much_is_refused_with_a_sentence() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    ana.befriend(&ben).await;
    for (text, sentence) in [
        ("", "the text is empty; write something"),
        (&*"x".repeat((32 << 10) + 1), "the text is longer than 32 KiB; send it in parts"),
    ] {
        assert_eq!(ana.say(&ben, text).await.unwrap_err().to_string(), sentence);
    }
    assert_eq!(ana.log(&ben).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_empty_too_long_or_a_friends_is_refused_with_a_sentence() {
    let ana = Person::new("Ana").await;
    let [ben, cleo] = [Person::new("Ben").await, Person::new("Cleo").await];
    for other in [&ben, &cleo] {
        ana.befriend(other).await;
    }
    let friend = ana.friend(&ben).await.unwrap().id;
    let long = "x".repeat(65);
    let rename = |name: &str| Command::Rename { friend: friend.clone(), name: name.into() };
    let call = |name: &str| Command::SetName { name: name.into() };
    let unseen = ["", "   ", "\u{7}\u{202e}", &long];
    let commands = unseen.into_iter().flat_map(|name| [rename(name), call(name)]);
    for command in commands.chain([rename("Cleo")]) {
        let refusal = ana.core().command(None, command.clone()).await.unwrap_err();
        let sentence = "that name is empty, too long, or another friend's; choose another";
        assert_eq!(refusal.to_string(), sentence, "{command:?}");
    }
    ana.ask(rename("\u{1b}[1mBenny\u{202e}")).await;
    let mut events = ana.core().listen();
    ana.ask(call(&long[1..])).await;
    while !matches!(events.next().await, Some(Event::Snapshot(status)) if status.name == long[1..])
    {
    }
    let status = status(ana.core()).await;
    assert_eq!((status.name, status.friends[1].name.as_str()), (long[1..].into(), "[1mBenny"));
}

#[tokio::test]
async fn more_open_invites_than_64_are_refused_with_a_sentence() {
    let ana = Person::new("Ana").await;
    let invite = || Command::Invite { kind: InviteKind::Link, ttl: None };
    for _ in 0..64 {
        ana.ask(invite()).await;
    }
    let refusal = ana.core().command(None, invite()).await.unwrap_err();
    assert_eq!(refusal.to_string(), "64 invites are open already; wait until one expires");
}
