//! The links there are: with every device one is best, and spares go.
//!
//! Both ends may open a link at once. Then only the smaller device closes a spare, so that never
//! both are closed: the better transport stays, else the later link.

use alloc::collections::{BTreeMap, BTreeSet};

use super::DialId;
use crate::{
    id::{AccountId, DeviceId, LinkId},
    wire::{Address, Transport},
};

/// A link that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Up {
    /// With which device.
    pub device: DeviceId,
    /// Whose it is.
    pub account: AccountId,
    /// What carries it.
    pub transport: Transport,
    /// Which dial it came of, and where that went, if we dialled.
    pub dialled: Option<(DialId, Address)>,
}

#[derive(Debug)]
pub(super) struct Links {
    me: DeviceId,
    up: BTreeMap<LinkId, Up>,
}

impl Links {
    pub(super) fn new(me: DeviceId) -> Self {
        Self { me, up: BTreeMap::new() }
    }

    /// A link more; the spare to close, if there is one and it is for us to close it.
    pub(super) fn up(&mut self, link: LinkId, up: Up) -> Option<LinkId> {
        let (device, ours) = (up.device, self.me < up.device);
        self.up.insert(link, up);
        let best = self.best(device);
        let spare = self.those(|up| up.device == device).find(|link| Some(*link) != best);
        spare.filter(|_| ours)
    }

    pub(super) fn down(&mut self, link: LinkId) -> Option<Up> {
        self.up.remove(&link)
    }

    pub(super) fn get(&self, link: LinkId) -> Option<&Up> {
        self.up.get(&link)
    }

    /// The link to speak on with a device.
    pub(super) fn best(&self, device: DeviceId) -> Option<LinkId> {
        let of = self.up.iter().filter(|(_, up)| up.device == device);
        let rank = |(link, up): &(&LinkId, &Up)| (core::cmp::Reverse(up.transport), **link);
        of.max_by_key(rank).map(|(link, _)| *link)
    }

    /// Those we have links with.
    pub(super) fn devices(&self) -> BTreeSet<DeviceId> {
        self.up.values().map(|up| up.device).collect()
    }

    /// The links of which this is true.
    pub(super) fn those(&self, are: impl Fn(&Up) -> bool) -> impl Iterator<Item = LinkId> {
        self.up.iter().filter(move |(_, up)| are(up)).map(|(link, _)| *link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: DeviceId = DeviceId([1; 16]);
    const LARGE: DeviceId = DeviceId([2; 16]);

    fn up(device: DeviceId, transport: Transport) -> Up {
        Up { device, account: AccountId([9; 32]), transport, dialled: None }
    }

    #[test]
    fn only_the_smaller_device_closes_a_spare() {
        let mut small = Links::new(SMALL);
        assert_eq!(small.up(LinkId(1), up(LARGE, Transport::Quic)), None);
        assert_eq!(small.up(LinkId(2), up(LARGE, Transport::Quic)), Some(LinkId(1)));
        let mut large = Links::new(LARGE);
        large.up(LinkId(1), up(SMALL, Transport::Quic));
        assert_eq!(large.up(LinkId(2), up(SMALL, Transport::Quic)), None);
        assert_eq!(large.best(SMALL), Some(LinkId(2)));
    }

    #[test]
    fn the_better_transport_stays() {
        let mut links = Links::new(SMALL);
        links.up(LinkId(1), up(LARGE, Transport::Quic));
        assert_eq!(links.up(LinkId(2), up(LARGE, Transport::Tcp)), Some(LinkId(2)));
    }

    #[test]
    fn what_is_left_is_best() {
        let mut links = Links::new(LARGE);
        links.up(LinkId(1), up(SMALL, Transport::Tcp));
        links.up(LinkId(2), up(SMALL, Transport::Quic));
        links.down(LinkId(2));
        assert_eq!(links.best(SMALL), Some(LinkId(1)));
    }
}
