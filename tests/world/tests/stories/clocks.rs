//! Clocks that differ: which is wrong is told as far as anybody can know.

use covey_proto::node::Subject;
use world::{Who, World};

use crate::scenes::{MINUTE, friends};

const HOUR: i64 = 3_600_000;

#[test]
fn of_two_clocks_that_differ_both_sides_are_told_and_nobody_which_is_wrong() {
    let (mut world, alice, bob) = friends(1);
    assert_eq!(ahead(&world, alice, bob), None);
    world.set_clock(bob, 3 * HOUR);
    world.crash(bob);
    world.pass(MINUTE);
    world.link(alice, bob);
    for (who, friend, hours) in [(alice, bob, 3), (bob, alice, -3)] {
        let told = ahead(&world, who, friend).expect("it is worth a word");
        assert!((told - hours * HOUR).abs() < 60_000, "{told}");
        assert_eq!(world.node(who).clock(), None, "two can differ about one thing");
    }
}

#[test]
fn whose_clock_nobody_agrees_with_is_told_so_until_it_is_set() {
    let mut world = World::new(2);
    let [alice, bob, carol] = ["Alice", "Bob", "Carol"].map(|name| world.person(name));
    world.set_clock(alice, 3 * HOUR);
    for (one, other) in [(alice, bob), (alice, carol), (bob, carol)] {
        world.befriend(one, other);
        world.link(one, other);
    }
    world.pass(MINUTE);
    let told = world.node(alice).clock().expect("nobody agrees with her");
    assert!((told + 3 * HOUR).abs() < 60_000, "{told}");
    assert_eq!([bob, carol].map(|who| world.node(who).clock()), [None; 2]);
    world.set_clock(alice, 0);
    world.pass(MINUTE);
    assert_eq!(world.node(alice).clock(), None);
    world.crash(alice);
    world.link(alice, bob);
    world.link(alice, carol);
    world.pass(MINUTE);
    assert_eq!(world.node(alice).clock(), None);
    assert_eq!(ahead(&world, bob, alice), None);
}

/// How much later the clock of a friend's device is, as somebody's node tells.
fn ahead(world: &World, who: Who, friend: Who) -> Option<i64> {
    let subject = Subject::Friend(world.talk_of(who, friend));
    let why = world.node(who).why(subject, world.now(who)).expect("they are friends");
    why.devices.first().and_then(|device| device.sought.ahead)
}
