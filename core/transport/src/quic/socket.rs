//! The one UDP socket of an address family, QUIC's and everything else's that must share its port.
//!
//! Whole batches stay with `quinn-udp`; what is not QUIC's is taken out and queued.

use std::{
    collections::BTreeSet,
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use quinn::{
    AsyncUdpSocket, Runtime, TokioRuntime, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use socket2::{Domain, Protocol, Type};
use tokio::sync::mpsc;

use super::demux;

/// Packets queued for the caller at most; those that come while it is full are dropped.
pub(crate) const MAX_PACKETS: usize = 256;
/// What does not fit an Ethernet frame is neither STUN nor ours.
const MAX_PACKET: usize = 1500;

/// A burst of a full window must fit; the kernel silently takes less (Linux: 208 KiB).
const RECEIVE_BUFFER: usize = 2 << 20;

/// A packet that is not QUIC's.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Where it says it came from.
    pub from: SocketAddr,
    /// What it carried.
    pub data: Bytes,
}

impl Packet {
    /// Whether it has the form of a STUN message.
    pub fn is_stun(&self) -> bool {
        demux::is_stun(&self.data)
    }
}

/// A UDP socket as quinn wants it.
#[derive(Debug)]
pub(crate) struct Socket {
    io: Arc<dyn AsyncUdpSocket>,
    local: SocketAddr,
    /// After a change of network, the addresses we have. quinn pins the address that a peer
    /// dialled for good (only so do its answers arrive); once it is gone, sending from it fails.
    sources: Option<BTreeSet<IpAddr>>,
    others: mpsc::Sender<Packet>,
}

impl Socket {
    pub(crate) fn bind(addr: SocketAddr, others: mpsc::Sender<Packet>) -> io::Result<Self> {
        let socket =
            socket2::Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        if addr.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        if let Err(error) = socket.set_recv_buffer_size(RECEIVE_BUFFER) {
            tracing::debug!(%error, "small receive buffer");
        }
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        let io = TokioRuntime.wrap_udp_socket(socket.into())?;
        Ok(Self { local: io.local_addr()?, io, sources: None, others })
    }

    /// The same socket, to go on with after a change of network.
    pub(crate) fn moved(&self) -> io::Result<Self> {
        let interfaces = if_addrs::get_if_addrs()?;
        Ok(Self {
            io: self.io.clone(),
            local: self.local,
            sources: Some(interfaces.iter().map(if_addrs::Interface::ip).collect()),
            others: self.others.clone(),
        })
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    fn queue(&self, from: SocketAddr, datagram: &[u8]) {
        if datagram.len() <= MAX_PACKET
            && let Ok(slot) = self.others.try_reserve()
        {
            let data = Bytes::copy_from_slice(datagram);
            slot.send(Packet { from, data });
        }
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.io.clone().create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let ours = |ip: &IpAddr| self.sources.as_ref().is_none_or(|s| s.contains(ip));
        self.io.try_send(&Transmit { src_ip: transmit.src_ip.filter(ours), ..transmit.clone() })
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(self.io.poll_recv(cx, bufs, metas))?;
        for (buf, meta) in bufs.iter_mut().zip(&mut *metas).take(count) {
            let batch = buf.get_mut(..meta.len).unwrap_or_default();
            // Nothing left is fine: quinn skips empty batches.
            meta.len = demux::keep_quic(batch, meta.stride, |other| self.queue(meta.addr, other));
        }
        Poll::Ready(Ok(count))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.io.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.io.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.io.may_fragment()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn after_a_move_nothing_is_sent_from_an_address_we_lost() {
        let there = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (others, _) = mpsc::channel(1);
        let here = Arc::new(Socket::bind("0.0.0.0:0".parse().unwrap(), others).unwrap());
        let mut poller = here.clone().create_io_poller();
        poll_fn(|cx| poller.as_mut().poll_writable(cx)).await.unwrap();
        let transmit = |contents| Transmit {
            destination: there.local_addr().unwrap(),
            contents,
            ecn: None,
            segment_size: None,
            src_ip: Some("203.0.113.7".parse().unwrap()),
        };
        // The system refuses, which quinn takes for a lost packet.
        here.try_send(&transmit(b"before")).unwrap();
        here.moved().unwrap().try_send(&transmit(b"after")).unwrap();
        let mut heard = [0; 16];
        let len = there.recv(&mut heard).await.unwrap();
        assert_eq!(&heard[..len], b"after");
    }
}
