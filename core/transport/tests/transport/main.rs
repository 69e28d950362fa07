//! Both transports on loopback, with and without a swarm around them.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests, also in their helpers")]

mod bare;
mod interfaces;
mod limits;
mod node;
mod onlooker;
mod quic;
mod swarms;
mod tap;
mod wire;
