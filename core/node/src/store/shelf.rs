//! The open transaction as the machine sees it.
//!
//! The first error is kept and ends the work: what follows reads nothing and writes nothing, as
//! the transaction may be gone already.

use std::{cell::RefCell, collections::BTreeMap};

use covey_proto::{
    AccountId, ConversationId, DeviceId, EntryId, LogId, Seq, Time,
    store::{Act, Kind, Message, Shelf, Span},
    wire::{Entry, Kind as EntryKind, Run, run::MAX_ENTRIES},
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    Error,
    history::{int, log_number, seq, time},
    message::{self, BY_ID, ENDED, messages},
};

/// The transaction, and what went wrong in it.
pub(super) struct Open<'a> {
    connection: &'a Connection,
    fault: RefCell<Option<Error>>,
    /// The numbers of logs that were looked up.
    logs: RefCell<BTreeMap<LogId, i64>>,
}

impl<'a> Open<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, fault: RefCell::default(), logs: RefCell::default() }
    }

    /// What went wrong first, if anything did.
    pub(super) fn fault(self) -> Result<(), Error> {
        self.fault.into_inner().map_or(Ok(()), Err)
    }

    fn attempt<T: Default>(&self, work: impl FnOnce(&Connection) -> Result<T, Error>) -> T {
        let mut fault = self.fault.borrow_mut();
        if fault.is_some() {
            return T::default();
        }
        work(self.connection).unwrap_or_else(|error| {
            *fault = Some(error);
            T::default()
        })
    }

    /// The log's number, if it has one.
    fn log(&self, log: LogId) -> Result<Option<i64>, Error> {
        if let Some(number) = self.logs.borrow().get(&log) {
            return Ok(Some(*number));
        }
        let number = log_number(self.connection, log)?;
        self.logs.borrow_mut().extend(number.map(|number| (log, number)));
        Ok(number)
    }

    /// The log's number, given to it now if it has none.
    fn log_made(&self, log: LogId, account: AccountId) -> Result<i64, Error> {
        if let Some(number) = self.log(log)? {
            return Ok(number);
        }
        conversation_made(self.connection, log.conversation)?;
        Ok(self
            .connection
            .prepare_cached(
                "INSERT INTO log (conversation, device, account)
                 SELECT id, ?2, ?3 FROM conversation WHERE name = ?1",
            )?
            .insert(params![log.conversation.0, log.device.0, account.0])?)
    }
}

