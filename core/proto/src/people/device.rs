//! One's own devices: which there are, what they are called, and one more of them.
//!
//! The old device admits the new one (`admit`), the new one joins it
//! (`join`); a person at each says whether both show the same digits.

use alloc::{format, string::String, vec::Vec};

use super::{
    Effect, News, People, adding::Digits, admit::Admission, card::Class, friend, hello::Waiting,
    invite::InviteError, join::Joining,
};
use crate::{
    dice::Dice,
    id::{Asker, DeviceId, InviteTag},
    store::{Record, Shelf},
    time::Time,
    wire::{self, Topic, letter::MAX_LETTER},
};

/// How far the adding of a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One device waits for the other.
    Waiting,
    /// Both show digits: are they the same?
    Compare(Digits),
    /// The person at this device said that they are; the other device is waited for.
    Agreed(Digits),
    /// It is one of the account's devices.
    Added,
    /// A person, here or there, said that they are not the same, or called it off.
    Refused,
    /// Two devices answered one invite: neither is added.
    Disturbed,
    /// The invite expired.
    Expired,
    /// The new device has friends of its own by now.
    Taken,
}

/// Why no device is added: each is a sentence for the person who tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The invite is good for nothing.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// There is no room.
    #[error("16 devices are the most that one person has; remove one first")]
    Full,
    /// Friends and messages of a home would be lost.
    #[error("this home has friends or devices already; join from a new one, with another --home")]
    NotFresh,
    /// It is one of them.
    #[error("this device is one of yours already; read the code with the new one")]
    Already,
    /// It was one of them.
    #[error("this device was removed from your devices before; begin with a new home on it")]
    Removed,
    /// No digits are shown.
    #[error("there is nothing to confirm: both devices show six digits first")]
    NotYet,
    /// The person had agreed.
    #[error("it is one of your devices by now; `covey device remove` ends that")]
    Given,
    /// None is under way.
    #[error("no device is being added")]
    Nothing,
    /// A device's name is empty, too long, or another one's.
    #[error("that name is empty, too long, or another device's; choose another")]
    Name,
}

/// A device of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// What it is called, if somebody named it.
    pub name: Option<String>,
    /// What it is good for; unknown until it was linked once.
    pub class: Option<Class>,
}

/// What is kept of a device being added.
#[derive(Debug, Default)]
pub(super) struct Adding {
    /// At the old device.
    pub(super) admission: Option<Admission>,
    /// Who brought letter 3 there, and waits for what the person says.
    pub(super) asker: Option<Asker>,
    /// At the new one.
    pub(super) joining: Option<Joining>,
}

/// The row of the old device's side.
pub(super) const ADMISSION: &[u8] = b"admission";
/// The row of the new one's.
pub(super) const JOINING: &[u8] = b"joining";

impl Adding {
    pub(super) fn load(&mut self, record: &Record) {
        let cap = 4 * MAX_LETTER;
        match record.key.as_slice() {
            ADMISSION => self.admission = wire::decode(&record.bytes, cap).ok(),
            JOINING => self.joining = wire::decode(&record.bytes, cap).ok(),
            _ => {}
        }
    }

    /// When something is to be done even if nothing happens until then.
    pub(super) fn due(&self) -> Option<Time> {
        let admission = self.admission.iter().map(Admission::due);
        admission.chain(self.joining.iter().map(Joining::due)).min()
    }
}

impl People {
    /// One's own devices.
    pub fn own_devices(&self) -> impl Iterator<Item = Device> {
        let ids = self.rosters.get(&self.me.account).into_iter();
        let ids = ids.flat_map(|rosters| rosters.roster().devices.keys());
        ids.map(|id| {
            let name = self.map.value(Topic::Label, &id.0).map(<[u8]>::to_vec);
            let name = name.and_then(|name| String::from_utf8(name).ok());
            let class = self.cards.get(id).map(|(card, _)| card.class);
            Device { id: *id, name: name.and_then(|name| friend::tidy(&name)), class }
        })
    }

    /// Calls this device so.
    ///
    /// # Errors
    /// [`DeviceError::Name`].
    pub fn name_device(&mut self, name: &str, shelf: &mut dyn Shelf) -> Result<(), DeviceError> {
        let name = friend::tidy(name).ok_or(DeviceError::Name)?;
        if self.free_device_name(&name) != name {
            return Err(DeviceError::Name);
        }
        let id = self.me.device();
        self.record(Topic::Label, &id.0, Some(name.into_bytes()), shelf);
        Ok(())
    }

