//! How stories begin: who knows whom and is linked with whom.

use std::time::Duration;

use covey_proto::wire::{Frame, Run};
use world::{Who, World};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Alice and Bob are friends, and linked.
pub(crate) fn friends(seed: u64) -> (World, Who, Who) {
    let mut world = World::new(seed);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    world.befriend(alice, bob);
    world.link(alice, bob);
    world.pass(MINUTE);
    (world, alice, bob)
}

/// Alice and Bob are linked, and Bob has another device that is off: what is written in its name
/// surprises nobody.
pub(crate) fn penned(seed: u64) -> (World, Who, [Who; 2]) {
    let mut world = World::new(seed);
    let (alice, [bob, off]) = (world.person("Alice"), world.devices("Bob"));
    world.befriend(alice, bob);
    world.switch_off(off);
    world.link(alice, bob);
    world.pass(MINUTE);
    (world, alice, [bob, off])
}

/// Alice with two devices, and her friend Bob: all are linked.
pub(crate) fn family(seed: u64) -> (World, [Who; 2], Who) {
    let mut world = World::new(seed);
    let (own, bob) = (world.devices("Alice"), world.person("Bob"));
    world.befriend(own[0], bob);
    for (one, other) in [(own[0], own[1]), (own[0], bob), (own[1], bob)] {
        world.link(one, other);
    }
    world.pass(MINUTE);
    (world, own, bob)
}

/// Gives a run to somebody over the link that there is, and waits until it was looked at.
pub(crate) fn hand(world: &mut World, from: Who, to: Who, run: &Run) {
    world.link(from, to);
    world.forge(from, to, &Frame::Run(run.bytes().to_vec()));
    world.pass(Duration::from_millis(200));
}
