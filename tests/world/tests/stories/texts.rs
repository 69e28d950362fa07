//! What is said: taken once, shown in one order, delivered when it is on the other's disk.

use std::time::Duration;

use covey_proto::{
    Command, Event, Seq, Time,
    io::Refusal,
    seal::{Secret, SigningKey},
    store::Shown,
    talk::{News, SayError},
    wire::{Frame, Kind},
};
use world::{Weather, World};

use crate::{
    pen::Pen,
    scenes::{MINUTE, friends, hand, penned},
};

const HOUR: i64 = 3_600_000;

#[test]
fn what_comes_twice_is_shown_once() {
    let (mut world, alice, bob) = friends(1);
    let run = Pen::of(&world, bob, alice).writes("once");
    for _ in 0..3 {
        hand(&mut world, bob, alice, &run);
    }
    assert_eq!(world.texts(alice, bob), ["once"]);
    let told = |event: &&Event| matches!(event, Event::Talk(News::Message(_) | News::Forked(_)));
    assert_eq!(world.events(alice).iter().filter(told).count(), 1);
}

#[test]
fn what_comes_out_of_order_is_shown_in_order() {
    let (mut world, alice, [bob, off]) = penned(2);
    let mut pen = Pen::of(&world, off, alice);
    let runs: Vec<_> = ["one", "two", "three", "four"].map(|text| pen.writes(text)).into();
    for (place, upto) in [(3, 0), (1, 0), (0, 2), (2, 4)] {
        hand(&mut world, bob, alice, &runs[place]);
        assert_eq!(world.held(alice, off, alice), Seq(upto));
    }
    assert_eq!(world.texts(alice, bob), ["one", "two", "three", "four"]);
}

#[test]
fn a_run_that_is_damaged_or_signed_by_another_key_is_refused() {
    let (mut world, alice, bob) = friends(3);
    let run = Pen::of(&world, bob, alice).writes("mine");
    for place in 0..run.bytes().len() {
        let mut bytes = run.bytes().to_vec();
        bytes[place] ^= 1;
        world.forge(bob, alice, &Frame::Run(bytes));
    }
    let mut mallory = Pen::with(key(66), world.account(bob), world.talk_of(alice, bob));
    mallory.log.device = world.id(bob);
    let stolen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| mallory.writes("no")));
    assert!(stolen.is_err(), "a device's log is signed by its key alone");
    world.pass(MINUTE);
    assert!(world.texts(alice, bob).is_empty());
}

#[test]
fn a_device_that_the_roster_does_not_list_is_not_heard() {
    let (mut world, alice, bob) = friends(4);
    let mut pen = Pen::with(key(7), world.account(bob), world.talk_of(alice, bob));
    let run = pen.writes("it is me, on my new phone");
    hand(&mut world, bob, alice, &run);
    assert!(world.texts(alice, bob).is_empty());
}

#[test]
fn what_is_said_to_others_is_shown_to_nobody_else() {
    let (mut world, alice, bob) = friends(5);
    let carol = world.person("Carol");
    world.befriend(carol, alice);
    world.befriend(carol, bob);
    let to_carol = Pen::of(&world, bob, carol).writes("between us");
    let from_carol = Pen::of(&world, carol, alice).writes("says Bob");
    for run in [&to_carol, &from_carol] {
        hand(&mut world, bob, alice, run);
    }
    assert!(world.texts(alice, bob).is_empty() && world.texts(alice, carol).is_empty());
    let talk = world.talk_of(bob, carol);
    let shown = world.events(alice).iter().filter_map(message);
    assert_eq!(shown.filter(|m| m.log.conversation == talk).count(), 0);
}

#[test]
fn a_fork_is_kept_and_marked_and_no_branch_counts_twice() {
    let (mut world, alice, bob) = friends(6);
    let mut pen = Pen::of(&world, bob, alice);
    let first = pen.writes("said");
    let on = pen.writes("and on");
    pen.forgets(&first);
    pen.at = Time(pen.at.0 + 1);
    let other = pen.writes("never said");
    let further = pen.writes("and further");
    for run in [&first, &further, &further, &on, &other, &further, &other] {
        hand(&mut world, bob, alice, run);
    }
    let mut texts = world.texts(alice, bob);
    texts.sort_unstable();
    assert_eq!(texts, ["and further", "and on", "never said", "said"]);
    let forked = |event: &&Event| matches!(event, Event::Talk(News::Forked(_)));
    assert_eq!(world.events(alice).iter().filter(forked).count(), 1);
}

