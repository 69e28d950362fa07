//! Frames: what travels inside a link.
//!
//! Unknown kinds are skipped, so an old node bears a new one's frames.

use alloc::{string::String, vec::Vec};

use super::{
    Cut, Invalid, MapRecord, Renewal, Signed, decode, encode,
    letter::MAX_LETTER,
    message::{Wire, message, numbered, plain},
};
use crate::id::{AccountId, ConversationId, DeviceId, IntroductionId, LogId, SecretId, Seq};

/// The most a frame may take, padding included.
pub const MAX_FRAME: usize = 60 << 10;
/// Frames are padded to a multiple of this, so that their length says little.
pub const PAD: usize = 128;
/// A frame of no kind: it says nothing, and is answered as all that is not empty.
pub const ASK: [u8; 2] = [0x78, 1];
/// The most logs one [`Have`] speaks for; more go in several.
pub const MAX_LOGS: usize = 256;
/// The most ranges told beyond what is contiguous.
pub const MAX_RANGES: usize = 32;
/// The most branches that are kept of a forked log; then it is closed to others.
pub const MAX_TIPS: usize = 16;
const MAX_WANTS: usize = 64;
/// The most bodies of one log that are wanted at once.
pub const MAX_BODIES: usize = 32;
const MAX_RECORDS: usize = 1024;
const MAX_SECRETS: usize = 16;
/// No invite's text is longer.
const MAX_INVITE_TEXT: usize = 400;

/// One thing said on a link.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// What the sender holds.
    Have(Have),
    /// What the sender lacks of logs, whatever it told to hold.
    Want(Want),
    /// Entries, as signed by their author; whoever takes it in opens it first.
    Run(Vec<u8>),
    /// An account's newer roster.
    Roster(Signed),
    /// A device's newer card.
    Card(Signed),
    /// Which of their secrets the sender holds: once both sides hold two, one is dropped.
    Secrets(Vec<SecretId>),
    /// The sender's map between own devices has this digest.
    MapDigest([u8; 32]),
    /// Records of the map between own devices.
    Map(Vec<MapRecord>),
    /// What the two accounts share was renewed. Nothing is said behind it on that link.
    Renewal(Renewal),
    /// Something of an introduction.
    Introduction(Introduction),
}

message! {
    /// Something said of two people whom a friend of both introduces to each other.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Introduction {
        /// Which introduction; drawn by who introduces.
        pub id: IntroductionId = 1 bytes;
        /// What is said.
        pub step: Step = 2 int32;
        /// In an offer: whom to meet.
        pub whom: Option<AccountId> = 3 bytes;
        /// In an offer what the introducer calls that person; with yes an invite.
        pub text: String = 4 string [MAX_INVITE_TEXT];
        /// One of the two letters of a hello.
        pub letter: Vec<u8> = 5 bytes [MAX_LETTER];
    }
}

/// What is said of an introduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum Step {
    /// Something of a later version.
    Unspecified = 0,
    /// By the introducer: would you meet somebody?
    Offer = 1,
    /// By one of the two: yes, with this invite; passed on to the other one.
    Yes = 2,
    /// By one of the two: no.
    No = 3,
    /// By one of the two: a sealed letter for the other one; passed on.
    Letter = 4,
    /// By one of the two: we are friends.
    Done = 5,
}

numbered!(Step);

impl Introduction {
    /// Nothing but what is said of which one.
    pub(crate) fn new(id: IntroductionId, step: Step) -> Self {
        Self { id, step, whom: None, text: String::new(), letter: Vec::new() }
    }
}

message! {
    /// What a device holds, by log: newest replaces older, for the logs it names only.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Have {
        /// Digests of whole conversations, said when a link comes up.
        pub digests: Vec<Digest> = 1 repeated message [MAX_LOGS];
        /// Logs.
        pub logs: Vec<(LogId, LogHave)> = 2 repeated message [MAX_LOGS];
        /// Of these conversations the logs here are all the sender holds.
        pub whole: Vec<ConversationId> = 3 repeated bytes [MAX_LOGS];
    }
}

