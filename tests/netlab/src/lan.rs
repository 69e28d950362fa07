//! Hosts on one switch, with cables that can lose packets or be cut.
//!
//! The switch is a bridge in a namespace of its own, and what goes wrong with a cable
//! goes wrong at the switch's port, so that a host sees no trace of it: its interface
//! keeps its carrier and its addresses.

use std::{
    path::Path,
    process::{self, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

/// What addresses the hosts have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// IPv4 and IPv6, as at home.
    Home,
    /// Link-local IPv6 and nothing else, as between two devices without any router.
    LinkLocal,
}

/// One switch with its hosts.
#[derive(Debug)]
pub struct Lan {
    hosts: Vec<&'static str>,
}

impl Lan {
    /// Builds the network, or says why it cannot be built here and answers `None`: only CI
    /// insists on it.
    pub fn build(addresses: Addresses, hosts: &[&'static str]) -> Result<Option<Self>> {
        match able() {
            Ok(()) => {}
            Err(reason) if std::env::var("CI").is_ok_and(|ci| ci == "true") => return Err(reason),
            Err(reason) => {
                skipped(&reason);
                return Ok(None);
            }
        }
        remove_leftovers()?;
        // made before the work, so that half a network is torn down as well
        let lan = Self { hosts: hosts.to_vec() };
        ip(&format!("netns add {}", namespace("switch")))?;
        let switch = namespace("switch");
        ip(&format!("-n {switch} link add br0 type bridge mcast_snooping 0 forward_delay 0"))?;
        ip(&format!("-n {switch} link set br0 up"))?;
        for (number, host) in (1..).zip(hosts) {
            plug(host, number, addresses)?;
        }
        Ok(Some(lan))
    }

    /// A command that will run on a host.
    pub fn on(&self, host: &str, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &namespace(host)]).arg(program);
        command
    }

    /// Every cable loses so many of a hundred packets from now on, whichever way they go.
    pub fn lose(&self, percent: u8) -> Result<()> {
        let chains: String = (self.hosts.iter())
            .map(|host| {
                format!(
                    "chain {host} {{ type filter hook ingress device {host} priority 0; \
                     numgen random mod 100 < {percent} drop; }}\n"
                )
            })
            .collect();
        let rules = format!("table netdev cables {{ {chains} }}");
        run(Command::new("ip").args(["netns", "exec", &namespace("switch"), "nft", &rules]))
    }

    /// Pulls a host's cable out of the switch for a while, and does something meanwhile; the host
    /// itself cannot tell.
    pub fn cut_for<T>(
        &self,
        host: &str,
        time: Duration,
        meanwhile: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let switch = namespace("switch");
        ip(&format!("-n {switch} link set {host} nomaster"))?;
        let begin = Instant::now();
        let done = meanwhile();
        thread::sleep(time.saturating_sub(begin.elapsed()));
        ip(&format!("-n {switch} link set {host} master br0"))?;
        done
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for host in self.hosts.iter().chain(&["switch"]) {
            // one that was never made is as good as gone
            let _gone = ip(&format!("netns del {}", namespace(host)));
        }
    }
}

/// A host's cable: `eth0` in the host, a port of the host's name at the switch.
fn plug(host: &str, number: u8, addresses: Addresses) -> Result<()> {
    let (switch, namespace) = (namespace("switch"), namespace(host));
    ip(&format!("netns add {namespace}"))?;
    // an address that waits to be proved unique would be measured as ours
    let settings = "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad";
    run(Command::new("ip").args(["netns", "exec", &namespace, "sh", "-c", settings]))?;
    ip(&format!("link add {host} netns {switch} type veth peer name eth0 netns {namespace}"))?;
    // packets as they are on a wire, not glued together
    ip(&format!("-n {namespace} link set eth0 gso_max_segs 1 gso_max_size 1500"))?;
    ip(&format!("-n {switch} link set {host} master br0 up"))?;
    ip(&format!("-n {namespace} link set lo up"))?;
    ip(&format!("-n {namespace} link set eth0 up"))?;
    match addresses {
        Addresses::Home => {
            ip(&format!("-n {namespace} addr add 192.168.77.{number}/24 dev eth0"))?;
            ip(&format!("-n {namespace} addr add fd77::{number}/64 dev eth0 nodad"))
        }
        Addresses::LinkLocal => Ok(()),
    }
}

/// The namespace of a host of this process: no two runs meet.
fn namespace(host: &str) -> String {
    format!("covey-{}-{host}", process::id())
}

/// Whether this process may build networks.
fn able() -> Result<()> {
    let probe = format!("covey-{}-probe", process::id());
    ip(&format!("netns add {probe}")).context("network namespaces need root")?;
    ip(&format!("netns del {probe}"))?;
    run(Command::new("nft").arg("--version")).context("nftables is not installed")
}

/// Removes the networks of processes that are no more.
fn remove_leftovers() -> Result<()> {
    let list = Command::new("ip").args(["netns", "list"]).output()?;
    for line in String::from_utf8_lossy(&list.stdout).lines() {
        let Some(name) = line.split_whitespace().next() else {
            continue;
        };
        let owner = name.strip_prefix("covey-").and_then(|rest| rest.split('-').next());
        if owner
            .is_some_and(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists())
        {
            ip(&format!("netns del {name}"))?;
        }
    }
    Ok(())
}

fn ip(arguments: &str) -> Result<()> {
    run(Command::new("ip").args(arguments.split(' ')))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}", said.trim());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a test that did not run says so")]
fn skipped(reason: &anyhow::Error) {
    println!("SKIPPED: {reason:#}");
}
