//! Entries and runs: what is said, chained and signed.
//!
//! An entry is its id, the hash of its head; a run is what one commit appended to one log. A
//! [`Run`] that exists is whole: its chain, bodies, author and signature have been checked. It is
//! kept, and passed on, as the very bytes it came in.

use alloc::vec::Vec;

use prost::Message;

use super::{Invalid, VERSION, decode};
use crate::{
    dice::Dice,
    id::{AccountId, ConversationId, DeviceId, EntryId, Hash, LogId, Seq},
    seal::{self, Context, SigningKey, VerifyingKey},
    time::Time,
};

/// The most entries of a run.
pub const MAX_ENTRIES: usize = 64;
/// The most bytes of a run.
pub const MAX_RUN: usize = 56 << 10;
/// The most bytes of a text; what is longer becomes a file.
pub const MAX_TEXT: usize = 32 << 10;
const MAX_SEEN: usize = 16;
const MAX_ACTS: usize = 4;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text, UTF-8.
    Text,
    /// Something of a later version: kept, passed on, and shown as newer than this app.
    Newer(u32),
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

    fn encode(&self) -> Vec<u8> {
        [&self.salt[..], &self.content].concat()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (salt, content) = bytes.split_first_chunk()?;
        Some(Self { salt: *salt, content: content.to_vec() })
    }
}

/// One item of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The hash of the head.
    pub id: EntryId,
    /// What was signed.
    pub head: Head,
    /// What it says.
    pub body: Body,
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
    #[must_use]
    pub fn new(mut head: Head, body: Body) -> Self {
        head.body_hash = body.hash();
        let bytes = HeadProto::from(&head).encode_to_vec();
        let id = EntryId(seal::derive(Context::Entry, &[&bytes]));
        Self { entry: Entry { id, head, body }, head: bytes }
    }

    /// What it adds to a run.
    #[must_use]
    pub fn size(&self) -> usize {
        self.head.len() + self.entry.body.content.len() + 32
    }
}

/// What one commit appended to one log: checked, and as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    entries: Vec<Entry>,
    author: AccountId,
    key: VerifyingKey,
    bytes: Vec<u8>,
}

impl Run {
    /// Signs entries that follow each other in one log of one's own.
    ///
    /// # Errors
    /// [`Invalid`] if there are none, too many, or they do not follow each other.
    pub fn sign(
        entries: &[Unsigned],
        author: AccountId,
        key: &SigningKey,
    ) -> Result<Self, Invalid> {
        let last = entries.last().ok_or(Invalid)?;
        let entry = |e: &Unsigned| EntryProto { head: e.head.clone(), body: e.entry.body.encode() };
        let proto = RunProto {
            entries: entries.iter().map(entry).collect(),
            signature: key.sign(Context::Run, &[&last.entry.id.0]).to_vec(),
            account: author.0.to_vec(),
            key: key.public().0.to_vec(),
            suite: seal::SUITE.into(),
        };
        Self::check(proto.clone(), proto.encode_to_vec())
    }

    /// Reads a run and checks all that needs no state: sizes, chain, bodies, author, signature.
    ///
    /// # Errors
    /// [`Invalid`] if anything is wrong with it.
    pub fn open(bytes: Vec<u8>) -> Result<Self, Invalid> {
        let proto: RunProto = decode(&bytes, MAX_RUN)?;
        let signature = proto.signature.clone();
        let run = Self::check(proto, bytes)?;
        let signed = run.key.verifies(Context::Run, &[&run.last().id.0], &signature);
        signed.then_some(run).ok_or(Invalid)
    }

    /// Reads a run that was checked before it was stored.
    ///
    /// # Errors
    /// [`Invalid`] if the bytes are not those of a run.
    pub fn stored(bytes: Vec<u8>) -> Result<Self, Invalid> {
        Self::check(decode(&bytes, MAX_RUN)?, bytes)
    }

    fn check(proto: RunProto, bytes: Vec<u8>) -> Result<Self, Invalid> {
        if proto.suite != u32::from(seal::SUITE)
            || bytes.len() > MAX_RUN
            || !(1..=MAX_ENTRIES).contains(&proto.entries.len())
        {
            return Err(Invalid);
        }
        let author = AccountId::parse(&proto.account).ok_or(Invalid)?;
        let key = VerifyingKey(proto.key.try_into().map_err(|_| Invalid)?);
        let device = DeviceId::of(&author, &key);
        let entries =
            proto.entries.into_iter().map(Entry::try_from).collect::<Result<Vec<_>, _>>()?;
        let follows = entries.windows(2).all(|pair| match pair {
            [one, next] => {
                next.head.log == one.head.log
                    && next.head.seq == one.head.seq.next()
                    && next.head.prev == one.id
            }
            _ => false,
        });
        let first = entries.first().ok_or(Invalid)?;
        let begins = (first.head.seq == Seq(1)) == (first.head.prev == EntryId::NONE);
        let whole = follows && begins && first.head.log.device == device && first.head.seq > Seq(0);
        whole.then_some(Self { entries, author, key, bytes }).ok_or(Invalid)
    }

