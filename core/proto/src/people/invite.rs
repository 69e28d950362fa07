//! Invites: the one-time text or picture by which two people meet.
//!
//! | bytes | what |
//! |---|---|
//! | 3 | version, suite, kind |
//! | 32 | the one-time X25519 key that letter 1 is sealed to |
//! | 32 | the secret: tag and psk of both letters are derived from it |
//! | 16 | the inviter's account, shortened |
//! | 4 | expiry, Unix seconds, big-endian |
//! | 1, ≤16 | the inviter's name, its length in front |
//! | … | type, length, value; 1 is an address (≤3), other types are skipped |
//! | 4 | BLAKE3 of all the above, against damage |
//!
//! As text it is `COVEY:` and upper-case base32 without padding, so a QR code needs its
//! alphanumeric mode only. What both letters sign as *seen* is all in front of the types. Key and
//! secret are derived from a seed that never leaves the inviter's own devices. Whether an invite
//! is still good is decided where there is a clock.

use alloc::{string::String, vec::Vec};
use core::fmt;

use data_encoding::BASE32_NOPAD;

use crate::{
    id::{AccountId, InviteTag},
    seal::{self, Context, SUITE, Secret},
    time::Time,
    wire::{Address, Invalid, VERSION, letter::InviteKind, message::Wire},
};

/// The most bytes of a name on an invite.
pub const MAX_NAME: usize = 16;
/// The most addresses on an invite.
pub const MAX_ADDRESSES: usize = 3;
/// The most bytes of an invite: with `COVEY:` they just fill a QR code of size 11-M.
pub const MAX_INVITE: usize = 225;

const PREFIX: &str = "COVEY:";
const ADDRESS: u8 = 1;

/// What an invite says.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// How it is handed over.
    pub kind: InviteKind,
    /// The X25519 key that letter 1 is sealed to; by it the inviter is found on a local network.
    pub key: [u8; 32],
    /// Known to whoever reads the invite.
    pub secret: Secret,
    /// Whose it is: [`AccountId::short`].
    pub account: [u8; 16],
    /// Good until then; whole seconds.
    pub expires: Time,
    /// What the inviter is called.
    pub name: String,
    /// Where the inviter may be dialled.
    pub addresses: Vec<Address>,
}

/// Why an invite is good for nothing; each is a sentence for the person who tried it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// Some other text.
    #[error("this is no Covey invite")]
    NotAnInvite,
    /// Its characters are not all there, or not the ones they were.
    #[error("this invite is damaged; copy or scan it once more")]
    Damaged,
    /// Of a version, suite or kind that came after this program.
    #[error("this invite is of a newer Covey; update yours first")]
    Newer,
    /// It adds a device to an account and befriends nobody.
    #[error("this invite is for a person's own devices; ask for one for friends")]
    Own,
    /// It befriends and adds no device.
    #[error("this invite is for friends; make one for a device with `covey device add`")]
    Friends,
    /// Its time is over.
    #[error("this invite has expired, or the clock of this device is wrong; ask for a new one")]
    Expired,
    /// It was made by this account.
    #[error("this invite is your own; send it to a friend")]
    Mine,
}

/// The private half of [`Invite::key`].
pub fn invite_key(seed: &Secret) -> Secret {
    seed.derive(Context::InviteKey)
}

impl Invite {
    /// The invite of a seed. What does not fit is left out: the end of a long name, a fraction of
    /// a second, addresses that mean nothing to others or are too many.
    pub fn from_seed(
        seed: &Secret,
        kind: InviteKind,
        account: &AccountId,
        expires: Time,
        name: &str,
        addresses: &[Address],
    ) -> Self {
        let (name, _) = name.split_at(name.floor_char_boundary(MAX_NAME));
        Self {
            kind,
            key: seal::x25519_public(&invite_key(seed)),
            secret: seed.derive(Context::InviteSecret),
            account: account.short(),
            expires: from_seconds(seconds(expires)),
            name: name.into(),
            addresses: worth_dialling(addresses.iter().copied()),
        }
    }

    /// The invite as people pass it on.
    pub fn text(&self) -> String {
        let mut bytes = self.head();
        for address in self.addresses.iter().map(Address::encode) {
            bytes.extend([ADDRESS, short_length(&address)]);
            bytes.extend(address);
        }
        printed(bytes)
    }

