//! Saving what can be read of a damaged database.
//!
//! ```text
//!            ┌ state, names, messages: every row that can be read ─────┐
//! the wreck ─┤                                                         ├─> a new database
//!            └ runs: every one that is genuine, taken in as if it came ┘
//! ```
//!
//! Nothing that the wreck says about itself is believed: what a log holds is counted from the runs
//! that are there, so friends and own devices send again what is not. The library gives a
//! connection up that met a damaged page; so the wreck is opened anew, and what lies behind the
//! damage is looked for by halves.

use std::{collections::BTreeMap, path::Path};

use covey_proto::{
    ConversationId, LogId, Seq, Time,
    people::own::Me,
    store::{Kind, Record},
    talk::Talk,
    wire::Run,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter, types::Value};

use super::{
    Error, Key, Store,
    history::{int, log_number},
    open,
};

/// What came of it.
#[derive(Debug)]
pub struct Repaired {
    /// The new database.
    pub store: Store,
    /// Whether every row could be read.
    pub whole: bool,
    /// What could not, by conversation.
    pub lost: BTreeMap<ConversationId, Lost>,
}

/// Messages of a conversation that are not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How many.
    pub messages: u64,
    /// When the last before them was written, if there is one.
    pub after: Option<Time>,
    /// When the first behind them was written, if there is one.
    pub before: Option<Time>,
}

/// Makes a new database of what can be read of an old one; nothing if it does not say any more who
/// this device is.
///
/// # Errors
/// [`Error`] of the new one; or of the old one, if nothing of it can be read.
pub fn repair(old: &Path, new: &Path, key: Key) -> Result<Option<Repaired>, Error> {
    open::prove(&open::reader(old, &key)?)?;
    let mut wreck = Wreck { path: old, key: &key, db: None, whole: true };
    let mut store = Store::open(new, key.clone())?;
    // rows come without those that they lean on
    store.writer.pragma_update(None, "foreign_keys", false)?;
    let state = wreck.state()?;
    let Some(me) = Me::stored(&state) else { return Ok(None) };
    let mut before = Talk::new(me.account, me.device());
    state.iter().for_each(|record| before.load(record));
    store.batch(|shelf| {
        for Record { kind, key, bytes } in state.iter().filter(|row| row.kind != Kind::Head) {
            shelf.put(*kind, key, bytes);
        }
    })?;
    for table in ["conversation", "log", "message"] {
        wreck.copy(table, &store.writer)?;
    }
    store.writer.execute_batch(ORPHANS)?;

    let mut after = Talk::new(me.account, me.device());
    let mut runs = Vec::new();
    let mut flush = |runs: &mut Vec<Run>| {
        store.batch(|shelf| runs.drain(..).for_each(|run| after.restore(&run, shelf)))
    };
    let mut odd = false;
    wreck.rows("run", |row| {
        let run = row.get("bytes").map_err(Error::from).and_then(|bytes| Ok(Run::open(bytes)?));
        odd |= run.is_err();
        runs.extend(run);
        if runs.len() >= BATCH { flush(&mut runs) } else { Ok(()) }
    })?;
    flush(&mut runs)?;
    store.writer.pragma_update(None, "foreign_keys", true)?;
    let lost = lost(&before, &after, &store.writer)?;
    let whole = wreck.whole && !odd && lost.is_empty();
    Ok(Some(Repaired { store, whole, lost }))
}

/// So many runs are taken in at once.
const BATCH: usize = 64;

const ORPHANS: &str = "
    DELETE FROM log WHERE conversation NOT IN (SELECT id FROM conversation);
    DELETE FROM message WHERE log NOT IN (SELECT id FROM log);";

/// The damaged database.
struct Wreck<'a> {
    path: &'a Path,
    key: &'a Key,
    db: Option<Connection>,
    whole: bool,
}

