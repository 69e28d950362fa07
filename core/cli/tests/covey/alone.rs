//! What one person meets who has no friend yet.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use crate::person::{Person, object};

const NO_NODE: &str = "no node runs on this home; start one with `covey run`";

#[test]
fn a_command_without_a_node_says_how_to_start_one() {
    let ana = Person::new("Ana");
    for command in [&["friends"][..], &["watch"], &["send", "Ben", "hello"], &["wait", "12345678"]]
    {
        assert_eq!(ana.refused(1, command), NO_NODE, "{command:?}");
    }
}

#[test]
fn a_command_after_the_node_was_killed_says_how_to_start_one() {
    let mut ana = Person::start("Ana");
    ana.kill();
    assert_eq!(ana.refused(1, &["status"]), NO_NODE);
}

#[test]
fn wrong_usage_ends_with_two_and_a_sentence() {
    let ana = Person::new("Ana");
    for (command, sentence) in [
        (&["dance"][..], "unrecognized subcommand"),
        (&["send", "Ben"], "<TEXT>"),
        (&["accept"], "<TEXT>"),
        (&["invite", "--ttl", "soon"], "a time is a number of seconds, or as 90s, 10m, 12h or 7d"),
        (&["wait", "12345678", "--state", "kept"], "comes later"),
        (&["api", "query", "{"], "this is no JSON"),
        (&["run", "--web", "0.0.0.0:8080"], "pages are for browsers on this machine only"),
        (&["run", "--web", "8080"], "name a loopback address, as 127.0.0.1:0"),
    ] {
        let error = ana.refused(2, command);
        assert!(error.contains(sentence) && !error.contains('\n'), "{command:?}: {error}");
    }
}

