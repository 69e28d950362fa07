//! People for tests: each a real node in this process, on this machine's own network.

use std::{path::Path, time::Duration};

use covey_node::{
    api::{
        Answer, Command, Core, Failure, Friend, InviteKind, Message, Page, Query, Reply, Standing,
        State,
    },
    bundle::Log,
    home::{self, Home},
    run::{self, Running},
    vault::Wish,
};
use tempfile::TempDir;
use tokio::time::timeout;

/// A person, a home, and the node that runs on it.
pub(crate) struct Person {
    home: TempDir,
    node: Running,
}

impl Person {
    /// Somebody new, reachable.
    pub(crate) async fn new(name: &str) -> Self {
        Self::within(tempfile::tempdir().unwrap(), name).await
    }

    /// Whoever lives in this folder, or somebody new of that name.
    pub(crate) async fn within(home: TempDir, name: &str) -> Self {
        let node = node(home.path(), name);
        Self::at(home, node).await
    }

    /// Whose node this is, once it is reachable.
    pub(crate) async fn at(home: TempDir, node: Running) -> Self {
        let person = Self { home, node };
        let listens = async || !status(person.core()).await.addresses.is_empty();
        person.until("it listens", listens).await;
        person
    }

    /// The node ends.
    pub(crate) async fn leave(self) -> TempDir {
        self.node.stop().await;
        self.home
    }

    /// The node's API.
    pub(crate) fn core(&self) -> &Core {
        self.node.core()
    }

    /// Where programs attach to the node.
    pub(crate) fn socket(&self) -> &Path {
        self.node.socket()
    }

    /// Does something that can be done.
    pub(crate) async fn ask(&self, command: Command) -> Reply {
        self.core().command(None, command).await.unwrap()
    }

    /// Becomes friends with somebody.
    pub(crate) async fn befriend(&self, other: &Self) {
        let invite = self.ask(Command::Invite { kind: InviteKind::Link, ttl: None }).await;
        let Reply::Invite(text) = invite else { panic!("no invite: {invite:?}") };
        other.ask(Command::Accept { text }).await;
        for (one, of) in [(self, other), (other, self)] {
            one.until("they are friends", async || {
                one.friend(of).await.is_some_and(|f| f.standing == Standing::Friend && f.online)
            })
            .await;
        }
    }

    /// What this person holds of another one: both have one conversation in common, or will have.
    pub(crate) async fn friend(&self, other: &Self) -> Option<Friend> {
        let them = status(other.core()).await;
        let mine = status(self.core()).await.friends;
        let common = mine.iter().find(|f| them.friends.iter().any(|other| other.id == f.id));
        common.or_else(|| mine.iter().find(|friend| friend.name == them.name)).cloned()
    }

    /// Says something to a friend; the message's id.
    pub(crate) async fn say(&self, to: &Self, text: &str) -> Result<String, Failure> {
        let friend = self.friend(to).await.unwrap().id;
        match self.core().command(None, Command::Send { friend, text: text.into() }).await? {
            Reply::Sent(id) => Ok(id),
            other @ (Reply::Done | Reply::Invite(_) | Reply::Friend(_) | Reply::Words(_)) => {
                panic!("not said: {other:?}")
            }
        }
    }

    /// All that was said with a friend.
    pub(crate) async fn log(&self, with: &Self) -> Vec<Message> {
        let friend = self.friend(with).await.unwrap().id;
        let log = Query::Log { friend, page: Page::Newest, limit: 1000 };
        let Answer::Log(log) = self.core().query(log).await.unwrap() else { panic!("no log") };
        log
    }

    /// Waits until a message of this person's is on the friend's disk.
    pub(crate) async fn delivered(&self, id: &str) {
        let query = Query::Message { id: id.into() };
        self.until("it is delivered", async || {
            let Answer::Message(message) = self.core().query(query.clone()).await.unwrap() else {
                panic!("no message")
            };
            message.state == State::Delivered
        })
        .await;
    }

    /// Waits until it is so; looks whenever something happens here.
    pub(crate) async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let mut events = self.core().listen();
        let comes = async {
            while !is_so().await {
                events.next().await.expect("the node runs");
            }
        };
        timeout(PATIENCE, comes).await.unwrap_or_else(|_| panic!("in vain: until {what}"));
    }
}

/// What a node says of itself.
pub(crate) async fn status(core: &Core) -> covey_node::api::Status {
    let Answer::Status(status) = core.query(Query::Status).await.unwrap() else {
        panic!("no status")
    };
    status
}

/// Starts a node on the home in this folder; a new one is of somebody of that name.
pub(crate) fn node(dir: &Path, name: &str) -> Running {
    let home = Home::open(dir, &home::Options { keep: Wish::File, name: name.into() }).unwrap();
    let listen = ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"].map(String::from).into();
    run::start(home, &run::Options { listen, lan: false, log: Log::default() }).unwrap()
}

/// More than enough for anything on one machine.
const PATIENCE: Duration = Duration::from_secs(30);
