//! Nina answers Ian's invite, and Mallory has read it too.

use covey_proto::{
    dice::Dice,
    people::{
        hello::{self, Author, Newcomer, Waiting},
        invite::Invite,
    },
    seal::Secret,
    wire::letter::{InviteKind, Letter1, MAX_LETTER, Verdict},
};
use proptest::prelude::*;

use crate::cast::{Person, card_of};

#[test]
fn both_sides_of_a_hello_hold_one_secret() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    for kind in [InviteKind::Link, InviteKind::Screen] {
        let invite = ian.invite(kind);
        let waiting = nina.write(&invite).unwrap();
        let newcomer = ian.read(&invite, &waiting).unwrap();
        let (letter, secret) = ian.answer(&invite, &newcomer, Verdict::Friend).unwrap();
        let reply = waiting.open(&nina.account, &letter).unwrap();
        assert_eq!(newcomer.person.roster.account, nina.account);
        assert_eq!(newcomer.person.card.device(), nina.device);
        assert_eq!(
            (&newcomer.person.roster_signed, &newcomer.person.card_signed),
            (&nina.roster, &nina.card)
        );
        assert_eq!(reply.inviter.roster.account, ian.account);
        assert_eq!(reply.inviter.card.device(), ian.device);
        assert_eq!(
            (&reply.inviter.roster_signed, &reply.inviter.card_signed),
            (&ian.roster, &ian.card)
        );
        assert_eq!(reply.verdict, Verdict::Friend);
        assert!(secret.is_some() && reply.secret == secret);
    }
}

#[test]
fn a_refusal_is_heard_and_makes_no_secret() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let invite = ian.invite(InviteKind::Link);
    let waiting = nina.write(&invite).unwrap();
    let newcomer = ian.read(&invite, &waiting).unwrap();
    for verdict in [Verdict::UsedUp, Verdict::Expired] {
        let (letter, secret) = ian.answer(&invite, &newcomer, verdict).unwrap();
        let reply = waiting.open(&nina.account, &letter).unwrap();
        assert_eq!((reply.verdict, reply.secret, secret), (verdict, None, None));
        assert_eq!(reply.inviter.roster.account, ian.account);
    }
    assert_eq!(ian.answer(&invite, &newcomer, Verdict::Unspecified), None);
}

#[test]
fn any_device_of_the_inviter_answers_with_the_same_secret() {
    let (ian, nina, other) = (Person::new(1), Person::new(2), Person::with_device(1, 9));
    let invite = ian.invite(InviteKind::Link);
    let waiting = nina.write(&invite).unwrap();
    let secrets = [&ian, &other].map(|device| {
        let newcomer = device.read(&invite, &waiting).unwrap();
        let (letter, _) = device.answer(&invite, &newcomer, Verdict::Friend).unwrap();
        let reply = waiting.open(&nina.account, &letter).unwrap();
        assert_eq!(reply.inviter.card.device(), device.device);
        reply.secret.unwrap()
    });
    assert_eq!(secrets[0], secrets[1]);
}

#[test]
fn two_newcomers_share_no_secret() {
    let (ian, nina, mallory) = (Person::new(1), Person::new(2), Person::new(3));
    let invite = ian.invite(InviteKind::Link);
    let [nina, mallory] = [nina, mallory].map(|newcomer| {
        let waiting = newcomer.write(&invite).unwrap();
        let newcomer = ian.read(&invite, &waiting).unwrap();
        ian.answer(&invite, &newcomer, Verdict::Friend).unwrap().1
    });
    assert_ne!(nina, mallory);
}

#[test]
fn what_waits_survives_the_store() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let waiting = nina.write(&ian.invite(InviteKind::Link)).unwrap();
    assert_eq!(Waiting::parse(&waiting.encode()), Ok(waiting));
}

#[test]
fn nobody_answers_an_invite_of_his_own_and_a_letter_of_one_kind_is_nothing_to_another() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    assert_eq!(ian.write(&ian.invite(InviteKind::Link)), None);
    let waiting = nina.write(&ian.invite(InviteKind::Link)).unwrap();
    let mut letter = Letter1::parse(&waiting.letter).unwrap();
    letter.kind = InviteKind::Own;
    let own = ian.invite(InviteKind::Own);
    assert_eq!(hello::read(&ian.seed, &own, &letter.encode()), None);
    assert_eq!(ian.read(&own, &waiting), None);
}

