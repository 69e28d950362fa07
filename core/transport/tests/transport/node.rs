//! A swarm over both transports that identifies and pings.

use std::{net::SocketAddr, time::Duration};

use covey_transport::{Config, Gate, quic, tcp};
use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder, identify,
    identity::Keypair,
    multiaddr::Protocol,
    ping,
    swarm::{NetworkBehaviour, SwarmEvent},
};

/// A deadline for what takes milliseconds.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Node {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) quic: quic::Handle,
}

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

impl Node {
    pub(crate) fn new() -> Self {
        let key = Keypair::generate_ed25519();
        let (config, gate) = (Config::default(), Gate::default());
        let (quic, handle, _) = quic::Transport::new(&key, &config, &gate).unwrap();
        let tcp = tcp::Transport::new(&key, &config, &gate).unwrap();
        let swarm = SwarmBuilder::with_existing_identity(key)
            .with_tokio()
            .with_other_transport(|_| quic)
            .unwrap()
            .with_other_transport(|_| tcp)
            .unwrap()
            .with_behaviour(|key| Behaviour {
                identify: identify::Behaviour::new(identify::Config::new(
                    "a/1".to_owned(),
                    key.public(),
                )),
                ping: ping::Behaviour::default(),
            })
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(SOON))
            .build();
        Self { swarm, quic: handle }
    }

    pub(crate) fn id(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    /// Listens there; the first address that was announced for it.
    pub(crate) async fn listen(&mut self, addr: &str) -> Multiaddr {
        let wanted = self.swarm.listen_on(addr.parse().unwrap()).unwrap();
        loop {
            if let SwarmEvent::NewListenAddr { listener_id, address } =
                self.swarm.select_next_some().await
                && listener_id == wanted
            {
                return address;
            }
        }
    }

    /// Goes on in the background.
    pub(crate) fn run(mut self) {
        tokio::spawn(async move { while self.swarm.next().await.is_some() {} });
    }

    /// Dials until somebody there is identified and pinged: who?
    pub(crate) async fn meet(&mut self, addr: Multiaddr) -> PeerId {
        self.swarm.dial(addr).unwrap();
        let meet = async {
            let (mut pinged, mut identified) = (false, None);
            loop {
                let event = self.swarm.select_next_some().await;
                if let SwarmEvent::OutgoingConnectionError { error, .. } = event {
                    panic!("{error}");
                } else if let SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) = event {
                    event.result.unwrap();
                    pinged = true;
                } else if let SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) = event
                    && let identify::Event::Received { peer_id, info, .. } = event
                {
                    assert_eq!(info.public_key.to_peer_id(), peer_id);
                    identified = Some(peer_id);
                }
                if let (true, Some(peer)) = (pinged, identified) {
                    return peer;
                }
            }
        };
        tokio::time::timeout(SOON, meet).await.expect("they meet")
    }
}

/// Of an address without a zone.
pub(crate) fn socket_addr(addr: &Multiaddr) -> SocketAddr {
    let (mut ip, mut port) = (None, None);
    for part in addr {
        if let Protocol::Ip4(v4) = part {
            ip = Some(v4.into());
        } else if let Protocol::Ip6(v6) = part {
            ip = Some(v6.into());
        } else if let Protocol::Udp(n) | Protocol::Tcp(n) = part {
            port = Some(n);
        }
    }
    SocketAddr::new(ip.unwrap(), port.unwrap())
}
