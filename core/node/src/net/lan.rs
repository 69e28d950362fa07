//! Finds devices on the local network: DNS-SD on every interface, IPv4 and IPv6 at once.
//!
//! Says only a random name, ports and tags that are noise to strangers, all new after every
//! start; what others say is a hint, for whoever is dialled to prove. The library underneath
//! bounds nothing, so a flood ends in a new start: memory is bounded, and who is really there
//! answers the first question after it.

mod known;
mod record;
mod responder;

use std::time::Duration;

use covey_proto::wire::Address;
use mdns_sd::{DaemonEvent, Error, ServiceEvent};
use tokio::{
    sync::{mpsc, watch},
    time::{self, Instant},
};

use known::Known;
pub use record::{MAX_TAG, MAX_TAGS, Ports, read};
use responder::Responder;

/// This device on the local network. Dropping it says goodbye there; when the events end, that
/// was said.
#[derive(Debug)]
pub struct Lan {
    tags: watch::Sender<Vec<Vec<u8>>>,
    hints: mpsc::Sender<Hint>,
}

/// A device heard on the local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// A random name, for as long as that device stays.
    pub name: String,
    /// What tells those in the know whose it is.
    pub tags: Vec<Vec<u8>>,
    /// Where it may be dialled.
    pub addresses: Vec<Address>,
}

/// What is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LanEvent {
    /// A service is there, or there in another way than before.
    Heard(Service),
    /// The service of this name went away, or made room for a newer one.
    Lost(String),
}

#[derive(Debug)]
enum Hint {
    Changed,
    Doubt(String),
}

impl Lan {
    /// Starts to announce these tags, and to listen.
    #[must_use]
    pub fn start(ports: Ports, tags: Vec<Vec<u8>>) -> (Self, mpsc::Receiver<LanEvent>) {
        let (announce, tags) = watch::channel(tags);
        let (hint, hints) = mpsc::channel(MAX_HINTS);
        let (events, heard) = mpsc::channel(MAX_EVENTS);
        let search = Search { ports, tags, hints, events, known: Known::default() };
        tokio::spawn(search.run());
        (Self { tags: announce, hints: hint }, heard)
    }

    /// Announces these tags instead: at most [`MAX_TAGS`], of at most [`MAX_TAG`] bytes.
    pub fn announce(&self, tags: Vec<Vec<u8>>) {
        self.tags.send_replace(tags);
    }

    /// Interfaces changed, the system says: look now instead of within 5 s.
    pub fn changed(&self) {
        let _ = self.hints.try_send(Hint::Changed);
    }

    /// A dial failed: unless that service answers, it is lost in 3 s.
    pub fn doubt(&self, name: String) {
        let _ = self.hints.try_send(Hint::Doubt(name));
    }
}

/// More are dropped: the next change or failed dial gives another.
const MAX_HINTS: usize = 16;
/// Whoever lags behind so many, and the library's queue, makes the search start anew.
const MAX_EVENTS: usize = 256;

struct Search {
    ports: Ports,
    tags: watch::Receiver<Vec<Vec<u8>>>,
    hints: mpsc::Receiver<Hint>,
    events: mpsc::Sender<LanEvent>,
    known: Known,
}

impl Search {
    async fn run(mut self) {
        let mut pause = MIN_PAUSE;
        loop {
            let start = Instant::now();
            let Err(error) = self.search().await else { return };
            if start.elapsed() > RENEW {
                pause = MIN_PAUSE;
            }
            tracing::debug!(%error, ?pause, "the search of the local network starts anew");
            for event in self.known.clear() {
                self.tell(event).await;
            }
            let unwanted = async { while self.tags.changed().await.is_ok() {} };
            if time::timeout(pause, unwanted).await.is_ok() {
                return;
            }
            pause = (2 * pause).min(MAX_PAUSE);
        }
    }

    /// Until it breaks, or is no longer wanted.
    async fn search(&mut self) -> mdns_sd::Result<()> {
        let responder = Responder::open(self.ports)?;
        let broken = |_| Error::Msg("the responder was overrun".into());
        let mut found = responder.renew(&self.tags.borrow_and_update())?;
        let mut renewal = Instant::now() + SETTLED;
        let mut guard = time::interval(GUARD);
        let mut unguarded = 0;
        loop {
            tokio::select! {
                event = found.recv_async() => {
                    self.take(event.map_err(broken)?, &responder).await;
                    unguarded += 1;
                    if unguarded == MAX_UNGUARDED {
                        guard.reset_immediately();
                    }
                }
                change = responder.changes.recv_async() => {
                    if let DaemonEvent::IpAdd(_) | DaemonEvent::IpDel(_) = change.map_err(broken)? {
                        renewal = renewal.min(Instant::now() + SETTLED);
                    }
                }
                () = time::sleep_until(renewal) => {
                    found = responder.renew(&self.tags.borrow())?;
                    renewal = Instant::now() + RENEW;
                }
                tags = self.tags.changed() => match tags {
                    Ok(()) => responder.announce(&self.tags.borrow_and_update())?,
                    Err(_) => return responder.leave().await,
                },
                Some(hint) = self.hints.recv() => match hint {
                    Hint::Changed => responder.look()?,
                    Hint::Doubt(name) if self.known.holds(&name) => responder.verify(name)?,
                    Hint::Doubt(name) => self.tell(LanEvent::Lost(name)).await,
                },
                _ = guard.tick() => {
                    responder.check().await?;
                    unguarded = 0;
                }
            }
        }
    }

    async fn take(&mut self, event: ServiceEvent, responder: &Responder) {
        let events = if let ServiceEvent::ServiceResolved(service) = event {
            if responder.is(&service.fullname) {
                return;
            }
            self.known.hear(read(&service))
        } else if let ServiceEvent::ServiceRemoved(_, name) = event {
            self.known.lose(&name)
        } else {
            return;
        };
        for event in events {
            self.tell(event).await;
        }
    }

    /// Who does not listen may still want to be heard.
    async fn tell(&self, event: LanEvent) {
        let _ = self.events.send(event).await;
    }
}

/// Things are said only once on a new interface, maybe before its IPv6 address may be used, and
/// asked less and less often: so we say and ask anew after changes and now and then.
const SETTLED: Duration = Duration::from_secs(2);
const RENEW: Duration = Duration::from_secs(300);
/// How often the library's memory is looked at, unless events come in a flood.
const GUARD: Duration = Duration::from_secs(5);
const MAX_UNGUARDED: usize = 1_000;
const MIN_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(30);
