//! Why something does not arrive, in facts: a shell makes sentences of them.
//!
//! Nothing is told that the node's state does not prove, and what it does not prove is absent.

use covey_proto::{
    node, people::card::Class, reach, talk::Share as Held, wire::Address, wire::Transport,
};
use serde::{Deserialize, Serialize};

use super::{Friend, Message};
use crate::net;

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A friend, by the id of the conversation with him.
    Friend(String),
    /// A message, by its id, or how it begins, 8 digits at least.
    Message(String),
}

/// What there is to tell of why something does not arrive, or that it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Why {
    /// The friend in question.
    pub friend: Friend,
    /// The message in question.
    pub message: Option<Message>,
    /// Whether the device that wrote it says different things at one place.
    pub forked: bool,
    /// What the node does and sees.
    pub here: Here,
    /// What of the friend's is looked for.
    pub parties: Vec<Party>,
}

/// What a node does and sees, whoever is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Here {
    /// What its clock says.
    #[cfg_attr(test, ts(type = "number"))]
    pub now: u64,
    /// When it started; what is told to have never happened did not since then.
    #[cfg_attr(test, ts(type = "number"))]
    pub started: u64,
    /// Why nothing at all is done: the disk takes no writes.
    pub stopped: Option<String>,
    /// Whether this device has any address to be dialled at.
    pub network: bool,
    /// Whether it looks for friends on the local network.
    pub lan: bool,
}

/// A device of a friend's, or whoever is to answer us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Party {
    /// What it is.
    pub kind: Kind,
    /// Since when there has been a link with it.
    pub linked: Option<Linked>,
    /// How much later than ours its clock was when it was linked, in ms, if that is worth a word.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub ahead: Option<i64>,
    /// The last moment of which it is known that there was one.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub seen: Option<u64>,
    /// How the last one ended since the start.
    pub ended: Option<Ended>,
    /// Whether it is heard on the local network.
    pub near: Near,
    /// Where it is looked for.
    pub tried: Vec<Tried>,
    /// What comes next.
    pub next: Next,
    /// How many messages of ours it lacks.
    #[cfg_attr(test, ts(type = "number"))]
    pub lacks: u64,
    /// How it stands with the message there, if that is ours.
    pub share: Option<Share>,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A phone.
    Phone,
    /// A computer.
    Pc,
    /// A device that is always on.
    AlwaysOn,
    /// Any device that can answer to the invite which was accepted.
    Inviter {
        /// When the invite expires.
        #[cfg_attr(test, ts(type = "number"))]
        expires: u64,
    },
}

/// A link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Linked {
    /// Since when.
    #[cfg_attr(test, ts(type = "number"))]
    pub since: u64,
    /// Whether it runs over TCP; else over QUIC.
    pub tcp: bool,
}

/// The end of a link, or of a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Ended {
    /// When.
    #[cfg_attr(test, ts(type = "number"))]
    pub at: u64,
    /// Why; nothing if we closed it.
    pub why: Option<Cause>,
}

/// Why a dial came to nothing, or a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nobody answers.
    Silent,
    /// The host there says that it takes no calls.
    Closed,
    /// There is no way there from here.
    Unreachable,
    /// The connection broke off.
    Broken,
    /// The other side hung up; in a dial, on hearing who calls.
    HungUp,
    /// Somebody else is there.
    Stranger,
    /// What came is damaged, wrongly signed or no Covey.
    Nonsense,
    /// We do not want a link with it.
    Unwelcome,
    /// The secret that it was made with is replaced.
    Renewed,
    /// There are too many links.
    Crowded,
}

/// Whether somebody is heard on the local network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Near {
    /// Not since the start.
    Never,
    /// Not any more.
    Silent {
        /// Since then.
        #[cfg_attr(test, ts(type = "number"))]
        since: u64,
    },
    /// Now.
    Heard,
}

/// An address where somebody is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Tried {
    /// As a multiaddress.
    pub address: String,
    /// How far it reaches.
    pub scope: Scope,
    /// Who says that somebody is there.
    pub source: Source,
    /// How often in a row it failed.
    pub failures: u32,
    /// How it failed last.
    pub last: Option<Ended>,
    /// Since when it is being dialled.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub dialling: Option<u64>,
}

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This machine.
    Loopback,
    /// One cable or radio cell.
    LinkLocal,
    /// A home, an office.
    Private,
    /// The internet.
    Public,
}

/// Who says that somebody is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It worked before.
    Reached,
    /// It was heard on the local network.
    Lan,
    /// The friend's own word.
    Told,
}

/// What comes next, or why nothing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Nothing: there is a link.
    Linked,
    /// Nothing: it is not looked for.
    Unsought,
    /// Nothing: no address of it is known.
    NoAddress,
    /// All its addresses are being dialled.
    Dialling,
    /// The next dial waits for others to end.
    Queued,
    /// The next dial.
    Dial {
        /// When.
        #[cfg_attr(test, ts(type = "number"))]
        at: u64,
    },
}

