//! A transport's listeners: what they accept, and which addresses they are announced at.
//!
//! A listener on all interfaces is reachable wherever they have an address, so we follow them:
//! what is announced is at every moment what they had when they last changed.

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
    task::{Context, Poll, ready},
};

use futures::{Stream, StreamExt, stream::BoxStream};
use if_watch::tokio::IfWatcher;
use libp2p_core::{
    Multiaddr,
    transport::{ListenerId, TransportEvent},
};

use crate::{
    Error,
    addr::{Carrier, reachable},
};

/// After so many were sent away in a row, others get their turn.
const AT_ONCE: usize = 64;

/// Listeners that accept `I`s, for a transport that makes `U`s of them.
pub(crate) struct Listeners<I, U> {
    carrier: Carrier,
    listeners: Vec<Listener<I>>,
    /// From the first listener on all interfaces on.
    interfaces: Option<IfWatcher>,
    events: VecDeque<TransportEvent<U, Error>>,
}

struct Listener<I> {
    id: ListenerId,
    local: SocketAddr,
    accept: BoxStream<'static, I>,
    announced: BTreeSet<Multiaddr>,
}

impl<I, U> Listeners<I, U> {
    pub(crate) fn new(carrier: Carrier) -> Self {
        Self { carrier, listeners: Vec::new(), interfaces: None, events: VecDeque::new() }
    }

    pub(crate) fn add(
        &mut self,
        id: ListenerId,
        local: SocketAddr,
        accept: impl Stream<Item = I> + Send + 'static,
    ) {
        if local.ip().is_unspecified() && self.interfaces.is_none() {
            // Android forbids it: there the program must be told by the system.
            self.interfaces = IfWatcher::new()
                .inspect_err(|error| tracing::warn!(%error, "cannot follow the interfaces"))
                .ok();
        }
        self.listeners.push(Listener {
            id,
            local,
            accept: accept.boxed(),
            announced: BTreeSet::new(),
        });
        self.announce();
    }

    /// The local address of the listener that is gone now, if there was one.
    pub(crate) fn remove(&mut self, id: ListenerId) -> Option<SocketAddr> {
        let at = self.listeners.iter().position(|l| l.id == id)?;
        self.events.push_back(TransportEvent::ListenerClosed { listener_id: id, reason: Ok(()) });
        Some(self.listeners.swap_remove(at).local)
    }

    /// Whether there is one of that address family.
    pub(crate) fn has_family_of(&self, addr: SocketAddr) -> bool {
        let mut locals = self.listeners.iter().map(|l| l.local);
        locals.any(|local| local.is_ipv6() == addr.is_ipv6())
    }

    /// Whether our addresses changed since the last time.
    pub(crate) fn poll_changed(&mut self, cx: &mut Context<'_>) -> bool {
        let mut stirred = false;
        while let Some(interfaces) = &mut self.interfaces
            && let Poll::Ready(event) = interfaces.poll_if_event(cx)
        {
            stirred = true;
            if let Err(error) = event {
                tracing::warn!(%error, "no longer following the interfaces");
                self.interfaces = None;
            }
        }
        // The watcher begins with what we know already, so not every event is a change.
        stirred && self.announce()
    }

    /// What there is to tell the swarm. `admit` makes an upgrade of somebody who came, and says
    /// where from, unless he is sent away.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut admit: impl FnMut(I) -> Option<(U, SocketAddr)>,
    ) -> Poll<TransportEvent<U, Error>> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        for _ in 0..AT_ONCE {
            let (listener_id, local, came) = ready!(self.poll_accept(cx));
            if let Some((upgrade, remote)) = admit(came) {
                return Poll::Ready(TransportEvent::Incoming {
                    listener_id,
                    upgrade,
                    local_addr: self.carrier.multiaddr(local),
                    send_back_addr: self.carrier.multiaddr(remote),
                });
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<(ListenerId, SocketAddr, I)> {
        let mut listeners = self.listeners.iter_mut().enumerate();
        let came = listeners.find_map(|(at, l)| match l.accept.poll_next_unpin(cx) {
            Poll::Ready(Some(came)) => Some((at, (l.id, l.local, came))),
            Poll::Ready(None) | Poll::Pending => None,
        });
        let Some((at, came)) = came else {
            return Poll::Pending;
        };
        // The others come first next time, so that no crowd at one door blocks the rest.
        self.listeners.rotate_left(at + 1);
        Poll::Ready(came)
    }

    /// Brings what is announced up to date; whether there was anything to do.
    fn announce(&mut self) -> bool {
        let before = self.events.len();
        for listener in &mut self.listeners {
            let addrs = reachable(listener.local).into_iter();
            let now: BTreeSet<_> = addrs.map(|a| self.carrier.multiaddr(a)).collect();
            let then = std::mem::replace(&mut listener.announced, now.clone());
            let listener_id = listener.id;
            let gained = now.difference(&then).cloned();
            self.events.extend(
                gained.map(|listen_addr| TransportEvent::NewAddress { listener_id, listen_addr }),
            );
            let lost = then.difference(&now).cloned();
            self.events.extend(
                lost.map(|listen_addr| TransportEvent::AddressExpired { listener_id, listen_addr }),
            );
        }
        self.events.len() > before
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures::stream;

    use super::*;

    /// Listeners at which somebody always waits.
    fn crowded(ports: &[u16]) -> Listeners<u16, u16> {
        let mut listeners = Listeners::new(Carrier::Tcp);
        for port in ports {
            let local = SocketAddr::from(([127, 0, 0, 1], *port));
            listeners.add(ListenerId::next(), local, stream::repeat(*port));
        }
        listeners.events.clear();
        listeners
    }

    #[test]
    fn a_crowd_at_one_door_does_not_block_the_others() {
        let mut listeners = crowded(&[1, 2, 3]);
        let mut cx = Context::from_waker(Waker::noop());
        let from = SocketAddr::from(([127, 0, 0, 1], 9));
        let came: Vec<_> = (0..6)
            .filter_map(|_| {
                let event = listeners.poll(&mut cx, |port| Some((port, from)));
                match event {
                    Poll::Ready(event) => event.into_incoming().map(|(port, _)| port),
                    Poll::Pending => None,
                }
            })
            .collect();
        assert_eq!(came, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn a_crowd_that_is_sent_away_does_not_hold_up_the_swarm() {
        let mut listeners = crowded(&[1]);
        let mut sent_away = 0;
        let polled = listeners.poll(&mut Context::from_waker(Waker::noop()), |_| {
            sent_away += 1;
            None
        });
        assert!(polled.is_pending());
        assert_eq!(sent_away, AT_ONCE);
    }
}
