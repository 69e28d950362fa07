//! What is done when a commit fails.
//!
//! ```text
//! commit fails ─> a new machine, in a commit of its own ──(fails)──> pause ─┐
//!                        │                                  ^───────────────┘ tried again
//!                        └─> what came in, one by one
//! ```
//! The machine is thrown away and made anew from the disk, and told what nobody will tell again. If
//! the disk takes that, what came in is tried one by one with the links as they were: what fails
//! alone is dropped, and its device gets no link for ten minutes. If not, nothing is done until the
//! disk takes it, which is tried each minute and whenever a person wants something; commands are
//! answered so. Either way all links are closed: a link's other end must not go on from what we
//! have forgotten.

use std::{error, time::Duration};

use covey_proto::{Input, Node, Time, reach::DialId};

use super::{Error, Shell, seed};
use crate::{api, store};

/// The disk is tried again after so long.
const PROBE: Duration = Duration::from_secs(60);
/// Whose input cannot be stored gets no link for so long.
const BAN: Duration = Duration::from_secs(600);

/// While the disk takes no writes.
pub(super) struct Pause {
    /// When it is tried next.
    pub(super) until: Time,
    /// The sentence for whoever wants something meanwhile.
    pub(super) why: String,
}

impl Shell {
    /// A commit failed.
    pub(super) fn recover(&mut self, error: store::Error, inputs: Vec<Input>, now: Time) {
        tracing::error!(error = &error as &dyn error::Error, "a commit failed");
        let links: Vec<_> = self.links.iter().map(|(link, up)| (*link, up.clone())).collect();
        let links = links.into_iter().map(|(link, up)| Input::LinkUp(link, up));
        let others = inputs.into_iter().filter(|input| !matches!(input, Input::LinkUp(..)));
        self.renew(error, now);
        links.chain(others).for_each(|input| self.alone(input, now));
        self.close_all();
    }

    /// This is another device now: goes on as that one.
    pub(super) fn begin_anew(&mut self) {
        tracing::info!("this is another device from now on");
        self.close_all();
        let now = self.clock.now();
        if let Err(error) = self.begin(now) {
            self.pause(&error, now);
        }
    }

    /// While there is a pause: ends it if it is time to try and the disk takes writes again.
    pub(super) fn resume(&mut self, inputs: &[Input], now: Time) {
        let due = self.paused.as_ref().is_some_and(|pause| pause.until <= now);
        if due || self.paused.is_some() && inputs.iter().any(|i| matches!(i, Input::Command(..))) {
            match self.begin(now) {
                Ok(()) => {
                    self.paused = None;
                    self.core.change(|view| view.status.trouble = None);
                    self.core.emit(api::Event::Snapshot(self.core.status()));
                }
                Err(error) => self.pause(&error, now),
            }
        }
    }

    /// Takes none of this while there is a pause.
    pub(super) fn refuse_all(&mut self, inputs: Vec<Input>) {
        let why = self.paused.as_ref().map_or_else(String::new, |pause| pause.why.clone());
        inputs.into_iter().for_each(|input| self.refuse(input, &why));
    }

    /// Tries one input by itself.
    fn alone(&mut self, input: Input, now: Time) {
        if self.paused.is_some() {
            return self.refuse_all(vec![input]);
        }
        let node = &mut self.node;
        let again = input.clone();
        let done = self.home.store.batch(|shelf| {
            node.handle(input, now, shelf);
            node.settle(now, shelf);
        });
        let Err(error) = done else { return self.carry_all() };
        tracing::error!(error = &error as &dyn error::Error, "an input cannot be stored");
        let why = error.to_string();
        self.renew(error, now);
        if self.paused.is_none()
            && let Input::Frame(link, _) | Input::LinkUp(link, _) = &again
            && let Some(up) = self.links.remove(link)
        {
            self.banned.insert(up.device, now.after(BAN));
            self.net.close(*link);
        }
        self.refuse(again, &why);
    }

    /// Goes on with a new machine if the disk bears one, and pauses if not.
    fn renew(&mut self, error: store::Error, now: Time) {
        use store::Error::{Busy, Damaged, DiskFull, Failed, Newer, ReadOnly, WrongKey};
        let begun = match error {
            DiskFull | ReadOnly | Busy => Err(error.into()),
            WrongKey | Newer { .. } | Damaged | Failed(_) => self.begin(now),
        };
        if let Err(error) = begun {
            self.pause(&error, now);
        }
    }

    /// Begins with a new machine, as the disk makes it. It is told what nobody will tell again, and
    /// a row is written anew, to see that rows can be.
    fn begin(&mut self, now: Time) -> Result<(), Error> {
        let (seed, (me, state)) = (seed()?, self.home.state()?);
        let row = state.first().cloned();
        let reachable = self.reachable.clone().map(Input::Reachable);
        let heard = self.heard.values().cloned();
        let heard =
            heard.map(|service| Input::Heard(service.name, service.tags, service.addresses));
        let mut node = Node::new(me, seed, state, now);
        self.home.store.batch(|shelf| {
            if let Some(row) = row {
                shelf.delete(row.kind, &row.key);
                shelf.put(row.kind, &row.key, &row.bytes);
            }
            reachable.into_iter().chain(heard).for_each(|input| node.handle(input, now, shelf));
            node.settle(now, shelf);
        })?;
        self.node = node;
        self.machines += 1;
        self.show();
        self.carry_all();
        Ok(())
    }

    /// The machine there is, ahead of its disk, is not asked or told anything any more.
    fn pause(&mut self, error: &Error, now: Time) {
        tracing::error!(%error, "nothing is done until the disk takes it");
        self.paused = Some(Pause { until: now.after(PROBE), why: error.to_string() });
        self.close_all();
        self.core.change(|view| {
            view.online.clear();
            view.status.trouble = Some(error.to_string());
        });
        self.core.emit(api::Event::Snapshot(self.core.status()));
    }

    fn close_all(&mut self) {
        for (link, _) in std::mem::take(&mut self.links) {
            self.net.close(link);
        }
    }

    /// Answers a command that is not done, and closes a link; all else is told again by whoever
    /// told it, or by us.
    fn refuse(&mut self, input: Input, why: &str) {
        if let Input::Command(asker, _) = &input
            && let Some(done) = self.asked.remove(asker)
        {
            let _ = done.send(Err(why.into()));
        } else if let Input::LinkUp(link, _) = input {
            self.links.remove(&link);
            self.net.close(link);
        }
    }

    /// A dial of this machine, as the network knows it.
    pub(super) fn dial_number(&self, dial: DialId) -> u64 {
        self.machines << 32 | dial.0 & u64::from(u32::MAX)
    }

    /// The machine's dial of that number, unless an earlier machine made it.
    pub(super) fn dial_of(&self, number: u64) -> Option<DialId> {
        (number >> 32 == self.machines).then_some(DialId(number & u64::from(u32::MAX)))
    }
}
