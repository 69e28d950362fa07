//! The pulse of a link: when something has to be said on it, and when nobody is there any more.
//!
//! Whatever is said is answered within [`Pace::answer`], by an empty frame if there is nothing to
//! say; an empty frame is not answered. So who said something and hears nothing for
//! [`Pace::patience`], and a moment more for each of many bytes, knows that the path is dead: long
//! before the transport would, whose tries come at twice the distance each time. Who has said
//! nothing for a while asks.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use covey_proto::wire::frame::ASK;
use tokio::{sync::Notify, time::Instant};

/// How patient links are, and how talkative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Whoever said nothing for so long asks whether somebody is there.
    pub(super) keepalive: Duration,
    /// The same, while a person looks at what is said with whoever is there.
    pub(super) looking: Duration,
    /// What was heard is answered within this time.
    pub(super) answer: Duration,
    /// What only asks whether somebody is there is answered within this one.
    pub(super) prompt: Duration,
    /// Whoever does not answer for so long is gone.
    pub(super) patience: Duration,
    /// Whoever takes nothing for so long is as good as gone.
    pub(super) stall: Duration,
    /// A link's keys are replaced after this time, and, if that fails, this time later.
    pub(super) renew: Duration,
}

impl Pace {
    /// Home routers forget a UDP mapping after 30 s.
    pub(super) const NORMAL: Self = Self {
        keepalive: Duration::from_secs(27),
        looking: Duration::from_secs(5),
        answer: Duration::from_secs(1),
        prompt: Duration::ZERO,
        patience: Duration::from_secs(8),
        stall: Duration::from_secs(10),
        renew: Duration::from_secs(60 * 60),
    };

    /// Whoever was called leaves the asking to the caller, if he does ask.
    pub(super) fn called(self) -> Self {
        Self { keepalive: self.keepalive + 2 * self.answer, ..self }
    }
}

/// What is to be done when nothing else happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nobody is there: the link is over.
    Gone,
    /// Something is to be answered.
    Answer,
    /// Ask whether somebody is there.
    Ask,
}

/// What the two halves of a link know of it.
#[derive(Debug)]
pub(super) struct Pulse {
    pace: Pace,
    beat: Mutex<Beat>,
    /// Wakes who waits for what is due.
    pub(super) changed: Notify,
}

#[derive(Debug)]
struct Beat {
    /// When something was said last.
    said: Instant,
    /// When we answer what was heard, unless something is said before.
    answer: Option<Instant>,
    /// When whoever does not answer what was said is gone.
    gone: Option<Instant>,
    /// Until when somebody is looking.
    looking: Option<Instant>,
}

impl Pulse {
    pub(super) fn new(pace: Pace, now: Instant) -> Self {
        let beat = Beat { said: now, answer: None, gone: None, looking: None };
        Self { pace, beat: Mutex::new(beat), changed: Notify::new() }
    }

    /// A frame was heard, which asks for an answer unless it is empty.
    pub(super) fn heard(&self, frame: &[u8], now: Instant) {
        let mut beat = self.beat();
        beat.gone = None;
        if !frame.is_empty() && beat.answer.is_none() {
            let wait = if frame == ASK { self.pace.prompt } else { self.pace.answer };
            beat.answer = Some(now + wait);
            self.changed.notify_one();
        }
    }

    /// So much begins to be said, which asks for an answer unless it is empty.
    pub(super) fn said(&self, bytes: usize, empty: bool, now: Instant) {
        let more = Duration::from_secs(bytes as u64) / SLOWEST;
        let mut beat = self.beat();
        (beat.said, beat.answer) = (now, None);
        if !empty {
            beat.gone = beat.gone.or(Some(now + self.pace.patience + more));
        }
    }

    /// Somebody looks at what is said here, for a while.
    pub(super) fn look(&self, now: Instant) {
        self.beat().looking = Some(now + LOOK);
    }

    /// What is to be done next, and when.
    pub(super) fn due(&self) -> (Instant, Due) {
        let beat = self.beat();
        let looks = beat.looking.is_some_and(|until| beat.said < until);
        let quiet = if looks { self.pace.looking } else { self.pace.keepalive };
        let ask = Some((beat.said + quiet, Due::Ask)).filter(|_| beat.gone.is_none());
        let answer = beat.answer.map(|at| (at, Due::Answer));
        let gone = beat.gone.map(|at| (at, Due::Gone));
        let first = [ask, answer, gone].into_iter().flatten().min_by_key(|(at, _)| *at);
        first.expect("either an answer is waited for, or one is asked for")
    }

    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.beat.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slowest line that is borne, in bytes a second.
const SLOWEST: u32 = 16 << 10;
/// So long a look lasts.
const LOOK: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace::NORMAL;

    fn pulse() -> (Pulse, Instant) {
        let now = Instant::now();
        (Pulse::new(PACE, now), now)
    }

    #[test]
    fn who_does_not_answer_is_gone_in_seconds_and_who_does_is_there() {
        let (pulse, now) = pulse();
        pulse.said(0, false, now);
        assert_eq!(pulse.due(), (now + PACE.patience, Due::Gone));
        pulse.said(0, false, now + PACE.answer);
        assert_eq!(pulse.due(), (now + PACE.patience, Due::Gone));
        pulse.heard(&[], now + PACE.answer);
        assert_eq!(pulse.due(), (now + PACE.answer + PACE.keepalive, Due::Ask));
    }

    #[test]
    fn what_is_heard_is_answered_unless_it_is_an_answer() {
        let (pulse, now) = pulse();
        pulse.heard(&[], now);
        assert_eq!(pulse.due().1, Due::Ask);
        pulse.heard(&[1], now);
        assert_eq!(pulse.due(), (now + PACE.answer, Due::Answer));
        pulse.said(128, true, now);
        assert_eq!(pulse.due().1, Due::Ask);
    }

    #[test]
    fn of_two_quiet_ends_one_asks() {
        let now = Instant::now();
        let (caller, called) = (Pulse::new(PACE, now), Pulse::new(PACE.called(), now));
        let (asked, _) = caller.due();
        caller.said(0, false, asked);
        called.heard(&ASK, asked);
        assert_eq!(called.due(), (asked, Due::Answer));
        called.said(0, true, asked);
        caller.heard(&[], asked);
        let (again, due) = caller.due();
        assert_eq!(due, Due::Ask);
        assert!(called.due().0 > again);
    }

    #[test]
    fn a_quiet_link_is_asked_more_often_while_somebody_looks() {
        let (pulse, now) = pulse();
        assert_eq!(pulse.due().0, now + PACE.keepalive);
        pulse.look(now);
        assert_eq!(pulse.due().0, now + PACE.looking);
        pulse.said(128, true, now + LOOK);
        assert_eq!(pulse.due().0, now + LOOK + PACE.keepalive);
    }

    #[test]
    fn who_has_much_to_take_in_has_time_to() {
        let (pulse, now) = pulse();
        pulse.said(1 << 20, false, now);
        assert_eq!(pulse.due().0, now + PACE.patience + Duration::from_secs(64));
    }
}
