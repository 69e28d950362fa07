//! The words by which an account is recovered, as a person meets them.

use crate::person::{Person, object};

#[test]
fn words_recover_the_account_once_and_new_ones_replace_them() {
    let ana = Person::start("Ana");
    assert!(ana.see(&["status"]).contains("a thief of this device can become you"));
    let words = ana.ask(&["recovery", "words"])["words"].as_str().unwrap().to_owned();
    assert_eq!(words.split(' ').count(), 24);
    let used = ana.pipe(&["recovery", "use"], format!("{words}\n").as_bytes());
    assert_eq!(object(&used)["recovered"], true);
    let again = ana.pipe(&["recovery", "use"], words.as_bytes());
    let error = "these words were used before; each time new ones replace them";
    assert_eq!(object(&again)["error"], error);
    assert_ne!(ana.ask(&["recovery", "words"])["words"], words);
}

#[test]
fn words_that_are_forgotten_are_on_paper_only() {
    let mut ana = Person::start("Ana");
    let words = ana.ask(&["recovery", "words"])["words"].as_str().unwrap().to_owned();
    ana.ask(&["recovery", "forget", "--yes"]);
    assert!(ana.see(&["status"]).contains("by the words you wrote down"));
    ana.terminate();
    ana.resume(&[]);
    let error =
        "the recovery key is no longer on this device; the words you wrote down are the key";
    assert_eq!(ana.refused(1, &["recovery", "words"]), error);
    let spoilt = words.replacen(' ', " x", 1);
    let wrong = ana.pipe(&["recovery", "use"], spoilt.as_bytes());
    let error = "word 2 is none that Covey uses; look how it is spelt";
    assert_eq!(object(&wrong)["error"], error);
    assert_eq!(object(&ana.pipe(&["recovery", "use"], words.as_bytes()))["recovered"], true);
}
