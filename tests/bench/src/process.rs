//! A child process that says what it does in lines, and what the system says of it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

/// How long anything may take before the bench gives up: more than an idle pair is watched.
pub(crate) const PATIENCE: Duration = Duration::from_secs(420);

/// Who spends no time on a processor for so long has nothing to do.
const REST: Duration = Duration::from_secs(3);

/// A child process; it dies with this value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.with_context(|| format!("start {command:?}"))?;
        let input = child.stdin.take().context("its input is piped")?;
        let output = child.stdout.take().context("its output is piped")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _unheard = sender.send(line);
            }
        });
        Ok(Self { child, input, lines })
    }

    /// The rest of the next line that begins with this word.
    pub(crate) fn hear(&self, word: &str) -> Result<String> {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).with_context(|| format!("no {word}"))?;
            if let Some(rest) = line.strip_prefix(word) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        Ok(writeln!(self.input, "{line}")?)
    }

    /// Ends it as a person would, and waits until it is gone.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let told = Command::new("kill").arg(self.child.id().to_string()).status()?;
        ensure!(told.success(), "it ended before");
        self.child.wait()?;
        Ok(())
    }

    /// Waits until it has nothing to do for a while.
    pub(crate) fn rest(&self) -> Result<()> {
        let spent = || -> Result<u64> {
            let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
            let words: Vec<_> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
            Ok(words.get(11).context("no time")?.parse()?)
        };
        let (mut before, start) = (spent()?, Instant::now());
        loop {
            thread::sleep(REST);
            let now = spent()?;
            if now == before || start.elapsed() > PATIENCE {
                return Ok(());
            }
            before = now;
        }
    }

    /// How much memory it holds, in MB.
    pub(crate) fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.context("no VmRSS")?.parse::<f64>()? * 1024.0 / 1e6)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // it may have ended by itself
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The program of this name that is built beside this one.
pub(crate) fn beside(program: &str) -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(program))
}
