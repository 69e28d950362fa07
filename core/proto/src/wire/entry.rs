//! Entries: what is said, chained by what their authors sign.
//!
//! An entry is its id, the hash of its head. Its body may be gone: taken back, or past its time. The
//! head still holds the chain together. What is done to another entry, an act, is an entry too, and
//! keeps its body; the edit alone goes with the text that it changes.

use alloc::vec::Vec;

use super::{
    Invalid, VERSION, decode, encode,
    message::{Wire, message},
};
use crate::{
    dice::Dice,
    id::{ConversationId, DeviceId, EntryId, Hash, LogId, Seq},
    seal::{self, Context},
    time::Time,
};

/// The most bytes of a text; what is longer becomes a file.
pub const MAX_TEXT: usize = 32 << 10;
/// The most bytes of a reaction.
pub const MAX_REACTION: usize = 32;
const MAX_HEAD: usize = 1 << 10;
const MAX_SEEN: usize = 16;
const MAX_ACTS: usize = 4;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A text, UTF-8; with a target it answers that.
    Text,
    /// Another text for the target.
    Edit,
    /// The target is taken back.
    Retract,
    /// What its author feels about the target; nothing takes that back.
    Reaction,
    /// From now on texts are kept for so many ms, eight bytes little-endian; 0 is for ever.
    Expiry,
    /// Something of a later version: kept, passed on, and shown as newer than this app.
    Newer(u32),
}

impl Kind {
    /// Its number on the wire.
    pub fn number(self) -> u32 {
        match self {
            Self::Text => 1,
            Self::Edit => 6,
            Self::Retract => 7,
            Self::Reaction => 8,
            Self::Expiry => 9,
            Self::Newer(kind) => kind,
        }
    }

    /// The kind of this number.
    pub fn of(number: u32) -> Self {
        match number {
            1 => Self::Text,
            6 => Self::Edit,
            7 => Self::Retract,
            8 => Self::Reaction,
            9 => Self::Expiry,
            newer => Self::Newer(newer),
        }
    }

    /// Whether this can be what such an entry says about its target, as far as that shows.
    fn allows(self, target: Option<EntryId>, body: Option<&Body>) -> bool {
        let size = |range: core::ops::RangeInclusive<usize>| {
            body.is_some_and(|body| range.contains(&body.content.len()))
        };
        let text = || body.is_none_or(|body| core::str::from_utf8(&body.content).is_ok());
        let gone = body.is_none();
        match self {
            Self::Text => gone || size(0..=MAX_TEXT) && text(),
            Self::Edit => target.is_some() && (gone || size(1..=MAX_TEXT) && text()),
            Self::Retract => target.is_some() && !gone,
            Self::Reaction => target.is_some() && size(0..=MAX_REACTION) && text(),
            Self::Expiry => target.is_none() && size(8..=8),
            Self::Newer(_) => true,
        }
    }
}

/// What an entry's author signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it is.
    pub kind: Kind,
    /// Its log.
    pub log: LogId,
    /// Its place there, from 1.
    pub seq: Seq,
    /// The entry before it in the log.
    pub prev: EntryId,
    /// What its author had read since `prev`, ids' first eight bytes.
    pub seen: Vec<[u8; 8]>,
    /// What it answers or acts on.
    pub target: Option<EntryId>,
    /// When, by its author's clock.
    pub at: Time,
    /// How long it may be kept from when it is first shown, in ms; 0 is for ever.
    pub keep_for: u64,
    /// The hash of the body.
    pub body_hash: Hash,
}

/// What an entry says, and the random bytes that keep its hash from being guessed.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// Random.
    pub salt: [u8; 16],
    /// What the kind says it is.
    pub content: Vec<u8>,
}

/// Bodies are what people write: only the length is printed.
impl core::fmt::Debug for Body {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Body({} B)", self.content.len())
    }
}

impl Body {
    /// Content with fresh salt.
    pub fn new(content: Vec<u8>, dice: &mut Dice) -> Self {
        Self { salt: dice.roll(), content }
    }

    fn hash(&self) -> Hash {
        Hash(seal::derive(Context::Body, &[&self.salt, &self.content]))
    }
}

impl Wire for Body {
    type Proto = Vec<u8>;

    fn to_proto(&self) -> Vec<u8> {
        [&self.salt[..], &self.content].concat()
    }

