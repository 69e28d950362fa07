//! The links there are: with every device one is best, and spares go.
//!
//! Both ends may open a link at once. Then only the smaller device closes a spare, so that never
//! both are closed: the better transport stays, else the later link. But whoever opens a link long
//! after another has found that one dead: the later stays, whatever carries it.

use alloc::collections::{BTreeMap, BTreeSet};
use core::{cmp::Reverse, time::Duration};

use super::DialId;
use crate::{
    id::{AccountId, DeviceId, LinkId, SecretId},
    time::{Time, millis},
    wire::{Address, Transport},
};

/// A link that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Up {
    /// With which device.
    pub device: DeviceId,
    /// Whose it is.
    pub account: AccountId,
    /// Which secret it is made with.
    pub secret: SecretId,
    /// What carries it.
    pub transport: Transport,
    /// What its clock said when it came up, until ours is set.
    pub clock: Option<Time>,
    /// Which dial it came of, and where that went, if we dialled.
    pub dialled: Option<(DialId, Address)>,
}

#[derive(Debug)]
pub(super) struct Links {
    me: DeviceId,
    up: BTreeMap<LinkId, (Up, Time)>,
}

/// Clocks differ by so much and nobody minds.
const AGREE: Duration = Duration::from_secs(600);
/// Links that were opened within this time were opened at once.
const AT_ONCE: Duration = Duration::from_secs(10);

impl Links {
    pub(super) fn new(me: DeviceId) -> Self {
        Self { me, up: BTreeMap::new() }
    }

    /// A link more; the spare to close, if there is one and it is for us to close it.
    pub(super) fn up(&mut self, link: LinkId, up: Up, now: Time) -> Option<LinkId> {
        let (device, ours) = (up.device, self.me < up.device);
        self.up.insert(link, (up, now));
        let best = self.best(device);
        let spare = self.those(|up| up.device == device).find(|link| Some(*link) != best);
        spare.filter(|_| ours)
    }

    pub(super) fn down(&mut self, link: LinkId) -> Option<Up> {
        self.up.remove(&link).map(|(up, _)| up)
    }

    pub(super) fn get(&self, link: LinkId) -> Option<&Up> {
        self.up.get(&link).map(|(up, _)| up)
    }

    /// The link to speak on with a device.
    pub(super) fn best(&self, device: DeviceId) -> Option<LinkId> {
        let of = self.up.iter().filter(|(_, (up, _))| up.device == device);
        let last = of.clone().map(|(_, (_, at))| *at).max()?;
        let rank = |(link, (up, _)): &(&LinkId, &(Up, Time))| (Reverse(up.transport), **link);
        let best = of.filter(|(_, (_, at))| last.since(*at) < AT_ONCE).max_by_key(rank);
        best.map(|(link, _)| *link)
    }

    /// Those we have links with.
    pub(super) fn devices(&self) -> BTreeSet<DeviceId> {
        self.up.values().map(|(up, _)| up.device).collect()
    }

    /// How much later than ours the clocks of linked devices are, in ms.
    pub(super) fn clocks(&self) -> BTreeMap<DeviceId, i64> {
        let ahead = |(up, at): &(Up, Time)| {
            let clock = up.clock?.min(Time::END).0.cast_signed();
            Some((up.device, clock.saturating_sub(at.0.cast_signed())))
        };
        self.up.values().filter_map(ahead).collect()
    }

    /// Our clock is set: what the others' were then says nothing any more.
    pub(super) fn forget_clocks(&mut self) {
        self.up.values_mut().for_each(|(up, _)| up.clock = None);
    }

    /// The links of which this is true.
    pub(super) fn those(&self, are: impl Fn(&Up) -> bool) -> impl Iterator<Item = LinkId> {
        self.up.iter().filter(move |(_, (up, _))| are(up)).map(|(link, _)| *link)
    }
}

/// Whether a clock that is so much ahead, or behind, is worth a word.
pub(super) fn differs(ahead: i64) -> bool {
    ahead.unsigned_abs() > millis(AGREE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: DeviceId = DeviceId([1; 16]);
    const LARGE: DeviceId = DeviceId([2; 16]);
    const NOW: Time = Time(1_750_000_000_000);

    fn up(device: DeviceId, transport: Transport) -> Up {
        let (account, secret) = (AccountId([9; 32]), SecretId([9; 8]));
        Up { device, account, secret, transport, clock: None, dialled: None }
    }

    #[test]
    fn only_the_smaller_device_closes_a_spare() {
        let mut small = Links::new(SMALL);
        assert_eq!(small.up(LinkId(1), up(LARGE, Transport::Quic), NOW), None);
        assert_eq!(small.up(LinkId(2), up(LARGE, Transport::Quic), NOW), Some(LinkId(1)));
        let mut large = Links::new(LARGE);
        large.up(LinkId(1), up(SMALL, Transport::Quic), NOW);
        assert_eq!(large.up(LinkId(2), up(SMALL, Transport::Quic), NOW), None);
        assert_eq!(large.best(SMALL), Some(LinkId(2)));
    }

    #[test]
    fn the_better_transport_stays() {
        let mut links = Links::new(SMALL);
        links.up(LinkId(1), up(LARGE, Transport::Quic), NOW);
        assert_eq!(links.up(LinkId(2), up(LARGE, Transport::Tcp), NOW), Some(LinkId(2)));
    }

    #[test]
    fn who_opens_a_link_long_after_another_found_that_one_dead() {
        let mut links = Links::new(SMALL);
        links.up(LinkId(1), up(LARGE, Transport::Quic), NOW);
        let later = NOW.after(AT_ONCE);
        assert_eq!(links.up(LinkId(2), up(LARGE, Transport::Tcp), later), Some(LinkId(1)));
    }

    #[test]
    fn what_is_left_is_best() {
        let mut links = Links::new(LARGE);
        links.up(LinkId(1), up(SMALL, Transport::Tcp), NOW);
        links.up(LinkId(2), up(SMALL, Transport::Quic), NOW);
        links.down(LinkId(2));
        assert_eq!(links.best(SMALL), Some(LinkId(1)));
    }

    #[test]
    fn a_clock_of_no_honest_time_is_told_as_far_as_times_go() {
        let mut links = Links::new(SMALL);
        for (link, clock) in [(1, Time(u64::MAX)), (2, Time(0))] {
            links.up(LinkId(link), Up { clock: Some(clock), ..up(LARGE, Transport::Quic) }, NOW);
            let told = clock.min(Time::END).0.cast_signed() - NOW.0.cast_signed();
            assert_eq!(links.clocks(), BTreeMap::from([(LARGE, told)]));
        }
        links.forget_clocks();
        assert!(links.clocks().is_empty());
    }
}
