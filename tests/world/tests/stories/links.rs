//! Links: who may have one, which one stays, and what comes of nonsense on it.

use std::time::Duration;

use covey_proto::{
    Event,
    people::account::{Roster, recovery_hash},
    reach::News,
    seal::{Secret, SigningKey},
    wire::{Frame, Have},
};
use world::{Weather, Who, World};

use crate::scenes::{MINUTE, friends};

#[test]
fn when_both_ends_open_a_link_exactly_one_stays() {
    for seed in 0..40 {
        let (mut world, alice, bob) = friends(seed);
        world.turn(Weather { fastest: 1, slowest: 400, loss: 0 });
        for who in [alice, bob] {
            world.switch_off(who);
        }
        for who in [alice, bob] {
            world.switch_on(who);
        }
        world.pass(MINUTE);
        assert_eq!((world.links(alice, bob), world.links(bob, alice)), (1, 1), "seed {seed}");
        world.say(alice, bob, "still there?");
        world.until("he reads it", |w| w.texts(bob, alice) == ["still there?"]);
    }
}

#[test]
fn friends_who_are_linked_dial_no_more() {
    let (mut world, alice, bob) = friends(1);
    world.pass(MINUTE);
    let dials = |world: &World| [world.dials(alice), world.dials(bob)];
    let before = dials(&world);
    world.pass(60 * MINUTE);
    assert_eq!(dials(&world), before);
    assert_eq!(world.links(alice, bob), 1);
}

#[test]
fn a_broken_link_comes_back_and_people_see_it() {
    let (mut world, alice, bob) = friends(2);
    world.cut_between(alice, bob);
    world.until("she notices", |w| w.links(alice, bob) == 0);
    world.link(alice, bob);
    world.pass(MINUTE);
    let seen: Vec<_> = world.events(alice).iter().filter_map(reached).collect();
    let bob = world.account(bob);
    assert_eq!(seen, [News::Online(bob), News::Offline(bob), News::Online(bob)]);
}

#[test]
fn friends_find_each_other_on_a_local_network_and_stay_linked_when_they_leave_it() {
    let (mut world, alice, bob) = friends(3);
    for who in [alice, bob] {
        world.hide(who, true);
        world.switch_off(who);
        world.switch_on(who);
    }
    world.pass(10 * MINUTE);
    assert_eq!(world.links(alice, bob), 0);
    for who in [alice, bob] {
        world.join(who, Some(7));
    }
    world.link(alice, bob);
}

#[test]
fn a_device_that_moves_is_found_where_its_friends_heard_that_it_is() {
    let (mut world, alice, bob) = friends(4);
    world.hide(alice, true);
    world.pass(MINUTE);
    world.move_to(bob, 77);
    world.pass(MINUTE);
    world.cut_between(alice, bob);
    world.until("she notices", |w| w.links(alice, bob) == 0);
    world.link(alice, bob);
}

#[test]
fn strangers_get_no_link() {
    let mut world = World::new(5);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    for who in [alice, bob] {
        world.join(who, Some(1));
    }
    world.pass(10 * MINUTE);
    assert_eq!((world.links(alice, bob), world.links(bob, alice)), (0, 0));
    assert_eq!((world.dials(alice), world.dials(bob)), (0, 0));
}

#[test]
fn frames_that_are_damaged_unknown_or_too_long_are_passed_over() {
    let (mut world, alice, bob) = friends(6);
    let unknown = [0xfa, 0x01, 3, 1, 2, 3];
    let whole = Frame::Have(Have::default()).encode();
    for bytes in [&unknown[..], &[0xff; 40], &[], &[0x0a, 0x7f, 1], &whole, &vec![0x1a; 61_000]] {
        world.forge_bytes(bob, alice, bytes.to_vec());
    }
    world.say(bob, alice, "sorry");
    world.until("she reads it", |w| w.texts(alice, bob) == ["sorry"]);
    assert_eq!(world.links(alice, bob), 1);
}

#[test]
fn a_node_with_nothing_to_do_wants_no_call() {
    let mut world = World::new(7);
    let alice = world.person("Alice");
    world.pass(MINUTE);
    assert_eq!(world.alarm(alice), None);
    let bob = world.person("Bob");
    world.befriend(alice, bob);
    world.pass(10 * 24 * 60 * MINUTE);
    assert_eq!((world.alarm(alice), world.alarm(bob)), (None, None));
}

#[test]
fn who_is_away_is_dialled_more_and_more_seldom() {
    let (mut world, alice, bob) = friends(8);
    world.switch_off(bob);
    dials_seldom(&mut world, alice);
}

#[test]
fn who_is_turned_away_behind_the_handshake_is_dialled_more_and_more_seldom() {
    let (mut world, alice, bob) = friends(10);
    let new = SigningKey::new(&Secret([5; 32]));
    let roster = Roster::open(&world.directory(bob).roster).unwrap();
    let next = recovery_hash(&new.public());
    let recovered = roster.recover(&world.recovery(bob), new.public(), next).unwrap();
    let image = world.image(bob);
    world.forge(bob, alice, &Frame::Roster(recovered.sign(&new)));
    world.pass(MINUTE);
    world.set_back(bob, &image);
    world.switch_on(bob);
    world.pass(MINUTE);
    for who in [alice, bob] {
        dials_seldom(&mut world, who);
    }
    assert!(world.dials(alice) > 4, "she does not give up");
}

fn dials_seldom(world: &mut World, who: Who) {
    let mut last = u64::MAX;
    for span in [1, 10, 60] {
        let before = world.dials(who);
        world.pass(span * MINUTE);
        let a_minute = (world.dials(who) - before) / u64::from(span);
        assert!(a_minute <= last && a_minute < 12, "{who:?} dials {a_minute} times a minute");
        last = a_minute;
    }
    assert!(last <= 1);
}

#[test]
fn after_a_sleep_everybody_is_dialled_at_once() {
    let (mut world, alice, bob) = friends(11);
    world.switch_off(bob);
    world.pass(600 * MINUTE);
    world.switch_on(bob);
    world.hide(bob, false);
    world.keep_apart(alice, bob, true);
    world.pass(MINUTE);
    world.keep_apart(alice, bob, false);
    world.set_clock(alice, 3_600_000);
    world.pass(Duration::from_secs(2));
    assert_eq!(world.links(alice, bob), 1);
}

#[test]
fn a_clock_that_is_set_breaks_nothing() {
    let (mut world, alice, bob) = friends(9);
    const YEAR: i64 = 365 * 24 * 3_600_000;
    for (step, text) in [(YEAR, "ahead"), (-YEAR, "behind"), (0, "right")] {
        world.set_clock(alice, step);
        world.crash(alice);
        world.link(alice, bob);
        world.say(alice, bob, text);
        world.say(bob, alice, text);
    }
    world.until("all is there", |w| w.texts(alice, bob).len() == 6);
    assert_eq!(world.texts(alice, bob), world.texts(bob, alice));
}

fn reached(event: &Event) -> Option<News> {
    match event {
        Event::Reach(news) => Some(*news),
        Event::People(_) | Event::Talk(_) => None,
    }
}
