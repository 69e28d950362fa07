//! The outbox: who lacks what, as a subtraction.
//!
//! For every device that we know of there is what it told last to hold, on disk: what it holds of
//! our logs is what a person sees as delivered. For every link there is a session besides: what the
//! device told on it, where in each log we are sending, and what is in flight. Nothing is kept of
//! what is sent: a link that breaks takes the session with it.
//!
//! On one link the newest word counts. An old one may come on one link after a newer one on another,
//! so of the words on several links the one that tells most counts: a disk that was set back is
//! believed once the links from before are gone.

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};
use core::time::Duration;

use super::why::{Share, Told};
use crate::{
    id::{AccountId, ConversationId, DeviceId, LinkId, LogId, Seq},
    store::{Kind, Shelf},
    time::Time,
    wire::{self, LogHave, frame::MAX_FRAME},
};

/// So many bytes are in flight on a link, unanswered.
pub(super) const WINDOW: u64 = 256 << 10;
/// What is not answered for so long is sent again, then after twice that.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bodies that a device is given on one link because it lacks them.
pub(super) const MAX_GIVEN: usize = 4096;
/// The most logs of which a device's word is kept.
const MAX_HAVES: usize = 4096;

/// A device, as far as it and we talk.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) account: AccountId,
    /// What it told last to hold.
    pub(super) haves: BTreeMap<LogId, LogHave>,
    /// When it told that of ours, since the start.
    pub(super) told: Told,
    /// Talk on each link with it.
    pub(super) sessions: BTreeMap<LinkId, Session>,
    /// The link on which we speak; on the others we only listen.
    pub(super) preferred: Option<LinkId>,
}

/// Talk on one link, from its beginning.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Conversations of which we told a digest.
    pub(super) begun: BTreeSet<ConversationId>,
    /// Conversations of which we told all logs.
    pub(super) told: BTreeSet<ConversationId>,
    /// Conversations of which we know what the device holds.
    pub(super) ready: BTreeSet<ConversationId>,
    haves: BTreeMap<LogId, LogHave>,
    cursors: BTreeMap<LogId, Seq>,
    flying: VecDeque<Flying>,
    /// How often in a row something was sent again.
    repeats: u32,
    /// Bodies that the device wanted and was given.
    pub(super) given: BTreeSet<(LogId, Seq)>,
    /// Logs of ours that the device was asked for.
    pub(super) asked: BTreeSet<LogId>,
    /// Logs of others that the device lacks: when we send them, if nobody else did.
    pub(super) waits: BTreeMap<LogId, Time>,
}

#[derive(Debug)]
struct Flying {
    log: LogId,
    last: Seq,
    bytes: u64,
    since: Time,
}

impl Peer {
    pub(super) fn new(account: AccountId) -> Self {
        let (haves, sessions) = (BTreeMap::new(), BTreeMap::new());
        Self { account, haves, told: Told::default(), sessions, preferred: None }
    }

    /// Where we speak, if the device is linked.
    pub(super) fn current(&self) -> Option<LinkId> {
        self.preferred.filter(|link| self.sessions.contains_key(link))
    }

    /// When something is to be done about a session even if nothing happens until then.
    pub(super) fn next_timeout(&self, now: Time) -> Option<Time> {
        self.sessions.values().filter_map(|session| session.next_timeout(now)).min()
    }

    /// This device (`holder`) tells on a link what it holds of a log; up to where it is known to
    /// hold it now, if that is news.
    pub(super) fn tell(
        &mut self,
        (link, holder): (LinkId, DeviceId),
        log: LogId,
        have: LogHave,
        shelf: &mut dyn Shelf,
    ) -> Option<Seq> {
        let known = self.haves.get(&log);
        let read = known.map_or(Seq(0), |known| known.read).max(have.read.min(have.upto));
        if known.is_none() && self.haves.len() >= MAX_HAVES {
            return None;
        }
        self.sessions.values_mut().for_each(|session| session.landed(log, &have));
        self.sessions.get_mut(&link)?.haves.insert(log, have);
        let told = LogHave { read, ..self.word(&log)?.clone() };
        if known == Some(&told) {
            return None;
        }
        let bytes = [&self.account.0[..], &wire::encode(&(log, told.clone()))].concat();
        shelf.put(Kind::Have, &row(log, holder), &bytes);
        let upto = told.upto;
        self.haves.insert(log, told);
        Some(upto)
    }

