//! A year of four persons in which everything goes wrong: whatever was said and done to it is the
//! same everywhere in the end, once.
//!
//! What happens is rolled: to the network and to machines here, in what is said in `talk`, to whose
//! devices there are in `homes`. What must be true when all is calm again is in `rest`.

#![expect(clippy::indexing_slicing, reason = "it fails the test that plays it")]

mod homes;
mod rest;
mod talk;

use std::{collections::BTreeSet, time::Duration};

use covey_proto::{io::Asker, wire::letter::InviteKind};

use crate::{Weather, Who, World};

const EVENTS: u32 = 120;
/// So many messages at the least.
const LEAST: usize = 20;
/// So long it may take until all is the same everywhere, and so often we look.
const LONGEST: Duration = Duration::from_secs(4 * 3600);
const LOOK: Duration = Duration::from_secs(20);
/// After so many looks all of them meet: two who hid at once know no way to each other.
const MEET: u64 = 60;
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
    /// How much was written so far.
    texts: u64,
    /// How long texts are kept at most.
    kept: Duration,
    homes: homes::Homes,
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
        let all = [(0, 1), (1, 2), (1, 3), (2, 3), (0, 3), (0, 2)];
        let without = world.pick(&[2, 3, 4, 5]);
        Self {
            homes: homes::Homes::new(&people),
            world,
            people,
            friends: all.into_iter().take(without).collect(),
            introduced: vec![],
            years_apart: false,
            texts: 0,
            kept: Duration::ZERO,
        }
    }

    /// What goes wrong is rolled.
    ///
    /// # Panics
    /// If something is lost, doubled, or not the same everywhere in the end.
    pub fn play(mut self) {
        self.begin();
        for event in 0..EVENTS {
            let span = self.world.roll(2500);
            let what = if event.is_multiple_of(20) { 0 } else { self.world.roll(48) };
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
            self.world.pass(Duration::from_millis(1 << (byte >> 6) << 7));
            self.happen(u64::from(byte & 63));
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
        if self.world.roll(4) > 0 {
            self.world.pass(LOOK);
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
        self.rest();
        self.check();
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
                self.set_clock(who, wrong);
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
            13 => self.introduce(),
            14 => self.agree(),
            15 if self.are_all_friends() => {
                self.years_apart = true;
                let wrong = self.world.pick(&[-2 * YEAR, 2 * YEAR]);
                self.set_clock(who, wrong);
            }
            16..=19 => self.lose(what),
            20 => self.copy(),
            21 => self.restore(),
            22 => self.add_device(),
            23 => self.remove_device(),
            24 => self.rename(),
            25..=34 => self.act(),
            _ => self.say(),
        }
    }

    /// A clock is set. Where that may be years, somebody looks: at a start nobody can tell a wrong
    /// clock from years that have passed.
    fn set_clock(&mut self, who: Who, wrong: i64) {
        if !self.years_apart {
            return self.world.set_clock(who, wrong);
        }
        self.world.fill_disk(who, false);
        self.world.switch_off(who);
        self.world.switch_on(who);
        self.world.pass(Duration::from_millis(10));
        self.world.set_clock(who, wrong);
        self.world.pass(Duration::from_millis(10));
        self.homes.keep_all(&mut self.world);
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

    /// Pairs of whom one is to be the other's friend, by an invite or because both were offered it.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let offered = self
            .introduced
            .iter()
            .filter(|(by, asker, _)| self.world.done(*by, *asker).is_none_or(|done| done.is_ok()));
        let all = self.friends.iter().copied().chain(offered.map(|(.., pair)| *pair));
        all.collect::<BTreeSet<_>>().into_iter()
    }

    /// Only then clocks run years ahead, and devices are removed: invites end with both.
    fn are_all_friends(&self) -> bool {
        self.strangers().is_none()
    }

    /// Two of whom one does not hold the other for a friend.
    fn strangers(&self) -> Option<(Who, Who)> {
        let both = self.pairs().flat_map(|(one, other)| [(one, other), (other, one)]);
        let mut pairs = both.flat_map(|(one, other)| {
            let others = &self.people[other];
            self.people[one].iter().flat_map(|one| others.iter().map(|other| (*one, *other)))
        });
        pairs.find(|(one, other)| !self.world.are_friends(*one, *other))
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

    /// All machines, also those that are nobody's any more.
    fn everybody(&self) -> Vec<Who> {
        self.world.everybody().collect()
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
