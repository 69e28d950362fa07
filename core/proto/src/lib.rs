//! Decides what a Covey node does next, without doing it.
//!
//! Nothing in this crate opens a socket, reads a clock, rolls dice of its own or touches a disk:
//! the compiler holds us to it, there is no `std` here.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod dice;
pub mod id;
pub mod link;
pub mod people;
pub mod seal;
pub mod store;
pub mod time;
pub mod wire;

pub use id::{AccountId, ConversationId, DeviceId, EntryId, LinkId, LogId, SecretId, Seq};
pub use time::Time;
