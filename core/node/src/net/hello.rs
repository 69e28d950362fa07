//! Hellos: a letter on a stream, and the one that answers it.

use std::{sync::Arc, time::Duration};

use covey_proto::wire::{Address, letter::MAX_LETTER};
use futures::AsyncWriteExt;
use libp2p::Stream;
use tokio::{sync::oneshot, time::timeout};

use super::{Event, Failure, Over, shared::Shared, streams};

/// Sends a letter and waits for the answer.
pub(super) async fn ask(mut stream: Stream, letter: &[u8]) -> Result<Vec<u8>, Over> {
    send(&mut stream, letter).await?;
    Ok(timeout(ANSWER, streams::read(&mut stream, MAX_LETTER)).await??)
}

/// Takes a letter in and, if it is answered in time, hands the answer back.
pub(super) async fn receive(
    shared: &Arc<Shared>,
    mut stream: Stream,
    from: Address,
) -> Result<(), Over> {
    let letter = timeout(LETTER, streams::read(&mut stream, MAX_LETTER)).await??;
    let (answer, answered) = oneshot::channel();
    let asker = shared.await_answer(answer);
    shared.tell(Event::Letter { asker, from, letter }).await;
    let answer = timeout(ANSWER, answered).await?.map_err(|_| Failure::Unwelcome)?;
    send(&mut stream, &answer).await?;
    Ok(timeout(LETTER, stream.close()).await??)
}

async fn send(stream: &mut Stream, letter: &[u8]) -> Result<(), Over> {
    let len = u16::try_from(letter.len()).map_err(|_| Failure::Nonsense)?;
    let bytes = [&len.to_be_bytes()[..], letter].concat();
    Ok(timeout(LETTER, streams::write(stream, &bytes)).await??)
}

/// For a letter to pass.
const LETTER: Duration = Duration::from_secs(10);
/// For its reader to answer.
const ANSWER: Duration = Duration::from_secs(30);
