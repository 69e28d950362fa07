//! The program as people and scripts use it: real processes, homes of their own, no network but
//! this machine's.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail the test")]

mod acts;
mod alone;
mod backups;
mod bundle;
mod devices;
mod disk;
mod friends;
mod history;
mod killed;
mod person;
mod recovery;
mod why;
