//! Being built.

pub mod store;
