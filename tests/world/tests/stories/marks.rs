//! What was read: counted on every device of a person, told to friends only if they may know.

use std::{collections::BTreeMap, time::Duration};

use covey_proto::{
    Command, EntryId, LogId, Seq, Time,
    io::Refusal,
    store::Shown,
    talk::{SayError, Saying},
    wire::{Frame, Have, LogHave, MapRecord, Topic},
};
use world::{Who, World};

use crate::{
    pen::Pen,
    scenes::{MINUTE, family, friends, hand, penned},
};

#[test]
fn what_one_device_read_is_unread_on_no_other() {
    let (mut world, [phone, laptop], bob) = family(1);
    let said = ["one", "two", "three"].map(|text| world.say(bob, phone, text));
    world.say(phone, bob, "mine");
    world.until("both have all", |w| w.texts(phone, bob).len() + w.texts(laptop, bob).len() == 8);
    assert_eq!([unread(&world, phone, bob), unread(&world, laptop, bob)], [3, 3]);
    read(&mut world, phone, said[1]);
    world.until("both know", |w| unread(w, phone, bob) + unread(w, laptop, bob) == 2);
    // what is taken back need not be read, and what was read stays read
    world.act(bob, Saying::Retract(said[2])).unwrap();
    world.act(bob, Saying::Edit(said[0], "another one".into())).unwrap();
    world.until("none is left", |w| unread(w, phone, bob) + unread(w, laptop, bob) == 0);
    world.crash(laptop);
    world.pass(MINUTE);
    assert_eq!(unread(&world, laptop, bob), 0);
}

#[test]
fn of_two_devices_that_were_apart_the_one_that_read_further_is_right() {
    for seed in 0..8 {
        let (mut world, [phone, laptop], bob) = family(10 + seed);
        let said: Vec<_> = (0..4).map(|n| world.say(bob, phone, &n.to_string())).collect();
        world.until("both have all", |w| {
            w.texts(laptop, bob).len() + w.texts(phone, bob).len() == 8
        });
        world.keep_apart(phone, laptop, true);
        let own = if seed % 2 == 0 { [phone, laptop] } else { [laptop, phone] };
        read(&mut world, own[0], said[0]);
        read(&mut world, own[0], said[1]);
        read(&mut world, own[1], said[3]);
        read(&mut world, own[1], said[2]);
        assert_eq!([unread(&world, own[0], bob), unread(&world, own[1], bob)], [2, 0]);
        world.keep_apart(phone, laptop, false);
        world.until("both know", |w| unread(w, phone, bob) + unread(w, laptop, bob) == 0);
        world.pass(MINUTE);
        assert_eq!(unread(&world, own[1], bob), 0, "seed {seed}");
    }
}

#[test]
fn a_friend_is_told_nothing_of_what_was_read_unless_its_reader_wants_it() {
    let (mut world, [phone, laptop], bob) = family(30);
    let said = world.say(bob, phone, "hello");
    world.until("it is there", |w| w.texts(phone, bob) == ["hello"]);
    let before = world.said(phone, bob);
    read(&mut world, phone, said);
    world.pass(MINUTE);
    assert_eq!(world.said(phone, bob), before, "nothing was said at all");
    assert_eq!(world.read(bob, bob, phone), Seq(0));
    // from now on he is told, whichever device read it, and whoever was away meanwhile
    world.switch_off(bob);
    world.ask(laptop, Command::TellRead(true)).unwrap();
    world.switch_on(bob);
    world.until("he knows", |w| w.read(bob, bob, phone) == Seq(1));
    let next = world.say(bob, phone, "and this?");
    world.until("it is there", |w| w.texts(laptop, bob).len() == 2);
    assert_eq!(world.read(bob, bob, phone), Seq(1));
    read(&mut world, laptop, next);
    world.until("he knows that too", |w| w.read(bob, bob, phone) == Seq(2));
    // what was told once stays told, and nothing more is
    world.ask(phone, Command::TellRead(false)).unwrap();
    world.pass(MINUTE);
    let last = world.say(bob, phone, "are you there?");
    world.until("it is there", |w| w.texts(phone, bob).len() == 3);
    read(&mut world, phone, last);
    world.crash(phone);
    world.pass(MINUTE);
    assert_eq!(world.read(bob, bob, phone), Seq(2));
}

#[test]
fn a_mark_that_claims_more_than_is_held_counts_as_far_as_that_and_never_goes_back() {
    let (mut world, alice, bob) = friends(40);
    let log = LogId { conversation: world.talk_of(alice, bob), device: world.id(alice) };
    let ids = ["one", "two"].map(|text| world.say(alice, bob, text).short());
    world.until("it is delivered", |w| w.delivered(alice, alice, bob) == Seq(2));
    for (upto, read, believed) in [(1, 99, 1), (2, 2, 2), (2, 0, 2), (1, 1, 2), (0, u64::MAX, 2)] {
        let id = if upto == 0 { [0; 8] } else { ids[upto - 1] };
        let have = LogHave { upto: Seq(upto as u64), read: Seq(read), id, ..LogHave::default() };
        let logs = vec![(log, have)];
        world.forge(bob, alice, &Frame::Have(Have { logs, ..Have::default() }));
        world.pass(Duration::from_millis(300));
        assert_eq!(world.read(alice, alice, bob), Seq(believed), "{upto} and {read}");
    }
}

