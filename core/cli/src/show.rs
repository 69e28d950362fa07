//! Words for a person at a terminal.
//!
//! What others wrote reaches the terminal only through [`line()`] or [`block`], so nothing of it
//! can move the cursor, colour, hide or turn round what stands beside it.

use anstyle::{AnsiColor, Style};
use covey_node::api::{
    Content, Former, Found, Friend, Message, Quote, Reaction, Standing, State, Status,
};
use time::{OffsetDateTime, UtcOffset};

use crate::why;

pub(crate) const STRONG: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const HEED: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();

/// A name, on one line.
pub(crate) fn line(text: &str) -> String {
    text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !is_active(*c)).collect()
}

/// A text whose further lines are indented.
pub(crate) fn block(text: &str, indent: usize) -> String {
    let lines: Vec<_> = text.lines().map(line).collect();
    lines.join(&format!("\n{:indent$}", ""))
}

/// JSON that does nothing to a terminal: such characters stand within its strings, but for `\n`.
pub(crate) fn json(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match is_active(c) && c != '\n' {
            true => shown += &format!("\\u{:04x}", u32::from(c)),
            false => shown.push(c),
        }
    }
    shown
}

/// Whether a terminal acts on it: control characters, other ends of lines, and those that turn
/// round the direction of what follows.
fn is_active(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub(crate) fn friend(friend: &Friend, width: usize) -> String {
    let (style, words) = standing(friend);
    let known = match (friend.verified, &friend.introduced_by) {
        (true, _) => ", verified".into(),
        (false, Some(by)) => format!(", introduced by {}", line(by)),
        (false, None) => String::new(),
    };
    let name = line(&friend.name);
    let unread = match friend.unread {
        0 => String::new(),
        unread => format!("  {STRONG}{unread} unread{STRONG:#}"),
    };
    let known = match friend.keep_for {
        0 => known,
        span => format!("{known}, messages are {}", kept(span)),
    };
    format!(
        "{STRONG}{name:width$}{STRONG:#}  {style}{words}{style:#}{FAINT}{known}{FAINT:#}{unread}"
    )
}

/// One friend a line.
pub(crate) fn friends(friends: &[Friend]) -> String {
    if friends.is_empty() {
        return "Nobody yet. `covey invite` makes an invite for a friend.".into();
    }
    let width = friends.iter().map(|friend| line(&friend.name).chars().count()).max();
    let lines: Vec<_> = friends.iter().map(|one| friend(one, width.unwrap_or(0))).collect();
    lines.join("\n")
}

pub(crate) fn standing(friend: &Friend) -> (Style, &'static str) {
    match friend.standing {
        _ if friend.blocked => (BAD, "blocked"),
        Standing::Waiting => (HEED, "waiting for the answer"),
        Standing::UsedUp => (BAD, "the invite was used by somebody else; ask for a new one"),
        Standing::Expired => {
            (BAD, "the invite had expired by its maker's clock; ask for a new one")
        }
        Standing::Friend if friend.online => (GOOD, "linked"),
        Standing::Friend => (FAINT, "not linked"),
    }
}

/// What became of a message to this friend.
pub(crate) fn state(state: State, friend: &str) -> (Style, String) {
    match state {
        State::Failed => (BAD, format!("not delivered: {} is no friend", line(friend))),
        State::Waiting => (HEED, format!("waiting for {}", line(friend))),
        State::Sending => (HEED, "on its way".into()),
        State::Delivered => (GOOD, "delivered".into()),
        State::Read => (GOOD, "read".into()),
    }
}

/// A conversation, a message a line. What became of ours stands where it is something else than
/// with our next one.
pub(crate) fn log(messages: &[Message], friend: &str, ids: bool, now: OffsetDateTime) -> String {
    let author = |message: &Message| if message.mine { "me".into() } else { line(&message.from) };
    let width = messages.iter().map(|message| author(message).chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    let mut after = None;
    for message in messages.iter().rev() {
        let when = moment(message.at, now);
        let indent = when.chars().count() + width + 4;
        let text = content(message, indent);
        let mut shown =
            format!("{FAINT}{when}{FAINT:#}  {STRONG}{:width$}{STRONG:#}  {text}", author(message));
        if message.mine && after != Some(message.state) {
            let (style, words) = state(message.state, friend);
            shown += &format!("  {style}{words}{style:#}");
        }
        if ids {
            shown += &format!("  {}", short(&message.id));
        }
        if message.mine {
            after = Some(message.state);
        }
        lines.push(shown);
    }
    lines.reverse();
    lines.join("\n")
}

/// How a message's id begins.
pub(crate) fn short(id: &str) -> String {
    format!("{FAINT}{}{FAINT:#}", id.get(..SHORT).unwrap_or(id))
}

/// So many digits name a message among all that a person will ever see.
const SHORT: usize = 16;

/// What was searched for, a message a line.
pub(crate) fn found(found: &[Found], friends: &[Friend], now: OffsetDateTime) -> String {
    let lines = found.iter().map(|Found { message, excerpt }| {
        let friend = friends.iter().find(|friend| friend.id == message.friend);
        let friend = line(friend.map_or("somebody", |friend| &friend.name));
        let who = if message.mine { format!("me to {friend}") } else { friend };
        let pieces = excerpt.iter().map(|piece| {
            let text = line(&piece.text.replace('\n', " "));
            if piece.matches { format!("{GOOD}{text}{GOOD:#}") } else { text }
        });
        let (when, pieces) = (moment(message.at, now), pieces.collect::<String>());
        let id = short(&message.id);
        format!("{FAINT}{when}{FAINT:#}  {STRONG}{who}{STRONG:#}  {pieces}  {id}")
    });
    match found.is_empty() {
        true => "Nothing was found".into(),
        false => lines.collect::<Vec<_>>().join("\n"),
    }
}

/// What there is to see of a message, its further lines indented.
pub(crate) fn content(message: &Message, indent: usize) -> String {
    let mut shown = String::new();
    if let Some(Quote { from, text, .. }) = &message.reply_to {
        let text = text.as_ref().and_then(|text| text.lines().next()).unwrap_or("…");
        shown = format!("{FAINT}> {} {}{FAINT:#}\n{:indent$}", line(from), line(text), "");
    }
    shown += &match message.content {
        Content::Text => block(message.text.as_deref().unwrap_or_default(), indent),
        Content::Newer => "(newer than this program)".into(),
        Content::Expiry => format!("(messages are {} from here on)", kept(message.keep_for)),
        Content::TakenBack => "(message taken back)".into(),
        Content::Expired => "(its time is over)".into(),
        Content::Lacking => "(not here yet)".into(),
        Content::Act => "(about another message)".into(),
    };
    if message.edited {
        shown += &format!("  {FAINT}edited{FAINT:#}");
    }
    for Reaction { from, mine, text } in &message.reactions {
        let from = if *mine { "me".into() } else { line(from) };
        shown += &format!("  {FAINT}{} {from}{FAINT:#}", line(text));
    }
    if message.clock_ahead {
        shown += &format!("  {HEED}by a wrong clock{HEED:#}");
    }
    shown
}

/// For how long something is kept, in ms.
pub(crate) fn kept(span: u64) -> String {
    let seconds = span / 1_000;
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    match units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("kept for {} {name}", seconds / unit),
        None => "kept".into(),
    }
}

pub(crate) fn status(status: &Status) -> String {
    let linked = status.friends.iter().filter(|friend| friend.online).count();
    let addresses: Vec<_> =
        status.addresses.iter().map(|address| format!("\n           {address}")).collect();
    let former: String = status.former.iter().map(former).collect();
    let ignored = match status.ignored {
        0 => String::new(),
        many => format!("\nIgnored    {many} edits, reactions or the like that count for nothing"),
    };
    let clock = status.clock.map_or(String::new(), |ahead| {
        let off = why::off(ahead.saturating_neg());
        format!("\nClock      {HEED}{off} all who are linked; set it if it is wrong{HEED:#}")
    });
    let trouble = status.trouble.as_ref();
    let trouble =
        trouble.map_or(String::new(), |why| format!("\nTrouble    {BAD}{}{BAD:#}", line(why)));
    format!(
        "{STRONG}{}{STRONG:#}  {FAINT}covey {}{FAINT:#}\n\
         Secrets    {}\n\
         Recovery   {}\n\
         Friends    {} ({linked} linked)\n\
         Addresses  {}{}\n\
         Strangers  {} turned away{ignored}{clock}{former}{trouble}",
        line(&status.name),
        line(&status.version),
        vault(&status.vault),
        recovery(status),
        status.friends.len(),
        addresses.len(),
        addresses.concat(),
        status.turned_away,
    )
}

/// What is to be said about a device that this one was before.
pub(crate) fn former(former: &Former) -> String {
    let Former { device, restored } = former;
    let device = device.get(..8).unwrap_or(device);
    let happened = match restored {
        true => "This device was made from a backup and is a new one.",
        false => "This device was copied or set back; it goes on as a new one.",
    };
    format!(
        "\n\n{HEED}{happened} Is the old one gone?{HEED:#}\n\
         Yes: covey device remove {device}\nNo:  covey device keep {device}"
    )
}

/// Where the secrets are kept.
pub(crate) fn vault(kept: &str) -> String {
    match kept {
        "keyring" => "in your system's keyring".into(),
        "passphrase" => "in a file that your passphrase opens".into(),
        "file" => "in a file only you can read; it is not encrypted".into(),
        other => line(other),
    }
}

/// What became of the recovery key.
fn recovery(status: &Status) -> &'static str {
    match (status.removed, status.recovery) {
        (true, _) => "this device was removed from your account; it can only be read",
        (false, true) => "a thief of this device can become you; see `covey recovery`",
        (false, false) => "by the words you wrote down",
    }
}

/// A moment of the local clock, as short as it can be said now.
pub(crate) fn moment(at: u64, now: OffsetDateTime) -> String {
    match local(at).zip(zoned(now)) {
        Some((then, now)) => brief(then, now),
        None => "at no time".into(),
    }
}

/// A moment by the local clock, if it can show it.
pub(crate) fn local(at: u64) -> Option<OffsetDateTime> {
    zoned(OffsetDateTime::from_unix_timestamp(i64::try_from(at / 1_000).ok()?).ok()?)
}

fn zoned(then: OffsetDateTime) -> Option<OffsetDateTime> {
    then.checked_to_offset(UtcOffset::local_offset_at(then).unwrap_or(UtcOffset::UTC))
}

fn brief(then: OffsetDateTime, now: OffsetDateTime) -> String {
    let time = format!("{:02}:{:02}", then.hour(), then.minute());
    let month = then.month().to_string();
    let month = month.get(..3).unwrap_or(&month);
    if then.date() == now.date() {
        time
    } else if then.year() == now.year() {
        format!("{} {month} {time}", then.day())
    } else {
        format!("{} {month} {} {time}", then.day(), then.year())
    }
}

#[cfg(test)]
mod tests;
