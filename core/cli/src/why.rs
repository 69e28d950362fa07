//! Sentences that say why something does not arrive. Each says what one fact proves and no more.

use std::collections::{BTreeMap, BTreeSet};

use covey_node::api::{
    Standing, State,
    why::{Cause, Here, Kind, Near, Next, Party, Scope, Share, Tried, Why},
};
use time::OffsetDateTime;

use crate::show::{line, moment, standing};

/// All that there is to say, a line for each device.
pub(crate) fn why(why: &Why) -> String {
    let (name, here) = (&line(&why.friend.name), &why.here);
    let mut lines = vec![friend(name, why)];
    let kinds: Vec<_> = why.parties.iter().map(|party| party.kind).collect();
    for (at, party) in why.parties.iter().enumerate() {
        let who = match party.kind {
            Kind::Phone => format!("{name}'s phone"),
            Kind::Pc => format!("{name}'s computer"),
            Kind::AlwaysOn => format!("{name}'s server"),
            Kind::Inviter { .. } => format!("Whoever can answer for {name}"),
        };
        let like = |kinds: &[Kind]| kinds.iter().filter(|kind| **kind == party.kind).count();
        let number = like(kinds.get(..=at).unwrap_or_default());
        let who = if like(&kinds) > 1 { format!("{who} {number}") } else { who };
        lines.push(Tell { name, who: &who, here }.party(party));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// What is so whatever the friend's devices do.
fn friend(name: &str, why: &Why) -> String {
    let text = why.message.as_ref().filter(|message| !message.mine).map(|theirs| &theirs.text);
    let read = why.message.as_ref().is_some_and(|message| message.state == State::Read);
    let stopped = why.here.stopped.as_ref();
    let stands = match why.friend.standing {
        _ if why.friend.blocked => {
            format!("You blocked {name}: nothing goes either way. `covey block --undo` ends that.")
        }
        Standing::Waiting => {
            format!("{name} has not answered yet; what you write waits until then.")
        }
        Standing::UsedUp | Standing::Expired => format!("{}.", standing(&why.friend).1),
        Standing::Friend if why.parties.is_empty() && stopped.is_none() => {
            format!("No device of {name}'s is known yet.")
        }
        Standing::Friend => String::new(),
    };
    sentences([
        text.map_or("", |text| match text {
            Some(_) => "This message is here.",
            None => "This message is of a newer Covey; update yours to read it.",
        }),
        &if read { format!("{name} has read it.") } else { String::new() },
        if why.forked { FORKED } else { "" },
        &stopped.map_or(String::new(), |stopped| {
            format!("Nothing is sent or received: {}.", line(stopped))
        }),
        &stands,
        if why.here.network || stopped.is_some() { "" } else { "This device has no network." },
    ])
}

const FORKED: &str = "The device that wrote it says different things at one place: it was copied, \
                      or cheats. All of them are kept.";

/// What there is to say of one device, called so.
struct Tell<'a> {
    name: &'a str,
    who: &'a str,
    here: &'a Here,
}

impl Tell<'_> {
    fn party(&self, party: &Party) -> String {
        let (who, share) = (self.who, self.share(party));
        if let Some(linked) = party.linked {
            let (since, over) = (self.at(linked.since), if linked.tcp { "TCP" } else { "QUIC" });
            let clock = party.ahead.map_or(String::new(), |ahead| {
                format!("Its clock is {} this device's: one of them is wrong.", off(ahead))
            });
            let linked = format!("{who} is linked since {since}, over {over}.");
            return sentences([&share, &linked, &clock]);
        }
        let next = match party.next {
            Next::Dial { at } => {
                format!("The next try is in {}.", span(at.saturating_sub(self.here.now)))
            }
            Next::Queued => "The next try waits for other dials to end.".into(),
            Next::NoAddress => "No address of it is known: it has to come by itself.".into(),
            Next::Linked | Next::Unsought | Next::Dialling => String::new(),
        };
        sentences([&share, &self.away(party), &self.near(party), &self.tried(&party.tried), &next])
    }

    fn share(&self, party: &Party) -> String {
        let who = self.who;
        match party.share {
            Some(Share::Held { since: Some(since) }) => {
                format!("{who} has the message, since {} or earlier.", self.at(since))
            }
            Some(Share::Held { since: None }) => format!("{who} has the message."),
            Some(Share::Sent { at }) => {
                format!("It was sent to {who} at {} and is not acknowledged yet.", self.at(at))
            }
            Some(Share::Behind { at }) => {
                format!("It waits until {who} acknowledges what was sent at {}.", self.at(at))
            }
            Some(Share::Unready) => format!("{who} has not said yet what it holds."),
            Some(Share::Unlinked) => format!("The message waits for {who}."),
            None if party.lacks == 0 => String::new(),
            None => {
                format!("{} for {who}.", counted(party.lacks, "message waits", "messages wait"))
            }
        }
    }

    fn away(&self, party: &Party) -> String {
        let who = self.who;
        match (party.kind, party.seen, party.ended.map(|ended| ended.why)) {
            (Kind::Inviter { expires }, ..) => {
                format!("{who} is looked for; the invite is good until {}.", self.at(expires))
            }
            (_, None, _) => format!("{who} has never been linked with this device."),
            (_, Some(seen), Some(Some(Cause::Silent))) => {
                format!("{who} was last linked at {}, then it fell silent.", self.at(seen))
            }
            (_, Some(seen), Some(_)) => format!("{who} was last linked at {}.", self.at(seen)),
            // a crash may have forgotten the last hour
            (_, Some(seen), None) => {
                format!("{who} was last known to be linked at {}.", self.at(seen))
            }
        }
    }

    fn near(&self, party: &Party) -> String {
        let not = |since| format!("It is silent on the local network since {}.", self.at(since));
        match party.near {
            Near::Heard => {
                "It was heard on the local network, and has not left it as far as is known.".into()
            }
            _ if party.next == Next::Unsought => String::new(),
            _ if !self.here.lan => "Looking for it on the local network is off.".into(),
            Near::Silent { since } => not(since),
            Near::Never => not(self.here.started),
        }
    }

    /// A sentence for each way in which addresses failed.
    fn tried(&self, tried: &[Tried]) -> String {
        let mut failed: BTreeMap<Cause, Vec<&Tried>> = BTreeMap::new();
        let (mut dialling, mut untried) = (0, 0);
        for one in tried {
            match one.last.and_then(|last| last.why) {
                Some(why) => failed.entry(why).or_default().push(one),
                None if one.dialling.is_some() => dialling += 1,
                None => untried += 1,
            }
        }
        let mut said = Vec::new();
        for (why, tried) in failed {
            let last = tried.iter().filter_map(|one| one.last).map(|last| last.at).max();
            let tries = tried.iter().map(|one| one.failures).max().unwrap_or_default();
            let (last, tries) =
                (self.at(last.unwrap_or_default()), counted(tries.into(), "try", "tries"));
            said.push(format!(
                "{} {} ({tries}, the last at {last}).",
                failure(why),
                places(&tried)
            ));
            if why == Cause::HungUp {
                said.push(format!("{} may have blocked or removed you.", self.name));
            }
        }
        for (number, what) in [(dialling, "being dialled"), (untried, "yet to be tried")] {
            if number > 0 {
                said.push(format!("{} {what}.", counted(number, "address is", "addresses are")));
            }
        }
        said.join(" ")
    }

    fn at(&self, at: u64) -> String {
        let now = i128::from(self.here.now) * 1_000_000;
        let now = OffsetDateTime::from_unix_timestamp_nanos(now);
        moment(at, now.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }
}

fn failure(why: Cause) -> &'static str {
    match why {
        Cause::Silent => "Nobody answers at",
        Cause::Closed => "Nobody takes calls at",
        Cause::Unreachable => "There is no way to",
        Cause::Broken => "The connection breaks off at",
        Cause::HungUp => "Somebody hangs up on hearing who calls at",
        Cause::Stranger => "Somebody else is at",
        Cause::Nonsense => "What answers makes no sense at",
        Cause::Unwelcome => "A device that is not listed is at",
        Cause::Renewed => "New keys were handed over at",
        Cause::Crowded => "There were too many links for",
    }
}

