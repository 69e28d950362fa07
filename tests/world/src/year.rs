//! A year of four persons and five devices in which everything goes wrong: every message is
//! everywhere once, and everybody shows the same.

#![expect(clippy::indexing_slicing, reason = "it fails the test that plays it")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use covey_proto::{Command, io::Asker, store::Shown, wire::letter::InviteKind};

use crate::{Weather, Who, World};

const EVENTS: u32 = 100;
/// So many messages at the least.
const LEAST: usize = 20;
/// So long it may take until all is the same everywhere, and so often we look.
const LONGEST: Duration = Duration::from_secs(4 * 3600);
const LOOK: Duration = Duration::from_secs(20);
/// After so many looks all of them meet: two who hid at once know no way to each other.
const MEET: u64 = 60;
/// Disks lose something so often at most.
const LOSSES: u32 = 5;
const DAY: i64 = 24 * 3600 * 1000;
const YEAR: i64 = 365 * DAY;
const STORM: Weather = Weather { fastest: 5, slowest: 1500, loss: 200 };

/// A World in which everything goes wrong for a while.
#[derive(Debug)]
pub struct Year {
    world: World,
    /// The devices of each person.
    people: [Vec<Who>; 4],
    friends: Vec<(usize, usize)>,
    /// Who was asked to introduce whom.
    introduced: Vec<(Who, Asker, (usize, usize))>,
    /// Whether clocks are years apart: invites seem to have expired then.
    years_apart: bool,
    /// Between how many pairs friendship is on disks that are synced; and how often disks lost
    /// something since: what is lost with a friendship's first commits is the friendship.
    synced: usize,
    losses: u32,
    /// The one whose disk does. Two who became other devices apart could not call each other.
    loser: Option<Who>,
    texts: u64,
}

impl Year {
    /// Two to five of them are to be friends; with `watched`, what happens is told.
    #[must_use]
    pub fn new(seed: u64, watched: bool) -> Self {
        let mut world = World::new(seed);
        if watched {
            world.watch();
        }
        let bob: [Who; 2] = world.devices("Bob");
        let people = ["Alice", "Carol", "Dave"].map(|name| vec![world.person(name)]);
        let [alice, carol, dave] = people;
        let people = [alice, bob.into(), carol, dave];
        let mut year = Self {
            world,
            people,
            friends: vec![],
            introduced: vec![],
            years_apart: false,
            synced: 0,
            losses: 0,
            loser: None,
            texts: 0,
        };
        let all = [(0, 1), (1, 2), (1, 3), (2, 3), (0, 3), (0, 2)];
        let without = year.world.pick(&[2, 3, 4, 5]);
        year.friends = all.into_iter().take(without).collect();
        year
    }

    /// What goes wrong is rolled.
    ///
    /// # Panics
    /// If something is lost, doubled, or not the same everywhere in the end.
    pub fn play(mut self) {
        self.begin();
        for event in 0..EVENTS {
            let span = self.world.roll(2500);
            let what = if event.is_multiple_of(20) { 0 } else { self.world.roll(32) };
            self.world.pass(Duration::from_millis(span));
            self.happen(what);
        }
        self.end();
    }

    /// What goes wrong is what these bytes say, and when.
    ///
    /// # Panics
    /// If something is lost, doubled, or not the same everywhere in the end.
    pub fn play_by(mut self, bytes: &[u8]) {
        self.begin();
        for byte in bytes.iter().take(EVENTS as usize) {
            self.world.pass(Duration::from_millis(1 << (byte >> 5) << 4));
            self.happen(u64::from(byte & 31));
        }
        self.end();
    }

    fn begin(&mut self) {
        for who in self.everybody() {
            let wrong = self.clock();
            self.world.set_clock(who, wrong);
        }
        for (one, other) in self.friends.clone() {
            let kind = self.world.pick(&[InviteKind::Link, InviteKind::Screen]);
            let (inviter, newcomer) = (self.one_of(one), self.one_of(other));
            let invite = self.world.invite(inviter, kind);
            assert!(self.world.accept(newcomer, &invite).is_ok(), "it is a good invite");
        }
        self.world.turn(STORM);
    }

