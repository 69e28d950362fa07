//! Carrying out what the machine decided, once it is on disk.

use std::{collections::BTreeSet, sync::Arc};

use covey_proto::{
    ConversationId, Event, LinkId, LogId, Output, Seq, Target,
    io::{Refusal, Reply},
    people, reach,
    seal::hex,
    talk,
    wire::Frame,
};

use super::Shell;
use crate::{api, net::Purpose, store::Runs};

/// Runs are read from the disk in pieces of so many bytes.
const PIECE: usize = 256 << 10;

impl Shell {
    /// Carries out everything, and keeps what shells see fresh.
    pub(super) fn carry_all(&mut self) {
        let outputs: Vec<_> = std::iter::from_fn(|| self.node.poll_output()).collect();
        let facts = (self.node.ignored(), self.node.clock());
        self.core.change(|view| (view.status.ignored, view.status.clock) = facts);
        if self.core.change(|view| view.link(self.links.values().map(|up| up.device).collect())) {
            self.core.emit(api::Event::Devices);
        }
        let seen = |output: &Output| {
            use Event::{People, Reach};
            matches!(output, Output::Roster(_) | Output::Event(People(_) | Reach(_)))
        };
        let mut changed = outputs.iter().any(seen) && self.show();
        if let Some(moved) = self.moved.take() {
            self.core.change(|view| view.status.addresses = moved);
            changed = true;
        }
        if changed {
            self.core.emit(api::Event::Snapshot(self.core.status()));
        }
        // shells can wait until friends were told
        let (events, effects): (Vec<_>, Vec<_>) =
            outputs.into_iter().partition(|output| matches!(output, Output::Event(_)));
        let heard = self.core.is_heard();
        let said: BTreeSet<_> = events.iter().filter_map(said_in).filter(|_| heard).collect();
        effects.into_iter().chain(events).for_each(|output| self.carry_out(output));
        let said = said.iter().filter_map(|here| self.node.people().friend(*here));
        said.for_each(|friend| self.tell(Event::People(people::News::Friend(friend))));
        if std::mem::take(&mut self.anew) {
            self.begin_anew();
        }
    }

    pub(super) fn carry_out(&mut self, output: Output) {
        match output {
            Output::Tell(link, frame) => self.net.send(link, frame.encode()),
            Output::Send(link, log, first, last) => self.send(link, log, first, last),
            Output::Answer(asker, letter) => self.net.answer(asker.0, letter),
            Output::Roster(directory) => self.net.learn(directory),
            Output::Dial(dial, letter) => {
                let purpose = match (dial.target, letter) {
                    (_, Some(letter)) => Purpose::Hello(letter),
                    (Target::Device(device), None) => Purpose::Link(device),
                    (Target::Inviter(_), None) => return,
                };
                self.net.dial(self.dial_number(dial.id), dial.address, purpose);
            }
            Output::Close(link) => self.net.close(link),
            Output::Announce(tags) => {
                if let Some(lan) = &self.lan {
                    lan.announce(tags);
                }
            }
            Output::Doubt(name) => {
                if let Some(lan) = &self.lan {
                    lan.doubt(name);
                }
            }
            Output::Done(asker, outcome) => {
                if let Some(done) = self.asked.remove(&asker) {
                    let outcome = outcome.map_err(|refusal: Refusal| refusal.to_string());
                    let _: Result<(), Result<Reply, String>> = done.send(outcome);
                }
            }
            Output::Event(event) => self.tell(event),
            Output::Anew => self.anew = true,
        }
    }

    /// Sends the runs of a log, as they are on disk.
    fn send(&mut self, link: LinkId, log: LogId, first: Seq, last: Seq) {
        let mut runs = Runs::new(log, first..=last);
        loop {
            match runs.next(&mut self.home.store, PIECE) {
                Ok(piece) if piece.is_empty() => return,
                Ok(piece) => {
                    piece.into_iter().for_each(|run| self.net.send(link, Frame::Run(run).encode()));
                }
                Err(error) => {
                    tracing::error!(%error, "cannot read what was written");
                    return self.net.close(link);
                }
            }
        }
    }

    /// Keeps the view fresh; whether we are called or tell friends otherwise than before.
    pub(super) fn show(&self) -> bool {
        let people = self.node.people();
        let all: Vec<_> = people.friends().collect();
        let accounts = all.iter().filter_map(|friend| friend.account);
        let online = accounts.filter(|account| self.node.is_online(*account)).collect();
        self.core.change(|view| {
            let before = (view.status.name.clone(), view.status.tells_read);
            people.name().clone_into(&mut view.status.name);
            view.status.tells_read = people.tells_read();
            view.marks = Arc::new(people.marks().collect());
            view.account = Some(people.me().account);
            view.me = Some(people.me().device());
            view.devices = people.own_devices().collect();
            view.adding = people.adding();
            view.status.recovery = people.recovery().is_ok();
            view.status.removed = !people.is_listed();
            let numbers = all.iter().map(|f| Some((f.conversation, people.safety_number(f)?)));
            view.safety = numbers.flatten().collect();
            view.offers = people.offers().collect();
            view.status.former = people
                .former()
                .map(|(device, since)| api::Former {
                    device: hex(&device.0),
                    restored: since == people::former::Since::Restored,
                })
                .collect();
            view.people = all.into_iter().map(|friend| (friend.conversation, friend)).collect();
            view.online = online;
            before != (view.status.name.clone(), view.status.tells_read)
        })
    }

    /// Tells shells what happened; who begins to listen later gets a snapshot.
    fn tell(&self, event: Event) {
        if !self.core.is_heard() {
            return;
        }
        let told = match event {
            Event::People(people::News::Friend(person)) => {
                Some(api::Event::Friend(self.core.friend(&person)))
            }
            Event::People(people::News::Gone(conversation)) => {
                Some(api::Event::FriendGone { friend: hex(&conversation.0) })
            }
            Event::People(people::News::Rekeyed(person)) => {
                Some(api::Event::Rekeyed(self.core.friend(&person)))
            }
            Event::People(people::News::Offer(offer)) => {
                Some(api::Event::Offer(self.core.read(|view| view.offer(&offer))))
            }
            Event::People(people::News::Adding(step)) => Some(api::Event::Adding(step.into())),
            Event::People(people::News::Removed) => Some(api::Event::Removed),
            Event::People(people::News::InviteUsedAgain(_)) => Some(api::Event::InviteUsedAgain),
            Event::Talk(talk::News::Message(message) | talk::News::Changed(message)) => {
                let told = self.core.tell(&[message]).ok();
                told.and_then(|told| told.into_iter().next()).map(api::Event::Message)
            }
            Event::Talk(talk::News::Delivered(log, _)) => {
                Some(api::Event::Delivered { friend: hex(&log.conversation.0) })
            }
            Event::Talk(talk::News::Forked(log)) => {
                Some(api::Event::Forked { friend: hex(&log.conversation.0) })
            }
            Event::Reach(reach::News::Online(account) | reach::News::Offline(account)) => {
                let of = |view: &api::View| {
                    view.people.values().find(|person| person.account == Some(account)).cloned()
                };
                self.core.read(of).map(|person| api::Event::Friend(self.core.friend(&person)))
            }
        };
        told.into_iter().for_each(|event| self.core.emit(event));
    }
}

/// Where something was said or is shown otherwise: there may be more to read, or less.
fn said_in(output: &Output) -> Option<ConversationId> {
    use talk::News::{Changed, Message};
    let Output::Event(Event::Talk(Message(said) | Changed(said))) = output else { return None };
    Some(said.log.conversation)
}
