//! The browser edition: pages in the browsers of this machine, over a loopback port.
//!
//! | request | answer |
//! |---|---|
//! | `GET /`, `GET /assets/…` | a file of the page, which is no secret |
//! | `GET /api` | a WebSocket that carries [`rpc`], for who shows the token |
//!
//! Every user of this machine may connect, and every site in the browser may try. So nobody is
//! answered but at the very address that was printed (`Host`: no other name of this machine will
//! do), no page of another site (`Origin`), and who shows no token gets what anybody may have. The
//! token is drawn at each start and kept nowhere: whoever takes the port once this node has ended
//! is shown one that opens nothing. It travels in the address' fragment, which no browser sends,
//! and is shown as the second name of a WebSocket's protocol, for a page can set no header there.

use std::{
    fmt, io,
    net::{AddrParseError, SocketAddr},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use covey_proto::seal::hex;
use futures::{SinkExt as _, StreamExt as _, future::ready, sink};
use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::{self, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::server::create_response_with_body,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};
use zeroize::Zeroizing;

use super::{
    Caller, Core,
    rpc::{self, MAX_MESSAGE},
};

/// The most connections at once; more wait.
const MAX_CONNECTIONS: usize = 64;
/// For so long a request may come in and its answer go out.
const REQUEST: Duration = Duration::from_secs(5);
/// A page that takes nothing for so long is hung up on; it may come again.
const STALL: Duration = Duration::from_secs(10);
/// Before a connection is taken again after one could not be.
const PAUSE: Duration = Duration::from_secs(1);

/// What the page is made of: names as paths, without the first slash, and bytes.
pub type Files = &'static [(&'static str, &'static [u8])];

/// An address of this machine that no other machine reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loopback(SocketAddr);

impl FromStr for Loopback {
    type Err = NotLoopback;

    fn from_str(text: &str) -> Result<Self, NotLoopback> {
        let address: SocketAddr = text.parse()?;
        address.ip().is_loopback().then_some(Self(address)).ok_or(NotLoopback::Elsewhere)
    }
}

/// Why no page is served there.
#[derive(Debug, thiserror::Error)]
pub enum NotLoopback {
    /// It is no address.
    #[error("this is no address with a port; name one as 127.0.0.1:0")]
    Nothing(#[from] AddrParseError),
    /// Others would reach it.
    #[error("pages are for browsers on this machine only; name a loopback address, as 127.0.0.1:0")]
    Elsewhere,
}

/// Pages are served until this is dropped.
pub struct Web {
    address: String,
    server: JoinHandle<()>,
}

impl Web {
    /// What to open in a browser: whoever knows it can do what this person can.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// The address is not for logs.
impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Web")
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Serves pages of this node.
///
/// # Errors
/// The port cannot be had, or the system gives no randomness.
pub async fn open(at: Loopback, core: &Core, files: Files) -> io::Result<Web> {
    let listener = TcpListener::bind(at.0).await?;
    let host = listener.local_addr()?.to_string();
    let mut token = Zeroizing::new([0; 16]);
    getrandom::fill(&mut *token).map_err(io::Error::other)?;
    let token = hex(&*token);
    let address = format!("http://{host}/#token={token}");
    let site = Site {
        core: core.for_caller(Caller::Page),
        files,
        origin: format!("http://{host}"),
        host,
        token: blake3::hash(token.as_bytes()),
    };
    Ok(Web { address, server: tokio::spawn(serve(listener, Arc::new(site))) })
}

struct Site {
    core: Core,
    files: Files,
    host: String,
    origin: String,
    /// Two hashes are compared in constant time.
    token: blake3::Hash,
}

async fn serve(listener: TcpListener, site: Arc<Site>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, site.clone(), place))),
            Err(error) => {
                tracing::warn!(%error, "a page was not taken");
                time::sleep(PAUSE).await;
            }
        }
    }
}

/// One request and its answer, or a page's talk.
async fn connection(stream: TcpStream, site: Arc<Site>, place: OwnedSemaphorePermit) {
    let place = Arc::new(place);
    let service = service_fn(|request| {
        let answer = site.answer(request, &place);
        async { Ok::<_, std::convert::Infallible>(answer) }
    });
    let mut http = http1::Builder::new();
    let done = http
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Ok(Err(error)) = timeout(REQUEST, done).await {
        tracing::debug!(%error, "a page went away");
    }
}

const MAX_HEADERS: usize = 64;

type Answer = Response<Full<Bytes>>;

