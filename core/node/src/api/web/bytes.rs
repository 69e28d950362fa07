//! What is no JSON: the page's own files, pictures that are read, backups that are written.

use std::io::{self, Write};

use futures::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    StatusCode,
    body::{Bytes, Frame},
};
use tokio::{sync::mpsc, task};
use zeroize::Zeroizing;

use super::{Answer, Asked, NOTHING, Site, told, with_body, with_type};
use crate::qr;

/// The largest picture of a page.
const MAX_PICTURE: usize = 4 << 20;
const MAX_PASSPHRASE: usize = 4 << 10;
/// So many pieces of a backup wait to be taken.
const AHEAD: usize = 4;

impl Site {
    pub(super) fn file(&self, path: &str) -> Answer {
        let name = match path.trim_start_matches('/') {
            "" => "index.html",
            name => name,
        };
        match self.files.iter().find(|(known, _)| *known == name) {
            Some((_, bytes)) => with_type(kind(name), *bytes),
            None if self.files.is_empty() => told(StatusCode::NOT_FOUND, NO_PAGE),
            None => told(StatusCode::NOT_FOUND, NOTHING),
        }
    }

    /// Sends a backup; one that cannot be written to its end is cut off, which its reader sees.
    pub(super) async fn backup(&self, request: Asked) -> Answer {
        let Some(passphrase) = body(request, MAX_PASSPHRASE).await else {
            return told(StatusCode::PAYLOAD_TOO_LARGE, "this passphrase is too long");
        };
        let (passphrase, core) = (Zeroizing::new(passphrase), self.core.clone());
        let (pieces, mut taken) = mpsc::channel(AHEAD);
        task::spawn_blocking(move || {
            if let Err(error) = core.back_up(&passphrase, Pieces(&pieces)) {
                // who asked may be gone
                let _untold = pieces.blocking_send(Err(io::Error::other(error)));
            }
        });
        let first = match taken.recv().await {
            Some(Ok(first)) => first,
            Some(Err(error)) => return told(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            None => return told(StatusCode::INTERNAL_SERVER_ERROR, "the node has stopped"),
        };
        let rest = stream::unfold(taken, async |mut taken| Some((taken.recv().await?, taken)));
        let pieces = stream::once(async { Ok(first) }).chain(rest);
        let pieces = StreamBody::new(pieces.map(|piece| piece.map(Frame::data)));
        with_body("application/octet-stream", pieces.boxed_unsync())
    }
}

/// The text of the code in a picture.
pub(super) async fn qr(request: Asked) -> Answer {
    let Some(picture) = body(request, MAX_PICTURE).await else {
        return told(StatusCode::PAYLOAD_TOO_LARGE, "this picture is too large: at most 4 MiB");
    };
    match task::spawn_blocking(move || qr::read(&picture)).await {
        Ok(Ok(text)) => told(StatusCode::OK, text),
        Ok(Err(error)) => told(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
        Err(_) => told(StatusCode::INTERNAL_SERVER_ERROR, "the node has stopped"),
    }
}

/// What is sent, if it comes whole and is no longer than this. What is too long is heard to its
/// end, for who speaks hears no answer.
async fn body(request: Asked, longest: usize) -> Option<Vec<u8>> {
    let (mut body, mut whole) = (request.into_body(), Some(Vec::new()));
    while let Some(frame) = body.frame().await {
        let piece = frame.ok()?.into_data().unwrap_or_default();
        whole = whole.filter(|whole| whole.len() + piece.len() <= longest);
        whole.iter_mut().for_each(|whole| whole.extend_from_slice(&piece));
    }
    whole
}

/// Passes on what is written, to who takes it when he can.
struct Pieces<'a>(&'a mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

const NO_PAGE: &str = "this covey was built without its page: build that with \
                       `npm ci && npm run build` in `ui`, then covey once more";
