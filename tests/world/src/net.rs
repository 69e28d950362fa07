//! Dials: who reaches whom, which handshakes succeed, and letters with their answers.

use std::{collections::BTreeMap, rc::Rc};

use covey_proto::{
    Input, InviteTag, Target, Time,
    io::{Arrival, Asker},
    people::{account::Rosters, directory::Directory},
    reach::{Dial, DialId, Failure},
    seal::{self, Context},
    wire::Address,
};

use crate::{
    device::{Device, Who},
    people::local,
    wire::{End, NOTICE, Side, Wire, WireId},
    world::{Happening, World},
};

/// A dial on its way.
#[derive(Debug)]
pub(crate) struct Knock {
    from: Who,
    run: u64,
    dial: Dial,
    /// What the caller knew when it dialled.
    knows: Option<Rc<Known>>,
    letter: Option<Vec<u8>>,
}

/// Whom a device knows, and a hash of it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) directory: Directory,
    hash: [u8; 32],
}

/// Two devices and what they know: that decides whether the first may have a link with the second.
pub(crate) type Handshake = (Who, [u8; 32], Who, [u8; 32]);

impl Known {
    pub(crate) fn new(directory: Directory) -> Self {
        let rosters = directory.accounts.values().flat_map(Rosters::signed);
        let signed = rosters.chain([&directory.roster, &directory.card]);
        let signed = signed.map(|signed| &signed.signature[..]);
        let devices = directory
            .devices
            .iter()
            .flat_map(|(id, (noise, secret))| [&id.0[..], &noise[..], &secret.0]);
        let secrets = directory.secrets.keys().map(|id| &id.0[..]);
        let fields: Vec<_> = signed.chain(devices).chain(secrets).collect();
        let hash = seal::derive(Context::Digest, &fields);
        Self { directory, hash }
    }
}

/// Letters that wait for their answers, by asker.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    last: u64,
    open: BTreeMap<u64, (Who, u64, DialId, InviteTag)>,
}

impl World {
    pub(crate) fn dial(&mut self, from: Who, dial: Dial, letter: Option<Vec<u8>>) {
        self.note(|| format!("{from:?} dials {dial:?}"));
        let device = self.device_mut(from);
        device.dials += 1;
        let (run, knows) = (device.run, device.directory.clone());
        let delay = self.delay();
        let knock = Knock { from, run, dial, knows, letter };
        self.at(self.now.after(delay), Happening::Knock(knock));
    }

    /// A dial arrives somewhere, or nowhere.
    pub(crate) fn knocked(&mut self, knock: Knock) {
        let Knock { from, run, dial, .. } = knock;
        if !self.runs(from, run) {
            return;
        }
        let lost = self.lost();
        let to = self.reached(from, dial.address).filter(|_| !lost);
        let Some(to) = to else {
            return self.fail(from, run, dial.id, Failure::Silent);
        };
        match (dial.target, knock.letter) {
            (Target::Device(_), _) => self.shake_hands(knock.knows, from, to, dial),
            (Target::Inviter(tag), Some(letter)) => self.leave(from, to, dial.id, tag, letter),
            (Target::Inviter(_), None) => self.fail(from, run, dial.id, Failure::HungUp),
        }
    }

    /// The device that somebody who dials this address reaches.
    fn reached(&self, from: Who, address: Address) -> Option<Who> {
        let lan = self.device(from).lan;
        let to = self.everybody().find(|other| {
            let there = self.device(*other);
            let near = lan.is_some() && lan == there.lan && local(*other) == address;
            near || there.addresses.contains(&address)
        })?;
        let cut = self.cuts.contains(&(from.min(to), from.max(to)));
        (!cut && self.device(to).node.is_some() && from != to).then_some(to)
    }

