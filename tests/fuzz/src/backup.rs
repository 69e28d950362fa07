//! A backup file that anybody may have made.

use std::fs;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit as _,
    aead::{Aead as _, Payload},
};
use covey_node::{
    backup::restore,
    home::{Home, Options},
    vault::Wish,
};
use covey_proto::people::{card::Class, own::Me};

const PASSPHRASE: &[u8] = b"x";

/// Bytes as a backup: what is restored of it is a home that opens, or nothing is left.
///
/// The first byte says what the others are: a file, a file's fields in front of its check, what is
/// inside a good file, or what is behind an account inside one.
pub(crate) fn backup(bytes: &[u8]) {
    let (what, bytes) = bytes.split_at(bytes.len().min(1));
    let file = match what.first().map(|what| what % 4) {
        None | Some(0) => bytes.to_vec(),
        Some(1) => header(bytes),
        Some(2) => sealed(bytes),
        Some(_) => {
            let me = Me::found("Ana", Class::Pc, [1; 32]).0;
            sealed(&[&record(12, &me.device().0, &me.heirloom()), bytes].concat())
        }
    };
    let dir = tempfile::tempdir().expect("a folder");
    let (path, home) = (dir.path().join("file"), dir.path().join("home"));
    fs::write(&path, file).expect("it is written");
    match restore(&path, PASSPHRASE, &home, &Wish::File, |_, _| {}) {
        Ok(()) => drop(Home::open(&home, &Options::default()).expect("a home")),
        Err(_) => assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1),
    }
}

/// What costs nothing to make a key of: 8 KiB, 1 pass, 1 lane.
const COSTS: [u8; 12] = [8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
const MAGIC: &[u8] = b"covey backup 1\n";

/// Any fields, with a check of them.
fn header(bytes: &[u8]) -> Vec<u8> {
    let mut fields = [MAGIC, &[0; 51]].concat();
    fields.iter_mut().skip(MAGIC.len()).zip(bytes).for_each(|(field, byte)| *field = *byte);
    // memory of 255 KiB at most, or more than anybody gets
    fields.iter_mut().skip(MAGIC.len() + 1).take(2).for_each(|cost| *cost = 0);
    let check = *blake3::hash(&fields).as_bytes();
    let rest = bytes.get(51..).unwrap_or_default();
    [&fields[..], &check, rest].concat()
}

/// A good file in which this stands, in one chunk.
fn sealed(plain: &[u8]) -> Vec<u8> {
    let (salt, nonce) = ([2; 16], [3; 7]);
    let fields = [MAGIC, &COSTS, &salt, &nonce].concat();
    let params = Params::new(8, 1, 1, Some(32)).expect("within argon2's bounds");
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(PASSPHRASE, &salt, &mut key)
        .expect("a key");
    let cipher = ChaCha20Poly1305::new(&key.into());
    let seal = |nonce: [u8; 12], msg| {
        cipher.encrypt(&nonce.into(), Payload { msg, aad: &fields }).expect("it is short")
    };
    let mut number = [0; 12];
    number.iter_mut().zip(nonce).for_each(|(to, byte)| *to = byte);
    number.last_mut().into_iter().for_each(|last| *last = 1);
    let proved = [&fields[..], &seal([0xff; 12], &[])].concat();
    let check = *blake3::hash(&proved).as_bytes();
    [&proved[..], &check, &seal(number, plain)].concat()
}

fn record(kind: u8, key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(3 + key.len() + bytes.len()).expect("it is short");
    let key_length = u16::try_from(key.len()).expect("it is short");
    [&length.to_le_bytes()[..], &[kind], &key_length.to_le_bytes(), key, bytes].concat()
}
