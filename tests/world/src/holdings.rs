//! What devices hold, for whoever compares them.

use std::collections::{BTreeMap, BTreeSet};

use covey_proto::{
    AccountId, ConversationId, DeviceId, EntryId, LogId, Seq,
    people::device::Step,
    seal::hex,
    store::{Kind, Record},
    talk::{parse_have, parse_head},
    wire::LogHave,
};

use crate::{device::Who, ledger::Ledger, world::World};

/// Where entries stand.
pub(crate) type Places = BTreeMap<EntryId, (LogId, Seq)>;

/// Where logs end whose devices were removed.
pub(crate) type Cuts = BTreeMap<LogId, (Seq, EntryId)>;

impl World {
    /// All entries of a conversation that a device holds, also those that nobody sees.
    pub(crate) fn places(&self, who: Who, here: ConversationId) -> Places {
        let all = self.device(who).disk.messages.values();
        let here = all.filter(|message| message.log.conversation == here);
        here.map(|message| (message.id, (message.log, message.seq))).collect()
    }

    /// Enters all of them into a ledger.
    pub(crate) fn enter(&self, who: Who, here: ConversationId, ledger: &mut Ledger) {
        for run in self.device(who).disk.said(here) {
            let entries = run.entries().iter().cloned();
            entries.for_each(|entry| ledger.enter(entry, run.author()));
        }
    }

    /// The entries of them that a device would take, if it knew these cuts and not the entries: a
    /// run is taken whole.
    pub(crate) fn counting(&self, who: Who, here: ConversationId, cuts: &Cuts) -> Places {
        let mut places = self.places(who, here);
        if places.values().any(|(log, _)| cuts.contains_key(log)) {
            for run in self.device(who).disk.said(here) {
                let (end, id) = (run.last().head.seq, run.last().id);
                if cuts.get(&run.log()).is_some_and(|cut| end >= cut.0 && (end, id) != *cut) {
                    run.entries().iter().for_each(|entry| _ = places.remove(&entry.id));
                }
            }
        }
        places
    }

    /// Where logs of a conversation end, as a device knows it.
    pub(crate) fn cuts(&self, who: Who, here: ConversationId) -> Cuts {
        let heads = self.heads(who).filter(|(log, ..)| log.conversation == here);
        heads.filter_map(|(log, _, have)| have.cut.map(|cut| (log, (cut.seq, cut.id)))).collect()
    }

    /// The logs of an account's devices in a conversation that a device holds something of.
    pub(crate) fn logs_of(
        &self,
        who: Who,
        here: ConversationId,
        author: AccountId,
    ) -> impl Iterator<Item = LogId> {
        let heads = self.heads(who).filter(move |(_, by, _)| *by == author);
        heads.map(|(log, ..)| log).filter(move |log| log.conversation == here)
    }

    /// Up to where a device holds a log with all that it should say, as far as that counts.
    pub(crate) fn received(&self, who: Who, log: LogId) -> Seq {
        self.head(who, log).map_or(Seq(0), |have| last(&have, end(&have)))
    }

    /// Up to where one of these holds a log, as a device believes.
    pub(crate) fn believed(&self, who: Who, log: LogId, of: &[Who]) -> Seq {
        let cut = self.head(who, log).and_then(|have| have.cut);
        let his =
            self.words(who, log).filter(|(holder, ..)| of.iter().any(|of| self.id(*of) == *holder));
        // what was told before a cut was known counts no more
        his.map(|(.., have)| last(&have, end(&LogHave { cut, ..have.clone() })))
            .max()
            .unwrap_or_default()
    }

    /// What devices told of a log, as one of them believes.
    pub(crate) fn words(
        &self,
        who: Who,
        log: LogId,
    ) -> impl Iterator<Item = (DeviceId, AccountId, LogHave)> {
        let rows = self.device(who).disk.rows(Kind::Have);
        let told = rows.filter_map(|(key, bytes)| parse_have(key, bytes));
        told.filter(move |(_, _, of, _)| *of == log)
            .map(|(holder, account, _, have)| (holder, account, have))
    }

    /// Rows of what own devices agree on that two of them hold otherwise: their kinds and keys.
    pub(crate) fn known_otherwise(&self, one: Who, other: Who) -> Vec<(Kind, String)> {
        let rows = |who| {
            let all = self.device(who).disk.records();
            let is_shared =
                |row: &Record| matches!(row.kind, Kind::Map | Kind::Roster | Kind::Card);
            all.filter(is_shared).map(|row| (row.kind, row.key, row.bytes)).collect::<BTreeSet<_>>()
        };
        let (one, other) = (rows(one), rows(other));
        let odd = one.symmetric_difference(&other);
        odd.map(|(kind, key, _)| (*kind, hex(key))).collect()
    }

    /// Whether a device shows digits and waits for its person to compare them.
    pub(crate) fn compares(&self, who: Who) -> bool {
        let node = self.device(who).node.as_ref();
        node.is_some_and(|node| matches!(node.people().adding(), Some(Step::Compare(_))))
    }

    fn head(&self, who: Who, log: LogId) -> Option<LogHave> {
        self.heads(who).find(|(of, ..)| *of == log).map(|(.., have)| have)
    }

    fn heads(&self, who: Who) -> impl Iterator<Item = (LogId, AccountId, LogHave)> {
        let rows = self.device(who).disk.rows(Kind::Head);
        rows.filter_map(|(_, bytes)| parse_head(bytes))
    }
}

/// The last place of a log that is there and counts.
fn end(have: &LogHave) -> Seq {
    have.cut.map_or(have.upto, |cut| have.upto.min(cut.seq))
}

/// The last place up to there of which all that it should say is there.
pub(crate) fn last(have: &LogHave, end: Seq) -> Seq {
    (1..=end.0).map(Seq).rev().find(|seq| have.received(*seq)).unwrap_or_default()
}
