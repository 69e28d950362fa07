//! How one more device is added to a person's.

use std::time::Duration;

use covey_proto::{
    Command, Event,
    io::{Refusal, Reply},
    people::{
        News,
        device::{DeviceError, Step},
        invite::InviteError,
    },
    wire::letter::InviteKind,
};
use world::{Weather, Who, World};

use crate::scenes::{MINUTE, friends};

#[test]
fn a_device_is_added_and_has_friends_names_and_the_past() {
    let (mut world, alice, bob, new) = scene(1);
    let said: Vec<_> = (0..5).map(|n| world.say(bob, alice, &format!("hello {n}"))).collect();
    world.until("she reads them", |w| w.texts(alice, bob).len() == said.len());
    let talk = world.talk_of(alice, bob);
    world.ask(alice, Command::Rename(talk, "Bobby".into())).unwrap();
    add(&mut world, alice, new);
    world.until("the past is there", |w| w.texts(new, bob).len() == said.len());
    assert_eq!(world.names(new), ["Bobby"]);
    assert_eq!(world.account(new), world.account(alice));
    world.say(new, bob, "from the new one");
    world.until("he reads it", |w| w.texts(bob, alice).last() == Some(&"from the new one"));
    world.until("so does the old one", |w| w.texts(alice, bob).len() == said.len() + 1);
    world.say(bob, alice, "to both");
    for own in [alice, new] {
        world.until("both read him", |w| w.texts(own, bob).last() == Some(&"to both"));
    }
    assert!(heard(&world, alice, Step::Added) && heard(&world, new, Step::Added));
}

#[test]
fn both_devices_show_the_same_digits_and_nothing_happens_until_both_persons_agree() {
    let (mut world, alice, _, new) = scene(2);
    meet(&mut world, alice, new);
    assert_eq!(step(&world, alice), step(&world, new));
    assert!(matches!(step(&world, alice), Some(Step::Compare(_))));
    world.pass(MINUTE);
    assert_eq!(devices(&world, alice), 1);
    world.ask(new, Command::Confirm(true)).unwrap();
    world.pass(MINUTE);
    assert_eq!(devices(&world, alice), 1);
    world.ask(alice, Command::Confirm(true)).unwrap();
    world.until("it is one of hers", |w| w.account(new) == w.account(alice));
}

#[test]
fn a_device_joins_nobody_before_its_own_person_agreed() {
    let (mut world, alice, _, new) = scene(12);
    meet(&mut world, alice, new);
    world.ask(alice, Command::Confirm(true)).unwrap();
    world.pass(5 * MINUTE);
    assert_ne!(world.account(new), world.account(alice));
    assert_eq!(world.ask(alice, Command::Confirm(false)), Err(DeviceError::Given.into()));
    world.ask(new, Command::Confirm(true)).unwrap();
    world.until("it is one of hers", |w| w.account(new) == w.account(alice));
}

#[test]
fn digits_that_differ_end_it_on_both_devices_and_nothing_is_given() {
    let (mut world, alice, _, new) = scene(3);
    meet(&mut world, alice, new);
    // who agrees opens whatever comes: so nothing came
    world.ask(new, Command::Confirm(true)).unwrap();
    world.ask(alice, Command::Confirm(false)).unwrap();
    world.until("it hears so", |w| heard(w, new, Step::Refused));
    world.pass(30 * MINUTE);
    left_alone(&world, alice, new);
    add(&mut world, alice, new);
}

#[test]
fn the_new_device_can_say_no_as_well() {
    let (mut world, alice, _, new) = scene(4);
    meet(&mut world, alice, new);
    world.ask(new, Command::Confirm(false)).unwrap();
    world.pass(30 * MINUTE);
    assert!(heard(&world, new, Step::Refused) && heard(&world, alice, Step::Expired));
    left_alone(&world, alice, new);
}

