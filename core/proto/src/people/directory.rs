//! Whom links may be made with, and by which secret: a snapshot for the connections' tasks.
//!
//! A claim is judged by what it proves: the Noise static that was used, a card that names it, a
//! roster that lists the card's device, and a secret of that account. A device not met before is
//! welcome if a roster no older than ours lists it. Nothing is remembered here: who is welcome
//! tells the node, which takes roster and card in and may still close the link.

use alloc::collections::BTreeMap;

use super::{People, account::Rosters, card::Card, renewal::Shared};
use crate::{
    id::{AccountId, DeviceId, SecretId},
    seal::{Context, Secret},
    time::Time,
    wire::{Greeting, Signed, VERSION},
};

/// What a link is made with.
#[derive(Clone, Debug)]
pub struct Directory {
    /// This device's Noise static.
    pub noise: Secret,
    /// Its account's roster.
    pub roster: Signed,
    /// Its card.
    pub card: Signed,
    /// The devices that may be called: their Noise statics, and the secret to use.
    pub devices: BTreeMap<DeviceId, ([u8; 32], SecretId)>,
    /// Who may call with which secret: the account and its link psk.
    pub secrets: BTreeMap<SecretId, (AccountId, Secret)>,
    /// What is known of those accounts.
    pub accounts: BTreeMap<AccountId, Rosters>,
}

/// How to call a device.
#[derive(Debug)]
pub struct Way<'a> {
    /// Whose device it is.
    pub account: AccountId,
    /// Its Noise static.
    pub noise: [u8; 32],
    /// The secret to name.
    pub secret: SecretId,
    /// The psk derived from it.
    pub psk: &'a Secret,
}

impl Directory {
    /// How to call this device, if it is a friend's or an own one.
    pub fn way(&self, device: DeviceId) -> Option<Way<'_>> {
        let &(noise, secret) = self.devices.get(&device)?;
        let (account, psk) = self.secrets.get(&secret)?;
        Some(Way { account: *account, noise, secret, psk })
    }

    /// What this device says of itself in a handshake; who opens a link names the secret.
    pub fn greeting(&self, secret: Option<SecretId>, clock: Time) -> Greeting {
        let (roster, card) = (self.roster.clone(), self.card.clone());
        Greeting { roster, card, clock, versions: alloc::vec![VERSION.into()], secret }
    }

    /// Who calls, and the psk to be proved: `noise` is the static that was proved, the rest is
    /// claimed.
    pub fn judge(
        &self,
        noise: &[u8; 32],
        said: &Greeting,
    ) -> Option<(AccountId, DeviceId, &Secret)> {
        let (account, psk) = self.secrets.get(&said.secret?)?;
        Some((*account, self.vouched(*account, noise, said)?, psk))
    }

    /// Which device of the account this is, if its roster, with what we know, says it is one.
    pub fn vouched(
        &self,
        account: AccountId,
        noise: &[u8; 32],
        said: &Greeting,
    ) -> Option<DeviceId> {
        let card = Card::open(&said.card).ok()?;
        let mut known = self.accounts.get(&account)?.clone();
        known.take(&said.roster).ok()?;
        (card.noise == *noise && known.roster().lists(&card)).then(|| card.device())
    }
}

impl People {
    /// Whom links may be made with now; nobody before there is a card of our own.
    pub(super) fn make_directory(&self) -> Option<Directory> {
        let (_, card) = self.cards.get(&self.me.device())?;
        let roster = self.rosters.get(&self.me.account)?.newest();
        let mut directory = Directory {
            noise: self.me.noise.clone(),
            roster: roster.clone(),
            card: card.clone(),
            devices: BTreeMap::new(),
            secrets: BTreeMap::new(),
            accounts: BTreeMap::new(),
        };
        for account in self.linked() {
            let Some(rosters) = self.rosters.get(&account) else { continue };
            let secrets = self.shared(account);
            let turn = self.turns.get(&account).copied().unwrap_or_default();
            let Some(named) = secrets.iter().cycle().nth(turn).map(|s| s.id) else { continue };
            for Shared { id, secret, .. } in secrets {
                directory.secrets.insert(id, (account, secret.derive(Context::LinkPsk)));
            }
            for (card, _) in self.cards_of(account) {
                directory.devices.insert(card.device(), (card.noise, named));
            }
            directory.accounts.insert(account, rosters.clone());
        }
        directory.devices.remove(&self.me.device());
        Some(directory)
    }

    /// A device could not be called: the next time with another secret, if there are several. One
    /// side may have dropped what the other still holds, or not heard that it was renewed.
    pub fn call_otherwise(&mut self, device: DeviceId) {
        let Some(account) = self.cards.get(&device).map(|(card, _)| card.account) else { return };
        let secrets = self.shared(account).len();
        if secrets > 1 {
            let turn = self.turns.entry(account).or_default();
            *turn = (*turn + 1) % secrets;
            self.changed = true;
        }
    }

    /// An account heard what was renewed, or told it: it is called with that.
    pub fn call_anew(&mut self, account: AccountId) {
        self.changed |= self.turns.remove(&account).is_some();
    }
}
