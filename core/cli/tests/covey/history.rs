//! What was said long ago, and what is not said yet.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};

use crate::person::Person;

#[test]
fn a_conversation_is_shown_before_and_around_a_message() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    let ids: Vec<_> = (0..9).map(|number| say(&ana, &number.to_string())).collect();
    let texts = |options: &[&str]| -> Vec<String> {
        let log = ana.ask(&[&["log", "Ben"], options].concat());
        let messages = log["messages"].as_array().unwrap().iter();
        messages.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&["--before", &ids[4], "--limit", "3"]), ["1", "2", "3"]);
    assert_eq!(texts(&["--before", &ids[4][..16]]), ["0", "1", "2", "3"]);
    assert_eq!(texts(&["--before", &ids[0]]), [""; 0]);
    assert_eq!(texts(&["--around", &ids[4], "--limit", "5"]), ["2", "3", "4", "5", "6"]);
    assert_eq!(texts(&["--around", &ids[8], "--limit", "4"]), ["6", "7", "8"]);
}

#[test]
fn no_page_begins_at_a_message_that_is_not_there_or_of_another_conversation() {
    let (ana, ben, cleo) = (Person::start("Ana"), Person::start("Ben"), Person::start("Cleo"));
    ana.befriend(&ben);
    ana.befriend(&cleo);
    let id = say(&ana, "hello");
    for (friend, id) in [("Ben", &"0".repeat(64)), ("Cleo", &id)] {
        for option in ["--before", "--around"] {
            let error = ana.refused(1, &["log", friend, option, id]);
            assert_eq!(error, "there is no such message");
        }
    }
}

#[test]
fn what_was_said_is_found_with_everybody_or_one_friend_and_can_be_gone_to() {
    let (ana, ben, cleo) = (Person::start("Ana"), Person::start("Ben"), Person::start("Cleo"));
    ana.befriend(&ben);
    ana.befriend(&cleo);
    let id = say(&ana, "Találkozzunk a nagy tölgy alatt");
    say(&ana, "東京に行く\nforged line");
    ana.ask(&["send", "Cleo", "the Tölgyfa again"]);

    let found = |words: &[&str]| -> Vec<Value> {
        let found = ana.ask(&[&["search"], words].concat());
        found["found"].as_array().unwrap().iter().map(|f| f["message"]["text"].clone()).collect()
    };
    assert_eq!(found(&["tolgy"]), ["the Tölgyfa again", "Találkozzunk a nagy tölgy alatt"]);
    assert_eq!(found(&["TÖLGY", "--with", "Ben"]), ["Találkozzunk a nagy tölgy alatt"]);
    assert_eq!(found(&["tolgy", "--limit", "1"]), ["the Tölgyfa again"]);
    assert_eq!(found(&["京"]), ["東京に行く\nforged line"]);
    assert_eq!(found(&["alatt", "talal"]), ["Találkozzunk a nagy tölgy alatt"]);
    assert_eq!(found(&["\" OR *"]), [""; 0]);
    assert_eq!(found(&["--", "-gy"]), [""; 0]);

    let seen = ana.see(&["search", "tölgy", "--with", "Ben"]);
    assert!(seen.contains("me to Ben  Találkozzunk a nagy tölgy alatt"), "{seen}");
    assert!(seen.trim_end().ends_with(&id[..16]), "{seen}");
    assert!(ana.see(&["search", "行"]).contains("東京に行く forged line"));
    assert_eq!(ana.see(&["search", "nothing"]), "Nothing was found\n");
    assert_eq!(
        ana.refused(1, &["search", " "]),
        "there is nothing to search for; type a word, or how it begins"
    );
}

#[test]
fn what_was_said_is_written_whole_into_a_file_of_ones_own() {
    let (ana, ben, cleo) = (Person::start("Ana"), Person::start("Ben"), Person::start("Cleo"));
    ana.befriend(&ben);
    ana.befriend(&cleo);
    for number in 0..230 {
        ana.ask(&["wait", &say(&ana, &format!("Nº {number}"))]);
    }
    let sent = ben.ask(&["send", "Ana", "one\n# Cleo\n"]);
    ben.ask(&["wait", sent["id"].as_str().unwrap()]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ben.txt");
    let file = path.to_str().unwrap();

    assert_eq!(ana.ask(&["export", "Ben", file]), json!({ "messages": 231, "file": file }));
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let said: Vec<_> = text.lines().filter_map(|line| line.split_once("  ")).collect();
    let ours = said[..230].iter().enumerate();
    assert!(ours.clone().all(|(n, line)| line.1 == format!("→ Ben: Nº {n}")), "{text}");
    assert!(text.starts_with("# Ben\n\n20") && text.ends_with("  Ben: one\n    # Cleo\n\n"));
    assert_eq!(ana.see(&["export", "Ben"]), text);

    let error = ana.refused(1, &["export", "--all", file]);
    assert!(
        error.ends_with("ben.txt cannot be written: it is there already; --force overwrites it")
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    ana.ask(&["export", "--all", file, "--force"]);
    let all = fs::read_to_string(&path).unwrap();
    assert_eq!(all, format!("{text}# Cleo\n\n\n"));

    assert!(ana.refused(1, &["export", "Ben", "/nowhere/x"]).contains("cannot be written"));
    for usage in [&["--json", "export", "Ben"][..], &["export", "--all", "Ben", "x"], &["export"]] {
        assert_eq!(ana.command(usage).output().unwrap().status.code(), Some(2), "{usage:?}");
    }
}

#[test]
fn a_draft_is_kept_until_it_is_sent_or_cleared() {
    let (mut ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    assert_eq!(ana.ask(&["draft", "Ben"]), json!({ "draft": "" }));
    ana.ask(&["draft", "Ben", "Dear Ben"]);
    ana.kill();
    ana.resume(&[]);
    assert_eq!(ana.ask(&["draft", "Ben"]), json!({ "draft": "Dear Ben" }));
    assert_eq!(ben.ask(&["draft", "Ana"]), json!({ "draft": "" }), "nobody else has it");
    say(&ana, "hello");
    assert_eq!(ana.ask(&["draft", "Ben"]), json!({ "draft": "" }));

    ana.ask(&["draft", "Ben", "-_-"]);
    assert_eq!(ana.see(&["draft", "Ben"]), "-_-\n");
    ana.ask(&["draft", "Ben", "--clear"]);
    assert_eq!(ana.see(&["draft", "Ben"]), "Nothing is kept for Ben\n");
}

#[test]
fn a_draft_that_could_not_be_sent_is_refused_and_the_one_before_it_stays() {
    let (ana, ben) = (Person::start("Ana"), Person::start("Ben"));
    ana.befriend(&ben);
    let long = "x".repeat((32 << 10) + 1);
    ana.ask(&["draft", "Ben", &long[1..]]);
    assert!(ana.refused(1, &["draft", "Ben", &long]).contains("longer than 32 KiB"));
    assert_eq!(ana.ask(&["draft", "Ben"])["draft"], long[1..]);
}

/// Ana says something to Ben; the message's id.
fn say(ana: &Person, text: &str) -> String {
    let sent: Value = ana.ask(&["send", "Ben", text]);
    sent["id"].as_str().unwrap().to_owned()
}
