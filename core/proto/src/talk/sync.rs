//! Sync: telling what we hold, hearing what others hold, sending the difference.
//!
//! ```text
//! link up ─> digests ──(equal)──> ready ─> changes, each with what is held then
//!                └────(differ)──> all logs once ─> ready
//! ```
//! The two ends' digests pass each other, and one of them may have changed before the other's
//! arrives. So whoever is told something begins too, and whoever is told all logs tells all.

use alloc::{collections::BTreeSet, vec::Vec};
use core::{ops::RangeInclusive, time::Duration};

use super::{
    Effect, News, Talk, log,
    outbox::{Peer, Session},
};
use crate::{
    dice::Dice,
    id::{AccountId, ConversationId, DeviceId, LinkId, LogId, Seq},
    seal::SigningKey,
    store::Shelf,
    time::{Time, millis},
    wire::{Digest, Frame, Have, LogHave, Run, frame::MAX_LOGS},
};

/// Logs of others are sent after a random time between these, if they are still lacking.
const OTHERS: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];
/// So many logs with their cuts go into one frame.
const MAX_TOLD: usize = MAX_LOGS / 2;

impl Talk {
    /// A link with a device begins; talk on it does too.
    pub fn link_up(&mut self, link: LinkId, device: DeviceId, account: AccountId) {
        let peer = self.peers.entry(device).or_insert_with(|| Peer::new(account));
        peer.sessions.insert(link, Session::default());
    }

    /// A link with a device is gone.
    pub fn link_down(&mut self, link: LinkId, device: DeviceId) {
        if let Some(peer) = self.peers.get_mut(&device) {
            peer.sessions.remove(&link);
        }
    }

    /// With this device we speak on this link from now on.
    pub fn prefer(&mut self, device: DeviceId, link: Option<LinkId>) {
        if let Some(peer) = self.peers.get_mut(&device) {
            peer.preferred = link;
        }
    }

    /// A device tells what it holds.
    /// `removed` tells whether an account's device may say that another one of it was removed, and
    /// with `key` this one says so.
    pub fn on_have(
        &mut self,
        link: LinkId,
        device: DeviceId,
        have: Have,
        (removed, key): (impl Fn(AccountId, DeviceId, DeviceId) -> bool, &SigningKey),
        shelf: &mut dyn Shelf,
    ) {
        let Some(account) = self.peers.get(&device).map(|peer| peer.account) else { return };
        for (log, mut have) in have.logs {
            if !self.shared(account, log.conversation) {
                continue;
            }
            let cut = have.cut.take().filter(|cut| removed(cut.account, cut.device(), log.device));
            let ours = || {
                let unheard = !self.heads.contains_key(&log);
                let gone = unheard && removed(self.account, self.device, log.device);
                gone.then(|| self.void(log, key))
            };
            if let Some(cut) = cut.or_else(ours) {
                self.take_cut(log, cut, shelf);
            }
            self.give(link, device, log, &have.wants, shelf);
            self.hear((link, device), log, have, shelf);
        }
        for Digest { conversation, digest } in have.digests {
            if !self.shared(account, conversation) {
                continue;
            }
            if self.digest(conversation) == digest {
                self.hear_same((link, device), conversation, shelf);
                self.ready(link, device, conversation);
                self.begin(link, device, &[conversation]);
            } else {
                self.tell_all(link, device, conversation);
            }
            if account != self.account {
                self.tell_marks(conversation);
            }
        }
        for conversation in have.whole {
            if self.shared(account, conversation) {
                self.ready(link, device, conversation);
                self.tell_all(link, device, conversation);
            }
        }
    }

    /// Begins to talk on every link, about what was not talked about there.
    pub(super) fn begin_all(&mut self) {
        let current = |(device, peer): (&DeviceId, &Peer)| {
            Some((peer.current()?, *device, self.conversations(peer.account)))
        };
        let links: Vec<_> = self.peers.iter().filter_map(current).collect();
        for (link, device, conversations) in links {
            self.begin(link, device, &conversations);
        }
    }

    /// Tells digests of conversations, once on a link.
    fn begin(&mut self, link: LinkId, device: DeviceId, conversations: &[ConversationId]) {
        let Some(session) = self.session(link, device) else { return };
        let new = conversations.iter().filter(|conversation| session.begun.insert(**conversation));
        let new: Vec<_> = new.copied().collect();
        for part in new.chunks(MAX_LOGS) {
            let digest = |c: &ConversationId| Digest { conversation: *c, digest: self.digest(*c) };
            let digests = part.iter().map(digest).collect();
            self.tell(link, Have { digests, ..Have::default() });
        }
    }

