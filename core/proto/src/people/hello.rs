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

use alloc::vec::Vec;
use core::fmt;

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
        reply: Secret = 3 bytes;
        half: Secret = 4 bytes;
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
    let mut hello = hello(author, Some(half.clone()));
    hello.reply_key = Some(reply_key);
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
    let (person, reply_key) = (Person::of(&hello)?, hello.reply_key?);
    let account = person.roster.account;
    let signed = first.stated(&account, &reply_key, &hello, |context, fields| {
        person.card.key.verifies(context, fields, &hello.signature)
    });
    if !signed || hello.verdict != Verdict::Unspecified || account.short() == invite.account {
        return None;
    }
    Some(Newcomer { person, half: hello.half?, reply_key, letter: letter_hash(letter) })
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
    let (to, account) = (&newcomer.reply_key, &newcomer.person.roster.account);
    let mut hello = hello(author, half.clone());
    hello.verdict = verdict;
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
        let inviter = Person::of(&hello)?;
        let account = inviter.roster.account;
        let reply_key = seal::x25519_public(&self.reply);
        let signed = second.stated(me, &reply_key, &hello, |context, fields| {
            inviter.card.key.verifies(context, fields, &hello.signature)
        });
        if !signed || hello.reply_key.is_some() || account.short() != self.invite.account {
            return None;
        }
        let secret = match hello.verdict {
            Verdict::Unspecified => return None,
            Verdict::Friend => Some(friendship(&asked, [&hello.half?, &self.half], [&account, me])),
            Verdict::UsedUp | Verdict::Expired => None,
        };
        Some(Reply { inviter, verdict: hello.verdict, secret })
    }

    /// Its bytes, for the store.
    #[must_use]
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

/// One of the two letters to an invite: what seals it, and what its author signs.
struct Letter<'a> {
    invite: &'a Invite,
    /// The hash of letter 1, in letter 2.
    answers: Option<[u8; 32]>,
}

impl Letter<'_> {
    fn seal(&self, to: &[u8; 32], hello: &Hello, dice: &mut Dice) -> Option<Vec<u8>> {
        let plain = wire::encode(hello);
        self.bound(|binding| seal::seal(to, binding, &plain, dice))
    }

    fn open(&self, key: &Secret, sealed: &[u8]) -> Option<Hello> {
        (sealed.len() <= MAX_LETTER).then_some(())?;
        let plain = self.bound(|binding| seal::open(key, binding, sealed))?;
        wire::decode(&plain, MAX_LETTER).ok()
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
        let half = hello.half.as_ref().map_or(&[][..], |half| &half.0);
        let verdict = i32::from(hello.verdict).to_le_bytes();
        let mut fields: Vec<&[u8]> = alloc::vec![
            &seen,
            &self.invite.account,
            &newcomer.0,
            &roster,
            &card,
            half,
            reply_key,
            &kind,
        ];
        if let Some(letter) = &self.answers {
            fields.extend([&verdict[..], letter]);
        }
        then(self.context(), &fields)
    }
}

/// What an author says in every letter; the rest is to be filled in.
fn hello(author: &Author<'_>, half: Option<Secret>) -> Hello {
    let (roster, card) = (author.roster.clone(), author.card.clone());
    Hello { roster, card, half, ..Hello::default() }
}

impl Person {
    /// Whose roster and card these are, if they belong together.
    fn of(hello: &Hello) -> Option<Self> {
        let (roster, card) = (Roster::open(&hello.roster).ok()?, Card::open(&hello.card).ok()?);
        let listed = roster.devices.get(&card.device()) == Some(&card.key);
        let (roster_signed, card_signed) = (hello.roster.clone(), hello.card.clone());
        (card.account == roster.account && listed).then_some(Self {
            roster,
            card,
            roster_signed,
            card_signed,
        })
    }
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
