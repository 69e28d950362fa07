//! Stories of searching.

use covey_proto::{Time, store::Shown};
use proptest::prelude::*;

use super::*;
use crate::store::scene::{Author, HERE, Home, message};

#[test]
fn what_was_said_is_found_in_any_script_indexed_or_not() {
    let said = [
        ("Árvíztűrő tükörfúrógép", &["arvizturo", "TÜKÖR", "tukorfurogep árvíz"][..]),
        ("Die Straßenbahn fährt", &["strasse", "FÄHRT", "fahrt die"]),
        ("مرحبا بالعالم", &["مرحبا", "بالع"]),
        ("नमस्ते दुनिया", &["नमस्ते", "दुनि"]),
        ("สวัสดีชาวโลก", &["ชาว", "โลก", "ดี"]),
        ("東京都に行く", &["京", "東京", "京都に", "都に行く", "く"]),
        ("明日は中国", &["中国", "国", "日は"]),
        ("대한민국에서", &["한", "민국", "국에서"]),
        ("fits 👍🏽 and 👩\u{200d}🚀", &["👍", "👩\u{200d}🚀", "🚀"]),
        ("if (a->b[0] != \"c*d\") { x::y(); }", &["a->b[0]", "!=", "\"c*d\"", "x::y()", "{", "y"]),
        ("snake_case_name, path/to/file.rs", &["snake_", "case_name", "to/file.rs", "rs"]),
    ];
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let run = ana.says(&said.map(|(text, _)| text));
    home.batch(|shelf| (0..said.len()).for_each(|n| shelf.show(&message(&run, n))));
    for indexed in [false, true] {
        for (n, (text, wanted)) in said.iter().enumerate() {
            for wanted in *wanted {
                let found = texts(&home, wanted);
                assert!(found.iter().any(|found| found == text), "{wanted}: {found:?} {indexed}");
            }
            assert_eq!(texts(&home, text), [*text], "{n}");
        }
        catch_up(&mut home);
    }
}

#[test]
fn what_does_not_match_is_not_found() {
    let mut home = Home::new();
    let run = Author::new(1).says(&["Straßenbahn in Kyōto", "東西京", "a > b - c", "one two"]);
    home.batch(|shelf| (0..4).for_each(|n| shelf.show(&message(&run, n))));
    for _ in 0..2 {
        for wanted in ["bahn", "東京", "->", "one three", "oto", "onetwo", "a>"] {
            assert_eq!(texts(&home, wanted), [""; 0], "{wanted}");
        }
        catch_up(&mut home);
    }
}

#[test]
fn nothing_that_is_typed_is_a_query_language() {
    let mut home = Home::new();
    let run = Author::new(1).says(&["one AND two"]);
    home.batch(|shelf| shelf.show(&message(&run, 0)));
    catch_up(&mut home);
    for wanted in [
        "\"",
        "*",
        "^one",
        "tokens:one",
        "NEAR(one two)",
        "one OR three",
        "-one",
        "+",
        "one*",
        "(",
        "'; DROP TABLE word; --",
        "one\0",
        "\u{e000}1",
        "{tokens} : one",
        "NOT",
    ] {
        let found = texts(&home, wanted);
        assert!(found.is_empty() || wanted == "one\0", "{wanted}: {found:?}");
    }
    assert_eq!(texts(&home, "AND one"), ["one AND two"]);
}

#[test]
fn what_cannot_be_searched_for_says_why() {
    for (wanted, why) in [
        ("", Vague::Nothing),
        (" \t\n\u{200d}\u{feff}", Vague::Nothing),
        (&"x".repeat(257), Vague::TooMuch),
        (&"x ".repeat(32 << 10), Vague::TooMuch),
    ] {
        assert_eq!(Wanted::parse(wanted).unwrap_err(), why);
    }
    Wanted::parse(&"x ".repeat(256)).unwrap();
}

#[test]
fn the_newest_comes_first_in_one_conversation_or_all() {
    let mut home = Home::new();
    let (mut ana, mut ben) = (Author::new(1), Author::within(ConversationId([8; 32]), 2));
    let mut order = Vec::new();
    for (n, at) in [5, 3, 9, 1, 7, 7].into_iter().enumerate() {
        let author = if n % 2 == 0 { &mut ana } else { &mut ben };
        let run = author.says(&[&format!("word {at}")]);
        let message = Message { order: Time(at), ..message(&run, 0) };
        home.batch(|shelf| shelf.show(&message));
        order.push(message);
        if n == 2 {
            catch_up(&mut home);
        }
    }
    order.sort_by_key(|message| (message.order, message.id));
    order.reverse();
    for _ in 0..2 {
        let search = |within, limit| -> Vec<_> {
            let wanted = Wanted::parse("wor").unwrap();
            let found = home.store.history().search(&wanted, within, limit).unwrap();
            found.into_iter().map(|found| found.message).collect()
        };
        assert_eq!(search(None, 10), order);
        assert_eq!(search(None, 3), order[..3]);
        let here = order.iter().filter(|message| message.log.conversation == HERE).cloned();
        assert_eq!(search(Some(HERE), 10), here.collect::<Vec<_>>());
        assert_eq!(search(Some(ConversationId([9; 32])), 10), []);
        catch_up(&mut home);
    }
}

