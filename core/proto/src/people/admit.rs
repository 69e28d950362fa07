//! Offering the account to a new device, seen from the old one.
//!
//! ```text
//! shown ──(letter 1)──> asked ──(letter 3)──> compare ──(they match)──> given ──(its card)──> added
//!   └───────────┴───────────────────┴──(another letter 1, "no", 10 minutes)──> over
//! ```
//!
//! Nothing of the account leaves before the person said that both devices show the same digits, and
//! a second letter 1 before that ends all of it. Letter 3 is answered once the person has decided.
//! What is known is on disk before it is said: who crashes goes on where he was, and who asks again
//! is told the same.

use alloc::vec::Vec;
use core::time::Duration;

use super::{
    Effect, News, People,
    account::MAX_DEVICES,
    adding::{self, Digits},
    device::{ADMISSION, DeviceError, Step},
    hello::{self, Newcomer},
    invite::Invite,
    meet,
};
use crate::{
    dice::Dice,
    id::{Asker, DeviceId},
    seal::Secret,
    store::{Kind, Shelf},
    time::Time,
    wire::{
        self,
        letter::{InviteKind, Letter1, Verdict},
        message::message,
    },
};

/// For so long a code for a device is shown.
const SHOWN: Duration = Duration::from_secs(600);

message! {
    /// An invite for a device, as the device that shows it knows it.
    #[derive(Clone, Debug)]
    pub(super) struct Admission {
        seed: Secret = 1 bytes;
        invite: Invite = 2 string;
        /// The letter 1 that came first.
        letter: Vec<u8> = 3 bytes;
        /// What both halves make, once letter 3 came.
        secret: Option<Secret> = 4 bytes;
        /// Letter 4, and whom it makes one of ours, once the person said that the digits match.
        share: Vec<u8> = 5 bytes;
        given: Option<DeviceId> = 6 bytes;
        /// Called off: whoever asks is told no more than that.
        over: bool = 7 bool;
    }
}

impl Admission {
    fn newcomer(&self) -> Option<Newcomer> {
        hello::read(&self.seed, &self.invite, &self.letter)
    }

    /// By what the old device is recognised on the local network, while it waits.
    pub(super) fn key(&self) -> Option<[u8; 32]> {
        (!self.over).then_some(self.invite.key)
    }

    /// How far it has come: what both halves make, and whether the person agreed.
    pub(super) fn stage(&self) -> Option<(Option<&Secret>, bool)> {
        (!self.over).then_some((self.secret.as_ref(), self.given.is_some()))
    }

    /// When something is to be done about it.
    pub(super) fn due(&self) -> Time {
        if self.over || self.given.is_some() {
            meet::end(&self.invite)
        } else {
            self.invite.expires
        }
    }
}

