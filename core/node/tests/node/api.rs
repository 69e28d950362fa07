//! The socket as any program meets it: bytes in, lines out.

use covey_node::api::Command;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
};

use crate::people::Person;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_answered_with_what_is_wrong_and_the_next_one_is_heard() {
    let ana = Person::new("Ana").await;
    let mut caller = Caller::of(&ana).await;
    let (deep, start) = ("[".repeat(100_000), r#"{"jsonrpc": "2.0", "method": "#);
    let deep = format!(r#"{start} "query", "params": {deep}}}"#);
    let more = format!(
        r#"{start} "command", "params": {{"do": {{"set_name": {{"name": "Eve", "at": 1}}}}}}}}"#
    );
    for (line, code) in [
        (&b""[..], -32700),
        (b"hello", -32700),
        (b"{\"jsonrpc\": \"2.0\", ", -32700),
        (b"\xff\xfe", -32700),
        (deep.as_bytes(), -32700),
        (b"[]", -32600),
        (b"42", -32600),
        (b"{}", -32600),
        (br#"{"jsonrpc": "1.0", "method": "query", "params": "status"}"#, -32600),
        (br#"{"jsonrpc": "2.0", "method": 7}"#, -32600),
        (br#"{"jsonrpc": "2.0", "method": "dance"}"#, -32601),
        (br#"{"jsonrpc": "2.0", "method": "query"}"#, -32602),
        (br#"{"jsonrpc": "2.0", "method": "query", "params": "dance"}"#, -32602),
        (br#"{"jsonrpc": "2.0", "method": "query", "params": {"log": {}}}"#, -32602),
        (br#"{"jsonrpc": "2.0", "method": "command", "params": {"do": {"dance": 1}}}"#, -32602),
        (more.as_bytes(), -32602),
    ] {
        caller.write(&[line, b"\n"].concat()).await;
        let answer = caller.read().await.unwrap();
        assert_eq!(answer["error"]["code"], code, "{}: {answer}", String::from_utf8_lossy(line));
        assert!(!answer["error"]["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(caller.ask("query", json!("status")).await["result"]["status"]["name"], "Ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_sense_but_comes_to_nothing_is_answered_with_a_sentence() {
    let ana = Person::new("Ana").await;
    let mut caller = Caller::of(&ana).await;
    let nobody = "00".repeat(32);
    for (method, params, sentence) in [
        (
            "query",
            json!({"message": {"id": "12345"}}),
            "a message's id is 8 to 64 hexadecimal digits",
        ),
        (
            "query",
            json!({"message": {"id": "1234567g"}}),
            "a message's id is 8 to 64 hexadecimal digits",
        ),
        (
            "query",
            json!({"message": {"id": "ééééé"}}),
            "a message's id is 8 to 64 hexadecimal digits",
        ),
        ("query", json!({"message": {"id": "12345678"}}), "there is no such message"),
        ("query", json!({"log": {"friend": "Ben", "limit": 1}}), "there is no such friend"),
        (
            "command",
            json!({"do": {"send": {"friend": nobody, "text": "hi"}}}),
            "there is no such friend",
        ),
        ("command", json!({"do": {"remove": {"friend": ""}}}), "there is no such friend"),
    ] {
        let answer = caller.ask(method, params).await;
        assert_eq!(answer["error"], json!({"code": 1, "message": sentence}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_too_long_ends_its_connection_and_no_other() {
    let ana = Person::new("Ana").await;
    let (mut caller, mut other) = (Caller::of(&ana).await, Caller::of(&ana).await);
    caller.write(&vec![b' '; 1 << 20]).await;
    let answer = caller.read().await.unwrap();
    assert_eq!(answer["error"]["message"], "a line has 1048576 bytes at most");
    assert_eq!(caller.read().await, None);
    assert_eq!(other.ask("query", json!("status")).await["result"]["status"]["name"], "Ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_and_closes_is_answered_and_hears_no_events() {
    let ana = Person::new("Ana").await;
    let mut caller = Caller::of(&ana).await;
    for (id, method) in [(1, "events"), (2, "query")] {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": "status"});
        caller.write(format!("{request}\n").as_bytes()).await;
    }
    caller.socket.get_mut().shutdown().await.unwrap();
    let mut answered = Vec::new();
    while let Some(answer) = caller.read().await {
        answered.extend(answer["id"].as_u64());
    }
    answered.sort_unstable();
    assert_eq!(answered, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_twice_under_one_key_is_done_once() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    ana.befriend(&ben).await;
    let friend = ana.friend(&ben).await.unwrap().id;
    let (mut caller, mut other) = (Caller::of(&ana).await, Caller::of(&ana).await);
    let send = |key: &str| json!({"do": {"send": {"friend": friend, "text": "once"}}, "key": key});
    let (first, again) =
        tokio::join!(caller.ask("command", send("a")), other.ask("command", send("a")));
    assert!(first["result"]["sent"].is_string(), "{first}");
    assert_eq!(first["result"], again["result"]);
    drop(other);
    assert_eq!(caller.ask("command", send("a")).await["result"], first["result"]);
    assert_eq!(ana.log(&ben).await.len(), 1);
    assert_ne!(caller.ask("command", send("b")).await["result"], first["result"]);
    assert_eq!(ana.log(&ben).await.len(), 2);
}

#[tokio::test]
async fn what_was_not_done_under_a_key_can_be_asked_again() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    ana.befriend(&ben).await;
    let friend = ana.friend(&ben).await.unwrap().id;
    let block = |blocked| Command::Block { friend: friend.clone(), blocked };
    let send = || {
        let send = Command::Send { friend: friend.clone(), text: "hello".into() };
        ana.core().command(Some("key".into()), send)
    };
    ana.ask(block(true)).await;
    assert_eq!(send().await.unwrap_err().to_string(), "this friend is blocked; unblock to write");
    ana.ask(block(false)).await;
    assert_eq!(send().await.unwrap(), send().await.unwrap());
}

/// A program that is attached to a node.
struct Caller {
    socket: BufReader<UnixStream>,
    last: u64,
}

impl Caller {
    async fn of(person: &Person) -> Self {
        let socket = UnixStream::connect(person.socket()).await.unwrap();
        Self { socket: BufReader::new(socket), last: 0 }
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    /// The next line; none once the node hung up.
    async fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.socket.read_line(&mut line).await.unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.write(format!("{request}\n").as_bytes()).await;
        let answer = self.read().await.unwrap();
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(id)));
        answer
    }
}
