//! The clock and the queue: what happens next, and to whom.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write as _},
    time::Duration,
};

use covey_proto::{
    Input, LogId, Seq, Time,
    dice::Dice,
    reach::Failure,
    seal::{self, Context},
    wire::Run,
};

use crate::{
    chaos::Weather,
    device::{Device, Who},
    net::{Handshake, Knock, Letters},
    referee::Referee,
    wire::{Side, Wire, WireId},
};

/// When a World begins.
const BEGIN: Time = Time(1_750_000_000_000);
/// How long a story waits for something before it fails.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);

/// Devices, what is between them, and the time.
#[derive(Debug)]
pub struct World {
    pub(crate) now: Time,
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) devices: Vec<Device>,
    pub(crate) wires: Vec<Wire>,
    /// Pairs of devices that cannot reach each other.
    pub(crate) cuts: BTreeSet<(Who, Who)>,
    pub(crate) letters: Letters,
    pub(crate) handshakes: BTreeMap<Handshake, bool>,
    /// Runs opened before, by their bytes: opening costs a signature check, and gives the same.
    pub(crate) opened: BTreeMap<Vec<u8>, Option<Run>>,
    /// Up to where a disk that was set back held a log: who told so was right then.
    pub(crate) held_once: BTreeMap<LogId, Seq>,
    pub(crate) referee: Referee,
    queue: BTreeMap<(Time, u64), Happening>,
    count: u64,
    /// Whether somebody reads what happens.
    watched: bool,
    /// How many commands were given.
    pub(crate) asked: u64,
}

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A run of a device's program gets an input.
    Input(Who, u64, Input),
    /// It looks into its inbox.
    Wake(Who, u64),
    /// The time has come that its node asked for.
    Due(Who, u64, Time),
    /// A device is switched on.
    Start(Who),
    /// A dial arrives where it went.
    Knock(Knock),
    /// A link is up at one end.
    Up(WireId, Side),
    /// A frame arrives at one end.
    Frame(WireId, Side, Vec<u8>),
    /// One end notices that the link is gone.
    Down(WireId, Side, Failure),
    /// A letter that was not answered is given up.
    GiveUp(u64),
}

impl World {
    /// A World of this seed, in calm weather.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            now: BEGIN,
            dice: Dice::new(seal::derive(Context::Stir, &[&seed.to_le_bytes()])),
            weather: Weather::default(),
            devices: Vec::new(),
            wires: Vec::new(),
            cuts: BTreeSet::new(),
            letters: Letters::default(),
            handshakes: BTreeMap::new(),
            opened: BTreeMap::new(),
            held_once: BTreeMap::new(),
            referee: Referee::default(),
            queue: BTreeMap::new(),
            count: 0,
            watched: false,
            asked: 0,
        }
    }

    /// Time passes.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now.after(span);
        while self.queue.first_key_value().is_some_and(|((time, _), _)| *time <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Time passes until something is so.
    ///
    /// # Panics
    /// If it is not so after hours.
    pub fn until(&mut self, what: &str, so: impl Fn(&Self) -> bool) {
        let end = self.now.after(PATIENCE);
        while !so(self) {
            assert!(self.now < end && self.step(), "{what}: not after {PATIENCE:?}");
        }
    }

    /// The next thing happens, if there is one.
    pub(crate) fn step(&mut self) -> bool {
        let Some(((time, _), happening)) = self.queue.pop_first() else { return false };
        self.now = self.now.max(time);
        match happening {
            Happening::Input(who, run, input) => self.hand(who, run, input),
            Happening::Wake(who, run) if self.runs(who, run) => self.batch(who),
            Happening::Due(who, run, due) => {
                if self.runs(who, run) && self.device(who).due == Some(due) {
                    self.device_mut(who).due = None;
                    self.hand(who, run, Input::Timeout);
                }
            }
            Happening::Start(who) => self.switch_on(who),
            Happening::Knock(knock) => self.knocked(knock),
            Happening::Up(wire, side) => self.up(wire, side),
            Happening::Frame(wire, side, bytes) => self.arrives(wire, side, &bytes),
            Happening::Down(wire, side, why) => self.down(wire, side, why),
            Happening::GiveUp(letter) => self.give_up(letter),
            Happening::Wake(..) => {}
        }
        true
    }

    pub(crate) fn at(&mut self, time: Time, happening: Happening) {
        self.count += 1;
        self.queue.insert((time.max(self.now), self.count), happening);
    }

    pub(crate) fn after(&mut self, ms: u64, happening: Happening) {
        self.at(Time(self.now.0 + ms), happening);
    }

    /// An input for the program that runs on a device now, after a while.
    pub(crate) fn tell(&mut self, who: Who, ms: u64, input: Input) {
        let run = self.device(who).run;
        self.after(ms, Happening::Input(who, run, input));
    }

    /// Whether a device still runs the program of that number.
    pub(crate) fn runs(&self, who: Who, run: u64) -> bool {
        let device = self.device(who);
        device.run == run && device.node.is_some()
    }

    /// Puts an input into an inbox; within a moment the program looks.
    pub(crate) fn hand(&mut self, who: Who, run: u64, input: Input) {
        if !self.runs(who, run) {
            return;
        }
        let device = self.device_mut(who);
        device.inbox.push_back(input);
        if !std::mem::replace(&mut device.waking, true) {
            let moment = self.dice.below(3);
            self.after(moment, Happening::Wake(who, run));
        }
    }

    pub(crate) fn device(&self, who: Who) -> &Device {
        self.devices.get(who.0).expect("devices stay")
    }

    pub(crate) fn device_mut(&mut self, who: Who) -> &mut Device {
        self.devices.get_mut(who.0).expect("devices stay")
    }

    /// All devices.
    pub(crate) fn everybody(&self) -> impl Iterator<Item = Who> + use<> {
        (0..self.devices.len()).map(Who)
    }

    /// Tells what happens on the standard error stream from now on.
    pub fn watch(&mut self) {
        self.watched = true;
    }

    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        if self.watched {
            let now = self.now.since(BEGIN).as_secs_f64();
            // whoever replays a seed reads it; nobody is hurt if not
            let _ = writeln!(io::stderr(), "{now:>10.3} {}", what());
        }
    }
}
