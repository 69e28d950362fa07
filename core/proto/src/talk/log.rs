//! Logs: what we hold of each, and where a run fits.
//!
//! ```text
//!  1 ──────────── upto │ gap │ first ── last │ gap │ …
//!  contiguous            beyond: at most 32 ranges
//! ```
//!
//! A place is never filled twice by the same entry, and an entry once taken is never dropped.
//! Where two entries stand at one place, under one device's signature, the log forks:
//!
//! ```text
//!  1 ──────────── upto ─┬───────────── tip
//!  what all share       └─────── tip
//! ```
//!
//! All branches are kept, and told by their tips, so that whoever holds the same branches tells the
//! same, whichever came first. A branch is taken where it stands on something held, or beside it:
//! what it stands on may be lost with a disk. Until that comes it is told among the tips.

use alloc::vec::Vec;

use crate::{
    id::{AccountId, EntryId, LogId, Seq},
    seal::{self, Context},
    store::Shelf,
    wire::{
        self, Invalid, LogHave, Run,
        frame::{MAX_FRAME, MAX_RANGES, MAX_TIPS},
        message::message,
    },
};

/// What we hold of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Whose device writes it.
    pub(super) author: AccountId,
    /// What is there.
    pub(super) have: LogHave,
    /// The last place that is there at all.
    pub(super) top: Seq,
}

/// Where a run fits in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is news.
    New,
    /// It is there already.
    Held,
    /// It contradicts what is there, or the log forks already: it makes a branch, or a longer one.
    Branch,
    /// There are too many gaps or branches to keep it, or it is a branch with nothing below.
    NoRoom,
}

impl Head {
    pub(super) fn new(author: AccountId) -> Self {
        Self { author, have: LogHave::default(), top: Seq(0) }
    }

    /// The last place that is there at all and counts.
    pub(super) fn end(&self) -> Seq {
        self.have.cut.map_or(self.top, |cut| self.top.min(cut.seq))
    }

    /// Where the run fits.
    pub(super) fn fit(&self, run: &Run, shelf: &dyn Shelf) -> Fit {
        let (first, last) = (run.first().head.seq, run.last().head.seq);
        if holds(shelf, run.log(), last, run.last().id) {
            return Fit::Held;
        }
        let (below, before) = (Seq(first.0 - 1), run.first().head.prev);
        let stands = first == Seq(1) || holds(shelf, run.log(), below, before);
        let follows = stands || !self.have.holds(below);
        if self.have.forks() || !(self.free(first, last) && follows && self.leads(run, shelf)) {
            let longer = stands && self.have.tips.contains(&before.short());
            let room = longer || self.tips(shelf, run.log()).len() + 2 <= MAX_TIPS;
            // what it stands on may be lost for ever
            let hangs = || !shelf.at(run.log(), below).is_empty();
            return if room && (stands || hangs()) { Fit::Branch } else { Fit::NoRoom };
        }
        let room = first == self.have.upto.next() || self.have.beyond.len() < MAX_RANGES;
        if room { Fit::New } else { Fit::NoRoom }
    }

    /// Whether nothing is there at these places.
    fn free(&self, first: Seq, last: Seq) -> bool {
        let touches = |(from, to): &(Seq, Seq)| *from <= last && first <= *to;
        first > self.have.upto && !self.have.beyond.iter().any(touches)
    }

    /// Whether what is there behind the run, if anything, names it as what it follows.
    fn leads(&self, run: &Run, shelf: &dyn Shelf) -> bool {
        !self.have.holds(run.last().head.seq.next()) || is_followed(run, shelf)
    }

