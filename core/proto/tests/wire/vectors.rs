//! One of everything on the wire, from fixed secrets: `core/proto/vectors/` is what it was when
//! version 1 was written down. Bytes that change break old friends, so a change must be meant:
//! `BLESS=1` writes the files anew. `tests/reader` opens them in another language.

use std::path::Path;

use covey_proto::{
    ConversationId, DeviceId, EntryId, LogId, SecretId, Seq, Time,
    dice::Dice,
    link::{Initiator, Responder, Static},
    people::{
        account::{Roster, Rosters, recovery_hash},
        hello,
    },
    seal::{self, Context, Secret, SigningKey, hex},
    wire::{
        Address, Body, Frame, Greeting, Head, Kind, Run, Signed, Transport, Unsigned,
        letter::{InviteKind, Verdict},
    },
};
use serde_json::{Value, json};

use crate::cast::{Person, card_of, first_roster, secret};

#[test]
fn invites_are_as_written_down() {
    let ian = Person::new(1);
    let invite = |(kind, called): (InviteKind, &str)| {
        let invite = ian.invite(kind);
        json!({
            "kind": called,
            "seed": hex(&ian.seed.0),
            "account": hex(&invite.account),
            "expires": invite.expires.0 / 1000,
            "name": invite.name,
            "addresses": dialled(&invite.addresses),
            "tag": hex(&invite.tag().0),
            "text": invite.text(),
        })
    };
    let kinds =
        [(InviteKind::Link, "link"), (InviteKind::Screen, "screen"), (InviteKind::Own, "own")];
    written_down("invites", &kinds.map(invite).into());
}

#[test]
fn a_hello_is_as_written_down() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let invite = ian.invite(InviteKind::Link);
    let waiting = hello::write(&invite, &nina.author(), &mut dice()).unwrap();
    let newcomer = hello::read(&ian.seed, &invite, &waiting.letter).unwrap();
    let answer = |(verdict, called): (Verdict, &str)| {
        let (letter, secret) =
            hello::answer(&ian.seed, &invite, &newcomer, verdict, &ian.author(), &mut dice())
                .unwrap();
        assert!(waiting.open(&nina.account, &letter).is_some());
        json!({
            "verdict": called,
            "letter": hex(&letter),
            "friendship": secret.map(|secret| hex(&secret.0)),
        })
    };
    let verdicts =
        [(Verdict::Friend, "friend"), (Verdict::UsedUp, "used up"), (Verdict::Expired, "expired")];
    let hello = json!({
        "invite": invite.text(),
        "seed": hex(&ian.seed.0),
        "inviter": hex(&ian.account.0),
        "newcomer": hex(&nina.account.0),
        "letter": hex(&waiting.letter),
        // the newcomer's first roll
        "reply_secret": hex(&dice().roll::<32>()),
        "answers": verdicts.map(answer),
    });
    written_down("hello", &hello);
}

#[test]
fn rosters_are_as_written_down() {
    let first = first_roster(1);
    let account = SigningKey::new(&secret(1, "account"));
    let (mut one, mut other) = (first.clone(), first.clone());
    for (roster, device) in [(&mut one, 8), (&mut other, 9)] {
        let key = SigningKey::new(&secret(device, "device")).public();
        roster.version = device.into();
        roster.devices.insert(DeviceId::of(&first.account, &key), key);
    }
    let lost = *first.devices.keys().next().unwrap();
    one.devices.remove(&lost);
    one.removed.insert(lost);
    let mut both = Rosters::new(one.sign(&account)).unwrap();
    both.take(&other.sign(&account)).unwrap();
    let merged = both.roster().clone();

    let recovery = SigningKey::new(&secret(1, "recovery"));
    let [new, next] = ["new account", "next recovery"].map(|of| SigningKey::new(&secret(1, of)));
    let recovered = merged.recover(&recovery, new.public(), recovery_hash(&next.public())).unwrap();

    let rosters = json!({
        "first": roster(&first, &account),
        "one": roster(&one, &account),
        "other": roster(&other, &account),
        "merged": roster(&merged, &account),
        "recovered": roster(&recovered, &new),
    });
    written_down("rosters", &rosters);
}

fn roster(roster: &Roster, key: &SigningKey) -> Value {
    let signed = roster.sign(key);
    assert_eq!(Roster::open(&signed).as_ref(), Ok(roster));
    json!({
        "signed": signed_json(&signed),
        "account": hex(&roster.account.0),
        "epoch": roster.epoch,
        "version": roster.version,
        "name": roster.name,
        "devices": roster.devices.keys().map(|id| hex(&id.0)).collect::<Vec<_>>(),
        "removed": roster.removed.iter().map(|id| hex(&id.0)).collect::<Vec<_>>(),
    })
}

#[test]
fn a_card_is_as_written_down() {
    let ian = Person::new(1);
    let said = card_of(1, ian.account);
    let card = json!({
        "signed": signed_json(&ian.card),
        "account": hex(&ian.account.0),
        "device": hex(&ian.device.0),
        "version": said.version,
        "noise": hex(&said.noise),
        "class": said.class as i32,
        "capabilities": said.capabilities,
        "addresses": dialled(&said.addresses),
    });
    written_down("card", &card);
}

