//! What people read, and what cannot be made to look like it.

use super::*;

#[test]
fn a_name_cannot_reach_the_terminal_or_turn_the_line_round() {
    assert_eq!(line("\u{202e}\u{1b}[31mA\u{7}n\r\na\t\u{2066}\u{9b}2J\u{2028}"), "[31mAna 2J");
}

#[test]
fn other_scripts_and_joined_emoji_stay_as_they_are() {
    for name in ["Ágnes", "مرحبا", "👩\u{200d}🚀", "שלום"] {
        assert_eq!(line(name), name);
    }
}

#[test]
fn no_text_looks_like_a_message_of_somebody_else() {
    let forged = message(false, State::Delivered, "hi\n14:00  me   yes\n");
    let indented = format!("{}  Ana  hi\n            14:00  me   yes", moment(AT, NOW));
    assert_eq!(plain(&log(&[forged], "Ana", false, NOW)), indented);
}

#[test]
fn what_became_of_ours_is_said_once_for_several() {
    let states = [State::Delivered, State::Delivered, State::Waiting, State::Waiting];
    let shown = plain(&log(&states.map(|state| message(true, state, "x")), "Ana", false, NOW));
    let said: Vec<_> = shown.lines().filter_map(|line| line.split_once("me  ")).collect();
    let said: Vec<_> = said.into_iter().map(|(_, said)| said).collect();
    assert_eq!(said, ["x", "x  delivered", "x", "x  waiting for Ana"]);
}

#[test]
fn a_message_of_a_newer_program_says_so() {
    let newer = Message { content: Content::Newer, ..message(false, State::Delivered, "") };
    assert!(log(&[newer], "Ana", false, NOW).contains("newer than this program"));
}

#[test]
fn what_became_of_a_message_stands_beside_it() {
    let quote = Quote { id: "00".repeat(32), from: "Ben".into(), text: Some("a\nb".into()) };
    let thumb = Reaction { from: "Ana".into(), mine: false, text: "👍".into() };
    let hi = Message {
        edited: true,
        reply_to: Some(quote),
        reactions: vec![thumb],
        ..message(false, State::Delivered, "hi")
    };
    let ahead = Message { clock_ahead: true, ..message(false, State::Delivered, "from 2099") };
    let set = Message {
        content: Content::Expiry,
        keep_for: 7_200_000,
        ..message(false, State::Delivered, "")
    };
    let gone = Message { content: Content::TakenBack, ..set.clone() };
    let lines = plain(&log(&[hi, ahead, set, gone], "Ana", false, NOW));
    let said: Vec<_> = lines.lines().map(|line| line.trim_start_matches(&lines[..12])).collect();
    assert_eq!(said[0], "> Ben a");
    assert_eq!(said[1].trim_start(), "hi  edited  👍 Ana");
    assert_eq!(said[2], "from 2099  by a wrong clock");
    assert_eq!(said[3], "(messages are kept for 2 h from here on)");
    assert_eq!(said[4], "(message taken back)");
}

#[test]
fn times_are_as_short_as_they_can_be_said() {
    let at = |before: i64| brief(NOW - time::Duration::hours(before), NOW);
    assert_eq!(at(0), "22:13");
    assert_eq!(at(24), "13 Nov 22:13");
    assert_eq!(at(24 * 365), "14 Nov 2022 22:13");
}

#[test]
fn a_clock_that_is_out_of_its_mind_is_no_panic() {
    for at in [0, u64::MAX, i64::MAX as u64, 253_402_300_799_999] {
        assert!(!moment(at, NOW).is_empty());
    }
}

#[test]
fn json_does_nothing_to_a_terminal_and_says_the_same() {
    let object = serde_json::json!({ "name": "\u{202e}\u{9b}31m\u{7f}\u{1b}\nÁ👋" });
    let shown = json(&object.to_string());
    assert!(!shown.contains(is_active), "{shown}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), object);
}

#[test]
fn friends_stand_in_columns_with_words_for_how_it_is() {
    let ana = Friend { online: true, verified: true, unread: 3, ..person("Ana") };
    let ben = Friend { standing: Standing::Waiting, ..person("Benedict") };
    let carl = Friend { blocked: true, online: true, ..person("Carl") };
    assert_eq!(
        plain(&friends(&[ana, ben, carl])),
        "Ana       linked, verified  3 unread\n\
         Benedict  waiting for the answer\n\
         Carl      blocked"
    );
    assert!(friends(&[]).contains("covey invite"));
}

#[test]
fn what_counts_for_nothing_is_counted_once_there_is_some() {
    let told = |ignored| plain(&status(&Status { ignored, ..Status::default() }));
    assert!(!told(0).contains("Ignored"));
    assert!(told(2).ends_with("Ignored    2 edits, reactions or the like that count for nothing"));
}

#[test]
fn a_clock_that_nobody_agrees_with_is_said_once_two_disagree() {
    let told = |clock| plain(&status(&Status { clock, ..Status::default() }));
    assert!(!told(None).contains("Clock"));
    let behind = told(Some(3 * 3_600_000));
    assert!(behind.ends_with("Clock      3 h behind all who are linked; set it if it is wrong"));
    assert!(told(Some(-900_000)).contains("15 min ahead of all"));
    assert!(told(Some(i64::MIN)).contains("days ahead"));
}

const AT: u64 = 1_700_000_000_000;
const NOW: OffsetDateTime =
    OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::milliseconds(AT as i64));

fn plain(styled: &str) -> String {
    anstream::adapter::strip_str(styled).to_string()
}

fn person(name: &str) -> Friend {
    let (id, name) = ("00".repeat(32), name.into());
    Friend { id, name, standing: Standing::Friend, ..Friend::default() }
}

fn message(mine: bool, state: State, text: &str) -> Message {
    let from = if mine { "Me" } else { "Ana" };
    Message {
        id: "00".repeat(32),
        friend: "00".repeat(32),
        mine,
        from: from.into(),
        content: Content::Text,
        text: Some(text.into()),
        edited: false,
        reply_to: None,
        reactions: Vec::new(),
        keep_for: 0,
        state,
        at: AT,
        clock_ahead: false,
    }
}