    fn of_proto(proto: Vec<u8>) -> Result<Self, Invalid> {
        let (salt, content) = proto.split_first_chunk().ok_or(Invalid)?;
        Ok(Self { salt: *salt, content: content.to_vec() })
    }
}

/// One item of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The hash of the head.
    pub id: EntryId,
    /// What was signed.
    pub head: Head,
    /// What it says, unless that is gone.
    pub body: Option<Body>,
}

impl Entry {
    pub(super) fn check(said: &Said) -> Result<Self, Invalid> {
        let id = EntryId(seal::derive(Context::Entry, &[&said.head]));
        let head: Head = decode(&said.head, MAX_HEAD)?;
        let body = said.body.clone();
        let genuine = body.as_ref().is_none_or(|body| head.body_hash == body.hash());
        let whole = genuine && head.kind.allows(head.target, body.as_ref());
        whole.then_some(Self { id, head, body }).ok_or(Invalid)
    }

    /// What it says; nothing if that is gone.
    pub fn content(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], |body| &body.content)
    }

    /// It, without what it says.
    #[must_use]
    pub fn withdrawn(&self) -> Self {
        Self { body: None, ..self.clone() }
    }
}

/// An entry of one's own that no run carries yet.
#[derive(Clone, Debug)]
pub struct Unsigned {
    /// The entry.
    pub entry: Entry,
    head: Vec<u8>,
}

impl Unsigned {
    /// Makes the entry; its head's `body_hash` is set from the body.
    pub fn new(mut head: Head, body: Body) -> Self {
        head.body_hash = body.hash();
        let bytes = encode(&head);
        let id = EntryId(seal::derive(Context::Entry, &[&bytes]));
        Self { entry: Entry { id, head, body: Some(body) }, head: bytes }
    }

    /// What it adds to a run.
    pub fn size(&self) -> usize {
        self.head.len() + self.entry.content().len() + 32
    }

    pub(super) fn said(&self) -> Said {
        Said { head: self.head.clone(), body: self.entry.body.clone() }
    }
}

message! {
    /// An entry as it travels.
    #[derive(Clone)]
    pub(super) struct Said {
        pub(super) head: Vec<u8> = 1 bytes;
        pub(super) body: Option<Body> = 2 bytes;
    }
}

message! {
    pub(crate) struct HeadFields {
        version: u32 = 1 uint32;
        kind: u32 = 2 uint32;
        flags: u32 = 3 uint32;
        conversation: ConversationId = 4 bytes;
        device: DeviceId = 5 bytes;
        seq: Seq = 6 uint64;
        prev: EntryId = 7 bytes;
        seen: Vec<[u8; 8]> = 8 repeated bytes [MAX_SEEN];
        acts: Vec<Vec<u8>> = 9 repeated bytes [MAX_ACTS];
        target: Option<EntryId> = 10 bytes;
        at: Time = 11 uint64;
        keep_for: u64 = 12 uint64;
        body_hash: Hash = 13 bytes;
    }
}

impl Wire for Head {
    type Proto = <HeadFields as Wire>::Proto;

    fn to_proto(&self) -> Self::Proto {
        let fields = HeadFields {
            version: VERSION.into(),
            kind: self.kind.number(),
            flags: 0,
            conversation: self.log.conversation,
            device: self.log.device,
            seq: self.seq,
            prev: self.prev,
            seen: self.seen.clone(),
            acts: Vec::new(),
            target: self.target,
            at: self.at,
            keep_for: self.keep_for,
            body_hash: self.body_hash,
        };
        fields.to_proto()
    }

    fn of_proto(proto: Self::Proto) -> Result<Self, Invalid> {
        let fields = HeadFields::of_proto(proto)?;
        if fields.at >= Time::END || fields.seq >= Seq::END {
            return Err(Invalid);
        }
        let known = fields.version == u32::from(VERSION);
        Ok(Self {
            kind: if known { Kind::of(fields.kind) } else { Kind::Newer(fields.kind) },
            log: LogId { conversation: fields.conversation, device: fields.device },
            seq: fields.seq,
            prev: fields.prev,
            seen: fields.seen,
            target: fields.target,
            at: fields.at,
            keep_for: fields.keep_for,
            body_hash: fields.body_hash,
        })
    }
}
