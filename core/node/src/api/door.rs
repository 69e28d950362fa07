//! How callers are let in: so many at once, and more wait.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

/// The most callers at once.
const MAX_CALLERS: usize = 64;
/// Before a caller is taken again after one could not be.
const PAUSE: Duration = Duration::from_secs(1);

/// Lets callers in; each holds a place until he is served.
pub(super) async fn keep<S, F>(
    accept: impl AsyncFn() -> io::Result<S>,
    serve: impl Fn(S, OwnedSemaphorePermit) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(MAX_CALLERS));
    while let Ok(place) = places.clone().acquire_owned().await {
        match accept().await {
            Ok(caller) => drop(tokio::spawn(serve(caller, place))),
            Err(error) => {
                // there are too many files open, say, which will not last
                tracing::warn!(%error, "a caller was not taken");
                time::sleep(PAUSE).await;
            }
        }
    }
}
