//! Whom to dial, where and when.
//!
//! Everybody whom we want to reach and who is not linked has addresses; the likeliest is dialled
//! first, the next a step later, QUIC a step before TCP, each address again after a while that
//! doubles. On the local network both ends hear of each other at once: the smaller device dials,
//! the larger a moment later if it must. A new network makes all of them fresh.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};
use core::time::Duration;

use super::{
    Effect, Reach,
    why::{Failure, Near},
};
use crate::{
    dice::Dice,
    id::{DeviceId, Target},
    store::{Kind, Record, Shelf},
    time::{Time, millis},
    wire::{self, Address, MAX_SIGNED, Transport, message::message},
};

/// The next address of the same target is dialled so much later.
const STEP: Duration = Duration::from_millis(250);
/// An address that failed is dialled again after this, then after twice that, and so on.
const RETRY: Duration = Duration::from_secs(1);
const MAX_RETRY: Duration = Duration::from_secs(300);
/// A link that is gone sooner was not meant: its target is dialled again as after a failure.
const BRIEF: Duration = Duration::from_secs(5);
/// So much later the larger of two devices dials on the local network.
const COURTESY: Duration = Duration::from_millis(500);
/// The most dials that are under way at once.
pub(super) const MAX_DIALS: usize = 8;
/// The most addresses kept of one target; the unlikeliest go.
const MAX_ADDRESSES: usize = 16;
/// The most addresses remembered of a device that was reached there.
const MAX_REACHED: usize = 4;
/// So old is, on disk, the last moment at which a device is known to have been linked, at most.
const SEEN: Duration = Duration::from_secs(3600);

/// A dial, as this run of the program counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DialId(pub u64);

/// What to dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Names it to whoever tells what came of it.
    pub id: DialId,
    /// Where.
    pub address: Address,
    /// Whom.
    pub target: Target,
}

/// Where an address is from; the likeliest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The target was reached there.
    Reached,
    /// Heard on the local network, from the service of this name.
    Lan(String),
    /// On the target's card or invite.
    Told,
}

#[derive(Debug)]
pub(super) struct Place {
    pub(super) source: Source,
    pub(super) failures: u32,
    /// What came of it last, and when.
    pub(super) last: Option<(Time, Failure)>,
    next: Time,
    pub(super) dialling: Option<(DialId, Time)>,
}

#[derive(Debug, Default)]
pub(super) struct Aim {
    pub(super) places: BTreeMap<Address, Place>,
    /// Since when there has been a link.
    pub(super) linked: Option<Time>,
    /// When the last one ended, and why.
    pub(super) ended: Option<(Time, Option<Failure>)>,
    /// Its service on the local network.
    pub(super) near: (String, Near),
    /// No address is dialled before.
    step: Time,
}

message! {
    /// Where a device was reached, the last place first, and when there was a link with it.
    #[derive(Debug, Default)]
    pub(super) struct Reached {
        addresses: Vec<Address> = 1 repeated bytes [MAX_REACHED];
        pub(super) seen: Time = 2 uint64;
    }
}

/// A stored row of [`Kind::Reached`]: until when there was a link with a device, if ever.
pub fn parse_seen(key: &[u8], bytes: &[u8]) -> Option<(DeviceId, Time)> {
    let Reached { seen, .. } = wire::decode(bytes, MAX_SIGNED).ok()?;
    DeviceId::parse(key).zip(Some(seen).filter(|seen| *seen != Time::default()))
}

impl Reach {
    /// Takes a row of state; rows of other rooms, and damaged ones, are passed over.
    pub fn load(&mut self, record: &Record) {
        if record.kind == Kind::Reached
            && let Some(device) = DeviceId::parse(&record.key)
            && let Ok(reached) = wire::decode(&record.bytes, MAX_SIGNED)
        {
            self.reached.insert(device, reached);
        }
    }