    /// Tells all logs of a conversation, once on a link.
    fn tell_all(&mut self, link: LinkId, device: DeviceId, conversation: ConversationId) {
        if self.session(link, device).is_some_and(|session| session.told.insert(conversation)) {
            let logs = self.held(conversation).take(MAX_LOGS).collect();
            let whole = alloc::vec![conversation];
            self.tell(link, Have { logs, whole, ..Have::default() });
        }
    }

    pub(super) fn session(&mut self, link: LinkId, device: DeviceId) -> Option<&mut Session> {
        self.peers.get_mut(&device)?.sessions.get_mut(&link)
    }

    /// A device tells what it holds of one log. Of its own it holds all, whatever it tells.
    ///
    /// Who tells another id than we hold there has another branch: until ours is one of those he
    /// tells, he lacks the log from its beginning. Who tells more of our own log than we hold shows
    /// that this disk was copied or set back, if he can: he is asked for it. So is the first friend
    /// who tells more of a log of another own device, if none of our devices is there to send it.
    fn hear(
        &mut self,
        (link, device): (LinkId, DeviceId),
        log: LogId,
        have: LogHave,
        shelf: &mut dyn Shelf,
    ) {
        let Some(account) = self.peers.get(&device).map(|peer| peer.account) else { return };
        if log.device == device {
            return;
        }
        let head = self.heads.get(&log);
        let contradicts = self.contradicts(log, &have, shelf);
        let top = head.map_or(Seq(0), |head| head.top);
        if log.device == self.device && (contradicts || have.forks() || have.last() > top) {
            let shared = if contradicts { Seq(have.upto.0 - 1) } else { have.upto.min(top) };
            return self.want(link, log, shared.next(), Seq::END);
        }
        let ours = head.is_some_and(|head| head.author == self.account);
        let upto = head.map_or(Seq(0), |head| head.have.upto);
        if ours && have.last() > upto && account != self.account && self.must_ask(link, device, log)
        {
            self.want(link, log, upto.next(), Seq::END);
        }
        let Some(peer) = self.peers.get_mut(&device).filter(|_| !contradicts) else { return };
        let before = peer.haves.get(&log).map_or(Seq(0), |known| known.upto);
        if let Some(upto) = peer.tell((link, device), log, have, shelf)
            && ours
        {
            if upto != before {
                peer.told.note(log, before, upto, self.now);
            }
            if account != self.account {
                self.effects.push_back(Effect::News(News::Delivered(log, upto)));
            }
        }
    }

    /// Whether somebody holds another entry than we do where he says that his part of a log ends.
    fn contradicts(&self, log: LogId, have: &LogHave, shelf: &dyn Shelf) -> bool {
        let Some(head) = self.heads.get(&log).filter(|_| have.upto > Seq(0)) else { return false };
        if have.upto == head.have.upto {
            return have.id != head.have.id;
        }
        let held = shelf.at(log, have.upto);
        !held.is_empty() && held.iter().all(|entry| entry.id.short() != have.id)
    }

    /// A device holds of a conversation what we hold.
    fn hear_same(&mut self, from: (LinkId, DeviceId), here: ConversationId, shelf: &mut dyn Shelf) {
        for (log, have) in self.held(here).collect::<Vec<_>>() {
            self.hear(
                from,
                log,
                LogHave { beyond: Vec::new(), read: Seq(0), cut: None, ..have },
                shelf,
            );
        }
    }

    /// What the device holds of the conversation is known.
    fn ready(&mut self, link: LinkId, device: DeviceId, conversation: ConversationId) {
        if let Some(session) = self.session(link, device) {
            session.ready.insert(conversation);
        }
    }

    /// Tells every linked device what changed where it is concerned; the log of this device tells
    /// itself. On all links: at the ends of two there may be two copies of one device.
    pub(super) fn tell_changes(&mut self) {
        let mut changed = core::mem::take(&mut self.changed);
        changed.retain(|log| log.device != self.device);
        let mut haves = Vec::new();
        for peer in self.peers.values() {
            let concerned =
                changed.iter().filter(|log| self.shared(peer.account, log.conversation));
            let logs =
                concerned.filter_map(|log| Some((*log, self.told(*log, self.heads.get(log)?))));
            let logs: Vec<_> = logs.collect();
            haves.extend(peer.sessions.keys().map(|link| (*link, logs.clone())));
        }
        for (link, logs) in haves {
            for logs in logs.chunks(MAX_TOLD) {
                self.tell(link, Have { logs: logs.to_vec(), ..Have::default() });
            }
        }
    }

    fn tell(&mut self, link: LinkId, have: Have) {
        self.effects.push_back(Effect::Tell(link, Frame::Have(have)));
    }