    /// Its entries, in order; at least one.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its first entry.
    #[must_use]
    pub fn first(&self) -> &Entry {
        self.entries.first().expect("a run has entries")
    }

    /// Its last entry.
    #[must_use]
    pub fn last(&self) -> &Entry {
        self.entries.last().expect("a run has entries")
    }

    /// The log it belongs to.
    #[must_use]
    pub fn log(&self) -> LogId {
        self.first().head.log
    }

    /// Whose device signed it.
    #[must_use]
    pub fn author(&self) -> AccountId {
        self.author
    }

    /// The device's key.
    #[must_use]
    pub fn key(&self) -> VerifyingKey {
        self.key
    }

    /// It, as it was received.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct HeadProto {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(uint32, tag = "2")]
    kind: u32,
    #[prost(uint32, tag = "3")]
    flags: u32,
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
    #[prost(bytes = "vec", repeated, tag = "9")]
    acts: Vec<Vec<u8>>,
    #[prost(bytes = "vec", tag = "10")]
    target: Vec<u8>,
    #[prost(uint64, tag = "11")]
    at: u64,
    #[prost(uint64, tag = "12")]
    keep_for: u64,
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

impl From<&Head> for HeadProto {
    fn from(head: &Head) -> Self {
        Self {
            version: VERSION.into(),
            kind: match head.kind {
                Kind::Text => 1,
                Kind::Newer(kind) => kind,
            },
            flags: 0,
            conversation: head.log.conversation.0.to_vec(),
            device: head.log.device.0.to_vec(),
            seq: head.seq.0,
            prev: head.prev.0.to_vec(),
            seen: head.seen.iter().map(|id| id.to_vec()).collect(),
            acts: Vec::new(),
            target: Vec::new(),
            at: head.at.0,
            keep_for: head.keep_for,
            body_hash: head.body_hash.0.to_vec(),
        }
    }
}

impl TryFrom<HeadProto> for Head {
    type Error = Invalid;

    fn try_from(proto: HeadProto) -> Result<Self, Invalid> {
        let honest = proto.at < Time::END.0 && proto.seq < Seq::END.0;
        if proto.seen.len() > MAX_SEEN || proto.acts.len() > MAX_ACTS || !honest {
            return Err(Invalid);
        }
        let seen = |id: &Vec<u8>| id.as_slice().try_into().map_err(|_| Invalid);
        Ok(Self {
            kind: match proto.kind {
                1 if proto.version == u32::from(VERSION) => Kind::Text,
                kind => Kind::Newer(kind),
            },
            log: LogId {
                conversation: ConversationId::parse(&proto.conversation).ok_or(Invalid)?,
                device: DeviceId::parse(&proto.device).ok_or(Invalid)?,
            },
            seq: Seq(proto.seq),
            prev: EntryId::parse(&proto.prev).ok_or(Invalid)?,
            seen: proto.seen.iter().map(seen).collect::<Result<_, _>>()?,
            at: Time(proto.at),
            keep_for: proto.keep_for,
            body_hash: Hash::parse(&proto.body_hash).ok_or(Invalid)?,
        })
    }
}

impl TryFrom<EntryProto> for Entry {
    type Error = Invalid;

    fn try_from(proto: EntryProto) -> Result<Self, Invalid> {
        const MAX_HEAD: usize = 1 << 10;
        let id = EntryId(seal::derive(Context::Entry, &[&proto.head]));
        let head: Head = decode::<HeadProto>(&proto.head, MAX_HEAD)?.try_into()?;
        let body = Body::parse(&proto.body).ok_or(Invalid)?;
        let text = head.kind != Kind::Text
            || (body.content.len() <= MAX_TEXT && core::str::from_utf8(&body.content).is_ok());
        let whole = head.body_hash == body.hash() && text;
        whole.then_some(Self { id, head, body }).ok_or(Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Secret;

    #[test]
    fn an_entry_at_a_place_no_log_reaches_is_invalid() {
        let key = SigningKey::new(&Secret([1; 32]));
        let author = AccountId([1; 32]);
        let device = DeviceId::of(&author, &key.public());
        let run = |seq| {
            let head = Head {
                kind: Kind::Text,
                log: LogId { conversation: ConversationId([1; 32]), device },
                seq,
                prev: EntryId([1; 32]),
                seen: Vec::new(),
                at: Time(0),
                keep_for: 0,
                body_hash: Hash([0; 32]),
            };
            let body = Body::new(Vec::new(), &mut Dice::new([1; 32]));
            Run::sign(&[Unsigned::new(head, body)], author, &key)
        };
        assert!(run(Seq(Seq::END.0 - 1)).is_ok());
        assert_eq!(run(Seq::END), Err(Invalid));
    }
}
