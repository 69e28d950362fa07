//! Why nothing arrives: what a node can tell of it, and that it is true.

use std::time::Duration;

use covey_proto::{
    Command, EntryId, Time,
    node::{Device, Subject, Why},
    reach::{Failure, Near, Next},
    talk::Share,
    wire::letter::InviteKind,
};
use world::{Weather, Who, World};

use crate::scenes::{MINUTE, friends};

#[test]
fn of_a_friend_who_is_off_it_is_told_when_he_was_linked_what_failed_and_when_he_is_dialled() {
    let (mut world, alice, bob) = friends(1);
    let linked = device(&world, alice, bob).sought;
    assert_eq!((linked.seen, linked.next), (Some(world.now(alice)), Next::Linked));
    world.switch_off(bob);
    let off = world.now(alice);
    world.pass(10 * MINUTE);
    let sought = device(&world, alice, bob).sought;
    let (ended, why) = sought.ended.unwrap();
    assert_eq!((sought.linked, sought.seen, why), (None, Some(ended), Some(Failure::Silent)));
    assert!(ended >= off && ended.since(off) < MINUTE);
    assert!(sought.tried.iter().all(|tried| tried.failures > 2));
    assert!(sought.tried.iter().all(|tried| tried.last.unwrap().1 == Failure::Silent));
    for _ in 0..10 {
        dials_when_it_says(&mut world, alice, bob);
    }
}

#[test]
fn of_a_friend_who_left_the_local_network_it_is_told_since_when_he_is_silent() {
    let (mut world, alice, bob) = friends(2);
    let near = |world: &World| device(world, alice, bob).sought.near;
    assert_eq!(near(&world), Near::Never);
    for who in [alice, bob] {
        world.join(who, Some(7));
    }
    world.pass(MINUTE);
    assert_eq!(near(&world), Near::Heard);
    let left = world.now(alice);
    world.join(bob, None);
    world.pass(MINUTE);
    let Near::Silent(since) = near(&world) else { panic!("he is still heard") };
    assert!(since >= left && since.since(left) < MINUTE);
}

#[test]
fn of_a_friend_who_blocked_us_it_is_told_that_he_hangs_up_and_no_more() {
    let (mut world, alice, bob) = friends(3);
    block(&mut world, bob, alice);
    world.pass(10 * MINUTE);
    let sought = device(&world, alice, bob).sought;
    assert!(sought.tried.iter().all(|tried| tried.last.unwrap().1 == Failure::HungUp));
    dials_when_it_says(&mut world, alice, bob);
    assert_eq!(device(&world, bob, alice).sought.next, Next::Unsought);
}

#[test]
fn of_a_friend_whose_addresses_all_fail_each_is_told_with_how_often() {
    let (mut world, alice, bob) = friends(4);
    world.keep_apart(alice, bob, true);
    world.pass(MINUTE);
    let before = device(&world, alice, bob).sought.tried;
    world.pass(60 * MINUTE);
    let after = device(&world, alice, bob).sought.tried;
    assert!(!after.is_empty());
    for (before, after) in before.iter().zip(&after) {
        assert!(after.failures > before.failures && after.last.unwrap().0 > before.last.unwrap().0);
    }
}

#[test]
fn of_a_friend_who_says_nowhere_where_he_is_it_is_told_that_no_address_is_known() {
    let mut world = World::new(5);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    world.hide(bob, true);
    world.pass(MINUTE);
    world.befriend(alice, bob);
    world.switch_off(bob);
    world.pass(10 * MINUTE);
    assert_eq!(device(&world, alice, bob).sought.next, Next::NoAddress);
}

#[test]
fn of_who_has_not_answered_it_is_told_where_he_is_looked_for_and_until_when() {
    let mut world = World::new(6);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    let text = world.invite(alice, InviteKind::Link);
    world.switch_off(alice);
    world.accept(bob, &text).unwrap();
    world.pass(MINUTE);
    let why = why(&world, bob, Subject::Friend(world.talk_of(bob, alice)));
    let [(end, sought)] = &why.inviter[..] else { panic!("{why:?}") };
    assert!(*end > world.now(bob) && matches!(sought.next, Next::Dial(_) | Next::Dialling));
    assert!(why.devices.is_empty());
}

#[test]
fn when_a_friend_was_linked_is_known_after_a_crash_to_within_an_hour() {
    let (mut world, alice, bob) = friends(7);
    for _ in 0..10 {
        world.pass(30 * MINUTE);
        world.say(alice, bob, "still there");
    }
    world.switch_off(bob);
    world.switch_off(alice);
    let off = world.now(alice);
    world.switch_on(alice);
    world.pass(MINUTE);
    let seen = device(&world, alice, bob).sought.seen.unwrap();
    assert!(seen <= off && off.since(seen) <= 60 * MINUTE);
}

#[test]
fn of_a_message_it_is_told_which_device_has_it_and_since_when() {
    let mut world = World::new(8);
    let (alice, [phone, laptop]) = (world.person("Alice"), world.devices("Bob"));
    world.befriend(alice, phone);
    world.link(alice, laptop);
    world.switch_off(laptop);
    world.until("she notices", |w| w.links(alice, laptop) == 0);
    let said = world.now(alice);
    let id = world.say(alice, phone, "hello");
    world.until("he reads it", |w| w.texts(phone, alice) == ["hello"]);
    world.pass(MINUTE);
    let Some(Share::Held(Some(since))) = share(&world, alice, phone, id) else { panic!("lost") };
    assert!(since >= said && since.since(said) < MINUTE);
    assert_eq!(share(&world, alice, laptop, id), Some(Share::Unlinked));
    assert_eq!(device(&world, alice, laptop).lacks, 1);
    world.crash(alice);
    world.link(alice, phone);
    assert_eq!(share(&world, alice, phone, id), Some(Share::Held(None)));
}

