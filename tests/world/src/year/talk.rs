//! What people say to each other, do to what was said, and are called.

use std::time::Duration;

use covey_proto::{Command, talk::Saying};

use super::Year;
use crate::Who;

/// How long texts may be kept.
const SPANS: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(20), Duration::from_secs(120), Duration::from_secs(1800)];

impl Year {
    /// Somebody writes to a friend, once or twice.
    pub(super) fn say(&mut self) {
        let (from, to) = self.talkers();
        let talk = self.world.talk_of(from, to);
        for _ in 0..=self.world.roll(2) {
            let text = self.text();
            self.world.command(from, Command::Send(talk, text));
        }
    }

    /// Somebody does something to a message that he sees, reads it, or chooses something.
    pub(super) fn act(&mut self) {
        let (from, to) = self.talkers();
        let seen: Vec<_> = self.world.messages(from, from, to).map(|message| message.id).collect();
        let command = match (self.world.roll(13), seen.is_empty()) {
            (0, _) | (_, true) => {
                let span = self.world.pick(&SPANS);
                self.kept = self.kept.max(span);
                Command::Expire(self.world.talk_of(from, to), span)
            }
            (6 | 7, false) => Command::Read(self.world.pick(&seen)),
            (8, false) => Command::TellRead(self.world.roll(2) == 0),
            (what, false) => {
                let on = self.world.pick(&seen);
                Command::Act(match what {
                    1..=3 => Saying::Edit(on, self.text()),
                    4 => Saying::Retract(on),
                    5 => Saying::Text(self.text(), Some(on)),
                    _ => Saying::React(on, self.world.pick(&["🙂", "👍🏽", ""]).into()),
                })
            }
        };
        self.world.command(from, command);
    }

    /// A person calls himself otherwise, at one device or at several at once.
    pub(super) fn rename(&mut self) {
        let person = usize::try_from(self.world.roll(4)).unwrap_or(0);
        for own in self.people[person].clone() {
            if self.world.roll(2) == 0 {
                let name = format!("{} {person}", self.text());
                self.world.command(own, Command::Name(name));
            }
        }
    }

    /// A person brings two of his friends together.
    pub(super) fn introduce(&mut self) {
        if self.years_apart || self.homes.has_removed() {
            return; // invites end with clocks and with devices
        }
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

    /// Whoever is offered to meet somebody says yes, and who sees digits that they are the same.
    pub(super) fn agree(&mut self) {
        self.welcome();
        for who in self.everybody() {
            let offers: Vec<_> = self.world.offers(who).filter(|offer| !offer.accepted).collect();
            for offer in offers {
                self.world.command(who, Command::Meet(offer.id, true));
            }
            if self.world.compares(who) {
                self.world.command(who, Command::Confirm(true));
            }
        }
    }

    /// A device of somebody, or of whoever has it now, and one of a friend of his.
    fn talkers(&mut self) -> (Who, Who) {
        let pairs: Vec<_> = self.pairs().collect();
        let (one, other) = self.world.pick(&pairs);
        let (one, other) = if self.world.roll(2) == 0 { (one, other) } else { (other, one) };
        let from = [&self.people[one][..], self.homes.stolen(one)].concat();
        (self.world.pick(&from), self.one_of(other))
    }

    /// Words that nobody wrote before.
    pub(super) fn text(&mut self) -> String {
        self.texts += 1;
        self.texts.to_string()
    }
}
