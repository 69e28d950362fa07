//! The stranger's place on the network, and every packet that passes there.
//!
//! The switch forgets who is where, so it sends everything everywhere; the stranger's interface
//! takes in what is not for it. Nothing is filtered: what is kept is what the wire carries.

use std::{
    collections::BTreeMap,
    io::Read as _,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    process::{self, Command},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

use anyhow::{Context as _, Result, ensure};
use netlab::Lan;
use socket2::{Domain, Protocol, Socket, Type};

use crate::PATIENCE;

/// An Ethernet address.
pub(crate) type Mac = [u8; 6];

/// Where the stranger is.
pub(crate) const HERE: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 66);
/// From where the stranger repeats what others said, so as not to use up what a host may.
pub(crate) const ECHO: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 67);

/// All that passed so far.
#[derive(Debug)]
pub(crate) struct Tap(Arc<Passed>);

#[derive(Debug, Default)]
struct Passed {
    frames: Mutex<Vec<Frame>>,
    more: Condvar,
}

/// What was on the wire, as it was.
#[derive(Clone, Debug)]
pub(crate) struct Frame(pub(crate) Vec<u8>);

/// A packet that says something.
#[derive(Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) carrier: Carrier,
    pub(crate) payload: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Udp,
    /// With the number of the first byte, or of the one before it.
    Tcp {
        number: u32,
        first: bool,
    },
}

/// What one end of a TCP connection said.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

impl Tap {
    /// Plugs this very process into the switch.
    pub(crate) fn plug_in(lan: &Lan) -> Result<Self> {
        let at_switch = |what: &str| run(lan.on("switch", Path::new("ip")).args(what.split(' ')));
        let here = |what: &str| run(Command::new("ip").args(what.split(' ')));
        at_switch(&format!("link add eve type veth peer name eth0 netns {}", process::id()))?;
        at_switch("link set br0 type bridge ageing_time 0")?;
        at_switch("link set eve master br0 up")?;
        here("link set lo up")?;
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(EVERYTHING)))?;
        socket.set_recv_buffer_size(ROOM)?;
        here("link set eth0 promisc on up")?;
        for address in [HERE, ECHO] {
            here(&format!("addr add {address}/24 dev eth0"))?;
        }
        here("addr add fd77::66/64 dev eth0 nodad")?;
        let passed = Arc::new(Passed::default());
        let tap = Self(passed.clone());
        thread::spawn(move || passed.take_in(&socket));
        Ok(tap)
    }

    /// How many frames passed so far.
    pub(crate) fn count(&self) -> usize {
        self.0.frames().len()
    }

    /// The frames that passed since there were so many.
    pub(crate) fn since(&self, count: usize) -> Vec<Frame> {
        self.0.frames().iter().skip(count).cloned().collect()
    }

    /// Returns once such a frame has passed after the first so many.
    pub(crate) fn until(&self, count: usize, wanted: impl Fn(&Frame) -> bool) -> Result<()> {
        let unseen = |frames: &mut Vec<Frame>| !frames.iter().skip(count).any(&wanted);
        let waited = self.0.more.wait_timeout_while(self.0.frames(), PATIENCE, unseen);
        let waited = waited.ok().context("nothing panics while holding it")?;
        ensure!(!waited.1.timed_out(), "what should be on the wire does not come");
        Ok(())
    }
}

impl Passed {
    fn frames(&self) -> MutexGuard<'_, Vec<Frame>> {
        self.frames.lock().expect("nothing panics while holding it")
    }

    fn take_in(&self, mut socket: &Socket) {
        let mut room = vec![0; 1 << 16];
        while let Ok(len) = socket.read(&mut room) {
            self.frames().push(Frame(room.iter().take(len).copied().collect()));
            self.more.notify_all();
        }
    }
}

impl Frame {
    /// Who sent it.
    pub(crate) fn from(&self) -> Option<Mac> {
        self.0.split_first_chunk::<14>().and_then(|(head, _)| head[6..12].try_into().ok())
    }

    /// What it says, if it is of IP and says something to a port.
    pub(crate) fn packet(&self) -> Option<Packet<'_>> {
        let (ethernet, rest) = self.0.split_first_chunk::<14>()?;
        match ethernet[12..] {
            [0x08, 0x00] => {
                let (ip, _) = rest.split_first_chunk::<20>()?;
                let all = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
                let rest = rest.get(usize::from(ip[0] & 15) * 4..all)?;
                let [from, to] = [12, 16].map(|at| {
                    let bytes = ip.iter().skip(at).zip([0; 4]).map(|(byte, _)| *byte);
                    bytes.fold(0, |all, byte| all << 8 | u32::from(byte))
                });
                let [from, to] = [from, to].map(|bits| Ipv4Addr::from_bits(bits).into());
                transported(ip[9], rest, [from, to])
            }
            [0x86, 0xdd] => {
                let (ip, rest) = rest.split_first_chunk::<40>()?;
                let [from, to] = [8, 24].map(|at| {
                    let bytes = ip.iter().skip(at).zip([0; 16]).map(|(byte, _)| *byte);
                    bytes.fold(0, |all, byte| all << 8 | u128::from(byte))
                });
                let [from, to] = [from, to].map(|bits| Ipv6Addr::from_bits(bits).into());
                transported(ip[6], rest, [from, to])
            }
            _ => None,
        }
    }
}

fn transported(protocol: u8, bytes: &[u8], ips: [std::net::IpAddr; 2]) -> Option<Packet<'_>> {
    let (ports, _) = bytes.split_first_chunk::<4>()?;
    let [from, to] = [[ports[0], ports[1]], [ports[2], ports[3]]].map(u16::from_be_bytes);
    let (carrier, payload) = match protocol {
        17 => (Carrier::Udp, bytes.get(8..)?),
        6 => {
            let (head, _) = bytes.split_first_chunk::<20>()?;
            let number = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
            let carrier = Carrier::Tcp { number, first: head[13] & SYN != 0 };
            (carrier, bytes.get(usize::from(head[12] >> 4) * 4..)?)
        }
        _ => return None,
    };
    let [from_ip, to_ip] = ips;
    Some(Packet {
        from: SocketAddr::new(from_ip, from),
        to: SocketAddr::new(to_ip, to),
        carrier,
        payload,
    })
}

/// What was said over TCP among these frames, put together.
pub(crate) fn streams(frames: &[Frame]) -> Vec<Stream> {
    let mut starts = BTreeMap::new();
    let mut pieces: BTreeMap<_, BTreeMap<u32, &[u8]>> = BTreeMap::new();
    for packet in frames.iter().filter_map(Frame::packet) {
        let Carrier::Tcp { number, first } = packet.carrier else { continue };
        let way = (packet.from, packet.to);
        if first {
            starts.insert(way, number.wrapping_add(1));
        } else if let Some(start) = starts.get(&way).filter(|_| !packet.payload.is_empty()) {
            let offset = number.wrapping_sub(*start);
            pieces.entry(way).or_default().insert(offset, packet.payload);
        }
    }
    let joined = |pieces: BTreeMap<u32, &[u8]>| {
        pieces.into_iter().fold(Vec::new(), |mut all, (offset, piece)| {
            all.truncate(offset as usize);
            all.extend(piece);
            all
        })
    };
    pieces.into_iter().map(|((_, to), pieces)| Stream { to, bytes: joined(pieces) }).collect()
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("run {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

const SYN: u8 = 2;
/// `ETH_P_ALL`, in network order.
const EVERYTHING: i32 = 0x0003_u16.to_be() as i32;
const ROOM: usize = 8 << 20;
