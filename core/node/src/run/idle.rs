//! What is done when nothing else is: what was said becomes searchable.
//!
//! Never in the commit that shows a message, and a step at a time, so that nothing that comes in
//! waits longer than for one of them.

use std::{error, time::Duration};

use covey_proto::Time;

use super::Shell;

/// So long nothing came in.
const QUIET: Duration = Duration::from_secs(1);

impl Shell {
    /// Something came in: there may be more to index once it is quiet.
    pub(super) fn busy(&mut self) {
        self.index_at = Some(self.clock.now().after(QUIET));
    }

    /// Nothing came in.
    pub(super) fn idle(&mut self, now: Time) {
        if self.paused.is_some() || self.index_at.is_none_or(|due| due > now) {
            return;
        }
        let more = self.home.store.index().unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn error::Error, "the index is not up to date");
            false
        });
        self.index_at = more.then_some(now);
    }
}
