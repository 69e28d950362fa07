//! Two friends who write all the time, and whose nodes are killed in the midst of it: what a person
//! was told to be sent is at both sides once, and in order.

use std::{
    collections::BTreeSet,
    process::{self, Command},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Instant,
};

use serde_json::Value;

use crate::person::Person;

const KILLS: u32 = 50;
/// Up to so many messages are sent between the moment both are linked again and the next kill.
const SOME: u64 = 12;

/// What a side tells.
enum Told {
    /// Its node runs, as this process.
    Runs(u32),
    /// What it says reaches the other side.
    Linked,
    /// A text was sent.
    Sent(String),
}

#[test]
fn what_was_sent_survives_fifty_kills_once_and_in_order() {
    let began = Instant::now();
    let mut people = [Person::new("Ana"), Person::new("Ben")];
    for (side, person) in people.iter_mut().enumerate() {
        person.listen = place(side);
        person.resume(&[]);
    }
    people[0].befriend(&people[1]);

    let over = AtomicBool::new(false);
    let (tell, told) = mpsc::channel();
    let sent = thread::scope(|scope| {
        for (side, person) in people.iter_mut().enumerate() {
            let (tell, over) = (tell.clone(), &over);
            scope.spawn(move || write(side, person, over, &tell));
        }
        drop(tell);
        kill(&told, &over)
    });

    for person in &mut people {
        person.kill();
        person.resume(&[]);
    }
    for (side, person) in people.iter().enumerate() {
        let last = person.ask(&["send", friend_of(side), "that was all"]);
        person.ask(&["wait", last["id"].as_str().unwrap(), "--timeout", "60"]);
    }
    let [log, same] = [0, 1].map(|side| log(&people[side], friend_of(side)));
    assert_eq!(log, same);
    let ids: BTreeSet<&str> = log.iter().map(|message| message.0.as_str()).collect();
    assert_eq!(ids.len(), log.len(), "none is there twice");
    for (side, sent) in sent.iter().enumerate() {
        let his = log.iter().filter(|(_, from, _)| *from == people[side].name);
        let known: BTreeSet<&String> = sent.iter().collect();
        let there: Vec<&String> =
            his.clone().map(|(id, ..)| id).filter(|id| known.contains(id)).collect();
        assert_eq!(there, sent.iter().collect::<Vec<_>>(), "all that was sent, in order");
        let numbers: Vec<u32> = his.filter_map(|(.., text)| text.parse().ok()).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    }
    println!("{} messages, {KILLS} kills in {:.0?}", log.len(), began.elapsed());
}

/// One side: sends all the time, and starts its node again when that is dead.
fn write(side: usize, person: &mut Person, over: &AtomicBool, tell: &Sender<(usize, Told)>) {
    let told = |what| tell.send((side, what)).unwrap();
    told(Told::Runs(person.pid()));
    let mut linked = false;
    for number in 0_u32.. {
        let sent = person.try_ask(&["send", friend_of(side), &number.to_string()]);
        let id = sent.map(|sent| sent["id"].as_str().unwrap().to_owned());
        if let Some(id) = &id {
            told(Told::Sent(id.clone()));
        }
        let arrives = |id: &String| person.try_ask(&["wait", id, "--timeout", "60"]).is_some();
        if id.is_some_and(|id| linked || arrives(&id)) {
            if over.load(Ordering::Relaxed) {
                return;
            }
            if !std::mem::replace(&mut linked, true) {
                told(Told::Linked);
            }
        } else {
            person.bury();
            person.resume(&[]);
            told(Told::Runs(person.pid()));
            linked = false;
        }
    }
}

/// Kills one side or the other once both are linked and some more was sent; answers what the two
/// were told to have sent.
fn kill(told: &Receiver<(usize, Told)>, over: &AtomicBool) -> [Vec<String>; 2] {
    let mut sent = [Vec::new(), Vec::new()];
    let (mut pids, mut linked) = ([0; 2], [false; 2]);
    let (mut kills, mut more, mut dice) = (0, 0, u64::from(process::id()));
    for (side, what) in told {
        match what {
            Told::Runs(pid) => (pids[side], linked[side]) = (pid, false),
            Told::Linked => linked[side] = true,
            Told::Sent(id) => sent[side].push(id),
        }
        if linked != [true; 2] || kills == KILLS {
            continue;
        }
        if more > 0 {
            more -= 1;
            continue;
        }
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let victim = usize::from(dice >> 40 & 1 == 1);
        more = (dice >> 41) % SOME;
        kills += 1;
        linked[victim] = false;
        let killed = Command::new("kill").args(["-9", &pids[victim].to_string()]).status();
        assert!(killed.unwrap().success());
        over.store(kills == KILLS, Ordering::Relaxed);
    }
    sent
}

fn log(person: &Person, friend: &str) -> Vec<(String, String, String)> {
    let log = person.ask(&["log", friend, "--limit", "100000"]);
    let text = |message: &Value, field| message[field].as_str().unwrap().to_owned();
    let messages = log["messages"].as_array().unwrap().iter();
    messages.map(|m| (text(m, "id"), text(m, "from"), text(m, "text"))).collect()
}

fn friend_of(side: usize) -> &'static str {
    ["Ben", "Ana"][side]
}

/// Where a side listens, and nobody else: both find each other again if both were away.
fn place(side: usize) -> String {
    let [.., high, low] = process::id().to_be_bytes();
    format!("/ip4/127.{high}.{low}.{}/udp/4242/quic-v1", side + 1)
}
