//! The hall: one input goes to one room, small values are carried between rooms. Nothing is
//! decided here.
//!
//! ```text
//!            ┌ people ┐
//! input ───> ├ talk   ┤ ───> outputs, taken after the commit
//!            └ reach  ┘
//! ```

mod command;
mod why;

pub use self::why::{Device, Subject, Why};
use alloc::{collections::VecDeque, string::String, vec::Vec};

use crate::{
    dice::Dice,
    id::{AccountId, LinkId, Target},
    io::{Arrival, Event, Input, Output, Said},
    people::{self, Audience, People, own::Me},
    reach::{self, DialId, Failure, Reach, Up},
    store::{Record, Shelf},
    talk::{self, Talk},
    time::Time,
    wire::Frame,
};

/// A node: this device and all it has to decide.
#[derive(Debug)]
pub struct Node {
    dice: Dice,
    people: People,
    talk: Talk,
    reach: Reach,
    outputs: VecDeque<Output>,
}

impl Node {
    /// This device with what its store holds.
    pub fn new(me: Me, seed: [u8; 32], state: impl IntoIterator<Item = Record>, now: Time) -> Self {
        let (account, device) = (me.account, me.device());
        let mut people = People::new(me);
        let (mut talk, mut reach) = (Talk::new(account, device), Reach::new(device));
        for record in state {
            people.load(&record);
            talk.load(&record);
            reach.load(&record);
        }
        let mut node =
            Self { dice: Dice::new(seed), people, talk, reach, outputs: VecDeque::new() };
        node.refresh(now);
        node
    }

    /// Takes one input.
    pub fn handle(&mut self, input: Input, now: Time, shelf: &mut dyn Shelf) {
        self.talk.tick(now);
        match input {
            Input::Command(asker, command) => {
                let done = self.on_command(command, now, shelf);
                self.outputs.push_back(Output::Done(asker, done));
            }
            Input::LinkUp(link, arrival) => self.on_link_up(link, &arrival, now, shelf),
            Input::LinkDown(link, why) => self.on_link_down(link, why, now, shelf),
            Input::Frame(link, said) => self.on_said(link, said, now, shelf),
            Input::Letter(asker, letter) => {
                self.people.on_letter(asker, &letter, now, &mut self.dice, shelf);
            }
            Input::Answered(dial, answer) => self.on_answered(dial, &answer, now, shelf),
            Input::DialFailed(dial, why) => {
                if let Some(Target::Device(device)) = self.reach.target(dial) {
                    self.people.call_otherwise(device);
                }
                self.reach.failed(dial, why, now, &mut self.dice);
            }
            Input::Heard(name, tags, addresses) => {
                let whose = self.people.recognise(&tags);
                self.reach.heard(name.clone(), tags, addresses);
                whose.into_iter().for_each(|whom| self.reach.recognised(&name, whom, now));
            }
            Input::Lost(name) => self.reach.lost(&name, now),
            Input::Reachable(addresses) => {
                self.people.move_to(&addresses, now, shelf);
                self.reach.again(now);
            }
            Input::Restored(run) => _ = self.talk.take(&run, now, shelf),
            Input::ClockStep => {
                self.reach.again(now);
                self.talk.clock_step(now, shelf);
            }
            Input::Stir(fresh) => self.dice.stir(&fresh),
            Input::Timeout => {
                self.people.on_timeout(now, &mut self.dice, shelf);
                self.talk.on_timeout(now, shelf);
            }
        }
        self.dice.forget();
        self.part(now, shelf);
        self.carry();
    }

    /// Ends a batch of inputs, before the commit.
    pub fn settle(&mut self, now: Time, shelf: &mut dyn Shelf) {
        self.refresh(now);
        self.reach.settle(now, shelf);
        self.talk.settle(&self.people.me().device_key, now, &mut self.dice, shelf);
        self.carry();
    }

    /// The next thing to do, once the batch is on disk.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to come back with [`Input::Timeout`].
    pub fn poll_timeout(&self) -> Option<Time> {
        let rooms = [self.people.next_end, self.talk.next_timeout(), self.reach.next_timeout()];
        rooms.into_iter().flatten().min()
    }

    /// Who we are and whom we know, for whoever shows it.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// How many acts on messages counted for nothing since the start.
    pub fn ignored(&self) -> u64 {
        self.talk.ignored
    }

    /// Which accounts are linked.
    pub fn is_online(&self, account: AccountId) -> bool {
        self.reach.is_linked(account)
    }

    fn on_answered(&mut self, dial: DialId, answer: &[u8], now: Time, shelf: &mut dyn Shelf) {
        match self.reach.target(dial) {
            Some(Target::Inviter(tag))
                if self.people.on_answer(tag, answer, &mut self.dice, shelf) =>
            {
                self.reach.done(dial);
            }
            Some(_) | None => self.reach.failed(dial, Failure::Nonsense, now, &mut self.dice),
        }
    }

    fn on_link_up(&mut self, link: LinkId, arrival: &Arrival, now: Time, shelf: &mut dyn Shelf) {
        let Arrival { account, device, transport, dialled, .. } = *arrival;
        if !self.people.links(account)
            || !self.people.take_roster(account, &arrival.roster, shelf)
            || !self.people.welcomes(account, device)
        {
            if let Some((dial, _)) = dialled {
                self.reach.failed(dial, Failure::Unwelcome, now, &mut self.dice);
            }
            return self.outputs.push_back(Output::Close(link));
        }
        self.people.take_card(account, &arrival.card, shelf);
        let greeting = self.people.greeting(account);
        self.outputs.extend(greeting.into_iter().map(|frame| Output::Tell(link, frame)));
        self.talk.link_up(link, device, account);
        self.reach.link_up(link, Up { device, account, transport, dialled }, now, shelf);
        self.people.remind(account);
    }

