//! What must be true when all is calm: everybody holds all that counts and shows what the ledger
//! says, own devices know the same, and nobody is told what is not so.

use std::collections::{BTreeMap, BTreeSet};

use covey_proto::Command;

use super::{LONGEST, LOOK, MEET, Year};
use crate::{Who, holdings::Places, ledger::Ledger};

impl Year {
    /// Waits until all is the same everywhere, and what is kept for a while is gone.
    pub(super) fn rest(&mut self) {
        self.tell_copies_apart();
        self.settle();
        if !self.kept.is_zero() {
            // what nobody had when its time was over is looked at again an hour later
            self.world.pass(2 * self.kept + LOOK + std::time::Duration::from_secs(3600));
            self.settle();
        }
    }

    /// Of two copies each learns of the other by what that one says.
    fn tell_copies_apart(&mut self) {
        for (one, other) in self.friends.clone() {
            for (own, friend) in [(one, other), (other, one)] {
                let ids: Vec<_> = self.people[own].iter().map(|who| self.world.id(*who)).collect();
                if ids.iter().collect::<BTreeSet<_>>().len() == ids.len() {
                    continue;
                }
                for who in self.people[own].clone() {
                    let talk = self.world.talk_of(who, self.people[friend][0]);
                    let text = self.text();
                    self.world.command(who, Command::Send(talk, text));
                }
            }
        }
    }

    fn settle(&mut self) {
        for look in 0..LONGEST.as_secs() / LOOK.as_secs() {
            self.agree();
            self.world.pass(LOOK);
            if self.unlike().is_none() {
                return;
            }
            if look == MEET {
                self.meet();
            }
            if look > MEET && look.is_multiple_of(30) {
                // of two copies the others may hold the one for the other while that is there
                let who = self.anybody();
                self.world.switch_off(who);
                self.world.pass(LOOK);
                self.world.switch_on(who);
            }
        }
        panic!("after {LONGEST:?} of calm: {:?}", self.unlike());
    }

    /// What is not yet the same everywhere.
    fn unlike(&self) -> Option<String> {
        if let Some((who, other)) = self.strangers() {
            return Some(format!("{who:?} is no friend of {other:?}"));
        }
        let own = self.people.iter().find_map(|own| self.unlike_own(own));
        own.or_else(|| {
            self.friends.iter().find_map(|(one, other)| {
                let (ones, others) = (&self.people[*one], &self.people[*other]);
                self.unlike_friends(ones, others).or_else(|| self.untold(ones, others))
            })
        })
    }

    /// What two devices of one person know otherwise.
    pub(super) fn unlike_own(&self, own: &[Who]) -> Option<String> {
        let first = own[0];
        if let Some(who) = own.iter().find(|who| !self.world.is_on(**who)) {
            return Some(format!("{who:?} is off"));
        }
        let known = |who: Who| self.world.node(who).people().greeting(self.world.account(who));
        let other = own.iter().find(|who| known(**who) != known(first));
        let other = other?;
        let rows = self.world.known_otherwise(first, *other);
        Some(format!("{first:?} and {other:?} know not the same: {rows:?}"))
    }

    /// What two persons' devices hold or show otherwise.
    fn unlike_friends(&self, ones: &[Who], others: &[Who]) -> Option<String> {
        let world = &self.world;
        let (here, all) = (world.talk_of(ones[0], others[0]), [ones, others].concat());
        let name = |who: Who| world.node(who).people().name();
        let (of_other, of_one) =
            (ones.iter().map(|w| (*w, others[0])), others.iter().map(|w| (*w, ones[0])));
        for (who, friend) in of_other.chain(of_one) {
            let called = world.friend(who, friend).map(|friend| friend.name);
            if called.as_deref() != Some(name(friend)) {
                return Some(format!("{who:?} calls {friend:?} {called:?}"));
            }
        }
        let cuts: Vec<_> = all.iter().map(|who| world.cuts(*who, here)).collect();
        let held: Vec<Places> = all.iter().map(|who| world.places(*who, here)).collect();
        let due: Places = all.iter().flat_map(|who| world.counting(*who, here, &cuts[0])).collect();
        for (nth, who) in all.iter().enumerate() {
            if cuts[nth] != cuts[0] {
                return Some(format!(
                    "{who:?} cuts {:?} and {:?} {:?}",
                    cuts[nth], all[0], cuts[0]
                ));
            }
            if let Some((id, place)) = due.iter().find(|(id, _)| !held[nth].contains_key(*id)) {
                return Some(format!("{who:?} lacks {id:?} at {place:?}"));
            }
        }
        let mut ledger = Ledger::default();
        all.iter().for_each(|who| world.enter(*who, here, &mut ledger));
        for (who, held) in all.iter().zip(&held) {
            let mut ledger = ledger.clone();
            ledger.retain(|entry| held.contains_key(&entry.id));
            let page: Vec<_> = world.messages(*who, ones[0], others[0]).collect();
            if let Some(wrong) = ledger.unlike(&page, self.homes.has_lost()) {
                return Some(format!("{who:?} {wrong}"));
            }
        }
        None
    }

    /// What is delivered and nobody knows, or nobody got and somebody believes.
    fn untold(&self, ones: &[Who], others: &[Who]) -> Option<String> {
        let world = &self.world;
        let here = world.talk_of(ones[0], others[0]);
        for (from, to) in [(ones, others), (others, ones)] {
            let author = world.account(from[0]);
            for who in from {
                for log in world.logs_of(*who, here, author) {
                    let delivered = world.believed(*who, log, to);
                    let got = to.iter().map(|to| world.received(*to, log)).max();
                    if Some(delivered) != got {
                        return Some(format!(
                            "{who:?} knows of {log:?} {delivered:?}, not {got:?}"
                        ));
                    }
                }
            }
        }
        None
    }

    /// Whether nothing that was ever said is lost or doubled.
    ///
    /// # Panics
    /// If it is.
    pub(super) fn check(&self) {
        let mut texts = BTreeSet::new();
        let mut there = BTreeSet::new();
        for (one, other) in &self.friends {
            let (first, friend) = (self.people[*one][0], self.people[*other][0]);
            for message in self.world.messages(first, first, friend) {
                let text = message.shown.text();
                assert!(text.is_none_or(|text| texts.insert(text)), "{text:?} is there twice");
            }
            let places = self.world.places(first, self.world.talk_of(first, friend));
            let mut logs: BTreeMap<_, Vec<u64>> = BTreeMap::new();
            places.values().for_each(|(log, seq)| logs.entry(log).or_default().push(seq.0));
            // a log goes on elsewhere where a disk lost something of it, and may fork there
            logs.retain(|_, _| !self.homes.has_lost());
            for (log, mut seqs) in logs {
                seqs.sort_unstable();
                assert!(seqs.iter().copied().eq(1..=seqs.len() as u64), "{log:?}: {seqs:?}");
            }
            there.extend(places.into_keys());
        }
        for who in self.everybody() {
            for id in self.world.sent(who).filter(|id| !there.contains(id)) {
                assert!(self.world.may_be_lost(id), "{id:?} was said at {who:?} and is lost");
            }
        }
    }
}
