//! The disk of a node: one encrypted database, one writer, any number of readers.
//!
//! ```text
//! let mut store = Store::open(path, key)?;           // made if it is not there; migrated
//! let node = Node::new(…, store.state()?, …);        // every row of state
//! store.batch(|shelf| {                              // begin immediate
//!     node.handle(input, now, shelf);                // reads see what this batch wrote
//!     node.settle(now, shelf);
//! })?;                                               // committed and on disk, or nothing of it is
//! let mut runs = Runs::new(log, first..=last);       // Output::Send(link, log, first, last)
//! loop { let more = runs.next(&mut store, budget)?; if more.is_empty() { break } … }
//! let history = store.history();                     // clone it into links and queries
//! history.page(conversation, Page::Newest, limit)?   // messages, in the order shown
//! ```
//!
//! An error inside a batch is remembered, the rest of the batch does nothing, and `batch` returns
//! the error with everything rolled back; the store can be used on. What `batch` has returned
//! survives a power cut. All calls block: async callers run them on a blocking thread. Readers
//! have connections of their own and neither wait for the writer nor make it wait.

mod copy;
mod error;
mod fold;
mod history;
mod message;
mod open;
mod repair;
mod runs;
mod search;
mod shelf;

use std::{fmt, path::Path};

use covey_proto::store::{Record, Shelf};
use rusqlite::{Connection, TransactionBehavior};
use zeroize::Zeroizing;

pub(crate) use self::copy::Row;
pub use self::{
    error::Error,
    history::{History, Page},
    repair::{Lost, Repaired, repair},
    runs::Runs,
    search::{Found, Mark, Vague, Wanted},
};

/// What the database is made by.
pub(crate) fn made_by() -> String {
    format!("SQLite {}", rusqlite::version())
}

/// What the database is encrypted with: 32 bytes of key and 16 of salt.
///
/// The salt is part of it because the file's first bytes, where it usually stands, are plaintext:
/// some systems insist on seeing a database there.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; 48]>);

impl Key {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 48]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The database, and its one writer.
#[derive(Debug)]
pub struct Store {
    writer: Connection,
    history: History,
}

impl Store {
    /// Opens the database, making or migrating it as needed.
    ///
    /// # Errors
    /// [`Error::WrongKey`] and [`Error::Newer`] leave the file as it was.
    pub fn open(path: &Path, key: Key) -> Result<Self, Error> {
        let writer = open::writer(path, &key)?;
        let history = History::new(path, key);
        Ok(Self { writer, history })
    }

    /// Every row of state, by kind and key.
    ///
    /// # Errors
    /// [`Error`] if the database cannot be read.
    pub fn state(&self) -> Result<Vec<Record>, Error> {
        self.history.state()
    }

    /// Does some work on the shelf, then commits: all of it is on disk, or none.
    ///
    /// # Errors
    /// The first error of the work or of its commit; nothing of it is kept.
    pub fn batch<T>(&mut self, work: impl FnOnce(&mut dyn Shelf) -> T) -> Result<T, Error> {
        let done = self.transact(work);
        self.mended(done)
    }

    fn transact<T>(&mut self, work: impl FnOnce(&mut dyn Shelf) -> T) -> Result<T, Error> {
        let transaction = self.writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut shelf = shelf::Open::new(&transaction);
        let result = work(&mut shelf);
        shelf.fault()?;
        transaction.commit()?;
        Ok(result)
    }

    fn read<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let done = work(&self.writer);
        self.mended(done)
    }

    /// A connection that met a damaged page reads nothing any more; another one goes on.
    fn mended<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        if let Err(error @ Error::Damaged) = &done {
            self.history.noted(error);
            self.writer = self.history.writer()?;
        }
        done
    }

    /// The readers of this database.
    #[must_use]
    pub fn history(&self) -> History {
        self.history.clone()
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod withdrawn;
