//! Colours for values that are code in some language: JSON by hand, others through syntect.
//!
//! The syntaxes are unpacked at the first use, which takes a moment: call `warm` from a background
//! task, or let the first value view pay for it. SQL never comes here, it has a lexer of its own.

use super::textview::LineSpans;
use std::sync::OnceLock;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

/// Bytes coloured at most; the rest of a huge value stays plain.
const MOST: usize = 512 << 10;

static SYNTAXES: OnceLock<SyntaxSet> = OnceLock::new();

fn syntaxes() -> &'static SyntaxSet {
    SYNTAXES.get_or_init(SyntaxSet::load_defaults_newlines)
}

/// Unpacks the syntaxes now.
pub fn warm() {
    syntaxes();
}

/// What a text seems to be written in, by its beginning: `json`, `xml`, `html`, `yaml`.
#[must_use]
pub fn guess(text: &str) -> Option<&'static str> {
    let start = text.trim_start();
    let head = start.get(..start.len().min(64)).unwrap_or(start).to_ascii_lowercase();
    match start.as_bytes().first()? {
        b'{' | b'[' => Some("json"),
        b'<' if head.starts_with("<!doctype html") || head.starts_with("<html") => Some("html"),
        b'<' if start.as_bytes().get(1).is_some_and(|b| b.is_ascii_alphabetic() || b"?!".contains(b)) => {
            Some("xml")
        }
        b'-' if start.starts_with("---\n") => Some("yaml"),
        _ => None,
    }
}

/// Colours lines in a language by its name or file ending (`json`, `xml`, `py` …); no spans when
/// it is not known.
#[must_use]
pub fn colour(language: &str, lines: &[String]) -> Vec<LineSpans> {
    if language.eq_ignore_ascii_case("json") {
        return json(lines);
    }
    let set = syntaxes();
    let Some(syntax) = set.find_syntax_by_token(language) else { return vec![] };
    let (mut state, mut stack) = (ParseState::new(syntax), ScopeStack::new());
    let (mut out, mut spent) = (Vec::with_capacity(lines.len()), 0);
    for line in lines {
        spent += line.len() + 1;
        if spent > MOST {
            break;
        }
        let Ok(ops) = state.parse_line(&format!("{line}\n"), set) else { break };
        let mut spans: LineSpans = vec![];
        let mut from = 0;
        for (at, op) in ops {
            let at = at.min(line.len());
            if at > from
                && let Some(name) = stack.as_slice().iter().rev().find_map(|s| style_of(*s))
            {
                spans.push((from..at, name));
            }
            from = from.max(at);
            // A grammar that pops more than it pushed leaves the rest of the line plain.
            if stack.apply(&op).is_err() {
                break;
            }
        }
        if from < line.len()
            && let Some(name) = stack.as_slice().iter().rev().find_map(|s| style_of(*s))
        {
            spans.push((from..line.len(), name));
        }
        out.push(spans);
    }
    out
}

/// The theme's name for a scope of a grammar.
fn style_of(scope: Scope) -> Option<&'static str> {
    const TABLE: [(&str, &str); 14] = [
        ("comment", "sql.comment"),
        ("string", "sql.string"),
        ("constant.numeric", "sql.number"),
        ("constant.language", "json.bool"),
        ("constant", "sql.parameter"),
        ("keyword.operator", "sql.operator"),
        ("keyword", "sql.keyword"),
        ("storage", "sql.keyword"),
        ("entity.name.tag", "json.key"),
        ("entity.other.attribute-name", "sql.parameter"),
        ("entity.name.function", "sql.function"),
        ("support.function", "sql.function"),
        ("support.type", "sql.type"),
        ("variable.parameter", "sql.parameter"),
    ];
    static SCOPES: OnceLock<Vec<(Scope, &'static str)>> = OnceLock::new();
    let scopes = SCOPES.get_or_init(|| {
        TABLE.iter().filter_map(|(scope, name)| Some((Scope::new(scope).ok()?, *name))).collect()
    });
    scopes.iter().find(|(s, _)| s.is_prefix_of(scope)).map(|(_, name)| *name)
}