    /// Sends every linked device what it lacks, as far as the window goes.
    pub(super) fn send_lacking(&mut self, now: Time, dice: &mut Dice, shelf: &dyn Shelf) {
        let (me, heads) = (self.account, &self.heads);
        for (device, peer) in &mut self.peers {
            let Some(link) = peer.current() else { continue };
            let pair = ConversationId::pair(&me.short(), &peer.account.short());
            let range = if peer.account == me { everything() } else { all_of(pair) };
            for (log, head) in heads.range(range).filter(|(log, _)| log.device != *device) {
                let needless = peer.word(log).map_or(Seq(0), |told| head.needless(told));
                let Some(session) = peer.sessions.get_mut(&link) else { break };
                if session.cursor(log, needless) >= head.end() {
                    session.waits.remove(log);
                    continue;
                }
                let mut due = || {
                    let more = dice.below(millis(OTHERS[1] - OTHERS[0]));
                    now.after(OTHERS[0]).after(Duration::from_millis(more))
                };
                if session.ready.contains(&log.conversation)
                    && (head.author == me || session.waited(*log, &mut due, now))
                {
                    let sent = send_log(session, *log, (needless, head.end()), now, shelf);
                    let sends =
                        sent.into_iter().map(|(from, to)| Effect::Send(link, *log, from, to));
                    self.effects.extend(sends);
                }
            }
        }
    }

    /// Passes a run of a forked log on to every linked device that is concerned: by what is told of
    /// such a log nobody sees which of its runs somebody lacks.
    pub(super) fn pass_on(&mut self, run: &Run) {
        let (log, last) = (run.log(), run.last().head.seq);
        let concerned = self.peers.iter().filter(|(device, peer)| {
            **device != log.device && self.shared(peer.account, log.conversation)
        });
        let links: Vec<_> = concerned.filter_map(|(_, peer)| peer.current()).collect();
        self.effects.extend(links.into_iter().map(|link| Effect::Send(link, log, last, last)));
    }

    /// Sends again what was not answered, and does away with what is past its time.
    pub fn on_timeout(&mut self, now: Time, shelf: &mut dyn Shelf) {
        self.expire(now, shelf);
        let sessions = self.peers.values_mut().flat_map(|peer| peer.sessions.values_mut());
        sessions.for_each(|session| session.on_timeout(now));
    }

    /// When there is something to do even if nothing happens until then.
    pub fn next_timeout(&self) -> Option<Time> {
        let peers = self.peers.values().filter_map(|peer| peer.next_timeout(self.now));
        // what is left over of very much that is past waits a moment
        let expiry = self.next_expiry.map(|due| due.max(Time(self.now.0.saturating_add(1))));
        peers.chain(expiry).min()
    }

    /// The conversations that we share with an account.
    fn conversations(&self, account: AccountId) -> Vec<ConversationId> {
        if account != self.account {
            return alloc::vec![ConversationId::pair(&self.account.short(), &account.short())];
        }
        let all: BTreeSet<_> = self.heads.keys().map(|log| log.conversation).collect();
        all.into_iter().collect()
    }

    pub(super) fn shared(&self, account: AccountId, conversation: ConversationId) -> bool {
        let pair = || ConversationId::pair(&self.account.short(), &account.short());
        account == self.account || conversation == pair()
    }

    /// What we hold of a conversation.
    fn held(&self, conversation: ConversationId) -> impl Iterator<Item = (LogId, LogHave)> {
        let heads = self.heads.range(all_of(conversation));
        heads.map(|(log, head)| (*log, head.told()))
    }

    fn digest(&self, conversation: ConversationId) -> u64 {
        log::digest(self.held(conversation))
    }
}

/// All logs of a conversation.
pub(super) fn all_of(conversation: ConversationId) -> RangeInclusive<LogId> {
    let log = |device| LogId { conversation, device: DeviceId(device) };
    log([0; 16])..=log([0xff; 16])
}

/// All logs there are.
fn everything() -> RangeInclusive<LogId> {
    let log =
        |fill| LogId { conversation: ConversationId([fill; 32]), device: DeviceId([fill; 16]) };
    log(0)..=log(0xff)
}

/// Sends a log from where we are, as far as the window goes: from and to.
fn send_log(
    session: &mut Session,
    log: LogId,
    (needless, end): (Seq, Seq),
    now: Time,
    shelf: &dyn Shelf,
) -> Vec<(Seq, Seq)> {
    let mut sent = Vec::new();
    while session.room() > 0 {
        let cursor = session.cursor(&log, needless);
        if cursor >= end {
            break;
        }
        let span = shelf.span(log, cursor, session.room());
        let Some(span) = span.filter(|span| session.bears(span.bytes)) else { break };
        let last = span.last.min(end);
        session.fly(log, last, span.bytes, now);
        sent.push((cursor.next(), last));
    }
    sent
}
