//! The node as every shell holds it: ask, read, listen.
//!
//! Commands go to the loop and are answered once they are on disk; a key makes asking again
//! harmless. Queries read the disk, and a view of the rest that the loop keeps fresh; only who asks
//! why meets the loop, for there the machine tells.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::Write,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use covey_proto::{
    ConversationId, LogId, Seq,
    io::{self, Refusal},
    node,
    people::{Friend as Person, recovery},
    seal::hex,
    store::{Kind, Message as Shown},
    talk::{kept_for, parse_have},
    wire::LogHave,
};
use futures::{FutureExt as _, future::BoxFuture, future::Shared};
use tokio::sync::{broadcast, mpsc, oneshot};
use zeroize::Zeroizing;

use super::{
    Answer, Caller, Command, Event, Failure, Friend, Message, Page, Query, Reply, State, Status,
    View,
    why::{Here, Subject, Why},
    words::{conversation, filled, machine},
};
use crate::{
    backup, bundle, home,
    store::{self, History},
};

/// The most events a listener may lag behind before it gets a snapshot instead.
const MAX_LAG: usize = 1024;
/// The most recent keys whose outcome is remembered.
const MAX_KEYS: usize = 256;
const MAX_PAGE: u32 = 1000;

/// What goes to the loop.
#[derive(Debug)]
pub(crate) enum Ask {
    /// A command.
    Do(io::Command, oneshot::Sender<Result<io::Reply, String>>),
    /// A person looks at this conversation.
    Look(ConversationId),
    /// Why it stands with this as it does. The machine tells nothing while it is ahead of its disk.
    Why(node::Subject, oneshot::Sender<(Here, Option<node::Why>)>),
}

type Outcome = Shared<BoxFuture<'static, Result<Reply, Failure>>>;

/// A running node, as callers of one kind may use it. Clones are the same node.
#[derive(Clone)]
pub struct Core(Arc<Inner>, Caller);

struct Inner {
    asks: mpsc::Sender<Ask>,
    history: History,
    view: RwLock<View>,
    events: broadcast::Sender<Event>,
    /// Of each key, whose it is and what it came to.
    keys: Mutex<VecDeque<(Caller, String, Outcome)>>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Core")
    }
}

impl Core {
    pub(crate) fn new(history: History, view: View) -> (Self, mpsc::Receiver<Ask>) {
        let (asks, asked) = mpsc::channel(256);
        let inner = Inner {
            asks,
            history,
            view: RwLock::new(view),
            events: broadcast::channel(MAX_LAG).0,
            keys: Mutex::default(),
        };
        (Self(Arc::new(inner), Caller::Program), asked)
    }

    /// The same node, as callers of another kind may use it.
    #[must_use]
    pub fn for_caller(&self, caller: Caller) -> Self {
        Self(self.0.clone(), caller)
    }

    /// Does something, once for all calls with the same key; it is on disk when this returns. What
    /// was not done is tried again when it is asked again.
    ///
    /// # Errors
    /// A sentence, if it was not done.
    pub async fn command(&self, key: Option<String>, command: Command) -> Result<Reply, Failure> {
        self.1.may_do(&command)?;
        let Some(key) = key else { return self.clone().carry_out(command).await };
        let outcome = {
            let mut keys = self.keys();
            let known = keys.iter().find(|(caller, known, _)| (*caller, known) == (self.1, &key));
            if let Some((.., outcome)) = known {
                outcome.clone()
            } else {
                let outcome = self.clone().carry_out(command).boxed().shared();
                keys.truncate(MAX_KEYS - 1);
                keys.push_front((self.1, key, outcome.clone()));
                outcome
            }
        };
        let done = outcome.clone().await;
        if done.is_err() {
            self.keys().retain(|(.., known)| !known.ptr_eq(&outcome));
        }
        done
    }

    fn keys(&self) -> MutexGuard<'_, VecDeque<(Caller, String, Outcome)>> {
        self.0.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry_out(self, command: Command) -> Result<Reply, Failure> {
        let (done, outcome) = oneshot::channel();
        let command = machine(command)?;
        let gone = |_| Failure::new("the node has stopped");
        self.0.asks.send(Ask::Do(command, done)).await.map_err(|_| gone(()))?;
        match outcome.await.map_err(|_| gone(()))?.map_err(Failure::new)? {
            io::Reply::Done => Ok(Reply::Done),
            io::Reply::Invite(text) => Ok(Reply::Invite(text)),
            io::Reply::Friend(person) => Ok(Reply::Friend(self.friend(&person))),
            io::Reply::Sent(id) => Ok(Reply::Sent(hex(&id.0))),
            io::Reply::Recovery(key) => Ok(Reply::Words(recovery::words(&key).to_string())),
        }
    }

    /// Reads something.
    ///
    /// # Errors
    /// A sentence, if it cannot be told.
    pub async fn query(&self, query: Query) -> Result<Answer, Failure> {
        self.1.may_ask(&query)?;
        let core = self.clone();
        let read = tokio::task::spawn_blocking(move || core.look_up(query));
        read.await.map_err(|_| Failure::new("the node has stopped"))?
    }

