//! How long things are kept: for a while on each device, until somebody has them, and not because
//! a clock is wrong. What has no words any more still holds the chain together.

use std::time::Duration;

use covey_proto::{
    Command, Seq, Time,
    wire::{Kind, Run},
};
use world::{Who, World};

use crate::{
    pen::Pen,
    scenes::{MINUTE, family, friends, hand, penned},
};

const HOUR: Duration = Duration::from_secs(3600);
const TWO_YEARS: i64 = 2 * 365 * 24 * 3_600_000;

#[test]
fn each_device_keeps_a_text_for_its_time_from_when_it_first_showed_it() {
    let (mut world, [phone, laptop], bob) = family(1);
    world.say(bob, phone, "for ever");
    expire(&mut world, bob, phone, HOUR);
    world.until("the phone has it", |w| w.texts(phone, bob).len() == 2);
    world.switch_off(laptop);
    world.say(bob, phone, "for an hour");
    world.until("the phone has that too", |w| w.texts(phone, bob).len() == 3);
    world.pass(40 * MINUTE);
    world.switch_on(laptop);
    world.until("the laptop has it", |w| w.texts(laptop, bob).len() == 3);
    world.pass(25 * MINUTE);
    let (kept, gone) =
        (["for ever", "(expiry)", "for an hour"], ["for ever", "(expiry)", "(expired)"]);
    assert_eq!(world.texts(phone, bob), gone);
    assert_eq!(world.texts(bob, phone), gone);
    assert_eq!(world.texts(laptop, bob), kept);
    world.pass(40 * MINUTE);
    for (who, with) in [(phone, bob), (laptop, bob), (bob, phone)] {
        assert_eq!(world.texts(who, with), gone);
        assert!(!world.disk_says(who, "for an hour"));
    }
}

#[test]
fn the_last_setting_of_either_side_counts_for_what_is_said_afterwards() {
    let (mut world, alice, bob) = friends(2);
    expire(&mut world, alice, bob, HOUR);
    world.until("he sees it", |w| w.texts(bob, alice).len() == 1);
    world.set_clock(alice, -7 * 24 * 3_600_000);
    expire(&mut world, bob, alice, 3 * HOUR);
    world.until("she sees it", |w| w.texts(alice, bob).len() == 2);
    world.say(alice, bob, "three hours");
    expire(&mut world, alice, bob, Duration::ZERO);
    world.say(alice, bob, "for ever");
    world.until("he has all", |w| w.texts(bob, alice).len() == 5);
    world.pass(2 * HOUR);
    assert_eq!(world.texts(bob, alice)[2], "three hours");
    world.pass(2 * HOUR);
    assert_eq!(world.texts(bob, alice)[2..], ["(expired)", "(expiry)", "for ever"]);
    assert_eq!(world.texts(alice, bob)[2..], ["(expired)", "(expiry)", "for ever"]);
}

#[test]
fn what_is_past_its_time_goes_though_the_device_was_off_or_crashed_meanwhile() {
    for steps in 0..6 {
        let (mut world, alice, bob) = friends(100 + u64::from(steps));
        expire(&mut world, alice, bob, HOUR);
        world.say(alice, bob, "an hour");
        world.until("he has it", |w| w.texts(bob, alice).len() == 2);
        world.pass(MINUTE);
        world.switch_off(bob);
        world.pass(50 * MINUTE);
        world.switch_on(bob);
        assert_eq!(world.texts(bob, alice)[1], "an hour");
        world.crash_after(bob, steps);
        world.pass(20 * MINUTE);
        assert_eq!(world.texts(bob, alice)[1], "(expired)");
        assert!(!world.disk_says(bob, "an hour"));
    }
}

#[test]
fn a_text_that_nobody_has_yet_outlives_its_time_until_somebody_has_it() {
    let (mut world, alice, bob) = friends(3);
    expire(&mut world, alice, bob, HOUR);
    world.until("he sees it", |w| w.texts(bob, alice).len() == 1);
    world.switch_off(bob);
    world.say(alice, bob, "are you there?");
    world.pass(10 * HOUR);
    assert_eq!(world.texts(alice, bob)[1], "are you there?");
    world.switch_on(bob);
    world.until("he reads it", |w| w.texts(bob, alice).len() == 2);
    assert_eq!(world.texts(bob, alice)[1], "are you there?");
    world.pass(2 * HOUR);
    for (who, with) in [(alice, bob), (bob, alice)] {
        assert_eq!(world.texts(who, with)[1], "(expired)");
    }
}

/// He turns it forward by two years, and back before it is over: nothing is past its time that
/// would not be, and nothing is kept for two years more.
#[test]
fn a_clock_that_jumps_two_years_and_back_loses_nothing_and_brings_nothing_back() {
    let (mut world, alice, bob) = friends(4);
    expire(&mut world, alice, bob, HOUR);
    world.say(alice, bob, "gone before");
    world.until("he has it", |w| w.texts(bob, alice).len() == 2);
    world.pass(2 * HOUR);
    world.say(alice, bob, "kept");
    world.until("he has it", |w| w.texts(bob, alice).len() == 3);
    world.pass(10 * MINUTE);
    world.set_clock(bob, TWO_YEARS);
    world.pass(30 * MINUTE);
    assert_eq!(world.texts(bob, alice), ["(expiry)", "(expired)", "kept"]);
    world.set_clock(bob, 0);
    world.switch_off(bob);
    world.switch_on(bob);
    world.pass(20 * MINUTE);
    assert_eq!(world.texts(bob, alice), ["(expiry)", "(expired)", "kept"]);
    world.pass(HOUR);
    assert_eq!(world.texts(bob, alice), ["(expiry)", "(expired)", "(expired)"]);
    assert!(!world.disk_says(bob, "kept"));
}

