use proptest::prelude::*;

use super::*;
use crate::{SecretId, Time, wire::Signed};

#[test]
fn two_devices_link_and_speak_in_both_directions() {
    let (mut ana, mut ben) = linked();
    for text in [&b"one"[..], b"", &[7; 40_000]] {
        let sealed = ana.sealer.seal(text).unwrap();
        assert_eq!(ben.opener.open(&sealed[2..]).unwrap(), text);
        let sealed = ben.sealer.seal(text).unwrap();
        assert_eq!(ana.opener.open(&sealed[2..]).unwrap(), text);
    }
}

#[test]
fn each_side_learns_what_the_other_says_of_itself() {
    let (ana, first) = ask(&PSK_OF_BOTH, 1);
    let (ben, offered, proved) = Responder::read(&ben(), &first[2..], BEARER, [2; 32]).unwrap();
    assert_eq!(offered, offer());
    assert_eq!(proved, seal::x25519_public(&Secret([1; 32])));
    let (_, second) = ben.accept(&PSK_OF_BOTH, &answer()).unwrap();
    assert_eq!(ana.finish(&second[2..]).unwrap().0, answer());
}

#[test]
fn with_another_psk_neither_side_gets_a_link() {
    let other = Secret([8; 32]);
    let (ana, first) = ask(&PSK_OF_BOTH, 1);
    let (unproved, second) = reply(&first, &other, 2);
    assert!(ana.finish(&second[2..]).is_err());
    let (again, _) = ask(&PSK_OF_BOTH, 1);
    let (_, meant) = reply(&first, &PSK_OF_BOTH, 2);
    let (_, _, third) = again.finish(&meant[2..]).unwrap();
    assert!(unproved.prove(&third[2..]).is_err());
}

#[test]
fn a_replayed_message_1_leads_to_no_link() {
    let (ana, first) = ask(&PSK_OF_BOTH, 1);
    let (_, second) = reply(&first, &PSK_OF_BOTH, 2);
    let (_, _, third) = ana.finish(&second[2..]).unwrap();
    let (again, _) = reply(&first, &PSK_OF_BOTH, 3);
    assert!(again.prove(&third[2..]).is_err());
}

#[test]
fn message_1_is_for_one_static_only() {
    let (_, first) = ask(&PSK_OF_BOTH, 1);
    let other = Static::new(Secret([9; 32]));
    assert!(Responder::read(&other, &first[2..], BEARER, [2; 32]).is_err());
}

#[test]
fn message_1_is_for_one_bearer_only_even_from_who_knows_the_static() {
    let (_, first) = ask(&PSK_OF_BOTH, 1);
    assert!(Responder::read(&ben(), &first[2..], b"elsewhere", [2; 32]).is_err());
    let rest = &first[2 + MAC..];
    let forged = [&mac(&ben().mac, b"elsewhere", rest).to_le_bytes(), rest].concat();
    assert!(Responder::read(&ben(), &forged, b"elsewhere", [2; 32]).is_err());
}

#[test]
fn no_byte_of_a_handshake_can_be_changed_or_left_out() {
    let (_, first) = ask(&PSK_OF_BOTH, 1);
    let (_, second) = reply(&first, &PSK_OF_BOTH, 2);
    for at in 2..first.len() {
        let changed = changed(&first, at);
        assert!(Responder::read(&ben(), &changed, BEARER, [2; 32]).is_err());
        let rest = changed.get(MAC..).unwrap();
        let forged = [&mac(&ben().mac, BEARER, rest).to_le_bytes(), rest].concat();
        let honest_again = at < 2 + MAC;
        assert_eq!(Responder::read(&ben(), &forged, BEARER, [2; 32]).is_ok(), honest_again);
        assert!(Responder::read(&ben(), &first[2..at], BEARER, [2; 32]).is_err());
    }
    for at in 2..second.len() {
        assert!(ask(&PSK_OF_BOTH, 1).0.finish(&changed(&second, at)).is_err());
        assert!(ask(&PSK_OF_BOTH, 1).0.finish(&second[2..at]).is_err());
    }
}

