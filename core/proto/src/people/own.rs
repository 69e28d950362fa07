//! What is one's own: the keys of this device, and the map that all own devices share.
//!
//! The map holds friends, secrets and invites. Of two records for one key the higher counter
//! wins, then the larger device; what is removed leaves a tombstone. So own devices that tell
//! each other their records agree, in whatever order they hear them.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use prost::Message as _;
use zeroize::Zeroizing;

use super::{
    account::{Roster, Rosters, recovery_hash},
    card::{Card, Class},
    friend,
};
use crate::{
    dice::Dice,
    id::{AccountId, DeviceId, SecretId},
    seal::{self, Context, Secret, SigningKey, VerifyingKey},
    store::{Kind, Record, Shelf},
    wire::{MapRecord, Topic, VERSION},
};

/// The keys of this device and account.
#[derive(Debug)]
pub struct Me {
    /// Who we are.
    pub account: AccountId,
    /// Signs rosters.
    pub account_key: SigningKey,
    /// Signs cards and runs.
    pub device_key: SigningKey,
    /// Proves this device in links.
    pub noise: Secret,
    secrets: [Secret; 4],
}

impl Me {
    /// A new account with this one device, and what its store begins with.
    pub fn found(name: &str, class: Class, seed: [u8; 32]) -> (Self, Vec<Record>) {
        let mut dice = Dice::new(seed);
        let secrets: [Secret; 4] = core::array::from_fn(|_| Secret(dice.roll()));
        let [account_key, recovery, device, _] = &secrets;
        let recovery = recovery_hash(&SigningKey::new(recovery).public());
        let account_key = SigningKey::new(account_key);
        let device_key = SigningKey::new(device);
        let name = friend::tidy(name).unwrap_or_else(|| String::from("Somebody"));
        let roster = Roster::first(account_key.public(), recovery, device_key.public(), name);
        let me = Self::of(roster.account, secrets);
        let own = Secret(dice.roll());
        let secret = MapRecord {
            topic: Topic::Secret.into(),
            key: secret_key(&me.account, &secret_id(&own)),
            counter: 1,
            device: me.device().0.to_vec(),
            value: Some(own.0.to_vec()),
        };
        let rosters = Rosters::of(roster.clone(), roster.sign(&account_key)).encode();
        let records = alloc::vec![
            me.record(),
            Record { kind: Kind::Roster, key: me.account.0.to_vec(), bytes: rosters },
            me.card_record(&me.card(class)),
            Record { kind: Kind::Map, key: row(&secret), bytes: secret.encode_to_vec() },
        ];
        (me, records)
    }

    /// This account on a new device: what a copy or a restored backup goes on as.
    #[must_use]
    pub fn anew(&self, seed: [u8; 32]) -> Self {
        let mut dice = Dice::new(seed);
        let [account_key, recovery, ..] = self.secrets.clone();
        let (device, noise) = (Secret(dice.roll()), Secret(dice.roll()));
        Self::of(self.account, [account_key, recovery, device, noise])
    }

    /// What a store that does not know this device of its account yet is to take in: a roster that
    /// lists it, and its card. Nothing if it knows it, or the account has no room for it.
    pub fn enrol(&self, class: Class, state: &[Record]) -> Vec<Record> {
        let of = |kind, key: &[u8]| state.iter().find(|r| r.kind == kind && r.key == key);
        let rosters = of(Kind::Roster, &self.account.0);
        let Some(mut rosters) = rosters.and_then(|record| Rosters::parse(&record.bytes)) else {
            return Vec::new();
        };
        if of(Kind::Card, &self.device().0).is_some() {
            return Vec::new();
        }
        let mut roster = rosters.roster().clone();
        roster.version = roster.version.saturating_add(1);
        roster.devices.insert(self.device(), self.key());
        if rosters.take(&roster.sign(&self.account_key)).is_err() {
            return Vec::new();
        }
        let (key, bytes) = (self.account.0.to_vec(), rosters.encode());
        alloc::vec![Record { kind: Kind::Roster, key, bytes }, self.card_record(&self.card(class))]
    }

    /// This device in another account, whose key was given to it. The recovery key stays where it
    /// is: the fewer devices hold it, the fewer thieves can become this person for ever.
    #[must_use]
    pub(super) fn within(&self, account: AccountId, account_key: Secret) -> Self {
        let [.., device, noise] = self.secrets.clone();
        Self::of(account, [account_key, FORGOTTEN, device, noise])
    }

    /// What the account signs rosters with, for another device of it.
    pub(super) fn account_secret(&self) -> &Secret {
        let [account_key, ..] = &self.secrets;
        account_key
    }

