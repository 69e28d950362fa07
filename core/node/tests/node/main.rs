//! Whole nodes, and what of them needs a system around it: a disk, a network, a home.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers fail the test"
)]

mod apart;
mod api;
mod bytes;
mod disk;
mod flood;
mod hello;
mod homes;
mod lan;
mod pair;
mod people;
mod site;
mod stranger;
mod web;
mod words;
