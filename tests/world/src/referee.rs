//! The referee: what must be true of everything a device does, at the moment it does it.

use std::collections::{BTreeMap, BTreeSet};

use covey_proto::{
    AccountId, DeviceId, EntryId, Event, LinkId, LogId, Output, Seq,
    io::Reply,
    people::directory::Directory,
    store::{Kind, Shelf as _, Shown},
    talk::News,
    wire::{Frame, MapRecord, Run, Topic},
};
use prost::Message as _;

use crate::{
    device::{Device, Who},
    shelf::Disk,
    world::World,
};

/// What the referee remembers.
#[derive(Debug, Default)]
pub(crate) struct Referee {
    /// Which device of whom said something, and which ones it knew to be removed then.
    said: BTreeMap<EntryId, (AccountId, DeviceId, BTreeSet<DeviceId>)>,
    /// What removed devices had said that one of their person's held when it heard of the removal.
    stands: BTreeSet<EntryId>,
}

impl Referee {
    /// What nobody has any more nobody owes, and nobody gets from a thief what others said. What the
    /// stolen device said itself may stand, as long as a device of its person has it.
    pub(crate) fn forget(&mut self, devices: &mut [Device]) {
        let kept = devices.iter().filter(|device| !device.stolen);
        let held = kept.flat_map(|device| device.disk.ids().map(|id| (device.account, id)));
        let held: BTreeSet<_> = held.collect();
        let there: BTreeSet<_> = held.iter().map(|(_, id)| *id).collect();
        for device in devices {
            let (me, stolen) = (device.id, device.stolen);
            let said = |id: &EntryId| self.said.get(id).is_some_and(|(_, by, _)| *by == me);
            device.sent.retain(|id| there.contains(id) || stolen && said(id));
        }
        let whose = |id: &EntryId| self.said.get(id).map(|(whose, ..)| *whose);
        self.stands.retain(|id| whose(id).is_some_and(|whose| held.contains(&(whose, *id))));
    }
}

impl World {
    /// Looks at something that a device is about to do.
    ///
    /// # Panics
    /// If it claims what is not so.
    pub(crate) fn judge(&mut self, who: Who, output: &Output) {
        let now = self.now;
        let device = self.devices.get_mut(who.0).expect("devices stay");
        match output {
            Output::Roster(directory) => {
                let removed = removed(directory);
                let own = directory.accounts.get(&device.account);
                let gone = own.into_iter().flat_map(|rosters| &rosters.roster().removed);
                let news = gone.filter(|gone| !device.removed.contains(gone));
                self.referee.stands.extend(news.flat_map(|gone| device.disk.said_by(*gone)));
                device.removed = removed;
            }
            Output::Tell(_, Frame::Have(have)) => {
                for (log, have) in &have.logs {
                    let held = device.disk.whole(*log) >= have.upto
                        && have.beyond.iter().all(|(_, last)| device.disk.holds(*log, *last));
                    assert!(held, "{who:?} tells to hold of {log:?} what it does not: {have:?}");
                    let read = may_tell(&device.disk, *log).min(have.upto);
                    assert!(
                        have.read <= read,
                        "{who:?} tells of {log:?} more than is read: {have:?}"
                    );
                    device.wants.insert(*log, have.wants.clone());
                }
            }
            Output::Done(_, Ok(Reply::Sent(id))) => {
                assert!(device.disk.shows(*id), "{who:?} said {id:?} and does not show it");
                device.sent.insert(*id);
                self.referee.said.insert(*id, (device.account, device.id, device.removed.clone()));
            }
            Output::Event(Event::Talk(News::Message(message))) => {
                let (id, shown) = (message.id, device.disk.shows(message.id));
                assert!(shown, "{who:?} shows {id:?}, which is not on its disk");
                assert!(device.shown.insert(id), "{who:?} shows {id:?} twice");
            }
            Output::Event(Event::Talk(News::Changed(message))) => {
                let (id, shown) = (message.id, device.shown.contains(&message.id));
                assert!(shown, "{who:?} shows {id:?} otherwise before it shows it at all");
                let entries = device.disk.at(message.log, message.seq);
                let entry = entries.iter().find(|entry| entry.id == id);
                let keep_for = entry.map_or(0, |entry| entry.head.keep_for);
                let past = keep_for > 0 && message.since.0 + keep_for <= device.now(now).0;
                let early = message.shown == Shown::Expired && !past;
                assert!(!early, "{who:?} does away with {id:?} before its time is over");
            }
            Output::Event(Event::Talk(News::Delivered(log, seq))) => {
                let (log, seq, account) = (*log, *seq, device.account);
                let theirs = self.devices.iter().filter(|device| device.account != account);
                let held = theirs.map(|device| device.disk.whole(log));
                let held = held.chain(self.held_once.get(&log).copied()).max().unwrap_or(Seq(0));
                assert!(held >= seq, "{who:?} shows {seq:?} as delivered, theirs end at {held:?}");
            }
            Output::Tell(..)
            | Output::Send(..)
            | Output::Answer(..)
            | Output::Dial(..)
            | Output::Close(_)
            | Output::Announce(_)
            | Output::Doubt(_)
            | Output::Done(..)
            | Output::Anew
            | Output::Event(_) => {}
        }
    }

