//! Texts as they are searched: what differs only in looks is the same.
//!
//! ```text
//! "Árvíztűrő 東京都!"  ─>  arvizturo · 東京 · 京都 · 都 · !
//! ```
//!
//! Case, accents, widths and ligatures are folded away; marks that make another word, as the vowels
//! of Hindi and Thai, stay. Where words are written without spaces between them every two neighbours
//! are a token, so that any piece of such a text is found; elsewhere a token is a word, and a sign
//! (an emoji, an operator) is one by itself. A token is what the index holds; whether a text matches
//! is said by its letters.

use std::{iter, ops::Range};

use icu_normalizer::{
    DecomposingNormalizerBorrowed, properties::CanonicalCombiningClassMapBorrowed,
};

/// A text, folded: each letter with where in the text it comes from.
#[derive(Debug)]
pub(super) struct Folded {
    letters: Vec<(char, usize)>,
    end: usize,
}

/// What a letter is to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Space,
    /// Of a word that ends at a space or sign.
    Word,
    /// Of a script without spaces between words.
    Wide,
    Sign,
}

/// A piece of a text as the index holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) class: Class,
    pub(super) text: String,
}

impl Folded {
    pub(super) fn of(text: &str) -> Self {
        let mut letters = Vec::with_capacity(text.len());
        for (from, c) in text.char_indices() {
            fold(c, &mut |c| letters.push((c, from)));
        }
        Self { letters, end: text.len() }
    }

    pub(super) fn tokens(&self) -> Vec<Token> {
        let letters: Vec<_> = self.letters.iter().map(|(c, _)| *c).collect();
        tokens(&letters)
    }

    /// The parts between spaces.
    pub(super) fn terms(&self) -> Vec<Vec<char>> {
        let parts = self.letters.split(|(c, _)| class(*c) == Class::Space);
        let parts = parts.filter(|part| !part.is_empty());
        parts.map(|part| part.iter().map(|(c, _)| *c).collect()).collect()
    }

    /// Where in the text this term stands: a word's beginning only where a word begins.
    pub(super) fn find(&self, term: &[char]) -> Vec<Range<usize>> {
        let inner = term.first().is_some_and(|first| class(*first) == Class::Word);
        let mut found = Vec::new();
        let mut before = Class::Space;
        for (at, window) in self.letters.windows(term.len().max(1)).enumerate() {
            let Some(&(first, from)) = window.first() else { break };
            if window.iter().map(|(c, _)| c).eq(term) && !(inner && before == Class::Word) {
                let last = window.last().map_or(from, |(_, from)| *from);
                let rest = self.letters.iter().skip(at + window.len());
                let end = rest.map(|(_, from)| *from).find(|from| *from > last);
                found.push(from..end.unwrap_or(self.end));
            }
            before = class(first);
        }
        found
    }
}

/// The tokens of folded letters.
pub(super) fn tokens(letters: &[char]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = letters;
    while let Some((first, after)) = rest.split_first() {
        let class = class(*first);
        let run = rest.iter().take_while(|c| self::class(**c) == class).count();
        let (taken, kept) = match class {
            Class::Word => (run, MAX_WORD),
            Class::Wide => (1, 2.min(run)),
            Class::Sign | Class::Space => (1, 1),
        };
        if class != Class::Space {
            tokens.push(Token { class, text: rest.iter().take(kept.min(run)).collect() });
        }
        rest = rest.get(taken..).unwrap_or(after);
    }
    tokens
}

/// Words are told apart by so many letters.
const MAX_WORD: usize = 32;

pub(super) fn class(c: char) -> Class {
    if c.is_ascii() {
        return match c {
            _ if c.is_ascii_alphanumeric() => Class::Word,
            ' ' => Class::Space,
            _ => Class::Sign,
        };
    }
    match c.is_alphanumeric() || combining(c) != 0 {
        true if is_wide(c) => Class::Wide,
        true => Class::Word,
        false if c.is_whitespace() => Class::Space,
        false => Class::Sign,
    }
}

/// Thai, Lao, Burmese, Khmer, Chinese, Japanese, and Korean, whose words are joined by particles.
fn is_wide(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{a4cf}' | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Kana and Korean syllables are letters as they are: taken apart they would match others.
fn is_whole(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7a3}')
}

/// What nobody sees: joiners, marks of direction, variants, the line that stretches Arabic words.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{640}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Accents, and the vowels that Arabic and Hebrew may leave out; neither what makes another letter
/// of Indic and Japanese ones (below 10) nor the vowels and tones of the south-east (84 to 132).
fn is_accent(c: char) -> bool {
    matches!(combining(c), 10..84 | 133..)
}

