//! `covey` processes, driven over the sockets in their homes as any shell drives them.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    process::Command as Program,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use covey_node::api::{Answer, Command, Event, InviteKind, Message, Query, Reply, State, rpc};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{PATIENCE, Process, beside};

/// Where nodes of one machine listen.
const LOOPBACK: [&str; 4] =
    ["--listen", "/ip4/127.0.0.1/udp/0/quic-v1", "--listen", "/ip4/127.0.0.1/tcp/0"];
/// Ends of the socket that messages go in by, and so 64 times as many under way.
const SENDERS: usize = 4;
/// How often it is asked whether a message is delivered.
const GLANCE: Duration = Duration::from_millis(2);

/// A home and its running node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) home: TempDir,
    pub(crate) process: Process,
}

impl Node {
    /// A new home on this machine.
    pub(crate) fn new() -> Result<Self> {
        let home = TempDir::new_in("target")?;
        let process = run(home.path())?;
        Ok(Self { home, process })
    }

    /// A new home, run by a command that begins so.
    pub(crate) fn within(begin: impl FnOnce(&Path) -> Program) -> Result<Self> {
        let home = TempDir::new_in("target")?;
        let process = ready(home.path(), begin(&beside("covey")?), &[])?;
        Ok(Self { home, process })
    }

    /// Stops it and starts it again; how long until it took commands.
    pub(crate) fn restart(&mut self) -> Result<Duration> {
        self.process.stop()?;
        let start = Instant::now();
        self.process = run(self.home.path())?;
        Ok(start.elapsed())
    }

    pub(crate) fn client(&self) -> Result<Client> {
        Client::connect(&rpc::socket(self.home.path()))
    }

    /// An end that hears events and nothing else.
    fn listen(&self) -> Result<Client> {
        let mut client = self.client()?;
        client.call("events", &Value::Null)?;
        Ok(client)
    }
}

fn run(home: &Path) -> Result<Process> {
    let covey = beside("covey")?;
    ready(home, Program::new(covey), &[&LOOPBACK[..], &["--no-lan"]].concat())
}

fn ready(home: &Path, mut covey: Program, options: &[&str]) -> Result<Process> {
    covey.arg("--home").arg(home).args(["--json", "run"]).args(options);
    covey.env_remove("DBUS_SESSION_BUS_ADDRESS");
    let process = Process::start(covey)?;
    process.hear("{\"ready\":")?;
    Ok(process)
}

/// An end of a node's socket.
#[derive(Debug)]
pub(crate) struct Client {
    read: BufReader<UnixStream>,
    write: UnixStream,
}

impl Client {
    fn connect(socket: &Path) -> Result<Self> {
        let write = UnixStream::connect(socket)?;
        write.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { read: BufReader::new(write.try_clone()?), write })
    }

    fn hear(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.read.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("no JSON: {line}"))
    }

    fn call(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.write.write_all(request(method, params).as_bytes())?;
        let mut answer = self.hear()?;
        ensure!(answer.get("error").is_none(), "{method}: {answer}");
        Ok(answer.get_mut("result").context("no result")?.take())
    }

    pub(crate) fn command(&mut self, command: &Command) -> Result<Reply> {
        Ok(serde_json::from_value(self.call("command", &json!({ "do": command }))?)?)
    }

    pub(crate) fn query(&mut self, query: &Query) -> Result<Answer> {
        Ok(serde_json::from_value(self.call("query", &json!(query))?)?)
    }

    /// Waits until this happens.
    fn next<T>(&mut self, wanted: &impl Fn(Event) -> Option<T>) -> Result<T> {
        loop {
            let event = self.hear()?.get_mut("params").context("no event")?.take();
            if let Some(found) = wanted(serde_json::from_value(event)?) {
                return Ok(found);
            }
        }
    }

    fn delivered(&mut self, id: &str) -> Result<()> {
        let query = Query::Message { id: id.into() };
        loop {
            let Answer::Message(message) = self.query(&query)? else { bail!("no message {id}") };
            match message.state {
                State::Delivered | State::Read => return Ok(()),
                State::Failed => bail!("{id} failed"),
                State::Waiting | State::Sending => thread::sleep(GLANCE),
            }
        }
    }
}

fn request(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": params }).to_string() + "\n"
}

/// Two nodes whose people are friends, and are linked.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) ana: Node,
    pub(crate) ben: Node,
    /// What each calls the conversation.
    friend: String,
}