#[test]
fn a_night_that_the_machine_slept_counts() {
    let (mut world, alice, bob) = friends(5);
    expire(&mut world, alice, bob, 4 * HOUR);
    world.say(alice, bob, "tonight");
    world.until("he has it", |w| w.texts(bob, alice).len() == 2);
    world.set_clock(bob, 8 * 3_600_000);
    world.pass(MINUTE);
    assert_eq!(world.texts(bob, alice)[1], "(expired)");
}

#[test]
fn a_device_that_comes_late_counts_what_is_past_its_time_as_received() {
    let (mut world, [phone, laptop], bob) = family(6);
    world.switch_off(laptop);
    expire(&mut world, bob, phone, HOUR);
    world.say(bob, phone, "an hour");
    world.until("the phone has it", |w| w.texts(phone, bob).len() == 2);
    world.pass(3 * HOUR);
    world.switch_on(laptop);
    world.until("the laptop has it", |w| w.texts(laptop, bob) == ["(expiry)", "(expired)"]);
    world.pass(MINUTE);
    assert_eq!(world.held(laptop, bob, phone), Seq(2));
    assert_eq!(world.wanted(laptop, bob, phone), []);
}

#[test]
fn a_body_that_is_missing_for_no_reason_is_wanted_and_whoever_has_it_gives_it() {
    let (mut world, [phone, laptop], bob) = family(7);
    let off = world.add_device(bob);
    world.pass(MINUTE);
    world.switch_off(off);
    world.keep_apart(phone, laptop, true);
    let mut pen = Pen::of(&world, off, phone);
    let run = pen.writes("all of it");
    let (edit, bare) = (pen.acts(Kind::Edit, &run, "all of it, edited"), bare(&run));
    for (run, to) in [(&run, phone), (&bare, laptop), (&edit, phone), (&self::bare(&edit), laptop)]
    {
        hand(&mut world, bob, to, run);
    }
    assert_eq!(world.texts(laptop, bob), ["(lacking)"]);
    assert_eq!(world.wanted(laptop, off, phone), [Seq(1), Seq(2)]);
    assert_eq!(world.delivered(phone, off, laptop), Seq(0));
    world.keep_apart(phone, laptop, false);
    world.until("the laptop has it", |w| w.texts(laptop, bob) == ["all of it, edited"]);
    world.pass(MINUTE);
    assert_eq!(world.wanted(laptop, off, phone), []);
    assert!(world.disk_says(laptop, "all of it"));
}

#[test]
fn a_body_is_wanted_no_more_once_the_text_is_taken_back() {
    let (mut world, alice, [bob, off]) = penned(8);
    let mut pen = Pen::of(&world, off, alice);
    let said = pen.writes("never mind");
    hand(&mut world, bob, alice, &bare(&said));
    assert_eq!(world.wanted(alice, off, alice), [Seq(1)]);
    let taken = pen.acts(Kind::Retract, &said, "");
    hand(&mut world, bob, alice, &taken);
    assert_eq!(world.texts(alice, bob), ["(taken back)"]);
    assert_eq!(world.wanted(alice, off, alice), []);
    // and whoever brings it now is too late
    hand(&mut world, bob, alice, &said);
    assert!(!world.disk_says(alice, "never mind"));
}

#[test]
fn more_bodies_than_can_be_wanted_are_not_taken_for_received() {
    let (mut world, alice, [bob, off]) = penned(9);
    let mut pen = Pen::of(&world, off, alice);
    for n in 0..40 {
        let run = bare(&pen.writes(&n.to_string()));
        hand(&mut world, bob, alice, &run);
    }
    assert_eq!(world.held(alice, off, alice), Seq(32));
    assert_eq!(world.wanted(alice, off, alice).len(), 32);
}

#[test]
fn a_moment_in_2099_is_shown_where_its_bytes_say_and_lasts_no_longer_for_it() {
    let (mut world, alice, [bob, off]) = penned(10);
    let mut pen = Pen::of(&world, off, alice);
    (pen.at, pen.keep_for) = (Time(4_070_908_800_000), 3_600_000);
    let run = pen.writes("from 2099");
    hand(&mut world, bob, alice, &run);
    world.say(alice, bob, "from now");
    assert_eq!(world.texts(alice, bob), ["from 2099", "from now"]);
    world.pass(2 * HOUR);
    assert_eq!(world.texts(alice, bob), ["(expired)", "from now"]);
}

fn expire(world: &mut World, who: Who, with: Who, span: Duration) {
    let talk = world.talk_of(who, with);
    world.ask(who, Command::Expire(talk, span)).unwrap();
}

/// A run without what it says.
fn bare(run: &Run) -> Run {
    run.holding(&run.first().withdrawn()).unwrap()
}