    fn end(&mut self) {
        self.clear_up();
        while self.said() < LEAST {
            self.say();
            self.world.pass(LOOK);
        }
        self.introduced.retain(|(by, asker, _)| self.world.done(*by, *asker).is_some());
        self.friends = self.pairs().collect();
        for look in 0..LONGEST.as_secs() / LOOK.as_secs() {
            self.agree();
            self.world.pass(LOOK);
            if self.unlike().is_none() {
                return self.check();
            }
            if look == MEET {
                self.meet();
            }
        }
        panic!("after {LONGEST:?} of calm: {:?}", self.unlike());
    }

    fn happen(&mut self, what: u64) {
        let who = self.anybody();
        let other = self.anybody();
        match what {
            0 => {
                let steps = self.world.roll(20);
                self.world.crash_after(who, u32::try_from(steps).unwrap_or(0));
            }
            1 => self.world.switch_off(who),
            2 | 3 => self.everybody().into_iter().for_each(|who| self.world.switch_on(who)),
            4 => self.world.cut_between(who, other),
            5 => self.world.keep_apart(who, other, true),
            6 => self.world.keep_apart(who, other, false),
            7 => self.world.fail_disk(who),
            8 => {
                let wrong = self.clock();
                self.world.set_clock(who, wrong);
            }
            9 => {
                let lan = self.world.pick(&[None, Some(1), Some(2)]);
                self.world.join(who, lan);
            }
            10 => {
                let hidden = self.world.pick(&[true, false]);
                self.world.hide(who, hidden);
            }
            11 => self.world.fill_disk(who, true),
            12 => self.everybody().into_iter().for_each(|who| self.world.fill_disk(who, false)),
            13 if !self.years_apart => self.introduce(),
            14 => self.agree(),
            16 | 17 if self.can_lose() => {
                self.losses += 1;
                let who = *self.loser.get_or_insert(who);
                let much = self.world.pick(&[1, 2, 4, 8, 16]);
                if what == 16 {
                    self.world.lose_commits(who, much)
                } else {
                    self.world.rot(who, much)
                }
            }
            15 if self.are_all_friends() => {
                let wrong = self.world.pick(&[-2 * YEAR, 2 * YEAR]);
                self.years_apart = true;
                self.world.set_clock(who, wrong);
            }
            _ => self.say(),
        }
    }

    fn say(&mut self) {
        let pairs: Vec<_> = self.pairs().collect();
        let (one, other) = self.world.pick(&pairs);
        let (one, other) = if self.world.roll(2) == 0 { (one, other) } else { (other, one) };
        let (from, to) = (self.one_of(one), self.one_of(other));
        let talk = self.world.talk_of(from, to);
        for _ in 0..=self.world.roll(2) {
            self.texts += 1;
            self.world.command(from, Command::Send(talk, self.texts.to_string()));
        }
    }

    /// A person brings two of his friends together.
    fn introduce(&mut self) {
        let (by, one) = self.world.pick(&self.friends);
        let his = self.friends.iter().filter_map(|(one, other)| match (*one == by, *other == by) {
            (true, _) => Some(*other),
            (false, true) => Some(*one),
            (false, false) => None,
        });
        let his: Vec<_> = his.filter(|other| *other != one).collect();
        if his.is_empty() {
            return;
        }
        let (other, by) = (self.world.pick(&his), self.one_of(by));
        let talk = |person: usize| self.world.talk_of(by, self.people[person][0]);
        let command = Command::Introduce(talk(one), talk(other));
        let asker = self.world.command(by, command);
        self.introduced.push((by, asker, (one.min(other), one.max(other))));
    }

    /// Whoever is offered to meet somebody says yes.
    fn agree(&mut self) {
        for who in self.everybody() {
            let offers: Vec<_> = self.world.offers(who).filter(|offer| !offer.accepted).collect();
            for offer in offers {
                self.world.command(who, Command::Meet(offer.id, true));
            }
        }
    }

