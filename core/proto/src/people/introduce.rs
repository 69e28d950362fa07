//! Introductions: a friend of two people brings them together, and both say yes.
//!
//! ```text
//!   one                 the introducer                other
//!    │<── Offer(other, name) ──┼── Offer(one, name) ────>│
//!    ├── Yes(an invite) ──────>│<───── Yes(an invite) ───┤   once each person agreed
//!    │<─────── Yes(his) ───────┼──────── Yes(hers) ─────>│   once both had
//!    │<═══ a hello, as to any invite; letters go by the introducer too ═══>│
//!    ├── Done ────────────────>│
//! ```
//!
//! Everything is told again whenever one of them is linked, until they are friends: nothing rests
//! on a word that may be lost. The introducer passes on sealed letters and learns no more than
//! that the two are friends; whom he means is his word, and kept as that: "introduced by".

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use super::{Audience, Effect, Friend, News, People, Standing, friend, invite::Invite};
use crate::{
    dice::Dice,
    id::{AccountId, IntroductionId, InviteTag},
    store::Shelf,
    time::Time,
    wire::{
        self, Frame, Introduction, MapRecord, Topic,
        frame::Step,
        letter::InviteKind,
        message::{Wire, message},
    },
};

/// An introduction that nobody answers is forgotten after so long.
const OPEN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// The most that are open at once, made or offered.
const MAX_OPEN: usize = 64;

/// Somebody whom a friend would have us meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which introduction.
    pub id: IntroductionId,
    /// Who introduces.
    pub by: AccountId,
    /// What the friend calls the one to meet.
    pub name: String,
    /// Whether we said yes.
    pub accepted: bool,
}

/// Why nobody can be introduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntroduceError {
    /// Only friends can be.
    #[error("both must be friends of yours; wait until both have answered your invites")]
    NoFriend,
    /// It takes two.
    #[error("choose two different friends")]
    Same,
    /// Too many are open.
    #[error("64 introductions are open already; wait until some are answered")]
    TooMany,
    /// There is no such offer.
    #[error("nobody has introduced you to such a person, or it is too long ago")]
    NoOffer,
}

message! {
    /// An introduction of ours.
    struct Made {
        until: Time = 1 uint64;
        one: AccountId = 2 bytes;
        other: AccountId = 3 bytes;
        /// What they said yes with.
        invite: String = 4 string;
        other_invite: String = 5 string;
    }
}

message! {
    /// An introduction that was offered to us.
    struct Offered {
        until: Time = 1 uint64;
        by: AccountId = 2 bytes;
        whom: AccountId = 3 bytes;
        name: String = 4 string;
        /// What we said yes with.
        invite: String = 5 string;
        refused: bool = 6 bool;
    }
}

