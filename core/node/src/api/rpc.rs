//! The API as JSON-RPC 2.0, one object a message, whatever carries the messages.
//!
//! | method | params | result |
//! |---|---|---|
//! | `command` | `{"do": Command, "key"?: string}` | [`Reply`] |
//! | `query` | [`Query`] | [`Answer`] |
//! | `events` | none | `true`, then notifications `event` with an [`Event`] each |
//!
//! What is no request is answered with JSON-RPC's own codes, and the next one is heard. Who asks no
//! more is answered what he asked.

mod client;
mod socket;

use std::{io, sync::Arc};

use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use tokio::{
    sync::{Mutex, Semaphore, watch},
    task::{JoinSet, yield_now},
};

pub(crate) use self::socket::open;
pub use self::{
    client::{Client, Events},
    socket::socket,
};
use super::{Answer, Command, Core, Event, Failure, Query, Reply};

/// The longest message of a caller.
pub(super) const MAX_MESSAGE: usize = 1 << 20;
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

/// What a message calls for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// To do something.
    Command(Commanded),
    /// To tell something.
    Query(Query),
    /// To tell whatever happens.
    Events,
}

/// The parameters of `command`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commanded {
    /// What.
    #[serde(rename = "do")]
    pub command: Command,
    /// Two commands with one key are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What a message calls for, and the id that its caller gave it.
pub fn read(message: &[u8]) -> (Value, Result<Call, Failure>) {
    let request: Request<'_> = match serde_json::from_slice(message) {
        Ok(request) => request,
        Err(error) => {
            let code = if error.is_syntax() || error.is_eof() { -32700 } else { -32600 };
            return (Value::Null, Err(fault(code, error)));
        }
    };
    let call = match request.method.as_str() {
        _ if request.jsonrpc != "2.0" => Err(fault(-32600, "this is not JSON-RPC 2.0")),
        "command" => params(request.params).map(Call::Command),
        "query" => params(request.params).map(Call::Query),
        "events" => Ok(Call::Events),
        _ => Err(fault(-32601, "there is no such method; there are command, query and events")),
    };
    (request.id, call)
}

fn params<T: DeserializeOwned>(params: Option<&RawValue>) -> Result<T, Failure> {
    serde_json::from_str(params.map_or("null", RawValue::get)).map_err(|e| fault(-32602, e))
}

fn fault(code: i32, what: impl ToString) -> Failure {
    Failure { code, message: what.to_string() }
}

/// Answers what a caller asks, until he asks no more. A message that is an error is the last.
pub(super) async fn serve<S>(
    core: &Core,
    mut asked: impl Stream<Item = io::Result<Vec<u8>>> + Unpin,
    told: S,
) -> io::Result<()>
where
    S: Sink<String, Error = io::Error> + Send + Unpin + 'static,
{
    let told = Arc::new(Mutex::new(Some(told)));
    let places = Arc::new(Semaphore::new(MAX_REQUESTS));
    let (over, _) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let ended = loop {
        let message = tokio::select! {
            message = asked.next() => message,
            Some(done) = tasks.join_next() => match done {
                // who takes no answers is not heard either
                Ok(Err(error)) => return Err(error),
                Ok(Ok(())) | Err(_) => continue,
            },
        };
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => break Err(error),
            None => break Ok(()),
        };
        let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (core, told, over) = (core.clone(), told.clone(), over.subscribe());
        tasks.spawn(async move {
            let answered = answer(&message, &core, &told, over).await;
            drop(place);
            answered
        });
    };
    // who asks no more still hears what he asked for, and no events
    over.send_replace(true);
    while tasks.join_next().await.is_some() {}
    if let Err(error) = &ended
        && error.kind() == io::ErrorKind::InvalidData
    {
        say(&told, &respond(Value::Null, Err(fault(-32600, error)))).await?;
    }
    ended
}

/// Where answers go, as long as they are taken.
type Told<S> = Mutex<Option<S>>;

/// Whoever sends this is told so, and not heard any more.
pub(super) fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

async fn answer(
    message: &[u8],
    core: &Core,
    told: &Told<impl Sink<String, Error = io::Error> + Unpin>,
    mut over: watch::Receiver<bool>,
) -> io::Result<()> {
    let (id, call) = read(message);
    let outcome = match call {
        Ok(Call::Command(Commanded { command, key })) => {
            core.command(key, command).await.map(|reply| json!(reply))
        }
        Ok(Call::Query(query)) => core.query(query).await.map(|answer| json!(answer)),
        Ok(Call::Events) => {
            say(told, &respond(id, Ok(Value::Bool(true)))).await?;
            let mut events = core.listen();
            loop {
                let event = tokio::select! {
                    _ = over.wait_for(|over| *over) => return Ok(()),
                    event = events.next() => event,
                };
                let Some(event) = event else { return Ok(()) };
                say(told, &json!({"jsonrpc": "2.0", "method": "event", "params": event})).await?;
            }
        }
        Err(failure) => Err(failure),
    };
    say(told, &respond(id, outcome)).await
}

fn respond(id: Value, outcome: Result<Value, Failure>) -> Value {
    match outcome {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    }
}

async fn say<S: Sink<String, Error = io::Error> + Unpin>(
    told: &Told<S>,
    value: &Value,
) -> io::Result<()> {
    let text = value.to_string();
    put(told, async |taker| taker.feed(text).await).await?;
    // what is answered at the same time goes out with it
    yield_now().await;
    put(told, async |taker| taker.flush().await).await
}

async fn put<S>(told: &Told<S>, put: impl AsyncFnOnce(&mut S) -> io::Result<()>) -> io::Result<()> {
    let mut told = told.lock().await;
    let mut taker = told.take().ok_or(io::ErrorKind::BrokenPipe)?;
    put(&mut taker).await?;
    *told = Some(taker);
    Ok(())
}
