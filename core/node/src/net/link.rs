//! A link on a stream: the handshake from either side, then frames both ways until one side ends.
//!
//! The machine hears of a link when it is up and, once, when it is down; between the two come its
//! frames, in order, each run with its signatures checked. Links wait for the machine, which never
//! waits for a link: one that takes nothing or does not answer ([`Pulse`]), falls [`MAX_QUEUED`]
//! behind or says what is no frame is dropped, and what it missed goes over the next one. After an
//! hour, or a GiB, the side that opened the link opens another one, and the machine drops the older.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use covey_proto::{
    DeviceId, LinkId,
    link::{Initiator, Link, MAX_HANDSHAKE, MAX_SEALED, Opener, Responder, Sealer},
    wire::{
        Address, Frame, Run,
        frame::{ASK, PAD},
    },
};
use futures::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, FutureExt,
    io::{BufReader, ReadHalf, WriteHalf},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, sleep_until, timeout},
};

use super::{
    Event, Failure, Over, Peer, Side,
    pulse::{Due, Pulse},
    shared::{self, Shared},
    streams,
};

type Reader<S> = BufReader<ReadHalf<S>>;
type Writer<S> = WriteHalf<S>;

/// What a link can run on: a stream of a connection, or whatever else carries bytes both ways.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Duplex for S {}

/// Opens a link with `device`, who should be at the other end; `bearer` is what the carrier calls
/// whoever is there.
pub(super) async fn call(
    shared: &Arc<Shared>,
    stream: impl Duplex,
    bearer: &[u8],
    device: DeviceId,
    dial: Option<u64>,
    address: Address,
) -> Result<(), Over> {
    let known = shared.known();
    let way = known.directory.way(device).ok_or(Failure::Unwelcome)?;
    let (mut reader, mut writer) = halves(stream);
    let offer = known.directory.greeting(Some(way.secret), shared.now());
    let (initiator, message) =
        Initiator::new(&known.me, &way.noise, way.psk, &offer, bearer, shared::seed()?)?;
    let shake = async {
        streams::write(&mut writer, &message).await?;
        let (answer, link, proof) =
            initiator.finish(&streams::read(&mut reader, MAX_HANDSHAKE).await?)?;
        let vouched = known.directory.vouched(way.account, &way.noise, &answer);
        if vouched != Some(device) {
            return Err(Over(Failure::Stranger));
        }
        streams::write(&mut writer, &proof).await?;
        Ok((answer, link))
    };
    let (answer, link) = timeout(HANDSHAKE, shake).await??;
    let peer = Peer {
        account: way.account,
        device,
        roster: answer.roster,
        card: answer.card,
        secret: way.secret,
        clock: answer.clock,
        address,
    };
    begin(shared, peer, Side::Caller { dial }, link, reader, writer)
}

/// Lets somebody open a link who may: the directory tells. `bearer` is what the carrier calls us.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    stream: impl Duplex,
    bearer: &[u8],
    from: Address,
) -> Result<(), Over> {
    let (mut reader, mut writer) = halves(stream);
    let known = shared.known();
    let shake = async {
        let message = streams::read(&mut reader, MAX_HANDSHAKE).await?;
        let (responder, offer, proved) =
            Responder::read(&known.me, &message, bearer, shared::seed()?)?;
        let caller = known.directory.judge(&proved, &offer).zip(offer.secret);
        let ((account, device, psk), secret) = caller.ok_or(Failure::Stranger)?;
        let greeting = known.directory.greeting(None, shared.now());
        let (unproved, message) = responder.accept(psk, &greeting)?;
        streams::write(&mut writer, &message).await?;
        let link = unproved.prove(&streams::read(&mut reader, MAX_SEALED).await?)?;
        let peer = Peer {
            account,
            device,
            roster: offer.roster,
            card: offer.card,
            secret,
            clock: offer.clock,
            address: from,
        };
        Ok::<_, Over>((peer, link))
    };
    let (peer, link) = timeout(HANDSHAKE, shake).await??;
    begin(shared, peer, Side::Called, link, reader, writer)
}

/// Tells the machine of the link and runs it in a task of its own, unless there are too many.
fn begin<S: Duplex>(
    shared: &Arc<Shared>,
    peer: Peer,
    side: Side,
    link: Link,
    reader: Reader<S>,
    writer: Writer<S>,
) -> Result<(), Over> {
    let shared = shared.clone();
    let (id, queue) = shared.enlist().ok_or(Failure::Crowded)?;
    tokio::spawn(async move {
        let (device, address) = (peer.device, peer.address);
        shared.tell(Event::LinkUp { link: id, side, peer }).await;
        let (pace, renewal) = match side {
            Side::Caller { .. } => (shared.pace, Some(Renewal::new(&shared, device, address))),
            Side::Called => (shared.pace.called(), None),
        };
        let (moved, pulse) = (AtomicU64::new(0), Pulse::new(pace, Instant::now()));
        let exchange = async {
            tokio::select! {
                over = read(&shared, id, link.opener, reader, &moved, &pulse) => over,
                over = write(pace.stall, link.sealer, writer, queue, &moved, &pulse, renewal) => over,
            }
        };
        let why = match AssertUnwindSafe(exchange).catch_unwind().await {
            Ok(over) => over.err().map(|Over(why)| why),
            Err(_) => {
                tracing::error!(link = id.0, "link broke");
                Some(Failure::Broken)
            }
        };
        tracing::debug!(link = id.0, ?why, "link over");
        shared.delist(id);
        shared.tell(Event::LinkDown { link: id, why }).await;
    });
    Ok(())
}

