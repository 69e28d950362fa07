//! A shell's end of the socket: it asks one thing after the other, or listens.

use std::{io, path::Path};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::{Answer, Command, Commanded, Event, Failure, Query, Reply, socket::line};

/// The longest line of a node: a thousand of the longest messages, each character escaped.
const MAX_ANSWER: u64 = 256 << 20;

/// A shell's end of the socket.
#[derive(Debug)]
pub struct Client {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    last: u64,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    result: Value,
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Notification {
    params: Event,
}

impl Client {
    /// Attaches to the node that runs on this home.
    ///
    /// # Errors
    /// None does.
    pub async fn connect(socket: &Path) -> io::Result<Self> {
        let (read, write) = UnixStream::connect(socket).await?.into_split();
        Ok(Self { read: BufReader::new(read), write, last: 0 })
    }

    /// Does something.
    ///
    /// # Errors
    /// A sentence, if it was not done.
    pub async fn command(&mut self, command: Command) -> Result<Reply, Failure> {
        let result = self.call("command", json!(Commanded { command, key: None })).await?;
        serde_json::from_value(result).map_err(Failure::new)
    }

    /// Reads something.
    ///
    /// # Errors
    /// A sentence, if it cannot be told.
    pub async fn query(&mut self, query: Query) -> Result<Answer, Failure> {
        let result = self.call("query", json!(query)).await?;
        serde_json::from_value(result).map_err(Failure::new)
    }

    /// Calls any method: for scripts.
    ///
    /// # Errors
    /// A sentence, if the node refuses or is gone.
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        self.last += 1;
        let request =
            json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params});
        let line =
            self.exchange(&request).await.map_err(|_| Failure::new("the node has stopped"))?;
        let response: Response = serde_json::from_slice(&line).map_err(Failure::new)?;
        response.error.map_or(Ok(response.result), Err)
    }

    async fn exchange(&mut self, request: &Value) -> io::Result<Vec<u8>> {
        self.write.write_all(format!("{request}\n").as_bytes()).await?;
        line(&mut self.read, MAX_ANSWER).await?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Listens: this end hears events from now on, and nothing else.
    ///
    /// # Errors
    /// A sentence, if the node refuses or is gone.
    pub async fn events(mut self) -> Result<Events, Failure> {
        self.call("events", Value::Null).await?;
        Ok(Events(self))
    }
}

/// What happens, a snapshot first.
#[derive(Debug)]
pub struct Events(Client);

impl Events {
    /// The next event; none when the node has stopped.
    pub async fn next(&mut self) -> Option<Event> {
        let line = line(&mut self.0.read, MAX_ANSWER).await.ok()??;
        serde_json::from_slice::<Notification>(&line).ok().map(|told| told.params)
    }
}
