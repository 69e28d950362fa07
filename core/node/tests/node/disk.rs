//! What a node does when its disk does not take what it is given.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use crate::{
    apart::apart,
    people::{Person, node, status},
};
use covey_node::{
    api::{Command, Message, Reply, State},
    home::{self, Home},
    run,
    vault::Wish,
};
use rusqlite::Connection;
use tempfile::TempDir;

/// A place to mount something on, the same for whoever mounts it.
const DISK: &str = "/mnt";
const DAMAGED: &str =
    "the database is damaged; stop the node and run `covey repair`, which saves what can be read";
const FULL: &str = "the disk is full; nothing was lost, free some space and try again";

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
        assert_eq!(refusal, FULL);
        assert_eq!(status(ana.core()).await.trouble.as_deref(), Some(FULL));
        let missed = ben.say(&ana, "are you there?").await.unwrap();
        ana.until("she parts", async || !ana.friend(&ben).await.unwrap().online).await;
        assert_eq!(ana.log(&ben).await.len(), 1 + said.len());

        fs::remove_file(Path::new(DISK).join("filler")).unwrap();
        said.push(ana.say(&ben, "after").await.unwrap());
        assert_eq!(status(ana.core()).await.trouble, None);
        for id in &said {
            ana.delivered(id).await;
        }
        ben.delivered(&missed).await;
        let ids = |log: Vec<Message>| log.into_iter().map(|message| message.id).collect::<Vec<_>>();
        assert_eq!(ids(ana.log(&ben).await).len(), 3 + said.len() - 1);
        assert_eq!(ids(ana.log(&ben).await), ids(ben.log(&ana).await));
    });
}

