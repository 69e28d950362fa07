//! Stories of friends: every rule of the protocol, and every race.

// all of it is test, and may unwrap
#![cfg(test)]

mod acts;
mod adding;
mod befriending;
mod clocks;
mod copies;
mod exactly_once;
mod faults;
mod folding;
mod hostile;
mod introductions;
mod keeping;
mod kin;
mod links;
mod marks;
mod parting;
mod pen;
mod recovery;
mod removal;
mod scenes;
mod sync;
mod texts;
mod why;