    fn look_up(&self, query: Query) -> Result<Answer, Failure> {
        match query {
            Query::Status => Ok(Answer::Status(self.status())),
            Query::Devices => Ok(Answer::Devices(self.devices()?)),
            Query::Log { friend, page, limit } => {
                let here = conversation(&friend)?;
                self.look(here);
                let found = self.page(here, &page, limit.clamp(1, MAX_PAGE))?;
                Ok(Answer::Log(self.tell(&found)?))
            }
            Query::Message { id } => {
                let found = self.tell(&[self.find(&id)?])?.pop();
                found.map(Answer::Message).ok_or_else(|| Failure::new(NO_MESSAGE))
            }
            Query::Search { text, friend, limit } => {
                let with = friend.as_deref().map(conversation).transpose()?;
                Ok(Answer::Found(self.find_text(&text, with, limit.clamp(1, MAX_PAGE))?))
            }
            Query::Bundle => {
                let (status, log, home) =
                    self.read(|view| (view.status(), view.log.clone(), view.home.clone()));
                let of = |friend: &Friend| self.why(&Subject::Friend(friend.id.clone()));
                let friends = status.friends.iter().filter_map(|friend| of(friend).ok()).collect();
                Ok(Answer::Bundle(bundle::write(&status, friends, &log, &home)))
            }
            Query::Why(subject) => Ok(Answer::Why(self.why(&subject)?)),
            Query::Backup { file, passphrase } => {
                let passphrase = Zeroizing::new(passphrase.0.into_bytes());
                let file = Path::new(&file);
                backup::write(&self.0.history, &passphrase, file, self.how_far())
                    .map_err(Failure::new)?;
                Ok(Answer::Saved)
            }
            Query::Draft { friend } => {
                let here = conversation(&friend)?;
                let found =
                    self.0.history.records(Kind::Draft, &here.0).map_err(Failure::new)?.pop();
                let text = found.map(|row| String::from_utf8(row.bytes));
                Ok(Answer::Draft(text.and_then(Result::ok).unwrap_or_default()))
            }
        }
    }

    /// Sends a backup to somebody who keeps it. It takes its time, and blocks.
    pub(super) fn back_up(&self, passphrase: &[u8], to: impl Write) -> Result<(), backup::Error> {
        backup::send(&self.0.history, passphrase, to, self.how_far())
    }

    /// Tells listeners how far a backup is, per cent by per cent.
    fn how_far(&self) -> impl FnMut(u64, u64) {
        let mut told = 0;
        move |done, all| {
            if done * 100 / all > told {
                told = done * 100 / all;
                self.emit(Event::Backup { done, all });
            }
        }
    }

    /// A person looks at a conversation; if the loop is busy, the next look counts.
    fn look(&self, here: ConversationId) {
        let _ = self.0.asks.try_send(Ask::Look(here));
    }

    fn why(&self, subject: &Subject) -> Result<Why, Failure> {
        let (here, message) = match subject {
            Subject::Friend(friend) => (conversation(friend)?, None),
            Subject::Message(id) => self.find(id).map(|m| (m.log.conversation, Some(m)))?,
        };
        let person = self.read(|view| view.people.get(&here).cloned());
        let friend = person.map(|person| self.friend(&person)).ok_or_else(|| match message {
            None => Failure::new(Refusal::NoFriend),
            Some(_) => Failure::new(OVER),
        })?;
        let entry = |message: &Shown| node::Subject::Entry(message.log, message.seq);
        let about = message.as_ref().map_or(node::Subject::Friend(here), entry);
        self.look(here);
        let gone = || Failure::new("the node has stopped");
        let (done, told) = oneshot::channel();
        self.0.asks.blocking_send(Ask::Why(about, done)).map_err(|_| gone())?;
        let (here, told) = told.blocking_recv().map_err(|_| gone())?;
        let message = self.tell(message.as_slice())?.pop();
        Ok(Why::of(friend, message, here, told))
    }

    /// Messages of a conversation, oldest first.
    fn page(&self, here: ConversationId, page: &Page, limit: u32) -> Result<Vec<Shown>, Failure> {
        let read = |page, limit| self.0.history.page(here, page, limit).map_err(Failure::new);
        let named = |id| {
            let found = self.find(id)?;
            let here = found.log.conversation == here;
            here.then_some(found).ok_or_else(|| Failure::new(NO_MESSAGE))
        };
        match page {
            Page::Newest => read(store::Page::Newest, limit),
            Page::Oldest => read(store::Page::Oldest, limit),
            Page::Before(id) => {
                named(id).and_then(|m| read(store::Page::Before(m.order, m.id), limit))
            }
            Page::After(id) => {
                named(id).and_then(|m| read(store::Page::After(m.order, m.id), limit))
            }
            Page::Around(id) => {
                let message = named(id)?;
                let (order, id, half) = (message.order, message.id, limit / 2);
                let mut found = read(store::Page::Before(order, id), half)?;
                found.push(message);
                found.extend(read(store::Page::After(order, id), half)?);
                Ok(found)
            }
        }
    }

