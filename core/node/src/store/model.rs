//! The store against a simple model of it: whatever the batches, both say the same.

use std::collections::{BTreeMap, BTreeSet};

use covey_proto::{
    AccountId, ConversationId, EntryId, LogId, Seq, Time,
    store::{Act as OnEntry, Kind, Message, Record, Shelf, Shown, Span},
    wire::{Entry, Kind as EntryKind, Run},
};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::{
    Error, Page, Wanted,
    scene::{Author, HERE, Home, message},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_store_says_what_a_simple_model_of_it_says(
        batches in vec((vec(act(), 1..20), prop::bool::weighted(0.2), any::<bool>()), 1..8),
    ) {
        let mut home = Home::new();
        let mut people = People::new();
        let mut model = Model::default();
        for (acts, full, idle) in batches {
            let mut draft = model.clone();
            home.limit(200);
            let outcome = home.store.batch(|shelf| {
                for act in &acts {
                    people.play(act, &mut [shelf, &mut draft]);
                }
                people.compare(shelf, &draft);
                if full {
                    shelf.put(Kind::Card, b"ana", &[0; 1 << 20]);
                }
            });
            match outcome {
                Ok(()) if !full => model = draft,
                Err(Error::DiskFull) if full => {}
                outcome => prop_assert!(false, "{outcome:?}"),
            }
            home.batch(|shelf| people.compare(shelf, &model));
            prop_assert_eq!(home.store.state().unwrap(), model.records());
            while idle && home.store.index_beyond(0).unwrap() {}
            for conversation in PLACES {
                let wanted = Wanted::parse("A").unwrap();
                let found = home.store.history().search(&wanted, Some(conversation), 5).unwrap();
                let found: Vec<_> = found.into_iter().map(|found| found.message).collect();
                prop_assert_eq!(found, model.found("a", conversation, 5));
                let all = home.store.history().page(conversation, Page::Oldest, 1000).unwrap();
                prop_assert_eq!(all, model.shown(conversation));
            }
            for log in people.logs() {
                let all: Vec<_> = model.runs(log).map(|run| run.bytes().to_vec()).collect();
                prop_assert_eq!(home.runs(log, 1, u64::MAX), all);
            }
        }
    }
}

const PLACES: [ConversationId; 2] = [HERE, ConversationId([8; 32])];

#[derive(Clone, Debug)]
enum Act {
    Put(Kind, Vec<u8>, Vec<u8>),
    Delete(Kind, Vec<u8>),
    /// Somebody says something, having seen something.
    Say(Index, Vec<bool>, Option<Index>),
    /// A run comes again, or for the first time after its batch failed.
    Again(Index),
    /// A message is shown, kept for so long, or what it says is not any more.
    Show(Index, u64, u64, bool),
    /// It acts on another one, and is on no page.
    Hide(Index),
    /// What it says goes, or comes back.
    Rewrite(Index, bool),
    /// Somebody feels something about it.
    React(Index, Index, String),
    Recount(u64, u64),
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop::sample::select(&[Kind::Card, Kind::Have][..]);
    let key = vec(0..2u8, 0..3);
    prop_oneof![
        (kind.clone(), key.clone(), vec(any::<u8>(), 0..9))
            .prop_map(|(k, key, b)| Act::Put(k, key, b)),
        (kind, key).prop_map(|(kind, key)| Act::Delete(kind, key)),
        (any::<Index>(), vec(any::<bool>(), 1..4), any::<Option<Index>>())
            .prop_map(|(who, what, seen)| Act::Say(who, what, seen)),
        any::<Index>().prop_map(Act::Again),
        (any::<Index>(), 0..5u64, 0..3u64, prop::bool::weighted(0.7))
            .prop_map(|(run, order, keep, whole)| Act::Show(run, order, keep, whole)),
        any::<Index>().prop_map(Act::Hide),
        (any::<Index>(), any::<bool>()).prop_map(|(run, back)| Act::Rewrite(run, back)),
        (any::<Index>(), any::<Index>(), "[👍a]?")
            .prop_map(|(run, who, what)| Act::React(run, who, what)),
        (0..5000u64, 0..5000u64).prop_map(|(after, now)| Act::Recount(after, now)),
    ]
}

/// Who says things, and all they said: two share a key, so their logs fork and overlap.
struct People {
    authors: Vec<Author>,
    said: Vec<Run>,
}

impl People {
    fn new() -> Self {
        let ana = Author::new(1);
        let authors = vec![ana.twin(), ana, Author::new(2), Author::within(PLACES[1], 2)];
        Self { authors, said: Vec::new() }
    }

    fn logs(&self) -> BTreeSet<LogId> {
        self.authors.iter().map(|author| author.log).collect()
    }

