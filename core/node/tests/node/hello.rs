//! Letters that come again, from whoever saw them pass.

use covey_node::api::{Command, Event, InviteKind, Reply};
use covey_proto::{
    AccountId,
    dice::Dice,
    id::Hash,
    people::{
        account::Roster,
        card::{Card, Class},
        hello::{self, Author, Waiting},
        invite::Invite,
    },
    seal::{Secret, SigningKey, x25519_public},
    wire::letter::Verdict,
};

use crate::{
    people::{Person, status},
    stranger::Stranger,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_comes_again_gets_the_same_answer_and_befriends_once() {
    let ana = Person::new("Ana").await;
    let invite = ana.ask(Command::Invite { kind: InviteKind::Link, ttl: None }).await;
    let Reply::Invite(text) = invite else { panic!("no invite: {invite:?}") };
    let invite = Invite::parse(&text).unwrap();
    let at = invite.addresses.clone();
    let (nina, mallory) = (letter(&invite, 1, "Nina"), letter(&invite, 2, "Mallory"));

    let first = Stranger::new(1).leave(&at, [nina.1.letter.clone()]).await;
    let [Some(answer)] = first.as_slice() else { panic!("no answer") };
    let reply = nina.1.open(&nina.0, answer).unwrap();
    assert_eq!((reply.verdict, reply.secret.is_some()), (Verdict::Friend, true));

    let mut events = ana.core().listen();
    let mut spoilt = nina.1.letter.clone();
    *spoilt.last_mut().unwrap() ^= 1;
    let letters = [nina.1.letter.clone(), mallory.1.letter.clone(), spoilt, nina.1.letter];
    let again = Stranger::new(2).leave(&at, letters).await;
    let [same, late, nothing, and_again] = again.as_slice() else { panic!("{again:?}") };
    assert_eq!((same.as_ref(), nothing, and_again.as_ref()), (Some(answer), &None, Some(answer)));
    let reply = mallory.1.open(&mallory.0, late.as_ref().unwrap()).unwrap();
    assert_eq!((reply.verdict, reply.secret), (Verdict::UsedUp, None));

    let friends = status(ana.core()).await.friends;
    assert_eq!(friends.iter().map(|friend| &friend.name).collect::<Vec<_>>(), ["Nina"]);
    while events.next().await.unwrap() != Event::InviteUsedAgain {}
}

/// Somebody's letter 1, and who he is.
fn letter(invite: &Invite, seed: u8, name: &str) -> (AccountId, Waiting) {
    let [account, device] = [0, 1].map(|n| SigningKey::new(&Secret([2 * seed + n; 32])));
    let roster = Roster::first(account.public(), Hash([seed; 32]), device.public(), name.into());
    let card = Card {
        wire: covey_proto::wire::VERSION.into(),
        account: roster.account,
        key: device.public(),
        version: 1,
        noise: x25519_public(&Secret([seed; 32])),
        class: Class::Pc,
        capabilities: 0,
        addresses: Vec::new(),
    };
    let (signed, card) = (roster.sign(&account), card.sign(&device));
    let author = Author { account: roster.account, key: &device, roster: &signed, card: &card };
    let waiting = hello::write(invite, &author, &mut Dice::new([seed; 32])).unwrap();
    (roster.account, waiting)
}