impl Wreck<'_> {
    /// Reads something; whether no damage was met.
    fn read(&mut self, work: impl FnOnce(&Connection) -> Result<(), Error>) -> Result<bool, Error> {
        let db = match self.db.take() {
            Some(db) => db,
            None => open::reader(self.path, self.key)?,
        };
        match work(&db) {
            Ok(()) => self.db = Some(db),
            Err(Error::Damaged) => self.whole = false,
            Err(error) => return Err(error),
        }
        Ok(self.db.is_some())
    }

    /// The rows of state that can be read, from both ends of each kind.
    fn state(&mut self) -> Result<Vec<Record>, Error> {
        let mut found: BTreeMap<(i32, Vec<u8>), Vec<u8>> = BTreeMap::new();
        for kind in 0..=MAX_KIND {
            for order in ["ASC", "DESC"] {
                let sql =
                    format!("SELECT key, bytes FROM state WHERE kind = ?1 ORDER BY key {order}");
                let all = self.read(|db| {
                    let mut rows = db.prepare(&sql)?;
                    let mut rows = rows.query([kind])?;
                    while let Some(row) = rows.next()? {
                        found.insert((kind, row.get(0)?), row.get(1)?);
                    }
                    Ok(())
                })?;
                if all {
                    break;
                }
            }
        }
        let record = |((kind, key), bytes): ((i32, Vec<u8>), Vec<u8>)| {
            Some(Record { kind: Kind::try_from(kind).ok()?, key, bytes })
        };
        Ok(found.into_iter().filter_map(record).collect())
    }

    /// Copies what can be read of a table.
    fn copy(&mut self, table: &str, to: &Connection) -> Result<(), Error> {
        let to = to.unchecked_transaction()?;
        self.rows(table, |row| {
            let columns = 0..row.as_ref().column_count();
            let values =
                columns.map(|at| row.get::<_, Value>(at)).collect::<Result<Vec<_>, _>>()?;
            let places = vec!["?"; values.len()].join(", ");
            to.prepare_cached(&format!("INSERT OR IGNORE INTO {table} VALUES ({places})"))?
                .execute(params_from_iter(values))?;
            Ok(())
        })?;
        Ok(to.commit()?)
    }

    /// Every row of a table that can be read.
    fn rows(
        &mut self,
        table: &str,
        mut take: impl FnMut(&Row<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let sql = format!("SELECT * FROM {table} WHERE id > ?1 AND id <= ?2 ORDER BY id");
        let mut ranges = vec![(0, self.last(table)?)];
        while let Some((mut after, last)) = ranges.pop() {
            let all = self.read(|db| {
                let mut rows = db.prepare_cached(&sql)?;
                let mut rows = rows.query([after, last])?;
                while let Some(row) = rows.next()? {
                    take(row)?;
                    after = row.get(0)?;
                }
                Ok(())
            })?;
            if !all && last - after > 1 {
                let middle = after + (last - after) / 2;
                ranges.extend([(middle, last), (after, middle)]);
            }
        }
        Ok(())
    }

    /// The number of the last row there ever was.
    fn last(&mut self, table: &str) -> Result<i64, Error> {
        let mut last = 0;
        for sql in [
            "SELECT seq FROM sqlite_sequence WHERE name = ?1".into(),
            format!("SELECT max(id) FROM {table} WHERE ?1 <> ''"),
        ] {
            let told = self.read(|db| {
                let found = db.query_row(&sql, [table], |row| row.get::<_, Option<i64>>(0));
                last = found.optional()?.flatten().unwrap_or(0);
                Ok(())
            })?;
            if told {
                return Ok(last);
            }
        }
        Ok(MAX_BLIND)
    }
}

/// Kinds of state are numbered up to here at most.
const MAX_KIND: i32 = 63;
/// So many rows are looked for where nobody knows how many there were.
const MAX_BLIND: i64 = 100_000;

/// What was there before and is no more: neither in a log nor shown.
fn lost(
    before: &Talk,
    after: &Talk,
    db: &Connection,
) -> Result<BTreeMap<ConversationId, Lost>, Error> {
    let there: BTreeMap<LogId, _> = after.holdings().collect();
    let mut claims: BTreeMap<LogId, Seq> = BTreeMap::new();
    for (log, have) in before.holdings().chain(after.holdings()) {
        let top = have.beyond.last().map_or(have.upto, |(_, last)| *last);
        let claim = claims.entry(log).or_insert(top);
        *claim = top.max(*claim);
    }
    let mut lost: BTreeMap<ConversationId, Lost> = BTreeMap::new();
    for (log, top) in claims {
        let (number, have) = (log_number(db, log)?, there.get(&log));
        let begin = have.map_or(1, |have| have.from.0.max(1));
        let mut shown = db.prepare_cached("SELECT 1 FROM message WHERE log = ?1 AND seq = ?2")?;
        let mut missing = Vec::new();
        for seq in begin..=top.0 {
            let held = have.is_some_and(|have| have.holds(Seq(seq)));
            if !held && !shown.exists((number, int(seq)))? {
                missing.push(int(seq));
            }
        }
        let (Some(first), Some(last)) = (missing.first(), missing.last()) else { continue };
        let moment = |sql: &str, seq: i64| -> Result<_, Error> {
            let at: Option<i64> = db.query_row(sql, (number, seq), |row| row.get(0))?;
            Ok(at.map(|at| Time(at.cast_unsigned())))
        };
        let messages = missing.len() as u64;
        let after = moment("SELECT max(at) FROM message WHERE log = ?1 AND seq < ?2", *first)?;
        let before = moment("SELECT min(at) FROM message WHERE log = ?1 AND seq > ?2", *last)?;
        lost.entry(log.conversation)
            .and_modify(|lost| {
                lost.messages += messages;
                lost.after = lost.after.zip(after).map(|(one, other)| one.min(other));
                lost.before = lost.before.zip(before).map(|(one, other)| one.max(other));
            })
            .or_insert(Lost { messages, after, before });
    }
    Ok(lost)
}

#[cfg(test)]
mod tests;
