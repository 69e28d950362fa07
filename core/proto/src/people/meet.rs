//! How strangers become friends: invites given, and letters that answer invites.
//!
//! An invite is used once: by whoever's letter 1 comes first at a device. The same letter gets
//! the same answer as often as it comes. Its seed stays until a day after it expired, so that
//! "expired" can be answered, and is in the map, so that any own device can answer.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use prost::Message as _;

use super::{
    Effect, News, People, Standing,
    friend::FriendProto,
    hello::{self, Author, Newcomer},
    invite::{Invite, InviteError},
};
use crate::{
    dice::Dice,
    id::{AccountId, ConversationId, InviteTag},
    seal::Secret,
    store::{Kind, Shelf},
    time::Time,
    wire::{
        Address, Signed, Topic,
        letter::{InviteKind, Letter1, Verdict},
    },
};

/// How long a seed outlives its invite.
const AFTERLIFE: Duration = Duration::from_secs(24 * 3600);
/// The most invites that are open at once.
const MAX_OPEN: usize = 64;
/// The most letters of ours that wait for an answer.
const MAX_WAITING: usize = 64;

/// What we answered to an invite of ours.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Answered {
    #[prost(bytes = "vec", tag = "1")]
    letter: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    reply: Vec<u8>,
}

/// An invite of ours, as own devices know it.
#[derive(Clone, PartialEq, prost::Message)]
struct Given {
    #[prost(bytes = "vec", tag = "1")]
    seed: Vec<u8>,
    #[prost(string, tag = "2")]
    text: String,
    /// The account that used it.
    #[prost(bytes = "vec", tag = "3")]
    used: Vec<u8>,
}

impl Given {
    fn parse(value: &[u8]) -> Option<(Self, Secret, Invite)> {
        let given = Self::decode(value).ok()?;
        let seed = Secret(given.seed.as_slice().try_into().ok()?);
        let invite = Invite::parse(&given.text).ok()?;
        Some((given, seed, invite))
    }
}

/// A letter of ours that waits for its answer.
#[derive(Debug)]
pub struct Letter<'a> {
    /// The invite it answers.
    pub tag: InviteTag,
    /// Where the inviter said to be.
    pub addresses: &'a [Address],
    /// The letter.
    pub bytes: &'a [u8],
}

