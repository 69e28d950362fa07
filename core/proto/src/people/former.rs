//! The devices that this one was before: its disk was copied or set back, or its home restored.
//!
//! Two who sign as one device end in two logs of one name. So who learns that he may not be the
//! only one goes on as a new device of the account, from the next machine on, and signs nothing as
//! the old one again. Whether that one is gone only a person knows; until he says so it is asked.

use super::{Effect, People};
use crate::{
    dice::Dice,
    id::DeviceId,
    store::{Kind, Record, Shelf},
};

/// Why this is another device than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Since {
    /// Its disk was copied or set back.
    Copied,
    /// It was made from a backup.
    Restored,
}

impl Since {
    /// The row of state that says which device this one was.
    pub fn record(self, device: DeviceId) -> Record {
        let why = match self {
            Self::Copied => 1,
            Self::Restored => 2,
        };
        Record { kind: Kind::Former, key: device.0.to_vec(), bytes: alloc::vec![why] }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [1] => Some(Self::Copied),
            [2] => Some(Self::Restored),
            _ => None,
        }
    }
}

impl People {
    pub(super) fn load_former(&mut self, record: &Record) {
        let (device, since) = (DeviceId::parse(&record.key), Since::parse(&record.bytes));
        self.former.extend(device.zip(since));
    }

    /// The devices that this one was and that are still of the account, with nobody having said
    /// whether they are gone.
    pub fn former(&self) -> impl Iterator<Item = (DeviceId, Since)> {
        let all = self.former.iter().map(|(device, since)| (*device, *since));
        all.filter(|(device, _)| self.vouches(self.me.account, *device))
    }

    /// Somebody else signs as this device, or did on this disk later than it remembers.
    pub fn go_on_anew(&mut self, dice: &mut Dice, shelf: &mut dyn Shelf) {
        if self.is_spent() {
            return;
        }
        let device = self.me.device();
        for record in [Since::Copied.record(device), self.me.anew(dice.roll()).record()] {
            shelf.put(record.kind, &record.key, &record.bytes);
        }
        self.former.insert(device, Since::Copied);
        self.effects.push_back(Effect::Anew);
    }

    /// Whether this device is not to sign anything again.
    pub fn is_spent(&self) -> bool {
        self.former.contains_key(&self.me.device())
    }

    /// A former device is somebody else's now, and stays; whether there was such a question.
    pub fn keep_former(&mut self, device: DeviceId, shelf: &mut dyn Shelf) -> bool {
        shelf.delete(Kind::Former, &device.0);
        self.changed = true;
        self.former.remove(&device).is_some()
    }
}
