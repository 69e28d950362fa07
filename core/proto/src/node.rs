//! The hall: one input goes to one room, small values are carried between rooms. Nothing is
//! decided here.
//!
//! ```text
//!            ┌ people ┐
//! input ───> ├ talk   ┤ ───> outputs, taken after the commit
//!            └ reach  ┘
//! ```

mod carriers;
mod command;
mod why;

pub use self::why::{Device, Subject, Why};
use alloc::{
    collections::{BTreeMap, VecDeque},
    string::String,
    vec::Vec,
};

use crate::{
    dice::Dice,
    id::{AccountId, LinkId, SecretId, Target},
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
    /// Links under a replaced secret, with whom, and the dials they came of. The rooms do not know
    /// of them: nothing is said or heard there but what was renewed.
    carriers: BTreeMap<LinkId, (AccountId, SecretId, Option<DialId>)>,
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
        let told = people.marks().filter(|_| people.tells_read());
        told.for_each(|(log, upto)| talk.mark(log, upto));
        let mut node = Self {
            dice: Dice::new(seed),
            people,
            talk,
            reach,
            carriers: BTreeMap::new(),
            outputs: VecDeque::new(),
        };
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
            Input::Restored(run) => _ = self.talk.take(&run, true, now, shelf),
            Input::ClockStep => {
                self.reach.clock_step(now);
                self.people.clock_step(now, shelf);
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
        self.people.settle(now, &mut self.dice, shelf);
        self.carry();
        self.part(now, shelf);
        if self.people.changed {
            let listed = |account, device| self.people.vouches(account, device);
            self.talk.follow(listed, &self.people.me().device_key, shelf);
        }
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

    /// How much later than ours the clocks of all who are linked are, in ms, if none agrees with it.
    pub fn clock(&self) -> Option<i64> {
        self.reach.clock()
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
        let Arrival { account, device, secret, transport, clock, dialled, .. } = *arrival;
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
        if self.people.is_replaced(account, secret) {
            return self.carry_renewal(link, account, secret, dialled.map(|(dial, _)| dial));
        }
        let greeting = self.people.greeting(account);
        self.outputs.extend(greeting.into_iter().map(|frame| Output::Tell(link, frame)));
        self.talk.link_up(link, device, account);
        let up = Up { device, account, secret, transport, clock: Some(clock), dialled };
        self.reach.link_up(link, up, now, shelf);
        self.people.remind(account);
    }

    fn on_link_down(
        &mut self,
        link: LinkId,
        why: Option<Failure>,
        now: Time,
        shelf: &mut dyn Shelf,
    ) {
        if let Some((account, _, dial)) = self.carriers.remove(&link) {
            self.people.call_anew(account);
            let failed = |dial| self.reach.failed(dial, Failure::Renewed, now, &mut self.dice);
            dial.into_iter().for_each(failed);
        } else if let Some(device) = self.reach.link_down(link, why, now, shelf) {
            self.talk.link_down(link, device);
        }
    }

    /// Closes links with those who are not welcome any more, or under a secret that was replaced,
    /// and forgets them at once. An own device that was removed is told so.
    fn part(&mut self, now: Time, shelf: &mut dyn Shelf) {
        if !self.people.changed {
            return;
        }
        let (people, me) = (&self.people, self.people.me().account);
        let is_unwelcome = |up: &Up| !people.welcomes(up.account, up.device);
        let is_replaced = |up: &Up| people.is_replaced(up.account, up.secret);
        let removed = self.reach.links(|up| is_unwelcome(up) && up.account == me);
        let unwelcome = self.reach.links(is_unwelcome);
        let replaced = self.reach.links(|up| !is_unwelcome(up) && is_replaced(up));
        let roster = self.people.roster().map(Frame::Roster);
        let told = |link| roster.clone().map(|frame| Output::Tell(link, frame));
        self.outputs.extend(removed.into_iter().filter_map(told));
        let unwelcome = unwelcome.into_iter().map(|link| (link, Failure::Unwelcome));
        let replaced = replaced.into_iter().map(|link| (link, Failure::Renewed));
        for (link, why) in unwelcome.chain(replaced) {
            self.outputs.push_back(Output::Close(link));
            self.on_link_down(link, Some(why), now, shelf);
        }
    }

    fn on_said(&mut self, link: LinkId, said: Said, now: Time, shelf: &mut dyn Shelf) {
        if let Said::Frame(Frame::Renewal(renewal)) = said {
            return self.on_renewal(link, renewal, now, shelf);
        }
        let Some((device, account)) = self.reach.link(link) else { return };
        match said {
            Said::Run(run) => {
                let log = run.log();
                let (author, me) = (run.author(), self.people.me().account);
                if self.people.may_say(account, author, log.conversation) {
                    let listed = self.people.vouches(author, log.device);
                    // what an own device took of a friend's before he removed that device is good
                    let stands = listed || account == me && author != me;
                    if self.talk.take(&run, stands, now, shelf) {
                        self.people.go_on_anew(&mut self.dice, shelf);
                    }
                }
            }
            Said::Frame(Frame::Run(_) | Frame::Renewal(_)) => {}
            Said::Frame(Frame::Have(have)) => {
                let removed = |account, by, device| self.people.may_cut(account, by, device);
                let key = &self.people.me().device_key;
                self.talk.on_have(link, device, have, (removed, key), shelf);
            }
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
                people::Effect::Read(log, upto) => self.talk.mark(log, upto),
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