    /// Own devices that were apart may be called the same: the larger one takes another name.
    pub(super) fn tell_devices_apart(&mut self, shelf: &mut dyn Shelf) {
        let id = self.me.device();
        let (own, others): (Vec<_>, Vec<_>) =
            self.own_devices().partition(|device| device.id == id);
        let own = own.into_iter().find_map(|device| device.name);
        let taken =
            |name: &String| others.iter().any(|d| d.id < id && d.name.as_ref() == Some(name));
        if let Some(name) = own.filter(taken) {
            // it is free, and as long as before but for a number
            let _ = self.name_device(&self.free_device_name(&name), shelf);
        }
    }

    /// The name, or with the first number that makes it no other own device's.
    pub(super) fn free_device_name(&self, name: &str) -> String {
        let others = self.own_devices().filter(|device| device.id != self.me.device());
        let taken: Vec<_> = others.filter_map(|device| device.name).collect();
        let mut numbered = (2u32..).map(|number| format!("{name} {number}"));
        let mut free = String::from(name);
        while taken.contains(&free) {
            free = numbered.next().unwrap_or_default();
        }
        free
    }

    /// How far the adding of a device has come, if one is under way.
    pub fn adding(&self) -> Option<Step> {
        let Adding { admission, joining, .. } = &self.adding;
        let admission = admission.as_ref().and_then(Admission::stage);
        let (secret, agreed) = admission.or(joining.as_ref().map(Joining::stage))?;
        Some(match secret.map(Digits::of) {
            None => Step::Waiting,
            Some(digits) if agreed => Step::Agreed(digits),
            Some(digits) => Step::Compare(digits),
        })
    }

    /// The letters 1 of ours that lead somewhere.
    pub(super) fn asking(&self) -> impl Iterator<Item = &Waiting> {
        let joining = self.adding.joining.as_ref().map(|joining| &joining.waiting);
        self.waiting.values().chain(joining)
    }

    /// The letter of ours that answers this invite now.
    pub fn letter(&self, tag: InviteTag) -> Option<Vec<u8>> {
        let waiting = self.waiting.get(&tag).map(|waiting| waiting.letter.as_slice());
        waiting.or(self.joining(tag).map(Joining::letter)).map(<[u8]>::to_vec)
    }

    fn joining(&self, tag: InviteTag) -> Option<&Joining> {
        self.adding.joining.as_ref().filter(|joining| joining.waiting.invite.tag() == tag)
    }

    /// Somebody brings a letter: it is answered, now or later, if it is one to an invite of ours.
    pub fn on_letter(
        &mut self,
        asker: Asker,
        bytes: &[u8],
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) {
        if !self.on_device_letter(asker, bytes, now, dice, shelf) {
            let answer = self.befriend(bytes, now, dice, shelf);
            self.effects.push_back(Effect::Answer(asker, answer));
        }
    }

    /// An answer to a letter of ours; whether it was one.
    pub fn on_answer(
        &mut self,
        tag: InviteTag,
        bytes: &[u8],
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> bool {
        match self.joining(tag).cloned() {
            Some(joining) => self.on_device_answer(joining, bytes, dice, shelf),
            None => self.on_reply(tag, bytes, shelf),
        }
    }

    /// The person at this device says whether both show the same digits. "No" also ends what has
    /// not come so far.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn confirm(
        &mut self,
        same: bool,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Result<(), DeviceError> {
        let step = self.adding().ok_or(DeviceError::Nothing)?;
        let agreed = matches!(step, Step::Agreed(_));
        if !same {
            if agreed && self.adding.admission.is_some() {
                return Err(DeviceError::Given);
            }
            self.end_admission(Some(Step::Refused), dice, shelf);
            self.give_up(Some(Step::Refused), shelf);
            return Ok(());
        }
        if agreed {
            return Ok(());
        }
        if !matches!(step, Step::Compare(_)) {
            return Err(DeviceError::NotYet);
        }
        self.agree(shelf);
        self.give(dice, shelf)?;
        let step = self.adding();
        self.effects.extend(step.map(|step| Effect::News(News::Adding(step))));
        Ok(())
    }
}
