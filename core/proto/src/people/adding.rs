//! How a device of one's own is added: two letters more than a hello has, and six digits.
//!
//! ```text
//! new device                                                                  old device
//!    │  1, as in a hello: in the place of its half stands a commitment to it      │
//!    ├───────────────────────────────────────────────────────────────────────────>│
//!    │  2, as in a hello: the old device's half                                   │
//!    │<───────────────────────────────────────────────────────────────────────────┤
//!    │  3, sealed to the invite: the half that was committed to                   │
//!    ├───────────────────────────────────────────────────────────────────────────>│
//!    │        both show six digits, made of letter 1 and both halves              │
//!    │  4, sealed to the reply key: account key, own devices' secret, new roster  │
//!    │<───────────────────────────────────────────────────────────────────────────┤
//! ```
//!
//! Who saw the invite can come first, or stand in between; what he cannot is choose the digits:
//! either side is bound before it learns the other's half. So letter 4, which gives the account
//! away, is written only once a person compared them. Like [`hello`] this remembers nothing.

use alloc::vec::Vec;
use core::fmt;

use super::{
    account::Roster,
    hello::{self, Asked, Author, Letter, Newcomer, Person, Waiting},
    invite::{self, Invite},
};
use crate::{
    dice::Dice,
    id::{AccountId, DeviceId},
    seal::{Context, Secret, SigningKey},
    wire::letter::{Hello, Letter1, Verdict},
};

/// What two persons, or one at two devices, compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits(u32);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl Digits {
    /// The digits of what letter 1 and both halves make.
    pub fn of(secret: &Secret) -> Self {
        let hash = secret.derive(Context::Digits);
        let number = u64::from_le_bytes(*hash.0.first_chunk().expect("32 bytes"));
        Self((number % 1_000_000) as u32)
    }
}

/// What makes a device one of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The old device; its account's roster lists the new one.
    pub old: Person,
    /// Signs rosters.
    pub account_key: Secret,
    /// What own devices share.
    pub secret: Secret,
}

/// What stands in letter 1 for a half that is shown later.
pub(super) fn commitment(half: &Secret) -> Secret {
    half.derive(Context::Commitment)
}

/// Writes letter 3, which answers what the old device answered to letter 1.
pub fn reveal(waiting: &Waiting, author: &Author<'_>, dice: &mut Dice) -> Option<Vec<u8>> {
    let invite = &waiting.invite;
    let (roster, card) = (author.roster.clone(), author.card.clone());
    let hello = Hello { roster, card, half: Some(waiting.half.clone()), ..Hello::default() };
    let asked = waiting.asked(&author.account);
    let letter = Letter { invite, context: Context::Adding3, answers: Some(asked) };
    let sealed = letter.write(hello, author, &invite.key, dice)?;
    Some(Letter1 { kind: invite.kind, tag: invite.tag(), sealed }.encode())
}

/// Reads letter 3: what both halves make. `None` unless this newcomer shows what he committed to.
pub fn read(
    seed: &Secret,
    invite: &Invite,
    newcomer: &Newcomer,
    me: &AccountId,
    letter: &[u8],
) -> Option<Secret> {
    let sealed = Letter1::parse(letter).ok()?.sealed;
    let answers = Some(Asked::by(newcomer));
    let letter = Letter { invite, context: Context::Adding3, answers };
    let (hello, person) = letter.read(&invite::invite_key(seed), &sealed)?;
    let half = hello.half.filter(|half| commitment(half) == newcomer.half)?;
    let ours = hello::inviter_half(seed, newcomer);
    let account = &newcomer.person.roster.account;
    (person.card.key == newcomer.person.card.key)
        .then(|| hello::friendship(&newcomer.letter, [&ours, &half], [me, account]))
}

/// Writes letter 4. The author's roster lists the newcomer's device.
pub fn share(
    invite: &Invite,
    newcomer: &Newcomer,
    account_key: &Secret,
    secret: &Secret,
    author: &Author<'_>,
    dice: &mut Dice,
) -> Option<Vec<u8>> {
    let hello = Hello {
        roster: author.roster.clone(),
        card: author.card.clone(),
        half: Some(account_key.clone()),
        verdict: Verdict::Friend,
        secret: Some(secret.clone()),
        ..Hello::default()
    };
    let answers = Some(Asked::by(newcomer));
    let letter = Letter { invite, context: Context::Adding4, answers };
    letter.write(hello, author, &newcomer.reply_key, dice)
}

/// Reads letter 4. `None` unless a device of the account that made the invite signed it for this
/// very letter 1, and it makes the author of that one of its devices.
pub fn open(waiting: &Waiting, author: &Author<'_>, letter: &[u8]) -> Option<Share> {
    let (invite, answers) = (&waiting.invite, Some(waiting.asked(&author.account)));
    let fourth = Letter { invite, context: Context::Adding4, answers };
    let (hello, old) = fourth.read(&waiting.reply, letter)?;
    let (account_key, secret) = (hello.half?, hello.secret?);
    let Roster { account, ref devices, .. } = old.roster;
    let ours = account.short() == invite.account
        && SigningKey::new(&account_key).public() == old.roster.account_key()
        && devices.contains_key(&DeviceId::of(&account, &author.key.public()));
    ours.then_some(Share { old, account_key, secret })
}
