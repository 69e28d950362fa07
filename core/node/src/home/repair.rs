//! Repairing a home whose database is damaged: while no node runs on it.
//!
//! ```text
//! store.db.new ──(all saved)──> store.db.repaired ──> store.db; what stood there is store.db.damaged
//! ```
//!
//! From the second name on the repair counts: whoever opens the home next ends what was cut off.
//! If anything could not be read, entries of this device may be among it, whose numbers must never
//! be used again; then the home goes on as a new device of its account.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use covey_proto::{ConversationId, Node, Time, people::own::Me};

use super::{Error, Options, STORE, lock};
use crate::{
    store::{self, Lost},
    vault,
};

/// What came of a repair.
#[derive(Debug)]
pub struct Repaired {
    /// Where the damaged database is kept.
    pub damaged: PathBuf,
    /// Whether all of it could be read.
    pub whole: bool,
    /// What could not, with the friend's name where it could.
    pub lost: Vec<(Option<String>, Lost)>,
}

/// Makes the database of the home in this folder anew from what can be read of it.
///
/// # Errors
/// [`Error`]; the home is as it was.
pub fn repair(dir: &Path, options: &Options) -> Result<Repaired, Error> {
    let _lock = lock(dir)?;
    finish(dir)?;
    let (key, _) = vault::open(dir, &options.keep)?.ok_or(Error::Lost)?;
    let new = dir.join("store.db.new");
    for end in ENDS {
        remove(&with(&new, end))?;
    }
    let saved = store::repair(&dir.join(STORE), &new, key)?.ok_or(Error::Nobody)?;
    let store::Repaired { mut store, whole, lost } = saved;
    let state = store.state()?;
    let me = Me::stored(&state).ok_or(Error::Nobody)?;
    if !whole {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let record = me.anew(seed).record();
        store.batch(|shelf| shelf.put(record.kind, &record.key, &record.bytes))?;
    }
    // a machine on what was saved knows who is called how
    let node = Node::new(me, [0; 32], state, Time::default());
    let name = |here: ConversationId| node.people().friend(here).map(|friend| friend.name);
    let lost = lost.into_iter().map(|(here, lost)| (name(here), lost)).collect();
    drop(store);
    fs::rename(&new, dir.join(REPAIRED))?;
    let damaged = finish(dir)?.unwrap_or_else(|| dir.join(STORE));
    Ok(Repaired { damaged, whole, lost })
}

/// Puts a repaired database in the place of the damaged one, which is kept beside it: where.
pub(super) fn finish(dir: &Path) -> io::Result<Option<PathBuf>> {
    let repaired = dir.join(REPAIRED);
    if !repaired.exists() {
        return Ok(None);
    }
    let free = (1..).map(|number| dir.join(format!("{STORE}.damaged-{number}")));
    let Some(damaged) = free.into_iter().find(|path| !path.exists()) else { return Ok(None) };
    // the database last: as long as it stands there, this is to be done
    for end in ENDS.iter().rev() {
        let (from, to) = (with(&dir.join(STORE), end), with(&damaged, end));
        match fs::rename(from, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    fs::rename(repaired, dir.join(STORE))?;
    Ok(Some(damaged))
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(end);
    path.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The files of a database: itself, and what is not folded into it yet.
const ENDS: [&str; 3] = ["", "-wal", "-shm"];
const REPAIRED: &str = "store.db.repaired";
