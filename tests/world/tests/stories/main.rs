//! Stories of friends: every rule of the protocol, and every race.

mod befriending;
mod exactly_once;
mod sync;
