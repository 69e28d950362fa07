//! What is said: logs, who lacks what of them, and what people see.
//!
//! One rule for friends and own devices: on a link each side tells what it holds and sends what the
//! other lacks, its own account's logs at once, others' after a while if they are still lacking.
//! What is written in a batch is signed when the batch settles; what came in is told then.

mod acts;
mod again;
mod cut;
mod draft;
mod fold;
mod log;
mod order;
mod outbox;
mod read;
mod say;
mod sync;
mod want;
mod why;

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};

use self::{
    acts::excused,
    log::{Fit, Head},
    outbox::Peer,
};
pub use self::{
    draft::draft,
    log::parse_head,
    outbox::parse_have,
    say::{SayError, Saying, kept_for},
    why::Share,
};
use crate::{
    dice::Dice,
    id::{AccountId, ConversationId, DeviceId, LinkId, LogId, Seq},
    seal::SigningKey,
    store::{Kind, Message, Record, Shelf, Shown},
    time::Time,
    wire::{
        Entry, Frame, Run, Unsigned,
        frame::MAX_BODIES,
        run::{MAX_ENTRIES, MAX_RUN},
    },
};

/// What the node should do about something in this room.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Say this on a link.
    Tell(LinkId, Frame),
    /// Send the runs of a log from the first of these places to the last.
    Send(LinkId, LogId, Seq, Seq),
    /// A person should know.
    News(News),
}

/// What a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// There is a message.
    Message(Message),
    /// A message is shown otherwise than before.
    Changed(Message),
    /// A device of a friend holds our log up to here.
    Delivered(LogId, Seq),
    /// Two entries at one place, under one device's signature.
    Forked(LogId),
}

/// The state of this room.
#[derive(Debug)]
pub struct Talk {
    account: AccountId,
    device: DeviceId,
    heads: BTreeMap<LogId, Head>,
    peers: BTreeMap<DeviceId, Peer>,
    unsigned: BTreeMap<ConversationId, Vec<Unsigned>>,
    /// Up to where logs were read, as friends may know.
    marks: BTreeMap<LogId, Seq>,
    /// Logs of which more is there than was told, or that somebody sent in vain.
    changed: BTreeSet<LogId>,
    /// What to do next.
    pub(crate) effects: VecDeque<Effect>,
    /// How many acts counted for nothing since the start: on what is somebody else's or no message,
    /// and reactions that cannot be shown.
    pub(crate) ignored: u64,
    /// Whether times or bodies are to be looked at again when the batch ends.
    stale: bool,
    next_expiry: Option<Time>,
    now: Time,
    /// When the last batch ended.
    settled: Time,
}

impl Talk {
    /// This device, before its state is loaded.
    pub fn new(account: AccountId, device: DeviceId) -> Self {
        Self {
            account,
            device,
            heads: BTreeMap::new(),
            peers: BTreeMap::new(),
            unsigned: BTreeMap::new(),
            marks: BTreeMap::new(),
            changed: BTreeSet::new(),
            effects: VecDeque::new(),
            ignored: 0,
            stale: true,
            next_expiry: None,
            settled: Time::default(),
            now: Time::default(),
        }
    }

    /// Takes a row of state; rows of other rooms, and damaged ones, are passed over.
    pub fn load(&mut self, record: &Record) {
        if record.kind == Kind::Head {
            self.heads.extend(Head::parse(&record.bytes));
        } else if record.kind == Kind::Have
            && let Some((holder, account, log, have)) = parse_have(&record.key, &record.bytes)
        {
            let peer = self.peers.entry(holder).or_insert_with(|| Peer::new(account));
            peer.haves.insert(log, have);
        }
    }

    /// Something comes in at this time.
    pub fn tick(&mut self, now: Time) {
        self.now = now;
    }

    /// Ends a batch: signs what was written, tells what changed, sends what is lacking.
    pub fn settle(&mut self, key: &SigningKey, now: Time, dice: &mut Dice, shelf: &mut dyn Shelf) {
        if self.settled == Time::default() {
            self.clock_step(now, shelf); // nobody knows what it did while this was off
        }
        (self.now, self.settled) = (now, now);
        for (_, drafts) in core::mem::take(&mut self.unsigned) {
            for part in parts(&drafts) {
                // they follow each other, but for a disk that failed to say what they follow
                if let Ok(run) = Run::sign(part, self.account, key) {
                    self.take(&run, true, now, shelf);
                }
            }
        }
        if core::mem::take(&mut self.stale) {
            self.excuse(now, shelf);
            self.next_expiry = shelf.next_expiry();
        }
        self.tell_changes();
        self.begin_all();
        self.send_lacking(now, dice, shelf);
    }

