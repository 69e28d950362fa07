//! A person's devices: how they agree, and what others believe of them.

use std::time::Duration;

use covey_proto::{
    Command,
    people::{
        account::{Roster, recovery_hash},
        card::Card,
    },
    seal::{Secret, SigningKey},
    wire::{Frame, letter::InviteKind},
};
use world::{Who, World};

use crate::{
    pen::Pen,
    scenes::{MINUTE, friends},
};

#[test]
fn own_devices_that_were_apart_agree_on_friends_names_and_secrets() {
    for seed in 0..10 {
        let mut world = World::new(seed);
        let own: [Who; 2] = world.devices("Alice");
        let others = ["Bob", "Carol", "Dave", "Erin"].map(|name| world.person(name));
        world.link(own[0], own[1]);
        world.keep_apart(own[0], own[1], true);
        for other in others {
            let who = world.pick(&own);
            world.befriend(who, other);
        }
        for n in 0..8 {
            let (who, other) = (world.pick(&own), world.pick(&others));
            let talk = world.talk_of(who, other);
            let command = match world.roll(3) {
                0 => Command::Rename(talk, format!("Friend {n}")),
                1 => Command::Block(talk, n % 2 == 0),
                _ => Command::Remove(talk),
            };
            let _ = world.ask(who, command);
        }
        world.keep_apart(own[0], own[1], false);
        world.link(own[0], own[1]);
        world.pass(MINUTE);
        let digest = |who| world.node(who).people().greeting(world.account(own[0]));
        assert_eq!(digest(own[0]), digest(own[1]), "seed {seed}");
        assert_eq!(world.names(own[0]), world.names(own[1]));
    }
}

#[test]
fn two_friends_of_one_name_made_at_two_own_devices_are_told_apart() {
    for seed in 0..10 {
        let mut world = World::new(100 + seed);
        let [phone, laptop] = world.devices("Bob");
        let anas = [world.person("Ana"), world.person("Ana")];
        world.link(phone, laptop);
        world.keep_apart(phone, laptop, true);
        for (own, ana) in [(phone, anas[0]), (laptop, anas[1])] {
            world.befriend(ana, own);
            if seed % 2 == 0 {
                let talk = world.talk_of(own, ana);
                world.ask(own, Command::Rename(talk, "Mum".into())).unwrap();
            }
        }
        let name = if seed % 2 == 0 { ["Mum", "Mum 2"] } else { ["Ana", "Ana 2"] };
        assert_eq!([world.names(phone), world.names(laptop)], [[name[0]], [name[0]]]);
        world.keep_apart(phone, laptop, false);
        world.link(phone, laptop);
        world.pass(MINUTE);
        let called = |own, ana| world.friend(own, ana).map(|friend| friend.name);
        for ana in anas {
            assert_eq!(called(phone, ana), called(laptop, ana), "seed {seed}");
        }
        assert_eq!(world.names(phone), name, "seed {seed}");
    }
}

#[test]
fn what_one_own_device_learns_reaches_another_through_a_third() {
    let mut world = World::new(21);
    let [one, middle, last] = world.devices("Alice");
    let bob = world.person("Bob");
    world.keep_apart(one, last, true);
    world.link(one, middle);
    world.link(middle, last);
    world.pass(MINUTE);
    world.befriend(one, bob);
    world.until("the last knows him", |w| w.are_friends(last, bob));
    world.link(last, bob);
}

#[test]
fn own_devices_that_rename_their_person_apart_agree_and_friends_follow() {
    let mut world = World::new(22);
    let ([phone, laptop], bob) = (world.devices("Alice"), world.person("Bob"));
    world.befriend(phone, bob);
    world.link(laptop, bob);
    world.link(phone, laptop);
    world.keep_apart(phone, laptop, true);
    world.ask(phone, Command::Name("Alicia".into())).unwrap();
    world.ask(laptop, Command::Name("Alina".into())).unwrap();
    world.keep_apart(phone, laptop, false);
    world.link(phone, laptop);
    world.pass(MINUTE);
    let name = String::from(world.node(phone).people().name());
    assert_eq!(world.node(laptop).people().name(), name);
    assert_eq!(world.names(bob), [name]);
}

