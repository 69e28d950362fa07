//! Links: Noise between two devices, as a machine of its own that the connection's task runs.
//!
//! ```text
//! initiator                                      responder
//! Initiator::new     -- 1: mac, IK, Greeting ->  Responder::read    who asks, under which secret
//! Initiator::finish  <- 2: psk, Greeting ------  Responder::accept  the psk of that secret
//! Link               -- 3: an empty frame ---->  Unproved::prove    -> Link
//! ```
//! A responder completes the handshake even with somebody who holds another psk, or who replays a
//! message 1; only message 3 tells. So there is no [`Link`] on its side before that. The mac in
//! front of message 1 is keyed by the responder's static: who does not know that costs a hash and
//! no Diffie-Hellman. Message 1 is also bound to its *bearer*, the name that the responder has on
//! what carries the link: an impostor who is called can neither pass the call on nor repeat it.
//! All that is written here begins with its length, u16-BE, and is ready for a stream; all that
//! is read comes without it.

use alloc::{boxed::Box, sync::Arc, vec::Vec};

use snow::{Builder, HandshakeState, StatelessTransportState};

use crate::{
    dice::Resolver,
    seal::{self, Context, Secret},
    wire::{
        self, Greeting, Invalid,
        frame::{MAX_FRAME, PAD},
    },
};

/// The name of the protocol on a connection.
pub const PROTOCOL: &str = "/covey/link/1";
/// The most that message 1 or 2 may take.
pub const MAX_HANDSHAKE: usize = 12 << 10;
/// The most that a sealed frame may take.
pub const MAX_SEALED: usize = MAX_FRAME + TAG;

const PATTERN: &str = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
/// Where the pattern takes its psk in.
const PSK: u8 = 2;
const TAG: usize = 16;
const MAC: usize = 16;

/// A device's Noise static, with what follows from it worked out once.
#[derive(Clone, Debug)]
pub struct Static {
    secret: Secret,
    mac: Secret,
}

/// The side that opens a link, waiting for message 2.
#[derive(Debug)]
pub struct Initiator(HandshakeState);

/// The side that is asked, with message 1 read.
#[derive(Debug)]
pub struct Responder(HandshakeState);

/// The responder's side of a link, until message 3 proves that somebody is there now.
#[derive(Debug)]
pub struct Unproved(Link);

/// Both directions of a link. They part: one task writes, another reads.
#[derive(Debug)]
pub struct Link {
    /// The way out.
    pub sealer: Sealer,
    /// The way in.
    pub opener: Opener,
}

/// Seals frames, each under the next number.
#[derive(Debug)]
pub struct Sealer {
    noise: Arc<StatelessTransportState>,
    next: u64,
}

/// Opens frames in the order they were sealed in.
#[derive(Debug)]
pub struct Opener {
    noise: Arc<StatelessTransportState>,
    next: u64,
}

impl Static {
    /// The static of this secret.
    pub fn new(secret: Secret) -> Self {
        let mac = mac_key(&seal::x25519_public(&secret));
        Self { secret, mac }
    }
}

impl Initiator {
    /// Begins a link with the device of this Noise static: the machine and message 1.
    ///
    /// # Errors
    /// [`Invalid`] if the offer is too large.
    pub fn new(
        me: &Static,
        peer: &[u8; 32],
        psk: &Secret,
        offer: &Greeting,
        bearer: &[u8],
        seed: [u8; 32],
    ) -> Result<(Self, Vec<u8>), Invalid> {
        let mut noise = machine(me, Some((peer, psk)), bearer, seed);
        let message = write(&mut noise, offer)?;
        let mac = mac(&mac_key(peer), bearer, &message).to_le_bytes();
        Ok((Self(noise), prefixed(&[&mac, &message])?))
    }

    /// Reads message 2. The link is up for this side, and for the other one with message 3.
    ///
    /// # Errors
    /// [`Invalid`] if the other side is not the device meant, or holds another psk.
    pub fn finish(mut self, message: &[u8]) -> Result<(Greeting, Link, Vec<u8>), Invalid> {
        let answer = read(&mut self.0, message)?;
        let mut link = Link::new(self.0)?;
        let proof = link.sealer.seal(&[])?;
        Ok((answer, link, proof))
    }
}

impl Responder {
    /// Reads message 1: what is offered, and the static its author proves, if it is no replay.
    ///
    /// # Errors
    /// [`Invalid`] if it is not for this static and bearer, or damaged.
    pub fn read(
        me: &Static,
        message: &[u8],
        bearer: &[u8],
        seed: [u8; 32],
    ) -> Result<(Self, Greeting, [u8; 32]), Invalid> {
        let (claimed, message) = message.split_first_chunk::<MAC>().ok_or(Invalid)?;
        if mac(&me.mac, bearer, message) != u128::from_le_bytes(*claimed) {
            return Err(Invalid);
        }
        let mut noise = machine(me, None, bearer, seed);
        let offer = read(&mut noise, message)?;
        let proved = noise.get_remote_static().and_then(|key| key.try_into().ok());
        Ok((Self(noise), offer, proved.ok_or(Invalid)?))
    }

    /// Answers under the psk of the secret that was offered: message 2.
    ///
    /// # Errors
    /// [`Invalid`] if the answer is too large.
    pub fn accept(
        mut self,
        psk: &Secret,
        answer: &Greeting,
    ) -> Result<(Unproved, Vec<u8>), Invalid> {
        self.0.set_psk(PSK.into(), &psk.0).expect("32 bytes");
        let message = write(&mut self.0, answer)?;
        let link = Link::new(self.0)?;
        Ok((Unproved(link), prefixed(&[&message])?))
    }
}

