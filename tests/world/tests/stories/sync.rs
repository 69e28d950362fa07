//! Who tells whom what he holds, and sends what the other lacks.

use std::time::Duration;

use covey_proto::{
    LogId, Seq,
    wire::{Frame, Have, LogHave},
};
use world::{Weather, World};

#[test]
fn a_text_said_while_both_ends_tell_what_they_hold_arrives() {
    let mut world = World::new(1);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    world.befriend(alice, bob);
    world.turn(Weather { fastest: 100, slowest: 100, loss: 0 });
    world.link(alice, bob);
    world.say(alice, bob, "hello");
    world.until("he reads it", |w| w.texts(bob, alice) == ["hello"]);
    world.say(bob, alice, "hi");
    world.until("she reads it", |w| w.texts(alice, bob) == ["hello", "hi"]);
}

#[test]
fn what_was_delivered_stays_delivered_whatever_comes_late() {
    let mut world = World::new(2);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    world.befriend(alice, bob);
    for text in ["one", "two", "three"] {
        world.say(alice, bob, text);
    }
    world.until("all is delivered", |w| w.delivered(alice, alice, bob) == Seq(3));
    let log = LogId { conversation: world.talk_of(alice, bob), device: world.id(alice) };
    let old = LogHave { upto: Seq(1), ..LogHave::default() };
    world.forge(bob, alice, &Frame::Have(Have { logs: vec![(log, old)], ..Have::default() }));
    world.pass(Duration::from_secs(60));
    assert_eq!(world.delivered(alice, alice, bob), Seq(3));
}

#[test]
fn what_begins_while_own_devices_are_linked_reaches_both() {
    let mut world = World::new(3);
    let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
    world.link(phone, laptop);
    world.keep_apart(laptop, alice, true);
    world.befriend(phone, alice);
    world.say(alice, phone, "hello");
    world.until("the laptop shows it", |w| w.texts(laptop, alice) == ["hello"]);
    world.say(laptop, alice, "from my laptop");
    world.until("she reads it", |w| w.texts(alice, phone) == ["hello", "from my laptop"]);
}

#[test]
fn what_only_a_device_held_that_is_gone_is_sent_again_by_its_author() {
    let mut world = World::new(4);
    let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
    world.link(phone, laptop);
    world.befriend(phone, alice);
    world.until("the laptop knows her", |w| w.are_friends(laptop, alice));
    world.switch_off(laptop);
    world.say(alice, phone, "only the phone has it");
    world.until("it is delivered", |w| w.delivered(alice, alice, phone) == Seq(1));
    world.switch_off(phone);
    world.switch_on(laptop);
    world.until("the laptop has it", |w| w.texts(laptop, alice) == ["only the phone has it"]);
}

#[test]
fn who_claims_to_hold_what_was_never_said_is_not_believed() {
    let mut world = World::new(5);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    world.befriend(alice, bob);
    world.link(alice, bob);
    let log = LogId { conversation: world.talk_of(alice, bob), device: world.id(alice) };
    let claim = LogHave { upto: Seq(99), ..LogHave::default() };
    world.forge(bob, alice, &Frame::Have(Have { logs: vec![(log, claim)], ..Have::default() }));
    world.pass(Duration::from_secs(60));
    assert_eq!(world.delivered(alice, alice, bob), Seq(0));
    world.say(alice, bob, "hello");
    world.until("he reads it", |w| w.texts(bob, alice) == ["hello"]);
}

#[test]
fn own_devices_pass_on_what_friends_said_after_a_while_and_only_if_it_is_lacking() {
    for lacking in [true, false] {
        let mut world = World::new(6);
        let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
        world.link(phone, laptop);
        world.befriend(phone, alice);
        world.link(laptop, alice);
        world.keep_apart(laptop, alice, lacking);
        world.pass(Duration::from_secs(60));
        let before = world.carried(phone, laptop);
        world.say(alice, phone, "hello");
        world.pass(Duration::from_millis(1900));
        assert_eq!(world.texts(laptop, alice).is_empty(), lacking);
        world.pass(Duration::from_secs(30));
        assert_eq!(world.texts(laptop, alice), ["hello"]);
        assert_eq!(world.carried(phone, laptop) > before, lacking);
    }
}
