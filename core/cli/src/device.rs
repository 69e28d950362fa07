//! A person's own devices: listing and naming them, and adding one, with six digits to compare.
//!
//! At a terminal adding is a conversation: both sides ask whether the digits are the same. A program
//! gets the invite, hears the digits as an event and answers with `confirm` or `refuse`.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use covey_node::{
    api::{self, Command, Devices, Event, InviteKind, Reply, Step, rpc::Events},
    qr,
};
use serde_json::json;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    args::Device,
    ask::{Said, agreed},
    node::{Node, ODD},
    show::{self, FAINT, GOOD, STRONG},
};

/// Does it; whether `talks`, with questions to a person at this terminal.
pub(crate) async fn device(home: &Path, what: Device, talks: bool) -> Result<Said> {
    let mut node = Node::attach(home).await?;
    let events = if talks { Some(Node::attach(home).await?.0.events().await?) } else { None };
    match what {
        Device::Add { png, qr } => add(node, events, png, qr).await,
        Device::Join { text, png } => join(node, events, text, png).await,
        Device::List => {
            let devices = node.devices().await?;
            Ok((json!(devices), list(&devices)))
        }
        Device::Name { name } => {
            node.order(Command::NameDevice { name: name.clone() }).await?;
            let words = format!("This device is {} from now on", show::line(&name));
            Ok((json!({ "name": name }), words))
        }
        Device::Keep { device } => {
            let known = known(&mut node, &device).await?;
            node.order(Command::KeepDevice { device: known.id }).await?;
            let words = format!("{} stays one of your devices", show::line(&known.name));
            Ok((json!({ "kept": known.name }), words))
        }
        Device::Remove { device, yes } => {
            let known = known(&mut node, &device).await?;
            let name = show::line(&known.name);
            if !yes && !agreed(&format!("Have {STRONG}{name}{STRONG:#} no more, for ever?"))? {
                bail!("{name} stays one of your devices");
            }
            node.order(Command::RemoveDevice { device: known.id }).await?;
            let words = format!(
                "{name} is none of your devices any more; your friends' devices stop listening \
                 to it as soon as they hear of it"
            );
            Ok((json!({ "removed": known.name }), words))
        }
        Device::Confirm => confirm(node, true).await,
        Device::Refuse => confirm(node, false).await,
    }
}

/// The device of that name, or the only one whose id begins so.
async fn known(node: &mut Node, called: &str) -> Result<api::Device> {
    let devices = node.devices().await?.devices;
    if let Some(known) = devices.iter().find(|known| known.name == called) {
        return Ok(known.clone());
    }
    let begins = |known: &&api::Device| !called.is_empty() && known.id.starts_with(called);
    let mut begin = devices.iter().filter(begins);
    match (begin.next(), begin.next()) {
        (Some(known), None) => Ok(known.clone()),
        (Some(_), Some(_)) => bail!("more than one device's id begins so"),
        (None, _) => bail!("you have no such device; `covey device list` lists them"),
    }
}

async fn confirm(mut node: Node, same: bool) -> Result<Said> {
    node.order(Command::Confirm { same }).await?;
    let words = if same { "It goes on once both of you said so" } else { "Nothing is added" };
    Ok((json!({ "same": same }), words.into()))
}

async fn add(
    mut node: Node,
    events: Option<Events>,
    png: Option<PathBuf>,
    qr: bool,
) -> Result<Said> {
    let this = node.devices().await?.devices.into_iter().find(|device| device.this);
    let unnamed = this.is_some_and(|this| this.class.as_ref() == Some(&this.name));
    if let Some(name) = host().filter(|_| unnamed) {
        // a person can name it better than we can
        let _unnamed = node.order(Command::NameDevice { name }).await;
    }
    let invite = Command::Invite { kind: InviteKind::Own, ttl: None };
    let Reply::Invite(text) = node.0.command(invite).await? else { bail!(ODD) };
    let (words, next) = match png {
        Some(file) => {
            qr::write_png(&file, &text)?;
            let file = show::line(&file.to_string_lossy());
            (format!("The code is in {file}"), "`covey device join --png` and where it is")
        }
        None if qr => (qr::terminal(&text)?, "`covey device join --png` and a picture of this"),
        None => (text.clone(), "`covey device join` and this"),
    };
    let Some(events) = events else { return Ok((json!({ "invite": text }), words)) };
    tell(&format!(
        "{words}\n{FAINT}For ten minutes. Start Covey on the new device and type there\n\
         {next}. Whoever sees the code could try too: show it to nobody else.{FAINT:#}"
    ))?;
    accompany(&mut node, events).await?;
    Ok((json!({ "added": true }), format!("{GOOD}It is one of your devices now{GOOD:#}")))
}

async fn join(
    mut node: Node,
    events: Option<Events>,
    text: Option<String>,
    png: Option<PathBuf>,
) -> Result<Said> {
    let text = match png {
        Some(file) => qr::read_png(&file)?,
        None => text.unwrap_or_default(),
    };
    node.order(Command::Join { text, name: host().unwrap_or_default() }).await?;
    let Some(events) = events else {
        let words = "The other device is asked; `covey device list` shows the digits to compare";
        return Ok((json!({ "joining": true }), words.into()));
    };
    tell(&format!("{FAINT}Asking the other device…{FAINT:#}"))?;
    let events = accompany(&mut node, events).await?;
    let devices = follow(&mut node, events).await?;
    Ok((json!(devices), list(&devices)))
}

