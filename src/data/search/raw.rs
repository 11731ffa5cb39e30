//! Where a text is no tsquery: the server says what is wrong with it, but not where.
//!
//! The rules are those of the server's parser (`tsquery.c`): operands are words or quoted texts, with `:` and flags
//! behind; operators are `&`, `|`, `!`, `<->` and `<N>`; parentheses group.

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Byte offset in the text.
    pub at: usize,
    /// In plain words.
    pub what: &'static str,
}

/// The first fault of a text that is to be a tsquery; none: it can be read (an empty one, too).
#[must_use]
pub fn fault(text: &str) -> Option<Fault> {
    let mut open: Vec<usize> = vec![];
    let mut wanted = true;
    let mut last_operator: Option<usize> = None;
    let mut at = 0;
    let wrong = |at, what| Some(Fault { at, what });
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        match (c, wanted) {
            ('!', true) => {
                last_operator = Some(at);
                at += 1;
            }
            ('(', true) => {
                open.push(at);
                at += 1;
            }
            (')', true) if open.is_empty() => return wrong(at, "closes a parenthesis that is not open"),
            (')' | '&' | '|' | '<' | ':', true) => return wrong(at, "a word is missing before this"),
            (_, true) => {
                at = match operand(text, at) {
                    Ok(at) => at,
                    Err(fault) => return Some(fault),
                };
                wanted = false;
            }
            (')', false) => {
                if open.pop().is_none() {
                    return wrong(at, "closes a parenthesis that is not open");
                }
                at += 1;
            }
            ('&' | '|', false) => {
                last_operator = Some(at);
                at += 1;
                wanted = true;
            }
            ('<', false) => {
                let rest = &text[at + 1..];
                let inner = rest.find('>').map(|end| &rest[..end]);
                let good = |i: &str| i == "-" || (!i.is_empty() && i.bytes().all(|b| b.is_ascii_digit()));
                let Some(inner) = inner.filter(|i| good(i)) else {
                    return wrong(at, "not an operator: <-> or <2> mean \"followed by\"");
                };
                last_operator = Some(at);
                at += inner.len() + 2;
                wanted = true;
            }
            (_, false) => {
                return wrong(at, "an operator is missing before this: & and, | or, <-> followed by");
            }
        }
    }
    if text.trim().is_empty() {
        return None;
    }
    match (wanted, last_operator, open.last()) {
        (true, Some(operator), last) if last.is_none_or(|p| *p < operator) => {
            wrong(operator, "a word is missing after this")
        }
        (_, _, Some(paren)) => wrong(*paren, "this parenthesis is not closed"),
        (true, ..) => wrong(text.trim_end().len().saturating_sub(1), "a word is missing here"),
        _ => None,
    }
}

/// The end of the operand that begins here.
fn operand(text: &str, start: usize) -> Result<usize, Fault> {
    let mut at = start;
    let mut chars = text[start..].char_indices().peekable();
    if text[start..].starts_with('\'') {
        chars.next();
        let mut closed = None;
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' if chars.next().is_none() => {
                    return Err(Fault { at: start + i, what: "nothing follows the backslash" });
                }
                '\'' if chars.peek().is_some_and(|(_, c)| *c == '\'') => drop(chars.next()),
                '\'' => {
                    closed = Some(start + i + 1);
                    break;
                }
                _ => {}
            }
        }
        at = closed.ok_or(Fault { at: start, what: "this quote is not closed" })?;
    } else {
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' if chars.next().is_none() => {
                    return Err(Fault { at: start + i, what: "nothing follows the backslash" });
                }
                '\\' => {}
                c if c.is_whitespace() || "!&|()<:".contains(c) => break,
                _ => {}
            }
            at = chars.peek().map_or(text.len(), |(i, _)| start + i);
        }
    }
    if text[at..].starts_with(':') {
        let flags = text[at + 1..].bytes().take_while(|b| b"*abcdABCD".contains(b)).count();
        at += 1 + flags;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_what_is_wrong() {
        for (text, at) in [
            ("a &", Some(2)),
            ("a & | b", Some(4)),
            ("(a | b", Some(0)),
            ("a | b)", Some(5)),
            ("a b", Some(2)),
            ("& a", Some(0)),
            ("'open", Some(0)),
            ("a <x> b", Some(2)),
            ("a & (", Some(4)),
            ("!", Some(0)),
            ("a\\", Some(1)),
            ("()", Some(1)),
            ("vacuum:* & !(a <-> b) | 'it''s':AB", None),
            ("a<2>b", None),
            ("größe & 日本", None),
            ("", None),
        ] {
            assert_eq!(fault(text).map(|f| f.at), at, "{text}");
        }
    }
}
