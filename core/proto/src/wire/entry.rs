//! Entries and runs: what is said, chained and signed.
//!
//! An entry is its id, the hash of its head; a run is what one commit appended to one log. A
//! [`Run`] that exists is whole: its chain, bodies, author and signature have been checked. It is
//! kept, and passed on, as the very bytes it came in.

use alloc::vec::Vec;

use super::{
    Invalid, VERSION, decode, encode,
    message::{Wire, message},
};
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
const MAX_HEAD: usize = 1 << 10;
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
    pub fn new(mut head: Head, body: Body) -> Self {
        head.body_hash = body.hash();
        let bytes = encode(&head);
        let id = EntryId(seal::derive(Context::Entry, &[&bytes]));
        Self { entry: Entry { id, head, body }, head: bytes }
    }

    /// What it adds to a run.
    pub fn size(&self) -> usize {
        self.head.len() + self.entry.body.content.len() + 32
    }
}

/// What one commit appended to one log: checked, and as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    entries: Vec<Entry>,
    author: AccountId,
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
        let entry = |e: &Unsigned| Said { head: e.head.clone(), body: e.entry.body.clone() };
        let signed = SignedRun {
            entries: entries.iter().map(entry).collect(),
            signature: key.sign(Context::Run, &[&last.entry.id.0]).to_vec(),
            account: author,
            key: key.public(),
            suite: seal::SUITE.into(),
        };
        let bytes = encode(&signed);
        Self::check(&signed, bytes)
    }

    /// Reads a run and checks all that needs no state: sizes, chain, bodies, author, signature.
    ///
    /// # Errors
    /// [`Invalid`] if anything is wrong with it.
    pub fn open(bytes: Vec<u8>) -> Result<Self, Invalid> {
        let signed: SignedRun = decode(&bytes, MAX_RUN)?;
        let run = Self::check(&signed, bytes)?;
        let genuine = signed.key.verifies(Context::Run, &[&run.last().id.0], &signed.signature);
        genuine.then_some(run).ok_or(Invalid)
    }

    /// Reads a run that was checked before it was stored.
    ///
    /// # Errors
    /// [`Invalid`] if the bytes are not those of a run.
    pub fn stored(bytes: Vec<u8>) -> Result<Self, Invalid> {
        Self::check(&decode(&bytes, MAX_RUN)?, bytes)
    }

    fn check(signed: &SignedRun, bytes: Vec<u8>) -> Result<Self, Invalid> {
        let author = signed.account;
        let entries = signed.entries.iter().map(Entry::check).collect::<Result<Vec<_>, _>>()?;
        let first = &entries.first().ok_or(Invalid)?.head;
        let follows = entries.array_windows().all(|[one, next]| {
            next.head.log == one.head.log
                && next.head.seq == one.head.seq.next()
                && next.head.prev == one.id
        });
        let begins = (first.seq == Seq(1)) == (first.prev == EntryId::NONE);
        let whole = signed.suite == u32::from(seal::SUITE)
            && entries.len() <= MAX_ENTRIES
            && bytes.len() <= MAX_RUN
            && first.log.device == DeviceId::of(&author, &signed.key)
            && first.seq > Seq(0)
            && begins
            && follows;
        whole.then_some(Self { entries, author, bytes }).ok_or(Invalid)
    }

    /// Its entries, in order; at least one.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its first entry.
    pub fn first(&self) -> &Entry {
        self.entries.first().expect("a run has entries")
    }

    /// Its last entry.
    pub fn last(&self) -> &Entry {
        self.entries.last().expect("a run has entries")
    }

    /// The log it belongs to.
    pub fn log(&self) -> LogId {
        self.first().head.log
    }

    /// Whose device signed it.
    pub fn author(&self) -> AccountId {
        self.author
    }

    /// It, as it was received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Entry {
    fn check(said: &Said) -> Result<Self, Invalid> {
        let id = EntryId(seal::derive(Context::Entry, &[&said.head]));
        let head: Head = decode(&said.head, MAX_HEAD)?;
        let body = said.body.clone();
        let text = head.kind != Kind::Text
            || (body.content.len() <= MAX_TEXT && core::str::from_utf8(&body.content).is_ok());
        let whole = head.body_hash == body.hash() && text;
        whole.then_some(Self { id, head, body }).ok_or(Invalid)
    }
}

message! {
    struct SignedRun {
        entries: Vec<Said> = 1 repeated message;
        signature: Vec<u8> = 2 bytes;
        account: AccountId = 3 bytes;
        key: VerifyingKey = 4 bytes;
        suite: u32 = 5 uint32;
    }
}

message! {
    struct Said {
        head: Vec<u8> = 1 bytes;
        body: Body = 2 bytes;
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
        target: Vec<u8> = 10 bytes;
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
            kind: match self.kind {
                Kind::Text => 1,
                Kind::Newer(kind) => kind,
            },
            flags: 0,
            conversation: self.log.conversation,
            device: self.log.device,
            seq: self.seq,
            prev: self.prev,
            seen: self.seen.clone(),
            acts: Vec::new(),
            target: Vec::new(),
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
        let known = fields.version == u32::from(VERSION) && fields.kind == 1;
        Ok(Self {
            kind: if known { Kind::Text } else { Kind::Newer(fields.kind) },
            log: LogId { conversation: fields.conversation, device: fields.device },
            seq: fields.seq,
            prev: fields.prev,
            seen: fields.seen,
            at: fields.at,
            keep_for: fields.keep_for,
            body_hash: fields.body_hash,
        })
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