#[test]
fn a_run_is_as_written_down() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let run = run(&ian, &nina);
    let entry = |entry: &covey_proto::wire::Entry| {
        json!({
            "id": hex(&entry.id.0),
            "seq": entry.head.seq.0,
            "kind": entry.head.kind.number(),
            "seen": entry.head.seen.iter().map(|id| hex(id)).collect::<Vec<_>>(),
            "target": entry.head.target.map(|id| hex(&id.0)).unwrap_or_default(),
            "at": entry.head.at.0,
            "keep_for": entry.head.keep_for,
            "content": entry.body.as_ref().map(|body| hex(&body.content)),
        })
    };
    let json = json!({
        "bytes": hex(run.bytes()),
        "author": hex(&ian.account.0),
        "device": hex(&ian.device.0),
        "friend": hex(&nina.account.short()),
        "entries": run.entries().iter().map(entry).collect::<Vec<_>>(),
    });
    written_down("run", &json);
}

pub(crate) fn run(ian: &Person, nina: &Person) -> Run {
    let mut dice = dice();
    let mut entries: Vec<Unsigned> = Vec::new();
    let first = |entries: &[Unsigned]| entries.first().map(|first| first.entry.id);
    let expiry = 86_400_000_u64.to_le_bytes();
    let said: [(Kind, &[u8]); 8] = [
        (Kind::Text, b"Hello, Nina!"),
        (Kind::Text, "Здравствуй, Нина! 👋".as_bytes()),
        (Kind::Text, b""),
        (Kind::Edit, b"Hello, dear Nina!"),
        (Kind::Reaction, "👋".as_bytes()),
        (Kind::Expiry, &expiry),
        (Kind::Retract, b""),
        (Kind::Newer(11), b"a call"),
    ];
    for (seq, (kind, content)) in (1u8..).zip(said) {
        let about = !matches!(kind, Kind::Expiry) && seq > 2;
        let head = Head {
            kind,
            log: log(ian, nina),
            seq: Seq(seq.into()),
            prev: entries.last().map_or(EntryId::NONE, |last| last.entry.id),
            seen: (1..seq).map(|n| [n; 8]).collect(),
            target: first(&entries).filter(|_| about),
            at: Time(1_700_000_000_000 + u64::from(seq)),
            keep_for: 86_400_000 * u64::from(seq - 1),
            body_hash: covey_proto::id::Hash([0; 32]),
        };
        entries.push(Unsigned::new(head, Body::new(content.into(), &mut dice)));
    }
    let run = Run::sign(&entries, ian.account, &ian.key).expect("entries in a row");
    let first = run.first().withdrawn();
    run.holding(&first).expect("it becomes shorter")
}

pub(crate) fn log(ian: &Person, nina: &Person) -> LogId {
    let conversation = ConversationId::pair(&ian.account.short(), &nina.account.short());
    LogId { conversation, device: ian.device }
}

#[test]
fn a_link_is_as_written_down() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let friendship = Secret([7; 32]);
    let psk = friendship.derive(Context::LinkPsk);
    let id = SecretId::parse(&friendship.derive(Context::SecretId).0[..8]).unwrap();
    let [one, other] = [1, 2].map(|number| Static::new(secret(number, "noise")));
    let offer = Greeting {
        roster: ian.roster.clone(),
        card: ian.card.clone(),
        secret: Some(id),
        clock: Time(1_700_000_000_000),
        versions: vec![1],
    };
    let answer = Greeting {
        roster: nina.roster.clone(),
        card: nina.card.clone(),
        clock: Time(1_700_000_000_001),
        versions: vec![1, 2],
        secret: None,
    };
    let noise = seal::x25519_public(&secret(2, "noise"));
    let (asking, first) = Initiator::new(&one, &noise, &psk, &offer, BEARER, [3; 32]).unwrap();
    let (asked, _, _) = Responder::read(&other, &first[2..], BEARER, [4; 32]).unwrap();
    let (unproved, second) = asked.accept(&psk, &answer).unwrap();
    let (_, mut one, third) = asking.finish(&second[2..]).unwrap();
    let mut other = unproved.prove(&third[2..]).unwrap();
    let run = Frame::Run(run(&ian, &nina).bytes().to_vec()).encode();
    let forth = one.sealer.seal(&run).unwrap();
    let back = [&run[..], b""].map(|frame| hex(&other.sealer.seal(frame).unwrap()));
    let link = json!({
        "initiator": { "account": hex(&ian.account.0), "clock": offer.clock.0, "versions": [1] },
        "responder": {
            "account": hex(&nina.account.0), "clock": answer.clock.0, "versions": [1, 2],
        },
        "bearer": hex(BEARER),
        "responder_static": hex(&secret(2, "noise").0),
        // what the responder's machine draws first from its seed
        "responder_ephemeral": hex(&Dice::new([4; 32]).roll::<32>()),
        "friendship": hex(&friendship.0),
        "messages": [hex(&first), hex(&second), hex(&third)],
        "frames_forth": [hex(&forth)],
        "frames_back": back,
        "frames": [hex(&run), ""],
    });
    written_down("link", &link);
}

pub(crate) fn signed_json(signed: &Signed) -> Value {
    json!({ "bytes": hex(&signed.bytes), "signature": hex(&signed.signature) })
}

fn dialled(addresses: &[Address]) -> Vec<String> {
    let transport = |address: &Address| match address.transport {
        Transport::Quic => "quic",
        Transport::Tcp => "tcp",
    };
    addresses.iter().map(|a| format!("{} {} {}", transport(a), a.ip, a.port)).collect()
}

pub(crate) fn dice() -> Dice {
    Dice::new([6; 32])
}

/// What the responder is called on what carries the link.
const BEARER: &[u8] = b"a connection to Nina";

/// Compares what is made today to the file, or writes it.
pub(crate) fn written_down(name: &str, made: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(format!("{name}.json"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{made:#}\n")).expect("a folder to write to");
    }
    let written = std::fs::read_to_string(&path).expect("a file of that name");
    let written: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(*made, written, "{name} is no longer what version 1 says");
}
