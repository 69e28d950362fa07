//! What we ask of quinn.

use std::{io, sync::Arc, time::Duration};

use libp2p_identity::Keypair;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};

use crate::{Config, Error, tls};

/// What a peer may send ahead of our reading, so also what it may make us keep: 160 Mbit/s over a
/// round trip of 100 ms. Larger windows measured slower on loopback.
const STREAM_WINDOW: u32 = 2_000_000;
const CONNECTION_WINDOW: u32 = 6_000_000;

/// Assumed before the first measurement; a lost first packet is repeated after three times this.
const INITIAL_RTT: Duration = Duration::from_millis(100);

/// Handshakes that wait for our next look at them, and what quinn keeps of each and of all.
const MAX_INCOMING: usize = 256;
const INCOMING_BUFFER: u64 = 16 << 10;
const ALL_INCOMING_BUFFERS: u64 = 1 << 20;

pub(crate) struct Settings {
    pub(crate) endpoint: quinn::EndpointConfig,
    pub(crate) client: quinn::ClientConfig,
    pub(crate) server: quinn::ServerConfig,
}

impl Settings {
    pub(crate) fn new(identity: &Keypair, config: &Config) -> Result<Self, Error> {
        let idle_timeout = config.idle_timeout.try_into().map_err(io::Error::other)?;
        let mut transport = quinn::TransportConfig::default();
        transport
            .max_concurrent_uni_streams(0u32.into())
            .max_concurrent_bidi_streams(config.max_streams.into())
            .stream_receive_window(STREAM_WINDOW.into())
            .receive_window(CONNECTION_WINDOW.into())
            .datagram_receive_buffer_size(None)
            .keep_alive_interval(Some(config.keep_alive))
            .max_idle_timeout(Some(idle_timeout))
            .initial_rtt(INITIAL_RTT)
            .allow_spin(false);
        let transport = Arc::new(transport);

        let (client, server) = tls::configs(identity, b"h3")?;
        let crypto = QuicClientConfig::try_from(client).map_err(io::Error::other)?;
        let mut client = quinn::ClientConfig::new(Arc::new(crypto));
        client
            .transport_config(transport.clone())
            // Address tokens are kept by server name, and all peers share one: a token of one peer
            // would be shown in the clear to the next, and link us across networks.
            .token_store(Arc::new(quinn::NoneTokenStore));

        let crypto = QuicServerConfig::try_from(server).map_err(io::Error::other)?;
        let mut server = quinn::ServerConfig::with_crypto(Arc::new(crypto));
        server
            .transport_config(transport)
            .migration(true)
            .max_incoming(MAX_INCOMING)
            .incoming_buffer_size(INCOMING_BUFFER)
            .incoming_buffer_size_total(ALL_INCOMING_BUFFERS);

        let mut endpoint = quinn::EndpointConfig::default();
        // Every packet must show its fixed bit: that is how we tell QUIC's from others.
        endpoint.grease_quic_bit(false).supported_versions(vec![1]);
        Ok(Self { endpoint, client, server })
    }
}
