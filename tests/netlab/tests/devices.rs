//! A second device of one's own, from the code on the first one's screen to a talk on both.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use netlab::{Addresses, Lan, Node, figure};
use serde_json::Value;

const HOSTS: [&str; 3] = ["ana", "ben", "tablet"];
const SAID: usize = 200;

#[test]
fn a_second_device_joins_by_a_picture_and_has_friends_and_the_past() -> Result<()> {
    let Some(lan) = Lan::build(Addresses::Home, &HOSTS)? else {
        return Ok(());
    };
    let (ana, ben) = (Node::start(&lan, "ana")?, Node::start(&lan, "ben")?);
    ensure!(ben.accept(&ana.invite()?)? == "ana");
    ana.until(|ana| ana.knows("ben"))?;
    let mut last = String::new();
    for number in 1..=SAID {
        last = ben.send("ana", &format!("before {number}"))?;
    }
    ben.delivered(&last)?;

    let mut tablet = Node::start(&lan, "tablet")?;
    let folder = tempfile::tempdir()?;
    let picture = folder.path().join("code.png");
    let start = Instant::now();
    ana.ask(&["device", "add", "--png", picture.to_str().context("a path in UTF-8")?])?;
    tablet.ask(&["device", "join", "--png", picture.to_str().context("a path in UTF-8")?])?;
    for node in [&ana, &tablet] {
        node.until(|node| Ok(digits(node)?.is_some()))?;
    }
    ensure!(digits(&ana)? == digits(&tablet)?);
    figure("a code read to digits on both", start.elapsed());
    ensure!(tablet.knows("ben").is_ok_and(|knows| !knows), "the friend came before the person");
    for node in [&tablet, &ana] {
        node.ask(&["device", "confirm"])?;
    }
    tablet.until(|tablet| tablet.knows("ben"))?;
    tablet.until(|tablet| Ok(tablet.log("ben")?.len() == SAID))?;
    figure(&format!("a code read to {SAID} messages on the new device"), start.elapsed());

    ben.delivered(&tablet.send("ben", "from the tablet")?)?;
    ana.until(|ana| said(ana, "ben", "from the tablet"))?;
    ben.delivered(&ben.send("ana", "to both")?)?;
    for node in [&ana, &tablet] {
        node.until(|node| said(node, "ben", "to both"))?;
    }
    tablet.kill();
    tablet.resume()?;
    for node in [&ana, &tablet] {
        node.until(|node| Ok(devices(node)? == [(true, false), (false, true)]))?;
        ensure!(node.log("ben")?.len() == SAID + 2);
    }
    Ok(())
}

/// The digits that a device shows.
fn digits(node: &Node<'_>) -> Result<Option<String>> {
    let list = node.ask(&["device", "list"])?;
    Ok(list.pointer("/adding/digits").and_then(Value::as_str).map(Into::into))
}

/// Of each of its devices: whether it is this one, and whether it is linked.
fn devices(node: &Node<'_>) -> Result<Vec<(bool, bool)>> {
    let list = node.ask(&["device", "list"])?;
    let devices = list.get("devices").and_then(Value::as_array).context("no devices")?;
    let is = |device: &Value, what| device.get(what).and_then(Value::as_bool).unwrap_or_default();
    Ok(devices.iter().map(|device| (is(device, "this"), is(device, "online"))).collect())
}

/// Whether the last thing said is this.
fn said(node: &Node<'_>, friend: &str, text: &str) -> Result<bool> {
    Ok(node.log(friend)?.last().is_some_and(|message| message.text == text))
}