#[test]
fn nobody_befriends_in_the_name_of_another() {
    let (ian, nina, mallory) = (Person::new(1), Person::new(2), Person::new(3));
    let invite = ian.invite(InviteKind::Link);
    let ninas_roster = Author { roster: &nina.roster, ..mallory.author() };
    let ninas_card = Author { card: &nina.card, ..mallory.author() };
    let ninas_all = Author { key: &mallory.key, ..nina.author() };
    let ninas_id = Author { account: nina.account, ..mallory.author() };
    for author in [ninas_roster, ninas_card, ninas_all, ninas_id] {
        let waiting = hello::write(&invite, &author, &mut dice()).unwrap();
        assert_eq!(ian.read(&invite, &waiting), None);
    }
}

#[test]
fn nobody_answers_in_the_name_of_another() {
    let (ian, nina, mallory) = (Person::new(1), Person::new(2), Person::new(3));
    let invite = ian.invite(InviteKind::Link);
    let waiting = nina.write(&invite).unwrap();
    let newcomer = ian.read(&invite, &waiting).unwrap();
    let ians_roster = Author { roster: &ian.roster, ..mallory.author() };
    let ians_card = Author { card: &ian.card, ..mallory.author() };
    let ians_all = Author { key: &mallory.key, ..ian.author() };
    for author in [mallory.author(), ians_roster, ians_card, ians_all] {
        let verdict = Verdict::Friend;
        let answer = hello::answer(&ian.seed, &invite, &newcomer, verdict, &author, &mut dice());
        assert_eq!(waiting.open(&nina.account, &answer.unwrap().0), None);
    }
}

#[test]
fn a_card_of_another_account_counts_for_nothing() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let mut mallory = Person::new(3);
    mallory.card = card_of(3, nina.account).sign(&mallory.key);
    let invite = ian.invite(InviteKind::Link);
    let waiting = mallory.write(&invite).unwrap();
    assert_eq!(ian.read(&invite, &waiting), None);
}

#[test]
fn a_letter_for_one_invite_is_nothing_to_another() {
    let (ian, nina, mallory) = (Person::new(1), Person::new(2), Person::new(3));
    let invite = ian.invite(InviteKind::Link);
    let other = Invite { name: "Jan".into(), ..invite.clone() };
    let screen = Invite { kind: InviteKind::Screen, ..invite.clone() };
    let elsewhere = mallory.invite(InviteKind::Link);
    let waiting = nina.write(&invite).unwrap();
    for invite in [other, screen, elsewhere.clone()] {
        assert_eq!(ian.read(&invite, &waiting), None);
    }
    assert_eq!(mallory.read(&invite, &waiting), None);
    let mut replayed = Letter1::parse(&waiting.letter).unwrap();
    replayed.tag = elsewhere.tag();
    assert_eq!(hello::read(&mallory.seed, &elsewhere, &replayed.encode()), None);
}

/// He who reads a link can change its key, but what he opens then is worth nothing to Ian.
#[test]
fn a_replaced_invite_key_makes_no_friends_of_ian() {
    let (ian, nina, mallory) = (Person::new(1), Person::new(2), Person::new(3));
    let invite = ian.invite(InviteKind::Link);
    let key = mallory.invite(InviteKind::Link).key;
    let swapped = Invite { key, ..invite.clone() };
    let waiting = nina.write(&swapped).unwrap();
    let opened = hello::read(&mallory.seed, &swapped, &waiting.letter).unwrap();
    let (answer, _) = mallory.answer(&swapped, &opened, Verdict::Friend).unwrap();
    assert_eq!(ian.read(&invite, &waiting), None);
    assert_eq!(waiting.open(&nina.account, &answer), None);
}

#[test]
fn a_letter_under_another_psk_does_not_open() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let invite = ian.invite(InviteKind::Link);
    let guessed = Invite { secret: Secret([0; 32]), ..invite.clone() };
    let mut letter = Letter1::parse(&nina.write(&guessed).unwrap().letter).unwrap();
    letter.tag = invite.tag();
    assert_eq!(hello::read(&ian.seed, &invite, &letter.encode()), None);
}

