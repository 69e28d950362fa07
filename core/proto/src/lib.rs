//! Decides what a Covey node does next, without doing it.
//!
//! A shell feeds [`Node::handle`] with inputs, the time and the open transaction, calls
//! [`Node::settle`] once a batch, commits, and only then carries out every
//! [`Node::poll_output`]; it comes back at [`Node::poll_timeout`]. So a crash can repeat an effect
//! but never lose one, and nothing is said that is not on disk. Links are machines of their own,
//! run by the connection's task ([`link`]).
//!
//! Nothing in this crate opens a socket, reads a clock, rolls dice of its own or touches a disk:
//! the compiler holds us to it, there is no `std` here.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod dice;
pub mod id;
pub mod io;
pub mod link;
pub mod node;
pub mod people;
pub mod reach;
pub mod seal;
pub mod store;
pub mod talk;
pub mod time;
pub mod wire;

pub use id::{
    AccountId, ConversationId, DeviceId, EntryId, IntroductionId, InviteTag, LinkId, LogId,
    SecretId, Seq, Target,
};
pub use io::{Command, Event, Input, Output};
pub use node::Node;
pub use time::Time;