#[test]
fn frames_out_of_order_repeated_or_damaged_are_refused() {
    let (mut ana, mut ben) = linked();
    let one = ana.sealer.seal(b"one").unwrap();
    let two = ana.sealer.seal(b"two").unwrap();
    assert!(ben.opener.open(&two[2..]).is_err());
    assert!(ben.opener.open(&changed(&one, 9)).is_err());
    assert_eq!(ben.opener.open(&one[2..]).unwrap(), b"one");
    assert!(ben.opener.open(&one[2..]).is_err());
    assert!(ana.opener.open(&two[2..]).is_err());
    assert_eq!(ben.opener.open(&two[2..]).unwrap(), b"two");
}

#[test]
fn a_frame_shows_its_length_in_steps_only() {
    let (mut ana, _) = linked();
    let mut len = |plain: usize| ana.sealer.seal(&alloc::vec![1; plain]).map(|s| s.len());
    assert_eq!(len(0), len(PAD - 1));
    assert_eq!(len(PAD).unwrap(), len(1).unwrap() + PAD);
    assert_eq!(len(MAX_FRAME - 3), Ok(2 + MAX_SEALED));
    assert_eq!(len(MAX_FRAME - 2), Err(Invalid));
}

#[test]
fn the_same_seeds_write_the_same_handshake() {
    let transcript = |seed| {
        let (ana, first) = ask(&PSK_OF_BOTH, seed);
        let (_, second) = reply(&first, &PSK_OF_BOTH, 2);
        let (_, _, third) = ana.finish(&second[2..]).unwrap();
        [first, second, third].concat()
    };
    assert_eq!(transcript(1), transcript(1));
    assert_ne!(transcript(1), transcript(3));
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange_to_read(bytes in prop::collection::vec(any::<u8>(), ..2048)) {
        let tagged = [&mac(&ben().mac, BEARER, &bytes).to_le_bytes(), &bytes[..]].concat();
        prop_assert!(Responder::read(&ben(), &bytes, BEARER, [2; 32]).is_err());
        prop_assert!(Responder::read(&ben(), &tagged, BEARER, [2; 32]).is_err());
        prop_assert!(ask(&PSK_OF_BOTH, 1).0.finish(&bytes).is_err());
        prop_assert!(linked().1.opener.open(&bytes).is_err());
        let _ = unpad(&bytes);
    }
}

const BEARER: &[u8] = b"a connection to ben";
const PSK_OF_BOTH: Secret = Secret([3; 32]);

fn ben() -> Static {
    Static::new(Secret([2; 32]))
}

fn signed(content: &[u8]) -> Signed {
    Signed { bytes: content.to_vec(), signature: alloc::vec![5; 64] }
}

fn offer() -> Greeting {
    Greeting {
        roster: signed(b"ana's roster"),
        card: signed(b"ana's card"),
        secret: Some(SecretId([4; 8])),
        clock: Time(1_700_000_000_000),
        versions: alloc::vec![1],
    }
}

fn answer() -> Greeting {
    Greeting {
        roster: signed(b"ben's roster"),
        card: signed(b"ben's card"),
        clock: Time(1_700_000_000_001),
        versions: alloc::vec![1, 2],
        secret: None,
    }
}

fn ask(psk: &Secret, seed: u8) -> (Initiator, Vec<u8>) {
    let peer = seal::x25519_public(&Secret([2; 32]));
    let me = Static::new(Secret([1; 32]));
    Initiator::new(&me, &peer, psk, &offer(), BEARER, [seed; 32]).unwrap()
}

fn reply(first: &[u8], psk: &Secret, seed: u8) -> (Unproved, Vec<u8>) {
    let (responder, ..) = Responder::read(&ben(), &first[2..], BEARER, [seed; 32]).unwrap();
    responder.accept(psk, &answer()).unwrap()
}

fn linked() -> (Link, Link) {
    let (ana, first) = ask(&PSK_OF_BOTH, 1);
    let (unproved, second) = reply(&first, &PSK_OF_BOTH, 2);
    let (_, ana, third) = ana.finish(&second[2..]).unwrap();
    (ana, unproved.prove(&third[2..]).unwrap())
}

/// What was written, without its length, one byte changed.
fn changed(written: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = written.to_vec();
    bytes[at] ^= 1;
    bytes.split_off(2)
}