/// JSON by its few tokens: exact, without unpacking anything, and fast on megabytes.
fn json(lines: &[String]) -> Vec<LineSpans> {
    let mut in_string = false;
    let mut spent = 0;
    let mut out = Vec::with_capacity(lines.len());
    for line in lines {
        spent += line.len() + 1;
        if spent > MOST {
            break;
        }
        out.push(json_line(line, &mut in_string));
    }
    out
}

/// Colours one line of JSON that begins outside of a string, as every line of a valid document does.
#[must_use]
pub fn json_alone(line: &str) -> LineSpans {
    json_line(line, &mut false)
}

fn json_line(line: &str, in_string: &mut bool) -> LineSpans {
    let b = line.as_bytes();
    let mut spans: LineSpans = vec![];
    let mut at = 0;
    while at < b.len() {
        let from = at;
        if *in_string || b[at] == b'"' {
            if !*in_string {
                at += 1;
            }
            *in_string = true;
            while at < b.len() && *in_string {
                match b[at] {
                    b'\\' => at += 2,
                    b'"' => {
                        at += 1;
                        *in_string = false;
                    }
                    _ => at += 1,
                }
            }
            at = at.min(b.len());
            let key = !*in_string && line[at..].trim_start().starts_with(':');
            spans.push((from..at, if key { "json.key" } else { "json.string" }));
            continue;
        }
        let word = |at: usize| {
            b[at..].iter().take_while(|c| c.is_ascii_alphanumeric() || b"+-.".contains(c)).count()
        };
        let name = match b[at] {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                at += 1;
                "json.punct"
            }
            b'-' | b'0'..=b'9' => {
                at += word(at);
                "json.number"
            }
            c if c.is_ascii_alphabetic() => {
                at += word(at);
                match &line[from..at] {
                    "true" | "false" => "json.bool",
                    "null" => "json.null",
                    _ => "sql.error",
                }
            }
            _ => {
                at += line[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
        };
        spans.push((from..at, name));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<'a>(line: &'a str, spans: &LineSpans) -> Vec<(&'a str, &'static str)> {
        spans.iter().map(|(r, n)| (&line[r.clone()], *n)).collect()
    }

    #[test]
    fn json_is_coloured_exactly() {
        let line = r#"{"a\"b" : [1e+5, "žx", true, null, -0.0]}"#;
        let got = colour("json", &[line.to_owned()]);
        let words: Vec<_> = named(line, &got[0]).into_iter().filter(|(_, n)| *n != "json.punct").collect();
        assert_eq!(
            words,
            [
                ("\"a\\\"b\"", "json.key"),
                ("1e+5", "json.number"),
                ("\"žx\"", "json.string"),
                ("true", "json.bool"),
                ("null", "json.null"),
                ("-0.0", "json.number"),
            ]
        );
        let cut = ["\"open ".to_owned(), "still\" 1".to_owned(), "\\".to_owned(), "\"\\".to_owned()];
        assert_eq!(colour("json", &cut)[1][0], (0..6, "json.string"));
    }

    #[test]
    fn other_languages_come_from_grammars() {
        let line = "<a href=\"x\">text</a>";
        let got = colour("xml", &[line.to_owned()]);
        let words = named(line, &got[0]);
        assert!(words.contains(&("a", "json.key")), "{words:?}");
        assert!(words.iter().any(|(w, n)| w.contains('x') && *n == "sql.string"), "{words:?}");
        assert!(colour("no such language", &[line.to_owned()]).is_empty());
        warm();
    }

    #[test]
    fn beginnings_are_recognised() {
        for (text, is) in [
            (" {\"a\":1}", Some("json")),
            ("<?xml version=\"1.0\"?>", Some("xml")),
            ("<!DOCTYPE html>", Some("html")),
            ("< 5", None),
            ("---\na: 1", Some("yaml")),
            ("plain", None),
            ("", None),
        ] {
            assert_eq!(guess(text), is, "{text}");
        }
    }
}
