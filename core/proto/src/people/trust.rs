//! Whom we have links with, and whom we believe about what.

use super::{Friend, People};
use crate::{
    id::{AccountId, ConversationId, DeviceId},
    wire::Topic,
};

impl People {
    /// Accounts whose devices may have links: one's own, and friends who are not blocked. None once
    /// this device was removed.
    pub(super) fn linked(&self) -> impl Iterator<Item = AccountId> {
        let friends = self.friends().filter(Friend::is_open);
        let all = core::iter::once(self.me.account).chain(friends.filter_map(|f| f.account));
        let listed = self.is_listed();
        all.filter(move |_| listed)
    }

    /// Whether links with this account are wanted.
    pub fn links(&self, account: AccountId) -> bool {
        let friend = || self.friend_with(&account.short());
        let open = |friend: Friend| friend.is_open() && friend.account == Some(account);
        self.is_listed() && (account == self.me.account || friend().is_some_and(open))
    }

    /// Whether this device is one of its account's still.
    pub fn is_listed(&self) -> bool {
        self.vouches(self.me.account, self.me.device())
    }

    /// Whether this device may have a link with us.
    pub fn welcomes(&self, account: AccountId, device: DeviceId) -> bool {
        device != self.me.device() && self.links(account) && self.vouches(account, device)
    }

    /// Whether this device is one of the account, as far as its rosters say.
    pub fn vouches(&self, account: AccountId, device: DeviceId) -> bool {
        let rosters = self.rosters.get(&account);
        rosters.is_some_and(|r| r.roster().devices.contains_key(&device))
    }

    /// Whether a device of `peer` may tell us this: an own device tells of everybody, a friend's
    /// of his own account, and of ours, for what we signed and do not know ourselves.
    pub(super) fn may_tell(&self, peer: AccountId, about: AccountId) -> bool {
        let me = self.me.account;
        about == peer || about == me || peer == me && self.has_met(about)
    }

    /// Whether a device of `peer` may bring us what one of `author`'s says in the conversation.
    pub fn may_say(
        &self,
        peer: AccountId,
        author: AccountId,
        conversation: ConversationId,
    ) -> bool {
        let me = self.me.account;
        let pair = |account: AccountId| ConversationId::pair(&me.short(), &account.short());
        match (peer == me, author == me) {
            (true, true) => {
                conversation == ConversationId::own(&me) || self.has_begun(conversation)
            }
            (true, false) => conversation == pair(author) && self.has_met(author),
            (false, true) => conversation == pair(peer) && self.links(peer),
            (false, false) => conversation == pair(peer) && author == peer && self.links(peer),
        }
    }

    /// Whether the rosters say that this device of the account was removed.
    pub(super) fn has_removed(&self, account: AccountId, device: DeviceId) -> bool {
        self.rosters.get(&account).is_some_and(|r| r.roster().removed.contains(&device))
    }

    /// Whether a device of the account may say where the log of a removed one ends.
    pub fn may_cut(&self, account: AccountId, device: DeviceId, removed: DeviceId) -> bool {
        self.vouches(account, device) && self.has_removed(account, removed)
    }

    /// Whether the account is or was a friend: what was said stays, and own devices share it.
    pub(super) fn has_met(&self, account: AccountId) -> bool {
        self.map.knows(Topic::Friend, &account.short())
    }

    /// Whether the conversation is one with somebody who is or was a friend.
    pub(super) fn has_begun(&self, conversation: ConversationId) -> bool {
        let pair = |key: &[u8]| {
            let other = key.try_into().ok()?;
            Some(ConversationId::pair(&self.me.account.short(), other))
        };
        self.map.keys(Topic::Friend).any(|key| pair(key) == Some(conversation))
    }
}
