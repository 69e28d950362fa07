//! What the loop shows of itself, in the API's words.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use covey_proto::{
    AccountId, ConversationId, DeviceId, LogId, Seq,
    people::{self, Friend as Person},
    seal::hex,
    store::{Message as Shown, Shown as Body},
};

use super::{Content, Friend, Message, Offer, Quote, Reaction, Standing, State, Status};
use crate::{bundle::Log, net::Counts};

/// What the loop shows of itself.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) status: Status,
    pub(crate) account: Option<AccountId>,
    pub(crate) people: BTreeMap<ConversationId, Person>,
    pub(crate) marks: Arc<BTreeMap<LogId, Seq>>,
    pub(crate) online: BTreeSet<AccountId>,
    pub(crate) safety: BTreeMap<ConversationId, String>,
    pub(crate) offers: Vec<people::Offer>,
    pub(crate) me: Option<DeviceId>,
    pub(crate) devices: Vec<people::device::Device>,
    pub(crate) linked: BTreeSet<DeviceId>,
    pub(crate) adding: Option<people::device::Step>,
    pub(crate) counts: Counts,
    pub(crate) log: Log,
    pub(crate) home: PathBuf,
}

impl View {
    pub(crate) fn status(&self) -> Status {
        let mut friends: Vec<_> = self.people.values().map(|person| self.friend(person)).collect();
        friends.sort_by(|one, other| one.name.cmp(&other.name));
        let offers = self.offers.iter().map(|offer| self.offer(offer)).collect();
        let turned_away = self.counts.turned_away();
        Status { friends, offers, turned_away, ..self.status.clone() }
    }

    /// These devices are linked; whether own ones came or went.
    pub(crate) fn link(&mut self, linked: BTreeSet<DeviceId>) -> bool {
        let before = std::mem::replace(&mut self.linked, linked);
        let differs = |id: &DeviceId| before.contains(id) != self.linked.contains(id);
        self.devices.iter().any(|device| differs(&device.id))
    }

    pub(crate) fn offer(&self, offer: &people::Offer) -> Offer {
        Offer {
            id: hex(&offer.id.0),
            by: self.called(&offer.by.short()).unwrap_or_default(),
            name: offer.name.clone(),
            accepted: offer.accepted,
        }
    }

    /// What we call the friend whose account begins so.
    fn called(&self, short: &[u8; 16]) -> Option<String> {
        let whose = |person: &&Person| person.account.is_some_and(|a| a.short() == *short);
        self.people.values().find(whose).map(|person| person.name.clone())
    }

    pub(crate) fn friend(&self, person: &Person) -> Friend {
        Friend {
            id: hex(&person.conversation.0),
            name: person.name.clone(),
            standing: match person.standing {
                people::Standing::Waiting => Standing::Waiting,
                people::Standing::Friend => Standing::Friend,
                people::Standing::UsedUp => Standing::UsedUp,
                people::Standing::Expired => Standing::Expired,
            },
            verified: person.verified,
            introduced_by: person.introduced.and_then(|short| self.called(&short)),
            safety: self.safety.get(&person.conversation).cloned(),
            blocked: person.blocked,
            online: self.is_online(person),
            unread: 0,
            keep_for: 0,
        }
    }

    fn is_online(&self, person: &Person) -> bool {
        person.account.is_some_and(|account| self.online.contains(&account))
    }

    /// Who that is, by name.
    fn name(&self, account: AccountId, here: ConversationId) -> String {
        let mine = Some(account) == self.account;
        let person = || self.people.get(&here).map(|person| person.name.clone());
        if mine { self.status.name.clone() } else { person().unwrap_or_default() }
    }

    pub(super) fn message(
        &self,
        shown: &Shown,
        reached: Option<State>,
        answered: Option<&Shown>,
    ) -> Message {
        let here = shown.log.conversation;
        let person = self.people.get(&here);
        let mine = Some(shown.from) == self.account;
        let state = match (reached, person) {
            _ if !mine => State::Delivered,
            (Some(state), _) => state,
            (None, Some(person)) if self.is_online(person) => State::Sending,
            (None, Some(person)) => match person.standing {
                people::Standing::UsedUp | people::Standing::Expired => State::Failed,
                people::Standing::Waiting | people::Standing::Friend => State::Waiting,
            },
            (None, None) => State::Failed,
        };
        let reactions = shown.reactions.iter().map(|(account, text)| Reaction {
            from: self.name(*account, here),
            mine: Some(*account) == self.account,
            text: text.clone(),
        });
        let (content, keep_for) = match shown.shown {
            Body::Text(_) => (Content::Text, shown.keep_for),
            Body::Newer => (Content::Newer, shown.keep_for),
            Body::Expiry(span) => (Content::Expiry, span),
            Body::Retracted => (Content::TakenBack, 0),
            Body::Expired => (Content::Expired, 0),
            Body::Lacking => (Content::Lacking, 0),
            Body::Act => (Content::Act, 0),
        };
        Message {
            id: hex(&shown.id.0),
            friend: hex(&here.0),
            mine,
            from: self.name(shown.from, here),
            content,
            text: shown.shown.text().map(String::from),
            edited: shown.edited,
            reply_to: shown.reply_to.map(|id| Quote {
                id: hex(&id.0),
                from: answered.map(|answered| self.name(answered.from, here)).unwrap_or_default(),
                text: answered.and_then(|answered| answered.shown.text()).map(String::from),
            }),
            reactions: reactions.collect(),
            keep_for,
            state,
            at: shown.at.0,
            clock_ahead: shown.at > shown.since.after(AHEAD),
        }
    }
}

/// Clocks differ by so much and nobody minds.
const AHEAD: Duration = Duration::from_secs(600);
