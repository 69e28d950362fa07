//! What a story does with its people, and what it sees of them.

use std::time::Duration;

use covey_proto::{
    Command, ConversationId, EntryId, Event, Input, LogId, Node, SecretId, Seq, Time,
    io::{Asker, Refusal, Reply},
    people::{
        Friend, Offer,
        account::{Roster, recovery_hash},
        directory::Directory,
    },
    seal::{Secret, SigningKey},
    store::{Message, Shelf as _, Shown},
    talk::Saying,
    wire::{Frame, LogHave, letter::InviteKind},
};

use crate::{device::Who, holdings::last, wire::End, world::World};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

impl World {
    /// A person wants something of a device; nobody waits for what comes of it.
    pub fn command(&mut self, who: Who, command: Command) -> Asker {
        self.asked += 1;
        let asker = Asker(self.asked);
        self.note(|| format!("{who:?} {command:?}"));
        self.tell(who, 0, Input::Command(asker, command));
        asker
    }

    /// A person wants something of a device and waits.
    ///
    /// # Errors
    /// Why it came to nothing.
    pub fn ask(&mut self, who: Who, command: Command) -> Result<Reply, Refusal> {
        let asker = self.command(who, command);
        self.until("a command is done", |world| world.done(who, asker).is_some());
        self.done(who, asker).expect("it is done")
    }

    /// What came of a command so far.
    #[must_use]
    pub fn done(&self, who: Who, asker: Asker) -> Option<Result<Reply, Refusal>> {
        self.device(who).done.get(&asker).cloned()
    }

    /// An invite of this device, good for a week.
    pub fn invite(&mut self, who: Who, kind: InviteKind) -> String {
        match self.ask(who, Command::Invite(kind, WEEK)) {
            Ok(Reply::Invite(text)) => text,
            other => unreachable!("no invite: {other:?}"),
        }
    }

    /// Somebody answers an invite.
    ///
    /// # Errors
    /// Why it is good for nothing.
    pub fn accept(&mut self, who: Who, text: &str) -> Result<Friend, Refusal> {
        match self.ask(who, Command::Accept(String::from(text)))? {
            Reply::Friend(friend) => Ok(friend),
            other @ (Reply::Done | Reply::Invite(_) | Reply::Sent(_) | Reply::Recovery(_)) => {
                unreachable!("no friend: {other:?}")
            }
        }
    }

    /// The friend of two introduces them, and both agree.
    pub fn introduce(&mut self, by: Who, one: Who, other: Who) {
        self.offer(by, one, other);
        self.meet(one, true);
        self.meet(other, true);
    }

    /// The friend of two offers them to meet.
    pub fn offer(&mut self, by: Who, one: Who, other: Who) {
        let pairs = (self.talk_of(by, one), self.talk_of(by, other));
        let made = self.ask(by, Command::Introduce(pairs.0, pairs.1));
        assert!(made.is_ok(), "not introduced: {made:?}");
        self.until("both are asked", |world| {
            world.offers(one).next().is_some() && world.offers(other).next().is_some()
        });
    }

    /// Somebody answers the first offer that there is.
    pub fn meet(&mut self, who: Who, yes: bool) {
        let offer = self.offers(who).next().expect("somebody is offered to be met");
        let done = self.ask(who, Command::Meet(offer.id, yes));
        assert!(done.is_ok(), "not answered: {done:?}");
    }

    /// Whom a device could meet.
    pub fn offers(&self, who: Who) -> impl Iterator<Item = Offer> {
        self.device(who).node.iter().flat_map(|node| node.people().offers())
    }

    /// A person recovers the account under a new key, as far as this friend is told.
    pub fn recover_account(&mut self, who: Who, friend: Who) {
        let key = SigningKey::new(&Secret(self.dice.roll()));
        let roster = Roster::open(&self.directory(who).roster).expect("its own is good");
        let next = recovery_hash(&key.public());
        let recovered = roster.recover(&self.recovery(who), key.public(), next);
        let signed = recovered.expect("its recovery key").sign(&key);
        self.forge(who, friend, &Frame::Roster(signed));
    }

    /// Two persons become friends by a link.
    pub fn befriend(&mut self, inviter: Who, newcomer: Who) {
        let text = self.invite(inviter, InviteKind::Link);
        self.command(newcomer, Command::Accept(text));
        self.until("they are friends", |world| {
            world.are_friends(inviter, newcomer) && world.are_friends(newcomer, inviter)
        });
    }

