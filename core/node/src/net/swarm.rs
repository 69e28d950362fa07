//! The swarm's task: connections, and the streams that our other tasks ask for.
//!
//! It knows nothing of links. A stream towards an address goes over the connection that was
//! just made with it, or over a new one, dialled without saying whom we expect. Nothing here waits for
//! anybody: streams are handed on, and guests (who opened a stream and proved nothing yet) are
//! served in tasks of their own. Should
//! the swarm panic, a new one takes its place, and whoever waited hears that his stream is gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use covey_proto::wire::Address;
use covey_transport::{Carrier, Config, quic, tcp};
use futures::{FutureExt, StreamExt};
use libp2p::{
    Multiaddr, PeerId, Swarm, Transport,
    core::{muxing::StreamMuxerBox, transport::TransportError, upgrade::Version},
    identity::Keypair,
    swarm::{self, ConnectionId, DialError, SwarmEvent, dial_opts::DialOpts},
};
use tokio::sync::mpsc;

use super::{
    Error, Event, Failure, address,
    guests::{Counts, Guests, Unproved},
    hello, link, meaning,
    shared::Shared,
    streams::{Inbound, Protocol, Streams, Wanted},
};

/// A stream that is wanted.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) to: Address,
    pub(super) protocol: Protocol,
    pub(super) wanted: Wanted,
}

/// Where to listen.
#[derive(Clone, Debug)]
pub(super) enum Listen {
    /// There, and nowhere else.
    At(Vec<Multiaddr>),
    /// On all interfaces, on this port; 0 draws one.
    Everywhere(u16),
}

/// A swarm that listens.
pub(super) struct Listening {
    swarm: Swarm<Streams>,
    inbound: mpsc::Receiver<Inbound>,
    port: u16,
}

impl Listening {
    pub(super) fn begin(listen: &Listen, counts: &Counts) -> Result<Self, Error> {
        let key = Keypair::generate_ed25519();
        let (config, gate) = (Config::default(), &counts.gate);
        let (quic, handle, _) = quic::Transport::new(&key, &config, gate)?;
        let transport = quic
            .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
            .or_transport(tcp::Transport::new(&key, &config, gate)?)
            .map(|either, _| either.into_inner())
            .map_err(|either| either.into_inner())
            .boxed();
        let (streams, inbound) = mpsc::channel(MAX_INBOUND);
        let config = swarm::Config::with_tokio_executor()
            .with_idle_connection_timeout(IDLE)
            .with_max_negotiating_inbound_streams(MAX_NEGOTIATING)
            .with_substream_upgrade_protocol_override(Version::V1Lazy);
        let mut swarm = Swarm::new(
            transport,
            Streams::new(streams, counts.clone()),
            key.public().to_peer_id(),
            config,
        );
        match listen {
            Listen::At(addresses) => addresses.iter().try_for_each(|at| bind(&mut swarm, at))?,
            Listen::Everywhere(port) => everywhere(&mut swarm, &handle, *port)?,
        }
        let port = handle.local_addrs().first().map_or(0, |local| local.port());
        Ok(Self { swarm, inbound, port })
    }

