//! The API's words in the machine's: ids out of hexadecimal, commands.

use std::time::Duration;

use covey_proto::{
    ConversationId, DeviceId, EntryId, IntroductionId,
    io::{self, Refusal},
    people::{IntroduceError, recovery, removal::RemovalError},
    talk::{SayError, Saying},
    wire::letter,
};

use super::{Command, Failure, InviteKind};

const LINK_TTL: Duration = Duration::from_secs(7 * 24 * 3600);
const SCREEN_TTL: Duration = Duration::from_secs(600);

/// The id that begins so, its end filled up.
pub(super) fn filled(id: &str, with: char) -> Option<EntryId> {
    let missing = 64usize.checked_sub(id.len()).filter(|_| id.len() >= 8)?;
    parse_hex(&format!("{id}{}", with.to_string().repeat(missing))).map(EntryId)
}

fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// The conversation of this name.
pub(super) fn conversation(friend: &str) -> Result<ConversationId, Failure> {
    parse_hex(friend).map(ConversationId).ok_or_else(|| Failure::new(Refusal::NoFriend))
}

/// The message of this id.
fn message(id: &str) -> Result<EntryId, Failure> {
    parse_hex(id).map(EntryId).ok_or_else(|| Failure::new(SayError::NoMessage))
}

/// The command in the machine's words.
pub(super) fn machine(command: Command) -> Result<io::Command, Failure> {
    Ok(match command {
        Command::SetName { name } => io::Command::Name(name),
        Command::Invite { kind, ttl } => {
            let (kind, usual) = match kind {
                InviteKind::Link => (letter::InviteKind::Link, LINK_TTL),
                InviteKind::Screen => (letter::InviteKind::Screen, SCREEN_TTL),
                InviteKind::Own => (letter::InviteKind::Own, SCREEN_TTL),
            };
            io::Command::Invite(kind, ttl.map_or(usual, |ttl| Duration::from_secs(ttl.into())))
        }
        Command::KeepDevice { device } => {
            let device = parse_hex(&device).map(DeviceId);
            io::Command::KeepDevice(device.ok_or_else(|| Failure::new(Refusal::NotFormer))?)
        }
        Command::Accept { text } => io::Command::Accept(text),
        Command::Send { friend, text } => io::Command::Send(conversation(&friend)?, text),
        Command::Reply { message: id, text } => {
            io::Command::Act(Saying::Text(text, Some(message(&id)?)))
        }
        Command::Edit { message: id, text } => io::Command::Act(Saying::Edit(message(&id)?, text)),
        Command::Retract { message: id } => io::Command::Act(Saying::Retract(message(&id)?)),
        Command::React { message: id, reaction } => {
            io::Command::Act(Saying::React(message(&id)?, reaction))
        }
        Command::Expire { friend, seconds } => {
            io::Command::Expire(conversation(&friend)?, Duration::from_secs(seconds.into()))
        }
        Command::Read { message: id } => io::Command::Read(message(&id)?),
        Command::TellRead { tell } => io::Command::TellRead(tell),
        Command::Draft { friend, text } => io::Command::Draft(conversation(&friend)?, text),
        Command::Rename { friend, name } => io::Command::Rename(conversation(&friend)?, name),
        Command::Block { friend, blocked } => io::Command::Block(conversation(&friend)?, blocked),
        Command::Verify { friend } => io::Command::Verify(conversation(&friend)?),
        Command::Introduce { friend, to } => {
            io::Command::Introduce(conversation(&friend)?, conversation(&to)?)
        }
        Command::Join { text, name } => io::Command::Join(text, name),
        Command::Confirm { same } => io::Command::Confirm(same),
        Command::NameDevice { name } => io::Command::NameDevice(name),
        Command::Meet { offer, yes } => {
            let id = parse_hex(&offer).map(IntroductionId);
            let id = id.ok_or_else(|| Failure::new(IntroduceError::NoOffer))?;
            io::Command::Meet(id, yes)
        }
        Command::Remove { friend } => io::Command::Remove(conversation(&friend)?),
        Command::RemoveDevice { device } => {
            let id = parse_hex(&device).map(DeviceId);
            io::Command::RemoveDevice(id.ok_or_else(|| Failure::new(RemovalError::Unknown))?)
        }
        Command::RecoveryWords => io::Command::Recovery,
        Command::ForgetRecovery => io::Command::ForgetRecovery,
        Command::Recover { words } => {
            io::Command::Recover(recovery::parse(&words).map_err(Failure::new)?)
        }
    })
}
