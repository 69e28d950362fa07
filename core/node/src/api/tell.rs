//! What shells are told: how it stands, what happened, and why something did not.

use serde::{Deserialize, Serialize};

/// Who we are, whom we know, how it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Status {
    /// What this person is called.
    pub name: String,
    /// Where the secrets are kept: `keyring`, `passphrase` or `file`.
    pub vault: String,
    /// Whether the recovery key is on this device: then a thief of it can become this person.
    pub recovery: bool,
    /// Whether friends are told what was read.
    pub tells_read: bool,
    /// Whether this device was removed from the account: it can only be read.
    pub removed: bool,
    /// The program's version.
    pub version: String,
    /// Where this device may be dialled, as multiaddresses.
    pub addresses: Vec<String>,
    /// How often strangers came to nothing here since the start: handshakes, streams, letters.
    #[cfg_attr(test, ts(type = "number"))]
    pub turned_away: u64,
    /// How many edits, retractions and reactions counted for nothing since the start: their authors
    /// had no right to them, or there was nothing to show.
    #[cfg_attr(test, ts(type = "number"))]
    pub ignored: u64,
    /// How much later than ours the clocks of all who are linked are, in ms: the nearest of them, if
    /// there are two at least and none agrees with ours.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub clock: Option<i64>,
    /// What is wrong with the disk, in a sentence, while it is.
    pub trouble: Option<String>,
    /// Everybody, by name.
    pub friends: Vec<Friend>,
    /// Whom friends would have us meet.
    pub offers: Vec<Offer>,
    /// Devices that this one was before; of each a person is to say whether it is gone.
    pub former: Vec<Former>,
}

/// A device that this one was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Former {
    /// Its id.
    pub device: String,
    /// Whether this one was made from a backup; if not, its disk was copied or set back.
    pub restored: bool,
}

/// Somebody whom a friend would have us meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Offer {
    /// Its id.
    pub id: String,
    /// The name of the friend who introduces.
    pub by: String,
    /// What that friend calls the one to meet.
    pub name: String,
    /// Whether we said yes, and wait for the other one.
    pub accepted: bool,
}

/// One's own devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Devices {
    /// All of them, this one first.
    pub devices: Vec<Device>,
    /// How many messages there are, as far as any of them told.
    #[cfg_attr(test, ts(type = "number"))]
    pub messages: u64,
    /// One more that is being added, or that this one is being added to.
    pub adding: Option<Adding>,
}

/// A device of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Device {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is: `phone`, `computer` or `server`; nothing before it was linked once.
    pub class: Option<String>,
    /// Whether it is this one.
    pub this: bool,
    /// Whether it is linked now.
    pub online: bool,
    /// The last moment of which it is known that it was linked, if it ever was.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub seen: Option<u64>,
    /// How many of the messages it holds, as far as we know.
    #[cfg_attr(test, ts(type = "number"))]
    pub holds: u64,
}

/// How far the adding of a device has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Adding {
    /// How far.
    pub step: Step,
    /// The six digits that both devices show.
    pub digits: Option<String>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// One device waits for the other.
    Waiting,
    /// Both show digits, to be compared.
    Compare,
    /// The person here said that they are the same; the other device is waited for.
    Agreed,
    /// It is added.
    Added,
    /// Not added: a person said no.
    Refused,
    /// Not added: two devices answered one code.
    Disturbed,
    /// Not added: ten minutes were over.
    Expired,
    /// Not added: the new device has a friend by now.
    Taken,
}

/// A friend, or who is to become one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Friend {
    /// The id of the conversation with him.
    pub id: String,
    /// What we call him; no other friend is called so.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// Whether his code was scanned from his screen, or his safety number compared.
    pub verified: bool,
    /// The name of the friend who introduced us.
    pub introduced_by: Option<String>,
    /// Twelve groups of five digits, the same at both, once we are friends.
    pub safety: Option<String>,
    /// Whether we hear nothing from him.
    pub blocked: bool,
    /// Whether a device of his is linked now.
    pub online: bool,
    /// How many of his messages are not read yet, 1,000 at most of each of his devices.
    pub unread: u32,
    /// For how many ms what is said from now on is kept; 0 is for ever.
    #[cfg_attr(test, ts(type = "number"))]
    pub keep_for: u64,
}

