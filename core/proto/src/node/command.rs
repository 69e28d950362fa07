//! Which room does what a person wants.

use super::Node;
use crate::{
    id::ConversationId,
    io::{Command, Refusal, Reply},
    store::Shelf,
    talk::{self, SayError, Saying},
    time::{Time, millis},
    wire::letter::InviteKind,
};

impl Node {
    pub(super) fn on_command(
        &mut self,
        command: Command,
        now: Time,
        shelf: &mut dyn Shelf,
    ) -> Result<Reply, Refusal> {
        let people = &mut self.people;
        if !people.is_listed() && !matches!(command, Command::Recover(_)) {
            return Err(Refusal::Removed);
        }
        let known = |conversation| people.friend(conversation).ok_or(Refusal::NoFriend);
        match command {
            Command::Name(name) => people.rename(&name, shelf).map_err(|_| Refusal::Name)?,
            Command::Invite(InviteKind::Own, _) => {
                let invite = people.add_device(now, &mut self.dice, shelf)?;
                return Ok(Reply::Invite(invite.text()));
            }
            Command::Invite(kind, good_for) => {
                let invite = people.invite(kind, good_for, now, &mut self.dice, shelf);
                return Ok(Reply::Invite(invite.ok_or(Refusal::TooManyInvites)?.text()));
            }
            Command::Accept(text) => {
                return Ok(Reply::Friend(people.accept(&text, now, &mut self.dice, shelf)?));
            }
            Command::Send(here, text) => {
                let reply = self.say(here, Saying::Text(text, None), now, shelf)?;
                talk::draft(here, "", shelf)?;
                return Ok(reply);
            }
            Command::Draft(conversation, text) => {
                known(conversation)?;
                talk::draft(conversation, &text, shelf)?;
            }
            Command::Act(saying) => {
                let target = saying.target().and_then(|target| shelf.find(target));
                let here = target.ok_or(SayError::NoMessage)?.log.conversation;
                return self.say(here, saying, now, shelf);
            }
            Command::Expire(here, span) => {
                return self.say(here, Saying::Expire(millis(span)), now, shelf);
            }
            Command::Read(id) => {
                let message = shelf.find(id).ok_or(SayError::NoMessage)?;
                known(message.log.conversation)?;
                let read = self.talk.read(&message, shelf);
                read.into_iter().for_each(|(log, upto)| people.mark(log, upto, shelf));
            }
            Command::TellRead(tell) => people.tell_read(tell, shelf),
            Command::KeepDevice(device) => {
                let asked = people.keep_former(device, shelf);
                return asked.then_some(Reply::Done).ok_or(Refusal::NotFormer);
            }
            Command::Rename(conversation, name) => {
                let friend = known(conversation)?;
                people.call(friend, &name, shelf).map_err(|_| Refusal::Name)?;
            }
            Command::Block(conversation, blocked) => {
                let friend = known(conversation)?;
                people.block(friend, blocked, shelf);
            }
            Command::Remove(conversation) => {
                let friend = known(conversation)?;
                people.remove(friend, shelf);
                talk::draft(conversation, "", shelf)?;
            }
            Command::Verify(conversation) => {
                let friend = known(conversation)?;
                people.verify(friend, shelf);
            }
            Command::Introduce(one, other) => {
                let (one, other) = (known(one)?, known(other)?);
                people.introduce(&one, &other, now, &mut self.dice, shelf)?;
            }
            Command::Meet(offer, yes) => {
                people.answer_offer(offer, yes, now, &mut self.dice, shelf)?;
            }
            Command::Join(text, name) => {
                people.join(&text, &name, now, &mut self.dice, shelf)?;
            }
            Command::Confirm(same) => {
                people.confirm(same, &mut self.dice, shelf)?;
                self.reach.again(now);
            }
            Command::NameDevice(name) => people.name_device(&name, shelf)?,
            Command::RemoveDevice(device) => people.remove_device(device, shelf)?,
            Command::Recovery => return Ok(Reply::Recovery(people.recovery()?)),
            Command::ForgetRecovery => people.forget_recovery(shelf),
            Command::Recover(key) => people.recover(&key, &mut self.dice, shelf)?,
        }
        Ok(Reply::Done)
    }

    /// Says something to a friend.
    fn say(
        &mut self,
        here: ConversationId,
        saying: Saying,
        now: Time,
        shelf: &mut dyn Shelf,
    ) -> Result<Reply, Refusal> {
        if self.people.friend(here).ok_or(Refusal::NoFriend)?.blocked {
            return Err(Refusal::Blocked);
        }
        if self.people.is_spent() {
            return Err(Refusal::Copied);
        }
        Ok(Reply::Sent(self.talk.say(here, saying, now, &mut self.dice, shelf)?))
    }
}
