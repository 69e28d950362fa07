//! The letters of a hello: what stands outside, and what is sealed inside.

use alloc::vec::Vec;

use super::{
    Invalid, Signed, VERSION,
    message::{message, numbered},
};
use crate::{
    id::InviteTag,
    seal::{self, Secret},
};

/// The most a letter may take.
pub const MAX_LETTER: usize = 16 << 10;

/// How an invite is handed over, and so what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum InviteKind {
    /// As text or picture, over whatever carries it.
    Link = 0,
    /// Shown on a screen and scanned there.
    Screen = 1,
    /// For another device of one's own.
    Own = 2,
}

impl InviteKind {
    /// Its number, in one byte.
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// The kind of that number.
    pub(crate) fn of(number: u8) -> Option<Self> {
        Self::try_from(i32::from(number)).ok()
    }
}

/// Letter 1 as it travels: which invite it answers, and what is sealed to that invite's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter1 {
    /// The invite's kind.
    pub kind: InviteKind,
    /// The invite's tag.
    pub tag: InviteTag,
    /// The HPKE letter, a [`Hello`] inside.
    pub sealed: Vec<u8>,
}

impl Letter1 {
    /// The letter's bytes: version, suite, kind, tag, sealed.
    pub fn encode(&self) -> Vec<u8> {
        let head = [VERSION, seal::SUITE, self.kind.number()];
        [&head[..], &self.tag.0, &self.sealed].concat()
    }

    /// Reads a letter of this version and suite.
    ///
    /// # Errors
    /// [`Invalid`] for any other bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Invalid> {
        let (head, rest) = bytes.split_first_chunk::<3>().ok_or(Invalid)?;
        let (tag, sealed) = rest.split_first_chunk::<16>().ok_or(Invalid)?;
        let [VERSION, seal::SUITE, kind] = *head else { return Err(Invalid) };
        let kind = InviteKind::of(kind).ok_or(Invalid)?;
        if bytes.len() > MAX_LETTER {
            return Err(Invalid);
        }
        Ok(Self { kind, tag: InviteTag(*tag), sealed: sealed.to_vec() })
    }
}

/// What the inviter says to a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum Verdict {
    /// Never sent.
    Unspecified = 0,
    /// We are friends.
    Friend = 1,
    /// Somebody else used the invite before.
    UsedUp = 2,
    /// The invite was good until before.
    Expired = 3,
}

numbered!(Verdict);

message! {
    /// What is sealed in each letter; every field is covered by the signature.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Hello {
        /// The author's roster.
        pub roster: Signed = 1 required message;
        /// The card of the author's device.
        pub card: Signed = 2 required message;
        /// The author's half of the friendship secret; for a device of one's own also what it
        /// committed to, and at last the account key.
        pub half: Option<Secret> = 3 bytes;
        /// In letter 1: the one-time key the answer is sealed to.
        pub reply_key: Option<[u8; 32]> = 4 bytes;
        /// In letter 2.
        pub verdict: Verdict = 5 int32;
        /// By the author's device.
        pub signature: Vec<u8> = 6 bytes;
        /// For a device of one's own: what those share.
        pub secret: Option<Secret> = 7 bytes;
    }
}
