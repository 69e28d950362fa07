//! Disks that are set back or copied: they find out, go on as new devices, and nothing that
//! anybody still holds is lost or doubled.

use std::{collections::BTreeSet, time::Duration};

use covey_proto::{
    Command, Event, LogId, Seq, Time,
    people::former::Since,
    talk::News,
    wire::{Frame, Have, LogHave},
};
use world::{Weather, Who, World};

use crate::{
    pen::Pen,
    scenes::{MINUTE, family, friends, hand},
};

#[test]
fn a_disk_that_was_set_back_finds_out_and_goes_on_as_a_new_device() {
    let (mut world, alice, bob) = talking(1);
    let (image, old) = (world.image(alice), world.id(alice));
    world.say(alice, bob, "after the picture");
    world.until("he has it", |w| w.texts(bob, alice).len() == 2);
    world.set_back(alice, &image);
    world.switch_on(alice);
    agree(&mut world, &[alice, bob], &["before", "after the picture"]);
    assert_ne!(world.id(alice), old);
    assert_eq!(questions(&world, alice), [(old, Since::Copied)]);
    world.say(alice, bob, "from the new device");
    world.say(bob, alice, "hello again");
    agree(
        &mut world,
        &[alice, bob],
        &["before", "after the picture", "from the new device", "hello again"],
    );
    assert_eq!(forks(&world, bob), 0);
}

#[test]
fn who_lost_own_messages_asks_a_friend_for_them_and_waits_for_nothing() {
    let (mut world, alice, bob) = talking(5);
    let image = world.image(alice);
    for n in 0..9 {
        world.say(alice, bob, &n.to_string());
    }
    world.until("he has them", |w| w.texts(bob, alice).len() == 10);
    world.set_back(alice, &image);
    world.switch_on(alice);
    world.until("she is a new device", |w| !questions(w, alice).is_empty());
    let before = world.now(alice);
    world.until("all is there again", |w| w.texts(alice, bob).len() == 10);
    assert!(world.now(alice).since(before) < Duration::from_secs(1));
}

#[test]
fn a_disk_that_was_set_back_and_wrote_before_it_found_out_keeps_both_branches() {
    let (mut world, alice, bob) = talking(2);
    let image = world.image(alice);
    for text in ["one", "two", "three"] {
        world.say(alice, bob, text);
    }
    world.until("he has it", |w| w.texts(bob, alice).len() == 4);
    world.set_back(alice, &image);
    world.keep_apart(alice, bob, true);
    world.switch_on(alice);
    for text in ["other one", "other two"] {
        world.say(alice, bob, text);
    }
    world.keep_apart(alice, bob, false);
    agree(&mut world, &[alice, bob], &["before", "one", "two", "three", "other one", "other two"]);
    assert_eq!((forks(&world, alice), forks(&world, bob)), (1, 1), "both are told, once");
    quiet(&mut world, alice, bob);
}

#[test]
fn a_copied_disk_of_which_both_run_is_two_devices_in_the_end() {
    for seed in 0..20 {
        let (mut world, alice, bob) = talking(100 + seed);
        let image = world.image(alice);
        let copy = world.run_copy(&image);
        for n in 0..4 {
            let who = world.pick(&[alice, copy]);
            world.say(who, bob, &n.to_string());
            let span = world.roll(20_000);
            world.pass(Duration::from_millis(span));
        }
        world.say(alice, bob, "by the one");
        world.say(copy, bob, "by the other");
        let all = ["before", "0", "1", "2", "3", "by the one", "by the other"];
        agree(&mut world, &[alice, copy, bob], &all);
        assert_ne!(world.id(alice), world.id(copy), "seed {seed}");
        quiet(&mut world, alice, bob);
    }
}

#[test]
fn a_disk_set_back_while_a_message_was_on_its_way_doubles_nothing() {
    for seed in 0..20 {
        let (mut world, alice, bob) = talking(200 + seed);
        world.turn(Weather { fastest: 100, slowest: 2000, loss: 0 });
        let image = world.image(alice);
        world.say(alice, bob, "on its way");
        world.set_back(alice, &image);
        world.switch_on(alice);
        world.say(alice, bob, "at the same place");
        world.turn(Weather::default());
        world.pass(10 * MINUTE);
        let mut all = vec!["before", "at the same place"];
        if world.texts(bob, alice).contains(&"on its way") {
            all.push("on its way");
        }
        agree(&mut world, &[alice, bob], &all);
    }
}

