//! What a cut costs, and how soon a dead peer is missed.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use netlab::{Addresses, Lan, Node, figure};

const HOSTS: [&str; 2] = ["ana", "ben"];

#[test]
fn what_was_written_during_a_cut_arrives_within_seconds_of_its_end() -> Result<()> {
    let Some(lan) = Lan::build(Addresses::Home, &HOSTS)? else {
        return Ok(());
    };
    let (ana, _ben) = befriended(&lan)?;
    // a link outlives the one, and is dropped and dialled in vain in the other
    for cut in [5, 15] {
        let write = || ana.send("ben", "are you there?");
        let words = lan.cut_for("ben", Duration::from_secs(cut), write)?;
        let back = Instant::now();
        ana.delivered(&words)?;
        figure(
            &format!("from the end of a cut of {cut} s to what was written in it"),
            back.elapsed(),
        );
    }
    Ok(())
}

#[test]
fn a_friend_who_is_off_is_missed_within_seconds_and_it_is_said_why() -> Result<()> {
    let Some(lan) = Lan::build(Addresses::Home, &HOSTS)? else {
        return Ok(());
    };
    for (looks, most) in [("left alone", 45), ("looked at", 20), ("written to", 15)] {
        let (ana, mut ben) = befriended(&lan)?;
        ben.kill();
        let killed = Instant::now();
        match looks {
            "left alone" => {}
            "looked at" => drop(ana.log("ben")?),
            _ => drop(ana.send("ben", "are you there?")?),
        }
        ana.until(|ana| Ok(!ana.sees_online("ben")?))?;
        let took = killed.elapsed();
        figure(&format!("until a killed peer is missed, {looks}"), took);
        ensure!(took <= Duration::from_secs(most), "too slow: {took:?}");
        let said = ana.read(&["why", "ben"])?;
        ensure!(said.contains("ben's computer was last linked at "), "{said}");
        ensure!(said.contains(", then it fell silent."), "{said}");
    }
    Ok(())
}

fn befriended(lan: &Lan) -> Result<(Node<'_>, Node<'_>)> {
    let (ana, ben) = (Node::start(lan, "ana")?, Node::start(lan, "ben")?);
    ensure!(ben.accept(&ana.invite()?)? == "ana");
    ben.delivered(&ben.send("ana", "hello")?)?;
    Ok((ana, ben))
}
