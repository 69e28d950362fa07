//! Which room does what a person wants.

use super::Node;
use crate::{
    io::{Command, Refusal, Reply},
    store::Shelf,
    talk,
    time::Time,
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
        let known = |conversation| people.friend(conversation).ok_or(Refusal::NoFriend);
        Ok(match command {
            Command::Name(name) => {
                people.rename(&name, shelf).map_err(|_| Refusal::Name)?;
                Reply::Done
            }
            Command::Invite(InviteKind::Own, _) => {
                Reply::Invite(people.add_device(now, &mut self.dice, shelf)?.text())
            }
            Command::Invite(kind, good_for) => {
                let invite = people.invite(kind, good_for, now, &mut self.dice, shelf);
                Reply::Invite(invite.ok_or(Refusal::TooManyInvites)?.text())
            }
            Command::Accept(text) => {
                Reply::Friend(people.accept(&text, now, &mut self.dice, shelf)?)
            }
            Command::Send(conversation, text) => {
                if known(conversation)?.blocked {
                    return Err(Refusal::Blocked);
                }
                if people.is_spent() {
                    return Err(Refusal::Copied);
                }
                let id = self.talk.say(conversation, text, now, &mut self.dice, shelf)?;
                talk::draft(conversation, "", shelf)?;
                Reply::Sent(id)
            }
            Command::Draft(conversation, text) => {
                known(conversation)?;
                talk::draft(conversation, &text, shelf)?;
                Reply::Done
            }
            Command::Rename(conversation, name) => {
                let friend = known(conversation)?;
                people.call(friend, &name, shelf).map_err(|_| Refusal::Name)?;
                Reply::Done
            }
            Command::Block(conversation, blocked) => {
                let friend = known(conversation)?;
                people.block(friend, blocked, shelf);
                Reply::Done
            }
            Command::Remove(conversation) => {
                let friend = known(conversation)?;
                people.remove(friend, shelf);
                talk::draft(conversation, "", shelf)?;
                Reply::Done
            }
            Command::Verify(conversation) => {
                let friend = known(conversation)?;
                people.verify(friend, shelf);
                Reply::Done
            }
            Command::Introduce(one, other) => {
                let (one, other) = (known(one)?, known(other)?);
                people.introduce(&one, &other, now, &mut self.dice, shelf)?;
                Reply::Done
            }
            Command::Meet(offer, yes) => {
                people.answer_offer(offer, yes, now, &mut self.dice, shelf)?;
                Reply::Done
            }
            Command::Join(text, name) => {
                people.join(&text, &name, now, &mut self.dice, shelf)?;
                Reply::Done
            }
            Command::Confirm(same) => {
                people.confirm(same, &mut self.dice, shelf)?;
                self.reach.again(now);
                Reply::Done
            }
            Command::NameDevice(name) => {
                people.name_device(&name, shelf)?;
                Reply::Done
            }
        })
    }
}
