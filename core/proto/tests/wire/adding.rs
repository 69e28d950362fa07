//! Nina's new device answers the invite that her old one shows, and Mallory has seen it too.

use covey_proto::{
    dice::Dice,
    people::{
        account::Roster,
        adding::{self, Digits},
        hello::{self, Author, Newcomer, Waiting},
        invite::Invite,
    },
    seal::{Secret, SigningKey},
    wire::{
        Signed,
        letter::{InviteKind, Verdict},
    },
};

use crate::cast::{Person, secret};

#[test]
fn both_devices_make_the_same_digits_and_the_new_one_gets_the_account() {
    let meeting = Meeting::new();
    let share = meeting.share(&meeting.roster(true), &secret(1, "account")).unwrap();
    let share = adding::open(&meeting.waiting, &meeting.new.author(), &share).unwrap();
    assert_eq!(share.old.roster.account, meeting.old.account);
    assert_eq!((share.account_key, share.secret), (secret(1, "account"), secret(1, "own")));
}

#[test]
fn the_half_is_hidden_until_it_is_shown_and_cannot_be_another_then() {
    let Meeting { old, new, invite, waiting, newcomer } = Meeting::new();
    // whoever opened letter 1 has a commitment, which makes other digits
    let committed =
        hello::answer(&old.seed, &invite, &newcomer, Verdict::Friend, &old.author(), &mut dice());
    let reply = waiting.open(&new.account, &committed.clone().unwrap().0).unwrap();
    assert_ne!(committed.unwrap().1, reply.secret);
    // letter 3 of another letter 1, with a half of its own
    let other = hello::write(&invite, &new.author(), &mut Dice::new([8; 32])).unwrap();
    let letter = adding::reveal(&other, &new.author(), &mut dice()).unwrap();
    assert_eq!(adding::read(&old.seed, &invite, &newcomer, &old.account, &letter), None);
    // the right letter 3, had letter 1 committed to something else
    let letter = adding::reveal(&waiting, &new.author(), &mut dice()).unwrap();
    assert!(adding::read(&old.seed, &invite, &newcomer, &old.account, &letter).is_some());
    let newcomer = Newcomer { half: secret(2, "half"), ..newcomer };
    assert_eq!(adding::read(&old.seed, &invite, &newcomer, &old.account, &letter), None);
}

#[test]
fn letters_of_a_hello_are_none_of_adding_and_the_other_way_round() {
    let meeting = Meeting::new();
    let Meeting { old, new, invite, waiting, newcomer } = &meeting;
    let first = &waiting.letter;
    let third = adding::reveal(waiting, &new.author(), &mut dice()).unwrap();
    let fourth = meeting.share(&meeting.roster(true), &secret(1, "account")).unwrap();
    assert_eq!(adding::read(&old.seed, invite, newcomer, &old.account, first), None);
    assert_eq!(hello::read(&old.seed, invite, &third), None);
    assert_eq!(waiting.open(&new.account, &fourth), None);
    let second =
        hello::answer(&old.seed, invite, newcomer, Verdict::Friend, &old.author(), &mut dice());
    assert_eq!(adding::open(waiting, &new.author(), &second.unwrap().0), None);
}

#[test]
fn nobody_gives_away_an_account_that_is_not_his_or_leaves_the_new_device_out() {
    let meeting = Meeting::new();
    let opens = |letter: Option<Vec<u8>>| {
        adding::open(&meeting.waiting, &meeting.new.author(), &letter.unwrap())
    };
    let listed = meeting.roster(true);
    assert!(opens(meeting.share(&listed, &secret(1, "account"))).is_some());
    assert!(opens(meeting.share(&meeting.roster(false), &secret(1, "account"))).is_none());
    assert!(opens(meeting.share(&listed, &secret(3, "account"))).is_none());
    let mallory = Person::new(3);
    let (invite, newcomer) = (&meeting.invite, &meeting.newcomer);
    let (key, own) = (secret(3, "account"), secret(3, "own"));
    let share = adding::share(invite, newcomer, &key, &own, &mallory.author(), &mut dice());
    assert!(opens(share).is_none());
}

#[test]
fn letter_4_opens_for_its_letter_1_only() {
    let meeting = Meeting::new();
    let share = meeting.share(&meeting.roster(true), &secret(1, "account")).unwrap();
    let new = meeting.new.author();
    let again = hello::write(&meeting.invite, &new, &mut Dice::new([8; 32])).unwrap();
    assert_eq!(adding::open(&again, &new, &share), None);
}

/// The two devices, as far as they have digits.
struct Meeting {
    old: Person,
    new: Person,
    invite: Invite,
    waiting: Waiting,
    newcomer: Newcomer,
}

impl Meeting {
    fn new() -> Self {
        Self::begin().expect("two devices that mean it have digits")
    }

    fn begin() -> Option<Self> {
        let (old, new) = (Person::new(1), Person::new(2));
        let invite = old.invite(InviteKind::Own);
        let waiting = hello::write(&invite, &new.author(), &mut dice())?;
        let newcomer = hello::read(&old.seed, &invite, &waiting.letter)?;
        let (seed, verdict) = (&old.seed, Verdict::Friend);
        let answer = hello::answer(seed, &invite, &newcomer, verdict, &old.author(), &mut dice())?;
        let here = waiting.open(&new.account, &answer.0)?.secret?;
        let third = adding::reveal(&waiting, &new.author(), &mut dice())?;
        let there = adding::read(seed, &invite, &newcomer, &old.account, &third)?;
        assert_eq!(here, there);
        assert_eq!(Digits::of(&here).to_string().len(), 6);
        Some(Self { old, new, invite, waiting, newcomer })
    }

    /// The account's roster, with the new device or without.
    fn roster(&self, with: bool) -> Signed {
        let mut roster = Roster::open(&self.old.roster).expect("it is hers");
        let device = covey_proto::DeviceId::of(&self.old.account, &self.new.key.public());
        if with {
            roster.devices.insert(device, self.new.key.public());
        }
        roster.sign(&SigningKey::new(&secret(1, "account")))
    }

    fn share(&self, roster: &Signed, account_key: &Secret) -> Option<Vec<u8>> {
        let author = Author { roster, ..self.old.author() };
        let own = secret(1, "own");
        adding::share(&self.invite, &self.newcomer, account_key, &own, &author, &mut dice())
    }
}

fn dice() -> Dice {
    Dice::new([6; 32])
}
