//! Renewal: what is shared with an account is renewed once a device of ours is removed.
//!
//! ```text
//! hello ── 1 ── 2 ── 3      the highest number is open, and so is a hello made beside it
//! └────────┴────┴─ replaced: for 90 days they open links that carry the renewal, and no more
//! ```
//!
//! A renewal counts as long as the rosters list the device that signed it: once that is removed
//! it is void with its number, for a thief may have renewed first. What an own device knows of
//! removals and its secrets do not is a state, not an event: it renews in the commit in which it
//! learns of them, so no crash and no absence loses it. Two who renew at once agree by number,
//! then by id.

use alloc::{collections::BTreeSet, vec::Vec};
use core::{cmp::Reverse, time::Duration};

use super::{
    Audience, Effect, People,
    account::Roster,
    kin::map_frames,
    own::{MAX_COUNTER, secret_id, secret_key},
};
use crate::{
    dice::Dice,
    id::{AccountId, SecretId},
    seal::Secret,
    store::{Kind, Shelf},
    time::{LONGEST_SLEEP, Time},
    wire::{self, Frame, MapRecord, Renewal, Signed, Topic, message::message},
};

/// A replaced secret opens links that carry the renewal for so long.
const MEMORY: Duration = Duration::from_secs(90 * 24 * 3600);
/// The most secrets kept of one account; the lowest numbers go first.
const MAX_SHARED: usize = 16;

/// A secret shared with an account.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) id: SecretId,
    pub(super) secret: Secret,
    /// Whether it is good for everything, or opens only what carries the renewal.
    pub(super) open: bool,
}

message! {
    /// The removals of own devices that our secrets know of.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Removals {
        epoch: u32 = 1 uint32;
        count: u64 = 2 uint64;
    }
}

impl Removals {
    fn of(roster: &Roster) -> Self {
        Self { epoch: roster.epoch, count: roster.removed.len() as u64 }
    }
}

impl People {
    /// Takes a row of [`Kind::Renewal`]: since when a secret is replaced, or, without a key, the
    /// removals that our secrets know of.
    pub(super) fn load_renewal(&mut self, key: &[u8], bytes: &[u8]) {
        if key.is_empty() {
            self.renewed = wire::decode(bytes, bytes.len()).ok();
        } else if let Ok(since) = bytes.try_into() {
            self.replaced.insert(key.to_vec(), Time(u64::from_le_bytes(since)));
        }
    }

    /// The secrets shared with an account: open ones first, the one that stays first of all; void
    /// ones last.
    pub(super) fn shared(&self, account: AccountId) -> Vec<Shared> {
        let [counting, void] = self.renewals(account);
        let (top, number) = counting.first().map(|(id, top)| (*id, top.counter)).unzip();
        let hellos = self.map.under(Topic::Secret, &account.0).filter_map(|(id, value)| {
            let (secret, beside) = value.split_first_chunk::<32>()?;
            let beside = beside.try_into().map_or(0, u64::from_le_bytes);
            let open = beside == number.unwrap_or_default();
            Some(Shared { id: SecretId::parse(id)?, secret: Secret(*secret), open })
        });
        let renewed = |(id, Renewal { secret, .. })| Shared { id, secret, open: top == Some(id) };
        let mut all: Vec<_> = counting.into_iter().map(renewed).collect();
        for hello in hellos {
            // a new device was given what is renewed before it heard how
            if all.iter().all(|known| known.id != hello.id) {
                all.push(hello);
            }
        }
        all.sort_by_key(|shared| !shared.open);
        all.extend(void.into_iter().map(renewed));
        all
    }

    /// Whether a link under this secret carries nothing but what was renewed. One that was dropped
    /// while it carried a link is good until that ends.
    pub fn is_replaced(&self, account: AccountId, secret: SecretId) -> bool {
        self.shared(account).iter().any(|shared| !shared.open && shared.id == secret)
    }

    /// What was last renewed with an account, for whoever does not know.
    pub fn renewal(&self, account: AccountId) -> Option<Renewal> {
        let [counting, _] = self.renewals(account);
        counting.into_iter().next().map(|(_, renewal)| renewal)
    }

    /// What was renewed with an account, the highest number first: what counts, and what is void.
    fn renewals(&self, account: AccountId) -> [Vec<(SecretId, Renewal)>; 2] {
        let all = self.map.under(Topic::Renewal, &account.0);
        let read = |(id, value): (&[u8], &[u8])| {
            Some((SecretId::parse(id)?, wire::decode::<Renewal>(value, MapRecord::MAX).ok()?))
        };
        let mut all: Vec<_> = all.filter_map(read).collect();
        all.sort_by_key(|(id, renewal)| (Reverse(renewal.counter), *id));
        let (counting, void) = all.into_iter().partition(|(_, renewal)| self.counts(renewal));
        [counting, void]
    }