#[test]
fn a_first_start_on_a_full_disk_says_so_and_works_once_there_is_room() {
    let test = "a_first_start_on_a_full_disk_says_so_and_works_once_there_is_room";
    apart(test, &["--mount"], "mount -t tmpfs -o size=4m covey /mnt", async {
        let (home, filler) = (tempfile::tempdir_in(DISK).unwrap(), Path::new(DISK).join("filler"));
        let open =
            || Home::open(home.path(), &home::Options { keep: Wish::File, name: "Ana".into() });
        fill(&filler);
        assert_eq!(open().unwrap_err().to_string(), FULL);
        fs::remove_file(&filler).unwrap();
        open().unwrap();
        fill(&filler);
        assert_eq!(open().unwrap_err().to_string(), FULL);
        fs::remove_file(&filler).unwrap();
        Person::within(home, "Eve").await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_dropped_alone_and_its_sender_gets_no_link() {
    let home = fresh("Ana");
    alter(
        home.path(),
        "CREATE TRIGGER refuse BEFORE INSERT ON message WHEN new.text = 'poison'
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    let ana = Person::within(home, "Ana").await;
    let (ben, cleo) = (Person::new("Ben").await, Person::new("Cleo").await);
    ana.befriend(&ben).await;
    ana.befriend(&cleo).await;

    let poison = ben.say(&ana, "poison").await.unwrap();
    ana.until("she parts", async || !ana.friend(&ben).await.unwrap().online).await;
    cleo.delivered(&cleo.say(&ana, "hello").await.unwrap()).await;
    ana.delivered(&ana.say(&cleo, "good morning").await.unwrap()).await;
    let refusal = ana.say(&cleo, "poison").await.unwrap_err();
    assert_eq!(refusal.to_string(), "the database failed; the log of the node says why");
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

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_the_disk_took_nothing_is_not_forgotten() {
    let home = fresh("Ana");
    alter(
        home.path(),
        "CREATE TRIGGER refuse BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    let node = node(home.path(), "Ana");
    let rename = || node.core().command(None, Command::SetName { name: "Anna".into() });
    assert_eq!(
        rename().await.unwrap_err().to_string(),
        "the database failed; the log of the node says why"
    );
    assert_eq!(
        rename().await.unwrap_err().to_string(),
        "the database failed; the log of the node says why"
    );
    assert!(status(node.core()).await.addresses.is_empty());

    alter(home.path(), "DROP TRIGGER refuse");
    rename().await.unwrap();
    let ana = Person::at(home, node).await;
    ana.befriend(&Person::new("Ben").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_damaged_database_lost_comes_again_from_friends() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    ana.befriend(&ben).await;
    for n in 0..20 {
        ana.delivered(&ana.say(&ben, &format!("{n} {}", "a".repeat(3000))).await.unwrap()).await;
        ben.delivered(&ben.say(&ana, &format!("{n} {}", "b".repeat(3000))).await.unwrap()).await;
    }
    let all = ana.log(&ben).await;
    let home = ana.leave().await;
    damage(home.path(), "run");
    damage(home.path(), "message");

    let options = home::Options { keep: Wish::File, name: String::new() };
    let repaired = home::repair(home.path(), &options).unwrap();
    assert!(!repaired.whole && repaired.damaged.exists(), "{repaired:?}");
    let names: Vec<_> = repaired.lost.iter().filter_map(|(name, _)| name.as_deref()).collect();
    assert!(names.iter().all(|name| *name == "Ben"), "{repaired:?}");

    let ana = Person::within(home, "Ana").await;
    let texts =
        |log: &[Message]| log.iter().map(|m| (m.id.clone(), m.text.clone())).collect::<Vec<_>>();
    ana.until("all is there again", async || texts(&ana.log(&ben).await) == texts(&all)).await;
    ana.delivered(&ana.say(&ben, "after").await.unwrap()).await;
    ben.delivered(&ben.say(&ana, "welcome back").await.unwrap()).await;
    assert_eq!(texts(&ana.log(&ben).await), texts(&ben.log(&ana).await));
    assert_eq!(ana.log(&ben).await.len(), 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_rots_while_a_node_runs_costs_no_more_than_what_is_on_it() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    ana.befriend(&ben).await;
    let ben_home = ben.leave().await;
    let told = status(ana.core()).await;
    let (friend, listen, mut said) = (told.friends[0].id.clone(), told.addresses, Vec::new());
    for n in 0..20 {
        let text = format!("{n} {}", "x".repeat(3000));
        let sent = Command::Send { friend: friend.clone(), text };
        let Reply::Sent(id) = ana.ask(sent).await else { panic!("not sent") };
        said.push(id);
    }
    let home = ana.leave().await;
    damage(home.path(), "run");

    let options = home::Options { keep: Wish::File, name: String::new() };
    let listen = run::Options { listen, lan: false, log: covey_node::bundle::Log::default() };
    let node = run::start(Home::open(home.path(), &options).unwrap(), &listen).unwrap();
    let (ana, ben) = (Person::at(home, node).await, Person::within(ben_home, "Ben").await);
    ben.until("what can be read is there", async || ben.log(&ana).await.len() == 19).await;
    assert_eq!(status(ana.core()).await.trouble.as_deref(), Some(DAMAGED));
    ana.delivered(&ana.say(&ben, "after").await.unwrap()).await;
    ben.delivered(&ben.say(&ana, "and on").await.unwrap()).await;
    let held: Vec<_> = ben.log(&ana).await.into_iter().map(|message| message.id).collect();
    assert_eq!(said.iter().filter(|id| held.contains(id)).count(), 19);
    assert_eq!((ana.log(&ben).await.len(), held.len()), (22, 21));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_on_a_rotten_page_is_refused_alone() {
    let ana = Person::new("Ana").await;
    let (ben, cleo) = (Person::new("Ben").await, Person::new("Cleo").await);
    ana.befriend(&ben).await;
    ana.befriend(&cleo).await;
    for friend in [&cleo, &ben, &cleo] {
        ana.delivered(&ana.say(friend, &"x".repeat(3000)).await.unwrap()).await;
    }
    let home = ana.leave().await;
    damage(home.path(), "run");
    let ana = Person::within(home, "Ana").await;
    for _ in 0..2 {
        assert_eq!(ana.say(&ben, "and then?").await.unwrap_err().to_string(), DAMAGED);
    }
    ana.delivered(&ana.say(&cleo, "my disk is going").await.unwrap()).await;
    assert_eq!((ana.log(&ben).await.len(), cleo.log(&ana).await.len()), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_was_cut_off_is_ended_by_whoever_opens_the_home() {
    let (ana, ben) = (Person::new("Ana").await, Person::new("Ben").await);
    ana.befriend(&ben).await;
    ana.delivered(&ana.say(&ben, "hello").await.unwrap()).await;
    let home = ana.leave().await;
    let options = home::Options { keep: Wish::File, name: String::new() };
    let store = home.path().join("store.db");
    let repaired = home::repair(home.path(), &options).unwrap();
    assert!(repaired.whole && repaired.lost.is_empty(), "{repaired:?}");
    // as it stands between two steps
    fs::rename(&store, home.path().join("store.db.repaired")).unwrap();
    fs::write(home.path().join("store.db-wal"), "of the damaged one").unwrap();
    let ana = Person::within(home, "Ana").await;
    assert_eq!(ana.log(&ben).await.len(), 1);
    ben.delivered(&ben.say(&ana, "hello again").await.unwrap()).await;
}

#[test]
fn a_database_of_which_nothing_can_be_read_is_left_as_it_is() {
    let home = fresh("Ana");
    let store = home.path().join("store.db");
    let mut bytes = fs::read(&store).unwrap();
    bytes[100] ^= 1;
    fs::write(&store, &bytes).unwrap();
    let options = home::Options { keep: Wish::File, name: String::new() };
    let refusal = home::repair(home.path(), &options).unwrap_err().to_string();
    assert!(refusal.contains("this home's key does not open its database"), "{refusal}");
    assert_eq!(fs::read(&store).unwrap(), bytes);
}

/// Turns a bit of a page in the middle of a table of a home's database.
fn damage(home: &Path, table: &str) {
    let db = database(home);
    let sql = "SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = 'leaf' ORDER BY path";
    let mut pages = db.prepare(sql).unwrap();
    let pages = pages.query_map([table], |row| row.get(0)).unwrap();
    let pages: Vec<u32> = pages.map(Result::unwrap).collect();
    let page = pages[pages.len() / 2] as usize;
    let mut bytes = fs::read(home.join("store.db")).unwrap();
    bytes[(page - 1) * 4096 + 1000] ^= 1;
    fs::write(home.join("store.db"), bytes).unwrap();
}

/// Leaves no room on the disk that this file is on.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
}

/// Does something to the database of a home, behind the node's back.
fn alter(home: &Path, sql: &str) {
    database(home).execute_batch(sql).unwrap();
}

fn database(home: &Path) -> Connection {
    let vault = fs::read(home.join("vault")).unwrap();
    let key: String = vault[15..63].iter().map(|byte| format!("{byte:02x}")).collect();
    let db = Connection::open(home.join("store.db")).unwrap();
    let opened = "PRAGMA cipher_plaintext_header_size = 32; PRAGMA busy_timeout = 5000";
    db.execute_batch(&format!("PRAGMA key = \"x'{key}'\"; {opened}")).unwrap();
    db
}

/// A home on which no node ran.
fn fresh(name: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let options = home::Options { keep: Wish::File, name: name.into() };
    drop(Home::open(home.path(), &options).unwrap());
    home
}