    /// What happens from now on, a snapshot first.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener { core: self.clone(), events: self.0.events.subscribe(), whole: false }
    }

    /// A friend, with what the disk says of what was said.
    pub(crate) fn friend(&self, person: &Person) -> Friend {
        self.counted(self.read(|view| view.friend(person)))
    }

    fn counted(&self, friend: Friend) -> Friend {
        let (me, read) = self.read(|view| (view.account, view.marks.clone()));
        let here = conversation(&friend.id).ok();
        let count = |(here, me)| self.0.history.unread(here, me, &read, MAX_PAGE).ok();
        let keep_for = here.and_then(|here| self.0.history.settings(here).ok());
        let keep_for = keep_for.map_or(0, |settings| kept_for(&settings));
        Friend { unread: here.zip(me).and_then(count).unwrap_or_default(), keep_for, ..friend }
    }

    pub(crate) fn status(&self) -> Status {
        let mut status = self.read(View::status);
        status.friends = status.friends.into_iter().map(|friend| self.counted(friend)).collect();
        let damaged = || self.0.history.is_damaged().then(|| store::Error::Damaged.to_string());
        let nearly_full = || home::nearly_full(&self.read(|view| view.home.clone()));
        status.trouble = status.trouble.or_else(damaged).or_else(nearly_full);
        status
    }

    pub(super) fn history(&self) -> &History {
        &self.0.history
    }

    /// Whether anybody listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.0.events.receiver_count() > 0
    }

    pub(crate) fn emit(&self, event: Event) {
        let _ = self.0.events.send(event);
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.0.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        change(&mut self.0.view.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// The message whose id begins so.
    fn find(&self, id: &str) -> Result<Shown, Failure> {
        let ends = (filled(id, '0'), filled(id, 'f'));
        let (Some(first), Some(last)) = ends else { return Err(Failure::new(NO_ID)) };
        let mut found = self.0.history.find(first, last, 2).map_err(Failure::new)?.into_iter();
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some(_)) => Err(Failure::new("more than one message's id begins so")),
            (None, _) => Err(Failure::new(NO_MESSAGE)),
        }
    }

    /// Messages with what became of them, by what is stored.
    pub(crate) fn tell(&self, shown: &[Shown]) -> Result<Vec<Message>, Failure> {
        let mut held: BTreeMap<LogId, Vec<LogHave>> = BTreeMap::new();
        let me = self.read(|view| view.account);
        let mine = shown.iter().filter(|message| Some(message.from) == me);
        for log in mine.map(|message| message.log).collect::<BTreeSet<_>>() {
            let prefix = [&log.conversation.0[..], &log.device.0].concat();
            let rows = self.0.history.records(Kind::Have, &prefix).map_err(Failure::new)?;
            let haves = rows.iter().filter_map(|row| parse_have(&row.key, &row.bytes));
            let others = haves.filter(|(_, account, _, _)| Some(*account) != me);
            held.insert(log, others.map(|(_, _, _, have)| have).collect());
        }
        let reached = |log: &LogId, seq: Seq| {
            let state =
                |have: &LogHave| if seq <= have.read { State::Read } else { State::Delivered };
            let there = held.get(log).into_iter().flatten().filter(|have| have.received(seq));
            there.map(state).max()
        };
        let mut answered = BTreeMap::new();
        for (id, here) in shown.iter().filter_map(|m| Some((m.reply_to?, m.log.conversation))) {
            let found = self.0.history.find(id, id, 1).map_err(Failure::new)?.pop();
            answered.extend(found.filter(|m| m.log.conversation == here).map(|m| (id, m)));
        }
        Ok(self.read(|view| {
            let tell = |message: &Shown| {
                let answered = message.reply_to.and_then(|id| answered.get(&id));
                view.message(message, reached(&message.log, message.seq), answered)
            };
            shown.iter().map(tell).collect()
        }))
    }
}

/// Hears what happens.
#[derive(Debug)]
pub struct Listener {
    core: Core,
    events: broadcast::Receiver<Event>,
    /// Whether nothing was missed since the last snapshot.
    whole: bool,
}

impl Listener {
    /// The next event: a snapshot if some were missed; none when the node has stopped.
    pub async fn next(&mut self) -> Option<Event> {
        if self.whole {
            match self.events.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Closed) => return None,
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.events = self.events.resubscribe();
                }
            }
        }
        self.whole = true;
        Some(Event::Snapshot(self.core.status()))
    }
}

const NO_ID: &str = "a message's id is 8 to 64 hexadecimal digits";
const OVER: &str = "the friendship it was written in is over; it goes to nobody any more";
const NO_MESSAGE: &str = "there is no such message";
