//! What is done when a commit fails.
//!
//! The machine is thrown away and made anew from the disk. If the disk takes no writes, every link
//! is closed, commands are answered so, and a write is tried each minute. Otherwise the inputs are
//! tried one by one with the links as they were; one that fails alone is dropped and its device
//! gets no link for ten minutes. Then all links are closed: a link's other end must not go on from
//! what we have forgotten.

use std::time::Duration;

use covey_proto::{Input, Node, Time, store::Record};

use super::{Shell, seed};
use crate::store::Error;

/// The disk is tried again after so long.
const PROBE: Duration = Duration::from_secs(60);
/// Whose input cannot be stored gets no link for so long.
const BAN: Duration = Duration::from_secs(600);

impl Shell {
    pub(super) fn recover(&mut self, error: &Error, inputs: Vec<Input>, now: Time) {
        tracing::error!(%error, "a commit failed");
        let full = matches!(error, Error::DiskFull | Error::ReadOnly);
        if !self.rebuild(now) || full {
            self.full = Some(now.after(PROBE));
            self.refuse(inputs);
        } else {
            let links: Vec<_> = self.links.iter().map(|(link, up)| (*link, up.clone())).collect();
            let known = links.into_iter().map(|(link, up)| Input::LinkUp(link, up));
            let fresh = |input: &Input| !matches!(input, Input::LinkUp(..));
            known.chain(inputs.into_iter().filter(fresh)).for_each(|input| self.alone(input, now));
        }
        for (link, _) in std::mem::take(&mut self.links) {
            self.net.close(link);
        }
    }

    /// Tries one input by itself.
    fn alone(&mut self, input: Input, now: Time) {
        let node = &mut self.node;
        let again = input.clone();
        let done = self.home.store.batch(|shelf| {
            node.handle(input, now, shelf);
            node.settle(now, shelf);
        });
        match done {
            Ok(()) => self.carry_all(),
            Err(error) => {
                tracing::error!(%error, "an input cannot be stored");
                if let Input::Frame(link, _) | Input::LinkUp(link, _) = &again
                    && let Some(up) = self.links.remove(link)
                {
                    self.banned.insert(up.device, now.after(BAN));
                    self.net.close(*link);
                }
                self.refuse(vec![again]);
                self.rebuild(now);
            }
        }
    }

    /// While the disk takes no writes: tries one if it is time to; whether it takes them again.
    pub(super) fn probe(&mut self, now: Time) -> bool {
        if self.full.is_some_and(|probe| probe > now) {
            return false;
        }
        let state = self.home.store.state();
        let write = |state: Vec<Record>| {
            self.home.store.batch(|shelf| {
                state.first().into_iter().for_each(|r| shelf.put(r.kind, &r.key, &r.bytes));
            })
        };
        if state.and_then(write).is_err() || !self.rebuild(now) {
            self.full = Some(now.after(PROBE));
            return false;
        }
        self.full = None;
        true
    }

    /// Makes the machine anew from the disk; whether that can be read.
    fn rebuild(&mut self, now: Time) -> bool {
        let (Ok(state), Ok(seed)) = (self.home.store.state(), seed()) else { return false };
        self.node = Node::new(self.home.me(), seed, state, now);
        self.carry_all();
        self.show();
        true
    }

    /// Answers commands that are not done; all else can be told again by whoever told it.
    pub(super) fn refuse(&mut self, inputs: Vec<Input>) {
        for input in inputs {
            match input {
                Input::Command(asker, _) => {
                    if let Some(done) = self.asked.remove(&asker) {
                        let _ = done.send(Err(FULL.into()));
                    }
                }
                Input::LinkUp(link, _) => {
                    self.links.remove(&link);
                    self.net.close(link);
                }
                Input::LinkDown(_)
                | Input::Frame(..)
                | Input::Letter(..)
                | Input::Answered(..)
                | Input::DialFailed(_)
                | Input::Heard(..)
                | Input::Lost(_)
                | Input::Reachable(_)
                | Input::ClockStep
                | Input::Stir(_)
                | Input::Timeout => {}
            }
        }
    }
}

const FULL: &str = "the disk is full or cannot be written to; nothing was lost, free some space";
