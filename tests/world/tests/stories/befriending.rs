//! How two persons become friends.

use std::time::Duration;

use covey_proto::{
    Command, Event, Seq,
    io::{Refusal, Reply},
    people::{News, Standing, invite::InviteError},
    wire::letter::InviteKind,
};
use world::{Weather, Who, World};

use crate::scenes::MINUTE;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn two_people_befriend_by_a_link_and_talk() {
    let (mut world, alice, bob) = strangers(1);
    let text = world.invite(alice, InviteKind::Link);
    world.accept(bob, &text).unwrap();
    world.say(bob, alice, "hello");
    world.until("she reads it", |w| w.texts(alice, bob) == ["hello"]);
    world.until("he knows", |w| w.delivered(bob, bob, alice) == Seq(1));
    let seen = [world.friend(alice, bob), world.friend(bob, alice)];
    assert!(seen.into_iter().all(|friend| !friend.unwrap().verified));
}

#[test]
fn who_scans_a_screen_is_verified_and_so_is_who_showed_it() {
    let (mut world, alice, bob) = strangers(2);
    let text = world.invite(alice, InviteKind::Screen);
    world.accept(bob, &text).unwrap();
    befriended(&mut world, alice, bob);
    let seen = [world.friend(alice, bob), world.friend(bob, alice)];
    assert!(seen.into_iter().all(|friend| friend.unwrap().verified));
}

#[test]
fn people_without_addresses_befriend_on_a_local_network() {
    let (mut world, alice, bob) = strangers(3);
    for who in [alice, bob] {
        world.hide(who, true);
    }
    world.pass(MINUTE);
    let text = world.invite(alice, InviteKind::Screen);
    world.accept(bob, &text).unwrap();
    world.pass(MINUTE);
    assert!(!world.are_friends(alice, bob));
    for who in [alice, bob] {
        world.join(who, Some(1));
    }
    befriended(&mut world, alice, bob);
    world.link(alice, bob);
}

#[test]
fn what_is_written_before_the_answer_is_delivered_after_it() {
    let (mut world, alice, bob) = strangers(4);
    let text = world.invite(alice, InviteKind::Link);
    world.switch_off(alice);
    let friend = world.accept(bob, &text).unwrap();
    assert_eq!((friend.name.as_str(), friend.standing), ("Alice", Standing::Waiting));
    world.say(bob, alice, "are you there?");
    world.pass(HOUR);
    assert_eq!(world.delivered(bob, bob, alice), Seq(0));
    world.switch_on(alice);
    world.until("she reads it", |w| w.texts(alice, bob) == ["are you there?"]);
}

#[test]
fn a_second_newcomer_hears_that_the_invite_is_used_and_its_maker_is_told() {
    let (mut world, alice, bob) = strangers(5);
    let carol = world.person("Carol");
    let text = world.invite(alice, InviteKind::Link);
    world.accept(bob, &text).unwrap();
    befriended(&mut world, alice, bob);
    world.accept(carol, &text).unwrap();
    world.until("she hears it", |w| standing(w, carol, alice) == Some(Standing::UsedUp));
    assert_eq!(world.friend(alice, carol), None);
    let told = |event: &Event| matches!(event, Event::People(News::InviteUsedAgain(_)));
    assert!(world.events(alice).iter().any(told));
    assert!(world.are_friends(alice, bob) && world.are_friends(bob, alice));
}

#[test]
fn who_answers_too_late_hears_that_the_invite_expired() {
    let (mut world, alice, bob) = strangers(6);
    let invite = world.ask(alice, Command::Invite(InviteKind::Link, HOUR)).unwrap();
    let Reply::Invite(text) = invite else { panic!("no invite: {invite:?}") };
    world.set_clock(bob, -3 * 3_600_000);
    world.switch_off(bob);
    world.switch_on(bob);
    world.pass(2 * HOUR);
    world.accept(bob, &text).unwrap();
    world.until("he hears it", |w| standing(w, bob, alice) == Some(Standing::Expired));
    assert_eq!(world.friend(alice, bob), None);
    world.set_clock(bob, 0);
    assert_eq!(world.accept(bob, &text), Err(Refusal::Invite(InviteError::Expired)));
}

