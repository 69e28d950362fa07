//! Acts: what is done to messages, whichever comes first, and how what they said goes.
//!
//! ```text
//! act ─> no right, or no reaction ─> counted, not shown
//!   └──> counts for its account? ─> kept ─> its target, if it is here, is shown anew
//! taken back, or past its time ─> the bodies of the text and of its edits leave the disk
//! ```
//!
//! Every act stays in its log, but of each account's acts of one kind on one entry only what counts
//! is looked at again: a million reactions cost no more than the last one. A body that is lacking
//! is wanted, unless the text was taken back or its time is over.

use core::time::Duration;

use super::{Effect, News, Talk, fold, key_of};
use crate::{
    id::AccountId,
    store::{Kind as Row, Message, Shelf, Shown},
    time::{LONGEST_SLEEP, Time},
    wire::{Entry, Kind, Run},
};

/// So many messages at most are done away with at once.
const MAX_EXPIRED: usize = 256;
/// What this device said stays until somebody has it; so often it is looked at again.
const UNHEARD: Duration = Duration::from_secs(3600);

impl Talk {
    /// Something was done to an entry.
    pub(super) fn act(&mut self, entry: &Entry, from: AccountId, shelf: &mut dyn Shelf) {
        let Some(mut act) = fold::act(entry, from) else { return self.ignored += 1 };
        let here = act.conversation;
        let target = shelf.find(act.target).filter(|target| target.log.conversation == here);
        if target.as_ref().is_some_and(|target| !fold::may(act.kind, from, target)) {
            return self.ignored += 1;
        }
        let gone = |target: &Message| matches!(target.shown, Shown::Retracted | Shown::Expired);
        if act.kind == Kind::Edit && target.as_ref().is_some_and(gone) {
            shelf.rewrite(&entry.withdrawn());
            act.content.clear();
        }
        let known = shelf.acts(here, act.target);
        let known = known.iter().find(|known| (known.from, known.kind) == (from, act.kind));
        if known.is_none_or(|known| (known.at, known.id) <= (act.at, act.id)) {
            shelf.act(&act);
            target.into_iter().for_each(|target| self.refold(&target, shelf));
        }
    }

    /// Shows a message anew, by what its entry and the acts on it say now.
    pub(super) fn refold(&mut self, before: &Message, shelf: &mut dyn Shelf) {
        let entries = shelf.at(before.log, before.seq);
        let Some(entry) = entries.iter().find(|entry| entry.id == before.id) else { return };
        let acts = shelf.acts(before.log.conversation, before.id);
        let message = fold::message(entry, before.from, (before.order, before.since), &acts);
        if message == *before {
            return;
        }
        if message.shown == Shown::Retracted {
            self.withdraw(&message, shelf);
        }
        self.stale = true;
        shelf.show(&message);
        self.effects.push_back(Effect::News(News::Changed(message)));
    }

    /// What a message said leaves the disk, and what its edits did.
    pub(super) fn withdraw(&self, message: &Message, shelf: &mut dyn Shelf) {
        let here = message.log.conversation;
        let is_its = |entry: &Entry| {
            let author = self.heads.get(&entry.head.log).map(|head| head.author);
            let edits = entry.head.kind == Kind::Edit && entry.head.target == Some(message.id);
            entry.id == message.id || edits && author == Some(message.from)
        };
        let mut places = shelf.readers(here, message.id.short());
        places.push((message.log, message.seq));
        for (log, seq) in places {
            let entries = shelf.at(log, seq);
            let held = entries.iter().filter(|entry| entry.body.is_some() && is_its(entry));
            held.for_each(|entry| shelf.rewrite(&entry.withdrawn()));
        }
        let acts = shelf.acts(here, message.id).into_iter();
        for mut act in acts.filter(|act| act.kind == Kind::Edit && act.from == message.from) {
            act.content.clear();
            shelf.act(&act);
        }
    }

    /// Does away with what is past its time.
    pub(super) fn expire(&mut self, now: Time, shelf: &mut dyn Shelf) {
        let due = shelf.expired(now, MAX_EXPIRED);
        self.stale |= !due.is_empty();
        for message in due {
            if message.log.device == self.device && !self.has_arrived(&message) {
                let again = now.after(UNHEARD).0.saturating_sub(message.keep_for);
                shelf.show(&Message { since: Time(again), ..message });
            } else {
                self.withdraw(&message, shelf);
                self.refold(&message, shelf);
            }
        }
    }

    /// Whether somebody else has this message of ours; what is said to oneself has arrived.
    fn has_arrived(&self, message: &Message) -> bool {
        let (log, mut others) = (message.log, self.peers.values());
        let has = |peer: &super::Peer| {
            let have = peer.haves.get(&log);
            peer.account != self.account && have.is_some_and(|have| have.received(message.seq))
        };
        log.conversation == crate::ConversationId::own(&self.account) || others.any(has)
    }

    /// The clock was set, or the machine slept. What is kept for a while is kept no longer than
    /// that from now on, though the clock went back; and if it went forward as nobody sleeps, no
    /// shorter either: the time between was none.
    pub fn clock_step(&mut self, now: Time, shelf: &mut dyn Shelf) {
        let slept = self.settled == Time::default() || now.since(self.settled) <= LONGEST_SLEEP;
        shelf.recount(if slept { now } else { Time::default() }, now);
        self.stale = true;
    }

    /// Bodies that came for entries that lack theirs.
    pub(super) fn fill(&mut self, run: &Run, shelf: &mut dyn Shelf) {
        let Some(head) = self.heads.get(&run.log()) else { return };
        let wants = head.have.wants.clone();
        let wanted = |entry: &&Entry| entry.body.is_some() && wants.contains(&entry.head.seq);
        for entry in run.entries().iter().filter(wanted) {
            let known = shelf.at(run.log(), entry.head.seq);
            if !known.contains(&entry.withdrawn()) {
                continue;
            }
            self.stale = true;
            shelf.rewrite(entry);
            match entry.head.kind {
                Kind::Edit => self.act(entry, run.author(), shelf),
                Kind::Text | Kind::Retract | Kind::Reaction | Kind::Expiry | Kind::Newer(_) => {
                    shelf.find(entry.id).iter().for_each(|message| self.refold(message, shelf));
                }
            }
        }
    }

    /// Stops wanting the bodies that came, or that need not come any more.
    pub(super) fn excuse(&mut self, now: Time, shelf: &mut dyn Shelf) {
        for (log, head) in &mut self.heads {
            let (author, before) = (head.author, head.have.wants.len());
            let lacks = |entry: &Entry| entry.body.is_none() && !excused(entry, author, now, shelf);
            head.have.wants.retain(|seq| shelf.at(*log, *seq).iter().any(lacks));
            if head.have.wants.len() < before {
                shelf.put(Row::Head, &key_of(*log), &head.encode(*log));
                self.changed.insert(*log);
            }
        }
    }
}

/// Whether the body of an entry need not come: the text was taken back, or its time is over.
pub(super) fn excused(entry: &Entry, author: AccountId, now: Time, shelf: &dyn Shelf) -> bool {
    let head = &entry.head;
    let text = if head.kind == Kind::Edit { head.target.unwrap_or(entry.id) } else { entry.id };
    let acts = shelf.acts(head.log.conversation, text);
    let retracted = acts.iter().any(|act| act.kind == Kind::Retract && act.from == author);
    let past = head.keep_for > 0 && head.at.0.saturating_add(head.keep_for) <= now.0;
    retracted || past
}
