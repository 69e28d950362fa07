//! What is understood of what is typed, and what is refused.

use clap::CommandFactory as _;

use super::*;

#[test]
fn what_can_be_typed_contradicts_itself_nowhere() {
    Typed::command().debug_assert();
}

#[test]
fn a_time_is_seconds_or_has_a_unit() {
    for (text, seconds) in [("90", 90.0), ("0.5", 0.5), ("90s", 90.0), ("10m", 600.0)] {
        assert_eq!(duration(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
    }
    assert_eq!(lifetime("7d"), Ok(604_800));
    for text in ["", "m", "-1", "1w", "10 m", "nan", "inf", "1e300d", "١٠"] {
        assert!(duration(text).is_err(), "{text}");
    }
}

#[test]
fn an_invite_is_good_for_a_second_at_least_and_136_years_at_most() {
    assert!(lifetime("0.9").is_err());
    assert_eq!(lifetime("4294967295"), Ok(u32::MAX));
    assert!(lifetime("4294967296").is_err());
}

#[test]
fn a_text_may_begin_with_a_dash() {
    let Ok(Command::Ask(Ask::Send { text, .. })) = typed(&["send", "Ben", "-_-"]) else {
        panic!("no text was understood");
    };
    assert_eq!(text.as_deref(), Some("-_-"));
}

#[test]
fn what_leaves_open_what_is_meant_is_refused() {
    for words in [
        &["send", "Ben"][..],
        &["send", "Ben", "hello", "--stdin"],
        &["accept"],
        &["accept", "COVEY:A", "--png", "invite.png"],
        &["invite", "--qr", "--png", "invite.png"],
        &["wait", "1234abcd", "--state", "kept"],
        &["api", "query", "{"],
    ] {
        assert!(typed(words).is_err(), "{words:?}");
    }
}

fn typed(words: &[&str]) -> Result<Command, clap::Error> {
    Typed::try_parse_from(["covey"].iter().chain(words)).map(|typed| typed.command)
}
