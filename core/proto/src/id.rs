//! Names: the newtypes every other module speaks in.
//!
//! An id that exists has the right length; whose it is, or whether anything stands behind it, is
//! decided elsewhere. `Debug` prints the first four bytes.

use crate::seal::{self, Context};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident[$len:literal] $mark:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// The id in these bytes, if they are as many as it has.
            pub fn parse(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let [a, b, c, d, ..] = self.0;
                write!(f, concat!($mark, ":{:02x}{:02x}{:02x}{:02x}"), a, b, c, d)
            }
        }
    )*};
}
pub(crate) use ids;

ids! {
    /// A person, for ever: a hash of the first account key and of the first recovery key's hash.
    AccountId[32] "account";
    /// One installation of a person, and so the name of its log in every conversation.
    DeviceId[16] "device";
    /// An entry of a log: the hash of its head.
    EntryId[32] "entry";
    /// Where an entry belongs: a pair, a circle, or oneself.
    ConversationId[32] "conversation";
    /// Which of a friendship's secrets a link uses; a derivation of it.
    SecretId[8] "secret";
    /// An invite, to those who hold it; a derivation of its secret.
    InviteTag[16] "invite";
    /// An introduction of two friends to each other, as its maker drew it.
    IntroductionId[16] "introduction";
    /// The hash of some bytes.
    Hash[32] "hash";
}

impl AccountId {
    /// The account that begins with this key and this hash of a recovery key.
    pub fn of(account_key: &seal::VerifyingKey, recovery: &Hash) -> Self {
        Self(seal::derive(Context::Account, &[&account_key.0, &recovery.0]))
    }

    /// The bytes of it that an invite carries.
    pub fn short(&self) -> [u8; 16] {
        *self.0.first_chunk().expect("32 bytes")
    }
}

impl DeviceId {
    /// The device of `account` with this signing key: nobody can list another's device as his own.
    pub fn of(account: &AccountId, key: &seal::VerifyingKey) -> Self {
        let suite = seal::SUITE.to_le_bytes();
        let hash = seal::derive(Context::Device, &[&suite, &account.0, &key.0]);
        Self(*hash.first_chunk().expect("32 bytes"))
    }
}

impl EntryId {
    /// What the first entry of a log names as its predecessor.
    pub const NONE: Self = Self([0; 32]);

    /// Enough of it to compare two heads by.
    pub fn short(&self) -> [u8; 8] {
        *self.0.first_chunk().expect("32 bytes")
    }
}

impl ConversationId {
    /// The conversation of two accounts, by as much of their ids as an invite carries: so what is
    /// written before the inviter answers is where it belongs already.
    pub fn pair(one: &[u8; 16], other: &[u8; 16]) -> Self {
        let (small, large) = (one.min(other), one.max(other));
        Self(seal::derive(Context::Pair, &[small, large]))
    }

    /// The conversation of an account with itself: notes, and things for own devices.
    pub fn own(account: &AccountId) -> Self {
        Self(seal::derive(Context::Own, &[&account.0]))
    }
}

/// What one device says in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub device: DeviceId,
}

/// An entry's place in its log, from 1; 0 is the place before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    /// No honest log is ever this long: entries from here on are invalid.
    pub const END: Self = Self(1 << 47);

    /// The place behind this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Whom an answer goes to, as the shell counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asker(pub u64);

/// Whom to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A device, for a link.
    Device(DeviceId),
    /// The maker of an invite, for a hello.
    Inviter(InviteTag),
}

/// A link as the shell counts them: never used twice within a run of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);
