//! What is done to messages: whatever comes first, all see the same in the end.

use covey_proto::{
    EntryId, Time,
    io::Refusal,
    store::Shown,
    talk::{SayError, Saying},
    wire::{Frame, Kind},
};
use world::{Who, World};

use crate::{
    pen::Pen,
    scenes::{MINUTE, family, friends, hand, penned},
};

#[test]
fn what_is_edited_taken_back_felt_and_answered_is_seen_on_every_device() {
    let (mut world, [phone, laptop], bob) = family(1);
    let all = [phone, laptop, bob];
    let wrong = world.say(phone, bob, "hallo");
    let regretted = world.say(phone, bob, "you fool");
    until_all(&mut world, all, "both are there", |w, who, with| w.texts(who, with).len() == 2);
    world.act(laptop, Saying::Edit(wrong, "hello".into())).unwrap();
    world.act(laptop, Saying::Retract(regretted)).unwrap();
    world.act(bob, Saying::React(wrong, "👍🏽".into())).unwrap();
    let answer = world.act(bob, Saying::Text("hi".into(), Some(wrong))).unwrap();
    until_all(&mut world, all, "all see it", |w, who, with| {
        w.texts(who, with) == ["hello", "(taken back)", "hi"]
            && w.message(who, wrong).reactions.len() == 1
    });
    for (who, _) in pairs(all) {
        let message = world.message(who, wrong);
        assert_eq!(message.reactions, [(world.account(bob), "👍🏽".into())]);
        assert!(message.edited && !world.message(who, answer).edited);
        assert_eq!(world.message(who, answer).reply_to, Some(wrong));
        assert!(!world.disk_says(who, "you fool"));
    }
    world.act(bob, Saying::React(wrong, String::new())).unwrap();
    until_all(&mut world, all, "it is felt no more", |w, who, with| {
        w.message(who, wrong).reactions.is_empty() && w.texts(who, with).len() == 3
    });
}

#[test]
fn a_retraction_that_comes_first_takes_back_what_comes_later() {
    let (mut world, alice, [bob, off]) = penned(2);
    let mut pen = Pen::of(&world, off, alice);
    let said = pen.writes("never read");
    let edited = pen.acts(Kind::Edit, &said, "never read either");
    let taken = pen.acts(Kind::Retract, &said, "");
    for run in [&taken, &edited, &said] {
        hand(&mut world, bob, alice, run);
    }
    assert_eq!(world.texts(alice, bob), ["(taken back)"]);
    assert!(!world.disk_says(alice, "never read"));
    // nothing undoes it, and nothing brings the words back
    pen.at = Time(pen.at.0 + 60_000);
    let again = pen.acts(Kind::Edit, &said, "read this");
    for run in [&again, &said, &edited] {
        hand(&mut world, bob, alice, run);
    }
    assert_eq!(world.texts(alice, bob), ["(taken back)"]);
    assert!(!world.disk_says(alice, "read"));
}

#[test]
fn of_two_edits_the_one_of_the_later_moment_counts_whichever_comes_first() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
        let (mut world, alice, [bob, off]) = penned(3);
        let mut pen = Pen::of(&world, off, alice);
        let said = pen.writes("one");
        pen.at = Time(pen.at.0 + 2_000);
        let late = pen.acts(Kind::Edit, &said, "three");
        pen.at = Time(pen.at.0 - 1_000);
        let early = pen.acts(Kind::Edit, &said, "two");
        for n in order {
            hand(&mut world, bob, alice, [&said, &late, &early][n]);
        }
        assert_eq!(world.texts(alice, bob), ["three"]);
    }
}

#[test]
fn who_edits_again_is_heard_though_the_clock_of_the_other_device_is_ahead() {
    let (mut world, [phone, laptop], bob) = family(4);
    let all = [phone, laptop, bob];
    let said = world.say(phone, bob, "one");
    until_all(&mut world, all, "it is there", |w, who, with| w.texts(who, with) == ["one"]);
    world.set_clock(phone, 3_600_000);
    world.act(phone, Saying::Edit(said, "two".into())).unwrap();
    world.until("the laptop sees it", |w| w.texts(laptop, bob) == ["two"]);
    world.act(laptop, Saying::Edit(said, "three".into())).unwrap();
    until_all(&mut world, all, "all see it", |w, who, with| w.texts(who, with) == ["three"]);
}