    /// Reads an invite however it was copied: in either case, with white space anywhere.
    ///
    /// # Errors
    /// Those that need neither state nor clock: no invite, damaged, newer.
    pub fn parse(text: &str) -> Result<Self, InviteError> {
        let text: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(PREFIX.len() + BASE32_NOPAD.encode_len(MAX_INVITE) + 1)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let code = text.strip_prefix(PREFIX).ok_or(InviteError::NotAnInvite)?;
        let bytes = BASE32_NOPAD.decode(code.as_bytes());
        let bytes = bytes.map_err(|_| InviteError::Damaged)?;
        let (said, damage) = bytes.split_last_chunk().ok_or(InviteError::Damaged)?;
        if bytes.len() > MAX_INVITE || check(said) != *damage {
            return Err(InviteError::Damaged);
        }
        let (start, rest) = said.split_first_chunk().ok_or(InviteError::Damaged)?;
        let [VERSION, SUITE, kind] = *start else { return Err(InviteError::Newer) };
        let kind = InviteKind::of(kind).ok_or(InviteError::Newer)?;
        Self::read(kind, rest).ok_or(InviteError::Damaged)
    }

    /// What stands behind the first three bytes.
    fn read(kind: InviteKind, rest: &[u8]) -> Option<Self> {
        let (key, rest) = rest.split_first_chunk()?;
        let (secret, rest) = rest.split_first_chunk()?;
        let (account, rest) = rest.split_first_chunk()?;
        let (expires, rest) = rest.split_first_chunk()?;
        let (name, mut rest) = split_value(rest)?;
        let mut addresses = Vec::new();
        while let Some((number, after)) = rest.split_first() {
            let (value, after) = split_value(after)?;
            if *number == ADDRESS {
                addresses.extend(Address::parse(value));
            }
            rest = after;
        }
        let name = core::str::from_utf8(name).ok()?;
        (name.len() <= MAX_NAME).then(|| Self {
            kind,
            key: *key,
            secret: Secret(*secret),
            account: *account,
            expires: from_seconds(u32::from_be_bytes(*expires)),
            name: name.into(),
            addresses: worth_dialling(addresses),
        })
    }

    /// All that stands in front of the types.
    fn head(&self) -> Vec<u8> {
        let start = [VERSION, SUITE, self.kind.number()];
        let expires = seconds(self.expires).to_be_bytes();
        let name = self.name.as_bytes();
        let length = [short_length(name)];
        [&start[..], &self.key, &self.secret.0, &self.account, &expires, &length, name].concat()
    }

    /// How those who hold it call it.
    pub fn tag(&self) -> InviteTag {
        let hash = self.secret.derive(Context::InviteTag);
        InviteTag(*hash.0.first_chunk().expect("32 bytes"))
    }

    /// What both letters need besides their keys.
    pub fn psk(&self) -> Secret {
        self.secret.derive(Context::InvitePsk)
    }

    /// What both letters sign, so that none is worth anything to another invite.
    pub fn seen(&self) -> [u8; 32] {
        seal::derive(Context::InviteSeen, &[&self.head()])
    }
}

impl Wire for Invite {
    type Proto = String;

    fn to_proto(&self) -> String {
        self.text()
    }

    fn of_proto(proto: String) -> Result<Self, Invalid> {
        Self::parse(&proto).map_err(|_| Invalid)
    }
}

/// Who reads an invite can use it: only its kind and tag are printed.
impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invite({:?} {:?})", self.kind, self.tag())
    }
}

fn worth_dialling(addresses: impl IntoIterator<Item = Address>) -> Vec<Address> {
    let travel = addresses.into_iter().filter(Address::travels);
    travel.take(MAX_ADDRESSES).collect()
}

fn seconds(time: Time) -> u32 {
    u32::try_from(time.0 / 1000).unwrap_or(u32::MAX)
}

fn from_seconds(seconds: u32) -> Time {
    Time(u64::from(seconds) * 1000)
}

/// Bytes, with what guards them against damage, as text.
fn printed(mut bytes: Vec<u8>) -> String {
    bytes.extend(check(&bytes));
    [PREFIX, &BASE32_NOPAD.encode(&bytes)].concat()
}

fn check(bytes: &[u8]) -> [u8; 4] {
    let hash = blake3::hash(bytes);
    *hash.as_bytes().first_chunk().expect("32 bytes")
}

fn short_length(value: &[u8]) -> u8 {
    u8::try_from(value.len()).expect("names and addresses are short")
}

/// A value with its length in front, and what follows it.
fn split_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*len))
}

#[cfg(test)]
mod tests {
    use core::net::Ipv6Addr;
    use std::format;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::Transport;

    #[test]
    fn an_invite_survives_being_mangled_by_a_mail_program() {
        let invite = full();
        let text = invite.text().to_lowercase();
        let (start, end) = text.split_at(40);
        let mangled = format!("\n  {start} \r\n\t{end}\u{a0}\n");
        assert_eq!(Invite::parse(&mangled), Ok(invite));
    }

