//! Friends: what we keep of a person beside what that person says himself.

use alloc::{format, string::String, vec::Vec};

use prost::Message as _;

use super::{Effect, News, People, account::MAX_NAME, own};
use crate::{
    id::{AccountId, ConversationId},
    seal::Secret,
    store::Shelf,
    wire::{Frame, Invalid, Topic},
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
}

impl Friend {
    /// Whether we speak with each other.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.standing == Standing::Friend && !self.blocked
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FriendProto {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) account: Vec<u8>,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    /// The name was given by us: it stays when he calls himself otherwise.
    #[prost(bool, tag = "3")]
    pub(super) given: bool,
    #[prost(enumeration = "Standing", tag = "4")]
    pub(super) standing: i32,
    #[prost(bool, tag = "5")]
    pub(super) verified: bool,
    #[prost(bool, tag = "6")]
    pub(super) blocked: bool,
}

impl People {
    /// All friends, and who is to become one.
    pub fn friends(&self) -> impl Iterator<Item = Friend> {
        let all = self.map.values(Topic::Friend);
        all.filter_map(|(key, value)| {
            let proto = FriendProto::decode(value).ok()?;
            Some(self.friend_of(key.try_into().ok()?, &proto))
        })
    }

    /// The friend of this conversation.
    #[must_use]
    pub fn friend(&self, conversation: ConversationId) -> Option<Friend> {
        self.friends().find(|friend| friend.conversation == conversation)
    }

    /// The friend whose account begins so.
    pub(super) fn friend_with(&self, short: &[u8; 16]) -> Option<Friend> {
        let proto = FriendProto::decode(self.map.value(Topic::Friend, short)?).ok()?;
        Some(self.friend_of(short, &proto))
    }

    fn friend_of(&self, short: &[u8; 16], proto: &FriendProto) -> Friend {
        Friend {
            conversation: ConversationId::pair(&self.me.account.short(), short),
            account: AccountId::parse(&proto.account),
            name: proto.name.clone(),
            standing: Standing::try_from(proto.standing).unwrap_or(Standing::Waiting),
            verified: proto.verified,
            blocked: proto.blocked,
        }
    }

    /// Calls a friend something else.
    ///
    /// # Errors
    /// [`Invalid`] if the name is empty, too long, or another friend's.
    pub fn call(
        &mut self,
        conversation: ConversationId,
        name: &str,
        shelf: &mut dyn Shelf,
    ) -> Result<(), Invalid> {
        let (short, proto) = self.stored(conversation).ok_or(Invalid)?;
        let name = tidy(name).ok_or(Invalid)?;
        if name != self.free_name(&name, &short) {
            return Err(Invalid);
        }
        self.keep(&short, FriendProto { name, given: true, ..proto }, shelf);
        Ok(())
    }

    /// Hears nothing from a friend any more, or hears him again; whether he is one.
    pub fn block(
        &mut self,
        conversation: ConversationId,
        blocked: bool,
        shelf: &mut dyn Shelf,
    ) -> bool {
        let Some((short, proto)) = self.stored(conversation) else {
            return false;
        };
        self.keep(&short, FriendProto { blocked, ..proto }, shelf);
        true
    }

    /// Ends a friendship: its secrets go, what was said stays. Whether he was a friend.
    pub fn remove(&mut self, conversation: ConversationId, shelf: &mut dyn Shelf) -> bool {
        let Some((short, proto)) = self.stored(conversation) else {
            return false;
        };
        self.record(Topic::Friend, &short, None, shelf);
        if let Some(account) = AccountId::parse(&proto.account) {
            let secrets: Vec<_> = self.secrets(account).map(|(id, _)| id).collect();
            for id in secrets {
                self.record(Topic::Secret, &own::secret_key(&account, &id), None, shelf);
            }
            self.cancel_used_by(account, shelf);
        }
        let waiting = self.waiting.values().filter(|w| w.invite.account == short);
        let tags: Vec<_> = waiting.map(|w| w.invite.tag()).collect();
        tags.into_iter().for_each(|tag| self.stop_waiting(tag, shelf));
        self.effects.push_back(Effect::News(News::Gone(conversation)));
        true
    }

