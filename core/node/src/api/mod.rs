//! The one API of every shell: `command` changes something, `query` reads, `events` tells.
//!
//! Over the socket in the home folder it is JSON-RPC 2.0, one object a line ([`rpc`]); the types
//! here are also TypeScript's. Times are Unix milliseconds, ids are lower-case hexadecimal, a
//! friend is named by the id of the conversation with him.

mod core;
pub mod rpc;

use serde::{Deserialize, Serialize};

pub(crate) use self::core::{Ask, View};
pub use self::core::{Core, Listener};

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
    /// End a friendship.
    Remove {
        /// With whom.
        friend: String,
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
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Query {
    /// Who we are, whom we know, how it goes.
    Status,
    /// Messages of a conversation.
    Log {
        /// With whom.
        friend: String,
        /// The last ones before this message; without, the last ones.
        before: Option<String>,
        /// How many at most, 1 to 1,000.
        limit: u32,
    },
    /// One message.
    Message {
        /// Its id, or how it begins, 8 digits at least.
        id: String,
    },
}

/// What a query is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To [`Query::Status`].
    Status(Status),
    /// To [`Query::Log`], oldest first.
    Log(Vec<Message>),
    /// To [`Query::Message`].
    Message(Message),
}

/// Who we are, whom we know, how it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Status {
    /// What this person is called.
    pub name: String,
    /// Where the secrets are kept: `keyring`, `passphrase` or `file`.
    pub vault: String,
    /// The program's version.
    pub version: String,
    /// Where this device may be dialled, as multiaddresses.
    pub addresses: Vec<String>,
    /// How often strangers came to nothing here since the start: handshakes, streams, letters.
    #[cfg_attr(test, ts(type = "number"))]
    pub turned_away: u64,
    /// Everybody, by name.
    pub friends: Vec<Friend>,
}

/// A friend, or who is to become one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Friend {
    /// The id of the conversation with him.
    pub id: String,
    /// What we call him; no other friend is called so.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
    /// Whether his code was scanned from his screen.
    pub verified: bool,
    /// Whether we hear nothing from him.
    pub blocked: bool,
    /// Whether a device of his is linked now.
    pub online: bool,
}

/// How it stands with a friend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// We wait for his answer.
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
    /// What it says; nothing if it is newer than this app.
    pub text: Option<String>,
    /// What became of it.
    pub state: State,
    /// When it was written, by its author's clock.
    #[cfg_attr(test, ts(type = "number"))]
    pub at: u64,
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
}

/// Something that happened. The first a subscriber hears is a snapshot, and again whenever it was
/// too slow to hear all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// All that is told by [`Query::Status`].
    Snapshot(Status),
    /// A message is there, or is shown elsewhere in its conversation.
    Message(Message),
    /// Our messages in a conversation reached a device of the friend: their states are other ones.
    Delivered {
        /// The conversation.
        friend: String,
    },
    /// A friend was made, or something about him changed.
    Friend(Friend),
    /// A friendship ended.
    FriendGone {
        /// Which.
        friend: String,
    },
    /// Somebody else tried an invite that was used before.
    InviteUsedAgain,
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

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path};

    use ts_rs::TS;

    use super::*;

    /// `BLESS=1` writes the file anew.
    #[test]
    fn typescript_knows_the_same_types() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/wire.ts");
        let cfg = ts_rs::Config::new();
        let types = [
            Command::decl(&cfg),
            InviteKind::decl(&cfg),
            Reply::decl(&cfg),
            Query::decl(&cfg),
            Answer::decl(&cfg),
            Status::decl(&cfg),
            Friend::decl(&cfg),
            Standing::decl(&cfg),
            Message::decl(&cfg),
            State::decl(&cfg),
            Event::decl(&cfg),
            Failure::decl(&cfg),
        ];
        let types: String = types.iter().map(|decl| format!("\nexport {decl}\n")).collect();
        let fresh =
            format!("// Generated from core/node/src/api/mod.rs; not to be edited.\n{types}");
        if env::var_os("BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &fresh).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), fresh);
    }
}
