//! What shells ask: commands and queries, and what they are answered.

use serde::{Deserialize, Serialize};

use super::{
    Devices, Found, Friend, Message, Status,
    why::{Subject, Why},
};

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Call this person so: 1 to 64 bytes.
    SetName {
        /// The name.
        name: String,
    },
    /// Make an invite.
    Invite {
        /// How it is handed over.
        kind: InviteKind,
        /// For how many seconds it is good; without, as long as its kind should be.
        ttl: Option<u32>,
    },
    /// Answer an invite.
    Accept {
        /// Its text.
        text: String,
    },
    /// Say something to a friend: 1 byte to 32 KiB.
    Send {
        /// To whom.
        friend: String,
        /// What.
        text: String,
    },
    /// Answer a message: 1 byte to 32 KiB.
    Reply {
        /// Its id.
        message: String,
        /// What to say.
        text: String,
    },
    /// Write a message of one's own anew: 1 byte to 32 KiB.
    Edit {
        /// Its id.
        message: String,
        /// What it says from now on.
        text: String,
    },
    /// Take a message of one's own back.
    Retract {
        /// Its id.
        message: String,
    },
    /// Say what one feels about a message, in the place of what one felt before.
    React {
        /// Its id.
        message: String,
        /// One emoji or letter; nothing to feel nothing any more.
        reaction: String,
    },
    /// Set for how long texts of a conversation are kept, on both sides, from now on.
    Expire {
        /// With whom.
        friend: String,
        /// So many seconds from when each is first shown; 0 is for ever.
        seconds: u32,
    },
    /// Say that a message was read, and all before it.
    Read {
        /// Its id.
        message: String,
    },
    /// Tell friends what was read, or tell them no more.
    TellRead {
        /// Whether to.
        tell: bool,
    },
    /// Keep what a person began to write to a friend, in the place of what was kept: 32 KiB at
    /// most. Sending something empties it.
    Draft {
        /// To whom.
        friend: String,
        /// What; empty for nothing.
        text: String,
    },
    /// Call a friend so.
    Rename {
        /// Whom.
        friend: String,
        /// The name, no other friend's.
        name: String,
    },
    /// Hear nothing from a friend any more, or hear him again.
    Block {
        /// Whom.
        friend: String,
        /// Whether to.
        blocked: bool,
    },
    /// A device that this one was before is not gone: somebody uses it, and it stays.
    KeepDevice {
        /// Its id.
        device: String,
    },
    /// End a friendship.
    Remove {
        /// With whom.
        friend: String,
    },
    /// Have a device of one's own no more, for it is lost.
    RemoveDevice {
        /// Its id.
        device: String,
    },
    /// Show the words of the recovery key.
    RecoveryWords,
    /// Erase the recovery key from this device.
    ForgetRecovery,
    /// Recover the account: this device stays, all others are removed.
    Recover {
        /// The words of the recovery key.
        words: String,
    },
    /// Say that a friend's safety number was compared, and is the same.
    Verify {
        /// Whose.
        friend: String,
    },
    /// Bring two friends together; both are asked.
    Introduce {
        /// One.
        friend: String,
        /// The other.
        to: String,
    },
    /// Make this device, which has no friends yet, one of another person's: answer an invite for a
    /// device.
    Join {
        /// Its text.
        text: String,
        /// What the device is to be called; without a name, by its class.
        name: String,
    },
    /// Say whether both devices show the same digits. "No" ends what is under way.
    Confirm {
        /// Whether they do.
        same: bool,
    },
    /// Call this device so, among one's own.
    NameDevice {
        /// The name, no other own device's.
        name: String,
    },
    /// Answer a friend's offer to meet somebody.
    Meet {
        /// Which [`super::Offer`].
        offer: String,
        /// Whether to.
        yes: bool,
    },
}

/// How an invite is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum InviteKind {
    /// As text or picture over whatever carries it: good for seven days.
    Link,
    /// Shown on a screen and scanned there: good for ten minutes.
    Screen,
    /// For a device of one's own: good for ten minutes, whatever is asked for.
    Own,
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done.
    Done,
    /// The invite's text.
    Invite(String),
    /// The friend to be.
    Friend(Friend),
    /// The id of the message, which is on disk.
    Sent(String),
    /// The words of the recovery key.
    Words(String),
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Query {
    /// Who we are, whom we know, how it goes.
    Status,
    /// One's own devices.
    Devices,
    /// Messages of a conversation.
    Log {
        /// With whom.
        friend: String,
        /// Which.
        #[serde(default)]
        page: Page,
        /// How many at most, 1 to 1,000.
        limit: u32,
    },
    /// One message.
    Message {
        /// Its id, or how it begins, 8 digits at least.
        id: String,
    },
    /// Messages that have all of these words, or words that begin so, the newest first.
    Search {
        /// What was typed.
        text: String,
        /// With whom; without, with everybody.
        friend: Option<String>,
        /// How many at most, 1 to 1,000.
        limit: u32,
    },
    /// What a person began to write to a friend.
    Draft {
        /// To whom.
        friend: String,
    },
    /// Why something does not arrive, or whether it did.
    Why(Subject),
    /// What somebody who helps wants to know, with nothing that tells who anybody is.
    Bundle,
    /// Writes all there is into one encrypted file; [`super::Event::Backup`] tells how far it is.
    Backup {
        /// Where, from the root.
        file: String,
        /// What opens it.
        passphrase: Passphrase,
    },
}

/// What opens a backup.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Passphrase(pub String);

/// It is not for logs.
impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

/// Which messages of a conversation; a message is named by its id or how that begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// The last ones.
    #[default]
    Newest,
    /// The first ones.
    Oldest,
    /// The last ones before a message.
    Before(String),
    /// The first ones after a message.
    After(String),
    /// A message, and those around it.
    Around(String),
}

/// What a query is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To [`Query::Status`].
    Status(Status),
    /// To [`Query::Devices`].
    Devices(Devices),
    /// To [`Query::Log`], oldest first.
    Log(Vec<Message>),
    /// To [`Query::Message`].
    Message(Message),
    /// To [`Query::Search`].
    Found(Vec<Found>),
    /// To [`Query::Draft`]; empty if there is none.
    Draft(String),
    /// To [`Query::Why`].
    Why(Why),
    /// To [`Query::Bundle`].
    Bundle(String),
    /// To [`Query::Backup`]: it is written, and was read back.
    Saved,
}
