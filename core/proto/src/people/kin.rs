//! How own devices agree, and what any device is told when a link with it comes up: what the
//! handshake showed may have changed since.
//!
//! Own devices compare a digest of all that they must agree on; if it differs, each tells the
//! other everything once, then changes as they come.

use alloc::vec::Vec;

use prost::Message as _;

use super::{
    Audience, Effect, News, People,
    account::{Roster, Rosters},
    card::Card,
};
use crate::{
    id::AccountId,
    seal::{self, Context},
    store::Shelf,
    wire::{Frame, MapRecord, Signed, Topic},
};

/// So many bytes of records go into one frame.
const MAP_CHUNK: usize = 48 << 10;

impl People {
    /// Says something in the map, here and to the other own devices.
    pub(super) fn record(
        &mut self,
        topic: Topic,
        key: &[u8],
        value: Option<Vec<u8>>,
        shelf: &mut dyn Shelf,
    ) {
        let record = self.map.say(topic, key, value, shelf);
        self.changed |= topic != Topic::ReadMark;
        let frame = Frame::Map(alloc::vec![record]);
        self.effects.push_back(Effect::Tell(Audience::Own, frame));
    }

    /// What a device is told when a link with it comes up. What is known of its own account goes
    /// back to it, for its disk may have been set back.
    pub fn greeting(&self, account: AccountId) -> Vec<Frame> {
        if account == self.me.account {
            return alloc::vec![Frame::MapDigest(self.digest())];
        }
        let Some(own) = self.rosters.get(&self.me.account) else { return Vec::new() };
        let cards = self.cards_of(self.me.account).chain(self.cards_of(account));
        let rosters = [own].into_iter().chain(self.rosters.get(&account));
        let mut frames: Vec<_> = rosters.map(|r| Frame::Roster(r.newest().clone())).collect();
        frames.extend(cards.map(|(_, signed)| Frame::Card(signed.clone())));
        frames.extend(self.told_secrets(account));
        frames
    }

    /// Which secrets an account is told that we hold: one of several is to be dropped.
    pub(super) fn told_secrets(&self, account: AccountId) -> Option<Frame> {
        let open = self.shared(account).into_iter().filter(|shared| shared.open);
        let open: Vec<_> = open.map(|shared| shared.id).collect();
        (open.len() > 1).then_some(Frame::Secrets(open))
    }

    /// A device of `peer` tells a roster.
    pub fn hear_roster(&mut self, peer: AccountId, signed: &Signed, shelf: &mut dyn Shelf) {
        if !self.rosters.values().any(|rosters| rosters.signed().any(|known| known == signed))
            && let Ok(roster) = Roster::open(signed)
            && self.may_tell(peer, roster.account)
        {
            self.take_roster(roster.account, signed, shelf);
        }
    }

    /// Another own device has a map of this digest: if ours differs, it is told all of it.
    pub fn compare(&mut self, peer: AccountId, digest: &[u8; 32]) {
        if peer != self.me.account || self.digest() == *digest {
            return;
        }
        let mut frames = map_frames(self.map.records().cloned());
        let rosters = self.shared_rosters().flat_map(Rosters::signed);
        frames.extend(rosters.map(|signed| Frame::Roster(signed.clone())));
        frames.extend(self.shared_cards().map(|(_, signed)| Frame::Card(signed.clone())));
        self.effects.extend(frames.into_iter().map(|f| Effect::Tell(Audience::Own, f)));
    }

    /// The digest of what own devices must agree on.
    fn digest(&self) -> [u8; 32] {
        let mut fields: Vec<Vec<u8>> = self.map.records().map(MapRecord::encode_to_vec).collect();
        fields.extend(self.shared_rosters().map(|rosters| rosters.roster().encode()));
        fields.extend(self.shared_cards().map(|(_, signed)| signed.bytes.clone()));
        let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
        seal::derive(Context::MapDigest, &fields)
    }

    /// What is known of one's own account and of everybody who was ever a friend.
    fn shared_rosters(&self) -> impl Iterator<Item = &Rosters> {
        let all = self.rosters.iter();
        all.filter(|(account, _)| self.may_tell(self.me.account, **account)).map(|(_, r)| r)
    }

    fn shared_cards(&self) -> impl Iterator<Item = &(Card, Signed)> {
        self.shared_rosters().flat_map(|rosters| self.cards_of(rosters.roster().account))
    }

    /// Another own device told records of the map. What is news is told on: some own device may
    /// be linked with us alone.
    pub fn take_records(
        &mut self,
        peer: AccountId,
        records: Vec<MapRecord>,
        shelf: &mut dyn Shelf,
    ) {
        if peer != self.me.account {
            return;
        }
        let mut news = Vec::new();
        for record in records {
            let (topic, key) = (Topic::try_from(record.topic), record.key.clone());
            let before = self.map.value(Topic::Friend, &key).is_some();
            let read = self.marked(&key);
            if !self.admits(&record, shelf) || !self.map.take(record.clone(), shelf) {
                continue;
            }
            news.push(record);
            self.changed |= topic != Ok(Topic::ReadMark);
            match (topic, key.as_slice().try_into()) {
                (Ok(Topic::ReadMark), _) => self.take_mark(&key, read, shelf),
                (Ok(Topic::Setting), _) => self.follow_settings(),
                (Ok(Topic::Label), _) => self.tell_devices_apart(shelf),
                (Ok(Topic::Friend), Ok(short)) => self.take_friend(short, before, shelf),
                (Ok(_) | Err(_), _) => {}
            }
        }
        if !news.is_empty() {
            self.effects.push_back(Effect::Tell(Audience::Own, Frame::Map(news)));
        }
    }

    /// Another own device told of a friend, who was one before or not.
    fn take_friend(&mut self, short: &[u8; 16], before: bool, shelf: &mut dyn Shelf) {
        if let Some(friend) = self.friend_with(short) {
            self.effects.push_back(Effect::News(News::Friend(friend)));
            self.tell_apart(short, shelf);
        } else if before {
            self.effects.push_back(Effect::News(News::Gone(self.conversation(short))));
        }
    }

    /// A friend's device told which of our secrets it holds: when both sides hold several of the
    /// same, the first stays. It is told so, for it may have got the last one after we told it.
    pub fn take_secrets(
        &mut self,
        account: AccountId,
        theirs: &[crate::SecretId],
        shelf: &mut dyn Shelf,
    ) {
        let open = self.shared(account).into_iter().filter(|shared| shared.open);
        let shared: Vec<_> = open.map(|s| s.id).filter(|id| theirs.contains(id)).collect();
        for id in shared.iter().skip(1) {
            self.drop_secret(account, *id, shelf);
        }
        if shared.len() > 1 {
            let frame = Frame::Secrets(shared);
            self.effects.push_back(Effect::Tell(Audience::Account(account), frame));
        }
    }
}

/// Records, in as many frames as they take.
pub(super) fn map_frames(records: impl Iterator<Item = MapRecord>) -> Vec<Frame> {
    let (mut frames, mut chunk, mut size) = (Vec::new(), Vec::new(), 0);
    for record in records {
        size += record.encoded_len() + 8;
        if size > MAP_CHUNK {
            frames.push(Frame::Map(core::mem::take(&mut chunk)));
            size = record.encoded_len() + 8;
        }
        chunk.push(record);
    }
    frames.push(Frame::Map(chunk));
    frames
}
