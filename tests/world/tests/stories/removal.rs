//! A device is lost or stolen, and removed: what it knows opens nothing any more.

use std::time::Duration;

use covey_proto::{
    Command, Event, SecretId,
    io::{Refusal, Reply},
    people::{News, own::secret_id, removal::RemovalError},
    seal::{Secret, SigningKey},
    wire::{Frame, Renewal, letter::InviteKind},
};
use world::{Who, World};

use crate::{
    pen::Pen,
    scenes::{MINUTE, family},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn a_removed_device_gets_no_link_and_reads_nothing_new() {
    let (mut world, [laptop, phone], bob) = family(1);
    world.keep_apart(laptop, phone, true);
    remove(&mut world, laptop, phone);
    world.pass(MINUTE);
    world.say(laptop, bob, "my phone was stolen");
    world.pass(MINUTE);
    world.say(bob, laptop, "oh no");
    world.say(phone, bob, "I am still Alice");
    world.keep_apart(laptop, phone, false);
    world.pass(30 * MINUTE);
    assert_eq!([bob, laptop].map(|other| world.links(other, phone)), [0, 0]);
    assert_eq!(world.texts(bob, laptop), ["my phone was stolen", "oh no"]);
    assert_eq!(world.texts(laptop, bob), ["my phone was stolen", "oh no"]);
    assert_eq!(world.texts(phone, bob), ["I am still Alice"]);
}

#[test]
fn a_removed_device_that_hears_of_it_says_so_stops_and_keeps_what_it_holds() {
    let (mut world, [laptop, phone], bob) = family(2);
    world.say(bob, laptop, "before");
    world.until("the phone has it", |w| w.texts(phone, bob) == ["before"]);
    remove(&mut world, laptop, phone);
    world.until("it says so", |w| w.events(phone).contains(&Event::People(News::Removed)));
    let dials = world.dials(phone);
    for command in [
        Command::Send(world.talk_of(phone, bob), "after".into()),
        Command::Invite(InviteKind::Link, DAY),
        Command::Recovery,
    ] {
        assert_eq!(world.ask(phone, command), Err(Refusal::Removed));
    }
    world.crash(phone);
    world.pass(30 * MINUTE);
    assert_eq!(world.dials(phone), dials);
    assert_eq!(world.texts(phone, bob), ["before"]);
}

#[test]
fn secrets_of_friends_and_own_devices_are_renewed_and_all_agree_on_them() {
    for seed in 0..10 {
        let mut world = World::new(10 + seed);
        let [laptop, tablet, phone] = world.devices("Alice");
        let friends = ["Bob", "Carol"].map(|name| world.person(name));
        friends.into_iter().for_each(|friend| world.befriend(laptop, friend));
        let before = [friends[0], friends[1], tablet].map(|who| secret(&world, laptop, who));
        let away = world.pick(&[tablet, friends[0], friends[1]]);
        world.switch_off(away);
        remove(&mut world, laptop, phone);
        world.pass(DAY);
        world.switch_on(away);
        for who in [friends[0], friends[1], tablet] {
            world.link(laptop, who);
        }
        world.pass(30 * MINUTE);
        let after = [friends[0], friends[1], tablet].map(|who| secret(&world, laptop, who));
        for (before, after) in before.iter().zip(&after) {
            assert_ne!(before, after, "seed {seed}");
        }
        for (friend, after) in friends.into_iter().zip(&after) {
            assert_eq!(secret(&world, friend, laptop), *after, "seed {seed}");
            assert_eq!(secret(&world, tablet, friend), *after, "seed {seed}");
            world.say(friend, laptop, "still there?");
            world.until("she reads it", |w| w.texts(tablet, friend) == ["still there?"]);
        }
    }
}

#[test]
fn a_removal_is_whole_wherever_the_device_that_makes_it_crashes() {
    for steps in 0..40 {
        let (mut world, [laptop, phone], bob) = family(100 + u64::from(steps));
        let old = secret(&world, laptop, bob);
        world.keep_apart(laptop, phone, true);
        world.crash_after(laptop, steps);
        let device = world.id(phone);
        let asked = world.command(laptop, Command::RemoveDevice(device));
        world.pass(5 * MINUTE);
        world.switch_off(laptop);
        world.switch_on(laptop);
        if world.done(laptop, asked).is_none() {
            let again = world.ask(laptop, Command::RemoveDevice(device));
            let done = again == Ok(Reply::Done);
            assert!(done || again == Err(RemovalError::Unknown.into()), "{again:?}");
        }
        world.say(laptop, bob, "it is gone");
        world.until("he reads it", |w| w.texts(bob, laptop) == ["it is gone"]);
        world.pass(5 * MINUTE);
        assert_ne!(secret(&world, laptop, bob), old, "step {steps}");
        assert_eq!(secret(&world, bob, laptop), secret(&world, laptop, bob), "step {steps}");
        assert_eq!(world.links(bob, phone), 0, "step {steps}");
    }
}

#[test]
fn a_thief_who_renews_first_with_the_highest_number_gains_nothing() {
    for seed in 0..10 {
        let (mut world, [laptop, phone], bob) = family(200 + seed);
        world.keep_apart(laptop, phone, true);
        world.keep_apart(laptop, bob, true);
        world.link(phone, bob);
        let stolen = renewal(&world, phone, bob, u64::MAX >> 1, [7; 32]);
        world.forge(phone, bob, &Frame::Renewal(stolen.clone()));
        world.until("he took it", |w| secret(w, bob, phone) == Some(id(&stolen)));
        world.link(phone, bob);
        remove(&mut world, laptop, phone);
        world.say(laptop, bob, "my phone was stolen");
        world.pass(MINUTE);
        world.keep_apart(laptop, bob, false);
        world.until("he reads it", |w| w.texts(bob, laptop) == ["my phone was stolen"]);
        world.pass(30 * MINUTE);
        assert_ne!(secret(&world, bob, laptop), Some(id(&stolen)), "seed {seed}");
        assert_eq!(secret(&world, bob, laptop), secret(&world, laptop, bob), "seed {seed}");
        assert_eq!((world.links(bob, phone), world.links(phone, bob)), (0, 0), "seed {seed}");
    }
}

#[test]
fn a_renewal_that_is_not_signed_for_these_two_or_has_a_lower_number_is_refused() {
    let (mut world, [laptop, phone], bob) = family(3);
    let carol = world.person("Carol");
    world.befriend(laptop, carol);
    remove(&mut world, laptop, phone);
    world.until("he took it", |w| secret(w, bob, laptop) == secret(w, laptop, bob));
    world.pass(MINUTE);
    let kept = secret(&world, bob, laptop);
    let (alice, alices) = (world.account(laptop), world.directory(laptop).roster.clone());
    let (me, bobs) = (world.me(laptop), world.account(bob));
    let made = |counter, key: &SigningKey| {
        Renewal::sign([&alice, &bobs], &alices, counter, Secret([7; 32]), key)
    };
    let mut unsigned = made(9, &me.device_key);
    unsigned.secret = Secret([8; 32]);
    let by_carol = made(9, &world.me(carol).device_key);
    let for_carol = renewal(&world, laptop, carol, 9, [7; 32]);
    let by_removed = made(9, &world.me(phone).device_key);
    let (lower, too_high) = (made(0, &me.device_key), made(u64::MAX, &me.device_key));
    for renewal in [unsigned, by_carol, for_carol, by_removed, lower, too_high] {
        world.link(laptop, bob);
        world.forge(laptop, bob, &Frame::Renewal(renewal));
        world.pass(10 * MINUTE);
        assert_eq!(secret(&world, bob, laptop), kept);
    }
    world.say(laptop, bob, "hello");
    world.until("he reads it", |w| w.texts(bob, laptop) == ["hello"]);
}

#[test]
fn two_friends_who_both_renew_while_apart_agree_on_one_secret() {
    for seed in 0..20 {
        let mut world = World::new(300 + seed);
        let [laptop, phone] = world.devices("Alice");
        let [desk, lost] = world.devices("Bob");
        world.befriend(laptop, desk);
        world.link(laptop, desk);
        world.until("all know", |w| w.are_friends(phone, desk) && w.are_friends(lost, laptop));
        world.keep_apart(laptop, desk, true);
        remove(&mut world, laptop, phone);
        remove(&mut world, desk, lost);
        world.pass(10 * MINUTE);
        assert_ne!(secret(&world, laptop, desk), secret(&world, desk, laptop));
        world.keep_apart(laptop, desk, false);
        world.say(desk, laptop, "you too?");
        world.until("she reads it", |w| w.texts(laptop, desk) == ["you too?"]);
        assert_eq!(secret(&world, laptop, desk), secret(&world, desk, laptop), "seed {seed}");
    }
}

#[test]
fn two_own_devices_that_remove_others_while_apart_agree_and_everything_is_renewed() {
    for seed in 0..10 {
        let mut world = World::new(400 + seed);
        let [laptop, tablet, phone, watch] = world.devices("Alice");
        let bob = world.person("Bob");
        world.befriend(laptop, bob);
        world.until("the tablet knows him", |w| w.are_friends(tablet, bob));
        world.keep_apart(laptop, tablet, true);
        world.switch_off(bob);
        remove(&mut world, laptop, phone);
        remove(&mut world, tablet, watch);
        world.pass(10 * MINUTE);
        let apart = [laptop, tablet].map(|own| secret(&world, own, bob));
        world.keep_apart(laptop, tablet, false);
        world.switch_on(bob);
        world.link(laptop, tablet);
        world.link(laptop, bob);
        world.link(tablet, bob);
        world.pass(30 * MINUTE);
        let now = secret(&world, laptop, bob);
        assert!(!apart.contains(&now), "seed {seed}: one of the removed knows what {apart:?} are");
        assert_eq!([secret(&world, tablet, bob), secret(&world, bob, tablet)], [now; 2]);
    }
}

#[test]
fn a_replaced_secret_carries_the_renewal_and_nothing_else() {
    let (mut world, [laptop, phone], bob) = family(4);
    world.keep_apart(laptop, bob, true);
    world.keep_apart(phone, bob, true);
    remove(&mut world, laptop, phone);
    world.say(bob, laptop, "are you there?");
    world.say(laptop, bob, "yes");
    world.pass(MINUTE);
    let secrets: Vec<_> = world.directory(bob).secrets.iter().collect();
    let old = secrets
        .iter()
        .find(|(_, (account, _))| *account == world.account(laptop))
        .map(|(id, _)| **id)
        .unwrap();
    let said = world.said_under(laptop, old);
    world.keep_apart(laptop, bob, false);
    world
        .until("they talk", |w| w.texts(bob, laptop).len() == 2 && w.texts(laptop, bob).len() == 2);
    assert_eq!(world.said_under(laptop, old), said);
    assert_ne!(secret(&world, bob, laptop), None);
}

#[test]
fn who_is_away_for_80_days_gets_the_renewal_and_after_90_the_old_secret_is_gone() {
    for (days, linked) in [(80, true), (100, false)] {
        let (mut world, [laptop, phone], bob) = family(500 + u64::from(days));
        world.switch_off(bob);
        remove(&mut world, laptop, phone);
        world.pass(days * DAY);
        world.switch_on(bob);
        world.pass(DAY);
        assert_eq!(world.links(laptop, bob) > 0, linked, "after {days} days");
    }
}

#[test]
fn a_clock_that_jumps_by_years_forgets_no_secret_that_a_friend_still_uses_and_keeps_none_longer() {
    let (mut world, [laptop, phone], bob) = family(9);
    let bobs = |w: &World| {
        let all = w.directory(laptop).secrets.values();
        all.filter(|(account, _)| *account == w.account(bob)).count()
    };
    world.switch_off(bob);
    remove(&mut world, laptop, phone);
    world.set_clock(laptop, 2 * 365 * 24 * 3_600_000);
    world.pass(DAY);
    world.switch_on(bob);
    world.link(laptop, bob);
    world.set_clock(laptop, 0);
    world.switch_off(laptop);
    world.switch_on(laptop);
    world.pass(80 * DAY);
    assert_eq!(bobs(&world), 2);
    world.pass(20 * DAY);
    assert_eq!(bobs(&world), 1);
}

#[test]
fn open_invites_are_cancelled_and_those_made_afterwards_are_good() {
    let (mut world, [laptop, phone], _) = family(5);
    let [carol, dave] = ["Carol", "Dave"].map(|name| world.person(name));
    let stolen = world.invite(phone, InviteKind::Link);
    world.pass(MINUTE);
    remove(&mut world, laptop, phone);
    world.accept(carol, &stolen).unwrap();
    let fresh = world.invite(laptop, InviteKind::Link);
    world.accept(dave, &fresh).unwrap();
    world.until("Dave is a friend", |w| w.are_friends(laptop, dave));
    world.pass(10 * MINUTE);
    assert_eq!(world.friend(laptop, carol), None);
}

#[test]
fn what_the_removed_device_said_before_stands_and_what_it_says_later_is_refused() {
    let (mut world, [laptop, phone], bob) = family(6);
    let mut pen = Pen::of(&world, phone, bob);
    world.switch_off(bob);
    let early = pen.writes("before");
    world.link(phone, laptop);
    world.forge(phone, laptop, &Frame::Run(early.bytes().to_vec()));
    world.until("the laptop has it", |w| w.texts(laptop, bob) == ["before"]);
    remove(&mut world, laptop, phone);
    world.switch_on(bob);
    world.until("he reads it", |w| w.texts(bob, laptop) == ["before"]);
    let late = pen.writes("after");
    world.link(laptop, bob);
    world.forge(laptop, bob, &Frame::Run(late.bytes().to_vec()));
    world.pass(10 * MINUTE);
    assert_eq!(world.texts(bob, laptop), ["before"]);
    world.say(laptop, bob, "so it is");
    world.until("he reads on", |w| w.texts(bob, laptop) == ["before", "so it is"]);
    assert_quiet(&mut world, [laptop, bob]);
}

#[test]
fn what_a_friend_took_of_the_removed_device_before_he_knew_stays_his() {
    let (mut world, [laptop, phone], bob) = family(7);
    world.keep_apart(laptop, phone, true);
    world.keep_apart(laptop, bob, true);
    world.say(phone, bob, "lend me money");
    world.until("he reads it", |w| w.texts(bob, laptop) == ["lend me money"]);
    remove(&mut world, laptop, phone);
    world.keep_apart(laptop, bob, false);
    world.say(laptop, bob, "that was not me");
    world.until("he reads it", |w| w.texts(bob, laptop) == ["lend me money", "that was not me"]);
    world.pass(30 * MINUTE);
    assert_eq!(world.texts(laptop, bob), ["that was not me"]);
    assert_quiet(&mut world, [laptop, bob]);
}

#[test]
fn a_device_in_use_or_unknown_is_not_removed_and_a_sentence_says_why() {
    let (mut world, [laptop, phone], bob) = family(8);
    for (device, why) in [(laptop, RemovalError::ThisOne), (bob, RemovalError::Unknown)] {
        let asked = world.ask(laptop, Command::RemoveDevice(world.id(device)));
        assert_eq!(asked, Err(why.into()));
    }
    remove(&mut world, laptop, phone);
    let again = world.ask(laptop, Command::RemoveDevice(world.id(phone)));
    assert_eq!(again, Err(Refusal::Removal(RemovalError::Unknown)));
}

fn remove(world: &mut World, own: Who, lost: Who) {
    world.ask(own, Command::RemoveDevice(world.id(lost))).unwrap();
}

/// What a device holds for renewed last with another one's person, if anything ever was.
fn secret(world: &World, who: Who, other: Who) -> Option<SecretId> {
    world.node(who).people().renewal(world.account(other)).map(|renewal| id(&renewal))
}

fn id(renewal: &Renewal) -> SecretId {
    secret_id(&renewal.secret)
}

/// What a device's owner, or a thief, could sign with it.
fn renewal(world: &World, who: Who, other: Who, counter: u64, secret: [u8; 32]) -> Renewal {
    let accounts = [&world.account(who), &world.account(other)];
    let (roster, key) = (&world.directory(who).roster, world.me(who).device_key);
    Renewal::sign(accounts, roster, counter, Secret(secret), &key)
}

/// Nobody sends again and again what the other does not take.
fn assert_quiet(world: &mut World, who: [Who; 2]) {
    let sent = |w: &World| [w.carried(who[0], who[1]), w.carried(who[1], who[0])];
    world.pass(MINUTE);
    let before = sent(world);
    world.pass(DAY);
    assert_eq!(sent(world), before);
}