impl Pair {
    /// Befriends them.
    pub(crate) fn befriend(ana: Node, ben: Node) -> Result<Self> {
        let invite = Command::Invite { kind: InviteKind::Link, ttl: None };
        let Reply::Invite(text) = ana.client()?.command(&invite)? else { bail!("no invite") };
        let Reply::Friend(friend) = ben.client()?.command(&Command::Accept { text })? else {
            bail!("no friend")
        };
        Ok(Self { ana, ben, friend: friend.id })
    }

    /// Two new homes, friends and linked.
    pub(crate) fn new() -> Result<Self> {
        let pair = Self::befriend(Node::new()?, Node::new()?)?;
        pair.linked()?;
        Ok(pair)
    }

    /// Returns once both say that the other is there.
    pub(crate) fn linked(&self) -> Result<()> {
        for node in [&self.ana, &self.ben] {
            let online = |event| {
                let friends = if let Event::Snapshot(status) = event {
                    status.friends
                } else if let Event::Friend(friend) = event {
                    vec![friend]
                } else {
                    Vec::new()
                };
                friends.iter().any(|friend| friend.online).then_some(())
            };
            node.listen()?.next(&online)?;
        }
        Ok(())
    }

    /// How long it takes until a text of Ben's is at Ana's.
    pub(crate) fn deliver(&self) -> Result<Duration> {
        let start = Instant::now();
        let mut ben = self.ben.client()?;
        let Reply::Sent(id) = ben.command(&self.say("hello"))? else { bail!("not sent") };
        ben.delivered(&id)?;
        Ok(start.elapsed())
    }

    fn say(&self, text: &str) -> Command {
        Command::Send { friend: self.friend.clone(), text: text.into() }
    }

    /// How long so many messages take until all are on both disks, and Ana was told so.
    pub(crate) fn flood(&self, count: usize, text: impl Fn(usize) -> String) -> Result<Duration> {
        let say = |number| request("command", &json!({ "do": self.say(&text(number)) }));
        let requests: String = (0..count / SENDERS).map(say).collect();
        let start = Instant::now();
        let last = thread::scope(|scope| {
            let sender = || {
                let mut client = self.ana.client()?;
                let (mut write, requests) = (client.write.try_clone()?, &requests);
                scope.spawn(move || write.write_all(requests.as_bytes()));
                let hear = move || {
                    let answers = (0..count / SENDERS).map(|_| client.hear());
                    answers.last().context("nothing was said")?
                };
                Ok(scope.spawn(hear))
            };
            let senders = (0..SENDERS).map(|_| sender()).collect::<Result<Vec<_>>>()?;
            let heard = senders.into_iter().map(|sender| sender.join().expect("no panic"));
            heard.collect::<Result<Vec<_>>>()
        })?;
        let mut ana = self.ana.client()?;
        for answer in last {
            let id = answer.pointer("/result/sent").and_then(Value::as_str);
            ana.delivered(id.with_context(|| format!("not sent: {answer}"))?)?;
        }
        Ok(start.elapsed())
    }

    /// How many milliseconds each of so many messages of Ana's takes until its answer is there, both
    /// on both disks.
    pub(crate) fn ping(&self, count: usize) -> Result<Vec<f64>> {
        let [mut ana_hears, mut ben_hears] = [self.ana.listen()?, self.ben.listen()?];
        let [mut ana, mut ben] = [self.ana.client()?, self.ben.client()?];
        let answer = self.say("answer");
        let echo = move || {
            (0..count).try_for_each(|_| {
                ben_hears.next(&text)?;
                ben.command(&answer).map(drop)
            })
        };
        let echo = thread::spawn(echo);
        let times = (0..count).map(|_| {
            let start = Instant::now();
            ana.command(&self.say("question"))?;
            ana_hears.next(&text)?;
            Ok(start.elapsed().as_secs_f64() * 1e3)
        });
        let times = times.collect::<Result<_>>()?;
        echo.join().expect("no panic")?;
        Ok(times)
    }
}

impl Node {
    /// How many milliseconds it takes to find each of these.
    pub(crate) fn search(&self, texts: impl Iterator<Item = String>) -> Result<Vec<f64>> {
        let mut client = self.client()?;
        let find = |text| {
            let start = Instant::now();
            let found = client.query(&Query::Search { text, friend: None, limit: 20 })?;
            ensure!(matches!(found, Answer::Found(found) if !found.is_empty()), "nothing is found");
            Ok(start.elapsed().as_secs_f64() * 1e3)
        };
        texts.map(find).collect()
    }
}

/// What somebody else says.
fn text(event: Event) -> Option<String> {
    if let Event::Message(Message { mine: false, text, .. }) = event { text } else { None }
}
