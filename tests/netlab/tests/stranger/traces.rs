//! What bytes are recognised by: any eight in a row, however they are spelt.
//!
//! Eight bytes of a key are one in 2^64, so they do not meet by chance; eight that hardly differ
//! among each other (zeros, padding) are found everywhere and tell nothing.

use std::collections::{BTreeSet, HashSet};

/// All that some bytes are recognised by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traces(HashSet<u64>);

/// What others say, in pieces of four bytes: a trace that holds one may be half a commonplace and
/// half chance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commonplaces(HashSet<u64>);

/// Bytes in which addresses and ports count for nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aside(pub(crate) Vec<Vec<u8>>);

impl Traces {
    /// What these are recognised by, but for what is put aside.
    pub(crate) fn of(said: &[Vec<u8>], aside: &Aside) -> Self {
        let pieces = said.iter().flat_map(|bytes| aside.leave_out(bytes));
        Self(pieces.flat_map(|piece| piece.windows(LEN)).map(number).collect())
    }

    /// These and those.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Those that do not just repeat a few bytes.
    pub(crate) fn telling(&self) -> Self {
        let distinct = |trace: &u64| trace.to_be_bytes().into_iter().collect::<BTreeSet<_>>().len();
        Self(self.0.iter().copied().filter(|trace| distinct(trace) >= DISTINCT).collect())
    }

    /// The same, read backwards too.
    pub(crate) fn and_backwards(mut self) -> Self {
        let backwards: Vec<_> = self.0.iter().map(|trace| trace.swap_bytes()).collect();
        self.0.extend(backwards);
        self
    }

    /// What both have.
    pub(crate) fn shared(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// Those that hold nothing that others say too.
    pub(crate) fn beyond(&self, common: &Commonplaces) -> Self {
        let pieces = |trace: u64| (0..=LEN - PIECE).map(move |at| trace >> (8 * at) & PIECE_MASK);
        let own = |trace: &&u64| pieces(**trace).all(|piece| !common.0.contains(&piece));
        Self(self.0.iter().filter(own).copied().collect())
    }

    /// Those that are found in these bytes, in whatever spelling.
    pub(crate) fn in_any_spelling(&self, bytes: &[u8]) -> Self {
        let is_text = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
        let texts = bytes.split(|byte| !is_text(byte)).filter(|text| text.len() > LEN);
        let spelt = texts.flat_map(|text| SPELLINGS.iter().flat_map(|s| s.readings(text)));
        let spelt: Vec<_> = spelt.chain([bytes.to_vec()]).collect();
        let all = spelt.iter().flat_map(|reading| reading.windows(LEN)).map(number);
        Self(all.filter(|trace| self.0.contains(trace)).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A few of them, for whoever has to find where they come from.
impl std::fmt::Display for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} traces", self.0.len())?;
        self.0.iter().take(8).try_for_each(|trace| {
            write!(f, ", {trace:016x} ({})", trace.to_be_bytes().escape_ascii())
        })
    }
}

impl Commonplaces {
    /// What is said here.
    pub(crate) fn of(said: &[Vec<u8>]) -> Self {
        Self(said.iter().flat_map(|bytes| bytes.windows(PIECE)).map(number).collect())
    }

    /// These, and of those what is not among the words of somebody.
    pub(crate) fn and(mut self, those: &Self, but: &Self) -> Self {
        self.0.extend(those.0.difference(&but.0));
        self
    }
}

impl Aside {
    /// The stretches between what is put aside.
    fn leave_out<'a>(&self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let (mut pieces, mut start, mut at) = (Vec::new(), 0, 0);
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.0.iter().find(|aside| rest.starts_with(aside)) {
                Some(aside) => {
                    pieces.extend(bytes.get(start..at));
                    at += aside.len();
                    start = at;
                }
                None => at += 1,
            }
        }
        pieces.extend(bytes.get(start..));
        pieces
    }
}

/// A way to write bytes as text: so many bits a character.
struct Spelling {
    bits: usize,
    alphabets: [&'static [u8]; 2],
}

const SPELLINGS: [Spelling; 3] = [
    Spelling { bits: 4, alphabets: [b"0123456789abcdef", b"0123456789ABCDEF"] },
    Spelling {
        bits: 5,
        alphabets: [b"abcdefghijklmnopqrstuvwxyz234567", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"],
    },
    Spelling {
        bits: 6,
        alphabets: [
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        ],
    },
];

impl Spelling {
    /// What every stretch of such text says, wherever its first whole byte may begin.
    fn readings(&self, text: &[u8]) -> Vec<Vec<u8>> {
        let values: Vec<_> = text.iter().map(|character| self.value(*character)).collect();
        let stretches = values.split(Option::is_none).filter(|s| s.len() * self.bits >= LEN * 8);
        let starts = stretches.flat_map(|stretch| (0..8).filter_map(|start| stretch.get(start..)));
        starts.map(|stretch| self.read(stretch.iter().copied().flatten())).collect()
    }

    fn read(&self, values: impl Iterator<Item = usize>) -> Vec<u8> {
        let (mut bytes, mut waiting, mut bits) = (Vec::new(), 0, 0);
        for value in values {
            waiting = waiting << self.bits | value;
            bits += self.bits;
            if bits >= 8 {
                bits -= 8;
                bytes.extend(u8::try_from(waiting >> bits));
                waiting &= (1 << bits) - 1;
            }
        }
        bytes
    }

    fn value(&self, character: u8) -> Option<usize> {
        self.alphabets.iter().find_map(|alphabet| alphabet.iter().position(|c| *c == character))
    }
}

fn number(window: &[u8]) -> u64 {
    window.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

const LEN: usize = 8;
const PIECE: usize = 4;
const PIECE_MASK: u64 = u32::MAX as u64;
const DISTINCT: usize = 5;

#[test]
fn a_secret_is_found_in_every_spelling() {
    let secret: Vec<u8> = (1..=32).map(|byte: u8| byte.wrapping_mul(167)).collect();
    let traces = Traces::of(std::slice::from_ref(&secret), &Aside::default()).and_backwards();
    let backwards: Vec<_> = secret.iter().rev().copied().collect();
    let spelt = |encoding: data_encoding::Encoding| encoding.encode(&secret).into_bytes();
    for hidden in [
        secret.clone(),
        backwards,
        spelt(data_encoding::HEXLOWER),
        spelt(data_encoding::HEXUPPER),
        spelt(data_encoding::BASE32_NOPAD),
        spelt(data_encoding::BASE32_NOPAD).to_ascii_lowercase(),
        spelt(data_encoding::BASE64),
        spelt(data_encoding::BASE64URL_NOPAD),
    ] {
        let among = [b"7 words and then ", &hidden[3..], b", and more"].concat();
        assert!(!traces.in_any_spelling(&among).is_empty(), "{}", among.escape_ascii());
    }
    assert!(traces.in_any_spelling(&[7; 100]).is_empty());
}

#[test]
fn neither_what_is_put_aside_nor_what_others_say_is_a_trace() {
    let (said, aside) = ([b"0123456789abcdefg".to_vec()], Aside(vec![b"45".to_vec()]));
    let traces = Traces::of(&said, &aside);
    assert!(!traces.is_empty());
    assert!(!traces.beyond(&Commonplaces::of(&[b"34567".to_vec()])).is_empty());
    assert!(traces.beyond(&Commonplaces::of(&[b"9abc".to_vec()])).is_empty());
}
