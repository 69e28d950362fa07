//! Friends on one virtual clock, with dice for weather: the real machine, everything else made up.
//!
//! ```text
//! story ─(commands)─> Device: inbox ─> Node + Disk ─(outputs, after the commit)─> net ─┐
//!                       ^                                                              │
//!                       └────────────── queue, by virtual time <───────────────────────┘
//! ```
//!
//! A World is its seed: whatever happens in it happens again. It crashes devices between any two
//! things they do, fails commits, fills disks and sets them back, cuts links, loses the tail of
//! what they carry and sets clocks; a referee watches all the while that nobody claims what is not
//! on his disk. Noise has its own tests: links are joined where they are up, and whether they may
//! be is asked of both sides' directories.

mod backup;
mod batch;
mod chaos;
mod device;
mod faults;
mod holdings;
mod lan;
mod ledger;
mod net;
mod people;
mod referee;
mod rot;
mod shelf;
mod story;
mod wire;
mod world;
mod year;

pub use self::{
    chaos::Weather, device::Who, faults::Image, shelf::start_on, world::World, year::Year,
};