/// How it stands with a friend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// We wait for his answer.
    #[default]
    Waiting,
    /// We are friends.
    Friend,
    /// Somebody else had used his invite.
    UsedUp,
    /// His invite had expired.
    Expired,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Message {
    /// Its id.
    pub id: String,
    /// In which conversation.
    pub friend: String,
    /// Whether we wrote it.
    pub mine: bool,
    /// Who wrote it, by name.
    pub from: String,
    /// What there is to see of it.
    pub content: Content,
    /// What it says, if it is a text.
    pub text: Option<String>,
    /// Whether its author wrote it anew.
    pub edited: bool,
    /// What it answers.
    pub reply_to: Option<Quote>,
    /// Who feels what about it.
    pub reactions: Vec<Reaction>,
    /// How long it is kept from when it is first shown, in ms, or of a setting what it sets; 0 is for
    /// ever.
    #[cfg_attr(test, ts(type = "number"))]
    pub keep_for: u64,
    /// What became of it.
    pub state: State,
    /// When it was written, by its author's clock.
    #[cfg_attr(test, ts(type = "number"))]
    pub at: u64,
    /// Whether that clock was ahead: it came before it was written.
    pub clock_ahead: bool,
}

/// What there is to see of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A text.
    Text,
    /// Something newer than this app.
    Newer,
    /// How long texts are kept was set.
    Expiry,
    /// Its author took it back.
    TakenBack,
    /// Its time is over.
    Expired,
    /// It has yet to come.
    Lacking,
    /// An edit, a reaction or the like: shown by what it does to another message.
    Act,
}

/// What a message answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Quote {
    /// Its id.
    pub id: String,
    /// Who wrote it, by name; nobody if it is not here.
    pub from: String,
    /// What it says now, if it is here, and a text.
    pub text: Option<String>,
}

/// What somebody feels about a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reaction {
    /// Who, by name.
    pub from: String,
    /// Whether it is us.
    pub mine: bool,
    /// What.
    pub text: String,
}

/// A message that was searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Found {
    /// The message.
    pub message: Message,
    /// What of its text is around the first match, piece by piece.
    pub excerpt: Vec<Piece>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// Whether it matches.
    pub matches: bool,
}

/// What became of a message. What others wrote is delivered once it is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It cannot get there: the friend never became one.
    Failed,
    /// It is on our disk; no device of the friend is linked.
    Waiting,
    /// It is on its way on a link.
    Sending,
    /// A device of the friend has it on its disk.
    Delivered,
    /// The friend has read it, and lets us know.
    Read,
}

/// Something that happened. The first a subscriber hears is a snapshot, and again whenever it was
/// too slow to hear all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// All that is told by [`super::Query::Status`].
    Snapshot(Status),
    /// A message is there, or is shown otherwise than before.
    Message(Message),
    /// Our messages in a conversation reached a device of the friend, or he read them: their states
    /// are other ones.
    Delivered {
        /// The conversation.
        friend: String,
    },
    /// So much of a backup is written.
    Backup {
        /// Rows done.
        #[cfg_attr(test, ts(type = "number"))]
        done: u64,
        /// Of so many.
        #[cfg_attr(test, ts(type = "number"))]
        all: u64,
    },
    /// A friend was made, or something about him changed.
    Friend(Friend),
    /// A friendship ended.
    FriendGone {
        /// Which.
        friend: String,
    },
    /// Another key speaks for a friend: his safety number has to be compared again.
    Rekeyed(Friend),
    /// A friend would have us meet somebody.
    Offer(Offer),
    /// Own devices came or went.
    Devices,
    /// The adding of a device has come so far.
    Adding(Adding),
    /// Somebody else tried an invite that was used before.
    InviteUsedAgain,
    /// This device was removed from the account.
    Removed,
    /// Two different messages stand at one place of a device's log: it was copied, or cheats.
    Forked {
        /// The conversation.
        friend: String,
    },
}

/// Why something was not done or told: a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[error("{message}")]
pub struct Failure {
    /// JSON-RPC's code: -32600 to -32700 for what is no request, 1 for all else.
    pub code: i32,
    /// The sentence.
    pub message: String,
}

impl Failure {
    /// A request that makes sense but comes to nothing.
    pub fn new(message: impl ToString) -> Self {
        Self { code: 1, message: message.to_string() }
    }
}
