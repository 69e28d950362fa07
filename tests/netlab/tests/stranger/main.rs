//! What a stranger on the same network learns, shown on bytes.
//!
//! Two pairs of friends live through several starts of their nodes, first over QUIC, then over
//! TCP. A stranger on the same switch sees every packet, dials every node, asks, talks nonsense
//! and repeats what others said; he is even given what nobody but the friends can have: a letter
//! that one wrote, and how each calls the other. Then all that he saw is searched for all that
//! their homes hold, and for whatever outlives a start.

mod mischief;
mod pair;
mod search;
mod secrets;
mod tap;
mod traces;
mod visit;

use std::{env, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};
use netlab::{Addresses, Lan};

use crate::{pair::Pair, tap::Tap};

/// How long anything may take before the story fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// Set in the process that runs where the stranger is.
const INSIDE: &str = "COVEY_TEST_INSIDE";

#[test]
fn a_stranger_on_the_lan_learns_no_secret_and_nothing_that_outlives_a_start() -> Result<()> {
    if env::var_os(INSIDE).is_some() {
        return story();
    }
    let Some(_possible) = Lan::build(Addresses::Home, &[])? else {
        return Ok(());
    };
    let this = "a_stranger_on_the_lan_learns_no_secret_and_nothing_that_outlives_a_start";
    let mut inside = Command::new("unshare");
    inside.arg("--net").arg(env::current_exe()?).args(["--exact", this, "--nocapture"]);
    let status = inside.env(INSIDE, "1").status()?;
    ensure!(status.success(), "inside: {status}");
    Ok(())
}

fn story() -> Result<()> {
    let hosts = ["ana", "ben", "cleo", "dora"];
    let lan = Lan::build(Addresses::Home, &hosts)?.context("the lab was just built")?;
    let tap = Tap::plug_in(&lan)?;
    let mut one = Pair::begin(&lan, ["ana", "ben"])?;
    let mut other = Pair::begin(&lan, ["cleo", "dora"])?;
    let mut lives = Vec::new();
    for number in 0..4 {
        let before = tap.count();
        if number == search::OVER_QUIC {
            mischief::leave_tcp_only(&lan, &hosts)?;
        }
        for pair in [&mut one, &mut other] {
            pair.live()?;
        }
        mischief::repeat(&tap.since(0), [&one, &other])?;
        one.visit(&other.letter)?;
        other.visit(&one.letter)?;
        mischief::ask(&tap, [&one, &other])?;
        lives.push(tap.since(before));
        for pair in [&mut one, &mut other] {
            pair.die()?;
        }
    }
    let pairs = [&one, &other];
    search::no_secret_is_seen(&tap.since(0), pairs)?;
    search::nothing_outlives_a_start(&lives, pairs)?;
    search::friends_announce_nothing_in_common(&lives, pairs)?;
    search::nothing_but_quic_and_tls_is_seen(&lives, pairs)
}