#[test]
fn a_mark_that_comes_before_its_message_is_told_once_that_is_there() {
    let (mut world, [phone, laptop], bob) = family(50);
    world.ask(phone, Command::TellRead(true)).unwrap();
    world.until("the laptop agrees", |w| w.node(laptop).people().tells_read());
    world.keep_apart(laptop, bob, true);
    world.keep_apart(phone, laptop, true);
    let said = world.say(bob, phone, "hello");
    world.until("it is there", |w| w.texts(phone, bob) == ["hello"]);
    world.keep_apart(phone, bob, true);
    read(&mut world, phone, said);
    // the mark arrives before the message: it takes a while until own devices pass on others' logs
    world.keep_apart(phone, laptop, false);
    let marks = |world: &World| world.node(laptop).people().marks().count();
    world.until("the mark is there", |w| marks(w) == 1);
    assert_eq!(world.texts(laptop, bob), [""; 0]);
    world.switch_off(phone);
    world.keep_apart(laptop, bob, false);
    world.until("he hears that it was read", |w| w.read(bob, bob, laptop) == Seq(1));
    assert_eq!(unread(&world, laptop, bob), 0);
}

#[test]
fn nothing_behind_a_gap_counts_as_read() {
    let (mut world, alice, [bob, off]) = penned(60);
    let mut pen = Pen::of(&world, off, alice);
    let runs = ["one", "two", "three"].map(|text| {
        pen.at = Time(pen.at.0 + 1_000);
        pen.writes(text)
    });
    for (n, upto, left) in [(0, 0, 0), (2, 2, 1), (1, 2, 0)] {
        hand(&mut world, bob, alice, &runs[n]);
        read(&mut world, alice, runs[upto].last().id);
        assert_eq!(unread(&world, alice, bob), left, "with {n}");
    }
}

#[test]
fn what_is_nowhere_or_of_nobody_cannot_be_read() {
    let (mut world, [phone, _], bob) = family(70);
    let said = world.say(bob, phone, "hello");
    let none = Err(Refusal::Say(SayError::NoMessage));
    assert_eq!(world.ask(phone, Command::Read(EntryId([7; 32]))), none);
    world.until("it is there", |w| w.texts(phone, bob) == ["hello"]);
    world.ask(phone, Command::Remove(world.talk_of(phone, bob))).unwrap();
    assert_eq!(world.ask(phone, Command::Read(said)), Err(Refusal::NoFriend));
}

#[test]
fn a_mark_of_an_own_device_that_makes_no_sense_marks_nothing() {
    let (mut world, [phone, laptop], bob) = family(80);
    world.say(bob, phone, "hello");
    world.until("it is there", |w| w.texts(laptop, bob) == ["hello"]);
    let device = world.id(phone).0.to_vec();
    let long = [world.talk_of(bob, phone).0.to_vec(), world.id(bob).0.to_vec()].concat();
    for (key, value) in
        [(vec![1], Some(vec![9; 8])), (long.clone(), Some(vec![9; 3])), (long, None)]
    {
        let topic = Topic::ReadMark.into();
        let record = MapRecord { topic, key, counter: 1, device: device.clone(), value };
        world.forge(phone, laptop, &Frame::Map(vec![record]));
    }
    world.pass(MINUTE);
    assert_eq!(unread(&world, laptop, bob), 1);
}

#[test]
fn whatever_happens_own_devices_agree_on_what_is_read_and_a_friend_is_told_no_more() {
    for seed in 0..40 {
        let (mut world, own, bob) = family(100 + seed);
        let (mut told, all) = (Seq(0), [own[0], own[1], bob]);
        for n in 0..40 {
            let (who, read) = (world.pick(&own), world.roll(2) == 0);
            match world.roll(6) {
                0 | 1 => _ = world.command(bob, text(&world, bob, who, n)),
                2 => _ = world.command(who, text(&world, who, bob, n)),
                3 => {
                    let shown: Vec<_> = world.messages(who, who, bob).map(|m| m.id).collect();
                    let upto = (!shown.is_empty()).then(|| world.pick(&shown));
                    upto.into_iter().for_each(|id| _ = world.command(who, Command::Read(id)));
                }
                4 => _ = world.command(who, Command::TellRead(read)),
                _ if read => world.keep_apart(own[0], own[1], n % 2 == 0),
                _ => {
                    let (who, steps) = (world.pick(&all), world.roll(9));
                    world.crash_after(who, u32::try_from(steps).unwrap());
                }
            }
            let moment = world.roll(3_000);
            world.pass(Duration::from_millis(moment));
            let now = world.read(bob, bob, own[0]);
            assert!(now >= told, "seed {seed}: {told:?} was told, now it is {now:?}");
            told = now;
        }
        world.keep_apart(own[0], own[1], false);
        world.pass(10 * MINUTE);
        let marks = own.map(|who| world.node(who).people().marks().collect::<BTreeMap<_, _>>());
        assert_eq!(marks[0], marks[1], "seed {seed}");
        let log = LogId { conversation: world.talk_of(bob, own[0]), device: world.id(bob) };
        let (read, told) = (marks[0].get(&log).copied(), world.read(bob, bob, own[0]));
        assert!(told <= read.unwrap_or_default(), "seed {seed}");
        let tells = own.map(|who| world.node(who).people().tells_read());
        assert!(tells[0] == tells[1] && (!tells[0] || Some(told) == read.or(Some(Seq(0)))));
    }
}

fn text(world: &World, from: Who, to: Who, n: u32) -> Command {
    Command::Send(world.talk_of(from, to), n.to_string())
}

/// How many of their friend's messages a device's person has not read.
fn unread(world: &World, who: Who, with: Who) -> usize {
    let read: BTreeMap<_, _> = world.node(who).people().marks().collect();
    let theirs = world.messages(who, who, with).filter(|m| m.from == world.account(with));
    let there = theirs.filter(|m| matches!(m.shown, Shown::Text(_) | Shown::Newer));
    there.filter(|m| read.get(&m.log).is_none_or(|upto| m.seq > *upto)).count()
}

fn read(world: &mut World, who: Who, upto: EntryId) {
    world.ask(who, Command::Read(upto)).unwrap();
}
