//! What is searched for in all that the stranger saw.

use anyhow::{Result, ensure};

use crate::{
    pair::{self, Heard, Host, Pair},
    tap::{self, Carrier, ECHO, Frame, Packet},
    traces::{Commonplaces, Traces},
};

/// All that passed while the nodes ran once.
type Life = Vec<Frame>;

/// All that the homes of the four hold, in whatever spelling.
pub(crate) fn no_secret_is_seen(all: &[Frame], pairs: [&Pair<'_>; 2]) -> Result<()> {
    let [one, other] = pairs.map(|pair| Traces::of(&pair.secrets, &pair.aside));
    let secrets = one.and(other).telling().and_backwards();
    ensure!(!secrets.in_any_spelling(pair::TEXT.as_bytes()).is_empty(), "texts are secrets");

    let frames = all.iter().map(|frame| frame.0.clone());
    let streams = tap::streams(all).into_iter().map(|stream| stream.bytes);
    let heard = pairs.iter().flat_map(|pair| &pair.heard);
    let heard = heard.flat_map(|heard| heard.fresh.iter().chain(&heard.repeated)).cloned();
    for seen in frames.chain(streams).chain(heard) {
        let found = secrets.in_any_spelling(&seen);
        ensure!(found.is_empty(), "{found} in {}", seen.escape_ascii());
        let ids = pairs.iter().flat_map(|pair| &pair.ids);
        for id in ids.map(|id| bs58::encode(id).into_vec()) {
            ensure!(!contains(&seen, &id), "an id in base58 in {}", seen.escape_ascii());
        }
    }
    Ok(())
}

/// Whatever a pair says in one life and says again in another, the other pair says as well.
pub(crate) fn nothing_outlives_a_start(lives: &[Life], pairs: [&Pair<'_>; 2]) -> Result<()> {
    let [one, other] = pairs;
    for (pair, other) in [(one, other), (other, one)] {
        let common = |pair, which: fn(&Packet<'_>) -> bool| {
            Commonplaces::of(&said(lives, pair, which).concat())
        };
        // who asks for services tells which ones he heard of: what this pair called itself
        let names = common(pair, is_announcement);
        let asked = common(other, is_question);
        let common = common(other, |packet| !is_question(packet)).and(&asked, &names);
        let said = said(lives, pair, |_| true).into_iter();
        let traces: Vec<_> = said.map(|said| Traces::of(&said, &pair.aside)).collect();
        for (number, earlier) in traces.iter().enumerate() {
            for later in traces.iter().skip(number + 1) {
                let lasting = earlier.shared(later).telling().beyond(&common);
                ensure!(lasting.is_empty(), "{lasting} outlive the start of life {number}");
            }
        }
    }
    Ok(())
}

/// What two friends announce has no more in common than what any two have.
pub(crate) fn friends_announce_nothing_in_common(
    lives: &[Life],
    pairs: [&Pair<'_>; 2],
) -> Result<()> {
    let [one, other] = pairs;
    for (life, (pair, other)) in lives.iter().flat_map(|l| [(l, (one, other)), (l, (other, one))]) {
        let announced = |host: &Host| {
            let by_it = |frame: &&Frame| frame.from() == Some(host.mac);
            let packets = life.iter().filter(by_it).filter_map(Frame::packet);
            let announcements = packets.filter(is_announcement);
            announcements.map(|packet| packet.payload.to_vec()).collect::<Vec<_>>()
        };
        let common = Commonplaces::of(&other.hosts.each_ref().map(announced).concat());
        let traces = |host| Traces::of(&announced(host), &pair.aside).telling().beyond(&common);
        let [one, two] = pair.hosts.each_ref().map(traces);
        ensure!(!one.is_empty() && !two.is_empty(), "they announce themselves");
        let shared = one.shared(&two);
        ensure!(shared.is_empty(), "{shared} are common to friends");
    }
    Ok(())
}

/// To whom knows no more than the formats, all is QUIC or TLS, but for the service's type.
pub(crate) fn nothing_but_quic_and_tls_is_seen(
    lives: &[Life],
    pairs: [&Pair<'_>; 2],
) -> Result<()> {
    for (pair, (number, life)) in
        pairs.iter().flat_map(|p| lives.iter().enumerate().map(move |l| (p, l)))
    {
        let frames: Vec<_> = sent(life, pair).cloned().collect();
        let streams = tap::streams(&frames);
        for stream in &streams {
            ensure!(is_tls(&stream.bytes), "not of TLS: {}", stream.bytes.escape_ascii());
        }
        let packets = frames.iter().filter_map(Frame::packet);
        for packet in packets.filter(|packet| packet.carrier == Carrier::Udp && !is_mdns(packet)) {
            ensure!(is_quic(packet.payload), "not of QUIC: {}", packet.payload.escape_ascii());
        }
        let among_them = |packet: &Packet<'_>| pair.hosts.iter().any(|h| h.has(packet.to.ip()));
        let mut links = frames.iter().filter_map(Frame::packet).filter(among_them);
        let by_udp = links.any(|packet| packet.carrier == Carrier::Udp);
        ensure!(by_udp == (number < OVER_QUIC), "what carries the links of life {number}");

        let frames = frames.iter().map(without_service);
        for seen in frames.chain(streams.into_iter().map(|stream| stream.bytes)) {
            let word = TELLING.iter().find(|word| contains(&seen, word));
            ensure!(word.is_none(), "a telling word in {}", seen.escape_ascii());
        }
    }
    Ok(())
}

/// So many lives the friends' links are carried by QUIC, then by TCP.
pub(crate) const OVER_QUIC: usize = 2;
/// None of these may be read on the wire.
const TELLING: [&[u8]; 9] = [
    b"covey",
    b"Covey",
    b"COVEY",
    b"libp2p",
    b"multistream",
    b"Noise",
    b"yamux",
    b"/ipfs",
    b"rcgen",
];

/// What a pair said in each life, to each other, to all, and to the stranger who dialled. Not to
/// him who repeated: an Initial of QUIC that comes again is answered under the same public keys,
/// so with the same bytes where there is only padding.
fn said(lives: &[Life], pair: &Pair<'_>, which: impl Fn(&Packet<'_>) -> bool) -> Vec<Vec<Vec<u8>>> {
    let spoken = |frame: &&Frame| {
        frame.packet().is_some_and(|packet| packet.to.ip() != ECHO && which(&packet))
    };
    let of_life = |(life, heard): (&Life, &Heard)| {
        let frames: Vec<_> = sent(life, pair).filter(spoken).cloned().collect();
        let packets = frames.iter().filter_map(Frame::packet);
        let datagrams = packets.filter(|packet| packet.carrier == Carrier::Udp);
        let datagrams = datagrams.flat_map(|packet| match is_question(&packet) {
            true => names(packet.payload),
            false => vec![packet.payload.to_vec()],
        });
        let streams = tap::streams(&frames).into_iter().map(|stream| stream.bytes);
        datagrams.chain(streams).chain(heard.fresh.iter().cloned()).collect()
    };
    lives.iter().zip(&pair.heard).map(of_life).collect()
}

/// The names in a question. The rest are numbers, the same for all who ask the same.
fn names(question: &[u8]) -> Vec<Vec<u8>> {
    let names = question.split(|byte| !byte.is_ascii_alphanumeric());
    names.map(<[u8]>::to_vec).collect()
}

fn sent<'a>(life: &'a Life, pair: &Pair<'_>) -> impl Iterator<Item = &'a Frame> + use<'a> {
    let hosts = pair.hosts.each_ref().map(|host| host.mac);
    life.iter().filter(move |frame| frame.from().is_some_and(|mac| hosts.contains(&mac)))
}

fn is_mdns(packet: &Packet<'_>) -> bool {
    packet.carrier == Carrier::Udp && packet.from.port() == MDNS
}

/// Whether it answers, or says unasked, who is there.
pub(crate) fn is_announcement(packet: &Packet<'_>) -> bool {
    is_mdns(packet) && packet.payload.get(2).is_some_and(|flags| flags & 0x80 != 0)
}

/// Whether it asks who is there, and tells of whom that is known already.
fn is_question(packet: &Packet<'_>) -> bool {
    is_mdns(packet) && !is_announcement(packet)
}

/// A frame in which the type of the service is crossed out, if it is one of discovery's.
fn without_service(frame: &Frame) -> Vec<u8> {
    let Frame(mut bytes) = frame.clone();
    if frame.packet().is_some_and(|packet| is_mdns(&packet)) {
        let places = 0..bytes.len().saturating_sub(SERVICE.len());
        for at in places {
            if let Some(name) = bytes.get_mut(at..at + SERVICE.len()).filter(|b| **b == *SERVICE) {
                name.fill(b'.');
            }
        }
    }
    bytes
}

/// Whether every byte belongs to a record of TLS; the last may be under way.
fn is_tls(mut stream: &[u8]) -> bool {
    while let [20..=23, 3, 1 | 3, high, low, rest @ ..] = stream {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        stream = rest.get(len..).unwrap_or_default();
    }
    stream.is_empty()
}

/// Whether it shows the fixed bit, and version 1 where it shows a version.
fn is_quic(datagram: &[u8]) -> bool {
    match datagram {
        [first, version @ ..] if first & 0xc0 == 0xc0 => version.starts_with(&[0, 0, 0, 1]),
        [first, ..] => first & 0x40 != 0,
        [] => false,
    }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// Where services are announced and asked for.
pub(crate) const MDNS: u16 = 5353;
const SERVICE: &[u8] = b"\x06_covey\x04_udp\x05local";
