//! The browser edition as browsers meet it, and whoever else comes to its port.

use covey_node::api::{Command, web};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

use crate::{
    people::Person,
    site::{OTHER_START, Site},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_shows_the_token_does_what_its_person_can() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    ana.befriend(&ben).await;
    let site = Site::of(&ana).await;
    let (mut page, mut other) = (site.page().await, site.page().await);
    page.ask("events", Value::Null).await;
    let snapshot = page.read().await.unwrap();
    let friend = &snapshot["params"]["snapshot"]["friends"][0];
    assert_eq!(friend["name"], "Ben");

    let send = json!({"do": {"send": {"friend": friend["id"], "text": "hello"}}});
    let sent = other.ask("command", send).await["result"]["sent"].clone();
    let told = loop {
        let event = page.read().await.unwrap();
        if event["params"]["message"].is_object() {
            break event;
        }
    };
    assert_eq!(told["params"]["message"]["id"], sent);
    ana.delivered(sent.as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_no_token_or_another_one_is_told_so_and_nothing_else() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let earlier = Site::of(&ana).await.token;
    let half = &site.token[..16];
    for shown in [vec![], vec![&site.token[..]], vec![&site.token, "covey"]] {
        assert_eq!(site.connect(&shown, &site.origin()).await.err(), Some(400), "{shown:?}");
    }
    for shown in [vec!["covey"], vec!["covey", ""], vec!["covey", half], vec!["covey", &earlier]] {
        let mut page = site.connect(&shown, &site.origin()).await.unwrap();
        page.write(r#"{"jsonrpc": "2.0", "id": 1, "method": "query", "params": "status"}"#).await;
        let Some(Ok(Message::Close(Some(close)))) = page.0.next().await else {
            panic!("{shown:?} opens it")
        };
        assert_eq!(close.code, CloseCode::Policy);
        assert_eq!(close.reason, OTHER_START);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_answered_under_another_name_of_this_machine() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let port = site.host.rsplit(':').next().unwrap();
    for host in [
        String::new(),
        "Host: evil.example\r\n".into(),
        format!("Host: evil.example:{port}\r\n"),
        format!("Host: localhost:{port}\r\n"),
        "Host: 127.0.0.1\r\n".into(),
        format!("Host: {}\r\nHost: {}\r\n", site.host, site.host),
    ] {
        let (head, body) = site.raw(&format!("GET / HTTP/1.1\r\n{host}\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{host}: {head}");
        assert!(body.contains("the address that `covey run --web` printed"), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_site_gets_to_the_api_though_it_knows_the_token() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let (shown, https) = (["covey", &site.token], format!("https://{}", site.host));
    for origin in ["http://evil.example", "http://127.0.0.1", "null", "", &https] {
        let Err(refusal) = site.connect(&shown, origin).await else { panic!("{origin} gets in") };
        assert_eq!(refusal, 403, "{origin}");
    }
    let (head, _) = site.ask("GET", "/", "Origin: http://evil.example\r\n").await;
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_what_a_page_may_load_and_that_nobody_keeps_it() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    for (method, path, origin) in
        [("GET", "/", ""), ("GET", "/none", ""), ("PUT", "/", ""), ("GET", "/", "Origin: x\r\n")]
    {
        let (head, _) = site.ask(method, path, origin).await;
        let head = head.to_lowercase();
        for line in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; \
             img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; \
             connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
            "x-content-type-options: nosniff\r\n",
            "referrer-policy: no-referrer\r\n",
            "cache-control: no-store\r\n",
        ] {
            assert!(head.contains(line), "{method} {path}: {head}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_the_page_are_served_and_no_others() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    for (path, kind, bytes) in [
        ("/", "text/html; charset=utf-8", "<p>"),
        ("/index.html?x=1", "text/html; charset=utf-8", "<p>"),
        ("/assets/a.js", "text/javascript", "1"),
    ] {
        let (head, body) = site.ask("GET", path, "").await;
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains(kind), "{path}: {head}");
        assert_eq!(body, bytes);
        let (head, body) = site.ask("HEAD", path, "").await;
        assert!(head.starts_with("HTTP/1.1 200 ") && body.is_empty(), "{path}: {head}");
    }
    for path in [
        "/../Cargo.toml",
        "/assets/../../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "//etc/passwd",
        "/assets/",
        "/assets\\a.js",
        "/assets/A.JS",
    ] {
        let (head, _) = site.ask("GET", path, "").await;
        assert!(head.starts_with("HTTP/1.1 404 "), "{path}: {head}");
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "DANCE"] {
        let (head, _) = site.ask(method, "/", "").await;
        assert!(head.starts_with("HTTP/1.1 405 "), "{method}: {head}");
    }
    for nonsense in ["hello\r\n\r\n", "GET / HTTP/9\r\n\r\n", "\0\0\0\0\r\n\r\n"] {
        let (head, _) = site.raw(nonsense).await;
        assert!(head.starts_with("HTTP/1.1 400 "), "{nonsense}: {head}");
    }
    let origin = format!("Origin: {}\r\n", site.origin());
    let (head, body) = site.ask("GET", "/api", &origin).await;
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert_eq!(body, "this is no beginning of a WebSocket of Covey's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_covey_that_was_built_without_its_page_says_how_to_build_it() {
    let ana = Person::new("Ana").await;
    let site = Site::with(&ana, &[]).await;
    let (head, body) = site.ask("GET", "/", "").await;
    assert!(head.starts_with("HTTP/1.1 404 ") && body.contains("npm run build"), "{head}{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_says_that_is_no_request_is_answered_and_too_long_ends_it_alone() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let (mut page, mut other) = (site.page().await, site.page().await);
    for message in ["", "hello", "\0", "[", "{\"jsonrpc\": \"2.0\", "] {
        page.write(message).await;
        assert_eq!(page.read().await.unwrap()["error"]["code"], -32700, "{message}");
    }
    assert_eq!(page.ask("query", json!("status")).await["result"]["status"]["name"], "Ana");
    // it may be gone before all is written
    let _gone = page.0.send(Message::text(" ".repeat((1 << 20) + 1))).await;
    assert_eq!(page.read().await, None);
    assert_eq!(other.ask("query", json!("status")).await["result"]["status"]["name"], "Ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_who_say_nothing_keep_a_page_waiting_and_not_for_long() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let mut silent = Vec::new();
    for said in ["", "GET / HTTP/1.1\r\nHost: "].repeat(32) {
        let mut stream = TcpStream::connect(&site.host).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    let mut page = site.page().await;
    assert_eq!(page.ask("query", json!("status")).await["result"]["status"]["name"], "Ana");
    for mut stream in silent {
        let mut rest = Vec::new();
        let _hung_up = stream.read_to_end(&mut rest).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_takes_nothing_is_hung_up_on_and_holds_nobody_up() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let (mut page, mut other) = (site.page().await, site.page().await);
    let bundle = r#"{"jsonrpc": "2.0", "id": 1, "method": "query", "params": "bundle"}"#;
    // until what is to be taken fills the way to it
    let ends = async { while page.0.send(Message::text(bundle)).await.is_ok() {} };
    let goes_on = async {
        let asked = other.ask("query", json!("status")).await;
        assert_eq!(asked["result"]["status"]["name"], "Ana");
    };
    tokio::join!(ends, goes_on);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_names_no_files_and_never_sees_the_recovery_words() {
    let ana = Person::new("Ana").await;
    let site = Site::of(&ana).await;
    let mut page = site.page().await;
    let file = tempfile::tempdir().unwrap().path().join("x");
    let words = Command::RecoveryWords;
    ana.core().command(Some("key".into()), words).await.unwrap();
    let no_words =
        "no page has to do with the recovery words: `covey recovery` shows, takes and erases them";
    for (method, params, sentence) in [
        (
            "query",
            json!({"backup": {"file": file, "passphrase": "x"}}),
            "a page names no files of this machine; what it saves is sent to it",
        ),
        ("command", json!({"do": "recovery_words"}), no_words),
        ("command", json!({"do": "recovery_words", "key": "key"}), no_words),
        ("command", json!({"do": "forget_recovery"}), no_words),
        ("command", json!({"do": {"recover": {"words": "abandon"}}}), no_words),
    ] {
        let answer = page.ask(method, params).await;
        assert_eq!(answer["error"], json!({"code": 1, "message": sentence}));
    }
    assert!(!file.exists());
    // what a program was told under a key is not told to a page that guesses the key
    let invite = json!({"do": {"invite": {"kind": "link", "ttl": null}}, "key": "key"});
    assert!(page.ask("command", invite).await["result"]["invite"].is_string());
}

#[test]
fn pages_are_for_this_machine_only() {
    for (address, loopback) in [
        ("127.0.0.1:0", true),
        ("127.0.0.2:8080", true),
        ("[::1]:0", true),
        ("0.0.0.0:0", false),
        ("[::]:0", false),
        ("192.0.2.1:80", false),
        ("[::ffff:127.0.0.1]:0", false),
        ("localhost:0", false),
        ("127.0.0.1", false),
        ("", false),
    ] {
        assert_eq!(address.parse::<web::Loopback>().is_ok(), loopback, "{address}");
    }
}
