//! Transports without a swarm.

use std::pin::Pin;

use covey_transport::{Config, Error, Gate, quic};
use futures::{AsyncReadExt, AsyncWriteExt, future::poll_fn};
use libp2p::{
    Multiaddr, PeerId,
    core::{
        Endpoint, Transport,
        muxing::StreamMuxerExt,
        transport::{DialOpts, ListenerId, PortUse, TransportError, TransportEvent},
    },
    identity::Keypair,
};
use tokio::sync::mpsc;

pub(crate) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
pub(crate) const TCP: &str = "/ip4/127.0.0.1/tcp/0";

/// A QUIC transport and who it is.
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    pub(crate) transport: quic::Transport,
    pub(crate) handle: quic::Handle,
    pub(crate) packets: mpsc::Receiver<quic::Packet>,
}

impl Peer {
    pub(crate) fn new() -> Self {
        let key = Keypair::generate_ed25519();
        let (transport, handle, packets) =
            quic::Transport::new(&key, &Config::default(), &Gate::default()).unwrap();
        Self { id: key.public().to_peer_id(), transport, handle, packets }
    }

    /// Both ends of a connection to `other` by way of `addr`: ours and theirs.
    pub(crate) async fn connect(
        &mut self,
        other: &mut Self,
        addr: Multiaddr,
    ) -> [quic::Connection; 2] {
        let dial = dial(&mut self.transport, addr);
        let accept = async { incoming(&mut other.transport).await.await };
        let (ours, theirs) = tokio::try_join!(dial, accept).unwrap();
        assert_eq!((ours.0, theirs.0), (other.id, self.id));
        [ours.1, theirs.1]
    }
}

/// Listens there; the first address that is announced.
pub(crate) async fn listen<T>(transport: &mut T, addr: &str) -> Multiaddr
where
    T: Transport<Error = Error> + Unpin,
{
    try_listen(transport, addr).unwrap();
    loop {
        if let TransportEvent::NewAddress { listen_addr, .. } = event(transport).await {
            return listen_addr;
        }
    }
}

pub(crate) fn try_listen<T>(transport: &mut T, addr: &str) -> Result<ListenerId, Error>
where
    T: Transport<Error = Error>,
{
    let id = ListenerId::next();
    match transport.listen_on(id, addr.parse().unwrap()) {
        Ok(()) => Ok(id),
        Err(TransportError::Other(error)) => Err(error),
        Err(TransportError::MultiaddrNotSupported(addr)) => panic!("{addr}"),
    }
}

pub(crate) fn dial<T: Transport>(transport: &mut T, addr: Multiaddr) -> T::Dial {
    let opts = DialOpts { role: Endpoint::Dialer, port_use: PortUse::Reuse };
    transport.dial(addr, opts).unwrap()
}

/// The handshake of the next who comes.
pub(crate) async fn incoming<T: Transport + Unpin>(transport: &mut T) -> T::ListenerUpgrade {
    loop {
        if let TransportEvent::Incoming { upgrade, .. } = event(transport).await {
            return upgrade;
        }
    }
}

pub(crate) async fn event<T>(transport: &mut T) -> TransportEvent<T::ListenerUpgrade, T::Error>
where
    T: Transport + Unpin,
{
    poll_fn(|cx| Pin::new(&mut *transport).poll(cx)).await
}

/// Both ends of a new stream. Nobody hears of a stream before something is said on it, so its
/// first byte is spent here.
pub(crate) async fn stream([ours, theirs]: &mut [quic::Connection; 2]) -> [quic::Stream; 2] {
    let open = async {
        let mut stream = poll_fn(|cx| ours.poll_outbound_unpin(cx)).await.unwrap();
        stream.write_all(b"!").await.unwrap();
        stream
    };
    let accept = async {
        let mut stream = poll_fn(|cx| theirs.poll_inbound_unpin(cx)).await.unwrap();
        stream.read_exact(&mut [0]).await.unwrap();
        stream
    };
    futures::join!(open, accept).into()
}

/// Says something at one end of a stream and hears it at the other.
pub(crate) async fn say([from, to]: &mut [quic::Stream; 2], what: &[u8]) {
    let mut heard = vec![0; what.len()];
    let send = async {
        from.write_all(what).await?;
        from.flush().await
    };
    futures::try_join!(send, to.read_exact(&mut heard)).unwrap();
    assert!(heard == what);
}
