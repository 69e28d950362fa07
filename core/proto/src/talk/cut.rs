//! Cuts: where the log of a removed device ends.
//!
//! Its account vouches for the entries up to the cut; they travel on, and whatever comes behind is
//! neither taken nor told. What was taken before the cut was known stays on the disk. The account's
//! devices cut in the commit in which they learn of the removal, each where the log ends that it
//! holds: the farthest cut stays. A device that is listed again, for its account was recovered, has
//! no cut.

use super::{Talk, key_of, log::Head};
use crate::{
    id::{AccountId, DeviceId, EntryId, LogId, Seq},
    seal::SigningKey,
    store::{Kind, Shelf},
    wire::{Cut, LogHave, Run},
};

impl Talk {
    /// Follows the rosters, which changed: cuts the logs of our removed devices.
    pub fn follow(
        &mut self,
        listed: impl Fn(AccountId, DeviceId) -> bool,
        key: &SigningKey,
        shelf: &mut dyn Shelf,
    ) {
        let (me, device) = (self.account, self.device);
        for (log, head) in self.heads.iter_mut().filter(|_| listed(me, device)) {
            let (cut, there) = (head.have.cut, listed(head.author, log.device));
            head.have.cut = match cut {
                Some(_) if there => None,
                Some(cut) if head.author == me && !listed(me, cut.device()) => {
                    Some(Cut::sign(me, *log, cut.seq, cut.id, key))
                }
                None if !there && head.author == me => {
                    last(*log, head, shelf).map(|(seq, id)| Cut::sign(me, *log, seq, id, key))
                }
                Some(_) | None => cut,
            };
            if head.have.cut != cut {
                shelf.put(Kind::Head, &key_of(*log), &head.encode(*log));
                self.changed.insert(*log);
            }
        }
    }

    /// The cut of a log of ours before its first entry: we hold none that counts.
    pub(super) fn void(&self, log: LogId, key: &SigningKey) -> Cut {
        Cut::sign(self.account, log, Seq(0), EntryId::NONE, key)
    }

    /// A cut by a device that may say so.
    pub(super) fn take_cut(&mut self, log: LogId, cut: Cut, shelf: &mut dyn Shelf) {
        let farther = |head: &Head| {
            head.author == cut.account && head.have.cut.is_none_or(|known| known.seq < cut.seq)
        };
        if self.heads.get(&log).is_none_or(farther) && cut.holds(log) {
            let head = self.heads.entry(log).or_insert_with(|| Head::new(cut.account));
            head.have.cut = Some(cut);
            shelf.put(Kind::Head, &key_of(log), &head.encode(log));
            self.changed.insert(log);
        }
    }

    /// Whether a run may be taken: its device is listed, or its account vouches for it.
    pub(super) fn stands(&self, run: &Run, listed: bool) -> bool {
        let cut = self.heads.get(&run.log()).and_then(|head| head.have.cut);
        cut.map_or(listed, |cut| {
            let last = run.last();
            last.head.seq < cut.seq || (last.head.seq, last.id) == (cut.seq, cut.id)
        })
    }
}

impl Head {
    /// What is told of it: nothing behind its cut.
    pub(super) fn told(&self) -> LogHave {
        let mut told = self.have.clone();
        if let Some(cut) = told.cut {
            told.beyond.retain(|(_, last)| *last <= cut.seq);
            told.wants.retain(|seq| *seq <= cut.seq);
            if told.upto >= cut.seq {
                (told.upto, told.id) = (cut.seq, cut.id.short());
                told.tips.clear();
            }
        }
        told
    }
}

/// Where a log ends, as far as we hold it.
fn last(log: LogId, head: &Head, shelf: &dyn Shelf) -> Option<(Seq, EntryId)> {
    let end = head.end();
    shelf.at(log, end).first().map(|entry| (end, entry.id))
}
