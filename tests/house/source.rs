//! Reads the paths out of Rust source: enough of a lexer to tell code from comments and strings.

/// A path in code: `crate::pg::connect`, `tokio::spawn`.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    /// Line from 1.
    pub line: usize,
    /// How many `mod name { … }` of the same file surround it.
    pub depth: usize,
    /// Its parts.
    pub parts: Vec<String>,
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Path,
    Sign(char),
}

/// All paths of a file, `use` trees spread out.
pub fn paths(text: &str) -> Vec<Path> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let (mut at, mut braces, mut modules) = (0, 0usize, Vec::new());
    while let Some((line, token)) = tokens.get(at) {
        match token {
            Token::Sign('{') => braces += 1,
            Token::Sign('}') => {
                braces = braces.saturating_sub(1);
                if modules.last() == Some(&braces) {
                    modules.pop();
                }
            }
            Token::Word(word)
                if word == "mod" && matches!(tokens.get(at + 2), Some((_, Token::Sign('{')))) =>
            {
                modules.push(braces);
                at += 2;
                continue;
            }
            Token::Word(_) if at == 0 || !matches!(tokens[at - 1].1, Token::Path | Token::Sign('.')) => {
                let mut parts = Vec::new();
                let next = tree(&tokens, at, &mut Vec::new(), &mut parts);
                let depth = modules.len();
                found.extend(parts.into_iter().map(|parts| Path { line: *line, depth, parts }));
                at = next;
                continue;
            }
            _ => (),
        }
        at += 1;
    }
    found
}

/// One path or group from `at`; the index after it.
fn tree(
    tokens: &[(usize, Token)],
    mut at: usize,
    before: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> usize {
    let depth = before.len();
    loop {
        match tokens.get(at).map(|t| &t.1) {
            Some(Token::Word(word)) => before.push(word.clone()),
            Some(Token::Sign('*')) => before.push("*".into()),
            Some(Token::Sign('{')) => {
                at += 1;
                while !matches!(tokens.get(at).map(|t| &t.1), None | Some(Token::Sign('}'))) {
                    let next = tree(tokens, at, before, found);
                    at = next.max(at + 1);
                    // `as name` and commas
                    while !matches!(tokens.get(at).map(|t| &t.1), None | Some(Token::Sign(',' | '}'))) {
                        at += 1;
                    }
                    if matches!(tokens.get(at).map(|t| &t.1), Some(Token::Sign(','))) {
                        at += 1;
                    }
                }
                before.truncate(depth);
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        if !matches!(tokens.get(at).map(|t| &t.1), Some(Token::Path)) {
            break;
        }
        at += 1;
    }
    if before.len() > depth {
        found.push(before.clone());
    }
    before.truncate(depth);
    at
}

/// Words, `::` and signs, each with its line; no comments, no literals.
fn tokens(text: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = text.chars().collect();
    let (mut at, mut line, mut out) = (0, 1, Vec::new());
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        let end = match (c, next) {
            ('/', Some('/')) => find(&chars, at, |c| c == '\n'),
            ('/', Some('*')) => comment(&chars, at),
            ('"', _) => string(&chars, at),
            ('r', Some('"' | '#')) if raw(&chars, at).is_some() => raw(&chars, at).unwrap_or(at + 1),
            // a character, not a lifetime
            ('\'', Some('\\')) => find(&chars, at + 3, |c| c == '\'') + 1,
            ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => at + 3,
            (':', Some(':')) => {
                out.push((line, Token::Path));
                at + 2
            }
            _ if c.is_alphanumeric() || c == '_' => {
                let end = find(&chars, at, |c| !c.is_alphanumeric() && c != '_');
                out.push((line, Token::Word(chars[at..end].iter().collect())));
                end
            }
            _ => {
                if !c.is_whitespace() {
                    out.push((line, Token::Sign(c)));
                }
                at + 1
            }
        };
        let end = end.clamp(at + 1, chars.len());
        line += chars[at..end].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    out
}

fn find(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|i| stop(chars[*i])).unwrap_or(chars.len())
}

/// After a comment that may hold others.
fn comment(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

/// After a string.
fn string(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// After a raw string, if this is one.
fn raw(chars: &[char], from: usize) -> Option<usize> {
    let marks = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    let open = from + 1 + marks;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |at: &usize| {
        chars[*at] == '"' && chars[at + 1..].iter().take(marks).filter(|c| **c == '#').count() == marks
    };
    (open + 1..chars.len()).find(closes).map(|at| at + 1 + marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        paths(text).into_iter().filter(|p| p.parts.len() > 1).map(|p| p.parts.join("::")).collect()
    }

    #[test]
    fn trees_are_spread_out() {
        assert_eq!(
            shown("use crate::{a::{self, B as C}, d, e::*};"),
            ["crate::a::self", "crate::a::B", "crate::d", "crate::e::*"]
        );
        assert_eq!(
            shown("fn f() -> crate::x::Y { std::mem::take(a.b()) }"),
            ["crate::x::Y", "std::mem::take"]
        );
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        let text =
            "// a::b\n/* c::d /* e::f */ g::h */ \"i::j \\\" k::l\" r#\"m::n \" o::p\"# 'q' '\\'' r::s";
        assert_eq!(shown(text), ["r::s"]);
        assert_eq!(shown("fn f<'a>(x: &'a t::U) {}"), ["t::U"]);
    }

    #[test]
    fn modules_inside_a_file_are_counted() {
        let found = paths("mod tests {\n use super::x;\n}\nuse super::y;");
        let shown: Vec<_> = found.iter().filter(|p| p.parts.len() > 1).map(|p| (p.line, p.depth)).collect();
        assert_eq!(shown, [(2, 1), (4, 0)]);
    }
}
