//! The weather: how long things take, and what is lost.

use std::{net::Ipv6Addr, time::Duration};

use crate::{
    device::Who,
    people::{at, public},
    wire::{Wire, WireId},
    world::World,
};

/// What the network is like.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// What takes some time on its way takes from this many ms
    pub fastest: u64,
    /// up to this many.
    pub slowest: u64,
    /// So many of a thousand frames are lost, with all behind them.
    pub loss: u64,
}

/// Calm: a good line, nothing is lost.
impl Default for Weather {
    fn default() -> Self {
        Self { fastest: 5, slowest: 40, loss: 0 }
    }
}

impl World {
    /// The weather turns.
    pub fn turn(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// A number below this one.
    pub fn roll(&mut self, below: u64) -> u64 {
        self.dice.below(below)
    }

    /// One of these.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let at = self.dice.below(from.len() as u64);
        let at = usize::try_from(at).expect("below a length");
        from.get(at).expect("there are some").clone()
    }

    pub(crate) fn delay(&mut self) -> Duration {
        let Weather { fastest, slowest, .. } = self.weather;
        Duration::from_millis(fastest + self.dice.below(slowest - fastest + 1))
    }

    pub(crate) fn lost(&mut self) -> bool {
        self.weather.loss > 0 && self.dice.below(1000) < self.weather.loss
    }

    /// Two devices cannot reach each other any more, or again; what is up between them breaks.
    pub fn keep_apart(&mut self, one: Who, other: Who, apart: bool) {
        let pair = (one.min(other), one.max(other));
        if apart {
            self.cuts.insert(pair);
            self.cut_between(one, other);
        } else {
            self.cuts.remove(&pair);
        }
    }

    /// The links between two devices break, and those that are about to come up.
    pub fn cut_between(&mut self, one: Who, other: Who) {
        let between = |wire: &Wire| {
            let at = |who| wire.ends.iter().any(|end| end.who == who);
            at(one) && at(other)
        };
        let wires = self.wires.iter().enumerate().filter(|(_, wire)| between(wire));
        let wires: Vec<_> = wires.map(|(number, _)| WireId(number)).collect();
        wires.into_iter().for_each(|wire| self.cut(wire));
    }

    /// A device is found from everywhere, or only from where it is.
    pub fn hide(&mut self, who: Who, hidden: bool) {
        let public = if hidden { Vec::new() } else { vec![public(who)] };
        self.device_mut(who).addresses = public;
        self.network_changed(who);
    }

    /// A device goes to another network: from now on it is found at this address of its own.
    pub fn move_to(&mut self, who: Who, place: u16) {
        let ip = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, place);
        self.device_mut(who).addresses = vec![at(ip, 4242)];
        self.network_changed(who);
    }

    /// How often a device crashed.
    #[must_use]
    pub fn crashes(&self, who: Who) -> u32 {
        self.device(who).crashes
    }
}
