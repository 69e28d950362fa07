//! Cards: one device's signed address card. The higher version counts; a lower one is refused.

use alloc::vec::Vec;

use crate::{
    id::{AccountId, DeviceId},
    seal::{Context, SigningKey, VerifyingKey},
    wire::{
        self, Address, Invalid, MAX_SIGNED, Signed,
        message::{message, numbered},
    },
};

/// The most addresses on a card.
pub const MAX_ADDRESSES: usize = 8;

/// What a device is good for; the more able one last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Class {
    /// Sleeps, moves, pays for traffic.
    Phone = 0,
    /// On while somebody works at it.
    Pc = 1,
    /// On day and night.
    AlwaysOn = 2,
}

numbered!(Class);

message! {
    /// What a device says of itself.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Card {
        /// The version of the wire it is written in.
        pub wire: u32 = 1 uint32;
        /// Whose it is.
        pub account: AccountId = 2 bytes;
        /// What it signs with.
        pub key: VerifyingKey = 3 bytes;
        /// Counts up.
        pub version: u64 = 4 uint64;
        /// What it proves itself with in links.
        pub noise: [u8; 32] = 5 bytes;
        /// What it is good for.
        pub class: Class = 6 int32;
        /// Where it may be dialled.
        pub addresses: Vec<Address> = 7 repeated bytes [MAX_ADDRESSES];
        /// What it can do beyond version 1: a bit each, none so far.
        pub capabilities: u64 = 8 uint64;
    }
}

impl Card {
    /// Whose card it is.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.account, &self.key)
    }

    /// Signs it, with the addresses that mean something to others. The key must be the card's.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Signed {
        let travel = self.addresses.iter().filter(|a| a.travels()).take(MAX_ADDRESSES);
        let card = Self { addresses: travel.copied().collect(), ..self.clone() };
        let bytes = wire::encode(&card);
        let signature = key.sign(Context::Card, &[&bytes]).to_vec();
        Signed { bytes, signature }
    }

    /// Reads a card and checks that its device signed it. Addresses of a later kind are left out.
    ///
    /// # Errors
    /// [`Invalid`] if it did not, or a bound is broken.
    pub fn open(signed: &Signed) -> Result<Self, Invalid> {
        let card = Self::stored(signed)?;
        let genuine = card.key.verifies(Context::Card, &[&signed.bytes], &signed.signature);
        genuine.then_some(card).ok_or(Invalid)
    }

    /// Reads a card that was checked before it was stored.
    ///
    /// # Errors
    /// [`Invalid`] if a bound is broken.
    pub fn stored(signed: &Signed) -> Result<Self, Invalid> {
        wire::decode(&signed.bytes, MAX_SIGNED)
    }
}
