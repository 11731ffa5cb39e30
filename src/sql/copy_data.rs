//! The lines of data that follow a `COPY … FROM STDIN` in a script.

use super::lex::{Options, TokenKind, significant};
use super::meta;

/// The data from `at` up to a line `\.`: its end, and where the text goes on. `None` when another
/// `COPY … FROM STDIN` comes first: then the first one is one that fails, and no data was written for it.
pub(super) fn data_block(text: &str, at: usize) -> Option<(usize, usize)> {
    let mut start = at;
    while start < text.len() {
        let end = meta::line_end(text, start);
        let next =
            text.as_bytes()[end..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| end + n + 1);
        let line = &text[start..end];
        if line == "\\." {
            return Some((start, next));
        }
        if starts_copy(line) {
            return None;
        }
        start = next;
    }
    None
}

/// A line in which a `COPY … FROM STDIN` statement starts or ends, as opposed to data that mentions one.
fn starts_copy(line: &str) -> bool {
    let mentions = line.as_bytes().windows(5).any(|w| w.eq_ignore_ascii_case(b"stdin"));
    if !mentions || line.len() > 10_000 {
        return false;
    }
    let tokens = significant(line, Options::default());
    let word = |i: usize, w: &str| tokens.get(i).is_some_and(|t| t.is_word(line, w));
    let opens = |i: usize| {
        let after = i.checked_sub(1).map(|before| tokens[before].kind);
        matches!(after, None | Some(TokenKind::Semicolon | TokenKind::Backslash))
    };
    let mut copying = word(0, "from");
    for i in 0..tokens.len() {
        copying |= word(i, "copy") && opens(i);
        if copying && word(i, "from") && word(i + 1, "stdin") {
            return line.contains(';') || line.contains('\\');
        }
    }
    false
}

/// The arguments of `\copy` read data lines of the script.
pub(super) fn copies_from_stdin(arguments: &str) -> bool {
    let tokens = significant(arguments, Options::default());
    tokens.windows(2).any(|w| w[0].is_word(arguments, "from") && w[1].is_word(arguments, "stdin"))
}