    fn play(&mut self, act: &Act, shelves: &mut [&mut dyn Shelf]) {
        if let Act::Say(who, what, seen) = act {
            let seen =
                seen.as_ref().and_then(|run| self.some(run)).map(|run| run.last().id.short());
            let texts: Vec<_> = what.iter().map(|a| if *a { "a" } else { "b" }).collect();
            let who = who.index(self.authors.len());
            let run = self.authors[who].says_having_seen(seen.as_slice(), &texts);
            self.said.push(run);
        }
        for shelf in shelves {
            match act {
                Act::Put(kind, key, bytes) => shelf.put(*kind, key, bytes),
                Act::Delete(kind, key) => shelf.delete(*kind, key),
                Act::Say(..) => shelf.append(self.said.last().unwrap()),
                Act::Again(run) => {
                    if let Some(run) = self.some(run) {
                        shelf.append(run);
                    }
                }
                Act::Show(run, order, keep_for, whole) => {
                    if let Some(run) = self.some(run) {
                        let (order, keep_for) = (Time(*order), *keep_for);
                        let mut message = Message { order, keep_for, ..message(run, 0) };
                        if !whole {
                            message.shown = Shown::Newer;
                        }
                        shelf.show(&message);
                    }
                }
                Act::Hide(run) => {
                    if let Some(run) = self.some(run) {
                        shelf.show(&Message { shown: Shown::Act, ..message(run, 0) });
                    }
                }
                Act::Rewrite(run, back) => {
                    if let Some(entry) = self.some(run).map(Run::last) {
                        shelf.rewrite(&if *back { entry.clone() } else { entry.withdrawn() });
                    }
                }
                Act::React(run, who, what) => {
                    if let Some(run) = self.some(run) {
                        shelf.act(&self.reaction(run, who, what));
                    }
                }
                Act::Recount(after, now) => shelf.recount(Time(*after), Time(*now)),
            }
        }
    }

    fn reaction(&self, run: &Run, who: &Index, what: &str) -> OnEntry {
        OnEntry {
            conversation: run.log().conversation,
            target: run.first().id,
            from: who.get(&self.authors).account,
            kind: EntryKind::Reaction,
            at: Time(1),
            id: run.last().id,
            content: what.into(),
        }
    }

    fn some(&self, index: &Index) -> Option<&Run> {
        (!self.said.is_empty()).then(|| index.get(&self.said))
    }

    fn compare(&self, store: &dyn Shelf, model: &dyn Shelf) {
        for log in self.logs() {
            for seq in (0..20).map(Seq) {
                assert_eq!(store.at(log, seq), model.at(log, seq));
                for budget in [0, 500, 1000, u64::MAX] {
                    assert_eq!(store.span(log, seq, budget), model.span(log, seq, budget));
                }
            }
        }
        assert_eq!(store.next_expiry(), model.next_expiry());
        for (now, limit) in [(0, 9), (2000, 9), (3000, 1), (9999, 99)] {
            assert_eq!(store.expired(Time(now), limit), model.expired(Time(now), limit));
        }
        for place in PLACES {
            assert_eq!(store.latest(place), model.latest(place));
            for entry in self.said.iter().flat_map(Run::entries) {
                let id = entry.id.short();
                assert_eq!(store.order(place, id), model.order(place, id));
                assert_eq!(store.readers(place, id), model.readers(place, id));
                assert_eq!(store.acts(place, entry.id), model.acts(place, entry.id));
                assert_eq!(store.find(entry.id), model.find(entry.id));
                let until =
                    |shelf: &dyn Shelf| shelf.shown_until(entry.head.log, Time(2), entry.id);
                assert_eq!(until(store), until(model));
            }
        }
    }
}

#[derive(Clone, Default)]
struct Model {
    state: BTreeMap<(Kind, Vec<u8>), Vec<u8>>,
    runs: Vec<Run>,
    messages: BTreeMap<EntryId, Message>,
    acts: BTreeMap<(EntryId, AccountId), OnEntry>,
}

impl Model {
    fn records(&self) -> Vec<Record> {
        let record = |((kind, key), bytes): (&(Kind, Vec<u8>), &Vec<u8>)| Record {
            kind: *kind,
            key: key.clone(),
            bytes: bytes.clone(),
        };
        self.state.iter().map(record).collect()
    }

    /// The runs of a log by where they end.
    fn runs(&self, log: LogId) -> impl Iterator<Item = &Run> {
        let mut runs: Vec<_> = self.runs.iter().filter(|run| run.log() == log).collect();
        runs.sort_by_key(|run| run.last().head.seq);
        runs.into_iter()
    }

    fn entries(&self, log: LogId) -> Vec<&Entry> {
        self.runs(log).flat_map(Run::entries).collect()
    }

    /// The newest messages that say this.
    fn found(&self, text: &str, conversation: ConversationId, limit: usize) -> Vec<Message> {
        let says = |message: &Message| message.shown == Shown::Text(text.into());
        let shown = self.shown(conversation).into_iter().rev();
        shown.filter(says).take(limit).collect()
    }

    /// All messages, with what is felt about them.
    fn all(&self) -> impl Iterator<Item = Message> {
        self.messages.values().map(|message| {
            let felt = self.acts.range((message.id, AccountId([0; 32]))..);
            let felt = felt.take_while(|((id, _), _)| *id == message.id).map(|(_, act)| act);
            let felt = felt.filter(|act| message.shown != Shown::Act && !act.content.is_empty());
            let text = |act: &OnEntry| String::from_utf8(act.content.clone()).unwrap();
            let reactions = felt.map(|act| (act.from, text(act))).collect();
            Message { reactions, ..message.clone() }
        })
    }

