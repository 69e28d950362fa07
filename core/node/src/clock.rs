//! The shell's one clock: where every moment in the machine comes from.
//!
//! Anchored at start, it follows the wall clock forward and never runs back: while the wall
//! clock is behind what was already told, time goes on at 7/8 of its speed until the wall has
//! caught up. A step (suspend, a wrong clock put right) is remembered until it is taken.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use covey_proto::time::{Time, millis};

/// The clock of one run; clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    dial: Arc<Mutex<Dial>>,
}

impl Clock {
    /// Starts from what the wall says.
    #[must_use]
    pub fn start() -> Self {
        let start = Instant::now();
        Self { start, dial: Arc::new(Mutex::new(Dial::new(Reading::at(start)))) }
    }

    /// The moment it is.
    #[must_use]
    pub fn now(&self) -> Time {
        self.look(|dial| Time(millis(dial.told)))
    }

    /// How long to wait for a moment before asking again: never more than 30 s, for a step is
    /// only seen by looking.
    #[must_use]
    pub fn until(&self, moment: Time) -> Duration {
        moment.since(self.now()).min(LOOK)
    }

    /// Whether the clock stepped since this was last asked. The loop asks, and nobody else.
    #[must_use]
    pub fn take_step(&self) -> bool {
        self.look(|dial| std::mem::take(&mut dial.stepped))
    }

    fn look<T>(&self, then: impl FnOnce(&mut Dial) -> T) -> T {
        let mut dial = self.dial.lock().unwrap_or_else(PoisonError::into_inner);
        dial.read(Reading::at(self.start));
        then(&mut dial)
    }
}

const LOOK: Duration = Duration::from_secs(30);

/// What the system's two clocks said at once: since 1970, and since the start of the run.
#[derive(Clone, Copy, Debug)]
struct Reading {
    wall: Duration,
    run: Duration,
}

impl Reading {
    /// The wall first: whoever is interrupted in between sees it late, which heals, never early.
    fn at(start: Instant) -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { wall, run: start.elapsed() }
    }
}

#[derive(Debug)]
struct Dial {
    last: Reading,
    told: Duration,
    stepped: bool,
}

impl Dial {
    fn new(first: Reading) -> Self {
        Self { last: first, told: first.wall, stepped: false }
    }

    fn read(&mut self, now: Reading) {
        let ran = now.run.saturating_sub(self.last.run);
        // Some systems' monotonic clock stops in suspend and some's does not: a long silence of
        // a clock that is looked at every 30 s is one too.
        let jumped = now.wall.abs_diff(self.last.wall + ran);
        self.stepped |= ran.max(jumped) > STEP;
        self.told = now.wall.max(self.told + ran * 7 / 8);
        self.last = now;
    }
}

const STEP: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_wall() {
        let mut dial = dial();
        assert_eq!(tell(&mut dial, NOON + 10, 10), (NOON + 10, false));
        assert_eq!(tell(&mut dial, NOON + 12, 11), (NOON + 12, false));
    }

    #[test]
    fn a_suspend_is_a_step_forward() {
        let mut dial = dial();
        assert_eq!(tell(&mut dial, NOON + 3_600, 1), (NOON + 3_600, true));
        assert_eq!(tell(&mut dial, NOON + 3_601, 2), (NOON + 3_601, false));
    }

    #[test]
    fn a_suspend_that_the_monotonic_clock_counts_is_a_step_too() {
        assert_eq!(tell(&mut dial(), NOON + 3_600, 3_600), (NOON + 3_600, true));
    }

    #[test]
    fn two_minutes_are_no_step() {
        assert_eq!(tell(&mut dial(), NOON + 121, 1), (NOON + 121, false));
        assert_eq!(tell(&mut dial(), NOON + 122, 1), (NOON + 122, true));
    }

    #[test]
    fn a_wall_set_back_is_a_step_and_time_still_never_runs_back() {
        let mut dial = dial();
        assert_eq!(tell(&mut dial, NOON - 3_600, 0), (NOON, true));
        assert_eq!(tell(&mut dial, NOON - 3_592, 8), (NOON + 7, false));
        assert_eq!(tell(&mut dial, NOON - 3_584, 16), (NOON + 14, false));
    }

    #[test]
    fn a_wall_that_is_behind_is_caught_up_with() {
        let mut dial = dial();
        tell(&mut dial, NOON - 10, 0);
        let told = (1..=100).map(|s| tell(&mut dial, NOON - 10 + s, s).0).collect::<Vec<_>>();
        assert!(told.is_sorted());
        assert_eq!(told.last(), Some(&(NOON + 90)));
    }

    #[test]
    fn a_step_is_told_once_however_often_it_is_read_in_between() {
        let clock = Clock::start();
        clock.dial.lock().unwrap().last.wall -= Duration::from_secs(200);
        let _ = (clock.now(), clock.now());
        assert!(clock.take_step());
        assert!(!clock.take_step());
    }

    #[test]
    fn nobody_sleeps_past_a_look() {
        let clock = Clock::start();
        assert_eq!(clock.until(Time::END), LOOK);
        assert_eq!(clock.until(Time(0)), Duration::ZERO);
    }

    const NOON: u64 = 1_700_000_000;

    fn dial() -> Dial {
        Dial::new(reading(NOON, 0))
    }

    fn tell(dial: &mut Dial, wall: u64, run: u64) -> (u64, bool) {
        dial.read(reading(wall, run));
        (dial.told.as_secs(), std::mem::take(&mut dial.stepped))
    }

    fn reading(wall: u64, run: u64) -> Reading {
        Reading { wall: Duration::from_secs(wall), run: Duration::from_secs(run) }
    }
}
