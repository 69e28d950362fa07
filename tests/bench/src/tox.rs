//! Two nodes of libtoxcore, each in a process of its own, driven by `tox.c`, which is compiled first.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::process::{Process, beside};

/// Two nodes that are connected.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) ana: Process,
    /// Dies with the pair.
    pub(crate) _ben: Process,
}

impl Pair {
    /// On this machine, each bootstrapped from the other; `interval` is what it iterates at, unless
    /// as the library asks. Also how long it took.
    pub(crate) fn new(interval: Option<u32>) -> Result<(Self, Duration)> {
        let start = Instant::now();
        let tox = beside("tox")?;
        let node = || {
            let mut command = Command::new(&tox);
            command.args(interval.map(|interval| interval.to_string()));
            node(command)
        };
        let ((mut ana, ana_is), (mut ben, ben_is)) = (node()?, node()?);
        ana.tell(&format!("bootstrap {} {}", ben_is.dht, ben_is.port))?;
        ben.tell(&format!("bootstrap {} {}", ana_is.dht, ana_is.port))?;
        let pair = befriend((ana, ana_is), (ben, ben_is))?;
        Ok((pair, start.elapsed()))
    }

    /// Wherever the commands run that begin so.
    pub(crate) fn within(begin: impl Fn(&str, &Path) -> Command) -> Result<Self> {
        let tox = beside("tox")?;
        befriend(node(begin("ana", &tox))?, node(begin("ben", &tox))?)
    }

    /// How long so many messages of so many bytes take until all are acknowledged.
    pub(crate) fn flood(&mut self, count: usize, size: usize) -> Result<Duration> {
        self.ana.tell(&format!("flood {count} {size}"))?;
        Ok(Duration::from_secs_f64(self.ana.hear("flood")?.parse()?))
    }

    /// How many milliseconds each of so many messages takes until its answer is there.
    pub(crate) fn ping(&mut self, count: usize) -> Result<Vec<f64>> {
        self.ana.tell(&format!("ping {count}"))?;
        let times = self.ana.hear("ping")?;
        times.split_whitespace().map(|time| Ok(time.parse()?)).collect()
    }
}

/// Compiles the driver.
pub(crate) fn build() -> Result<()> {
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-x", "c", "-", "-ltoxcore", "-o"]).arg(beside("tox")?);
    let mut child = compiler.stdin(Stdio::piped()).spawn().context("no C compiler")?;
    child.stdin.take().context("its input is piped")?.write_all(include_bytes!("tox.c"))?;
    ensure!(child.wait()?.success(), "tox.c does not compile");
    Ok(())
}

/// What a node says of itself.
struct Ready {
    address: String,
    dht: String,
    port: u16,
}

fn node(command: Command) -> Result<(Process, Ready)> {
    let process = Process::start(command)?;
    let ready = process.hear("ready")?;
    let mut words = ready.split_whitespace().map(str::to_owned);
    let mut word = || words.next().context("it is not ready");
    let ready = Ready { address: word()?, dht: word()?, port: word()?.parse()? };
    Ok((process, ready))
}

fn befriend(
    (mut ana, ana_is): (Process, Ready),
    (mut ben, ben_is): (Process, Ready),
) -> Result<Pair> {
    ana.tell(&format!("befriend {}", ben_is.address))?;
    ben.tell(&format!("befriend {}", ana_is.address))?;
    ana.hear("online")?;
    ben.hear("online")?;
    Ok(Pair { ana, _ben: ben })
}
