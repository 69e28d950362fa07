//! Cuts: where the log of a removed device ends, as its account vouches.

use super::message::message;
use crate::{
    id::{AccountId, DeviceId, EntryId, LogId, Seq},
    seal::{Context, SigningKey, VerifyingKey},
};

message! {
    /// The last entry of a log that counts, as a device of its account says.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Cut {
        /// Whose device was removed, and whose says so.
        pub account: AccountId = 1 bytes;
        /// The place of the last entry.
        pub seq: Seq = 2 uint64;
        /// Its id.
        pub id: EntryId = 3 bytes;
        /// What the device that says so signs with.
        pub key: VerifyingKey = 4 bytes;
        /// By that device, over all of this and the log.
        pub signature: [u8; 64] = 5 bytes;
    }
}

impl Cut {
    /// Says that a log of the account ends there.
    pub fn sign(account: AccountId, log: LogId, seq: Seq, id: EntryId, key: &SigningKey) -> Self {
        let mut cut = Self { account, seq, id, key: key.public(), signature: [0; 64] };
        cut.signature = cut.stated(log, |fields| key.sign(Context::Cut, fields));
        cut
    }

    /// Whether its device signed it, for this log.
    pub fn holds(&self, log: LogId) -> bool {
        self.stated(log, |fields| self.key.verifies(Context::Cut, fields, &self.signature))
    }

    /// Who signed it.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.account, &self.key)
    }

    fn stated<T>(&self, log: LogId, then: impl Fn(&[&[u8]]) -> T) -> T {
        let (account, seq) = (&self.account.0, self.seq.0.to_le_bytes());
        then(&[account, &log.conversation.0, &log.device.0, &seq, &self.id.0])
    }
}
