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
    AccountId, Command, ConversationId, DeviceId, EntryId, Input, LogId, Node, Seq, Time,
    io::Asker,
    people::{card::Class, own::Me},
    store::{Act, Kind, Message, Record, Shelf, Shown, Span},
    wire::{Entry, Kind as EntryKind, Run, letter::InviteKind, run::MAX_ENTRIES},
};

pub(crate) type Place = (LogId, Seq);
type ActKey = (ConversationId, EntryId, AccountId, EntryKind);

/// What a device holds, and how to take back what the open batch wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) state: BTreeMap<(Kind, Vec<u8>), Vec<u8>>,
    /// By log and last place, with the first; branches of a fork may end at the same one.
    pub(crate) runs: BTreeMap<Place, Vec<(Seq, Vec<u8>)>>,
    pub(crate) readers: BTreeMap<(ConversationId, [u8; 8]), BTreeSet<Place>>,
    pub(crate) messages: BTreeMap<EntryId, Message>,
    orders: BTreeSet<(ConversationId, Time, EntryId)>,
    ends: BTreeSet<(Time, EntryId)>,
    pub(crate) acts: BTreeMap<ActKey, Act>,
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
    Bytes(Place, usize, Vec<u8>),
    Message(EntryId, Option<Message>),
    Act(ActKey, Option<Act>),
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
                Undo::Bytes(place, nth, before) => self.set_bytes(place, nth, before),
                Undo::Message(id, before) => self.set_message(id, before),
                Undo::Act(key, Some(before)) => _ = self.acts.insert(key, before),
                Undo::Act(key, None) => _ = self.acts.remove(&key),
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
        self.orders.range(range).filter_map(|(_, _, id)| self.messages.get(id))
    }

    /// All runs of a conversation.
    pub(crate) fn said(&self, here: ConversationId) -> impl Iterator<Item = Run> {
        let all = self.runs.iter().filter(move |((log, _), _)| log.conversation == here);
        all.flat_map(|(_, runs)| runs).map(|(_, bytes)| open(bytes))
    }

    /// All entries of a device.
    pub(crate) fn said_by(&self, device: DeviceId) -> impl Iterator<Item = EntryId> {
        let all = self.messages.values().filter(move |message| message.log.device == device);
        all.map(|message| message.id)
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
        self.messages.keys().copied()
    }

    /// Whether these words stand anywhere on it.
    pub(crate) fn says(&self, words: &str) -> bool {
        let runs = self.runs.values().flatten().map(|(_, bytes)| bytes.as_slice());
        let acts = self.acts.values().map(|act| act.content.as_slice());
        let texts = self.messages.values().filter_map(|message| message.shown.text());
        let texts = texts.map(str::as_bytes);
        let holds = |bytes: &[u8]| bytes.windows(words.len()).any(|part| part == words.as_bytes());
        runs.chain(acts).chain(texts).any(holds)
    }

    /// Whether a person sees this entry.
    pub(crate) fn shows(&self, id: EntryId) -> bool {
        self.messages.contains_key(&id)
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

    pub(crate) fn set_message(&mut self, id: EntryId, message: Option<Message>) {
        let order = |message: &Message| (message.log.conversation, message.order, id);
        let end = |message: &Message| (Time(message.since.0 + message.keep_for), id);
        let before = match &message {
            Some(message) => self.messages.insert(id, message.clone()),
            None => self.messages.remove(&id),
        };
        if let Some(before) = before {
            self.orders.remove(&order(&before));
            self.ends.remove(&end(&before));
        }
        if let Some(message) = message.filter(|message| message.shown != Shown::Act) {
            self.orders.insert(order(&message));
            self.ends.extend((message.keep_for > 0).then(|| end(&message)));
        }
    }

    fn set_bytes(&mut self, place: Place, nth: usize, bytes: Vec<u8>) {
        let run = self.runs.get_mut(&place).and_then(|runs| runs.get_mut(nth));
        run.expect("it is there").1 = bytes;
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
        let there = |entry: &Entry| self.at(log, entry.head.seq).iter().any(|e| e.id == entry.id);
        if run.entries().iter().all(there) {
            return;
        }
        self.runs
            .entry((log, last))
            .or_default()
            .push((run.first().head.seq, run.bytes().to_vec()));
        self.undo.push(Undo::Run((log, last)));
        for head in run.entries().iter().map(|entry| &entry.head) {
            let edited = head.target.filter(|_| head.kind == EntryKind::Edit);
            for id in head.seen.iter().copied().chain(edited.map(|id| id.short())) {
                let (seen, place) = ((log.conversation, id), (log, head.seq));
                if self.readers.entry(seen).or_default().insert(place) {
                    self.undo.push(Undo::Reader(seen, place));
                }
            }
        }
    }

    fn rewrite(&mut self, entry: &Entry) {
        let (log, seq) = (entry.head.log, entry.head.seq);
        let end = Seq(seq.0.saturating_add(MAX_ENTRIES as u64 - 1));
        let mut fresh = Vec::new();
        for (place, runs) in self.runs.range((log, seq)..=(log, end)) {
            for (nth, (_, bytes)) in runs.iter().enumerate() {
                fresh.extend(open(bytes).holding(entry).map(|run| (*place, nth, run)));
            }
        }
        for (place, nth, run) in fresh {
            let before = self.runs.get(&place).and_then(|runs| runs.get(nth));
            let before = before.expect("it is there").1.clone();
            self.set_bytes(place, nth, run.bytes().to_vec());
            self.undo.push(Undo::Bytes(place, nth, before));
        }
    }

    fn show(&mut self, message: &Message) {
        let before = self.messages.get(&message.id).cloned();
        self.set_message(message.id, Some(message.clone()));
        self.undo.push(Undo::Message(message.id, before));
    }

    fn act(&mut self, act: &Act) {
        let key = (act.conversation, act.target, act.from, act.kind);
        let before = self.acts.insert(key, act.clone());
        self.undo.push(Undo::Act(key, before));
    }

    fn acts(&self, conversation: ConversationId, target: EntryId) -> Vec<Act> {
        let begin = (conversation, target, AccountId([0; 32]), EntryKind::Text);
        let all = self.acts.range(begin..).map(|(_, act)| act);
        all.take_while(|a| (a.conversation, a.target) == (conversation, target)).cloned().collect()
    }

    fn find(&self, id: EntryId) -> Option<Message> {
        self.messages.get(&id).cloned()
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
            EntryId(bytes)
        };
        let mut found = self.messages.range(fill(0)..=fill(0xff)).map(|(_, message)| message);
        found.find(|m| m.log.conversation == conversation).map(|message| message.order)
    }

    fn readers(&self, conversation: ConversationId, id: [u8; 8]) -> Vec<(LogId, Seq)> {
        self.readers.get(&(conversation, id)).into_iter().flatten().copied().collect()
    }

    fn latest(&self, conversation: ConversationId) -> Option<(Time, EntryId)> {
        let range = (conversation, Time(0), EntryId([0; 32]))
            ..=(conversation, Time(u64::MAX), EntryId([0xff; 32]));
        self.orders.range(range).next_back().map(|(_, order, id)| (*order, *id))
    }

    fn shown_until(&self, log: LogId, order: Time, id: EntryId) -> Seq {
        let here = log.conversation;
        let range = (here, Time(0), EntryId([0; 32]))..=(here, order, id);
        let until = self.orders.range(range).rev().filter_map(|(.., id)| self.messages.get(id));
        let readable = |m: &&Message| matches!(m.shown, Shown::Text(_) | Shown::Newer);
        let last = until.filter(|m| m.log == log).find(readable);
        last.map_or(Seq(0), |message| message.seq)
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

    fn expired(&self, now: Time, limit: usize) -> Vec<Message> {
        let due = self.ends.iter().take_while(|(end, _)| *end <= now).take(limit);
        due.filter_map(|(_, id)| self.find(*id)).collect()
    }

    fn next_expiry(&self) -> Option<Time> {
        self.ends.first().map(|(end, _)| *end)
    }

    fn recount(&mut self, after: Time, now: Time) {
        let kept = self.ends.iter().filter_map(|(_, id)| self.find(*id));
        let late: Vec<_> = kept.filter(|message| message.since > after).collect();
        late.into_iter().for_each(|message| self.show(&Message { since: now, ..message }));
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
