//! What the tasks of the network have in common: whom we know, the links' queues, who waits for an
//! answer, and the way to the loop and to the swarm.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use covey_proto::{
    DeviceId, LinkId, Time, link::Static, people::directory::Directory, wire::Address,
};
use libp2p::{PeerId, Stream};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    Config, Event, Failure, Over, Purpose,
    guests::Counts,
    hello,
    link::{self, Frames, Queue},
    pulse::Pace,
    streams::Protocol,
    swarm::Open,
};
use crate::clock::Clock;

/// What all tasks have in common.
pub(super) struct Shared {
    known: Mutex<Arc<Known>>,
    clock: Clock,
    /// Who came to nothing.
    pub(super) counts: Counts,
    /// How links behave.
    pub(super) pace: Pace,
    pub(super) events: mpsc::Sender<Event>,
    opens: mpsc::Sender<Open>,
    /// For links and askers.
    numbers: AtomicU64,
    links: Mutex<BTreeMap<LinkId, Queue>>,
    askers: Mutex<BTreeMap<u64, oneshot::Sender<Vec<u8>>>>,
}

/// Whom we know, and what we prove ourselves with.
pub(super) struct Known {
    pub(super) directory: Directory,
    pub(super) me: Static,
}

impl Shared {
    pub(super) fn new(config: Config, pace: Pace, opens: mpsc::Sender<Open>) -> Self {
        Self {
            known: Mutex::new(Known::new(config.directory)),
            clock: config.clock,
            counts: Counts::default(),
            pace,
            events: config.events,
            opens,
            numbers: AtomicU64::new(1),
            links: Mutex::default(),
            askers: Mutex::default(),
        }
    }

    pub(super) fn learn(&self, directory: Directory) {
        *lock(&self.known) = Known::new(directory);
    }

    pub(super) fn known(&self) -> Arc<Known> {
        lock(&self.known).clone()
    }

    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// Waits until the loop takes it. If there is no loop any more, nobody need know.
    pub(super) async fn tell(&self, event: Event) {
        let _ = self.events.send(event).await;
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A new link's name and the end of its queue, unless there are too many.
    pub(super) fn enlist(&self) -> Option<(LinkId, Frames)> {
        let (link, (queue, frames)) = (LinkId(self.number()), Queue::new());
        let mut links = lock(&self.links);
        if links.len() >= MAX_LINKS {
            return None;
        }
        links.insert(link, queue);
        Some((link, frames))
    }

    pub(super) fn delist(&self, link: LinkId) {
        lock(&self.links).remove(&link);
    }

    pub(super) fn look(&self, link: LinkId) {
        if let Some(queue) = lock(&self.links).get(&link) {
            queue.look();
        }
    }

    /// A link that has no room left is over; what it missed goes over the next one.
    pub(super) fn send(&self, link: LinkId, frame: Vec<u8>) {
        let mut links = lock(&self.links);
        if links.get(&link).is_some_and(|queue| !queue.push(frame)) {
            links.remove(&link);
        }
    }

    /// Whoever holds the other end waits until this is answered; there are as many as guests.
    pub(super) fn await_answer(&self, answer: oneshot::Sender<Vec<u8>>) -> u64 {
        let asker = self.number();
        let mut askers = lock(&self.askers);
        askers.retain(|_, answer| !answer.is_closed());
        askers.insert(asker, answer);
        asker
    }

    /// With nothing, whoever asked is hung up on.
    pub(super) fn answer(&self, asker: u64, letter: Option<Vec<u8>>) {
        if let (Some(answer), Some(letter)) = (lock(&self.askers).remove(&asker), letter) {
            let _ = answer.send(letter);
        }
    }

    /// Tries an address; an event tells what came of it.
    pub(super) fn dial(self: &Arc<Self>, dial: u64, address: Address, purpose: Purpose) {
        let shared = self.clone();
        tokio::spawn(async move {
            let done = match purpose {
                Purpose::Link(device) => shared.call(device, Some(dial), address).await,
                Purpose::Hello(letter) => shared.ask(&letter, dial, address).await,
            };
            if let Err(Over(why)) = done {
                shared.tell(Event::DialFailed { dial, why }).await;
            }
        });
    }

    /// Opens another link with a device, to replace one that is old.
    pub(super) fn renew(self: &Arc<Self>, device: DeviceId, address: Address) {
        let shared = self.clone();
        tokio::spawn(async move {
            if let Err(error) = shared.call(device, None, address).await {
                tracing::debug!(%error, "renewal");
            }
        });
    }

    async fn call(
        self: &Arc<Self>,
        device: DeviceId,
        dial: Option<u64>,
        to: Address,
    ) -> Result<(), Over> {
        let (peer, stream) = self.open(to, Protocol::Link).await?;
        link::call(self, stream, &peer.to_bytes(), device, dial, to).await
    }

    async fn ask(&self, letter: &[u8], dial: u64, to: Address) -> Result<(), Over> {
        let (_, stream) = self.open(to, Protocol::Hello).await?;
        let letter = hello::ask(stream, letter).await?;
        self.tell(Event::Answered { dial, letter }).await;
        Ok(())
    }

    async fn open(&self, to: Address, protocol: Protocol) -> Result<(PeerId, Stream), Over> {
        let (wanted, opened) = oneshot::channel();
        self.opens.send(Open { to, protocol, wanted }).await.map_err(|_| Failure::Broken)?;
        Ok(timeout(OPEN, opened).await?.map_err(|_| Failure::Broken)??)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("links", &lock(&self.links).len()).finish_non_exhaustive()
    }
}

impl Known {
    fn new(directory: Directory) -> Arc<Self> {
        let me = Static::new(directory.noise.clone());
        Arc::new(Self { directory, me })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics while holding it")
}

/// 32 fresh bytes for a link's machine.
pub(super) fn seed() -> Result<[u8; 32], Over> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| Failure::Broken)?;
    Ok(seed)
}

/// Links at a time.
const MAX_LINKS: usize = 1024;
/// For a connection and a stream on it to open.
const OPEN: Duration = Duration::from_secs(15);
