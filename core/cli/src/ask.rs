//! The commands that ask the running node one thing, and what they say to programs and people.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use covey_node::{
    api::{Answer, Command, Friend, InviteKind, Message, Page, Query, Reply},
    qr,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    args::Ask,
    backup, fault, meet, names,
    node::{Node, ODD},
    recovery,
    show::{self, FAINT, STRONG},
    wait, why,
};

/// What a command came to: one object for programs, and the same for people, styled.
pub(crate) type Said = (Value, String);

/// Asks the node of this home.
pub(crate) async fn ask(home: &Path, what: Ask) -> Result<Said> {
    let mut node = Node::attach(home).await?;
    match what {
        Ask::Me { name } => me(node, name).await,
        Ask::Invite { png, qr, ttl } => invite(node, png, qr, ttl).await,
        Ask::Accept { text, png } => accept(node, text, png).await,
        Ask::Backup { file, passphrase_file } => {
            backup::back_up(home, node, &file, passphrase_file.as_deref()).await
        }
        Ask::Friends => {
            let friends = node.status().await?.friends;
            Ok((json!({ "friends": friends }), show::friends(&friends)))
        }
        Ask::Rename { name, new } => {
            let friend = node.friend(&name).await?;
            node.order(Command::Rename { friend: friend.id, name: new.clone() }).await?;
            let words = format!("{} is {} from now on", show::line(&friend.name), show::line(&new));
            Ok((json!({ "friend": new }), words))
        }
        Ask::Introduce { name, to } => meet::introduce(node, &name, &to).await,
        Ask::Meet { name, refuse } => meet::meet(node, name, refuse).await,
        Ask::Safety { name, same } => meet::safety(node, &name, same).await,
        Ask::Remove { name, yes } => remove(node, &name, yes).await,
        Ask::Recovery { what } => recovery::ask(node, what).await,
        Ask::Block { name, undo } => {
            let Friend { id, name, .. } = node.friend(&name).await?;
            node.order(Command::Block { friend: id, blocked: !undo }).await?;
            let change = if undo { "is no longer blocked" } else { "is blocked" };
            let words = format!("{} {change}", show::line(&name));
            Ok((json!({ "friend": name, "blocked": !undo }), words))
        }
        Ask::Send { name, text, .. } => send(node, &name, text).await,
        Ask::Reply { message, text } => {
            act(node, &message, |message| Command::Reply { message, text }, "Answered").await
        }
        Ask::Edit { message, text } => {
            act(node, &message, |message| Command::Edit { message, text }, "Written anew").await
        }
        Ask::Retract { message } => {
            act(node, &message, |message| Command::Retract { message }, "Taken back").await
        }
        Ask::React { message, reaction, .. } => {
            let reaction = reaction.unwrap_or_default();
            act(node, &message, |message| Command::React { message, reaction }, "Said so").await
        }
        Ask::Expire { name, time } => {
            let Friend { id, name, .. } = node.friend(&name).await?;
            let id = said(&mut node, Command::Expire { friend: id, seconds: time }).await?;
            let kept = show::kept(u64::from(time) * 1_000);
            let words = format!("Messages with {} are {kept} from now on", show::line(&name));
            Ok((json!({ "id": id }), words))
        }
        Ask::Log { name, limit, before, around, ids } => {
            let friend = node.friend(&name).await?;
            let messages = match around {
                Some(id) => node.page(&friend, Page::Around(id), limit).await?,
                None => node.log(&friend, before, limit).await?,
            };
            let words = show::log(&messages, &friend.name, ids, OffsetDateTime::now_utc());
            Ok((json!({ "messages": messages }), words))
        }
        Ask::Search { text, with, limit } => search(node, text.join(" "), with, limit).await,
        Ask::Draft { name, text, clear } => {
            let friend = node.friend(&name).await?;
            let kept = text.or(clear.then(String::new));
            draft(node, friend, kept).await
        }
        Ask::Read { name } => {
            let friend = node.friend(&name).await?;
            if let Some(Message { id, .. }) = node.page(&friend, Page::Newest, 1).await?.pop() {
                node.order(Command::Read { message: id }).await?;
            }
            let Friend { name, unread, .. } = node.friend(&friend.name).await?;
            let words = format!("{unread} messages of {} are unread", show::line(&name));
            Ok((json!({ "friend": name, "unread": unread }), words))
        }
        Ask::Setting { value, .. } => {
            if let Some(value) = value {
                node.order(Command::TellRead { tell: value == "on" }).await?;
            }
            let tells = node.status().await?.tells_read;
            let told = if tells { "on: friends are told" } else { "off: nobody is told" };
            let words = format!("read-marks  {told} what you have read");
            Ok((json!({ "read-marks": tells }), words))
        }
        Ask::Wait { message, state, timeout } => {
            let events = Node::attach(home).await?.0.events().await?;
            let message = wait::until(node, events, &message, state, timeout).await?;
            let json = json!({ "id": message.id, "state": message.state });
            let (style, words) = show::state(message.state, &message.from);
            Ok((json, format!("{style}{words}{style:#}")))
        }
        Ask::Why { about } => {
            let told = node.why(&about).await?;
            Ok((json!({ "why": told }), why::why(&told)))
        }
        Ask::Bundle { file, yes } => bundle(node, file, yes).await,
        Ask::Status => {
            let status = node.status().await?;
            Ok((json!(status), show::status(&status)))
        }
        Ask::Api { method, params } => {
            let result =
                node.0.call(&method, params.unwrap_or_default()).await.map_err(fault::of)?;
            let words = show::json(&serde_json::to_string_pretty(&result)?);
            Ok((json!({ "result": result }), words))
        }
    }
}

