//! Friends: what we keep of a person beside what that person says himself.

use alloc::{format, string::String, vec::Vec};

use super::{Effect, News, People, account::MAX_NAME, card::Class, own};
use crate::{
    id::{AccountId, ConversationId, DeviceId, InviteTag},
    store::Shelf,
    time::Time,
    wire::{
        self, Invalid, MapRecord, Topic,
        message::{message, numbered},
    },
};

/// How it stands with a friend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum Standing {
    /// We answered his invite and wait for his word.
    Waiting = 0,
    /// We are friends.
    Friend = 1,
    /// His invite was used by somebody else before.
    UsedUp = 2,
    /// His invite had expired.
    Expired = 3,
}

/// A person whom we accepted, or who is to accept us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Friend {
    /// The conversation with him, by which he is called here.
    pub conversation: ConversationId,
    /// His account, once he told it.
    pub account: Option<AccountId>,
    /// What we call him: no two friends are called the same.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// Whether the code was scanned from his screen while he showed it.
    pub verified: bool,
    /// Whether we hear nothing from him.
    pub blocked: bool,
    /// How the account begins of the friend who introduced us.
    pub introduced: Option<[u8; 16]>,
    /// How his account begins.
    pub(super) short: [u8; 16],
    /// Whether we gave the name: it stays when he calls himself otherwise.
    pub(super) given: bool,
}

impl Friend {
    /// Whether we speak with each other.
    pub fn is_open(&self) -> bool {
        self.standing == Standing::Friend && !self.blocked
    }
}

numbered!(Standing);

message! {
    /// What own devices know of a friend, by how his account begins.
    #[derive(Default)]
    struct Kept {
        account: Option<AccountId> = 1 bytes;
        name: String = 2 string;
        given: bool = 3 bool;
        standing: Standing = 4 int32;
        verified: bool = 5 bool;
        blocked: bool = 6 bool;
        introduced: Option<[u8; 16]> = 7 bytes;
    }
}

impl People {
    /// All friends, and who is to become one.
    pub fn friends(&self) -> impl Iterator<Item = Friend> {
        let all = self.map.values(Topic::Friend);
        all.filter_map(|(key, value)| self.friend_of(key.try_into().ok()?, value))
    }

    /// The friend of this conversation.
    pub fn friend(&self, conversation: ConversationId) -> Option<Friend> {
        self.friends().find(|friend| friend.conversation == conversation)
    }

    /// The friend whose account begins so.
    pub(super) fn friend_with(&self, short: &[u8; 16]) -> Option<Friend> {
        self.friend_of(*short, self.map.value(Topic::Friend, short)?)
    }

    /// The devices of a friend, as far as we have their cards.
    pub fn devices(&self, friend: &Friend) -> impl Iterator<Item = (DeviceId, Class)> {
        let cards = friend.account.into_iter().flat_map(|account| self.cards_of(account));
        cards.map(|(card, _)| (card.device(), card.class))
    }

    /// The invites of a friend-to-be whose answer we wait for, and until when they are good.
    pub fn awaited(&self, friend: &Friend) -> impl Iterator<Item = (InviteTag, Time)> {
        let waiting = self.waiting.values().map(|waiting| &waiting.invite);
        let his = waiting.filter(|invite| invite.account == friend.short);
        his.map(|invite| (invite.tag(), invite.expires))
    }

    fn friend_of(&self, short: [u8; 16], value: &[u8]) -> Option<Friend> {
        Some(self.known(short, wire::decode(value, MapRecord::MAX).ok()?))
    }

    fn known(&self, short: [u8; 16], kept: Kept) -> Friend {
        let Kept { account, name, given, standing, verified, blocked, introduced } = kept;
        let conversation = self.conversation(&short);
        Friend {
            conversation,
            account,
            name,
            standing,
            verified,
            blocked,
            introduced,
            short,
            given,
        }
    }

    /// Somebody of whom nothing is known but how his account begins and what he calls himself.
    pub(super) fn newcomer(&self, short: [u8; 16], name: &str) -> Friend {
        self.known(short, Kept { name: self.free_name(name, &short), ..Kept::default() })
    }

    /// The conversation with whose account begins so.
    pub(super) fn conversation(&self, short: &[u8; 16]) -> ConversationId {
        ConversationId::pair(&self.me.account.short(), short)
    }

