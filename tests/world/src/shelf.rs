//! A disk in memory: what a batch wrote is there whole after the commit, or not at all. The last
//! commits can be lost, as if they had never been synced.
//!
//! Every write leaves behind how to take it back; runs are kept as the bytes they are and opened
//! again whenever they are read, as a database would.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use covey_proto::{
    Command, ConversationId, EntryId, Input, LogId, Node, Seq, Time,
    io::Asker,
    people::{card::Class, own::Me},
    store::{Kind, Message, Record, Shelf, Span},
    wire::{Entry, Run, entry::MAX_ENTRIES, letter::InviteKind},
};

pub(crate) type Place = (LogId, Seq);

/// What a device holds, and how to take back what the open batch wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) state: BTreeMap<(Kind, Vec<u8>), Vec<u8>>,
    /// By log and last place, with the first; branches of a fork may end at the same one.
    pub(crate) runs: BTreeMap<Place, Vec<(Seq, Vec<u8>)>>,
    pub(crate) readers: BTreeMap<(ConversationId, [u8; 8]), BTreeSet<Place>>,
    pub(crate) messages: BTreeMap<(ConversationId, EntryId), Message>,
    orders: BTreeSet<(ConversationId, Time, EntryId)>,
    undo: Vec<Undo>,
    /// How to take back the last commits.
    commits: VecDeque<Vec<Undo>>,
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// So many commits can be lost.
const COMMITS: usize = 16;

#[derive(Clone, Debug)]
enum Undo {
    State((Kind, Vec<u8>), Option<Vec<u8>>),
    Run(Place),
    Reader((ConversationId, [u8; 8]), Place),
    Message((ConversationId, EntryId), Option<Message>),
}

impl Disk {
    /// A disk that holds this.
    pub(crate) fn new(records: Vec<Record>) -> Self {
        let state = records.into_iter().map(|r| ((r.kind, r.key), r.bytes)).collect();
        Self { state, ..Self::default() }
    }