    /// Takes in a run; whether this device signed it and did not hold it. Its author may be heard in
    /// this conversation: the node has seen to that, and whether its device is one of his still.
    pub fn take(&mut self, run: &Run, listed: bool, now: Time, shelf: &mut dyn Shelf) -> bool {
        if !self.stands(run, listed) {
            return false;
        }
        let (log, author) = (run.log(), run.author());
        let lacks = |entry: &&Entry| entry.body.is_none() && !excused(entry, author, now, shelf);
        let lacking: Vec<_> = run.entries().iter().filter(lacks).map(|e| e.head.seq).collect();
        self.changed.insert(log);
        let own = log.device == self.device;
        let head = self.heads.entry(log).or_insert_with(|| Head::new(author));
        let fit = head.fit(run, shelf);
        match fit {
            Fit::Held => {
                self.fill(run, shelf);
                return false;
            }
            Fit::NoRoom => return own,
            Fit::New if head.have.wants.len() + lacking.len() > MAX_BODIES => return own,
            Fit::New => {
                head.fill(run, shelf);
                self.stale |= !lacking.is_empty();
                head.have.wants.extend(lacking);
                head.have.wants.sort_unstable();
            }
            Fit::Branch => {
                if !head.have.forks() {
                    self.effects.push_back(Effect::News(News::Forked(log)));
                }
                if head.branch(run, shelf) {
                    self.peers.values_mut().for_each(|peer| peer.rewind(&log));
                }
            }
        }
        // behind an entry of a run stands the next one, and in a forked log maybe others
        let (last, forked) = (run.last().head.seq, head.have.forks());
        let next = |entry: &Entry| {
            Some((log, entry.head.seq.next())).filter(|(_, n)| !forked && *n <= last)
        };
        shelf.put(Kind::Head, &key_of(log), &head.encode(log));
        shelf.append(run);
        let mut before = None;
        for entry in run.entries() {
            // what another branch repeats is shown already, and may be gone since
            match Some(entry.id).filter(|_| forked).and_then(|id| shelf.find(id)) {
                Some(known) if matches!(known.shown, Shown::Retracted | Shown::Expired) => {
                    shelf.rewrite(&entry.withdrawn());
                    before = None;
                }
                Some(_) => before = None,
                None => before = Some(self.show(entry, (before, next(entry)), author, now, shelf)),
            }
        }
        if fit == Fit::Branch {
            self.pass_on(run);
        }
        own
    }

    /// Shows an entry, between those that are shown before and after it; its order.
    fn show(
        &mut self,
        entry: &Entry,
        (before, next): (Option<Time>, Option<(LogId, Seq)>),
        author: AccountId,
        now: Time,
        shelf: &mut dyn Shelf,
    ) -> Time {
        let acts = shelf.acts(entry.head.log.conversation, entry.id);
        let order = order::order(entry, before, shelf);
        let message = fold::message(entry, author, (order, now), &acts);
        shelf.show(&message);
        order::reorder(entry, next, shelf);
        if matches!(message.shown, Shown::Act | Shown::Expiry(_)) {
            self.act(entry, author, shelf);
        }
        if message.shown == Shown::Act {
            return order;
        }
        if message.shown == Shown::Retracted {
            self.withdraw(&message, shelf);
        }
        let wrong = acts.iter().filter(|act| !fold::may(act.kind, act.from, &message));
        self.ignored += wrong.count() as u64;
        self.stale |= message.keep_for > 0;
        self.effects.push_back(Effect::News(News::Message(message)));
        order
    }
}

/// Drafts in runs as large as they may be.
fn parts(drafts: &[Unsigned]) -> Vec<&[Unsigned]> {
    const OVERHEAD: usize = 512;
    let mut parts = Vec::new();
    let (mut begin, mut size) = (0, OVERHEAD);
    for (at, draft) in drafts.iter().enumerate() {
        if at > begin && (at - begin == MAX_ENTRIES || size + draft.size() > MAX_RUN) {
            parts.extend(drafts.get(begin..at));
            (begin, size) = (at, OVERHEAD);
        }
        size += draft.size();
    }
    parts.extend(drafts.get(begin..));
    parts
}

fn key_of(log: LogId) -> Vec<u8> {
    [&log.conversation.0[..], &log.device.0].concat()
}
