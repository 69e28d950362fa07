//! Who is who: this account, its devices, its friends, and how they became friends.
//!
//! ```text
//! accept ─> waiting ─(letter 2)─> friend          invite ─(letter 1)─> friend
//!              └─────(letter 2)─> used up, expired
//! ```
//!
//! A friend is a record in the map that own devices share; all that is known of his devices are
//! signed rosters and cards, kept and shown as they were received. Whatever of it changes is told
//! to those whom it concerns by [`Effect`]s.

pub mod account;
pub mod adding;
mod admit;
pub mod card;
pub mod device;
pub mod directory;
pub mod former;
mod friend;
pub mod hello;
mod introduce;
pub mod invite;
mod join;
mod kin;
mod marks;
mod meet;
pub mod own;
pub mod recovery;
pub mod removal;
mod renewal;
mod safety;
mod sign;
mod trust;

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use prost::Message as _;

use self::{
    account::Rosters,
    card::Card,
    device::{Adding, Step},
    directory::Directory,
    own::{Map, Me},
};
pub use self::{
    friend::{Friend, Standing},
    introduce::{IntroduceError, Offer},
};
use crate::{
    id::{AccountId, Asker, ConversationId, DeviceId, InviteTag, LogId, Seq, Target},
    store::{Kind, Record, Shelf},
    time::Time,
    wire::{self, Address, Frame, Invalid, Signed, letter::MAX_LETTER},
};

/// What the node should do about something in this room.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Say this on the links to these.
    Tell(Audience, Frame),
    /// A person should know.
    News(News),
    /// A letter that came is answered; with nothing, its bearer is turned away.
    Answer(Asker, Option<Vec<u8>>),
    /// A log was read up to there, and friends may know.
    Read(LogId, Seq),
    /// This device is another one from now on: a new machine is to be made from the disk.
    Anew,
}

/// Whom something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Own devices.
    Own,
    /// Own devices and all friends'.
    All,
    /// The devices of an account.
    Account(AccountId),
    /// Own devices and those of an account.
    Kin(AccountId),
}

/// What a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A friend was made, or something about him changed.
    Friend(Friend),
    /// A friend is none any more.
    Gone(ConversationId),
    /// Somebody else came with an invite that a friend had used before.
    InviteUsedAgain(InviteTag),
    /// Another key speaks for a friend: what was compared has to be compared again.
    Rekeyed(Friend),
    /// A friend would have us meet somebody.
    Offer(Offer),
    /// So far the adding of a device has come.
    Adding(Step),
    /// This device was removed from its account.
    Removed,
}

/// The state of this room.
#[derive(Debug)]
pub struct People {
    me: Me,
    rosters: BTreeMap<AccountId, Rosters>,
    cards: BTreeMap<DeviceId, (Card, Signed)>,
    map: Map,
    waiting: BTreeMap<InviteTag, hello::Waiting>,
    answered: BTreeMap<InviteTag, meet::Answered>,
    adding: Adding,
    /// The keys behind the tags shown on the local network.
    shown: Vec<[u8; 32]>,
    /// What to do next.
    pub(crate) effects: VecDeque<Effect>,
    /// Whether something changed since the directory was last asked for.
    pub(crate) changed: bool,
    /// Which of several secrets to call an account with: they are tried in turn.
    turns: BTreeMap<AccountId, usize>,
    /// Whether this run of the program said where it is.
    placed: bool,
    /// Whether it went beyond a card of this device that it did not hold, since a link last came up.
    outdone: bool,
    /// The devices that this one was before, until somebody says what is with them.
    former: BTreeMap<DeviceId, former::Since>,
    /// The removals that our secrets know of.
    renewed: Option<renewal::Removals>,
    /// Since when secrets are replaced, by account and id.
    replaced: BTreeMap<Vec<u8>, Time>,
    /// When the last batch ended.
    settled: Time,
    /// When the first invite ends, or its seed or a secret is to be erased, by what last changed.
    pub(crate) next_end: Option<Time>,
}

impl People {
    /// This device, before its state is loaded.
    pub fn new(me: Me) -> Self {
        Self {
            map: Map::new(me.device()),
            me,
            rosters: BTreeMap::new(),
            cards: BTreeMap::new(),
            waiting: BTreeMap::new(),
            answered: BTreeMap::new(),
            adding: Adding::default(),
            shown: Vec::new(),
            effects: VecDeque::new(),
            changed: true,
            turns: BTreeMap::new(),
            placed: false,
            outdone: false,
            former: BTreeMap::new(),
            renewed: None,
            replaced: BTreeMap::new(),
            settled: Time::default(),
            next_end: None,
        }
    }