impl People {
    pub(super) fn load_answer(&mut self, key: &[u8], bytes: &[u8]) {
        if let (Some(tag), Ok(answered)) = (InviteTag::parse(key), Answered::decode(bytes)) {
            self.answered.insert(tag, answered);
        }
    }

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
        let given = Given { seed: seed.0.to_vec(), text: invite.text(), used: Vec::new() };
        self.record(Topic::Invite, &invite.tag().0, Some(given.encode_to_vec()), shelf);
        Some(invite)
    }

    /// Invites of ours whose seeds are still there.
    pub(super) fn invites(&self) -> impl Iterator<Item = Invite> {
        let all = self.map.values(Topic::Invite);
        all.filter_map(|(_, value)| Some(Given::parse(value)?.2))
    }

    /// When the next seed is to be erased.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        self.next_end
    }

    /// Erases the seeds whose time has come.
    pub fn on_timeout(&mut self, now: Time, shelf: &mut dyn Shelf) {
        if self.next_end.is_none_or(|end| now < end) {
            return;
        }
        let over = self.invites().filter(|invite| end(invite) <= now);
        let over: Vec<_> = over.map(|invite| invite.tag()).collect();
        over.into_iter().for_each(|tag| self.cancel(tag, shelf));
    }

    /// Erases the seeds of the invites that an account used: by them it could come back.
    pub(super) fn cancel_used_by(&mut self, account: AccountId, shelf: &mut dyn Shelf) {
        let all = self.map.values(Topic::Invite);
        let used = all.filter_map(|(_, value)| {
            let (given, _, invite) = Given::parse(value)?;
            (given.used == account.0).then(|| invite.tag())
        });
        let used: Vec<_> = used.collect();
        used.into_iter().for_each(|tag| self.cancel(tag, shelf));
    }

    fn cancel(&mut self, tag: InviteTag, shelf: &mut dyn Shelf) {
        self.record(Topic::Invite, &tag.0, None, shelf);
        shelf.delete(Kind::Answer, &tag.0);
        self.answered.remove(&tag);
    }

    /// When the first of the seeds is to be erased that are there now.
    pub(super) fn first_end(&self) -> Option<Time> {
        self.invites().map(|invite| end(&invite)).min()
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
    ) -> Result<ConversationId, InviteError> {
        let invite = Invite::parse(text)?;
        if invite.kind == InviteKind::Own {
            return Err(InviteError::Own);
        }
        if invite.account == self.me.account.short() {
            return Err(InviteError::Mine);
        }
        let conversation = ConversationId::pair(&self.me.account.short(), &invite.account);
        if self.waiting.contains_key(&invite.tag()) {
            return Ok(conversation);
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
        let stored = self.stored(conversation).map(|(_, proto)| proto);
        if stored.as_ref().is_none_or(|proto| proto.standing() != Standing::Friend) {
            let name = self.free_name(&invite.name, &invite.account);
            let fresh = FriendProto { name, ..FriendProto::default() };
            let proto =
                FriendProto { standing: Standing::Waiting.into(), ..stored.unwrap_or(fresh) };
            self.keep(&invite.account, proto, shelf);
        }
        Ok(conversation)
    }

    fn author(&self) -> Option<Author<'_>> {
        let (_, card) = self.cards.get(&self.me.device())?;
        let roster = self.rosters.get(&self.me.account)?.newest();
        Some(Author { account: self.me.account, key: &self.me.device_key, roster, card })
    }

    /// Our letters that wait for their answers.
    pub fn letters(&self) -> impl Iterator<Item = Letter<'_>> {
        self.waiting.values().map(|waiting| Letter {
            tag: waiting.invite.tag(),
            addresses: &waiting.invite.addresses,
            bytes: &waiting.letter,
        })
    }

    pub(super) fn stop_waiting(&mut self, tag: InviteTag, shelf: &mut dyn Shelf) {
        self.waiting.remove(&tag);
        self.changed = true;
        shelf.delete(Kind::Hello, &tag.0);
    }

    /// Somebody's letter 1: the answer, if it is one to an invite of ours.
    pub fn on_letter(
        &mut self,
        bytes: &[u8],
        now: Time,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> Option<Vec<u8>> {
        let tag = Letter1::parse(bytes).ok()?.tag;
        let (given, seed, invite) = Given::parse(self.map.value(Topic::Invite, &tag.0)?)?;
        let newcomer = hello::read(&seed, &invite, bytes)?;
        if let Some(answered) = self.answered.get(&tag)
            && answered.letter == newcomer.letter
        {
            return Some(answered.reply.clone());
        }
        let account = newcomer.roster.account;
        let verdict = if !given.used.is_empty() && given.used != account.0 {
            self.effects.push_back(Effect::News(News::InviteUsedAgain(tag)));
            Verdict::UsedUp
        } else if invite.expires <= now {
            Verdict::Expired
        } else {
            Verdict::Friend
        };
        let (reply, secret) =
            hello::answer(&seed, &invite, &newcomer, verdict, &self.author()?, dice)?;
        let Some(secret) = secret else {
            return Some(reply);
        };
        let answered = Answered { letter: newcomer.letter.to_vec(), reply: reply.clone() };
        shelf.put(Kind::Answer, &tag.0, &answered.encode_to_vec());
        self.answered.insert(tag, answered);
        let used = Given { used: account.0.to_vec(), ..given };
        self.record(Topic::Invite, &tag.0, Some(used.encode_to_vec()), shelf);
        let Newcomer { roster, roster_signed, card_signed, .. } = &newcomer;
        let verified = invite.kind == InviteKind::Screen;
        self.meet(account, &roster.name, [roster_signed, card_signed], &secret, verified, shelf);
        Some(reply)
    }

    /// An answer to a letter of ours; whether it was one.
    pub fn on_answer(&mut self, tag: InviteTag, bytes: &[u8], shelf: &mut dyn Shelf) -> bool {
        let Some(waiting) = self.waiting.get(&tag) else {
            return false;
        };
        let Some(reply) = waiting.open(&self.me.account, bytes) else {
            return false;
        };
        let (short, kind) = (waiting.invite.account, waiting.invite.kind);
        self.stop_waiting(tag, shelf);
        let standing = match (reply.verdict, &reply.secret) {
            (Verdict::Friend, Some(secret)) => {
                let signed = [&reply.roster_signed, &reply.card_signed];
                let (account, name) = (reply.roster.account, &reply.roster.name);
                self.meet(account, name, signed, secret, kind == InviteKind::Screen, shelf);
                return true;
            }
            (Verdict::Expired, _) => Standing::Expired,
            (Verdict::UsedUp | Verdict::Friend | Verdict::Unspecified, _) => Standing::UsedUp,
        };
        let conversation = ConversationId::pair(&self.me.account.short(), &short);
        let waits = |proto: &FriendProto| proto.standing() == Standing::Waiting;
        if let Some((_, proto)) = self.stored(conversation).filter(|(_, proto)| waits(proto)) {
            self.keep(&short, FriendProto { standing: standing.into(), ..proto }, shelf);
        }
        true
    }

    fn meet(
        &mut self,
        account: AccountId,
        name: &str,
        [roster, card]: [&Signed; 2],
        secret: &Secret,
        verified: bool,
        shelf: &mut dyn Shelf,
    ) {
        self.befriend(account, secret, name, verified, shelf);
        self.take_roster(account, roster, shelf);
        self.take_card(card, shelf);
    }
}

/// When an invite's seed is erased.
fn end(invite: &Invite) -> Time {
    invite.expires.after(AFTERLIFE)
}
