//! Searching what was said.
//!
//! ```text
//! shown ──(idle)──> indexed ──(shown otherwise)──> stale ──(idle)──> indexed anew, or gone
//! └─ read one by one ┘     └─ found by the index ─┘└─ read one by one ┘
//! ```
//!
//! A commit that shows a message leaves the index alone; it is brought up to date when nothing else
//! is to be done, and a search reads what it does not cover yet. The index proposes, the letters of
//! what is shown now decide: nothing is found that cannot be seen. The newest comes first, and what
//! was typed is never a query language.

use std::{cmp::Reverse, ops::Range};

use covey_proto::{
    ConversationId, EntryId, Time,
    store::{Message, Shown},
};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::{
    Error, History, Store,
    fold::{Class, Folded, Token, tokens},
    history::int,
    message::row,
};

/// A message that was searched for, and where in its text it matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The message.
    pub message: Message,
    /// Ranges of its text's bytes, ascending, none inside another.
    pub marks: Vec<Mark>,
}

/// A range of a text's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The first of them.
    pub start: usize,
    /// The first behind them.
    pub end: usize,
}

/// What is searched for: messages that have all of its terms, in any order.
#[derive(Clone, Debug)]
pub struct Wanted(Vec<Vec<char>>);

/// Why nothing can be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Vague {
    /// There is nothing in it.
    #[error("there is nothing to search for; type a word, or how it begins")]
    Nothing,
    /// There is too much in it.
    #[error("that is more than can be searched for; type fewer words")]
    TooMuch,
}

/// The most letters that are searched for.
const MAX_WANTED: usize = 256;
/// Messages that the index does not cover yet are as fast read, if they are so few.
const SHORT: i64 = 256;
/// So many messages, or bytes of text, are indexed in one commit: a friend may be waiting.
const STEP: i64 = 256;
const STEP_BYTES: usize = 256 << 10;
impl Wanted {
    /// What was typed.
    ///
    /// # Errors
    /// [`Vague`].
    pub fn parse(text: &str) -> Result<Self, Vague> {
        if text.len() > 16 * MAX_WANTED {
            return Err(Vague::TooMuch);
        }
        let terms = Folded::of(text).terms();
        match terms.iter().map(Vec::len).sum() {
            0 => Err(Vague::Nothing),
            1..=MAX_WANTED => Ok(Self(terms)),
            _ => Err(Vague::TooMuch),
        }
    }

    /// Where a text has it; nothing if a term is missing.
    fn marks(&self, text: &str) -> Option<Vec<Mark>> {
        let folded = Folded::of(text);
        let mut marks = Vec::new();
        for term in &self.0 {
            let found = folded.find(term);
            if found.is_empty() {
                return None;
            }
            marks.extend(found.into_iter().map(|Range { start, end }| Mark { start, end }));
        }
        marks.sort_unstable();
        marks.dedup_by(|next: &mut Mark, mark| {
            let joined = next.start <= mark.end;
            mark.end = if joined { mark.end.max(next.end) } else { mark.end };
            joined
        });
        Some(marks)
    }

    /// What the index is asked: at least all that matches.
    fn query(&self, within: Option<i64>) -> String {
        let mut parts: Vec<_> = within.iter().map(|here| quoted(&mark(*here))).collect();
        for term in &self.0 {
            let tokens = tokens(term);
            let mut pair = false;
            for (at, Token { class, text }) in tokens.iter().enumerate() {
                let alone = text.chars().nth(1).is_none();
                let begun = match class {
                    Class::Word => at + 1 == tokens.len(),
                    Class::Wide => alone,
                    Class::Sign | Class::Space => false,
                };
                // the end of a pair that is asked for says nothing more
                if !(pair && alone && *class == Class::Wide) {
                    parts.push(quoted(text) + if begun { "*" } else { "" });
                }
                pair = *class == Class::Wide && !alone;
            }
        }
        parts.join(" AND ")
    }
}