async fn me(mut node: Node, name: Option<String>) -> Result<Said> {
    let name = match name {
        Some(name) => {
            node.order(Command::SetName { name: name.clone() }).await?;
            name
        }
        None => node.status().await?.name,
    };
    let words = show::line(&name);
    Ok((json!({ "name": name }), words))
}

async fn invite(mut node: Node, png: Option<PathBuf>, qr: bool, ttl: Option<u32>) -> Result<Said> {
    let kind = if qr { InviteKind::Screen } else { InviteKind::Link };
    let Reply::Invite(text) = node.0.command(Command::Invite { kind, ttl }).await? else {
        bail!(ODD)
    };
    let (mut words, next) = match png {
        Some(file) => {
            qr::write_png(&file, &text)?;
            let file = show::line(&file.to_string_lossy());
            (format!("The invite is in {file}"), "`covey accept --png` and where it is")
        }
        None if qr => (qr::terminal(&text)?, "`covey accept --png` and a picture of this"),
        None => (text.clone(), "`covey accept` and this"),
    };
    // a pipe gets what was asked for and no more
    if io::stdout().is_terminal() {
        words += &format!("\n{FAINT}Good for one friend, who types {next}.{FAINT:#}");
    }
    Ok((json!({ "invite": text }), words))
}

async fn accept(mut node: Node, text: Option<String>, png: Option<PathBuf>) -> Result<Said> {
    let text = match png {
        Some(file) => qr::read_png(&file)?,
        None => text.unwrap_or_default(),
    };
    let Reply::Friend(friend) = node.0.command(Command::Accept { text }).await? else { bail!(ODD) };
    let words = show::friend(&friend, 0);
    Ok((json!({ "friend": friend.name }), words))
}

async fn remove(mut node: Node, name: &str, yes: bool) -> Result<Said> {
    let Friend { id, name, .. } = node.friend(name).await?;
    let shown = show::line(&name);
    if !yes && !agreed(&format!("End the friendship with {STRONG}{shown}{STRONG:#}?"))? {
        bail!("{shown} stays your friend");
    }
    node.order(Command::Remove { friend: id }).await?;
    Ok((json!({ "removed": name }), format!("{shown} is no longer your friend")))
}

