//! Who is who.

pub mod account;
pub mod card;
pub mod hello;
pub mod invite;
