//! What comes over a link, and what is signed.

use covey_proto::{
    DeviceId,
    people::{
        account::{Roster, Rosters},
        card::Card,
    },
    seal::{Context, Secret, SigningKey},
    talk::parse_have,
    wire::{Address, Frame, Run, Signed},
};

/// Bytes as a frame; what it says is the same when it is said again.
pub(crate) fn frame(bytes: &[u8]) {
    if let Ok(Some(frame)) = Frame::parse(bytes) {
        let again = Frame::parse(&frame.encode()).expect("what was said can be said");
        assert_eq!(format!("{:?}", Some(frame)), format!("{again:?}"));
    }
    if let Some(address) = Address::parse(bytes) {
        assert_eq!(Address::parse(&address.encode()), Some(address));
    }
}

/// Bytes as a run, as a peer and as one's own disk give it, and as a row about one.
pub(crate) fn run(bytes: &[u8]) {
    let opened = Run::open(bytes.to_vec());
    if let Ok(run) = Run::stored(bytes.to_vec()) {
        assert_eq!(run.bytes(), bytes);
        let entries = run.entries().iter().map(|entry| entry.head.seq.0);
        assert!(entries.is_sorted(), "entries follow each other");
    } else {
        assert!(opened.is_err(), "what can be taken in can be read again");
    }
    let (key, row) = bytes.split_at(bytes.len().min(64));
    let _ = parse_have(key, row);
}

/// Bytes as something signed, and as what a key of ours signs as a roster and as a card.
pub(crate) fn signed(bytes: &[u8]) {
    let key = SigningKey::new(&Secret([1; 32]));
    let by_us =
        |context| Signed { bytes: bytes.to_vec(), signature: key.sign(context, &[bytes]).to_vec() };
    let parsed = Signed::parse(bytes).ok();
    let all = [Some(by_us(Context::Roster)), Some(by_us(Context::Card)), parsed];
    for signed in all.into_iter().flatten() {
        if let Ok(roster) = Roster::open(&signed) {
            let mut rosters = Rosters::new(signed.clone()).expect("it was opened");
            assert_eq!(rosters.roster(), &roster);
            assert_eq!(rosters.take(&signed), Ok(false), "it is known");
        }
        if let Ok(card) = Card::open(&signed) {
            assert_eq!(card.device(), DeviceId::of(&card.account, &card.key));
        }
    }
}
