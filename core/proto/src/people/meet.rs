//! How strangers become friends: invites given, and letters that answer invites.
//!
//! An invite is used once: by whoever's letter 1 comes first at a device. The same letter gets
//! the same answer as often as it comes. Its seed stays until a day after it expired, so that
//! "expired" can be answered, and is in the map, so that any own device can answer.

use alloc::vec::Vec;
use core::time::Duration;

use super::{
    Audience, Effect, Friend, News, People, Standing,
    account::Roster,
    hello::{self, Author, Person},
    invite::{Invite, InviteError},
    own,
};
use crate::{
    dice::Dice,
    id::{AccountId, InviteTag},
    seal::Secret,
    store::{Kind, Shelf},
    time::Time,
    wire::{
        self, MapRecord, Topic,
        letter::{InviteKind, Letter1, Verdict},
        message::message,
    },
};

/// How long a seed outlives its invite.
const AFTERLIFE: Duration = Duration::from_secs(24 * 3600);
/// The most invites that are open at once.
const MAX_OPEN: usize = 64;
/// The most letters of ours that wait for an answer.
const MAX_WAITING: usize = 64;

message! {
    /// What we answered to an invite of ours.
    #[derive(Debug)]
    pub(super) struct Answered {
        letter: [u8; 32] = 1 bytes;
        reply: Vec<u8> = 2 bytes;
    }
}

message! {
    /// An invite of ours, as own devices know it.
    struct Given {
        seed: Secret = 1 bytes;
        invite: Invite = 2 string;
        /// The account that used it.
        used: Option<AccountId> = 3 bytes;
    }
}

