//! Stories of the store, told through its own surface.

use std::{collections::BTreeMap, fs};

use covey_proto::{
    EntryId, Seq, Time,
    store::{Kind, Message, Record, Shown, Span},
};
use tempfile::TempDir;

use super::{
    scene::{Author, HERE, Home, NAME, files, key, message},
    *,
};

#[test]
fn a_batch_sees_what_it_wrote_and_readers_see_it_once_committed() {
    let mut home = Home::new();
    let run = Author::new(1).says(&["hello"]);
    let entry = run.first().clone();
    let history = home.store.history();
    home.batch(|shelf| {
        shelf.put(Kind::Card, b"ana", b"card");
        shelf.append(&run);
        shelf.show(&message(&run, 0));
        assert_eq!(shelf.at(run.log(), Seq(1)), run.entries());
        assert_eq!(shelf.order(HERE, entry.id.short()), Some(entry.head.at));
        assert_eq!(shelf.latest(HERE), Some((entry.head.at, entry.id)));
        assert_eq!(history.page(HERE, Page::Newest, 10).unwrap(), []);
        assert_eq!(history.records(Kind::Card, b"").unwrap(), []);
    });
    assert_eq!(home.page(Page::Newest, 10), [message(&run, 0)]);
    assert_eq!(home.store.state().unwrap(), [card("ana")]);
}

#[test]
fn a_full_disk_fails_the_batch_whole_and_the_store_goes_on_afterwards() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let (small, large) = (ana.says(&["fits"]), ana.says(&[&"x".repeat(30_000)]));
    home.append(&[&small]);
    home.limit(1);
    let outcome = home.store.batch(|shelf| {
        shelf.put(Kind::Card, b"ana", b"card");
        shelf.append(&large);
        // the transaction may be gone: what follows must not be written on its own
        shelf.put(Kind::Card, b"bob", b"card");
        assert_eq!(shelf.at(large.log(), Seq(1)), []);
    });
    assert!(matches!(outcome, Err(Error::DiskFull)), "{outcome:?}");
    assert_eq!(home.store.state().unwrap(), []);
    assert_eq!(home.runs(ana.log, 1, 9), [small.bytes()]);

    home.limit(1000);
    home.append(&[&large]);
    assert_eq!(home.runs(ana.log, 1, 9), [small.bytes(), large.bytes()]);
}

#[test]
fn a_batch_that_panics_leaves_nothing() {
    let mut home = Home::new();
    let batch = std::panic::AssertUnwindSafe(|| {
        home.store.batch(|shelf| {
            shelf.put(Kind::Card, b"ana", b"card");
            std::panic::resume_unwind(Box::new(()));
        })
    });
    std::panic::catch_unwind(batch).unwrap_err();
    home.batch(|shelf| shelf.put(Kind::Card, b"bob", b"card"));
    assert_eq!(home.store.state().unwrap(), [card("bob")]);
}

#[test]
fn a_power_cut_takes_no_committed_batch_and_leaves_no_half_of_one() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let (one, two) = (ana.says(&["one"]), ana.says(&["two"]));
    home.append(&[&one]);
    home.append(&[&two]);

    let mut whole = Home::open(home.cut(|_| ()));
    assert_eq!(whole.runs(ana.log, 1, 9), [one.bytes(), two.bytes()]);
    let mut torn = Home::open(home.cut(|wal| wal.truncate(wal.len() - 1)));
    assert_eq!(torn.runs(ana.log, 1, 9), [one.bytes()]);
    torn.append(&[&two]);
    assert_eq!(torn.runs(ana.log, 1, 9), [one.bytes(), two.bytes()]);
}

