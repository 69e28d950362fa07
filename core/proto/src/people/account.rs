//! Rosters: an account's signed list of its devices.
//!
//! Of one recovery epoch any two rosters merge: devices are united, less all removed ones; name
//! comes from the higher version. A higher epoch wins whole, a lower one is refused. What others
//! hold of an account is the few signed rosters whose merge says all that was ever said.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    vec::Vec,
};

use super::{card::Card, recovery::RecoveryError};
use crate::{
    id::{AccountId, DeviceId, Hash},
    seal::{self, Context, SigningKey, VerifyingKey},
    wire::{
        self, Invalid, MAX_SIGNED, Signed,
        message::{Wire, message},
    },
};

/// The most devices of an account.
pub const MAX_DEVICES: usize = 16;
pub(super) const MAX_REMOVED: usize = 64;
const MAX_STATEMENTS: usize = 4;
const MAX_ROSTERS: usize = 4;
/// The most bytes of a person's name.
pub const MAX_NAME: usize = 64;

/// What an account says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// Whose it is.
    pub account: AccountId,
    /// How often the recovery key was used.
    pub epoch: u32,
    /// Counts up within an epoch.
    pub version: u64,
    /// Its devices, and what each signs with.
    pub devices: BTreeMap<DeviceId, VerifyingKey>,
    /// Devices that are none of it any more.
    pub removed: BTreeSet<DeviceId>,
    /// What its person is called.
    pub name: String,
    /// The keys the account began with: they are its id.
    key: VerifyingKey,
    recovery: Hash,
    statements: Vec<Statement>,
}

message! {
    /// The recovery key names a new account key.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Statement {
        recovery_key: VerifyingKey = 1 bytes;
        account_key: VerifyingKey = 2 bytes;
        next_recovery: Hash = 3 bytes;
        signature: Vec<u8> = 4 bytes;
    }
}

impl Roster {
    /// The first roster of a new account, with one device.
    pub fn first(
        account_key: VerifyingKey,
        recovery: Hash,
        device: VerifyingKey,
        name: String,
    ) -> Self {
        let account = AccountId::of(&account_key, &recovery);
        Self {
            account,
            epoch: 0,
            version: 1,
            devices: BTreeMap::from([(DeviceId::of(&account, &device), device)]),
            removed: BTreeSet::new(),
            name,
            key: account_key,
            recovery,
            statements: Vec::new(),
        }
    }

    /// The next epoch: only who has the recovery key can open it.
    ///
    /// # Errors
    /// [`RecoveryError`] if that is not this account's now, or it was used too often.
    pub fn recover(
        &self,
        recovery: &SigningKey,
        account: VerifyingKey,
        next: Hash,
    ) -> Result<Self, RecoveryError> {
        if self.statements.iter().any(|used| used.recovery_key == recovery.public()) {
            return Err(RecoveryError::Used);
        }
        if self.recovery_hash() != recovery_hash(&recovery.public()) {
            return Err(RecoveryError::Foreign);
        }
        if self.statements.len() >= MAX_STATEMENTS {
            return Err(RecoveryError::Exhausted);
        }
        let epoch = self.epoch + 1;
        let fields = [&self.account.0[..], &epoch.to_le_bytes(), &account.0, &next.0];
        let mut statements = self.statements.clone();
        statements.push(Statement {
            recovery_key: recovery.public(),
            account_key: account,
            next_recovery: next,
            signature: recovery.sign(Context::Recovery, &fields).to_vec(),
        });
        Ok(Self { epoch, version: 1, statements, ..self.clone() })
    }

    /// The key that signs this roster.
    pub fn account_key(&self) -> VerifyingKey {
        self.statements.last().map_or(self.key, |statement| statement.account_key)
    }

    fn recovery_hash(&self) -> Hash {
        self.statements.last().map_or(self.recovery, |statement| statement.next_recovery)
    }