    #[test]
    fn the_fullest_invite_fits_a_small_code() {
        let code = full().text().split_off(PREFIX.len());
        assert!(BASE32_NOPAD.decode(code.as_bytes()).unwrap().len() <= MAX_INVITE);
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut own = address(4);
        own.ip = Ipv6Addr::UNSPECIFIED.into();
        let addresses = [own, address(5), address(6), address(7), address(8)];
        let invite = make(InviteKind::Link, "Ana Amália Müßig", &addresses);
        assert_eq!(invite.name, "Ana Amália Mü");
        assert_eq!(invite.addresses, [address(5), address(6), address(7)]);
        assert_eq!(invite.expires, Time(1_700_000_000_000));
    }

    #[test]
    fn other_texts_are_no_invites() {
        for text in ["", "hello", "https://example.org", "COVEI:AAAA"] {
            assert_eq!(Invite::parse(text), Err(InviteError::NotAnInvite));
        }
    }

    #[test]
    fn a_cut_or_lengthened_invite_is_damaged() {
        let text = full().text();
        for len in PREFIX.len()..text.len() {
            assert_eq!(Invite::parse(&text[..len]), Err(InviteError::Damaged));
        }
        let long = text.repeat(9).replace(PREFIX, "");
        for more in [format!("{text}A"), format!("{PREFIX}{long}")] {
            assert_eq!(Invite::parse(&more), Err(InviteError::Damaged));
        }
    }

    #[test]
    fn an_invite_of_a_later_version_suite_or_kind_is_newer() {
        for place in 0..3 {
            let mut bytes = full().head();
            bytes[place] = 9;
            assert_eq!(Invite::parse(&printed(bytes)), Err(InviteError::Newer));
        }
    }

    #[test]
    fn what_a_later_version_adds_is_skipped() {
        let bytes = [full().head(), std::vec![2, 1, 77, ADDRESS, 1, 4]].concat();
        let read = Invite::parse(&printed(bytes)).unwrap();
        assert_eq!((read.seen(), read.addresses), (full().seen(), Vec::new()));
    }

    #[test]
    fn a_name_too_long_or_not_of_text_is_damaged() {
        let mut long = full().head();
        let len = long.len() - MAX_NAME;
        long[len - 1] += 1;
        let mut foreign = full().head();
        foreign[len] = 0xff;
        for bytes in [[long, std::vec![b'x']].concat(), foreign] {
            assert_eq!(Invite::parse(&printed(bytes)), Err(InviteError::Damaged));
        }
    }

    #[test]
    fn one_seed_makes_one_key_and_secret() {
        let (link, screen) = (full(), make(InviteKind::Screen, "", &[]));
        assert_eq!((link.key, link.tag()), (screen.key, screen.tag()));
        assert_ne!(link.seen(), screen.seen());
        assert_eq!(link.key, seal::x25519_public(&invite_key(&SEED)));
    }

    proptest! {
        #[test]
        fn an_invite_reads_as_it_was_made(
            kind in 0u8..3, keys: [[u8; 32]; 2], expires: u64, name: String, ports: Vec<u16>,
        ) {
            let addresses: Vec<_> = ports.into_iter().filter(|p| *p > 0).map(address).collect();
            let (kind, expires) = (InviteKind::of(kind).unwrap(), Time(expires));
            let (seed, account) = (Secret(keys[0]), AccountId(keys[1]));
            let invite = Invite::from_seed(&seed, kind, &account, expires, &name, &addresses);
            prop_assert_eq!(Invite::parse(&invite.text()), Ok(invite));
        }

        #[test]
        fn one_wrong_character_never_makes_another_invite(
            place: prop::sample::Index, other in "[A-Z2-7:a-z ]",
        ) {
            let mut text = full().text();
            let place = place.index(text.len());
            text.replace_range(place..=place, &other);
            let read = Invite::parse(&text);
            prop_assert!(read.is_err() || read == Ok(full()));
        }

        #[test]
        fn no_text_makes_it_panic(text: String, bytes: Vec<u8>, said: Vec<u8>) {
            let _ = Invite::parse(&text);
            let _ = Invite::parse(&format!("{PREFIX}{text}"));
            let _ = Invite::parse(&printed(bytes));
            let _ = Invite::parse(&printed([std::vec![VERSION, SUITE, 0], said].concat()));
        }
    }

    const SEED: Secret = Secret([7; 32]);

    fn full() -> Invite {
        let addresses = [address(1), address(2), address(3)];
        make(InviteKind::Link, "sixteen letters!", &addresses)
    }

    fn make(kind: InviteKind, name: &str, addresses: &[Address]) -> Invite {
        let (account, expires) = (AccountId([5; 32]), Time(1_700_000_000_999));
        Invite::from_seed(&SEED, kind, &account, expires, name, addresses)
    }

    fn address(port: u16) -> Address {
        Address {
            transport: Transport::Quic,
            ip: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
            port,
            zone: None,
        }
    }
}
