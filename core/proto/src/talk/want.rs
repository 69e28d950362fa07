//! Wants: what somebody asks for outright, beside what he is sent because he lacks it.

use super::{
    Effect, Talk,
    outbox::{MAX_GIVEN, Peer, WINDOW},
};
use crate::{
    id::{DeviceId, LinkId, LogId, Seq},
    store::Shelf,
    wire::{Frame, Range, Want},
};

impl Talk {
    /// Whether nobody sends a log of ours unasked, and nobody was asked on a link that stands.
    pub(super) fn must_ask(&mut self, link: LinkId, device: DeviceId, log: LogId) -> bool {
        let sends = |peer: &Peer| peer.account == self.account && peer.current().is_some();
        let asked =
            |peer: &Peer| peer.sessions.values().any(|session| session.asked.contains(&log));
        let nobody = !self.peers.values().any(|peer| sends(peer) || asked(peer));
        nobody && self.session(link, device).is_some_and(|session| session.asked.insert(log))
    }

    pub(super) fn want(&mut self, link: LinkId, log: LogId, first: Seq, last: Seq) {
        let LogId { conversation, device } = log;
        let ranges = alloc::vec![Range { conversation, device, first, last }];
        self.effects.push_back(Effect::Tell(link, Frame::Want(Want { ranges })));
    }

    /// A device wants runs outright: of its own log, of which it is sent nothing otherwise, as much
    /// of each range as may be in flight; of another one all that it lacks, without a wait.
    pub fn on_want(&mut self, link: LinkId, device: DeviceId, want: Want, shelf: &dyn Shelf) {
        let Some(account) = self.peers.get(&device).map(|peer| peer.account) else { return };
        for Range { conversation, device: of, first, last } in want.ranges {
            let log = LogId { conversation, device: of };
            let before = Seq(first.0.saturating_sub(1));
            if first > last || !self.shared(account, conversation) {
                continue;
            }
            if of != device {
                let (now, held) = (self.now, self.heads.contains_key(&log));
                if let Some(session) = self.session(link, device).filter(|_| held) {
                    session.waits.insert(log, now);
                }
            } else if let Some(span) = shelf.span(log, before, WINDOW) {
                self.effects.push_back(Effect::Send(link, log, first, span.last.min(last)));
            }
        }
    }

    /// Gives a device the bodies that it wants and we have, as far as the window goes, and once on a
    /// link. When some have come it says what it still wants.
    pub(super) fn give(
        &mut self,
        link: LinkId,
        device: DeviceId,
        log: LogId,
        wants: &[Seq],
        shelf: &dyn Shelf,
    ) {
        let Some(session) = self.peers.get_mut(&device).and_then(|p| p.sessions.get_mut(&link))
        else {
            return;
        };
        let mut room = WINDOW;
        for seq in wants {
            let held = shelf.at(log, *seq).iter().any(|entry| entry.body.is_some());
            let run = shelf.span(log, Seq(seq.0.saturating_sub(1)), 0).filter(|_| held);
            let Some(run) = run.filter(|run| run.bytes <= room) else { continue };
            if session.given.len() < MAX_GIVEN && session.given.insert((log, *seq)) {
                room -= run.bytes;
                self.effects.push_back(Effect::Send(link, log, run.last, run.last));
            }
        }
    }
}
