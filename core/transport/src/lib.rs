//! Two libp2p transports that look like everybody's traffic: QUIC, and TCP for where UDP is
//! blocked.
//!
//! Both speak ordinary TLS 1.3 from the first byte, so nothing on the wire says libp2p: no
//! multistream-select, no Noise, no server name, and the commonest ALPN. A peer is the Ed25519 key
//! it proves to hold, whatever else its certificate says. Which of the two to dial, and when, is
//! the caller's to decide; who may begin a handshake with us is the [`Gate`]'s.
//!
//! | address | transport |
//! |---|---|
//! | `/ip4/192.0.2.7/udp/4711/quic-v1`, `/ip6/2001:db8::7/udp/4711/quic-v1` | [`quic::Transport`] |
//! | `/ip4/192.0.2.7/tcp/4711`, `/ip6/2001:db8::7/tcp/4711` | [`tcp::Transport`] |
//! | `/ip6zone/eth0/ip6/fe80::7/…`, the zone a name or a number | either |
//!
//! IPv4 and IPv6 have sockets of their own (those for IPv6 carry nothing else), so both families
//! and both transports can share one port number.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use covey_transport::{Config, Gate, quic, tcp};
//! use libp2p::{SwarmBuilder, identity::Keypair, swarm::dummy};
//!
//! let key = Keypair::generate_ed25519();
//! let (config, gate) = (Config::default(), Gate::default());
//! let (quic, _handle, _not_quic) = quic::Transport::new(&key, &config, &gate)?;
//! let tcp = tcp::Transport::new(&key, &config, &gate)?;
//!
//! let mut swarm = SwarmBuilder::with_existing_identity(key)
//!     .with_tokio()
//!     .with_other_transport(|_| quic)?
//!     .with_other_transport(|_| tcp)?
//!     .with_behaviour(|_| dummy::Behaviour)?
//!     .build();
//! swarm.listen_on("/ip4/127.0.0.1/udp/0/quic-v1".parse()?)?;
//! swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
//! # Ok(())
//! # }
//! ```

mod addr;
mod gate;
mod listeners;
pub mod quic;
pub mod tcp;
mod tls;

use std::{io, time::Duration};

pub use addr::Carrier;
pub use gate::{Gate, network};

/// What is common to both transports. The defaults suit phones.
#[derive(Clone, Debug)]
pub struct Config {
    /// From the first packet until both sides know each other.
    pub handshake_timeout: Duration,
    /// Below the 30 s after which home routers forget UDP mappings. QUIC only: over TCP a ping of
    /// the caller's does it.
    pub keep_alive: Duration,
    /// A QUIC connection that has been silent for so long is lost.
    pub idle_timeout: Duration,
    /// Streams that a peer may have open at a time. Over TCP each may make us keep 256 KiB before
    /// anybody reads it; over QUIC they share 6 MB.
    pub max_streams: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(28),
            idle_timeout: Duration::from_secs(75),
            max_streams: 64,
        }
    }
}

/// Why there is no transport, no listener or no connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused a socket, or the other side went away.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// QUIC could not begin to dial.
    #[error(transparent)]
    Connect(#[from] quinn::ConnectError),
    /// The QUIC connection failed during its handshake.
    #[error(transparent)]
    Connection(#[from] quinn::ConnectionError),
    /// The identity is no Ed25519 key, or the peer's certificate shows none.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// The other side answers too slowly or not at all.
    #[error("the handshake took too long")]
    HandshakeTimeout,
    /// All QUIC of an address family shares one socket.
    #[error("there is a QUIC listener of this address family already")]
    SecondListener,
}
