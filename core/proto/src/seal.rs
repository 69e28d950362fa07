//! Letters, signatures, derivations: the cryptography that is not Noise, and one table of every
//! context string.
//!
//! Every derivation and every hash over named fields is BLAKE3's `derive_key` under its own
//! context, its fields length-prefixed; every signature starts with its context. Version and
//! suite are in the info of every letter. Nothing here draws randomness but from [`Dice`].

use alloc::{string::String, vec::Vec};
use core::fmt;

use ed25519_dalek::Signer as _;
use hpke::{
    Deserializable as _, Kem as _, OpModeR, OpModeS, PskBundle, Serializable as _,
    aead::ChaCha20Poly1305 as Aead, kdf::HkdfSha256 as Kdf, kem::X25519HkdfSha256 as Kem,
    setup_receiver, setup_sender_with_rng,
};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{dice::Dice, id::ids};

/// The one suite there is: Ed25519, X25519, ChaCha20-Poly1305, BLAKE3 (BLAKE2s in links).
pub const SUITE: u8 = 1;

macro_rules! contexts {
    ($($(#[$doc:meta])* $name:ident $label:literal;)*) => {
        /// What a hash, a key or a signature is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Context {
            $($(#[$doc])* $name,)*
        }

        impl Context {
            /// Every one of them, for whoever checks that they differ.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The string that binds it.
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("covey 1 ", $label),)*
                }
            }
        }
    };
}

contexts! {
    /// [`crate::AccountId`]: account key, hash of the recovery key.
    Account "account";
    /// [`crate::DeviceId`]: suite, account, signing key.
    Device "device";
    /// The hash of a recovery key.
    Recovery "recovery";
    /// The conversation of two accounts.
    Pair "pair";
    /// The conversation of an account with itself.
    Own "self";
    /// [`crate::EntryId`]: the head's bytes.
    Entry "entry";
    /// A body in its head: salt, content.
    Body "body";
    /// Signature of a run: its last entry's id.
    Run "run";
    /// Signature of a roster by the account key: its bytes.
    Roster "roster";
    /// Signature of a card by the device key: its bytes.
    Card "card";
    /// An invite's one-time key, from its seed.
    InviteKey "invite key";
    /// An invite's secret, from its seed.
    InviteSecret "invite secret";
    /// The tag of an invite, from its secret.
    InviteTag "invite tag";
    /// The psk of both hello letters, from the invite's secret.
    InvitePsk "invite psk";
    /// The inviter's half of a friendship secret: invite seed, hash of letter 1.
    InviteHalf "invite half";
    /// The invite as a newcomer saw it.
    InviteSeen "invite seen";
    /// The hash of letter 1.
    HelloLetter "hello letter";
    /// A hash of a roster or card within a signature: its bytes, its own signature.
    HelloPart "hello part";
    /// Letter 1, its info and the signature inside.
    Hello1 "hello 1";
    /// Letter 2, its info and the signature inside.
    Hello2 "hello 2";
    /// A new device's half of what its digits are made of, before it is shown.
    Commitment "commitment";
    /// The six digits that are compared, from what letter 1 and both halves make.
    Digits "digits";
    /// Letter 3 of a new device, its info and the signature inside.
    Adding3 "adding 3";
    /// Letter 4, to a new device, its info and the signature inside.
    Adding4 "adding 4";
    /// A friendship's secret: hash of letter 1, both halves, both accounts.
    Friendship "friendship";
    /// The name of a secret.
    SecretId "secret id";
    /// Signature of a renewal: both accounts, counter, hash of the roster, new bytes.
    Renewal "renewal";
    /// Signature of a cut: account, conversation, device, place, id.
    Cut "cut";
    /// The psk of links, from a friendship's or the own devices' secret.
    LinkPsk "link psk";
    /// The key of the cheap check in front of link message 1: the responder's Noise static.
    LinkMac "link mac";
    /// A device's sign on the local network: its Noise static or an invite's key, and a salt.
    LanTag "lan tag";
    /// A safety number: both accounts, each with the key that speaks for it.
    Safety "safety";
    /// The digest of the heads of a conversation.
    Digest "digest";
    /// The digest of the map that own devices share.
    MapDigest "map digest";
    /// Fresh bytes for the dice.
    Stir "stir";
}

