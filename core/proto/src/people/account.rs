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

use prost::Message;

use crate::{
    id::{AccountId, DeviceId, Hash},
    seal::{self, Context, SigningKey, VerifyingKey},
    wire::{self, Invalid, MAX_SIGNED, Signed},
};

/// The most devices of an account.
pub const MAX_DEVICES: usize = 16;
const MAX_REMOVED: usize = 64;
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
    origin: Origin,
    statements: Vec<Statement>,
}

/// The keys an account began with: they are its id.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    key: VerifyingKey,
    recovery: Hash,
}

/// The recovery key names a new account key.
#[derive(Clone, PartialEq, Eq, prost::Message)]
struct Statement {
    #[prost(bytes = "vec", tag = "1")]
    recovery_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    account_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    next_recovery: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    signature: Vec<u8>,
}

impl Roster {
    /// The first roster of a new account, with one device.
    #[must_use]
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
            origin: Origin { key: account_key, recovery },
            statements: Vec::new(),
        }
    }

    /// The next epoch: only who has the recovery key can open it.
    ///
    /// `None` if that is not this account's, or it was used too often.
    #[must_use]
    pub fn recover(
        &self,
        recovery: &SigningKey,
        account: VerifyingKey,
        next: Hash,
    ) -> Option<Self> {
        let ours = self.recovery() == recovery_hash(&recovery.public());
        if !ours || self.statements.len() >= MAX_STATEMENTS {
            return None;
        }
        let epoch = self.epoch + 1;
        let fields = [&self.account.0[..], &epoch.to_le_bytes(), &account.0, &next.0];
        let mut statements = self.statements.clone();
        statements.push(Statement {
            recovery_key: recovery.public().0.to_vec(),
            account_key: account.0.to_vec(),
            next_recovery: next.0.to_vec(),
            signature: recovery.sign(Context::Recovery, &fields).to_vec(),
        });
        Some(Self { epoch, version: 1, statements, ..self.clone() })
    }

    /// The key that signs this roster.
    #[must_use]
    pub fn account_key(&self) -> VerifyingKey {
        let newest = self.statements.last().and_then(|s| s.account_key.as_slice().try_into().ok());
        newest.map_or(self.origin.key, VerifyingKey)
    }

    fn recovery(&self) -> Hash {
        let newest = self.statements.last().and_then(|s| Hash::parse(&s.next_recovery));
        newest.unwrap_or(self.origin.recovery)
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
        RosterProto::from(self).encode_to_vec()
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

    fn stored(signed: &Signed) -> Result<Self, Invalid> {
        wire::decode::<RosterProto>(&signed.bytes, MAX_SIGNED)?.try_into()
    }

    /// What two rosters of one account and epoch say together.
    fn merge(&self, other: &Self) -> Self {
        let newer =
            if (other.version, &other.name) > (self.version, &self.name) { other } else { self };
        let mut merged = newer.clone();
        merged.removed = self.removed.union(&other.removed).copied().collect();
        merged
            .devices
            .extend(self.devices.iter().chain(&other.devices).map(|(id, key)| (*id, *key)));
        merged.devices.retain(|id, _| !merged.removed.contains(id));
        merged
    }

    /// Whether both say the same of devices and name.
    fn says(&self, other: &Self) -> bool {
        (&self.devices, &self.removed, &self.name) == (&other.devices, &other.removed, &other.name)
    }
}

/// What a roster and a card keep of a recovery key.
#[must_use]
pub fn recovery_hash(key: &VerifyingKey) -> Hash {
    Hash(seal::derive(Context::Recovery, &[&key.0]))
}

/// All that is known of an account's devices: signed rosters, and what they say together.
#[derive(Clone, Debug)]
pub struct Rosters {
    signed: Vec<(Roster, Signed)>,
    merged: Roster,
}

/// What came of a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It told something new.
    News,
    /// It told nothing new.
    Known,
    /// It is of another account, or of an earlier epoch.
    Refused,
}

impl Rosters {
    /// Begins with one.
    ///
    /// # Errors
    /// [`Invalid`] if its signature or a bound does not hold.
    pub fn new(signed: Signed) -> Result<Self, Invalid> {
        let roster = Roster::open(&signed)?;
        Ok(Self { merged: roster.clone(), signed: alloc::vec![(roster, signed)] })
    }

    /// Those that were checked before they were stored, if there are any.
    #[must_use]
    pub fn stored(signed: Vec<Signed>) -> Option<Self> {
        let read = |signed| Some((Roster::stored(&signed).ok()?, signed));
        let signed: Vec<_> = signed.into_iter().filter_map(read).collect();
        let rosters = signed.iter().map(|(roster, _)| roster.clone());
        let merged = rosters.reduce(|one, other| one.merge(&other))?;
        Some(Self { signed, merged })
    }