#[test]
fn an_edit_and_a_retraction_that_pass_each_other_take_it_back_everywhere() {
    let (mut world, [phone, laptop], bob) = family(5);
    let all = [phone, laptop, bob];
    let said = world.say(phone, bob, "secret");
    until_all(&mut world, all, "it is there", |w, who, with| w.texts(who, with) == ["secret"]);
    world.keep_apart(phone, laptop, true);
    world.keep_apart(laptop, bob, true);
    world.act(phone, Saying::Retract(said)).unwrap();
    world.pass(MINUTE);
    world.act(laptop, Saying::Edit(said, "secret, really".into())).unwrap();
    world.keep_apart(phone, laptop, false);
    world.keep_apart(laptop, bob, false);
    until_all(&mut world, all, "all have all", |w, who, with| {
        w.held(who, laptop, bob).0 == 1 && w.texts(who, with) == ["(taken back)"]
    });
    for (who, with) in pairs(all) {
        assert_eq!(world.texts(who, with), ["(taken back)"]);
        assert!(!world.disk_says(who, "secret"));
    }
}

#[test]
fn nobody_edits_or_takes_back_what_another_said() {
    let (mut world, alice, [bob, off]) = penned(6);
    let hers = world.say(alice, bob, "mine");
    world.until("he reads it", |w| w.texts(bob, alice) == ["mine"]);
    for saying in [Saying::Edit(hers, "his".into()), Saying::Retract(hers)] {
        assert_eq!(world.act(bob, saying), Err(Refusal::Say(SayError::NotYours)));
    }
    let mut pen = Pen::of(&world, off, alice);
    pen.target = Some(hers);
    for kind in [Kind::Edit, Kind::Retract] {
        pen.kind = kind;
        let run = pen.writes("his");
        hand(&mut world, bob, alice, &run);
    }
    // what comes before the message that it has no right to
    let before = EntryId([9; 32]);
    pen.target = Some(before);
    hand(&mut world, bob, alice, &pen.writes("x"));
    assert_eq!(world.texts(alice, bob), ["mine"]);
    assert_eq!(world.node(alice).ignored(), 2);
    assert_eq!(world.held(alice, off, alice).0, 3);
}

#[test]
fn what_is_said_about_a_message_that_is_not_there_or_about_an_act_is_refused() {
    let (mut world, alice, bob) = friends(7);
    let said = world.say(alice, bob, "hello");
    let felt = world.act(alice, Saying::React(said, "🙂".into())).unwrap();
    let (missing, no) = (EntryId([7; 32]), Err(Refusal::Say(SayError::NoMessage)));
    for target in [missing, felt] {
        assert_eq!(world.act(alice, Saying::Edit(target, "x".into())), no);
        assert_eq!(world.act(alice, Saying::Retract(target)), no);
        assert_eq!(world.act(alice, Saying::React(target, "x".into())), no);
        assert_eq!(world.act(alice, Saying::Text("x".into(), Some(target))), no);
    }
    for text in ["ab", "\u{7}", "\u{202e}", " ", "👍👍", "👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽👍🏽"]
    {
        let felt = world.act(alice, Saying::React(said, text.into()));
        assert_eq!(felt, Err(Refusal::Say(SayError::NoReaction)), "{text:?}");
    }
    for text in ["a", "é", "e\u{301}", "👍🏽", "❤️", "🇭🇺", "👩‍🚀", "1️⃣", "字"]
    {
        world.act(alice, Saying::React(said, text.into())).unwrap();
    }
    let edit = |text: &str| Saying::Edit(said, text.into());
    let long = "x".repeat((32 << 10) + 1);
    assert_eq!(world.act(alice, edit("")), Err(Refusal::Say(SayError::Empty)));
    assert_eq!(world.act(alice, edit(&long)), Err(Refusal::Say(SayError::TooLong)));
    world.act(alice, Saying::Retract(said)).unwrap();
    assert_eq!(world.act(alice, edit("late")), Err(Refusal::Say(SayError::Gone)));
    world.until("it is gone there too", |w| w.texts(bob, alice) == ["(taken back)"]);
}