#[test]
fn what_a_friend_lost_with_his_disk_he_gets_again_and_it_is_not_called_delivered_meanwhile() {
    let (mut world, alice, bob) = talking(3);
    let image = world.image(bob);
    world.say(alice, bob, "again, please");
    world.until("it is delivered", |w| w.delivered(alice, alice, bob) == Seq(2));
    world.set_back(bob, &image);
    world.pass(MINUTE);
    world.turn(Weather { fastest: 2000, slowest: 2000, loss: 0 });
    world.switch_on(bob);
    world.until("she knows", |w| w.delivered(alice, alice, bob) == Seq(1));
    assert_eq!(world.texts(bob, alice), ["before"]);
    agree(&mut world, &[alice, bob], &["before", "again, please"]);
    world.until("it is delivered", |w| w.delivered(alice, alice, bob) == Seq(2));
}

#[test]
fn a_claim_without_a_signature_of_ours_makes_nobody_a_new_device() {
    let (mut world, alice, bob) = talking(4);
    let before = world.id(alice);
    let log = LogId { conversation: world.talk_of(alice, bob), device: before };
    for claim in [
        LogHave { upto: Seq(99), ..LogHave::default() },
        LogHave { upto: Seq(1), id: [7; 8], ..LogHave::default() },
        LogHave { upto: Seq(1), tips: vec![[1; 8], [2; 8]], ..LogHave::default() },
        LogHave { beyond: vec![(Seq(7), Seq(9))], ..LogHave::default() },
    ] {
        let have = Have { logs: vec![(log, claim)], ..Have::default() };
        world.forge(bob, alice, &Frame::Have(have));
        world.pass(MINUTE);
    }
    assert_eq!(world.id(alice), before);
    world.say(alice, bob, "hello");
    agree(&mut world, &[alice, bob], &["before", "hello"]);
}

/// Of a copy's words some are lost with its disk, and those behind them had got out.
#[test]
fn a_piece_of_a_branch_whose_beginning_nobody_has_is_kept_by_all_whatever_came_first() {
    let (mut world, [phone, laptop], bob) = family(5);
    let lost = world.add_device(bob);
    world.pass(MINUTE);
    world.switch_off(lost);
    world.keep_apart(phone, laptop, true);
    let mut pen = Pen::of(&world, lost, phone);
    let first = pen.writes("one");
    let (second, third) = (pen.writes("two"), pen.writes("three"));
    pen.forgets(&second);
    pen.at = Time(pen.at.0 + 1);
    let (gone, piece) = (pen.writes("gone"), pen.writes("behind what is gone"));
    for (who, order) in
        [(phone, [&first, &piece, &second, &third]), (laptop, [&first, &second, &third, &piece])]
    {
        order.iter().for_each(|run| hand(&mut world, bob, who, run));
    }
    world.keep_apart(phone, laptop, false);
    for who in [phone, laptop, bob] {
        let with = if who == bob { phone } else { bob };
        world.until("all is there", |w| w.texts(who, with).len() == 4);
    }
    quiet(&mut world, phone, laptop);
    world.switch_off(laptop);
    hand(&mut world, bob, phone, &gone);
    world.switch_off(bob);
    world.switch_on(laptop);
    world.until("it came after all", |w| w.texts(laptop, bob).len() == 5);
    assert_eq!(world.texts(laptop, bob), world.texts(phone, bob));
    quiet(&mut world, phone, laptop);
}