impl People {
    /// Makes an invite for a device, in the place of an earlier one.
    ///
    /// # Errors
    /// [`DeviceError::Full`].
    pub fn add_device(
        &mut self,
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Result<Invite, DeviceError> {
        if self.own_devices().count() >= MAX_DEVICES {
            return Err(DeviceError::Full);
        }
        self.end_admission(None, dice, shelf);
        self.give_up(None, shelf);
        let seed = Secret(dice.roll());
        let (name, addresses, expires) = (self.name(), self.addresses(), now.after(SHOWN));
        let kind = InviteKind::Own;
        let invite = Invite::from_seed(&seed, kind, &self.me.account, expires, name, addresses);
        let (letter, share) = (Vec::new(), Vec::new());
        let shown = invite.clone();
        self.keep_admission(
            Admission { seed, invite, letter, secret: None, share, given: None, over: false },
            shelf,
        );
        Ok(shown)
    }

    /// Makes the newcomer one of our devices and writes what it needs to be that.
    pub(super) fn give(
        &mut self,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Result<(), DeviceError> {
        let Some(admission) = self.adding.admission.clone() else { return Ok(()) };
        let newcomer = admission.newcomer().ok_or(DeviceError::NotYet)?;
        let (account, key) = (self.me.account, newcomer.person.card.key);
        let device = DeviceId::of(&account, &key);
        let rosters = self.rosters.get(&account).ok_or(DeviceError::NotYet)?;
        let mut roster = rosters.roster().clone();
        if roster.removed.contains(&device) {
            return Err(DeviceError::Removed);
        }
        roster.devices.insert(device, key);
        if roster.devices.len() > MAX_DEVICES {
            return Err(DeviceError::Full);
        }
        self.sign(roster, shelf);
        let secret = self.shared(account).into_iter().next().ok_or(DeviceError::NotYet)?.secret;
        let author = self.author().ok_or(DeviceError::NotYet)?;
        let account_key = self.me.account_secret();
        let share =
            adding::share(&admission.invite, &newcomer, account_key, &secret, &author, dice);
        let share = share.ok_or(DeviceError::NotYet)?;
        self.answer_asker(Some(share.clone()));
        self.keep_admission(Admission { share, given: Some(device), ..admission }, shelf);
        Ok(())
    }

    /// A letter for the invite that is shown; whether it is one.
    pub(super) fn on_device_letter(
        &mut self,
        asker: Asker,
        bytes: &[u8],
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> bool {
        let tag = Letter1::parse(bytes).map(|letter| letter.tag);
        self.expire_admission(now, dice, shelf);
        let shown = self.adding.admission.clone();
        let Some(admission) = shown.filter(|shown| Ok(shown.invite.tag()) == tag) else {
            return false;
        };
        let first = admission.newcomer();
        let revealed = first.as_ref().and_then(|newcomer| {
            adding::read(&admission.seed, &admission.invite, newcomer, &self.me.account, bytes)
        });
        let answer = match (first, revealed) {
            (Some(newcomer), Some(_)) if admission.over => {
                self.refusal(&admission, &newcomer, dice)
            }
            (Some(_), Some(_)) if admission.given.is_some() => Some(admission.share),
            (Some(_), Some(secret)) => {
                self.answer_asker(None);
                self.adding.asker = Some(asker);
                if admission.secret.is_none() {
                    let news = News::Adding(Step::Compare(Digits::of(&secret)));
                    self.effects.push_back(Effect::News(news));
                    self.keep_admission(Admission { secret: Some(secret), ..admission }, shelf);
                }
                return true;
            }
            _ => self.on_first_letter(admission, bytes, dice, shelf),
        };
        self.effects.push_back(Effect::Answer(asker, answer));
        true
    }

    /// Somebody's letter 1: the first is answered, one more calls all off.
    fn on_first_letter(
        &mut self,
        admission: Admission,
        bytes: &[u8],
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Option<Vec<u8>> {
        let newcomer = hello::read(&admission.seed, &admission.invite, bytes)?;
        let other = !admission.letter.is_empty() && admission.letter != bytes;
        if other && !admission.over && admission.given.is_none() {
            self.end_admission(Some(Step::Disturbed), dice, shelf);
        }
        if other || admission.over {
            return self.refusal(&admission, &newcomer, dice);
        }
        let (seed, invite, author) = (&admission.seed, &admission.invite, self.author()?);
        let (answer, _) = hello::answer(seed, invite, &newcomer, Verdict::Friend, &author, dice)?;
        if admission.letter.is_empty() {
            self.keep_admission(Admission { letter: bytes.to_vec(), ..admission }, shelf);
        }
        Some(answer)
    }

    /// What somebody is answered who is not to be one of ours.
    fn refusal(
        &self,
        admission: &Admission,
        newcomer: &Newcomer,
        dice: &mut Dice,
    ) -> Option<Vec<u8>> {
        let (seed, invite, author) = (&admission.seed, &admission.invite, self.author()?);
        let answer = hello::answer(seed, invite, newcomer, Verdict::UsedUp, &author, dice);
        answer.map(|(answer, _)| answer)
    }

    /// Who brought letter 3 is answered; with nothing, he asks again.
    fn answer_asker(&mut self, answer: Option<Vec<u8>>) {
        let asker = self.adding.asker.take();
        self.effects.extend(asker.map(|asker| Effect::Answer(asker, answer)));
    }

    /// The device that we made one of ours is here.
    pub(super) fn device_came(&mut self, device: DeviceId, shelf: &mut dyn Shelf) {
        if self.adding.admission.as_ref().is_some_and(|admission| admission.given == Some(device)) {
            self.drop_admission(shelf);
            self.effects.push_back(Effect::News(News::Adding(Step::Added)));
        }
    }

    /// Ends what has lasted too long.
    pub(super) fn expire_admission(&mut self, now: Time, dice: &mut Dice, shelf: &mut dyn Shelf) {
        let is_due = |admission: &Admission| admission.due() <= now;
        let is_open = |admission: &Admission| !admission.over && admission.given.is_none();
        if self.adding.admission.as_ref().is_some_and(|known| is_due(known) && is_open(known)) {
            self.end_admission(Some(Step::Expired), dice, shelf);
        }
        // a clock that jumped passes both ends at once
        if self.adding.admission.as_ref().is_some_and(is_due) {
            self.drop_admission(shelf);
        }
    }

    pub(super) fn drop_admission(&mut self, shelf: &mut dyn Shelf) {
        self.adding.admission = None;
        self.changed = true;
        shelf.delete(Kind::Adding, ADMISSION);
    }

    /// Ends what is under way, and tells why; the new device hears of it when it asks.
    pub(super) fn end_admission(
        &mut self,
        why: Option<Step>,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) {
        let Some(admission) = self.adding.admission.clone().filter(|admission| !admission.over)
        else {
            return;
        };
        let newcomer = admission.newcomer();
        let refusal = newcomer.and_then(|newcomer| self.refusal(&admission, &newcomer, dice));
        self.answer_asker(refusal);
        self.effects.extend(why.map(|why| Effect::News(News::Adding(why))));
        self.keep_admission(Admission { over: true, ..admission }, shelf);
    }

    fn keep_admission(&mut self, admission: Admission, shelf: &mut dyn Shelf) {
        shelf.put(Kind::Adding, ADMISSION, &wire::encode(&admission));
        self.adding.admission = Some(admission);
        self.changed = true;
    }
}
