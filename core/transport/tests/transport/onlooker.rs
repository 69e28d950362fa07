//! What somebody on the path can read: ClientHellos, and QUIC's Initial packets, whose keys are
//! known to everybody (RFC 9001, section 5.2).

use std::collections::BTreeMap;

use rustls::{
    Side,
    crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
    quic::{DirectionalKeys, Version},
};

use crate::tap::Wire;

pub(crate) const SERVER_NAME: u16 = 0;
pub(crate) const ALPN: u16 = 16;

/// The extensions of a ClientHello.
pub(crate) type Extensions = BTreeMap<u16, Vec<u8>>;

/// The TLS messages in the Initial packets of each side.
pub(crate) fn initials(wire: &Wire) -> [Vec<u8>; 2] {
    let first = Packet::parse(&wire.from_client[0]).expect("an Initial comes first");
    let suite = TLS13_AES_128_GCM_SHA256.tls13().unwrap();
    let keys = suite.quic_suite().unwrap();
    let keys = keys.keys(first.to, Side::Server, Version::V1);
    [crypto_of(&wire.from_client, &keys.remote), crypto_of(&wire.from_server, &keys.local)]
}

/// Reads a ClientHello that begins with its handshake header.
pub(crate) fn client_hello(message: &[u8]) -> Extensions {
    let mut hello = Reader(message);
    assert_eq!(hello.number(1), 1, "a ClientHello");
    let mut hello = Reader(hello.prefixed(3));
    hello.take(2 + 32); // version, random
    for len in [1, 2, 1] {
        hello.prefixed(len); // session, suites, compression
    }
    let mut extensions = Reader(hello.prefixed(2));
    let mut found = Extensions::new();
    while !extensions.0.is_empty() {
        let kind = u16::try_from(extensions.number(2)).unwrap();
        found.insert(kind, extensions.prefixed(2).to_vec());
    }
    found
}

/// The records of a TLS stream, of which the last may be under way: kinds and bodies.
pub(crate) fn records(mut stream: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = vec![];
    while let [kind, 3, 1 | 3, high, low, rest @ ..] = stream {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let (body, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        found.push((*kind, body));
        stream = after;
    }
    assert!(stream.is_empty(), "nothing but TLS records");
    found
}

fn crypto_of(datagrams: &[Vec<u8>], keys: &DirectionalKeys) -> Vec<u8> {
    let packets = datagrams.iter().filter_map(|d| Packet::parse(d));
    let mut pieces = BTreeMap::new();
    for packet in packets {
        let plain = packet.open(keys);
        let mut frames = Reader(&plain);
        while !frames.0.is_empty() {
            match frames.varint() {
                0 | 1 => {} // PADDING, PING
                kind @ (2 | 3) => frames.ack(kind == 3),
                6 => {
                    let offset = frames.varint();
                    let len = frames.varint();
                    pieces.insert(offset, frames.take(len).to_vec());
                }
                other => panic!("frame {other} in an Initial"),
            }
        }
    }
    pieces.into_iter().fold(vec![], |mut all, (offset, piece)| {
        all.truncate(offset);
        assert_eq!(all.len(), offset, "a gap");
        all.extend(piece);
        all
    })
}

/// An Initial packet at the start of a datagram.
struct Packet<'a> {
    to: &'a [u8],
    /// Up to where the packet ends, which need not be the datagram's end.
    bytes: &'a [u8],
    /// Where the protected packet number starts.
    number_at: usize,
}

impl<'a> Packet<'a> {
    fn parse(datagram: &'a [u8]) -> Option<Self> {
        if datagram[0] & 0xf0 != 0xc0 {
            return None;
        }
        let mut header = Reader(&datagram[1..]);
        assert_eq!(header.number(4), 1, "QUIC v1");
        let to = header.prefixed(1);
        header.prefixed(1);
        let token = header.varint();
        header.take(token);
        let len = header.varint();
        let number_at = datagram.len() - header.0.len();
        Some(Self { to, bytes: &datagram[..number_at + len], number_at })
    }

    fn open(&self, keys: &DirectionalKeys) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        let (head, tail) = bytes.split_at_mut(self.number_at + 4);
        let (first, number) = head.split_at_mut(1);
        let number = &mut number[self.number_at - 1..];
        let sample = &tail[..keys.header.sample_len()];
        let header = &keys.header;
        header.decrypt_in_place(sample, &mut first[0], number).unwrap();
        let len = usize::from(first[0] & 3) + 1;
        let number = number[..len].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let (header, payload) = bytes.split_at_mut(self.number_at + len);
        let plain = keys.packet.decrypt_in_place(number, header, payload);
        plain.unwrap().to_vec()
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    /// Big-endian, of that many bytes.
    fn number(&mut self, bytes: usize) -> usize {
        let bytes = self.take(bytes);
        bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte))
    }

    /// Bytes behind their length, a number of that many bytes.
    fn prefixed(&mut self, len: usize) -> &'a [u8] {
        let len = self.number(len);
        self.take(len)
    }

    /// RFC 9000, section 16.
    fn varint(&mut self) -> usize {
        let bytes = 1 << (self.0[0] >> 6);
        self.number(bytes) & ((1 << (8 * bytes - 2)) - 1)
    }

    fn ack(&mut self, ecn: bool) {
        self.varint();
        self.varint();
        let ranges = self.varint();
        let counts = if ecn { 3 } else { 0 };
        for _ in 0..1 + 2 * ranges + counts {
            self.varint();
        }
    }
}
