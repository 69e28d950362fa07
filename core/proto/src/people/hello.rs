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
//! to decide who keep it. With a device of one's own it goes on in [`adding`].

use alloc::vec::Vec;
use core::fmt;

use super::{
    account::Roster,
    adding,
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
        message::message,
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

message! {
    /// What a newcomer keeps until the answer comes.
    #[derive(Clone, PartialEq, Eq)]
    pub struct Waiting {
        /// What is answered.
        pub invite: Invite = 1 string;
        /// Letter 1: sent, and sent again, as it is.
        pub letter: Vec<u8> = 2 bytes;
        pub(super) reply: Secret = 3 bytes;
        pub(super) half: Secret = 4 bytes;
    }
}

/// Who wrote a letter, and from which device: opened, and as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account's roster.
    pub roster: Roster,
    /// The device's card.
    pub card: Card,
    /// The roster, signed.
    pub roster_signed: Signed,
    /// The card, signed.
    pub card_signed: Signed,
}

/// What an inviter answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The inviter.
    pub inviter: Person,
    /// What came of it.
    pub verdict: Verdict,
    /// What the two share from now on, if they are friends.
    pub secret: Option<Secret>,
}

/// Who came with an invite of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Who it is.
    pub person: Person,
    /// The newcomer's half of the friendship secret; of an own device the commitment to it.
    pub half: Secret,
    /// What the answer is sealed to.
    pub reply_key: [u8; 32],
    /// The hash of letter 1.
    pub letter: [u8; 32],
}

/// Writes letter 1. `None` if the invite is our own, or its key is one that nobody can own.
pub fn write(invite: &Invite, author: &Author<'_>, dice: &mut Dice) -> Option<Waiting> {
    if author.account.short() == invite.account {
        return None;
    }
    let (reply, half) = (Secret(dice.roll()), Secret(dice.roll()));
    let (roster, card) = (author.roster.clone(), author.card.clone());
    let reply_key = Some(seal::x25519_public(&reply));
    let shown = match invite.kind {
        InviteKind::Link | InviteKind::Screen => half.clone(),
        InviteKind::Own => adding::commitment(&half),
    };
    let hello = Hello { roster, card, half: Some(shown), reply_key, ..Hello::default() };
    let letter = Letter { invite, context: Context::Hello1, answers: None };
    let sealed = letter.write(hello, author, &invite.key, dice)?;
    let letter = Letter1 { kind: invite.kind, tag: invite.tag(), sealed }.encode();
    Some(Waiting { invite: invite.clone(), letter, reply, half })
}

/// Reads letter 1. `None` unless somebody of another account signed it for this very invite.
pub fn read(seed: &Secret, invite: &Invite, letter: &[u8]) -> Option<Newcomer> {
    let outer = Letter1::parse(letter).ok()?;
    if (outer.kind, outer.tag) != (invite.kind, invite.tag()) {
        return None;
    }
    let key = invite::invite_key(seed);
    let first = Letter { invite, context: Context::Hello1, answers: None };
    let (hello, person) = first.read(&key, &outer.sealed)?;
    let ours = person.roster.account.short() == invite.account;
    if hello.verdict != Verdict::Unspecified || ours {
        return None;
    }
    let (half, reply_key) = (hello.half?, hello.reply_key?);
    Some(Newcomer { person, half, reply_key, letter: letter_hash(letter) })
}

/// Writes letter 2, and tells the friendship secret if that is the verdict. `None` if the reply
/// key is one that nobody can own, or there is no verdict.
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
        Verdict::Friend => Some(inviter_half(seed, newcomer)),
        Verdict::UsedUp | Verdict::Expired => None,
    };
    let (to, account) = (&newcomer.reply_key, &newcomer.person.roster.account);
    let (roster, card) = (author.roster.clone(), author.card.clone());
    let hello = Hello { roster, card, half: half.clone(), verdict, ..Hello::default() };
    let answers = Some(Asked::by(newcomer));
    let second = Letter { invite, context: Context::Hello2, answers };
    let letter = second.write(hello, author, to, dice)?;
    let secret = half.map(|half| {
        let halves = [&half, &newcomer.half];
        friendship(&newcomer.letter, halves, [&author.account, account])
    });
    Some((letter, secret))
}

impl Waiting {
    /// Reads letter 2, `me` being who wrote letter 1. `None` unless the account that made the
    /// invite signed it, in answer to this very letter.
    pub fn open(&self, me: &AccountId, letter: &[u8]) -> Option<Reply> {
        let asked = self.asked(me);
        let letter_1 = asked.letter;
        let answers = Some(asked);
        let second = Letter { invite: &self.invite, context: Context::Hello2, answers };
        let (hello, inviter) = second.read(&self.reply, letter)?;
        let account = inviter.roster.account;
        if hello.reply_key.is_some() || account.short() != self.invite.account {
            return None;
        }
        let secret = match hello.verdict {
            Verdict::Unspecified => return None,
            Verdict::Friend => {
                Some(friendship(&letter_1, [&hello.half?, &self.half], [&account, me]))
            }
            Verdict::UsedUp | Verdict::Expired => None,
        };
        Some(Reply { inviter, verdict: hello.verdict, secret })
    }