/// How it stands with a message at a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// It is there.
    Held {
        /// Since then at the latest, or since before the start.
        #[cfg_attr(test, ts(type = "number | null"))]
        since: Option<u64>,
    },
    /// It was sent, and the device has not said yet that it is there.
    Sent {
        /// When.
        #[cfg_attr(test, ts(type = "number"))]
        at: u64,
    },
    /// Something else was sent and is to be acknowledged first.
    Behind {
        /// When.
        #[cfg_attr(test, ts(type = "number"))]
        at: u64,
    },
    /// The device has not told yet what it holds.
    Unready,
    /// The device is not linked.
    Unlinked,
}

impl Why {
    /// What the machine tells, if it was asked.
    pub(super) fn of(
        friend: Friend,
        message: Option<Message>,
        here: Here,
        told: Option<node::Why>,
    ) -> Self {
        let forked = told.as_ref().is_some_and(|told| told.forked);
        let parties = told.map_or_else(Vec::new, |told| {
            let devices = told.devices.into_iter().map(|device| {
                let kind = match device.class {
                    Class::Phone => Kind::Phone,
                    Class::Pc => Kind::Pc,
                    Class::AlwaysOn => Kind::AlwaysOn,
                };
                let share = device.share.map(Share::of);
                Party { lacks: device.lacks, share, ..Party::of(kind, device.sought) }
            });
            let inviters = told.inviter.into_iter();
            let inviters = inviters
                .map(|(expires, sought)| Party::of(Kind::Inviter { expires: expires.0 }, sought));
            devices.chain(inviters).collect()
        });
        Self { friend, message, forked, here, parties }
    }
}

impl Party {
    fn of(kind: Kind, sought: reach::Sought) -> Self {
        let reach::Sought { linked, ahead, seen, ended, near, tried, next } = sought;
        let linked = linked
            .map(|(since, transport)| Linked { since: since.0, tcp: transport == Transport::Tcp });
        Self {
            kind,
            linked,
            ahead,
            seen: seen.map(|seen| seen.0),
            ended: ended.map(|(at, why)| Ended { at: at.0, why: why.map(Cause::of) }),
            near: match near {
                reach::Near::Never => Near::Never,
                reach::Near::Silent(since) => Near::Silent { since: since.0 },
                reach::Near::Heard => Near::Heard,
            },
            tried: tried.into_iter().map(Tried::of).collect(),
            next: match next {
                reach::Next::Linked => Next::Linked,
                reach::Next::Unsought => Next::Unsought,
                reach::Next::NoAddress => Next::NoAddress,
                reach::Next::Dialling => Next::Dialling,
                reach::Next::Queued => Next::Queued,
                reach::Next::Dial(at) => Next::Dial { at: at.0 },
            },
            lacks: 0,
            share: None,
        }
    }
}

impl Tried {
    fn of(tried: reach::Tried) -> Self {
        Self {
            address: net::multiaddr(&tried.address),
            scope: Scope::of(&tried.address),
            source: match tried.source {
                reach::Source::Reached => Source::Reached,
                reach::Source::Lan(_) => Source::Lan,
                reach::Source::Told => Source::Told,
            },
            failures: tried.failures,
            last: tried.last.map(|(at, why)| Ended { at: at.0, why: Some(Cause::of(why)) }),
            dialling: tried.dialling.map(|since| since.0),
        }
    }
}

impl Scope {
    fn of(address: &Address) -> Self {
        match address.ip {
            ip if ip.is_loopback() => Self::Loopback,
            std::net::IpAddr::V4(ip) if ip.is_link_local() => Self::LinkLocal,
            std::net::IpAddr::V6(ip) if ip.is_unicast_link_local() => Self::LinkLocal,
            std::net::IpAddr::V4(ip) if ip.is_private() => Self::Private,
            std::net::IpAddr::V6(ip) if ip.is_unique_local() => Self::Private,
            std::net::IpAddr::V4(_) | std::net::IpAddr::V6(_) => Self::Public,
        }
    }
}

impl Cause {
    fn of(failure: reach::Failure) -> Self {
        match failure {
            reach::Failure::Silent => Self::Silent,
            reach::Failure::Closed => Self::Closed,
            reach::Failure::Unreachable => Self::Unreachable,
            reach::Failure::Broken => Self::Broken,
            reach::Failure::HungUp => Self::HungUp,
            reach::Failure::Stranger => Self::Stranger,
            reach::Failure::Nonsense => Self::Nonsense,
            reach::Failure::Unwelcome => Self::Unwelcome,
            reach::Failure::Renewed => Self::Renewed,
            reach::Failure::Crowded => Self::Crowded,
        }
    }
}

impl Share {
    fn of(held: Held) -> Self {
        match held {
            Held::Held(since) => Self::Held { since: since.map(|since| since.0) },
            Held::Sent(at) => Self::Sent { at: at.0 },
            Held::Behind(at) => Self::Behind { at: at.0 },
            Held::Unready => Self::Unready,
            Held::Unlinked => Self::Unlinked,
        }
    }
}
