//! Taking in again what was there: a damaged database is made anew from the runs that can be read.
//!
//! What a log holds is counted from them, so nothing is claimed that is not there.

use super::Talk;
use crate::{
    id::LogId,
    store::Shelf,
    time::Time,
    wire::{LogHave, Run},
};

impl Talk {
    /// Takes in a run that was there before, and tells nobody. What is to be kept for a while is kept
    /// from the next start on.
    pub fn restore(&mut self, run: &Run, shelf: &mut dyn Shelf) {
        self.take(run, true, Time::END, shelf);
        self.effects.clear();
        self.changed.clear();
    }

    /// What is there of each log.
    pub fn holdings(&self) -> impl Iterator<Item = (LogId, &LogHave)> {
        self.heads.iter().map(|(log, head)| (*log, &head.have))
    }
}