impl Shelf for Open<'_> {
    fn put(&mut self, kind: Kind, key: &[u8], bytes: &[u8]) {
        self.attempt(|db| {
            db.prepare_cached(
                "INSERT INTO state (kind, key, bytes) VALUES (?1, ?2, ?3)
                 ON CONFLICT (kind, key) DO UPDATE SET bytes = excluded.bytes",
            )?
            .execute(params![kind as u8, key, bytes])?;
            Ok(())
        });
    }

    fn delete(&mut self, kind: Kind, key: &[u8]) {
        self.attempt(|db| {
            db.prepare_cached("DELETE FROM state WHERE kind = ?1 AND key = ?2")?
                .execute(params![kind as u8, key])?;
            Ok(())
        });
    }

    fn append(&mut self, run: &Run) {
        self.attempt(|db| {
            let (first, last) = (run.first().head.seq, run.last().head.seq);
            let log = self.log_made(run.log(), run.author())?;
            let held = entries(db, log, first, last)?;
            if run.entries().iter().all(|entry| held.iter().any(|e| e.id == entry.id)) {
                return Ok(());
            }
            let (size, bytes) = (int(run.bytes().len() as u64), run.bytes());
            db.prepare_cached(
                "INSERT INTO run (log, first, last, size, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![log, int(first.0), int(last.0), size, bytes])?;
            let mut insert = db.prepare_cached(
                "INSERT INTO seen (id, log, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?;
            for head in run.entries().iter().map(|entry| &entry.head) {
                let edited = head.target.filter(|_| head.kind == EntryKind::Edit);
                for id in head.seen.iter().copied().chain(edited.map(|id| id.short())) {
                    insert.execute(params![id, log, int(head.seq.0)])?;
                }
            }
            Ok(())
        });
    }

    fn rewrite(&mut self, entry: &Entry) {
        self.attempt(|db| {
            let Some(log) = self.log(entry.head.log)? else {
                return Ok(());
            };
            let seq = entry.head.seq;
            for (id, run) in around(db, log, seq, seq)? {
                // what would be too long stays as it is
                if let Ok(run) = Run::stored(run)?.holding(entry) {
                    db.prepare_cached(
                        "UPDATE run SET size = length(?2), bytes = ?2 WHERE id = ?1",
                    )?
                    .execute(params![id, run.bytes()])?;
                }
            }
            Ok(())
        });
    }

    fn show(&mut self, message: &Message) {
        self.attempt(|db| message::show(db, self.log_made(message.log, message.from)?, message));
    }

    fn act(&mut self, act: &Act) {
        self.attempt(|db| message::keep(db, act));
    }

    fn acts(&self, conversation: ConversationId, target: EntryId) -> Vec<Act> {
        self.attempt(|db| message::acts(db, conversation, target))
    }

    fn find(&self, id: EntryId) -> Option<Message> {
        self.attempt(|db| Ok(messages(db, BY_ID, params![id.0, id.0, 1])?.pop()))
    }

    fn at(&self, log: LogId, seq: Seq) -> Vec<Entry> {
        self.attempt(|db| match self.log(log)? {
            Some(log) => entries(db, log, seq, seq),
            None => Ok(Vec::new()),
        })
    }

    fn order(&self, conversation: ConversationId, id: [u8; 8]) -> Option<Time> {
        self.attempt(|db| {
            // the plus keeps the planner from walking through the whole conversation instead
            Ok(db
                .prepare_cached(
                    "SELECT \"order\" FROM message
                     WHERE substr(entry, 1, 8) = ?2
                     AND +conversation = (SELECT id FROM conversation WHERE name = ?1)",
                )?
                .query_row(params![conversation.0, id], |row| time(row, 0))
                .optional()?)
        })
    }

    fn readers(&self, conversation: ConversationId, id: [u8; 8]) -> Vec<(LogId, Seq)> {
        self.attempt(|db| {
            let mut rows = db.prepare_cached(
                "SELECT device, seq FROM seen JOIN log ON log.id = log WHERE seen.id = ?2
                 AND +conversation = (SELECT id FROM conversation WHERE name = ?1)
                 ORDER BY device, seq",
            )?;
            let found = rows.query_map(params![conversation.0, id], |row| {
                let device = DeviceId(row.get(0)?);
                Ok((LogId { conversation, device }, seq(row, 1)?))
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    fn latest(&self, conversation: ConversationId) -> Option<(Time, EntryId)> {
        self.attempt(|db| {
            Ok(db
                .prepare_cached(
                    "SELECT \"order\", entry FROM message
                     WHERE conversation = (SELECT id FROM conversation WHERE name = ?1)
                     AND kind > 0 ORDER BY \"order\" DESC, entry DESC LIMIT 1",
                )?
                .query_row([conversation.0], |row| Ok((time(row, 0)?, EntryId(row.get(1)?))))
                .optional()?)
        })
    }

    fn shown_until(&self, log: LogId, order: Time, id: EntryId) -> Seq {
        self.attempt(|db| {
            let Some(log) = log_number(db, log)? else {
                return Ok(Seq(0));
            };
            let mut last = db.prepare_cached(
                "SELECT seq FROM message WHERE log = ?1 AND kind IN (1, 2)
                 AND (\"order\", entry) <= (?2, ?3) ORDER BY seq DESC LIMIT 1",
            )?;
            let last = last.query_row(params![log, int(order.0), id.0], |row| seq(row, 0));
            Ok(last.optional()?.unwrap_or_default())
        })
    }

    fn span(&self, log: LogId, after: Seq, budget: u64) -> Option<Span> {
        self.attempt(|db| {
            let Some(log) = self.log(log)? else {
                return Ok(None);
            };
            // the branches of a fork that end at one place go together
            let mut rows = db.prepare_cached(
                "SELECT last, sum(size) FROM run
                 WHERE log = ?1 AND last > ?2 GROUP BY last ORDER BY last",
            )?;
            let mut rows = rows.query(params![log, int(after.0)])?;
            let mut span: Option<Span> = None;
            while let Some(row) = rows.next()? {
                let size: i64 = row.get(1)?;
                let bytes = span.map_or(0, |span| span.bytes) + size.cast_unsigned();
                if span.is_some() && bytes > budget {
                    break;
                }
                let last = seq(row, 0)?;
                span = Some(Span { last, bytes });
            }
            Ok(span)
        })
    }

    fn expired(&self, now: Time, limit: usize) -> Vec<Message> {
        self.attempt(|db| messages(db, ENDED, params![int(now.0), int(limit as u64)]))
    }

    fn next_expiry(&self) -> Option<Time> {
        self.attempt(message::next_end)
    }

    fn recount(&mut self, after: Time, now: Time) {
        self.attempt(|db| {
            db.prepare_cached("UPDATE message SET since = ?2 WHERE keep_for > 0 AND since > ?1")?
                .execute([int(after.0), int(now.0)])?;
            Ok(())
        });
    }
}

/// Gives the conversation a number, if it has none.
pub(super) fn conversation_made(db: &Connection, here: ConversationId) -> Result<(), Error> {
    db.prepare_cached("INSERT INTO conversation (name) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([here.0])?;
    Ok(())
}

/// The entries stored at these places.
fn entries(db: &Connection, log: i64, first: Seq, last: Seq) -> Result<Vec<Entry>, Error> {
    let mut found: Vec<Entry> = Vec::new();
    for (_, run) in around(db, log, first, last)? {
        // a run that brought something new may repeat what was there
        for entry in Run::entries_at(&run, first..=last)? {
            if !found.contains(&entry) {
                found.push(entry);
            }
        }
    }
    Ok(found)
}

/// The bytes of the runs that reach into these places, with their numbers.
fn around(db: &Connection, log: i64, first: Seq, last: Seq) -> Result<Vec<(i64, Vec<u8>)>, Error> {
    // a run that reaches into them ends less than a run's length behind
    let end = int(last.0).saturating_add(MAX_ENTRIES as i64 - 1);
    let mut rows = db.prepare_cached(
        "SELECT id, bytes FROM run
         WHERE log = ?1 AND last BETWEEN ?2 AND ?4 AND first <= ?3 ORDER BY last, id",
    )?;
    let rows = rows.query_map(params![log, int(first.0), int(last.0), end], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
