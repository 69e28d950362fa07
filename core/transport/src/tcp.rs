//! TCP, for where UDP is blocked: TLS 1.3 from the first byte, yamux inside, nothing negotiated
//! before.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::{AsyncRead, AsyncWrite, FutureExt, Stream, future::BoxFuture, io::BufWriter, stream};
use futures_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use libp2p_core::{
    Multiaddr,
    muxing::StreamMuxerBox,
    transport::{DialOpts, ListenerId, TransportError, TransportEvent},
    upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade},
};
use libp2p_identity::{Keypair, PeerId};
use socket2::{Domain, Protocol, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::compat::TokioAsyncReadCompatExt;

use crate::{
    Config, Error, Gate,
    addr::Carrier,
    gate::{Source, Verdict},
    listeners::Listeners,
    tls,
};

type Accepted = (TcpStream, SocketAddr);
type Upgrade = BoxFuture<'static, Result<(PeerId, StreamMuxerBox), Error>>;

/// TLS on TCP for a libp2p swarm: `/ip4/…/tcp/…` and `/ip6/…`, also link-local.
pub struct Transport {
    handshakes: Arc<Handshakes>,
    gate: Gate,
    listeners: Listeners<Accepted, Upgrade>,
}

struct Handshakes {
    connector: TlsConnector,
    acceptor: TlsAcceptor,
    yamux: libp2p_yamux::Config,
    timeout: Duration,
}

impl Transport {
    /// To be used within a tokio runtime.
    pub fn new(identity: &Keypair, config: &Config, gate: &Gate) -> Result<Self, Error> {
        let (client, server) = tls::configs(identity, b"h2")?;
        let mut yamux = libp2p_yamux::Config::default();
        yamux.set_max_num_streams(config.max_streams.min(MAX_STREAMS).into());
        let handshakes = Handshakes {
            connector: Arc::new(client).into(),
            acceptor: Arc::new(server).into(),
            yamux,
            timeout: config.handshake_timeout,
        };
        Ok(Self {
            handshakes: Arc::new(handshakes),
            gate: gate.clone(),
            listeners: Listeners::new(Carrier::Tcp),
        })
    }
}

/// More of them could not each have the least window that yamux grants; it would panic.
const MAX_STREAMS: u16 = 4096;

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

impl libp2p_core::Transport for Transport {
    type Output = (PeerId, StreamMuxerBox);
    type Error = Error;
    type ListenerUpgrade = Upgrade;
    type Dial = Upgrade;

    fn listen_on(&mut self, id: ListenerId, addr: Multiaddr) -> Result<(), TransportError<Error>> {
        let wanted =
            Carrier::Tcp.socket_addr(&addr).ok_or(TransportError::MultiaddrNotSupported(addr))?;
        let other = |error: io::Error| TransportError::Other(error.into());
        let listener = bind(wanted).map_err(other)?;
        let local = listener.local_addr().map_err(other)?;
        self.listeners.add(id, local, accept(listener));
        Ok(())
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.listeners.remove(id).is_some()
    }

    fn dial(&mut self, addr: Multiaddr, _: DialOpts) -> Result<Upgrade, TransportError<Error>> {
        let remote =
            Carrier::Tcp.destination(&addr).ok_or(TransportError::MultiaddrNotSupported(addr))?;
        let handshakes = self.handshakes.clone();
        let dial = async move {
            let connected = async { handshakes.dialled(TcpStream::connect(remote).await?).await };
            handshakes.in_time(connected).await
        };
        Ok(dial.boxed())
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Upgrade, Error>> {
        let this = &mut *self;
        // TCP connections cannot move, so a change is only announced.
        this.listeners.poll_changed(cx);
        this.listeners.poll(cx, |(tcp, from)| {
            // TCP's own handshake has proved the address.
            match this.gate.admit(from.ip(), Source::Proven, Instant::now()) {
                Verdict::Admitted(permit) => {
                    let handshakes = this.handshakes.clone();
                    let upgrade = async move {
                        let _permit = permit;
                        handshakes.in_time(handshakes.accepted(tcp)).await
                    };
                    Some((upgrade.boxed(), from))
                }
                Verdict::ProveAddress | Verdict::TurnedAway => None,
            }
        })
    }
}

impl Handshakes {
    async fn in_time<T>(&self, shake: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let shaken = tokio::time::timeout(self.timeout, shake).await;
        shaken.map_err(|_| Error::HandshakeTimeout)?
    }

    async fn dialled(&self, tcp: TcpStream) -> Result<(PeerId, StreamMuxerBox), Error> {
        tcp.set_nodelay(true)?;
        let name = tls::SERVER_NAME.try_into().expect("is a host name");
        let tls = self.connector.connect(name, tcp.compat()).await?;
        let (peer, wire) = identified(tls.into())?;
        let muxer = self.yamux.clone().upgrade_outbound(wire, "").await?;
        Ok((peer, StreamMuxerBox::new(muxer)))
    }

    async fn accepted(&self, tcp: TcpStream) -> Result<(PeerId, StreamMuxerBox), Error> {
        tcp.set_nodelay(true)?;
        let tls = self.acceptor.accept(tcp.compat()).await?;
        let (peer, wire) = identified(tls.into())?;
        let muxer = self.yamux.clone().upgrade_inbound(wire, "").await?;
        Ok((peer, StreamMuxerBox::new(muxer)))
    }
}

fn identified<T>(tls: TlsStream<T>) -> Result<(PeerId, BufWriter<TlsStream<T>>), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let peer = tls::peer_id(tls.get_ref().1.peer_certificates())?;
    Ok((peer, BufWriter::with_capacity(WRITE_BUFFER, tls)))
}

/// So that a frame's header and body share a record and a packet: else every `poll_write` makes
/// its own.
const WRITE_BUFFER: usize = 32 << 10;

/// Binds; listeners on IPv6 carry IPv6 only.
fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket =
        socket2::Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restarted node gets its port back while old connections still linger. (On Windows the
    // option would let others take it.)
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Connections that wait for our next look at them.
const BACKLOG: i32 = 256;

fn accept(listener: TcpListener) -> impl Stream<Item = Accepted> + Send {
    stream::unfold(listener, |listener| async {
        loop {
            match listener.accept().await {
                Ok(accepted) => return Some((accepted, listener)),
                // Out of descriptors or memory, which the connection in question survives.
                Err(error) => {
                    tracing::debug!(%error, "cannot accept");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}

const PAUSE: Duration = Duration::from_millis(100);
