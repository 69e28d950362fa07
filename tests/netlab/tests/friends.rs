//! Two friends on one network, from the invite to the thousandth message.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use netlab::{Addresses, Lan, Node, figure};

const HOSTS: [&str; 2] = ["ana", "ben"];

#[test]
fn two_strangers_on_a_lan_befriend_by_text_and_talk() -> Result<()> {
    let Some(lan) = Lan::build(Addresses::Home, &HOSTS)? else {
        return Ok(());
    };
    befriend_and_talk(&lan, "home")
}

#[test]
fn two_strangers_without_a_router_befriend_by_text_and_talk() -> Result<()> {
    let Some(lan) = Lan::build(Addresses::LinkLocal, &HOSTS)? else {
        return Ok(());
    };
    befriend_and_talk(&lan, "link-local")
}

#[test]
fn an_invite_as_a_picture_befriends_as_well() -> Result<()> {
    let Some(lan) = Lan::build(Addresses::Home, &HOSTS)? else {
        return Ok(());
    };
    let (ana, ben) = (Node::start(&lan, "ana")?, Node::start(&lan, "ben")?);
    let folder = tempfile::tempdir()?;
    let picture = folder.path().join("invite.png");

    ana.invite_png(&picture)?;
    ensure!(ben.accept_png(&picture)? == "ana");

    converse(&ana, &ben)
}

#[test]
fn a_first_message_arrives_within_a_second_of_accepting() -> Result<()> {
    let Some(lan) = Lan::build(Addresses::Home, &HOSTS)? else {
        return Ok(());
    };
    let mut times = Vec::new();
    for _ in 0..10 {
        let (ana, ben) = (Node::start(&lan, "ana")?, Node::start(&lan, "ben")?);
        let invite = ana.invite()?;
        let start = Instant::now();
        ben.accept(&invite)?;
        ben.delivered(&ben.send("ana", "hello")?)?;
        times.push(start.elapsed());
    }
    times.sort();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    figure("accept to first message delivered, median of 10", median);
    figure("the slowest", slowest);
    ensure!(
        median <= Duration::from_secs(1) && slowest <= Duration::from_secs(5),
        "too slow: {times:?}"
    );
    Ok(())
}

#[test]
fn friends_who_both_start_are_online_within_a_second() -> Result<()> {
    for (addresses, what) in [(Addresses::Home, "home"), (Addresses::LinkLocal, "link-local")] {
        let Some(lan) = Lan::build(addresses, &HOSTS)? else {
            return Ok(());
        };
        let (mut ana, mut ben) = befriended(&lan)?;
        ana.kill();
        ben.kill();

        ana.resume()?;
        ben.resume()?;
        let start = Instant::now();
        ana.until(|ana| ana.sees_online("ben"))?;
        ben.until(|ben| ben.sees_online("ana"))?;

        let took = start.elapsed();
        figure(&format!("both started to friend online, {what}"), took);
        ensure!(took <= Duration::from_secs(1), "too slow: {took:?}");
    }
    Ok(())
}

#[test]
fn a_thousand_messages_each_way_survive_loss_and_a_cut() -> Result<()> {
    const COUNT: usize = 1_000;
    let Some(lan) = Lan::build(Addresses::Home, &HOSTS)? else {
        return Ok(());
    };
    let (ana, ben) = befriended(&lan)?;
    lan.lose(5)?;
    let start = Instant::now();

    thread::scope(|scope| {
        let (halfway, cut) = mpsc::channel();
        let cable = scope.spawn(|| {
            cut.into_iter().next().context("ana wrote half of hers")?;
            lan.cut_for("ana", Duration::from_secs(20), || Ok(()))
        });
        let one = scope.spawn(|| write(&ben, "ana", COUNT, |_| Ok(())));
        let other = write(&ana, "ben", COUNT, |number| {
            if number == COUNT / 2 { halfway.send(()).context("the cable listens") } else { Ok(()) }
        });
        let last = [(&ana, other?), (&ben, joined(one)?)];
        joined(cable)?;
        last.iter().try_for_each(|(node, message)| node.delivered(message))
    })?;

    figure("a thousand each way, 5 % lost, 20 s cut", start.elapsed());
    for (node, friend) in [(&ana, "ben"), (&ben, "ana")] {
        let log = node.log(friend)?;
        ensure!(log.len() == 2 * COUNT, "{} messages in the log with {friend}", log.len());
        for author in HOSTS {
            let said = log.iter().filter_map(|message| message.text.strip_prefix(author));
            ensure!(
                said.eq((1..=COUNT).map(|number| format!(" {number}"))),
                "{author}'s are not in order"
            );
        }
    }
    Ok(())
}

fn befriend_and_talk(lan: &Lan, what: &str) -> Result<()> {
    let start = Instant::now();
    let (ana, ben) = befriended(lan)?;
    figure(&format!("two fresh homes to friends, {what}"), start.elapsed());
    converse(&ana, &ben)
}

fn befriended(lan: &Lan) -> Result<(Node<'_>, Node<'_>)> {
    let (ana, ben) = (Node::start(lan, "ana")?, Node::start(lan, "ben")?);
    ensure!(ben.accept(&ana.invite()?)? == "ana");
    ana.until(|ana| ana.knows("ben"))?;
    Ok((ana, ben))
}

/// A word each way, which both then hold as said.
fn converse(ana: &Node<'_>, ben: &Node<'_>) -> Result<()> {
    ben.delivered(&ben.send("ana", "Hello, Ana!")?)?;
    ana.delivered(&ana.send("ben", "مرحبا 👋")?)?;
    for (node, friend) in [(ana, "ben"), (ben, "ana")] {
        let log = node.log(friend)?;
        let said: Vec<_> = log.iter().map(|message| message.text.as_str()).collect();
        ensure!(said == ["Hello, Ana!", "مرحبا 👋"], "{friend}'s friend reads {said:?}");
    }
    Ok(())
}

/// Writes so many numbered texts; answers the last one's id.
fn write(
    node: &Node<'_>,
    to: &str,
    count: usize,
    then: impl Fn(usize) -> Result<()>,
) -> Result<String> {
    let mut last = String::new();
    for number in 1..=count {
        last = node.send(to, &format!("{} {number}", node.name()))?;
        then(number)?;
    }
    Ok(last)
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