#[test]
fn another_key_opens_nothing_and_touches_nothing() {
    let mut home = Home::new();
    home.batch(|shelf| shelf.put(Kind::Card, b"ana", b"card"));
    let folder = home.cut(|_| ());
    let before = files(folder.path());
    let outcome = Store::open(&folder.path().join(NAME), Key::new([2; 48]));
    assert!(matches!(outcome, Err(Error::WrongKey)), "{outcome:?}");
    assert_eq!(files(folder.path()), before);
    assert_eq!(Home::open(folder).store.state().unwrap(), [card("ana")]);
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(NAME);
    fs::write(&path, "milk, eggs, bread\n".repeat(1000)).unwrap();
    let before = files(folder.path());
    let outcome = Store::open(&path, key());
    assert!(matches!(outcome, Err(Error::WrongKey)), "{outcome:?}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let home = Home::new();
    let newer = "PRAGMA user_version = 1000";
    home.store.writer.execute_batch(newer).unwrap();
    let folder = home.cut(|_| ());
    let before = files(folder.path());
    let outcome = Store::open(&folder.path().join(NAME), key());
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Newer { found: 1000, .. }));
    assert!(error.to_string().contains("newer Covey"));
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_damaged_page_is_an_error_wherever_it_is() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    for _ in 0..40 {
        let run = ana.says(&["x".repeat(2000).as_str()]);
        home.batch(|shelf| {
            shelf.put(Kind::Card, &run.last().id.0, &[0; 500]);
            shelf.append(&run);
            shelf.show(&message(&run, 0));
        });
    }
    let folder = home.close();
    let path = folder.path().join(NAME);
    let whole = fs::read(&path).unwrap();
    let mut noticed = 0;
    for place in (2000..whole.len()).step_by(4096) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&path, bytes).unwrap();
        let read = |mut store: Store| -> Result<(), Error> {
            store.state()?;
            let history = store.history();
            history.page(HERE, Page::Oldest, 1000)?;
            Runs::new(ana.log, Seq(1)..=Seq(99)).next(&mut store, usize::MAX)?;
            Ok(())
        };
        match Store::open(&path, key()).and_then(read) {
            Ok(()) => {} // a page that these reads do not need
            Err(Error::Damaged) => noticed += 1,
            Err(Error::WrongKey) if place < 4096 => noticed += 1,
            Err(error) => panic!("page {}: {error:?}", place / 4096),
        }
    }
    assert!(noticed > 30, "{noticed} pages of {}", whole.len() / 4096);
}

#[test]
fn no_text_name_or_id_can_be_read_in_the_files() {
    let mut home = Home::new();
    let ana = &mut Author::new(1);
    let run = ana.says(&["nobody but us reads this"]);
    home.batch(|shelf| {
        shelf.put(Kind::Roster, b"a very long key of it", b"Ana of the Hills");
        shelf.append(&run);
        shelf.show(&message(&run, 0));
    });
    let secrets: [&[u8]; 8] = [
        b"nobody but us",
        b"a very long key",
        b"of the Hills",
        b"CREATE TABLE",
        &run.last().id.0,
        &HERE.0,
        &ana.log.device.0,
        &ana.account.0,
    ];
    let open = files(home.cut(|_| ()).path());
    for (name, bytes) in open.into_iter().chain(files(home.close().path())) {
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{:?} in {name}", secret.escape_ascii().to_string());
        }
    }
}

#[test]
fn both_branches_of_a_fork_are_kept_and_sent() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let trunk = ana.says(&["one"]);
    let (mut clone, next) = (ana.twin(), ana.says(&["two", "three"]));
    let other = clone.says(&["two, otherwise"]);
    let last = clone.says(&["three, otherwise"]);
    home.append(&[&trunk, &next, &other, &last]);
    home.batch(|shelf| {
        let at = |seq| shelf.at(ana.log, Seq(seq));
        assert_eq!(at(2), [other.first().clone(), next.first().clone()]);
        assert_eq!(at(3), [next.last().clone(), last.first().clone()]);
        assert_eq!(at(4), []);
    });
    let all = [&trunk, &other, &next, &last].map(|run| run.bytes().to_vec());
    assert_eq!(home.runs(ana.log, 1, 9), all);
    let mut one_by_one = Runs::new(ana.log, Seq(1)..=Seq(9));
    for run in all {
        assert_eq!(one_by_one.next(&mut home.store, 0).unwrap(), [run]);
    }
    assert_eq!(one_by_one.next(&mut home.store, 0).unwrap(), Vec::<Vec<u8>>::new());
}

