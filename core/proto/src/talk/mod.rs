//! What is said: logs, who lacks what of them, and what people see.
//!
//! One rule for friends and own devices: on a link each side tells what it holds and sends what the
//! other lacks, its own account's logs at once, others' after a while if they are still lacking.
//! What is written in a batch is signed when the batch settles; what came in is told then.

mod again;
mod draft;
mod fold;
mod log;
mod order;
mod outbox;
mod sync;
mod why;

use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::String,
    vec::Vec,
};

pub use self::{draft::draft, log::parse_head, outbox::parse_have, why::Share};
use self::{
    log::{Fit, Head},
    outbox::Peer,
};
use crate::{
    dice::Dice,
    id::{AccountId, ConversationId, DeviceId, EntryId, Hash, LinkId, LogId, Seq},
    seal::SigningKey,
    store::{Kind, Message, Record, Shelf},
    time::Time,
    wire::{
        Body, Entry, Frame, Head as EntryHead, Kind as EntryKind, Run, Unsigned,
        entry::{MAX_ENTRIES, MAX_RUN, MAX_TEXT},
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
    /// A device of a friend holds our log up to here.
    Delivered(LogId, Seq),
    /// Two entries at one place, under one device's signature.
    Forked(LogId),
}

/// Why a text cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// There is nothing in it.
    #[error("the text is empty; write something")]
    Empty,
    /// It is longer than a message may be.
    #[error("the text is longer than 32 KiB; send it in parts")]
    TooLong,
}

/// The state of this room.
#[derive(Debug)]
pub struct Talk {
    account: AccountId,
    device: DeviceId,
    heads: BTreeMap<LogId, Head>,
    peers: BTreeMap<DeviceId, Peer>,
    unsigned: BTreeMap<ConversationId, Vec<Unsigned>>,
    /// Logs of which more is there than was told, or that somebody sent in vain.
    changed: BTreeSet<LogId>,
    /// What to do next.
    pub(crate) effects: VecDeque<Effect>,
    now: Time,
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
            changed: BTreeSet::new(),
            effects: VecDeque::new(),
            now: Time::default(),
        }
    }

    /// Takes a row of state; rows of other rooms, and damaged ones, are passed over.
    pub fn load(&mut self, record: &Record) {
        match record.kind {
            Kind::Head => self.heads.extend(Head::parse(&record.bytes)),
            Kind::Have => {
                if let Some((holder, account, log, have)) = parse_have(&record.key, &record.bytes) {
                    let peer = self.peers.entry(holder).or_insert_with(|| Peer::new(account));
                    peer.haves.insert(log, have);
                }
            }
            Kind::Roster
            | Kind::Card
            | Kind::Map
            | Kind::Hello
            | Kind::Answer
            | Kind::Reached
            | Kind::Draft
            | Kind::Adding
            | Kind::Me
            | Kind::Former => {}
        }
    }

    /// Something comes in at this time.
    pub fn tick(&mut self, now: Time) {
        self.now = now;
    }

    /// Says something in a conversation; it is signed when the batch settles.
    ///
    /// # Errors
    /// [`TextError`] if it is no text that can be said.
    pub fn say(
        &mut self,
        conversation: ConversationId,
        text: String,
        now: Time,
        dice: &mut Dice,
        shelf: &dyn Shelf,
    ) -> Result<EntryId, TextError> {
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > MAX_TEXT {
            return Err(TextError::TooLong);
        }
        let log = LogId { conversation, device: self.device };
        let upto = self.heads.get(&log).map_or(Seq(0), |head| head.have.upto);
        let drafts = self.unsigned.entry(conversation).or_default();
        let (seq, prev) = match drafts.last() {
            Some(draft) => (draft.entry.head.seq, draft.entry.id),
            None => (upto, shelf.at(log, upto).first().map_or(EntryId::NONE, |entry| entry.id)),
        };
        let latest = shelf.latest(conversation).map(|(_, id)| id);
        let seen = latest.filter(|id| drafts.is_empty() && *id != prev);
        let head = EntryHead {
            kind: EntryKind::Text,
            log,
            seq: seq.next(),
            prev,
            seen: seen.iter().map(EntryId::short).collect(),
            at: now.min(Time(Time::END.0 - 1)),
            keep_for: 0,
            body_hash: Hash([0; 32]),
        };
        let draft = Unsigned::new(head, Body::new(text.into_bytes(), dice));
        let id = draft.entry.id;
        drafts.push(draft);
        Ok(id)
    }

    /// Ends a batch: signs what was written, tells what changed, sends what is lacking.
    pub fn settle(&mut self, key: &SigningKey, now: Time, dice: &mut Dice, shelf: &mut dyn Shelf) {
        self.now = now;
        for (_, drafts) in core::mem::take(&mut self.unsigned) {
            for part in parts(&drafts) {
                let run = Run::sign(part, self.account, key).expect("our drafts follow each other");
                self.take(&run, shelf);
            }
        }
        self.tell_changes();
        self.begin_all();
        self.send_lacking(now, dice, shelf);
    }

    /// Takes in a run; whether this device signed it and did not hold it. Its author may be heard in
    /// this conversation: the node has seen to that.
    pub fn take(&mut self, run: &Run, shelf: &mut dyn Shelf) -> bool {
        let log = run.log();
        let head = self.heads.entry(log).or_insert_with(|| Head::new(run.author()));
        let fit = head.fit(run, shelf);
        self.changed.insert(log);
        match fit {
            Fit::Held | Fit::NoRoom => return fit == Fit::NoRoom && log.device == self.device,
            Fit::New => head.fill(run, shelf),
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
        for entry in run.entries() {
            self.show(entry, next(entry), run.author(), shelf);
        }
        if fit == Fit::Branch {
            self.pass_on(run);
        }
        log.device == self.device
    }

    fn show(
        &mut self,
        entry: &Entry,
        next: Option<(LogId, Seq)>,
        author: AccountId,
        shelf: &mut dyn Shelf,
    ) {
        let message = fold::message(entry, author, order::order(entry, shelf));
        shelf.show(&message);
        let author_of = |log| self.heads.get(&log).map(|head| head.author);
        order::reorder(entry, next, author_of, shelf);
        self.effects.push_back(Effect::News(News::Message(message)));
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
