//! Renewals: new bytes for what two accounts share, after a device of one of them was removed.
//!
//! A renewal is signed by a device of the roster that it carries: who knows the old secret, and no
//! more, cannot hand out a new one. Which of several counts is not decided here.

use alloc::vec::Vec;

use super::{Signed, message::message};
use crate::{
    id::{AccountId, DeviceId},
    seal::{Context, Secret, SigningKey, VerifyingKey},
};

message! {
    /// What two accounts share from now on, or the devices of one, as one device says.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Renewal {
        /// Whose device it is.
        pub account: AccountId = 1 bytes;
        /// A roster of that account, which lists the device.
        pub roster: Signed = 2 required message;
        /// What the device signs with.
        pub key: VerifyingKey = 3 bytes;
        /// The highest counts.
        pub counter: u64 = 4 uint64;
        /// The new secret.
        pub secret: Secret = 5 bytes;
        /// By the device, over all of this and the other account.
        pub signature: Vec<u8> = 6 bytes;
    }
}

impl Renewal {
    /// A device of `account` renews what that shares with `other`.
    pub fn sign(
        [account, other]: [&AccountId; 2],
        roster: &Signed,
        counter: u64,
        secret: Secret,
        key: &SigningKey,
    ) -> Self {
        let (account, roster) = (*account, roster.clone());
        let signature = Vec::new();
        let mut renewal = Self { account, roster, key: key.public(), counter, secret, signature };
        let sign = |fields: &[&[u8]]| key.sign(Context::Renewal, fields).to_vec();
        renewal.signature = renewal.stated(other, sign);
        renewal
    }

    /// Whether its device signed it, for what its account shares with `other`.
    pub fn holds(&self, other: &AccountId) -> bool {
        let verify =
            |fields: &[&[u8]]| self.key.verifies(Context::Renewal, fields, &self.signature);
        self.stated(other, verify)
    }

    /// Who signed it.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.account, &self.key)
    }

    fn stated<T>(&self, other: &AccountId, then: impl Fn(&[&[u8]]) -> T) -> T {
        let counter = self.counter.to_le_bytes();
        then(&[&self.account.0, &other.0, &counter, &self.roster.hash(), &self.secret.0])
    }
}