#[test]
fn an_invite_of_ones_own_befriends_nobody() {
    let (mut world, alice, bob) = strangers(7);
    let mine = world.invite(alice, InviteKind::Link);
    let own = world.invite(alice, InviteKind::Own);
    assert_eq!(world.accept(alice, &mine), Err(Refusal::Invite(InviteError::Mine)));
    assert_eq!(world.accept(bob, &own), Err(Refusal::Invite(InviteError::Own)));
    assert_eq!(world.accept(bob, &mine[..90]), Err(Refusal::Invite(InviteError::Damaged)));
}

#[test]
fn a_lost_answer_is_given_again_and_befriends_once() {
    let (mut world, alice, bob) = strangers(8);
    let text = world.invite(alice, InviteKind::Link);
    world.turn(Weather { loss: 700, ..Weather::default() });
    world.accept(bob, &text).unwrap();
    world.until("he is her friend", |w| w.are_friends(alice, bob));
    world.turn(Weather::default());
    befriended(&mut world, alice, bob);
    assert_eq!(secrets(&world, alice, bob), 1);
    assert_eq!(secrets(&world, bob, alice), 1);
    world.link(alice, bob);
}

/// A crash after every single thing that either of them does, one after the other.
#[test]
fn a_crash_at_any_step_of_a_hello_changes_nothing() {
    for steps in 0..24 {
        for crashes in [0, 1] {
            let (mut world, alice, bob) = strangers(100 + u64::from(steps));
            let text = world.invite(alice, InviteKind::Link);
            world.accept(bob, &text).unwrap();
            world.crash_after([alice, bob][crashes], steps);
            befriended(&mut world, alice, bob);
            world.crash([alice, bob][crashes]);
            world.link(alice, bob);
            world.say(alice, bob, "hello");
            world.until("he reads it", |w| w.texts(bob, alice) == ["hello"]);
            assert_eq!(secrets(&world, alice, bob), 1);
            assert_eq!(secrets(&world, bob, alice), 1);
        }
    }
}

#[test]
fn a_hello_whose_commit_fails_is_answered_all_the_same() {
    let (mut world, alice, bob) = strangers(15);
    let text = world.invite(alice, InviteKind::Link);
    world.fail_disk(alice);
    world.accept(bob, &text).unwrap();
    befriended(&mut world, alice, bob);
    assert_eq!(secrets(&world, alice, bob), 1);
    world.link(alice, bob);
}

#[test]
fn who_crashes_before_the_answer_asks_again_with_the_same_letter() {
    let (mut world, alice, bob) = strangers(9);
    let text = world.invite(alice, InviteKind::Link);
    world.switch_off(alice);
    world.accept(bob, &text).unwrap();
    world.crash(bob);
    world.pass(MINUTE);
    world.crash(bob);
    world.switch_on(alice);
    befriended(&mut world, alice, bob);
    assert_eq!(secrets(&world, alice, bob), 1);
    assert_eq!(world.accept(bob, &text).unwrap().standing, Standing::Friend);
}

#[test]
fn when_both_scan_each_other_one_secret_stays_and_it_is_the_same() {
    for seed in 0..20 {
        let (mut world, alice, bob) = strangers(200 + seed);
        let invites = [alice, bob].map(|who| world.invite(who, InviteKind::Screen));
        world.command(alice, Command::Accept(invites[1].clone()));
        world.pass(Duration::from_millis(seed * 10));
        world.command(bob, Command::Accept(invites[0].clone()));
        befriended(&mut world, alice, bob);
        world.pass(MINUTE);
        let [hers, his] = [(alice, bob), (bob, alice)].map(|(a, b)| {
            let all = world.directory(a).secrets.iter();
            all.filter(|(_, (who, _))| *who == world.account(b))
                .map(|(id, _)| *id)
                .collect::<Vec<_>>()
        });
        assert_eq!((hers.len(), &hers), (1, &his), "seed {seed}");
        world.say(alice, bob, "hello");
        world.until("he reads it", |w| w.texts(bob, alice) == ["hello"]);
    }
}

#[test]
fn a_friend_who_answers_another_invite_stays_one_friend() {
    let (mut world, alice, bob) = strangers(10);
    world.befriend(alice, bob);
    let again = world.invite(alice, InviteKind::Screen);
    assert_eq!(world.accept(bob, &again).unwrap().standing, Standing::Friend);
    world.until("he is verified", |w| w.friend(bob, alice).is_some_and(|f| f.verified));
    world.pass(MINUTE);
    assert_eq!((world.names(alice), world.names(bob)), (vec!["Bob".into()], vec!["Alice".into()]));
    assert_eq!((secrets(&world, alice, bob), secrets(&world, bob, alice)), (1, 1));
}