#[test]
fn a_run_appended_again_changes_nothing() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let (one, two) = (ana.says(&["one", "two"]), ana.says(&["three"]));
    home.append(&[&one, &two, &one]);
    home.append(&[&two, &one]);
    assert_eq!(home.runs(ana.log, 1, 9), [one.bytes(), two.bytes()]);
}

#[test]
fn an_entry_that_comes_in_two_runs_is_one_entry() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let mut clone = ana.twin();
    let (short, long) = (ana.says(&["one"]), clone.says(&["one", "two"]));
    assert_eq!(short.first(), long.first());
    home.append(&[&short, &long]);
    home.batch(|shelf| {
        assert_eq!(shelf.at(ana.log, Seq(1)), short.entries());
        assert_eq!(shelf.at(ana.log, Seq(2)), long.entries()[1..]);
    });
}

#[test]
fn a_span_is_whole_runs_within_the_budget_but_at_least_one() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let runs = [&["one", "two"][..], &["three"], &["four", "five"]].map(|texts| ana.says(texts));
    home.append(&[&runs[0], &runs[1], &runs[2]]);
    let [first, second, third] = runs.each_ref().map(|run| run.bytes().len() as u64);
    let nobody = Author::new(2).log;
    home.batch(|shelf| {
        let span = |after, budget| {
            let span = shelf.span(ana.log, Seq(after), budget);
            span.map(|Span { last, bytes }| (last.0, bytes))
        };
        assert_eq!(span(0, 0), Some((2, first)));
        assert_eq!(span(0, first + second - 1), Some((2, first)));
        assert_eq!(span(0, first + second), Some((3, first + second)));
        assert_eq!(span(0, u64::MAX), Some((5, first + second + third)));
        assert_eq!(span(1, first), Some((2, first)));
        assert_eq!(span(2, 0), Some((3, second)));
        assert_eq!(span(5, u64::MAX), None);
        assert_eq!(span(u64::MAX, u64::MAX), None);
        assert_eq!(shelf.span(nobody, Seq(0), 0), None);
    });
    assert_eq!(home.runs(ana.log, 2, 4), [runs[0].bytes(), runs[1].bytes()]);
    assert_eq!(home.runs(ana.log, 3, u64::MAX), [runs[1].bytes(), runs[2].bytes()]);
    assert_eq!(home.runs(nobody, 1, 9), Vec::<Vec<u8>>::new());
}

#[test]
fn pages_follow_the_order_shown_and_join_without_a_seam() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let runs: Vec<_> = (0..9).map(|n| ana.says(&[&n.to_string()])).collect();
    let mut all: Vec<_> = runs.iter().map(|run| message(run, 0)).collect();
    // written first, sorted last; and two at one moment
    all[0].order = Time(1 << 40);
    all[5].order = all[4].order;
    home.batch(|shelf| all.iter().for_each(|message| shelf.show(message)));
    all.sort_by_key(|message| (message.order, message.id));

    let ends = |message: &Message| (message.order, message.id);
    assert_eq!(home.page(Page::Oldest, 4), all[..4]);
    assert_eq!(home.page(Page::Newest, 4), all[5..]);
    let (order, id) = ends(&all[3]);
    assert_eq!(home.page(Page::After(order, id), 3), all[4..7]);
    let (order, id) = ends(&all[5]);
    assert_eq!(home.page(Page::Before(order, id), 3), all[2..5]);
    // what arrives late moves no page
    home.batch(|shelf| shelf.show(&message(&ana.says(&["late"]), 0)));
    assert_eq!(home.page(Page::Before(order, id), 3), all[2..5]);
}

