//! Frames: what travels inside a link.
//!
//! Unknown kinds are skipped, so an old node bears a new one's frames.

use alloc::vec::Vec;

use prost::Message;

use super::{Invalid, Signed, decode, record::MapRecord};
use crate::id::{ConversationId, DeviceId, LogId, SecretId, Seq};

/// The most a frame may take, padding included.
pub const MAX_FRAME: usize = 60 << 10;
/// Frames are padded to a multiple of this, so that their length says little.
pub const PAD: usize = 128;
/// The most logs one [`Have`] speaks for; more go in several.
pub const MAX_LOGS: usize = 256;
/// The most ranges told beyond what is contiguous.
pub const MAX_RANGES: usize = 32;
const MAX_RECORDS: usize = 1024;

/// One thing said on a link.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// What the sender holds.
    Have(Have),
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
}

/// What a device holds, by log: newest replaces older, for the logs it names only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Have {
    /// Digests of whole conversations, said when a link comes up.
    pub digests: Vec<(ConversationId, [u8; 8])>,
    /// Logs.
    pub logs: Vec<(LogId, LogHave)>,
    /// Of these conversations the logs here are all the sender holds.
    pub whole: Vec<ConversationId>,
}

/// What a device holds of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogHave {
    /// It wants nothing before this place.
    pub from: Seq,
    /// All up to here is there.
    pub upto: Seq,
    /// The id of the entry there, its first eight bytes.
    pub id: [u8; 8],
    /// What is there beyond: first and last places, ascending, apart from each other.
    pub beyond: Vec<(Seq, Seq)>,
}

impl LogHave {
    /// Whether the entry at this place is there.
    #[must_use]
    pub fn holds(&self, seq: Seq) -> bool {
        seq <= self.upto || self.beyond.iter().any(|(first, last)| (*first..=*last).contains(&seq))
    }
}

impl Frame {
    /// The frame's bytes, without padding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self {
            Self::Have(have) => KindProto::Have(have.into()),
            Self::Run(bytes) => KindProto::Run(bytes.clone()),
            Self::Roster(signed) => KindProto::Roster(signed.clone()),
            Self::Card(signed) => KindProto::Card(signed.clone()),
            Self::Secrets(ids) => KindProto::Secrets(ListProto {
                items: ids.iter().map(|id| id.0.to_vec()).collect(),
            }),
            Self::MapDigest(digest) => KindProto::MapDigest(digest.to_vec()),
            Self::Map(records) => KindProto::Map(MapProto { records: records.clone() }),
        };
        FrameProto { kind: Some(kind) }.encode_to_vec()
    }

    /// Reads a frame; `None` is one of a kind this version does not know.
    ///
    /// # Errors
    /// [`Invalid`] if the bytes are no frame, or something in it is out of its bound.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Invalid> {
        let proto: FrameProto = decode(bytes, MAX_FRAME)?;
        let frame = match proto.kind {
            None => return Ok(None),
            Some(KindProto::Have(have)) => Self::Have(have.try_into()?),
            Some(KindProto::Run(bytes)) => Self::Run(bytes),
            Some(KindProto::Roster(signed)) => Self::Roster(signed),
            Some(KindProto::Card(signed)) => Self::Card(signed),
            Some(KindProto::Secrets(list)) => {
                const MAX_SECRETS: usize = 16;
                let ids = list.items.iter().take(MAX_SECRETS).map(|id| SecretId::parse(id));
                Self::Secrets(ids.collect::<Option<_>>().ok_or(Invalid)?)
            }
            Some(KindProto::MapDigest(digest)) => {
                Self::MapDigest(digest.try_into().map_err(|_| Invalid)?)
            }
            Some(KindProto::Map(map)) if map.records.len() <= MAX_RECORDS => Self::Map(map.records),
            Some(KindProto::Map(_)) => return Err(Invalid),
        };
        Ok(Some(frame))
    }
}

