//! A QUIC connection and its streams as the swarm wants them.
//!
//! The swarm's end owns the connection: when it goes, so do connection and streams.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::{AsyncRead, AsyncWrite, FutureExt, future::BoxFuture};
use libp2p_core::muxing::{StreamMuxer, StreamMuxerEvent};
use quinn::{ConnectionError, RecvStream, SendStream};

use crate::addr::Carrier;

type Opening = BoxFuture<'static, Result<(SendStream, RecvStream), ConnectionError>>;

/// The swarm's end of a QUIC connection.
pub struct Connection {
    quic: quinn::Connection,
    /// Where the peer was when the swarm last heard of it.
    remote: SocketAddr,
    inbound: Option<Opening>,
    outbound: Option<Opening>,
}

impl Connection {
    pub(crate) fn new(quic: quinn::Connection) -> Self {
        Self { remote: quic.remote_address(), quic, inbound: None, outbound: None }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connection").field(&self.quic).finish()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.quic.close(0u32.into(), b"");
    }
}

impl StreamMuxer for Connection {
    type Substream = Stream;
    type Error = ConnectionError;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Stream, ConnectionError>> {
        let quic = self.quic.clone();
        let accept = || async move { quic.accept_bi().await }.boxed();
        poll_opening(&mut self.inbound, accept, cx)
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Stream, ConnectionError>> {
        let quic = self.quic.clone();
        let open = || async move { quic.open_bi().await }.boxed();
        poll_opening(&mut self.outbound, open, cx)
    }

    /// Reports a peer that migrated. quinn wakes nobody for that: it is seen with the next packet
    /// on one of our streams.
    fn poll(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, ConnectionError>> {
        let remote = self.quic.remote_address();
        if remote == self.remote {
            return Poll::Pending;
        }
        self.remote = remote;
        let event = StreamMuxerEvent::AddressChange(Carrier::Quic.multiaddr(remote));
        Poll::Ready(Ok(event))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        self.quic.close(0u32.into(), b"");
        Poll::Ready(Ok(()))
    }
}

/// Goes on with the stream being opened, or begins one.
fn poll_opening(
    slot: &mut Option<Opening>,
    begin: impl FnOnce() -> Opening,
    cx: &mut Context<'_>,
) -> Poll<Result<Stream, ConnectionError>> {
    let opened = ready!(slot.get_or_insert_with(begin).poll_unpin(cx));
    *slot = None;
    Poll::Ready(opened.map(|(send, recv)| Stream { send, recv }))
}

/// One bidirectional stream.
#[derive(Debug)]
pub struct Stream {
    send: SendStream,
    recv: RecvStream,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.recv).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(Pin::new(&mut self.send), cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(&mut self.send), cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // An error only says that it is closed already, which libp2p may well ask for.
        let _ = self.send.finish();
        Poll::Ready(Ok(()))
    }
}
