//! Records of the map that own devices share: friends, secrets, invites.

use alloc::vec::Vec;

/// What a record is about; the key beside it says which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Topic {
    /// A topic of a later version: kept and passed on.
    Newer = 0,
    /// A friend, by account.
    Friend = 1,
    /// A secret shared with an account, by account and the secret's id.
    Secret = 2,
    /// An invite of ours, by tag.
    Invite = 3,
    /// Up to where a log was read, by conversation and device.
    ReadMark = 4,
    /// What a person chose, by name.
    Setting = 5,
    /// An introduction that we made, by its id.
    Introduction = 6,
    /// A secret that was renewed, by account and the new secret's id.
    Renewal = 7,
    /// An introduction that was offered to us, by its id.
    Offer = 9,
    /// What an own device is called, by device.
    Label = 8,
}

/// One record: of two with the same topic and key the higher counter wins, then the larger device.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MapRecord {
    /// What it is about: a [`Topic`] or a later version's number.
    #[prost(int32, tag = "1")]
    pub topic: i32,
    /// Which one.
    #[prost(bytes = "vec", tag = "2")]
    pub key: Vec<u8>,
    /// How often it was changed.
    #[prost(uint64, tag = "3")]
    pub counter: u64,
    /// Who changed it last.
    #[prost(bytes = "vec", tag = "4")]
    pub device: Vec<u8>,
    /// What it says; nothing if it was removed.
    #[prost(bytes = "vec", optional, tag = "5")]
    pub value: Option<Vec<u8>>,
}

impl MapRecord {
    /// The most bytes of a key and of a value together.
    pub const MAX: usize = 8 << 10;

    /// Whether this one displaces the other.
    pub fn beats(&self, other: &Self) -> bool {
        (self.counter, &self.device, &self.value) > (other.counter, &other.device, &other.value)
    }
}
