//! Streams of our two protocols, on whichever connection is meant.
//!
//! One behaviour and one handler a connection. Who asks for a stream gets it, or hears that its
//! connection is gone; what others open goes to one bounded queue, and what comes faster than
//! [`PER_SECOND`] on a connection, or finds the queue full, is closed again unread.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    io,
    net::IpAddr,
    task::{Context, Poll},
    time::Instant,
};

use covey_proto::{link, wire::Address};
use covey_transport::network;
use futures::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
    future::{Ready, ready},
};
use libp2p::{
    Multiaddr, PeerId, Stream,
    core::{
        Endpoint, UpgradeInfo,
        transport::PortUse,
        upgrade::{InboundUpgrade, ReadyUpgrade},
    },
    swarm::{
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm,
        NetworkBehaviour, NotifyHandler, SubstreamProtocol, ToSwarm,
        handler::{
            ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
        },
    },
};
use tokio::sync::{mpsc, oneshot};

use super::{Failure, address, guests::Counts};

/// What is spoken on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A link: handshake, then frames.
    Link,
    /// A stranger's letter, and the answer.
    Hello,
}

/// Where a stream that was asked for goes, and to whom it leads.
pub(super) type Wanted = oneshot::Sender<Result<(PeerId, Stream), Failure>>;

/// A stream that somebody opened to us.
#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) from: Address,
    pub(super) protocol: Protocol,
    pub(super) stream: Stream,
}

/// Streams on all connections.
#[derive(Debug)]
pub(super) struct Streams {
    inbound: mpsc::Sender<Inbound>,
    counts: Counts,
    connections: usize,
    /// The networks of those that others opened.
    opened: BTreeMap<ConnectionId, IpAddr>,
    asked: VecDeque<(PeerId, ConnectionId, Ask)>,
}

/// A stream that a connection is to open.
#[derive(Debug)]
pub(super) struct Ask {
    protocol: Protocol,
    wanted: Wanted,
}

impl Streams {
    /// They go to `inbound` as others open them.
    pub(super) fn new(inbound: mpsc::Sender<Inbound>, counts: Counts) -> Self {
        let (opened, asked) = (BTreeMap::new(), VecDeque::new());
        Self { inbound, counts, connections: 0, opened, asked }
    }

    /// Opens one of `protocol` on this connection of this peer.
    pub(super) fn open(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        protocol: Protocol,
        wanted: Wanted,
    ) {
        self.asked.push_back((peer, connection, Ask { protocol, wanted }));
    }

    fn handler(&self, peer: PeerId, remote: &Multiaddr) -> Result<Handler, ConnectionDenied> {
        let from = address::parse(remote).ok_or_else(|| ConnectionDenied::new(Refused))?;
        Ok(Handler {
            peer,
            from,
            inbound: self.inbound.clone(),
            counts: self.counts.clone(),
            full: Instant::now(),
            asked: VecDeque::new(),
        })
    }
}

/// Too many connections, or from nowhere we know.
#[derive(Debug, thiserror::Error)]
#[error("connection refused")]
struct Refused;

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        let handler = self.handler(peer, remote)?;
        let network = network(handler.from.ip);
        let of_one = self.opened.values().filter(|other| **other == network).count();
        if self.connections >= MAX_CONNECTIONS || of_one >= MAX_OF_NETWORK {
            self.counts.turn_away();
            return Err(ConnectionDenied::new(Refused));
        }
        self.opened.insert(id, network);
        Ok(handler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        self.handler(peer, remote)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionEstablished(_) = event {
            self.connections += 1;
        } else if let FromSwarm::ConnectionClosed(closed) = event {
            self.connections -= 1;
            self.opened.remove(&closed.connection_id);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: Infallible) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, Ask>> {
        match self.asked.pop_front() {
            Some((peer_id, connection, event)) => Poll::Ready(ToSwarm::NotifyHandler {
                peer_id,
                handler: NotifyHandler::One(connection),
                event,
            }),
            None => Poll::Pending,
        }
    }
}

/// Streams on one connection.
#[derive(Debug)]
pub(super) struct Handler {
    peer: PeerId,
    from: Address,
    inbound: mpsc::Sender<Inbound>,
    counts: Counts,
    /// When the peer may open as many streams at once as it ever may.
    full: Instant,
    asked: VecDeque<Ask>,
}