    /// What an answer answers, `me` being who wrote letter 1.
    pub(super) fn asked(&self, me: &AccountId) -> Asked {
        let (reply_key, letter) = (seal::x25519_public(&self.reply), letter_hash(&self.letter));
        Asked { newcomer: *me, reply_key, letter }
    }

    /// Its bytes, for the store.
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`Invalid`] if it is no such thing.
    pub fn parse(bytes: &[u8]) -> Result<Self, Invalid> {
        wire::decode(bytes, 2 * MAX_LETTER)
    }
}

/// It holds the secrets of a friendship to be.
impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({:?})", self.invite)
    }
}

/// One of the letters that an invite leads to: what seals it, and what its author signs.
pub(super) struct Letter<'a> {
    pub(super) invite: &'a Invite,
    /// Which one.
    pub(super) context: Context,
    /// In all but the first.
    pub(super) answers: Option<Asked>,
}

/// What later letters answer, or follow: letter 1.
pub(super) struct Asked {
    newcomer: AccountId,
    reply_key: [u8; 32],
    /// The hash of letter 1.
    letter: [u8; 32],
}

impl Asked {
    /// What this newcomer asked.
    pub(super) fn by(newcomer: &Newcomer) -> Self {
        let account = newcomer.person.roster.account;
        Self { newcomer: account, reply_key: newcomer.reply_key, letter: newcomer.letter }
    }
}

impl Letter<'_> {
    /// Signs and seals what its author says.
    pub(super) fn write(
        &self,
        mut hello: Hello,
        author: &Author<'_>,
        to: &[u8; 32],
        dice: &mut Dice,
    ) -> Option<Vec<u8>> {
        let sign = |fields: &[&[u8]]| author.key.sign(self.context, fields).to_vec();
        hello.signature = self.stated(&author.account, &hello, sign);
        let plain = wire::encode(&hello);
        self.bound(|binding| seal::seal(to, binding, &plain, dice))
    }

    /// Opens what its author said and signed.
    pub(super) fn read(&self, key: &Secret, sealed: &[u8]) -> Option<(Hello, Person)> {
        (sealed.len() <= MAX_LETTER).then_some(())?;
        let plain = self.bound(|binding| seal::open(key, binding, sealed))?;
        let hello = wire::decode(&plain, MAX_LETTER).ok()?;
        let author = Person::of(&hello)?;
        let (key, signature) = (author.card.key, &hello.signature);
        let verifies = |fields: &[&[u8]]| key.verifies(self.context, fields, signature);
        let signed = self.stated(&author.roster.account, &hello, verifies);
        signed.then_some((hello, author))
    }

    fn bound<T>(&self, then: impl FnOnce(&Binding<'_>) -> T) -> T {
        let tag = self.invite.tag();
        then(&Binding {
            context: self.context,
            psk: &self.invite.psk(),
            psk_id: b"invite",
            fields: &[&[self.invite.kind.number()]],
            aad: self.answers.as_ref().map_or(&tag.0, |asked| &asked.letter),
        })
    }

    fn stated<T>(&self, author: &AccountId, hello: &Hello, then: impl Fn(&[&[u8]]) -> T) -> T {
        let (roster, card) = (hello.roster.hash(), hello.card.hash());
        let (seen, kind) = (self.invite.seen(), [self.invite.kind.number()]);
        let half = hello.half.as_ref().map_or(&[][..], |half| &half.0);
        let verdict = i32::from(hello.verdict).to_le_bytes();
        let (newcomer, reply_key) = match &self.answers {
            None => (author, hello.reply_key.as_ref()),
            Some(asked) => (&asked.newcomer, Some(&asked.reply_key)),
        };
        let reply_key = reply_key.map_or(&[][..], |key| key);
        let mut fields: Vec<&[u8]> = alloc::vec![&seen, &self.invite.account, &newcomer.0];
        fields.extend([&roster[..], &card, half, reply_key, &kind]);
        if let Some(asked) = &self.answers {
            fields.extend([&verdict[..], &asked.letter]);
        }
        fields.extend(hello.secret.as_ref().map(|secret| &secret.0[..]));
        then(&fields)
    }
}

impl Person {
    /// Whose roster and card these are, if they belong together.
    fn of(hello: &Hello) -> Option<Self> {
        let (roster, card) = (Roster::open(&hello.roster).ok()?, Card::open(&hello.card).ok()?);
        let (roster_signed, card_signed) = (hello.roster.clone(), hello.card.clone());
        roster.lists(&card).then_some(Self { roster, card, roster_signed, card_signed })
    }
}

fn letter_hash(letter: &[u8]) -> [u8; 32] {
    seal::derive(Context::HelloLetter, &[letter])
}

/// The inviter's half of what it shares with this newcomer.
pub(super) fn inviter_half(seed: &Secret, newcomer: &Newcomer) -> Secret {
    Secret(seal::derive(Context::InviteHalf, &[&seed.0, &newcomer.letter]))
}

/// What two friends share. The inviter stands first in both pairs.
pub(super) fn friendship(
    letter: &[u8; 32],
    halves: [&Secret; 2],
    accounts: [&AccountId; 2],
) -> Secret {
    let ([one, other], [inviter, newcomer]) = (halves, accounts);
    let fields = [&letter[..], &one.0, &other.0, &inviter.0, &newcomer.0];
    Secret(seal::derive(Context::Friendship, &fields))
}