    /// The recovery key, until it is forgotten.
    pub(super) fn recovery(&self) -> Option<&Secret> {
        let [_, recovery, ..] = &self.secrets;
        Some(recovery).filter(|key| **key != FORGOTTEN)
    }

    /// Without the recovery key.
    pub fn forget_recovery(&mut self) {
        let [_, recovery, ..] = &mut self.secrets;
        *recovery = FORGOTTEN;
    }

    /// With a new account key and the next recovery key.
    pub(super) fn recovered(&mut self, account: Secret, next: Secret) {
        self.account_key = SigningKey::new(&account);
        let [account_key, recovery, ..] = &mut self.secrets;
        (*account_key, *recovery) = (account, next);
    }

    fn of(account: AccountId, secrets: [Secret; 4]) -> Self {
        let [account_key, _, device_key, noise] = &secrets;
        Self {
            account,
            account_key: SigningKey::new(account_key),
            device_key: SigningKey::new(device_key),
            noise: noise.clone(),
            secrets,
        }
    }

    /// The first card of this device.
    pub fn card(&self, class: Class) -> Card {
        Card {
            wire: VERSION.into(),
            account: self.account,
            key: self.device_key.public(),
            version: 1,
            noise: seal::x25519_public(&self.noise),
            class,
            capabilities: 0,
            addresses: Vec::new(),
        }
    }

    fn card_record(&self, card: &Card) -> Record {
        let bytes = card.sign(&self.device_key).encode_to_vec();
        Record { kind: Kind::Card, key: card.device().0.to_vec(), bytes }
    }

    /// This device.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.account, &self.key())
    }

    /// What others check this device's signatures by.
    pub fn key(&self) -> VerifyingKey {
        self.device_key.public()
    }

    /// The row of state that says who this device is.
    pub fn record(&self) -> Record {
        Record { kind: Kind::Me, key: Vec::new(), bytes: self.encode().to_vec() }
    }

    /// Who this device is, as its state says.
    pub fn stored(state: &[Record]) -> Option<Self> {
        Self::parse(&state.iter().find(|record| record.kind == Kind::Me)?.bytes)
    }

    /// All of it, for the store.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + 32 * 5));
        bytes.push(FORMAT);
        bytes.extend(self.account.0);
        self.secrets.iter().for_each(|secret| bytes.extend(secret.0));
        bytes
    }

    /// What is the account's of it, for a backup: nobody goes on as this device with it.
    pub fn heirloom(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = self.encode();
        bytes.truncate(HEIRLOOM);
        bytes
    }

    /// This account on a new device, by what [`Self::heirloom`] wrote.
    pub fn inherit(heirloom: &[u8], seed: [u8; 32]) -> Option<Self> {
        let no_device = Zeroizing::new([heirloom, &[0; 64]].concat());
        Some(Self::parse(&no_device)?.anew(seed))
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&FORMAT, rest) = bytes.split_first()? else { return None };
        let (chunks, []) = rest.as_chunks::<32>() else { return None };
        let [account, secrets @ ..] = <[_; 5]>::try_from(chunks).ok()?;
        Some(Self::of(AccountId(account), secrets.map(Secret)))
    }
}

const FORMAT: u8 = 1;
/// The account's id, its key and the recovery key.
const HEIRLOOM: usize = 1 + 32 * 3;
/// What stands in the place of a recovery key that is forgotten.
const FORGOTTEN: Secret = Secret([0; 32]);

/// The name of a secret.
pub fn secret_id(secret: &Secret) -> SecretId {
    let hash = seal::derive(Context::SecretId, &[&secret.0]);
    SecretId(*hash.first_chunk().expect("32 bytes"))
}

/// The key of a secret's record.
pub fn secret_key(account: &AccountId, id: &SecretId) -> Vec<u8> {
    [&account.0[..], &id.0].concat()
}

/// The map between own devices.
#[derive(Debug)]
pub struct Map {
    device: DeviceId,
    records: BTreeMap<(i32, Vec<u8>), MapRecord>,
}

impl Map {
    /// An empty one, kept by this device.
    pub fn new(device: DeviceId) -> Self {
        Self { device, records: BTreeMap::new() }
    }

    /// Takes a row from the store.
    pub fn load(&mut self, bytes: &[u8]) {
        if let Ok(record) = MapRecord::decode(bytes) {
            self.records.insert((record.topic, record.key.clone()), record);
        }
    }

