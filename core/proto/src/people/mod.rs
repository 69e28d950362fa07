//! Who is who.

pub mod account;
pub mod card;
