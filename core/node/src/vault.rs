//! The vault: where the key of a home's database is kept, and how it is had back.
//!
//! Best in the system's keyring, else under a passphrase, else in a file that only its owner can
//! read, and whoever asks is told which. A file `vault` in the home says how it was kept at
//! first start, and that is how it is had ever after: it holds the keyring entry's name, or what the
//! passphrase opens, or the key itself, and behind that a hash of it all, to tell damage from a wrong
//! passphrase. All else that must not be seen, this device's own keys included, is in the database.

use std::{
    fmt, fs,
    io::{self, Write as _},
    path::Path,
    sync::mpsc,
    thread,
    time::Duration,
};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, aead::Aead as _};
use covey_proto::seal::hex;
use keyring::v1::Entry;
use zeroize::Zeroizing;

use crate::store::Key;

/// A passphrase, or what it stands for.
pub type Passphrase = Zeroizing<Vec<u8>>;

/// Where a person wants the key of a new home kept.
#[derive(Clone, Default)]
pub enum Wish {
    /// In the keyring, or if there is none in a file.
    #[default]
    Best,
    /// Under this passphrase; it also opens a home that was made so.
    Passphrase(Passphrase),
    /// In a file.
    File,
}

/// The passphrase is not for logs.
impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Best => "Best",
            Self::Passphrase(_) => "Passphrase",
            Self::File => "File",
        })
    }
}

/// Where the key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the system's keyring.
    Keyring,
    /// In a file that a passphrase opens.
    Passphrase,
    /// In a file that only its owner can read: a thief of the disk reads it too.
    File,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyring => "keyring",
            Self::Passphrase => "passphrase",
            Self::File => "file",
        })
    }
}

/// Why the key cannot be had: each a sentence for the person who tried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This one opens nothing.
    #[error("the passphrase is wrong; try again")]
    WrongPassphrase,
    /// The home was made with one.
    #[error("this home is locked with a passphrase; give it with --passphrase-file")]
    NeedsPassphrase,
    /// The home was made without one.
    #[error("this home was made without a passphrase; start it without")]
    NoPassphrase,
    /// It was there when the home was made.
    #[error("the system's keyring does not give out this home's key; unlock it and try again")]
    Keyring,
    /// It is not what was written.
    #[error("the file `vault` in the home is damaged; restore it from a copy")]
    Damaged,
    /// There is no room for it.
    #[error("the disk is full; free some space and try again")]
    DiskFull,
    /// The home folder fails.
    #[error("the home folder cannot be used")]
    Folder(#[source] io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        match [StorageFull, QuotaExceeded].contains(&error.kind()) {
            true => Self::DiskFull,
            false => Self::Folder(error),
        }
    }
}

/// Opens the vault of a home; there is none before the first start.
///
/// # Errors
/// [`Error`].
pub fn open(home: &Path, wish: &Wish) -> Result<Option<(Key, Kept)>, Error> {
    let bytes = match fs::read(home.join(FILE)) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (bytes, check) = bytes.split_last_chunk().ok_or(Error::Damaged)?;
    let rest = bytes.strip_prefix(MAGIC).filter(|_| *check == hash(bytes)).ok_or(Error::Damaged)?;
    let (kind, rest) = rest.split_first().ok_or(Error::Damaged)?;
    let (key, kept) = match (*kind, wish) {
        (KEYRING | PLAIN, Wish::Passphrase(_)) => return Err(Error::NoPassphrase),
        (SEALED, Wish::Best | Wish::File) => return Err(Error::NeedsPassphrase),
        (SEALED, Wish::Passphrase(passphrase)) => (unseal(rest, passphrase)?, Kept::Passphrase),
        (KEYRING, Wish::Best | Wish::File) => {
            let name = hex(rest);
            let found = ask(move || entry(&name)?.get_secret()).ok_or(Error::Keyring)?;
            (Zeroizing::new(found), Kept::Keyring)
        }
        (PLAIN, Wish::Best | Wish::File) => (Zeroizing::new(rest.to_vec()), Kept::File),
        (_, _) => return Err(Error::Damaged),
    };
    let key = key.as_slice().try_into().map_err(|_| Error::Damaged)?;
    Ok(Some((Key::new(key), kept)))
}

/// Keeps the key of a new home.
///
/// # Errors
/// [`Error`].
pub fn keep(home: &Path, wish: &Wish, key: &[u8; 48]) -> Result<Kept, Error> {
    let plain = || Zeroizing::new(key.to_vec());
    let (kind, rest, kept) = match wish {
        Wish::Passphrase(passphrase) => (SEALED, seal(key, passphrase)?, Kept::Passphrase),
        Wish::File => (PLAIN, plain(), Kept::File),
        Wish::Best => match in_keyring(plain())? {
            Some(name) => (KEYRING, Zeroizing::new(name.to_vec()), Kept::Keyring),
            None => (PLAIN, plain(), Kept::File),
        },
    };
    let bytes = Zeroizing::new([MAGIC, &[kind], &rest].concat());
    write(home, &bytes)?;
    Ok(kept)
}

/// Puts the key into the keyring; the entry's name, if there is a keyring.
fn in_keyring(key: Zeroizing<Vec<u8>>) -> Result<Option<[u8; 16]>, Error> {
    let mut name = [0; 16];
    getrandom::fill(&mut name).map_err(io::Error::other)?;
    let user = hex(&name);
    let put = ask(move || {
        let entry = entry(&user)?;
        entry.set_secret(&key)?;
        entry.get_secret()
    });
    Ok(put.map(|_| name))
}

