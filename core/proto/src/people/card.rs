//! Cards: one device's signed address card. The higher version counts; a lower one is refused.

use alloc::vec::Vec;

use prost::Message;

use crate::{
    id::{AccountId, DeviceId},
    seal::{Context, SigningKey, VerifyingKey},
    wire::{self, Address, Invalid, MAX_SIGNED, Signed},
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

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Whose it is.
    pub account: AccountId,
    /// What it signs with.
    pub key: VerifyingKey,
    /// Counts up.
    pub version: u64,
    /// What it proves itself with in links.
    pub noise: [u8; 32],
    /// What it is good for.
    pub class: Class,
    /// What it can do beyond version 1: a bit each, none so far.
    pub capabilities: u64,
    /// Where it may be dialled.
    pub addresses: Vec<Address>,
}

impl Card {
    /// Whose card it is.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.account, &self.key)
    }

    /// Signs it. The key must be the card's.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Signed {
        let addresses = self.addresses.iter().filter(|a| a.travels()).take(MAX_ADDRESSES);
        let proto = CardProto {
            wire: wire::VERSION.into(),
            account: self.account.0.to_vec(),
            key: self.key.0.to_vec(),
            version: self.version,
            noise: self.noise.to_vec(),
            class: self.class.into(),
            capabilities: self.capabilities,
            addresses: addresses.map(Address::encode).collect(),
        };
        let bytes = proto.encode_to_vec();
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
        let proto: CardProto = wire::decode(&signed.bytes, MAX_SIGNED)?;
        if proto.addresses.len() > MAX_ADDRESSES {
            return Err(Invalid);
        }
        Ok(Self {
            account: AccountId::parse(&proto.account).ok_or(Invalid)?,
            key: VerifyingKey(proto.key.try_into().map_err(|_| Invalid)?),
            version: proto.version,
            noise: proto.noise.try_into().map_err(|_| Invalid)?,
            class: Class::try_from(proto.class).unwrap_or(Class::Phone),
            capabilities: proto.capabilities,
            addresses: proto.addresses.iter().filter_map(|a| Address::parse(a)).collect(),
        })
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct CardProto {
    #[prost(uint32, tag = "1")]
    wire: u32,
    #[prost(bytes = "vec", tag = "2")]
    account: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    key: Vec<u8>,
    #[prost(uint64, tag = "4")]
    version: u64,
    #[prost(bytes = "vec", tag = "5")]
    noise: Vec<u8>,
    #[prost(enumeration = "Class", tag = "6")]
    class: i32,
    #[prost(bytes = "vec", repeated, tag = "7")]
    addresses: Vec<Vec<u8>>,
    #[prost(uint64, tag = "8")]
    capabilities: u64,
}