impl LogHave {
    /// The bytes of it beside its log, for the store.
    #[must_use]
    pub fn encode(&self, log: LogId) -> Vec<u8> {
        LogProto::from(&(log, self.clone())).encode_to_vec()
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`Invalid`] if it is no such thing.
    pub fn parse(bytes: &[u8]) -> Result<(LogId, Self), Invalid> {
        decode::<LogProto>(bytes, MAX_FRAME)?.try_into()
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct FrameProto {
    #[prost(oneof = "KindProto", tags = "1, 3, 4, 5, 6, 7, 8")]
    kind: Option<KindProto>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum KindProto {
    #[prost(message, tag = "1")]
    Have(HaveProto),
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
}

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

#[derive(Clone, PartialEq, prost::Message)]
struct HaveProto {
    #[prost(message, repeated, tag = "1")]
    digests: Vec<DigestProto>,
    #[prost(message, repeated, tag = "2")]
    logs: Vec<LogProto>,
    #[prost(bytes = "vec", repeated, tag = "3")]
    whole: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct DigestProto {
    #[prost(bytes = "vec", tag = "1")]
    conversation: Vec<u8>,
    #[prost(fixed64, tag = "2")]
    digest: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LogProto {
    #[prost(bytes = "vec", tag = "1")]
    conversation: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    device: Vec<u8>,
    #[prost(uint64, tag = "3")]
    from: u64,
    #[prost(uint64, tag = "4")]
    upto: u64,
    #[prost(fixed64, tag = "5")]
    id: u64,
    /// First and last places, one after the other.
    #[prost(uint64, repeated, tag = "6")]
    beyond: Vec<u64>,
}

fn log_of(conversation: &[u8], device: &[u8]) -> Result<LogId, Invalid> {
    Ok(LogId {
        conversation: ConversationId::parse(conversation).ok_or(Invalid)?,
        device: DeviceId::parse(device).ok_or(Invalid)?,
    })
}

impl From<&Have> for HaveProto {
    fn from(have: &Have) -> Self {
        let digest = |(conversation, digest): &(ConversationId, [u8; 8])| DigestProto {
            conversation: conversation.0.to_vec(),
            digest: u64::from_le_bytes(*digest),
        };
        Self {
            digests: have.digests.iter().map(digest).collect(),
            logs: have.logs.iter().map(LogProto::from).collect(),
            whole: have.whole.iter().map(|id| id.0.to_vec()).collect(),
        }
    }
}

impl TryFrom<HaveProto> for Have {
    type Error = Invalid;

    fn try_from(proto: HaveProto) -> Result<Self, Invalid> {
        let lengths = [proto.digests.len(), proto.logs.len(), proto.whole.len()];
        if lengths.into_iter().any(|length| length > MAX_LOGS) {
            return Err(Invalid);
        }
        let conversation = |id: &Vec<u8>| ConversationId::parse(id).ok_or(Invalid);
        let digest = |d: &DigestProto| Ok((conversation(&d.conversation)?, d.digest.to_le_bytes()));
        Ok(Self {
            digests: proto.digests.iter().map(digest).collect::<Result<_, _>>()?,
            logs: proto.logs.into_iter().map(TryFrom::try_from).collect::<Result<_, _>>()?,
            whole: proto.whole.iter().map(conversation).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&(LogId, LogHave)> for LogProto {
    fn from((log, have): &(LogId, LogHave)) -> Self {
        Self {
            conversation: log.conversation.0.to_vec(),
            device: log.device.0.to_vec(),
            from: have.from.0,
            upto: have.upto.0,
            id: u64::from_le_bytes(have.id),
            beyond: have.beyond.iter().flat_map(|(first, last)| [first.0, last.0]).collect(),
        }
    }
}

impl TryFrom<LogProto> for (LogId, LogHave) {
    type Error = Invalid;

    fn try_from(proto: LogProto) -> Result<Self, Invalid> {
        let log = log_of(&proto.conversation, &proto.device)?;
        let (pairs, rest) = proto.beyond.as_chunks::<2>();
        let beyond: Vec<_> = pairs.iter().map(|[first, last]| (Seq(*first), Seq(*last))).collect();
        let mut floor = Seq(proto.upto);
        for (first, last) in &beyond {
            if *first <= floor.next() || last < first {
                return Err(Invalid);
            }
            floor = *last;
        }
        if !rest.is_empty() || beyond.len() > MAX_RANGES {
            return Err(Invalid);
        }
        let id = proto.id.to_le_bytes();
        Ok((log, LogHave { from: Seq(proto.from), upto: Seq(proto.upto), id, beyond }))
    }
}