    /// Signs it. The key must be the account's.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Signed {
        let bytes = self.encode();
        let signature = key.sign(Context::Roster, &[&bytes]).to_vec();
        Signed { bytes, signature }
    }

    /// What is signed of it.
    pub(super) fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a roster and checks that its account's key signed it.
    ///
    /// # Errors
    /// [`Invalid`] if it did not, or a bound is broken.
    pub fn open(signed: &Signed) -> Result<Self, Invalid> {
        let roster = Self::stored(signed)?;
        let key = roster.account_key();
        let genuine = key.verifies(Context::Roster, &[&signed.bytes], &signed.signature);
        genuine.then_some(roster).ok_or(Invalid)
    }

    /// Reads a roster that was checked before.
    pub(super) fn stored(signed: &Signed) -> Result<Self, Invalid> {
        wire::decode(&signed.bytes, MAX_SIGNED)
    }

    /// Whether the card is one of its devices'.
    pub(super) fn lists(&self, card: &Card) -> bool {
        card.account == self.account && self.devices.get(&card.device()) == Some(&card.key)
    }

    /// What two rosters of one account and epoch say together.
    fn merge(&self, other: &Self) -> Self {
        let newer =
            if (other.version, &other.name) > (self.version, &self.name) { other } else { self };
        let mut merged = newer.clone();
        merged.removed = self.removed.union(&other.removed).copied().collect();
        merged.devices.extend(&self.devices);
        merged.devices.extend(&other.devices);
        merged.devices.retain(|id, _| !merged.removed.contains(id));
        merged
    }

    /// Whether both say the same. The version counts: it decides whose name stays.
    fn says(&self, other: &Self) -> bool {
        self.version == other.version
            && (&self.devices, &self.removed) == (&other.devices, &other.removed)
            && self.name == other.name
    }
}

/// What a roster and a card keep of a recovery key.
pub fn recovery_hash(key: &VerifyingKey) -> Hash {
    Hash(seal::derive(Context::Recovery, &[&key.0]))
}

/// All that is known of an account's devices: signed rosters, and what they say together.
#[derive(Clone, Debug)]
pub struct Rosters {
    signed: Vec<(Roster, Signed)>,
    merged: Roster,
}

impl Rosters {
    /// Begins with one.
    ///
    /// # Errors
    /// [`Invalid`] if its signature or a bound does not hold.
    pub fn new(signed: Signed) -> Result<Self, Invalid> {
        Ok(Self::of(Roster::open(&signed)?, signed))
    }

    /// Only this one, which the account's key signed.
    pub(super) fn of(roster: Roster, signed: Signed) -> Self {
        Self { merged: roster.clone(), signed: alloc::vec![(roster, signed)] }
    }

    /// Their bytes, for the store.
    pub(super) fn encode(&self) -> Vec<u8> {
        wire::encode(&Kept { signed: self.signed().cloned().collect() })
    }

