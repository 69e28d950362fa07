//! Backups: a passphrase that is typed or read, how far it is, and what is to be done next.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{self, Path},
};

use anyhow::{Context as _, Result, bail};
use covey_node::{
    api::{Answer, Event, Passphrase, Query},
    backup,
    vault::{self, Wish},
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    args::Restore,
    ask::Said,
    node::{Node, ODD},
    show::{self, STRONG},
};

/// Has the node write a backup.
pub(crate) async fn back_up(
    home: &Path,
    mut node: Node,
    file: &Path,
    passphrase_file: Option<&Path>,
) -> Result<Said> {
    let passphrase = match passphrase_file {
        Some(file) => first_line(file)?,
        None => chosen()?,
    };
    let passphrase = String::from_utf8(passphrase.to_vec()).context("the passphrase is no text")?;
    let file = path::absolute(file).context("the working folder is gone")?;
    let shown = file.to_string_lossy().into_owned();
    let query = Query::Backup { file: shown.clone(), passphrase: Passphrase(passphrase) };
    let mut events = Node::attach(home).await?.0.events().await?;
    let mut saved = std::pin::pin!(node.0.query(query));
    let answer = loop {
        tokio::select! {
            answer = &mut saved => break answer?,
            event = events.next() => match event {
                Some(Event::Backup { done, all }) => progress(done, all)?,
                Some(_) => {}
                None => bail!("the node has stopped; there is no backup"),
            },
        }
    };
    let Answer::Saved = answer else { bail!(ODD) };
    let words = format!("Saved in {}, and read back", show::line(&shown));
    Ok((json!({ "backup": shown }), words))
}

/// Makes a home of a backup.
pub(crate) fn restore(home: &Path, options: &Restore) -> Result<Said> {
    let passphrase = match &options.passphrase_file {
        Some(file) => first_line(file)?,
        None => typed("The backup's passphrase: ")?,
    };
    let keep = if options.lock { Wish::Passphrase(passphrase.clone()) } else { Wish::Best };
    backup::restore(&options.file, &passphrase, home, &keep, |done, all| {
        // whoever watches it sees less; the home is made all the same
        let _unseen = progress(done, all);
    })?;
    let shown = show::line(&home.to_string_lossy());
    let words = format!(
        "Restored into {shown}, as a new device of your account.\n\
         Start it with {STRONG}covey run{STRONG:#}; {STRONG}covey status{STRONG:#} asks whether \
         the old device is gone."
    );
    Ok((json!({ "restored": home.to_string_lossy() }), words))
}

/// The first line of the file, which is a passphrase.
pub(crate) fn first_line(file: &Path) -> Result<vault::Passphrase> {
    let mut bytes = Zeroizing::new(fs::read(file).context("the passphrase file cannot be read")?);
    let end = bytes.iter().position(|byte| b"\r\n".contains(byte)).unwrap_or(bytes.len());
    bytes.truncate(end);
    match bytes.is_empty() {
        true => bail!("the passphrase file begins with an empty line"),
        false => Ok(bytes),
    }
}

/// A new passphrase, typed twice.
fn chosen() -> Result<vault::Passphrase> {
    let first = typed("A passphrase for the backup: ")?;
    match first == typed("The same again: ")? {
        true if first.is_empty() => bail!("an empty passphrase protects nothing; type one"),
        true => Ok(first),
        false => bail!("these were two different passphrases; nothing was saved"),
    }
}

fn typed(prompt: &str) -> Result<vault::Passphrase> {
    if !io::stdin().is_terminal() {
        bail!("there is nobody to type a passphrase; give it with --passphrase-file");
    }
    let typed = rpassword::prompt_password(prompt).context("the passphrase cannot be read")?;
    Ok(Zeroizing::new(typed.into_bytes()))
}

/// Shown to a person only, on one line that is written over.
fn progress(done: u64, all: u64) -> Result<()> {
    if io::stderr().is_terminal() {
        let end = if done >= all { "\n" } else { "" };
        write!(anstream::stderr(), "\r{:>3} %{end}", done * 100 / all.max(1))?;
    }
    Ok(())
}
