//! Two friends, from the invite to the end of the friendship.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::person::{Person, object};

#[test]
fn one_invite_befriends_both_and_what_is_said_arrives() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);

    let sent = ben.ask(&["send", "Ana", "Hello, Ana!"]);
    let id = sent["id"].as_str().unwrap();
    let state = json!({ "id": id, "state": "delivered" });
    assert_eq!(ben.ask(&["wait", id, "--state", "delivered", "--timeout", "30"]), state);
    assert_eq!(ben.ask(&["wait", &id[..12]]), state, "by how its id begins");

    for (person, friend) in [(&ana, "ben"), (&ben, "A")] {
        let log = person.ask(&["log", friend]);
        let [message] = log["messages"].as_array().unwrap().as_slice() else { panic!("{log}") };
        assert_eq!(message["id"], id);
        assert_eq!(message["from"], "Ben");
        assert_eq!(message["text"], "Hello, Ana!");
        assert_eq!(message["state"], "delivered");
        assert!(message["at"].is_u64());
    }
    assert!(ben.see(&["log", "Ana"]).ends_with("  me  Hello, Ana!  delivered\n"));
}

#[test]
fn a_code_on_the_screen_befriends_and_is_remembered_as_scanned() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    let mut watch = ben.watch();
    let invite = ana.ask(&["invite", "--qr"])["invite"].as_str().unwrap().to_owned();
    ben.ask(&["accept", &invite]);
    watch.until(|event| event["friend"]["standing"] == "friend");
    assert_eq!(ben.ask(&["friends"])["friends"][0]["verified"], true);
    assert!(ben.see(&["friends"]).contains("verified"));
    assert!(ana.see(&["invite", "--qr"]).contains("█"));
}

#[test]
fn a_friend_of_two_brings_them_together() {
    let [ana, ben, cleo] = ["Ana", "Ben", "Cleo"].map(Person::start);
    ana.befriend(&ben);
    ana.befriend(&cleo);
    let mut watches = [ben.watch(), cleo.watch()];
    ana.ask(&["introduce", "Ben", "Cleo"]);
    for watch in &mut watches {
        watch.until(|event| event["offer"]["by"] == "Ana");
    }
    assert!(ben.see(&["meet"]).starts_with("Cleo  introduced by Ana"));
    ben.ask(&["meet", "Cleo"]);
    cleo.ask(&["meet", "Ben"]);
    for watch in &mut watches {
        watch.until(|event| event["friend"]["standing"] == "friend");
    }
    assert!(ben.see(&["friends"]).contains("introduced by Ana"));
    let number = ben.ask(&["safety", "Cleo"])["safety"].clone();
    assert_eq!(cleo.ask(&["safety", "Ben", "--same"])["safety"], number);
    assert!(cleo.see(&["friends"]).contains("verified"));
}

#[test]
fn who_is_not_introduced_cannot_be_met() {
    let ana = Person::start("Ana");
    let error = ana.refused(1, &["meet", "Zoe"]);
    assert_eq!(error, "nobody introduces you to “Zoe”; `covey meet` lists whom you could meet");
}

#[test]
fn waiting_too_long_ends_with_three() {
    let (ana, mut ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    ben.kill();
    let sent = ana.ask(&["send", "Ben", "Are you there?"]);
    let id = sent["id"].as_str().unwrap();
    let error = ana.refused(3, &["wait", id, "--timeout", "0.2"]);
    assert_eq!(error, "it has not come so far in that time");
}

#[test]
fn waiting_ends_when_the_friend_is_back() {
    let (ana, mut ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    ben.kill();
    let sent = ana.ask(&["send", "Ben", "Good morning"]);
    let id = sent["id"].as_str().unwrap();
    let mut wait = ana.begin(&["wait", id]);
    ben.resume(&[]);
    assert_eq!(wait.line(), json!({ "id": id, "state": "delivered" }));
    assert_eq!(wait.end(), Some(0));
}

#[test]
fn who_watches_sees_a_message_come() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    let mut watch = ana.watch();
    ben.ask(&["send", "Ana", "psst"]);
    watch.until(|event| event["message"]["text"] == "psst");
}

#[test]
fn who_watches_a_node_that_ends_is_told() {
    let mut ana = Person::start("Ana");
    let mut watch = ana.watch();
    ana.terminate();
    assert_eq!(watch.line(), json!({ "error": "the node has stopped" }));
    assert_eq!(watch.end(), Some(1));
}

#[test]
fn a_friend_whose_node_is_told_to_end_is_seen_to_go() {
    let (ana, mut ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    let sent = ana.ask(&["send", "Ben", "Bye"]);
    ana.ask(&["wait", sent["id"].as_str().unwrap()]);
    let mut watch = ana.watch();

    ben.terminate();
    let gone = Instant::now();
    watch.until(|event| event["friend"]["online"] == false);
    assert!(gone.elapsed() < Duration::from_secs(10), "he was taken for linked");
}

#[test]
fn what_comes_in_is_sent_without_the_end_of_its_last_line() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    for (input, text) in [("one\ntwo\n", "one\ntwo"), ("three\r\n", "three"), ("four", "four")] {
        let sent = ana.pipe(&["send", "Ben", "--stdin"], input.as_bytes());
        assert!(object(&sent)["id"].is_string(), "{sent:?}");
        assert_eq!(ana.ask(&["log", "Ben", "--limit", "1"])["messages"][0]["text"], text);
    }
}

#[test]
fn a_text_that_cannot_be_said_is_refused_with_a_sentence() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    assert_eq!(ana.refused(1, &["send", "Ben", ""]), "the text is empty; write something");
    let long = "x".repeat((32 << 10) + 1);
    assert!(ana.refused(1, &["send", "Ben", &long]).contains("longer than 32 KiB"));
    for (input, sentence) in [
        (b"\xff".to_vec(), "what came in is no text"),
        (vec![b'x'; 100_000], "far longer than a text may be"),
    ] {
        let output = ana.pipe(&["send", "Ben", "--stdin"], &input);
        assert!(object(&output)["error"].as_str().unwrap().contains(sentence), "{output:?}");
    }
    ana.ask(&["send", "Ben", &long[1..]]);
}