    fn kept(&self) -> Vec<Message> {
        let mut kept: Vec<_> = self.all().filter(|message| message.keep_for > 0).collect();
        kept.sort_by_key(|message| (message.since.0 + message.keep_for, message.id));
        kept
    }

    fn shown(&self, conversation: ConversationId) -> Vec<Message> {
        let mut shown: Vec<_> = self.all().filter(|m| m.log.conversation == conversation).collect();
        shown.retain(|message| message.shown != Shown::Act);
        shown.sort_by_key(|shown| (shown.order, shown.id));
        shown
    }
}

impl Shelf for Model {
    fn put(&mut self, kind: Kind, key: &[u8], bytes: &[u8]) {
        self.state.insert((kind, key.into()), bytes.into());
    }

    fn delete(&mut self, kind: Kind, key: &[u8]) {
        self.state.remove(&(kind, key.into()));
    }

    fn append(&mut self, run: &Run) {
        let held = self.entries(run.log());
        if !run.entries().iter().all(|entry| held.iter().any(|e| e.id == entry.id)) {
            self.runs.push(run.clone());
        }
    }

    fn show(&mut self, message: &Message) {
        self.messages.insert(message.id, message.clone());
    }

    fn rewrite(&mut self, entry: &Entry) {
        for run in self.runs.iter_mut().filter(|run| run.log() == entry.head.log) {
            *run = run.holding(entry).unwrap();
        }
    }

    fn act(&mut self, act: &OnEntry) {
        self.acts.insert((act.target, act.from), act.clone());
    }

    fn acts(&self, conversation: ConversationId, target: EntryId) -> Vec<OnEntry> {
        let here = |act: &&OnEntry| (act.conversation, act.target) == (conversation, target);
        self.acts.values().filter(here).cloned().collect()
    }

    fn find(&self, id: EntryId) -> Option<Message> {
        self.all().find(|message| message.id == id)
    }

    fn expired(&self, now: Time, limit: usize) -> Vec<Message> {
        let due = self.kept().into_iter().filter(|m| m.since.0 + m.keep_for <= now.0);
        due.take(limit).collect()
    }

    fn next_expiry(&self) -> Option<Time> {
        self.kept().first().map(|message| Time(message.since.0 + message.keep_for))
    }

    fn recount(&mut self, after: Time, now: Time) {
        let late = self.messages.values_mut().filter(|m| m.keep_for > 0 && m.since > after);
        late.for_each(|message| message.since = now);
    }

    fn at(&self, log: LogId, seq: Seq) -> Vec<Entry> {
        let mut found: Vec<Entry> = Vec::new();
        for entry in self.entries(log) {
            if entry.head.seq == seq && !found.contains(entry) {
                found.push(entry.clone());
            }
        }
        found
    }

    fn order(&self, conversation: ConversationId, id: [u8; 8]) -> Option<Time> {
        let here = self.messages.values().filter(|m| m.log.conversation == conversation);
        here.filter(|shown| shown.id.short() == id).map(|shown| shown.order).next()
    }

    fn readers(&self, conversation: ConversationId, id: [u8; 8]) -> Vec<(LogId, Seq)> {
        let entries = self.runs.iter().flat_map(Run::entries).map(|entry| &entry.head);
        let readers =
            entries.filter(|head| head.log.conversation == conversation && head.seen.contains(&id));
        let readers: BTreeSet<_> = readers.map(|head| (head.log, head.seq)).collect();
        readers.into_iter().collect()
    }

    fn latest(&self, conversation: ConversationId) -> Option<(Time, EntryId)> {
        let shown = self.shown(conversation);
        shown.last().map(|shown| (shown.order, shown.id))
    }

    fn shown_until(&self, log: LogId, order: Time, id: EntryId) -> Seq {
        let readable = |m: &&Message| matches!(m.shown, Shown::Text(_) | Shown::Newer);
        let of = self.messages.values().filter(|m| m.log == log).filter(readable);
        let until = of.filter(|m| (m.order, m.id) <= (order, id));
        until.map(|message| message.seq).max().unwrap_or_default()
    }

    fn span(&self, log: LogId, after: Seq, budget: u64) -> Option<Span> {
        let mut sizes: BTreeMap<Seq, u64> = BTreeMap::new();
        for run in self.runs(log).filter(|run| run.last().head.seq > after) {
            *sizes.entry(run.last().head.seq).or_default() += run.bytes().len() as u64;
        }
        let spans = sizes.into_iter().scan(0, |bytes, (last, size)| {
            *bytes += size;
            Some(Span { last, bytes: *bytes })
        });
        let mut spans: Vec<_> = spans.collect();
        let within = spans.iter().take_while(|span| span.bytes <= budget).count();
        spans.truncate(within.max(1));
        spans.pop()
    }
}
