//! What is on the wire, honest or not, and what its readers make of it.

mod adding;
mod cast;
mod frames;
mod hello;
mod merge;
mod renewals;
mod runs;
mod strange;
mod vectors;
