//! The Unix socket in the home folder: one object a line, for whoever may open it (mode 0600).
//!
//! A line longer than 1 MiB ends the connection. Who closes his end to write is answered what he
//! asked, and then hung up on.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures::{SinkExt, stream};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedReadHalf},
    sync::Semaphore,
    task::JoinHandle,
    time,
};
use tokio_util::codec::{FramedWrite, LinesCodec};

use super::{Core, MAX_MESSAGE, odd};

/// The most connections at once; more wait.
const MAX_CONNECTIONS: usize = 64;
/// Before a caller is taken again after one could not be.
const PAUSE: Duration = Duration::from_secs(1);

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
            if let Err(error) = connection(stream, &core).await {
                tracing::debug!(%error, "a caller went away");
            }
            drop(place);
        });
    }
}

async fn connection(stream: UnixStream, core: &Core) -> io::Result<()> {
    let (read, write) = stream.into_split();
    let asked = stream::unfold(BufReader::new(read), async |mut read| {
        let line = line(&mut read, MAX_MESSAGE as u64).await.transpose()?;
        Some((line, read))
    });
    let told = FramedWrite::new(write, LinesCodec::new());
    let told = SinkExt::<String>::sink_map_err(told, io::Error::other);
    super::serve(core, pin!(asked), told).await
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
