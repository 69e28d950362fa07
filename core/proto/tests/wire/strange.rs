//! Bytes from anybody, for everything that reads some.

use covey_proto::{
    ConversationId, DeviceId, LogId, Seq,
    people::{account::Roster, card::Card},
    talk::parse_have,
    wire::{
        Address, Frame, Have, LogHave, Run, Signed,
        frame::{MAX_FRAME, MAX_LOGS, MAX_RANGES},
        letter::Letter1,
    },
};
use proptest::prelude::*;

use crate::cast::Person;

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), ..1024)) {
        let _ = Frame::parse(&bytes);
        let _ = parse_have(&[0; 64], &bytes);
        let _ = Address::parse(&bytes);
        let _ = Letter1::parse(&bytes);
        let _ = Signed::parse(&bytes);
        prop_assert!(Run::open(bytes.clone()).is_err());
        let signed = Signed { bytes: bytes.clone(), signature: bytes };
        prop_assert!(Roster::open(&signed).is_err());
        prop_assert!(Card::open(&signed).is_err());
    }

    #[test]
    fn one_changed_byte_spoils_what_is_signed(place: prop::sample::Index, by in 1u8..) {
        let ana = Person::new(1);
        for signed in [&ana.roster, &ana.card] {
            let mut changed = signed.clone();
            let length = changed.bytes.len();
            let place = place.index(length + changed.signature.len());
            match place < length {
                true => changed.bytes[place] ^= by,
                false => changed.signature[place - length] ^= by,
            }
            prop_assert!(Roster::open(&changed).is_err());
            prop_assert!(Card::open(&changed).is_err());
        }
    }
}

#[test]
fn what_is_signed_as_one_thing_is_no_other() {
    let ana = Person::new(1);
    assert!(Roster::open(&ana.roster).is_ok() && Card::open(&ana.card).is_ok());
    assert!(Roster::open(&ana.card).is_err() && Card::open(&ana.roster).is_err());
}

#[test]
fn a_frame_that_is_too_long_or_out_of_bounds_is_invalid() {
    let said = |have: Have| Frame::parse(&Frame::Have(have).encode()).is_ok();
    let log = |n: usize| {
        let conversation = ConversationId([n as u8; 32]);
        (LogId { conversation, device: DeviceId([1; 16]) }, LogHave::default())
    };
    let logs = |count| said(Have { logs: (0..count).map(log).collect(), ..Have::default() });
    assert!(logs(MAX_LOGS) && !logs(MAX_LOGS + 1));
    let beyond = |beyond: &[(u64, u64)]| {
        let beyond = beyond.iter().map(|(first, last)| (Seq(*first), Seq(*last))).collect();
        let have = LogHave { upto: Seq(3), beyond, ..LogHave::default() };
        said(Have { logs: vec![(log(1).0, have)], ..Have::default() })
    };
    assert!(beyond(&[(5, 5), (7, 9)]));
    for wrong in [&[(4, 9)][..], &[(2, 9)], &[(9, 7)], &[(7, 9), (5, 5)], &[(5, 7), (8, 9)]] {
        assert!(!beyond(wrong), "{wrong:?}");
    }
    let many: Vec<_> = (0..=MAX_RANGES as u64).map(|n| (5 + 2 * n, 5 + 2 * n)).collect();
    assert!(beyond(&many[1..]) && !beyond(&many));
    assert!(Frame::parse(&Frame::Run(vec![0; MAX_FRAME]).encode()).is_err());
}

#[test]
fn a_frame_of_a_later_kind_is_passed_over() {
    let unknown = [0xfa, 0x01, 3, 1, 2, 3];
    assert_eq!(Frame::parse(&unknown), Ok(None));
    assert_eq!(Frame::parse(&[]), Ok(None));
}
