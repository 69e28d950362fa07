//! A device is stolen with all that is on it: who has the recovery key goes on, the thief does not.

use std::time::Duration;

use covey_proto::{
    Command, Event,
    io::{Refusal, Reply},
    people::{News, account::Roster, recovery::RecoveryError},
    seal::Secret,
    wire::{Frame, Renewal, letter::InviteKind},
};
use world::{Who, World};

use crate::{
    pen::Pen,
    scenes::{MINUTE, family},
};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

#[test]
fn who_recovers_is_alone_with_a_new_account_key_and_friends_go_on_with_him() {
    for seed in 0..10 {
        let (mut world, [laptop, phone], bob) = family(seed);
        let old = world.me(laptop).account_key.public();
        let away = world.pick(&[true, false]);
        world.keep_apart(laptop, bob, away);
        world.keep_apart(laptop, phone, true);
        recover(&mut world, laptop);
        world.pass(MINUTE);
        world.keep_apart(laptop, bob, false);
        world.say(laptop, bob, "I am back");
        world.until("he reads it", |w| w.texts(bob, laptop) == ["I am back"]);
        world.keep_apart(laptop, phone, false);
        world.pass(30 * MINUTE);
        let known = believed(&world, bob, laptop);
        assert_eq!((known.epoch, known.devices.len()), (1, 1), "seed {seed}");
        assert_eq!(known.account_key(), world.me(laptop).account_key.public());
        assert_ne!(known.account_key(), old);
        assert_eq!([bob, laptop].map(|other| world.links(other, phone)), [0, 0]);
        let renewed = |who, other| {
            let account = world.account(other);
            world.node(who).people().renewal(account).map(|renewal| renewal.secret)
        };
        assert_eq!(renewed(bob, laptop), renewed(laptop, bob));
        assert_ne!(renewed(laptop, bob), None);
    }
}

#[test]
fn a_thief_with_the_old_account_key_can_sign_nothing_that_counts_any_more() {
    let (mut world, [laptop, phone], bob) = family(20);
    world.keep_apart(laptop, phone, true);
    let (thief, mut high) = (world.me(phone), roster(&world, phone));
    recover(&mut world, laptop);
    world.say(laptop, bob, "I am back");
    world.until("he reads it", |w| w.texts(bob, laptop) == ["I am back"]);
    world.pass(MINUTE);
    let (known, secret) = (believed(&world, bob, laptop), secret(&world, bob, laptop));
    (high.version, high.name) = (u64::MAX >> 1, "Thief".into());
    let mut forged = known.clone();
    forged.version += 1;
    forged.devices.insert(thief.device(), thief.key());
    for signed in [high.sign(&thief.account_key), forged.sign(&thief.account_key)] {
        let accounts = [&thief.account, &world.account(bob)];
        let renewal = Renewal::sign(accounts, &signed, 99, Secret([7; 32]), &thief.device_key);
        for frame in [Frame::Roster(signed), Frame::Renewal(renewal)] {
            world.link(laptop, bob);
            world.forge(laptop, bob, &frame);
            world.pass(MINUTE);
        }
    }
    let run = Pen::of(&world, phone, bob).writes("lend me money");
    world.link(laptop, bob);
    world.forge(laptop, bob, &Frame::Run(run.bytes().to_vec()));
    world.pass(30 * MINUTE);
    assert_eq!(believed(&world, bob, laptop), known);
    assert_eq!(self::secret(&world, bob, laptop), secret);
    assert_eq!(world.texts(bob, laptop), ["I am back"]);
    assert_eq!(world.links(bob, phone), 0);
}

#[test]
fn who_was_removed_by_the_thief_recovers_and_his_words_count_again() {
    let (mut world, [laptop, phone], bob) = family(21);
    world.say(laptop, bob, "before");
    world.until("he reads it", |w| w.texts(bob, laptop) == ["before"]);
    let removed = world.id(laptop);
    world.ask(phone, Command::RemoveDevice(removed)).unwrap();
    world.until("it says so", |w| w.events(laptop).contains(&Event::People(News::Removed)));
    let key = recovery(&world, laptop);
    let send = Command::Send(world.talk_of(laptop, bob), "help".into());
    assert_eq!(world.ask(laptop, send), Err(Refusal::Removed));
    world.ask(laptop, Command::Recover(key)).unwrap();
    world.say(laptop, bob, "here I am");
    world.until("he reads it", |w| w.texts(bob, laptop) == ["before", "here I am"]);
    world.until("the thief is out", |w| w.links(bob, phone) == 0);
    world.pass(30 * MINUTE);
    assert_eq!([world.links(bob, phone), world.links(laptop, phone)], [0, 0]);
}

