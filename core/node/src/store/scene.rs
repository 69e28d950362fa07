//! What the tests of the store play with: a home for it, and people who say things.

use std::{
    fs,
    path::{Path, PathBuf},
};

use covey_proto::{
    AccountId, ConversationId, DeviceId, EntryId, LogId, Seq, Time,
    dice::Dice,
    id::Hash,
    seal::{Secret, SigningKey},
    store::{Message, Shelf, Shown},
    wire::{Body, Head, Run, Unsigned, entry},
};
use tempfile::TempDir;

use super::{Key, Page, Runs, Store};

/// Where all is said.
pub(super) const HERE: ConversationId = ConversationId([7; 32]);
pub(super) const NAME: &str = "covey.db";

pub(super) fn key() -> Key {
    Key::new([1; 48])
}

/// A store in a folder of its own.
pub(super) struct Home {
    pub(super) store: Store,
    folder: TempDir,
}

impl Home {
    pub(super) fn new() -> Self {
        Self::open(TempDir::new().unwrap())
    }

    pub(super) fn open(folder: TempDir) -> Self {
        let store = Store::open(&folder.path().join(NAME), key()).unwrap();
        Self { store, folder }
    }

    pub(super) fn close(self) -> TempDir {
        drop(self.store);
        self.folder
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }

    pub(super) fn batch<T>(&mut self, work: impl FnOnce(&mut dyn Shelf) -> T) -> T {
        self.store.batch(work).unwrap()
    }

    pub(super) fn append(&mut self, runs: &[&Run]) {
        self.batch(|shelf| runs.iter().for_each(|run| shelf.append(run)));
    }

    pub(super) fn page(&self, page: Page, limit: u32) -> Vec<Message> {
        self.store.history().page(HERE, page, limit).unwrap()
    }

    pub(super) fn runs(&mut self, log: LogId, first: u64, last: u64) -> Vec<Vec<u8>> {
        Runs::new(log, Seq(first)..=Seq(last)).next(&mut self.store, usize::MAX).unwrap()
    }

    /// How many rows of any table hold these words.
    pub(super) fn words(&self, words: &str) -> i64 {
        let count = |table: &str, column: &str| -> i64 {
            let sql =
                format!("SELECT count(*) FROM {table} WHERE instr({column}, CAST(?1 AS BLOB))");
            self.store.writer.query_row(&sql, [words], |row| row.get(0)).unwrap()
        };
        count("run", "bytes") + count("message", "CAST(text AS BLOB)") + count("act", "content")
    }

    /// Leaves the database room for so many pages more.
    pub(super) fn limit(&self, pages: i64) {
        let db = &self.store.writer;
        let used: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        db.execute_batch(&format!("PRAGMA max_page_count = {}", used + pages)).unwrap();
    }

    /// What the power leaves on the disk if it goes now, the end of the log damaged so.
    pub(super) fn cut(&self, damage: impl FnOnce(&mut Vec<u8>)) -> TempDir {
        let folder = TempDir::new().unwrap();
        fs::copy(self.path(), folder.path().join(NAME)).unwrap();
        let mut log = fs::read(self.path().with_extension("db-wal")).unwrap();
        damage(&mut log);
        fs::write(folder.path().join(NAME).with_extension("db-wal"), log).unwrap();
        folder
    }
}

/// The files of a folder that outlive the power, by name.
pub(super) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap())
        .map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()))
        .filter(|(name, _)| !name.ends_with("-shm"))
        .collect();
    found.sort();
    found
}

/// Somebody who says things in one log.
pub(super) struct Author {
    pub(super) account: AccountId,
    pub(super) log: LogId,
    key: SigningKey,
    last: (Seq, EntryId),
    seed: u8,
    /// Of what kind the next ones are, and about what.
    pub(super) about: (entry::Kind, Option<EntryId>),
}

impl Author {
    pub(super) fn new(seed: u8) -> Self {
        Self::within(HERE, seed)
    }

    pub(super) fn within(conversation: ConversationId, seed: u8) -> Self {
        let key = SigningKey::new(&Secret([seed; 32]));
        let account = AccountId([seed; 32]);
        let log = LogId { conversation, device: DeviceId::of(&account, &key.public()) };
        Self {
            account,
            log,
            key,
            last: (Seq(0), EntryId::NONE),
            seed,
            about: (entry::Kind::Text, None),
        }
    }

    /// The same device once more, as if its disk had been copied.
    pub(super) fn twin(&self) -> Self {
        Self { last: self.last, ..Self::within(self.log.conversation, self.seed) }
    }

    pub(super) fn says(&mut self, texts: &[&str]) -> Run {
        self.says_having_seen(&[], texts)
    }

    pub(super) fn says_having_seen(&mut self, seen: &[[u8; 8]], texts: &[&str]) -> Run {
        let mut dice = Dice::new([self.seed; 32]);
        let entries: Vec<_> = texts
            .iter()
            .map(|text| {
                let (seq, prev) = (self.last.0.next(), self.last.1);
                let head = Head {
                    kind: self.about.0,
                    log: self.log,
                    seq,
                    prev,
                    seen: seen.to_vec(),
                    target: self.about.1,
                    at: Time(1000 * seq.0),
                    keep_for: 0,
                    body_hash: Hash([0; 32]),
                };
                let entry = Unsigned::new(head, Body::new(text.as_bytes().to_vec(), &mut dice));
                self.last = (seq, entry.entry.id);
                entry
            })
            .collect();
        Run::sign(&entries, self.account, &self.key).unwrap()
    }
}

/// A run's entry as it is shown.
pub(super) fn message(run: &Run, n: usize) -> Message {
    let entry = &run.entries()[n];
    Message {
        id: entry.id,
        log: run.log(),
        seq: entry.head.seq,
        from: run.author(),
        at: entry.head.at,
        order: entry.head.at,
        since: entry.head.at,
        keep_for: 0,
        reply_to: None,
        edited: false,
        reactions: Vec::new(),
        shown: Shown::Text(String::from_utf8(entry.content().to_vec()).unwrap()),
    }
}
