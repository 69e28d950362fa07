//! Friends and own devices whose apps say whatever comes to their mind.

use std::time::Duration;

use covey_proto::{
    Command, ConversationId, DeviceId, LogId, SecretId, Seq,
    people::account::Roster,
    wire::{Frame, Have, LogHave, MapRecord, Range, Signed, Want},
};
use world::{Who, World};

use crate::scenes::MINUTE;

#[test]
fn whatever_a_friend_says_the_others_go_on_talking() {
    for seed in 0..30 {
        let mut world = World::new(seed);
        let [alice, eve, bob] = ["Alice", "Eve", "Bob"].map(|name| world.person(name));
        world.befriend(alice, eve);
        world.befriend(alice, bob);
        for _ in 0..60 {
            world.link(eve, alice);
            let frame = strange(&mut world, [eve, alice, bob]);
            world.forge(eve, alice, &frame);
            world.pass(Duration::from_millis(100));
        }
        world.say(alice, bob, "hello");
        world.say(bob, alice, "hi");
        world.until("they talk", |w| {
            w.texts(alice, bob).len() == 2 && w.texts(bob, alice).len() == 2
        });
        let mut names = world.names(alice);
        names.sort();
        assert_eq!(names, ["Bob", "Eve"], "seed {seed}");
        world.crash(alice);
        world.link(alice, bob);
        world.say(eve, alice, "was I rude?");
        world.until("she reads it", |w| w.texts(alice, eve) == ["was I rude?"]);
    }
}

#[test]
fn whatever_an_own_device_says_the_other_goes_on() {
    for seed in 0..30 {
        let mut world = World::new(100 + seed);
        let ([stolen, laptop], bob) = (world.devices("Alice"), world.person("Bob"));
        world.befriend(laptop, bob);
        world.link(stolen, laptop);
        for n in 0..60 {
            let frame = match n {
                30 => roster(&world, stolen, u64::MAX),
                31 => roster(&world, stolen, u64::MAX - 1),
                _ => strange(&mut world, [stolen, laptop, bob]),
            };
            if world.links(stolen, laptop) > 0 {
                world.forge(stolen, laptop, &frame);
            }
            world.pass(Duration::from_millis(100));
        }
        world.switch_off(stolen);
        world.crash(laptop);
        world.pass(MINUTE);
        world.ask(laptop, Command::Name("Alina".into())).unwrap();
        world.pass(MINUTE);
        let carol = world.person("Carol");
        world.befriend(laptop, carol);
        world.say(laptop, carol, "hello");
        world.until("she reads it", |w| w.texts(carol, laptop) == ["hello"]);
    }
}

/// Something that no honest app says, from the first of these to the second, maybe of the third.
fn strange(world: &mut World, [from, to, other]: [Who; 3]) -> Frame {
    match world.roll(8) {
        0 => {
            let logs = (0..world.roll(4)).map(|_| log(world, [from, to, other])).collect();
            let [one, two] = [(); 2].map(|()| talk(world, [from, to, other]));
            let said = Have { logs, whole: vec![one], ..Have::default() };
            let digest =
                |conversation, digest| covey_proto::wire::frame::Digest { conversation, digest };
            Frame::Have(Have { digests: vec![digest(one, 0), digest(two, 7)], ..said })
        }
        1 => Frame::Run(bytes(world, 300)),
        2 => Frame::Roster(signed(world, to, other)),
        3 => Frame::Card(signed(world, to, other)),
        4 => {
            let known: Vec<_> = world.directory(to).secrets.keys().copied().collect();
            let made_up = SecretId([7; 8]);
            Frame::Secrets(
                (0..world.roll(20)).map(|_| world.pick(&known)).chain([made_up]).collect(),
            )
        }
        5 => {
            let (LogId { conversation, device }, have) = log(world, [from, to, other]);
            let range = Range { conversation, device, first: have.from, last: have.upto };
            Frame::Want(Want { ranges: vec![range; 3] })
        }
        6 => Frame::MapDigest([7; 32]),
        _ => Frame::Map((0..world.roll(5)).map(|_| record(world, to, other)).collect()),
    }
}

fn log(world: &mut World, who: [Who; 3]) -> (LogId, LogHave) {
    let known = who.map(|who| world.id(who));
    let devices = [known[0], known[1], known[2], DeviceId([9; 16]), DeviceId([0xff; 16])];
    let log = LogId { conversation: talk(world, who), device: world.pick(&devices) };
    let mut seq = || Seq(world.pick(&[0, 1, 2, 63, Seq::END.0, u64::MAX - 1, u64::MAX]));
    let [from, upto, first] = [(); 3].map(|()| seq());
    let beyond = if first > upto.next() { vec![(first, Seq(u64::MAX))] } else { Vec::new() };
    let tips = if world.roll(3) == 0 { vec![[7; 8], [9; 8]] } else { Vec::new() };
    let [read, want] = [(); 2].map(|()| Seq(world.pick(&[0, 1, 2, u64::MAX])));
    (log, LogHave { from, upto, id: [7; 8], beyond, tips, read, wants: vec![want], cut: None })
}

fn talk(world: &mut World, [from, to, other]: [Who; 3]) -> ConversationId {
    let talks = [
        world.talk_of(from, to),
        world.talk_of(to, other),
        ConversationId::own(&world.account(to)),
        ConversationId([7; 32]),
    ];
    world.pick(&talks)
}

fn signed(world: &mut World, to: Who, other: Who) -> Signed {
    let directories = [world.directory(to).clone(), world.directory(other).clone()];
    let known = directories.iter().flat_map(|of| [of.roster.clone(), of.card.clone()]);
    let mut signed = world.pick(&known.collect::<Vec<_>>());
    match world.roll(3) {
        0 => signed.bytes = bytes(world, 200),
        1 => signed.signature = bytes(world, 80),
        _ => {}
    }
    signed
}

fn record(world: &mut World, to: Who, other: Who) -> MapRecord {
    let shorts = [world.account(to), world.account(other)].map(|account| account.short().to_vec());
    let mut keys = shorts.to_vec();
    keys.extend([world.account(other).0.to_vec(), Vec::new(), bytes(world, 50)]);
    let topics = [-1, 0, 1, 1, 1, 2, 2, 3, 3, 4, i32::MAX];
    let counters = [0, 1, 2, 9, u64::MAX >> 1, u64::MAX];
    MapRecord {
        topic: world.pick(&topics),
        key: world.pick(&keys),
        counter: world.pick(&counters),
        device: bytes(world, 20),
        value: (world.roll(4) > 0).then(|| bytes(world, 100)),
    }
}

/// The account's roster, as of that version.
fn roster(world: &World, who: Who, version: u64) -> Frame {
    let mut roster = Roster::open(&world.directory(who).roster).unwrap();
    (roster.version, roster.name) = (version, "Thief".into());
    Frame::Roster(roster.sign(&world.me(who).account_key))
}

fn bytes(world: &mut World, most: u64) -> Vec<u8> {
    (0..world.roll(most)).map(|_| u8::try_from(world.roll(256)).unwrap()).collect()
}
