//! What a connected pair says when nobody says anything: all bytes of all sockets of one of two
//! hosts, which are alone on a switch.
//!
//! Each pair is watched in a process of its own, while other things are measured: it takes no time
//! of a processor, but minutes.

use std::{path::Path, process::Command, thread, time::Duration};

use anyhow::{Context as _, Result, bail};
use netlab::{Addresses, Lan};

use crate::{
    covey::{self, Node},
    process::Process,
    tox,
};

/// Until a new connection has come to rest, and how long it is watched then: everything that is
/// done now and then is done once in five minutes.
const REST: Duration = Duration::from_secs(45);
const WATCH: Duration = Duration::from_secs(300);
const HOSTS: [&str; 2] = ["ana", "ben"];

/// A pair that is watched.
#[derive(Debug)]
pub(crate) struct Idle(Process);

impl Idle {
    /// Begins to watch one, Covey's or libtoxcore's.
    pub(crate) fn begin(whose: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["idle", whose]);
        Ok(Self(Process::start(command)?))
    }

    /// What one of the two says, in kB a minute, and what it takes up, in MB.
    pub(crate) fn end(self) -> Result<(f64, f64)> {
        let line = self.0.hear("idle")?;
        let (said, resident) = line.split_once(' ').context("two figures")?;
        Ok((said.parse()?, resident.parse()?))
    }
}

/// What the process does that [`Idle::begin`] starts.
pub(crate) fn watch(whose: &str) -> Result<(f64, f64)> {
    let Some(lan) = Lan::build(Addresses::Home, &HOSTS)? else { return Ok((f64::NAN, f64::NAN)) };
    match whose {
        "covey" => {
            let node = |host| Node::within(|covey| lan.on(host, covey));
            let pair = covey::Pair::befriend(node(HOSTS[0])?, node(HOSTS[1])?)?;
            pair.linked()?;
            Ok((said(&lan)?, pair.ana.process.resident()?))
        }
        "tox" => {
            let pair = tox::Pair::within(|host, tox| lan.on(host, tox))?;
            Ok((said(&lan)?, pair.ana.resident()?))
        }
        _ => bail!("idle covey or idle tox"),
    }
}

/// Kilobytes that the first host sends and receives in a minute.
fn said(lan: &Lan) -> Result<f64> {
    thread::sleep(REST);
    let before = bytes(lan)?;
    thread::sleep(WATCH);
    Ok((bytes(lan)? - before) / 1e3 / (WATCH.as_secs_f64() / 60.0))
}

fn bytes(lan: &Lan) -> Result<f64> {
    let counts = lan.on(HOSTS[0], Path::new("cat")).arg("/proc/net/dev").output()?;
    let counts = String::from_utf8(counts.stdout)?;
    let line = counts.lines().find_map(|line| line.trim().strip_prefix("eth0:"));
    let words: Vec<_> = line.context("no eth0")?.split_whitespace().collect();
    let number =
        |at: usize| Ok::<_, anyhow::Error>(words.get(at).context("no bytes")?.parse::<f64>()?);
    Ok(number(0)? + number(8)?)
}
