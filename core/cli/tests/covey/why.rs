//! Why a message or a friend cannot be reached, as a person reads it.

use serde_json::json;

use crate::person::Person;

#[test]
fn of_a_friend_who_is_off_it_is_said_when_he_was_linked_and_what_is_tried() {
    let (ana, mut ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    let id = ana.ask(&["send", "Ben", "hello"])["id"].as_str().unwrap().to_owned();
    ana.ask(&["wait", &id, "--timeout", "30"]);
    assert!(ana.see(&["why", "Ben"]).starts_with("Ben's computer is linked since "));
    assert!(ana.see(&["why", &id]).contains("Ben's computer has the message, since "));

    let mut watch = ana.watch();
    ben.terminate();
    watch.until(|event| event["friend"]["online"] == false);
    let said = ana.see(&["why", "ben"]);
    assert!(said.starts_with("Ben's computer was last linked at "), "{said}");
    assert!(said.contains("Looking for it on the local network is off."), "{said}");
    assert!(said.contains("1 address"), "{said}");

    let id = ana.ask(&["send", "Ben", "still there?"])["id"].as_str().unwrap().to_owned();
    assert!(ana.see(&["why", &id]).starts_with("The message waits for Ben's computer."));
    let why = ana.ask(&["why", "Ben"])["why"].clone();
    assert_eq!((&why["parties"][0]["lacks"], &why["friend"]["name"]), (&json!(1), &json!("Ben")));
}

#[test]
fn of_who_has_not_answered_it_is_said_that_writing_waits() {
    let (mut ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    let invite = ana.ask(&["invite"])["invite"].as_str().unwrap().to_owned();
    ana.kill();
    ben.ask(&["accept", &invite]);
    let said = ben.see(&["why", "Ana"]);
    assert!(said.starts_with("Ana has not answered yet; what you write waits until then."));
    assert!(said.contains("the invite is good until"), "{said}");
}

#[test]
fn of_who_is_blocked_it_is_said_how_to_end_it() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    ana.ask(&["block", "Ben"]);
    assert!(ana.see(&["why", "Ben"]).starts_with("You blocked Ben: nothing goes either way."));
}

#[test]
fn of_nobody_and_of_no_message_there_is_nothing_to_say() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    assert!(ana.refused(1, &["why", "Ben"]).contains("no friend is called"));
    assert_eq!(ana.refused(1, &["why", "12345678"]), "there is no such message");
    ana.befriend(&ben);
    let id = ana.ask(&["send", "Ben", "goodbye"])["id"].as_str().unwrap().to_owned();
    ana.ask(&["remove", "Ben"]);
    assert!(ana.refused(1, &["why", &id]).contains("the friendship it was written in is over"));
}
