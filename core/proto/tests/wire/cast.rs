//! People for tests, each made from one number.

use covey_proto::{
    AccountId, DeviceId, Time,
    people::{
        account::{Roster, recovery_hash},
        card::{Card, Class},
        hello::Author,
        invite::Invite,
    },
    seal::{Secret, SigningKey, x25519_public},
    wire::{Address, Signed, Transport, letter::InviteKind},
};

/// A person at one of their devices.
pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) key: SigningKey,
    pub(crate) roster: Signed,
    pub(crate) card: Signed,
    /// Of this person's invites.
    pub(crate) seed: Secret,
}

impl Person {
    /// Somebody with one device.
    pub(crate) fn new(number: u8) -> Self {
        Self::with_device(number, number)
    }

    /// The person of that number, at another device of theirs.
    pub(crate) fn with_device(number: u8, device: u8) -> Self {
        let key = SigningKey::new(&secret(device, "device"));
        let mut roster = first_roster(number);
        let device_id = DeviceId::of(&roster.account, &key.public());
        roster.devices.insert(device_id, key.public());
        let card = card_of(device, roster.account);
        Self {
            account: roster.account,
            device: device_id,
            roster: roster.sign(&SigningKey::new(&secret(number, "account"))),
            card: card.sign(&key),
            key,
            seed: secret(number, "invite"),
        }
    }

    /// As the author of a letter.
    pub(crate) fn author(&self) -> Author<'_> {
        Author { account: self.account, key: &self.key, roster: &self.roster, card: &self.card }
    }

    /// An invite of theirs.
    pub(crate) fn invite(&self, kind: InviteKind) -> Invite {
        let expires = Time(1_800_000_000_000);
        Invite::from_seed(&self.seed, kind, &self.account, expires, "Ian", &addresses())
    }
}

/// The roster a person begins with.
pub(crate) fn first_roster(number: u8) -> Roster {
    let [account, recovery, device] =
        ["account", "recovery", "device"].map(|of| SigningKey::new(&secret(number, of)).public());
    Roster::first(account, recovery_hash(&recovery), device, format!("Person {number}"))
}

/// What a device says of itself, if it were of that account.
pub(crate) fn card_of(device: u8, account: AccountId) -> Card {
    Card {
        wire: covey_proto::wire::VERSION.into(),
        account,
        key: SigningKey::new(&secret(device, "device")).public(),
        version: 3,
        noise: x25519_public(&secret(device, "noise")),
        class: Class::Pc,
        capabilities: 0,
        addresses: addresses(),
    }
}

/// One address of each family and transport.
pub(crate) fn addresses() -> Vec<Address> {
    let ip = ["2001:db8::7", "192.0.2.7"].map(|ip| ip.parse().expect("an address"));
    let address = |(transport, ip)| Address { transport, ip, port: 4433, zone: None };
    [Transport::Quic, Transport::Tcp].into_iter().zip(ip).map(address).collect()
}

/// A secret of a person or device.
pub(crate) fn secret(number: u8, of: &str) -> Secret {
    let mut bytes = [number; 32];
    bytes.iter_mut().zip(of.bytes()).for_each(|(byte, letter)| *byte = letter);
    Secret(bytes)
}
