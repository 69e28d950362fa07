//! A small network of real machines, as far as `covey` can tell: one switch, a cable for
//! each host, and a real `covey` process on it with a home of its own.
//!
//! Hosts are network namespaces, so the lab needs root. What is built here is torn down
//! by `Drop`, and what a killed run left behind by the next one.

mod lan;
mod node;

use std::time::Duration;

pub use lan::{Addresses, Lan};
pub use node::{Message, Node};

/// Prints a figure that the lab measured.
#[expect(clippy::print_stdout, reason = "the figures are what one runs the lab for")]
pub fn figure(what: &str, took: Duration) {
    println!("{what}: {:.2} s", took.as_secs_f64());
}
