//! What can be wrong with a database, in terms of what to do about it.

use covey_proto::wire::Invalid;
use rusqlite::{ErrorCode, ffi};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is room again later, or never: nothing was lost.
    #[error("the disk is full; nothing was lost, free some space and try again")]
    DiskFull,
    /// The file, its folder or its disk takes no writes.
    #[error(
        "the database cannot be written to; nothing was lost, see to the home folder and try again"
    )]
    ReadOnly,
    /// Another program holds it.
    #[error("another program is using the database; end that one and try again")]
    Busy,
    /// The key does not fit, or the file's first page is damaged or never was one of ours.
    #[error("this home's key does not open its database; restore the home folder from a copy")]
    WrongKey,
    /// Made by a later version of the program.
    #[error(
        "this home was used by a newer Covey (its database is at {found}, this one knows {known}); update this one"
    )]
    Newer {
        /// What it is at.
        found: u32,
        /// The highest this program knows.
        known: u32,
    },
    /// Something in it is not what was written.
    #[error(
        "the database is damaged; stop the node and run `covey repair`, which saves what can be read"
    )]
    Damaged,
    /// Anything else.
    #[error("the database failed; the log of the node says why")]
    Failed(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        // no room for the index of the log is told as an error of the device
        let takes_nothing = |error: &ffi::Error| UNWRITTEN.contains(&error.extended_code);
        let no_room = |error: &ffi::Error| error.extended_code == ffi::SQLITE_IOERR_SHMSIZE;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(_) if error.sqlite_error().is_some_and(no_room) => Self::DiskFull,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(_) if error.sqlite_error().is_some_and(takes_nothing) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::NotADatabase) => Self::WrongKey,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged,
            Some(_) => Self::Failed(error),
            // no code of the library's: a column that does not hold what it should
            None => Self::Damaged,
        }
    }
}

/// A disk that was mounted anew because of its errors, or is going, tells it in these ways.
const UNWRITTEN: [i32; 4] = [
    ffi::SQLITE_IOERR_WRITE,
    ffi::SQLITE_IOERR_FSYNC,
    ffi::SQLITE_IOERR_DIR_FSYNC,
    ffi::SQLITE_IOERR_TRUNCATE,
];

/// What was checked before it was stored is no longer whole.
impl From<Invalid> for Error {
    fn from(_: Invalid) -> Self {
        Self::Damaged
    }
}
