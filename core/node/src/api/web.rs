//! The browser edition: pages in the browsers of this machine, over a loopback port.
//!
//! | request | answer |
//! |---|---|
//! | `GET /`, `GET /assets/…` | a file of the page, which is no secret |
//! | `GET /api` | a WebSocket that carries [`rpc`](super::rpc) (`talk`) |
//! | `POST /qr`, a PNG picture | the text of the code in it (`bytes`) |
//! | `POST /backup`, a passphrase | a backup, as it is written (`bytes`) |
//!
//! Every user of this machine may connect, and every site in the browser may try. So nobody is
//! answered but at the very address that was printed (`Host`: no other name of this machine will
//! do), no page of another site (`Origin`), and who shows no token gets what anybody may have. The
//! token is drawn at each start and kept nowhere: whoever takes the port once this node has ended
//! is shown one that opens nothing. It travels in the address' fragment, which no browser sends,
//! and is shown as the second name of a WebSocket's protocol, for a page can set no header there,
//! and else as `Authorization: Bearer`.

mod bytes;
mod talk;

use std::{
    convert::Infallible,
    fmt, io,
    net::SocketAddr,
    pin::pin,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use covey_proto::seal::hex;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
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
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
    time::timeout,
};
use zeroize::Zeroizing;

use super::{Caller, Core, door};

/// So long a request and its answer may take of who shows no token.
const REQUEST: Duration = Duration::from_secs(5);

/// What the page is made of: names as paths, without the first slash, and bytes.
pub type Files = &'static [(&'static str, &'static [u8])];

/// An address of this machine that no other machine reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loopback(SocketAddr);

impl FromStr for Loopback {
    type Err = NotLoopback;

    fn from_str(text: &str) -> Result<Self, NotLoopback> {
        let address = text.parse().ok().filter(|at: &SocketAddr| at.ip().is_loopback());
        address.map(Self).ok_or(NotLoopback)
    }
}

/// It is no address, or others would reach it.
#[derive(Debug, thiserror::Error)]
#[error("pages are for browsers on this machine only; name a loopback address, as 127.0.0.1:0")]
pub struct NotLoopback;

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
    let site = Arc::new(site);
    let accept = async move || Ok(listener.accept().await?.0);
    let serve = move |stream, place| connection(stream, site.clone(), place);
    Ok(Web { address, server: tokio::spawn(door::keep(accept, serve)) })
}

struct Site {
    core: Core,
    files: Files,
    host: String,
    origin: String,
    /// Two hashes are compared in constant time.
    token: blake3::Hash,
}

/// A place that somebody has, and whether he showed the token.
struct Visit {
    _place: OwnedSemaphorePermit,
    knows: AtomicBool,
}

/// One request and its answer, or a page's talk.
async fn connection(stream: TcpStream, site: Arc<Site>, place: OwnedSemaphorePermit) {
    let visit = Arc::new(Visit { _place: place, knows: AtomicBool::new(false) });
    let service = service_fn(|request| {
        let (site, visit) = (site.clone(), visit.clone());
        async { Ok::<_, Infallible>(site.answer(request, visit).await) }
    });
    let mut http = http1::Builder::new();
    let http = http.max_headers(MAX_HEADERS).serve_connection(TokioIo::new(stream), service);
    let mut done = pin!(http.with_upgrades());
    let done = match timeout(REQUEST, done.as_mut()).await {
        Err(_) if visit.knows.load(Relaxed) => done.await,
        Err(_) => return,
        Ok(done) => done,
    };
    if let Err(error) = done {
        tracing::debug!(%error, "a page went away");
    }
}

type Asked = Request<Incoming>;
type Answer = Response<UnsyncBoxBody<Bytes, io::Error>>;

impl Site {
    async fn answer(self: Arc<Self>, request: Asked, visit: Arc<Visit>) -> Answer {
        let shown = request.headers();
        let (method, path) = (request.method(), request.uri().path());
        let is_ours = only(shown, &header::HOST) == Some(&self.host)
            && only(shown, &header::ORIGIN)
                // a browser that loads the page itself names none
                .map_or(method != Method::POST && path != "/api", |from| from == self.origin);
        let token = only(shown, &header::AUTHORIZATION).and_then(|it| it.strip_prefix("Bearer "));
        let mut answer = match (method, path) {
            _ if !is_ours => told(StatusCode::FORBIDDEN, ELSEWHERE),
            (&Method::GET, "/api") => self.begin_talk(request, visit),
            (&Method::GET | &Method::HEAD, path) => self.file(path),
            (&Method::POST, _) if !self.knows(token) => told(StatusCode::UNAUTHORIZED, OTHER_START),
            (&Method::POST, path) => {
                visit.knows.store(true, Relaxed);
                match path {
                    "/qr" => bytes::qr(request).await,
                    "/backup" => self.backup(request).await,
                    _ => told(StatusCode::NOT_FOUND, NOTHING),
                }
            }
            (_, _) => told(StatusCode::METHOD_NOT_ALLOWED, "only GET, HEAD and POST are known"),
        };
        for (name, value) in ALWAYS {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        answer
    }

    fn knows(&self, token: Option<&str>) -> bool {
        token.is_some_and(|token| blake3::hash(token.as_bytes()) == self.token)
    }
}

/// The value of a header that stands there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn told(status: StatusCode, sentence: impl Into<Bytes>) -> Answer {
    let mut answer = with_type("text/plain; charset=utf-8", sentence);
    *answer.status_mut() = status;
    answer
}

fn with_type(kind: &'static str, body: impl Into<Bytes>) -> Answer {
    with_body(kind, Full::new(body.into()).map_err(|never| match never {}).boxed_unsync())
}

fn with_body(kind: &'static str, body: UnsyncBoxBody<Bytes, io::Error>) -> Answer {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
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
const ELSEWHERE: &str =
    "this is answered at the address that `covey run --web` printed, and to its page only";
const OTHER_START: &str =
    "this page is of another start of Covey; open the address that it printed last";
const NOTHING: &str = "there is no such thing here";
const MAX_HEADERS: usize = 64;
