//! A node's pages, and what knocks at them.

use covey_node::api::web::{self, Files, Web};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, ClientRequestBuilder, Message},
};

use crate::people::Person;

pub(crate) const OTHER_START: &str =
    "this page is of another start of Covey; open the address that it printed last";
const PAGE: Files = &[("assets/a.js", b"1"), ("index.html", b"<p>")];

/// A node's pages, and what its person knows of them.
pub(crate) struct Site {
    pub(crate) host: String,
    pub(crate) token: String,
    _web: Web,
}

impl Site {
    pub(crate) async fn of(person: &Person) -> Self {
        Self::with(person, PAGE).await
    }

    pub(crate) async fn with(person: &Person, page: Files) -> Self {
        let web = web::open("127.0.0.1:0".parse().unwrap(), person.core(), page).await.unwrap();
        let (host, token) = web.address().split_once("/#token=").unwrap();
        let host = host.strip_prefix("http://").unwrap().into();
        Self { host, token: token.into(), _web: web }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.host)
    }

    /// A page that shows these names of a protocol; or the status that refuses it.
    pub(crate) async fn connect(&self, shown: &[&str], origin: &str) -> Result<Page, u16> {
        let stream = TcpStream::connect(&self.host).await.unwrap();
        let uri = format!("ws://{}/api", self.host).parse().unwrap();
        let mut request = ClientRequestBuilder::new(uri).with_header("Origin", origin);
        for name in shown {
            request = request.with_sub_protocol(*name);
        }
        match client_async(request, stream).await {
            Ok((page, _)) => Ok(Page(page, 0)),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn page(&self) -> Page {
        self.connect(&["covey", &self.token], &self.origin()).await.unwrap()
    }

    /// The head of the answer to a request, and its body.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &str) -> (String, String) {
        let host = &self.host;
        self.raw(&format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n")).await
    }

    pub(crate) async fn raw(&self, request: &str) -> (String, String) {
        let (head, body) = self.bytes(request.as_bytes()).await;
        (head, String::from_utf8(body).unwrap())
    }

    /// The head of the answer to what a page sends to a path, and its body.
    pub(crate) async fn post(&self, path: &str, body: &[u8]) -> (String, Vec<u8>) {
        self.post_as(&self.token, &self.origin(), path, body).await
    }

    pub(crate) async fn post_as(
        &self,
        token: &str,
        origin: &str,
        path: &str,
        body: &[u8],
    ) -> (String, Vec<u8>) {
        let (host, length) = (&self.host, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\
             Authorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n"
        );
        self.bytes(&[head.as_bytes(), body].concat()).await
    }

    async fn bytes(&self, request: &[u8]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end + 2].to_vec()).unwrap();
        (head, answer[end + 4..].to_vec())
    }
}

/// A page that talks.
pub(crate) struct Page(pub(crate) WebSocketStream<TcpStream>, u64);

impl Page {
    pub(crate) async fn write(&mut self, message: &str) {
        self.0.send(Message::text(message)).await.unwrap();
    }

    /// The next message; none once the node hung up.
    pub(crate) async fn read(&mut self) -> Option<Value> {
        let message = self.0.next().await?.ok()?;
        Some(serde_json::from_str(message.to_text().unwrap()).unwrap())
    }

    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.1 += 1;
        let request = json!({"jsonrpc": "2.0", "id": self.1, "method": method, "params": params});
        self.write(&request.to_string()).await;
        let answer = self.read().await.unwrap();
        assert_eq!(answer["id"], self.1);
        answer
    }
}