    /// Reads what [`Self::encode`] wrote; what is in it was checked before.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let kept: Kept = wire::decode(bytes, (MAX_ROSTERS + 1) * MAX_SIGNED).ok()?;
        let read = |signed| Some((Roster::stored(&signed).ok()?, signed));
        let signed: Vec<_> = kept.signed.into_iter().filter_map(read).collect();
        let rosters = signed.iter().map(|(roster, _)| roster.clone());
        let merged = rosters.reduce(|one, other| one.merge(&other))?;
        Some(Self { signed, merged })
    }

    /// What they say together.
    pub fn roster(&self) -> &Roster {
        &self.merged
    }

    /// The newest one, to be shown to others.
    pub fn newest(&self) -> &Signed {
        let newest = self.signed.iter().max_by_key(|(roster, _)| roster.version);
        newest.map(|(_, signed)| signed).expect("there is one from the start")
    }

    /// All that are needed to say what they say.
    pub fn signed(&self) -> impl Iterator<Item = &Signed> {
        self.signed.iter().map(|(_, signed)| signed)
    }

    /// Takes in one more; whether it told something new.
    ///
    /// # Errors
    /// [`Invalid`] if its signature or a bound does not hold, or it is of another account or an
    /// earlier epoch.
    pub fn take(&mut self, signed: &Signed) -> Result<bool, Invalid> {
        if self.signed().any(|known| known == signed) {
            return Ok(false);
        }
        let roster = Roster::open(signed)?;
        if roster.account == self.merged.account && roster.epoch > self.merged.epoch {
            *self = Self::of(roster, signed.clone());
            return Ok(true);
        }
        // the same statements make the same epoch
        if roster.account != self.merged.account || roster.statements != self.merged.statements {
            return Err(Invalid);
        }
        let merged = self.merged.merge(&roster);
        if merged.devices.len() > MAX_DEVICES || merged.removed.len() > MAX_REMOVED {
            return Err(Invalid);
        }
        let news = !merged.says(&self.merged);
        self.merged = merged;
        self.signed.push((roster, signed.clone()));
        self.prune();
        Ok(news)
    }

    /// Whether one of them alone says it all; if not, an own device signs what does.
    pub fn settled(&self) -> bool {
        self.signed.iter().any(|(roster, _)| roster.says(&self.merged))
    }

    /// Drops rosters, oldest first, without which the others say the same.
    fn prune(&mut self) {
        self.signed.sort_by_key(|(roster, _)| roster.version);
        let mut at = 0;
        while at < self.signed.len() {
            let others = self.signed.iter().enumerate().filter(|(other, _)| *other != at);
            let others = others.map(|(_, (roster, _))| roster.clone());
            let without = others.reduce(|one, other| one.merge(&other));
            let needless = without.is_some_and(|roster| roster.says(&self.merged));
            if needless || self.signed.len() > MAX_ROSTERS {
                self.signed.remove(at);
            } else {
                at += 1;
            }
        }
    }
}

message! {
    struct Kept {
        signed: Vec<Signed> = 1 repeated message;
    }
}

message! {
    pub(crate) struct RosterFields {
        wire: u32 = 1 uint32;
        key: VerifyingKey = 2 bytes;
        recovery: Hash = 3 bytes;
        epoch: u32 = 4 uint32;
        version: u64 = 5 uint64;
        devices: Vec<VerifyingKey> = 6 repeated bytes [MAX_DEVICES];
        removed: Vec<DeviceId> = 7 repeated bytes [MAX_REMOVED];
        name: String = 8 string [MAX_NAME];
        statements: Vec<Statement> = 9 repeated message [MAX_STATEMENTS];
    }
}

impl Statement {
    /// Whether the recovery key signed it.
    fn holds(&self, account: &AccountId, epoch: u32) -> bool {
        let (key, next) = (&self.account_key.0, &self.next_recovery.0);
        let fields = [&account.0[..], &epoch.to_le_bytes(), key, next];
        self.recovery_key.verifies(Context::Recovery, &fields, &self.signature)
    }
}

impl Wire for Roster {
    type Proto = <RosterFields as Wire>::Proto;

    fn to_proto(&self) -> Self::Proto {
        let fields = RosterFields {
            wire: wire::VERSION.into(),
            key: self.key,
            recovery: self.recovery,
            epoch: self.epoch,
            version: self.version,
            devices: self.devices.values().copied().collect(),
            removed: self.removed.iter().copied().collect(),
            name: self.name.clone(),
            statements: self.statements.clone(),
        };
        fields.to_proto()
    }

    fn of_proto(proto: Self::Proto) -> Result<Self, Invalid> {
        let fields = RosterFields::of_proto(proto)?;
        if fields.statements.len() != fields.epoch as usize {
            return Err(Invalid);
        }
        let account = AccountId::of(&fields.key, &fields.recovery);
        let mut expected = fields.recovery;
        for (epoch, said) in (1u32..).zip(&fields.statements) {
            if recovery_hash(&said.recovery_key) != expected || !said.holds(&account, epoch) {
                return Err(Invalid);
            }
            expected = said.next_recovery;
        }
        let device = |key: VerifyingKey| (DeviceId::of(&account, &key), key);
        Ok(Self {
            account,
            epoch: fields.epoch,
            version: fields.version,
            devices: fields.devices.into_iter().map(device).collect(),
            removed: fields.removed.into_iter().collect(),
            name: fields.name,
            key: fields.key,
            recovery: fields.recovery,
            statements: fields.statements,
        })
    }
}
