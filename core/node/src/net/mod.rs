//! The network as the loop sees it: dial, send, close; links, frames and letters come back.
//!
//! ```text
//! loop --dial-->  a task per dial: stream, handshake --> a task per link: frames --events--> loop
//!                          ^ stream                             ^ handshake
//!                      the swarm's task   --inbound streams-->  a task per guest
//! ```
//! Everything here speaks in the types of `proto`; those of libp2p stay within this folder. No
//! call waits, and what cannot be done comes back as an event.

mod address;
mod guests;
mod hello;
pub mod lan;
mod link;
mod pulse;
mod shared;
mod streams;
mod swarm;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

use covey_proto::{
    AccountId, DeviceId, LinkId, SecretId, Time,
    people::directory::Directory,
    wire::{Address, Frame, Invalid, Run, Signed},
};
use tokio::{sync::mpsc, task::AbortHandle, time::error::Elapsed};

pub use covey_proto::reach::Failure;

pub use self::guests::Counts;
use self::{
    pulse::Pace,
    shared::Shared,
    swarm::{Listen, Listening},
};
use crate::clock::Clock;

/// How the network begins.
#[derive(Debug)]
pub struct Config {
    /// Where to listen, as multiaddresses; everywhere if there are none.
    pub listen: Vec<String>,
    /// Where everywhere is: drawn once, and kept. 0 draws one.
    pub port: u16,
    /// Whom links may be made with.
    pub directory: Directory,
    /// The shell's clock.
    pub clock: Clock,
    /// Where events go; who is slow to take them slows the links down.
    pub events: mpsc::Sender<Event>,
}

/// What a dial is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A link with this device.
    Link(DeviceId),
    /// Handing over this letter.
    Hello(Vec<u8>),
}

/// Who opened a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// We did; nobody asked for it if it renews another.
    Caller {
        /// The dial that led to it.
        dial: Option<u64>,
    },
    /// The other side did.
    Called,
}

/// Who is at the other end of a link: proved, and as it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Whose device it is.
    pub account: AccountId,
    /// Which one.
    pub device: DeviceId,
    /// Its account's roster as it showed it; signed.
    pub roster: Signed,
    /// Its card; signed, and of the static it proved.
    pub card: Signed,
    /// The secret the link was made with.
    pub secret: SecretId,
    /// Its clock.
    pub clock: Time,
    /// Where it was called, or called from.
    pub address: Address,
}

/// What happens.
#[derive(Debug)]
pub enum Event {
    /// A link is up.
    LinkUp {
        /// Its name from now on.
        link: LinkId,
        /// Who opened it.
        side: Side,
        /// Who is there.
        peer: Peer,
    },
    /// A run came; what needs no state is checked.
    Run {
        /// From where.
        link: LinkId,
        /// What.
        run: Run,
    },
    /// Any other frame came.
    Frame {
        /// From where.
        link: LinkId,
        /// What.
        frame: Frame,
    },
    /// A link is gone.
    LinkDown {
        /// Which.
        link: LinkId,
        /// Why, unless we closed it.
        why: Option<Failure>,
    },
    /// A dial came to nothing.
    DialFailed {
        /// Which.
        dial: u64,
        /// Why.
        why: Failure,
    },
    /// Somebody left a letter and waits for the answer.
    Letter {
        /// What to answer to.
        asker: u64,
        /// From where.
        from: Address,
        /// What it says.
        letter: Vec<u8>,
    },
    /// A letter that was handed over is answered.
    Answered {
        /// Which dial did it.
        dial: u64,
        /// The answer.
        letter: Vec<u8>,
    },
    /// These are all the addresses we listen at now, those of no use to others included.
    Listening(Vec<Address>),
}

