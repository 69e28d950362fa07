//! What is done when nothing else is: what was said becomes searchable, and it is looked how much
//! room is left.
//!
//! Never in the commit that shows a message, and a step at a time, so that nothing that comes in
//! waits longer than for one of them.

use std::{error, time::Duration};

use covey_proto::Time;

use super::Shell;
use crate::{api, home};

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
        let nearly_full = home::nearly_full(self.home.dir()).is_some();
        if nearly_full != std::mem::replace(&mut self.nearly_full, nearly_full) {
            self.core.emit(api::Event::Snapshot(self.core.status()));
        }
    }
}
