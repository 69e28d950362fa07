//! A person with a home and a real `covey` running on it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A home; most of the time a node runs on it.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) home: TempDir,
    /// Where its node listens: on no network but this machine's own.
    pub(crate) listen: String,
    running: Option<Running>,
}

impl Person {
    /// A fresh home, on which nothing runs.
    pub(crate) fn new(name: &'static str) -> Self {
        Self::within(tempfile::tempdir().unwrap(), name)
    }

    /// Whoever lives in this folder, or somebody new; nothing runs.
    pub(crate) fn within(home: TempDir, name: &'static str) -> Self {
        let listen = String::from("/ip4/127.0.0.1/udp/0/quic-v1");
        Self { name, home, listen, running: None }
    }

    /// A fresh home with a node that is ready.
    pub(crate) fn start(name: &'static str) -> Self {
        let mut person = Self::new(name);
        person.resume(&[]);
        person
    }

    /// Runs a node; answers what it says when it is ready.
    pub(crate) fn resume(&mut self, options: &[&str]) -> Value {
        let mut running = Running::start(self.run(&["--json"]).args(options));
        let first = running.line();
        self.running = Some(running);
        first["ready"].clone()
    }

    /// Kills the node.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    /// The node's process.
    pub(crate) fn pid(&self) -> u32 {
        self.running.as_ref().unwrap().process.id()
    }

    /// Waits for the end of a node that somebody else killed.
    pub(crate) fn bury(&mut self) {
        let ended = self.running.take().unwrap().process.wait().unwrap();
        assert_eq!(ended.code(), None, "it ended by itself: {ended}");
    }

    /// Tells the node to end, and waits for it: its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let mut running = self.running.take().unwrap();
        let told = Command::new("kill").arg(running.process.id().to_string()).status().unwrap();
        assert!(told.success());
        running.process.wait().unwrap().code()
    }

    /// Makes this person and another friends; returns once both know.
    pub(crate) fn befriend(&self, other: &Self) {
        let mut watches = [self.watch(), other.watch()];
        let invite = self.ask(&["invite"])["invite"].as_str().unwrap().to_owned();
        assert_eq!(other.ask(&["accept", &invite])["friend"], self.name);
        for watch in &mut watches {
            watch.until(|event| event["friend"]["standing"] == "friend");
        }
    }

    /// What happens, as it happens.
    pub(crate) fn watch(&self) -> Running {
        let mut watch = Running::start(&mut self.command(&["--json", "watch"]));
        assert!(watch.line().get("snapshot").is_some());
        watch
    }

    /// A command that is still under way.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(&["--json"]).args(arguments))
    }

    /// The one object of a command that succeeds.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Value {
        let output = self.command(&["--json"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        object(&output)
    }

    /// The one object of a command, unless the node is gone.
    pub(crate) fn try_ask(&self, arguments: &[&str]) -> Option<Value> {
        let output = self.command(&["--json"]).args(arguments).output().unwrap();
        assert_ne!(output.status.code(), Some(3), "{arguments:?}: it took too long");
        output.status.success().then(|| object(&output))
    }

    /// The sentence of a command that ends with this code: the same for programs and people.
    pub(crate) fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let json = self.command(&["--json"]).args(arguments).output().unwrap();
        assert_eq!(json.status.code(), Some(code), "{arguments:?}: {json:?}");
        let words = self.command(arguments).output().unwrap();
        assert_eq!(words.status.code(), Some(code), "{arguments:?}: {words:?}");
        assert!(words.stdout.is_empty() && !words.stderr.is_empty(), "{arguments:?}: {words:?}");
        object(&json)["error"].as_str().unwrap().to_owned()
    }

    /// What a command that succeeds shows to a person.
    pub(crate) fn see(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A command that hears this.
    pub(crate) fn pipe(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(&["--json"]);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // it need not read all
        let _unread = process.stdin.take().unwrap().write_all(input);
        process.wait_with_output().unwrap()
    }

    /// What a person sees when a node starts.
    pub(crate) fn first_screen(&self, options: &[&str]) -> String {
        let mut running = Running::start(self.run(&[]).args(options));
        let mut seen = String::new();
        while !seen.contains("Ctrl-C") {
            assert_ne!(running.output.read_line(&mut seen).unwrap(), 0, "it ended: {seen}");
        }
        seen
    }

    fn run(&self, options: &[&str]) -> Command {
        let mut command = self.command(options);
        command.args(["run", "--no-lan", "--listen", &self.listen]);
        command
    }

    /// `covey` on this home, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = covey(self.home.path());
        command.env("USER", self.name).args(arguments);
        command
    }
}

/// `covey` on a home, with nothing of whoever runs the tests.
fn covey(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_covey"));
    command.arg("--home").arg(home).stdin(Stdio::null());
    for name in ["COVEY_HOME", "DBUS_SESSION_BUS_ADDRESS", "RUST_LOG", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

/// The one line of JSON that a command printed.
pub(crate) fn object(output: &Output) -> Value {
    let text = str::from_utf8(&output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

/// A process that dies with this value; its lines are JSON.
pub(crate) struct Running {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// The next line; waits for it.
    pub(crate) fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "it ended: {:?}", self.process.wait());
        serde_json::from_str(&line).unwrap()
    }

    /// Waits for a line.
    pub(crate) fn until(&mut self, wanted: impl Fn(&Value) -> bool) {
        while !wanted(&self.line()) {}
    }

    /// Waits for the end: the exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.process.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it may have ended by itself
        let _killed = self.process.kill();
        let _reaped = self.process.wait();
    }
}