    /// What is kept of a friend.
    pub(super) fn stored(&self, conversation: ConversationId) -> Option<([u8; 16], FriendProto)> {
        let mut all = self.map.values(Topic::Friend);
        all.find_map(|(key, value)| {
            let short = key.try_into().ok()?;
            let here = ConversationId::pair(&self.me.account.short(), &short) == conversation;
            here.then_some((short, FriendProto::decode(value).ok()?))
        })
    }

    /// Keeps it, and tells.
    pub(super) fn keep(&mut self, short: &[u8; 16], proto: FriendProto, shelf: &mut dyn Shelf) {
        let friend = self.friend_of(short, &proto);
        self.record(Topic::Friend, short, Some(proto.encode_to_vec()), shelf);
        self.effects.push_back(Effect::News(News::Friend(friend)));
    }

    /// A friendship is made: of this secret, with this account.
    pub(super) fn befriend(
        &mut self,
        account: AccountId,
        secret: &Secret,
        name: &str,
        verified: bool,
        shelf: &mut dyn Shelf,
    ) {
        let key = own::secret_key(&account, &own::secret_id(secret));
        self.record(Topic::Secret, &key, Some(secret.0.to_vec()), shelf);
        let secrets: Vec<_> = self.secrets(account).map(|(id, _)| id).collect();
        if secrets.len() > 1 {
            let frame = Frame::Secrets(secrets);
            self.effects.push_back(Effect::Tell(super::Audience::Account(account), frame));
        }
        let short = account.short();
        let conversation = ConversationId::pair(&self.me.account.short(), &short);
        let known = self.stored(conversation).map(|(_, proto)| proto).unwrap_or_default();
        let name = if known.given { known.name } else { self.free_name(name, &short) };
        let proto = FriendProto {
            account: account.0.to_vec(),
            name,
            standing: Standing::Friend.into(),
            verified: verified || known.verified,
            ..known
        };
        self.keep(&short, proto, shelf);
    }

    /// A friend calls himself otherwise: so do we, unless we gave the name.
    pub(super) fn follow_name(&mut self, account: AccountId, shelf: &mut dyn Shelf) {
        let short = account.short();
        let conversation = ConversationId::pair(&self.me.account.short(), &short);
        let Some((_, proto)) = self.stored(conversation) else {
            return;
        };
        let Some(rosters) = self.rosters.get(&account) else {
            return;
        };
        let name = self.free_name(&rosters.roster().name, &short);
        if !proto.given && name != proto.name {
            self.keep(&short, FriendProto { name, ..proto }, shelf);
        }
    }

    /// Own devices may have given one name twice: of two friends the larger account is called
    /// otherwise, on every device the same.
    pub(super) fn tell_apart(&mut self, short: &[u8; 16], shelf: &mut dyn Shelf) {
        let Some(name) = self.friend_with(short).map(|friend| friend.name) else {
            return;
        };
        let Some(larger) = self.called(&name, short).map(|other| other.max(*short)) else {
            return;
        };
        let proto = self.map.value(Topic::Friend, &larger).map(FriendProto::decode);
        if let Some(Ok(proto)) = proto {
            let name = self.free_name(&name, &larger);
            self.keep(&larger, FriendProto { name, ..proto }, shelf);
        }
    }

    /// Somebody else who is called so.
    fn called(&self, name: &str, but: &[u8; 16]) -> Option<[u8; 16]> {
        let mut others = self.map.values(Topic::Friend).filter(|(key, _)| key != but);
        others.find_map(|(key, value)| {
            let proto = FriendProto::decode(value).ok()?;
            (proto.name == name).then_some(key.try_into().ok()?)
        })
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