impl Handler {
    fn take(&mut self, protocol: Protocol, stream: Stream) {
        let now = Instant::now();
        let full = self.full.max(now) + INTERVAL;
        if full > now + PER_SECOND * INTERVAL {
            return self.counts.turn_away();
        }
        self.full = full;
        let inbound = Inbound { from: self.from, protocol, stream };
        if self.inbound.try_send(inbound).is_err() {
            tracing::debug!("too many streams at once");
            self.counts.turn_away();
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Ask;
    type ToBehaviour = Infallible;
    type InboundProtocol = Accepted;
    type OutboundProtocol = ReadyUpgrade<Protocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Wanted;

    fn listen_protocol(&self) -> SubstreamProtocol<Accepted> {
        SubstreamProtocol::new(Accepted, ())
    }

    fn on_behaviour_event(&mut self, ask: Ask) {
        self.asked.push_back(ask);
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<ReadyUpgrade<Protocol>, Wanted, Infallible>> {
        match self.asked.pop_front() {
            Some(Ask { protocol, wanted }) => {
                let protocol = SubstreamProtocol::new(ReadyUpgrade::new(protocol), wanted);
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            None => Poll::Pending,
        }
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Accepted, ReadyUpgrade<Protocol>, (), Wanted>,
    ) {
        // Who asked may have given up meanwhile: then the stream is dropped, and so closed.
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (protocol, stream),
                ..
            }) => {
                self.take(protocol, stream);
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                info: wanted,
            }) => {
                let _ = wanted.send(Ok((self.peer, stream)));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: wanted, .. }) => {
                let _ = wanted.send(Err(Failure::Nonsense));
            }
            ConnectionEvent::AddressChange(change) => {
                self.from = address::parse(change.new_address).unwrap_or(self.from);
            }
            ConnectionEvent::ListenUpgradeError(_)
            | ConnectionEvent::LocalProtocolsChange(_)
            | ConnectionEvent::RemoteProtocolsChange(_)
            | _ => {}
        }
    }
}

/// Takes whichever of our protocols the other side names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepted;

impl UpgradeInfo for Accepted {
    type Info = Protocol;
    type InfoIter = [Protocol; 2];

    fn protocol_info(&self) -> [Protocol; 2] {
        [Protocol::Link, Protocol::Hello]
    }
}

impl<S> InboundUpgrade<S> for Accepted {
    type Output = (Protocol, S);
    type Error = Infallible;
    type Future = Ready<Result<(Protocol, S), Infallible>>;

    fn upgrade_inbound(self, stream: S, protocol: Protocol) -> Self::Future {
        ready(Ok((protocol, stream)))
    }
}

impl AsRef<str> for Protocol {
    fn as_ref(&self) -> &str {
        match self {
            Self::Link => link::PROTOCOL,
            Self::Hello => "/covey/hello/1",
        }
    }
}

/// Reads what begins with its length, u16-BE.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), max: usize) -> io::Result<Vec<u8>> {
    let mut len = [0; 2];
    stream.read_exact(&mut len).await?;
    let len = usize::from(u16::from_be_bytes(len));
    if len > max {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Writes all of it, now.
pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// Streams that a connection may open a second, and as many at once.
const PER_SECOND: u32 = 5;
const INTERVAL: std::time::Duration = std::time::Duration::from_millis(1000 / PER_SECOND as u64);
/// Connections, beyond which others cannot open any.
const MAX_CONNECTIONS: usize = 512;
/// Connections that others of one network may have with us.
const MAX_OF_NETWORK: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_says_that_it_is_too_long_is_not_read() {
        let bytes = [&[0, 4][..], b"four", &[0, 5], b"fives"].concat();
        let mut stream = bytes.as_slice();
        assert_eq!(read(&mut stream, 4).await.unwrap(), b"four");
        assert!(read(&mut stream, 4).await.is_err());
        assert_eq!(stream, b"fives");
    }

    #[tokio::test]
    async fn no_network_holds_more_connections_than_its_share() {
        let (inbound, _streams) = mpsc::channel(1);
        let counts = Counts::default();
        let mut streams = Streams::new(inbound, counts.clone());
        let mut open = |n: usize, host: &str| {
            let (id, peer) = (ConnectionId::new_unchecked(n), PeerId::random());
            let remote: Multiaddr = format!("/ip4/{host}/udp/4711/quic-v1").parse().unwrap();
            streams.handle_established_inbound_connection(id, peer, &remote, &remote).is_ok()
        };
        let crowd = (0..1_000).filter(|n| open(*n, "203.0.113.7")).count();
        assert_eq!((crowd, counts.turned_away()), (MAX_OF_NETWORK, 1_000 - MAX_OF_NETWORK as u64));
        assert!(!open(1_000, "203.0.113.8"));
        assert!(open(1_001, "198.51.100.7"));
    }
}
