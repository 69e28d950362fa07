//! Runs that Mallory made by hand: each signed as it should be, and wrong in one thing.

use covey_proto::{
    AccountId, ConversationId, DeviceId,
    seal::{Context, SUITE, Secret, SigningKey, derive},
    wire::{
        Invalid, Run,
        entry::{MAX_REACTION, MAX_TEXT},
        run::{MAX_ENTRIES, MAX_RUN},
    },
};
use prost::Message as _;

#[test]
fn a_run_is_one_unbroken_chain() {
    assert!(read(&chain(3)).is_ok());
    let wrong: [fn(&mut Vec<Item>); 12] = [
        |all| all.swap(0, 1),
        |all| drop(all.remove(1)),
        |all| all[1].head.prev = vec![0; 32],
        |all| all[2].head.prev = all[0].id(),
        |all| all[1].head.seq = 3,
        |all| all[1].head.seq = 1,
        |all| all[1].head.conversation = vec![9; 32],
        |all| all[1].head.device = vec![9; 16],
        |all| all[0].head.prev = vec![1; 32],
        |all| all[0].head.seq = 0,
        |all| all[0].head.seq = u64::MAX,
        |all| all.iter_mut().for_each(|item| item.head.seq += 4),
    ];
    for (n, wrong) in wrong.into_iter().enumerate() {
        let mut items = chain(3);
        wrong(&mut items);
        assert_eq!(read(&items), Err(Invalid), "the one of number {n}");
    }
}

#[test]
fn only_the_device_whose_log_it_is_signs_a_run() {
    let run = || signed(&chain(2), &key(1), Context::Run);
    assert!(Run::open(run().encode_to_vec()).is_ok());
    let mallory = |context| signed(&chain(2), &key(2), context);
    let (own, alien) = (mallory(Context::Run), signed(&chain(2), &key(1), Context::Card));
    for wrong in [
        own.clone(),
        RunProto { key: key(1).public().0.to_vec(), ..own.clone() },
        RunProto { signature: own.signature, ..run() },
        RunProto { signature: alien.signature, ..run() },
        RunProto { signature: signed(&chain(1), &key(1), Context::Run).signature, ..run() },
        RunProto { signature: run().signature[..63].to_vec(), ..run() },
        RunProto { signature: Vec::new(), ..run() },
        RunProto { account: vec![9; 32], ..run() },
        RunProto { account: Vec::new(), ..run() },
        RunProto { key: Vec::new(), ..run() },
        RunProto { suite: 2, ..run() },
    ] {
        assert_eq!(Run::open(wrong.encode_to_vec()), Err(Invalid), "{wrong:?}");
    }
}

#[test]
fn a_body_is_the_one_that_its_head_names() {
    for body in [vec![7; 16], vec![7; 15], [&[7; 16][..], b"HELLO"].concat()] {
        let mut items = chain(1);
        items[0].body = body;
        assert_eq!(read(&items), Err(Invalid));
    }
}

#[test]
fn a_text_is_utf_8_and_of_32_kib_at_most() {
    let text = |text: &[u8]| read(&[item(1, &[0; 32], text)]);
    for good in [&b""[..], &[b'x'; MAX_TEXT], "\u{202e}\0👩‍🚀".as_bytes()] {
        let run = text(good).unwrap();
        assert_eq!(run.first().content(), good);
    }
    for bad in [&[b'x'; MAX_TEXT + 1][..], b"\xff", b"\xed\xa0\x80"] {
        assert_eq!(text(bad), Err(Invalid));
    }
}

#[test]
fn what_was_taken_back_is_a_head_alone_and_the_chain_holds() {
    let mut items = chain(3);
    items[1].body.clear();
    let run = read(&items).unwrap();
    assert_eq!(run.entries()[1].body, None);
    let whole = read(&chain(3)).unwrap();
    assert_eq!(whole.holding(&whole.entries()[1].withdrawn()).unwrap(), run);
    assert_eq!(run.holding(&whole.entries()[1]).unwrap(), whole);
}