message! {
    /// What a device holds of a conversation, in short.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Digest {
        /// Which conversation.
        pub conversation: ConversationId = 1 bytes;
        /// A hash of its heads.
        pub digest: u64 = 2 fixed64;
    }
}

message! {
    /// Runs that the sender wants outright.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct Want {
        /// Of which logs, and where.
        pub ranges: Vec<Range> = 1 repeated message [MAX_WANTS];
    }
}

message! {
    /// Places of a log, both ends included.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Range {
        /// Which conversation.
        pub conversation: ConversationId = 1 bytes;
        /// Whose log there.
        pub device: DeviceId = 2 bytes;
        /// The first place.
        pub first: Seq = 3 uint64;
        /// The last place.
        pub last: Seq = 4 uint64;
    }
}

/// What a device holds of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogHave {
    /// It wants nothing before this place.
    pub from: Seq,
    /// All up to here is there; of a log that forks, all that its branches share.
    pub upto: Seq,
    /// The id of the entry there, its first eight bytes.
    pub id: [u8; 8],
    /// What is there beyond: first and last places, ascending, apart from each other.
    pub beyond: Vec<(Seq, Seq)>,
    /// If the log forks behind `upto`: the ids of the entries that none follows, and of those that
    /// are lacking and followed; their first eight bytes, ascending.
    pub tips: Vec<[u8; 8]>,
    /// Its person has read up to here, and says so.
    pub read: Seq,
    /// Places of which it lacks the body, and wants it.
    pub wants: Vec<Seq>,
    /// Where it ends, if its device was removed.
    pub cut: Option<Cut>,
}

impl LogHave {
    /// Whether there are branches.
    pub fn forks(&self) -> bool {
        !self.tips.is_empty()
    }

    /// The last place where something is known to be there.
    pub fn last(&self) -> Seq {
        self.beyond.last().map_or(self.upto, |(_, last)| *last)
    }

    /// Whether the entry at this place is there.
    pub fn holds(&self, seq: Seq) -> bool {
        seq <= self.upto || self.beyond.iter().any(|(first, last)| (*first..=*last).contains(&seq))
    }

    /// Whether the entry at this place is there with all that it should say.
    pub fn received(&self, seq: Seq) -> bool {
        self.holds(seq) && !self.wants.contains(&seq)
    }
}

