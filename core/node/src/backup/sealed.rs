//! A backup's bytes: a stream under a passphrase, of which no part can be changed, moved or cut off
//! unnoticed.
//!
//! ```text
//! magic   "covey backup 1\n"
//! memory  u32 LE, KiB  ┐
//! passes  u32 LE       │ Argon2id, version 0x13, 32 bytes of key
//! lanes   u32 LE       │
//! salt    16 bytes     ┘
//! nonce   7 bytes
//! proof   16 bytes: the tag of nothing at all, under the nonce ff…ff: whether the key is right
//! check   BLAKE3 of all the above: whether the header is whole
//! chunks  ChaCha20-Poly1305, 64 KiB of plaintext each and 1 at least in the last; the nonce is the
//!         header's, then the chunk's number as u32 BE, then 1 in the last and 0 in the others
//! ```
//! All above `proof` is associated data of `proof` and of every chunk. So a chunk opens at its own
//! place of its own file only, and a file that ends early ends in a chunk that does not open.

use std::{
    io::{self, BufRead as _, BufReader, Read, Write},
    mem,
};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit as _,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::Error;

/// Writes a sealed stream.
pub(super) struct Sealer<W> {
    out: W,
    seal: Seal,
    plain: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    pub(super) fn new(mut out: W, passphrase: &[u8]) -> Result<Self, Error> {
        let mut drawn = [0; 23];
        getrandom::fill(&mut drawn).map_err(io::Error::other)?;
        let mut header = MAGIC.to_vec();
        COST.iter().for_each(|cost| header.extend(cost.to_le_bytes()));
        header.extend(drawn);
        let seal = Seal::new(header, passphrase)?;
        let proved = [&seal.header[..], &seal.proof()?].concat();
        out.write_all(&proved)?;
        out.write_all(blake3::hash(&proved).as_bytes())?;
        Ok(Self { out, seal, plain: Zeroizing::new(Vec::with_capacity(2 * CHUNK)) })
    }

    /// The last chunk; it is not sealed before, for only then it is known to be the last.
    pub(super) fn finish(mut self) -> Result<W, Error> {
        let last = mem::take(&mut *self.plain);
        self.out.write_all(&self.seal.seal(&last, true)?)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = CHUNK - self.plain.len();
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        self.plain.extend_from_slice(now);
        if !later.is_empty() {
            let sealed = self.seal.seal(&self.plain, false).map_err(io::Error::other)?;
            self.out.write_all(&sealed)?;
            self.plain.clear();
        }
        Ok(now.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads one.
pub(super) struct Opener<R> {
    input: BufReader<R>,
    seal: Seal,
    plain: Zeroizing<Vec<u8>>,
    told: usize,
    ended: bool,
}

impl<R: Read> Opener<R> {
    pub(super) fn new(input: R, passphrase: &[u8]) -> Result<Self, Error> {
        let mut input = BufReader::new(input);
        let (mut proved, mut check) = (vec![0; HEADER + TAG], [0; 32]);
        let magic = proved.split_at_mut(MAGIC.len()).0;
        let is = input.read_exact(magic).is_ok();
        let (name, version) = MAGIC.split_at(NAME);
        match magic.split_at(NAME) {
            (start, _) if !is || start != name => return Err(Error::Foreign),
            (_, other) if other != version => return Err(Error::Newer),
            _ => {}
        }
        let rest = proved.split_at_mut(MAGIC.len()).1;
        input.read_exact(rest).map_err(cut)?;
        input.read_exact(&mut check).map_err(cut)?;
        if check != *blake3::hash(&proved).as_bytes() {
            return Err(Error::Damaged);
        }
        let proof = proved.split_off(HEADER);
        let seal = Seal::new(proved, passphrase)?;
        if seal.proof()? != proof {
            return Err(Error::WrongPassphrase);
        }
        Ok(Self { input, seal, plain: Zeroizing::default(), told: 0, ended: false })
    }
}

/// An end is the end of the last chunk: what is cut off shows before.
impl<R: Read> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.told == self.plain.len() && !self.ended {
            let mut sealed = Vec::with_capacity(CHUNK + TAG);
            (&mut self.input).take((CHUNK + TAG) as u64).read_to_end(&mut sealed)?;
            self.ended = self.input.fill_buf()?.is_empty();
            let opened = self.seal.open(&sealed, self.ended);
            self.plain =
                opened.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            self.told = 0;
        }
        let rest = self.plain.get(self.told..).unwrap_or_default();
        let count = rest.len().min(into.len());
        let (into, _) = into.split_at_mut(count);
        into.copy_from_slice(rest.split_at(count).0);
        self.told += count;
        Ok(count)
    }
}

struct Seal {
    cipher: ChaCha20Poly1305,
    header: Vec<u8>,
    number: u32,
}

impl Seal {
    fn new(header: Vec<u8>, passphrase: &[u8]) -> Result<Self, Error> {
        let (_, fields) = header.split_at(MAGIC.len());
        let (costs, fields) = fields.as_chunks::<4>().0.split_at(3);
        let [memory, passes, lanes] =
            [0, 1, 2].map(|at| u32::from_le_bytes(costs.get(at).copied().unwrap_or_default()));
        // more than this nobody writes; who asks for it wants our memory
        if memory > MAX_MEMORY || passes > MAX_PASSES || lanes > MAX_LANES {
            return Err(Error::Damaged);
        }
        let salt = fields.as_flattened().split_at(16).0;
        let params = Params::new(memory, passes, lanes, Some(32)).map_err(|_| Error::Damaged)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, salt, &mut *key)
            .map_err(|_| Error::WrongPassphrase)?;
        Ok(Self { cipher: ChaCha20Poly1305::new(&(*key).into()), header, number: 0 })
    }

    fn proof(&self) -> Result<Vec<u8>, Error> {
        let nothing = Payload { msg: &[], aad: &self.header };
        self.cipher.encrypt(&[0xff; 12].into(), nothing).map_err(|_| Error::Damaged)
    }

    fn seal(&mut self, plain: &[u8], last: bool) -> Result<Vec<u8>, Error> {
        let nonce = self.nonce(last)?;
        let payload = Payload { msg: plain, aad: &self.header };
        self.cipher.encrypt(&nonce.into(), payload).map_err(|_| Error::Damaged)
    }

    fn open(&mut self, sealed: &[u8], last: bool) -> Result<Zeroizing<Vec<u8>>, Error> {
        let nonce = self.nonce(last)?;
        let payload = Payload { msg: sealed, aad: &self.header };
        let opened = self.cipher.decrypt(&nonce.into(), payload);
        opened.map(Zeroizing::new).map_err(|_| Error::Damaged)
    }

    /// That of the next chunk.
    fn nonce(&mut self, last: bool) -> Result<[u8; 12], Error> {
        let number = self.number.to_be_bytes();
        self.number = self.number.checked_add(1).ok_or(Error::Damaged)?;
        let begin = self.header.split_at(HEADER - 7).1;
        let nonce = [begin, &number, &[u8::from(last)]].concat();
        nonce.try_into().map_err(|_| Error::Damaged)
    }
}

fn cut(_: io::Error) -> Error {
    Error::Damaged
}

const MAGIC: &[u8] = b"covey backup 1\n";
/// So much of it names the format; the rest is the version.
const NAME: usize = 13;
const HEADER: usize = MAGIC.len() + 12 + 16 + 7;
const TAG: usize = 16;
const CHUNK: usize = 64 << 10;
/// 64 MiB, 3 passes, 1 lane: what a phone bears.
const COST: [u32; 3] = [64 << 10, 3, 1];
const MAX_MEMORY: u32 = 1 << 20;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;
