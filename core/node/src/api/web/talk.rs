//! A page's talk: the API's messages on a WebSocket.

use std::{io, sync::Arc, time::Duration};

use futures::{SinkExt as _, StreamExt as _, future::ready, sink};
use hyper::{
    StatusCode,
    header::{self, HeaderValue},
    upgrade::{self, Upgraded},
};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::server::create_response_with_body,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{
    super::{
        Core,
        rpc::{self, MAX_MESSAGE},
    },
    Answer, Asked, OTHER_START, Site, Visit, only, told,
};

/// The first name of the protocol; the second is the token.
const PROTOCOL: &str = "covey";
/// A page that takes nothing for so long is hung up on; it may come again.
const STALL: Duration = Duration::from_secs(10);

impl Site {
    /// Begins a talk; who shows another token is told so, and nothing else.
    pub(super) fn begin_talk(self: Arc<Self>, mut request: Asked, visit: Arc<Visit>) -> Answer {
        let mut shown = only(request.headers(), &header::SEC_WEBSOCKET_PROTOCOL)
            .into_iter()
            .flat_map(|names| names.split(',').map(str::trim));
        let speaks = shown.next() == Some(PROTOCOL);
        let knows = self.knows(shown.next());
        let answer = create_response_with_body(&request, Default::default);
        let Some(mut answer) = answer.ok().filter(|_| speaks) else {
            return told(StatusCode::BAD_REQUEST, "this is no beginning of a WebSocket of Covey's");
        };
        let name = HeaderValue::from_static(PROTOCOL);
        answer.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, name);
        let upgraded = upgrade::on(&mut request);
        tokio::spawn(async move {
            let Ok(upgraded) = upgraded.await else { return };
            if let Err(error) = talk(upgraded, knows.then_some(&self.core)).await {
                tracing::debug!(%error, "a page went away");
            }
            drop(visit);
        });
        answer
    }
}

/// Answers a page that may ask, and shuts the door before another one.
async fn talk(upgraded: Upgraded, core: Option<&Core>) -> io::Result<()> {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let stream = TokioIo::new(upgraded);
    let mut page = WebSocketStream::from_raw_socket(stream, Role::Server, Some(limits)).await;
    let Some(core) = core else {
        let close = CloseFrame { code: CloseCode::Policy, reason: OTHER_START.into() };
        return page.close(Some(close)).await.map_err(io::Error::other);
    };
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
