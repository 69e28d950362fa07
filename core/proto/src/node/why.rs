//! Why something did not happen: what every room can tell of it, put together.

use alloc::vec::Vec;

use super::Node;
use crate::{
    id::{ConversationId, DeviceId, LogId, Seq, Target},
    people::{Friend, card::Class},
    reach::Sought,
    talk::Share,
    time::Time,
};

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A friend, or who is to become one.
    Friend(ConversationId),
    /// An entry of a log.
    Entry(LogId, Seq),
}

/// All that the state proves of why nothing arrives, or what did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// How it stands with the friend.
    pub friend: Friend,
    /// His devices, as far as we have their cards.
    pub devices: Vec<Device>,
    /// Where his answer to us is looked for, and until when, while we wait for it.
    pub inviter: Vec<(Time, Sought)>,
    /// Whether the entry's log has different entries at one place.
    pub forked: bool,
}

/// How it stands with a friend's device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Which one.
    pub id: DeviceId,
    /// What it is.
    pub class: Class,
    /// How it is reached.
    pub sought: Sought,
    /// How many entries of ours it lacks.
    pub lacks: u64,
    /// How it stands with the entry there, if one of ours was asked about.
    pub share: Option<Share>,
}

impl Node {
    /// Why it stands with a friend, or with an entry, as it does; nothing if there is no friend.
    pub fn why(&self, subject: Subject, now: Time) -> Option<Why> {
        let (conversation, entry) = match subject {
            Subject::Friend(conversation) => (conversation, None),
            Subject::Entry(log, seq) => (log.conversation, Some((log, seq))),
        };
        let friend = self.people.friend(conversation)?;
        let ours =
            entry.filter(|(log, _)| self.people.vouches(self.people.me().account, log.device));
        let device = |(id, class)| Device {
            id,
            class,
            sought: self.reach.why(Target::Device(id), now),
            lacks: self.talk.lacks(id, conversation),
            share: ours.map(|(log, seq)| self.talk.share(id, log, seq)),
        };
        let devices = self.people.devices(&friend).map(device).collect();
        let invites = self.people.awaited(&friend);
        let inviter = invites.map(|(tag, end)| (end, self.reach.why(Target::Inviter(tag), now)));
        let inviter = inviter.collect();
        let forked = entry.is_some_and(|(log, _)| self.talk.is_forked(log));
        Some(Why { friend, devices, inviter, forked })
    }
}
