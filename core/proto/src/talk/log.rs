//! Logs: what we hold of each, and where a run fits.
//!
//! ```text
//!  1 ──────────── upto │ gap │ first ── last │ gap │ …
//!  contiguous            beyond: at most 32 ranges
//! ```
//!
//! A place is never filled twice by the same entry, and an entry once taken is never dropped: at a
//! fork (two entries at one place, under one device's signature) all branches are kept and the log
//! is marked.

use alloc::vec::Vec;

use crate::{
    id::{AccountId, EntryId, LogId, Seq},
    seal::{self, Context},
    store::Shelf,
    wire::{
        self, Invalid, LogHave, Run,
        frame::{MAX_FRAME, MAX_RANGES},
        message::message,
    },
};

/// The most runs of other branches that are kept of a forked log; then it is closed.
const MAX_BRANCHES: u32 = 1024;

/// What we hold of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Whose device writes it.
    pub(super) author: AccountId,
    /// What is there.
    pub(super) have: LogHave,
    /// How many runs contradict it.
    pub(super) branches: u32,
}

/// Where a run fits in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is news.
    New,
    /// It is there already.
    Held,
    /// It contradicts what is there: kept as another branch.
    Branch,
    /// There are too many gaps or branches to keep it.
    NoRoom,
}

impl Head {
    pub(super) fn new(author: AccountId) -> Self {
        Self { author, have: LogHave::default(), branches: 0 }
    }

    /// The last place that is there at all.
    pub(super) fn top(&self) -> Seq {
        self.have.beyond.last().map_or(self.have.upto, |(_, last)| *last)
    }

    /// Where the run fits.
    pub(super) fn fit(&self, run: &Run, shelf: &dyn Shelf) -> Fit {
        let (first, last) = (run.first().head.seq, run.last().head.seq);
        let is = |seq, id: &EntryId| shelf.at(run.log(), seq).iter().any(|entry| entry.id == *id);
        // a branch is there without being counted among what we hold
        if is(last, &run.last().id) {
            return Fit::Held;
        }
        let touches = |(from, to): &(Seq, Seq)| *from <= last && first <= *to;
        let free = first > self.have.upto && !self.have.beyond.iter().any(touches);
        let before = run.first().head.prev;
        let follows =
            first == Seq(1) || !self.have.holds(Seq(first.0 - 1)) || is(Seq(first.0 - 1), &before);
        let next = shelf.at(run.log(), last.next());
        let leads =
            !self.have.holds(last.next()) || next.iter().any(|e| e.head.prev == run.last().id);
        if !(free && follows && leads) {
            return if self.branches < MAX_BRANCHES { Fit::Branch } else { Fit::NoRoom };
        }
        let room = first == self.have.upto.next() || self.have.beyond.len() < MAX_RANGES;
        if room { Fit::New } else { Fit::NoRoom }
    }

    /// Marks the places of a new run as there, and closes the gap it may have filled.
    pub(super) fn fill(&mut self, run: &Run, shelf: &dyn Shelf) {
        let (first, last) = (run.first().head.seq, run.last().head.seq);
        let place = self.have.beyond.partition_point(|(from, _)| *from < first);
        self.have.beyond.insert(place, (first, last));
        self.have.beyond = joined(&self.have.beyond);
        if let Some(&(from, to)) = self.have.beyond.first()
            && from == self.have.upto.next()
        {
            self.have.beyond.remove(0);
            self.have.upto = to;
            let end = shelf.at(run.log(), to);
            self.have.id =
                end.first().map_or_else(|| run.last().id.short(), |entry| entry.id.short());
        }
    }

    pub(super) fn encode(&self, log: LogId) -> Vec<u8> {
        let (author, have) = (self.author, (log, self.have.clone()));
        wire::encode(&Kept { author, have, branches: self.branches })
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<(LogId, Self), Invalid> {
        let Kept { author, have: (log, have), branches } = wire::decode(bytes, MAX_FRAME)?;
        Ok((log, Self { author, have, branches }))
    }
}

message! {
    struct Kept {
        author: AccountId = 1 bytes;
        have: (LogId, LogHave) = 2 required message;
        branches: u32 = 3 uint32;
    }
}

/// Ranges that touch become one.
fn joined(ranges: &[(Seq, Seq)]) -> Vec<(Seq, Seq)> {
    let mut joined: Vec<(Seq, Seq)> = Vec::with_capacity(ranges.len());
    for &(first, last) in ranges {
        match joined.last_mut() {
            Some((_, end)) if end.next() == first => *end = last,
            Some(_) | None => joined.push((first, last)),
        }
    }
    joined
}

/// The digest of a conversation's heads, ascending by device: equal digests, equal logs.
pub(super) fn digest(held: impl Iterator<Item = (LogId, LogHave)>) -> u64 {
    let mut bytes = Vec::new();
    for (log, have) in held.filter(|(_, have)| have.upto > Seq(0)) {
        bytes.extend(log.device.0);
        bytes.extend(have.upto.0.to_le_bytes());
        bytes.extend(have.id);
    }
    let hash = seal::derive(Context::Digest, &[&bytes]);
    u64::from_le_bytes(*hash.first_chunk().expect("32 bytes"))
}
