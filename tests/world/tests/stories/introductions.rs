//! How a friend of two brings them together.

use std::time::Duration;

use covey_proto::{
    Command, Event, IntroductionId,
    io::Refusal,
    people::{IntroduceError, News, Standing},
    wire::{Frame, Introduction, frame::Step, letter::InviteKind},
};
use world::{Who, World};

use crate::scenes::MINUTE;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn two_people_who_agree_become_friends_and_know_by_whom() {
    let (mut world, [alice, bob, carol]) = trio(1);
    world.introduce(alice, bob, carol);
    befriended(&mut world, bob, carol);
    for (who, other) in [(bob, carol), (carol, bob)] {
        let friend = world.friend(who, other).unwrap();
        assert_eq!(friend.introduced, Some(world.account(alice).short()));
        assert!(!friend.verified);
        assert_eq!(world.offers(who).count(), 0);
    }
    world.say(bob, carol, "hello");
    world.until("she reads it", |w| w.texts(carol, bob) == ["hello"]);
}

#[test]
fn two_who_cannot_reach_each_other_become_friends_through_the_one_who_reaches_both() {
    let (mut world, [alice, bob, carol]) = trio(2);
    world.keep_apart(bob, carol, true);
    world.introduce(alice, bob, carol);
    befriended(&mut world, bob, carol);
    assert_eq!(world.links(bob, carol), 0);
}

#[test]
fn what_was_lost_of_an_introduction_is_said_again_whoever_crashes_or_is_away() {
    for seed in 10..30 {
        let (mut world, [alice, bob, carol]) = trio(seed);
        let all = [alice, bob, carol];
        world.keep_apart(bob, carol, seed % 2 == 0);
        world.offer(alice, bob, carol);
        world.switch_off(carol);
        world.meet(bob, true);
        world.switch_on(carol);
        world.meet(carol, true);
        for _ in 0..6 {
            let (one, other) = (world.pick(&all), world.pick(&all));
            world.crash(one);
            if one != other {
                world.cut_between(one, other);
            }
            let wait = Duration::from_millis(world.roll(3000));
            world.pass(wait);
        }
        befriended(&mut world, bob, carol);
    }
}

#[test]
fn nobody_becomes_a_friend_who_did_not_agree() {
    let (mut world, [alice, bob, carol]) = trio(3);
    world.offer(alice, bob, carol);
    world.meet(bob, true);
    let id = world.offers(carol).next().map(|offer| offer.id).unwrap();
    let invite = world.invite(bob, InviteKind::Link);
    world.forge(alice, carol, &said(id, Step::Yes, invite));
    world.pass(DAY);
    assert_eq!(world.friend(carol, bob), None);
    assert!(!world.are_friends(bob, carol) && !world.are_friends(carol, bob));
    world.meet(carol, false);
    world.pass(DAY);
    assert!(!world.are_friends(bob, carol) && !world.are_friends(carol, bob));
    assert_eq!(world.offers(carol).count(), 0);
    let id = world.offers(bob).next().map(|offer| offer.id).unwrap();
    let unknown = world.ask(carol, Command::Meet(IntroductionId([1; 16]), true));
    assert_eq!(unknown, Err(Refusal::Introduce(IntroduceError::NoOffer)));
    world.pass(31 * DAY);
    assert!(world.ask(bob, Command::Meet(id, true)).is_ok(), "he may still mean it");
    assert!(!world.are_friends(bob, carol));
}

#[test]
fn only_two_different_friends_are_introduced() {
    let (mut world, [alice, bob, _]) = trio(4);
    let dave = world.person("Dave");
    let refused = |world: &mut World, one, other| {
        world.ask(alice, Command::Introduce(world.talk_of(alice, one), world.talk_of(alice, other)))
    };
    let same = refused(&mut world, bob, bob);
    assert_eq!(same, Err(Refusal::Introduce(IntroduceError::Same)));
    assert_eq!(refused(&mut world, bob, dave), Err(Refusal::NoFriend));
}

#[test]
fn two_who_know_each_other_already_are_not_asked() {
    let (mut world, [alice, bob, carol]) = trio(5);
    world.befriend(bob, carol);
    let pairs = (world.talk_of(alice, bob), world.talk_of(alice, carol));
    world.ask(alice, Command::Introduce(pairs.0, pairs.1)).unwrap();
    world.pass(MINUTE);
    assert_eq!([bob, carol].map(|who| world.offers(who).count()), [0, 0]);
    assert_eq!(world.friend(bob, carol).unwrap().introduced, None);
}