    /// Takes a row of state; rows of other rooms, and damaged ones, are passed over.
    pub fn load(&mut self, record: &Record) {
        match record.kind {
            Kind::Roster => {
                let rosters = Rosters::parse(&record.bytes);
                self.rosters.extend(rosters.map(|rosters| (rosters.roster().account, rosters)));
            }
            Kind::Card => {
                let signed = Signed::parse(&record.bytes).ok();
                let card = signed.and_then(|signed| Some((Card::stored(&signed).ok()?, signed)));
                self.cards.extend(card.map(|card| (card.0.device(), card)));
            }
            Kind::Map => self.map.load(&record.bytes),
            Kind::Hello => {
                let waiting = hello::Waiting::parse(&record.bytes);
                self.waiting.extend(waiting.map(|waiting| (waiting.invite.tag(), waiting)));
            }
            Kind::Answer => {
                let tag = InviteTag::parse(&record.key);
                let answered = wire::decode(&record.bytes, 2 * MAX_LETTER).ok();
                self.answered.extend(tag.zip(answered));
            }
            Kind::Adding => self.adding.load(record),
            Kind::Former => self.load_former(record),
            Kind::Renewal => self.load_renewal(&record.key, &record.bytes),
            Kind::Head | Kind::Have | Kind::Reached | Kind::Draft | Kind::Me => {}
        }
    }

    /// Whom links may be made with, if that changed since this was last asked.
    pub fn directory(&mut self) -> Option<Directory> {
        if !core::mem::take(&mut self.changed) {
            return None;
        }
        let ends = self.invites().map(|invite| meet::end(&invite));
        self.next_end = ends.chain(self.adding.due()).chain(self.next_retirement()).min();
        self.make_directory()
    }

    /// Whom we want to reach, and where they say they are.
    pub fn sought(&self) -> impl Iterator<Item = (Target, Vec<Address>)> {
        let device = |card: &Card| Target::Device(card.device());
        let devices = self.callable().map(move |card| (device(card), card.addresses.clone()));
        let listed = self.is_listed();
        let invites = self.asking().filter(move |_| listed).map(|waiting| &waiting.invite);
        devices.chain(invites.map(|i| (Target::Inviter(i.tag()), i.addresses.clone())))
    }

    /// The cards of the devices that may be called.
    fn callable(&self) -> impl Iterator<Item = &Card> {
        let all = self.linked().flat_map(|account| self.cards_of(account));
        all.map(|(card, _)| card).filter(|card| card.key != self.me.key())
    }

    /// The cards of an account's devices, as far as we have them.
    fn cards_of(&self, account: AccountId) -> impl Iterator<Item = &(Card, Signed)> {
        let devices =
            self.rosters.get(&account).into_iter().flat_map(|r| r.roster().devices.keys());
        devices.filter_map(|device| self.cards.get(device))
    }

    /// This device's keys.
    pub fn me(&self) -> &Me {
        &self.me
    }

    /// The newest roster of this account, as others may be shown it.
    pub fn roster(&self) -> Option<Signed> {
        self.rosters.get(&self.me.account).map(|rosters| rosters.newest().clone())
    }

    /// What this person is called.
    pub fn name(&self) -> &str {
        self.rosters.get(&self.me.account).map_or("", |r| r.roster().name.as_str())
    }

    /// Calls this person something else.
    ///
    /// # Errors
    /// [`Invalid`] if the name is empty or too long.
    pub fn rename(&mut self, name: &str, shelf: &mut dyn Shelf) -> Result<(), Invalid> {
        let mut roster = self.rosters.get(&self.me.account).ok_or(Invalid)?.roster().clone();
        roster.name = friend::tidy(name).ok_or(Invalid)?;
        self.sign(roster, shelf);
        Ok(())
    }

    /// Signs a roster as the next version of our own.
    fn sign(&mut self, mut roster: account::Roster, shelf: &mut dyn Shelf) {
        roster.version = roster.version.saturating_add(1);
        let signed = roster.sign(&self.me.account_key);
        self.take_roster(self.me.account, &signed, shelf);
    }