    /// What they say together.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.merged
    }

    /// The newest one, to be shown to others.
    #[must_use]
    pub fn newest(&self) -> &Signed {
        let newest = self.signed.iter().max_by_key(|(roster, _)| roster.version);
        newest.map(|(_, signed)| signed).expect("there is one from the start")
    }

    /// All that are needed to say what they say.
    pub fn signed(&self) -> impl Iterator<Item = &Signed> {
        self.signed.iter().map(|(_, signed)| signed)
    }

    /// Takes in one more.
    ///
    /// # Errors
    /// [`Invalid`] if its signature or a bound does not hold.
    pub fn take(&mut self, signed: &Signed) -> Result<Taken, Invalid> {
        if self.signed().any(|known| known == signed) {
            return Ok(Taken::Known);
        }
        let roster = Roster::open(signed)?;
        if roster.account != self.merged.account || roster.epoch < self.merged.epoch {
            return Ok(Taken::Refused);
        }
        if roster.epoch > self.merged.epoch {
            *self = Self { merged: roster.clone(), signed: alloc::vec![(roster, signed.clone())] };
            return Ok(Taken::News);
        }
        if roster.statements != self.merged.statements {
            return Ok(Taken::Refused);
        }
        let merged = self.merged.merge(&roster);
        if merged.devices.len() > MAX_DEVICES || merged.removed.len() > MAX_REMOVED {
            return Ok(Taken::Refused);
        }
        let news = !merged.says(&self.merged) || roster.version > self.merged.version;
        self.merged = merged;
        self.signed.push((roster, signed.clone()));
        self.prune();
        Ok(if news { Taken::News } else { Taken::Known })
    }

    /// Whether one of them alone says it all; if not, an own device signs what does.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.signed.iter().any(|(roster, _)| roster.says(&self.merged))
    }

    /// Drops rosters, oldest first, without which the others say the same.
    fn prune(&mut self) {
        self.signed.sort_by_key(|(roster, _)| roster.version);
        let mut at = 0;
        while at < self.signed.len() && self.signed.len() > 1 {
            let others = self
                .signed
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != at)
                .map(|(_, (r, _))| r.clone());
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

#[derive(Clone, PartialEq, prost::Message)]
struct RosterProto {
    #[prost(uint32, tag = "1")]
    wire: u32,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    recovery: Vec<u8>,
    #[prost(uint32, tag = "4")]
    epoch: u32,
    #[prost(uint64, tag = "5")]
    version: u64,
    #[prost(bytes = "vec", repeated, tag = "6")]
    devices: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "7")]
    removed: Vec<Vec<u8>>,
    #[prost(string, tag = "8")]
    name: String,
    #[prost(message, repeated, tag = "9")]
    statements: Vec<Statement>,
}

impl From<&Roster> for RosterProto {
    fn from(roster: &Roster) -> Self {
        Self {
            wire: wire::VERSION.into(),
            key: roster.origin.key.0.to_vec(),
            recovery: roster.origin.recovery.0.to_vec(),
            epoch: roster.epoch,
            version: roster.version,
            devices: roster.devices.values().map(|key| key.0.to_vec()).collect(),
            removed: roster.removed.iter().map(|id| id.0.to_vec()).collect(),
            name: roster.name.clone(),
            statements: roster.statements.clone(),
        }
    }
}

impl TryFrom<RosterProto> for Roster {
    type Error = Invalid;

    fn try_from(proto: RosterProto) -> Result<Self, Invalid> {
        let key = |bytes: Vec<u8>| bytes.try_into().map(VerifyingKey).map_err(|_| Invalid);
        let (first, recovery) = (key(proto.key)?, Hash::parse(&proto.recovery).ok_or(Invalid)?);
        let account = AccountId::of(&first, &recovery);
        let bounded = proto.devices.len() <= MAX_DEVICES
            && proto.removed.len() <= MAX_REMOVED
            && proto.name.len() <= MAX_NAME
            && proto.statements.len() <= MAX_STATEMENTS
            && proto.statements.len() == proto.epoch as usize;
        if !bounded {
            return Err(Invalid);
        }
        let mut expected = recovery;
        for (epoch, statement) in (1u32..).zip(&proto.statements) {
            let by = key(statement.recovery_key.clone())?;
            let next = Hash::parse(&statement.next_recovery).ok_or(Invalid)?;
            let fields = [&account.0[..], &epoch.to_le_bytes(), &statement.account_key, &next.0];
            let genuine = by.verifies(Context::Recovery, &fields, &statement.signature);
            if recovery_hash(&by) != expected || !genuine || statement.account_key.len() != 32 {
                return Err(Invalid);
            }
            expected = next;
        }
        let mut devices = BTreeMap::new();
        for bytes in proto.devices {
            let key = key(bytes)?;
            devices.insert(DeviceId::of(&account, &key), key);
        }
        let removed = proto.removed.iter().map(|id| DeviceId::parse(id).ok_or(Invalid));
        Ok(Self {
            account,
            epoch: proto.epoch,
            version: proto.version,
            devices,
            removed: removed.collect::<Result<_, _>>()?,
            name: proto.name,
            origin: Origin { key: first, recovery },
            statements: proto.statements,
        })
    }
}
