//! Who may begin a handshake with us.
//!
//! A handshake costs us a signature and some memory, its first packet costs a stranger nothing. So
//! at most [`MAX_PENDING`] are under way, over both transports together, and a network begins at
//! most [`PER_SECOND`] a second. An address can be made up until something sent to it was answered
//! (TCP's own handshake, or a QUIC Retry): made-up ones must never keep real ones out, hence
//!
//! ```text
//!             pending <64, >2 left    pending <64, ≤2 left    64 ≤ pending <256    256
//! unproven    admitted                prove it                prove it             prove it
//! proven      admitted                admitted while >0       admitted while >0    turned away
//! ```
//!
//! where *left* is what the network may still begin at once.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

/// Handshakes under way at a time.
const MAX_PENDING: usize = 256;
/// From so many on, addresses must be proved.
const CROWDED: usize = 64;
/// Handshakes a second that one network may begin, and as many at once.
const PER_SECOND: u32 = 5;
/// How many of these only proven addresses may use.
const RESERVED: u32 = 2;
/// Networks we remember; who used up nothing is forgotten first.
const MAX_NETWORKS: usize = 1024;

const INTERVAL: Duration = Duration::from_millis(1000 / PER_SECOND as u64);

/// The limits on inbound handshakes. Clones share them: give one to both transports.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    pending: usize,
    turned_away: u64,
    /// When each network will have all its handshakes left again.
    networks: BTreeMap<IpAddr, Instant>,
}

/// Whether we know that the other side is where it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Proven,
    Unproven,
}

#[derive(Debug)]
pub(crate) enum Verdict {
    Admitted(Permit),
    ProveAddress,
    TurnedAway,
}

/// A handshake under way; until dropped.
#[derive(Debug)]
pub(crate) struct Permit(Gate);

impl Gate {
    /// How many handshakes were turned away so far.
    pub fn turned_away(&self) -> u64 {
        self.state().turned_away
    }

    pub(crate) fn admit(&self, from: IpAddr, source: Source, now: Instant) -> Verdict {
        let state = &mut *self.state();
        let verdict = match source {
            Source::Proven if state.pending < MAX_PENDING && state.take(from, 0, now) => None,
            Source::Proven => Some(Verdict::TurnedAway),
            Source::Unproven if state.pending < CROWDED && state.take(from, RESERVED, now) => None,
            Source::Unproven => Some(Verdict::ProveAddress),
        };
        match verdict {
            None => {
                state.pending += 1;
                Verdict::Admitted(Permit(self.clone()))
            }
            Some(verdict) => {
                state.turned_away += u64::from(matches!(verdict, Verdict::TurnedAway));
                verdict
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while holding it")
    }
}

impl State {
    /// Takes one of the network's handshakes if more than `reserve` are left.
    fn take(&mut self, from: IpAddr, reserve: u32, now: Instant) -> bool {
        let network = network(from);
        if self.networks.len() >= MAX_NETWORKS && !self.networks.contains_key(&network) {
            self.networks.retain(|_, full| *full > now);
            if self.networks.len() >= MAX_NETWORKS {
                return false;
            }
        }
        let full = self.networks.entry(network).or_insert(now);
        let after = now.max(*full) + INTERVAL;
        let granted = after <= now + INTERVAL * (PER_SECOND - reserve);
        if granted {
            *full = after;
        }
        granted
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.state().pending -= 1;
    }
}

/// What counts as one network: a /24 or a /48. On links where addresses are not handed out by networks
/// (a home, a phone's hotspot, this machine) it would be everybody, so there each host counts.
#[must_use]
pub fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() || ip.is_loopback() => ip.into(),
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            Ipv4Addr::from([a, b, c, 0]).into()
        }
        IpAddr::V6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => ip.into(),
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

    fn nth(n: usize) -> IpAddr {
        let [a, b] = u16::try_from(n).unwrap().to_be_bytes();
        Ipv4Addr::new(100, a, b, 1).into()
    }

