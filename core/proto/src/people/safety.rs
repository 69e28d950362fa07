//! Safety numbers: what two friends compare to know that nobody stands between them.
//!
//! A number is made of both accounts and the keys that speak for them now. It changes when one of
//! the two recovers the account under a new key; whoever had compared it is told to do so again.

use alloc::{format, string::String, vec::Vec};

use super::{Effect, Friend, News, People};
use crate::{
    id::AccountId,
    seal::{self, Context},
    store::Shelf,
};

/// So many groups of five digits: 199 of the hash's 256 bits.
const GROUPS: usize = 12;

impl People {
    /// What both see the same, twelve groups of five digits; nothing before the friend answered.
    pub fn safety_number(&self, friend: &Friend) -> Option<String> {
        let side = |account: AccountId| {
            let key = self.rosters.get(&account)?.roster().account_key();
            Some([account.0, key.0].concat())
        };
        let (own, other) = (side(self.me.account)?, side(friend.account?)?);
        let mut number = seal::derive(Context::Safety, &[(&own).min(&other), (&own).max(&other)]);
        let groups = (0..GROUPS).map(|_| format!("{:05}", remainder(&mut number, 100_000)));
        Some(groups.collect::<Vec<_>>().join(" "))
    }

    /// A person compared the number with the friend's: it is the same.
    pub fn verify(&mut self, friend: Friend, shelf: &mut dyn Shelf) {
        self.keep(Friend { verified: true, ..friend }, shelf);
    }

    /// Another key speaks for an account now: what was compared is not so any more.
    pub(super) fn rekeyed(&mut self, account: AccountId, shelf: &mut dyn Shelf) {
        if let Some(friend) = self.friend_with(&account.short()) {
            let friend = Friend { verified: false, ..friend };
            self.keep(friend.clone(), shelf);
            self.effects.push_back(Effect::News(News::Rekeyed(friend)));
        }
    }
}

/// Divides a number, big-endian; the remainder.
fn remainder(number: &mut [u8], by: u32) -> u32 {
    number.iter_mut().fold(0, |rest, byte| {
        let part = rest << 8 | u32::from(*byte);
        *byte = u8::try_from(part / by).expect("the rest is smaller than the divisor");
        part % by
    })
}