async fn bundle(mut node: Node, file: Option<PathBuf>, yes: bool) -> Result<Said> {
    let Answer::Bundle(text) = node.0.query(Query::Bundle).await? else { bail!(ODD) };
    let Some(file) = file else { return Ok((json!({ "bundle": text }), text)) };
    let shown = show::line(&file.to_string_lossy());
    if !yes {
        if !io::stdin().is_terminal() {
            bail!("nobody can be asked here; --yes writes it unseen");
        }
        writeln!(anstream::stderr(), "{text}")?;
        if !agreed(&format!("Write this to {shown}?"))? {
            bail!("nothing was written");
        }
    }
    let made = File::create_new(&file).and_then(|mut made| made.write_all(text.as_bytes()));
    made.with_context(|| format!("{shown} cannot be written; choose another file"))?;
    Ok((json!({ "file": file }), format!("The bundle is in {shown}")))
}

/// Whether whoever sits there agrees; where nobody does, nobody is asked.
pub(crate) fn agreed(question: &str) -> Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(true);
    }
    let mut answer = String::new();
    write!(anstream::stderr(), "{question} [y/N] ")?;
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

async fn send(mut node: Node, name: &str, text: Option<String>) -> Result<Said> {
    let friend = node.friend(name).await?;
    let text = match text {
        Some(text) => text,
        None => heard()?,
    };
    let id = said(&mut node, Command::Send { friend: friend.id, text }).await?;
    let words = format!("Saved for {}  {}", show::line(&friend.name), show::short(&id));
    Ok((json!({ "id": id }), words))
}

/// Does something to the message whose id begins so, and says that it is done.
async fn act(
    mut node: Node,
    message: &str,
    command: impl FnOnce(String) -> Command,
    done: &str,
) -> Result<Said> {
    let message = node.message(message).await?;
    let id = said(&mut node, command(message.id)).await?;
    Ok((json!({ "id": id }), format!("{done}  {}", show::short(&id))))
}

/// The id of what a command says.
async fn said(node: &mut Node, command: Command) -> Result<String> {
    let Reply::Sent(id) = node.0.command(command).await? else { bail!(ODD) };
    Ok(id)
}

async fn search(mut node: Node, text: String, with: Option<String>, limit: u32) -> Result<Said> {
    let friends = node.status().await?.friends;
    let friend = with.map(|name| names::find(friends.clone(), &name)).transpose()?;
    let friend = friend.map(|friend| friend.id);
    let query = Query::Search { text, friend, limit };
    let Answer::Found(found) = node.0.query(query).await? else { bail!(ODD) };
    let words = show::found(&found, &friends, OffsetDateTime::now_utc());
    Ok((json!({ "found": found }), words))
}

async fn draft(mut node: Node, friend: Friend, kept: Option<String>) -> Result<Said> {
    let Friend { id: friend, name, .. } = friend;
    let text = match kept {
        Some(text) => {
            node.order(Command::Draft { friend, text: text.clone() }).await?;
            text
        }
        None => {
            let Answer::Draft(text) = node.0.query(Query::Draft { friend }).await? else {
                bail!(ODD)
            };
            text
        }
    };
    let words = match text.is_empty() {
        true => format!("Nothing is kept for {}", show::line(&name)),
        false => show::block(&text, 0),
    };
    Ok((json!({ "draft": text }), words))
}

/// What comes in, without the end of its last line.
pub(crate) fn heard() -> Result<String> {
    let mut bytes = Vec::new();
    io::stdin().take(MAX_HEARD).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == MAX_HEARD {
        bail!("what came in is far longer than a text may be");
    }
    let text = String::from_utf8(bytes).context("what came in is no text")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).into())
}

/// Beyond this nothing is read; what a text may be is the node's to say.
const MAX_HEARD: u64 = 64 << 10;