    /// Pairs of whom one is to be the other's friend, by an invite or because both were offered it.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let offered = self
            .introduced
            .iter()
            .filter(|(by, asker, _)| self.world.done(*by, *asker).is_none_or(|done| done.is_ok()));
        let all = self.friends.iter().copied().chain(offered.map(|(.., pair)| *pair));
        all.collect::<BTreeSet<_>>().into_iter()
    }

    fn clear_up(&mut self) {
        self.world.turn(Weather::default());
        while self.crashes() < 3 {
            let who = self.anybody();
            self.world.crash(who);
        }
        for who in self.everybody() {
            self.world.fill_disk(who, false);
            self.world.switch_on(who);
            self.world.hide(who, false);
            for other in self.everybody() {
                self.world.keep_apart(who, other, false);
            }
        }
    }

    fn meet(&mut self) {
        for who in self.everybody() {
            self.world.join(who, Some(9));
        }
    }

    /// What is not yet the same everywhere.
    fn unlike(&self) -> Option<String> {
        let world = &self.world;
        if !self.are_all_friends() {
            return Some(String::from("not all are friends"));
        }
        for (one, other) in &self.friends {
            let (ones, others) = (&self.people[*one], &self.people[*other]);
            let (first, friend) = (ones[0], others[0]);
            let all = [&ones[..], others].concat();
            let ids = |who| world.messages(who, first, friend).map(|m| m.id).collect::<Vec<_>>();
            if let Some(who) = all.iter().find(|who| ids(**who) != ids(first)) {
                return Some(format!("{who:?} and {first:?} show not the same of {friend:?}"));
            }
            for (from, to) in [(ones, friend), (others, first)] {
                for (who, author) in from.iter().flat_map(|who| from.iter().map(move |a| (who, a)))
                {
                    let delivered = world.delivered(*who, *author, to);
                    if delivered != world.held(*author, *author, to) {
                        return Some(format!(
                            "{who:?} knows {author:?} delivered to {delivered:?}"
                        ));
                    }
                }
            }
        }
        None
    }

    fn check(&self) {
        let mut all = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for (one, other) in &self.friends {
            let (first, friend) = (self.people[*one][0], self.people[*other][0]);
            let mut logs: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
            for message in self.world.messages(first, first, friend) {
                let Shown::Text(text) = &message.shown else { panic!("nobody said {message:?}") };
                assert!(all.insert(text.clone()), "{text} is there twice");
                ids.insert(message.id);
                logs.entry(message.log).or_default().insert(message.seq.0);
            }
            // a log goes on elsewhere where a disk lost something of it, and may fork there
            logs.retain(|_, _| self.losses == 0);
            for (log, places) in logs {
                assert!(places.iter().copied().eq(1..=places.len() as u64), "{log:?}: {places:?}");
            }
        }
        for id in self.everybody().into_iter().flat_map(|who| self.world.sent(who)) {
            assert!(ids.contains(&id), "{id:?} was said and is lost");
        }
    }

    /// Only then clocks run years ahead, for invites expire.
    fn are_all_friends(&self) -> bool {
        let both = self.pairs().flat_map(|(one, other)| [(one, other), (other, one)]);
        let mut pairs = both.flat_map(|(one, other)| {
            let others = &self.people[other];
            self.people[one].iter().flat_map(|one| others.iter().map(|other| (*one, *other)))
        });
        pairs.all(|(one, other)| self.world.are_friends(one, other))
    }

    /// Whether a disk may lose something: when friendships are safe, and a device that is another
    /// one afterwards finds room in its roster.
    fn can_lose(&mut self) -> bool {
        if !self.are_all_friends() || self.losses == LOSSES {
            return false;
        }
        let pairs = self.pairs().count();
        let synced = self.synced == pairs;
        if !synced {
            self.world.sync_disks();
            self.synced = pairs;
        }
        synced
    }

    /// How many messages somebody shows.
    fn said(&self) -> usize {
        let talks =
            self.friends.iter().map(|(one, other)| (self.people[*one][0], self.people[*other][0]));
        talks.map(|(one, other)| self.world.messages(one, one, other).count()).sum()
    }

    fn crashes(&self) -> u32 {
        self.everybody().into_iter().map(|who| self.world.crashes(who)).sum()
    }

    fn everybody(&self) -> Vec<Who> {
        self.people.concat()
    }

    fn anybody(&mut self) -> Who {
        let all = self.everybody();
        self.world.pick(&all)
    }

    fn one_of(&mut self, person: usize) -> Who {
        self.world.pick(&self.people[person])
    }

    fn clock(&mut self) -> i64 {
        i64::try_from(self.world.roll(4 * DAY.unsigned_abs())).unwrap_or(0) - 2 * DAY
    }
}
