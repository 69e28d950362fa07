//! What follows when a device is removed, as written down: renewals, and the cut of a log.

use covey_proto::{
    ConversationId, EntryId, LogId, Seq,
    people::own::secret_id,
    seal::{Secret, hex},
    wire::{Cut, Frame, Have, LogHave, Renewal},
};
use serde_json::{Value, json};

use crate::{cast::Person, vectors::written_down};

#[test]
fn renewals_and_cuts_are_as_written_down() {
    let [ian, nina] = [1, 2].map(Person::new);
    let renewals = [(&ian, &nina, 7), (&ian, &ian, 1)];
    let renewals = renewals.map(|(one, other, counter)| renewal(one, other, counter));
    let conversation = ConversationId::pair(&ian.account.short(), &nina.account.short());
    let lost = Person::with_device(1, 9);
    let log = LogId { conversation, device: lost.device };
    let cut = Cut::sign(ian.account, log, Seq(12), EntryId([6; 32]), &ian.key);
    assert!(cut.holds(log) && cut.device() == ian.device);
    let held = LogHave { upto: Seq(12), id: [6; 8], cut: Some(cut), ..LogHave::default() };
    let have = Frame::Have(Have { logs: vec![(log, held)], ..Have::default() });
    let cut = json!({
        "conversation": hex(&conversation.0),
        "device": hex(&lost.device.0),
        "by": hex(&ian.device.0),
        "frame": hex(&have.encode()),
    });
    written_down("renewals", &json!({ "renewals": renewals, "cut": cut }));
}

fn renewal(one: &Person, other: &Person, counter: u64) -> Value {
    let accounts = [&one.account, &other.account];
    let renewal = Renewal::sign(accounts, &one.roster, counter, Secret([3; 32]), &one.key);
    assert!(renewal.holds(&other.account) && renewal.device() == one.device);
    json!({
        "other": hex(&other.account.0),
        "by": hex(&one.device.0),
        "id": hex(&secret_id(&renewal.secret).0),
        "frame": hex(&Frame::Renewal(renewal).encode()),
    })
}

#[test]
fn a_renewal_holds_for_these_two_and_what_it_says_only() {
    let [ian, nina, otto] = [1, 2, 3].map(Person::new);
    let accounts = [&ian.account, &nina.account];
    let good = Renewal::sign(accounts, &ian.roster, 7, Secret([3; 32]), &ian.key);
    let wrong = [
        Renewal { counter: 8, ..good.clone() },
        Renewal { secret: Secret([4; 32]), ..good.clone() },
        Renewal { roster: nina.roster.clone(), ..good.clone() },
        Renewal { account: otto.account, ..good.clone() },
        Renewal { key: nina.key.public(), ..good.clone() },
    ];
    assert!(!good.holds(&otto.account));
    assert!(wrong.iter().all(|renewal| !renewal.holds(&nina.account)));
}
