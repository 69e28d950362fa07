//! One device: its disk, the node that runs on it while it is on, and what waits to be handled.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

use covey_proto::{
    AccountId, DeviceId, EntryId, Event, Input, LinkId, LogId, Node, Seq, Time,
    io::{Asker, Refusal, Reply},
    people::{card::Class, own::Me},
    seal::x25519_public,
    store::{Kind, Shelf as _},
    wire::Address,
};

use crate::{faults::Writes, net::Known, shelf::Disk, wire::WireEnd};

/// A device of a World, as its stories name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who(pub(crate) usize);

#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) account: AccountId,
    pub(crate) id: DeviceId,
    /// The public half of its Noise static.
    pub(crate) noise: [u8; 32],
    pub(crate) disk: Disk,
    /// None while it is off.
    pub(crate) node: Option<Node>,
    /// Counts the runs of its program: what was meant for an earlier one is lost.
    pub(crate) run: u64,
    pub(crate) inbox: VecDeque<Input>,
    pub(crate) waking: bool,
    /// When its node wants to be called.
    pub(crate) due: Option<Time>,
    /// How much later than the World's its wall clock is, in ms, and what its shell tells.
    pub(crate) wall: i64,
    pub(crate) told: i64,
    pub(crate) links: BTreeMap<LinkId, WireEnd>,
    pub(crate) last_link: u64,
    /// Whom links may be made with, as its node said last.
    pub(crate) directory: Option<Rc<Known>>,
    /// Where it may be dialled from anywhere, and the local network it is on.
    pub(crate) addresses: Vec<Address>,
    pub(crate) lan: Option<u8>,
    /// Its service on the local network: a name for every run, and its tags.
    pub(crate) service: String,
    pub(crate) tags: Vec<Vec<u8>>,
    /// It crashes after so many more steps.
    pub(crate) fuse: Option<u32>,
    pub(crate) crashes: u32,
    pub(crate) dials: u64,
    /// Whether its disk takes writes.
    pub(crate) writes: Writes,
    /// While its shell does nothing because of that: when it tries again.
    pub(crate) paused: Option<Time>,
    /// It is another device now, and its machine is to be made anew.
    pub(crate) anew: bool,
    pub(crate) done: BTreeMap<Asker, Result<Reply, Refusal>>,
    /// Commands that its shell answered without asking its node.
    pub(crate) refused: BTreeSet<Asker>,
    pub(crate) events: Vec<Event>,
    /// What its node ever told a person to have said for him.
    pub(crate) sent: BTreeSet<EntryId>,
    /// What its node ever told a person to be a message.
    pub(crate) shown: BTreeSet<EntryId>,
    /// The devices that were removed, of its person's and of friends', as its node said last.
    pub(crate) removed: BTreeSet<DeviceId>,
    /// Whether somebody else has it now.
    pub(crate) stolen: bool,
    /// Of which places of each log it wants the bodies, as it told last.
    pub(crate) wants: BTreeMap<LogId, Vec<Seq>>,
}

impl Device {
    pub(crate) fn new(disk: Disk) -> Self {
        let me = me(&disk);
        Self {
            account: me.account,
            id: me.device(),
            noise: x25519_public(&me.noise),
            disk,
            node: None,
            run: 0,
            inbox: VecDeque::new(),
            waking: false,
            due: None,
            wall: 0,
            told: 0,
            links: BTreeMap::new(),
            last_link: 0,
            directory: None,
            addresses: Vec::new(),
            lan: None,
            service: String::new(),
            tags: Vec::new(),
            fuse: None,
            crashes: 0,
            dials: 0,
            writes: Writes::Kept,
            paused: None,
            anew: false,
            done: BTreeMap::new(),
            refused: BTreeSet::new(),
            events: Vec::new(),
            sent: BTreeSet::new(),
            shown: BTreeSet::new(),
            removed: BTreeSet::new(),
            stolen: false,
            wants: BTreeMap::new(),
        }
    }

    /// Its keys, as its disk gives them out.
    pub(crate) fn me(&self) -> Me {
        me(&self.disk)
    }

    /// What its shell says the time is.
    pub(crate) fn now(&self, world: Time) -> Time {
        Time(world.0.saturating_add_signed(self.told))
    }

    /// When in the World it is that time.
    pub(crate) fn moment(&self, time: Time) -> Time {
        Time(time.0.saturating_add_signed(-self.told))
    }

    /// A new run of the program on what the disk holds. The last one leaves nothing else behind.
    pub(crate) fn begin(&mut self, seed: [u8; 32], world: Time) {
        self.end();
        self.told = self.wall;
        let (me, now) = (self.me(), self.now(world));
        let known: Vec<_> = self.disk.records().collect();
        for record in me.enrol(Class::Pc, &known) {
            self.disk.put(record.kind, &record.key, &record.bytes);
        }
        self.disk.commit();
        // a person sees what is there, told or not
        self.shown.extend(self.disk.ids());
        (self.account, self.id, self.anew) = (me.account, me.device(), false);
        self.noise = x25519_public(&me.noise);
        self.node = Some(Node::new(me, seed, self.disk.records(), now));
    }

    /// The program ends, whatever it was about to do.
    pub(crate) fn end(&mut self) {
        self.disk.roll_back();
        self.node = None;
        self.run += 1;
        self.inbox.clear();
        self.paused = None;
        (self.waking, self.due) = (false, None);
        self.links.clear();
        self.directory = None;
        self.tags.clear();
    }
}

fn me(disk: &Disk) -> Me {
    let row = disk.rows(Kind::Me).next();
    row.and_then(|(_, bytes)| Me::parse(bytes)).expect("the disk keeps what was put onto it")
}
