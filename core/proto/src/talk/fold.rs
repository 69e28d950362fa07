//! From an entry to what a person sees of it: a pure function of the entry.

use alloc::string::String;

use crate::{
    id::AccountId,
    store::{Message, Shown},
    time::Time,
    wire::{Entry, Kind},
};

/// What there is to see of an entry at its place in the order.
pub(super) fn message(entry: &Entry, from: AccountId, order: Time) -> Message {
    let shown = match entry.head.kind {
        Kind::Text => Shown::Text(String::from_utf8_lossy(&entry.body.content).into_owned()),
        Kind::Newer(_) => Shown::Newer,
    };
    let (id, log, seq, at) = (entry.id, entry.head.log, entry.head.seq, entry.head.at);
    Message { id, log, seq, from, at, order, shown }
}
