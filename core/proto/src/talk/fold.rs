//! From entries to what people see: a pure function of an entry and of the acts on it.
//!
//! Of each account's acts of one kind the one of the highest moment and id counts. Edits and
//! retractions count for the account's own entries, reactions for everybody's; a retraction wins
//! for ever. So what a message shows does not depend on what came first.

use alloc::string::String;

use crate::{
    id::{AccountId, EntryId},
    store::{Act, Message, Shown},
    time::Time,
    wire::{Entry, Kind},
};

/// What there is to see of an entry at its place in the order.
pub(super) fn message(
    entry: &Entry,
    from: AccountId,
    (order, since): (Time, Time),
    acts: &[Act],
) -> Message {
    let head = &entry.head;
    let edit = own(acts, Kind::Edit, from);
    let shown = match head.kind {
        Kind::Edit | Kind::Retract | Kind::Reaction => Shown::Act,
        Kind::Expiry => Shown::Expiry(span(entry.content())),
        Kind::Text | Kind::Newer(_) if own(acts, Kind::Retract, from).is_some() => Shown::Retracted,
        Kind::Text | Kind::Newer(_) if entry.body.is_none() && head.keep_for > 0 => Shown::Expired,
        Kind::Text | Kind::Newer(_) if entry.body.is_none() => Shown::Lacking,
        Kind::Text if edit.is_some_and(|edit| edit.content.is_empty()) => Shown::Lacking,
        Kind::Text => Shown::Text(text(edit.map_or(entry.content(), |edit| &edit.content))),
        Kind::Newer(_) => Shown::Newer,
    };
    let is_there = matches!(shown, Shown::Text(_) | Shown::Newer);
    let reactions = acts.iter().filter(|act| is_there && act.kind == Kind::Reaction);
    let reactions =
        reactions.map(|act| (act.from, text(&act.content))).filter(|(_, text)| is_one(text));
    Message {
        id: entry.id,
        log: head.log,
        seq: head.seq,
        from,
        at: head.at,
        order,
        since,
        keep_for: if is_there { head.keep_for.min(Time::END.0) } else { 0 },
        reply_to: head.target.filter(|_| is_there),
        edited: matches!(shown, Shown::Text(_)) && edit.is_some(),
        reactions: reactions.collect(),
        shown,
    }
}

/// An entry as an act; nothing if it is none, or a reaction that cannot be shown.
pub(super) fn act(entry: &Entry, from: AccountId) -> Option<Act> {
    let head = &entry.head;
    let is_act = match head.kind {
        Kind::Edit | Kind::Retract | Kind::Expiry => true,
        Kind::Reaction => entry.content().is_empty() || is_one(&text(entry.content())),
        Kind::Text | Kind::Newer(_) => false,
    };
    is_act.then(|| Act {
        conversation: head.log.conversation,
        target: head.target.unwrap_or(EntryId::NONE),
        from,
        kind: head.kind,
        at: head.at,
        id: entry.id,
        content: entry.content().to_vec(),
    })
}

/// Whether an act of this kind and account has a right to what it is on.
pub(super) fn may(kind: Kind, from: AccountId, target: &Message) -> bool {
    let is_message = !matches!(target.shown, Shown::Act | Shown::Expiry(_));
    is_message && (kind == Kind::Reaction || target.from == from)
}

fn own(acts: &[Act], kind: Kind, from: AccountId) -> Option<&Act> {
    acts.iter().find(|act| act.kind == kind && act.from == from)
}

fn text(content: &[u8]) -> String {
    String::from_utf8_lossy(content).into_owned()
}

/// For how many ms texts are kept from a setting on; 0 is for ever.
pub(super) fn span(content: &[u8]) -> u64 {
    content.try_into().map_or(0, u64::from_le_bytes)
}

/// Whether this is one thing to look at: an emoji or a letter, with all that joins on to it.
pub(super) fn is_one(text: &str) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let visible = !first.is_control() && !first.is_whitespace() && !joins(first) && !turns(first);
    let mut before = first;
    let one = chars.all(|c| {
        let follows = joins(c) || before == JOINER || is_flag(before) && is_flag(c);
        // a third letter of a flag begins another one
        before = if is_flag(before) { '\0' } else { c };
        follows
    });
    visible && one
}

const JOINER: char = '\u{200d}';

fn is_flag(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Whether it changes how the character before it looks.
fn joins(c: char) -> bool {
    matches!(c, JOINER | '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

/// Whether it cannot be seen, or turns what stands around it.
fn turns(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