impl History {
    /// What matches, the newest first, `limit` at most.
    ///
    /// # Errors
    /// [`Error`] if the database cannot be read.
    pub fn search(
        &self,
        wanted: &Wanted,
        within: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<Found>, Error> {
        let limit = limit as usize;
        self.read(|db| {
            let snapshot = db.unchecked_transaction()?;
            let here = match within {
                Some(name) => match number(&snapshot, name)? {
                    Some(here) => Some(here),
                    None => return Ok(Vec::new()),
                },
                None => None,
            };
            let mut candidates = candidates(&snapshot, INDEXED, [wanted.query(here)])?;
            candidates.extend(self::candidates(&snapshot, UNINDEXED, [here])?);
            candidates.sort_unstable();
            let mut found: Vec<(Time, EntryId, Found)> = Vec::new();
            for (order, id) in candidates.into_iter().rev() {
                // those of one moment are put in order by their ids
                if found.len() >= limit && found.last().is_some_and(|last| int(last.0.0) > order) {
                    break;
                }
                let message = row(&snapshot, id)?;
                let Shown::Text(text) = &message.shown else { continue };
                if let Some(marks) = wanted.marks(text) {
                    found.push((message.order, message.id, Found { message, marks }));
                }
            }
            found.sort_by_key(|(order, id, _)| Reverse((*order, *id)));
            found.truncate(limit);
            Ok(found.into_iter().map(|(_, _, found)| found).collect())
        })
    }
}

/// Messages that may match, with what they are sorted by.
fn candidates(
    db: &Connection,
    sql: &str,
    wanted: impl rusqlite::Params,
) -> Result<Vec<(i64, i64)>, Error> {
    let mut rows = db.prepare_cached(sql)?;
    let rows = rows.query_map(wanted, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn number(db: &Connection, conversation: ConversationId) -> Result<Option<i64>, Error> {
    let mut found = db.prepare_cached("SELECT id FROM conversation WHERE name = ?1")?;
    Ok(found.query_row([conversation.0], |row| row.get(0)).optional()?)
}

impl Store {
    /// Brings the index a little further; whether there is more to do. If not, what pages of the
    /// database are in memory are given back.
    ///
    /// # Errors
    /// The first error; the index stays as it was.
    pub fn index(&mut self) -> Result<bool, Error> {
        let done = self.index_beyond(SHORT);
        let more = self.mended(done)?;
        if !more {
            self.writer.execute_batch("PRAGMA shrink_memory")?;
        }
        Ok(more)
    }

    /// The same, if more than so many messages are not indexed.
    pub(super) fn index_beyond(&mut self, few: i64) -> Result<bool, Error> {
        let is_behind = |db: &Connection| db.query_row(BEHIND, [few], |row| row.get(0));
        if !is_behind(&self.writer)? {
            return Ok(false);
        }
        let step = self.writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let stale = clear(&step)?;
        for message in &stale {
            put(&step, *message)?;
        }
        if stale.is_empty() {
            let mut bytes = 0;
            let mut new = step.prepare_cached(NEW)?;
            let mut new = new.query([STEP])?;
            while let Some(row) = new.next()?
                && bytes < STEP_BYTES
            {
                bytes += put(&step, row.get(0)?)?;
            }
        }
        step.commit()?;
        Ok(is_behind(&self.writer)?)
    }
}

/// Takes out of the index what is not shown any more; the messages that it was.
fn clear(db: &Connection) -> Result<Vec<i64>, Error> {
    let mut stale = db.prepare_cached("SELECT message, conversation, text FROM stale LIMIT ?1")?;
    let stale = stale.query_map([STEP], |row| {
        let (here, text): (i64, String) = (row.get(1)?, row.get(2)?);
        Ok((row.get(0)?, document(here, &text)))
    })?;
    let stale: Vec<(i64, String)> = stale.collect::<Result<_, _>>()?;
    for (message, document) in &stale {
        let take = "INSERT INTO word (word, rowid, tokens) VALUES ('delete', ?1, ?2)";
        db.prepare_cached(take)?.execute(params![message, document])?;
        db.prepare_cached("DELETE FROM stale WHERE message = ?1")?.execute([message])?;
    }
    Ok(stale.into_iter().map(|(message, _)| message).collect())
}

/// Puts a message into the index, if it is still there; the bytes of its text.
fn put(db: &Connection, id: i64) -> Result<usize, Error> {
    let mut found =
        db.prepare_cached("SELECT conversation, \"order\", text FROM message WHERE id = ?1")?;
    let found = found.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let Some((here, order, text)): Option<(i64, i64, String)> = found.optional()? else {
        return Ok(0);
    };
    db.prepare_cached("INSERT INTO word (rowid, tokens) VALUES (?1, ?2)")?
        .execute(params![id, document(here, &text)])?;
    db.prepare_cached("INSERT INTO indexed (message, \"order\") VALUES (?1, ?2)")?
        .execute([id, order])?;
    Ok(text.len())
}

/// A message as the index takes it.
fn document(here: i64, text: &str) -> String {
    let tokens = Folded::of(text).tokens().into_iter().map(|token| token.text);
    std::iter::once(mark(here)).chain(tokens).collect::<Vec<_>>().join(" ")
}

/// A token that says where a message was said; no text makes it.
fn mark(here: i64) -> String {
    format!("\u{e000}{here}")
}

fn quoted(token: &str) -> String {
    format!("\"{}\"", token.replace('"', "\"\""))
}

const INDEXED: &str = "
    SELECT \"order\", message FROM word CROSS JOIN indexed ON message = word.rowid
    WHERE word MATCH ?1";
const UNINDEXED: &str = "
    SELECT \"order\", id FROM message
    WHERE (id > ifnull((SELECT max(message) FROM indexed), 0)
           OR id IN (SELECT message FROM stale))
    AND (?1 IS NULL OR conversation = ?1)";
const BEHIND: &str = "
    SELECT EXISTS (SELECT 1 FROM stale)
    OR ifnull((SELECT max(id) FROM message), 0)
     - ifnull((SELECT max(message) FROM indexed), 0) > ?1";
const NEW: &str = "
    SELECT id FROM message WHERE id > ifnull((SELECT max(message) FROM indexed), 0)
    ORDER BY id LIMIT ?1";

#[cfg(test)]
mod tests;
