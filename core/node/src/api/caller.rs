//! Who asks, and what is not for everybody.
//!
//! Whoever runs a program as this user can do all that Covey can. What is drawn in a web view names
//! no files: the shell around it asks the person. And a browser lets its extensions read along, so a
//! page neither shows, takes nor erases the words that stand above the account, and gets no backup
//! that holds them: whatever else a page does can be undone with these.

use super::{Command, Failure, Query};

/// Through what somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A program of this user's: this one, or one that opened the socket in the home folder.
    Program,
    /// The app's own window.
    Window,
    /// A page in a browser.
    Page,
}

impl Caller {
    pub(super) fn may_do(self, command: &Command) -> Result<(), Failure> {
        match (self, command) {
            (
                Self::Page,
                Command::RecoveryWords | Command::ForgetRecovery | Command::Recover { .. },
            ) => Err(Failure::new(WORDS)),
            (Self::Program | Self::Window | Self::Page, _) => Ok(()),
        }
    }

    pub(super) fn may_ask(self, query: &Query) -> Result<(), Failure> {
        match (self, query) {
            (Self::Window | Self::Page, Query::Backup { .. }) => Err(Failure::new(FILES)),
            (Self::Program | Self::Window | Self::Page, _) => Ok(()),
        }
    }
}

const WORDS: &str =
    "no page has to do with the recovery words: `covey recovery` shows, takes and erases them";
const FILES: &str = "a page names no files of this machine; what it saves is sent to it";