/// His letter waits until she can be reached; meanwhile she answered an invite of his.
#[test]
fn who_renamed_himself_after_he_wrote_his_letter_is_called_by_his_new_name() {
    let mut world = World::new(31);
    let (alice, bob) = (world.person("Alice"), world.person("Bob"));
    let first = world.invite(alice, InviteKind::Link);
    world.hide(alice, true);
    world.accept(bob, &first).unwrap();
    world.ask(bob, Command::Name("Robert".into())).unwrap();
    let second = world.invite(bob, InviteKind::Link);
    world.accept(alice, &second).unwrap();
    world.until("she knows him", |w| w.are_friends(alice, bob));
    world.hide(alice, false);
    world.until("his letter came", |w| w.are_friends(bob, alice));
    world.pass(30 * MINUTE);
    assert_eq!(world.names(alice), ["Robert"]);
}

#[test]
fn rosters_of_one_epoch_merge_and_no_device_is_lost() {
    let (mut world, alice, bob) = friends(23);
    let [tablet, watch] = [7, 8].map(|seed| SigningKey::new(&Secret([seed; 32])).public());
    let bobs = roster(&world, bob);
    for (version, key) in [(3, tablet), (3, watch), (2, watch)] {
        let mut more = numbered(&bobs, version, "Bob");
        more.devices.insert(covey_proto::DeviceId::of(&bobs.account, &key), key);
        tell_roster(&mut world, bob, alice, &more);
    }
    let known = believed(&world, alice, bob);
    assert_eq!(known.devices.len(), 3);
    world.crash(alice);
    world.link(alice, bob);
    assert_eq!(believed(&world, alice, bob).devices.len(), 3);
}

#[test]
fn a_new_device_is_let_in_for_the_roster_it_shows_and_gets_the_past_from_the_old_one() {
    let (mut world, alice, bob) = friends(29);
    world.say(alice, bob, "before");
    world.until("he reads it", |w| w.texts(bob, alice) == ["before"]);
    world.keep_apart(alice, bob, true);
    let tablet = world.add_device(bob);
    world.link(tablet, alice);
    world.link(tablet, bob);
    world.until("it has the past", |w| w.texts(tablet, alice) == ["before"]);
    world.say(tablet, alice, "from my new tablet");
    world.until("she reads it", |w| w.texts(alice, bob) == ["before", "from my new tablet"]);
    assert_eq!(believed(&world, alice, bob).devices.len(), 2);
    assert_eq!(roster(&world, bob).devices.len(), 2);
}

#[test]
fn a_device_that_a_roster_removes_is_removed_for_good() {
    let mut world = World::new(24);
    let ([phone, laptop], alice) = (world.devices("Bob"), world.person("Alice"));
    world.befriend(phone, alice);
    world.link(phone, alice);
    world.link(laptop, alice);
    let before = roster(&world, phone);
    let stolen = world.id(laptop);
    let mut after = numbered(&before, 3, "Bob");
    after.devices.remove(&stolen);
    after.removed.insert(stolen);
    tell_roster(&mut world, phone, alice, &after);
    world.until("she parts with it", |w| w.links(alice, laptop) == 0);
    tell_roster(&mut world, phone, alice, &numbered(&before, 99, "Bob"));
    let run = Pen::of(&world, laptop, alice).writes("I am still Bob");
    world.forge(phone, alice, &Frame::Run(run.bytes().to_vec()));
    world.pass(10 * MINUTE);
    assert!(!believed(&world, alice, phone).devices.contains_key(&stolen));
    assert_eq!(world.links(alice, laptop), 0);
    assert!(world.texts(alice, phone).is_empty());
}

#[test]
fn a_higher_epoch_wins_whole_and_a_lower_one_is_refused() {
    let (mut world, alice, bob) = friends(25);
    let first = roster(&world, bob);
    let late = numbered(&first, 50, "Thief");
    tell_roster(&mut world, bob, alice, &late);
    assert_eq!(world.names(alice), ["Thief"]);
    let (new, next) = (SigningKey::new(&Secret([5; 32])), SigningKey::new(&Secret([6; 32])));
    let recovered =
        first.recover(&world.recovery(bob), new.public(), recovery_hash(&next.public()));
    let recovered = recovered.unwrap();
    world.forge(bob, alice, &Frame::Roster(recovered.sign(&new)));
    world.pass(MINUTE);
    assert_eq!(believed(&world, alice, bob), recovered);
    let lower = numbered(&late, 99, "Thief again");
    tell_roster(&mut world, bob, alice, &lower);
    assert_eq!(believed(&world, alice, bob), recovered);
    assert_eq!(world.names(alice), ["Bob"]);
}