#[test]
fn a_recovery_is_whole_wherever_its_device_crashes() {
    for steps in 0..30 {
        let (mut world, [laptop, phone], bob) = family(100 + u64::from(steps));
        world.keep_apart(laptop, phone, true);
        let key = recovery(&world, laptop);
        world.crash_after(laptop, steps);
        let asked = world.command(laptop, Command::Recover(key.clone()));
        world.pass(5 * MINUTE);
        world.switch_off(laptop);
        world.switch_on(laptop);
        if world.done(laptop, asked).is_none() {
            let again = world.ask(laptop, Command::Recover(key));
            let used = Err(Refusal::Recovery(RecoveryError::Used));
            assert!(again == Ok(Reply::Done) || again == used, "step {steps}: {again:?}");
        }
        world.say(laptop, bob, "I am back");
        world.until("he reads it", |w| w.texts(bob, laptop) == ["I am back"]);
        world.pass(MINUTE);
        assert_eq!(believed(&world, bob, laptop).devices.len(), 1, "step {steps}");
        assert_eq!(secret(&world, bob, laptop), secret(&world, laptop, bob), "step {steps}");
    }
}

#[test]
fn words_of_another_account_or_used_before_recover_nothing_and_a_sentence_says_why() {
    let (mut world, [laptop, _], bob) = family(22);
    let (first, his) = (recovery(&world, laptop), recovery(&world, bob));
    let refused = |world: &mut World, key: &Secret| {
        world.ask(laptop, Command::Recover(key.clone())).unwrap_err()
    };
    assert_eq!(refused(&mut world, &his), RecoveryError::Foreign.into());
    let mut used = vec![first];
    for _ in 0..4 {
        let key = used.last().unwrap().clone();
        world.ask(laptop, Command::Recover(key.clone())).unwrap();
        assert_eq!(refused(&mut world, &key), RecoveryError::Used.into());
        used.push(recovery(&world, laptop));
    }
    let fifth = used.pop().unwrap();
    assert_eq!(refused(&mut world, &fifth), RecoveryError::Exhausted.into());
    world.say(bob, laptop, "who are you?");
    world.until("she reads it", |w| w.texts(laptop, bob) == ["who are you?"]);
    assert_eq!(believed(&world, bob, laptop).epoch, 4);
}

#[test]
fn a_recovery_key_that_is_forgotten_is_gone_from_the_device_and_recovers_when_it_is_typed() {
    let (mut world, [laptop, _], bob) = family(23);
    let key = recovery(&world, laptop);
    world.ask(laptop, Command::ForgetRecovery).unwrap();
    let forgotten = Err(RecoveryError::Forgotten.into());
    assert_eq!(world.ask(laptop, Command::Recovery), forgotten);
    world.crash(laptop);
    world.pass(MINUTE);
    assert_eq!(world.ask(laptop, Command::Recovery), forgotten);
    assert!(!world.me(laptop).encode().windows(32).any(|window| window == key.0));
    world.ask(laptop, Command::Recover(key)).unwrap();
    assert_ne!(world.ask(laptop, Command::Recovery), forgotten);
    let text = world.invite(laptop, InviteKind::Link);
    let carol = world.person("Carol");
    world.accept(carol, &text).unwrap();
    world.until("friends", |w| w.are_friends(carol, laptop) && w.are_friends(laptop, carol));
    world.pass(WEEK);
    world.link(laptop, bob);
}

fn recovery(world: &World, who: Who) -> Secret {
    world.node(who).people().recovery().unwrap()
}

fn recover(world: &mut World, who: Who) {
    let key = recovery(world, who);
    world.ask(who, Command::Recover(key)).unwrap();
}

/// The roster that a device shows.
fn roster(world: &World, who: Who) -> Roster {
    Roster::open(&world.directory(who).roster).unwrap()
}

/// What a device believes of another one's account.
fn believed(world: &World, who: Who, of: Who) -> Roster {
    world.directory(who).accounts[&world.account(of)].roster().clone()
}

/// What a device holds for renewed last with another one's person.
fn secret(world: &World, who: Who, other: Who) -> Option<Secret> {
    world.node(who).people().renewal(world.account(other)).map(|renewal| renewal.secret)
}