#[test]
fn nobody_agrees_before_there_are_digits_or_when_nothing_is_under_way() {
    let (mut world, alice, _, new) = scene(5);
    let confirm = |world: &mut World, who| world.ask(who, Command::Confirm(true));
    assert_eq!(confirm(&mut world, alice), Err(DeviceError::Nothing.into()));
    code(&mut world, alice);
    assert_eq!(confirm(&mut world, alice), Err(DeviceError::NotYet.into()));
    assert_eq!(confirm(&mut world, new), Err(DeviceError::Nothing.into()));
}

#[test]
fn a_second_device_that_answers_ends_it_for_both() {
    let (mut world, alice, _, new) = scene(6);
    let other = world.person("Somebody");
    let code = code(&mut world, alice);
    join(&mut world, new, &code).unwrap();
    world.until("digits", |w| matches!(step(w, alice), Some(Step::Compare(_))));
    world.ask(new, Command::Confirm(true)).unwrap();
    join(&mut world, other, &code).unwrap();
    world.until("she hears so", |w| heard(w, alice, Step::Disturbed));
    for who in [new, other] {
        world.until("they hear so", |w| heard(w, who, Step::Refused));
    }
    assert_eq!(world.ask(alice, Command::Confirm(true)), Err(DeviceError::Nothing.into()));
    world.pass(30 * MINUTE);
    left_alone(&world, alice, new);
    left_alone(&world, alice, other);
}

#[test]
fn a_thief_who_saw_the_code_and_is_first_gets_nothing_once_the_right_one_answers() {
    let (mut world, alice, _, new) = scene(7);
    let thief = world.person("Mallory");
    let code = code(&mut world, alice);
    world.keep_apart(alice, new, true);
    join(&mut world, new, &code).unwrap();
    join(&mut world, thief, &code).unwrap();
    world.until("digits", |w| matches!(step(w, thief), Some(Step::Compare(_))));
    world.ask(thief, Command::Confirm(true)).unwrap();
    world.pass(MINUTE);
    // nothing stands on the new device, so there is nothing to agree to
    assert_eq!(step(&world, new), Some(Step::Waiting));
    world.keep_apart(alice, new, false);
    world.until("she hears so", |w| heard(w, alice, Step::Disturbed));
    world.pass(30 * MINUTE);
    left_alone(&world, alice, thief);
}

#[test]
fn a_code_is_good_for_ten_minutes() {
    let (mut world, alice, _, new) = scene(8);
    let text = code(&mut world, alice);
    world.pass(11 * MINUTE);
    assert!(heard(&world, alice, Step::Expired));
    let late = join(&mut world, new, &text);
    assert_eq!(late, Err(DeviceError::Invite(InviteError::Expired).into()));
    meet(&mut world, alice, new);
    world.ask(new, Command::Confirm(true)).unwrap();
    world.pass(11 * MINUTE);
    assert_eq!(world.ask(alice, Command::Confirm(true)), Err(DeviceError::Nothing.into()));
    world.until("it hears so", |w| heard(w, new, Step::Refused));
    left_alone(&world, alice, new);
}

/// Its node is called once for all that is past then, and not again at once.
#[test]
fn a_code_that_a_clock_jumped_over_is_ended_and_forgotten_in_one_go() {
    let (mut world, alice, _, new) = scene(13);
    let text = code(&mut world, alice);
    world.set_clock(alice, 3 * 24 * 3_600_000);
    world.until("she hears so", |w| heard(w, alice, Step::Expired));
    join(&mut world, new, &text).unwrap();
    world.pass(20 * MINUTE);
    left_alone(&world, alice, new);
}

#[test]
fn a_newcomer_whose_clock_is_slow_gets_nothing_after_ten_minutes() {
    let (mut world, alice, _, new) = scene(9);
    let code = code(&mut world, alice);
    world.set_clock(new, -3_600_000);
    world.switch_off(new);
    world.switch_on(new);
    world.pass(11 * MINUTE);
    join(&mut world, new, &code).unwrap();
    world.until("it hears so", |w| heard(w, new, Step::Refused));
    left_alone(&world, alice, new);
}

