//! Hello: the two letters by which two accounts become friends.
//!
//! ```text
//! newcomer                                                             inviter
//!    │  letter 1, sealed to the invite's key: roster, card, half, reply key │
//!    ├─────────────────────────────────────────────────────────────────────>│
//!    │  letter 2, sealed to the reply key: roster, card, half, verdict      │
//!    │<─────────────────────────────────────────────────────────────────────┤
//! ```
//!
//! Who reads an invite on its way can come first, under his own name, and no more: each letter is
//! signed by its author's device over the invite as seen, both accounts and all that is inside,
//! and letter 2 answers one letter 1. The inviter's half is made of the invite's seed and letter
//! 1, so every device that holds the seed answers with the same friendship secret. Nothing is
//! remembered here: whether an invite is still good, and what was answered before, is for those
//! to decide who keep it.

use alloc::{string::String, vec::Vec};
use core::fmt;

use prost::Message as _;

use super::{
    account::Roster,
    card::Card,
    invite::{self, Invite},
};
use crate::{
    dice::Dice,
    id::AccountId,
    seal::{self, Binding, Context, Secret, SigningKey},
    wire::{
        self, Invalid, Signed,
        letter::{Hello, InviteKind, Letter1, MAX_LETTER, Verdict},
    },
};

/// Who writes a letter: this device.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// Its account.
    pub account: AccountId,
    /// What it signs with.
    pub key: &'a SigningKey,
    /// A roster that lists it.
    pub roster: &'a Signed,
    /// Its card.
    pub card: &'a Signed,
}

/// What a newcomer keeps until the answer comes.
#[derive(Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What is answered.
    pub invite: Invite,
    /// Letter 1: sent, and sent again, as it is.
    pub letter: Vec<u8>,
    reply: Secret,
    half: Secret,
}

/// What an inviter answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What came of it.
    pub verdict: Verdict,
    /// The inviter's roster.
    pub roster: Roster,
    /// It, as it was received.
    pub roster_signed: Signed,
    /// The card of the device that answered.
    pub card: Card,
    /// It, as it was received.
    pub card_signed: Signed,
    /// What the two share from now on, if they are friends.
    pub secret: Option<Secret>,
}

/// Who came with an invite of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// The newcomer's roster.
    pub roster: Roster,
    /// It, as it was received.
    pub roster_signed: Signed,
    /// The card of the device that wrote.
    pub card: Card,
    /// It, as it was received.
    pub card_signed: Signed,
    /// The newcomer's half of the friendship secret.
    pub half: Secret,
    /// What the answer is sealed to.
    pub reply_key: [u8; 32],
    /// The hash of letter 1.
    pub letter: [u8; 32],
}

/// Writes letter 1. `None` if the invite befriends nobody: it is our own or for own devices, or
/// its key is one that nobody can own.
#[must_use]
pub fn write(invite: &Invite, author: &Author<'_>, dice: &mut Dice) -> Option<Waiting> {
    if !befriends(invite.kind) || author.account.short() == invite.account {
        return None;
    }
    let (reply, half) = (Secret(dice.roll()), Secret(dice.roll()));
    let first = Letter { invite, answers: None };
    let reply_key = seal::x25519_public(&reply);
    let mut hello = hello(author, half.0.to_vec());
    hello.reply_key = reply_key.to_vec();
    hello.signature = first.stated(&author.account, &reply_key, &hello, |context, fields| {
        author.key.sign(context, fields).to_vec()
    });
    let letter = Letter1 {
        kind: invite.kind,
        tag: invite.tag(),
        sealed: first.seal(&invite.key, &hello, dice)?,
    };
    Some(Waiting { invite: invite.clone(), letter: letter.encode(), reply, half })
}