    /// All state, as a starting node loads it.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> {
        let all = self.state.iter();
        all.map(|((kind, key), b)| Record { kind: *kind, key: key.clone(), bytes: b.clone() })
    }

    /// The rows of one kind.
    pub(crate) fn rows(&self, kind: Kind) -> impl Iterator<Item = (&[u8], &[u8])> {
        let rows = self.state.range((kind, Vec::new())..).take_while(move |((k, _), _)| *k == kind);
        rows.map(|((_, key), bytes)| (key.as_slice(), bytes.as_slice()))
    }

    /// What the batch wrote stays.
    pub(crate) fn commit(&mut self) {
        if !self.undo.is_empty() {
            self.commits.push_back(std::mem::take(&mut self.undo));
        }
        if self.commits.len() > COMMITS {
            self.commits.pop_front();
        }
    }

    /// No commit can be lost any more.
    pub(crate) fn sync(&mut self) {
        self.commits.clear();
    }

    /// What the batch wrote was never there.
    pub(crate) fn roll_back(&mut self) {
        let undo = std::mem::take(&mut self.undo);
        self.take_back(undo);
    }

    /// What the last batches wrote was never there.
    pub(crate) fn lose(&mut self, commits: usize) {
        for _ in 0..commits {
            let undo = self.commits.pop_back();
            undo.into_iter().for_each(|undo| self.take_back(undo));
        }
    }

    fn take_back(&mut self, written: Vec<Undo>) {
        for undo in written.into_iter().rev() {
            match undo {
                Undo::State(key, Some(before)) => _ = self.state.insert(key, before),
                Undo::State(key, None) => _ = self.state.remove(&key),
                Undo::Run(place) => {
                    let runs = self.runs.entry(place).or_default();
                    runs.pop();
                    if runs.is_empty() {
                        self.runs.remove(&place);
                    }
                }
                Undo::Reader(seen, place) => {
                    self.readers.entry(seen).or_default().remove(&place);
                }
                Undo::Message(key, before) => self.set_message(key, before),
            }
        }
    }

    /// The runs of a log that end within these places.
    pub(crate) fn runs(&self, log: LogId, first: Seq, last: Seq) -> impl Iterator<Item = &[u8]> {
        self.range(log, first, last).map(|(_, bytes)| bytes)
    }

    /// What people see of a conversation, in order.
    pub(crate) fn page(&self, conversation: ConversationId) -> impl Iterator<Item = &Message> {
        let (first, last) = (EntryId([0; 32]), EntryId([0xff; 32]));
        let end = Time(u64::MAX);
        let range = (conversation, Time(0), first)..=(conversation, end, last);
        self.orders.range(range).filter_map(|(c, _, id)| self.messages.get(&(*c, *id)))
    }

    /// Up to where the log is there without a gap.
    pub(crate) fn whole(&self, log: LogId) -> Seq {
        let mut upto = Seq(0);
        for ((_, last), runs) in self.runs.range((log, Seq(0))..=(log, Seq(u64::MAX))) {
            if !runs.iter().any(|(first, _)| *first <= upto.next()) {
                break;
            }
            upto = *last;
        }
        upto
    }

    /// All logs, and up to where each is there.
    pub(crate) fn logs(&self) -> impl Iterator<Item = (LogId, Seq)> {
        let all: BTreeSet<_> = self.runs.keys().map(|(log, _)| *log).collect();
        all.into_iter().map(|log| (log, self.whole(log)))
    }

    /// Whether the entry of a place is there.
    pub(crate) fn holds(&self, log: LogId, seq: Seq) -> bool {
        self.around(log, seq).next().is_some()
    }

    /// All entries that a person sees.
    pub(crate) fn ids(&self) -> impl Iterator<Item = EntryId> {
        self.messages.keys().map(|(_, id)| *id)
    }

    /// Whether a person sees this entry.
    pub(crate) fn shows(&self, id: EntryId) -> bool {
        self.messages.keys().any(|(_, shown)| *shown == id)
    }

    fn range(&self, log: LogId, first: Seq, last: Seq) -> impl Iterator<Item = (Seq, &[u8])> {
        let runs = self.runs.range((log, first)..=(log, last)).flat_map(|(_, runs)| runs);
        runs.map(|(first, bytes)| (*first, bytes.as_slice()))
    }

    /// The runs that reach over a place.
    fn around(&self, log: LogId, seq: Seq) -> impl Iterator<Item = &[u8]> {
        let end = Seq(seq.0.saturating_add(MAX_ENTRIES as u64 - 1));
        self.range(log, seq, end).filter(move |(first, _)| *first <= seq).map(|(_, bytes)| bytes)
    }

    pub(crate) fn set_message(&mut self, key: (ConversationId, EntryId), message: Option<Message>) {
        let (conversation, id) = key;
        let order = message.as_ref().map(|message| message.order);
        let before = match message {
            Some(message) => self.messages.insert(key, message),
            None => self.messages.remove(&key),
        };
        before.map(|before| self.orders.remove(&(conversation, before.order, id)));
        order.map(|order| self.orders.insert((conversation, order, id)));
    }
}

impl Shelf for Disk {
    fn put(&mut self, kind: Kind, key: &[u8], bytes: &[u8]) {
        let key = (kind, key.to_vec());
        let before = self.state.insert(key.clone(), bytes.to_vec());
        self.undo.push(Undo::State(key, before));
    }

    fn delete(&mut self, kind: Kind, key: &[u8]) {
        let key = (kind, key.to_vec());
        let before = self.state.remove(&key);
        self.undo.push(Undo::State(key, before));
    }