#[test]
fn a_request_that_the_api_does_not_know_is_wrong_usage() {
    let ana = Person::start("Ana");
    assert!(ana.refused(2, &["api", "dance"]).contains("there is no such method"));
    ana.refused(2, &["api", "query", r#"{"dance": 1}"#]);
    assert_eq!(ana.ask(&["api", "query", r#""status""#])["result"]["status"]["name"], "Ana");
}

#[test]
fn a_node_tells_first_that_it_is_ready() {
    let mut ana = Person::new("Ana");
    let ready = ana.resume(&[]);
    assert_eq!(ready["name"], "Ana");
    assert_eq!(ready["vault"], "file");
    assert!(ready["socket"].as_str().unwrap().starts_with(ana.home.path().to_str().unwrap()));
    assert!(ready["addresses"][0].as_str().unwrap().starts_with("/ip4/127.0.0.1/udp/"));
}

#[test]
fn the_browser_edition_is_where_its_address_says() {
    let mut ana = Person::new("Ana");
    let ready = ana.resume(&["--web", "127.0.0.1:0"]);
    let address = ready["web"].as_str().unwrap();
    let (host, token) = address.strip_prefix("http://").unwrap().split_once("/#token=").unwrap();
    assert_eq!(token.len(), 32);
    let mut page = TcpStream::connect(host).unwrap();
    page.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    page.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("content-security-policy: default-src 'none'"), "{answer}");
    ana.kill();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    assert!(ana.refused(1, &["run", "--web", &taken]).contains("name another port, or 0 for any"));
    assert!(ana.first_screen(&["--web", "127.0.0.1:0"]).contains("\nhttp://127.0.0.1:"));
}

#[test]
fn a_second_node_on_one_home_refuses_and_the_first_goes_on() {
    let ana = Person::start("Ana");
    assert!(ana.refused(1, &["run"]).contains("a node runs on this home already"));
    assert_eq!(ana.ask(&["me"])["name"], "Ana");
}

#[test]
fn a_node_that_is_told_to_end_ends_well() {
    let mut ana = Person::start("Ana");
    assert_eq!(ana.terminate(), Some(0));
    assert_eq!(ana.resume(&[])["name"], "Ana");
}

#[test]
fn a_name_stays_through_a_restart_whatever_the_user_is_called() {
    let mut ana = Person::start("Ana");
    assert_eq!(ana.ask(&["me", "--name", "Anna"])["name"], "Anna");
    ana.kill();
    assert_eq!(ana.resume(&[])["name"], "Anna");
    assert!(ana.refused(1, &["me", "--name", ""]).contains("name"));
}

#[test]
fn only_the_right_passphrase_opens_a_home() {
    let mut ana = Person::new("Ana");
    let file = |name, words| {
        let path = ana.home.path().with_extension(name);
        fs::write(&path, words).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (right, wrong) = (file("right", "open sesame\n"), file("wrong", "open barley\n"));
    let empty = file("empty", "\n");
    let option = "--passphrase-file";

    assert_eq!(ana.resume(&[option, &right])["vault"], "passphrase");
    ana.kill();

    assert!(ana.refused(1, &["run", option, &wrong]).contains("passphrase"));
    assert!(ana.refused(1, &["run", option, &empty]).contains("empty"));
    assert!(ana.refused(1, &["run", option, "/nowhere"]).contains("cannot be read"));
    assert!(ana.refused(1, &["run"]).contains("passphrase"));
    assert_eq!(ana.resume(&[option, &right])["name"], "Ana");
}

#[test]
fn a_person_sees_an_invite_and_what_to_type_next() {
    let ana = Person::new("Ana");
    let seen = ana.first_screen(&[]);
    assert!(seen.contains("█▀") || seen.contains("▀█"), "a code: {seen}");
    assert!(seen.contains("covey accept COVEY:"), "{seen}");
    assert!(seen.contains("Secrets    in a file only you can read"), "{seen}");
    assert!(!seen.contains('\u{1b}'), "no colours where there is no terminal");
}

#[test]
fn nonsense_is_no_invite() {
    let ana = Person::start("Ana");
    assert_eq!(ana.refused(1, &["accept", "hello"]), "this is no Covey invite");
    assert_eq!(ana.refused(1, &["accept", ""]), "this is no Covey invite");
    assert!(ana.refused(1, &["accept", "--png", "/nowhere.png"]).contains("cannot be opened"));
    let invite = ana.ask(&["invite"])["invite"].as_str().unwrap().to_owned();
    assert!(ana.refused(1, &["accept", &invite]).contains("your own"));
}

#[test]
fn a_picture_of_an_invite_says_what_its_text_says() {
    let ana = Person::start("Ana");
    let picture = ana.home.path().join("invite.png");
    let invite = ana.ask(&["invite", "--png", picture.to_str().unwrap(), "--ttl", "1h"]);
    assert_eq!(covey_node::qr::read_png(&picture).unwrap(), invite["invite"].as_str().unwrap());
}

#[test]
fn a_home_is_repaired_while_no_node_runs() {
    let mut ana = Person::start("Ana");
    assert!(ana.refused(1, &["repair"]).contains("a node runs on this home already"));
    ana.terminate();
    let said = ana.ask(&["repair"]);
    assert_eq!((&said["whole"], &said["lost"]), (&true.into(), &serde_json::json!([])));
    assert!(fs::exists(said["damaged"].as_str().unwrap()).unwrap());
    assert!(ana.see(&["repair"]).starts_with("All that is in the database could be read\n"));
    assert_eq!(ana.resume(&[])["name"], "Ana");
}

#[test]
fn a_message_that_is_not_there_is_not_waited_for() {
    let ana = Person::start("Ana");
    assert_eq!(ana.refused(1, &["wait", "12345678"]), "there is no such message");
}

#[test]
fn what_comes_in_must_be_a_text() {
    let ana = Person::start("Ana");
    let refused = ana.pipe(&["send", "Ana", "--stdin"], b"\xff");
    assert_eq!(refused.status.code(), Some(1));
    assert!(object(&refused)["error"].as_str().unwrap().contains("no friend is called"));
}

#[test]
fn the_manual_and_completions_need_no_home() {
    let ana = Person::new("Ana");
    let manual = ana.see(&["man"]);
    assert!(manual.contains(".TH covey 1") && manual.contains(".TH covey-send 1"), "{manual}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(ana.see(&["completions", shell]).contains("covey"), "{shell}");
    }
    assert_eq!(fs::read_dir(ana.home.path()).unwrap().count(), 0);
}
