//! Connection strings of `keyword = value` pairs, read as libpq 18 reads them.

use super::{Refusal, params::KEYWORDS};

/// What C's `isspace` calls a blank.
fn blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// Reads the pairs in their order; whether the keywords exist is for the caller to say.
///
/// # Errors
/// What is wrong in the text; pieces of a secret value are never repeated in it.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut out: Vec<(String, String)> = vec![];
    let mut text = text.trim_start_matches(blank);
    while !text.is_empty() {
        let at = text.find(|c| c == '=' || blank(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(at);
        let Some(rest) = rest.trim_start_matches(blank).strip_prefix('=') else {
            return Err(missing_equals(name, out.last().map(|(k, _)| k.as_str())));
        };
        let rest = rest.trim_start_matches(blank);
        let (value, rest) = match rest.strip_prefix('\'') {
            Some(rest) => quoted(rest, name)?,
            None => plain(rest),
        };
        out.push((name.into(), value));
        text = rest.trim_start_matches(blank);
    }
    Ok(out)
}

/// A value up to the next blank; a backslash takes the next character as it is.
fn plain(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c if blank(c) => return (value, &text[at..]),
            c => value.push(c),
        }
    }
    (value, "")
}

/// A value up to the closing quote.
fn quoted<'a>(text: &'a str, name: &str) -> Result<(String, &'a str), Refusal> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            '\'' => return Ok((value, &text[at + 1..])),
            c => value.push(c),
        }
    }
    Err(Refusal::new(format!(
        "unterminated quoted string in connection info string (the value of \"{name}\")"
    )))
}

/// The word may be the rest of an unquoted password, which must not be shown.
fn missing_equals(word: &str, before: Option<&str>) -> Refusal {
    match before.and_then(|name| KEYWORDS.iter().find(|k| k.name == name)) {
        Some(k) if k.secret => Refusal::new(format!(
            "missing \"=\" after the value of {} in connection info string (put a value with blanks in single quotes)",
            k.name
        )),
        _ => Refusal::new(format!("missing \"=\" after \"{word}\" in connection info string")),
    }
}