/// What this machine is called.
fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().into()).filter(|name: &String| !name.is_empty())
}

/// Asks the person at this terminal what there is to ask, until the device is added.
async fn accompany(node: &mut Node, mut events: Events) -> Result<Events> {
    while let Some(event) = events.next().await {
        let Event::Adding(adding) = event else { continue };
        match adding.step {
            Step::Waiting => {}
            Step::Compare => {
                let same = same(&adding.digits.unwrap_or_default())?;
                node.order(Command::Confirm { same }).await?;
            }
            Step::Agreed => tell(&format!("{FAINT}Waiting for the other device…{FAINT:#}"))?,
            Step::Added => return Ok(events),
            Step::Refused => bail!("nothing was added: one of the two devices said no"),
            Step::Disturbed => bail!(
                "nothing was added: two devices answered the code, and one of them may be a \
                 stranger's; make a new one, and show it to nobody else"
            ),
            Step::Expired => bail!("nothing was added: the code was good for ten minutes"),
            Step::Taken => bail!("nothing was added: this home has a friend by now; use a new one"),
        }
    }
    bail!("the node has stopped")
}

fn same(digits: &str) -> Result<bool> {
    let (left, right) = digits.split_at_checked(3).unwrap_or((digits, ""));
    let mut err = anstream::stderr();
    write!(err, "Does the other device show {STRONG}{left} {right}{STRONG:#}? [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// Shows how the past comes in, until all of it is here.
async fn follow(node: &mut Node, mut events: Events) -> Result<Devices> {
    loop {
        let devices = node.devices().await?;
        let this = devices.devices.iter().find(|device| device.this).context(ODD)?;
        let linked = devices.devices.iter().any(|device| !device.this && device.online);
        write!(anstream::stderr(), "\r{}", held(this, devices.messages))?;
        match timeout(QUIET, events.next()).await {
            Ok(None) => bail!("the node has stopped"),
            Ok(Some(_)) => {
                let look = Instant::now() + LOOK;
                while let Ok(Some(_)) = timeout_at(look, events.next()).await {}
            }
            Err(_) if linked && this.holds >= devices.messages => {
                tell("")?;
                return Ok(devices);
            }
            Err(_) => {}
        }
    }
}

/// When nothing came for so long, nothing is missing.
const QUIET: Duration = Duration::from_secs(3);
/// So often it is looked again while it comes in.
const LOOK: Duration = Duration::from_millis(300);

fn tell(words: &str) -> Result<()> {
    Ok(writeln!(anstream::stderr(), "{words}")?)
}

/// One device a line, and what there is to compare.
fn list(devices: &Devices) -> String {
    let now = OffsetDateTime::now_utc();
    let name = |device: &api::Device| show::line(&device.name);
    let width = devices.devices.iter().map(|device| name(device).chars().count()).max();
    let width = width.unwrap_or(0);
    let mut lines = Vec::new();
    for device in &devices.devices {
        let how = match (device.this, device.online, device.seen) {
            (true, ..) => "this one".into(),
            (false, true, _) => "linked".into(),
            (false, false, Some(seen)) => format!("last linked {}", show::moment(seen, now)),
            (false, false, None) => "never linked".into(),
        };
        let class = device.class.as_deref().unwrap_or("not seen yet");
        lines.push(format!(
            "{STRONG}{:width$}{STRONG:#}  {class:<12}  {how:<24}  {FAINT}{}{FAINT:#}",
            name(device),
            held(device, devices.messages)
        ));
    }
    if let Some(digits) = devices.adding.as_ref().and_then(|adding| adding.digits.as_ref()) {
        lines.push(format!(
            "\nOne more is being added. Does it show {STRONG}{digits}{STRONG:#}? \
             `covey device confirm`, or `covey device refuse`"
        ));
    }
    lines.join("\n")
}

fn held(device: &api::Device, messages: u64) -> String {
    format!("{} of {} messages", grouped(device.holds), grouped(messages))
}

/// A number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_groups_of_three() {
        let shown = [0, 999, 1_200, 8_400_000].map(grouped);
        assert_eq!(shown, ["0", "999", "1,200", "8,400,000"]);
    }

    #[test]
    fn devices_stand_in_columns_with_what_each_holds() {
        let device = |name: &str, online, seen, holds| api::Device {
            id: String::new(),
            name: name.into(),
            class: (name != "new").then(|| "phone".into()),
            this: name == "mine",
            online,
            seen,
            holds,
        };
        let devices = vec![
            device("mine", false, None, 8_400),
            device("new", true, None, 1_200),
            device("gone", false, Some(0), 8_000),
            device("shy", false, None, 0),
        ];
        let shown = list(&Devices { devices, messages: 8_400, adding: None });
        let last = format!("last linked {}", show::moment(0, OffsetDateTime::now_utc()));
        assert_eq!(
            anstream::adapter::strip_str(&shown).to_string(),
            format!(
                "mine  phone         this one                  8,400 of 8,400 messages\n\
                 new   not seen yet  linked                    1,200 of 8,400 messages\n\
                 gone  phone         {last:<24}  8,000 of 8,400 messages\n\
                 shy   phone         never linked              0 of 8,400 messages"
            )
        );
    }
}
