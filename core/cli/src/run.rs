//! `covey run`: a node in the foreground, until it is told to end.
//!
//! A program reads one line once commands are taken; a person sees who may be invited, and how.

use std::{
    env,
    io::{self, IsTerminal as _},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use covey_node::{
    api::{
        Command, Core, Event, InviteKind, Reply, Status,
        web::{self, Files, Web},
    },
    bundle::Log,
    home::{self, Home},
    qr,
    run::{self, Running},
    vault::Wish,
};
use serde_json::json;
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    time::timeout,
};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    registry,
    util::SubscriberInitExt as _,
};

use crate::{
    args::Run,
    backup,
    node::ODD,
    print,
    show::{self, FAINT, HEED, STRONG},
};

/// Runs a node on this home.
pub(crate) fn run(dir: &Path, options: Run, json: bool) -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let shown = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let (log, ours) = (Log::default(), Targets::new().with_target("covey", LevelFilter::DEBUG));
    let kept = log.clone();
    let kept = fmt::layer().with_writer(move || kept.clone()).with_ansi(false);
    registry().with(shown.with_filter(filter)).with(kept.with_filter(ours)).init();
    let keep = wish(options.passphrase_file.as_deref())?;
    let home = Home::open(dir, &home::Options { keep, name: person() })?;
    let at = options.web;
    let options = run::Options { listen: options.listen, lan: !options.no_lan, log };
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut running = run::start(home, &options)?;
        let web = match at {
            Some(at) => Some(web::open(at, running.core(), PAGE).await.context(NO_PORT)?),
            None => None,
        };
        let status = settled(running.core()).await?;
        let page = web.as_ref().map(Web::address);
        print(&match json {
            true => ready(&running, &status, page),
            false => welcome(running.core(), &status, page).await,
        })?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = running.failed() => bail!("the node has stopped; its log may say why"),
        }
        tokio::select! {
            () = running.stop() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}

const PAGE: Files = include!(concat!(env!("OUT_DIR"), "/page.rs"));
const NO_PORT: &str = "the browser edition cannot be served there; name another port, or 0 for any";

/// How the key of a home is kept, as far as a person says so.
pub(crate) fn wish(passphrase_file: Option<&Path>) -> Result<Wish> {
    passphrase_file.map_or(Ok(Wish::Best), |file| Ok(Wish::Passphrase(backup::first_line(file)?)))
}

/// What this person is called, until told otherwise.
fn person() -> String {
    let name = env::var("USER").ok().filter(|name| (1..=MAX_NAME).contains(&name.len()));
    name.unwrap_or_else(|| "Me".into())
}

const MAX_NAME: usize = 64;

/// What the node says of itself once it knows where it listens. That may be nowhere, so nobody
/// waits long for it.
async fn settled(core: &Core) -> Result<Status> {
    let (mut events, mut known) = (core.listen(), Status::default());
    while known.addresses.is_empty() {
        match timeout(SETTLING, events.next()).await {
            Ok(Some(Event::Snapshot(status))) => known = status,
            Ok(Some(_)) => {}
            Ok(None) => bail!("the node has stopped"),
            Err(_) => break,
        }
    }
    Ok(known)
}

const SETTLING: Duration = Duration::from_secs(1);

fn ready(running: &Running, status: &Status, web: Option<&str>) -> String {
    let Status { name, vault, addresses, .. } = status;
    let socket = running.socket().to_string_lossy();
    let ready = json!({
        "name": name, "socket": socket, "addresses": addresses, "vault": vault, "web": web,
    });
    show::json(&json!({ "ready": ready }).to_string())
}

async fn welcome(core: &Core, status: &Status, web: Option<&str>) -> String {
    let mut status = show::status(status);
    if let Some(address) = web {
        status += &format!("\n\nIn a browser of this machine open\n{STRONG}{address}{STRONG:#}");
    }
    let invites = invites(core).await;
    let invites = invites.unwrap_or_else(|error| format!("{HEED}No invite now: {error}{HEED:#}"));
    format!("{status}\n\n{invites}\n\n{FAINT}Ctrl-C ends this node.{FAINT:#}")
}

/// One to scan from this screen, and one to copy.
async fn invites(core: &Core) -> Result<String> {
    let screen = qr::terminal(&invite(core, InviteKind::Screen, SCREEN_TTL).await?)?;
    let link = invite(core, InviteKind::Link, LINK_TTL).await?;
    // as it was typed here, so that it works where Covey was built but not installed
    let covey = env::args_os().next().unwrap_or_else(|| "covey".into());
    let covey = show::line(&covey.to_string_lossy());
    Ok(format!(
        "{screen}\n\
         An invite for one friend, good for ten minutes: a picture of it, as PNG, is read by\n\n    \
         {covey} accept --png FILE\n\n\
         Another, good for an hour. Run a node on the friend's machine too, then type there\n\n    \
         {STRONG}{covey} accept {link}{STRONG:#}"
    ))
}

const SCREEN_TTL: u32 = 600;
/// Short, so that the invites of many starts do not pile up.
const LINK_TTL: u32 = 3_600;

async fn invite(core: &Core, kind: InviteKind, ttl: u32) -> Result<String> {
    let command = Command::Invite { kind, ttl: Some(ttl) };
    let Reply::Invite(text) = core.command(None, command).await? else { bail!(ODD) };
    Ok(text)
}