impl People {
    /// Makes an invite that is good for so long; `None` if too many are open.
    pub fn invite(
        &mut self,
        kind: InviteKind,
        good_for: Duration,
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Option<Invite> {
        if self.invites().filter(|invite| invite.expires > now).count() >= MAX_OPEN {
            return None;
        }
        let seed = Secret(dice.roll());
        let (name, addresses) = (self.name(), self.addresses());
        let expires = now.after(good_for);
        let invite = Invite::from_seed(&seed, kind, &self.me.account, expires, name, addresses);
        let given = Given { seed, invite, used: None };
        self.record(Topic::Invite, &given.invite.tag().0, Some(wire::encode(&given)), shelf);
        Some(given.invite)
    }

    /// Invites of ours whose seeds are still there.
    pub(super) fn invites(&self) -> impl Iterator<Item = Invite> {
        self.given().map(|given| given.invite)
    }

    fn given(&self) -> impl Iterator<Item = Given> {
        let all = self.map.values(Topic::Invite);
        all.filter_map(|(_, value)| wire::decode(value, MapRecord::MAX).ok())
    }

    /// Ends invites, and erases the seeds whose time has come.
    pub fn on_timeout(&mut self, now: Time, dice: &mut Dice, shelf: &mut dyn Shelf) {
        if self.next_end.is_none_or(|end| now < end) {
            return;
        }
        self.expire_admission(now, dice, shelf);
        self.expire_joining(now, shelf);
        self.cancel(|given| end(&given.invite) <= now, shelf);
    }

    /// Erases the seeds of the invites that an account used: by them it could come back.
    pub(super) fn cancel_used_by(&mut self, account: AccountId, shelf: &mut dyn Shelf) {
        self.cancel(|given| given.used == Some(account), shelf);
    }

    /// Erases the seeds of all invites that nobody used yet.
    pub(super) fn cancel_open(&mut self, shelf: &mut dyn Shelf) {
        self.cancel(|given| given.used.is_none(), shelf);
    }

    fn cancel(&mut self, which: impl Fn(&Given) -> bool, shelf: &mut dyn Shelf) {
        let given = self.given().filter(which);
        let tags: Vec<_> = given.map(|given| given.invite.tag()).collect();
        for tag in tags {
            self.record(Topic::Invite, &tag.0, None, shelf);
            shelf.delete(Kind::Answer, &tag.0);
            self.answered.remove(&tag);
        }
    }

    /// Answers an invite: the friend-to-be, to whom one can write at once.
    ///
    /// # Errors
    /// Why the invite is good for nothing.
    pub fn accept(
        &mut self,
        text: &str,
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Result<Friend, InviteError> {
        let invite = Invite::parse(text)?;
        if invite.kind == InviteKind::Own {
            return Err(InviteError::Own);
        }
        if invite.account == self.me.account.short() {
            return Err(InviteError::Mine);
        }
        let known = self.friend_with(&invite.account);
        let friend = known.unwrap_or_else(|| self.newcomer(invite.account, &invite.name));
        if self.waiting.contains_key(&invite.tag()) {
            return Ok(friend);
        }
        if invite.expires <= now {
            return Err(InviteError::Expired);
        }
        let author = self.author().ok_or(InviteError::Damaged)?;
        let waiting = hello::write(&invite, &author, dice).ok_or(InviteError::Damaged)?;
        if self.waiting.len() >= MAX_WAITING
            && let Some(oldest) = self.waiting.values().min_by_key(|w| w.invite.expires)
        {
            self.stop_waiting(oldest.invite.tag(), shelf);
        }
        shelf.put(Kind::Hello, &invite.tag().0, &waiting.encode());
        self.waiting.insert(invite.tag(), waiting);
        self.changed = true;
        if friend.standing == Standing::Friend {
            return Ok(friend);
        }
        let friend = Friend { standing: Standing::Waiting, ..friend };
        self.keep(friend.clone(), shelf);
        Ok(friend)
    }

    pub(super) fn author(&self) -> Option<Author<'_>> {
        let (_, card) = self.cards.get(&self.me.device())?;
        let roster = self.rosters.get(&self.me.account)?.newest();
        Some(Author { account: self.me.account, key: &self.me.device_key, roster, card })
    }

    pub(super) fn stop_waiting(&mut self, tag: InviteTag, shelf: &mut dyn Shelf) {
        self.waiting.remove(&tag);
        self.changed = true;
        shelf.delete(Kind::Hello, &tag.0);
    }

    /// Somebody's letter 1 to an invite for friends: the answer.
    pub(super) fn befriend(
        &mut self,
        bytes: &[u8],
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Option<Vec<u8>> {
        let tag = Letter1::parse(bytes).ok().filter(|_| self.is_listed())?.tag;
        let given = self.map.value(Topic::Invite, &tag.0)?;
        let given: Given = wire::decode(given, MapRecord::MAX).ok()?;
        let newcomer = hello::read(&given.seed, &given.invite, bytes)?;
        if let Some(answered) = self.answered.get(&tag)
            && answered.letter == newcomer.letter
        {
            return Some(answered.reply.clone());
        }
        let account = newcomer.person.roster.account;
        let verdict = if given.used.is_some_and(|first| first != account) {
            self.effects.push_back(Effect::News(News::InviteUsedAgain(tag)));
            Verdict::UsedUp
        } else if given.invite.expires <= now {
            Verdict::Expired
        } else {
            Verdict::Friend
        };
        let (author, Given { seed, invite, .. }) = (self.author()?, &given);
        let (reply, secret) = hello::answer(seed, invite, &newcomer, verdict, &author, dice)?;
        if let Some(secret) = secret {
            let answered = Answered { letter: newcomer.letter, reply: reply.clone() };
            shelf.put(Kind::Answer, &tag.0, &wire::encode(&answered));
            self.answered.insert(tag, answered);
            let kind = given.invite.kind;
            let used = wire::encode(&Given { used: Some(account), ..given });
            self.record(Topic::Invite, &tag.0, Some(used), shelf);
            self.meet(&newcomer.person, &secret, kind, shelf);
        }
        Some(reply)
    }

    /// An inviter's answer to a letter of ours; whether it was one.
    pub(super) fn on_reply(&mut self, tag: InviteTag, bytes: &[u8], shelf: &mut dyn Shelf) -> bool {
        let Some(waiting) = self.waiting.get(&tag) else { return false };
        let Some(reply) = waiting.open(&self.me.account, bytes) else { return false };
        let (short, kind) = (waiting.invite.account, waiting.invite.kind);
        self.stop_waiting(tag, shelf);
        let standing = match (reply.verdict, &reply.secret) {
            (Verdict::Friend, Some(secret)) => {
                self.meet(&reply.inviter, secret, kind, shelf);
                return true;
            }
            (Verdict::Expired, _) => Standing::Expired,
            (Verdict::UsedUp | Verdict::Friend | Verdict::Unspecified, _) => Standing::UsedUp,
        };
        let friend = self.friend_with(&short).filter(|f| f.standing == Standing::Waiting);
        friend.into_iter().for_each(|friend| self.keep(Friend { standing, ..friend }, shelf));
        true
    }

    /// A friendship is made, by an invite of this kind.
    fn meet(&mut self, who: &Person, secret: &Secret, kind: InviteKind, shelf: &mut dyn Shelf) {
        let Roster { account, ref name, .. } = who.roster;
        let key = own::secret_key(&account, &own::secret_id(secret));
        let value = self.beside(account, secret);
        self.record(Topic::Secret, &key, Some(value), shelf);
        let told = self.told_secrets(account);
        self.effects.extend(told.map(|told| Effect::Tell(Audience::Account(account), told)));
        let short = account.short();
        let known = self.friend_with(&short).unwrap_or_else(|| self.newcomer(short, name));
        let introduced = self.introducer(&account, shelf);
        let friend = Friend {
            introduced: known.introduced.or(introduced),
            account: Some(account),
            name: if known.given { known.name } else { self.free_name(name, &short) },
            standing: Standing::Friend,
            verified: known.verified || kind == InviteKind::Screen,
            ..known
        };
        self.keep(friend, shelf);
        self.take_roster(account, &who.roster_signed, shelf);
        self.take_card(account, &who.card_signed, shelf);
        // a letter may be older than what we know
        self.follow_name(account, shelf);
    }
}

/// When an invite's seed is erased.
pub(super) fn end(invite: &Invite) -> Time {
    invite.expires.after(AFTERLIFE)
}
