//! The API over the Unix socket in the home folder: JSON-RPC 2.0, one object a line.
//!
//! | method | params | result |
//! |---|---|---|
//! | `command` | `{"do": Command, "key"?: string}` | [`Reply`] |
//! | `query` | [`Query`] | [`Answer`] |
//! | `events` | none | `true`, then notifications `event` with an [`Event`] each |
//!
//! Who may open the socket (mode 0600) may do everything. What is no request is answered with
//! JSON-RPC's own codes; a line longer than 1 MiB ends the connection. Who closes his end to write
//! is answered what he asked, and then hung up on.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex, Semaphore, watch},
    task::JoinHandle,
    time,
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
/// Before a caller is taken again after one could not be.
const PAUSE: Duration = Duration::from_secs(1);

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
    Ok(tokio::spawn(serve(listener, core)))
}

async fn serve(listener: UnixListener, core: Core) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(place) = places.clone().acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // there are too many files open, say, which will not last
                tracing::warn!(%error, "a caller was not taken");
                time::sleep(PAUSE).await;
                continue;
            }
        };
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
    let (over, _) = watch::channel(false);
    let mut tasks = tokio::task::JoinSet::new();
    let ended = loop {
        let line = match line(&mut read, MAX_LINE).await {
            Ok(Some(line)) => line,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (core, write, over) = (core.clone(), write.clone(), over.subscribe());
        tasks.spawn(async move {
            let _ = answer(&line, &core, &write, over).await;
            drop(place);
        });
        while tasks.try_join_next().is_some() {}
    };
    // who asks no more still hears what he asked for, and no events
    over.send_replace(true);
    while tasks.join_next().await.is_some() {}
    if let Err(error) = &ended
        && error.kind() == io::ErrorKind::InvalidData
    {
        say(&write, &respond(Value::Null, Err(fault(-32600, &error.to_string())))).await?;
    }
    ended
}

async fn line(read: &mut BufReader<OwnedReadHalf>, longest: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    read.take(longest).read_until(b'\n', &mut line).await?;
    match line.ends_with(b"\n") {
        true => Ok(Some(line)),
        false if line.is_empty() => Ok(None),
        false if line.len() as u64 == longest => {
            Err(odd(&format!("a line has {longest} bytes at most")))
        }
        false => Err(odd("the last line has no end")),
    }
}

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn fault(code: i32, message: &str) -> Failure {
    Failure { code, message: message.into() }
}

async fn answer(
    line: &[u8],
    core: &Core,
    write: &Mutex<OwnedWriteHalf>,
    mut over: watch::Receiver<bool>,
) -> io::Result<()> {
    let request: Request<'_> = match serde_json::from_slice(line) {
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
            loop {
                let event = tokio::select! {
                    _ = over.wait_for(|over| *over) => return Ok(()),
                    event = events.next() => event,
                };
                let Some(event) = event else { return Ok(()) };
                say(write, &notification(&event)).await?;
            }
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
