//! What the machine sees of its disk: the open transaction, as an argument.
//!
//! Reads go through the transaction, so a row written by this batch is seen by this batch. Calls
//! do not fail one by one: the shell remembers an error and fails the commit.

use alloc::{string::String, vec::Vec};

use crate::{
    id::{AccountId, ConversationId, EntryId, LogId, Seq},
    time::Time,
    wire::{Entry, Kind as EntryKind, Run},
};

/// A row of state: loaded by `Node::new`, never migrated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub key: Vec<u8>,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// Kinds of state. Numbers are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Kind {
    /// Rosters of an account, by [`crate::AccountId`].
    Roster = 1,
    /// The card of a device, by [`crate::DeviceId`].
    Card = 2,
    /// A record of the map between own devices, by topic and key.
    Map = 3,
    /// A hello of ours that waits for its answer, by invite tag.
    Hello = 4,
    /// What we answered to an invite of ours, by tag.
    Answer = 5,
    /// What we hold of a log, by conversation and device.
    Head = 6,
    /// What another device holds of a log, by conversation, log's device and that device.
    Have = 7,
    /// Where a device was reached, by device.
    Reached = 8,
    /// A text that is not sent yet, by conversation. The machine never reads it.
    Draft = 9,
    /// A device being added to the account, on either side.
    Adding = 10,
    /// Since when a secret is replaced, by account and id; without a key, which removals of own
    /// devices our secrets know of.
    Renewal = 11,
    /// Who this device is: its keys and the account's.
    Me = 12,
    /// A device that this one was before, by [`crate::DeviceId`].
    Former = 13,
}

/// What a person sees of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The entry.
    pub id: EntryId,
    /// Where.
    pub log: LogId,
    /// Its place there.
    pub seq: Seq,
    /// Its author.
    pub from: AccountId,
    /// When its author says it was written.
    pub at: Time,
    /// What it is sorted by, then by id: the same on every device.
    pub order: Time,
    /// Since when it is shown here.
    pub since: Time,
    /// How long it is kept from then on, in ms; 0 is for ever.
    pub keep_for: u64,
    /// What it answers.
    pub reply_to: Option<EntryId>,
    /// Whether its author wrote it anew.
    pub edited: bool,
    /// Who feels what about it, by account.
    pub reactions: Vec<(AccountId, String)>,
    /// What it says.
    pub shown: Shown,
}

/// What there is to see of a message.
#[derive(Clone, PartialEq, Eq)]
pub enum Shown {
    /// A text.
    Text(String),
    /// Something newer than this app.
    Newer,
    /// From here on texts are kept for so many ms; 0 is for ever.
    Expiry(u64),
    /// Its author took it back.
    Retracted,
    /// Its time is over, here or where it came from.
    Expired,
    /// What it says has yet to come.
    Lacking,
    /// Nothing: it acts on another one. Pages pass it over.
    Act,
}

impl Shown {
    /// What it says, if it is a text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Newer | Self::Expiry(_) | Self::Retracted => None,
            Self::Expired | Self::Lacking | Self::Act => None,
        }
    }
}

/// Texts are not for logs.
impl core::fmt::Debug for Shown {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Newer => "Newer",
            Self::Expiry(_) => "Expiry",
            Self::Retracted => "Retracted",
            Self::Expired => "Expired",
            Self::Lacking => "Lacking",
            Self::Act => "Act",
        })
    }
}

/// What counts of an account's acts of one kind on one entry: the one of the highest moment and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Where.
    pub conversation: ConversationId,
    /// On what; [`EntryId::NONE`] on the conversation itself.
    pub target: EntryId,
    /// Whose.
    pub from: AccountId,
    /// Which.
    pub kind: EntryKind,
    /// When its author says it was done.
    pub at: Time,
    /// The entry.
    pub id: EntryId,
    /// What it says; nothing if that is gone.
    pub content: Vec<u8>,
}

/// How far a piece of a log reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The last place in it.
    pub last: Seq,
    /// Its runs' bytes.
    pub bytes: u64,
}

/// The open transaction.
pub trait Shelf {
    /// Writes a row of state, over the one with its kind and key.
    fn put(&mut self, kind: Kind, key: &[u8], bytes: &[u8]);
    /// Removes a row of state.
    fn delete(&mut self, kind: Kind, key: &[u8]);
    /// Appends a run to its log; entries that are there already stay as they are.
    fn append(&mut self, run: &Run);
    /// Rewrites what is stored of an entry: with or without its body, as it is given.
    fn rewrite(&mut self, entry: &Entry);
    /// Shows a message, or shows it anew. Its reactions are not kept with it but as acts.
    fn show(&mut self, message: &Message);
    /// Keeps what counts of an account's acts of a kind, over what counted before.
    fn act(&mut self, act: &Act);
    /// What counts of the acts on an entry, by account and kind.
    fn acts(&self, conversation: ConversationId, target: EntryId) -> Vec<Act>;
    /// What is shown of an entry, also if that is nothing.
    fn find(&self, id: EntryId) -> Option<Message>;
    /// The entries at a place of a log: more than one where it forks.
    fn at(&self, log: LogId, seq: Seq) -> Vec<Entry>;
    /// The order of a shown message of the conversation whose id begins so.
    fn order(&self, conversation: ConversationId, id: [u8; 8]) -> Option<Time>;
    /// The entries of the conversation that name this one: their author had seen it, or they are
    /// edits of it.
    fn readers(&self, conversation: ConversationId, id: [u8; 8]) -> Vec<(LogId, Seq)>;
    /// The largest order on a page of the conversation; entries written next go behind it.
    fn latest(&self, conversation: ConversationId) -> Option<(Time, EntryId)>;
    /// The last place of a log whose message can be read, and stands no later on the page than this.
    fn shown_until(&self, log: LogId, order: Time, id: EntryId) -> Seq;
    /// How far whole runs behind `after` reach within `budget` bytes; at least one run, if any.
    fn span(&self, log: LogId, after: Seq, budget: u64) -> Option<Span>;
    /// Messages whose time is over, so many at most.
    fn expired(&self, now: Time, limit: usize) -> Vec<Message>;
    /// When the time of the next message is over.
    fn next_expiry(&self) -> Option<Time>;
    /// What is kept for a while, and shown since later than `after`, is shown since now.
    fn recount(&mut self, after: Time, now: Time);
}
