//! What there is to tell of reaching somebody: what was tried, what came of it, what comes next.
//!
//! A pure read, bounded by what is kept: nothing is told that the state does not prove.

use alloc::vec::Vec;

use super::{
    Reach,
    dial::{MAX_DIALS, Source},
    links::differs,
};
use crate::{
    id::Target,
    time::Time,
    wire::{Address, Transport},
};

/// Why a dial came to nothing, or a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody answers, or not in time.
    #[error("nobody answers")]
    Silent,
    /// The host there says that it takes no calls.
    #[error("nobody takes calls there")]
    Closed,
    /// There is no way there from here.
    #[error("there is no way there")]
    Unreachable,
    /// The connection broke off.
    #[error("the connection broke off")]
    Broken,
    /// The other side hung up; in a handshake, on hearing who calls.
    #[error("the other side hung up")]
    HungUp,
    /// It is not who was meant, or nobody we know.
    #[error("a stranger is there")]
    Stranger,
    /// What it said is damaged, wrongly signed or no Covey.
    #[error("what it said makes no sense")]
    Nonsense,
    /// We do not want a link with it any more.
    #[error("it is not welcome")]
    Unwelcome,
    /// The secret that it was made with is replaced.
    #[error("keys were renewed")]
    Renewed,
    /// We have as many links as we can bear.
    #[error("there are too many links")]
    Crowded,
}

/// How it stands with reaching somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    /// Since when there has been a link, and what carries it.
    pub linked: Option<(Time, Transport)>,
    /// How much later than ours its clock was when it was linked, in ms, if that is worth a word.
    pub ahead: Option<i64>,
    /// The last moment of which we know that there was one, from the first day.
    pub seen: Option<Time>,
    /// When the last one ended since the start, and why unless it was closed as links are.
    pub ended: Option<(Time, Option<Failure>)>,
    /// Whether it is heard on the local network.
    pub near: Near,
    /// Where it is looked for.
    pub tried: Vec<Tried>,
    /// What comes next.
    pub next: Next,
}

/// Whether somebody is heard on the local network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Near {
    /// Not since the start.
    #[default]
    Never,
    /// Not any more, since then.
    Silent(Time),
    /// Now.
    Heard,
}

/// An address where somebody is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Where.
    pub address: Address,
    /// Who says so.
    pub source: Source,
    /// How often in a row it failed.
    pub failures: u32,
    /// What came of it last, and when.
    pub last: Option<(Time, Failure)>,
    /// Since when it is being dialled.
    pub dialling: Option<Time>,
}

/// What comes next, or why nothing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: there is a link.
    Linked,
    /// Nothing: it is not looked for.
    Unsought,
    /// Nothing: no address of it is known.
    NoAddress,
    /// All its addresses are being dialled.
    Dialling,
    /// Its next address is dialled when one of the others' dials is over.
    Queued,
    /// An address is dialled then.
    Dial(Time),
}

impl Reach {
    /// How it stands with reaching this target.
    pub fn why(&self, target: Target, now: Time) -> Sought {
        let device = match target {
            Target::Device(device) => Some(device),
            Target::Inviter(_) => None,
        };
        let aim = self.aims.get(&target);
        let best = device.and_then(|device| self.links.get(self.links.best(device)?));
        let linked = best.zip(aim.and_then(|aim| aim.linked)).map(|(up, at)| (at, up.transport));
        let kept = device.and_then(|device| self.reached.get(&device));
        let kept = kept.map(|kept| kept.seen).filter(|seen| *seen != Time::default());
        let next = match aim {
            _ if linked.is_some() => Next::Linked,
            None => Next::Unsought,
            Some(aim) if aim.places.is_empty() => Next::NoAddress,
            Some(aim) => match aim.next() {
                None => Next::Dialling,
                Some(due) if due <= now && self.under_way() >= MAX_DIALS => Next::Queued,
                Some(due) => Next::Dial(due.max(now)),
            },
        };
        let tried = aim.into_iter().flat_map(|aim| &aim.places).map(|(address, place)| Tried {
            address: *address,
            source: place.source.clone(),
            failures: place.failures,
            last: place.last,
            dialling: place.dialling.map(|(_, since)| since),
        });
        let ahead = device.and_then(|device| self.links.clocks().remove(&device));
        Sought {
            linked,
            ahead: ahead.filter(|ahead| differs(*ahead)),
            seen: linked.map(|_| now).or(kept),
            ended: aim.and_then(|aim| aim.ended),
            near: aim.map_or(Near::Never, |aim| aim.near.1),
            tried: tried.collect(),
            next,
        }
    }
}
