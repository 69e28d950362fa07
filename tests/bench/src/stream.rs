//! Raw bytes over one connection on loopback: a link between two networks of ours, in large frames,
//! and a bare stream of quinn's.

use std::{
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use covey_node::{
    clock::Clock,
    net::{Config, Event, Net, Purpose},
};
use covey_proto::{
    Node, Output, SecretId,
    people::{
        account::{Roster, Rosters},
        card::{Card, Class},
        directory::Directory,
        own::Me,
    },
    seal::Secret,
    wire::Frame,
};
use tokio::sync::mpsc;

/// A frame that nobody knows is read, opened and passed over: its kind, its length, what is in it.
const FRAME: usize = 60_000;
const UNKNOWN: [u8; 5] = [0xa2, 0x06, 0xe0, 0xd4, 0x03];
/// After so many frames comes one that is answered, and so many answers may be missing.
const STEP: usize = 4;
const AHEAD: usize = 3;

/// How long so many bytes take over a link.
pub(crate) async fn link(bytes: usize) -> Result<Duration> {
    let (mut ana, mut ben) = (person(1)?, person(2)?);
    let (ana_alone, device) = (ana.clone(), Card::open(&ben.card)?.device());
    befriend(&mut ana, &ben)?;
    befriend(&mut ben, &ana_alone)?;
    let ((ana, mut to_ana), (ben, mut to_ben)) = (start(ana)?, start(ben)?);
    let listening =
        |event| if let Event::Listening(at) = event { at.first().copied() } else { None };
    ana.dial(1, next(&mut to_ben, listening).await?, Purpose::Link(device));
    let up = |event| if let Event::LinkUp { link, .. } = event { Some(link) } else { None };
    let (here, there) = (next(&mut to_ana, up).await?, next(&mut to_ben, up).await?);

    let answered = |event| if let Event::Frame { .. } = event { Some(()) } else { None };
    let answer = Frame::MapDigest([0; 32]).encode();
    let question = answer.clone();
    tokio::spawn(async move {
        while next(&mut to_ben, answered).await.is_ok() {
            ben.send(there, answer.clone());
        }
    });
    let start = Instant::now();
    let frame = [&UNKNOWN[..], &[0; FRAME]].concat();
    let steps = bytes / (STEP * FRAME);
    for step in 0..steps + AHEAD {
        if step >= AHEAD {
            next(&mut to_ana, answered).await?;
        }
        if step < steps {
            (0..STEP).for_each(|_| ana.send(here, frame.clone()));
            ana.send(here, question.clone());
        }
    }
    Ok(start.elapsed())
}

async fn next<T>(
    events: &mut mpsc::Receiver<Event>,
    wanted: impl Fn(Event) -> Option<T>,
) -> Result<T> {
    loop {
        if let Some(found) = wanted(events.recv().await.context("the network ended")?) {
            return Ok(found);
        }
    }
}

fn start(directory: Directory) -> Result<(Net, mpsc::Receiver<Event>)> {
    let (events, heard) = mpsc::channel(256);
    let listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".into()];
    let config = Config { listen, port: 0, directory, clock: Clock::start(), events };
    Ok((Net::start(config)?, heard))
}

/// Somebody new, who knows nobody.
fn person(seed: u8) -> Result<Directory> {
    let now = Clock::start().now();
    let (me, records) = Me::found("", Class::Pc, [seed; 32]);
    let mut node = Node::new(me, [0; 32], records, now);
    let outputs = std::iter::from_fn(|| node.poll_output());
    let directory = |output| if let Output::Roster(known) = output { Some(known) } else { None };
    outputs.filter_map(directory).next().context("a directory")
}

fn befriend(me: &mut Directory, friend: &Directory) -> Result<()> {
    let (card, account) = (Card::open(&friend.card)?, Roster::open(&friend.roster)?.account);
    let secret = SecretId([1; 8]);
    me.devices.insert(card.device(), (card.noise, secret));
    me.secrets.insert(secret, (account, Secret([2; 32])));
    me.accounts.insert(account, Rosters::new(friend.roster.clone())?);
    Ok(())
}

/// How long so many bytes take over a stream of quinn's, until the other side has read them.
pub(crate) async fn quinn(bytes: usize) -> Result<Duration> {
    let certified = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let (certificate, key) = (certified.cert.der().clone(), certified.signing_key.serialize_der());
    let server = quinn::ServerConfig::with_single_cert(
        vec![certificate.clone()],
        rustls::pki_types::PrivatePkcs8KeyDer::from(key).into(),
    )?;
    let server = quinn::Endpoint::server(server, (Ipv4Addr::LOCALHOST, 0).into())?;
    let at = server.local_addr()?;
    let read = tokio::spawn(async move {
        let connection = server.accept().await.context("nobody came")?.await?;
        let (mut answer, mut stream) = connection.accept_bi().await?;
        let mut buffer = vec![0; FRAME];
        while stream.read(&mut buffer).await?.is_some() {}
        answer.write_all(&[0]).await?;
        answer.finish()?;
        connection.closed().await;
        Ok::<_, anyhow::Error>(())
    });
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate)?;
    let mut client = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into())?;
    client.set_default_client_config(quinn::ClientConfig::with_root_certificates(Arc::new(roots))?);
    let connection = client.connect(at, NAME)?.await?;
    let (mut stream, mut answer) = connection.open_bi().await?;
    let chunk = vec![0; FRAME];
    let start = Instant::now();
    for _ in 0..bytes / FRAME {
        stream.write_all(&chunk).await?;
    }
    stream.finish()?;
    answer.read_exact(&mut [0]).await?;
    let took = start.elapsed();
    connection.close(0u8.into(), b"");
    read.await??;
    Ok(took)
}

const NAME: &str = "localhost";
