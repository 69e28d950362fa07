//! All that is worth keeping elsewhere, as it was at one moment.

use covey_proto::store::Record;
use rusqlite::Connection;

use super::{Error, History, history};

/// A piece of it.
pub(crate) enum Row {
    /// A row of state; all of them come first.
    State(Record),
    /// A run, in the order in which they came in.
    Run(Vec<u8>),
}

impl History {
    /// Gives out every row of state, who this device is first, and every run, with how many rows
    /// are done and how many there are.
    pub(crate) fn copy<E: From<Error>>(
        &self,
        take: impl FnMut(Row, u64, u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut told = None;
        self.read(|db| {
            // the first read fixes the moment for all that follow
            let moment = db.unchecked_transaction()?;
            told = Some(all(&moment, take));
            Ok(())
        })?;
        told.unwrap_or(Ok(()))
    }
}

fn all<E: From<Error>>(
    db: &Connection,
    mut take: impl FnMut(Row, u64, u64) -> Result<(), E>,
) -> Result<(), E> {
    let mut state = history::state(db)?;
    state.sort_by_key(|record| record.kind != covey_proto::store::Kind::Me);
    let count = db.query_row("SELECT count(*) FROM run", [], |row| row.get::<_, i64>(0));
    let rows = state.len() as u64 + count.map_err(Error::from)?.cast_unsigned();
    let mut done = 0;
    for record in state {
        done += 1;
        take(Row::State(record), done, rows)?;
    }
    let mut runs = db.prepare("SELECT bytes FROM run ORDER BY id").map_err(Error::from)?;
    let mut runs = runs.query([]).map_err(Error::from)?;
    while let Some(run) = runs.next().map_err(Error::from)? {
        done += 1;
        take(Row::Run(run.get(0).map_err(Error::from)?), done, rows)?;
    }
    Ok(())
}