#[test]
fn invites_for_friends_add_no_device_and_those_for_devices_make_no_friend() {
    let (mut world, alice, bob, new) = scene(10);
    let code = code(&mut world, alice);
    assert_eq!(world.accept(bob, &code), Err(InviteError::Own.into()));
    for kind in [InviteKind::Link, InviteKind::Screen] {
        let text = world.invite(alice, kind);
        let refused = Err(DeviceError::Invite(InviteError::Friends).into());
        assert_eq!(join(&mut world, new, &text), refused);
    }
    assert_eq!(join(&mut world, alice, &code), Err(DeviceError::Already.into()));
    assert_eq!(join(&mut world, bob, &code), Err(DeviceError::NotFresh.into()));
}

#[test]
fn a_home_that_finds_a_friend_meanwhile_stays_what_it_is() {
    let (mut world, alice, bob, new) = scene(11);
    meet(&mut world, alice, new);
    world.befriend(new, bob);
    for who in [alice, new] {
        world.ask(who, Command::Confirm(true)).unwrap();
    }
    world.until("it says so", |w| heard(w, new, Step::Taken));
    assert_ne!(world.account(new), world.account(alice));
    assert!(world.are_friends(new, bob));
}

#[test]
fn a_crash_at_any_step_of_adding_a_device_changes_nothing() {
    for steps in 0..60 {
        for side in 0..2 {
            let (mut world, alice, bob, new) = scene(20 + u64::from(steps));
            world.say(bob, alice, "before");
            let crashing = [alice, new][side];
            world.crash_after(crashing, steps);
            let mut tries = 0;
            while world.account(new) != world.account(alice) {
                for who in [alice, new] {
                    agree(&mut world, who);
                }
                world.pass(MINUTE);
                if world.account(new) != world.account(alice) && step(&world, new).is_none() {
                    tries += 1;
                    assert!(tries < 4, "it does not come to an end");
                    let asked = world.command(alice, Command::Invite(InviteKind::Own, MINUTE));
                    world.pass(MINUTE);
                    let Some(Ok(Reply::Invite(code))) = world.done(alice, asked) else { continue };
                    world.command(new, Command::Join(code, "tablet".into()));
                }
            }
            world.link(alice, new);
            world.until("the past is there", |w| w.texts(new, bob) == ["before"]);
            assert_eq!([devices(&world, alice), devices(&world, new)], [2, 2]);
        }
    }
}

#[test]
fn letters_that_are_lost_or_come_again_add_a_device_once() {
    for seed in 0..10 {
        let (mut world, alice, bob, new) = scene(100 + seed);
        world.turn(Weather { loss: 300, ..Weather::default() });
        meet(&mut world, alice, new);
        for who in [alice, new] {
            world.ask(who, Command::Confirm(true)).unwrap();
        }
        world.until("it is one of hers", |w| w.account(new) == w.account(alice));
        world.turn(Weather::default());
        world.link(new, bob);
        world.until("he knows both", |w| {
            let known = &w.directory(bob).accounts[&w.account(alice)];
            known.roster().devices.len() == 2
        });
        assert_eq!([devices(&world, alice), devices(&world, new)], [2, 2]);
    }
}

#[test]
fn a_device_added_in_mid_conversation_misses_and_doubles_nothing() {
    for seed in 0..10 {
        let (mut world, alice, bob, new) = scene(200 + seed);
        meet(&mut world, alice, new);
        for n in 0..10 {
            world.command(bob, Command::Send(world.talk_of(bob, alice), format!("b{n}")));
            world.command(alice, Command::Send(world.talk_of(bob, alice), format!("a{n}")));
            if n == 4 {
                for who in [alice, new] {
                    world.command(who, Command::Confirm(true));
                }
            }
            world.pass(Duration::from_millis(200));
        }
        world.until("it has all", |w| w.texts(new, bob).len() == 20);
        assert_eq!(world.texts(new, bob), world.texts(alice, bob));
        assert_eq!(world.texts(new, bob), world.texts(bob, alice));
    }
}