impl Site {
    fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        place: &Arc<OwnedSemaphorePermit>,
    ) -> Answer {
        let (shown, origin) = (request.headers(), only(request.headers(), &header::ORIGIN));
        let ours = origin.map(|origin| origin == self.origin);
        let mut answer = match (request.method(), request.uri().path()) {
            _ if only(shown, &header::HOST) != Some(&self.host) || ours == Some(false) => {
                told(StatusCode::FORBIDDEN, ELSEWHERE)
            }
            (&Method::GET, "/api") if ours.is_none() => told(StatusCode::FORBIDDEN, ELSEWHERE),
            (&Method::GET, "/api") => self.upgrade(request, place.clone()),
            (&Method::GET | &Method::HEAD, path) => self.file(path),
            (_, _) => told(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here"),
        };
        for (name, value) in ALWAYS {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        answer
    }

    fn file(&self, path: &str) -> Answer {
        let name = match path.trim_start_matches('/') {
            "" => "index.html",
            name => name,
        };
        let found = self.files.iter().find(|(known, _)| *known == name);
        match found {
            Some((_, bytes)) => with_type(kind(name), Bytes::from_static(bytes)),
            None if self.files.is_empty() => told(StatusCode::NOT_FOUND, NO_PAGE),
            None => told(StatusCode::NOT_FOUND, "there is no such file"),
        }
    }

    /// Begins a page's talk; who shows another token is told so, and nothing else.
    fn upgrade(
        self: &Arc<Self>,
        mut request: Request<Incoming>,
        place: Arc<OwnedSemaphorePermit>,
    ) -> Answer {
        let mut shown = only(request.headers(), &header::SEC_WEBSOCKET_PROTOCOL)
            .into_iter()
            .flat_map(|names| names.split(',').map(str::trim));
        let speaks = shown.next() == Some(PROTOCOL);
        let knows = blake3::hash(shown.next().unwrap_or_default().as_bytes()) == self.token;
        let answer = create_response_with_body(&request, Full::default);
        let Some(mut answer) = answer.ok().filter(|_| speaks) else {
            return told(StatusCode::BAD_REQUEST, "this is no beginning of a WebSocket of Covey's");
        };
        answer
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
        let (site, upgraded) = (self.clone(), hyper::upgrade::on(&mut request));
        tokio::spawn(async move {
            let Ok(upgraded) = upgraded.await else { return };
            let limits = WebSocketConfig::default()
                .max_message_size(Some(MAX_MESSAGE))
                .max_frame_size(Some(MAX_MESSAGE));
            let io = TokioIo::new(upgraded);
            let mut page = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits)).await;
            let done = match knows {
                true => talk(page, &site.core).await,
                false => {
                    let reason = OTHER_START.into();
                    let close = CloseFrame { code: CloseCode::Policy, reason };
                    page.close(Some(close)).await.map_err(io::Error::other)
                }
            };
            if let Err(error) = done {
                tracing::debug!(%error, "a page went away");
            }
            drop(place);
        });
        answer
    }
}

async fn talk(
    page: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
    core: &Core,
) -> io::Result<()> {
    let (told, asked) = page.split();
    let asked = asked.filter_map(|message| {
        ready(match message {
            Ok(message) if message.is_text() || message.is_binary() => {
                Some(Ok(message.into_data().into()))
            }
            Ok(_) => None,
            Err(error) => Some(Err(io::Error::other(error))),
        })
    });
    let told = sink::unfold(told, async |mut told, text: String| {
        let sent = timeout(STALL, told.send(Message::text(text))).await?;
        sent.map(|()| told).map_err(io::Error::other)
    });
    rpc::serve(core, asked, Box::pin(told)).await
}

/// The value of a header that stands there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn told(status: StatusCode, sentence: &'static str) -> Answer {
    let mut answer =
        with_type("text/plain; charset=utf-8", Bytes::from_static(sentence.as_bytes()));
    *answer.status_mut() = status;
    answer
}

fn with_type(kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// What a browser takes a file for.
fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript",
        "css" => "text/css",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// What every answer says: what a page may load and where from, and that nobody keeps it.
const ALWAYS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];
/// The first name of a WebSocket's protocol; the second is the token.
const PROTOCOL: &str = "covey";
const ELSEWHERE: &str =
    "this is answered at the address that `covey run --web` printed, and to its page only";
const OTHER_START: &str =
    "this page is of another start of Covey; open the address that it printed last";
const NO_PAGE: &str = "this covey was built without its page: build that with `npm ci && npm run build` in `ui`, \
     then covey once more";
