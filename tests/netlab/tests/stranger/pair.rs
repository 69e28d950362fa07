//! Two friends, from the invite through several lives of their nodes.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use anyhow::{Context as _, Result, ensure};
use netlab::{Lan, Node};
use serde_json::Value;

use crate::{
    secrets::{self, Home},
    tap::Mac,
    traces::Aside,
    visit::{self, Attempt, Then, Visit},
};

/// What friends say to each other.
pub(crate) const TEXT: &str = "Meet me under the old oak at half past nine, and tell nobody.";

/// What nodes said to the stranger.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What they may say once only.
    pub(crate) fresh: Vec<Vec<u8>>,
    /// Their answers to a letter that they answered before.
    pub(crate) repeated: Vec<Vec<u8>>,
}

impl Heard {
    fn take(&mut self, attempts: &[Attempt], visit: &Visit) {
        self.fresh.push(visit.certificate.clone());
        for (attempt, answer) in attempts.iter().zip(&visit.answers) {
            let kept = match attempt.then {
                Then::Ends | Then::Answers => &mut self.fresh,
                Then::Repeats => &mut self.repeated,
            };
            kept.push(answer.clone());
        }
    }
}

/// Where a node runs.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) mac: Mac,
    pub(crate) v4: Ipv4Addr,
    v6: Vec<Ipv6Addr>,
    pub(crate) port: u16,
}

/// One made the invite, the other answered it.
#[derive(Debug)]
pub(crate) struct Pair<'lan> {
    nodes: [Node<'lan>; 2],
    pub(crate) hosts: [Host; 2],
    /// With which the invite was answered.
    pub(crate) letter: Vec<u8>,
    /// What the carrier calls each of them now.
    bearers: [Vec<u8>; 2],
    /// Their homes at the end of the last life, and what the carrier called each of them then.
    before: Option<([Home; 2], [Vec<u8>; 2])>,
    /// What they said to the stranger in each life.
    pub(crate) heard: Vec<Heard>,
    /// What their homes held at the end of each life.
    pub(crate) secrets: Vec<Vec<u8>>,
    /// Who they are.
    pub(crate) ids: Vec<Vec<u8>>,
    /// Their addresses and ports.
    pub(crate) aside: Aside,
}

impl<'lan> Pair<'lan> {
    /// Makes an invite, and answers it while its maker is away.
    pub(crate) fn begin(lan: &'lan Lan, names: [&'static str; 2]) -> Result<Self> {
        let [one, other] = names;
        let mut nodes = [Node::start(lan, one)?, Node::start(lan, other)?];
        for node in &nodes {
            node.ask(&["me", "--name", &format!("{} of the Seven Willows", node.name())])?;
        }
        let [one, other] = &mut nodes;
        let invite = one.invite()?;
        one.kill();
        other.accept(&invite)?;
        other.kill();
        let letter = Home::open(other.home())?.letter()?;
        let hosts = [Host::of(lan, one)?, Host::of(lan, other)?];
        let aside = Aside(hosts.iter().flat_map(Host::aside).collect());
        let secrets = secrets::of_invite(&invite)?;
        Ok(Self {
            nodes,
            hosts,
            letter,
            bearers: Default::default(),
            before: None,
            heard: Vec::new(),
            secrets,
            ids: Vec::new(),
            aside,
        })
    }

    /// Starts both nodes, and lets them talk.
    pub(crate) fn live(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.resume()?;
        }
        for node in &self.nodes {
            node.until(|node| Ok(!linked(node)?.is_empty()))?;
        }
        for node in &self.nodes {
            for friend in linked(node)? {
                node.delivered(&node.send(&friend, TEXT)?)?;
            }
        }
        Ok(())
    }

    /// Dials both, twice each, with nonsense, what was meant for others, what was meant for them
    /// in an earlier life, and what is meant for them now, by somebody else.
    pub(crate) fn visit(&mut self, foreign: &[u8]) -> Result<()> {
        let mut heard = Heard::default();
        let mut bearers = Vec::new();
        let attempt = |protocol, words, then| Attempt { protocol, words, then };
        let nonsense = prefixed(&[0xa5; 500]);
        for (number, host) in self.hosts.iter().enumerate() {
            let mut attempts = vec![
                attempt(HELLO, nonsense.clone(), Then::Ends),
                attempt(HELLO, prefixed(foreign), Then::Ends),
                attempt(LINK, nonsense.clone(), Then::Ends),
            ];
            if number == 0 {
                attempts.push(attempt(HELLO, prefixed(&self.letter), Then::Repeats));
            }
            // what a friend's call begins with, and nothing that follows from it
            let call = |bearer: &[u8]| -> Result<Option<Vec<u8>>> {
                let Some((homes, _)) = &self.before else { return Ok(None) };
                let [host, guest] = homes;
                let [called, caller] = if number == 0 { [host, guest] } else { [guest, host] };
                Ok(Some([caller.call(called, bearer)?, nonsense.clone()].concat()))
            };
            if let Some(earlier) = self.before.iter().flat_map(|(_, earlier)| earlier).nth(number) {
                let earlier = call(earlier)?.into_iter();
                attempts.extend(earlier.map(|call| attempt(LINK, call, Then::Ends)));
            }
            let global = host.v6.iter().find(|ip| !ip.is_unicast_link_local());
            let global = IpAddr::from(*global.context("an IPv6 address")?);
            let by_quic = visit::by_quic(SocketAddr::new(global, host.port), &attempts)?;
            heard.take(&attempts, &by_quic);
            let bearer = visit::peer_id(&by_quic.certificate)?;
            if let Some(call) = call(&bearer)? {
                // as many streams as may be opened at once
                attempts.retain(|attempt| attempt.then != Then::Ends);
                attempts.push(attempt(LINK, call, Then::Answers));
            }
            let v4 = SocketAddr::new(host.v4.into(), host.port);
            heard.take(&attempts, &visit::by_tcp(v4, &attempts)?);
            bearers.push(bearer);
        }
        for node in &self.nodes {
            ensure!(friends(node)?.len() == 1, "a stranger came in");
        }
        self.bearers = bearers.try_into().ok().context("two nodes")?;
        self.heard.push(heard);
        Ok(())
    }

    /// Kills both nodes, and looks at what they leave behind.
    pub(crate) fn die(&mut self) -> Result<()> {
        self.nodes.iter_mut().for_each(Node::kill);
        let [one, other] = &self.nodes;
        let (one, other) = (Home::open(one.home())?, Home::open(other.home())?);
        self.ids = [one.ids(), other.ids()].concat();
        self.secrets.extend([one.secrets()?, other.secrets()?].concat());
        self.before = Some(([one, other], self.bearers.clone()));
        Ok(())
    }
}

