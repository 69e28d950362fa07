//! Whatever anybody may send or leave behind, given to whatever reads it.
//!
//! Each target takes any bytes and must return: what is wrong with them is an outcome. What a
//! checksum or a signature stands in front of is given both as it is and made good, so that what
//! lies behind is reached too. `make test` replays the corpus, `make fuzz` grows it.

mod backup;
mod letters;
mod rows;
mod wire;

use std::{env, net::IpAddr};

use covey_node::{
    api::{
        Command, Query,
        rpc::{self, Call},
    },
    net::lan::{MAX_TAG, MAX_TAGS, read},
};
use mdns_sd::{ServiceInfo, TxtProperty};
use world::Year;

/// A name, which is its corpus's too, and what takes any bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 11] = [
    ("frame", wire::frame),
    ("run", wire::run),
    ("signed", wire::signed),
    ("invite", letters::invite),
    ("letter", letters::letter),
    ("api", api),
    ("line", line),
    ("backup", backup::backup),
    ("service", service),
    ("rows", rows::rows),
    ("world", world),
];

/// A year in which what goes wrong is what the bytes say.
fn world(bytes: &[u8]) {
    let (seed, events) = bytes.split_at(bytes.len().min(1));
    let watched = env::var_os("WORLD_TRACE").is_some();
    Year::new(seed.first().copied().unwrap_or(0).into(), watched).play_by(events);
}

/// Bytes as what a caller of the API asks: what is understood can be said again.
fn api(bytes: &[u8]) {
    if let Ok(command) = serde_json::from_slice::<Command>(bytes) {
        let text = serde_json::to_string(&command).expect("it is plain data");
        assert_eq!(serde_json::from_str::<Command>(&text).ok(), Some(command));
    }
    if let Ok(query) = serde_json::from_slice::<Query>(bytes) {
        let text = serde_json::to_string(&query).expect("it is plain data");
        assert_eq!(serde_json::from_str::<Query>(&text).ok(), Some(query));
    }
}

/// Bytes as a line of a caller: what it calls for, or one of JSON-RPC's own codes. An id comes back as
/// it was given.
fn line(bytes: &[u8]) {
    let (id, call) = rpc::read(bytes);
    match call {
        Ok(Call::Command(_) | Call::Query(_) | Call::Events) => {
            let line: serde_json::Value = serde_json::from_slice(bytes).expect("it was understood");
            assert_eq!(id, line.get("id").cloned().unwrap_or_default());
        }
        Err(failure) => assert!((-32_700..=-32_600).contains(&failure.code)),
    }
}

/// Bytes as what a service of the local network says of itself: pairs of a length and a property,
/// behind two bytes of port.
fn service(bytes: &[u8]) {
    let (port, mut rest) = bytes.split_at(bytes.len().min(2));
    let port = port.iter().fold(0, |port, byte| port << 8 | u16::from(*byte));
    let mut said = Vec::new();
    while let Some((length, after)) = rest.split_first() {
        let (property, after) = after.split_at(after.len().min(usize::from(*length)));
        let mut parts = property.splitn(2, |byte| *byte == b'=');
        let key = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        said.push(TxtProperty::from((key, parts.next().unwrap_or_default())));
        rest = after;
    }
    let host = ["192.0.2.1", "fe80::1"].map(|ip| ip.parse::<IpAddr>().expect("an address"));
    let info = ServiceInfo::new("_a._udp.local.", "a", "a.local.", &host[..], port, said);
    if let Ok(info) = info {
        let service = read(&info.as_resolved_service());
        assert!(service.tags.len() <= MAX_TAGS);
        assert!(service.tags.iter().all(|tag| tag.len() <= MAX_TAG));
    }
}
