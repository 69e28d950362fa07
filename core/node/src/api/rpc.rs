//! The API over the Unix socket in the home folder: JSON-RPC 2.0, one object a line.
//!
//! | method | params | result |
//! |---|---|---|
//! | `command` | `{"do": Command, "key"?: string}` | [`Reply`] |
//! | `query` | [`Query`] | [`Answer`] |
//! | `events` | none | `true`, then notifications `event` with an [`Event`] each |
//!
//! Who may open the socket (mode 0600) may do everything. What is no request is answered with
//! JSON-RPC's own codes; a line longer than 1 MiB ends the connection.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex, Semaphore},
    task::JoinHandle,
};

use super::{Answer, Command, Core, Event, Failure, Query, Reply};

/// The longest line of a caller.
const MAX_LINE: u64 = 1 << 20;
/// The longest line of a node: a thousand of the longest messages, each character escaped.
const MAX_ANSWER: u64 = 256 << 20;
/// The most connections at once; more wait.
const MAX_CONNECTIONS: usize = 64;
/// The most requests of one connection that are under way.
const MAX_REQUESTS: usize = 64;

#[derive(Deserialize)]
struct Request<'a> {
    jsonrpc: String,
    #[serde(default)]
    id: Value,
    method: String,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// The parameters of `command`.
#[derive(Debug, Serialize, Deserialize)]
struct Commanded {
    /// What.
    #[serde(rename = "do")]
    command: Command,
    /// Two commands with one key are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// Where the node of the home in this folder takes its callers.
#[must_use]
pub fn socket(dir: &Path) -> PathBuf {
    dir.join("api.sock")
}

/// Takes callers on the socket, in the place of one that a killed node left behind: the home's
/// lock is ours.
pub(crate) fn open(socket: &Path, core: Core) -> io::Result<JoinHandle<()>> {
    let _ = fs::remove_file(socket);
    let listener = UnixListener::bind(socket)?;
    fs::set_permissions(socket, PermissionsExt::from_mode(0o600))?;
    Ok(tokio::spawn(async move {
        if let Err(error) = serve(listener, core).await {
            tracing::error!(%error, "the socket takes no more callers");
        }
    }))
}

async fn serve(listener: UnixListener, core: Core) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = listener.accept().await?;
        let core = core.clone();
        tokio::spawn(async move {
            if let Err(error) = connection(stream, core).await {
                tracing::debug!(%error, "a caller went away");
            }
            drop(place);
        });
    }
}

async fn connection(stream: UnixStream, core: Core) -> io::Result<()> {
    let (read, write) = stream.into_split();
    let (mut read, write) = (BufReader::new(read), Arc::new(Mutex::new(write)));
    let places = Arc::new(Semaphore::new(MAX_REQUESTS));
    let mut tasks = tokio::task::JoinSet::new();
    while let Some(line) = line(&mut read, MAX_LINE).await? {
        let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (core, write) = (core.clone(), write.clone());
        tasks.spawn(async move {
            let _ = answer(&line, &core, &write).await;
            drop(place);
        });
        while tasks.try_join_next().is_some() {}
    }
    Ok(())
}

async fn line(read: &mut BufReader<OwnedReadHalf>, longest: u64) -> io::Result<Option<String>> {
    let mut line = String::new();
    read.take(longest).read_line(&mut line).await?;
    match line.ends_with('\n') {
        true => Ok(Some(line)),
        false if line.is_empty() => Ok(None),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "a line was too long or cut")),
    }
}

async fn answer(line: &str, core: &Core, write: &Mutex<OwnedWriteHalf>) -> io::Result<()> {
    let fault = |code, message: &str| Failure { code, message: message.into() };
    let request: Request<'_> = match serde_json::from_str(line) {
        Ok(request) => request,
        Err(error) => {
            let code = if error.is_syntax() || error.is_eof() { -32700 } else { -32600 };
            let failure = Failure { code, message: error.to_string() };
            return say(write, &respond(Value::Null, Err(failure))).await;
        }
    };
    let id = request.id.clone();
    let outcome = match request.method.as_str() {
        _ if request.jsonrpc != "2.0" => Err(fault(-32600, "this is not JSON-RPC 2.0")),
        "command" => command(core, &request).await,
        "query" => query(core, &request).await,
        "events" => {
            say(write, &respond(id, Ok(Value::Bool(true)))).await?;
            let mut events = core.listen();
            while let Some(event) = events.next().await {
                say(write, &notification(&event)).await?;
            }
            return Ok(());
        }
        _ => Err(fault(-32601, "there is no such method; there are command, query and events")),
    };
    say(write, &respond(id, outcome)).await
}

async fn command(core: &Core, request: &Request<'_>) -> Result<Value, Failure> {
    let Commanded { command, key } = params(request)?;
    Ok(json!(core.command(key, command).await?))
}

async fn query(core: &Core, request: &Request<'_>) -> Result<Value, Failure> {
    Ok(json!(core.query(params(request)?).await?))
}

fn params<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, Failure> {
    let text = request.params.map_or("null", RawValue::get);
    serde_json::from_str(text).map_err(|error| Failure { code: -32602, message: error.to_string() })
}

fn respond(id: Value, outcome: Result<Value, Failure>) -> Value {
    match outcome {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    }
}

fn notification(event: &Event) -> Value {
    json!({"jsonrpc": "2.0", "method": "event", "params": event})
}

async fn say(write: &Mutex<OwnedWriteHalf>, value: &Value) -> io::Result<()> {
    let mut line = value.to_string();
    line.push('\n');
    write.lock().await.write_all(line.as_bytes()).await
}

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
        let response: Response = serde_json::from_str(&line).map_err(Failure::new)?;
        response.error.map_or(Ok(response.result), Err)
    }

    async fn exchange(&mut self, request: &Value) -> io::Result<String> {
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
        serde_json::from_str::<Notification>(&line).ok().map(|told| told.params)
    }
}
