//! Carriers: links under a replaced secret, which carry what was renewed and nothing else.
//!
//! No room is told of such a link, so whatever is said to friends or own devices has no way onto
//! it, and all that is heard on it but a renewal is passed over. A renewal is the last thing on
//! its link, carrier or not: whoever hears one hangs up, and the next link is under the new secret.

use super::Node;
use crate::{
    id::{AccountId, LinkId, SecretId},
    io::Output,
    reach::{DialId, Failure},
    store::Shelf,
    time::Time,
    wire::{Frame, Renewal},
};

/// The most carriers at once.
const MAX_CARRIERS: usize = 64;

impl Node {
    /// A link came up under a secret that was replaced.
    pub(super) fn carry_renewal(
        &mut self,
        link: LinkId,
        account: AccountId,
        secret: SecretId,
        dial: Option<DialId>,
    ) {
        if self.carriers.len() >= MAX_CARRIERS {
            dial.into_iter().for_each(|dial| self.reach.done(dial));
            return self.outputs.push_back(Output::Close(link));
        }
        self.carriers.insert(link, (account, secret, dial));
        self.tell_renewal(link, account);
    }

    fn tell_renewal(&mut self, link: LinkId, account: AccountId) {
        let renewal = self.people.renewal(account).map(Frame::Renewal);
        self.outputs.extend(renewal.map(|frame| Output::Tell(link, frame)));
    }

    /// What was renewed is told. It is the last thing on its link; who knows better says so.
    pub(super) fn on_renewal(
        &mut self,
        link: LinkId,
        renewal: Renewal,
        now: Time,
        shelf: &mut dyn Shelf,
    ) {
        let carrier = self.carriers.get(&link).map(|(account, secret, _)| (*account, *secret));
        let Some((account, secret)) = carrier.or_else(|| self.reach.secret(link)) else { return };
        if self.people.take_renewal(account, secret, renewal, shelf) {
            self.people.call_anew(account);
        } else {
            self.tell_renewal(link, account);
        }
        self.outputs.push_back(Output::Close(link));
        self.on_link_down(link, Some(Failure::Renewed), now, shelf);
    }
}