    /// Whom we want to reach, and where they say they are; who is not among them is forgotten.
    pub fn seek(&mut self, wanted: impl Iterator<Item = (Target, Vec<Address>)>, now: Time) {
        let mut named = BTreeSet::new();
        for (target, told) in wanted {
            named.insert(target);
            let reached = match target {
                Target::Device(device) => self.reached.get(&device).map(|kept| &kept.addresses),
                Target::Inviter(_) => None,
            };
            let aim = self.aims.entry(target).or_default();
            aim.places
                .retain(|address, place| place.source != Source::Told || told.contains(address));
            if let Target::Device(device) = target
                && self.links.best(device).is_some()
            {
                aim.linked = aim.linked.or(Some(now));
            }
            let reached = reached.into_iter().flatten();
            reached.for_each(|address| aim.place(*address, Source::Reached, now));
            told.into_iter().for_each(|address| aim.place(address, Source::Told, now));
        }
        self.aims.retain(|target, _| named.contains(target));
    }

    /// A service of the local network is this target's.
    pub fn recognised(&mut self, name: &str, target: Target, now: Time) {
        let Some(heard) = self.heard.get(name) else { return };
        let Some(aim) = self.aims.get_mut(&target) else { return };
        let courtesy = match target {
            Target::Device(device) if self.me > device => COURTESY,
            Target::Device(_) | Target::Inviter(_) => Duration::ZERO,
        };
        aim.near = (name.into(), Near::Heard);
        for address in &heard.addresses {
            aim.place(*address, Source::Lan(String::from(name)), now.after(courtesy));
        }
    }

    /// The target was reached there: that is where it is looked for first.
    pub(super) fn reached(&mut self, device: DeviceId, address: Address, shelf: &mut dyn Shelf) {
        if !address.travels() {
            return;
        }
        let kept = self.reached.entry(device).or_default();
        if kept.addresses.first() == Some(&address) {
            return;
        }
        kept.addresses.retain(|other| *other != address);
        kept.addresses.insert(0, address);
        kept.addresses.truncate(MAX_REACHED);
        shelf.put(Kind::Reached, &device.0, &wire::encode(kept));
    }

    /// There is, or until now was, a link with a device.
    pub(super) fn seen(&mut self, device: DeviceId, now: Time, shelf: &mut dyn Shelf) {
        let kept = self.reached.entry(device).or_default();
        kept.seen = now;
        shelf.put(Kind::Reached, &device.0, &wire::encode(kept));
    }

    /// A dial came to nothing.
    pub fn failed(&mut self, dial: DialId, why: Failure, now: Time, dice: &mut Dice) {
        let Some(place) = self.take(dial) else { return };
        place.last = Some((now, why));
        let wait = place.fail(now);
        place.next = place.next.after(Duration::from_millis(dice.below(millis(wait) / 2)));
        let doubt = match &place.source {
            Source::Lan(name) => Some(Effect::Doubt(name.clone())),
            Source::Reached | Source::Told => None,
        };
        self.effects.extend(doubt);
    }

    /// Whom a dial under way is for.
    pub fn target(&self, dial: DialId) -> Option<Target> {
        let is = |aim: &Aim| aim.places.values().any(|place| place.is_dialled_by(dial));
        self.aims.iter().find(|(_, aim)| is(aim)).map(|(target, _)| *target)
    }

    /// A dial did what it was for.
    pub fn done(&mut self, dial: DialId) {
        self.take(dial);
    }

    fn take(&mut self, dial: DialId) -> Option<&mut Place> {
        let mut places = self.aims.values_mut().flat_map(|aim| aim.places.values_mut());
        let place = places.find(|place| place.is_dialled_by(dial))?;
        place.dialling = None;
        Some(place)
    }

    /// The network or the clock is another: whatever failed may work now.
    pub fn again(&mut self, now: Time) {
        self.aims.values_mut().for_each(|aim| aim.fresh(now));
    }

