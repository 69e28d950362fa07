//! Links: what one end says arrives at the other in order, or its tail is lost and the link gone.

use covey_proto::{
    Input, LinkId, SecretId, Time,
    io::{Arrival, Said},
    reach::Failure,
    wire::{
        Frame, Run,
        frame::{MAX_FRAME, PAD},
    },
};

use crate::{
    device::Who,
    world::{Happening, World},
};

/// So long it takes at most until an end notices that its link is gone, in ms.
pub(crate) const NOTICE: u64 = 30_000;

/// A link, by when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WireId(pub(crate) usize);

/// An end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Dialled,
    Answered,
}

/// An end of a link, as its device knows it.
pub(crate) type WireEnd = (WireId, Side);

#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) ends: [End; 2],
    /// What the link was made with.
    pub(crate) secret: SecretId,
    /// Nothing that is said from now on arrives.
    pub(crate) broken: bool,
}

#[derive(Debug)]
pub(crate) struct End {
    pub(crate) who: Who,
    pub(crate) run: u64,
    /// Who is there, for this end; taken when the link is up here.
    pub(crate) arrival: Option<Arrival>,
    pub(crate) link: Option<LinkId>,
    /// When the last thing arrives here that was said on it.
    pub(crate) last: Time,
    /// Bytes of runs that went out here, for whoever counts.
    pub(crate) carried: u64,
    /// How much else than renewals was said here.
    pub(crate) said: u64,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Dialled => Self::Answered,
            Self::Answered => Self::Dialled,
        }
    }
}

impl Wire {
    pub(crate) fn end(&mut self, side: Side) -> &mut End {
        let [dialled, answered] = &mut self.ends;
        match side {
            Side::Dialled => dialled,
            Side::Answered => answered,
        }
    }
}

impl World {
    pub(crate) fn wire(&mut self, wire: WireId) -> &mut Wire {
        self.wires.get_mut(wire.0).expect("links stay known")
    }

    /// A link is up at one end, if its device still waits for it.
    pub(crate) fn up(&mut self, wire: WireId, side: Side) {
        let end = self.wire(wire).end(side);
        let (who, run, arrival) = (end.who, end.run, end.arrival.take());
        let broken = self.wire(wire).broken;
        let Some(arrival) = arrival.filter(|_| self.runs(who, run)) else { return };
        if broken {
            if let Some((dial, _)) = arrival.dialled {
                self.tell(who, NOTICE, Input::DialFailed(dial, Failure::Broken));
            }
            return;
        }
        let device = self.device_mut(who);
        device.last_link += 1;
        let link = LinkId(device.last_link);
        device.links.insert(link, (wire, side));
        self.wire(wire).end(side).link = Some(link);
        self.note(|| format!("{who:?} up {link:?} ({wire:?})"));
        self.hand(who, run, Input::LinkUp(link, arrival));
    }

    /// Says something on a link; what it cannot carry is a fault of the machine's.
    pub(crate) fn say_on(&mut self, who: Who, link: LinkId, bytes: Vec<u8>) {
        let padded = (bytes.len() + 3).next_multiple_of(PAD);
        assert!(padded <= MAX_FRAME, "{who:?} says a frame of {} bytes", bytes.len());
        self.put_on(who, link, bytes);
    }

    /// Puts bytes on a link, whatever they are.
    pub(crate) fn put_on(&mut self, who: Who, link: LinkId, bytes: Vec<u8>) {
        let Some(&(wire, side)) = self.device(who).links.get(&link) else { return };
        let lost = self.lost();
        if self.wire(wire).broken {
            return;
        }
        if lost {
            self.note(|| format!("{who:?} loses {wire:?}"));
            return self.cut(wire);
        }
        let arrival = self.now.after(self.delay());
        let end = self.wire(wire).end(side.other());
        end.last = end.last.max(arrival);
        let time = end.last;
        self.at(time, Happening::Frame(wire, side.other(), bytes));
    }

    /// Nothing more gets through; both ends will notice.
    pub(crate) fn cut(&mut self, wire: WireId) {
        if std::mem::replace(&mut self.wire(wire).broken, true) {
            return;
        }
        for side in [Side::Dialled, Side::Answered] {
            let notices = self.now.0 + self.dice.below(NOTICE);
            let last = self.wire(wire).end(side).last;
            self.at(last.max(Time(notices)), Happening::Down(wire, side, Failure::Silent));
        }
    }

    /// One end closes: it hears nothing more, the other one learns of it behind what was said.
    pub(crate) fn hang_up(&mut self, who: Who, link: LinkId) {
        let Some((wire, side)) = self.device_mut(who).links.remove(&link) else { return };
        self.note(|| format!("{who:?} closes {link:?} ({wire:?})"));
        self.tell(who, 1, Input::LinkDown(link, None));
        if !std::mem::replace(&mut self.wire(wire).broken, true) {
            let last = self.wire(wire).end(side.other()).last;
            let learns = self.now.after(self.delay()).max(last);
            self.at(learns, Happening::Down(wire, side.other(), Failure::HungUp));
        }
    }

    pub(crate) fn down(&mut self, wire: WireId, side: Side, why: Failure) {
        let end = self.wire(wire).end(side);
        let (who, run, link) = (end.who, end.run, end.link.take());
        let Some(link) = link.filter(|_| self.runs(who, run)) else { return };
        if self.device_mut(who).links.remove(&link).is_some() {
            self.note(|| format!("{who:?} down {link:?} ({wire:?})"));
            self.hand(who, run, Input::LinkDown(link, Some(why)));
        }
    }

    /// A frame arrives, if there is still an end to hear it: what the connection's task does.
    pub(crate) fn arrives(&mut self, wire: WireId, side: Side, bytes: &[u8]) {
        let end = self.wire(wire).end(side);
        let (who, run, link) = (end.who, end.run, end.link);
        let Some(link) =
            link.filter(|link| self.runs(who, run) && self.device(who).links.contains_key(link))
        else {
            return;
        };
        self.note(|| format!("{who:?} hears on {link:?} ({wire:?}) {}", brief(bytes)));
        let said = match Frame::parse(bytes) {
            Ok(Some(Frame::Run(run))) => match self.opened(run) {
                Some(run) => {
                    self.judge_run(who, &run);
                    Said::Run(run)
                }
                None => return,
            },
            Ok(Some(frame)) => Said::Frame(frame),
            Ok(None) | Err(_) => return,
        };
        self.hand(who, run, Input::Frame(link, said));
    }

    fn opened(&mut self, bytes: Vec<u8>) -> Option<Run> {
        let open = || Run::open(bytes.clone()).ok();
        self.opened.entry(bytes.clone()).or_insert_with(open).clone()
    }
}

/// What a frame says, in short.
fn brief(bytes: &[u8]) -> String {
    let said = match Frame::parse(bytes) {
        Ok(Some(Frame::Run(run))) => {
            format!("{:?}", Run::open(run).map(|run| run.entries().to_vec()))
        }
        Ok(frame) => format!("{frame:?}"),
        Err(error) => format!("{error}"),
    };
    said.chars().take(400).collect()
}