#[test]
fn a_long_conversation_is_shown_whole_and_in_order() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    let long = |number: usize| format!("{number} {}", "\u{1}".repeat(30_000));
    for number in 0..130 {
        ana.pipe(&["send", "Ben", "--stdin"], long(number).as_bytes());
    }
    let texts = |limit: &str| -> Vec<Value> {
        let log = ana.ask(&["log", "Ben", "--limit", limit]);
        log["messages"].as_array().unwrap().iter().map(|message| message["text"].clone()).collect()
    };
    assert_eq!(texts("10000"), (0..130).map(long).collect::<Vec<_>>());
    assert_eq!(texts("101"), (29..130).map(long).collect::<Vec<_>>());
    assert_eq!(texts("0"), Vec::<Value>::new());
}

#[test]
fn names_are_unique_can_be_changed_and_are_found_by_how_they_begin() {
    let (ana, ben, other) = (Person::start("Ana"), Person::start("Ben"), Person::start("Ben"));
    ana.befriend(&ben);
    let mut watch = ana.watch();
    let invite = ana.ask(&["invite"])["invite"].as_str().unwrap().to_owned();
    other.ask(&["accept", &invite]);
    watch.until(|event| event["friend"]["name"] == "Ben 2");

    assert_eq!(ana.ask(&["rename", "Ben 2", "Benedict"])["friend"], "Benedict");
    assert!(ana.refused(1, &["rename", "Benedict", "Ben"]).contains("another friend's"));
    assert_eq!(ana.refused(1, &["log", "be"]), "“be” may be Ben or Benedict");
    assert!(ana.refused(1, &["log", "Bne"]).contains("did you mean Ben"));
    ana.ask(&["log", "bened"]);
}

#[test]
fn a_blocked_friend_is_heard_no_more_until_unblocked() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    assert_eq!(ana.ask(&["block", "Ben"]), json!({ "friend": "Ben", "blocked": true }));
    assert!(ana.see(&["friends"]).contains("blocked"));
    assert!(ana.refused(1, &["send", "Ben", "hello"]).contains("unblock"));

    assert_eq!(ana.ask(&["block", "Ben", "--undo"]), json!({ "friend": "Ben", "blocked": false }));
    let sent = ben.ask(&["send", "Ana", "hello again"]);
    ben.ask(&["wait", sent["id"].as_str().unwrap(), "--timeout", "30"]);
}

#[test]
fn a_removed_friend_is_gone() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    assert_eq!(ana.ask(&["remove", "Ben"]), json!({ "removed": "Ben" }));
    assert_eq!(ana.ask(&["friends"]), json!({ "friends": [] }));
    assert!(ana.refused(1, &["send", "Ben", "hello"]).contains("no friend is called"));
}

#[test]
fn a_hostile_name_and_text_do_nothing_to_a_terminal() {
    let (eve, ben) = (Person::start("\u{202e}E\u{1b}[31mve\u{9b}"), Person::start("Ben"));
    ben.befriend(&eve);
    let sent = eve.ask(&["send", "Ben", "\u{1b}]0;owned\u{7}\n14:00  me   I pay\u{2066}"]);
    eve.ask(&["wait", sent["id"].as_str().unwrap(), "--timeout", "30"]);

    let name = ben.ask(&["friends"])["friends"][0]["name"].as_str().unwrap().to_owned();
    for command in [&["friends"][..], &["status"], &["log", &name]] {
        for seen in [ben.see(command), ben.see(&[&["--json"], command].concat())] {
            let acts =
                |c: char| c != '\n' && c.is_control() || ('\u{2028}'..'\u{206a}').contains(&c);
            assert!(!seen.contains(acts), "{command:?}: {seen:?}");
        }
    }
}
