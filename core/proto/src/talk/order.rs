//! The order in which messages are shown: from signed bytes alone, so the same on every device.
//!
//! An entry's order is its `at`, but behind the entry before it in its log and behind all that its
//! author had seen. When one of those arrives late, what stands on it moves.

use alloc::{
    collections::{BTreeSet, VecDeque},
    vec::Vec,
};

use crate::{
    id::{LogId, Seq},
    store::{Message, Shelf},
    time::Time,
    wire::Entry,
};

/// So many messages move at most because of one that was late; the rest stay until they are shown
/// anew. Far more than people write past each other.
const MAX_MOVES: usize = 4096;

/// The order of an entry, by what is shown so far; `before` is the order of the entry before it in
/// its log, where that is at hand.
pub(super) fn order(entry: &Entry, before: Option<Time>, shelf: &dyn Shelf) -> Time {
    let known = |id| shelf.order(entry.head.log.conversation, id);
    let before = before.or_else(|| known(entry.head.prev.short()));
    let seen = entry.head.seen.iter().filter_map(|id| known(*id));
    let stands_on = before.into_iter().chain(seen);
    stands_on.map(|order| Time(order.0.saturating_add(1))).fold(entry.head.at, Time::max)
}

/// Moves what stands on an entry that has just been shown, but at `next`, which is shown next.
pub(super) fn reorder(entry: &Entry, next: Option<(LogId, Seq)>, shelf: &mut dyn Shelf) {
    let mut due: VecDeque<(LogId, Seq)> = standing_on(entry, shelf).into();
    due.retain(|place| Some(*place) != next);
    let mut moves = 0;
    while let Some((log, seq)) = due.pop_front() {
        for entry in shelf.at(log, seq) {
            let (order, shown) = (order(&entry, None, shelf), shelf.find(entry.id));
            let Some(message) = shown.filter(|m| m.order != order && moves < MAX_MOVES) else {
                continue;
            };
            moves += 1;
            shelf.show(&Message { order, ..message });
            due.extend(standing_on(&entry, shelf));
        }
    }
}

/// The places of the entries whose order looks at this one.
fn standing_on(entry: &Entry, shelf: &dyn Shelf) -> Vec<(LogId, Seq)> {
    let readers = shelf.readers(entry.head.log.conversation, entry.id.short());
    let mut places: BTreeSet<_> = readers.into_iter().collect();
    places.insert((entry.head.log, entry.head.seq.next()));
    places.into_iter().collect()
}