#[test]
fn what_is_shown_otherwise_is_not_found_any_more_and_leaves_no_trace() {
    let mut home = Home::new();
    let run = Author::new(1).says(&["secret plan", "another plan"]);
    let [first, second] = [0, 1].map(|n| message(&run, n));
    home.batch(|shelf| [&first, &second].into_iter().for_each(|m| shelf.show(m)));
    catch_up(&mut home);
    assert!(vocabulary(&home).contains(&"secret".into()));

    let edited = Message { shown: Shown::Text("public plan".into()), ..first };
    let gone = Message { shown: Shown::Newer, ..second };
    home.batch(|shelf| [&edited, &gone].into_iter().for_each(|m| shelf.show(m)));
    for _ in 0..2 {
        assert_eq!(texts(&home, "secret"), [""; 0]);
        assert_eq!(texts(&home, "another"), [""; 0]);
        assert_eq!(texts(&home, "plan"), ["public plan"]);
        catch_up(&mut home);
    }
    let left = vocabulary(&home);
    assert_eq!(left, ["plan", "public", "\u{e000}1"]);
    // nor does one that is shown elsewhere in the order, or is gone
    home.store.writer.execute("DELETE FROM message WHERE text = ''", []).unwrap();
    home.batch(|shelf| shelf.show(&Message { order: Time(9), ..edited.clone() }));
    assert_eq!(texts(&home, "plan"), ["public plan"]);
    catch_up(&mut home);
    assert_eq!(vocabulary(&home), left);
}

#[test]
fn a_long_history_is_indexed_step_by_step_and_a_short_one_is_left_alone() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let say = |home: &mut Home, ana: &mut Author, count: usize| {
        for _ in 0..count {
            let run = ana.says(&["hello"]);
            home.batch(|shelf| shelf.show(&message(&run, 0)));
        }
    };
    say(&mut home, &mut ana, SHORT as usize);
    assert!(!home.store.index().unwrap());
    assert_eq!(vocabulary(&home), [""; 0]);
    say(&mut home, &mut ana, 300);
    assert!(home.store.index().unwrap(), "300 of 556 are left");
    assert!(!home.store.index().unwrap(), "44 are left");
    assert_eq!(texts(&home, "hello").len(), 556);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The index proposes at least all that matches.
    #[test]
    fn what_is_found_one_by_one_is_found_by_the_index(
        texts in prop::collection::vec("[a-cáß京都東か。\\-> ि์ก_]{1,12}", 1..12),
        wanted in "[a-cáß京都東か。\\-> ि์ก_]{1,4}",
    ) {
        let Ok(query) = Wanted::parse(&wanted) else { return Ok(()) };
        let mut home = Home::new();
        let run = Author::new(1).says(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        home.batch(|shelf| (0..texts.len()).for_each(|n| shelf.show(&message(&run, n))));
        let search = |home: &Home| home.store.history().search(&query, None, 100).unwrap();
        let one_by_one = search(&home);
        catch_up(&mut home);
        prop_assert_eq!(search(&home), one_by_one);
    }
}

/// Indexes all there is.
fn catch_up(home: &mut Home) {
    while home.store.index_beyond(0).unwrap() {}
    let check = "INSERT INTO word (word) VALUES ('integrity-check')";
    home.store.writer.execute_batch(check).unwrap();
}

fn texts(home: &Home, wanted: &str) -> Vec<String> {
    let found = home.store.history().search(&Wanted::parse(wanted).unwrap(), None, 1000).unwrap();
    let text = |found: Found| String::from(found.message.shown.text().unwrap_or_default());
    found.into_iter().map(text).collect()
}

/// Every token that the index holds.
fn vocabulary(home: &Home) -> Vec<String> {
    let db = &home.store.writer;
    let all = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.token USING fts5vocab (main, word, row)";
    db.execute_batch(all).unwrap();
    let mut tokens = db.prepare("SELECT term FROM temp.token ORDER BY term").unwrap();
    let tokens = tokens.query_map([], |row| row.get(0)).unwrap();
    tokens.map(Result::unwrap).collect()
}
