//! Databases damaged page by page.

use std::fs;

use covey_proto::people::card::Class;
use tempfile::TempDir;

use super::*;
use crate::store::{
    Page,
    scene::{Author, HERE, Home, NAME, key},
};

const THERE: ConversationId = ConversationId([8; 32]);
const EACH: u64 = 30;

#[test]
fn whichever_page_is_damaged_all_is_saved_or_said_to_be_lost() {
    let path = full();
    let intact = fs::read(path.path().join(NAME)).unwrap();
    let mut short = 0;
    for page in 0..intact.len() / 4096 {
        let mut bytes = intact.clone();
        bytes[page * 4096 + 2000] ^= 1;
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join(NAME), &bytes).unwrap();
        let repaired = match repair(&folder.path().join(NAME), &folder.path().join("new"), key()) {
            Ok(Some(repaired)) => repaired,
            Ok(None) | Err(Error::Damaged) => continue, // who this device is, or the schema
            Err(Error::WrongKey) if page == 0 => continue,
            Err(error) => panic!("page {page}: {error:?}"),
        };
        assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), bytes, "page {page}");
        short += u32::from(check(repaired, page));
    }
    assert!(short > 10, "damage that costs something is met");
}

#[test]
fn several_damaged_pages_cost_no_more_than_what_is_on_them() {
    let path = full();
    let mut bytes = fs::read(path.path().join(NAME)).unwrap();
    let pages = bytes.len() / 4096;
    for page in [pages / 3, pages / 2, pages / 2 + 3, pages - 5] {
        bytes[page * 4096 + 9] ^= 1;
    }
    fs::write(path.path().join(NAME), bytes).unwrap();
    let repaired = repair(&path.path().join(NAME), &path.path().join("new"), key());
    let repaired = repaired.unwrap().unwrap();
    let shown = repaired.store.history().page(HERE, Page::Oldest, 100).unwrap().len();
    assert!(shown > EACH as usize - 8, "{shown}");
    check(repaired, 0);
}

#[test]
fn a_database_that_is_whole_is_saved_whole() {
    let path = full();
    let repaired = repair(&path.path().join(NAME), &path.path().join("new"), key());
    let repaired = repaired.unwrap().unwrap();
    assert!(repaired.whole && repaired.lost.is_empty(), "{repaired:?}");
    assert!(!check(repaired, 0));
}

#[test]
fn a_run_that_is_not_genuine_is_not_saved() {
    let path = full();
    let db = open::writer(&path.path().join(NAME), &key()).unwrap();
    let spoil = "UPDATE run SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE id = 9;
                 UPDATE message SET text = 'forged' WHERE id = 9";
    db.execute_batch(spoil).unwrap();
    drop(db);
    let repaired = repair(&path.path().join(NAME), &path.path().join("new"), key());
    assert!(!repaired.unwrap().unwrap().whole);
}

/// A store in which two people said much, in a conversation each.
fn full() -> TempDir {
    let mut home = Home::new();
    let (me, records) = Me::found("Ana", Class::Pc, [1; 32]);
    let mut talk = Talk::new(me.account, me.device());
    home.batch(|shelf| records.iter().for_each(|r| shelf.put(r.kind, &r.key, &r.bytes)));
    let mut authors = [Author::new(1), Author::within(THERE, 2)];
    for n in 0..EACH {
        for author in &mut authors {
            let run = author.says(&[&format!("{n} {}", "x".repeat(1500))]);
            home.batch(|shelf| talk.restore(&run, shelf));
        }
    }
    home.close()
}

/// Whether something is lost, of which everything adds up.
fn check(repaired: Repaired, page: usize) -> bool {
    let Repaired { mut store, whole, lost } = repaired;
    let mut short = false;
    for here in [HERE, THERE] {
        let shown = store.history().page(here, Page::Oldest, 100).unwrap().len() as u64;
        let gone = lost.get(&here).map_or(0, |lost| lost.messages);
        assert!(shown + gone <= EACH, "page {page}: {shown} and {gone}");
        assert!(shown == EACH || !whole, "page {page}: {shown}");
        short |= shown < EACH;
        if let Some(Lost { after: Some(after), before: Some(before), messages }) = lost.get(&here) {
            // the authors write one a second
            assert_eq!(before.0 - after.0, 1000 * (messages + 1), "page {page}");
        }
    }
    let state = store.state().unwrap();
    let me = Me::stored(&state).unwrap();
    let mut talk = Talk::new(me.account, me.device());
    state.iter().for_each(|record| talk.load(record));
    for (log, have) in talk.holdings() {
        for seq in (1..=EACH).map(Seq).filter(|seq| have.holds(*seq)) {
            let there = store.batch(|shelf| shelf.at(log, seq)).unwrap();
            assert_eq!(there.len(), 1, "page {page}: {seq:?} is claimed");
        }
    }
    short || !whole
}
