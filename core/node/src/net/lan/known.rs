//! The services that were told of and not taken back.
//!
//! Whoever is told of all events knows the same ones, and never more than [`MAX_KNOWN`]: the one
//! heard of longest ago makes room, so that no flood keeps a newcomer out.

use std::collections::VecDeque;

use super::{LanEvent, Service};

const MAX_KNOWN: usize = 256;

/// The one heard of last is last.
#[derive(Debug, Default)]
pub(super) struct Known(VecDeque<Service>);

impl Known {
    pub(super) fn holds(&self, name: &str) -> bool {
        self.0.iter().any(|known| known.name == name)
    }

    /// What there is to tell about a service as it is now.
    pub(super) fn hear(&mut self, service: Service) -> Vec<LanEvent> {
        if self.0.contains(&service) {
            return Vec::new();
        }
        if service.addresses.is_empty() {
            return self.lose(&service.name);
        }
        self.0.retain(|known| known.name != service.name);
        let oldest = if self.0.len() < MAX_KNOWN { None } else { self.0.pop_front() };
        self.0.push_back(service.clone());
        let lost = oldest.map(|oldest| LanEvent::Lost(oldest.name));
        lost.into_iter().chain([LanEvent::Heard(service)]).collect()
    }

    pub(super) fn lose(&mut self, name: &str) -> Vec<LanEvent> {
        let known = self.0.iter().position(|known| known.name == name);
        let lost = known.and_then(|index| self.0.remove(index));
        lost.map(|service| LanEvent::Lost(service.name)).into_iter().collect()
    }

    pub(super) fn clear(&mut self) -> Vec<LanEvent> {
        self.0.drain(..).map(|service| LanEvent::Lost(service.name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use covey_proto::wire::{Address, Transport};

    use super::*;

    #[test]
    fn a_service_is_told_of_once() {
        let mut known = Known::default();
        assert_eq!(known.hear(service(1)), [LanEvent::Heard(service(1))]);
        assert_eq!(known.hear(service(1)), []);
    }

    #[test]
    fn a_service_that_changed_is_told_of_again() {
        let mut known = Known::default();
        known.hear(service(1));
        let changed = Service { tags: vec![vec![1]], ..service(1) };
        assert_eq!(known.hear(changed.clone()), [LanEvent::Heard(changed)]);
    }

    #[test]
    fn a_service_that_left_or_lost_its_addresses_is_lost() {
        let mut known = Known::default();
        known.hear(service(1));
        known.hear(service(2));
        assert_eq!(known.lose("1"), [LanEvent::Lost("1".into())]);
        let nowhere = Service { addresses: Vec::new(), ..service(2) };
        assert_eq!(known.hear(nowhere), [LanEvent::Lost("2".into())]);
        assert_eq!(known.lose("2"), []);
    }

    #[test]
    fn a_newcomer_finds_room_in_a_crowd() {
        let mut known = Known::default();
        (0..1_000).for_each(|i| drop(known.hear(service(i))));
        let told = known.hear(service(1_000));
        assert_eq!(told, [LanEvent::Lost("744".into()), LanEvent::Heard(service(1_000))]);
        assert_eq!(known.clear().len(), MAX_KNOWN);
    }

    fn service(i: usize) -> Service {
        let address = Address {
            transport: Transport::Quic,
            ip: Ipv4Addr::new(192, 0, 2, 7).into(),
            port: 4711,
            zone: None,
        };
        Service { name: i.to_string(), tags: Vec::new(), addresses: vec![address] }
    }
}