    /// Marks the places of a new run as there, and closes the gap it may have filled.
    pub(super) fn fill(&mut self, run: &Run, shelf: &dyn Shelf) {
        let (first, last) = (run.first().head.seq, run.last().head.seq);
        let place = self.have.beyond.partition_point(|(from, _)| *from < first);
        self.have.beyond.insert(place, (first, last));
        self.have.beyond = joined(&self.have.beyond);
        self.top = self.top.max(last);
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

    /// The tips, as they are or would be if the log forked now: what was there ends in one, and each
    /// piece behind a gap ends in one and stands on another.
    fn tips(&self, shelf: &dyn Shelf, log: LogId) -> Vec<[u8; 8]> {
        if self.have.forks() {
            return self.have.tips.clone();
        }
        let ends = core::iter::once(self.have.upto).chain(self.have.beyond.iter().map(|r| r.1));
        let ends = ends.flat_map(|end| shelf.at(log, end)).map(|entry| entry.id);
        let begins = self.have.beyond.iter().flat_map(|(begin, _)| shelf.at(log, *begin));
        ends.chain(begins.map(|entry| entry.head.prev)).map(|id| id.short()).collect()
    }

    /// Takes in a run as a branch, or as more of one; whether less is shared now than before.
    pub(super) fn branch(&mut self, run: &Run, shelf: &dyn Shelf) -> bool {
        let (log, first) = (run.log(), &run.first().head);
        let stands = first.seq == Seq(1) || holds(shelf, log, Seq(first.seq.0 - 1), first.prev);
        // what stands beside it is shared no more
        let below = Seq(first.seq.0 - if stands { 1 } else { 2 });
        let tips = self.tips(shelf, log);
        let have = &mut self.have;
        (have.tips, have.beyond) = (tips, Vec::new());
        let ends = [&first.prev].into_iter().chain(run.entries().iter().map(|entry| &entry.id));
        let ends: Vec<_> = ends.map(EntryId::short).collect();
        have.tips.retain(|tip| !ends.contains(tip));
        have.tips.extend((!is_followed(run, shelf)).then(|| run.last().id.short()));
        have.tips.extend((!stands).then(|| first.prev.short()));
        have.tips.sort_unstable();
        self.top = self.top.max(run.last().head.seq);
        let less = below < have.upto;
        if less {
            let end = shelf.at(log, below);
            (have.upto, have.id) = (below, end.first().map_or([0; 8], |entry| entry.id.short()));
        }
        less
    }

    /// Up to where somebody who tells this needs nothing of it. Who has other branches gets all
    /// that stands behind what both share.
    pub(super) fn needless(&self, told: &LogHave) -> Seq {
        let (ours, upto) = (&self.have, told.upto.max(Seq(told.from.0.saturating_sub(1))));
        match ours.forks() || told.forks() {
            false => upto,
            true if (ours.upto, &ours.tips) == (told.upto, &told.tips) => self.top,
            true => upto.min(ours.upto),
        }
    }

    pub(super) fn encode(&self, log: LogId) -> Vec<u8> {
        let (author, have) = (self.author, (log, self.have.clone()));
        wire::encode(&Kept { author, have, top: self.top })
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<(LogId, Self), Invalid> {
        let Kept { author, have: (log, have), top } = wire::decode(bytes, MAX_FRAME)?;
        Ok((log, Self { author, have, top }))
    }
}

message! {
    struct Kept {
        author: AccountId = 1 bytes;
        have: (LogId, LogHave) = 2 required message;
        top: Seq = 3 uint64;
    }
}

/// Whether something that is there follows the run.
fn is_followed(run: &Run, shelf: &dyn Shelf) -> bool {
    let last = run.last();
    let next = shelf.at(run.log(), last.head.seq.next());
    next.iter().any(|entry| entry.head.prev == last.id)
}

/// Whether this entry is there.
fn holds(shelf: &dyn Shelf, log: LogId, seq: Seq, id: EntryId) -> bool {
    shelf.at(log, seq).iter().any(|entry| entry.id == id)
}

/// A stored row of [`crate::store::Kind::Head`]: what we hold of a log, and whose it is.
pub fn parse_head(bytes: &[u8]) -> Option<(LogId, AccountId, LogHave)> {
    let (log, head) = Head::parse(bytes).ok()?;
    Some((log, head.author, head.have))
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
    for (log, have) in held.filter(|(_, have)| have.upto > Seq(0) || have.forks()) {
        bytes.extend(log.device.0);
        bytes.extend(have.upto.0.to_le_bytes());
        bytes.extend(have.id);
        bytes.extend(have.tips.as_flattened());
        bytes.extend(have.wants.iter().flat_map(|seq| seq.0.to_le_bytes()));
    }
    let hash = seal::derive(Context::Digest, &[&bytes]);
    u64::from_le_bytes(*hash.first_chunk().expect("32 bytes"))
}