#[test]
fn an_invite_of_somebody_else_than_was_offered_befriends_nobody() {
    let (mut world, [alice, bob, carol]) = trio(6);
    let mallory = world.person("Mallory");
    world.offer(alice, bob, carol);
    world.meet(bob, true);
    let id = world.offers(bob).next().map(|offer| offer.id).unwrap();
    let text = world.invite(mallory, InviteKind::Link);
    world.forge(alice, bob, &said(id, Step::Yes, text));
    world.pass(MINUTE);
    assert!(world.friend(bob, mallory).is_none());
}

#[test]
fn who_introduces_without_end_fills_no_disk() {
    let (mut world, [alice, bob, carol]) = trio(7);
    for n in 0..200 {
        let whom = Some(covey_proto::AccountId([n; 32]));
        let (id, text) = (IntroductionId([n; 16]), String::from("Somebody"));
        let (step, letter) = (Step::Offer, Vec::new());
        let offer = Introduction { id, step, whom, text, letter };
        world.forge(alice, bob, &Frame::Introduction(offer));
    }
    for step in [Step::Unspecified, Step::Yes, Step::No, Step::Letter, Step::Done] {
        world.forge(alice, bob, &said(IntroductionId([7; 16]), step, String::from("?")));
        world.forge(carol, alice, &said(IntroductionId([250; 16]), step, String::new()));
    }
    world.pass(MINUTE);
    assert_eq!(world.offers(bob).count(), 64);
    world.say(alice, bob, "sorry");
    world.until("he reads it", |w| w.texts(bob, alice) == ["sorry"]);
}

#[test]
fn own_devices_share_what_was_offered_and_answered() {
    let mut world = World::new(8);
    let (alice, carol) = (world.person("Alice"), world.person("Carol"));
    let [laptop, phone] = world.devices("Bob");
    world.befriend(alice, laptop);
    world.befriend(alice, carol);
    world.link(laptop, phone);
    world.offer(alice, laptop, carol);
    world.until("the phone knows", |w| w.offers(phone).count() == 1);
    world.meet(phone, true);
    world.meet(carol, true);
    world.until("both know", |w| w.are_friends(laptop, carol) && w.are_friends(phone, carol));
    befriended(&mut world, laptop, carol);
}

#[test]
fn a_safety_number_is_the_same_at_both_and_changes_with_the_key() {
    let (mut world, [alice, bob, carol]) = trio(9);
    let number = |world: &World, who: Who, of: Who| {
        let people = world.node(who).people();
        people.safety_number(&world.friend(who, of).unwrap()).unwrap()
    };
    let compared = number(&world, alice, bob);
    assert_eq!(compared, number(&world, bob, alice));
    assert_ne!(compared, number(&world, alice, carol));
    world.ask(alice, Command::Verify(world.talk_of(alice, bob))).unwrap();
    assert!(world.friend(alice, bob).unwrap().verified);
    world.recover_account(bob, alice);
    world.until("she is told", |w| {
        let rekeyed = |event: &Event| matches!(event, Event::People(News::Rekeyed(_)));
        w.events(alice).iter().any(rekeyed)
    });
    assert!(!world.friend(alice, bob).unwrap().verified);
    assert_ne!(compared, number(&world, alice, bob));
}

/// Alice, who is a friend of Bob and of Carol; those two do not know each other.
fn trio(seed: u64) -> (World, [Who; 3]) {
    let mut world = World::new(seed);
    let all = ["Alice", "Bob", "Carol"].map(|name| world.person(name));
    let [alice, bob, carol] = all;
    for friend in [bob, carol] {
        world.befriend(alice, friend);
        world.link(alice, friend);
    }
    (world, all)
}

fn befriended(world: &mut World, one: Who, other: Who) {
    world.until("they are friends", |w| {
        let friend = |who, of| w.friend(who, of).map(|friend| friend.standing);
        [friend(one, other), friend(other, one)] == [Some(Standing::Friend); 2]
    });
}

fn said(id: IntroductionId, step: Step, text: String) -> Frame {
    Frame::Introduction(Introduction { id, step, whom: None, text, letter: Vec::new() })
}