    /// What it says about this.
    pub fn value(&self, topic: Topic, key: &[u8]) -> Option<&[u8]> {
        self.records.get(&(topic.into(), key.to_vec()))?.value.as_deref()
    }

    /// All that it says on a topic, by key.
    pub fn values(&self, topic: Topic) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.on(topic).filter_map(|record| Some((&record.key[..], record.value.as_deref()?)))
    }

    /// All that it says on a topic under keys that begin so: what follows in the key, and the value.
    pub fn under(&self, topic: Topic, begin: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
        let topic = i32::from(topic);
        let all = self.records.range((topic, begin.to_vec())..);
        let said = all.map_while(move |((of, key), record)| {
            let rest = key.strip_prefix(begin).filter(|_| *of == topic)?;
            Some((rest, record.value.as_deref()))
        });
        said.filter_map(|(rest, value)| Some((rest, value?)))
    }

    /// Whether it ever said something about this.
    pub fn knows(&self, topic: Topic, key: &[u8]) -> bool {
        self.records.contains_key(&(topic.into(), key.to_vec()))
    }

    /// The keys that it ever said something about on a topic.
    pub fn keys(&self, topic: Topic) -> impl Iterator<Item = &[u8]> {
        self.on(topic).map(|record| &record.key[..])
    }

    fn on(&self, topic: Topic) -> impl Iterator<Item = &MapRecord> {
        let topic = i32::from(topic);
        let all = self.records.range((topic, Vec::new())..).map(|(_, record)| record);
        all.take_while(move |record| record.topic == topic)
    }

    /// Says something, or, with nothing, takes it back. The record is for the other own devices.
    pub fn say(
        &mut self,
        topic: Topic,
        key: &[u8],
        value: Option<Vec<u8>>,
        shelf: &mut dyn Shelf,
    ) -> MapRecord {
        let known = self.records.get(&(topic.into(), key.to_vec()));
        let record = MapRecord {
            topic: topic.into(),
            key: key.to_vec(),
            counter: known.map_or(0, |r| r.counter) + 1,
            device: self.device.0.to_vec(),
            value,
        };
        self.keep(record.clone(), shelf);
        record
    }

    /// Takes in a record of another own device; whether it says something new.
    pub fn take(&mut self, record: MapRecord, shelf: &mut dyn Shelf) -> bool {
        let size = record.key.len() + record.value.as_ref().map_or(0, Vec::len);
        let known = self.records.get(&(record.topic, record.key.clone()));
        let room = known.is_some() || self.records.len() < MAX_RECORDS;
        let news = known.is_none_or(|known| record.beats(known));
        if size > MapRecord::MAX || record.counter > MAX_COUNTER || !room || !news {
            return false;
        }
        self.keep(record, shelf);
        true
    }

    /// All records, for an own device whose map differs.
    pub fn records(&self) -> impl Iterator<Item = &MapRecord> {
        self.records.values()
    }

    /// Forgets a record as if it had never been said.
    pub fn forget(&mut self, topic: Topic, key: &[u8], shelf: &mut dyn Shelf) {
        if let Some(record) = self.records.remove(&(topic.into(), key.to_vec())) {
            shelf.delete(Kind::Map, &row(&record));
        }
    }

    fn keep(&mut self, record: MapRecord, shelf: &mut dyn Shelf) {
        shelf.put(Kind::Map, &row(&record), &record.encode_to_vec());
        self.records.insert((record.topic, record.key.clone()), record);
    }
}

/// The key of a record's row.
pub(super) fn row(record: &MapRecord) -> Vec<u8> {
    [&record.topic.to_be_bytes()[..], &record.key].concat()
}

/// Beyond so many records new ones of other devices are not taken.
const MAX_RECORDS: usize = 20_000;
/// A counter beyond this would leave no room to answer it.
pub(super) const MAX_COUNTER: u64 = u64::MAX >> 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_device_of_an_account_is_enrolled_once() {
        let (old, mut state) = Me::found("Ana", Class::Pc, [1; 32]);
        assert_eq!(old.enrol(Class::Pc, &state), []);
        let new = old.anew([2; 32]);
        assert!(new.account == old.account && new.device() != old.device());
        let records = new.enrol(Class::Pc, &state);
        let rosters = Rosters::parse(&records[0].bytes).unwrap();
        assert!(Rosters::new(rosters.newest().clone()).is_ok());
        let devices = &rosters.roster().devices;
        assert!([&old, &new].iter().all(|me| devices.contains_key(&me.device())));
        state.retain(|record| record.kind != Kind::Roster);
        state.extend(records);
        assert_eq!(new.enrol(Class::Pc, &state), []);
    }
}