    /// Looks at a run that comes to a device: nothing that was said when it was known to be removed.
    ///
    /// # Panics
    /// If it is.
    pub(crate) fn judge_run(&self, who: Who, run: &Run) {
        let me = self.device(who).id;
        for entry in run.entries() {
            let said = self.referee.said.get(&entry.id);
            let secret = said.is_some_and(|(.., removed)| removed.contains(&me));
            assert!(!secret, "{who:?} was removed and hears {:?}", entry.id);
        }
    }

    /// Whether something that was said may be nowhere: its device was removed, and none of its
    /// person's had it when it heard so.
    pub(crate) fn may_be_lost(&self, id: EntryId) -> bool {
        let by = self.referee.said.get(&id).map(|(_, by, _)| by);
        let removed = |by| self.devices.iter().any(|device| device.removed.contains(by));
        by.is_some_and(removed) && !self.referee.stands.contains(&id)
    }

    /// A device is somebody else's now.
    pub(crate) fn steal(&mut self, who: Who) {
        self.device_mut(who).stolen = true;
        self.referee.forget(&mut self.devices);
    }

    /// Counts what is said on a link besides renewals.
    pub(crate) fn count_said(&mut self, who: Who, link: LinkId) {
        if let Some(&(wire, side)) = self.device(who).links.get(&link) {
            self.wire(wire).end(side).said += 1;
        }
    }

    /// Counts what was sent of runs on a link.
    pub(crate) fn count_run(&mut self, who: Who, link: LinkId, frame: &Frame) {
        if let Frame::Run(bytes) = frame
            && let Some(&(wire, side)) = self.device(who).links.get(&link)
        {
            self.wire(wire).end(side).carried += bytes.len() as u64;
        }
    }
}

/// Up to where a log was read, by what a disk says, if friends may know.
fn may_tell(disk: &Disk, log: LogId) -> Seq {
    let said = |topic: Topic, key: &[u8]| {
        let key = [&i32::from(topic).to_be_bytes()[..], key].concat();
        MapRecord::decode(disk.state.get(&(Kind::Map, key))?.as_slice()).ok()?.value
    };
    let may = said(Topic::Setting, b"tells read") == Some(vec![1]);
    let key = [&log.conversation.0[..], &log.device.0].concat();
    let upto = said(Topic::ReadMark, &key).filter(|_| may);
    upto.and_then(|upto| upto.try_into().ok()).map_or(Seq(0), |upto| Seq(u64::from_le_bytes(upto)))
}

/// The devices of all accounts that were removed, as far as a node knows.
fn removed(directory: &Directory) -> BTreeSet<DeviceId> {
    let rosters = directory.accounts.values().map(|rosters| rosters.roster());
    rosters.flat_map(|roster| roster.removed.iter().copied()).collect()
}