#[test]
fn an_act_is_about_something_and_says_what_its_kind_may_say() {
    let act = |kind, target: &[u8], content: &[u8]| {
        let mut item = item(1, &[0; 32], content);
        (item.head.kind, item.head.target) = (kind, target.to_vec());
        item
    };
    let (edit, retract, reaction, expiry, target) = (6, 7, 8, 9, [9; 32]);
    for good in [
        act(edit, &target, b"x"),
        act(edit, &target, &[b'x'; MAX_TEXT]),
        act(retract, &target, b""),
        act(reaction, &target, b""),
        act(reaction, &target, &[b'x'; MAX_REACTION]),
        act(expiry, b"", &[0; 8]),
        Item { body: Vec::new(), ..act(edit, &target, b"x") },
    ] {
        assert!(read(&[good]).is_ok());
    }
    for bad in [
        act(edit, &target, b""),
        act(edit, &target, &[b'x'; MAX_TEXT + 1]),
        act(edit, &target, b"\xff"),
        act(edit, b"", b"x"),
        act(edit, &target[1..], b"x"),
        act(retract, b"", b""),
        act(reaction, b"", b"x"),
        act(reaction, &target, &[b'x'; MAX_REACTION + 1]),
        act(reaction, &target, b"\xff"),
        act(expiry, &target, &[0; 8]),
        act(expiry, b"", &[0; 7]),
        Item { body: Vec::new(), ..act(retract, &target, b"") },
        Item { body: Vec::new(), ..act(reaction, &target, b"x") },
        Item { body: Vec::new(), ..act(expiry, b"", &[0; 8]) },
    ] {
        assert_eq!(read(&[bad]), Err(Invalid));
    }
}

#[test]
fn a_run_that_is_empty_or_too_much_is_refused() {
    assert_eq!(read(&[]), Err(Invalid));
    assert!(read(&chain(MAX_ENTRIES)).is_ok());
    assert_eq!(read(&chain(MAX_ENTRIES + 1)), Err(Invalid));
    let long = |n: usize| linked((1..=n).map(|_| vec![b'x'; MAX_RUN / 4]));
    assert!(read(&long(3)).is_ok());
    assert_eq!(read(&long(4)), Err(Invalid));
    let mut reader = chain(1);
    reader[0].head.seen = vec![vec![1; 8]; 16];
    assert!(read(&reader).is_ok());
    reader[0].head.seen.push(vec![1; 8]);
    assert_eq!(read(&reader), Err(Invalid));
    reader[0].head.seen = vec![vec![1; 7]];
    assert_eq!(read(&reader), Err(Invalid));
}

fn key(seed: u8) -> SigningKey {
    SigningKey::new(&Secret([seed; 32]))
}

fn account() -> AccountId {
    AccountId([5; 32])
}

/// Something said, at a place of Mallory's log.
#[derive(Clone)]
struct Item {
    head: HeadProto,
    body: Vec<u8>,
}

impl Item {
    fn id(&self) -> Vec<u8> {
        derive(Context::Entry, &[&self.head.encode_to_vec()]).to_vec()
    }
}

fn item(seq: u64, prev: &[u8], text: &[u8]) -> Item {
    let salt = [7; 16];
    let head = HeadProto {
        version: 1,
        kind: 1,
        conversation: ConversationId([6; 32]).0.to_vec(),
        device: DeviceId::of(&account(), &key(1).public()).0.to_vec(),
        seq,
        prev: prev.to_vec(),
        body_hash: derive(Context::Body, &[&salt, text]).to_vec(),
        ..HeadProto::default()
    };
    Item { head, body: [&salt[..], text].concat() }
}

/// These texts, one behind the other.
fn linked(texts: impl Iterator<Item = Vec<u8>>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (seq, text) in (1..).zip(texts) {
        let prev = items.last().map_or(vec![0; 32], Item::id);
        items.push(item(seq, &prev, &text));
    }
    items
}

fn chain(length: usize) -> Vec<Item> {
    linked((0..length).map(|_| b"hello".to_vec()))
}

fn read(items: &[Item]) -> Result<Run, Invalid> {
    Run::open(signed(items, &key(1), Context::Run).encode_to_vec())
}

fn signed(items: &[Item], key: &SigningKey, context: Context) -> RunProto {
    let last = items.last().map_or(Vec::new(), Item::id);
    let entry =
        |item: &Item| EntryProto { head: item.head.encode_to_vec(), body: item.body.clone() };
    RunProto {
        entries: items.iter().map(entry).collect(),
        signature: key.sign(context, &[&last]).to_vec(),
        account: account().0.to_vec(),
        key: key.public().0.to_vec(),
        suite: SUITE.into(),
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct HeadProto {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(uint32, tag = "2")]
    kind: u32,
    #[prost(bytes = "vec", tag = "4")]
    conversation: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    device: Vec<u8>,
    #[prost(uint64, tag = "6")]
    seq: u64,
    #[prost(bytes = "vec", tag = "7")]
    prev: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "8")]
    seen: Vec<Vec<u8>>,
    #[prost(bytes = "vec", tag = "10")]
    target: Vec<u8>,
    #[prost(bytes = "vec", tag = "13")]
    body_hash: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct EntryProto {
    #[prost(bytes = "vec", tag = "1")]
    head: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    body: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RunProto {
    #[prost(message, repeated, tag = "1")]
    entries: Vec<EntryProto>,
    #[prost(bytes = "vec", tag = "2")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    account: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    key: Vec<u8>,
    #[prost(uint32, tag = "5")]
    suite: u32,
}
