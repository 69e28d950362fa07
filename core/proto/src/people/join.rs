//! Joining an account, seen from the new device.
//!
//! ```text
//! asking ──(letter 2)──> compare ──(they match)──> agreed ──(letter 4)──> one of the account's
//!    └──────────────────────┴──("no" here or there, 10 minutes)──> as before
//! ```
//!
//! Letter 1, then letter 3, goes out again and again until it is answered. The device becomes one of
//! the account in one transaction, and has to be fresh: all it was before is forgotten.

use alloc::{string::String, vec::Vec};

use super::{
    Effect, News, People,
    adding::{self, Digits, Share},
    card::Card,
    device::{DeviceError, JOINING, Step},
    friend,
    hello::{self, Waiting},
    invite::{Invite, InviteError},
    meet, own,
};
use crate::{
    dice::Dice,
    seal::Secret,
    store::{Kind, Record, Shelf},
    time::Time,
    wire::{self, Topic, letter::InviteKind, message::message},
};

message! {
    /// An account that this device is to be one of.
    #[derive(Clone, Debug)]
    pub(super) struct Joining {
        pub(super) waiting: Waiting = 1 required message;
        /// What both halves make, and letter 3, once letter 2 came.
        secret: Option<Secret> = 2 bytes;
        reveal: Vec<u8> = 3 bytes;
        agreed: bool = 4 bool;
        /// What the device is to be called.
        name: String = 5 string;
    }
}

impl Joining {
    /// Whoever agreed is waited for longer: the other side may have added us already.
    pub(super) fn due(&self) -> Time {
        let invite = &self.waiting.invite;
        if self.agreed { meet::end(invite) } else { invite.expires }
    }

    /// How far it has come: what both halves make, and whether the person agreed.
    pub(super) fn stage(&self) -> (Option<&Secret>, bool) {
        (self.secret.as_ref(), self.agreed)
    }

    /// The letter that is on its way.
    pub(super) fn letter(&self) -> &[u8] {
        if self.reveal.is_empty() { &self.waiting.letter } else { &self.reveal }
    }
}

impl People {
    /// Answers an invite for a device: this one is to be one of another account.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn join(
        &mut self,
        text: &str,
        name: &str,
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Result<(), DeviceError> {
        let invite = Invite::parse(text)?;
        if invite.kind != InviteKind::Own {
            return Err(InviteError::Friends.into());
        }
        if invite.account == self.me.account.short() {
            return Err(DeviceError::Already);
        }
        if !self.is_fresh() {
            return Err(DeviceError::NotFresh);
        }
        if self.adding.joining.as_ref().is_some_and(|joining| joining.waiting.invite == invite) {
            return Ok(());
        }
        if invite.expires <= now {
            return Err(InviteError::Expired.into());
        }
        let author = self.author().ok_or(InviteError::Damaged)?;
        let waiting = hello::write(&invite, &author, dice).ok_or(InviteError::Damaged)?;
        self.end_admission(None, dice, shelf);
        let (name, reveal) = (friend::tidy(name).unwrap_or_default(), Vec::new());
        self.keep_joining(Joining { waiting, secret: None, reveal, agreed: false, name }, shelf);
        Ok(())
    }

    /// Whether nobody would miss what this device knows.
    fn is_fresh(&self) -> bool {
        self.map.keys(Topic::Friend).next().is_none() && self.own_devices().count() == 1
    }

    /// An answer of the old device; whether it was one.
    pub(super) fn on_device_answer(
        &mut self,
        joining: Joining,
        bytes: &[u8],
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> bool {
        let Some(author) = self.author() else { return false };
        let Some(reply) = joining.waiting.open(&self.me.account, bytes) else {
            let share = adding::open(&joining.waiting, &author, bytes);
            let share = share.filter(|_| joining.agreed);
            let taken = share.is_some();
            share.into_iter().for_each(|share| self.go_over(share, &joining.name, shelf));
            return taken;
        };
        let Some(secret) = reply.secret else {
            self.give_up(Some(Step::Refused), shelf);
            return true;
        };
        if joining.secret.is_none()
            && let Some(reveal) = adding::reveal(&joining.waiting, &author, dice)
        {
            let news = News::Adding(Step::Compare(Digits::of(&secret)));
            self.effects.push_back(Effect::News(news));
            self.keep_joining(Joining { secret: Some(secret), reveal, ..joining }, shelf);
        }
        true
    }

    /// This device becomes one of the account that shared itself. All that it was is forgotten.
    fn go_over(&mut self, share: Share, name: &str, shelf: &mut dyn Shelf) {
        if !self.is_fresh() {
            return self.give_up(Some(Step::Taken), shelf);
        }
        let Some((card, _)) = self.cards.get(&self.me.device()).cloned() else { return };
        self.forget(shelf);
        let (account, key) = (share.old.roster.account, share.account_key);
        let me = self.me.within(account, key);
        let Record { kind, key, bytes } = me.record();
        shelf.put(kind, &key, &bytes);
        let card = Card { account, version: 1, ..card };
        let signed = card.sign(&me.device_key);
        let mut next = Self::new(me);
        core::mem::swap(&mut next.effects, &mut self.effects);
        next.take_roster(account, &share.old.roster_signed, shelf);
        next.keep_card(card, signed, shelf);
        next.take_card(account, &share.old.card_signed, shelf);
        let key = own::secret_key(&account, &own::secret_id(&share.secret));
        next.record(Topic::Secret, &key, Some(share.secret.0.to_vec()), shelf);
        let name = next.free_device_name(name);
        // a device without a name is called by its class
        let _ = next.name_device(&name, shelf);
        next.effects.push_back(Effect::Anew);
        next.effects.push_back(Effect::News(News::Adding(Step::Added)));
        *self = next;
    }

    /// Removes all rows of this room.
    fn forget(&mut self, shelf: &mut dyn Shelf) {
        self.rosters.keys().for_each(|account| shelf.delete(Kind::Roster, &account.0));
        self.cards.keys().for_each(|device| shelf.delete(Kind::Card, &device.0));
        self.map.records().for_each(|record| shelf.delete(Kind::Map, &own::row(record)));
        self.waiting.keys().for_each(|tag| shelf.delete(Kind::Hello, &tag.0));
        self.answered.keys().for_each(|tag| shelf.delete(Kind::Answer, &tag.0));
        self.give_up(None, shelf);
        self.drop_admission(shelf);
    }

    /// The person says that both devices show the same digits.
    pub(super) fn agree(&mut self, shelf: &mut dyn Shelf) {
        if let Some(joining) = self.adding.joining.take() {
            self.keep_joining(Joining { agreed: true, ..joining }, shelf);
        }
    }

    /// Ends what has lasted too long.
    pub(super) fn expire_joining(&mut self, now: Time, shelf: &mut dyn Shelf) {
        if self.adding.joining.as_ref().is_some_and(|joining| joining.due() <= now) {
            self.give_up(Some(Step::Expired), shelf);
        }
    }

    /// Ends the attempt to be one of an account, if there is one, and tells why.
    pub(super) fn give_up(&mut self, why: Option<Step>, shelf: &mut dyn Shelf) {
        if self.adding.joining.take().is_some() {
            self.changed = true;
            shelf.delete(Kind::Adding, JOINING);
            self.effects.extend(why.map(|why| Effect::News(News::Adding(why))));
        }
    }

    fn keep_joining(&mut self, joining: Joining, shelf: &mut dyn Shelf) {
        shelf.put(Kind::Adding, JOINING, &wire::encode(&joining));
        self.adding.joining = Some(joining);
        self.changed = true;
    }
}
