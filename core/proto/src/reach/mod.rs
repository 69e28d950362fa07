//! How we get there: which links there are, and whom to dial where and when.

mod dial;
mod links;

use alloc::{
    collections::{BTreeMap, VecDeque},
    string::String,
    vec::Vec,
};

use self::{dial::Dialler, links::Links};
pub use self::{
    dial::{Dial, DialId, Target},
    links::Up,
};
use crate::{
    dice::Dice,
    id::{AccountId, DeviceId, LinkId},
    store::{Kind, Record, Shelf},
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
    links: Links,
    dialler: Dialler,
    heard: BTreeMap<String, Heard>,
    effects: VecDeque<Effect>,
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
    #[must_use]
    pub fn new(me: DeviceId) -> Self {
        Self {
            links: Links::new(me),
            dialler: Dialler::new(me),
            heard: BTreeMap::new(),
            effects: VecDeque::new(),
        }
    }

    /// Takes a row of state; rows of other rooms, and damaged ones, are passed over.
    pub fn load(&mut self, record: &Record) {
        if record.kind == Kind::Reached
            && let Some(device) = DeviceId::parse(&record.key)
        {
            self.dialler.load(device, &record.bytes);
        }
    }

    /// The next thing to do, if any.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// A link is up.
    pub fn link_up(&mut self, link: LinkId, up: Up, now: Time, shelf: &mut dyn Shelf) {
        let (device, account) = (up.device, up.account);
        if let Some((dial, address)) = up.dialled {
            self.dialler.done(dial);
            self.dialler.reached(device, address, shelf);
        }
        let first = self.links.of(account).next().is_none();
        let spare = self.links.up(link, up);
        self.dialler.linked(Target::Device(device), now);
        self.effects.push_back(Effect::Prefer(device, self.links.best(device)));
        self.effects.extend(spare.map(Effect::Close));
        if first {
            self.effects.push_back(Effect::News(News::Online(account)));
        }
    }

    /// A link is gone.
    pub fn link_down(&mut self, link: LinkId, now: Time) {
        let Some(up) = self.links.down(link) else { return };
        let best = self.links.best(up.device);
        self.effects.push_back(Effect::Prefer(up.device, best));
        if best.is_none() {
            self.dialler.parted(Target::Device(up.device), now);
        }
        if self.links.of(up.account).next().is_none() {
            self.effects.push_back(Effect::News(News::Offline(up.account)));
        }
    }

    /// Whose link it is.
    #[must_use]
    pub fn link(&self, link: LinkId) -> Option<(DeviceId, AccountId)> {
        self.links.get(link).map(|up| (up.device, up.account))
    }

    /// The links with an account.
    pub fn links(&self, account: AccountId) -> impl Iterator<Item = LinkId> {
        self.links.of(account)
    }

    /// All links.
    pub fn all_links(&self) -> impl Iterator<Item = LinkId> {
        self.links.all()
    }

    /// The links that are not welcome.
    pub fn unwelcome(&self, welcome: impl Fn(AccountId, DeviceId) -> bool) -> Vec<LinkId> {
        let links = self.links.all().filter_map(|link| Some((link, self.link(link)?)));
        let unwelcome = links.filter(|(_, (device, account))| !welcome(*account, *device));
        unwelcome.map(|(link, _)| link).collect()
    }

    /// Whom we want to reach, and where they say they are; who is not among them is forgotten.
    pub fn seek(&mut self, wanted: impl Iterator<Item = (Target, Vec<Address>)>, now: Time) {
        self.dialler.seek(wanted, now);
    }

    /// A service on the local network; `whose` are those whom we recognise by its tags.
    pub fn heard(&mut self, name: String, tags: Vec<Vec<u8>>, addresses: Vec<Address>) {
        if self.heard.len() < MAX_HEARD || self.heard.contains_key(&name) {
            self.heard.insert(name, Heard { tags, addresses });
        }
    }

    /// A service is gone from the local network.
    pub fn lost(&mut self, name: &str) {
        self.heard.remove(name);
    }

    /// What was heard on the local network, for whoever recognises it.
    pub fn hearsay(&self) -> impl Iterator<Item = (&str, &[Vec<u8>])> {
        self.heard.iter().map(|(name, heard)| (name.as_str(), heard.tags.as_slice()))
    }

    /// A service is this target's.
    pub fn recognised(&mut self, name: &str, target: Target, now: Time) {
        if let Some(heard) = self.heard.get(name) {
            self.dialler.heard(target, name, &heard.addresses, now);
        }
    }

    /// A dial came to nothing.
    pub fn failed(&mut self, dial: DialId, now: Time, dice: &mut Dice) {
        let doubt = self.dialler.failed(dial, now, dice);
        self.effects.extend(doubt.map(Effect::Doubt));
    }

    /// Whom a dial under way is for.
    #[must_use]
    pub fn target(&self, dial: DialId) -> Option<Target> {
        self.dialler.target(dial)
    }

    /// A dial did what it was for.
    pub fn done(&mut self, dial: DialId) {
        self.dialler.done(dial);
    }

    /// The network or the clock is another: whatever failed may work now.
    pub fn again(&mut self, now: Time) {
        self.dialler.again(now);
    }

    /// Dials whoever is due.
    pub fn settle(&mut self, now: Time) {
        self.effects.extend(self.dialler.due(now).into_iter().map(Effect::Dial));
    }

    /// When there is something to do even if nothing happens until then.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        self.dialler.next_timeout()
    }
}