    fn on_link_down(
        &mut self,
        link: LinkId,
        why: Option<Failure>,
        now: Time,
        shelf: &mut dyn Shelf,
    ) {
        if let Some(device) = self.reach.link_down(link, why, now, shelf) {
            self.talk.link_down(link, device);
        }
    }

    /// Closes links with those who are not welcome any more, and forgets them at once.
    fn part(&mut self, now: Time, shelf: &mut dyn Shelf) {
        if !self.people.changed {
            return;
        }
        for link in self.reach.links(|up| !self.people.welcomes(up.account, up.device)) {
            self.outputs.push_back(Output::Close(link));
            self.on_link_down(link, Some(Failure::Unwelcome), now, shelf);
        }
    }

    fn on_said(&mut self, link: LinkId, said: Said, now: Time, shelf: &mut dyn Shelf) {
        let Some((device, account)) = self.reach.link(link) else { return };
        match said {
            Said::Run(run) => {
                let log = run.log();
                if self.people.may_say(account, run.author(), log.device, log.conversation)
                    && self.talk.take(&run, now, shelf)
                {
                    self.people.go_on_anew(&mut self.dice, shelf);
                }
            }
            Said::Frame(Frame::Run(_)) => {}
            Said::Frame(Frame::Have(have)) => self.talk.on_have(link, device, have, shelf),
            Said::Frame(Frame::Want(want)) => self.talk.on_want(link, device, want, shelf),
            Said::Frame(Frame::Roster(signed)) => self.people.hear_roster(account, &signed, shelf),
            Said::Frame(Frame::Card(signed)) => self.people.take_card(account, &signed, shelf),
            Said::Frame(Frame::Secrets(ids)) => self.people.take_secrets(account, &ids, shelf),
            Said::Frame(Frame::MapDigest(digest)) => self.people.compare(account, &digest),
            Said::Frame(Frame::Map(records)) => self.people.take_records(account, records, shelf),
            Said::Frame(Frame::Introduction(said)) => {
                self.people.hear_introduction(account, said, now, &mut self.dice, shelf);
            }
        }
    }

    /// Tells the shell and the other rooms whom we know, if that changed.
    fn refresh(&mut self, now: Time) {
        let Some(directory) = self.people.directory() else { return };
        // Before anything that lets others call us, and never behind an older one.
        self.outputs.retain(|output| !matches!(output, Output::Roster(_)));
        self.outputs.push_front(Output::Roster(directory));
        self.outputs.extend(self.people.tags(&mut self.dice).map(Output::Announce));
        self.reach.seek(self.people.sought(), now);
        let recognise = |(name, tags)| (String::from(name), self.people.recognise(tags));
        let hearsay = self.reach.hearsay().map(recognise);
        for (name, whose) in hearsay.collect::<Vec<_>>() {
            whose.into_iter().for_each(|whom| self.reach.recognised(&name, whom, now));
        }
    }

    /// Carries what the rooms want done to other rooms and to the shell.
    fn carry(&mut self) {
        while let Some(effect) = self.people.effects.pop_front() {
            match effect {
                people::Effect::Tell(audience, frame) => self.tell(audience, &frame),
                people::Effect::News(news) => {
                    self.outputs.push_back(Output::Event(Event::People(news)))
                }
                people::Effect::Answer(asker, answer) => {
                    self.outputs.push_back(Output::Answer(asker, answer));
                }
                people::Effect::Anew => self.outputs.push_back(Output::Anew),
            }
        }
        while let Some(effect) = self.reach.effects.pop_front() {
            self.outputs.extend(match effect {
                reach::Effect::Prefer(device, link) => {
                    self.talk.prefer(device, link);
                    None
                }
                reach::Effect::Dial(dial) => match dial.target {
                    Target::Device(_) => Some(Output::Dial(dial, None)),
                    Target::Inviter(tag) => {
                        self.people.letter(tag).map(|letter| Output::Dial(dial, Some(letter)))
                    }
                },
                reach::Effect::Close(link) => Some(Output::Close(link)),
                reach::Effect::Doubt(name) => Some(Output::Doubt(name)),
                reach::Effect::News(news) => Some(Output::Event(Event::Reach(news))),
            });
        }
        while let Some(effect) = self.talk.effects.pop_front() {
            self.outputs.push_back(match effect {
                talk::Effect::Tell(link, frame) => Output::Tell(link, frame),
                talk::Effect::Send(link, log, first, last) => Output::Send(link, log, first, last),
                talk::Effect::News(news) => Output::Event(Event::Talk(news)),
            });
        }
    }

    /// On every link with a device, not only the best: that one may be dying.
    fn tell(&mut self, audience: Audience, frame: &Frame) {
        let me = self.people.me().account;
        let links = self.reach.links(|up| match audience {
            Audience::Own => up.account == me,
            Audience::All => true,
            Audience::Account(account) => up.account == account,
            Audience::Kin(account) => up.account == account || up.account == me,
        });
        self.outputs.extend(links.into_iter().map(|link| Output::Tell(link, frame.clone())));
    }
}