    /// What both ends' connections do: the link is up at both, unless one of them refuses.
    fn shake_hands(&mut self, knows: Option<Rc<Known>>, from: Who, to: Who, dial: Dial) {
        let run = self.device(from).run;
        let (Some(knows), Some(there)) = (knows, self.device(to).directory.clone()) else {
            return self.fail(from, run, dial.id, Failure::HungUp);
        };
        let key = (from, knows.hash, to, there.hash);
        let (knows, there) = (&knows.directory, &there.directory);
        let agreed = match self.handshakes.get(&key) {
            Some(agreed) => *agreed,
            None => agree(self.device(from), knows, self.device(to), there),
        };
        self.handshakes.insert(key, agreed);
        if !agreed || dial.target != Target::Device(self.device(to).id) {
            self.note(|| format!("{from:?} refused by {to:?}"));
            return self.fail(from, run, dial.id, Failure::HungUp);
        }
        let Some(secret) = knows.way(self.device(to).id).map(|way| way.secret) else { return };
        let arrival = |device: &Device, directory: &Directory, dialled| Arrival {
            account: device.account,
            device: device.id,
            secret,
            roster: directory.roster.clone(),
            card: directory.card.clone(),
            transport: dial.address.transport,
            clock: device.now(self.now),
            dialled,
        };
        let dialled = Some((dial.id, dial.address));
        let at_from = arrival(self.device(to), there, dialled);
        let at_to = arrival(self.device(from), knows, None);
        // message 2 goes back, message 3 comes
        let second = self.now.after(self.delay());
        let third = second.after(self.delay());
        let end = |who, run, arrival, last: Time| End {
            who,
            run,
            arrival: Some(arrival),
            link: None,
            last,
            carried: 0,
            said: 0,
        };
        let ends = [end(from, run, at_from, second), end(to, self.device(to).run, at_to, third)];
        let wire = WireId(self.wires.len());
        self.wires.push(Wire { ends, secret, broken: false });
        self.at(second, Happening::Up(wire, Side::Dialled));
        self.at(third, Happening::Up(wire, Side::Answered));
    }

    /// A letter arrives.
    fn leave(&mut self, from: Who, to: Who, dial: DialId, tag: InviteTag, letter: Vec<u8>) {
        self.letters.last += 1;
        let asker = self.letters.last;
        let run = self.device(from).run;
        self.letters.open.insert(asker, (from, run, dial, tag));
        self.after(NOTICE, Happening::GiveUp(asker));
        self.tell(to, 0, Input::Letter(Asker(asker), letter));
    }

    /// A letter is answered, or its bearer turned away.
    pub(crate) fn answer(&mut self, asker: Asker, answer: Option<Vec<u8>>) {
        let Some(&(from, run, dial, _)) = self.letters.open.get(&asker.0) else { return };
        if self.lost() {
            return;
        }
        self.letters.open.remove(&asker.0);
        let input = match answer {
            Some(answer) => Input::Answered(dial, answer),
            None => Input::DialFailed(dial, Failure::HungUp),
        };
        let delay = self.delay();
        self.at(self.now.after(delay), Happening::Input(from, run, input));
    }

    pub(crate) fn give_up(&mut self, letter: u64) {
        if let Some((from, run, dial, _)) = self.letters.open.remove(&letter) {
            self.hand(from, run, Input::DialFailed(dial, Failure::Silent));
        }
    }

    fn fail(&mut self, from: Who, run: u64, dial: DialId, why: Failure) {
        let ms = self.dice.below(if why == Failure::Silent { NOTICE } else { 1 });
        self.after(ms, Happening::Input(from, run, Input::DialFailed(dial, why)));
    }
}

/// Whether a handshake between the two succeeds, given what each knows.
fn agree(from: &Device, here: &Directory, to: &Device, there: &Directory) -> bool {
    let Some(way) = here.way(to.id) else { return false };
    let caller = there.judge(&from.noise, &here.greeting(Some(way.secret), Time(0)));
    let known = caller == Some((from.account, from.id, way.psk));
    let answered = here.vouched(to.account, &to.noise, &there.greeting(None, Time(0)));
    known && way.noise == to.noise && answered == Some(to.id)
}
