//! What goes wrong at a device by itself: its disk and its clock.
//!
//! A batch is on disk whole or not at all: that is the database's word, and its own tests hold it
//! to it. What is left to go wrong is a commit that fails, a disk that takes nothing for a while,
//! one that said it had synced and had not, which comes back from a power cut without its last
//! commits, one that was set back or copied, and pages that cannot be read. The shell's answer to
//! the first two is played here as `core/node/src/run/recover.rs` gives it.

use std::mem;

use covey_proto::{Input, Time, dice::Dice, io::Asker};

use crate::{
    device::Who,
    shelf::Disk,
    world::{Happening, World},
};

/// So many ms later a disk that took no writes is tried again.
const PROBE: u64 = 60_000;

/// What a device's disk does with a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    Kept,
    /// The next one fails.
    FailOnce,
    /// It is full.
    Fail,
}

/// What a disk held at some moment.
#[derive(Debug)]
pub struct Image(Disk);

impl World {
    /// The next commit of a device fails.
    pub fn fail_disk(&mut self, who: Who) {
        self.device_mut(who).writes = Writes::FailOnce;
    }

    /// A device's disk is full from now on, or has room again.
    pub fn fill_disk(&mut self, who: Who, full: bool) {
        self.device_mut(who).writes = if full { Writes::Fail } else { Writes::Kept };
    }

    /// The power goes, and the disk has kept all but the last of so many commits, though it said
    /// otherwise. The device stays off.
    pub fn lose_commits(&mut self, who: Who, count: usize) {
        self.note(|| format!("{who:?} loses {count} commits"));
        self.lessen(who, |disk| disk.lose(count));
    }

    /// Everything that was committed anywhere is synced.
    pub fn sync_disks(&mut self) {
        self.devices.iter_mut().for_each(|device| device.disk.sync());
    }

    /// So many rows of a device's disk cannot be read any more, and its person has the rest
    /// repaired. The device stays off.
    pub fn rot(&mut self, who: Who, rows: usize) {
        self.note(|| format!("{who:?} loses {rows} rows"));
        let (mut dice, me) = (Dice::new(self.dice.roll()), self.me(who));
        self.lessen(who, |disk| disk.rot(rows, &me, &mut dice));
    }

    /// A picture of a device's disk, as somebody who copies it takes it.
    #[must_use]
    pub fn image(&self, who: Who) -> Image {
        Image(self.device(who).disk.clone())
    }

    /// A device's disk is set back to what it was. The device stays off.
    pub fn set_back(&mut self, who: Who, image: &Image) {
        self.note(|| format!("{who:?} is set back"));
        self.lessen(who, |disk| disk.clone_from(&image.0));
    }

    /// Something happens to the disk of a device that is off: it holds less than before.
    fn lessen(&mut self, who: Who, happens: impl FnOnce(&mut Disk)) {
        self.switch_off(who);
        let held: Vec<_> = self.device(who).disk.logs().collect();
        for (log, seq) in held {
            let once = self.held_once.entry(log).or_default();
            *once = (*once).max(seq);
        }
        let device = self.device_mut(who);
        happens(&mut device.disk);
        // what it showed then is news to it
        device.shown.retain(|id| device.disk.shows(*id));
        self.referee.forget(&mut self.devices);
    }

    /// A home is gone, and made anew where it was from a backup that was written then. It stays off.
    pub fn restore(&mut self, who: Who, image: &Image) {
        self.note(|| format!("{who:?} is restored"));
        let (mut dice, now) = (Dice::new(self.dice.roll()), self.now(who));
        self.lessen(who, |disk| *disk = image.0.restored(&mut dice, now));
    }

    /// The same on another machine, switched on: the old home may still be there.
    pub fn restore_beside(&mut self, image: &Image) -> Who {
        self.note(|| String::from("a restored home"));
        let restored = image.0.restored(&mut Dice::new(self.dice.roll()), self.now);
        self.add(restored)
    }

    /// Another machine with a copy of a disk, switched on.
    pub fn run_copy(&mut self, image: &Image) -> Who {
        self.note(|| String::from("a copied disk"));
        self.add(image.0.clone())
    }

    /// Whether a command was refused because the disk takes no writes.
    #[must_use]
    pub fn refused(&self, who: Who, asker: Asker) -> bool {
        self.device(who).refused.contains(&asker)
    }

    /// A device's wall clock is set, to be so many ms ahead. Its shell follows a step forward at
    /// once and one back at its next start, for it tells no moment twice.
    pub fn set_clock(&mut self, who: Who, ms: i64) {
        self.note(|| format!("{who:?} has its clock set {ms} ms ahead"));
        let device = self.device_mut(who);
        device.wall = ms;
        device.told = device.told.max(ms);
        device.due = None;
        let run = device.run;
        self.hand(who, run, Input::ClockStep);
    }

    /// Handles what came in, unless the disk takes no writes. Then a shell pauses: it closes its
    /// links, and tries again each minute and whenever a person wants something.
    pub(crate) fn attempt(&mut self, who: Who, mut inputs: Vec<Input>) {
        let now = self.now;
        let device = self.device_mut(who);
        let fails = device.writes != Writes::Kept;
        if device.writes == Writes::FailOnce {
            device.writes = Writes::Kept;
        }
        if let Some(until) = device.paused {
            let asked = inputs.iter().any(|input| matches!(input, Input::Command(..)));
            if !asked && now < until {
                return self.refuse(who, inputs);
            }
            if !fails {
                inputs.extend(mem::take(&mut device.inbox));
                inputs.retain(|input| !matches!(input, Input::LinkUp(..)));
                self.break_links(who);
                self.begin(who);
            }
        }
        match (fails, self.device(who).writes) {
            (false, _) => self.commit(who, inputs),
            (true, Writes::Fail) => self.pause(who, inputs),
            (true, Writes::Kept | Writes::FailOnce) => self.recover(who, inputs),
        }
    }

    /// The machine is made anew from the disk and tries one input after the other.
    fn recover(&mut self, who: Who, inputs: Vec<Input>) {
        self.note(|| format!("{who:?} cannot commit"));
        let later = mem::take(&mut self.device_mut(who).inbox);
        let links: Vec<_> = self.device(who).links.keys().copied().collect();
        self.break_links(who);
        self.begin(who);
        let run = self.device(who).run;
        let links = links.into_iter().map(|link| Input::LinkDown(link, None));
        for input in inputs.into_iter().chain(later).chain(links) {
            if self.runs(who, run) {
                self.commit(who, vec![input]);
            }
        }
    }

    fn pause(&mut self, who: Who, inputs: Vec<Input>) {
        self.note(|| format!("{who:?} has no room on its disk"));
        self.break_links(who);
        let until = Time(self.now.0 + PROBE);
        let device = self.device_mut(who);
        device.links.clear();
        device.due = None;
        device.paused = Some(until);
        let run = device.run;
        self.at(until, Happening::Wake(who, run));
        self.refuse(who, inputs);
    }

    /// Answers commands, and closes links; all else is told again by whoever told it.
    fn refuse(&mut self, who: Who, inputs: Vec<Input>) {
        for input in inputs {
            if let Input::Command(asker, _) = input {
                self.device_mut(who).refused.insert(asker);
            } else if let Input::LinkUp(link, _) = input {
                self.hang_up(who, link);
            }
        }
    }
}