#[test]
fn what_stands_on_a_late_entry_moves_behind_it() {
    let mut world = World::new(7);
    let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
    world.set_clock(alice, HOUR);
    world.link(phone, laptop);
    world.befriend(laptop, alice);
    world.keep_apart(phone, alice, true);
    world.link(laptop, alice);
    world.until("the phone knows her", |w| w.are_friends(phone, alice));
    world.say(laptop, alice, "first");
    world.say(alice, laptop, "did you see it?");
    world.until("the laptop shows it", |w| w.texts(laptop, alice).len() == 2);
    world.say(laptop, alice, "yes");
    world.until("the phone shows what the laptop said", |w| w.texts(phone, alice).len() == 2);
    assert_eq!(world.texts(phone, alice), ["first", "yes"]);
    world.until("the phone shows all", |w| w.texts(phone, alice).len() == 3);
    for who in [phone, laptop] {
        assert_eq!(world.texts(who, alice), ["first", "did you see it?", "yes"]);
    }
    assert_eq!(world.texts(alice, phone), ["first", "did you see it?", "yes"]);
}

#[test]
fn all_devices_show_one_order_whatever_their_clocks_say() {
    for seed in 0..20 {
        let mut world = World::new(100 + seed);
        let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
        world.link(phone, laptop);
        world.befriend(phone, alice);
        world.until("the laptop knows her", |w| w.are_friends(laptop, alice));
        for who in [phone, laptop, alice] {
            let wrong = i64::try_from(world.roll(100)).unwrap() * HOUR;
            world.set_clock(who, wrong);
        }
        for n in 0..12 {
            let who = world.pick(&[phone, laptop, alice]);
            let other = world.pick(&[phone, laptop, alice]);
            let apart = world.roll(2) == 0;
            world.keep_apart(who, other, apart && who != other);
            let to = if who == alice { phone } else { alice };
            world.say(who, to, &n.to_string());
            world.pass(Duration::from_secs(5));
        }
        for (one, other) in [(phone, laptop), (phone, alice), (laptop, alice)] {
            world.keep_apart(one, other, false);
        }
        let ids = |w: &World, who| w.messages(who, phone, alice).map(|m| m.id).collect::<Vec<_>>();
        world.until("all show all", |w| {
            [phone, laptop, alice].iter().all(|who| ids(w, *who).len() == 12)
        });
        assert!([phone, laptop].iter().all(|who| ids(&world, *who) == ids(&world, alice)));
    }
}

#[test]
fn who_answers_is_shown_behind_what_he_answers_even_if_his_clock_is_behind() {
    let (mut world, alice, bob) = friends(8);
    world.set_clock(alice, 100 * HOUR);
    world.say(alice, bob, "ping");
    world.until("he reads it", |w| w.texts(bob, alice) == ["ping"]);
    world.say(bob, alice, "pong");
    world.until("she reads it", |w| w.texts(alice, bob) == ["ping", "pong"]);
    assert_eq!(world.texts(bob, alice), ["ping", "pong"]);
}

#[test]
fn a_device_that_was_off_gets_all_from_its_sibling() {
    let mut world = World::new(9);
    let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
    world.link(phone, laptop);
    world.switch_off(laptop);
    world.befriend(phone, alice);
    for n in 0..70 {
        world.say(alice, phone, &n.to_string());
        world.say(phone, alice, &n.to_string());
    }
    world.until("the phone has all", |w| w.texts(phone, alice).len() == 140);
    world.switch_off(alice);
    world.switch_on(laptop);
    world.until("the laptop has all", |w| w.texts(laptop, alice).len() == 140);
    assert_eq!(world.texts(laptop, alice), world.texts(phone, alice));
}

#[test]
fn what_one_own_device_said_comes_to_the_other_through_a_friend() {
    let mut world = World::new(10);
    let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
    world.link(phone, laptop);
    world.befriend(phone, alice);
    world.until("the laptop knows her", |w| w.are_friends(laptop, alice));
    world.keep_apart(phone, laptop, true);
    world.pass(MINUTE);
    world.say(phone, alice, "from my phone");
    world.until("the laptop shows it", |w| w.texts(laptop, alice) == ["from my phone"]);
}

#[test]
fn delivered_is_what_is_on_the_others_disk_and_stays_so_after_a_restart() {
    let (mut world, alice, bob) = friends(11);
    world.crash_after(bob, 0);
    world.say(alice, bob, "hello");
    world.until("he crashed", |w| w.crashes(bob) == 1);
    assert_eq!(world.delivered(alice, alice, bob), Seq(0));
    world.until("it is delivered", |w| w.delivered(alice, alice, bob) == Seq(1));
    assert_eq!(world.texts(bob, alice), ["hello"]);
    world.switch_off(bob);
    world.crash(alice);
    world.pass(MINUTE);
    assert_eq!(world.delivered(alice, alice, bob), Seq(1));
    let told = |event: &&Event| matches!(event, Event::Talk(News::Delivered(..)));
    assert_eq!(world.events(alice).iter().filter(told).count(), 1);
}

