//! The local network: who is on it hears what the others announce.

use covey_proto::Input;

use crate::{device::Who, people::local, wire::NOTICE, world::World};

impl World {
    /// A device goes to a local network, or leaves the one it is on.
    pub fn join(&mut self, who: Who, lan: Option<u8>) {
        self.fall_silent(who);
        self.device_mut(who).lan = lan;
        self.hear_all(who);
        self.shout(who);
        self.network_changed(who);
    }

    /// What a device announces from now on.
    pub(crate) fn announce(&mut self, who: Who, tags: Vec<Vec<u8>>) {
        self.device_mut(who).tags = tags;
        self.shout(who);
    }

    /// Everybody who is near hears a device.
    fn shout(&mut self, who: Who) {
        for other in self.near(who) {
            self.hears(other, who);
        }
    }

    /// A device hears everybody who is near.
    pub(crate) fn hear_all(&mut self, who: Who) {
        for other in self.near(who) {
            self.hears(who, other);
        }
    }

    fn hears(&mut self, who: Who, other: Who) {
        let device = self.device(other);
        if device.node.is_none() || device.tags.is_empty() {
            return;
        }
        let heard = Input::Heard(device.service.clone(), device.tags.clone(), vec![local(other)]);
        let ms = self.dice.below(100);
        self.tell(who, ms, heard);
    }

    /// Nobody hears a device any more; some time later they notice.
    pub(crate) fn fall_silent(&mut self, who: Who) {
        let service = self.device(who).service.clone();
        for other in self.near(who) {
            let ms = self.dice.below(NOTICE);
            self.tell(other, ms, Input::Lost(service.clone()));
        }
    }

    /// A service may be gone: whoever doubts it asks, and hears if it is.
    pub(crate) fn doubt(&mut self, who: Who, service: String) {
        let near = self.near(who);
        let there = |other: &Who| {
            let device = self.device(*other);
            device.node.is_some() && device.service == service
        };
        if !near.iter().any(there) {
            self.tell(who, 1000, Input::Lost(service));
        }
    }

    fn near(&self, who: Who) -> Vec<Who> {
        let lan = self.device(who).lan;
        let near = |other: &Who| *other != who && lan.is_some() && self.device(*other).lan == lan;
        self.everybody().filter(near).collect()
    }
}
