//! The ledger: what people should see of a conversation, worked out from all that was signed in it.
//!
//! Another reading of the rules than the machine's: it knows everything, keeps nothing, and folds
//! once. An order is the moment of an entry, behind what it follows and what its author had seen; of
//! each account's edits and reactions the one of the highest moment and id counts; what its author
//! took back stays so.

use std::collections::BTreeMap;

use covey_proto::{
    AccountId, EntryId, Time,
    store::{Message, Shown},
    wire::{Entry, Kind},
};

/// Entries, and whose they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(BTreeMap<EntryId, (Entry, AccountId)>);

/// What there is to see of an entry.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    shown: Option<Shown>,
    reply_to: Option<EntryId>,
    edited: bool,
    reactions: Vec<(AccountId, String)>,
}

impl Ledger {
    /// An entry as somebody holds it, with its body or without.
    pub(crate) fn enter(&mut self, entry: Entry, from: AccountId) {
        let known = self.0.entry(entry.id).or_insert_with(|| (entry.clone(), from));
        if known.0.body.is_none() {
            known.0 = entry;
        }
    }

    /// Only the entries that are so.
    pub(crate) fn retain(&mut self, so: impl Fn(&Entry) -> bool) {
        self.0.retain(|_, (entry, _)| so(entry));
    }

    /// What is wrong with what somebody shows, where disks may have lost what took texts back.
    pub(crate) fn unlike(&self, page: &[&Message], lossy: bool) -> Option<String> {
        let (ids, due): (Vec<_>, _) =
            (page.iter().map(|message| message.id).collect(), self.page());
        if ids != due {
            return Some(format!("shows {ids:?} and not {due:?}"));
        }
        let wrong = page.iter().find(|message| !self.allows(message, lossy));
        wrong.map(|message| format!("shows {message:?} and not {:?}", self.line(message.id)))
    }

    /// The entries that are to be seen, in order.
    fn page(&self) -> Vec<EntryId> {
        let mut orders = BTreeMap::new();
        let mut page = Vec::new();
        for (entry, _) in self.0.values() {
            let order = self.order(entry, &mut orders);
            if !is_act(entry.head.kind) {
                page.push((order, entry.id));
            }
        }
        page.sort_unstable();
        page.into_iter().map(|(_, id)| id).collect()
    }

    fn order(&self, entry: &Entry, orders: &mut BTreeMap<EntryId, Time>) -> Time {
        if let Some(order) = orders.get(&entry.id) {
            return *order;
        }
        let mut order = entry.head.at;
        for short in entry.head.seen.iter().copied().chain([entry.head.prev.short()]) {
            for before in self.called(short) {
                order = order.max(Time(self.order(before, orders).0 + 1));
            }
        }
        orders.insert(entry.id, order);
        order
    }

    /// The entries whose ids begin so.
    fn called(&self, short: [u8; 8]) -> impl Iterator<Item = &Entry> {
        let mut first = [0; 32];
        first[..8].copy_from_slice(&short);
        let from = self.0.range(EntryId(first)..).map(|(_, (entry, _))| entry);
        from.take_while(move |entry| entry.id.short() == short)
    }

    /// Whether a message may be shown like this. Time passes on each device by itself, so what is
    /// kept for a while may be gone, and an edit that came too late may be lacking.
    fn allows(&self, message: &Message, lossy: bool) -> bool {
        let (Some(line), Some((entry, _))) = (self.line(message.id), self.0.get(&message.id))
        else {
            return false;
        };
        let passes = entry.head.keep_for > 0 && line.shown != Some(Shown::Retracted);
        match message.shown {
            Shown::Expired => return passes,
            Shown::Lacking => return line.shown.is_none() && (passes || lossy),
            Shown::Text(_) | Shown::Newer | Shown::Expiry(_) | Shown::Retracted | Shown::Act => {}
        }
        let Message { shown, reply_to, edited, reactions, .. } = message.clone();
        line == Line { shown: Some(shown), reply_to, edited, reactions }
    }

    fn line(&self, id: EntryId) -> Option<Line> {
        let (entry, from) = self.0.get(&id)?;
        let gone = Line { shown: None, reply_to: None, edited: false, reactions: Vec::new() };
        if entry.head.kind == Kind::Expiry {
            let span = entry.content().try_into().map_or(0, u64::from_le_bytes);
            return Some(Line { shown: Some(Shown::Expiry(span)), ..gone });
        }
        let last = |kind, by: &AccountId| {
            let acts = self.0.values().filter(|(act, account)| {
                (act.head.kind, act.head.target, account) == (kind, Some(id), by)
            });
            acts.map(|(act, _)| act).max_by_key(|act| (act.head.at, act.id))
        };
        if last(Kind::Retract, from).is_some() {
            return Some(Line { shown: Some(Shown::Retracted), ..gone });
        }
        let edit = last(Kind::Edit, from);
        let Some(body) = edit.unwrap_or(entry).body.as_ref().filter(|_| entry.body.is_some())
        else {
            return Some(gone);
        };
        let text = |content: &[u8]| String::from_utf8_lossy(content).into_owned();
        let accounts: std::collections::BTreeSet<_> =
            self.0.values().map(|(_, from)| *from).collect();
        let felt = accounts.into_iter().filter_map(|account| {
            let felt = last(Kind::Reaction, &account)?;
            Some((account, text(felt.content())))
        });
        Some(Line {
            shown: Some(Shown::Text(text(&body.content))),
            reply_to: entry.head.target,
            edited: edit.is_some(),
            reactions: felt.filter(|(_, text)| !text.is_empty()).collect(),
        })
    }
}

fn is_act(kind: Kind) -> bool {
    matches!(kind, Kind::Edit | Kind::Retract | Kind::Reaction)
}
