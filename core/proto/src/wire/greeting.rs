//! What two devices say of themselves while they shake hands, inside the first two messages of a
//! link.

use alloc::vec::Vec;

use super::{Invalid, Signed};
use crate::{id::SecretId, time::Time};

/// What the initiator says of itself; nothing is decided on it, for it can be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its account's roster.
    pub roster: Signed,
    /// Its card; its static must be the one proved.
    pub card: Signed,
    /// The secret whose psk it uses.
    pub secret: SecretId,
    /// Its clock.
    pub clock: Time,
    /// The versions of the wire it understands.
    pub versions: Vec<u32>,
}

/// What the responder says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its account's roster.
    pub roster: Signed,
    /// Its card.
    pub card: Signed,
    /// Its clock.
    pub clock: Time,
    /// The versions of the wire it understands.
    pub versions: Vec<u32>,
}

/// What both messages carry; only the first names a secret.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Greeting {
    #[prost(message, required, tag = "1")]
    roster: Signed,
    #[prost(message, required, tag = "2")]
    card: Signed,
    #[prost(uint64, tag = "3")]
    clock: u64,
    #[prost(uint32, repeated, tag = "4")]
    versions: Vec<u32>,
    #[prost(bytes = "vec", tag = "5")]
    secret: Vec<u8>,
}

impl From<&Offer> for Greeting {
    fn from(offer: &Offer) -> Self {
        Self {
            roster: offer.roster.clone(),
            card: offer.card.clone(),
            clock: offer.clock.0,
            versions: offer.versions.clone(),
            secret: offer.secret.0.to_vec(),
        }
    }
}

impl From<&Answer> for Greeting {
    fn from(answer: &Answer) -> Self {
        Self {
            roster: answer.roster.clone(),
            card: answer.card.clone(),
            clock: answer.clock.0,
            versions: answer.versions.clone(),
            secret: Vec::new(),
        }
    }
}

impl TryFrom<Greeting> for Offer {
    type Error = Invalid;

    fn try_from(greeting: Greeting) -> Result<Self, Invalid> {
        Ok(Self {
            secret: SecretId::parse(&greeting.secret).ok_or(Invalid)?,
            roster: greeting.roster,
            card: greeting.card,
            clock: Time(greeting.clock),
            versions: greeting.versions,
        })
    }
}

impl From<Greeting> for Answer {
    fn from(greeting: Greeting) -> Self {
        Self {
            roster: greeting.roster,
            card: greeting.card,
            clock: Time(greeting.clock),
            versions: greeting.versions,
        }
    }
}
