//! One of every frame, as written down in `core/proto/vectors/`.

use covey_proto::{
    ConversationId, EntryId, IntroductionId, LogId, SecretId, Seq,
    seal::{Secret, hex},
    wire::{
        Cut, Digest, Frame, Have, Introduction, LogHave, MapRecord, Range, Renewal, Topic, Want,
        frame::Step,
    },
};
use serde_json::{Value, json};

use crate::{
    cast::Person,
    vectors::{log, run, signed_json, written_down},
};

#[test]
fn frames_are_as_written_down() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let log = log(&ian, &nina);
    let held = LogHave {
        from: Seq(2),
        upto: Seq(300),
        id: [7; 8],
        beyond: vec![(Seq(302), Seq(302)), (Seq(400), Seq(1 << 40))],
        tips: Vec::new(),
        read: Seq(299),
        wants: vec![Seq(7), Seq(302)],
        cut: Some(Cut::sign(ian.account, log, Seq(300), EntryId([7; 32]), &ian.key)),
    };
    let forks = LogHave { upto: Seq(3), tips: vec![[1; 8], [2; 8]], ..LogHave::default() };
    let conversation = ConversationId::own(&ian.account);
    let have = Have {
        digests: vec![Digest { conversation, digest: u64::from_le_bytes([8; 8]) }],
        logs: vec![(log, held), (log, forks)],
        whole: vec![log.conversation],
    };
    let record = |value| MapRecord {
        topic: Topic::Secret.into(),
        key: vec![5; 40],
        counter: 2,
        device: ian.device.0.to_vec(),
        value,
    };
    let frames = [
        Frame::Have(have),
        Frame::Want(Want {
            ranges: vec![Range {
                conversation: log.conversation,
                device: log.device,
                first: Seq(4),
                last: Seq(300),
            }],
        }),
        Frame::Run(run(&ian, &nina).bytes().to_vec()),
        Frame::Roster(ian.roster.clone()),
        Frame::Card(ian.card.clone()),
        Frame::Secrets(vec![SecretId([1; 8]), SecretId([2; 8])]),
        Frame::MapDigest([9; 32]),
        Frame::Map(vec![record(Some(vec![3; 32])), record(None)]),
        Frame::Renewal(Renewal::sign(
            [&ian.account, &nina.account],
            &ian.roster,
            3,
            Secret([4; 32]),
            &ian.key,
        )),
        Frame::Introduction(Introduction {
            id: IntroductionId([4; 16]),
            step: Step::Offer,
            whom: Some(nina.account),
            text: String::from("Nina"),
            letter: vec![6; 3],
        }),
    ];
    let written = frames.map(|frame| {
        let bytes = frame.encode();
        let json = json!({ "bytes": hex(&bytes), "says": says(&frame) });
        assert_eq!(Frame::parse(&bytes), Ok(Some(frame)));
        json
    });
    written_down("frames", &written.into());
}

pub(crate) fn says(frame: &Frame) -> Value {
    match frame {
        Frame::Have(have) => {
            let held = |(id, held): &(LogId, LogHave)| {
                let ends = held.beyond.iter().flat_map(|(first, last)| [first.0, last.0]);
                json!({
                    "conversation": hex(&id.conversation.0),
                    "device": hex(&id.device.0),
                    "from": held.from.0,
                    "upto": held.upto.0,
                    "id": hex(&held.id),
                    "beyond": ends.collect::<Vec<_>>(),
                    "tips": held.tips.iter().map(|tip| hex(tip)).collect::<Vec<_>>(),
                    "read": held.read.0,
                    "wants": held.wants.iter().map(|seq| seq.0).collect::<Vec<_>>(),
                    "cut": held.cut.map(|cut| json!({
                        "account": hex(&cut.account.0),
                        "seq": cut.seq.0,
                        "id": hex(&cut.id.0),
                        "key": hex(&cut.key.0),
                        "signature": hex(&cut.signature),
                    })),
                })
            };
            let digest = |Digest { conversation, digest }: &Digest| {
                let (conversation, digest) = (hex(&conversation.0), hex(&digest.to_le_bytes()));
                json!({ "conversation": conversation, "digest": digest })
            };
            json!({ "have": {
                "digests": have.digests.iter().map(digest).collect::<Vec<_>>(),
                "logs": have.logs.iter().map(held).collect::<Vec<_>>(),
                "whole": have.whole.iter().map(|id| hex(&id.0)).collect::<Vec<_>>(),
            }})
        }
        Frame::Want(want) => {
            let range = |range: &Range| {
                json!({
                    "conversation": hex(&range.conversation.0),
                    "device": hex(&range.device.0),
                    "first": range.first.0,
                    "last": range.last.0,
                })
            };
            json!({ "want": { "ranges": want.ranges.iter().map(range).collect::<Vec<_>>() } })
        }
        Frame::Run(bytes) => json!({ "run": hex(bytes) }),
        Frame::Roster(signed) => json!({ "roster": signed_json(signed) }),
        Frame::Card(signed) => json!({ "card": signed_json(signed) }),
        Frame::Secrets(ids) => {
            json!({ "secrets": { "items": ids.iter().map(|id| hex(&id.0)).collect::<Vec<_>>() } })
        }
        Frame::MapDigest(digest) => json!({ "map_digest": hex(digest) }),
        Frame::Map(records) => {
            let record = |record: &MapRecord| {
                json!({
                    "topic": record.topic,
                    "key": hex(&record.key),
                    "counter": record.counter,
                    "device": hex(&record.device),
                    "value": record.value.as_deref().map(hex),
                })
            };
            json!({ "map": { "records": records.iter().map(record).collect::<Vec<_>>() } })
        }
        Frame::Renewal(renewal) => json!({ "renewal": {
            "account": hex(&renewal.account.0),
            "roster": signed_json(&renewal.roster),
            "key": hex(&renewal.key.0),
            "counter": renewal.counter,
            "secret": hex(&renewal.secret.0),
            "signature": hex(&renewal.signature),
        }}),
        Frame::Introduction(said) => json!({ "introduction": {
            "id": hex(&said.id.0),
            "step": i32::from(said.step),
            "whom": said.whom.map(|whom| hex(&whom.0)),
            "text": said.text,
            "letter": hex(&said.letter),
        }}),
    }
}
