//! The referee: what must be true of everything a device does, at the moment it does it.

use covey_proto::{
    Event, LinkId, LogId, Output, Seq,
    io::Reply,
    store::Kind,
    talk::News,
    wire::{Frame, MapRecord, Topic},
};
use prost::Message as _;

use crate::{device::Who, shelf::Disk, world::World};

impl World {
    /// Looks at something that a device is about to do.
    ///
    /// # Panics
    /// If it claims what is not so.
    pub(crate) fn judge(&mut self, who: Who, output: &Output) {
        let device = self.device_mut(who);
        match output {
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
            }
            Output::Event(Event::Talk(News::Message(message))) => {
                let (id, shown) = (message.id, device.disk.shows(message.id));
                assert!(shown, "{who:?} shows {id:?}, which is not on its disk");
                assert!(device.shown.insert(id), "{who:?} shows {id:?} twice");
            }
            Output::Event(Event::Talk(News::Changed(message))) => {
                let (id, shown) = (message.id, device.shown.contains(&message.id));
                assert!(shown, "{who:?} shows {id:?} otherwise before it shows it at all");
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
            | Output::Roster(_)
            | Output::Dial(..)
            | Output::Close(_)
            | Output::Announce(_)
            | Output::Doubt(_)
            | Output::Done(..)
            | Output::Anew
            | Output::Event(_) => {}
        }
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
