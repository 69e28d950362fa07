//! Guests: those who opened a stream and proved nothing yet.
//!
//! There are [`MAX_GUESTS`] at most. One more, and the oldest of whichever network has most of them
//! has to go: a crowd from one place keeps nobody else out. Who came to nothing is counted.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use covey_transport::{Gate, network};
use tokio::task::AbortHandle;

/// Streams of all that have proved nothing yet.
const MAX_GUESTS: usize = 128;

/// Who is served now, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Guests(VecDeque<(IpAddr, AbortHandle)>);

impl Guests {
    /// One more from there; one that is still served may have to go.
    pub(super) fn welcome(&mut self, from: IpAddr, guest: AbortHandle) {
        self.0.retain(|(_, guest)| !guest.is_finished());
        if self.0.len() >= MAX_GUESTS
            && let Some(at) = oldest_of_most(self.0.iter().map(|(from, _)| *from))
            && let Some((_, one)) = self.0.remove(at)
        {
            one.abort();
        }
        self.0.push_back((network(from), guest));
    }
}

/// Where the first of those stands of which there are most.
fn oldest_of_most(networks: impl Iterator<Item = IpAddr>) -> Option<usize> {
    let mut of: BTreeMap<IpAddr, (usize, usize)> = BTreeMap::new();
    for (at, network) in networks.enumerate() {
        of.entry(network).or_insert((0, at)).0 += 1;
    }
    of.into_values().max_by_key(|(count, first)| (*count, usize::MAX - first)).map(|(_, at)| at)
}

/// How many came to nothing. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub(super) gate: Gate,
    others: Arc<AtomicU64>,
}

impl Counts {
    /// One more.
    pub(super) fn turn_away(&self) {
        self.others.fetch_add(1, Ordering::Relaxed);
    }

    /// Handshakes, streams and letters of strangers, and what else proved nothing.
    #[must_use]
    pub fn turned_away(&self) -> u64 {
        self.gate.turned_away() + self.others.load(Ordering::Relaxed)
    }
}

/// A guest who is counted unless he turns out to be somebody.
pub(super) struct Unproved(Option<Counts>);

impl Unproved {
    pub(super) fn new(counts: &Counts) -> Self {
        Self(Some(counts.clone()))
    }

    /// He proved something, or got what he came for.
    pub(super) fn proved(mut self) {
        self.0 = None;
    }
}

/// Also when his task is aborted.
impl Drop for Unproved {
    fn drop(&mut self) {
        if let Some(counts) = &self.0 {
            counts.turn_away();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_from_one_place_makes_room_itself() {
        let [crowd, friend, other] = [1, 2, 3].map(|n| IpAddr::from([203, 0, n, 7]));
        let most = |all: &[IpAddr]| oldest_of_most(all.iter().copied());
        assert_eq!(most(&[friend, crowd, crowd, other]), Some(1));
        assert_eq!(most(&[friend, other]), Some(0));
        assert_eq!(most(&[]), None);
    }

    #[tokio::test]
    async fn who_came_first_goes_first_and_no_more_are_served() {
        let mut guests = Guests::default();
        let guest = || tokio::spawn(std::future::pending::<()>());
        let mut tasks: Vec<_> = (0..MAX_GUESTS + 3).map(|_| guest()).collect();
        for task in &tasks {
            guests.welcome(IpAddr::from([203, 0, 113, 7]), task.abort_handle());
        }
        assert_eq!(guests.0.len(), MAX_GUESTS);
        for task in tasks.drain(..3) {
            assert!(task.await.is_err_and(|error| error.is_cancelled()));
        }
        assert!(tasks.iter().all(|task| !task.is_finished()));
    }

    #[test]
    fn only_who_proved_nothing_is_counted() {
        let counts = Counts::default();
        Unproved::new(&counts).proved();
        drop(Unproved::new(&counts));
        assert_eq!(counts.turned_away(), 1);
    }
}
