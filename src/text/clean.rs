//! Makes text from a server harmless and honest: what a terminal would obey, or hide, becomes a visible mark.
//!
//! Control characters are shown by their Unicode pictures (`␛`, `␀`), a line end in a one-line
//! place as `⏎`, a tab as `⇥`, other invisible or reordering characters as `‹U+202E›`, and bytes that
//! are not UTF-8 as `‹FF›`. Joiners stay where scripts and emoji need them, and a combining mark
//! without a base gets a dotted circle, so that nothing can draw over its neighbour.

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// The mark of a line end in a one-line place.
pub const LINE_END: char = '⏎';
/// The mark of a tab in a one-line place.
pub const TAB: char = '⇥';
/// Columns between tab stops in texts of several lines.
pub const TAB_STOP: usize = 8;
/// Combining characters drawn on one base; more become visible on bases of their own.
const COMBINING: usize = 8;
/// Bytes of a value looked at per cell of room.
const BYTES_PER_CELL: usize = 24;

/// A value made ready for one line of limited width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The harmless text, not clipped to the width yet.
    pub text: Cow<'a, str>,
    /// The value goes on behind this text.
    pub more: bool,
}

/// One line: line ends and tabs become marks too. Borrowed when nothing had to change.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, Form::Line)
}

/// Several lines: line ends (`\n`, `\r\n`) stay, tabs become blanks up to the next stop.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    clean(text, Form::Text)
}

/// As `line`, for bytes that may not be UTF-8.
#[must_use]
pub fn line_bytes(bytes: &[u8]) -> Cow<'_, str> {
    clean_bytes(bytes, Form::Line)
}

/// As `text`, for bytes that may not be UTF-8.
#[must_use]
pub fn text_bytes(bytes: &[u8]) -> Cow<'_, str> {
    clean_bytes(bytes, Form::Text)
}

/// The beginning of a value, enough to fill `cells` of one line; never looks at all of a long value.
#[must_use]
pub fn start(bytes: &[u8], cells: usize) -> Line<'_> {
    let limit = (cells + 2) * BYTES_PER_CELL;
    if bytes.len() <= limit {
        return Line { text: line_bytes(bytes), more: false };
    }
    let mut end = limit;
    // Not in the midst of a character: at most three continuation bytes back.
    for _ in 0..3 {
        if bytes[end] & 0xC0 == 0x80 {
            end -= 1;
        }
    }
    Line { text: line_bytes(&bytes[..end]), more: true }
}

/// True when a text has nothing in it that a terminal must not get.
#[must_use]
pub fn harmless(text: &str) -> bool {
    matches!(line(text), Cow::Borrowed(_))
}

/// True when a cell of the screen may hold this sign: one grapheme, which may end in the joiner that leads to the next.
#[must_use]
pub fn drawable(sign: &str) -> bool {
    match sign.as_bytes() {
        [b] => (0x20..0x7f).contains(b),
        _ => harmless(sign.trim_end_matches(['\u{200C}', '\u{200D}'])),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Line,
    Text,
}

enum Fate {
    Keep,
    /// Keep, on a dotted circle.
    Based,
    /// A picture of one cell.
    Picture(char),
    /// `‹U+XXXX›`.
    Code,
    /// A line end of the text form.
    Break,
    /// A tab of the text form.
    Stop,
    /// Nothing: the `\r` of a `\r\n`.
    Drop,
}

/// What stood before a character, as far as it decides its fate.
#[derive(Clone, Copy, Default)]
struct Before {
    /// The base character the next combining one would sit on.
    base: Option<char>,
    /// Zero-width characters since the base.
    run: usize,
}

fn clean_bytes(bytes: &[u8], form: Form) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(s) => clean(s, form),
        Err(_) => {
            let mut out = String::with_capacity(bytes.len() + 16);
            for chunk in bytes.utf8_chunks() {
                append(&mut out, chunk.valid(), form);
                for b in chunk.invalid() {
                    out.push_str(&format!("‹{b:02X}›"));
                }
            }
            Cow::Owned(out)
        }
    }
}

