//! Messages as rows, and the acts on them.

use covey_proto::{
    AccountId, ConversationId, DeviceId, EntryId, LogId, Time,
    store::{Act, Message, Shown},
    wire::Kind,
};
use rusqlite::{Connection, Row, ToSql, params};

use super::{
    Error,
    history::{int, seq, time},
    shelf::conversation_made,
};

/// The messages that such a query finds, with the reactions to them.
pub(super) fn messages(
    db: &Connection,
    sql: &str,
    params: &[&dyn ToSql],
) -> Result<Vec<Message>, Error> {
    let mut rows = db.prepare_cached(sql)?;
    let mut found: Vec<Message> = rows.query_map(params, message)?.collect::<Result<_, _>>()?;
    for message in &mut found {
        if matches!(message.shown, Shown::Text(_) | Shown::Newer) {
            let mut rows = db.prepare_cached(REACTIONS)?;
            let reaction = |row: &Row<'_>| Ok((AccountId(row.get(0)?), row.get(1)?));
            let all =
                rows.query_map(params![message.log.conversation.0, message.id.0], reaction)?;
            message.reactions = all.collect::<Result<_, _>>()?;
        }
    }
    Ok(found)
}

/// One message, by its number in here.
pub(super) fn row(db: &Connection, id: i64) -> Result<Message, Error> {
    let mut found = messages(db, BY_ROW, params![id])?;
    found.pop().ok_or(rusqlite::Error::QueryReturnedNoRows.into())
}

const REACTIONS: &str = "SELECT account, CAST(content AS TEXT) FROM act
    WHERE conversation = (SELECT id FROM conversation WHERE name = ?1) AND target = ?2
    AND kind = 8 AND content != x'' ORDER BY account";

/// Writes a message, over what was shown of its entry before.
pub(super) fn show(db: &Connection, log: i64, message: &Message) -> Result<(), Error> {
    let (kind, text, span) = match &message.shown {
        Shown::Act => (ACT, "", 0),
        Shown::Text(text) => (TEXT, text.as_str(), 0),
        Shown::Newer => (NEWER, "", 0),
        Shown::Expiry(span) => (EXPIRY, "", *span),
        Shown::Retracted => (RETRACTED, "", 0),
        Shown::Expired => (EXPIRED, "", 0),
        Shown::Lacking => (LACKING, "", 0),
    };
    let reply_to = message.reply_to.as_ref().map_or(&[][..], |id| &id.0);
    let shown = params![
        message.id.0,
        log,
        int(message.seq.0),
        int(message.at.0),
        int(message.order.0),
        int(message.since.0),
        int(message.keep_for),
        reply_to,
        message.edited,
        kind,
        text,
        int(span),
    ];
    if db.prepare_cached(AGAIN)?.execute(shown)? == 0 {
        db.prepare_cached(FIRST)?.execute(shown)?;
    }
    Ok(())
}

const AGAIN: &str = "UPDATE message SET
        \"order\" = ?5, since = ?6, keep_for = ?7, reply_to = ?8, edited = ?9, kind = ?10, text = ?11,
        span = ?12
    WHERE substr(entry, 1, 8) = substr(?1, 1, 8) AND entry = ?1 AND log = ?2 AND seq = ?3 AND at = ?4";
const FIRST: &str = "INSERT INTO message
        (entry, conversation, log, seq, at, \"order\", since, keep_for, reply_to, edited, kind, text,
         span)
    SELECT ?1, conversation, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 FROM log WHERE id = ?2";

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let reply_to: Vec<u8> = row.get(9)?;
    Ok(Message {
        id: EntryId(row.get(0)?),
        log: LogId { conversation: ConversationId(row.get(1)?), device: DeviceId(row.get(2)?) },
        from: AccountId(row.get(3)?),
        seq: seq(row, 4)?,
        at: time(row, 5)?,
        order: time(row, 6)?,
        since: time(row, 7)?,
        keep_for: time(row, 8)?.0,
        reply_to: EntryId::parse(&reply_to),
        edited: row.get(10)?,
        reactions: Vec::new(),
        shown: match row.get(11)? {
            ACT => Shown::Act,
            TEXT => Shown::Text(row.get(12)?),
            EXPIRY => Shown::Expiry(time(row, 13)?.0),
            RETRACTED => Shown::Retracted,
            EXPIRED => Shown::Expired,
            LACKING => Shown::Lacking,
            _ => Shown::Newer,
        },
    })
}

const ACT: i64 = 0;
const TEXT: i64 = 1;
const NEWER: i64 = 2;
const EXPIRY: i64 = 3;
const RETRACTED: i64 = 4;
const EXPIRED: i64 = 5;
const LACKING: i64 = 6;

macro_rules! query {
    ($rest:literal) => {
        concat!(
            "SELECT entry, conversation.name, device, account, seq, at, \"order\", since, keep_for,
                 reply_to, edited, kind, text, span
             FROM message JOIN log ON log.id = log
             JOIN conversation ON conversation.id = message.conversation WHERE ",
            $rest
        )
    };
}

pub(super) const BEFORE: &str = query!(
    "conversation.name = ?1 AND kind > 0 AND (\"order\", entry) < (?2, ?3)
     ORDER BY \"order\" DESC, entry DESC LIMIT ?4"
);
pub(super) const AFTER: &str = query!(
    "conversation.name = ?1 AND kind > 0 AND (\"order\", entry) > (?2, ?3)
     ORDER BY \"order\", entry LIMIT ?4"
);
pub(super) const BY_ID: &str = query!(
    "substr(entry, 1, 8) BETWEEN substr(?1, 1, 8) AND substr(?2, 1, 8)
     AND entry BETWEEN ?1 AND ?2 ORDER BY entry LIMIT ?3"
);
const BY_ROW: &str = query!("message.id = ?1");
pub(super) const ENDED: &str =
    query!("keep_for > 0 AND since + keep_for <= ?1 ORDER BY since + keep_for, entry LIMIT ?2");

/// Keeps an act over what counted before.
pub(super) fn keep(db: &Connection, act: &Act) -> Result<(), Error> {
    conversation_made(db, act.conversation)?;
    db.prepare_cached(
        "INSERT INTO act (conversation, target, account, kind, at, entry, content)
         SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM conversation WHERE name = ?1
         ON CONFLICT (conversation, target, account, kind) DO UPDATE SET
             at = excluded.at, entry = excluded.entry, content = excluded.content",
    )?
    .execute(params![
        act.conversation.0,
        act.target.0,
        act.from.0,
        act.kind.number(),
        int(act.at.0),
        act.id.0,
        act.content,
    ])?;
    Ok(())
}

/// The acts that count on an entry, by account and kind.
pub(super) fn acts(
    db: &Connection,
    conversation: ConversationId,
    target: EntryId,
) -> Result<Vec<Act>, Error> {
    let mut rows = db.prepare_cached(
        "SELECT account, kind, at, entry, content FROM act
         WHERE conversation = (SELECT id FROM conversation WHERE name = ?1) AND target = ?2
         ORDER BY account, kind",
    )?;
    let found = rows.query_map(params![conversation.0, target.0], |row| {
        Ok(Act {
            conversation,
            target,
            from: AccountId(row.get(0)?),
            kind: Kind::of(row.get(1)?),
            at: time(row, 2)?,
            id: EntryId(row.get(3)?),
            content: row.get(4)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// When the time of the next message is over.
pub(super) fn next_end(db: &Connection) -> Result<Option<Time>, Error> {
    let sql = "SELECT min(since + keep_for) FROM message WHERE keep_for > 0";
    let end: Option<i64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(end.map(|end| Time(end.cast_unsigned())))
}
