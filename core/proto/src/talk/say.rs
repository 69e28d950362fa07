//! Saying: what a person may say, and how it becomes an entry.

use alloc::{string::String, vec::Vec};

use super::{Talk, fold};
use crate::{
    dice::Dice,
    id::{ConversationId, EntryId, Hash, LogId, Seq},
    store::{Act, Message, Shelf, Shown},
    time::Time,
    wire::{
        Body, Head, Kind, Unsigned,
        entry::{MAX_REACTION, MAX_TEXT},
    },
};

/// Something to say in a conversation.
#[derive(Clone, PartialEq, Eq)]
pub enum Saying {
    /// A text, which may answer a message.
    Text(String, Option<EntryId>),
    /// Another text for one's own message.
    Edit(EntryId, String),
    /// One's own message is taken back.
    Retract(EntryId),
    /// What one feels about a message; nothing takes that back.
    React(EntryId, String),
    /// Texts are kept for so many ms from now on; 0 is for ever.
    Expire(u64),
}

impl Saying {
    /// The message that it is about.
    pub fn target(&self) -> Option<EntryId> {
        match self {
            Self::Edit(target, _) | Self::Retract(target) | Self::React(target, _) => Some(*target),
            Self::Text(_, target) => *target,
            Self::Expire(_) => None,
        }
    }
}

/// Texts are not for logs.
impl core::fmt::Debug for Saying {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Text(..) => "Text",
            Self::Edit(..) => "Edit",
            Self::Retract(_) => "Retract",
            Self::React(..) => "React",
            Self::Expire(_) => "Expire",
        })
    }
}

/// Why something cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SayError {
    /// There is nothing in it.
    #[error("the text is empty; write something")]
    Empty,
    /// It is longer than a message may be.
    #[error("the text is longer than 32 KiB; send it in parts")]
    TooLong,
    /// It is about nothing that is here.
    #[error("there is no such message")]
    NoMessage,
    /// It is about somebody else's.
    #[error("this message is not yours; only its author can edit it or take it back")]
    NotYours,
    /// It is about what is not there any more.
    #[error("this message was taken back, or its time is over")]
    Gone,
    /// An edit of what is no text.
    #[error("this is no text that can be edited; take it back and write anew")]
    NoText,
    /// It is no reaction.
    #[error("a reaction is one emoji or letter of 32 bytes at most")]
    NoReaction,
}

/// What an entry says, its head aside.
struct Content {
    kind: Kind,
    target: Option<EntryId>,
    keep_for: u64,
    bytes: Vec<u8>,
}

impl Talk {
    /// Says something in a conversation; it is signed when the batch settles.
    ///
    /// # Errors
    /// [`SayError`] if it cannot be said.
    pub fn say(
        &mut self,
        conversation: ConversationId,
        saying: Saying,
        now: Time,
        dice: &mut Dice,
        shelf: &dyn Shelf,
    ) -> Result<EntryId, SayError> {
        let content = self.content(conversation, saying, shelf)?;
        let at = self.moment(conversation, &content, now, shelf);
        let log = LogId { conversation, device: self.device };
        let upto = self.heads.get(&log).map_or(Seq(0), |head| head.have.upto);
        let drafts = self.unsigned.entry(conversation).or_default();
        let (seq, prev) = match drafts.last() {
            Some(draft) => (draft.entry.head.seq, draft.entry.id),
            None => (upto, shelf.at(log, upto).first().map_or(EntryId::NONE, |entry| entry.id)),
        };
        // whoever says more had seen it when he said the first of it
        let latest = drafts.is_empty().then(|| shelf.latest(conversation)).flatten();
        let seen = latest.map(|(_, id)| id).filter(|id| *id != prev);
        let head = Head {
            kind: content.kind,
            log,
            seq: seq.next(),
            prev,
            seen: seen.iter().map(EntryId::short).collect(),
            target: content.target,
            at,
            keep_for: content.keep_for,
            body_hash: Hash([0; 32]),
        };
        let draft = Unsigned::new(head, Body::new(content.bytes, dice));
        let id = draft.entry.id;
        drafts.push(draft);
        Ok(id)
    }

