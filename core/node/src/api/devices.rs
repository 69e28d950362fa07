//! One's own devices, in the API's words, and how much of what was said each of them holds: a
//! subtraction, made anew from what is stored.

use std::collections::BTreeMap;

use covey_proto::{
    DeviceId, LogId, Time,
    people::{
        adding::Digits,
        card::Class,
        device::{self, Step as Stage},
    },
    reach::parse_seen,
    seal::hex,
    store::Kind,
    talk::{parse_have, parse_head},
};

use super::{Adding, Core, Device, Devices, Failure, Step, View};

impl Core {
    pub(super) fn devices(&self) -> Result<Devices, Failure> {
        let records = |kind| self.history().records(kind, &[]).map_err(Failure::new);
        let (heads, haves) = (records(Kind::Head)?, records(Kind::Have)?);
        let reached = records(Kind::Reached)?;
        Ok(self.read(|view| {
            let seen = reached.iter().filter_map(|row| parse_seen(&row.key, &row.bytes));
            let mut held = Held { seen: seen.collect(), ..Held::default() };
            for (log, _, have) in heads.iter().filter_map(|row| parse_head(&row.bytes)) {
                view.me.into_iter().for_each(|me| held.tell(me, log, have.upto.0));
            }
            let haves = haves.iter().filter_map(|row| parse_have(&row.key, &row.bytes));
            for (holder, _, log, have) in haves.filter(|have| Some(have.1) == view.account) {
                held.tell(holder, log, have.upto.0);
            }
            let mut devices: Vec<_> = view.devices.iter().map(|d| view.device(d, &held)).collect();
            devices.sort_by_key(|device| (!device.this, device.name.clone()));
            let messages = held.longest.values().sum();
            Devices { devices, messages, adding: view.adding.map(Adding::from) }
        }))
    }
}

/// Who holds how much of each log, and until when each was linked.
#[derive(Debug, Default)]
struct Held {
    seen: BTreeMap<DeviceId, Time>,
    longest: BTreeMap<LogId, u64>,
    of: BTreeMap<DeviceId, BTreeMap<LogId, u64>>,
}

impl Held {
    fn tell(&mut self, holder: DeviceId, log: LogId, upto: u64) {
        for known in [
            self.longest.entry(log).or_default(),
            self.of.entry(holder).or_default().entry(log).or_default(),
        ] {
            *known = upto.max(*known);
        }
    }

    /// How much a device holds: of what it said itself, all that anybody has.
    fn by(&self, device: DeviceId) -> u64 {
        let told = self.of.get(&device).into_iter().flatten();
        let others = told.filter(|(log, _)| log.device != device).map(|(_, upto)| upto);
        let own = self.longest.iter().filter(|(log, _)| log.device == device);
        others.chain(own.map(|(_, upto)| upto)).sum()
    }
}

impl View {
    fn device(&self, device: &device::Device, held: &Held) -> Device {
        let class = device.class.map(|class| match class {
            Class::Phone => "phone",
            Class::Pc => "computer",
            Class::AlwaysOn => "server",
        });
        Device {
            id: hex(&device.id.0),
            name: device.name.clone().unwrap_or_else(|| class.unwrap_or("new device").into()),
            class: class.map(Into::into),
            this: Some(device.id) == self.me,
            online: self.linked.contains(&device.id),
            seen: held.seen.get(&device.id).map(|seen| seen.0),
            holds: held.by(device.id),
        }
    }
}

impl From<Stage> for Adding {
    fn from(stage: Stage) -> Self {
        let (step, digits): (_, Option<Digits>) = match stage {
            Stage::Waiting => (Step::Waiting, None),
            Stage::Compare(digits) => (Step::Compare, Some(digits)),
            Stage::Agreed(digits) => (Step::Agreed, Some(digits)),
            Stage::Added => (Step::Added, None),
            Stage::Refused => (Step::Refused, None),
            Stage::Disturbed => (Step::Disturbed, None),
            Stage::Expired => (Step::Expired, None),
            Stage::Taken => (Step::Taken, None),
        };
        Self { step, digits: digits.map(|digits| digits.to_string()) }
    }
}