    /// Whether a device holds the person of another one for a friend.
    #[must_use]
    pub fn are_friends(&self, who: Who, other: Who) -> bool {
        let friend = self.friend(who, other);
        friend.is_some_and(|f| f.standing == covey_proto::people::Standing::Friend)
    }

    /// What a device keeps of another one's person.
    #[must_use]
    pub fn friend(&self, who: Who, other: Who) -> Option<Friend> {
        let node = self.device(who).node.as_ref()?;
        node.people().friend(self.talk_of(who, other))
    }

    /// All friends of a device, by name.
    #[must_use]
    pub fn names(&self, who: Who) -> Vec<String> {
        let friends = self.device(who).node.iter().flat_map(|node| node.people().friends());
        let mut names: Vec<_> = friends.map(|friend| friend.name).collect();
        names.sort();
        names
    }

    /// The conversation of two devices' persons; of one person: with itself.
    #[must_use]
    pub fn talk_of(&self, one: Who, other: Who) -> ConversationId {
        let (one, other) = (self.account(one), self.account(other));
        if one == other {
            return ConversationId::own(&one);
        }
        ConversationId::pair(&one.short(), &other.short())
    }

    /// Somebody says something to somebody.
    pub fn say(&mut self, from: Who, to: Who, text: &str) -> EntryId {
        let said = self.ask(from, Command::Send(self.talk_of(from, to), String::from(text)));
        match said {
            Ok(Reply::Sent(id)) => id,
            other => unreachable!("not said: {other:?}"),
        }
    }

    /// What a device ever told its person to have said for him.
    pub fn sent(&self, who: Who) -> impl Iterator<Item = EntryId> {
        self.device(who).sent.iter().copied()
    }

    /// Somebody does something to a message.
    ///
    /// # Errors
    /// Why it came to nothing.
    pub fn act(&mut self, who: Who, saying: Saying) -> Result<EntryId, Refusal> {
        match self.ask(who, Command::Act(saying))? {
            Reply::Sent(id) => Ok(id),
            other @ (Reply::Done | Reply::Invite(_) | Reply::Friend(_) | Reply::Recovery(_)) => {
                unreachable!("not said: {other:?}")
            }
        }
    }

