//! What goes into the machine and what comes out of it.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

pub use crate::id::Asker;
use crate::{
    id::{
        AccountId, ConversationId, DeviceId, EntryId, IntroductionId, LinkId, LogId, SecretId, Seq,
    },
    people::{
        self, Friend, IntroduceError, device::DeviceError, directory::Directory,
        invite::InviteError, recovery::RecoveryError, removal::RemovalError,
    },
    reach::{self, DialId, Failure},
    seal::Secret,
    talk::{self, SayError, Saying},
    time::Time,
    wire::{Address, Frame, Run, Signed, Transport, letter::InviteKind},
};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A person wants something.
    Command(Asker, Command),
    /// A link is up.
    LinkUp(LinkId, Arrival),
    /// A link is gone, and why unless it was closed as links are.
    LinkDown(LinkId, Option<Failure>),
    /// Something was said on a link.
    Frame(LinkId, Said),
    /// A stranger's letter 1.
    Letter(Asker, Vec<u8>),
    /// What came back for a letter of ours.
    Answered(DialId, Vec<u8>),
    /// A dial came to nothing.
    DialFailed(DialId, Failure),
    /// A service on the local network, with its tags and addresses.
    Heard(String, Vec<Vec<u8>>, Vec<Address>),
    /// It is gone from there.
    Lost(String),
    /// Where this device may be dialled now: the network changed.
    Reachable(Vec<Address>),
    /// A run from a backup, which a device of this account took in before.
    Restored(Run),
    /// The clock was set, or the machine slept.
    ClockStep,
    /// Fresh bytes from the system.
    Stir([u8; 32]),
    /// The time of [`crate::Node::poll_timeout`] has come.
    Timeout,
}

/// Who is at the other end of a link, as far as its handshake proved.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Whose device.
    pub account: AccountId,
    /// Which.
    pub device: DeviceId,
    /// The secret that the link is made with.
    pub secret: SecretId,
    /// The account's roster, as the device showed it.
    pub roster: Signed,
    /// The device's card.
    pub card: Signed,
    /// What carries the link.
    pub transport: Transport,
    /// What its clock says.
    pub clock: Time,
    /// The dial it came of, if it was ours, and where that went.
    pub dialled: Option<(DialId, Address)>,
}

/// A frame whose run, if it is one, was opened by the connection's task.
#[derive(Clone, Debug)]
pub enum Said {
    /// Entries, checked.
    Run(Run),
    /// Anything else.
    Frame(Frame),
}

/// What a person wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// To be called so.
    Name(String),
    /// An invite of this kind, good for so long; one for an own device is shown for ten minutes.
    Invite(InviteKind, Duration),
    /// To answer an invite.
    Accept(String),
    /// To say a text.
    Send(ConversationId, String),
    /// To say something about a message, where that is.
    Act(Saying),
    /// To have what is said from now on kept for so long; no time is for ever.
    Expire(ConversationId, Duration),
    /// To have read this message, and all before it.
    Read(EntryId),
    /// That friends are told what was read, or not.
    TellRead(bool),
    /// To keep a text that is not sent yet, or, with an empty one, none.
    Draft(ConversationId, String),
    /// To call a friend so.
    Rename(ConversationId, String),
    /// To hear nothing from a friend, or to hear him again.
    Block(ConversationId, bool),
    /// To end a friendship.
    Remove(ConversationId),
    /// To keep a device that this one was before.
    KeepDevice(DeviceId),
    /// To take a friend's safety number for compared.
    Verify(ConversationId),
    /// To bring two friends together.
    Introduce(ConversationId, ConversationId),
    /// To meet whom a friend introduces, or not to.
    Meet(IntroductionId, bool),
    /// That this device, called so, becomes one of the account whose invite this is.
    Join(String, String),
    /// To say whether both devices show the same digits.
    Confirm(bool),
    /// To call this device so.
    NameDevice(String),
    /// To have a device of one's own no more.
    RemoveDevice(DeviceId),
    /// To see the recovery key.
    Recovery,
    /// To erase the recovery key from this device.
    ForgetRecovery,
    /// To recover the account with this key.
    Recover(Secret),
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Done,
    /// The invite's text.
    Invite(String),
    /// The friend-to-be.
    Friend(Friend),
    /// The entry that says it.
    Sent(EntryId),
    /// The recovery key.
    Recovery(Secret),
}

/// Why a command came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The invite is good for nothing.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// No device is added.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// It cannot be said.
    #[error(transparent)]
    Say(#[from] SayError),
    /// The device stays.
    #[error(transparent)]
    Removal(#[from] RemovalError),
    /// The words do not recover it.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// This device is none of the account's any more.
    #[error("this device was removed from your account; what it holds can still be read")]
    Removed,
    /// The name is empty, too long, or another friend's.
    #[error("that name is empty, too long, or another friend's; choose another")]
    Name,
    /// Nobody can be introduced.
    #[error(transparent)]
    Introduce(#[from] IntroduceError),
    /// There is no such friend.
    #[error("there is no such friend")]
    NoFriend,
    /// The friend is blocked.
    #[error("this friend is blocked; unblock to write")]
    Blocked,
    /// This is another device in a moment.
    #[error("this device was copied or set back and is becoming a new one; try again")]
    Copied,
    /// This one never was that device, or it was said already.
    #[error("nobody asks whether that device is gone; see `covey status`")]
    NotFormer,
    /// Too many invites are open.
    #[error("64 invites are open already; wait until one expires")]
    TooManyInvites,
}

/// Something to do, after the commit.
#[derive(Clone, Debug)]
pub enum Output {
    /// Say this on a link.
    Tell(LinkId, Frame),
    /// Send the runs of a log on a link, from the first of these places to the last.
    Send(LinkId, LogId, Seq, Seq),
    /// Answer a stranger's letter; nothing means: say nothing and hang up.
    Answer(Asker, Option<Vec<u8>>),
    /// Links may be made with these from now on.
    Roster(Directory),
    /// Dial; for a hello the letter is given.
    Dial(reach::Dial, Option<Vec<u8>>),
    /// Close a link.
    Close(LinkId),
    /// Announce these tags on the local network.
    Announce(Vec<Vec<u8>>),
    /// A service of the local network may be gone.
    Doubt(String),
    /// A command is done.
    Done(Asker, Result<Reply, Refusal>),
    /// A person should know.
    Event(Event),
    /// The disk says that this is another device now: all links are closed, and a new machine is
    /// made from the disk.
    Anew,
}

/// What a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// About friends and invites.
    People(people::News),
    /// About messages.
    Talk(talk::News),
    /// About who is linked.
    Reach(reach::News),
}