    /// Dials whoever is due, and keeps who is linked: seldom, for it is not worth a write.
    pub fn settle(&mut self, now: Time, shelf: &mut dyn Shelf) {
        for device in self.links.devices() {
            let seen = self.reached.get(&device).map_or(Time::default(), |kept| kept.seen);
            if now.since(seen) >= SEEN {
                self.seen(device, now, shelf);
            }
        }
        let mut under_way = self.under_way();
        for (target, aim) in &mut self.aims {
            if under_way >= MAX_DIALS {
                break;
            }
            if aim.next().is_none_or(|next| next > now) {
                continue;
            }
            let Some((address, place)) = aim.likeliest(now) else { continue };
            self.last += 1;
            let id = DialId(self.last);
            place.dialling = Some((id, now));
            aim.step = now.after(STEP);
            under_way += 1;
            self.effects.push_back(Effect::Dial(Dial { id, address, target: *target }));
        }
    }

    /// When there is something to do even if nothing happens until then.
    pub fn next_timeout(&self) -> Option<Time> {
        let next = self.aims.values().filter_map(Aim::next).min();
        next.filter(|_| self.under_way() < MAX_DIALS)
    }

    /// How many dials are under way.
    pub(super) fn under_way(&self) -> usize {
        self.aims.values().map(Aim::dialling).sum()
    }
}

impl Place {
    fn is_dialled_by(&self, dial: DialId) -> bool {
        self.dialling.is_some_and(|(id, _)| id == dial)
    }

    /// One failure more: how long it is left alone.
    fn fail(&mut self, now: Time) -> Duration {
        let wait = RETRY.saturating_mul(1 << self.failures.min(16)).min(MAX_RETRY);
        self.failures += 1;
        self.next = now.after(wait);
        wait
    }
}

impl Aim {
    /// One more address; one that is known keeps its history, but may be from a better source.
    fn place(&mut self, address: Address, source: Source, next: Time) {
        if let Some(place) = self.places.get_mut(&address) {
            if matches!(source, Source::Lan(_)) && place.source != source {
                (place.failures, place.next) = (0, next);
            }
            place.source = source.min(place.source.clone());
            return;
        }
        if self.places.len() >= MAX_ADDRESSES {
            let idle = self.places.iter().filter(|(_, place)| place.dialling.is_none());
            let worst = idle.max_by_key(|(_, place)| (place.failures, place.source.clone()));
            let Some(worst) = worst.map(|(address, _)| *address) else { return };
            self.places.remove(&worst);
        }
        let place = Place { source, failures: 0, last: None, next, dialling: None };
        self.places.insert(address, place);
    }

    /// The link is gone: all is dialled again, from the start unless the link was a brief one.
    pub(super) fn part(&mut self, why: Option<Failure>, now: Time) {
        self.ended = Some((now, why));
        if self.linked.take().is_some_and(|since| now.since(since) < BRIEF) {
            self.places.values_mut().for_each(|place| _ = place.fail(now));
        } else {
            self.fresh(now);
        }
    }

    fn fresh(&mut self, now: Time) {
        for place in self.places.values_mut() {
            (place.failures, place.next) = (0, now);
        }
    }

    fn dialling(&self) -> usize {
        self.places.values().filter(|place| place.dialling.is_some()).count()
    }

    /// When an address is to be dialled, if the target is not linked.
    pub(super) fn next(&self) -> Option<Time> {
        let idle = self.places.values().filter(|place| place.dialling.is_none());
        let next = idle.map(|place| place.next).min().map(|next| next.max(self.step));
        next.filter(|_| self.linked.is_none())
    }

    /// Of the addresses that are due, the one to dial: fewest failures, likeliest source, QUIC.
    fn likeliest(&mut self, now: Time) -> Option<(Address, &mut Place)> {
        let due = self.places.iter_mut().filter(|(_, p)| p.dialling.is_none() && p.next <= now);
        let rank = |address: &Address, place: &Place| {
            (place.failures, address.transport == Transport::Tcp, place.source.clone(), *address)
        };
        let best = due.min_by_key(|(address, place)| rank(address, place));
        best.map(|(address, place)| (*address, place))
    }
}
