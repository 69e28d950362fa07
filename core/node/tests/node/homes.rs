//! Homes: whose they are, and what a person reads whose home cannot be opened.

use std::{fs, path::Path};

use covey_node::{
    home::{self, Home},
    vault::Wish,
};

use crate::people::{Person, status};

#[test]
fn a_home_is_one_nodes_at_a_time() {
    let home = tempfile::tempdir().unwrap();
    let first = open(home.path(), "Ana").unwrap();
    assert_eq!(refusal(home.path()), "a node runs on this home already; use it, or stop it first");
    drop(first);
    open(home.path(), "Ana").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_whose_vault_is_gone_is_not_begun_anew() {
    let home = tempfile::tempdir().unwrap();
    let ana = Person::within(home, "Ana").await;
    let home = ana.leave().await;
    fs::rename(home.path().join("vault"), home.path().join("elsewhere")).unwrap();
    let sentence =
        "the file `vault` in the home is gone; restore it from a copy, or choose another home";
    assert_eq!(refusal(home.path()), sentence);
    fs::rename(home.path().join("elsewhere"), home.path().join("vault")).unwrap();
    let ana = Person::within(home, "Eve").await;
    assert_eq!(status(ana.core()).await.name, "Ana");
}

#[test]
fn a_first_start_that_was_killed_half_way_begins_anew() {
    let home = tempfile::tempdir().unwrap();
    let first = open(home.path(), "Ana").unwrap().account().unwrap();
    fs::remove_file(home.path().join("vault")).unwrap();
    let second = open(home.path(), "Ana").unwrap().account().unwrap();
    assert_ne!(first, second);
    assert!(home.path().join("store.db.lost").exists());
    assert_eq!(open(home.path(), "Ana").unwrap().account().unwrap(), second);
}

#[test]
fn a_home_with_the_vault_of_another_one_says_so() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for home in [&home, &other] {
        open(home.path(), "Ana").unwrap();
    }
    fs::copy(other.path().join("vault"), home.path().join("vault")).unwrap();
    let sentence =
        "this home's key does not open its database; restore the home folder from a copy";
    assert_eq!(refusal(home.path()), sentence);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_person_is_called_at_first_others_can_read_it() {
    let ana = Person::new("Ana").await;
    for (name, known_as) in [
        ("", "Somebody"),
        ("\u{202e}\u{7}", "Somebody 2"),
        (&"x".repeat(65), "Somebody 3"),
        ("\u{1b}[31mRed\u{200f}", "[31mRed"),
        (&"é".repeat(32), &"é".repeat(32)),
        ("Ana", "Ana"),
        ("Ana", "Ana 2"),
    ] {
        let other = Person::new(name).await;
        ana.befriend(&other).await;
        let friends = status(ana.core()).await.friends;
        assert!(friends.iter().any(|friend| friend.name == known_as), "{name:?}: {friends:?}");
    }
}

fn open(dir: &Path, name: &str) -> Result<Home, home::Error> {
    Home::open(dir, &home::Options { keep: Wish::File, name: name.into() })
}

fn refusal(dir: &Path) -> String {
    open(dir, "Eve").unwrap_err().to_string()
}