fn combining(c: char) -> u8 {
    CanonicalCombiningClassMapBorrowed::new().get32_u8(c.into())
}

fn fold(c: char, put: &mut impl FnMut(char)) {
    match c {
        _ if c.is_ascii() && !c.is_ascii_control() => put(c.to_ascii_lowercase()),
        _ if c.is_whitespace() || c.is_control() => put(' '),
        _ if is_unseen(c) => {}
        _ if is_whole(c) => put(c),
        _ => {
            for lower in c.to_lowercase() {
                let apart = NFKD.normalize_iter(iter::once(lower)).flat_map(char::to_lowercase);
                apart.filter(|c| !is_accent(*c)).for_each(|c| plain(c, put));
            }
        }
    }
}

const NFKD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();

/// Letters that people type without their stroke, tail or ligature.
fn plain(c: char, put: &mut impl FnMut(char)) {
    let one = match c {
        'ß' => return "ss".chars().for_each(put),
        'æ' => return "ae".chars().for_each(put),
        'œ' => return "oe".chars().for_each(put),
        'þ' => return "th".chars().for_each(put),
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ı' => 'i',
        'ł' => 'l',
        'ς' => 'σ',
        'ة' => 'ه',
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        _ if c.is_whitespace() => ' ',
        _ => c,
    };
    put(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_only_in_looks_is_the_same() {
        for (one, other) in [
            ("ÁRVÍZTŰRŐ tükörfúrógép", "arvizturo tukorfurogep"),
            ("Straße", "STRASSE"),
            ("Ångström", "a\u{30a}ngstro\u{308}m"),
            ("İstanbul", "istanbul"),
            ("Łódź", "lodz"),
            ("ΟΔΟΣ", "οδος"),
            ("ﬁne ①", "fine 1"),
            ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
            ("مُحَمَّد أحمد", "محمد احمد"),
            ("مـــرحبا", "مرحبا"),
            ("שָׁלוֹם", "שלום"),
            ("👩\u{200d}🚀\u{fe0f}", "👩🚀"),
            ("co\u{ad}operate", "cooperate"),
            ("a\u{0}b\nc\u{2003}d", "a b c d"),
        ] {
            let [one, other] = [one, other].map(|text| Folded::of(text).terms());
            assert_eq!(one, other);
        }
    }

    #[test]
    fn marks_that_make_another_word_stay() {
        for (one, other) in [("दिन", "दान"), ("ข้าว", "ขาว"), ("か", "が"), ("나", "너")]
        {
            assert!(Folded::of(one).find(&term(other)).is_empty(), "{one} {other}");
        }
    }

    #[test]
    fn a_token_is_a_word_a_sign_or_two_neighbours_of_a_script_without_spaces() {
        for (text, tokens) in [
            ("Hello, World", "hello , world"),
            ("foo_bar->baz()", "foo _ bar - > baz ( )"),
            ("東京都に", "東京 京都 都に に"),
            ("第3章", "第 3 章"),
            ("हिन्दी में", "हिन्दी में"),
            ("สวัสดี", "สว วั ัส สด ดี ี"),
            ("👍🏽🦀", "👍 🏽 🦀"),
        ] {
            let found: Vec<_> = Folded::of(text).tokens().into_iter().map(|t| t.text).collect();
            assert_eq!(found.join(" "), tokens);
        }
    }

    #[test]
    fn what_is_found_is_marked_where_it_stands_in_the_text() {
        for (text, wanted, marked) in [
            ("Szép Őszi ősz", "osz", "Szép [Ősz]i [ősz]"),
            ("Straßenbahn", "strass", "[Straß]enbahn"),
            ("Straßenbahn", "stras", "[Straß]enbahn"),
            ("Straßenbahn", "bahn", "Straßenbahn"),
            ("e\u{301}te\u{301}", "ete", "[e\u{301}te\u{301}]"),
            ("東京都京都", "京都", "東[京都][京都]"),
            ("a->b a>b", "a->", "[a->]b a>b"),
            ("a👍🏽", "👍", "a[👍]🏽"),
            ("a", "aa", "a"),
        ] {
            let mut shown = text.to_owned();
            for range in Folded::of(text).find(&term(wanted)).into_iter().rev() {
                shown.insert(range.end, ']');
                shown.insert(range.start, '[');
            }
            assert_eq!(shown, marked, "{wanted}");
        }
    }

    fn term(text: &str) -> Vec<char> {
        Folded::of(text).terms().concat()
    }
}