/// A hash or key over these fields.
pub fn derive(context: Context, fields: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context.label());
    framed(fields, |part| _ = hasher.update(part));
    *hasher.finalize().as_bytes()
}

/// Fields as they are hashed and signed: each behind its length.
fn framed(fields: &[&[u8]], mut take: impl FnMut(&[u8])) {
    for field in fields {
        let length = u32::try_from(field.len()).expect("fields are far below 4 GiB");
        take(&length.to_le_bytes());
        take(field);
    }
}

/// 32 bytes that must not be seen.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(pub [u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Another secret, made of this one for another purpose.
    pub fn derive(&self, context: Context) -> Self {
        Self(derive(context, &[&self.0]))
    }
}

ids! {
    /// An Ed25519 public key; whether it is a point on the curve shows when it verifies.
    VerifyingKey[32] "key";
}

impl VerifyingKey {
    /// Whether `signature` is this key's over the fields.
    #[must_use]
    pub fn verifies(&self, context: Context, fields: &[&[u8]], signature: &[u8]) -> bool {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).ok();
        let signature = ed25519_dalek::Signature::from_slice(signature).ok();
        let bytes = signed_bytes(context, fields);
        key.zip(signature).is_some_and(|(key, by_it)| key.verify_strict(&bytes, &by_it).is_ok())
    }
}

/// An Ed25519 key pair.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The pair of this secret.
    pub fn new(secret: &Secret) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(&secret.0))
    }

    /// What others check it by.
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().to_bytes())
    }

    /// Signs the fields for one purpose.
    pub fn sign(&self, context: Context, fields: &[&[u8]]) -> [u8; 64] {
        self.0.sign(&signed_bytes(context, fields)).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.public().fmt(f)
    }
}

fn signed_bytes(context: Context, fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut take = |part: &[u8]| bytes.extend_from_slice(part);
    framed(&[context.label().as_bytes()], &mut take);
    framed(fields, &mut take);
    bytes
}

/// The public key of an X25519 secret: for Noise statics, invite keys and reply keys.
pub fn x25519_public(secret: &Secret) -> [u8; 32] {
    let secret = <Kem as hpke::Kem>::PrivateKey::from_bytes(&secret.0).expect("32 bytes are a key");
    Kem::sk_to_pk(&secret).to_bytes().into()
}

/// What binds a letter besides its recipient: who could have written it and where it belongs.
#[derive(Debug)]
pub struct Binding<'a> {
    /// Which kind of letter.
    pub context: Context,
    /// A secret both sides hold.
    pub psk: &'a Secret,
    /// How the psk is called.
    pub psk_id: &'a [u8],
    /// What else is bound: fields.
    pub fields: &'a [&'a [u8]],
    /// What travels beside it in the clear.
    pub aad: &'a [u8],
}

impl Binding<'_> {
    fn info(&self) -> Vec<u8> {
        let suite = [crate::wire::VERSION, SUITE];
        let mut fields: Vec<&[u8]> = alloc::vec![&suite];
        fields.extend(self.fields);
        signed_bytes(self.context, &fields)
    }

    fn psk(&self) -> PskBundle<'_> {
        PskBundle::new(&self.psk.0, self.psk_id).expect("neither is empty")
    }
}

