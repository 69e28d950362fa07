//! Signs on the local network: how devices of friends, and invited people, know each other there.
//!
//! A sign is a salt and a keyed hash: those who know the key recognise it, to all others it is
//! noise, another one after every start.

use alloc::vec::Vec;

use super::{People, admit::Admission};
use crate::{dice::Dice, id::Target, seal};

/// So many signs are shown and looked at: a datagram's worth.
const MAX_TAGS: usize = 32;

impl People {
    /// What this device is recognised by on the local network, by friends and by every open
    /// invite's holder, if that changed: new tags mean work for all who listen.
    pub fn tags(&mut self, dice: &mut Dice) -> Option<Vec<Vec<u8>>> {
        let own = self.cards.get(&self.me.device()).map(|(card, _)| card.noise).into_iter();
        let keys = own.chain(self.adding.admission.iter().filter_map(Admission::key));
        let keys = keys.chain(self.invites().map(|invite| invite.key)).take(MAX_TAGS);
        let listed = self.is_listed();
        let keys: Vec<_> = keys.filter(|_| listed).collect();
        if keys == self.shown {
            return None;
        }
        self.shown = keys;
        let tag = |key| {
            let salt: [u8; 16] = dice.roll();
            [&salt[..], &seal::lan_tag(key, &salt)].concat()
        };
        Some(self.shown.iter().map(tag).collect())
    }

    /// Whose tags these are.
    pub fn recognise(&self, tags: &[Vec<u8>]) -> Vec<Target> {
        let tags = tags.iter().take(MAX_TAGS).filter_map(|tag| tag.split_first_chunk::<16>());
        let whose = |(salt, tag): (&[u8; 16], &[u8])| {
            let is = |key: &[u8; 32]| seal::lan_tag(key, salt) == tag;
            let device = self.callable().find(|card| is(&card.noise));
            let invite = || self.asking().find(|w| is(&w.invite.key));
            match device {
                Some(card) => Some(Target::Device(card.device())),
                None => invite().map(|w| Target::Inviter(w.invite.tag())),
            }
        };
        tags.filter_map(whose).collect()
    }
}
