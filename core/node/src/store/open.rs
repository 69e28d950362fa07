//! Opening: key first, then who may go on, then the schema.
//!
//! Nothing is written before the key has been proved and the version is known.

use std::{fmt::Write as _, path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, config::DbConfig};
use zeroize::Zeroizing;

use super::{Error, Key};

/// The connection that writes.
pub(super) fn writer(path: &Path, key: &Key) -> Result<Connection, Error> {
    let mut connection = connect(path, key, OpenFlags::SQLITE_OPEN_CREATE)?;
    // whoever is turned away does not tidy up behind himself either
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    prove(&connection)?;
    let found = version(&connection)?;
    if found > KNOWN {
        let known = KNOWN;
        return Err(Error::Newer { found, known });
    }
    connection.execute_batch(WRITER)?;
    migrate(&mut connection)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

/// A connection that reads what a writer has made.
pub(super) fn reader(path: &Path, key: &Key) -> Result<Connection, Error> {
    let connection = connect(path, key, OpenFlags::empty())?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(path: &Path, key: &Key, flags: OpenFlags) -> Result<Connection, Error> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // what goes wrong is told by the errors; the library would print it too
    connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
    connection.pragma_update(None, "key", raw(key).as_str())?;
    connection.execute_batch(ALL)?;
    // or else a statement is planned anew whenever it is asked about another value
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The key as the library takes one that it need not stretch.
fn raw(key: &Key) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * key.0.len() + 3));
    text.push_str("x'");
    for byte in key.0.iter() {
        write!(text, "{byte:02x}").expect("a string takes all");
    }
    text.push('\'');
    text
}

/// Whether the key opens the database. The version alone would not tell: of a page that cannot be
/// decrypted the library gives the plaintext header, and zeros.
pub(super) fn prove(connection: &Connection) -> Result<(), Error> {
    let tables = "SELECT count(*) FROM sqlite_schema";
    match connection.query_row(tables, [], |_| Ok(())) {
        Err(error) if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt)) => {
            // who reads a version has the right key, and another page of the schema is damaged
            let opens = version(connection).is_ok_and(|version| version > 0);
            Err(if opens { Error::Damaged } else { Error::WrongKey })
        }
        outcome => Ok(outcome?),
    }
}

fn version(connection: &Connection) -> Result<u32, Error> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn migrate(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for (number, sql) in (1..).zip(MIGRATIONS) {
        if number > found {
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", number)?;
        }
    }
    Ok(transaction.commit()?)
}

/// What leads from each version to the next; the first makes everything. Only ever appended to.
const MIGRATIONS: [&str; KNOWN as usize] = [include_str!("schema.sql")];
const KNOWN: u32 = 1;

const PATIENCE: Duration = Duration::from_secs(5);
const STATEMENTS: usize = 64;

const ALL: &str = "
    PRAGMA cipher_plaintext_header_size = 32;
    PRAGMA temp_store = MEMORY;
";

const WRITER: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA cache_size = -8192;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
";
