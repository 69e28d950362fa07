//! Everything goes wrong, and every message is everywhere once: the year of a thousand seeds.

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use world::Year;

/// So many seeds are played, unless `WORLD_SEEDS` says otherwise or `WORLD_SEED` names one.
const SEEDS: u64 = 1000;

#[test]
fn every_message_is_everywhere_exactly_once_and_in_the_same_order() {
    let number = |name| env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seeds = match number("WORLD_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("WORLD_SEEDS").unwrap_or(SEEDS),
    };
    let watched = env::var_os("WORLD_TRACE").is_some();
    let next = AtomicU64::new(seeds.start);
    let failed = AtomicU64::new(u64::MAX);
    let play = || {
        while failed.load(Ordering::Relaxed) == u64::MAX {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let year = AssertUnwindSafe(|| Year::new(seed, watched).play());
            if catch_unwind(year).is_err() {
                failed.fetch_min(seed, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        (0..threads).for_each(|_| _ = scope.spawn(play));
    });
    let failed = failed.into_inner();
    assert_eq!(failed, u64::MAX, "play it alone: WORLD_SEED={failed} WORLD_TRACE=1 make soak");
    println!("{} seeds played", seeds.count());
}