async fn read(
    shared: &Shared,
    link: LinkId,
    mut opener: Opener,
    mut reader: Reader<impl Duplex>,
    moved: &AtomicU64,
    pulse: &Pulse,
) -> Result<(), Over> {
    loop {
        let sealed = streams::read(&mut reader, MAX_SEALED).await?;
        moved.fetch_add(sealed.len() as u64, Ordering::Relaxed);
        let frame = opener.open(&sealed)?;
        pulse.heard(&frame, Instant::now());
        let event = match Frame::parse(&frame)? {
            None => continue,
            Some(Frame::Run(bytes)) => Event::Run { link, run: Run::open(bytes)? },
            Some(frame) => Event::Frame { link, frame },
        };
        shared.tell(event).await;
    }
}

async fn write(
    stall: Duration,
    mut sealer: Sealer,
    mut writer: Writer<impl Duplex>,
    mut queue: Frames,
    moved: &AtomicU64,
    pulse: &Pulse,
    mut renewal: Option<Renewal<'_>>,
) -> Result<(), Over> {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let (at, _) = pulse.due();
        tokio::select! {
            taken = queue.recv_many(&mut batch, BATCH) => if taken == 0 {
                return Ok(timeout(stall, writer.close()).await??);
            },
            () = pulse.changed.notified() => continue,
            () = sleep_until(at) => match pulse.due() {
                // something was heard since
                (later, _) if later > at => continue,
                (_, Due::Gone) => return Err(Over(Failure::Silent)),
                (_, Due::Answer) => batch.push(Queued { frame: Some(Vec::new()), _room: None }),
                (_, Due::Ask) => batch.push(Queued { frame: Some(ASK.to_vec()), _room: None }),
            },
        }
        let mut frames = batch.drain(..).peekable();
        let mut bytes = Vec::with_capacity(PIECE);
        let (mut sent, mut empty) = (0, true);
        while let Some(Queued { frame, _room }) = frames.next() {
            match frame {
                Some(frame) => {
                    bytes.extend(sealer.seal(&frame)?);
                    empty &= frame.is_empty();
                }
                None => pulse.look(Instant::now()),
            }
            if bytes.len() >= PIECE || frames.peek().is_none() && !bytes.is_empty() {
                // the answer may be here before all of it is written
                pulse.said(bytes.len(), empty, Instant::now());
                timeout(stall, streams::write(&mut writer, &bytes)).await??;
                sent += bytes.len() as u64;
                bytes.clear();
            }
        }
        let moved = moved.fetch_add(sent, Ordering::Relaxed);
        if let Some(renewal) = &mut renewal {
            renewal.consider(moved);
        }
    }
}

/// When the side that opened the link opens the next one.
struct Renewal<'a> {
    shared: &'a Arc<Shared>,
    device: DeviceId,
    address: Address,
    due: Instant,
    due_bytes: u64,
}

impl<'a> Renewal<'a> {
    fn new(shared: &'a Arc<Shared>, device: DeviceId, address: Address) -> Self {
        Self {
            shared,
            device,
            address,
            due: Instant::now() + shared.pace.renew,
            due_bytes: RENEW_BYTES,
        }
    }

    /// If the attempt fails, there is another.
    fn consider(&mut self, moved: u64) {
        let now = Instant::now();
        if now >= self.due || moved >= self.due_bytes {
            self.due = now + self.shared.pace.renew;
            self.due_bytes = moved.saturating_add(RENEW_BYTES);
            self.shared.renew(self.device, self.address);
        }
    }
}

/// What is on its way to a link's task, and the room it takes up there.
#[derive(Debug)]
pub(super) struct Queued {
    /// A frame; nothing says that somebody looks at what is said here.
    frame: Option<Vec<u8>>,
    _room: Option<OwnedSemaphorePermit>,
}

/// The end of the queue that the link's task has.
pub(super) type Frames = mpsc::UnboundedReceiver<Queued>;

/// Frames that wait for a link: bounded by their bytes, as the machine bounds what is under way.
#[derive(Debug)]
pub(super) struct Queue {
    frames: mpsc::UnboundedSender<Queued>,
    room: Arc<Semaphore>,
}

impl Queue {
    pub(super) fn new() -> (Self, Frames) {
        let (frames, queue) = mpsc::unbounded_channel();
        (Self { frames, room: Arc::new(Semaphore::new(MAX_QUEUED)) }, queue)
    }

    /// Whether the frame found room.
    pub(super) fn push(&self, frame: Vec<u8>) -> bool {
        let size = u32::try_from(frame.len().max(PAD)).unwrap_or(u32::MAX);
        let Ok(room) = self.room.clone().try_acquire_many_owned(size) else {
            return false;
        };
        self.frames.send(Queued { frame: Some(frame), _room: Some(room) }).is_ok()
    }

    /// Somebody looks at what is said there.
    pub(super) fn look(&self) {
        if let Ok(room) = self.room.clone().try_acquire_owned() {
            let _ = self.frames.send(Queued { frame: None, _room: Some(room) });
        }
    }
}

fn halves<S: Duplex>(stream: S) -> (Reader<S>, Writer<S>) {
    let (reader, writer) = stream.split();
    (BufReader::with_capacity(READ_BUFFER, reader), writer)
}

/// Until both sides know each other.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A link's keys are replaced after so many bytes, whatever the time.
const RENEW_BYTES: u64 = 1 << 30;
/// Bytes that wait for a link; four windows of the machine's.
const MAX_QUEUED: usize = 1 << 20;
/// Frames that are taken from the queue at once.
const BATCH: usize = 64;
/// Bytes that are written at once, unless it is a single frame.
const PIECE: usize = 64 << 10;
const READ_BUFFER: usize = 64 << 10;

#[cfg(test)]
mod tests;
