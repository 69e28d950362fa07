//! The loop: one thread, in batches.
//!
//! ```text
//! wait ─> take all that waits (≤256) ─> BEGIN, handle each, settle, COMMIT ─> carry out ─┐
//!   ^────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Nothing is said, shown or answered that is not on disk. A commit that fails takes the machine
//! with it: it is made anew from the disk, and what came in is tried one by one, so that one bad
//! input costs itself only. Memory is never ahead of the disk.

mod carry;
mod idle;
mod input;
mod recover;
mod sources;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use covey_proto::{
    DeviceId, Input, LinkId, Node, Output, Time,
    io::{Arrival, Asker, Reply, Said},
    wire::{Address, Frame},
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use self::{recover::Pause, sources::Sources};
use crate::{
    api::{self, Core, View, rpc},
    bundle::Log,
    clock::Clock,
    home::Home,
    net::{
        self, Net,
        lan::{Lan, Ports, Service},
    },
    store,
};

/// The most inputs of one batch.
const MAX_BATCH: usize = 256;
/// So long waits what needs no answer.
const MOMENT: Duration = Duration::from_millis(2);
/// Connections take leave in tasks of their own. Who is not told takes us for linked for a minute.
const FAREWELL: Duration = Duration::from_millis(50);
/// So often the dice take in fresh bytes.
const STIR: Duration = Duration::from_secs(3600);

/// How a node runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen, as multiaddresses; everywhere if there are none.
    pub listen: Vec<String>,
    /// Whether to look for friends on the local network.
    pub lan: bool,
    /// Where the log is kept for whoever asks for help.
    pub log: Log,
}

/// Why a node does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is no network to be had.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// The socket in the home folder cannot be made.
    #[error("the socket in the home folder cannot be opened")]
    Socket(#[source] io::Error),
    /// The system refuses.
    #[error("the system gives no thread or randomness")]
    System(#[source] io::Error),
}

/// A node that runs; it stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    core: Core,
    socket: PathBuf,
    stop: watch::Sender<bool>,
    stopped: oneshot::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// The node, for shells in this process.
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The socket, for shells in others.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Returns once it has ended by itself, which it should not.
    pub async fn failed(&mut self) {
        let _ = (&mut self.stopped).await;
    }

    /// Ends it, once the batch under way is on disk and friends had time to be told.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let _ = (&mut self.stopped).await;
        tokio::time::sleep(FAREWELL).await;
    }
}

/// Waits for the batch under way: a process must not exit while the database is at work.
impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts a node on its home. To be called within a tokio runtime.
///
/// # Errors
/// [`Error`], if it cannot run.
pub fn start(mut home: Home, options: &Options) -> Result<Running, Error> {
    let clock = Clock::start();
    let (me, state) = home.state()?;
    let mut node = Node::new(me, seed()?, state, clock.now());
    let outputs: Vec<_> = std::iter::from_fn(|| node.poll_output()).collect();
    let (mut directory, mut tags) = (None, Vec::new());
    for output in &outputs {
        if let Output::Roster(first) = output {
            directory = Some(first.clone());
        } else if let Output::Announce(first) = output {
            tags.clone_from(first);
        }
    }
    let directory = directory.ok_or(store::Error::Damaged)?;
    let (told, net_events) = mpsc::channel(MAX_BATCH);
    let net = Net::start(net::Config {
        listen: options.listen.clone(),
        port: home.port(),
        directory,
        clock: clock.clone(),
        events: told,
    })?;
    home.keep_port(net.port());
    let (lan, lan_events) = if options.lan {
        let ports = Ports { quic: net.port(), tcp: net.port() };
        let (lan, events) = Lan::start(ports, tags);
        (Some(lan), Some(events))
    } else {
        (None, None)
    };
    let status = api::Status {
        vault: home.kept().to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
        ..api::Status::default()
    };
    let (log, dir) = (options.log.clone(), home.dir().into());
    let view = View { status, counts: net.counts(), log, home: dir, ..View::default() };
    let (core, asks) = Core::new(home.store.history(), view);
    let socket = rpc::socket(home.dir());
    let (stop, stopping) = watch::channel(false);
    let (done, stopped) = oneshot::channel();
    let shell = Shell {
        started: clock.now(),
        next_stir: clock.now().after(STIR),
        node,
        net,
        lan,
        core: core.clone(),
        clock,
        asked: BTreeMap::new(),
        last_asker: 0,
        links: BTreeMap::new(),
        banned: BTreeMap::new(),
        moved: None,
        local: !options.listen.is_empty(),
        reachable: None,
        heard: BTreeMap::new(),
        machines: 0,
        anew: false,
        paused: None,
        index_at: None,
        nearly_full: false,
        home,
    };
    shell.show();
    let server = rpc::open(&socket, core.clone()).map_err(Error::Socket)?;
    let sources = Sources { net: net_events, lan: lan_events, asks, stopping };
    let runtime = Handle::current();
    let thread = std::thread::Builder::new().name("node".into());
    let body = move || {
        let _entered = runtime.enter();
        shell.run(sources, outputs, &runtime);
        server.abort();
        let _ = done.send(());
    };
    let thread = Some(thread.spawn(body).map_err(Error::System)?);
    Ok(Running { core, socket, stop, stopped, thread })
}