impl Frame {
    /// The frame's bytes, without padding.
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self {
            Self::Have(have) => KindProto::Have(have.to_proto()),
            Self::Want(want) => KindProto::Want(want.to_proto()),
            Self::Run(bytes) => KindProto::Run(bytes.clone()),
            Self::Roster(signed) => KindProto::Roster(signed.clone()),
            Self::Card(signed) => KindProto::Card(signed.clone()),
            Self::Secrets(ids) => KindProto::Secrets(ListProto { items: ids.to_proto() }),
            Self::MapDigest(digest) => KindProto::MapDigest(digest.to_proto()),
            Self::Map(records) => KindProto::Map(MapProto { records: records.clone() }),
            Self::Introduction(said) => KindProto::Introduction(said.to_proto()),
            Self::Renewal(renewal) => KindProto::Renewal(renewal.to_proto()),
        };
        encode(&FrameProto { kind: Some(kind) })
    }

    /// Reads a frame; `None` is one of a kind this version does not know.
    ///
    /// # Errors
    /// [`Invalid`] if the bytes are no frame, or something in it is out of its bound.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Invalid> {
        let proto: FrameProto = decode(bytes, MAX_FRAME)?;
        let frame = match proto.kind {
            None => return Ok(None),
            Some(KindProto::Have(have)) => Self::Have(Have::of_proto(have)?),
            Some(KindProto::Want(want)) => Self::Want(Want::of_proto(want)?),
            Some(KindProto::Run(bytes)) => Self::Run(bytes),
            Some(KindProto::Roster(signed)) => Self::Roster(signed),
            Some(KindProto::Card(signed)) => Self::Card(signed),
            Some(KindProto::Secrets(mut list)) => {
                list.items.truncate(MAX_SECRETS);
                Self::Secrets(Wire::of_proto(list.items)?)
            }
            Some(KindProto::MapDigest(digest)) => Self::MapDigest(Wire::of_proto(digest)?),
            Some(KindProto::Map(map)) if map.records.len() <= MAX_RECORDS => Self::Map(map.records),
            Some(KindProto::Map(_)) => return Err(Invalid),
            Some(KindProto::Introduction(said)) => Self::Introduction(Wire::of_proto(said)?),
            Some(KindProto::Renewal(renewal)) => Self::Renewal(Wire::of_proto(renewal)?),
        };
        Ok(Some(frame))
    }
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct FrameProto {
    #[prost(oneof = "KindProto", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")]
    kind: Option<KindProto>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
#[prost(skip_debug)]
enum KindProto {
    #[prost(message, tag = "1")]
    Have(<Have as Wire>::Proto),
    #[prost(message, tag = "2")]
    Want(<Want as Wire>::Proto),
    #[prost(bytes, tag = "3")]
    Run(Vec<u8>),
    #[prost(message, tag = "4")]
    Roster(Signed),
    #[prost(message, tag = "5")]
    Card(Signed),
    #[prost(message, tag = "6")]
    Secrets(ListProto),
    #[prost(bytes, tag = "7")]
    MapDigest(Vec<u8>),
    #[prost(message, tag = "8")]
    Map(MapProto),
    #[prost(message, tag = "9")]
    Renewal(<Renewal as Wire>::Proto),
    #[prost(message, tag = "10")]
    Introduction(<Introduction as Wire>::Proto),
}

plain!(FrameProto);

#[derive(Clone, PartialEq, prost::Message)]
struct ListProto {
    #[prost(bytes = "vec", repeated, tag = "1")]
    items: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct MapProto {
    #[prost(message, repeated, tag = "1")]
    records: Vec<MapRecord>,
}

message! {
    pub(crate) struct LogProto {
        conversation: ConversationId = 1 bytes;
        device: DeviceId = 2 bytes;
        from: Seq = 3 uint64;
        upto: Seq = 4 uint64;
        id: u64 = 5 fixed64;
        /// First and last places, one after the other.
        beyond: Vec<Seq> = 6 repeated uint64 [2 * MAX_RANGES];
        read: Seq = 7 uint64;
        wants: Vec<Seq> = 8 repeated uint64 [MAX_BODIES];
        tips: Vec<[u8; 8]> = 9 repeated bytes [MAX_TIPS];
        cuts: Vec<Cut> = 10 repeated message [1];
    }
}

impl Wire for (LogId, LogHave) {
    type Proto = <LogProto as Wire>::Proto;

    fn to_proto(&self) -> Self::Proto {
        let (LogId { conversation, device }, have) = self;
        let ends = have.beyond.iter().flat_map(|(first, last)| [*first, *last]);
        let fields = LogProto {
            conversation: *conversation,
            device: *device,
            from: have.from,
            upto: have.upto,
            id: u64::from_le_bytes(have.id),
            beyond: ends.collect(),
            read: have.read,
            wants: have.wants.clone(),
            tips: have.tips.clone(),
            cuts: have.cut.into_iter().collect(),
        };
        fields.to_proto()
    }

    fn of_proto(proto: Self::Proto) -> Result<Self, Invalid> {
        let fields = LogProto::of_proto(proto)?;
        let LogProto { conversation, device, from, upto, read, wants, mut tips, mut cuts, .. } =
            fields;
        let (pairs, []) = fields.beyond.as_chunks::<2>() else { return Err(Invalid) };
        let beyond: Vec<_> = pairs.iter().map(|[first, last]| (*first, *last)).collect();
        let mut floor = upto;
        for (first, last) in &beyond {
            if *first <= floor.next() || last < first {
                return Err(Invalid);
            }
            floor = *last;
        }
        tips.sort_unstable();
        let id = fields.id.to_le_bytes();
        let have = LogHave { from, upto, id, beyond, tips, read, wants, cut: cuts.pop() };
        Ok((LogId { conversation, device }, have))
    }
}