#[test]
fn nobody_else_says_who_somebodys_devices_are() {
    let (mut world, alice, bob) = friends(26);
    let carol = world.person("Carol");
    world.befriend(alice, carol);
    world.link(alice, carol);
    let bobs = roster(&world, bob);
    let false_one = numbered(&bobs, 9, "Fool");
    let by_carol = false_one.sign(&world.me(carol).account_key);
    let by_bob = false_one.sign(&world.me(bob).account_key);
    for signed in [by_carol, by_bob] {
        world.forge(carol, alice, &Frame::Roster(signed));
    }
    world.pass(MINUTE);
    let mut names = world.names(alice);
    names.sort();
    assert_eq!(names, ["Bob", "Carol"]);
}

#[test]
fn a_card_that_is_rolled_back_is_refused() {
    let (mut world, alice, bob) = friends(27);
    let old = world.directory(bob).card.clone();
    world.move_to(bob, 7);
    world.pass(MINUTE);
    let new = Card::open(&world.directory(bob).card).unwrap();
    assert!(new.version > Card::open(&old).unwrap().version);
    world.forge(bob, alice, &Frame::Card(old));
    world.pass(MINUTE);
    let mut places = world.node(alice).people().sought().map(|(_, places)| places);
    assert!(places.any(|places| places == new.addresses));
}

/// While the clock is behind what it once said, its new word would be refused as an old one.
#[test]
fn a_device_whose_disk_was_set_back_is_found_where_it_says_it_is_now() {
    let (mut world, alice, bob) = friends(30);
    let image = world.image(bob);
    world.set_clock(bob, 3_600_000);
    world.move_to(bob, 7);
    world.pass(MINUTE);
    world.set_clock(bob, 0);
    world.set_back(bob, &image);
    world.move_to(bob, 8);
    world.switch_on(bob);
    world.link(bob, alice);
    world.pass(MINUTE);
    let now = Card::open(&world.directory(bob).card).unwrap();
    let mut places = world.node(alice).people().sought().map(|(_, places)| places);
    assert!(places.any(|places| places == now.addresses));
}

#[test]
fn an_invite_of_one_own_device_is_known_to_all_and_used_up_at_all() {
    let mut world = World::new(28);
    let [phone, laptop] = world.devices("Alice");
    let (bob, carol) = (world.person("Bob"), world.person("Carol"));
    world.link(phone, laptop);
    let text = world.invite(phone, InviteKind::Link);
    world.accept(bob, &text).unwrap();
    world.until("the laptop knows him", |w| w.are_friends(laptop, bob));
    world.switch_off(phone);
    for who in [laptop, carol] {
        world.join(who, Some(1));
    }
    world.accept(carol, &text).unwrap();
    world.until("it is used up", |w| {
        let standing = w.friend(carol, laptop).map(|friend| friend.standing);
        standing == Some(covey_proto::people::Standing::UsedUp)
    });
    assert_eq!(world.friend(laptop, carol), None);
}

/// The roster that a device shows.
fn roster(world: &World, who: Who) -> Roster {
    Roster::open(&world.directory(who).roster).unwrap()
}

/// A roster of that version and name, and otherwise like this one.
fn numbered(like: &Roster, version: u64, name: &str) -> Roster {
    let mut roster = like.clone();
    (roster.version, roster.name) = (version, String::from(name));
    roster
}

/// What a device believes of another one's account.
fn believed(world: &World, who: Who, of: Who) -> Roster {
    world.directory(who).accounts[&world.account(of)].roster().clone()
}

/// A device tells a roster of its account that its node did not make.
fn tell_roster(world: &mut World, from: Who, to: Who, roster: &Roster) {
    let signed = roster.sign(&world.me(from).account_key);
    world.link(from, to);
    world.forge(from, to, &Frame::Roster(signed));
    world.pass(Duration::from_secs(1));
}