/// Reads letter 1. `None` unless somebody of another account signed it for this very invite.
#[must_use]
pub fn read(seed: &Secret, invite: &Invite, letter: &[u8]) -> Option<Newcomer> {
    let outer = Letter1::parse(letter).ok()?;
    if !befriends(invite.kind) || (outer.kind, outer.tag) != (invite.kind, invite.tag()) {
        return None;
    }
    let first = Letter { invite, answers: None };
    let hello = first.open(&invite::invite_key(seed), &outer.sealed)?;
    let (roster, card) = person(&hello)?;
    let reply_key = hello.reply_key.as_slice().try_into().ok()?;
    let signed = first.stated(&roster.account, &reply_key, &hello, |context, fields| {
        card.key.verifies(context, fields, &hello.signature)
    });
    let verdict = hello.verdict != Verdict::Unspecified as i32;
    if !signed || verdict || roster.account.short() == invite.account {
        return None;
    }
    Some(Newcomer {
        roster,
        card,
        half: Secret(hello.half.try_into().ok()?),
        reply_key,
        letter: letter_hash(letter),
        roster_signed: hello.roster,
        card_signed: hello.card,
    })
}

/// Writes letter 2, and tells the friendship secret if that is the verdict. `None` if the reply
/// key is one that nobody can own, or there is no verdict.
#[must_use]
pub fn answer(
    seed: &Secret,
    invite: &Invite,
    newcomer: &Newcomer,
    verdict: Verdict,
    author: &Author<'_>,
    dice: &mut Dice,
) -> Option<(Vec<u8>, Option<Secret>)> {
    let half = match verdict {
        Verdict::Unspecified => return None,
        Verdict::Friend => Some(inviter_half(seed, &newcomer.letter)),
        Verdict::UsedUp | Verdict::Expired => None,
    };
    let second = Letter { invite, answers: Some(newcomer.letter) };
    let (to, account) = (&newcomer.reply_key, &newcomer.roster.account);
    let mut hello = hello(author, half.as_ref().map_or(Vec::new(), |h| h.0.to_vec()));
    hello.verdict = verdict.into();
    hello.signature = second
        .stated(account, to, &hello, |context, fields| author.key.sign(context, fields).to_vec());
    let letter = second.seal(to, &hello, dice)?;
    let secret = half.map(|half| {
        let halves = [&half, &newcomer.half];
        friendship(&newcomer.letter, halves, [&author.account, account])
    });
    Some((letter, secret))
}

impl Waiting {
    /// Reads letter 2, `me` being who wrote letter 1. `None` unless the account that made the
    /// invite signed it, in answer to this very letter.
    #[must_use]
    pub fn open(&self, me: &AccountId, letter: &[u8]) -> Option<Reply> {
        let asked = letter_hash(&self.letter);
        let second = Letter { invite: &self.invite, answers: Some(asked) };
        let hello = second.open(&self.reply, letter)?;
        let (roster, card) = person(&hello)?;
        let reply_key = seal::x25519_public(&self.reply);
        let signed = second.stated(me, &reply_key, &hello, |context, fields| {
            card.key.verifies(context, fields, &hello.signature)
        });
        if !signed || !hello.reply_key.is_empty() || roster.account.short() != self.invite.account {
            return None;
        }
        let verdict = Verdict::try_from(hello.verdict).ok()?;
        let secret = match verdict {
            Verdict::Unspecified => return None,
            Verdict::Friend => {
                let half = Secret(hello.half.try_into().ok()?);
                let halves = [&half, &self.half];
                Some(friendship(&asked, halves, [&roster.account, me]))
            }
            Verdict::UsedUp | Verdict::Expired => None,
        };
        Some(Reply {
            verdict,
            roster,
            roster_signed: hello.roster,
            card,
            card_signed: hello.card,
            secret,
        })
    }

    /// Its bytes, for the store.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let proto = WaitingProto {
            invite: self.invite.text(),
            letter: self.letter.clone(),
            reply: self.reply.0.to_vec(),
            half: self.half.0.to_vec(),
        };
        proto.encode_to_vec()
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`Invalid`] if it is no such thing.
    pub fn parse(bytes: &[u8]) -> Result<Self, Invalid> {
        let proto: WaitingProto = wire::decode(bytes, 2 * MAX_LETTER)?;
        let secret = |bytes: Vec<u8>| bytes.try_into().map(Secret).map_err(|_| Invalid);
        Ok(Self {
            invite: Invite::parse(&proto.invite).map_err(|_| Invalid)?,
            letter: proto.letter,
            reply: secret(proto.reply)?,
            half: secret(proto.half)?,
        })
    }
}