    /// Says where this device may be dialled, once at least in a run of the program and by the
    /// time: a card from before this disk was set back is an older one.
    pub fn move_to(&mut self, addresses: &[Address], now: Time, shelf: &mut dyn Shelf) {
        let Some((card, _)) = self.cards.get(&self.me.device()) else { return };
        let travel = addresses.iter().filter(|a| a.travels());
        let addresses: Vec<_> =
            travel.take(card::MAX_ADDRESSES).map(|a| Address { zone: None, ..*a }).collect();
        if !core::mem::replace(&mut self.placed, true) || card.addresses != addresses {
            let version = card.version.saturating_add(1).max(now.0);
            let card = Card { version, addresses, ..card.clone() };
            let signed = card.sign(&self.me.device_key);
            self.keep_card(card, signed, shelf);
        }
    }

    /// Where this device may be dialled.
    fn addresses(&self) -> &[Address] {
        self.cards.get(&self.me.device()).map_or(&[], |(card, _)| &card.addresses)
    }

    /// Takes in a roster of an account that we know; whether it is one of it.
    pub fn take_roster(
        &mut self,
        account: AccountId,
        signed: &Signed,
        shelf: &mut dyn Shelf,
    ) -> bool {
        let key = self.rosters.get(&account).map(|rosters| rosters.roster().account_key());
        let listed = self.is_listed();
        match self.take_known(account, signed) {
            Ok(true) => {}
            Ok(false) => return true,
            Err(Invalid) => return false,
        }
        let Some(rosters) = self.rosters.get(&account) else { return false };
        shelf.put(Kind::Roster, &account.0, &rosters.encode());
        self.changed = true;
        let frame = Frame::Roster(rosters.newest().clone());
        let rekeyed = key.is_some_and(|key| key != rosters.roster().account_key());
        let merge = (!rosters.settled()).then(|| rosters.roster().clone());
        self.effects.push_back(Effect::Tell(self.concerned(account), frame));
        self.follow_name(account, shelf);
        if rekeyed {
            self.rekeyed(account, shelf);
        }
        if listed && !self.is_listed() {
            self.effects.push_back(Effect::News(News::Removed));
        }
        if let Some(merged) = merge.filter(|_| account == self.me.account && self.is_listed()) {
            self.sign(merged, shelf);
        }
        true
    }

    /// Who is told of an account's devices: all of our own; of a friend's, own devices and his.
    fn concerned(&self, account: AccountId) -> Audience {
        if account == self.me.account { Audience::All } else { Audience::Kin(account) }
    }

    fn take_known(&mut self, account: AccountId, signed: &Signed) -> Result<bool, Invalid> {
        if let Some(rosters) = self.rosters.get_mut(&account) {
            return rosters.take(signed);
        }
        let rosters = Rosters::new(signed.clone())?;
        if rosters.roster().account != account {
            return Err(Invalid);
        }
        self.rosters.insert(account, rosters);
        Ok(true)
    }

    /// Takes in a card that a device of `peer` shows, if a roster lists its device and it is newer
    /// than ours; of two of one version, which copies of a device may sign, the larger one. One that
    /// we know was checked before.
    pub fn take_card(&mut self, peer: AccountId, signed: &Signed, shelf: &mut dyn Shelf) {
        if self.cards.values().any(|(_, known)| known == signed) {
            return;
        }
        let Ok(card) = Card::open(signed) else { return };
        let device = card.device();
        let of = |card: &Card, signed: &Signed| (card.version, signed.bytes.clone());
        let known = self.cards.get(&device).map(|(known, by)| of(known, by));
        let newer = known < Some(of(&card, signed)) && self.vouches(card.account, device);
        if newer && device == self.me.device() {
            self.outdo(card.version, shelf);
        } else if newer && self.may_tell(peer, card.account) {
            self.keep_card(card, signed.clone(), shelf);
        }
    }

    /// Others hold a card of this device that it does not: its disk was set back, or copied, and
    /// they would refuse what it says of itself. Once a link, for a copy does the same.
    fn outdo(&mut self, version: u64, shelf: &mut dyn Shelf) {
        if let Some((card, _)) = self.cards.get(&self.me.device())
            && !core::mem::replace(&mut self.outdone, true)
        {
            let card = Card { version: version.saturating_add(1), ..card.clone() };
            let signed = card.sign(&self.me.device_key);
            self.keep_card(card, signed, shelf);
        }
    }

    fn keep_card(&mut self, card: Card, signed: Signed, shelf: &mut dyn Shelf) {
        let (device, ours) = (card.device(), card.account == self.me.account);
        let audience = if ours { Audience::All } else { Audience::Own };
        shelf.put(Kind::Card, &device.0, &signed.encode_to_vec());
        self.cards.insert(device, (card, signed.clone()));
        self.changed = true;
        self.effects.push_back(Effect::Tell(audience, Frame::Card(signed)));
        self.device_came(device, shelf);
    }
}
