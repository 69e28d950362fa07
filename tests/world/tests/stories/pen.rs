//! Somebody's pen: runs as one of his devices could sign them, honest or not.

use covey_proto::{
    AccountId, ConversationId, DeviceId, EntryId, LogId, Seq, Time,
    dice::Dice,
    id::Hash,
    seal::SigningKey,
    wire::{Body, Head, Kind, Run, Unsigned},
};
use world::{Who, World};

pub(crate) struct Pen {
    key: SigningKey,
    account: AccountId,
    pub(crate) log: LogId,
    pub(crate) at: Time,
    pub(crate) kind: Kind,
    pub(crate) seen: Vec<[u8; 8]>,
    pub(crate) target: Option<EntryId>,
    pub(crate) keep_for: u64,
    last: (Seq, EntryId),
    dice: Dice,
}

impl Pen {
    /// The pen of a device, for what its person and another one say.
    pub(crate) fn of(world: &World, who: Who, to: Who) -> Self {
        Self::with(world.me(who).device_key, world.account(who), world.talk_of(who, to))
    }

    /// A pen of this key.
    pub(crate) fn with(key: SigningKey, account: AccountId, talk: ConversationId) -> Self {
        let device = DeviceId::of(&account, &key.public());
        Self {
            account,
            log: LogId { conversation: talk, device },
            at: Time(1_750_000_000_000),
            kind: Kind::Text,
            seen: Vec::new(),
            target: None,
            keep_for: 0,
            last: (Seq(0), EntryId::NONE),
            dice: Dice::new(key.public().0),
            key,
        }
    }

    /// A run of one entry, behind the last one.
    pub(crate) fn writes(&mut self, text: &str) -> Run {
        let head = Head {
            kind: self.kind,
            log: self.log,
            seq: self.last.0.next(),
            prev: self.last.1,
            seen: self.seen.clone(),
            target: self.target,
            at: self.at,
            keep_for: self.keep_for,
            body_hash: Hash([0; 32]),
        };
        let entry = Unsigned::new(head, Body::new(text.into(), &mut self.dice));
        self.last = (entry.entry.head.seq, entry.entry.id);
        Run::sign(&[entry], self.account, &self.key).unwrap()
    }

    /// An act of its owner on what a run says.
    pub(crate) fn acts(&mut self, kind: Kind, on: &Run, what: &str) -> Run {
        (self.kind, self.target) = (kind, Some(on.first().id));
        self.writes(what)
    }

    /// Goes back to before what was written last, as a restored disk does.
    pub(crate) fn forgets(&mut self, run: &Run) {
        let first = &run.first().head;
        self.last = (Seq(first.seq.0 - 1), first.prev);
    }
}