    /// A message as a device shows it.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn message(&self, who: Who, id: EntryId) -> Message {
        self.device(who).disk.find(id).expect("it is shown")
    }

    /// Whether these words stand anywhere on a device's disk.
    #[must_use]
    pub fn disk_says(&self, who: Who, words: &str) -> bool {
        self.device(who).disk.says(words)
    }

    /// How many acts on a message a device looks at.
    #[must_use]
    pub fn acts_on(&self, who: Who, id: EntryId) -> usize {
        self.device(who).disk.acts(self.message(who, id).log.conversation, id).len()
    }

    /// What a device shows of what the two persons said, in order.
    pub fn messages(&self, who: Who, one: Who, other: Who) -> impl Iterator<Item = &Message> {
        self.device(who).disk.page(self.talk_of(one, other))
    }

    /// The texts a device shows of what its person and another one said.
    #[must_use]
    pub fn texts(&self, who: Who, with: Who) -> Vec<&str> {
        let all = self.messages(who, who, with);
        all.map(|message| match &message.shown {
            Shown::Text(text) => text.as_str(),
            Shown::Newer => "(newer)",
            Shown::Expiry(_) => "(expiry)",
            Shown::Retracted => "(taken back)",
            Shown::Expired => "(expired)",
            Shown::Lacking => "(lacking)",
            Shown::Act => "(act)",
        })
        .collect()
    }

    /// Up to where a device of `to`'s person holds what `from` said to him, as `who` shows it.
    #[must_use]
    pub fn delivered(&self, who: Who, from: Who, to: Who) -> Seq {
        self.told(who, from, to).map(|have| last(&have, have.upto)).max().unwrap_or_default()
    }

    /// Up to where `to`'s person has read what `from` said to him, as `who` shows it.
    #[must_use]
    pub fn read(&self, who: Who, from: Who, to: Who) -> Seq {
        self.told(who, from, to).map(|have| have.read).max().unwrap_or_default()
    }

    /// What devices of `to`'s person told of what `from` said to him, as `who` keeps it.
    fn told(&self, who: Who, from: Who, to: Who) -> impl Iterator<Item = LogHave> {
        let log = LogId { conversation: self.talk_of(from, to), device: self.id(from) };
        let account = self.account(to);
        let his = self.words(who, log).filter(move |(_, of, _)| *of == account);
        his.map(|(.., have)| have)
    }

    /// Up to where a device holds what `from` said to `to`.
    #[must_use]
    pub fn held(&self, who: Who, from: Who, to: Who) -> Seq {
        let log = LogId { conversation: self.talk_of(from, to), device: self.id(from) };
        self.device(who).disk.whole(log)
    }

    /// What a device's clock says.
    #[must_use]
    pub fn now(&self, who: Who) -> Time {
        self.device(who).now(self.now)
    }

    /// Whether a device is on.
    #[must_use]
    pub fn is_on(&self, who: Who) -> bool {
        self.device(who).node.is_some()
    }

    /// The places of what `from` said to `to` of which a device wants the bodies, as it told last.
    #[must_use]
    pub fn wanted(&self, who: Who, from: Who, to: Who) -> Vec<Seq> {
        let log = LogId { conversation: self.talk_of(from, to), device: self.id(from) };
        self.device(who).wants.get(&log).cloned().unwrap_or_default()
    }

    /// How many links a device has with another one.
    #[must_use]
    pub fn links(&self, who: Who, other: Who) -> usize {
        let links = self.device(who).links.values();
        let wires = links.filter_map(|(wire, _)| self.wires.get(wire.0));
        wires.filter(|wire| wire.ends.iter().any(|end| end.who == other)).count()
    }

    /// How often a device dialled.
    #[must_use]
    pub fn dials(&self, who: Who) -> u64 {
        self.device(who).dials
    }

    /// When a device's node wants to be called next.
    #[must_use]
    pub fn alarm(&self, who: Who) -> Option<Time> {
        self.device(who).due
    }

    /// How many bytes of runs a device sent on its links with another one.
    #[must_use]
    pub fn carried(&self, who: Who, other: Who) -> u64 {
        self.ends(who, other).map(|end| end.carried).sum()
    }

    /// How much a device said on its links with another one, besides renewals.
    #[must_use]
    pub fn said(&self, who: Who, other: Who) -> u64 {
        self.ends(who, other).map(|end| end.said).sum()
    }

    /// A device's ends of its links with another one.
    fn ends(&self, who: Who, other: Who) -> impl Iterator<Item = &End> {
        let with = self.wires.iter().filter(move |w| w.ends.iter().any(|end| end.who == other));
        with.flat_map(|wire| &wire.ends).filter(move |end| end.who == who)
    }

    /// How much a device said on links made with this secret, besides renewals.
    #[must_use]
    pub fn said_under(&self, who: Who, secret: SecretId) -> u64 {
        let under = self.wires.iter().filter(|wire| wire.secret == secret);
        under.flat_map(|wire| &wire.ends).filter(|end| end.who == who).map(|end| end.said).sum()
    }

    /// Waits until two devices are linked.
    pub fn link(&mut self, one: Who, other: Who) {
        self.until("they are linked", |w| w.links(one, other) > 0 && w.links(other, one) > 0);
    }

    /// The node of a device.
    ///
    /// # Panics
    /// If it is off.
    #[must_use]
    pub fn node(&self, who: Who) -> &Node {
        self.device(who).node.as_ref().expect("it is on")
    }

    /// Whom links may be made with, as a device's node said last.
    ///
    /// # Panics
    /// If it is off.
    #[must_use]
    pub fn directory(&self, who: Who) -> &Directory {
        &self.device(who).directory.as_ref().expect("it is on").directory
    }

    /// What a device told its person, from the first day.
    #[must_use]
    pub fn events(&self, who: Who) -> &[Event] {
        &self.device(who).events
    }

    /// A device says something that its node did not: what somebody with an app of his own could.
    ///
    /// # Panics
    /// If the two are not linked.
    pub fn forge(&mut self, from: Who, to: Who, frame: &Frame) {
        self.forge_bytes(from, to, frame.encode());
    }

    /// The same with bytes that need be no frame.
    ///
    /// # Panics
    /// If the two are not linked.
    pub fn forge_bytes(&mut self, from: Who, to: Who, bytes: Vec<u8>) {
        let links = self.device(from).links.iter();
        let to = |(_, (wire, _)): &(_, &(crate::wire::WireId, _))| {
            let wire = self.wires.get(wire.0);
            wire.is_some_and(|wire| wire.ends.iter().any(|end| end.who == to))
        };
        let link = links.filter(to).map(|(link, _)| *link).next_back();
        self.put_on(from, link.expect("they are linked"), bytes);
    }
}