fn seed() -> Result<[u8; 32], Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Error::System(io::Error::other(error)))?;
    Ok(seed)
}

/// The loop and all it works with.
struct Shell {
    home: Home,
    node: Node,
    net: Net,
    lan: Option<Lan>,
    core: Core,
    clock: Clock,
    /// Who waits for the outcome of a command.
    asked: BTreeMap<Asker, oneshot::Sender<Result<Reply, String>>>,
    last_asker: u64,
    /// The links that are up.
    links: BTreeMap<LinkId, Arrival>,
    /// Devices whose input failed to be stored, until when they get no link.
    banned: BTreeMap<DeviceId, Time>,
    /// Where we may be dialled, until it is on our card and can be shown.
    moved: Option<Vec<String>>,
    /// Whether addresses of this machine alone count: when a person asked for them.
    local: bool,
    /// What nobody tells again: where we may be dialled, and who is on the local network.
    reachable: Option<Vec<Address>>,
    heard: BTreeMap<String, Service>,
    /// How many machines there were before this one.
    machines: u64,
    /// Whether the disk says that this is another device than the machine takes itself for.
    anew: bool,
    /// While the disk takes no writes.
    paused: Option<Pause>,
    /// When the index is to be brought further, if nothing comes in until then.
    index_at: Option<Time>,
    /// Whether shells were told that the disk is nearly full.
    nearly_full: bool,
    next_stir: Time,
    started: Time,
}

impl Shell {
    fn run(mut self, mut sources: Sources, outputs: Vec<Output>, runtime: &Handle) {
        outputs.into_iter().for_each(|output| self.carry_out(output));
        self.batch(Vec::new());
        while let Some(inputs) = self.gather(&mut sources, runtime) {
            match inputs.is_empty() {
                true => self.idle(self.clock.now()),
                false => self.busy(),
            }
            self.batch(inputs);
        }
        self.part();
    }

    /// What comes in next and all that waits behind it; none once the node is to stop. What friends
    /// hold waits a moment for what they say, and costs no commit of its own.
    fn gather(&mut self, sources: &mut Sources, runtime: &Handle) -> Option<Vec<Input>> {
        let (mut inputs, mut wait, mut until) = (Vec::new(), self.wait(), None);
        loop {
            let next = runtime.block_on(async { timeout(wait, sources.next()).await });
            let Ok(incoming) = next else { return Some(inputs) };
            inputs.extend(self.input(incoming?));
            while inputs.len() < MAX_BATCH
                && let Some(incoming) = sources.try_next()
            {
                inputs.extend(self.input(incoming));
            }
            let told =
                |input: &Input| matches!(input, Input::Frame(_, Said::Frame(Frame::Have(_))));
            if inputs.is_empty() || inputs.len() >= MAX_BATCH || !inputs.iter().all(told) {
                return Some(inputs);
            }
            let until: &Instant = until.get_or_insert_with(|| Instant::now() + MOMENT);
            wait = until.saturating_duration_since(Instant::now());
        }
    }

    /// Keeps until when friends were linked. Nothing is carried out any more.
    fn part(&mut self) {
        let (node, links) = (&mut self.node, std::mem::take(&mut self.links));
        let now = self.clock.now();
        if self.paused.is_none() {
            let gone = links.into_keys().map(|link| Input::LinkDown(link, None));
            let _ = self.home.store.batch(|shelf| gone.for_each(|i| node.handle(i, now, shelf)));
        }
    }

    /// How long nothing is to be done unless something comes in.
    fn wait(&self) -> Duration {
        let due = match &self.paused {
            Some(pause) => pause.until,
            None => {
                let dues = [self.node.poll_timeout(), self.index_at, Some(self.next_stir)];
                dues.into_iter().flatten().min().unwrap_or(self.next_stir)
            }
        };
        self.clock.until(due)
    }

    /// Everything that is due, then what came in, in one commit.
    fn batch(&mut self, mut inputs: Vec<Input>) {
        let now = self.clock.now();
        if self.clock.take_step() {
            inputs.insert(0, Input::ClockStep);
        }
        if self.next_stir <= now
            && let Ok(fresh) = seed()
        {
            inputs.push(Input::Stir(fresh));
            self.next_stir = now.after(STIR);
        }
        if self.node.poll_timeout().is_some_and(|due| due <= now) {
            inputs.push(Input::Timeout);
        }
        self.resume(&inputs, now);
        match self.paused {
            Some(_) => self.refuse_all(inputs),
            None => self.commit(inputs, now),
        }
    }

    fn commit(&mut self, inputs: Vec<Input>, now: Time) {
        let node = &mut self.node;
        let done = self.home.store.batch(|shelf| {
            for input in inputs.iter().cloned() {
                node.handle(input, now, shelf);
            }
            node.settle(now, shelf);
        });
        match done {
            Ok(()) => self.carry_all(),
            Err(error) => self.recover(error, inputs, now),
        }
    }
}
