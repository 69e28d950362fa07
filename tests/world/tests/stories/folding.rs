//! What messages show is a function of what was said, whatever came first.

use std::time::Duration;

use covey_proto::{
    Time,
    store::Message,
    wire::{Frame, Kind, Run},
};
use proptest::{collection::vec, prelude::*};
use world::World;

use crate::pen::Pen;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_messages_show_does_not_depend_on_what_came_first(
        steps in vec(step(), 1..20),
        places in vec(any::<u32>(), 20),
    ) {
        let as_said: Vec<u32> = (0..20).collect();
        prop_assert_eq!(outcome(&steps, &as_said), outcome(&steps, &places));
    }
}

/// Who does what, to which of what was said before, at which moment, in which words.
type Step = (bool, Kind, usize, u64, &'static str);

fn step() -> impl Strategy<Value = Step> {
    const KINDS: [Kind; 6] =
        [Kind::Text, Kind::Edit, Kind::Edit, Kind::Retract, Kind::Reaction, Kind::Reaction];
    let words = prop::sample::select(&["a", "b", "👍"][..]);
    (any::<bool>(), prop::sample::select(&KINDS[..]), 0..20_usize, 0..4_u64, words)
}

/// What Alice's laptop shows when her phone tells it all that she and Bob said, in this order.
fn outcome(steps: &[Step], places: &[u32]) -> Vec<Message> {
    let mut world = World::new(1);
    let ([phone, laptop, off], bob) = (world.devices("Alice"), world.person("Bob"));
    world.link(phone, laptop);
    world.befriend(phone, bob);
    world.until("the laptop knows him", |w| w.are_friends(laptop, bob));
    [bob, off].iter().for_each(|who| world.switch_off(*who));
    world.pass(Duration::from_secs(60));
    let mut pens = [Pen::of(&world, off, bob), Pen::of(&world, bob, phone)];
    let begin = pens[0].at;
    let mut runs: Vec<Run> = Vec::new();
    for (his, kind, on, at, words) in steps {
        let pen = &mut pens[usize::from(*his)];
        let targets = runs.len().max(1);
        pen.target = runs.get(on % targets).map(|run| run.first().id);
        pen.kind = if pen.target.is_some() { *kind } else { Kind::Text };
        pen.at = Time(begin.0 + at);
        runs.push(pen.writes(words));
    }
    let mut order: Vec<_> = places.iter().zip(&runs).collect();
    order.sort_by_key(|(place, _)| **place);
    for (_, run) in order {
        world.forge(phone, laptop, &Frame::Run(run.bytes().to_vec()));
        world.pass(Duration::from_millis(200));
    }
    let shown = world.messages(laptop, laptop, bob);
    shown.map(|message| Message { since: Time(0), ..message.clone() }).collect()
}