#[test]
fn all_that_anybody_holds_is_everywhere_once_however_disks_were_set_back_and_copied() {
    for seed in 0..100 {
        let mut world = World::new(1000 + seed);
        let ([phone, laptop], bob) = (world.devices("Alice"), world.person("Bob"));
        world.befriend(bob, phone);
        world.until("all are linked", |w| w.links(phone, bob) + w.links(laptop, bob) > 1);
        let mut all = vec![phone, laptop, bob];
        let mut images = Vec::new();
        world.turn(Weather { fastest: 5, slowest: 1500, loss: 100 });
        for n in 0..40 {
            let who = world.pick(&all);
            match world.roll(10) {
                0 => images.push((who, world.image(who))),
                1 if !images.is_empty() => {
                    let which = usize::try_from(world.roll(images.len() as u64)).unwrap();
                    let (who, image) = images.swap_remove(which);
                    world.set_back(who, &image);
                    world.switch_on(who);
                }
                2 if all.len() < 6 && !images.is_empty() => {
                    let (_, image) = images.pop().unwrap();
                    all.push(world.run_copy(&image));
                }
                3 => world.crash(who),
                4 => {
                    let other = world.pick(&all);
                    world.cut_between(who, other);
                }
                _ => {
                    let other = if world.account(who) == world.account(bob) { phone } else { bob };
                    let talk = world.talk_of(who, other);
                    world.command(who, Command::Send(talk, n.to_string()));
                }
            }
            let span = world.roll(5000);
            world.pass(Duration::from_millis(span));
        }
        world.turn(Weather::default());
        for who in &all {
            world.switch_on(*who);
            // where a device is found that everybody knows as another, only a network tells
            world.join(*who, Some(1));
        }
        world.pass(MINUTE);
        for (who, n) in all.clone().into_iter().zip(100..) {
            let other = if world.account(who) == world.account(bob) { phone } else { bob };
            let talk = world.talk_of(who, other);
            world.command(who, Command::Send(talk, n.to_string()));
        }
        let ids = |w: &World, who| w.messages(who, phone, bob).map(|m| m.id).collect::<Vec<_>>();
        let same = |w: &World| all.iter().all(|who| ids(w, *who) == ids(w, bob));
        for round in 0..100 {
            world.pass(10 * MINUTE);
            if same(&world) {
                break;
            }
            assert!(round < 99, "seed {seed}: not all is the same");
            // of two copies the others may hold the one for the other while that is there
            let who = world.pick(&all);
            world.switch_off(who);
            world.pass(10 * MINUTE);
            world.switch_on(who);
        }
        world.pass(10 * MINUTE);
        assert!(same(&world), "seed {seed}: not all stays the same");
        let texts: Vec<_> = world.texts(bob, phone);
        let once: BTreeSet<_> = texts.iter().collect();
        assert_eq!(once.len(), texts.len(), "seed {seed}: something is there twice");
    }
}

/// Waits until all show these texts, in whatever order.
fn agree(world: &mut World, all: &[Who], texts: &[&str]) {
    let mut expected = texts.to_vec();
    expected.sort_unstable();
    for who in all {
        let other =
            *all.iter().find(|other| world.account(**other) != world.account(*who)).unwrap();
        world.until(&format!("{who:?} has {texts:?}"), |w| {
            let mut texts = w.texts(*who, other);
            texts.sort_unstable();
            texts == expected
        });
    }
}

/// When all is the same nothing is sent any more.
fn quiet(world: &mut World, one: Who, other: Who) {
    world.pass(10 * MINUTE);
    let sent = |w: &World| w.carried(one, other) + w.carried(other, one);
    let before = sent(world);
    world.pass(60 * MINUTE);
    assert_eq!(sent(world), before, "what is there is sent again");
}

fn questions(world: &World, who: Who) -> Vec<(covey_proto::DeviceId, Since)> {
    world.node(who).people().former().collect()
}

fn forks(world: &World, who: Who) -> usize {
    let forked = |event: &&Event| matches!(event, Event::Talk(News::Forked(_)));
    world.events(who).iter().filter(forked).count()
}

/// Alice and Bob, and a word between them.
fn talking(seed: u64) -> (World, Who, Who) {
    let (mut world, alice, bob) = friends(seed);
    world.say(alice, bob, "before");
    world.until("he has it", |w| w.texts(bob, alice) == ["before"]);
    world.pass(MINUTE);
    (world, alice, bob)
}
