//! Searching, as shells see it: messages with the piece of their text that matched.

use covey_proto::ConversationId;

use super::{Core, Failure, Found, Piece};
use crate::store::{self, Mark, Wanted};

/// So many bytes are shown before the first match, and so many in all; a letter is never cut.
const BEFORE: usize = 60;
const EXCERPT: usize = 240;

impl Core {
    /// Messages that match what was typed, the newest first.
    pub(super) fn find_text(
        &self,
        text: &str,
        with: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<Found>, Failure> {
        let wanted = Wanted::parse(text).map_err(Failure::new)?;
        let found = self.history().search(&wanted, with, limit).map_err(Failure::new)?;
        let (shown, marks): (Vec<_>, Vec<_>) =
            found.into_iter().map(|store::Found { message, marks }| (message, marks)).unzip();
        let excerpts = shown
            .iter()
            .zip(&marks)
            .map(|(message, marks)| excerpt(message.shown.text().unwrap_or_default(), marks));
        let found = self.tell(&shown)?.into_iter().zip(excerpts);
        Ok(found.map(|(message, excerpt)| Found { message, excerpt }).collect())
    }
}

/// What of a text is around its first mark, in pieces; `…` stands for what is left out.
fn excerpt(text: &str, marks: &[Mark]) -> Vec<Piece> {
    let first = marks.first().map_or(0, |mark| mark.start);
    let begin = text.floor_char_boundary(first.saturating_sub(BEFORE));
    let end = text.ceil_char_boundary((begin + EXCERPT).min(text.len()));
    let mut pieces = Vec::new();
    let mut put = |from: usize, to: usize, matches| {
        if let Some(text) = text.get(from..to).filter(|text| !text.is_empty()) {
            pieces.push(Piece { text: text.into(), matches });
        }
    };
    let mut at = begin;
    for mark in marks.iter().filter(|mark| mark.start < end) {
        put(at, mark.start, false);
        at = mark.end.min(end);
        put(mark.start, at, true);
    }
    put(at, end, false);
    let left_out = || Piece { text: "…".into(), matches: false };
    if begin > 0 {
        pieces.insert(0, left_out());
    }
    if end < text.len() {
        pieces.push(left_out());
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_the_text_around_the_first_match() {
        let told = |text: &str, wanted: &str| {
            let at = text.find(wanted).unwrap();
            let pieces = excerpt(text, &[Mark { start: at, end: at + wanted.len() }]);
            let piece = |Piece { text, matches }| if matches { format!("[{text}]") } else { text };
            pieces.into_iter().map(piece).collect::<String>()
        };
        assert_eq!(told("the oak", "oak"), "the [oak]");
        let long = format!("{}oak{}", "é".repeat(100), "é".repeat(200));
        let (before, after) = ("é".repeat(30), "é".repeat(89));
        assert_eq!(told(&long, "oak"), format!("…{before}[oak]{after}…"));
        assert_eq!(told(&"x".repeat(500), &"x".repeat(500)), format!("[{}]…", "x".repeat(240)));
    }
}