/// So many addresses, and of which kinds.
fn places(tried: &[&Tried]) -> String {
    let kinds = tried.iter().map(|one| {
        let family = if one.address.starts_with("/ip4/") { "IPv4" } else { "IPv6" };
        match one.scope {
            Scope::Loopback => format!("{family} on this machine"),
            Scope::LinkLocal => format!("{family} link-local"),
            Scope::Private => format!("{family} private"),
            Scope::Public => family.into(),
        }
    });
    let kinds: Vec<_> = kinds.collect::<BTreeSet<_>>().into_iter().collect();
    format!("{}, {}", counted(tried.len() as u64, "address", "addresses"), kinds.join(" and "))
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn span(ms: u64) -> String {
    match ms.div_ceil(1_000) {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7_200 => format!("{} min", seconds.div_ceil(60)),
        seconds @ ..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// How far off a clock is, seen from another one.
pub(crate) fn off(ahead: i64) -> String {
    format!("{} {}", span(ahead.unsigned_abs()), if ahead > 0 { "ahead of" } else { "behind" })
}

fn sentences<const N: usize>(said: [&str; N]) -> String {
    said.into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use covey_node::api::{
        Friend,
        why::{Ended, Linked, Source},
    };

    use super::*;

    #[test]
    fn of_a_friend_who_is_off_every_fact_is_a_sentence() {
        let ended = Some(Ended { at: AT - 180_000, why: Some(Cause::Silent) });
        let tried = vec![
            silent("/ip4/192.168.1.2/udp/4/quic-v1", Scope::Private),
            silent(V6, Scope::Public),
        ];
        let near = Near::Silent { since: AT - 180_000 };
        let party = Party { seen: Some(AT - 180_000), ended, near, tried, ..away() };
        let [gone, tried] = [AT - 180_000, AT - 60_000].map(at);
        assert_eq!(
            why(&about(vec![party])),
            format!(
                "Ben's phone was last linked at {gone}, then it fell silent. It is silent on the \
                 local network since {gone}. Nobody answers at 2 addresses, IPv4 private and IPv6 \
                 (3 tries, the last at {tried}). The next try is in 40 s."
            )
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let said = why(&about(vec![Party { next: Next::NoAddress, ..away() }]));
        assert_eq!(
            said,
            format!(
                "Ben's phone has never been linked with this device. It is silent on the local \
                 network since {}. No address of it is known: it has to come by itself.",
                at(AT - 3_600_000)
            )
        );
    }

    #[test]
    fn who_hangs_up_may_have_blocked_us_and_no_more_is_claimed() {
        let hung_up = Ended { at: AT, why: Some(Cause::HungUp) };
        let tried = vec![Tried { last: Some(hung_up), ..silent(V6, Scope::Public) }];
        let said = why(&about(vec![Party { tried, ..away() }]));
        assert!(said.contains("Ben may have blocked or removed you."), "{said}");
    }

    #[test]
    fn two_phones_are_told_apart() {
        let linked = Some(Linked { since: AT, tcp: false });
        let linked = Party { linked, next: Next::Linked, ..away() };
        let said = why(&about(vec![linked, away()]));
        let lines: Vec<_> = said.lines().collect();
        assert!(lines[0].starts_with("Ben's phone 1 is linked since"), "{said}");
        assert!(lines[1].starts_with("Ben's phone 2 has never"), "{said}");
    }

    #[test]
    fn where_the_disk_takes_nothing_that_is_the_reason() {
        let mut facts = about(Vec::new());
        facts.here.stopped = Some("the disk is full".into());
        assert_eq!(why(&facts), "Nothing is sent or received: the disk is full.");
    }

    #[test]
    fn of_two_clocks_that_differ_it_is_not_said_which_is_wrong() {
        let linked = Some(Linked { since: AT - 60_000, tcp: false });
        let told = why(&about(vec![Party { linked, ahead: Some(-7_300_000), ..away() }]));
        assert!(told.ends_with("Its clock is 2 h behind this device's: one of them is wrong."));
    }

    const AT: u64 = 1_700_000_000_000;
    const V6: &str = "/ip6/2001:db8::2/udp/4/quic-v1";

    fn at(at: u64) -> String {
        moment(at, OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap())
    }

    fn about(parties: Vec<Party>) -> Why {
        let (name, standing) = ("Ben".into(), Standing::Friend);
        let friend = Friend { name, standing, ..Friend::default() };
        let here =
            Here { now: AT, started: AT - 3_600_000, stopped: None, network: true, lan: true };
        Why { friend, message: None, forked: false, here, parties }
    }

    fn away() -> Party {
        Party {
            kind: Kind::Phone,
            linked: None,
            ahead: None,
            seen: None,
            ended: None,
            near: Near::Never,
            tried: Vec::new(),
            next: Next::Dial { at: AT + 40_000 },
            lacks: 0,
            share: None,
        }
    }

    fn silent(address: &str, scope: Scope) -> Tried {
        let last = Some(Ended { at: AT - 60_000, why: Some(Cause::Silent) });
        let source = Source::Told;
        Tried { address: address.into(), scope, source, failures: 3, last, dialling: None }
    }
}