    /// The permits of up to `count` handshakes from one address.
    fn knock(gate: &Gate, from: IpAddr, source: Source, count: usize, now: Instant) -> Vec<Permit> {
        let verdicts = (0..count).map(|_| gate.admit(from, source, now));
        let permit = |verdict| match verdict {
            Verdict::Admitted(permit) => Some(permit),
            Verdict::ProveAddress | Verdict::TurnedAway => None,
        };
        verdicts.filter_map(permit).collect()
    }

    #[test]
    fn a_network_begins_five_handshakes_a_second() {
        let (gate, now) = (Gate::default(), Instant::now());
        let neighbour = Ipv4Addr::new(203, 0, 113, 99).into();
        assert_eq!(knock(&gate, HERE, Source::Proven, 4, now).len(), 4);
        assert_eq!(knock(&gate, neighbour, Source::Proven, 4, now).len(), 1);
        assert_eq!(gate.turned_away(), 3);
        let later = now + Duration::from_secs(1);
        assert_eq!(knock(&gate, HERE, Source::Proven, 100, later).len(), 5);
        let elsewhere = Ipv4Addr::new(203, 0, 114, 7).into();
        assert_eq!(knock(&gate, elsewhere, Source::Proven, 1, now).len(), 1);
    }

    #[test]
    fn a_network_of_ipv6_is_a_48() {
        let [here, near, far] = ["2001:db8:1::1", "2001:db8:1:2::1", "2001:db8:2::1"];
        let net = |ip: &str| network(ip.parse().unwrap());
        assert_eq!(net(here), net(near));
        assert_ne!(net(here), net(far));
    }

    #[test]
    fn at_home_each_host_counts_by_itself() {
        for (one, other) in [("192.168.1.2", "192.168.1.3"), ("fe80::1", "fe80::2")] {
            let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
            assert_ne!(network(one), network(other));
        }
    }

    #[test]
    fn made_up_addresses_cannot_use_up_a_real_ones_handshakes() {
        let (gate, now) = (Gate::default(), Instant::now());
        assert_eq!(knock(&gate, HERE, Source::Unproven, 1000, now).len(), 3);
        assert_eq!(knock(&gate, HERE, Source::Proven, 1000, now).len(), 2);
    }

    #[test]
    fn in_a_crowd_addresses_must_be_proved() {
        let (gate, now) = (Gate::default(), Instant::now());
        let unproven: Vec<_> =
            (0..1000).flat_map(|n| knock(&gate, nth(n), Source::Unproven, 1, now)).collect();
        assert_eq!(unproven.len(), CROWDED);
        let verdict = gate.admit(HERE, Source::Unproven, now);
        assert!(matches!(verdict, Verdict::ProveAddress));
        assert_eq!(knock(&gate, HERE, Source::Proven, 1, now).len(), 1);
    }

    #[test]
    fn no_more_than_the_cap_are_under_way() {
        let (gate, now) = (Gate::default(), Instant::now());
        let permits: Vec<_> =
            (0..1000).flat_map(|n| knock(&gate, nth(n), Source::Proven, 1, now)).collect();
        assert_eq!(permits.len(), MAX_PENDING);
        assert_eq!(gate.turned_away(), 1000 - MAX_PENDING as u64);
        drop(permits);
        assert_eq!(knock(&gate, HERE, Source::Proven, 1, now).len(), 1);
    }

    #[test]
    fn networks_are_forgotten_once_they_have_all_left_again() {
        let (gate, now) = (Gate::default(), Instant::now());
        for n in 0..2 * MAX_NETWORKS {
            knock(&gate, nth(n), Source::Proven, 1, now);
        }
        assert_eq!(gate.state().networks.len(), MAX_NETWORKS);
        assert_eq!(knock(&gate, HERE, Source::Proven, 1, now).len(), 0);
        assert_eq!(knock(&gate, HERE, Source::Proven, 1, now + INTERVAL).len(), 1);
        assert_eq!(gate.state().networks.len(), 1);
    }
}
