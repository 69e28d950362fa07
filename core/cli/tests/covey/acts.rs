//! What is done to messages, as two people do it.

use serde_json::{Value, json};

use crate::person::Person;

#[test]
fn what_was_said_is_answered_edited_felt_and_taken_back() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    let mut watch = ana.watch();
    let hello = id(&ben.ask(&["send", "Ana", "hallo"]));
    watch.until(|event| event["message"]["text"] == "hallo");
    ben.ask(&["edit", &hello[..12], "hello"]);
    watch.until(|event| event["message"]["edited"] == true);
    assert!(ana.refused(1, &["edit", &hello, "no"]).contains("only its author can edit it"));
    assert!(ana.refused(1, &["retract", &hello]).contains("this message is not yours"));
    assert!(ana.refused(1, &["react", &hello, "ha"]).contains("one emoji or letter"));
    assert!(ana.refused(1, &["edit", &"0".repeat(64), "no"]).contains("there is no such message"));
    ana.ask(&["react", &hello, "👍"]);
    let answer = id(&ana.ask(&["reply", &hello, "hi"]));
    ben.ask(&["wait", &hello]);
    ana.ask(&["wait", &answer, "--timeout", "30"]);
    let log = ben.see(&["log", "Ana", "--ids"]);
    let said: Vec<_> = log.lines().collect();
    assert!(said[0].contains("  me   hello  edited  👍 Ana") && said[0].contains(&hello[..16]));
    assert!(said[1].contains("> Ben hello"), "{log}");
    assert!(said[2].contains("hi"));
    ana.ask(&["react", &hello, "--undo"]);
    ben.ask(&["retract", &hello]);
    assert!(ben.refused(1, &["edit", &hello, "late"]).contains("was taken back"));
    watch.until(|event| event["message"]["content"] == "taken_back");
    let message = ana.ask(&["log", "Ben"])["messages"][0].clone();
    assert_eq!((&message["text"], &message["reactions"]), (&Value::Null, &json!([])));
    assert!(ana.see(&["log", "Ben"]).contains("(message taken back)"));
}

#[test]
fn what_is_kept_for_a_while_is_said_and_goes() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    let mut watch = ben.watch();
    assert!(ana.refused(2, &["expire", "Ben", "0"]).contains("a message is kept for a second"));
    ana.ask(&["expire", "Ben", "2s"]);
    watch.until(|event| event["message"]["keep_for"] == 2000);
    assert!(ben.see(&["friends"]).contains("messages are kept for 2 s"));
    ben.ask(&["send", "Ana", "gone in a moment"]);
    watch.until(|event| event["message"]["content"] == "expired");
    let log = ben.see(&["log", "Ana"]);
    assert!(log.contains("(messages are kept for 2 s from here on)"), "{log}");
    assert!(log.contains("(its time is over)") && !log.contains("moment"), "{log}");
}

#[test]
fn what_is_read_is_counted_and_told_only_to_friends_who_may_know() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    let (mut watch, said) =
        (ben.watch(), ["one", "two"].map(|text| ana.ask(&["send", "Ben", text])));
    watch.until(|event| event["friend"]["unread"] == 2);
    assert!(ben.see(&["friends"]).contains("2 unread"));
    assert_eq!(ben.ask(&["read", "Ana"]), json!({ "friend": "Ana", "unread": 0 }));
    watch.until(|event| event["friend"]["unread"] == 0);
    let last = id(&said[1]);
    let error = ana.refused(3, &["wait", &last, "--state", "read", "--timeout", "0.5"]);
    assert_eq!(error, "it has not come so far in that time");
    assert!(ben.see(&["setting"]).contains("read-marks  off"));
    ben.ask(&["setting", "read-marks", "on"]);
    ana.ask(&["wait", &last, "--state", "read", "--timeout", "30"]);
    assert!(ana.see(&["log", "Ben"]).ends_with("two  read\n"));
    assert!(ana.see(&["why", &last]).starts_with("Ben has read it."));
    assert!(ben.refused(2, &["setting", "read-marks"]).contains("required"));
    assert!(ben.refused(2, &["setting", "colour", "on"]).contains("invalid value"));
}

fn id(said: &Value) -> String {
    said["id"].as_str().unwrap().into()
}
