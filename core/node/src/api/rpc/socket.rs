//! The Unix socket in the home folder: one object a line, for whoever may open it (mode 0600).
//!
//! A line longer than 1 MiB ends the connection. Who closes his end to write is answered what he
//! asked, and then hung up on.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    pin::pin,
};

use futures::{SinkExt, stream};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedReadHalf},
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
};
use tokio_util::codec::{FramedWrite, LinesCodec};

use super::{super::door, Core, MAX_MESSAGE, odd};

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
    let accept = async move || Ok(listener.accept().await?.0);
    let serve = move |stream, place| connection(stream, core.clone(), place);
    Ok(tokio::spawn(door::keep(accept, serve)))
}

async fn connection(stream: UnixStream, core: Core, _place: OwnedSemaphorePermit) {
    let (read, write) = stream.into_split();
    let asked = stream::unfold(BufReader::new(read), async |mut read| {
        let line = line(&mut read, MAX_MESSAGE as u64).await.transpose()?;
        Some((line, read))
    });
    let told = FramedWrite::new(write, LinesCodec::new());
    let told = SinkExt::<String>::sink_map_err(told, io::Error::other);
    if let Err(error) = super::serve(&core, pin!(asked), told).await {
        tracing::debug!(%error, "a caller went away");
    }
}

/// The next line; none at the end.
pub(super) async fn line(
    read: &mut BufReader<OwnedReadHalf>,
    longest: u64,
) -> io::Result<Option<Vec<u8>>> {
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
