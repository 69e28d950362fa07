//! What somebody who helps wants to know of a node: versions, how it stands, the log's last lines.
//! Nothing in it tells who anybody is: every name, text, id and address is blanked.

mod blank;
mod log;

use std::{env, fs, path::Path};

use self::blank::Blanks;
pub use self::log::Log;
use crate::{
    api::{
        Friend, Status,
        why::{Here, Party, Tried, Why},
    },
    store,
};

/// The crates whose version matters to whoever helps.
const CRATES: [(&str, &str); 7] = [
    ("ed25519-dalek", "3.0.0"),
    ("hpke", "0.15.1"),
    ("libp2p", "0.57.1"),
    ("mdns-sd", "0.21.7"),
    ("quinn", "0.11.12"),
    ("rustls", "0.23.46"),
    ("snow", "0.10.0"),
];

/// The bundle, as a person reads it before it goes anywhere.
pub(crate) fn write(status: &Status, friends: Vec<Why>, log: &Log, home: &Path) -> String {
    let mut blanks = Blanks::default();
    blanks.know(&status.name, "me");
    blanks.know(&home.to_string_lossy(), "HOME");
    env::var("USER").iter().for_each(|user| blanks.know(user, "user"));
    for (number, why) in (1..).zip(&friends) {
        blanks.know(&why.friend.name, &format!("friend {number}"));
    }
    for offer in &status.offers {
        blanks.know(&offer.name, "somebody introduced");
    }
    let mut lines = vec![
        format!("covey {}", status.version),
        format!("system {} on {}", system(), env::consts::ARCH),
        format!("database {}", store::made_by()),
        format!(
            "libraries {}",
            CRATES.map(|(name, version)| format!("{name} {version}")).join(", ")
        ),
        format!("secrets kept: {}", status.vault),
        format!("strangers turned away: {}", status.turned_away),
        format!("friends: {}", status.friends.len()),
    ];
    let addresses = status.addresses.iter().filter_map(|address| blanks.address(address));
    lines.extend(addresses.collect::<Vec<_>>().into_iter().map(|at| format!("here: {at}")));
    for (number, why) in (1..).zip(friends) {
        let facts = serde_json::to_string_pretty(&blanked(why, number, &mut blanks));
        lines.extend(["".into(), format!("friend {number}"), facts.unwrap_or_default()]);
    }
    lines.extend(["".into(), "log".into()]);
    lines.extend(log.lines().iter().map(|line| blanks.line(line)));
    lines.join("\n") + "\n"
}

/// What the node told of a friend. Whoever adds something there decides here what it may tell.
fn blanked(why: Why, number: usize, blanks: &mut Blanks) -> Why {
    let Why { friend, message: _, forked, here, parties } = why;
    let Friend { standing, verified, blocked, online, unread, keep_for, .. } = friend;
    let (known, name) = (Friend::default(), format!("friend {number}"));
    let friend = Friend { name, standing, verified, blocked, online, unread, keep_for, ..known };
    let here = Here { stopped: here.stopped.map(|why| blanks.line(&why)), ..here };
    let mut place = |tried: Tried| Tried {
        address: blanks.address(&tried.address).unwrap_or_default(),
        ..tried
    };
    let party =
        |party: Party| Party { tried: party.tried.into_iter().map(&mut place).collect(), ..party };
    Why { friend, message: None, forked, here, parties: parties.into_iter().map(party).collect() }
}

/// The system, as it calls itself.
fn system() -> String {
    let told = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = told.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| env::consts::OS.into(), |name| name.trim_matches('"').into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_told_are_those_that_are_built() {
        let lock = include_str!("../../../../Cargo.lock");
        for (name, version) in CRATES {
            let locked = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            assert!(lock.contains(&locked), "{name} is not {version}");
        }
    }
}
