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

use super::{Effect, Reach};
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
const MAX_DIALS: usize = 8;
/// The most addresses kept of one target; the unlikeliest go.
const MAX_ADDRESSES: usize = 16;
/// The most addresses remembered of a device that was reached there.
const MAX_REACHED: usize = 4;

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
enum Source {
    /// The target was reached there.
    Reached,
    /// Heard on the local network, from the service of this name.
    Lan(String),
    /// On the target's card or invite.
    Told,
}

#[derive(Debug)]
struct Place {
    source: Source,
    failures: u32,
    next: Time,
    dialling: Option<DialId>,
}

#[derive(Debug, Default)]
pub(super) struct Aim {
    places: BTreeMap<Address, Place>,
    /// Since when there has been a link.
    pub(super) linked: Option<Time>,
    /// No address is dialled before.
    step: Time,
}

message! {
    /// Where a device was reached, the last place first.
    struct Reached {
        addresses: Vec<Address> = 1 repeated bytes [MAX_REACHED];
    }
}

impl Reach {
    /// Takes a row of state; rows of other rooms, and damaged ones, are passed over.
    pub fn load(&mut self, record: &Record) {
        if record.kind == Kind::Reached
            && let Some(device) = DeviceId::parse(&record.key)
            && let Ok(Reached { addresses }) = wire::decode(&record.bytes, MAX_SIGNED)
        {
            self.reached.insert(device, addresses);
        }
    }

    /// Whom we want to reach, and where they say they are; who is not among them is forgotten.
    pub fn seek(&mut self, wanted: impl Iterator<Item = (Target, Vec<Address>)>, now: Time) {
        let mut named = BTreeSet::new();
        for (target, told) in wanted {
            named.insert(target);
            let reached = match target {
                Target::Device(device) => self.reached.get(&device).cloned().unwrap_or_default(),
                Target::Inviter(_) => Vec::new(),
            };
            let aim = self.aims.entry(target).or_default();
            aim.places
                .retain(|address, place| place.source != Source::Told || told.contains(address));
            reached.into_iter().for_each(|address| aim.place(address, Source::Reached, now));
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
        for address in &heard.addresses {
            aim.place(*address, Source::Lan(String::from(name)), now.after(courtesy));
        }
    }

    /// The target was reached there: that is where it is looked for first.
    pub(super) fn reached(&mut self, device: DeviceId, address: Address, shelf: &mut dyn Shelf) {
        if !address.travels() {
            return;
        }
        let known = self.reached.entry(device).or_default();
        if known.first() == Some(&address) {
            return;
        }
        known.retain(|other| *other != address);
        known.insert(0, address);
        known.truncate(MAX_REACHED);
        let bytes = wire::encode(&Reached { addresses: known.clone() });
        shelf.put(Kind::Reached, &device.0, &bytes);
    }

    /// A dial came to nothing.
    pub fn failed(&mut self, dial: DialId, now: Time, dice: &mut Dice) {
        let Some(place) = self.take(dial) else { return };
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
        let is = |aim: &Aim| aim.places.values().any(|place| place.dialling == Some(dial));
        self.aims.iter().find(|(_, aim)| is(aim)).map(|(target, _)| *target)
    }

    /// A dial did what it was for.
    pub fn done(&mut self, dial: DialId) {
        self.take(dial);
    }

    fn take(&mut self, dial: DialId) -> Option<&mut Place> {
        let mut places = self.aims.values_mut().flat_map(|aim| aim.places.values_mut());
        let place = places.find(|place| place.dialling == Some(dial))?;
        place.dialling = None;
        Some(place)
    }

    /// The network or the clock is another: whatever failed may work now.
    pub fn again(&mut self, now: Time) {
        self.aims.values_mut().for_each(|aim| aim.fresh(now));
    }

    /// Dials whoever is due.
    pub fn settle(&mut self, now: Time) {
        let mut under_way = self.aims.values().map(Aim::dialling).sum::<usize>();
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
            place.dialling = Some(id);
            aim.step = now.after(STEP);
            under_way += 1;
            self.effects.push_back(Effect::Dial(Dial { id, address, target: *target }));
        }
    }

    /// When there is something to do even if nothing happens until then.
    pub fn next_timeout(&self) -> Option<Time> {
        let under_way = self.aims.values().map(Aim::dialling).sum::<usize>();
        let next = self.aims.values().filter_map(Aim::next).min();
        next.filter(|_| under_way < MAX_DIALS)
    }
}

impl Place {
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
        self.places.insert(address, Place { source, failures: 0, next, dialling: None });
    }

    /// The link is gone: all is dialled again, from the start unless the link was a brief one.
    pub(super) fn part(&mut self, now: Time) {
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
    fn next(&self) -> Option<Time> {
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
