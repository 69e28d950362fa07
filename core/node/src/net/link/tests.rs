//! Links over a pipe, at a pace that tests can wait for.

use std::{
    io,
    net::Ipv4Addr,
    pin::Pin,
    sync::atomic::AtomicBool,
    task::{Context, Poll},
};

use covey_proto::wire::Transport;
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use super::*;
use crate::{
    clock::Clock,
    net::{
        Config,
        pulse::Pace,
        streams::Protocol,
        swarm::Open,
        tests::{PSK, Person, directory, frame},
    },
};

#[tokio::test]
async fn an_idle_link_stays_up_and_one_with_a_silent_end_does_not() {
    let patient = Pace { patience: BRIEF * 10, ..QUICK };
    let answers = Pace { keepalive: LONG, ..QUICK };
    let (mut ana, mut ben, _) = linked(QUICK, answers).await;
    // Ends later than silence would end the first one.
    let mute = Pace { keepalive: LONG, answer: LONG, prompt: LONG, ..QUICK };
    let (mut cleo, _, _) = linked(patient, mute).await;
    assert!(matches!(cleo.next().await, Event::LinkDown { .. }));
    ana.shared.send(ana.link, frame(1).encode());
    assert!(matches!(ben.next().await, Event::Frame { .. }));
    ben.shared.send(ben.link, frame(2).encode());
    assert!(matches!(ana.next().await, Event::Frame { .. }));
}

#[tokio::test]
async fn an_answer_that_comes_before_all_is_written_is_one() {
    let (one, other) = tokio::io::duplex(64 << 10);
    let (behind, told) = (Arc::default(), Pace { keepalive: LONG, stall: LONG, ..QUICK });
    let one = Behind { stream: one.compat(), behind: Arc::clone(&behind), owes: false };
    let (mut ana, mut ben, _) = linked_by(one, other.compat(), told, told).await;
    behind.store(true, Ordering::Relaxed);
    ana.shared.send(ana.link, frame(1).encode());
    assert!(matches!(ben.next().await, Event::Frame { .. }));
    // Ends later than silence would end the first one.
    let patient = Pace { patience: BRIEF * 10, ..told };
    let (mut cleo, _dora, _) = linked(patient, Pace { answer: LONG, prompt: LONG, ..told }).await;
    cleo.shared.send(cleo.link, frame(1).encode());
    assert!(matches!(cleo.next().await, Event::LinkDown { .. }));
    ben.shared.send(ben.link, frame(2).encode());
    assert!(matches!(ana.next().await, Event::Frame { .. }));
}

/// A stream that takes note of what was written only when something comes back.
struct Behind<S> {
    stream: S,
    behind: Arc<AtomicBool>,
    owes: bool,
}

impl<S: AsyncRead + Unpin> AsyncRead for Behind<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.owes &= read.is_pending();
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Behind<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.owes = self.behind.load(Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.owes {
            return Poll::Pending; // the reading half shares the task, and wakes it
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[tokio::test]
async fn who_does_not_answer_loses_the_link_and_that_is_told() {
    let mute = Pace { keepalive: LONG, answer: LONG, prompt: LONG, ..QUICK };
    let (mut ana, mut ben, _) = linked(Pace { keepalive: LONG, ..QUICK }, mute).await;
    ana.shared.send(ana.link, frame(1).encode());
    assert!(matches!(ben.next().await, Event::Frame { .. }));
    assert!(matches!(ana.next().await, Event::LinkDown { why: Some(Failure::Silent), .. }));
}

#[tokio::test]
async fn who_is_looked_at_is_missed_sooner() {
    let ana = Pace { keepalive: LONG, ..QUICK };
    let (mut ana, _ben, _) = linked(ana, Pace { answer: LONG, prompt: LONG, ..ana }).await;
    ana.shared.look(ana.link);
    assert!(matches!(ana.next().await, Event::LinkDown { .. }));
}

#[tokio::test]
async fn who_takes_nothing_loses_the_link() {
    let (mut ana, _ben_who_is_busy, _) = linked(QUICK, QUICK).await;
    for n in 0..3000 {
        ana.shared.send(ana.link, frame(n).encode());
    }
    assert!(matches!(ana.next().await, Event::LinkDown { .. }));
}

#[tokio::test]
async fn a_link_that_falls_too_far_behind_takes_no_more() {
    let (queue, mut frames) = Queue::new();
    let taken = (0..MAX_QUEUED).take_while(|_| queue.push(vec![0; 10_000])).count();
    assert_eq!(taken, MAX_QUEUED / 10_000);
    assert!(frames.recv().await.is_some());
    assert!(queue.push(vec![0; 10_000]));
}

#[tokio::test]
async fn who_opened_a_link_renews_it_in_time() {
    let (_ana, _ben, mut opens) = linked(Pace { renew: BRIEF, ..QUICK }, QUICK).await;
    for _ in 0..2 {
        let open = timeout(LONG, opens.recv()).await.unwrap().unwrap();
        assert_eq!((open.to, open.protocol), (THERE, Protocol::Link));
    }
}

const BRIEF: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(20);
const QUICK: Pace = Pace {
    keepalive: BRIEF,
    looking: BRIEF,
    answer: BRIEF,
    prompt: BRIEF,
    patience: BRIEF.saturating_mul(5),
    stall: BRIEF,
    renew: LONG,
};
const THERE: Address = Address {
    transport: Transport::Quic,
    ip: std::net::IpAddr::V4(Ipv4Addr::LOCALHOST),
    port: 1,
    zone: None,
};

struct End {
    shared: Arc<Shared>,
    events: mpsc::Receiver<Event>,
    link: LinkId,
}

impl End {
    fn new(me: &Person, friend: &Person, pace: Pace) -> (Self, mpsc::Receiver<Open>) {
        let (sender, events) = mpsc::channel(1);
        let (opens, wanted) = mpsc::channel(1);
        let directory = directory(me, &[friend], &PSK);
        let config = Config {
            listen: Vec::new(),
            port: 0,
            directory,
            clock: Clock::start(),
            events: sender,
        };
        let shared = Arc::new(Shared::new(config, pace, opens));
        (Self { shared, events, link: LinkId(0) }, wanted)
    }

    async fn next(&mut self) -> Event {
        timeout(LONG, self.events.recv()).await.unwrap().unwrap()
    }

    async fn up(&mut self) {
        let Event::LinkUp { link, .. } = self.next().await else { panic!("no link") };
        self.link = link;
    }
}

/// Two ends of a link, and the streams that its caller asks for.
async fn linked(ana: Pace, ben: Pace) -> (End, End, mpsc::Receiver<Open>) {
    let (one, other) = tokio::io::duplex(64 << 10);
    linked_by(one.compat(), other.compat(), ana, ben).await
}

async fn linked_by(
    one: impl Duplex,
    other: impl Duplex,
    ana: Pace,
    ben: Pace,
) -> (End, End, mpsc::Receiver<Open>) {
    let people = (Person::new(1), Person::new(2));
    let (mut ana, opens) = End::new(&people.0, &people.1, ana);
    let (mut ben, _) = End::new(&people.1, &people.0, ben);
    let (called, answered) = tokio::join!(
        call(&ana.shared, one, b"ben", people.1.device, Some(1), THERE),
        answer(&ben.shared, other, b"ben", THERE),
    );
    called.and(answered).unwrap();
    ana.up().await;
    ben.up().await;
    (ana, ben, opens)
}
