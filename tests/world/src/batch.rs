//! The loop of one device, as every shell runs it: inputs, one transaction, and only then effects.

use std::rc::Rc;

use covey_proto::{Input, Output, wire::Frame};

use crate::{
    device::Who,
    net::Known,
    wire::WireId,
    world::{Happening, World},
};

/// The most inputs of a batch.
const BATCH: usize = 256;

impl World {
    /// Handles what waits, commits, and does what came of it.
    pub(crate) fn batch(&mut self, who: Who) {
        let device = self.device_mut(who);
        device.waking = false;
        let waiting = device.inbox.len().min(BATCH);
        let inputs: Vec<Input> = device.inbox.drain(..waiting).collect();
        let run = device.run;
        self.attempt(who, inputs);
        if self.runs(who, run) && !self.device(who).inbox.is_empty() {
            self.device_mut(who).waking = true;
            self.after(0, Happening::Wake(who, run));
        }
    }

    pub(crate) fn commit(&mut self, who: Who, inputs: Vec<Input>) {
        let world = self.now;
        let device = self.device_mut(who);
        let (run, now) = (device.run, device.now(world));
        let Some(node) = &mut device.node else { return };
        let timed = inputs.iter().any(|input| matches!(input, Input::Timeout));
        for input in inputs {
            node.handle(input, now, &mut device.disk);
        }
        node.settle(now, &mut device.disk);
        let spins = timed && node.poll_timeout().is_some_and(|next| next <= now);
        assert!(!spins, "{who:?} wants to be called at once, for ever");
        if self.burn(who) {
            return;
        }
        self.device_mut(who).disk.commit();
        while !self.burn(who)
            && let Some(output) = self.device_mut(who).node.as_mut().and_then(|n| n.poll_output())
        {
            self.perform(who, output);
        }
        if self.runs(who, run) && self.device(who).anew {
            self.break_links(who);
            self.begin(who);
        } else if self.runs(who, run) {
            self.set_alarm(who);
        }
    }

    fn perform(&mut self, who: Who, output: Output) {
        self.judge(who, &output);
        match output {
            Output::Tell(link, frame) => {
                if !matches!(frame, Frame::Renewal(_)) {
                    self.count_said(who, link);
                }
                self.say_on(who, link, frame.encode());
            }
            Output::Send(link, log, first, last) => {
                self.count_said(who, link);
                let runs = self.device(who).disk.runs(log, first, last);
                let runs: Vec<_> = runs.map(|bytes| Frame::Run(bytes.to_vec())).collect();
                let run = self.device(who).run;
                for frame in runs {
                    if self.runs(who, run) && !self.burn(who) {
                        self.count_run(who, link, &frame);
                        self.say_on(who, link, frame.encode());
                    }
                }
            }
            Output::Answer(asker, answer) => self.answer(asker, answer),
            Output::Roster(directory) => {
                self.device_mut(who).directory = Some(Rc::new(Known::new(directory)));
            }
            Output::Dial(dial, letter) => self.dial(who, dial, letter),
            Output::Close(link) => self.hang_up(who, link),
            Output::Announce(tags) => self.announce(who, tags),
            Output::Doubt(service) => self.doubt(who, service),
            Output::Done(asker, done) => {
                self.note(|| format!("{who:?} done {done:?}"));
                self.device_mut(who).done.insert(asker, done);
            }
            Output::Event(event) => self.device_mut(who).events.push(event),
            Output::Anew => self.device_mut(who).anew = true,
        }
    }

    fn set_alarm(&mut self, who: Who) {
        let device = self.device(who);
        let (run, due) = (device.run, device.node.as_ref().and_then(|node| node.poll_timeout()));
        if device.due != due {
            self.device_mut(who).due = due;
            if let Some(due) = due {
                let moment = self.device(who).moment(due);
                self.at(moment, Happening::Due(who, run, due));
            }
        }
    }

    /// A step nearer to a crash, if one is planned; whether it came now, or the device is off.
    fn burn(&mut self, who: Who) -> bool {
        let device = self.device_mut(who);
        match &mut device.fuse {
            Some(0) => self.crash(who),
            Some(steps) => *steps -= 1,
            None => {}
        }
        self.device(who).node.is_none()
    }

    /// Starts a run of the program on what the disk holds.
    pub(crate) fn begin(&mut self, who: Who) {
        let (seed, world) = (self.dice.roll(), self.now);
        self.device_mut(who).begin(seed, world);
        self.set_alarm(who);
        self.hear_all(who);
        self.network_changed(who);
    }

    /// Switches a device on, if it is off.
    pub fn switch_on(&mut self, who: Who) {
        if self.device(who).node.is_none() {
            self.note(|| format!("{who:?} on"));
            let service: [u8; 8] = self.dice.roll();
            self.device_mut(who).service = covey_proto::seal::hex(&service);
            self.begin(who);
        }
    }

    /// Switches it off, in the midst of whatever it does.
    pub fn switch_off(&mut self, who: Who) {
        if self.device(who).node.is_some() {
            self.note(|| format!("{who:?} off"));
            self.break_links(who);
            self.fall_silent(who);
            self.device_mut(who).end();
        }
        self.device_mut(who).fuse = None;
    }

    /// It crashes, and comes back.
    pub fn crash(&mut self, who: Who) {
        self.switch_off(who);
        self.device_mut(who).crashes += 1;
        let ms = self.dice.below(20_000);
        self.after(ms, Happening::Start(who));
    }

    /// It crashes after so many more steps; a commit is one, and everything it does is.
    pub fn crash_after(&mut self, who: Who, steps: u32) {
        self.device_mut(who).fuse = Some(steps);
    }

    pub(crate) fn break_links(&mut self, who: Who) {
        let run = self.device(who).run;
        let wires = self.wires.iter().enumerate();
        let its = wires.filter(|(_, w)| w.ends.iter().any(|end| (end.who, end.run) == (who, run)));
        let its: Vec<_> = its.map(|(number, _)| WireId(number)).collect();
        its.into_iter().for_each(|wire| self.cut(wire));
    }

    /// Tells the program where it may be dialled.
    pub(crate) fn network_changed(&mut self, who: Who) {
        if self.device(who).node.is_some() {
            let addresses = self.device(who).addresses.clone();
            self.tell(who, 0, Input::Reachable(addresses));
        }
    }
}
