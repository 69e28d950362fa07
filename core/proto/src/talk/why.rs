//! What there is to tell of what a device holds of ours: facts, for whoever asks why.

use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use super::{Talk, sync::all_of};
use crate::{
    id::{ConversationId, DeviceId, LogId, Seq},
    time::Time,
};

/// How it stands with one entry at one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// It is there: since then at the latest, or since before the start.
    Held(Option<Time>),
    /// It was sent then, and the device has not said yet that it is there.
    Sent(Time),
    /// What was sent since then is to be acknowledged first.
    Behind(Time),
    /// The device has not told yet what it holds.
    Unready,
    /// The device is not linked.
    Unlinked,
}

/// What a device has told since the start to hold of logs, and when.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeMap<LogId, Vec<(Seq, Option<Time>)>>);

impl Told {
    /// It tells now to hold a log up to there, and held it up to `before`. Of what it tells within
    /// a minute only the first and last are kept, so what is kept is late at worst.
    pub(super) fn note(&mut self, log: LogId, before: Seq, upto: Seq, now: Time) {
        if self.0.len() >= MAX_LOGS && !self.0.contains_key(&log) {
            return;
        }
        let steps = self.0.entry(log).or_insert_with(|| alloc::vec![(before, None)]);
        steps.retain(|(known, _)| *known <= upto);
        if let [.., (_, Some(first)), _] = steps[..]
            && now.since(first) < STEP
        {
            steps.pop();
        }
        if steps.len() >= MAX_STEPS {
            steps.remove(0);
        }
        steps.push((upto, Some(now)));
    }

    /// When at the latest it held this entry.
    fn since(&self, log: LogId, seq: Seq) -> Option<Time> {
        let steps = self.0.get(&log)?;
        steps.iter().find(|(upto, _)| *upto >= seq)?.1
    }
}

impl Talk {
    /// How it stands with an entry at a device.
    pub fn share(&self, device: DeviceId, log: LogId, seq: Seq) -> Share {
        let Some(peer) = self.peers.get(&device) else { return Share::Unlinked };
        if peer.haves.get(&log).is_some_and(|have| have.holds(seq)) {
            return Share::Held(peer.told.since(log, seq));
        }
        let session = peer.current().and_then(|link| peer.sessions.get(&link));
        let Some(session) = session else { return Share::Unlinked };
        session.flying(log, seq).unwrap_or(Share::Unready)
    }

    /// How many entries of ours in a conversation a device lacks, as far as it told.
    pub fn lacks(&self, device: DeviceId, conversation: ConversationId) -> u64 {
        let haves = self.peers.get(&device).map(|peer| &peer.haves);
        let upto = |log| haves.and_then(|haves| haves.get(log)).map_or(Seq(0), |have| have.upto);
        let ours = self.heads.range(all_of(conversation));
        let ours = ours.filter(|(_, head)| head.author == self.account);
        ours.map(|(log, head)| head.have.upto.0.saturating_sub(upto(log).0)).sum()
    }

    /// Whether different entries stand at one place of a log.
    pub fn is_forked(&self, log: LogId) -> bool {
        self.heads.get(&log).is_some_and(|head| head.have.forks())
    }
}

/// So fine is what is kept of when a device told something.
const STEP: Duration = Duration::from_secs(60);
/// The most such moments of a log; the first go.
const MAX_STEPS: usize = 16;
/// The most logs of which they are kept, for each device.
const MAX_LOGS: usize = 256;