    fn counts(&self, renewal: &Renewal) -> bool {
        self.vouches(renewal.account, renewal.device())
    }

    /// The value of a secret's record, for one that a hello makes: it is open beside the renewal
    /// that counts now, until there is a later one.
    pub(super) fn beside(&self, account: AccountId, secret: &Secret) -> Vec<u8> {
        let number = self.renewal(account).map_or(0, |renewal| renewal.counter);
        [&secret.0[..], &number.to_le_bytes()].concat()
    }

    /// A device of `peer` tells on a link under `secret` what was renewed; whether we agree.
    pub fn take_renewal(
        &mut self,
        peer: AccountId,
        secret: SecretId,
        renewal: Renewal,
        shelf: &mut dyn Shelf,
    ) -> bool {
        let id = secret_id(&renewal.secret);
        if !self.is_sound(peer, &renewal)
            || !self.take_roster(renewal.account, &renewal.roster, shelf)
            || !self.counts(&renewal)
        {
            return false;
        }
        let top = self.renewal(peer).map(|top| (top.counter, Reverse(secret_id(&top.secret))));
        let told = (renewal.counter, Reverse(id));
        if top > Some(told) {
            return false;
        }
        if top != Some(told) {
            let value = Some(wire::encode(&renewal));
            self.record(Topic::Renewal, &secret_key(&peer, &id), value, shelf);
        }
        self.replace(peer, secret, shelf);
        true
    }

    /// Whether it is what its account's device said of what is shared with `account`.
    fn is_sound(&self, account: AccountId, renewal: &Renewal) -> bool {
        let me = self.me.account;
        let other = if renewal.account == me { account } else { me };
        (renewal.account == me || renewal.account == account)
            && renewal.counter <= MAX_COUNTER
            && renewal.holds(&other)
    }

    /// Whether a record that another own device told may be taken: a renewal is checked again, and
    /// the roster in it is known before what it renews.
    pub(super) fn admits(&mut self, record: &MapRecord, shelf: &mut dyn Shelf) -> bool {
        let Some(value) = record.value.as_ref().filter(|_| record.topic == Topic::Renewal.into())
        else {
            return true;
        };
        let Some((account, id)) = record.key.split_first_chunk() else { return false };
        let (account, id) = (AccountId(*account), SecretId::parse(id));
        let Ok(renewal) = wire::decode::<Renewal>(value, MapRecord::MAX) else { return false };
        if id != Some(secret_id(&renewal.secret)) || !self.is_sound(account, &renewal) {
            return false;
        }
        if self.may_tell(self.me.account, renewal.account) {
            self.take_roster(renewal.account, &renewal.roster, shelf);
        }
        true
    }

    /// A hello's secret is open no more, whatever it was made beside.
    fn replace(&mut self, account: AccountId, id: SecretId, shelf: &mut dyn Shelf) {
        let key = secret_key(&account, &id);
        let value = self.map.value(Topic::Secret, &key);
        let bare = value.and_then(|value| value.first_chunk::<32>()).copied();
        if let Some(bare) = bare
            && !self.is_replaced(account, id)
        {
            self.record(Topic::Secret, &key, Some(bare.to_vec()), shelf);
        }
    }

    /// Ends a batch: renews what a removed device knows, and forgets what is long replaced.
    pub fn settle(&mut self, now: Time, dice: &mut Dice, shelf: &mut dyn Shelf) {
        if self.settled == Time::default() {
            self.clock_step(now, shelf); // nobody knows what it did while this was off
        }
        self.settled = now;
        if self.changed || self.next_end.is_some_and(|end| end <= now) {
            self.renew(dice, shelf);
            self.retire(now, shelf);
        }
    }

    /// The clock was set, or the machine slept: time that nobody can have slept does not count, and
    /// nothing was replaced later than now.
    pub fn clock_step(&mut self, now: Time, shelf: &mut dyn Shelf) {
        let before = Some(self.settled).filter(|before| *before > Time::default());
        let step = before.map(|before| now.since(before)).filter(|step| *step > LONGEST_SLEEP);
        for (key, since) in &mut self.replaced {
            *since = since.after(step.unwrap_or_default()).min(now);
            shelf.put(Kind::Renewal, key, &since.0.to_le_bytes());
            self.changed = true;
        }
    }