#[test]
fn acts_on_acts_and_reactions_that_cannot_be_shown_are_kept_and_count_for_nothing() {
    let (mut world, alice, [bob, off]) = penned(8);
    let mut pen = Pen::of(&world, off, alice);
    let said = pen.writes("hello");
    let felt = pen.acts(Kind::Reaction, &said, "👍");
    hand(&mut world, bob, alice, &said);
    hand(&mut world, bob, alice, &felt);
    for (kind, on, what) in [
        (Kind::Retract, &felt, ""),
        (Kind::Edit, &felt, "👎"),
        (Kind::Reaction, &felt, "👎"),
        (Kind::Reaction, &said, "\u{1b}[2J"),
        (Kind::Reaction, &said, "ha ha"),
    ] {
        pen.at = Time(pen.at.0 + 1);
        let run = pen.acts(kind, on, what);
        hand(&mut world, bob, alice, &run);
    }
    let message = world.message(alice, said.first().id);
    assert_eq!(message.reactions, [(world.account(bob), "👍".into())]);
    assert_eq!(world.node(alice).ignored(), 5);
    assert_eq!(world.held(alice, off, alice).0, 7);
}

/// Each reaction to the same message costs what the first one cost, however many there were.
#[test]
fn a_thousand_reactions_to_one_message_leave_one_and_each_costs_the_same() {
    let (mut world, alice, [bob, off]) = penned(9);
    let said = world.say(alice, bob, "go on");
    world.until("he reads it", |w| w.texts(bob, alice) == ["go on"]);
    let mut pen = Pen::of(&world, off, alice);
    for n in 0..1000_u64 {
        (pen.kind, pen.target, pen.at) = (Kind::Reaction, Some(said), Time(pen.at.0 + n));
        let run = pen.writes(["👍", "👎"][usize::from(n % 2 == 0)]);
        world.forge(bob, alice, &Frame::Run(run.bytes().to_vec()));
    }
    world.until("all are there", |w| w.held(alice, off, alice).0 == 1000);
    assert_eq!(world.message(alice, said).reactions, [(world.account(bob), "👍".into())]);
    assert_eq!(world.acts_on(alice, said), 1);
}

#[test]
fn an_act_that_comes_again_or_after_a_crash_changes_nothing_more() {
    for steps in 0..12 {
        let (mut world, alice, bob) = friends(100 + u64::from(steps));
        let said = world.say(alice, bob, "one");
        world.until("he reads it", |w| w.texts(bob, alice) == ["one"]);
        world.crash_after([alice, bob][usize::from(steps % 2 == 0)], steps / 2);
        world.command(alice, covey_proto::Command::Act(Saying::Edit(said, "two".into())));
        world.pass(MINUTE);
        if world.texts(alice, bob) == ["one"] {
            world.act(alice, Saying::Edit(said, "two".into())).unwrap();
        }
        world.until("he sees it", |w| w.texts(bob, alice) == ["two"]);
        world.act(alice, Saying::Retract(said)).unwrap();
        world.until("he sees that", |w| w.texts(bob, alice) == ["(taken back)"]);
        world.crash(bob);
        world.pass(MINUTE);
        assert!(!world.disk_says(bob, "one") && !world.disk_says(bob, "two"));
    }
}

#[test]
fn what_a_newer_app_said_can_be_taken_back_but_not_edited() {
    let (mut world, alice, [bob, off]) = penned(10);
    let mut pen = Pen::of(&world, off, alice);
    pen.kind = Kind::Newer(11);
    let call = pen.writes("call");
    hand(&mut world, bob, alice, &call);
    let id = call.first().id;
    world.act(alice, Saying::React(id, "☎".into())).unwrap();
    hand(&mut world, bob, alice, &pen.acts(Kind::Edit, &call, "no call"));
    assert_eq!(world.message(alice, id).shown, Shown::Newer);
    hand(&mut world, bob, alice, &pen.acts(Kind::Retract, &call, ""));
    assert_eq!(world.message(alice, id).shown, Shown::Retracted);
}

/// Each with whom they talk.
fn pairs([phone, laptop, bob]: [Who; 3]) -> [(Who, Who); 3] {
    [(phone, bob), (laptop, bob), (bob, phone)]
}

fn until_all(world: &mut World, all: [Who; 3], what: &str, so: impl Fn(&World, Who, Who) -> bool) {
    world.until(what, |w| pairs(all).iter().all(|(who, with)| so(w, *who, *with)));
}
