//! Backups: one encrypted file that holds an account and all that was said.
//!
//! It is written while the node runs, from one moment of its database, under another name until it
//! has been read back. It holds the account's keys, rows of state and runs; no device's keys, so
//! that what is made of it is a new device, and no messages: they are made of the runs again, by
//! the machine that makes them everywhere else. Inside the seal (`sealed`) are records:
//!
//! ```text
//! length u32 LE of what follows · kind u8 · key's length u16 LE · key · bytes
//! ```
//!
//! | kind | key | bytes |
//! |---|---|---|
//! | 12, the first | the device that wrote it | the account's id and keys, see `Me::heirloom` |
//! | 1 to 13 | a row of state's | as the row holds it |
//! | 0 | nothing | a run; behind all rows |

mod sealed;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use covey_proto::{
    DeviceId, Input, Node,
    people::{former::Since, own::Me},
    store::{Kind, Record},
    wire::Run,
};
use zeroize::Zeroizing;

use self::sealed::{Opener, Sealer};
use crate::{
    clock::Clock,
    home,
    store::{self, History, Row},
    vault::{self, Wish},
};

/// Why there is no backup, or no home of one: each a sentence for the person who tried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is some other file.
    #[error("this is no backup of Covey; choose another file")]
    Foreign,
    /// It is of a later version.
    #[error("this backup was made by a newer Covey; update this one")]
    Newer,
    /// It opens nothing.
    #[error("the passphrase is wrong; try again")]
    WrongPassphrase,
    /// Everybody knows that one.
    #[error("an empty passphrase protects nothing; type one")]
    NoPassphrase,
    /// Not all of it is as it was written.
    #[error("the backup is damaged or cut short; use another copy of it")]
    Damaged,
    /// Nothing is written over a home.
    #[error("there is something in that folder already; name another one with --home")]
    Exists,
    /// Nothing half-made is left behind.
    #[error("the disk is full; free some space and try again")]
    DiskFull,
    /// A file or folder fails.
    #[error("the file or the folder cannot be used")]
    File(#[source] io::Error),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The new home's key cannot be kept.
    #[error(transparent)]
    Vault(#[from] vault::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{InvalidData, QuotaExceeded, StorageFull, UnexpectedEof};
        let kind = error.kind();
        if [StorageFull, QuotaExceeded].contains(&kind) {
            Self::DiskFull
        } else if [InvalidData, UnexpectedEof].contains(&kind) {
            Self::Damaged
        } else {
            Self::File(error)
        }
    }
}

/// Writes a backup of what the database holds now; `progress` is told how much is done, of how
/// much.
///
/// # Errors
/// [`Error`]; then there is no such file, or still the one from before.
pub fn write(
    history: &History,
    passphrase: &[u8],
    path: &Path,
    progress: impl FnMut(u64, u64),
) -> Result<(), Error> {
    let fresh = beside(path, ".part")?;
    let _ = fs::remove_file(&fresh);
    let done = create(&fresh).and_then(|file| {
        let (file, written) = fill(history, passphrase, BufWriter::new(file), |_| {}, progress)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        // what cannot be read back is no backup
        let read = hash(Opener::new(File::open(&fresh)?, passphrase)?)?;
        if read != written {
            return Err(Error::Damaged);
        }
        Ok(fs::rename(&fresh, path)?)
    });
    if done.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    done
}

/// Sends a backup of what the database holds now to who keeps it: without the recovery key, for who
/// asks may be another than the person.
///
/// # Errors
/// [`Error`]; then what was sent is no backup.
pub fn send(
    history: &History,
    passphrase: &[u8],
    to: impl Write,
    progress: impl FnMut(u64, u64),
) -> Result<(), Error> {
    Ok(fill(history, passphrase, to, Me::forget_recovery, progress)?.0.flush()?)
}

/// Makes a home of a backup, in a folder that is not there yet or empty: a new device of the
/// account.
///
/// # Errors
/// [`Error`]; then nothing is left of it.
pub fn restore(
    file: &Path,
    passphrase: &[u8],
    dir: &Path,
    keep: &Wish,
    progress: impl FnMut(u64, u64),
) -> Result<(), Error> {
    let vacant = fs::read_dir(dir).map_or(!dir.exists(), |mut all| all.next().is_none());
    if !vacant {
        return Err(Error::Exists);
    }
    let fresh = beside(dir, ".restoring")?;
    let _ = fs::remove_dir_all(&fresh);
    let made = furnish(file, passphrase, &fresh, keep, progress)
        .and_then(|()| Ok(fs::rename(&fresh, dir)?));
    if made.is_err() {
        let _ = fs::remove_dir_all(&fresh);
    }
    made
}

/// A file that only its owner reads.
fn create(path: &Path) -> Result<File, Error> {
    let mut file = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    Ok(file.write(true).create_new(true).open(path)?)
}

/// Writes it all; the hash of what is inside.
fn fill<W: Write>(
    history: &History,
    passphrase: &[u8],
    to: W,
    leave_out: impl Fn(&mut Me),
    mut progress: impl FnMut(u64, u64),
) -> Result<(W, blake3::Hash), Error> {
    if passphrase.is_empty() {
        return Err(Error::NoPassphrase);
    }
    let mut out = Hashed { inner: Sealer::new(to, passphrase)?, hasher: blake3::Hasher::new() };
    history.copy(|row, done, all| -> Result<(), Error> {
        progress(done, all);
        match row {
            Row::State(Record { kind: Kind::Head | Kind::Adding, .. }) => Ok(()),
            Row::State(Record { kind: Kind::Me, bytes, .. }) => {
                let mut me = Me::parse(&Zeroizing::new(bytes)).ok_or(Error::Damaged)?;
                leave_out(&mut me);
                out.record(Kind::Me as u8, &me.device().0, &me.heirloom())
            }
            Row::State(Record { kind, key, bytes }) => out.record(kind as u8, &key, &bytes),
            Row::Run(bytes) => out.record(RUN, &[], &bytes),
        }
    })?;
    Ok((out.inner.finish()?, out.hasher.finalize()))
}