    /// Renews all that a device knows that was removed since this was last done.
    fn renew(&mut self, dice: &mut Dice, shelf: &mut dyn Shelf) {
        let Some(rosters) = self.rosters.get(&self.me.account) else { return };
        let (removals, signed) = (Removals::of(rosters.roster()), rosters.newest().clone());
        if self.renewed == Some(removals) || !self.is_listed() || !rosters.settled() {
            return;
        }
        shelf.put(Kind::Renewal, &[], &wire::encode(&removals));
        if self.renewed.replace(removals).is_none() {
            return; // a new device was given secrets that know of all removals
        }
        self.cancel_open(shelf);
        let mut said = Vec::new();
        let own = self.me.account;
        for account in self.accounts().into_iter().filter(|a| *a != own).chain([own]) {
            if !self.is_renewed(account) {
                said.push(self.renew_with(account, &signed, dice, shelf));
            }
            let hellos = self.shared(account).into_iter().filter(|shared| shared.open).skip(1);
            for shared in hellos.collect::<Vec<_>>() {
                self.replace(account, shared.id, shelf);
            }
        }
        // own devices hear of all renewals before their own ends the link
        let frames = map_frames(said.iter().cloned());
        self.effects.extend(frames.into_iter().map(|frame| Effect::Tell(Audience::Own, frame)));
        for account in said.iter().filter_map(|record| record.key.first_chunk().copied()) {
            let renewal = self.renewal(AccountId(account)).map(Frame::Renewal);
            let tell = |frame| Effect::Tell(Audience::Account(AccountId(account)), frame);
            self.effects.extend(renewal.map(tell));
        }
    }

    /// Whether what is shared was renewed by an own device that knew of all removals.
    fn is_renewed(&self, account: AccountId) -> bool {
        let Some(rosters) = self.rosters.get(&self.me.account) else { return false };
        let roster = self.renewal(account).and_then(|renewal| Roster::stored(&renewal.roster).ok());
        roster.is_some_and(|known| {
            known.account == self.me.account
                && known.epoch == rosters.roster().epoch
                && known.removed.is_superset(&rosters.roster().removed)
        })
    }

    fn renew_with(
        &mut self,
        account: AccountId,
        roster: &Signed,
        dice: &mut Dice,
        shelf: &mut dyn Shelf,
    ) -> MapRecord {
        let counter = self.number(account).saturating_add(1).min(MAX_COUNTER);
        let accounts = [&self.me.account, &account];
        let (secret, key) = (Secret(dice.roll()), &self.me.device_key);
        let renewal = Renewal::sign(accounts, roster, counter, secret, key);
        let key = secret_key(&account, &secret_id(&renewal.secret));
        self.changed = true;
        self.map.say(Topic::Renewal, &key, Some(wire::encode(&renewal)), shelf)
    }

    /// The highest number that counts. If none does, for all are void and what was before them is
    /// forgotten, the highest of all: the other side may remember more.
    fn number(&self, account: AccountId) -> u64 {
        let [counting, void] = self.renewals(account);
        counting.first().or(void.first()).map_or(0, |(_, renewal)| renewal.counter)
    }

    /// All accounts with which something is shared.
    fn accounts(&self) -> BTreeSet<AccountId> {
        let values = |topic| self.map.values(topic).map(|(key, _)| key);
        let keys = values(Topic::Secret).chain(values(Topic::Renewal));
        keys.filter_map(|key| key.first_chunk().copied().map(AccountId)).collect()
    }

    /// Remembers since when secrets are replaced, and forgets those that were for long enough.
    fn retire(&mut self, now: Time, shelf: &mut dyn Shelf) {
        for account in self.accounts() {
            for (place, Shared { id, open, .. }) in self.shared(account).into_iter().enumerate() {
                let key = secret_key(&account, &id);
                match self.replaced.get(&key).copied() {
                    _ if open => self.unmark(&key, shelf),
                    _ if place >= MAX_SHARED => {
                        // a friend who renews without end leaves nothing behind
                        self.map.forget(Topic::Secret, &key, shelf);
                        self.map.forget(Topic::Renewal, &key, shelf);
                        self.unmark(&key, shelf);
                    }
                    Some(since) if since.after(MEMORY) <= now => {
                        self.drop_secret(account, id, shelf);
                    }
                    Some(_) => {}
                    None => {
                        self.replaced.insert(key.clone(), now);
                        shelf.put(Kind::Renewal, &key, &now.0.to_le_bytes());
                        self.changed = true;
                    }
                }
            }
        }
    }

    /// Forgets a secret, here and at the other own devices.
    pub(super) fn drop_secret(&mut self, account: AccountId, id: SecretId, shelf: &mut dyn Shelf) {
        let key = secret_key(&account, &id);
        for topic in [Topic::Secret, Topic::Renewal] {
            if self.map.value(topic, &key).is_some() {
                self.record(topic, &key, None, shelf);
            }
        }
        self.unmark(&key, shelf);
    }

    /// A secret is not a replaced one any more.
    fn unmark(&mut self, key: &[u8], shelf: &mut dyn Shelf) {
        if self.replaced.remove(key).is_some() {
            shelf.delete(Kind::Renewal, key);
        }
    }

    /// When the next replaced secret is to be forgotten.
    pub(super) fn next_retirement(&self) -> Option<Time> {
        self.replaced.values().min().map(|since| since.after(MEMORY))
    }
}
