//! What was read: up to where in each log, agreed between own devices, and whether friends are told.
//!
//! A mark only moves forward: of two own devices the one that read further is right, whichever
//! spoke last. Friends are told nothing unless their person wants it, for what was told once cannot
//! be taken back.

use alloc::vec::Vec;

use super::{Effect, News, People};
use crate::{
    id::{ConversationId, DeviceId, LogId, Seq},
    store::Shelf,
    wire::Topic,
};

/// The setting's name.
const TELLS_READ: &[u8] = b"tells read";

impl People {
    /// Up to where each log was read.
    pub fn marks(&self) -> impl Iterator<Item = (LogId, Seq)> {
        let all = self.map.values(Topic::ReadMark);
        all.filter_map(|(key, value)| Some((log_of(key)?, seq_of(value)?)))
    }

    /// A log was read up to there.
    pub fn mark(&mut self, log: LogId, upto: Seq, shelf: &mut dyn Shelf) {
        let key = [&log.conversation.0[..], &log.device.0].concat();
        if self.marked(&key) < upto {
            self.keep_mark(&key, upto, shelf);
            self.show_mark(log, upto);
        }
    }

    fn keep_mark(&mut self, key: &[u8], upto: Seq, shelf: &mut dyn Shelf) {
        self.record(Topic::ReadMark, key, Some(upto.0.to_le_bytes().to_vec()), shelf);
    }

    /// Up to where the log of this key was read.
    pub(super) fn marked(&self, key: &[u8]) -> Seq {
        self.map.value(Topic::ReadMark, key).and_then(seq_of).unwrap_or_default()
    }

    /// Another own device told a mark. If it had read less far than we, it is told so.
    pub(super) fn take_mark(&mut self, key: &[u8], before: Seq, shelf: &mut dyn Shelf) {
        let upto = self.marked(key);
        if upto < before {
            self.keep_mark(key, before, shelf);
        } else {
            log_of(key).into_iter().for_each(|log| self.show_mark(log, upto));
        }
    }

    fn show_mark(&mut self, log: LogId, upto: Seq) {
        if self.tells_read() {
            self.effects.push_back(Effect::Read(log, upto));
        }
        let friend = self.friend(log.conversation);
        self.effects.extend(friend.map(|friend| Effect::News(News::Friend(friend))));
    }

    /// Whether friends are told what was read; at first they are not.
    pub fn tells_read(&self) -> bool {
        self.map.value(Topic::Setting, TELLS_READ) == Some(&[1])
    }

    /// Tells friends what was read, or tells them no more.
    pub fn tell_read(&mut self, tell: bool, shelf: &mut dyn Shelf) {
        self.record(Topic::Setting, TELLS_READ, Some(Vec::from([u8::from(tell)])), shelf);
        self.follow_settings();
    }

    /// A setting may be another one now.
    pub(super) fn follow_settings(&mut self) {
        let tells = self.tells_read();
        let told: Vec<_> =
            self.marks().map(|(log, upto)| (log, if tells { upto } else { Seq(0) })).collect();
        self.effects.extend(told.into_iter().map(|(log, upto)| Effect::Read(log, upto)));
    }
}

fn log_of(key: &[u8]) -> Option<LogId> {
    let (conversation, device) = key.split_at_checked(32)?;
    let conversation = ConversationId::parse(conversation)?;
    Some(LogId { conversation, device: DeviceId::parse(device)? })
}

fn seq_of(value: &[u8]) -> Option<Seq> {
    value.try_into().ok().map(u64::from_le_bytes).map(Seq)
}
