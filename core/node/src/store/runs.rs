//! The runs of a log on their way to somebody.
//!
//! The writer reads them, between its batches: what it has just written is in its memory, where
//! another connection would read and decrypt it anew.

use std::ops::RangeInclusive;

use covey_proto::{LogId, Seq};
use rusqlite::{OptionalExtension as _, params};

use super::{
    Error, Store,
    history::{int, log_number},
};

/// Runs of a log on their way to somebody, whole and in order.
#[derive(Clone, Debug)]
pub struct Runs {
    log: LogId,
    /// Where the last one read ends, and its number: a fork may have several end there.
    told: (i64, i64),
    last: i64,
    /// Whether all have been read.
    over: bool,
}

impl Runs {
    /// The runs of a log that end at one of these places.
    #[must_use]
    pub fn new(log: LogId, places: RangeInclusive<Seq>) -> Self {
        let (first, last) = places.into_inner();
        Self { log, told: (int(first.0), 0), last: int(last.0), over: false }
    }

    /// The next ones within `budget` bytes, but at least one; nothing when all have been read. One
    /// that is damaged is passed over.
    ///
    /// # Errors
    /// [`Error`] if the database cannot be read.
    pub fn next(&mut self, store: &mut Store, budget: usize) -> Result<Vec<Vec<u8>>, Error> {
        let (mut runs, mut told) = (Vec::new(), self.told);
        while !self.over && runs.is_empty() {
            match self.piece(store, budget, &mut runs, &mut told) {
                Ok(over) => self.over = over,
                Err(Error::Damaged) if runs.is_empty() => match self.place(store)? {
                    Some(next) => told = next,
                    None => self.over = true,
                },
                Err(Error::Damaged) => {}
                Err(error) => return Err(error),
            }
            self.told = told;
        }
        Ok(runs)
    }

    /// Reads on until the budget is spent, or damage is met; whether that was all.
    fn piece(
        &self,
        store: &mut Store,
        budget: usize,
        runs: &mut Vec<Vec<u8>>,
        told: &mut (i64, i64),
    ) -> Result<bool, Error> {
        store.read(|db| {
            let Some(log) = log_number(db, self.log)? else {
                return Ok(true);
            };
            let mut rows = db.prepare_cached(
                "SELECT last, id, bytes FROM run
                 WHERE log = ?1 AND (last, id) > (?2, ?3) AND last <= ?4 ORDER BY last, id",
            )?;
            let mut rows = rows.query(params![log, told.0, told.1, self.last])?;
            let mut size = 0;
            while let Some(row) = rows.next()? {
                let run = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
                size += run.len();
                if size > budget && !runs.is_empty() {
                    return Ok(false);
                }
                *told = (row.get(0)?, row.get(1)?);
                runs.push(run.to_vec());
            }
            Ok(true)
        })
    }

    /// Where the next one is, whether it can be read or not.
    fn place(&self, store: &mut Store) -> Result<Option<(i64, i64)>, Error> {
        store.read(|db| {
            let Some(log) = log_number(db, self.log)? else {
                return Ok(None);
            };
            let mut next = db.prepare_cached(
                "SELECT last, id FROM run
                 WHERE log = ?1 AND (last, id) > (?2, ?3) AND last <= ?4 ORDER BY last, id LIMIT 1",
            )?;
            let next = next.query_row(params![log, self.told.0, self.told.1, self.last], |row| {
                Ok((row.get(0)?, row.get(1)?))
            });
            Ok(next.optional()?)
        })
    }
}
