//! What a node does when its disk does not take what it is given.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use crate::{apart::apart, people::Person};
use covey_node::{
    api::State,
    home::{self, Home},
    vault::Wish,
};
use rusqlite::Connection;

/// A place to mount something on, the same for whoever mounts it.
const DISK: &str = "/mnt";

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let test = "a_full_disk_is_told_and_nothing_is_lost";
    apart(test, &["--mount"], "mount -t tmpfs -o size=4m covey /mnt", async {
        let home = tempfile::tempdir_in(DISK).unwrap();
        let (ana, ben) = (Person::within(home, "Ana").await, Person::new("Ben").await);
        ana.befriend(&ben).await;
        ana.delivered(&ana.say(&ben, "before").await.unwrap()).await;

        fill(&Path::new(DISK).join("filler"));
        let mut said = Vec::new();
        let refusal = loop {
            match ana.say(&ben, &format!("{} {}", said.len(), "x".repeat(20_000))).await {
                Ok(id) => said.push(id),
                Err(refusal) => break refusal.to_string(),
            }
        };
        assert_eq!(refusal, "the disk is full; nothing was lost, free some space and try again");
        let missed = ben.say(&ana, "are you there?").await.unwrap();
        ana.until("she parts", async || !ana.friend(&ben).await.unwrap().online).await;
        assert_eq!(ana.log(&ben).await.len(), 1 + said.len());

        fs::remove_file(Path::new(DISK).join("filler")).unwrap();
        said.push(ana.say(&ben, "after").await.unwrap());
        for id in &said {
            ana.delivered(id).await;
        }
        ben.delivered(&missed).await;
        let ids = |log: Vec<covey_node::api::Message>| {
            log.into_iter().map(|message| message.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(ana.log(&ben).await).len(), 3 + said.len() - 1);
        assert_eq!(ids(ana.log(&ben).await), ids(ben.log(&ana).await));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_dropped_alone_and_its_sender_gets_no_link() {
    let home = tempfile::tempdir().unwrap();
    let options = home::Options { keep: Wish::File, name: "Ana".into() };
    drop(Home::open(home.path(), &options).unwrap());
    refuse(home.path(), "poison");
    let ana = Person::within(home, "Ana").await;
    let (ben, cleo) = (Person::new("Ben").await, Person::new("Cleo").await);
    ana.befriend(&ben).await;
    ana.befriend(&cleo).await;

    let poison = ben.say(&ana, "poison").await.unwrap();
    ana.until("she parts", async || !ana.friend(&ben).await.unwrap().online).await;
    cleo.delivered(&cleo.say(&ana, "hello").await.unwrap()).await;
    ana.delivered(&ana.say(&cleo, "good morning").await.unwrap()).await;
    let refusal = ana.say(&cleo, "poison").await.unwrap_err();
    assert_eq!(refusal.to_string(), "the database failed");
    ana.delivered(&ana.say(&cleo, "good night").await.unwrap()).await;

    assert!(!ana.friend(&ben).await.unwrap().online);
    let ben_says = ben.log(&ana).await;
    assert_eq!(
        ben_says.iter().map(|m| (&m.id, m.state)).collect::<Vec<_>>(),
        [(&poison, State::Waiting)]
    );
    assert_eq!(ana.log(&ben).await, []);
    assert_eq!(cleo.log(&ana).await.len(), 3);
}

/// Leaves no room on the disk that this file is on.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
}

/// From now on this home's database takes no message that says this.
fn refuse(home: &Path, text: &str) {
    let vault = fs::read(home.join("vault")).unwrap();
    let key: String = vault[15..63].iter().map(|byte| format!("{byte:02x}")).collect();
    let db = Connection::open(home.join("store.db")).unwrap();
    db.execute_batch(&format!(
        "PRAGMA key = \"x'{key}'\"; PRAGMA cipher_plaintext_header_size = 32;
         CREATE TRIGGER refuse BEFORE INSERT ON message WHEN new.text = '{text}'
         BEGIN SELECT RAISE(ABORT, 'refused'); END"
    ))
    .unwrap();
}
