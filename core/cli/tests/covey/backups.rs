//! Backups: written while a node runs, restored elsewhere, and nothing lost or doubled on either
//! side.

use std::fs;

use serde_json::Value;

use crate::person::Person;

#[test]
fn what_was_said_behind_a_backup_comes_back_and_nothing_is_doubled() {
    let (mut ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    say(&ana, "Ben", "before");
    say(&ben, "Ana", "before too");
    let files = tempfile::tempdir().unwrap();
    let (file, secret) = (files.path().join("ana.covey"), files.path().join("secret"));
    fs::write(&secret, "correct horse\n").unwrap();
    let (file, secret) = (file.to_str().unwrap(), secret.to_str().unwrap());
    ana.ask(&["backup", file, "--passphrase-file", secret]);
    say(&ana, "Ben", "behind");
    say(&ben, "Ana", "behind too");
    ana.kill();
    say_later(&ben, "Ana", "while she is away");

    let mut again = Person::new("Ana");
    fs::write(files.path().join("wrong"), "no\n").unwrap();
    let wrong = files.path().join("wrong");
    let told = again.refused(1, &["restore", file, "--passphrase-file", wrong.to_str().unwrap()]);
    assert_eq!(told, "the passphrase is wrong; try again");
    again.ask(&["restore", file, "--passphrase-file", secret]);
    let told = again.refused(1, &["restore", file, "--passphrase-file", secret]);
    assert!(told.starts_with("there is something in that folder already"), "{told}");
    again.resume(&[]);
    let mut all = ["before", "before too", "behind", "behind too", "while she is away", "on"];
    all.sort_unstable();
    say_later(&again, "Ben", "on");
    for (person, friend) in [(&again, "Ben"), (&ben, "Ana")] {
        let mut watch = person.watch();
        while texts(person, friend) != all {
            watch.until(|event| event.get("message").is_some());
        }
    }

    let former = again.ask(&["status"])["former"].clone();
    assert_eq!(former[0]["restored"], true);
    let device = former[0]["device"].as_str().unwrap();
    assert!(again.see(&["status"]).contains("Is the old one gone?"));
    again.ask(&["device", "keep", device]);
    assert_eq!(again.ask(&["status"])["former"].as_array().unwrap().len(), 0);
}

/// Says it, and waits until the other has it.
fn say(person: &Person, to: &str, text: &str) {
    let sent = person.ask(&["send", to, text]);
    person.ask(&["wait", sent["id"].as_str().unwrap(), "--timeout", "60"]);
}

fn say_later(person: &Person, to: &str, text: &str) {
    person.ask(&["send", to, text]);
}

fn texts(person: &Person, friend: &str) -> Vec<String> {
    let log = person.ask(&["log", friend]);
    let text = |message: &Value| message["text"].as_str().unwrap().to_owned();
    let mut texts: Vec<_> = log["messages"].as_array().unwrap().iter().map(text).collect();
    texts.sort_unstable();
    texts
}