/// It holds the secrets of a friendship to be.
impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({:?})", self.invite)
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct WaitingProto {
    #[prost(string, tag = "1")]
    invite: String,
    #[prost(bytes = "vec", tag = "2")]
    letter: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    reply: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    half: Vec<u8>,
}

/// One of the two letters to an invite: what seals it, and what its author signs.
struct Letter<'a> {
    invite: &'a Invite,
    /// The hash of letter 1, in letter 2.
    answers: Option<[u8; 32]>,
}

impl Letter<'_> {
    fn seal(&self, to: &[u8; 32], hello: &Hello, dice: &mut Dice) -> Option<Vec<u8>> {
        let plain = hello.encode_to_vec();
        self.bound(|binding| seal::seal(to, binding, &plain, dice))
    }

    fn open(&self, key: &Secret, sealed: &[u8]) -> Option<Hello> {
        (sealed.len() <= MAX_LETTER).then_some(())?;
        let plain = self.bound(|binding| seal::open(key, binding, sealed))?;
        Hello::decode(&*plain).ok()
    }

    fn context(&self) -> Context {
        match self.answers {
            None => Context::Hello1,
            Some(_) => Context::Hello2,
        }
    }

    fn bound<T>(&self, then: impl FnOnce(&Binding<'_>) -> T) -> T {
        let tag = self.invite.tag();
        then(&Binding {
            context: self.context(),
            psk: &self.invite.psk(),
            psk_id: b"invite",
            fields: &[&[self.invite.kind.number()]],
            aad: self.answers.as_ref().map_or(&tag.0, |hash| hash),
        })
    }

    fn stated<T>(
        &self,
        newcomer: &AccountId,
        reply_key: &[u8; 32],
        hello: &Hello,
        then: impl FnOnce(Context, &[&[u8]]) -> T,
    ) -> T {
        let (roster, card) = (part(&hello.roster), part(&hello.card));
        let (seen, kind) = (self.invite.seen(), [self.invite.kind.number()]);
        let verdict = hello.verdict.to_le_bytes();
        let mut fields: Vec<&[u8]> = alloc::vec![
            &seen,
            &self.invite.account,
            &newcomer.0,
            &roster,
            &card,
            &hello.half,
            reply_key,
            &kind,
        ];
        if let Some(letter) = &self.answers {
            fields.extend([&verdict[..], letter]);
        }
        then(self.context(), &fields)
    }
}

/// What every letter of an author begins with.
fn hello(author: &Author<'_>, half: Vec<u8>) -> Hello {
    Hello { roster: author.roster.clone(), card: author.card.clone(), half, ..Hello::default() }
}

/// Whose roster and card these are, if they belong together.
fn person(hello: &Hello) -> Option<(Roster, Card)> {
    let roster = Roster::open(&hello.roster).ok()?;
    let card = Card::open(&hello.card).ok()?;
    let listed = roster.devices.get(&card.device()) == Some(&card.key);
    (card.account == roster.account && listed).then_some((roster, card))
}

/// Whether invites of this kind make friends.
fn befriends(kind: InviteKind) -> bool {
    match kind {
        InviteKind::Link | InviteKind::Screen => true,
        InviteKind::Own => false,
    }
}

fn part(signed: &Signed) -> [u8; 32] {
    let fields = [&signed.bytes[..], &signed.signature];
    seal::derive(Context::HelloPart, &fields)
}

fn letter_hash(letter: &[u8]) -> [u8; 32] {
    seal::derive(Context::HelloLetter, &[letter])
}

fn inviter_half(seed: &Secret, letter: &[u8; 32]) -> Secret {
    Secret(seal::derive(Context::InviteHalf, &[&seed.0, letter]))
}

/// What two friends share. The inviter stands first in both pairs.
fn friendship(letter: &[u8; 32], halves: [&Secret; 2], accounts: [&AccountId; 2]) -> Secret {
    let ([one, other], [inviter, newcomer]) = (halves, accounts);
    let fields = [&letter[..], &one.0, &other.0, &inviter.0, &newcomer.0];
    Secret(seal::derive(Context::Friendship, &fields))
}
