//! Both transports on loopback, with and without a swarm around them.

#![expect(clippy::unwrap_used, reason = "tests, also in their helpers")]

mod node;
mod swarms;