#[test]
fn an_answer_holds_for_its_letter_and_its_reader_only() {
    let (ian, nina, mallory) = (Person::new(1), Person::new(2), Person::new(3));
    let invite = ian.invite(InviteKind::Link);
    let waiting = nina.write(&invite).unwrap();
    let newcomer = ian.read(&invite, &waiting).unwrap();
    let (letter, _) = ian.answer(&invite, &newcomer, Verdict::Friend).unwrap();
    let again = hello::write(&invite, &nina.author(), &mut Dice::new([1; 32])).unwrap();
    let other_letter = Newcomer { letter: [0; 32], ..newcomer };
    let (stray, _) = ian.answer(&invite, &other_letter, Verdict::Friend).unwrap();
    assert_eq!(again.open(&nina.account, &letter), None);
    assert_eq!(waiting.open(&nina.account, &stray), None);
    assert_eq!(waiting.open(&mallory.account, &letter), None);
}

#[test]
fn a_cut_or_oversized_letter_is_nothing() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let invite = ian.invite(InviteKind::Link);
    let waiting = nina.write(&invite).unwrap();
    let newcomer = ian.read(&invite, &waiting).unwrap();
    let (answer, _) = ian.answer(&invite, &newcomer, Verdict::Friend).unwrap();
    for len in 0..waiting.letter.len() {
        assert_eq!(hello::read(&ian.seed, &invite, &waiting.letter[..len]), None);
    }
    for len in 0..answer.len() {
        assert_eq!(waiting.open(&nina.account, &answer[..len]), None);
    }
    let long = [waiting.letter.clone(), vec![0; MAX_LETTER]].concat();
    assert_eq!(hello::read(&ian.seed, &invite, &long), None);
    let long = [answer, vec![0; MAX_LETTER]].concat();
    assert_eq!(waiting.open(&nina.account, &long), None);
}

#[test]
fn a_reply_key_nobody_can_own_gets_no_answer() {
    let (ian, nina) = (Person::new(1), Person::new(2));
    let invite = ian.invite(InviteKind::Link);
    let newcomer = ian.read(&invite, &nina.write(&invite).unwrap()).unwrap();
    let zero = Newcomer { reply_key: [0; 32], ..newcomer };
    assert_eq!(ian.answer(&invite, &zero, Verdict::Friend), None);
    assert_eq!(nina.write(&Invite { key: [0; 32], ..invite }), None);
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic(bytes: Vec<u8>) {
        let (ian, nina) = (Person::new(1), Person::new(2));
        let invite = ian.invite(InviteKind::Link);
        let waiting = nina.write(&invite).unwrap();
        let letter = Letter1 { kind: invite.kind, tag: invite.tag(), sealed: bytes.clone() };
        prop_assert_eq!(hello::read(&ian.seed, &invite, &letter.encode()), None);
        prop_assert_eq!(hello::read(&ian.seed, &invite, &bytes), None);
        prop_assert_eq!(waiting.open(&nina.account, &bytes), None);
        prop_assert!(Waiting::parse(&bytes).is_err());
    }

    #[test]
    fn one_changed_byte_spoils_a_letter(place: prop::sample::Index, by in 1u8..) {
        let (ian, nina) = (Person::new(1), Person::new(2));
        let invite = ian.invite(InviteKind::Link);
        let mut letter = nina.write(&invite).unwrap().letter;
        let place = place.index(letter.len());
        letter[place] ^= by;
        prop_assert_eq!(hello::read(&ian.seed, &invite, &letter), None);
    }
}

/// What people do here.
impl Person {
    fn write(&self, invite: &Invite) -> Option<Waiting> {
        hello::write(invite, &self.author(), &mut dice())
    }

    fn read(&self, invite: &Invite, waiting: &Waiting) -> Option<Newcomer> {
        hello::read(&self.seed, invite, &waiting.letter)
    }

    fn answer(
        &self,
        invite: &Invite,
        newcomer: &Newcomer,
        verdict: Verdict,
    ) -> Option<(Vec<u8>, Option<Secret>)> {
        let (seed, author) = (&self.seed, &self.author());
        hello::answer(seed, invite, newcomer, verdict, author, &mut dice())
    }
}

fn dice() -> Dice {
    Dice::new([6; 32])
}