#[test]
fn no_person_has_more_than_sixteen_devices() {
    let mut world = World::new(300);
    let own: [Who; 16] = world.devices("Alice");
    let full = world.ask(own[0], Command::Invite(InviteKind::Own, MINUTE));
    assert_eq!(full, Err(DeviceError::Full.into()));
}

#[test]
fn a_device_is_called_as_its_person_likes_and_no_two_alike() {
    let (mut world, alice, _, new) = scene(301);
    world.ask(alice, Command::NameDevice("tablet".into())).unwrap();
    add(&mut world, alice, new);
    let names = |world: &World, who| {
        let mut all: Vec<_> = world.node(who).people().own_devices().map(|d| d.name).collect();
        all.sort();
        all
    };
    let expected = ["tablet", "tablet 2"].map(|name| Some(String::from(name)));
    world.until("she hears its name", |w| names(w, alice) == expected);
    let mut taken = ["tablet", "tablet 2"].map(String::from).map(Command::NameDevice);
    let taken = taken.each_mut().map(|name| world.ask(alice, name.clone()));
    assert_eq!(taken.iter().filter(|done| **done == Err(DeviceError::Name.into())).count(), 1);
    world.ask(new, Command::NameDevice("shelf".into())).unwrap();
    world.until("she hears it", |w| names(w, alice).contains(&Some("shelf".into())));
}

fn scene(seed: u64) -> (World, Who, Who, Who) {
    let (mut world, alice, bob) = friends(seed);
    let new = world.person("Nobody");
    world.pass(MINUTE);
    (world, alice, bob, new)
}

/// The text of an invite for a device.
fn code(world: &mut World, old: Who) -> String {
    match world.ask(old, Command::Invite(InviteKind::Own, MINUTE)) {
        Ok(Reply::Invite(text)) => text,
        other => panic!("no invite: {other:?}"),
    }
}

fn join(world: &mut World, new: Who, code: &str) -> Result<Reply, Refusal> {
    world.ask(new, Command::Join(code.into(), "tablet".into()))
}

/// Both devices show digits.
fn meet(world: &mut World, old: Who, new: Who) {
    let code = code(world, old);
    join(world, new, &code).unwrap();
    for who in [old, new] {
        world.until("digits", |w| matches!(step(w, who), Some(Step::Compare(_))));
    }
}

/// Adds a device, and waits until it is linked.
fn add(world: &mut World, old: Who, new: Who) {
    meet(world, old, new);
    for who in [old, new] {
        world.ask(who, Command::Confirm(true)).unwrap();
    }
    world.until("it is one of hers", |w| w.account(new) == w.account(old));
    world.link(old, new);
}

/// A person agrees if there is something to agree to.
fn agree(world: &mut World, who: Who) {
    if matches!(step(world, who), Some(Step::Compare(_))) {
        world.command(who, Command::Confirm(true));
    }
}

/// Neither device has anything of the other.
fn left_alone(world: &World, old: Who, new: Who) {
    assert_eq!([devices(world, old), devices(world, new)], [1, 1]);
    assert_ne!(world.account(new), world.account(old));
    assert_eq!([step(world, old), step(world, new)], [None, None]);
}

fn step(world: &World, who: Who) -> Option<Step> {
    world.node(who).people().adding()
}

fn heard(world: &World, who: Who, step: Step) -> bool {
    world.events(who).contains(&Event::People(News::Adding(step)))
}

fn devices(world: &World, who: Who) -> usize {
    world.node(who).people().own_devices().count()
}
