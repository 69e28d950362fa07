//! How we get there: which links there are, and whom to dial where and when.

mod dial;
mod links;
mod why;

use alloc::{
    collections::{BTreeMap, VecDeque},
    string::String,
    vec::Vec,
};

use self::{
    dial::{Aim, Reached},
    links::Links,
};
pub use self::{
    dial::{Dial, DialId, Source, parse_seen},
    links::Up,
    why::{Failure, Near, Next, Sought, Tried},
};
use crate::{
    id::{AccountId, DeviceId, LinkId, SecretId, Target},
    store::Shelf,
    time::Time,
    wire::Address,
};

/// What the node should do about something in this room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Dial.
    Dial(Dial),
    /// Close a link.
    Close(LinkId),
    /// Speak with this device on this link, or on none.
    Prefer(DeviceId, Option<LinkId>),
    /// A service heard on the local network may be gone: ask after it.
    Doubt(String),
    /// A person should know.
    News(News),
}

/// What a person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The first link with a device of this account is up.
    Online(AccountId),
    /// The last one is gone.
    Offline(AccountId),
}

/// The state of this room.
#[derive(Debug)]
pub struct Reach {
    me: DeviceId,
    links: Links,
    aims: BTreeMap<Target, Aim>,
    reached: BTreeMap<DeviceId, Reached>,
    /// The last dial's number.
    last: u64,
    heard: BTreeMap<String, Heard>,
    /// What to do next.
    pub(crate) effects: VecDeque<Effect>,
}

/// A service heard on the local network.
#[derive(Debug)]
struct Heard {
    tags: Vec<Vec<u8>>,
    addresses: Vec<Address>,
}

/// The most services of the local network that are kept; more are passed over.
const MAX_HEARD: usize = 256;

impl Reach {
    /// This device, before its state is loaded.
    pub fn new(me: DeviceId) -> Self {
        Self {
            me,
            links: Links::new(me),
            aims: BTreeMap::new(),
            reached: BTreeMap::new(),
            last: 0,
            heard: BTreeMap::new(),
            effects: VecDeque::new(),
        }
    }

    /// A link is up.
    pub fn link_up(&mut self, link: LinkId, up: Up, now: Time, shelf: &mut dyn Shelf) {
        let (device, account) = (up.device, up.account);
        if let Some((dial, address)) = up.dialled {
            self.done(dial);
            self.reached(device, address, shelf);
        }
        let first = !self.is_linked(account);
        let spare = self.links.up(link, up, now);
        if let Some(aim) = self.aims.get_mut(&Target::Device(device)) {
            aim.linked = aim.linked.or(Some(now));
        }
        self.effects.push_back(Effect::Prefer(device, self.links.best(device)));
        self.effects.extend(spare.map(Effect::Close));
        if first {
            self.effects.push_back(Effect::News(News::Online(account)));
        }
    }

    /// A link is gone, and why unless it was closed as links are; with which device it was.
    pub fn link_down(
        &mut self,
        link: LinkId,
        why: Option<Failure>,
        now: Time,
        shelf: &mut dyn Shelf,
    ) -> Option<DeviceId> {
        let Up { device, account, .. } = self.links.down(link)?;
        let best = self.links.best(device);
        self.effects.push_back(Effect::Prefer(device, best));
        if best.is_none() {
            self.seen(device, now, shelf);
            if let Some(aim) = self.aims.get_mut(&Target::Device(device)) {
                aim.part(why, now);
            }
        }
        if !self.is_linked(account) {
            self.effects.push_back(Effect::News(News::Offline(account)));
        }
        Some(device)
    }

    /// Whose link it is.
    pub fn link(&self, link: LinkId) -> Option<(DeviceId, AccountId)> {
        self.links.get(link).map(|up| (up.device, up.account))
    }

    /// Which account's it is, and the secret it is made with.
    pub fn secret(&self, link: LinkId) -> Option<(AccountId, SecretId)> {
        self.links.get(link).map(|up| (up.account, up.secret))
    }

    /// The links of which this is true.
    pub fn links(&self, are: impl Fn(&Up) -> bool) -> Vec<LinkId> {
        self.links.those(are).collect()
    }

    /// Whether there is a link with an account.
    pub fn is_linked(&self, account: AccountId) -> bool {
        self.links.those(|up| up.account == account).next().is_some()
    }

    /// How much later than ours the clocks of all who are linked are, in ms: the nearest of them, if
    /// there are two at least and none agrees with ours.
    pub fn clock(&self) -> Option<i64> {
        let clocks = self.links.clocks();
        let nearest = clocks.values().copied().min_by_key(|ahead| ahead.unsigned_abs())?;
        Some(nearest).filter(|ahead| clocks.len() > 1 && links::differs(*ahead))
    }

    /// Our clock is set.
    pub fn clock_step(&mut self, now: Time) {
        self.links.forget_clocks();
        self.again(now);
    }

    /// A service on the local network.
    pub fn heard(&mut self, name: String, tags: Vec<Vec<u8>>, addresses: Vec<Address>) {
        if self.heard.len() < MAX_HEARD || self.heard.contains_key(&name) {
            self.heard.insert(name, Heard { tags, addresses });
        }
    }

    /// A service is gone from the local network.
    pub fn lost(&mut self, name: &str, now: Time) {
        self.heard.remove(name);
        let its = self.aims.values_mut().filter(|aim| aim.near.0 == name);
        its.for_each(|aim| aim.near.1 = Near::Silent(now));
    }

    /// What was heard on the local network, for whoever recognises it.
    pub fn hearsay(&self) -> impl Iterator<Item = (&str, &[Vec<u8>])> {
        self.heard.iter().map(|(name, heard)| (name.as_str(), heard.tags.as_slice()))
    }
}
