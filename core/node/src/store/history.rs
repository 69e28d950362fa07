//! What people and links read, on connections that cannot write.
//!
//! Every call sees what was committed when it began and holds nothing afterwards, so a slow
//! reader keeps neither the writer waiting nor its log from being folded in.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use covey_proto::{
    AccountId, ConversationId, DeviceId, EntryId, LogId, Seq, Time,
    store::{Act, Kind, Message, Record},
};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

use super::{
    Error, Key,
    message::{AFTER, BEFORE, BY_ID, acts, messages},
    open,
};

/// The readers of a database; clones share their connections.
#[derive(Clone)]
pub struct History(Arc<Pool>);

struct Pool {
    path: PathBuf,
    key: Key,
    /// At rest; the one used last is taken first, its cache is warm.
    idle: Mutex<Vec<Connection>>,
    damaged: AtomicBool,
}

const MAX_IDLE: usize = 4;

/// Which messages of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The last ones.
    Newest,
    /// Those just before a message, named by its order and id.
    Before(Time, EntryId),
    /// Those just after a message.
    After(Time, EntryId),
    /// The first ones.
    Oldest,
}

impl History {
    pub(super) fn new(path: &Path, key: Key) -> Self {
        let (path, idle, damaged) = (path.to_owned(), Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Pool { path, key, idle, damaged }))
    }

    /// Another connection that writes.
    pub(super) fn writer(&self) -> Result<Connection, Error> {
        open::writer(&self.0.path, &self.0.key)
    }

    pub(super) fn state(&self) -> Result<Vec<Record>, Error> {
        self.read(state)
    }

    /// Messages of a conversation in the order shown, `limit` at most.
    ///
    /// # Errors
    /// [`Error`] if the database cannot be read.
    pub fn page(
        &self,
        conversation: ConversationId,
        page: Page,
        limit: u32,
    ) -> Result<Vec<Message>, Error> {
        let (sql, (order, id)) = match page {
            Page::Newest => (BEFORE, (i64::MAX, [u8::MAX; 32])),
            Page::Before(order, id) => (BEFORE, (int(order.0), id.0)),
            Page::After(order, id) => (AFTER, (int(order.0), id.0)),
            Page::Oldest => (AFTER, (-1, [0; 32])),
        };
        let mut found = self.messages(sql, params![conversation.0, order, id, limit])?;
        if sql == BEFORE {
            found.reverse();
        }
        Ok(found)
    }

    /// Messages whose ids lie between these, the ends included, `limit` at most: one message, or
    /// those whose ids begin alike.
    ///
    /// # Errors
    /// [`Error`] if the database cannot be read.
    pub fn find(&self, first: EntryId, last: EntryId, limit: u32) -> Result<Vec<Message>, Error> {
        self.messages(BY_ID, params![first.0, last.0, limit])
    }

    /// How many messages of others can be read in a conversation behind what was read of their logs,
    /// `limit` at most of each.
    ///
    /// # Errors
    /// [`Error`] if the database cannot be read.
    pub fn unread(
        &self,
        here: ConversationId,
        me: AccountId,
        read: &BTreeMap<LogId, Seq>,
        limit: u32,
    ) -> Result<u32, Error> {
        self.read(|db| {
            let mut logs = db.prepare_cached(
                "SELECT id, device FROM log WHERE account <> ?2
                 AND conversation = (SELECT id FROM conversation WHERE name = ?1)",
            )?;
            let mut count = db.prepare_cached(
                "SELECT count(*) FROM
                 (SELECT 1 FROM message WHERE log = ?1 AND seq > ?2 AND kind IN (1, 2) LIMIT ?3)",
            )?;
            let mut unread = 0;
            let mut logs = logs.query(params![here.0, me.0])?;
            while let Some(row) = logs.next()? {
                let log = LogId { conversation: here, device: DeviceId(row.get(1)?) };
                let read = read.get(&log).map_or(0, |seq| int(seq.0));
                let number: i64 = row.get(0)?;
                unread +=
                    count.query_row(params![number, read, limit], |row| row.get::<_, u32>(0))?;
            }
            Ok(unread)
        })
    }

    /// What was set for a conversation.
    ///
    /// # Errors
    /// [`Error`] if the database cannot be read.
    pub fn settings(&self, here: ConversationId) -> Result<Vec<Act>, Error> {
        self.read(|db| acts(db, here, EntryId::NONE))
    }

    /// The rows of state of this kind whose keys begin so, by key.
    ///
    /// # Errors
    /// [`Error`] if the database cannot be read.
    pub fn records(&self, kind: Kind, prefix: &[u8]) -> Result<Vec<Record>, Error> {
        self.read(|db| {
            let mut rows = db.prepare_cached(
                "SELECT key, bytes FROM state WHERE kind = ?1 AND key >= ?2 ORDER BY key",
            )?;
            let mut rows = rows.query(params![kind as u8, prefix])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (key, bytes): (Vec<u8>, _) = (row.get(0)?, row.get(1)?);
                if !key.starts_with(prefix) {
                    break;
                }
                found.push(Record { kind, key, bytes });
            }
            Ok(found)
        })
    }

    /// Whether damage was met since it was opened.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.0.damaged.load(Ordering::Relaxed)
    }

    pub(super) fn noted(&self, error: &Error) {
        if let Error::Damaged = error
            && !self.0.damaged.swap(true, Ordering::Relaxed)
        {
            tracing::error!(%error);
        }
    }

    fn messages(&self, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Message>, Error> {
        self.read(|db| messages(db, sql, params))
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let idle = || self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let rested = idle().pop();
        let connection = match rested {
            Some(connection) => connection,
            None => open::reader(&self.0.path, &self.0.key)?,
        };
        let found = work(&connection).inspect_err(|error| self.noted(error))?;
        let mut idle = idle();
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
        Ok(found)
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("History").field(&self.0.path).finish()
    }
}

pub(super) fn state(db: &Connection) -> Result<Vec<Record>, Error> {
    let mut rows = db.prepare("SELECT kind, key, bytes FROM state ORDER BY kind, key")?;
    let mut rows = rows.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        // what a later version put there stays, unread
        if let Ok(kind) = Kind::try_from(row.get::<_, i32>(0)?) {
            let (key, bytes) = (row.get(1)?, row.get(2)?);
            found.push(Record { kind, key, bytes });
        }
    }
    Ok(found)
}

/// The number a log goes by in here.
pub(super) fn log_number(db: &Connection, log: LogId) -> Result<Option<i64>, Error> {
    Ok(db
        .prepare_cached(
            "SELECT id FROM log WHERE device = ?2
             AND conversation = (SELECT id FROM conversation WHERE name = ?1)",
        )?
        .query_row(params![log.conversation.0, log.device.0], |row| row.get(0))
        .optional()?)
}

/// The number as a column holds it: what is stored is far below the bound, what is asked for
/// need not be.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn seq(row: &Row<'_>, column: usize) -> rusqlite::Result<Seq> {
    Ok(Seq(row.get::<_, i64>(column)?.cast_unsigned()))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Time> {
    Ok(Time(row.get::<_, i64>(column)?.cast_unsigned()))
}
