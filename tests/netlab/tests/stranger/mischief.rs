//! What the stranger does beside dialling: he repeats what he heard, and asks what there is.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    path::Path,
};

use anyhow::{Result, ensure};
use netlab::Lan;
use socket2::{Domain, Socket, Type};

use crate::{
    PATIENCE,
    pair::{Host, Pair},
    search::{MDNS, is_announcement},
    tap::{self, Carrier, ECHO, Frame, HERE, Tap},
};

/// From now on nothing of UDP but discovery passes between the hosts.
pub(crate) fn leave_tcp_only(lan: &Lan, hosts: &[&str]) -> Result<()> {
    let chain = |host: &&str| {
        format!(
            "chain {host} {{ type filter hook ingress device {host} priority 0; \
             ip daddr 192.168.77.1-192.168.77.9 udp dport != {MDNS} drop; \
             ip6 daddr {{ fd77::1-fd77::9, fe80::/10 }} udp dport != {MDNS} drop; }}\n"
        )
    };
    let rules =
        format!("table netdev blocked {{ {} }}", hosts.iter().map(chain).collect::<String>());
    let status = lan.on("switch", Path::new("nft")).arg(rules).status()?;
    ensure!(status.success(), "nft: {status}");
    Ok(())
}

/// Says to every node once more what was said to it, packet by packet and stream by stream.
pub(crate) fn repeat(known: &[Frame], pairs: [&Pair<'_>; 2]) -> Result<()> {
    let hosts: Vec<_> = pairs.iter().flat_map(|pair| &pair.hosts).collect();
    let theirs = known.iter().filter(|frame| hosts.iter().any(|h| frame.from() == Some(h.mac)));
    let theirs: Vec<_> = theirs.cloned().collect();
    let host = |at: SocketAddr| hosts.iter().copied().find(|host| host.is_at(at));

    let socket = UdpSocket::bind((ECHO, 0))?;
    for packet in theirs.iter().filter_map(Frame::packet) {
        if let (Carrier::Udp, Some(host)) = (packet.carrier, host(packet.to)) {
            socket.send_to(packet.payload, (host.v4, host.port))?;
        }
    }
    for stream in tap::streams(&theirs) {
        if let Some(host) = host(stream.to) {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.bind(&SocketAddr::from((ECHO, 0)).into())?;
            socket.connect_timeout(&SocketAddr::from((host.v4, host.port)).into(), PATIENCE)?;
            let mut socket = TcpStream::from(socket);
            socket.set_read_timeout(Some(PATIENCE))?;
            // it may be cut off before all is said; what it answers is on the wire
            let _said = socket.write_all(&stream.bytes);
            let _heard = socket.read_to_end(&mut Vec::new());
        }
    }
    Ok(())
}

/// Asks the network what services and hosts there are; returns once every node has answered.
pub(crate) fn ask(tap: &Tap, pairs: [&Pair<'_>; 2]) -> Result<()> {
    let before = tap.count();
    let reverse = |host: &Host| {
        let [a, b, c, d] = host.v4.octets();
        format!("{d}.{c}.{b}.{a}.in-addr.arpa")
    };
    let hosts: Vec<_> = pairs.iter().flat_map(|pair| &pair.hosts).collect();
    let mut names = vec!["_covey._udp.local".into(), "_services._dns-sd._udp.local".into()];
    names.extend(hosts.iter().map(|host| reverse(host)));
    let count = u8::try_from(names.len())?;
    let mut question = vec![0, 7, 0, 0, 0, count, 0, 0, 0, 0, 0, 0];
    for name in names {
        for label in name.split('.') {
            question.push(u8::try_from(label.len())?);
            question.extend(label.bytes());
        }
        question.extend([0, 0, ANY, 0, INTERNET]);
    }
    UdpSocket::bind((HERE, 0))?.send_to(&question, ("224.0.0.251", MDNS))?;
    for host in hosts {
        tap.until(before, |frame| {
            let answers = frame.packet().is_some_and(|packet| is_announcement(&packet));
            frame.from() == Some(host.mac) && answers
        })?;
    }
    Ok(())
}

const ANY: u8 = 255;
const INTERNET: u8 = 1;