fn clean(text: &str, form: Form) -> Cow<'_, str> {
    let plain = |b: u8| (0x20..0x7f).contains(&b);
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut before = Before::default();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        match fate(c, before, next, form) {
            Fate::Keep => before = after(before, c),
            Fate::Break => before = Before::default(),
            _ => {
                let mut out = String::with_capacity(text.len() + 32);
                out.push_str(&text[..at]);
                append_after(&mut out, &text[at..], form, before);
                return Cow::Owned(out);
            }
        }
    }
    Cow::Borrowed(text)
}

fn append(out: &mut String, text: &str, form: Form) {
    append_after(out, text, form, Before::default());
}

fn append_after(out: &mut String, text: &str, form: Form, mut before: Before) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match fate(c, before, chars.peek().copied(), form) {
            Fate::Keep => {
                out.push(c);
                before = after(before, c);
                continue;
            }
            Fate::Based => {
                out.push('◌');
                out.push(c);
                before = Before { base: Some('◌'), run: 1 };
                continue;
            }
            Fate::Picture(p) => out.push(p),
            Fate::Code => out.push_str(&format!("‹U+{:04X}›", c as u32)),
            Fate::Break => out.push('\n'),
            Fate::Stop => {
                let column = super::width::width(out.rsplit('\n').next().unwrap_or_default());
                let blanks = TAB_STOP - column % TAB_STOP;
                out.extend(std::iter::repeat_n(' ', blanks));
            }
            Fate::Drop => {}
        }
        before = Before::default();
    }
}

fn after(before: Before, c: char) -> Before {
    if c.width() == Some(0) {
        Before { run: before.run + 1, ..before }
    } else {
        Before { base: Some(c), run: 0 }
    }
}

fn fate(c: char, before: Before, next: Option<char>, form: Form) -> Fate {
    match c {
        ' '..='~' => Fate::Keep,
        '\n' if form == Form::Text => Fate::Break,
        '\r' if form == Form::Text && next == Some('\n') => Fate::Drop,
        '\t' if form == Form::Text => Fate::Stop,
        '\n' => Fate::Picture(LINE_END),
        '\t' => Fate::Picture(TAB),
        '\0'..='\x1f' => picture(c as u32),
        '\x7f' => Fate::Picture('␡'),
        '\u{200C}' | '\u{200D}' => joiner(before, next),
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => selector(c, before),
        c if hidden(c) => Fate::Code,
        c if c.width() == Some(0) && !combines(c) => Fate::Code,
        c if c.width() == Some(0) && (before.base.is_none() || before.run >= COMBINING) => Fate::Based,
        _ => Fate::Keep,
    }
}

fn picture(code: u32) -> Fate {
    char::from_u32(0x2400 + code).map_or(Fate::Code, Fate::Picture)
}

/// Joiners are part of how Persian, the Indic scripts and emoji are written: between two
/// characters of such a script they stay.
fn joiner(before: Before, next: Option<char>) -> Fate {
    let script = |c: char| !c.is_ascii() && !c.is_control() && !hidden(c);
    let inside = before.base.is_some_and(script) && next.is_some_and(script) && before.run < COMBINING;
    if inside { Fate::Keep } else { Fate::Code }
}

fn selector(c: char, before: Before) -> Fate {
    let emoji = matches!(c, '\u{FE0E}' | '\u{FE0F}');
    match before.base {
        Some(b) if (emoji || !b.is_ascii()) && before.run < COMBINING => Fate::Keep,
        _ => Fate::Code,
    }
}

/// Does this zero-width character join the one before it? A few join the one behind instead, and
/// would take it out of its place.
fn combines(c: char) -> bool {
    let mut pair = String::from('◌');
    pair.push(c);
    pair.graphemes(true).nth(1).is_none()
}

