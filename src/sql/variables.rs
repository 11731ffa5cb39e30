//! psql's variables, as far as a script alone tells what they hold.

use super::lex::{Options, TokenKind, significant};
use super::{quote::unquoted, slash};
use std::collections::HashMap;

/// What a script's commands made of the variables.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    states: HashMap<String, State>,
    /// Prefixes of the names that the unknown columns of some result may have set.
    results: Vec<String>,
    /// There are none but the script's own, and psql's.
    alone: bool,
}

#[derive(Clone, Debug)]
enum State {
    Value(String),
    /// Set to something that only a run tells.
    Something,
    /// Only a run tells whether it is set.
    Maybe,
    Not,
}

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// This.
    Known(String),
    /// Nothing: psql leaves the text as it is.
    Unset,
    /// Only a run tells.
    Unknown,
}

impl Variables {
    /// The variables at a script's start. `alone`: nobody sets any from outside.
    #[must_use]
    pub fn new(alone: bool) -> Self {
        Self { alone, ..Self::default() }
    }

    /// What a variable holds.
    #[must_use]
    pub fn get(&self, name: &str) -> Lookup {
        match self.states.get(name) {
            Some(State::Value(value)) => Lookup::Known(value.clone()),
            Some(State::Not) => Lookup::Unset,
            Some(State::Something | State::Maybe) => Lookup::Unknown,
            None if self.alone && !is_psqls(name) && !self.may_be_a_result(name) => Lookup::Unset,
            None => Lookup::Unknown,
        }
    }

    /// Whether a variable is set; `None` when only a run tells.
    #[must_use]
    pub fn is_set(&self, name: &str) -> Option<bool> {
        match (self.states.get(name), self.get(name)) {
            (Some(State::Something), _) | (_, Lookup::Known(_)) => Some(true),
            (_, Lookup::Unset) => Some(false),
            (_, Lookup::Unknown) => None,
        }
    }

    /// Follows `\set` and its relatives. `uncertain`: only a run tells whether the command is executed.
    pub fn follow(&mut self, command: &str, arguments: &str, uncertain: bool) {
        let read = slash::arguments(arguments, self);
        // The name is plain where the value is not.
        let first = || arguments.split_whitespace().next().map(str::to_owned);
        let name = match (&read, command) {
            (Some(words), "prompt") => words.last().cloned(),
            (None, "prompt") => arguments.split_whitespace().last().map(str::to_owned),
            (Some(words), _) => words.first().cloned(),
            (None, _) => first(),
        };
        let Some(name) = name.filter(|n| is_name(n)) else { return };
        let state = match command {
            _ if uncertain => State::Maybe,
            // psql gives one of its own its default back.
            "unset" if is_psqls(&name) => State::Something,
            "unset" => State::Not,
            "set" => read.map_or(State::Something, |words| State::Value(words[1..].concat())),
            _ => State::Maybe,
        };
        self.states.insert(name, state);
    }

    /// Follows `\gset`: the columns of a query's result become variables, as far as its text names them.
    pub fn follow_result(&mut self, query: &str, prefix: &str) {
        let tokens = significant(query, Options::default());
        let mut before = None;
        for token in tokens {
            let text = token.text(query);
            match token.kind {
                TokenKind::Word => {
                    self.states.insert(format!("{prefix}{}", text.to_lowercase()), State::Maybe);
                }
                TokenKind::QuotedIdent => {
                    let name = unquoted(text);
                    self.states.insert(format!("{prefix}{name}"), State::Maybe);
                }
                TokenKind::Operator if text == "*" && before.is_none_or(lists_columns) => {
                    self.states.retain(|name, _| !name.starts_with(prefix));
                    self.results.push(prefix.to_owned());
                }
                _ => {}
            }
            let word = |w| token.is_word(query, w);
            let opens = token.kind == TokenKind::Word && !(word("select") || word("all") || word("distinct"));
            before = Some(if opens { TokenKind::QuotedIdent } else { token.kind });
        }
    }

    fn may_be_a_result(&self, name: &str) -> bool {
        self.results.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    #[cfg(test)]
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        self.states.insert(name.to_owned(), value.map_or(State::Something, State::Value));
    }
}

/// Behind one of these a `*` stands for columns and multiplies nothing.
fn lists_columns(before: TokenKind) -> bool {
    matches!(before, TokenKind::Word | TokenKind::Comma | TokenKind::Dot)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '_')
}

/// The variables that psql sets itself or obeys are written in capitals.
fn is_psqls(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && name.starts_with(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Lookup {
        Lookup::Known(text.into())
    }

    #[test]
    fn a_script_sets_variables() {
        let mut v = Variables::new(true);
        v.follow("set", "a 'x ' y", false);
        v.follow("set", "b :a:'a'", false);
        v.follow("set", "empty", false);
        v.follow("set", "no/name 1", false);
        v.follow("set", "now `date`", false);
        v.follow("set", "later :now", false);
        v.follow("set", "perhaps 1", true);
        v.follow("prompt", "'your name' who", false);
        v.follow("getenv", "home HOME", false);
        assert_eq!((v.get("a"), v.get("b"), v.get("empty")), (known("x y"), known("x y'x y'"), known("")));
        assert_eq!((v.get("none"), v.get("no/name")), (Lookup::Unset, Lookup::Unset));
        for name in ["now", "later", "perhaps", "who", "home", "ENCODING"] {
            assert_eq!(v.get(name), Lookup::Unknown, "{name}");
        }
        assert_eq!((v.is_set("now"), v.is_set("home"), v.is_set("a")), (Some(true), None, Some(true)));
        v.follow("unset", "a", false);
        assert_eq!((v.get("a"), v.is_set("a")), (Lookup::Unset, Some(false)));
        assert_eq!(Variables::default().get("a"), Lookup::Unknown, "somebody else may have set it");
    }

    #[test]
    fn a_result_sets_variables() {
        let mut v = Variables::new(true);
        v.follow("set", "kept 1", false);
        v.follow("set", "p_n 1", false);
        v.follow("set", "n 1", false);
        v.follow_result("select 2 * 3 as N, \"Big\" from t", "p_");
        assert_eq!((v.get("kept"), v.get("n")), (known("1"), known("1")));
        assert_eq!((v.get("p_n"), v.get("p_Big")), (Lookup::Unknown, Lookup::Unknown));
        assert_eq!((v.get("p_other"), v.get("big")), (Lookup::Unset, Lookup::Unset));
        v.follow_result("select t.* from t", "q_");
        assert_eq!((v.get("q_any"), v.get("any")), (Lookup::Unknown, Lookup::Unset));
        v.follow_result("select * from t", "");
        assert_eq!((v.get("any"), v.get("kept")), (Lookup::Unknown, Lookup::Unknown));
    }
}