fn hash(mut inside: impl Read) -> Result<blake3::Hash, Error> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = Zeroizing::new(vec![0; 64 << 10]);
    loop {
        let count = inside.read(&mut piece)?;
        if count == 0 {
            return Ok(hasher.finalize());
        }
        hasher.update(piece.split_at(count).0);
    }
}

/// Counts what goes through into a hash.
struct Hashed<W> {
    inner: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Hashed<W> {
    fn record(&mut self, kind: u8, key: &[u8], bytes: &[u8]) -> Result<(), Error> {
        let key_length = u16::try_from(key.len()).map_err(|_| Error::Damaged)?;
        let length = u32::try_from(3 + key.len() + bytes.len()).map_err(|_| Error::Damaged)?;
        let record = Zeroizing::new(
            [&length.to_le_bytes()[..], &[kind], &key_length.to_le_bytes(), key, bytes].concat(),
        );
        self.hasher.update(&record);
        Ok(self.inner.write_all(&record)?)
    }
}

/// A record's kind, key and bytes.
type Raw = (u8, Vec<u8>, Vec<u8>);

/// The next record, if there is one.
fn record(from: &mut impl Read) -> Result<Option<Raw>, Error> {
    let (mut low, mut high) = ([0; 1], [0; 3]);
    if from.read(&mut low)? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut high)?;
    let ([low], [mid, next, high]) = (low, high);
    let length = u32::from_le_bytes([low, mid, next, high]) as usize;
    if length > MAX_RECORD {
        return Err(Error::Damaged);
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    let (&kind, rest) = bytes.split_first().ok_or(Error::Damaged)?;
    let (key_length, rest) = rest.split_first_chunk().ok_or(Error::Damaged)?;
    let key_length = u16::from_le_bytes(*key_length).into();
    let (key, bytes) = rest.split_at_checked(key_length).ok_or(Error::Damaged)?;
    Ok(Some((kind, key.to_vec(), bytes.to_vec())))
}

/// Makes the home, all but its name.
fn furnish(
    file: &Path,
    passphrase: &[u8],
    dir: &Path,
    keep: &Wish,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), Error> {
    let file = File::open(file)?;
    let all = file.metadata()?.len();
    let mut read = Opener::new(file, passphrase)?;
    fs::create_dir(dir)?;
    fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let (mut key, mut seed) = (Zeroizing::new([0; 48]), Zeroizing::new([0; 32]));
    getrandom::fill(&mut *key).map_err(io::Error::other)?;
    getrandom::fill(&mut *seed).map_err(io::Error::other)?;
    let mut store = store::Store::open(&dir.join(home::STORE), store::Key::new(*key))?;

    let first = record(&mut read)?.filter(|(kind, ..)| *kind == Kind::Me as u8);
    let (_, device, keys) = first.ok_or(Error::Damaged)?;
    let device = DeviceId::parse(&device).ok_or(Error::Damaged)?;
    let me = Me::inherit(&Zeroizing::new(keys), *seed).ok_or(Error::Damaged)?;
    let mut rows = vec![me.record(), Since::Restored.record(device)];
    let mut next = record(&mut read)?;
    while let Some((kind, key, bytes)) = next.take_if(|(kind, ..)| *kind != RUN) {
        let kind = Kind::try_from(i32::from(kind)).map_err(|_| Error::Newer)?;
        rows.push(Record { kind, key, bytes });
        next = record(&mut read)?;
    }
    store.batch(|shelf| {
        rows.iter().for_each(|row| shelf.put(row.kind, &row.key, &row.bytes));
    })?;
    let now = Clock::start().now();
    getrandom::fill(&mut *seed).map_err(io::Error::other)?;
    let mut node = Node::new(me, *seed, rows, now);
    let mut done = 0;
    while next.is_some() {
        let mut runs = Vec::new();
        while runs.len() < BATCH
            && let Some((kind, _, bytes)) = next.take()
        {
            done += bytes.len() as u64;
            let run = Run::stored(bytes).ok().filter(|_| kind == RUN).ok_or(Error::Damaged)?;
            runs.push(run);
            next = record(&mut read)?;
        }
        store.batch(|shelf| {
            for run in runs.drain(..) {
                node.handle(Input::Restored(run), now, shelf);
            }
            node.settle(now, shelf);
        })?;
        // nobody is there to be told
        while node.poll_output().is_some() {}
        progress(done, all);
    }
    drop(store);
    vault::keep(dir, keep, &key)?;
    Ok(())
}

/// The same with this at the end of its name.
fn beside(path: &Path, end: &str) -> Result<PathBuf, Error> {
    let name = path.file_name().ok_or_else(|| Error::File(io::ErrorKind::InvalidInput.into()))?;
    let mut name = name.to_owned();
    name.push(end);
    Ok(path.with_file_name(name))
}

/// The kind of record that is a run.
const RUN: u8 = 0;
const MAX_RECORD: usize = 1 << 20;
const BATCH: usize = 256;
