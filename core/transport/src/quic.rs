//! QUIC on one UDP socket per address family, which it shares with whatever else needs its port.

mod demux;
mod handle;
mod muxer;
mod settings;
mod socket;

use std::{
    fmt,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::{FutureExt, future::BoxFuture, stream};
use libp2p_core::{
    Multiaddr,
    transport::{DialOpts, ListenerId, TransportError, TransportEvent},
};
use libp2p_identity::{Keypair, PeerId};
use quinn::Incoming;
use rustls::pki_types::CertificateDer;
use tokio::sync::mpsc;

use self::settings::Settings;
pub use self::{
    handle::Handle,
    muxer::{Connection, Stream},
    socket::Packet,
};
use crate::{
    Config, Error, Gate,
    addr::Carrier,
    gate::{Source, Verdict},
    listeners::Listeners,
    tls,
};

type Upgrade = BoxFuture<'static, Result<(PeerId, Connection), Error>>;

/// QUIC v1 for a libp2p swarm: `/ip4/…/udp/…/quic-v1` and `/ip6/…`, also link-local.
///
/// A family's socket is bound by the first `listen_on` or dial of that family; there is one
/// listener each. When our addresses change, connections move along.
pub struct Transport {
    handle: Handle,
    handshakes: Handshakes,
    listeners: Listeners<Incoming, Upgrade>,
}

struct Handshakes {
    gate: Gate,
    timeout: Duration,
}

impl Transport {
    /// To be called within a tokio runtime. The receiver gets what arrives at our sockets and is
    /// not QUIC's; it may be dropped.
    pub fn new(
        identity: &Keypair,
        config: &Config,
        gate: &Gate,
    ) -> Result<(Self, Handle, mpsc::Receiver<Packet>), Error> {
        let (others, packets) = mpsc::channel(socket::MAX_PACKETS);
        let handle = Handle::new(Settings::new(identity, config)?, others);
        let transport = Self {
            handle: handle.clone(),
            handshakes: Handshakes { gate: gate.clone(), timeout: config.handshake_timeout },
            listeners: Listeners::new(Carrier::Quic),
        };
        Ok((transport, handle, packets))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transport").field(&self.handle).finish()
    }
}

impl libp2p_core::Transport for Transport {
    type Output = (PeerId, Connection);
    type Error = Error;
    type ListenerUpgrade = Upgrade;
    type Dial = Upgrade;

    fn listen_on(&mut self, id: ListenerId, addr: Multiaddr) -> Result<(), TransportError<Error>> {
        let wanted =
            Carrier::Quic.socket_addr(&addr).ok_or(TransportError::MultiaddrNotSupported(addr))?;
        if self.listeners.has_family_of(wanted) {
            return Err(TransportError::Other(Error::SecondListener));
        }
        let (endpoint, local) =
            self.handle.listen(wanted).map_err(|error| TransportError::Other(error.into()))?;
        let accept = stream::unfold(endpoint, |endpoint| async {
            let incoming = endpoint.accept().await?;
            Some((incoming, endpoint))
        });
        self.listeners.add(id, local, accept);
        Ok(())
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        let removed = self.listeners.remove(id);
        if let Some(local) = removed {
            self.handle.unlisten(local);
        }
        removed.is_some()
    }

    fn dial(&mut self, addr: Multiaddr, _: DialOpts) -> Result<Upgrade, TransportError<Error>> {
        let remote =
            Carrier::Quic.destination(&addr).ok_or(TransportError::MultiaddrNotSupported(addr))?;
        let connecting = self.handle.connect(remote).map_err(TransportError::Other)?;
        Ok(self.handshakes.upgrade(connecting))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Upgrade, Error>> {
        let this = &mut *self;
        if this.listeners.poll_changed(cx)
            && let Err(error) = this.handle.network_changed()
        {
            tracing::warn!(%error, "could not move to the new network");
        }
        this.listeners.poll(cx, |came| this.handshakes.admit(came))
    }
}

impl Handshakes {
    fn admit(&self, incoming: Incoming) -> Option<(Upgrade, SocketAddr)> {
        let from = incoming.remote_address();
        let source = match incoming.remote_address_validated() {
            true => Source::Proven,
            false => Source::Unproven,
        };
        match self.gate.admit(from.ip(), source, Instant::now()) {
            Verdict::Admitted(permit) => {
                let connecting = async {
                    let _permit = permit;
                    incoming.accept()?.await
                };
                Some((self.upgrade(connecting), from))
            }
            Verdict::ProveAddress => {
                let _ = incoming.retry(); // always possible for an unproven address
                None
            }
            Verdict::TurnedAway => {
                incoming.refuse();
                None
            }
        }
    }

    /// Waits for the handshake and reads off who is there.
    fn upgrade<C>(&self, connecting: C) -> Upgrade
    where
        C: Future<Output = Result<quinn::Connection, quinn::ConnectionError>> + Send + 'static,
    {
        let timeout = self.timeout;
        let upgrade = async move {
            let quic = tokio::time::timeout(timeout, connecting)
                .await
                .map_err(|_| Error::HandshakeTimeout)??;
            let certificates = quic
                .peer_identity()
                .and_then(|identity| identity.downcast::<Vec<CertificateDer<'_>>>().ok());
            let peer = tls::peer_id(certificates.as_deref().map(Vec::as_slice))?;
            Ok((peer, Connection::new(quic)))
        };
        upgrade.boxed()
    }
}
