//! Reading: how far a person has read, and telling it to friends who may know.
//!
//! A mark of a log says that all up to a place was read. So it passes no gap and no body that is
//! lacking, and nobody is told of a place that we do not hold: whoever tells more is believed as far
//! as he says to hold.

use alloc::vec::Vec;

use super::{Talk, log::Head, sync::all_of};
use crate::{
    id::{ConversationId, LogId, Seq},
    store::{Message, Shelf},
    wire::LogHave,
};

impl Talk {
    /// Up to where the logs of others are read by whoever has read up to this message.
    pub fn read(&self, message: &Message, shelf: &dyn Shelf) -> Vec<(LogId, Seq)> {
        let here = self.heads.range(all_of(message.log.conversation));
        let theirs = here.filter(|(_, head)| head.author != self.account);
        let upto = |log| shelf.shown_until(log, message.order, message.id);
        theirs.map(|(log, head)| (*log, upto(*log).min(head.whole()))).collect()
    }

    /// Friends may know that a log was read up to there.
    pub fn mark(&mut self, log: LogId, upto: Seq) {
        self.marks.insert(log, upto);
        self.changed.insert(log);
    }

    /// What is told of a log when a batch ends.
    pub(super) fn told(&self, log: LogId, head: &Head) -> LogHave {
        let told = head.told();
        let read = self.marks.get(&log).map_or(Seq(0), |read| told.upto.min(*read));
        LogHave { read, ..told }
    }

    /// Tells what was read: a friend may have been away. Not before the batch ends, for the setting
    /// may be another one by then.
    pub(super) fn tell_marks(&mut self, here: ConversationId) {
        let read = self.marks.range(all_of(here)).filter(|(_, read)| **read > Seq(0));
        self.changed.extend(read.map(|(log, _)| *log));
    }
}

impl Head {
    /// Up to where all of it is there to be read.
    fn whole(&self) -> Seq {
        let end = if self.have.forks() { self.top } else { self.have.upto };
        self.have.wants.first().map_or(end, |seq| end.min(Seq(seq.0.saturating_sub(1))))
    }
}