    fn content(
        &self,
        here: ConversationId,
        saying: Saying,
        shelf: &dyn Shelf,
    ) -> Result<Content, SayError> {
        let mut keep_for = 0;
        let (kind, target, bytes) = match saying {
            Saying::Text(text, target) => {
                target.map_or(Ok(()), |target| message(here, target, shelf).map(drop))?;
                keep_for = self.keep_for(here, shelf);
                (Kind::Text, target, bytes(text)?)
            }
            Saying::Edit(target, text) => {
                let message = self.own(here, target, shelf)?;
                let Shown::Text(_) = message.shown else { return Err(SayError::NoText) };
                keep_for = message.keep_for;
                (Kind::Edit, Some(target), bytes(text)?)
            }
            Saying::Retract(target) => {
                self.own(here, target, shelf)?;
                (Kind::Retract, Some(target), Vec::new())
            }
            Saying::React(target, text) => {
                message(here, target, shelf)?;
                if text.len() > MAX_REACTION || !(text.is_empty() || fold::is_one(&text)) {
                    return Err(SayError::NoReaction);
                }
                (Kind::Reaction, Some(target), text.into_bytes())
            }
            Saying::Expire(ms) => (Kind::Expiry, None, ms.to_le_bytes().to_vec()),
        };
        Ok(Content { kind, target, keep_for, bytes })
    }

    /// One's own message.
    fn own(
        &self,
        here: ConversationId,
        id: EntryId,
        shelf: &dyn Shelf,
    ) -> Result<Message, SayError> {
        let message = message(here, id, shelf)?;
        if message.from == self.account { Ok(message) } else { Err(SayError::NotYours) }
    }

    /// How long texts are kept in a conversation, in ms; 0 is for ever.
    pub(super) fn keep_for(&self, here: ConversationId, shelf: &dyn Shelf) -> u64 {
        let mut drafts = self.unsigned.get(&here).into_iter().flatten().rev();
        let latest = drafts.find_map(|draft| match draft.entry.head.kind {
            Kind::Text => Some(draft.entry.head.keep_for),
            Kind::Expiry => Some(fold::span(draft.entry.content())),
            Kind::Edit | Kind::Retract | Kind::Reaction | Kind::Newer(_) => None,
        });
        latest.unwrap_or_else(|| kept_for(&shelf.acts(here, EntryId::NONE)))
    }

    /// When it is said. An act is later than what it displaces, whatever the clocks are.
    fn moment(
        &self,
        here: ConversationId,
        content: &Content,
        now: Time,
        shelf: &dyn Shelf,
    ) -> Time {
        let mut at = now;
        if content.kind != Kind::Text {
            let known = shelf.acts(here, content.target.unwrap_or(EntryId::NONE)).into_iter();
            let rivals = known.filter(|act| {
                act.kind == content.kind && (act.from == self.account || act.kind == Kind::Expiry)
            });
            let draft = self.unsigned.get(&here).and_then(|drafts| drafts.last());
            let before = rivals.map(|act| act.at).chain(draft.map(|draft| draft.entry.head.at));
            at = before.map(|before| Time(before.0.saturating_add(1))).fold(now, Time::max);
        }
        at.min(Time(Time::END.0 - 1))
    }
}

/// How long texts are kept where this was set, in ms; 0 is for ever.
pub fn kept_for(settings: &[Act]) -> u64 {
    let last = settings.iter().max_by_key(|act| (act.at, act.id));
    last.map_or(0, |act| fold::span(&act.content))
}

/// The message of the conversation that something is said about.
fn message(here: ConversationId, id: EntryId, shelf: &dyn Shelf) -> Result<Message, SayError> {
    let message = shelf.find(id).filter(|message| message.log.conversation == here);
    let message = message.ok_or(SayError::NoMessage)?;
    match message.shown {
        Shown::Text(_) | Shown::Newer | Shown::Lacking => Ok(message),
        Shown::Retracted | Shown::Expired => Err(SayError::Gone),
        Shown::Act | Shown::Expiry(_) => Err(SayError::NoMessage),
    }
}

fn bytes(text: String) -> Result<Vec<u8>, SayError> {
    match text.len() {
        0 => Err(SayError::Empty),
        1..=MAX_TEXT => Ok(text.into_bytes()),
        _ => Err(SayError::TooLong),
    }
}