    /// The port of QUIC.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

fn bind(swarm: &mut Swarm<Streams>, at: &Multiaddr) -> Result<(), Error> {
    let bound = swarm.listen_on(at.clone());
    bound.map(|_| ()).map_err(|_| Error::Listen(at.to_string()))
}

/// All four sockets share one port: the one wanted, or, if that is taken, another.
fn everywhere(swarm: &mut Swarm<Streams>, handle: &quic::Handle, port: u16) -> Result<(), Error> {
    let v4 = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    let v6 = IpAddr::from(Ipv6Addr::UNSPECIFIED);
    let tries = [(v4, port), (v4, 0), (v6, port), (v6, 0)];
    let first =
        tries.into_iter().find(|at| bind(swarm, &Carrier::Quic.multiaddr((*at).into())).is_ok());
    let (first, _) = first.ok_or_else(|| Error::Listen("any interface".into()))?;
    let drawn = handle.local_addrs().first().map_or(0, |local| local.port());
    for (carrier, ip) in
        [(Carrier::Quic, v4), (Carrier::Quic, v6), (Carrier::Tcp, v4), (Carrier::Tcp, v6)]
    {
        if (carrier, ip) != (Carrier::Quic, first)
            && let Err(error) = bind(swarm, &carrier.multiaddr((ip, drawn).into()))
        {
            tracing::warn!(%error, "goes without");
        }
    }
    Ok(())
}

/// Runs until it is aborted.
pub(super) async fn run(
    first: Listening,
    listen: Listen,
    shared: Arc<Shared>,
    mut opens: mpsc::Receiver<Open>,
) -> Infallible {
    let mut listening = Some(first);
    loop {
        match listening.take().map_or_else(|| Listening::begin(&listen, &shared.counts), Ok) {
            Ok(listening) => {
                let serving = Serving::new(listening, &shared).serve(&mut opens);
                match AssertUnwindSafe(serving).catch_unwind().await {
                    Ok(never) => match never {},
                    Err(_) => tracing::error!("the swarm broke; a new one begins"),
                }
            }
            Err(error) => tracing::warn!(%error, "no swarm yet"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A connection that stands.
struct Connection {
    peer: PeerId,
    remote: Address,
    since: Instant,
}

struct Serving<'a> {
    swarm: Swarm<Streams>,
    inbound: mpsc::Receiver<Inbound>,
    shared: &'a Arc<Shared>,
    connections: BTreeMap<ConnectionId, Connection>,
    dialling: BTreeMap<ConnectionId, Vec<Open>>,
    addresses: BTreeSet<Address>,
    guests: Guests,
}

impl<'a> Serving<'a> {
    fn new(listening: Listening, shared: &'a Arc<Shared>) -> Self {
        let Listening { swarm, inbound, port: _ } = listening;
        Self {
            swarm,
            inbound,
            shared,
            connections: BTreeMap::new(),
            dialling: BTreeMap::new(),
            addresses: BTreeSet::new(),
            guests: Guests::default(),
        }
    }

    async fn serve(mut self, opens: &mut mpsc::Receiver<Open>) -> Infallible {
        let mut told = BTreeSet::new();
        loop {
            // In this order: addresses are told when there is nothing else to do, so all at once.
            tokio::select! {
                biased;
                Some(open) = opens.recv() => self.open(open),
                event = self.swarm.select_next_some() => self.take(event),
                Some(inbound) = self.inbound.recv() => self.welcome(inbound),
                Ok(room) = self.shared.events.reserve(), if told != self.addresses => {
                    told.clone_from(&self.addresses);
                    room.send(Event::Listening(told.iter().copied().collect()));
                }
            }
        }
    }

    fn take(&mut self, event: SwarmEvent<Infallible>) {
        if let SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } = event {
            if let Some(remote) = address::parse(endpoint.get_remote_address()) {
                let since = Instant::now();
                self.connections.insert(connection_id, Connection { peer: peer_id, remote, since });
            }
            for open in self.dialling.remove(&connection_id).unwrap_or_default() {
                self.swarm.behaviour_mut().open(peer_id, connection_id, open.protocol, open.wanted);
            }
        } else if let SwarmEvent::ConnectionClosed { connection_id, .. } = event {
            self.connections.remove(&connection_id);
        } else if let SwarmEvent::OutgoingConnectionError { connection_id, error, .. } = event {
            tracing::debug!(%error, "dial");
            for open in self.dialling.remove(&connection_id).unwrap_or_default() {
                let _ = open.wanted.send(Err(cause(&error)));
            }
        } else if let SwarmEvent::NewListenAddr { address, .. } = event {
            self.addresses.extend(address::parse(&address));
        } else if let SwarmEvent::ExpiredListenAddr { address, .. } = event
            && let Some(address) = address::parse(&address)
        {
            self.addresses.remove(&address);
        }
    }

    fn open(&mut self, open: Open) {
        let mut standing = self.connections.iter();
        if let Some((id, connection)) =
            standing.find(|(_, c)| c.remote == open.to && c.since.elapsed() < FRESH)
        {
            self.swarm.behaviour_mut().open(connection.peer, *id, open.protocol, open.wanted);
            return;
        }
        let mut dialling = self.dialling.values_mut();
        if let Some(opens) = dialling.find(|opens| opens.iter().any(|other| other.to == open.to)) {
            opens.push(open);
            return;
        }
        let dial = DialOpts::unknown_peer_id().address(address::format(&open.to)).build();
        let connection = dial.connection_id();
        match self.swarm.dial(dial) {
            Ok(()) => {
                self.dialling.insert(connection, vec![open]);
            }
            Err(error) => {
                tracing::debug!(%error, "dial");
                let _ = open.wanted.send(Err(cause(&error)));
            }
        }
    }

    fn welcome(&mut self, inbound: Inbound) {
        let Inbound { from, protocol, stream } = inbound;
        let shared = self.shared.clone();
        let unproved = Unproved::new(&shared.counts);
        let bearer = self.swarm.local_peer_id().to_bytes();
        let served = async move {
            let served = match protocol {
                Protocol::Link => link::answer(&shared, stream, &bearer, from).await,
                Protocol::Hello => hello::receive(&shared, stream, from).await,
            };
            match served {
                Ok(()) => unproved.proved(),
                Err(error) => tracing::debug!(%error, ?protocol, "guest"),
            }
        };
        self.guests.welcome(from.ip, tokio::spawn(served).abort_handle());
    }
}

/// Why a dial failed, as far as the system or the other side told.
fn cause(error: &DialError) -> Failure {
    let DialError::Transport(tried) = error else { return Failure::Unreachable };
    let told = tried.iter().find_map(|(_, error)| match error {
        TransportError::Other(error) => error.get_ref()?.downcast_ref(),
        TransportError::MultiaddrNotSupported(_) => None,
    });
    use covey_transport::Error::{Connect, Connection, HandshakeTimeout, Io, SecondListener, Tls};
    match told {
        Some(HandshakeTimeout) => Failure::Silent,
        Some(Connection(_)) => Failure::Closed,
        Some(Tls(_)) => Failure::Nonsense,
        Some(Io(error)) => meaning(error),
        Some(Connect(_) | SecondListener) | None => Failure::Unreachable,
    }
}

/// A connection without streams goes after this.
const IDLE: Duration = Duration::from_secs(10);
/// So long a connection is dialled no second time: what was dialled for a hello serves the link.
/// After that it may be dead without our knowing.
const FRESH: Duration = Duration::from_secs(10);
/// Streams that wait for us to look at them.
const MAX_INBOUND: usize = 64;
/// Streams of one connection that have not said what is spoken on them.
const MAX_NEGOTIATING: usize = 16;
/// Before a broken swarm is replaced.
const PAUSE: Duration = Duration::from_secs(1);