impl Host {
    /// Whether its node listens there.
    pub(crate) fn is_at(&self, at: SocketAddr) -> bool {
        self.has(at.ip()) && at.port() == self.port
    }

    /// Whether this is an address of its own.
    pub(crate) fn has(&self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(ip) => ip == self.v4,
            IpAddr::V6(ip) => self.v6.contains(&ip),
        }
    }

    fn of(lan: &Lan, node: &Node<'_>) -> Result<Self> {
        let read = |file: &str| -> Result<String> {
            let read = lan.on(node.name(), Path::new("cat")).arg(file).output()?;
            Ok(String::from_utf8(read.stdout)?)
        };
        let mac = read("/sys/class/net/eth0/address")?;
        let bytes = mac.trim().split(':').map(|byte| u8::from_str_radix(byte, 16));
        let mac = bytes.collect::<Result<Vec<_>, _>>()?;
        let lines = read("/proc/net/if_inet6")?;
        let ips = lines.lines().filter(|line| line.ends_with("eth0"));
        let ips = ips.filter_map(|line| u128::from_str_radix(line.split(' ').next()?, 16).ok());
        let v6: Vec<_> = ips.map(Ipv6Addr::from_bits).collect();
        let global = v6.iter().find(|ip| !ip.is_unicast_link_local());
        let [.., number] = global.context("an IPv6 address")?.octets();
        let port = fs::read_to_string(node.home().join("port"))?.trim().parse()?;
        let mac = mac.try_into().ok().context("six bytes")?;
        Ok(Self { mac, v4: Ipv4Addr::new(192, 168, 77, number), v6, port })
    }

    fn aside(&self) -> Vec<Vec<u8>> {
        let v6 = self.v6.iter().map(|ip| ip.octets().to_vec());
        let rest = [self.mac.to_vec(), self.v4.octets().to_vec(), self.port.to_be_bytes().to_vec()];
        v6.chain(rest).collect()
    }
}

/// The friends of a node that it has a link with now.
fn linked(node: &Node<'_>) -> Result<Vec<String>> {
    let online = |friend: &Value| friend.get("online").and_then(Value::as_bool) == Some(true);
    let linked = friends(node)?.into_iter().filter(online);
    let names = linked.map(|friend| Some(friend.get("name")?.as_str()?.to_owned()));
    names.collect::<Option<_>>().context("friends have names")
}

fn friends(node: &Node<'_>) -> Result<Vec<Value>> {
    let answer = node.ask(&["friends"])?;
    Ok(answer.get("friends").and_then(Value::as_array).context("friends")?.clone())
}

/// Behind its length, as everything goes on a stream.
fn prefixed(words: &[u8]) -> Vec<u8> {
    let len = u16::try_from(words.len()).unwrap_or(u16::MAX);
    [&len.to_be_bytes(), words].concat()
}

const HELLO: &str = "/covey/hello/1";
const LINK: &str = "/covey/link/1";