#[test]
fn what_is_on_its_way_is_told_to_be_and_since_when() {
    let (mut world, alice, bob) = friends(9);
    world.turn(Weather { fastest: 2_000, slowest: 2_000, loss: 0 });
    let said = world.now(alice);
    let id = world.say(alice, bob, "slowly");
    let Some(Share::Sent(since)) = share(&world, alice, bob, id) else { panic!("not sent") };
    assert!(since >= said && since <= world.now(alice));
    world.until("it is there", |w| matches!(share(w, alice, bob, id), Some(Share::Held(_))));
}

#[test]
fn what_is_told_of_many_messages_is_late_by_a_minute_at_most() {
    let (mut world, alice, bob) = friends(10);
    let mut said = Vec::new();
    for _ in 0..40 {
        said.push((world.now(alice), world.say(alice, bob, "again")));
        world.pass(MINUTE / 4);
    }
    for (at, id) in said {
        let Some(Share::Held(since)) = share(&world, alice, bob, id) else { panic!("lost") };
        let late = since.expect("few are told").since(at);
        assert!(late <= 2 * MINUTE, "{late:?}");
    }
}

#[test]
fn whatever_happens_what_is_told_is_bounded_and_true() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        let (alice, [phone, laptop]) = (world.person("Alice"), world.devices("Bob"));
        let all = [alice, phone, laptop];
        world.turn(Weather { fastest: 5, slowest: 400, loss: 40 });
        world.befriend(alice, phone);
        let mut said = Vec::new();
        for _ in 0..40 {
            let (who, other) = (world.pick(&all), world.pick(&all));
            match world.roll(10) {
                0 => world.crash(who),
                1 => world.keep_apart(alice, other, true),
                2 => world.keep_apart(alice, other, false),
                3 => world.join(who, Some(1)),
                4 => world.join(who, None),
                5 => world.move_to(who, 7),
                6 => world.fail_disk(who),
                7 => block(&mut world, alice, phone),
                _ => {
                    let text = Command::Send(world.talk_of(alice, phone), "hello".into());
                    said.push(world.command(alice, text));
                }
            }
            let ms = world.roll(40_000);
            world.pass(Duration::from_millis(ms));
            all.into_iter().filter(|who| world.is_on(*who)).for_each(|who| is_true(&world, who));
        }
    }
}

/// All that a device tells of everybody is bounded, and what the World knows too.
fn is_true(world: &World, who: Who) {
    let now = world.now(who);
    let past = |at: Time| assert!(at <= now, "{who:?} tells the future");
    for friend in world.node(who).people().friends() {
        let why = why(world, who, Subject::Friend(friend.conversation));
        assert!(why.devices.len() <= 16 && why.inviter.len() <= 64);
        let devices = why.devices.iter().map(|device| &device.sought);
        for sought in devices.chain(why.inviter.iter().map(|(_, sought)| sought)) {
            assert!(sought.tried.len() <= 16);
            let tried = sought.tried.iter();
            tried.clone().filter_map(|tried| tried.last).for_each(|(at, _)| past(at));
            tried.filter_map(|tried| tried.dialling).for_each(past);
            let moments = [sought.linked.map(|(at, _)| at), sought.ended.map(|(at, _)| at)];
            moments.into_iter().chain([sought.seen]).flatten().for_each(past);
            assert_eq!(sought.linked.is_some(), sought.next == Next::Linked);
            assert!(!matches!(sought.next, Next::Dial(at) if at < now));
        }
    }
}

/// Nothing is dialled before the moment that was told, and an address is then.
fn dials_when_it_says(world: &mut World, who: Who, other: Who) {
    let due = loop {
        if let Next::Dial(due) = device(world, who, other).sought.next
            && due > world.now(who)
        {
            break due;
        }
        world.pass(Duration::from_millis(100));
    };
    let before = world.dials(who);
    world.pass(due.since(world.now(who)) - Duration::from_millis(1));
    assert_eq!(world.dials(who), before, "sooner than told");
    world.pass(Duration::from_millis(5));
    assert_eq!(world.dials(who), before + 1, "not when it was told");
}

fn why(world: &World, who: Who, subject: Subject) -> Why {
    world.node(who).why(subject, world.now(who)).unwrap()
}

fn device(world: &World, who: Who, other: Who) -> Device {
    let why = why(world, who, Subject::Friend(world.talk_of(who, other)));
    why.devices.into_iter().find(|device| device.id == world.id(other)).unwrap()
}

fn share(world: &World, who: Who, at: Who, id: EntryId) -> Option<Share> {
    let message = world.messages(who, who, at).find(|message| message.id == id).unwrap();
    let why = why(world, who, Subject::Entry(message.log, message.seq));
    why.devices.into_iter().find(|device| device.id == world.id(at))?.share
}

fn block(world: &mut World, who: Who, other: Who) {
    let block = Command::Block(world.talk_of(who, other), true);
    world.command(who, block);
    world.pass(MINUTE);
}