/// Both crash after every single thing they do, and texts go both ways.
#[test]
fn a_crash_at_any_step_loses_and_doubles_nothing() {
    for steps in 0..30 {
        for crashes in [0, 1] {
            let (mut world, alice, bob) = friends(200 + u64::from(steps));
            let done = Command::Send(world.talk_of(alice, bob), "one".into());
            world.crash_after([alice, bob][crashes], steps);
            let asker = world.command(alice, done.clone());
            world.pass(MINUTE);
            world.crash([alice, bob][crashes]);
            world.pass(MINUTE);
            let said = world.held(alice, alice, bob);
            assert!(said == Seq(1) || world.done(alice, asker).is_none());
            world.ask(alice, done).unwrap();
            world.say(bob, alice, "two");
            world.until("all is there", |w| {
                let all = usize::try_from(said.0).unwrap() + 2;
                w.texts(alice, bob).len() == all && w.texts(bob, alice).len() == all
            });
        }
    }
}

#[test]
fn a_failed_commit_says_nothing_and_is_tried_again() {
    let (mut world, alice, bob) = friends(12);
    let talk = world.talk_of(alice, bob);
    world.fail_disk(alice);
    for text in ["one", "two", "three"] {
        world.command(alice, Command::Send(talk, text.into()));
    }
    world.until("he reads all", |w| w.texts(bob, alice) == ["one", "two", "three"]);
    world.fail_disk(bob);
    world.say(alice, bob, "four");
    world.until("it is delivered", |w| w.delivered(alice, alice, bob) == Seq(4));
    assert_eq!(world.texts(bob, alice).len(), 4);
}

#[test]
fn no_more_than_the_window_is_on_its_way_unanswered() {
    const WINDOW: u64 = 256 << 10;
    for size in [100, 3_000, 20_000, 32_000] {
        let (mut world, alice, bob) = friends(13);
        world.turn(Weather { fastest: 20_000, slowest: 20_000, loss: 0 });
        let before = world.carried(alice, bob);
        let talk = world.talk_of(alice, bob);
        let count = 600_000 / size + 1;
        for _ in 0..count {
            world.command(alice, Command::Send(talk, "x".repeat(size)));
            world.pass(Duration::from_millis(1));
        }
        world.pass(Duration::from_secs(10));
        let carried = world.carried(alice, bob) - before;
        assert!((WINDOW / 2..=WINDOW).contains(&carried), "{carried} bytes of {size} each");
        world.turn(Weather::default());
        world.until("all is there", |w| w.held(bob, alice, bob).0 == count as u64);
    }
}

#[test]
fn texts_that_cannot_be_said_are_refused_and_all_others_come_as_they_are() {
    let (mut world, alice, bob) = friends(14);
    let say = |world: &mut World, text: &str| {
        let talk = world.talk_of(alice, bob);
        world.ask(alice, Command::Send(talk, text.into()))
    };
    assert_eq!(say(&mut world, ""), Err(Refusal::Say(SayError::Empty)));
    let long = "x".repeat((32 << 10) + 1);
    assert_eq!(say(&mut world, &long), Err(Refusal::Say(SayError::TooLong)));
    let texts = ["\u{1f469}\u{200d}\u{1f680}", "\u{202e}שלום", &long[1..], "e\u{301}\0\n"];
    for text in texts {
        say(&mut world, text).unwrap();
    }
    world.until("all is there", |w| w.texts(bob, alice).len() == 4);
    assert_eq!(world.texts(bob, alice), texts);
}

#[test]
fn what_a_newer_app_says_is_kept_passed_on_and_shown_as_newer() {
    let mut world = World::new(15);
    let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
    world.link(phone, laptop);
    world.befriend(phone, alice);
    world.keep_apart(laptop, alice, true);
    world.link(phone, alice);
    let mut pen = Pen::of(&world, alice, phone);
    pen.kind = Kind::Newer(9000);
    let run = pen.writes("a hologram");
    hand(&mut world, alice, phone, &run);
    world.until("the laptop shows it", |w| !w.texts(laptop, alice).is_empty());
    let shown = world.messages(laptop, laptop, alice).map(|m| m.shown.clone());
    assert!(shown.eq([Shown::Newer]));
}

#[test]
fn a_moment_that_no_honest_clock_shows_is_refused() {
    let (mut world, alice, bob) = friends(16);
    let mut pen = Pen::of(&world, bob, alice);
    pen.at = Time(Time::END.0 - 1);
    let run = pen.writes("the far future");
    hand(&mut world, bob, alice, &run);
    pen.at = Time::END;
    let beyond = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pen.writes("beyond")));
    assert!(beyond.is_err());
    assert_eq!(world.texts(alice, bob), ["the far future"]);
    world.say(alice, bob, "and now");
    assert_eq!(world.texts(alice, bob), ["the far future", "and now"]);
}

fn key(seed: u8) -> SigningKey {
    SigningKey::new(&Secret([seed; 32]))
}

fn message(event: &Event) -> Option<&covey_proto::store::Message> {
    match event {
        Event::Talk(News::Message(message)) => Some(message),
        Event::Talk(News::Changed(_) | News::Delivered(..) | News::Forked(_))
        | Event::People(_)
        | Event::Reach(_) => None,
    }
}