    fn append(&mut self, run: &Run) {
        let (log, last) = (run.log(), run.last().head.seq);
        let there = |entry: &Entry| self.at(log, entry.head.seq).contains(entry);
        if run.entries().iter().all(there) {
            return;
        }
        self.runs
            .entry((log, last))
            .or_default()
            .push((run.first().head.seq, run.bytes().to_vec()));
        self.undo.push(Undo::Run((log, last)));
        for head in run.entries().iter().map(|entry| &entry.head) {
            for id in &head.seen {
                let (seen, place) = ((log.conversation, *id), (log, head.seq));
                if self.readers.entry(seen).or_default().insert(place) {
                    self.undo.push(Undo::Reader(seen, place));
                }
            }
        }
    }

    fn show(&mut self, message: &Message) {
        let key = (message.log.conversation, message.id);
        let before = self.messages.get(&key).cloned();
        self.set_message(key, Some(message.clone()));
        self.undo.push(Undo::Message(key, before));
    }

    fn at(&self, log: LogId, seq: Seq) -> Vec<Entry> {
        let mut found: Vec<Entry> = Vec::new();
        for run in self.around(log, seq).map(open) {
            let here = run.entries().iter().find(|entry| entry.head.seq == seq);
            found.extend(here.filter(|entry| !found.contains(entry)).cloned());
        }
        found
    }

    fn order(&self, conversation: ConversationId, id: [u8; 8]) -> Option<Time> {
        let fill = |rest| {
            let mut bytes = [rest; 32];
            if let Some((start, _)) = bytes.split_first_chunk_mut() {
                *start = id;
            }
            (conversation, EntryId(bytes))
        };
        let mut found = self.messages.range(fill(0)..=fill(0xff));
        found.next().map(|(_, message)| message.order)
    }

    fn readers(&self, conversation: ConversationId, id: [u8; 8]) -> Vec<(LogId, Seq)> {
        self.readers.get(&(conversation, id)).into_iter().flatten().copied().collect()
    }

    fn latest(&self, conversation: ConversationId) -> Option<(Time, EntryId)> {
        let range = (conversation, Time(0), EntryId([0; 32]))
            ..=(conversation, Time(u64::MAX), EntryId([0xff; 32]));
        self.orders.range(range).next_back().map(|(_, order, id)| (*order, *id))
    }

    fn span(&self, log: LogId, after: Seq, budget: u64) -> Option<Span> {
        let mut span: Option<Span> = None;
        for ((_, last), runs) in self.runs.range((log, after.next())..=(log, Seq(u64::MAX))) {
            let size = runs.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
            let bytes = span.map_or(0, |span| span.bytes) + size;
            if span.is_some() && bytes > budget {
                break;
            }
            span = Some(Span { last: *last, bytes });
        }
        span
    }
}

fn open(bytes: &[u8]) -> Run {
    Run::stored(bytes.to_vec()).expect("runs are checked before they are stored")
}

/// A node starts on a fresh disk with these rows besides, and is asked for this and that.
pub fn start_on(rows: Vec<Record>) {
    let (me, mut records) = Me::found("Ana", Class::Pc, [1; 32]);
    records.extend(rows);
    let (now, account) = (Time(1_750_000_000_000), me.account.short());
    let mut disk = Disk::new(records);
    let friends: Vec<_> = disk.rows(Kind::Map).filter_map(|(key, _)| key.get(4..20)).collect();
    let friends = friends.into_iter().filter_map(|friend| friend.try_into().ok());
    let talks: Vec<_> = friends.map(|friend| ConversationId::pair(&account, &friend)).collect();
    let mut node = Node::new(me, [2; 32], disk.records(), now);
    let say = |talk| Command::Send(talk, "hello".into());
    let all = [Command::Name("Nora".into()), Command::Invite(InviteKind::Link, YEAR)];
    for command in all.into_iter().chain(talks.into_iter().map(say)) {
        node.handle(Input::Command(Asker(1), command), now, &mut disk);
        node.settle(now, &mut disk);
    }
    node.handle(Input::Timeout, now.after(YEAR), &mut disk);
    node.settle(now.after(YEAR), &mut disk);
    while node.poll_output().is_some() {}
}
