//! What two devices say of themselves while they shake hands, inside the first two messages of a
//! link.

use alloc::vec::Vec;

use super::{Signed, message::message};
use crate::{id::SecretId, time::Time};

message! {
    /// What a device says of itself. Nothing is decided on message 1, for it can be replayed.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Greeting {
        /// Its account's roster.
        pub roster: Signed = 1 required message;
        /// Its card; its static must be the one proved.
        pub card: Signed = 2 required message;
        /// Its clock.
        pub clock: Time = 3 uint64;
        /// The versions of the wire it understands.
        pub versions: Vec<u32> = 4 repeated uint32;
        /// In message 1: the secret whose psk it uses.
        pub secret: Option<SecretId> = 5 bytes;
    }
}
