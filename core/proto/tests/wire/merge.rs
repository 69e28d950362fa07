//! Rosters of one account, in whatever order they come.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail the test")]

use std::collections::BTreeMap;

use covey_proto::{
    DeviceId,
    people::account::{Roster, Rosters},
    seal::SigningKey,
    wire::Signed,
};
use proptest::prelude::*;

use crate::cast::{Person, secret};

/// What a roster of Ana's may say: devices, removed ones, a version, a name.
type Said = (Vec<bool>, Vec<bool>, u64, u8);

proptest! {
    #[test]
    fn rosters_say_the_same_together_in_whatever_order_they_come(
        said in prop::collection::vec(said(), 1..5),
        order in Just((0..4_usize).collect::<Vec<_>>()).prop_shuffle(),
        first in 1..5_usize,
    ) {
        let signed: Vec<Signed> = said.iter().map(roster).collect();
        let straight = together(&signed.iter().collect::<Vec<_>>());
        let other: Vec<_> = order.iter().filter_map(|at| signed.get(*at)).collect();
        let other = together(&other);
        prop_assert_eq!(says(&straight), says(&other));
        // whoever is told what somebody else keeps of the first, and then the rest, knows it all
        let some = together(&signed.iter().take(first).collect::<Vec<_>>());
        let told: Vec<_> = some.signed().chain(signed.iter().skip(first)).collect();
        let told = together(&told);
        prop_assert_eq!(says(&straight), says(&told));
    }
}

fn said() -> impl Strategy<Value = Said> {
    let some = || prop::collection::vec(any::<bool>(), 6);
    (some(), some(), 1..5_u64, 0..3_u8)
}

fn roster((there, removed, version, name): &Said) -> Signed {
    let mut roster = Roster::open(&Person::new(1).roster).unwrap();
    let devices: Vec<_> = (0..6).map(|number| Person::with_device(1, 10 + number)).collect();
    let of = |wanted: &[bool]| -> Vec<usize> { (0..6).filter(|at| wanted[*at]).collect() };
    roster
        .devices
        .extend(of(there).iter().map(|at| (devices[*at].device, devices[*at].key.public())));
    roster.removed = of(removed).iter().map(|at| devices[*at].device).collect();
    roster.devices.retain(|device, _| !roster.removed.contains(device));
    (roster.version, roster.name) = (*version, format!("Ana {name}"));
    roster.sign(&SigningKey::new(&secret(1, "account")))
}

fn together(signed: &[&Signed]) -> Rosters {
    let mut rosters = Rosters::new(signed[0].clone()).unwrap();
    signed.iter().for_each(|signed| assert!(rosters.take(signed).is_ok()));
    rosters
}

fn says(rosters: &Rosters) -> (BTreeMap<DeviceId, String>, Vec<DeviceId>, String) {
    let roster = rosters.roster();
    let devices = roster.devices.iter().map(|(id, key)| (*id, format!("{key:?}"))).collect();
    (devices, roster.removed.iter().copied().collect(), roster.name.clone())
}
