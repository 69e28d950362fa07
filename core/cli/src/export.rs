//! `covey export`: what was said, as a text that people read.
//!
//! ```text
//! 2026-11-24 14:02  Ben: Meet me under the oak.
//!     At nine.
//! 2026-11-24 14:03  → Ben: I'll be there.
//! ```
//!
//! Only what Covey writes stands at the beginning of a line: whatever a text or a name says, nobody
//! is made to say anything by it. A conversation is read page by page, however long it is.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, IsTerminal as _, Write},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt},
    path::Path,
};

use anstream::adapter::strip_str;
use anyhow::{Context as _, Result, bail};
use covey_node::api::{Friend, Message, Page, State};
use serde_json::json;
use time::OffsetDateTime;

use crate::{args::Export, fault::Fault, names, node::Node, print, show};

/// So many messages are read at once.
const PAGE: usize = 200;
/// How far further lines of a text stand in.
const INDENT: usize = 4;

/// Writes what was said with one friend or with all.
pub(crate) async fn export(home: &Path, what: Export, json: bool) -> Result<()> {
    let Export { name, file, all, force } = what;
    let (name, file) = match (all, name, file) {
        (true, name, None) => (None, name.map(Into::into)),
        (true, _, Some(_)) => {
            return Err(Fault::Usage("with --all, name a file only".into()).into());
        }
        (false, name, file) => (name, file),
    };
    if json && file.is_none() {
        return Err(Fault::Usage("with --json, name a file to write to".into()).into());
    }
    let mut node = Node::attach(home).await?;
    let mut friends = node.status().await?.friends;
    if let Some(name) = name {
        friends = vec![names::find(friends, &name)?];
    }
    let Some(path) = file else {
        write(&mut node, &friends, &mut io::stdout().lock()).await?;
        return Ok(());
    };
    let shown = show::line(&path.to_string_lossy());
    let file = open(&path, force).with_context(|| format!("{shown} cannot be written"))?;
    match write(&mut node, &friends, &mut BufWriter::new(file)).await {
        Ok(count) => print(&match json {
            true => show::json(
                &json!({ "messages": count, "file": path.to_string_lossy() }).to_string(),
            ),
            false => format!("{count} messages are in {shown}"),
        }),
        Err(error) => {
            // half of it would look like all
            fs::remove_file(&path)?;
            Err(error.context(format!("{shown} would not be whole")))
        }
    }
}

/// A file that only its owner reads.
fn open(path: &Path, force: bool) -> Result<File> {
    if path.exists() && !force {
        bail!("it is there already; --force overwrites it");
    }
    let mut options = OpenOptions::new();
    options.write(true).truncate(true).create(force).create_new(!force).mode(0o600);
    let file = options.open(path)?;
    file.set_permissions(PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Writes conversations; how many messages they have.
async fn write(node: &mut Node, friends: &[Friend], to: &mut impl Write) -> Result<usize> {
    let mut count = 0;
    for friend in friends {
        let name = show::line(&friend.name);
        writeln!(to, "# {name}\n")?;
        let mut page = Page::Oldest;
        loop {
            let messages = node.page(friend, page, PAGE).await?;
            let Some(last) = messages.last() else { break };
            page = Page::After(last.id.clone());
            messages.iter().try_for_each(|message| writeln!(to, "{}", line(message, &name)))?;
            count += messages.len();
            progress(count, "\r")?;
        }
        writeln!(to)?;
    }
    to.flush()?;
    progress(count, "\n")?;
    Ok(count)
}

fn line(message: &Message, friend: &str) -> String {
    let when = show::local(message.at).map_or_else(|| "at no time".into(), stamp);
    let whose = if message.mine { "→ " } else { "" };
    let content = show::content(message, INDENT);
    let mut line = format!("{when}  {whose}{friend}: {}", strip_str(&content));
    if message.mine && message.state < State::Delivered {
        line += &format!("  ({})", show::state(message.state, friend).1);
    }
    line
}

fn stamp(at: OffsetDateTime) -> String {
    let (date, hour, minute) = (at.date(), at.hour(), at.minute());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

/// Says how far it is to a person who waits for it.
fn progress(count: usize, end: &str) -> io::Result<()> {
    match io::stderr().is_terminal() {
        true => write!(anstream::stderr(), "{count} messages{end}"),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_or_name_makes_somebody_say_something() {
        let forged = "hi\n2026-11-24 14:02  → Eve: I owe you\r\u{2028}2026  Eve: x\n# Ben\n\nx";
        for mine in [false, true] {
            let message = Message { mine, ..message(forged) };
            let line = line(&message, &show::line("Eve\n# Ben"));
            let mut lines = line.lines();
            assert!(lines.next().unwrap().ends_with("Eve# Ben: hi"), "{line}");
            assert!(lines.clone().count() == 4 && lines.all(|line| line.starts_with("    ")));
        }
    }

    fn message(text: &str) -> Message {
        serde_json::from_value(json!({
            "id": "", "friend": "", "mine": false, "from": "Eve", "text": text,
            "state": "delivered", "at": 1_700_000_000_000_u64, "content": "text",
            "edited": false, "reactions": [], "keep_for": 0, "clock_ahead": false,
        }))
        .unwrap()
    }
}
