//! The bare insert: the rows of a home, as its node wrote them, into the same schema in the same
//! transactions, by nothing but prepared statements.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use covey_node::store::{Key, Store};
use rusqlite::{Connection, params_from_iter, types::Value};

type Rows = Vec<Vec<Value>>;

/// How many messages of the home were inserted again, and how long it took.
pub(crate) fn again(home: &Path) -> Result<(usize, Duration)> {
    let source = open(&home.join("store.db"), &key(home)?)?;
    let place = tempfile::tempdir_in("target")?;
    let path = place.path().join("store.db");
    drop(Store::open(&path, Key::new(KEY))?); // makes the schema
    let mut db = open(&path, &KEY)?;
    db.execute_batch(WRITER)?;
    for table in ["conversation", "log"] {
        insert(&db, table, &rows(&source, &format!("SELECT * FROM {table} ORDER BY id"))?)?;
    }
    // a commit has one time
    let runs = timed(rows(&source, RUNS)?)?;
    let mut messages = timed(rows(&source, MESSAGES)?)?;
    let count = messages.values().map(Vec::len).sum();
    let start = Instant::now();
    for (at, runs) in &runs {
        let transaction = db.transaction()?;
        insert(&transaction, "run", runs)?;
        insert(&transaction, "message", &messages.remove(at).unwrap_or_default())?;
        transaction.commit()?;
    }
    Ok((count, start.elapsed()))
}

const RUNS: &str = "SELECT at, run.* FROM run
    JOIN message ON message.log = run.log AND message.seq = run.last ORDER BY run.id";
const MESSAGES: &str = "SELECT at, message.* FROM message ORDER BY id";
const KEY: [u8; 48] = [7; 48];
/// As the node's own writer has it.
const WRITER: &str = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA secure_delete = ON;
    PRAGMA cache_size = -8192; PRAGMA foreign_keys = ON;";

fn open(path: &Path, key: &[u8]) -> Result<Connection> {
    let db = Connection::open(path)?;
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    db.pragma_update(None, "key", format!("x'{key}'"))?;
    db.pragma_update(None, "cipher_plaintext_header_size", 32)?;
    Ok(db)
}

/// The key of a home that keeps it in a file.
fn key(home: &Path) -> Result<Vec<u8>> {
    let vault = fs::read(home.join("vault"))?;
    let secrets = vault.strip_prefix(b"covey vault 1\nf").context("a vault in a file")?;
    Ok(secrets.get(..KEY.len()).context("a key")?.to_vec())
}

fn rows(db: &Connection, select: &str) -> Result<Rows> {
    let mut select = db.prepare(select)?;
    let columns = select.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
    Ok(select.query_map([], row)?.collect::<rusqlite::Result<_>>()?)
}

/// Rows by the time in their first column, which is taken off.
fn timed(rows: Rows) -> Result<BTreeMap<i64, Rows>> {
    let mut timed = BTreeMap::<_, Rows>::new();
    for mut row in rows {
        let Value::Integer(at) = row.remove(0) else { anyhow::bail!("no time") };
        timed.entry(at).or_default().push(row);
    }
    Ok(timed)
}

fn insert(db: &Connection, table: &str, rows: &Rows) -> Result<()> {
    let marks = vec!["?"; rows.first().map_or(0, Vec::len)].join(", ");
    let mut insert = db.prepare_cached(&format!("INSERT INTO {table} VALUES ({marks})"))?;
    rows.iter().try_for_each(|row| Ok(insert.execute(params_from_iter(row)).map(drop)?))
}