/// Why a dial, a guest or a link came to nothing, as our tasks hand it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
struct Over(#[from] Failure);

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a multiaddress.
    #[error("not an address: {0}")]
    Address(String),
    /// Taken, or not ours.
    #[error("cannot listen on {0}")]
    Listen(String),
    /// The system has no sockets for us.
    #[error(transparent)]
    Transport(#[from] covey_transport::Error),
}

/// The network; it ends when this is dropped.
#[derive(Debug)]
pub struct Net {
    shared: Arc<Shared>,
    port: u16,
    swarm: AbortHandle,
}

impl Net {
    /// Listens, under a fresh identity. To be called within a tokio runtime.
    ///
    /// # Errors
    /// Nothing can be listened on as wanted.
    pub fn start(config: Config) -> Result<Self, Error> {
        let parse = |at: &String| at.parse().map_err(|_| Error::Address(at.clone()));
        let listen = match config.listen.iter().map(parse).collect::<Result<Vec<_>, _>>()? {
            none if none.is_empty() => Listen::Everywhere(config.port),
            some => Listen::At(some),
        };
        let (opens, wanted) = mpsc::channel(MAX_OPENS);
        let shared = Arc::new(Shared::new(config, Pace::NORMAL, opens));
        let listening = Listening::begin(&listen, &shared.counts)?;
        let port = listening.port();
        let swarm =
            tokio::spawn(swarm::run(listening, listen, shared.clone(), wanted)).abort_handle();
        Ok(Self { shared, port, swarm })
    }

    /// The port of QUIC, and of TCP unless it was taken there.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many came to nothing so far, for whoever asks later.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counts.clone()
    }

    /// From now on links are made with whom this says.
    pub fn learn(&self, directory: Directory) {
        self.shared.learn(directory);
    }

    /// Tries one address: [`Event::LinkUp`], [`Event::Answered`] or [`Event::DialFailed`] follows.
    pub fn dial(&self, dial: u64, address: Address, purpose: Purpose) {
        self.shared.dial(dial, address, purpose);
    }

    /// Sends a frame on a link, behind those sent before.
    pub fn send(&self, link: LinkId, frame: Vec<u8>) {
        self.shared.send(link, frame);
    }

    /// Somebody looks at what is said on a link: if its other end goes, that shows within seconds.
    pub fn look(&self, link: LinkId) {
        self.shared.look(link);
    }

    /// Ends a link once all that was sent is written.
    pub fn close(&self, link: LinkId) {
        self.shared.delist(link);
    }

    /// Answers a letter, if its sender still waits; with nothing, hangs up on him.
    pub fn answer(&self, asker: u64, letter: Option<Vec<u8>>) {
        self.shared.answer(asker, letter);
    }
}

/// The address as a multiaddress.
#[must_use]
pub fn multiaddr(address: &Address) -> String {
    address::format(address).to_string()
}

impl Drop for Net {
    fn drop(&mut self) {
        self.swarm.abort();
    }
}

/// What the system's word for it means; whatever else it says, a connection is gone.
fn meaning(error: &io::Error) -> Failure {
    use io::ErrorKind as Kind;
    const MEANINGS: [(Kind, Failure); 9] = [
        (Kind::TimedOut, Failure::Silent),
        (Kind::ConnectionRefused, Failure::Closed),
        (Kind::HostUnreachable, Failure::Unreachable),
        (Kind::NetworkUnreachable, Failure::Unreachable),
        (Kind::NetworkDown, Failure::Unreachable),
        (Kind::AddrNotAvailable, Failure::Unreachable),
        (Kind::ConnectionReset, Failure::HungUp),
        (Kind::UnexpectedEof, Failure::HungUp),
        (Kind::InvalidData, Failure::Nonsense),
    ];
    let known = MEANINGS.iter().find(|(kind, _)| *kind == error.kind());
    known.map_or(Failure::Broken, |(_, meaning)| *meaning)
}

impl From<io::Error> for Over {
    fn from(error: io::Error) -> Self {
        Self(meaning(&error))
    }
}

impl From<Invalid> for Over {
    fn from(_: Invalid) -> Self {
        Self(Failure::Nonsense)
    }
}

impl From<Elapsed> for Over {
    fn from(_: Elapsed) -> Self {
        Self(Failure::Silent)
    }
}

/// Dials that wait for the swarm to look at them.
const MAX_OPENS: usize = 64;