    /// What the device tells to hold of a log, on the links there are.
    pub(super) fn word(&self, log: &LogId) -> Option<&LogHave> {
        let words = self.sessions.values().filter_map(|session| session.haves.get(log));
        words.max_by_key(|have| (have.forks(), have.upto))
    }

    /// The device has less of the log than we thought: all that it lacks is sent anew.
    pub(super) fn rewind(&mut self, log: &LogId) {
        self.sessions.values_mut().for_each(|session| _ = session.cursors.remove(log));
    }
}

impl Session {
    /// How many more bytes may fly.
    pub(super) fn room(&self) -> u64 {
        WINDOW.saturating_sub(self.flying.iter().map(|f| f.bytes).sum())
    }

    /// Whether so many bytes more may fly; what is larger than the window flies alone.
    pub(super) fn bears(&self, bytes: u64) -> bool {
        self.flying.is_empty() || bytes <= self.room()
    }

    /// Up to where a log is sent, or need not be.
    pub(super) fn cursor(&self, log: &LogId, needless: Seq) -> Seq {
        self.cursors.get(log).map_or(needless, |cursor| needless.max(*cursor))
    }

    /// Entries of a log up to `last` were sent.
    pub(super) fn fly(&mut self, log: LogId, last: Seq, bytes: u64, now: Time) {
        self.cursors.insert(log, last);
        self.flying.push_back(Flying { log, last, bytes, since: now });
    }

    /// Since when an entry is on its way; the oldest that is, if it is not.
    pub(super) fn flying(&self, log: LogId, seq: Seq) -> Option<Share> {
        let it = self.flying.iter().find(|f| f.log == log && f.last >= seq);
        let sent = it.map(|f| Share::Sent(f.since));
        sent.or_else(|| self.flying.front().map(|f| Share::Behind(f.since)))
    }

    /// What was in flight of a log has landed, as far as this tells. Of a log that forks nobody
    /// tells places.
    fn landed(&mut self, log: LogId, have: &LogHave) {
        let before = self.flying.len();
        self.flying.retain(|f| f.log != log || !(have.forks() || have.holds(f.last)));
        if self.flying.len() < before {
            self.repeats = 0;
        }
    }

    /// Whether a log of somebody else, which the device lacks, is to be sent now; when it is first
    /// asked, `due` says from when on.
    pub(super) fn waited(&mut self, log: LogId, due: impl FnOnce() -> Time, now: Time) -> bool {
        *self.waits.entry(log).or_insert_with(due) <= now
    }

    fn patience(&self) -> Duration {
        PATIENCE.saturating_mul(1 << self.repeats.min(16))
    }

    fn next_timeout(&self, now: Time) -> Option<Time> {
        let impatient = self.flying.front().map(|f| f.since.after(self.patience()));
        let waits = self.waits.values().copied().filter(|due| *due > now);
        impatient.into_iter().chain(waits).min()
    }

    /// Sends again what was not answered for too long.
    pub(super) fn on_timeout(&mut self, now: Time) {
        if self.flying.front().is_some_and(|f| f.since.after(self.patience()) <= now) {
            self.flying.clear();
            self.cursors.clear();
            self.repeats = self.repeats.saturating_add(1);
        }
    }
}

/// The key under which a device's word on a log is stored.
fn row(log: LogId, holder: DeviceId) -> Vec<u8> {
    [&log.conversation.0[..], &log.device.0, &holder.0].concat()
}

/// A stored row of [`Kind::Have`]: whose device holds how much of a log.
pub fn parse_have(key: &[u8], bytes: &[u8]) -> Option<(DeviceId, AccountId, LogId, LogHave)> {
    let (account, have) = bytes.split_at_checked(32)?;
    let (_, holder) = key.split_at_checked(48)?;
    let (log, have) = wire::decode(have, MAX_FRAME).ok()?;
    Some((DeviceId::parse(holder)?, AccountId::parse(account)?, log, have))
}