#[test]
fn a_message_shown_anew_takes_its_new_place() {
    let mut home = Home::new();
    let run = Author::new(1).says(&["one"]);
    let before = message(&run, 0);
    let after = Message { order: Time(99_000), shown: Shown::Newer, ..before.clone() };
    home.batch(|shelf| shelf.show(&before));
    home.batch(|shelf| {
        shelf.show(&after);
        assert_eq!(shelf.latest(HERE), Some((after.order, after.id)));
    });
    assert_eq!(home.page(Page::Newest, 9), [after]);
}

#[test]
fn what_is_unread_is_what_others_said_behind_what_was_read_and_can_be_read() {
    let mut home = Home::new();
    let (me, mut ana) = (Author::new(9), Author::new(1));
    let runs = [ana.says(&["a", "b", "c", "d", "e"]), Author::new(9).says(&["mine"])];
    home.append(&[&runs[0], &runs[1]]);
    home.batch(|shelf| {
        let shown = [Shown::Text("a".into()), Shown::Act, Shown::Newer, Shown::Retracted];
        for (n, shown) in shown.into_iter().chain([Shown::Text("e".into())]).enumerate() {
            shelf.show(&Message { shown, ..message(&runs[0], n) });
        }
        shelf.show(&message(&runs[1], 0));
    });
    let unread = |read, limit| {
        let read = BTreeMap::from([(ana.log, Seq(read))]);
        home.store.history().unread(HERE, me.account, &read, limit).unwrap()
    };
    assert_eq!([0, 1, 2, 3, 5].map(|read| unread(read, 9)), [3, 2, 2, 1, 0]);
    assert_eq!(unread(0, 2), 2);
}

#[test]
fn a_message_is_found_by_its_id_and_by_how_that_begins() {
    let mut home = Home::new();
    let run = Author::new(1).says(&["one", "two", "three"]);
    let all = [0, 1, 2].map(|n| message(&run, n));
    home.batch(|shelf| all.iter().for_each(|message| shelf.show(message)));
    let history = home.store.history();
    for message in all {
        assert_eq!(history.find(message.id, message.id, 2).unwrap(), [message]);
    }
    let (first, last) = (EntryId([0; 32]), EntryId([u8::MAX; 32]));
    assert_eq!(history.find(first, last, 2).unwrap().len(), 2);
}

#[test]
fn records_are_found_by_how_their_keys_begin() {
    let mut home = Home::new();
    home.batch(|shelf| {
        for key in [&b"a\xff\xff"[..], b"a", b"b", b"a\xff", b"\xff\xff"] {
            shelf.put(Kind::Have, key, b"");
        }
        shelf.put(Kind::Card, b"a", b"");
        shelf.put(Kind::Have, b"a\xfe", b"");
        shelf.delete(Kind::Have, b"a\xfe");
    });
    let keys = |prefix: &[u8]| -> Vec<Vec<u8>> {
        let found = home.store.history().records(Kind::Have, prefix).unwrap();
        found.into_iter().map(|record| record.key).collect()
    };
    assert_eq!(keys(b"a"), [&b"a"[..], b"a\xff", b"a\xff\xff"]);
    assert_eq!(keys(b"\xff"), [b"\xff\xff"]);
    assert_eq!(keys(b"").len(), 5);
}

#[test]
fn a_reader_in_the_middle_of_its_work_does_not_hold_up_the_writer() {
    let mut home = Home::new();
    let count = |reader: &Connection| {
        let sql = "SELECT count(*) FROM state";
        reader.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let reader = open::reader(&home.path(), &key()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader), 0);
    home.batch(|shelf| shelf.put(Kind::Card, b"ana", b"card"));
    assert_eq!(count(&reader), 0);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&reader), 1);
    reader.execute_batch("DELETE FROM state").unwrap_err();
}

fn card(key: &str) -> Record {
    Record { kind: Kind::Card, key: key.into(), bytes: b"card".into() }
}