fn entry(name: &str) -> keyring::v1::Result<Entry> {
    Entry::new("covey", name)
}

/// Asks the keyring, which may wait for a person, but not for ever.
fn ask<T: Send + 'static>(
    question: impl FnOnce() -> keyring::v1::Result<T> + Send + 'static,
) -> Option<T> {
    let (answer, answered) = mpsc::channel();
    thread::spawn(move || answer.send(question()));
    match answered.recv_timeout(KEYRING_WAITS) {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            tracing::debug!(%error, "the keyring refuses");
            None
        }
        Err(_) => None,
    }
}

/// Under a key that takes 64 MiB and a while to be made of the passphrase.
fn seal(key: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(io::Error::other)?;
    let sealed = cipher(passphrase, &salt)?.encrypt(&NONCE.into(), key);
    let sealed = sealed.map_err(|_| Error::Damaged)?;
    Ok(Zeroizing::new([&salt[..], &sealed].concat()))
}

fn unseal(sealed: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (salt, sealed) = sealed.split_first_chunk::<16>().ok_or(Error::Damaged)?;
    let opened = cipher(passphrase, salt)?.decrypt(&NONCE.into(), sealed);
    opened.map(Zeroizing::new).map_err(|_| Error::WrongPassphrase)
}

fn cipher(passphrase: &[u8], salt: &[u8; 16]) -> Result<ChaCha20Poly1305, Error> {
    let params = Params::new(64 << 10, 3, 1, Some(32)).expect("within argon2's bounds");
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut *key)
        .map_err(|_| Error::WrongPassphrase)?;
    Ok(ChaCha20Poly1305::new(&(*key).into()))
}

/// Whole or not at all, and readable by its owner only.
fn write(home: &Path, bytes: &[u8]) -> io::Result<()> {
    let (path, fresh) = (home.join(FILE), home.join("vault.new"));
    let _ = fs::remove_file(&fresh);
    let mut file = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let mut file = file.write(true).create_new(true).open(&fresh)?;
    file.write_all(bytes)?;
    file.write_all(&hash(bytes))?;
    file.sync_all()?;
    fs::rename(&fresh, &path)?;
    fs::File::open(home)?.sync_all()
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

const FILE: &str = "vault";
const MAGIC: &[u8] = b"covey vault 1\n";
const KEYRING: u8 = b'k';
const SEALED: u8 = b'p';
const PLAIN: u8 = b'f';
/// Every salt makes another key, and every key seals once.
const NONCE: [u8; 12] = [0; 12];
const KEYRING_WAITS: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn there_is_no_vault_before_the_first_start() {
        assert!(open(home().path(), &Wish::File).unwrap().is_none());
    }

    #[test]
    fn a_file_gives_back_what_it_was_given_and_is_its_owners_alone() {
        let home = home();
        assert_eq!(keep(home.path(), &Wish::File, &KEY).unwrap(), Kept::File);
        let found = open(home.path(), &Wish::Best).unwrap().unwrap();
        assert_eq!(found, (Key::new(KEY), Kept::File));
        let mode = fs::metadata(home.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_wrong_passphrase_opens_nothing() {
        let home = sealed();
        let found = open(home.path(), &passphrase("right")).unwrap().unwrap();
        assert_eq!(found, (Key::new(KEY), Kept::Passphrase));
        let wrong = open(home.path(), &passphrase("wrong"));
        assert!(matches!(wrong, Err(Error::WrongPassphrase)));
    }

    #[test]
    fn a_home_is_opened_the_way_it_was_made() {
        let none = open(sealed().path(), &Wish::Best);
        assert!(matches!(none, Err(Error::NeedsPassphrase)));
        let home = home();
        keep(home.path(), &Wish::File, &KEY).unwrap();
        let one = open(home.path(), &passphrase("right"));
        assert!(matches!(one, Err(Error::NoPassphrase)));
    }

    #[test]
    fn a_damaged_vault_says_so() {
        let home = sealed();
        let whole = fs::read(home.path().join(FILE)).unwrap();
        for cut in [0, 5, MAGIC.len(), MAGIC.len() + 1, MAGIC.len() + 10] {
            fs::write(home.path().join(FILE), &whole[..cut]).unwrap();
            let opened = open(home.path(), &passphrase("right"));
            assert!(matches!(opened, Err(Error::Damaged)), "cut at {cut}");
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(home.path().join(FILE), &changed).unwrap();
            let opened = open(home.path(), &passphrase("right"));
            assert!(matches!(opened, Err(Error::Damaged)), "changed at {place}");
        }
    }

    #[test]
    fn a_sealed_vault_shows_none_of_what_it_holds() {
        let home = sealed();
        let bytes = fs::read(home.path().join(FILE)).unwrap();
        assert!(!bytes.windows(4).any(|window| window == &KEY[..4]));
    }

    #[test]
    fn a_keyring_that_lost_the_entry_is_said() {
        let home = home();
        write(home.path(), &[MAGIC, &[KEYRING], &[7; 16]].concat()).unwrap();
        assert!(matches!(open(home.path(), &Wish::Best), Err(Error::Keyring)));
    }

    const KEY: [u8; 48] = [0xab; 48];

    fn home() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn sealed() -> tempfile::TempDir {
        let home = home();
        keep(home.path(), &passphrase("right"), &KEY).unwrap();
        home
    }

    fn passphrase(text: &str) -> Wish {
        Wish::Passphrase(Zeroizing::new(text.as_bytes().to_vec()))
    }
}
