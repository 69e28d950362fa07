//! Where inputs come from.

use tokio::sync::{mpsc, watch};

use crate::{
    api::Ask,
    net::{self, lan::LanEvent},
};

/// What comes to the loop.
pub(super) enum Incoming {
    Net(net::Event),
    Lan(LanEvent),
    Ask(Ask),
}

/// All that it comes from.
pub(super) struct Sources {
    pub(super) net: mpsc::Receiver<net::Event>,
    pub(super) lan: Option<mpsc::Receiver<LanEvent>>,
    pub(super) asks: mpsc::Receiver<Ask>,
    pub(super) stopping: watch::Receiver<bool>,
}

impl Sources {
    /// The next thing that comes in; nothing once the node is to stop.
    pub(super) async fn next(&mut self) -> Option<Incoming> {
        let lan = async {
            match &mut self.lan {
                Some(lan) => lan.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.stopping.changed() => None,
            Some(event) = self.net.recv() => Some(Incoming::Net(event)),
            Some(event) = lan => Some(Incoming::Lan(event)),
            Some(ask) = self.asks.recv() => Some(Incoming::Ask(ask)),
        }
    }

    /// What waits already.
    pub(super) fn try_next(&mut self) -> Option<Incoming> {
        let net = self.net.try_recv().ok().map(Incoming::Net);
        let lan = || Some(Incoming::Lan(self.lan.as_mut()?.try_recv().ok()?));
        net.or_else(lan).or_else(|| self.asks.try_recv().ok().map(Incoming::Ask))
    }
}
