//! Moments: Unix milliseconds from the shell's one clock.

use core::time::Duration;

/// Milliseconds since 1970, by this device's clock.
///
/// One type for all moments: unlike a monotonic instant it can be stored and sent, and a test can
/// build any value it likes. The shell's clock never lets it run back within a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// Moments from here on are nobody's honest clock: such entries are invalid.
    pub const END: Self = Self(1 << 47);

    /// The moment `wait` later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(millis(wait)))
    }

    /// How long ago `earlier` was; nothing if it is yet to come.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A span in the unit of [`Time`], as long as can be said.
pub fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Whoever sleeps longer did not sleep: his clock was wrong, or is.
pub const LONGEST_SLEEP: Duration = Duration::from_secs(7 * 24 * 3600);
