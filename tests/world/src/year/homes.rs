//! Whose devices there are: disks that are set back, copied or lost, homes that are made from a
//! backup, devices that are added and removed.
//!
//! One person's machines lose what they held and become other devices. All others keep one that was
//! there from the beginning: two who became others apart could not call each other, and no program
//! can help them.

use std::time::Duration;

use covey_proto::{Command, DeviceId, io::Reply, wire::letter::InviteKind};

use super::Year;
use crate::{Image, Who, World};

/// Disks lose something, or are copied, so often at most.
const LOSSES: u32 = 5;
/// So many devices are added at most, and so many removed.
const ADDED: usize = 2;
const REMOVED: usize = 2;

/// What became of devices.
#[derive(Debug)]
pub(super) struct Homes {
    /// How many pairs of friends and devices are on disks that are synced; and how often disks lost
    /// something since: what is lost with a friendship's first commits is the friendship.
    synced: (usize, usize),
    losses: u32,
    /// Whose they are.
    loser: Option<usize>,
    /// What they held once.
    images: Vec<(Who, DeviceId, Image)>,
    /// Devices that join somebody, and who asked them.
    joining: Vec<(usize, Who)>,
    added: usize,
    /// The devices of the first day.
    first: Vec<Who>,
    removed: Vec<DeviceId>,
    /// The machines that were removed: somebody else has them now.
    stolen: [Vec<Who>; 4],
}

impl Homes {
    pub(super) fn new(people: &[Vec<Who>; 4]) -> Self {
        Self {
            synced: (0, 0),
            losses: 0,
            loser: None,
            images: Vec::new(),
            joining: Vec::new(),
            added: 0,
            first: people.concat(),
            removed: Vec::new(),
            stolen: [const { Vec::new() }; 4],
        }
    }

    /// What is on disks by now nobody loses any more.
    pub(super) fn keep_all(&mut self, world: &mut World) {
        world.sync_disks();
        self.images.clear();
    }

    /// Whether disks lost anything.
    pub(super) fn has_lost(&self) -> bool {
        self.losses > 0
    }

    pub(super) fn has_removed(&self) -> bool {
        !self.removed.is_empty()
    }

    pub(super) fn stolen(&self, person: usize) -> &[Who] {
        &self.stolen[person]
    }
}

impl Year {
    /// A disk loses commits or rows, or is set back to what it held when somebody looked.
    pub(super) fn lose(&mut self, what: u64) {
        let Some(who) = self.loser() else { return };
        let much = self.world.pick(&[1, 2, 4, 8, 16]);
        match what {
            16 => self.world.lose_commits(who, much),
            17 => self.world.rot(who, much),
            18 => {
                let image = (who, self.world.id(who), self.world.image(who));
                return self.homes.images.push(image);
            }
            _ => {
                let Some((who, image)) = self.image() else { return };
                self.world.set_back(who, &image);
            }
        }
        self.homes.losses += 1;
    }

    /// Another machine with a copy of a disk goes on beside it.
    pub(super) fn copy(&mut self) {
        if let Some((_, image)) = self.image() {
            let copy = self.world.run_copy(&image);
            self.lives_at(copy);
        }
    }

    /// A home is made from a backup, where it was or beside it.
    pub(super) fn restore(&mut self) {
        let Some((who, image)) = self.image() else { return };
        if self.world.roll(2) == 0 {
            self.world.restore(who, &image);
        } else {
            let new = self.world.restore_beside(&image);
            self.lives_at(new);
        }
    }

    /// The loser has one machine more.
    fn lives_at(&mut self, who: Who) {
        self.homes.losses += 1;
        let loser = self.homes.loser.expect("there are images of his disks only");
        self.people[loser].push(who);
    }

    fn image(&mut self) -> Option<(Who, Image)> {
        self.loser()?;
        let images = &self.homes.images;
        let which = usize::try_from(self.world.roll(images.len().max(1) as u64)).ok()?;
        (which < images.len()).then(|| {
            let (who, _, image) = self.homes.images.swap_remove(which);
            (who, image)
        })
    }

    /// A machine whose disk may lose something: when friendships are safe, and a device that is
    /// another one afterwards finds room in its roster.
    fn loser(&mut self) -> Option<Who> {
        self.welcome();
        if self.homes.losses == LOSSES || !self.are_all_friends() {
            return None;
        }
        let known = (self.pairs().count(), self.people.concat().len());
        if self.homes.synced != known {
            if self.people.iter().all(|own| self.unlike_own(own).is_none()) {
                self.homes.synced = known;
                self.homes.keep_all(&mut self.world);
            }
            return None;
        }
        let person = match self.homes.loser {
            Some(person) => person,
            None => {
                // devices that do not know each other any more meet through friends
                let pairs: Vec<_> = self.pairs().collect();
                let (one, other) = self.world.pick(&pairs);
                self.world.pick(&[one, other])
            }
        };
        if self.homes.joining.iter().any(|(joined, _)| *joined == person) {
            return None;
        }
        self.homes.loser = Some(person);
        Some(self.one_of(person))
    }

    /// A fresh device is to be one of somebody's.
    pub(super) fn add_device(&mut self) {
        let person = usize::try_from(self.world.roll(4)).unwrap_or(0);
        // a newcomer knows the device that admits it, and is lost if that becomes another one
        let changes = self.homes.loser == Some(person) && self.homes.losses > 0;
        if self.homes.added == ADDED || self.years_apart || changes {
            return;
        }
        self.homes.added += 1;
        let (old, new) = (self.one_of(person), self.world.person("Nobody"));
        let asked = self.world.command(old, Command::Invite(InviteKind::Own, Duration::ZERO));
        self.world.pass(Duration::from_millis(50));
        if let Some(Ok(Reply::Invite(text))) = self.world.done(old, asked) {
            self.world.command(new, Command::Join(text, String::from("new")));
            self.homes.joining.push((person, new));
        }
    }

    /// Devices that joined somebody by now are his.
    pub(super) fn welcome(&mut self) {
        for (person, new) in std::mem::take(&mut self.homes.joining) {
            if self.world.account(new) == self.world.account(self.people[person][0]) {
                self.people[person].push(new);
            } else if !self.world.is_on(new) || self.world.node(new).people().adding().is_some() {
                self.homes.joining.push((person, new));
            }
        }
    }

    /// A device is stolen, and removed by another one of its person's.
    pub(super) fn remove_device(&mut self) {
        self.welcome();
        if self.homes.removed.len() == REMOVED || !self.are_all_friends() {
            return;
        }
        let person = usize::try_from(self.world.roll(4)).unwrap_or(0);
        if self.unlike_own(&self.people[person]).is_some() {
            return; // what only the stolen one knows is lost with it
        }
        let (by, lost) = (self.one_of(person), self.one_of(person));
        let ids = [by, lost].map(|who| self.world.id(who));
        let stays = |who: &Who| *who != lost && self.homes.first.contains(who);
        let known = self.homes.loser == Some(person) || self.people[person].iter().any(stays);
        if ids[0] == ids[1] || !known || ids.iter().any(|id| self.homes.removed.contains(id)) {
            return;
        }
        self.world.command(by, Command::RemoveDevice(ids[1]));
        self.homes.removed.push(ids[1]);
        let (stolen, rest) =
            self.people[person].iter().partition(|who| self.world.id(**who) == ids[1]);
        let stolen: Vec<Who> = stolen;
        stolen.iter().for_each(|who| self.world.steal(*who));
        self.homes.stolen[person].extend(stolen);
        self.people[person] = rest;
        self.homes.images.retain(|(_, id, _)| *id != ids[1]);
    }
}
