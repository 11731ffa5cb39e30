//! How many terminal cells a text takes, and cutting and padding it to a number of cells.
//!
//! Counts by grapheme exactly as the screen buffer does, so that what is measured here is what is drawn.

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands for a part that was cut away.
pub const MORE: &str = "…";

fn printable_ascii(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

/// True when as many bytes as there are cells, and the next one, are plain ASCII: then bytes are
/// cells, and the cut at `cells` is between two graphemes.
fn plain_to(text: &str, cells: usize) -> bool {
    let bytes = text.as_bytes();
    bytes[..bytes.len().min(cells.saturating_add(1))].iter().all(|b| (0x20..0x7f).contains(b))
}

/// Cells one grapheme takes (0, 1 or 2; clusters of several drawn signs may take more).
#[must_use]
pub fn grapheme(symbol: &str) -> usize {
    if symbol.len() == 1 {
        return usize::from(!symbol.as_bytes()[0].is_ascii_control());
    }
    // Terminals draw the half-width sound marks as signs of their own although Unicode joins them.
    symbol.width() + symbol.chars().filter(|c| matches!(c, '\u{FF9E}' | '\u{FF9F}')).count()
}

/// Cells a text takes on one line.
#[must_use]
pub fn width(text: &str) -> usize {
    if printable_ascii(text) { text.len() } else { text.graphemes(true).map(grapheme).sum() }
}

/// Cells a text takes, counted only until `most` is passed: bounded work for long values.
#[must_use]
pub fn width_to(text: &str, most: usize) -> usize {
    if plain_to(text, most) {
        return text.len().min(most.saturating_add(1));
    }
    let mut sum = 0;
    for g in text.graphemes(true) {
        sum += grapheme(g);
        if sum > most {
            break;
        }
    }
    sum
}

/// The longest beginning that fits into `cells`, never half a wide sign.
#[must_use]
pub fn head(text: &str, cells: usize) -> &str {
    if plain_to(text, cells) {
        return &text[..text.len().min(cells)];
    }
    let mut used = 0;
    for (at, g) in text.grapheme_indices(true) {
        used += grapheme(g);
        if used > cells {
            return &text[..at];
        }
    }
    text
}

/// The text without its first `cells`; when a wide sign stands across the cut it goes, and the
/// second number says how many blanks make up for it.
#[must_use]
pub fn skip(text: &str, cells: usize) -> (&str, usize) {
    if plain_to(text, cells) {
        let at = text.len().min(cells);
        return (&text[at..], 0);
    }
    let mut used = 0;
    for (at, g) in text.grapheme_indices(true) {
        if used >= cells {
            return (&text[at..], used - cells);
        }
        used += grapheme(g);
    }
    ("", used.saturating_sub(cells))
}

/// The text if it fits into `cells`, otherwise its beginning and `…`.
#[must_use]
pub fn clip(text: &str, cells: usize) -> Cow<'_, str> {
    if width_to(text, cells) <= cells {
        return Cow::Borrowed(text);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{}{MORE}", head(text, cells - 1)))
}

/// The text if it fits into `cells`, otherwise `…` and its end (for paths).
#[must_use]
pub fn clip_start(text: &str, cells: usize) -> Cow<'_, str> {
    let all = width(text);
    if all <= cells {
        return Cow::Borrowed(text);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{MORE}{}", skip(text, all - (cells - 1)).0))
}

/// Exactly `cells` wide: clipped, or blanks behind.
#[must_use]
pub fn left(text: &str, cells: usize) -> String {
    let mut out = clip(text, cells).into_owned();
    let blanks = cells.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', blanks));
    out
}

/// Exactly `cells` wide: clipped, or blanks before.
#[must_use]
pub fn right(text: &str, cells: usize) -> String {
    let text = clip(text, cells);
    let mut out = " ".repeat(cells.saturating_sub(width(&text)));
    out.push_str(&text);
    out
}

/// Breaks one line into pieces of at most `cells`, at blanks where there are any. Byte ranges, in
/// order, covering the whole line; an empty line is one empty piece.
#[must_use]
pub fn wrap(line: &str, cells: usize) -> Vec<std::ops::Range<usize>> {
    let cells = cells.max(2);
    let mut out = vec![];
    let (mut start, mut used, mut blank) = (0, 0, None);
    for (at, g) in line.grapheme_indices(true) {
        let w = grapheme(g);
        if used + w > cells {
            let cut = blank.filter(|b| *b > start && g != " ").unwrap_or(at);
            out.push(start..cut);
            start = cut;
            used = width(&line[start..at]);
            blank = None;
        }
        used += w;
        if g == " " {
            blank = Some(at + 1);
        }
    }
    out.push(start..line.len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn widths() {
        for (text, cells) in
            [("", 0), ("abc", 3), ("žluť", 4), ("日本", 4), ("e\u{301}", 1), ("👍🏽", 2), ("│", 1)]
        {
            assert_eq!(width(text), cells, "{text}");
        }
    }

    #[test]
    fn cutting_never_halves_a_wide_sign() {
        assert_eq!(head("日本語", 3), "日");
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("日本語", 6), "日本語");
        assert_eq!(clip("ab", 1), "…");
        assert_eq!(clip("ab", 0), "");
        assert_eq!(left("日本語", 4), "日… ");
        assert_eq!(right("7", 3), "  7");
        assert_eq!(skip("日本語", 3), ("語", 1));
        assert_eq!(skip("日本語", 2), ("本語", 0));
        assert_eq!(clip_start("/home/me/file", 6), "…/file");
    }

    #[test]
    fn wraps_at_blanks_and_hard_where_there_are_none() {
        let pieces = |t: &'static str, n| wrap(t, n).into_iter().map(|r| &t[r]).collect::<Vec<_>>();
        assert_eq!(pieces("one two three", 8), ["one two ", "three"]);
        assert_eq!(pieces("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(pieces("", 4), [""]);
        assert_eq!(pieces("日本語", 4), ["日本", "語"]);
    }

    proptest! {
        #[test]
        fn fits_always(text in "\\PC{0,40}", cells in 0usize..20) {
            prop_assert!(width(&clip(&text, cells)) <= cells);
            prop_assert_eq!(width(&left(&text, cells)), cells);
            prop_assert_eq!(width(&right(&text, cells)), cells);
            let pieces = wrap(&text, cells);
            let joined: String = pieces.iter().map(|r| &text[r.clone()]).collect();
            prop_assert_eq!(joined, text);
        }
    }
}