    /// Calls a friend something else.
    ///
    /// # Errors
    /// [`Invalid`] if the name is empty, too long, or another friend's.
    pub fn call(
        &mut self,
        friend: Friend,
        name: &str,
        shelf: &mut dyn Shelf,
    ) -> Result<(), Invalid> {
        let name = tidy(name).ok_or(Invalid)?;
        if name != self.free_name(&name, &friend.short) {
            return Err(Invalid);
        }
        self.keep(Friend { name, given: true, ..friend }, shelf);
        Ok(())
    }

    /// Hears nothing from a friend any more, or hears him again.
    pub fn block(&mut self, friend: Friend, blocked: bool, shelf: &mut dyn Shelf) {
        self.keep(Friend { blocked, ..friend }, shelf);
    }

    /// Ends a friendship: its secrets go, what was said stays.
    pub fn remove(&mut self, friend: Friend, shelf: &mut dyn Shelf) {
        self.record(Topic::Friend, &friend.short, None, shelf);
        if let Some(account) = friend.account {
            // the last renewal stays: its number goes on, should they become friends anew
            let last = self.renewal(account).map(|last| own::secret_id(&last.secret));
            for shared in self.shared(account).iter().filter(|s| Some(s.id) != last) {
                self.drop_secret(account, shared.id, shelf);
            }
            self.cancel_used_by(account, shelf);
        }
        let waiting = self.waiting.values().filter(|w| w.invite.account == friend.short);
        let tags: Vec<_> = waiting.map(|w| w.invite.tag()).collect();
        tags.into_iter().for_each(|tag| self.stop_waiting(tag, shelf));
        self.effects.push_back(Effect::News(News::Gone(friend.conversation)));
    }

    /// Keeps what is known of a friend, and tells.
    pub(super) fn keep(&mut self, friend: Friend, shelf: &mut dyn Shelf) {
        let Friend { account, given, standing, verified, blocked, introduced, .. } = friend;
        let name = friend.name.clone();
        let kept = Kept { account, name, given, standing, verified, blocked, introduced };
        let kept = wire::encode(&kept);
        self.record(Topic::Friend, &friend.short, Some(kept), shelf);
        self.effects.push_back(Effect::News(News::Friend(friend)));
    }

    /// A friend calls himself otherwise: so do we, unless we gave the name.
    pub(super) fn follow_name(&mut self, account: AccountId, shelf: &mut dyn Shelf) {
        if let Some(friend) = self.friend_with(&account.short())
            && let Some(rosters) = self.rosters.get(&account)
        {
            let name = self.free_name(&rosters.roster().name, &friend.short);
            if !friend.given && name != friend.name {
                self.keep(Friend { name, ..friend }, shelf);
            }
        }
    }

    /// Own devices may have given one name twice: of two friends the larger account is called
    /// otherwise, on every device the same.
    pub(super) fn tell_apart(&mut self, short: &[u8; 16], shelf: &mut dyn Shelf) {
        let Some(friend) = self.friend_with(short) else { return };
        let Some(other) = self.called(&friend.name, short) else { return };
        let larger = if other.short > friend.short { other } else { friend };
        let name = self.free_name(&larger.name, &larger.short);
        self.keep(Friend { name, ..larger }, shelf);
    }

    /// Somebody else who is called so.
    fn called(&self, name: &str, but: &[u8; 16]) -> Option<Friend> {
        self.friends().find(|friend| friend.name == name && friend.short != *but)
    }

    /// The name, or with the first number that makes it no other friend's.
    pub(super) fn free_name(&self, name: &str, short: &[u8; 16]) -> String {
        let name = tidy(name).unwrap_or_else(|| String::from("Somebody"));
        let mut free = name.clone();
        for number in 2u32.. {
            if self.called(&free, short).is_none() {
                break;
            }
            free = format!("{name} {number}");
        }
        free
    }
}

/// A name without what cannot be seen or turns what stands around it; `None` if nothing is left,
/// or too much.
pub(super) fn tidy(name: &str) -> Option<String> {
    let turns = |c: &char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let seen: String = name.chars().filter(|c| !c.is_control() && !turns(c)).collect();
    let seen = seen.trim();
    (1..=MAX_NAME).contains(&seen.len()).then(|| String::from(seen))
}
