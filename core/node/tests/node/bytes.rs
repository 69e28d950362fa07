//! What pages send and take that is no JSON: pictures and backups.

use covey_node::{
    api::{Command, InviteKind, Reply},
    backup, qr,
    vault::Wish,
};
use tempfile::TempDir;

use crate::{
    people::{Person, status},
    site::{OTHER_START, Site},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_the_code_in_a_picture_read() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let invite = ana.ask(Command::Invite { kind: InviteKind::Link, ttl: None }).await;
    let Reply::Invite(text) = invite else { panic!("no invite: {invite:?}") };
    let (head, read) = site.post("/qr", &picture(&text)).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(read, text.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_hears_what_is_wrong_with_a_picture() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let cut = picture("x").split_at(100).0.to_vec();
    for (bytes, status, sentence) in [
        (cut, 422, "this file is not a PNG picture, or it is damaged"),
        (
            b"<svg onload=alert(1)>".to_vec(),
            422,
            "this file is not a PNG picture, or it is damaged",
        ),
        (Vec::new(), 422, "this file is not a PNG picture, or it is damaged"),
        (vec![0; (4 << 20) + 1], 413, "this picture is too large: at most 4 MiB"),
    ] {
        let (head, told) = site.post("/qr", &bytes).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert_eq!(String::from_utf8(told).unwrap(), sentence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gets_a_backup_that_can_be_restored() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    ana.befriend(&ben).await;
    ana.say(&ben, "hello").await.unwrap();
    let site = Site::of(&ana).await;
    let (head, sent) = site.post("/backup", b"correct horse").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("ana.covey");
    std::fs::write(&file, joined(&sent)).unwrap();
    drop(ana);

    let home = tempfile::tempdir().unwrap();
    backup::restore(&file, b"correct horse", home.path(), &Wish::File, |_, _| {}).unwrap();
    let again = Person::within(home, "nobody").await;
    let status = status(again.core()).await;
    assert_eq!((&*status.name, status.recovery), ("Ana", false), "no page gets the recovery key");
    assert_eq!(again.log(&ben).await[0].text.as_deref(), Some("hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_backup_is_made_with_a_passphrase_that_protects_nothing() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let (head, told) = site.post("/backup", b"").await;
    assert!(head.starts_with("HTTP/1.1 422 "), "{head}");
    assert_eq!(told, b"an empty passphrase protects nothing; type one");
    let (head, _) = site.post("/backup", &[b'x'; 5_000]).await;
    assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_no_token_or_comes_from_another_site_gets_no_backup() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let (origin, token) = (site.origin(), site.token.clone());
    for (token, origin, status) in [
        ("", &origin[..], 401),
        ("x", &origin, 401),
        (&token[..31], &origin, 401),
        (&token, "http://evil.example", 403),
        (&token, "", 403),
    ] {
        for path in ["/backup", "/qr"] {
            let (head, told) = site.post_as(token, origin, path, b"correct horse").await;
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{token} {origin}: {head}");
            assert!(status == 403 || told == OTHER_START.as_bytes());
        }
    }
    let (head, _) = site.post("/nowhere", b"").await;
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
}

/// A picture of a code.
fn picture(text: &str) -> Vec<u8> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("code.png");
    qr::write_png(&path, text).unwrap();
    std::fs::read(path).unwrap()
}

/// What was sent in chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = usize::from_str_radix(str::from_utf8(&chunks[..end]).unwrap(), 16).unwrap();
        let begin = end + 2;
        if length == 0 {
            return whole;
        }
        whole.extend_from_slice(&chunks[begin..begin + length]);
        chunks = &chunks[begin + length + 2..];
    }
}
