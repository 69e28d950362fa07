//! Invites, and the letters that answer them.

use std::time::Duration;

use covey_proto::{
    AccountId, Time,
    dice::Dice,
    people::{hello, invite::Invite},
    seal::{self, Binding, Context, Secret},
    wire::letter::{InviteKind, Letter1},
};
use data_encoding::BASE32_NOPAD;

/// Bytes as the text of an invite, and as what such a text says.
pub(crate) fn invite(bytes: &[u8]) {
    let hash = blake3::hash(bytes);
    let whole = [bytes, &hash.as_bytes()[..4]].concat();
    let whole = format!("COVEY:{}", BASE32_NOPAD.encode(&whole));
    for text in [&*String::from_utf8_lossy(bytes), &whole] {
        if let Ok(invite) = Invite::parse(text) {
            assert_eq!(Invite::parse(&invite.text()), Ok(invite));
        }
    }
}

/// Bytes as a letter, and as what is sealed in one: in the first as in the second.
pub(crate) fn letter(bytes: &[u8]) {
    let seed = Secret([2; 32]);
    let expires = Time(1_750_000_000_000).after(Duration::from_secs(3600));
    let invite =
        Invite::from_seed(&seed, InviteKind::Link, &AccountId([3; 32]), expires, "Ana", &[]);
    let tag = invite.tag();
    let binding = Binding {
        context: Context::Hello1,
        psk: &invite.psk(),
        psk_id: b"invite",
        fields: &[&[0]],
        aad: &tag.0,
    };
    let sealed = seal::seal(&invite.key, &binding, bytes, &mut Dice::new([4; 32]));
    let sealed = sealed.expect("the key is an honest one");
    let outer = Letter1 { kind: InviteKind::Link, tag, sealed }.encode();
    for letter in [bytes, &outer] {
        let _ = hello::read(&seed, &invite, letter);
    }
    if let Ok(waiting) = hello::Waiting::parse(bytes) {
        let _ = waiting.open(&AccountId([5; 32]), bytes);
    }
}
