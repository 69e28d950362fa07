//! How friendships end, for a while or for good.

use std::time::Duration;

use covey_proto::{Command, Event, Seq, io::Refusal, people::News, wire::letter::InviteKind};
use world::{Who, World};

use crate::scenes::{MINUTE, friends};

#[test]
fn a_blocked_friend_hears_nothing_and_cannot_link_until_he_is_unblocked() {
    let (mut world, alice, bob) = friends(1);
    block(&mut world, alice, bob, true);
    assert_eq!(world.links(alice, bob), 0);
    world.say(bob, alice, "are you angry?");
    world.pass(10 * MINUTE);
    assert_eq!((world.links(alice, bob), world.links(bob, alice)), (0, 0));
    assert_eq!(world.delivered(bob, bob, alice), Seq(0));
    let send = Command::Send(world.talk_of(alice, bob), "no".into());
    assert_eq!(world.ask(alice, send), Err(Refusal::Blocked));
    block(&mut world, alice, bob, false);
    world.until("she reads it", |w| w.texts(alice, bob) == ["are you angry?"]);
}

#[test]
fn what_a_blocked_friend_had_on_its_way_is_not_taken() {
    let (mut world, alice, bob) = friends(2);
    let talk = world.talk_of(bob, alice);
    world.command(bob, Command::Send(talk, "too late".into()));
    world.pass(Duration::from_millis(4));
    block(&mut world, alice, bob, true);
    world.pass(10 * MINUTE);
    assert!(world.texts(alice, bob).is_empty());
    assert_eq!(world.delivered(bob, bob, alice), Seq(0));
}

#[test]
fn a_removed_friend_hears_nothing_and_cannot_link() {
    let (mut world, alice, bob) = friends(3);
    world.say(alice, bob, "goodbye");
    world.until("he reads it", |w| w.texts(bob, alice) == ["goodbye"]);
    remove(&mut world, alice, bob);
    world.say(bob, alice, "wait");
    world.ask(alice, Command::Name("Alicia".into())).unwrap();
    world.pass(10 * MINUTE);
    assert_eq!((world.links(alice, bob), world.links(bob, alice)), (0, 0));
    assert_eq!(world.names(bob), ["Alice"]);
    assert_eq!(world.texts(alice, bob), ["goodbye"]);
    assert!(world.events(alice).iter().any(|e| matches!(e, Event::People(News::Gone(_)))));
}

#[test]
fn a_removed_friend_does_not_come_back_by_the_invite_he_used() {
    let mut world = World::new(4);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    let text = world.invite(alice, InviteKind::Link);
    world.accept(bob, &text).unwrap();
    world.until("they are friends", |w| w.are_friends(alice, bob) && w.are_friends(bob, alice));
    remove(&mut world, alice, bob);
    world.accept(bob, &text).unwrap();
    world.pass(10 * MINUTE);
    assert_eq!(world.friend(alice, bob), None);
    assert_eq!(world.links(alice, bob), 0);
}

#[test]
fn a_removed_friend_comes_back_by_a_new_invite() {
    for seed in 0..8 {
        let (mut world, alice, bob) = friends(100 + seed);
        world.say(bob, alice, "one");
        world.until("she reads it", |w| w.texts(alice, bob) == ["one"]);
        remove(&mut world, alice, bob);
        world.befriend(alice, bob);
        let hidden = [alice, bob][seed as usize % 2];
        world.hide(hidden, true);
        world.cut_between(alice, bob);
        world.say(bob, alice, "two");
        world.until("she reads it", |w| w.texts(alice, bob) == ["one", "two"]);
    }
}

#[test]
fn who_is_blocked_or_removed_at_one_device_is_so_at_every_other() {
    for removed in [false, true] {
        let mut world = World::new(5);
        let ([phone, laptop], bob) = (world.devices("Alice"), world.person("Bob"));
        world.befriend(phone, bob);
        world.link(laptop, bob);
        world.link(phone, laptop);
        if removed {
            remove(&mut world, phone, bob);
        } else {
            block(&mut world, phone, bob, true);
        }
        world.until("the laptop parts", |w| w.links(laptop, bob) == 0);
        world.say(bob, phone, "hello?");
        world.pass(10 * MINUTE);
        assert_eq!((world.links(laptop, bob), world.links(phone, bob)), (0, 0));
        assert!(world.texts(laptop, bob).is_empty() && world.texts(phone, bob).is_empty());
    }
}

#[test]
fn what_was_said_with_who_is_a_friend_no_more_is_still_shared_by_own_devices() {
    let mut world = World::new(7);
    let ([phone, laptop], bob) = (world.devices("Alice"), world.person("Bob"));
    world.befriend(phone, bob);
    world.link(laptop, bob);
    world.link(laptop, phone);
    world.switch_off(laptop);
    world.say(phone, bob, "goodbye");
    world.say(bob, phone, "so be it");
    world.until("it is said", |w| w.texts(phone, bob).len() == 2);
    remove(&mut world, phone, bob);
    world.switch_on(laptop);
    world.until("the laptop knows", |w| w.friend(laptop, bob).is_none());
    world.pass(10 * MINUTE);
    assert_eq!(world.texts(laptop, bob), ["goodbye", "so be it"]);
    assert_eq!((world.alarm(phone), world.alarm(laptop)), (None, None));
}

#[test]
fn who_waits_for_an_answer_can_be_removed_and_is_asked_no_more() {
    let mut world = World::new(6);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    let text = world.invite(alice, InviteKind::Link);
    world.switch_off(alice);
    world.accept(bob, &text).unwrap();
    world.pass(MINUTE);
    remove(&mut world, bob, alice);
    world.switch_on(alice);
    world.pass(10 * MINUTE);
    assert_eq!((world.friend(bob, alice), world.friend(alice, bob)), (None, None));
}

fn block(world: &mut World, who: Who, other: Who, blocked: bool) {
    let block = Command::Block(world.talk_of(who, other), blocked);
    world.ask(who, block).unwrap();
}

fn remove(world: &mut World, who: Who, other: Who) {
    let remove = Command::Remove(world.talk_of(who, other));
    world.ask(who, remove).unwrap();
}
