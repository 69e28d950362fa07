//! Who lives in a World: accounts with as many devices as a story wants.
//!
//! Where a story is not about adding a device, a second one is made as if it had been added: same
//! account, own keys, a roster that lists both, and the secret they share.

use std::net::Ipv6Addr;

use covey_proto::{
    AccountId, DeviceId,
    people::{
        account::Roster,
        card::{Card, Class},
        own::Me,
    },
    seal::{Secret, SigningKey},
    store::{Kind, Record},
    wire::{Address, Signed, Transport},
};
use prost::Message as _;

use crate::{
    device::{Device, Who},
    shelf::Disk,
    world::World,
};

/// Where in an encoded [`Me`] its secrets begin, each of 32 bytes: account, recovery, device,
/// Noise.
const SECRETS: usize = 1 + 32;

impl World {
    /// A person with one device, switched on.
    pub fn person(&mut self, name: &str) -> Who {
        let [device] = self.devices(name);
        device
    }

    /// A person with several devices, switched on.
    pub fn devices<const N: usize>(&mut self, name: &str) -> [Who; N] {
        let (first, records) = Me::found(name, Class::Pc, self.dice.roll());
        let siblings: Vec<Me> = (1..N).map(|_| sibling(&first, self.dice.roll())).collect();
        let all: Vec<&Me> = std::iter::once(&first).chain(&siblings).collect();
        let mut common = records;
        if N > 1 {
            common.retain(|record| record.kind == Kind::Map);
            let roster = with_devices(&first, name, &all);
            common.push(rosters_row(first.account, roster));
            let begin = self.devices.len();
            common.extend(all.iter().zip(begin..).map(|(me, n)| card_row(me, Who(n))));
        }
        let made: Vec<Who> = all.iter().map(|me| self.settle_in(me, common.clone())).collect();
        made.try_into().unwrap_or_else(|_| unreachable!("as many as were asked for"))
    }

    /// One more device of a person, as if a device of his had just added it: it knows what that
    /// one knows of people and nothing of what was said. Nobody else knows of it yet.
    pub fn add_device(&mut self, old: Who) -> Who {
        let seed = self.dice.roll();
        let me = sibling(&self.me(old), seed);
        let shown = &self.directory(old).roster;
        let mut roster = Roster::open(shown).expect("a device shows a good roster");
        roster.version += 1;
        roster.devices.insert(me.device(), me.key());
        let common = self.device(old).disk.records();
        let people = common.filter(|r| matches!(r.kind, Kind::Map | Kind::Roster | Kind::Card));
        let mut records: Vec<_> = people.collect();
        records.push(rosters_row(me.account, roster.sign(&me.account_key)));
        records.push(card_row(&me, Who(self.devices.len())));
        self.settle_in(&me, records)
    }

    fn settle_in(&mut self, me: &Me, mut records: Vec<Record>) -> Who {
        records.push(me.record());
        self.add(Disk::new(records))
    }

    /// A machine with this disk, switched on.
    pub(crate) fn add(&mut self, disk: Disk) -> Who {
        let mut device = Device::new(disk);
        let who = Who(self.devices.len());
        device.addresses = vec![public(who)];
        self.devices.push(device);
        self.switch_on(who);
        who
    }

    /// A device's keys.
    #[must_use]
    pub fn me(&self, who: Who) -> Me {
        self.device(who).me()
    }

    /// The recovery key of a device's account.
    #[must_use]
    pub fn recovery(&self, who: Who) -> SigningKey {
        let me = self.me(who).encode();
        let (_, rest) = me.split_at(SECRETS + 32);
        let recovery = rest.first_chunk().expect("it is behind the account key");
        SigningKey::new(&Secret(*recovery))
    }

    /// A device's account.
    #[must_use]
    pub fn account(&self, who: Who) -> AccountId {
        self.device(who).account
    }

    /// A device's id.
    #[must_use]
    pub fn id(&self, who: Who) -> DeviceId {
        self.device(who).id
    }
}

/// Another device of the account.
fn sibling(first: &Me, seed: [u8; 32]) -> Me {
    let mut bytes = first.encode();
    let (_, keys) = bytes.split_at_mut(SECRETS + 64);
    let (device, noise) = keys.split_at_mut(32);
    device.copy_from_slice(&seed);
    noise.copy_from_slice(&Secret(seed).derive(covey_proto::seal::Context::Stir).0);
    Me::parse(&bytes).expect("its length is the same")
}

fn with_devices(first: &Me, name: &str, all: &[&Me]) -> Signed {
    let recovery = {
        let bytes = first.encode();
        let (_, rest) = bytes.split_at(SECRETS + 32);
        Secret(*rest.first_chunk().expect("it is behind the account key"))
    };
    let recovery =
        covey_proto::people::account::recovery_hash(&SigningKey::new(&recovery).public());
    let key = first.account_key.public();
    let mut roster = Roster::first(key, recovery, first.key(), String::from(name));
    roster.version = 2;
    roster.devices.extend(all.iter().map(|me| (me.device(), me.key())));
    roster.sign(&first.account_key)
}

/// A card that says already where the device is: they met when the second one was added.
fn card_row(me: &Me, who: Who) -> Record {
    let card = Card { addresses: vec![public(who)], ..me.card(Class::Pc) };
    let signed = card.sign(&me.device_key);
    Record { kind: Kind::Card, key: me.device().0.to_vec(), bytes: signed.encode_to_vec() }
}

fn rosters_row(account: AccountId, roster: Signed) -> Record {
    let bytes = RostersRow { signed: vec![roster] }.encode_to_vec();
    Record { kind: Kind::Roster, key: account.0.to_vec(), bytes }
}

/// An account's rosters as a node keeps them.
#[derive(Clone, PartialEq, prost::Message)]
struct RostersRow {
    #[prost(message, repeated, tag = "1")]
    signed: Vec<Signed>,
}

/// Where a device is found from everywhere, to begin with.
pub(crate) fn public(who: Who) -> Address {
    at(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number(who)), 4242)
}

/// Where it is found on its local network only.
pub(crate) fn local(who: Who) -> Address {
    let ip = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number(who));
    Address { zone: Some(2), ..at(ip, 4242) }
}

pub(crate) fn at(ip: Ipv6Addr, port: u16) -> Address {
    Address { transport: Transport::Quic, ip: ip.into(), port, zone: None }
}

fn number(who: Who) -> u16 {
    u16::try_from(who.0 + 1).expect("a World is small")
}
