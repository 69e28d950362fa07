//! Somebody on the path between two peers: passes everything on, and remembers it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream, UdpSocket,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
};

const LOOPBACK: &str = "127.0.0.1:0";

/// What was sent each way, in datagrams or in pieces of a stream.
#[derive(Clone, Default)]
pub(crate) struct Wire {
    pub(crate) from_client: Vec<Vec<u8>>,
    pub(crate) from_server: Vec<Vec<u8>>,
}

pub(crate) struct Tap {
    /// Where to dial instead of the server.
    pub(crate) addr: SocketAddr,
    wire: Arc<Mutex<Wire>>,
    new_mapping: Arc<Notify>,
}

impl Tap {
    pub(crate) async fn udp(server: SocketAddr) -> Self {
        let front = UdpSocket::bind(LOOPBACK).await.unwrap();
        let tap = Self::at(front.local_addr().unwrap());
        let (wire, new_mapping) = (tap.wire.clone(), tap.new_mapping.clone());
        tokio::spawn(async move {
            let mut back = towards(server).await;
            let mut client = None;
            let (mut out, mut home) = (vec![0; 1 << 16], vec![0; 1 << 16]);
            loop {
                tokio::select! {
                    came = front.recv_from(&mut out) => {
                        let (len, from) = came.unwrap();
                        client = Some(from);
                        wire.lock().unwrap().from_client.push(out[..len].to_vec());
                        back.send(&out[..len]).await.unwrap();
                    }
                    len = back.recv(&mut home) => {
                        let answer = &home[..len.unwrap()];
                        wire.lock().unwrap().from_server.push(answer.to_vec());
                        front.send_to(answer, client.unwrap()).await.unwrap();
                    }
                    () = new_mapping.notified() => back = towards(server).await,
                }
            }
        });
        tap
    }

    /// For one connection.
    pub(crate) async fn tcp(server: SocketAddr) -> Self {
        let front = TcpListener::bind(LOOPBACK).await.unwrap();
        let tap = Self::at(front.local_addr().unwrap());
        let wire = tap.wire.clone();
        tokio::spawn(async move {
            let client = front.accept().await.unwrap().0.into_split();
            let server = TcpStream::connect(server).await.unwrap().into_split();
            tokio::join!(
                pass_on(client.0, server.1, |new| {
                    wire.lock().unwrap().from_client.push(new);
                }),
                pass_on(server.0, client.1, |new| {
                    wire.lock().unwrap().from_server.push(new);
                })
            );
        });
        tap
    }

    pub(crate) fn wire(&self) -> Wire {
        self.wire.lock().unwrap().clone()
    }

    /// From now on the server sees the client's packets come from another port, and what it sends
    /// to the old one is lost.
    pub(crate) fn forget_mapping(&self) {
        self.new_mapping.notify_one();
    }

    fn at(addr: SocketAddr) -> Self {
        Self { addr, wire: Arc::default(), new_mapping: Arc::default() }
    }
}

async fn towards(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
    socket.connect(server).await.unwrap();
    socket
}

async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, seen: impl Fn(Vec<u8>)) {
    let mut buf = vec![0; 1 << 16];
    while let Ok(len @ 1..) = from.read(&mut buf).await {
        seen(buf[..len].to_vec());
        if to.write_all(&buf[..len]).await.is_err() {
            break;
        }
    }
}
