//! What comes in, in the machine's words; what asks for no change is answered at once.

use covey_proto::{
    Input, LinkId, Time,
    io::{Arrival, Asker, Said},
};

use super::{Shell, sources::Incoming};
use crate::{
    api::{Ask, why::Here},
    net::{self, lan::LanEvent},
};

impl Shell {
    /// What came in, in the machine's words.
    pub(super) fn input(&mut self, incoming: Incoming) -> Option<Input> {
        match incoming {
            Incoming::Ask(Ask::Do(command, done)) => {
                self.last_asker += 1;
                let asker = Asker(self.last_asker);
                self.asked.insert(asker, done);
                Some(Input::Command(asker, command))
            }
            Incoming::Ask(Ask::Look(talk)) => {
                let friend = self.node.people().friend(talk);
                let account = friend.and_then(|friend| friend.account);
                let links = self.links.iter().filter(|(_, up)| Some(up.account) == account);
                links.for_each(|(link, _)| self.net.look(*link));
                None
            }
            Incoming::Ask(Ask::Why(subject, told)) => {
                let now = self.clock.now();
                // a machine that is ahead of its disk tells nothing
                let why = self.node.why(subject, now).filter(|_| self.paused.is_none());
                let _ = told.send((self.here(now), why));
                None
            }
            Incoming::Lan(LanEvent::Heard(service)) => {
                self.heard.insert(service.name.clone(), service.clone());
                Some(Input::Heard(service.name, service.tags, service.addresses))
            }
            Incoming::Lan(LanEvent::Lost(name)) => {
                self.heard.remove(&name);
                Some(Input::Lost(name))
            }
            Incoming::Net(event) => self.net_input(event),
        }
    }

    /// What this node does and sees, whatever the machine tells.
    fn here(&self, now: Time) -> Here {
        Here {
            now: now.0,
            started: self.started.0,
            stopped: self.paused.as_ref().map(|pause| pause.why.clone()),
            network: self.reachable.as_ref().is_some_and(|addresses| !addresses.is_empty()),
            lan: self.lan.is_some(),
        }
    }

    fn net_input(&mut self, event: net::Event) -> Option<Input> {
        Some(match event {
            net::Event::LinkUp { link, side, peer } => return self.arrival(link, side, peer),
            net::Event::LinkDown { link, why } => {
                self.links.remove(&link);
                Input::LinkDown(link, why)
            }
            net::Event::Run { link, run } => Input::Frame(link, Said::Run(run)),
            net::Event::Frame { link, frame } => Input::Frame(link, Said::Frame(frame)),
            net::Event::DialFailed { dial, why } => {
                tracing::debug!(dial, %why, "dial failed");
                Input::DialFailed(self.dial_of(dial)?, why)
            }
            net::Event::Letter { asker, letter, .. } => Input::Letter(Asker(asker), letter),
            net::Event::Answered { dial, letter } => Input::Answered(self.dial_of(dial)?, letter),
            net::Event::Listening(mut addresses) => {
                addresses.retain(|address| self.local || !address.ip.is_loopback());
                if let Some(lan) = &self.lan {
                    lan.changed();
                }
                self.moved = Some(addresses.iter().map(net::multiaddr).collect());
                self.reachable = Some(addresses.clone());
                Input::Reachable(addresses)
            }
        })
    }

    fn arrival(&mut self, link: LinkId, side: net::Side, peer: net::Peer) -> Option<Input> {
        let now = self.clock.now();
        self.banned.retain(|_, until| *until > now);
        if self.banned.contains_key(&peer.device) {
            self.net.close(link);
            return None;
        }
        let dialled = match side {
            net::Side::Caller { dial: Some(dial) } => {
                self.dial_of(dial).map(|dial| (dial, peer.address))
            }
            net::Side::Caller { dial: None } | net::Side::Called => None,
        };
        let arrival = Arrival {
            account: peer.account,
            device: peer.device,
            secret: peer.secret,
            roster: peer.roster,
            card: peer.card,
            transport: peer.address.transport,
            clock: peer.clock,
            dialled,
        };
        self.links.insert(link, Arrival { dialled: None, ..arrival.clone() });
        Some(Input::LinkUp(link, arrival))
    }
}
