//! A home: the folder that one node lives in, and what is opened of it before it runs.
//!
//! ```text
//! lock      held by the node that runs here
//! store.db  everything it knows, encrypted
//! port      where it listens
//! api.sock  where shells attach
//! …         what the vault keeps here, if neither keyring nor passphrase holds it
//! ```

mod repair;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use covey_proto::{
    AccountId,
    people::{card::Class, own::Me},
    store::Record,
};
use zeroize::Zeroizing;

use crate::{
    store::{self, Store},
    vault::{self, Kept, Wish},
};

pub use self::repair::{Repaired, repair};

/// How a home is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How its key is kept.
    pub keep: Wish,
    /// What its person is called at first start.
    pub name: String,
}

/// Why a home cannot be opened: each a sentence for the person who tried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another node has it.
    #[error("a node runs on this home already; use it, or stop it first")]
    Taken,
    /// The folder is not ours to use.
    #[error("the home folder cannot be used")]
    Folder(#[from] io::Error),
    /// The key cannot be had.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It was there when the node ran.
    #[error("the file `vault` in the home is gone; restore it from a copy, or choose another home")]
    Lost,
    /// What is lost cannot be saved from what is left.
    #[error("the database is so damaged that it does not say who you are; restore a backup")]
    Nobody,
}

/// An open home. Its lock goes when it is dropped, or its process is killed.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    kept: Kept,
    pub(crate) store: Store,
    _lock: File,
}

impl Home {
    /// Opens the home in this folder; at first start it is made, with a new account.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(dir: &Path, options: &Options) -> Result<Self, Error> {
        fs::create_dir_all(dir)?;
        fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let lock = lock(dir)?;
        repair::finish(dir)?;
        let (key, kept) = match vault::open(dir, &options.keep)? {
            Some(opened) => opened,
            None => found(dir, options)?,
        };
        let store = Store::open(&dir.join(STORE), key)?;
        Ok(Self { dir: dir.into(), kept, store, _lock: lock })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whose home it is.
    ///
    /// # Errors
    /// [`store::Error`].
    pub fn account(&self) -> Result<AccountId, store::Error> {
        Ok(Me::stored(&self.store.state()?).ok_or(store::Error::Damaged)?.account)
    }

    /// Where its key is kept.
    #[must_use]
    pub fn kept(&self) -> Kept {
        self.kept
    }

    /// Who this device is, and what the machine begins with; a store that does not list the device
    /// gets to know it.
    pub(crate) fn state(&mut self) -> Result<(Me, Vec<Record>), store::Error> {
        let mut state = self.store.state()?;
        let me = Me::stored(&state).ok_or(store::Error::Damaged)?;
        let new = me.enrol(Class::Pc, &state);
        if !new.is_empty() {
            self.store.batch(|shelf| {
                new.iter().for_each(|record| shelf.put(record.kind, &record.key, &record.bytes));
            })?;
            state = self.store.state()?;
        }
        Ok((me, state))
    }

    /// The port it listens on, or 0 before the first start.
    pub(crate) fn port(&self) -> u16 {
        let kept = fs::read_to_string(self.dir.join(PORT)).ok();
        kept.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Keeps the port; without it the next start draws another.
    pub(crate) fn keep_port(&self, port: u16) {
        if let Err(error) = fs::write(self.dir.join(PORT), port.to_string()) {
            tracing::warn!(%error, "the port cannot be kept");
        }
    }
}

/// That the disk of this folder is nearly full, in a sentence, while it is.
pub(crate) fn nearly_full(dir: &Path) -> Option<String> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    let [free, all] = [disk.f_bavail, disk.f_blocks].map(|blocks| blocks * disk.f_frsize);
    let told = || format!("only {} MB are left on the disk; free some space in time", free >> 20);
    (free < SCARCE.min(all / 50)).then(told)
}

/// So much is enough, also where it is less than a fiftieth of a disk.
const SCARCE: u64 = 500 << 20;

/// Keeps other nodes off the home.
fn lock(dir: &Path) -> Result<File, Error> {
    let lock = File::options().create(true).truncate(false).write(true).open(dir.join("lock"))?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => Error::Taken,
        TryLockError::Error(error) => error.into(),
    })?;
    Ok(lock)
}

/// Makes a new account. The database comes first and the vault last: what is killed in between
/// begins anew, and the database that nobody can open is put aside.
fn found(dir: &Path, options: &Options) -> Result<(store::Key, Kept), Error> {
    let path = dir.join(STORE);
    if path.exists() && dir.join(PORT).exists() {
        return Err(Error::Lost);
    }
    if path.exists() {
        fs::rename(&path, dir.join(format!("{STORE}.lost")))?;
    }
    let (mut seed, mut key) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 48]));
    getrandom::fill(&mut *seed).map_err(io::Error::other)?;
    getrandom::fill(&mut *key).map_err(io::Error::other)?;
    let (_, records) = Me::found(&options.name, Class::Pc, *seed);
    Store::open(&path, store::Key::new(*key))?.batch(|shelf| {
        records.iter().for_each(|record| shelf.put(record.kind, &record.key, &record.bytes));
    })?;
    let kept = vault::keep(dir, &options.keep, &key)?;
    Ok((store::Key::new(*key), kept))
}

/// The database's file in the home.
pub(crate) const STORE: &str = "store.db";
/// Where it listens; written when a node ran.
const PORT: &str = "port";
