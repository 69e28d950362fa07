//! What breaks at a device by itself, its disk or its clock, and what is left of what was said.

use std::{collections::BTreeSet, time::Duration};

use covey_proto::{Command, talk::Saying};
use world::World;

use crate::scenes::{MINUTE, friends};

const YEARS: i64 = 2 * 365 * 24 * 3_600_000;

#[test]
fn a_full_disk_refuses_what_is_said_and_keeps_what_was() {
    let (mut world, alice, bob) = friends(1);
    world.say(alice, bob, "before");
    world.fill_disk(alice, true);
    let refused = world.command(alice, Command::Send(world.talk_of(alice, bob), "no room".into()));
    world.until("she is told", |w| w.refused(alice, refused));
    world.say(bob, alice, "to somebody with a full disk");
    world.pass(10 * MINUTE);
    assert_eq!(world.texts(alice, bob), ["before"]);
    assert_eq!(world.links(alice, bob), 0, "nothing is heard that cannot be kept");

    world.fill_disk(alice, false);
    world.say(alice, bob, "after");
    for who in [alice, bob] {
        let all = ["before", "to somebody with a full disk", "after"];
        world.until("all is there", |w| w.messages(who, alice, bob).count() == 3);
        let mut texts = world.texts(who, if who == alice { bob } else { alice });
        texts.sort_by_key(|text| all.iter().position(|one| one == text));
        assert_eq!(texts, all);
    }
}

#[test]
fn what_was_done_to_a_message_and_is_lost_with_a_disk_counts_there_no_more() {
    for seed in 0..20 {
        let (mut world, alice, bob) = friends(100 + seed);
        let said = world.say(alice, bob, "hello");
        world.until("he has it", |w| w.texts(bob, alice) == ["hello"]);
        world.keep_apart(alice, bob, true);
        world.act(alice, Saying::Edit(said, "hallo".into())).unwrap();
        world.act(alice, Saying::React(said, "x".into())).unwrap();
        world.rot(alice, 4);
        world.switch_on(alice);
        world.keep_apart(alice, bob, false);
        let shown = |w: &World, who| {
            let message = w.message(who, said);
            (message.shown, message.reactions)
        };
        world.until("both show the same", |w| {
            w.texts(alice, bob).len() == 1 && shown(w, alice) == shown(w, bob)
        });
        world.pass(10 * MINUTE);
        assert_eq!(shown(&world, alice), shown(&world, bob), "seed {seed}");
    }
}

#[test]
fn a_disk_with_room_again_is_found_within_a_minute() {
    let (mut world, alice, bob) = friends(2);
    world.fill_disk(alice, true);
    world.say(bob, alice, "hello");
    world.pass(10 * MINUTE);
    world.fill_disk(alice, false);
    world.pass(2 * MINUTE);
    assert_eq!(world.texts(alice, bob), ["hello"]);
}

#[test]
fn a_clock_that_jumps_for_years_at_one_device_leaves_one_order_everywhere() {
    for seed in 0..10 {
        let mut world = World::new(seed);
        let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
        world.befriend(alice, phone);
        for (step, restarts) in
            [(YEARS, false), (-YEARS, true), (0, true), (YEARS, true), (-YEARS, false)]
        {
            let who = world.pick(&[phone, laptop, alice]);
            world.set_clock(who, step);
            if restarts {
                world.crash(who);
            }
            world.link(alice, phone);
            world.link(alice, laptop);
            for from in [phone, alice, laptop] {
                let to = if from == alice { phone } else { alice };
                world.say(from, to, "what is the time?");
            }
        }
        let ids = |w: &World, who| w.messages(who, alice, phone).map(|m| m.id).collect::<Vec<_>>();
        for who in [phone, laptop, alice] {
            world.until("all is there", |w| w.messages(who, alice, phone).count() == 15);
        }
        assert_eq!(ids(&world, phone), ids(&world, alice));
        assert_eq!(ids(&world, laptop), ids(&world, alice));
    }
}

#[test]
fn a_crash_at_any_of_two_hundred_points_of_a_talk_loses_and_doubles_nothing() {
    for point in 0..200_u32 {
        let (mut world, alice, bob) = friends(4);
        let who = if point % 2 == 0 { alice } else { bob };
        world.crash_after(who, point / 2);
        let mut asked = Vec::new();
        for number in 0..40 {
            let (from, to) = if number % 3 == 0 { (bob, alice) } else { (alice, bob) };
            let text = Command::Send(world.talk_of(from, to), number.to_string());
            asked.push((from, world.command(from, text)));
            world.pass(Duration::from_millis(40));
        }
        world.until("it comes back", |w| w.crashes(who) == 1 && w.is_on(who));
        world.say(alice, bob, "there you are");
        world.say(bob, alice, "here I am");
        world.until("all is there", |w| {
            let whole = |from, to| w.delivered(from, from, to) == w.held(from, from, to);
            let ids = |who| w.messages(who, alice, bob).map(|m| m.id).collect::<Vec<_>>();
            whole(alice, bob) && whole(bob, alice) && ids(alice) == ids(bob)
        });
        let texts = world.texts(alice, bob);
        let once: BTreeSet<_> = texts.iter().collect();
        assert_eq!(once.len(), texts.len(), "point {point}");
        let done = asked.iter().filter(|(from, asker)| world.done(*from, *asker).is_some());
        assert!(texts.len() >= done.count() + 2, "point {point}");
        for id in world.sent(alice).chain(world.sent(bob)) {
            assert!(world.messages(bob, alice, bob).any(|m| m.id == id), "point {point}: {id:?}");
        }
    }
}

#[test]
fn what_only_a_disk_had_that_was_set_back_is_lost_and_nothing_else() {
    let (mut world, alice, bob) = friends(3);
    world.say(alice, bob, "had by both");
    world.until("it is there", |w| w.texts(bob, alice).len() == 1);
    world.pass(MINUTE);
    world.switch_off(bob);
    world.say(alice, bob, "had by her alone");
    world.lose_commits(alice, 1);
    world.switch_on(alice);
    world.switch_on(bob);
    world.say(bob, alice, "hello");
    for who in [alice, bob] {
        world.until("all is there", |w| w.messages(who, alice, bob).count() == 2);
    }
    assert_eq!(world.texts(alice, bob), ["had by both", "hello"]);
    assert_eq!(world.texts(bob, alice), ["had by both", "hello"]);
}

#[test]
fn rows_that_cannot_be_read_any_more_come_back_from_who_holds_them() {
    for seed in 10..30 {
        let (mut world, alice, bob) = friends(seed);
        for number in 0..10 {
            world.say(alice, bob, &number.to_string());
            world.say(bob, alice, &number.to_string());
        }
        world
            .until("all is there", |w| w.texts(alice, bob).len() + w.texts(bob, alice).len() == 40);
        world.rot(alice, 12);
        world.switch_on(alice);
        world.say(alice, bob, "on another device");
        for who in [alice, bob] {
            world.until("all is there again", |w| w.messages(who, alice, bob).count() == 21);
        }
        assert_eq!(world.texts(alice, bob), world.texts(bob, alice));
    }
}
