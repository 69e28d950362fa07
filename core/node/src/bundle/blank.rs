//! Blanks whatever could tell who somebody is, where, or what was said.
//!
//! What is known is blanked wherever it stands; of the rest, whatever looks like an address, an id
//! or a key, or is no plain word. The same thing is blanked by the same word throughout.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

/// What was blanked so far.
#[derive(Debug, Default)]
pub(super) struct Blanks {
    known: Vec<(String, String)>,
    seen: BTreeMap<String, String>,
}

impl Blanks {
    /// From now on this stands for that.
    pub(super) fn know(&mut self, text: &str, word: &str) {
        if !text.is_empty() {
            self.known.push((text.into(), word.into()));
            self.known.sort_by_key(|(text, _)| usize::MAX - text.len());
        }
    }

    /// The word for an address, as it may stand in a log: a multiaddress, or as the system writes.
    pub(super) fn address(&mut self, text: &str) -> Option<String> {
        let ip = ip(text)?;
        let (family, local) = match ip {
            IpAddr::V4(ip) => ("IPv4", ip.is_link_local()),
            IpAddr::V6(ip) => ("IPv6", ip.is_unicast_link_local()),
        };
        let reach = match ip {
            _ if local => ", link-local",
            ip if ip.is_loopback() => ", loopback",
            IpAddr::V4(ip) if ip.is_private() => ", private",
            IpAddr::V6(ip) if ip.is_unique_local() => ", private",
            IpAddr::V4(_) | IpAddr::V6(_) => "",
        };
        let number = self.word("address", &ip.to_string());
        Some(format!("{number} ({family}{reach})"))
    }

    /// A line without what it could tell.
    pub(super) fn line(&mut self, line: &str) -> String {
        let mut line = line.to_owned();
        for (text, word) in &self.known {
            line = replaced(&line, text, word);
        }
        let (time, rest) = line.split_at(line.find(' ').filter(|_| is_time(&line)).unwrap_or(0));
        let mut blanked = String::from(time);
        for token in rest.split_inclusive(is_end) {
            let end = token.chars().next_back().filter(|end| is_end(*end));
            let token = end.map_or(token, |end| token.strip_suffix(end).unwrap_or(token));
            blanked += &self.token(token);
            blanked.extend(end);
        }
        blanked
    }

    fn token(&mut self, token: &str) -> String {
        let (text, end) = token.split_at(token.trim_end_matches(['.', ':']).len());
        if let Some(address) = self.address(text) {
            return address + end;
        }
        if !token.is_ascii() {
            return self.word("word", token);
        }
        let mut blanked = String::new();
        for run in token.split_inclusive(|c: char| !is_code(c)) {
            let (code, end) = run.split_at(run.trim_end_matches(|c| !is_code(c)).len());
            blanked += &if tells(code) { self.word("id", code) } else { code.into() };
            blanked += end;
        }
        blanked
    }

    /// The word for a thing of a kind: the same for the same.
    fn word(&mut self, kind: &str, thing: &str) -> String {
        let number = self.seen.keys().filter(|key| key.starts_with(kind)).count() + 1;
        let word = self.seen.entry(format!("{kind} {thing}"));
        word.or_insert_with(|| format!("{kind} {number}")).clone()
    }
}

/// Whether these characters may be an id or a key, in whatever alphabet.
fn tells(code: &str) -> bool {
    let has = |is: fn(&u8) -> bool| code.as_bytes().iter().any(is);
    let digits = has(u8::is_ascii_digit);
    code.len() >= 8 && digits || code.len() >= 20 && has(u8::is_ascii_uppercase)
}

/// Whether a character may stand within an id or a key.
fn is_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/_-".contains(c)
}

fn is_end(c: char) -> bool {
    c.is_whitespace() || "\"'`()[]{}<>,;=".contains(c)
}

/// Whether the line begins with a time.
fn is_time(line: &str) -> bool {
    let first = line.split(' ').next().unwrap_or_default();
    first.len() >= 8 && first.chars().all(|c| c.is_ascii_digit() || "-:.TZ".contains(c))
}

fn ip(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix("/ip4/").or_else(|| text.strip_prefix("/ip6/")).unwrap_or(text);
    let text = text
        .strip_prefix("/ip6zone/")
        .and_then(|zoned| zoned.split("/ip6/").nth(1))
        .unwrap_or(text);
    let host = text.split(['/', '%']).next()?;
    host.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

/// The line with a word in the place of a text, where that is not within another word.
fn replaced(line: &str, text: &str, word: &str) -> String {
    let mut made = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(text) {
        let (before, found) = rest.split_at(at);
        let after = found.split_at(text.len()).1;
        let within =
            before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        made += before;
        made += if within { text } else { word };
        rest = after;
    }
    made + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_ids_keys_and_names_are_blanked_and_the_rest_is_not() {
        let mut blanks = Blanks::default();
        blanks.know("Ben Bo", "friend 1");
        for (line, blank) in [
            (
                "2026-11-24T12:00:00.123456Z DEBUG covey_node::run: dial failed dial=7 why=nobody answers",
                "",
            ),
            (
                "dial /ip4/192.168.1.7/udp/4242/quic-v1: timeout",
                "dial address 1 (IPv4, private): timeout",
            ),
            (
                "to 192.168.1.7:4242, [fe80::1%2]:9",
                "to address 1 (IPv4, private), [address 2 (IPv6, link-local)]:9",
            ),
            (
                "link with device:1a2b3c4d by 12D3KooWAbCdEfGhIjKlMnOp",
                "link with device:id 1 by id 2",
            ),
            ("device:1a2b3c4d again, Ben Bo", "device:id 1 again, friend 1"),
            ("ORSXG5BAORSXG5BAORSX", "id 3"),
            ("said árvíztűrő", "said word 1"),
            ("Ben Bob Ben Bo", "Ben Bob friend 1"),
        ] {
            assert_eq!(blanks.line(line), if blank.is_empty() { line } else { blank });
        }
    }
}
