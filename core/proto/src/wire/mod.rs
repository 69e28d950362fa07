//! The wire, version 1: bytes to types and back. Nothing is decided here.
//!
//! Everything but the invite is protobuf (proto3, unknown fields skipped):
//!
//! | thing | layout | bound |
//! |---|---|---|
//! | signed | `{1 bytes, 2 signature}`; passed on as the very bytes received | 4 KiB |
//! | head | `{1 version, 2 kind, 3 flags, 4 conversation, 5 device, 6 seq, 7 prev, 8 seen…, 9 acts…, 10 target, 11 at, 12 keep_for, 13 body_hash}` | 1 KiB |
//! | body | 16 random bytes, then the content; nothing once withdrawn | 32 KiB of text, 32 bytes of reaction |
//! | run | `{1 entries… {1 head, 2 body}, 2 signature, 3 account, 4 key, 5 suite}` | 64 entries, 56 KiB |
//! | frame | a `oneof`, see [`frame`]; in a link: its length as protobuf's varint, then zeros up to a multiple of 128 | 60 KiB |
//! | link message 1 | 16 bytes of mac over bearer and rest, then Noise's; inside: `{1 roster, 2 card, 3 clock, 4 versions…, 5 secret}`, padded as frames are | 12 KiB |
//! | link message 2 | Noise's; inside the same without 5 | 12 KiB |
//! | renewal | `{1 account, 2 roster, 3 key, 4 counter, 5 secret, 6 signature}` | 5 KiB |
//! | cut | `{1 account, 2 seq, 3 id, 4 key, 5 signature}`, within a `Have` | |
//! | letter 1 | version, suite, kind, 16 bytes of tag, then HPKE's key and ciphertext | 16 KiB |
//! | letter 2 | HPKE's key and ciphertext | 16 KiB |
//! | invite | see [`crate::people::invite`] | 225 bytes |

use alloc::vec::Vec;

use crate::seal::{self, Context};

pub mod address;
pub mod cut;
pub mod entry;
pub mod frame;
pub mod greeting;
pub mod letter;
pub(crate) mod message;
pub mod record;
pub mod renewal;
pub mod run;

pub use address::{Address, Transport};
pub use cut::Cut;
pub use entry::{Body, Entry, Head, Kind, Unsigned};
pub use frame::{Digest, Frame, Have, Introduction, LogHave, Range, Want};
pub use greeting::Greeting;
pub(crate) use message::{decode, encode};
pub use record::{MapRecord, Topic};
pub use renewal::Renewal;
pub use run::Run;

/// The version of everything on this wire.
pub const VERSION: u8 = 1;

/// The most a roster or a card may take, signature included.
pub const MAX_SIGNED: usize = 4 << 10;

/// Foreign bytes that are not what they should be: too long, damaged, or out of some bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid on the wire")]
pub struct Invalid;

/// Something signed, as it was received: bytes whose meaning and signer its reader knows.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Signed {
    /// What was signed.
    #[prost(bytes = "vec", tag = "1")]
    pub bytes: Vec<u8>,
    /// Ed25519 under the context of what it is.
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
}

impl Signed {
    /// Reads one of at most [`MAX_SIGNED`] bytes.
    ///
    /// # Errors
    /// [`Invalid`] if it is longer or no such thing.
    pub fn parse(bytes: &[u8]) -> Result<Self, Invalid> {
        decode(bytes, MAX_SIGNED)
    }

    /// What stands for it within a signature.
    pub fn hash(&self) -> [u8; 32] {
        seal::derive(Context::HelloPart, &[&self.bytes, &self.signature])
    }
}