/// Characters that show nothing, or change how others are shown.
fn hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9F}'
        | '\u{AD}'
        | '\u{34F}'
        | '\u{600}'..='\u{605}'
        | '\u{61C}'
        | '\u{6DD}'
        | '\u{70F}'
        | '\u{890}' | '\u{891}'
        | '\u{8E2}'
        | '\u{115F}' | '\u{1160}'
        | '\u{110BD}' | '\u{110CD}'
        | '\u{13430}'..='\u{1343F}'
        | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FDD0}'..='\u{FDEF}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
        || (c as u32) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_in_one_line() {
        for (raw, shown) in [
            ("plain", "plain"),
            ("a\nb\tc", "a⏎b⇥c"),
            ("\x1b[31mred", "␛[31mred"),
            ("nul\0 del\x7f cr\r", "nul␀ del␡ cr␍"),
            ("c1 \u{9b}31m", "c1 ‹U+009B›31m"),
            ("rtl \u{202e}abc", "rtl ‹U+202E›abc"),
            ("iso \u{2066}x\u{2069}", "iso ‹U+2066›x‹U+2069›"),
            ("zw\u{200b}sp\u{feff}", "zw‹U+200B›sp‹U+FEFF›"),
            ("sep\u{2028}", "sep‹U+2028›"),
            ("tag\u{e0041}", "tag‹U+E0041›"),
            ("\u{301}first", "◌\u{301}first"),
            ("ok e\u{301}", "ok e\u{301}"),
            ("👨\u{200d}👩", "👨\u{200d}👩"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("a\u{200d}b", "a‹U+200D›b"),
            ("\u{111c2}W", "‹U+111C2›W"),
            ("नमस्ते", "नमस्ते"),
            ("สวัสดี", "สวัสดี"),
            ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("hangul \u{115f}\u{1160}x", "hangul ‹U+115F›‹U+1160›x"),
            ("日本語 žluť", "日本語 žluť"),
        ] {
            assert_eq!(line(raw), shown, "{raw:?}");
        }
    }

    #[test]
    fn several_lines_keep_their_ends() {
        assert_eq!(text("a\r\nb\n\tc\td"), "a\nb\n        c       d");
        assert_eq!(text("lone\rcr"), "lone␍cr");
        assert_eq!(text("\x1b]0;x\x07"), "␛]0;x␇");
    }

    #[test]
    fn bytes_that_are_not_utf8() {
        assert_eq!(line_bytes(b"a\xffb\xc3"), "a‹FF›b‹C3›");
        assert_eq!(line_bytes("ž".as_bytes()), "ž");
    }

    #[test]
    fn harmless_text_is_borrowed() {
        assert!(harmless("žluť 日本 ok"));
        assert!(!harmless("a\u{1b}"));
    }

    #[test]
    fn a_long_value_is_only_begun() {
        let long = "ž".repeat(1_000_000);
        let s = start(long.as_bytes(), 10);
        assert!(s.more && s.text.len() < 400 && s.text.chars().all(|c| c == 'ž'));
        assert_eq!(start(b"abc", 10), Line { text: "abc".into(), more: false });
    }

    #[test]
    fn piles_of_combining_marks_are_spread() {
        let zalgo = format!("a{}", "\u{300}".repeat(40));
        let shown = line(&zalgo);
        assert!(super::super::width::width(&shown) >= 4, "{shown}");
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_obeys_is_left(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let shown = line_bytes(&bytes);
            prop_assert!(!shown.contains(char::is_control), "{shown:?}");
            let shown = text_bytes(&bytes);
            prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
            prop_assert!(harmless(&line_bytes(&bytes)));
        }

        #[test]
        fn cleaning_twice_changes_nothing(raw in proptest::collection::vec(prop_oneof![
            any::<char>(),
            proptest::sample::select(vec!['\u{200D}', '\u{200C}', '\u{FE0F}', '\u{301}', 'a', '日', 'ی', '\n', '\x1b']),
        ], 0..40)) {
            let raw: String = raw.into_iter().collect();
            let once = line(&raw).into_owned();
            prop_assert_eq!(line(&once), once.as_str());
            for sign in once.graphemes(true) {
                let sign = sign.trim_end_matches(['\u{200C}', '\u{200D}']);
                prop_assert!(harmless(sign), "{sign:?} of {raw:?}");
            }
        }
    }
}