impl Unproved {
    /// Reads message 3, the initiator's first frame: the link is up.
    ///
    /// # Errors
    /// [`Invalid`] if the other side holds another psk, or replayed message 1.
    pub fn prove(mut self, message: &[u8]) -> Result<Link, Invalid> {
        let empty = self.0.opener.open(message)?.is_empty();
        empty.then_some(self.0).ok_or(Invalid)
    }
}

impl Link {
    fn new(noise: HandshakeState) -> Result<Self, Invalid> {
        let noise = noise.into_stateless_transport_mode().map_err(|_| Invalid)?;
        let noise = Arc::new(noise);
        Ok(Self {
            sealer: Sealer { noise: noise.clone(), next: 0 },
            opener: Opener { noise, next: 0 },
        })
    }
}

impl Sealer {
    /// Seals a frame, its length hidden in steps of [`PAD`]. An empty one says "I am here".
    ///
    /// # Errors
    /// [`Invalid`] if the frame is longer than [`MAX_FRAME`] bears.
    pub fn seal(&mut self, frame: &[u8]) -> Result<Vec<u8>, Invalid> {
        let plain = pad(frame)?;
        let len = u16::try_from(plain.len() + TAG).map_err(|_| Invalid)?;
        let mut bytes = alloc::vec![0; 2 + plain.len() + TAG];
        let (prefix, sealed) = bytes.split_first_chunk_mut().ok_or(Invalid)?;
        *prefix = len.to_be_bytes();
        self.noise.write_message(self.next, &plain, sealed).map_err(|_| Invalid)?;
        self.next += 1;
        Ok(bytes)
    }
}

impl Opener {
    /// Opens the next frame.
    ///
    /// # Errors
    /// [`Invalid`] if these bytes are not it; nothing can follow on this link then.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, Invalid> {
        if sealed.len() > MAX_SEALED {
            return Err(Invalid);
        }
        let mut plain = alloc::vec![0; sealed.len()];
        let len = self.noise.read_message(self.next, sealed, &mut plain).map_err(|_| Invalid)?;
        self.next += 1;
        plain.truncate(len);
        unpad(&plain).map(Vec::from)
    }
}

/// A Noise machine: an initiator's if it knows towards whom and under which psk.
fn machine(
    me: &Static,
    towards: Option<(&[u8; 32], &Secret)>,
    bearer: &[u8],
    seed: [u8; 32],
) -> HandshakeState {
    let prologue = [PROTOCOL.as_bytes(), &[wire::VERSION, seal::SUITE], bearer].concat();
    let pattern = PATTERN.parse().expect("the pattern is a known one");
    let builder = Builder::with_resolver(pattern, Box::new(Resolver(seed)))
        .prologue(&prologue)
        .and_then(|builder| builder.local_private_key(&me.secret.0));
    let machine = match towards {
        Some((peer, psk)) => builder
            .and_then(|builder| builder.remote_public_key(peer)?.psk(PSK, &psk.0))
            .and_then(Builder::build_initiator),
        None => builder.and_then(Builder::build_responder),
    };
    machine.expect("all that the pattern needs is set")
}

fn write(noise: &mut HandshakeState, greeting: &Greeting) -> Result<Vec<u8>, Invalid> {
    let plain = pad(&wire::encode(greeting))?;
    let mut message = alloc::vec![0; MAX_HANDSHAKE - MAC];
    let len = noise.write_message(&plain, &mut message).map_err(|_| Invalid)?;
    message.truncate(len);
    Ok(message)
}

fn read(noise: &mut HandshakeState, message: &[u8]) -> Result<Greeting, Invalid> {
    let mut plain = alloc::vec![0; message.len()];
    let len = noise.read_message(message, &mut plain).map_err(|_| Invalid)?;
    plain.truncate(len);
    wire::decode(unpad(&plain)?, MAX_HANDSHAKE)
}

fn mac_key(responder: &[u8; 32]) -> Secret {
    Secret(seal::derive(Context::LinkMac, &[responder]))
}

/// As a number, so that comparing takes the same time for all.
fn mac(key: &Secret, bearer: &[u8], message: &[u8]) -> u128 {
    let hash = blake3::Hasher::new_keyed(&key.0).update(bearer).update(message).finalize();
    u128::from_le_bytes(*hash.as_bytes().first_chunk().expect("32 bytes"))
}

fn prefixed(parts: &[&[u8]]) -> Result<Vec<u8>, Invalid> {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    let len = u16::try_from(len).map_err(|_| Invalid)?;
    Ok([&[&len.to_be_bytes()[..]], parts].concat().concat())
}

/// `length ‖ plain ‖ zeros`
fn pad(plain: &[u8]) -> Result<Vec<u8>, Invalid> {
    let len = prost::length_delimiter_len(plain.len()) + plain.len();
    let whole = len.next_multiple_of(PAD);
    if whole > MAX_FRAME {
        return Err(Invalid);
    }
    let mut padded = Vec::with_capacity(whole);
    prost::encode_length_delimiter(plain.len(), &mut padded).map_err(|_| Invalid)?;
    padded.extend_from_slice(plain);
    padded.resize(whole, 0);
    Ok(padded)
}

fn unpad(padded: &[u8]) -> Result<&[u8], Invalid> {
    let mut rest = padded;
    let len = prost::decode_length_delimiter(&mut rest).map_err(|_| Invalid)?;
    let (plain, zeros) = rest.split_at_checked(len).ok_or(Invalid)?;
    let padding =
        padded.len().is_multiple_of(PAD) && zeros.len() < PAD && zeros.iter().all(|b| *b == 0);
    padding.then_some(plain).ok_or(Invalid)
}

#[cfg(test)]
mod tests;
