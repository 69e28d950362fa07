//! A `covey` process on a host, and what a person there would type.
//!
//! Everything goes through the program's command line and its `--json` answers, and is
//! awaited on its events; nothing here knows how it works inside.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::Lan;

/// How long anything may take before a story fails: after a cut, QUIC tries again in steps that
/// double, and a try may be lost.
const PATIENCE: Duration = Duration::from_secs(150);

/// One person's installation: a home, and most of the time a running process.
#[derive(Debug)]
pub struct Node<'lan> {
    lan: &'lan Lan,
    host: &'static str,
    home: TempDir,
    covey: PathBuf,
    running: Option<Running>,
}

/// One message as `covey log` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// Who wrote it.
    pub from: String,
    /// What it says.
    pub text: String,
    /// How far it has come.
    pub state: String,
}

impl<'lan> Node<'lan> {
    /// A fresh installation on a host, started. Its person is called as the host is.
    pub fn start(lan: &'lan Lan, host: &'static str) -> Result<Self> {
        let home = TempDir::with_prefix("covey-")?;
        let mut node = Self { lan, host, home, covey: program()?, running: None };
        node.resume()?;
        Ok(node)
    }

    /// Starts the process again; returns once it says that it is ready.
    pub fn resume(&mut self) -> Result<()> {
        let (running, lines) = Running::start(self.command(&["run"]))?;
        let first = lines.next(Instant::now() + PATIENCE)?;
        ensure!(first.get("ready").is_some(), "{}: the first line of run is {first}", self.host);
        self.running = Some(running);
        Ok(())
    }

    /// Kills the process where it stands.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// An invite as text.
    pub fn invite(&self) -> Result<String> {
        text(&self.ask(&["invite"])?, "invite")
    }

    /// An invite as a picture.
    pub fn invite_png(&self, picture: &Path) -> Result<()> {
        self.ask(&["invite", "--png", path(picture)?]).map(drop)
    }

    /// Accepts an invite; answers the friend's name.
    pub fn accept(&self, invite: &str) -> Result<String> {
        text(&self.ask(&["accept", invite])?, "friend")
    }

    /// Accepts an invite from a picture; answers the friend's name.
    pub fn accept_png(&self, picture: &Path) -> Result<String> {
        text(&self.ask(&["accept", "--png", path(picture)?])?, "friend")
    }

    /// Sends a text; answers its id once it is on disk.
    pub fn send(&self, friend: &str, words: &str) -> Result<String> {
        text(&self.ask(&["send", friend, words])?, "id")
    }

    /// Returns once the friend has the message.
    pub fn delivered(&self, message: &str) -> Result<()> {
        let patience = PATIENCE.as_secs().to_string();
        self.ask(&["wait", message, "--state", "delivered", "--timeout", &patience]).map(drop)
    }

    /// The conversation with a friend, oldest first.
    pub fn log(&self, friend: &str) -> Result<Vec<Message>> {
        let answer = self.ask(&["log", friend, "--limit", "10000"])?;
        let messages = answer.get("messages").and_then(Value::as_array).context("no messages")?;
        (messages.iter())
            .map(|message| {
                Ok(Message {
                    id: text(message, "id")?,
                    from: text(message, "from")?,
                    text: text(message, "text")?,
                    state: text(message, "state")?,
                })
            })
            .collect()
    }

    /// What its person is called: as the host is.
    pub fn name(&self) -> &'static str {
        self.host
    }

    /// The folder of its home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Whether it lists this friend.
    pub fn knows(&self, friend: &str) -> Result<bool> {
        Ok(self.friend(friend)?.is_some())
    }

    /// Whether it lists this friend as linked right now.
    pub fn sees_online(&self, friend: &str) -> Result<bool> {
        let friend = self.friend(friend)?.with_context(|| format!("no friend {friend}"))?;
        friend
            .get("online")
            .and_then(Value::as_bool)
            .with_context(|| format!("no online in {friend}"))
    }

    /// Returns once a question is answered with yes: asked now, and again after every event.
    pub fn until(&self, question: impl Fn(&Self) -> Result<bool>) -> Result<()> {
        let (_watching, events) = Running::start(self.command(&["watch"]))?;
        let deadline = Instant::now() + PATIENCE;
        while !question(self)? {
            events.next(deadline).with_context(|| format!("{} waits", self.host))?;
        }
        Ok(())
    }

    /// One command, and the one object it prints.
    pub fn ask(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.command(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let status = output.status;
        ensure!(status.success(), "{}: covey {arguments:?}: {status}: {said}", self.host);
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("the answer to {arguments:?}"))
    }

    /// What one command says to a person.
    pub fn read(&self, arguments: &[&str]) -> Result<String> {
        let output = self.bare(arguments).output()?;
        ensure!(output.status.success(), "{}: covey {arguments:?}", self.host);
        Ok(String::from_utf8(output.stdout)?)
    }

    fn friend(&self, name: &str) -> Result<Option<Value>> {
        let answer = self.ask(&["friends"])?;
        let friends = answer.get("friends").and_then(Value::as_array).context("no friends")?;
        Ok(friends
            .iter()
            .find(|friend| friend.get("name").and_then(Value::as_str) == Some(name))
            .cloned())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(&["--json"]);
        command.args(arguments);
        command
    }

    fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = self.lan.on(self.host, &self.covey);
        command.arg("--home").arg(self.home.path()).args(arguments);
        // its name, and no keyring of whoever runs the tests
        command.env("USER", self.host).env_remove("DBUS_SESSION_BUS_ADDRESS");
        command
    }
}

/// A process that dies with this value.
#[derive(Debug)]
struct Running(Child);

impl Running {
    /// Starts it; its lines of JSON are read as they come.
    fn start(mut command: Command) -> Result<(Self, Lines)> {
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().context("its output is piped")?;
        let (sender, lines) = mpsc::channel();
        // reads on when nobody listens, so that the process never waits for us
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _unheard = sender.send(line);
            }
        });
        Ok((Self(process), Lines(lines)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it may have ended by itself
        let _killed = self.0.kill();
        let _reaped = self.0.wait();
    }
}

struct Lines(Receiver<String>);

impl Lines {
    fn next(&self, deadline: Instant) -> Result<Value> {
        match self.0.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => serde_json::from_str(&line).with_context(|| format!("no JSON: {line}")),
            Err(RecvTimeoutError::Timeout) => bail!("nothing more within {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => bail!("it ended"),
        }
    }
}

/// `covey` as it was built together with this test.
fn program() -> Result<PathBuf> {
    let test = env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).context("the test lies in target/*/deps")?;
    let covey = folder.join("covey");
    ensure!(
        covey.exists(),
        "{} is missing: run `make tests`, or `cargo build -p covey` first",
        covey.display()
    );
    Ok(covey)
}

fn text(object: &Value, field: &str) -> Result<String> {
    let value = object.get(field).and_then(Value::as_str);
    Ok(value.with_context(|| format!("no {field} in {object}"))?.to_owned())
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path in UTF-8")
}