#[test]
fn two_newcomers_at_two_own_devices_are_both_friends_of_both() {
    let mut world = World::new(11);
    let [phone, laptop] = world.devices("Alice");
    let (bob, carol) = (world.person("Bob"), world.person("Carol"));
    world.link(phone, laptop);
    let text = world.invite(phone, InviteKind::Link);
    world.pass(MINUTE);
    world.keep_apart(phone, laptop, true);
    world.keep_apart(bob, laptop, true);
    world.keep_apart(carol, phone, true);
    world.pass(MINUTE);
    // the invite names the phone; the laptop is found on the local network
    world.accept(bob, &text).unwrap();
    world.accept(carol, &text).unwrap();
    for who in [laptop, carol] {
        world.join(who, Some(1));
    }
    befriended(&mut world, phone, bob);
    befriended(&mut world, laptop, carol);
    world.keep_apart(phone, laptop, false);
    world.until("both know both", |w| {
        [phone, laptop].iter().all(|own| w.are_friends(*own, bob) && w.are_friends(*own, carol))
    });
}

#[test]
fn the_same_newcomer_makes_the_same_friendship_at_every_own_device() {
    let mut world = World::new(12);
    let [phone, laptop] = world.devices("Alice");
    let bob = world.person("Bob");
    world.link(phone, laptop);
    let text = world.invite(phone, InviteKind::Link);
    world.pass(MINUTE);
    world.switch_off(phone);
    for who in [laptop, bob] {
        world.join(who, Some(1));
    }
    world.accept(bob, &text).unwrap();
    befriended(&mut world, laptop, bob);
    world.keep_apart(bob, laptop, true);
    world.switch_on(phone);
    world.link(phone, bob);
    assert_eq!((secrets(&world, phone, bob), secrets(&world, bob, phone)), (1, 1));
}

#[test]
fn two_friends_of_one_name_are_told_apart() {
    let (mut world, bob, ana) = strangers_called(13, ["Bob", "Ana"]);
    let (ana2, ana3) = (world.person("Ana"), world.person("Ana"));
    for other in [ana, ana2, ana3] {
        world.befriend(other, bob);
    }
    assert_eq!(world.names(bob), ["Ana", "Ana 2", "Ana 3"]);
    let rename = |world: &World, who, name: &str| {
        Command::Rename(world.talk_of(bob, who), String::from(name))
    };
    let taken = rename(&world, ana3, "Ana 2");
    assert_eq!(world.ask(bob, taken), Err(Refusal::Name));
    let free = rename(&world, ana3, "Ana from Rome");
    assert_eq!(world.ask(bob, free), Ok(Reply::Done));
    assert_eq!(world.names(bob), ["Ana", "Ana 2", "Ana from Rome"]);
}

#[test]
fn who_calls_himself_otherwise_is_called_so_unless_we_named_him() {
    let (mut world, alice, bob) = strangers(14);
    world.befriend(alice, bob);
    world.link(alice, bob);
    world.ask(bob, Command::Name("Robert".into())).unwrap();
    world.until("she follows", |w| w.names(alice) == ["Robert"]);
    let call = Command::Rename(world.talk_of(alice, bob), "Bobby".into());
    world.ask(alice, call).unwrap();
    world.ask(bob, Command::Name("Rob".into())).unwrap();
    world.pass(MINUTE);
    assert_eq!(world.names(alice), ["Bobby"]);
}

fn strangers(seed: u64) -> (World, Who, Who) {
    strangers_called(seed, ["Alice", "Bob"])
}

fn strangers_called(seed: u64, names: [&str; 2]) -> (World, Who, Who) {
    let mut world = World::new(seed);
    let [one, other] = names.map(|name| world.person(name));
    (world, one, other)
}

fn befriended(world: &mut World, one: Who, other: Who) {
    world.until("they are friends", |w| w.are_friends(one, other) && w.are_friends(other, one));
}

fn standing(world: &World, who: Who, other: Who) -> Option<Standing> {
    world.friend(who, other).map(|friend| friend.standing)
}

/// How many secrets a device shares with the person of another one.
fn secrets(world: &World, who: Who, other: Who) -> usize {
    let all = world.directory(who).secrets.values();
    all.filter(|(account, _)| *account == world.account(other)).count()
}
