//! Stories of what is taken back: it is gone from the disk, and the chain holds.

use covey_proto::{
    EntryId, Seq, Time,
    store::{Act, Message, Shown},
    wire::{Kind, Run},
};

use super::{
    Page,
    scene::{Author, HERE, Home, message},
};

#[test]
fn a_run_without_a_body_is_read_as_signed_and_gets_its_body_back() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let run = ana.says(&["one", "two", "three"]);
    home.append(&[&run]);
    let two = run.entries()[1].clone();
    home.batch(|shelf| {
        shelf.rewrite(&two.withdrawn());
        assert_eq!(shelf.at(ana.log, Seq(2)), [two.withdrawn()]);
        assert_eq!(shelf.at(ana.log, Seq(3)), [run.last().clone()]);
    });
    let sent = home.runs(ana.log, 1, 9).remove(0);
    let read = Run::open(sent.clone()).expect("the signature covers heads");
    assert_eq!(read.entries()[1], two.withdrawn());
    assert!(!sent.windows(3).any(|part| part == b"two"));
    // whoever brings the words again, as they were, does not bring them back
    home.append(&[&run]);
    assert_eq!(home.runs(ana.log, 1, 9), [sent]);
    home.batch(|shelf| shelf.rewrite(&two));
    assert_eq!(home.runs(ana.log, 1, 9), [run.bytes()]);
}

#[test]
fn what_is_withdrawn_is_nowhere_in_the_database() {
    let mut home = Home::new();
    let mut ana = Author::new(1);
    let run = ana.says(&["a secret of Ana's"]);
    let entry = run.first().clone();
    ana.about = (Kind::Edit, Some(entry.id));
    let edit = ana.says(&["a secret of Ana's, edited"]);
    let act = |content: &[u8]| Act {
        conversation: HERE,
        target: entry.id,
        from: ana.account,
        kind: Kind::Edit,
        at: Time(2000),
        id: edit.first().id,
        content: content.to_vec(),
    };
    home.batch(|shelf| {
        [&run, &edit].iter().for_each(|run| shelf.append(run));
        shelf.show(&message(&run, 0));
        shelf.act(&act(edit.first().content()));
        let places = shelf.readers(HERE, entry.id.short());
        assert_eq!(places, [(ana.log, Seq(2))], "an edit names what it edits");
    });
    home.batch(|shelf| {
        [&run, &edit].iter().for_each(|run| shelf.rewrite(&run.first().withdrawn()));
        shelf.show(&Message { shown: Shown::Retracted, ..message(&run, 0) });
        shelf.act(&act(b""));
    });
    assert_eq!(home.words("secret"), 0);
    assert_eq!(home.page(Page::Newest, 9)[0].shown, Shown::Retracted);
}

/// A reaction costs a look at what counts already, which is one row a person.
#[test]
fn a_hundred_thousand_reactions_of_two_people_are_two_rows() {
    let mut home = Home::new();
    let ana = Author::new(1);
    let ben = Author::new(2);
    let target = EntryId([3; 32]);
    home.append(&[&Author::new(1).says(&["go on"])]);
    home.batch(|shelf| {
        for n in 0..100_000_u64 {
            shelf.act(&Act {
                conversation: HERE,
                target,
                from: [ana.account, ben.account][usize::from(n % 2 == 0)],
                kind: Kind::Reaction,
                at: Time(n),
                id: target,
                content: vec![b'a'],
            });
        }
        assert_eq!(shelf.acts(HERE, target).len(), 2);
    });
}
