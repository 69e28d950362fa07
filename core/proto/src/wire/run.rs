//! Runs: what one commit appended to one log, under one signature.
//!
//! A [`Run`] that exists is whole: its chain, bodies, author and signature have been checked. It is
//! kept, and passed on, as the very bytes it came in, but for bodies that were withdrawn since: the
//! signature covers heads alone.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::{Entry, Invalid, Unsigned, decode, encode, entry::Said, message::message};
use crate::{
    id::{AccountId, DeviceId, EntryId, LogId, Seq},
    seal::{self, Context, SigningKey, VerifyingKey},
};

/// The most entries of a run.
pub const MAX_ENTRIES: usize = 64;
/// The most bytes of a run.
pub const MAX_RUN: usize = 56 << 10;

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
        let signed = SignedRun {
            entries: entries.iter().map(Unsigned::said).collect(),
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

    /// The entries at these places in the bytes of a stored run; only they are looked at.
    ///
    /// # Errors
    /// [`Invalid`] if they are not what was stored.
    pub fn entries_at(bytes: &[u8], places: RangeInclusive<Seq>) -> Result<Vec<Entry>, Invalid> {
        let signed: SignedRun = decode(bytes, MAX_RUN)?;
        let first = Entry::check(signed.entries.first().ok_or(Invalid)?)?.head.seq.0;
        let there = signed.entries.iter().zip(first..);
        let there = there.filter(|(_, seq)| places.contains(&Seq(*seq)));
        there.map(|(said, _)| Entry::check(said)).collect()
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

    /// It, holding this entry of its as it is given: with or without its body.
    ///
    /// # Errors
    /// [`Invalid`] if it would be too long then.
    pub fn holding(&self, entry: &Entry) -> Result<Self, Invalid> {
        let mut signed: SignedRun = decode(&self.bytes, MAX_RUN)?;
        for (known, said) in self.entries.iter().zip(&mut signed.entries) {
            if known.id == entry.id {
                said.body.clone_from(&entry.body);
            }
        }
        let bytes = encode(&signed);
        Self::check(&signed, bytes)
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

message! {
    struct SignedRun {
        entries: Vec<Said> = 1 repeated message;
        signature: Vec<u8> = 2 bytes;
        account: AccountId = 3 bytes;
        key: VerifyingKey = 4 bytes;
        suite: u32 = 5 uint32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dice::Dice,
        id::{ConversationId, Hash},
        seal::Secret,
        time::Time,
        wire::{Body, Head, Kind},
    };

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
                target: None,
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