impl People {
    /// Introduces two friends to each other.
    ///
    /// # Errors
    /// [`IntroduceError`].
    pub fn introduce(
        &mut self,
        one: &Friend,
        other: &Friend,
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Result<(), IntroduceError> {
        let account = |friend: &Friend| friend.account.filter(|_| friend.is_open());
        let (Some(one), Some(other)) = (account(one), account(other)) else {
            return Err(IntroduceError::NoFriend);
        };
        if one == other {
            return Err(IntroduceError::Same);
        }
        self.forget_introductions(now, shelf);
        let among = |made: &Made| [made.one, made.other].iter().all(|a| [one, other].contains(a));
        let open = self.made().find(|(_, made)| among(made));
        if let Some((id, made)) = open {
            self.tell_introduced(id, &made);
            return Ok(());
        }
        if self.made().count() >= MAX_OPEN {
            return Err(IntroduceError::TooMany);
        }
        let invites = (String::new(), String::new());
        let until = now.after(OPEN_FOR);
        let made = Made { until, one, other, invite: invites.0, other_invite: invites.1 };
        self.keep_made(IntroductionId(dice.roll()), &made, shelf);
        Ok(())
    }

    /// Whom friends would have us meet.
    pub fn offers(&self) -> impl Iterator<Item = Offer> {
        let open = self.offered().filter(|(_, o)| !o.refused && self.links(o.by));
        open.map(|(id, Offered { by, name, invite, .. })| Offer {
            id,
            by,
            name,
            accepted: !invite.is_empty(),
        })
    }

    /// Says whether we want to meet somebody.
    ///
    /// # Errors
    /// [`IntroduceError::NoOffer`], or that too many invites are open.
    pub fn answer_offer(
        &mut self,
        id: IntroductionId,
        yes: bool,
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Result<(), IntroduceError> {
        let mut offered = self.offer(id).ok_or(IntroduceError::NoOffer)?;
        if !yes {
            offered.refused = true;
        } else if offered.invite.is_empty() {
            let left = offered.until.since(now);
            let invite = self.invite(InviteKind::Link, left, now, dice, shelf);
            offered.invite = invite.ok_or(IntroduceError::TooMany)?.text();
        }
        self.record(Topic::Offer, &id.0, Some(wire::encode(&offered)), shelf);
        self.answer_introducer(id, &offered);
        Ok(())
    }

    /// A link with a device of this account is up: what is open between us is said again.
    pub fn remind(&mut self, account: AccountId) {
        self.outdone = false;
        let about = |made: &Made| [made.one, made.other].contains(&account);
        let made: Vec<_> = self.made().filter(|(_, made)| about(made)).collect();
        made.iter().for_each(|(id, made)| self.tell_introduced(*id, made));
        let offered: Vec<_> = self.offered().filter(|(_, o)| o.by == account).collect();
        for (id, offered) in offered {
            self.answer_introducer(id, &offered);
            self.send_letter(id, &offered);
        }
    }

    /// A device of a friend says something of an introduction.
    pub fn hear_introduction(
        &mut self,
        peer: AccountId,
        said: Introduction,
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) {
        self.forget_introductions(now, shelf);
        if let Some(made) = self.made_of(said.id).filter(|m| [m.one, m.other].contains(&peer)) {
            return self.hear_party(peer, made, said, shelf);
        }
        match self.offer(said.id) {
            Some(offered) if offered.by == peer => {
                self.hear_introducer(offered, said, now, dice, shelf)
            }
            None if said.step == Step::Offer => self.hear_offer(peer, said, now, shelf),
            Some(_) | None => {}
        }
    }

    /// To the introducer: one of the two has answered.
    fn hear_party(
        &mut self,
        peer: AccountId,
        mut made: Made,
        said: Introduction,
        shelf: &mut dyn Shelf,
    ) {
        let other = if made.one == peer { made.other } else { made.one };
        match said.step {
            Step::Yes => {
                let own = if made.one == peer { &mut made.invite } else { &mut made.other_invite };
                if *own != said.text {
                    *own = said.text;
                    self.keep_made(said.id, &made, shelf);
                }
            }
            Step::No | Step::Done => self.record(Topic::Introduction, &said.id.0, None, shelf),
            Step::Letter => self.say(other, said),
            Step::Unspecified | Step::Offer => {}
        }
    }

    /// To one of the two: the introducer tells of the other.
    fn hear_introducer(
        &mut self,
        offered: Offered,
        said: Introduction,
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) {
        match said.step {
            Step::Offer => self.answer_introducer(said.id, &offered),
            Step::Yes if !offered.invite.is_empty() => {
                // whom the invite is of was said before we agreed
                let whose =
                    Invite::parse(&said.text).is_ok_and(|i| i.account == offered.whom.short());
                if whose && self.accept(&said.text, now, dice, shelf).is_ok() {
                    self.send_letter(said.id, &offered);
                }
            }
            Step::Letter if !offered.invite.is_empty() => {
                if let Some(letter) = self.befriend(&said.letter, now, dice, shelf) {
                    self.say(offered.by, Introduction { letter, ..said });
                } else if let Some(tag) = self.waiting_for(&offered.whom) {
                    self.on_reply(tag, &said.letter, shelf);
                }
            }
            Step::Unspecified | Step::Yes | Step::No | Step::Letter | Step::Done => {}
        }
    }

    /// A friend would have us meet somebody.
    fn hear_offer(&mut self, by: AccountId, said: Introduction, now: Time, shelf: &mut dyn Shelf) {
        let Some(whom) = said.whom.filter(|whom| *whom != self.me.account) else { return };
        let Some(name) = friend::tidy(&said.text) else { return };
        let standing = self.friend_with(&whom.short()).map(|friend| friend.standing);
        if standing == Some(Standing::Friend) {
            return self.say(by, Introduction::new(said.id, Step::Done));
        }
        if self.offered().count() >= MAX_OPEN {
            return;
        }
        let (until, invite) = (now.after(OPEN_FOR), String::new());
        let offered = Offered { until, by, whom, name, invite, refused: false };
        self.record(Topic::Offer, &said.id.0, Some(wire::encode(&offered)), shelf);
        let offer = Offer { id: said.id, by, name: offered.name, accepted: false };
        self.effects.push_back(Effect::News(News::Offer(offer)));
    }

    /// Who brought us together with an account that is just becoming a friend: the offers are
    /// done with, and those who made them are told.
    pub(super) fn introducer(
        &mut self,
        account: &AccountId,
        shelf: &mut dyn Shelf,
    ) -> Option<[u8; 16]> {
        let done: Vec<_> = self.offered().filter(|(_, o)| o.whom == *account).collect();
        for (id, offered) in &done {
            self.record(Topic::Offer, &id.0, None, shelf);
            self.say(offered.by, Introduction::new(*id, Step::Done));
        }
        let agreed = done.iter().find(|(_, offered)| !offered.invite.is_empty());
        agreed.map(|(_, offered)| offered.by.short())
    }

    /// Tells both what is still open between them.
    fn tell_introduced(&mut self, id: IntroductionId, made: &Made) {
        let both = !made.invite.is_empty() && !made.other_invite.is_empty();
        let sides = [
            (made.one, made.other, &made.invite, &made.other_invite),
            (made.other, made.one, &made.other_invite, &made.invite),
        ];
        for (to, whom, own, invite) in sides {
            let (step, text) = match (both, own.is_empty()) {
                (true, _) => (Step::Yes, invite.clone()),
                (false, true) => {
                    let friend = self.friend_with(&whom.short());
                    (Step::Offer, friend.map_or_else(String::new, |friend| friend.name))
                }
                (false, false) => continue,
            };
            self.say(to, Introduction { whom: Some(whom), text, ..Introduction::new(id, step) });
        }
    }

    /// Tells the introducer what our person said.
    fn answer_introducer(&mut self, id: IntroductionId, offered: &Offered) {
        let text = offered.invite.clone();
        let step = match (offered.refused, text.is_empty()) {
            (true, _) => Step::No,
            (false, false) => Step::Yes,
            (false, true) => return,
        };
        self.say(offered.by, Introduction { text, ..Introduction::new(id, step) });
    }

    /// Sends our letter by the introducer, if one waits for its answer.
    fn send_letter(&mut self, id: IntroductionId, offered: &Offered) {
        let tag = self.waiting_for(&offered.whom);
        if let Some(letter) = tag.and_then(|tag| self.letter(tag)) {
            self.say(offered.by, Introduction { letter, ..Introduction::new(id, Step::Letter) });
        }
    }

    fn say(&mut self, to: AccountId, said: Introduction) {
        self.effects.push_back(Effect::Tell(Audience::Account(to), Frame::Introduction(said)));
    }

    fn waiting_for(&self, account: &AccountId) -> Option<InviteTag> {
        let waiting = self.waiting.values().find(|w| w.invite.account == account.short());
        waiting.map(|w| w.invite.tag())
    }

    fn keep_made(&mut self, id: IntroductionId, made: &Made, shelf: &mut dyn Shelf) {
        self.record(Topic::Introduction, &id.0, Some(wire::encode(made)), shelf);
        self.tell_introduced(id, made);
    }

    /// Forgets what nobody answered in time.
    fn forget_introductions(&mut self, now: Time, shelf: &mut dyn Shelf) {
        let made = self.made().filter(|(_, made)| made.until <= now);
        let made = made.map(|(id, _)| (Topic::Introduction, id));
        let offered = self.offered().filter(|(_, offered)| offered.until <= now);
        let old: Vec<_> = made.chain(offered.map(|(id, _)| (Topic::Offer, id))).collect();
        old.into_iter().for_each(|(topic, id)| self.record(topic, &id.0, None, shelf));
    }

    fn made(&self) -> impl Iterator<Item = (IntroductionId, Made)> {
        let all = self.map.values(Topic::Introduction);
        all.filter_map(|(key, value)| Some((IntroductionId::parse(key)?, read(value)?)))
    }

    fn made_of(&self, id: IntroductionId) -> Option<Made> {
        read(self.map.value(Topic::Introduction, &id.0)?)
    }

    fn offered(&self) -> impl Iterator<Item = (IntroductionId, Offered)> {
        let all = self.map.values(Topic::Offer);
        all.filter_map(|(key, value)| Some((IntroductionId::parse(key)?, read(value)?)))
    }

    fn offer(&self, id: IntroductionId) -> Option<Offered> {
        read(self.map.value(Topic::Offer, &id.0)?)
    }
}

fn read<T: Wire<Proto: prost::Message + Default>>(value: &[u8]) -> Option<T> {
    wire::decode(value, MapRecord::MAX).ok()
}