/// Seals `plain` to an X25519 key (RFC 9180, PSK mode): the encapsulated key, then the ciphertext.
/// `None` if the key is one that nobody can own.
pub fn seal(
    to: &[u8; 32],
    binding: &Binding<'_>,
    plain: &[u8],
    dice: &mut Dice,
) -> Option<Vec<u8>> {
    let to = <Kem as hpke::Kem>::PublicKey::from_bytes(to).ok()?;
    let mode = OpModeS::Psk(binding.psk());
    let info = binding.info();
    let set_up = setup_sender_with_rng::<Aead, Kdf, Kem>(&mode, &to, &info, dice.rng());
    let (encapsulated, mut context) = set_up.ok()?;
    let mut letter = Vec::from(&encapsulated.to_bytes()[..]);
    letter.extend(context.seal(plain, binding.aad).ok()?);
    Some(letter)
}

/// Opens what [`seal`] made, or tells nothing.
pub fn open(secret: &Secret, binding: &Binding<'_>, letter: &[u8]) -> Option<Vec<u8>> {
    let (encapsulated, sealed) = letter.split_at_checked(32)?;
    let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
    let secret = <Kem as hpke::Kem>::PrivateKey::from_bytes(&secret.0).ok()?;
    let mode = OpModeR::Psk(binding.psk());
    let info = binding.info();
    let set_up = setup_receiver::<Aead, Kdf, Kem>(&mode, &secret, &encapsulated, &info);
    let mut context = set_up.ok()?;
    context.open(sealed, binding.aad).ok()
}

/// The sign by which those who know `key` recognise its owner: anew with every salt.
pub fn lan_tag(key: &[u8; 32], salt: &[u8]) -> [u8; 8] {
    *derive(Context::LanTag, &[key, salt]).first_chunk().expect("32 bytes")
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn letter(psk: &Secret) -> Binding<'_> {
        Binding { context: Context::Hello1, psk, psk_id: b"invite", fields: &[b"a"], aad: b"tag" }
    }

    #[test]
    fn no_two_contexts_are_alike() {
        let labels: BTreeSet<_> = Context::ALL.iter().map(|c| c.label()).collect();
        assert_eq!(labels.len(), Context::ALL.len());
    }

    #[test]
    fn fields_cannot_be_shifted_into_each_other() {
        assert_ne!(derive(Context::Pair, &[b"ab", b"c"]), derive(Context::Pair, &[b"a", b"bc"]));
    }

    #[test]
    fn a_signature_holds_for_its_context_and_fields_only() {
        let key = SigningKey::new(&Secret([3; 32]));
        let signature = key.sign(Context::Card, &[b"card"]);
        assert!(key.public().verifies(Context::Card, &[b"card"], &signature));
        assert!(!key.public().verifies(Context::Roster, &[b"card"], &signature));
        assert!(!key.public().verifies(Context::Card, &[b"cord"], &signature));
    }

    #[test]
    fn a_letter_opens_for_its_key_psk_and_binding_only() {
        let (secret, psk) = (Secret([1; 32]), Secret([2; 32]));
        let to = x25519_public(&secret);
        let sealed = seal(&to, &letter(&psk), b"hello", &mut Dice::new([0; 32])).unwrap();
        assert_eq!(open(&secret, &letter(&psk), &sealed).unwrap(), b"hello");
        assert_eq!(open(&Secret([9; 32]), &letter(&psk), &sealed), None);
        assert_eq!(open(&secret, &letter(&Secret([9; 32])), &sealed), None);
        let elsewhere = Binding { context: Context::Hello2, ..letter(&psk) };
        assert_eq!(open(&secret, &elsewhere, &sealed), None);
        let beside = Binding { aad: b"tug", ..letter(&psk) };
        assert_eq!(open(&secret, &beside, &sealed), None);
    }

    #[test]
    fn the_same_seed_seals_the_same_letter() {
        let psk = Secret([2; 32]);
        let to = x25519_public(&Secret([1; 32]));
        let once = seal(&to, &letter(&psk), b"hello", &mut Dice::new([5; 32]));
        assert_eq!(once, seal(&to, &letter(&psk), b"hello", &mut Dice::new([5; 32])));
    }
}
