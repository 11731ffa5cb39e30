//! Chords and scopes to commands: defaults from the command table, the user's on top.

use super::{
    command::{Command, Scope, TABLE},
    key::{Chord, pretty},
};
use std::collections::{BTreeMap, HashMap};

/// Which sequence of chords means which command, per scope.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    map: HashMap<Scope, BTreeMap<Vec<Chord>, Command>>,
}

/// What a sequence of chords means so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A whole command.
    Command(Command),
    /// The beginning of at least one.
    Prefix,
    /// Nothing.
    None,
}

impl Keymap {
    /// The keys of the command table.
    ///
    /// # Panics
    /// Never: a test reads every row of the table.
    #[must_use]
    pub fn builtin() -> Self {
        let mut map = Self::default();
        for row in TABLE {
            for keys in row.keys {
                if let Some(chords) = Chord::parse_all(keys) {
                    for scope in row.scopes {
                        map.map.entry(*scope).or_default().insert(chords.clone(), row.command);
                    }
                }
            }
        }
        map
    }

    /// Lays the user's keys on top: scope name → keys → command name (`none` removes a key).
    ///
    /// # Errors
    /// One line per entry that names an unknown scope, key or command.
    pub fn overlay(&mut self, keys: &BTreeMap<String, BTreeMap<String, String>>) -> Vec<String> {
        let mut wrong = vec![];
        for (scope, rows) in keys {
            let Some(scope) = Scope::parse(scope) else {
                let all: Vec<_> = Scope::ALL.iter().map(|s| s.name()).collect();
                wrong.push(format!("[keys.{scope}]: no such place; places are {}", all.join(", ")));
                continue;
            };
            for (chords, name) in rows {
                let Some(chords) = Chord::parse_all(chords) else {
                    wrong.push(format!(
                        "[keys.{}] \"{chords}\": not a key (write ctrl-r, alt-1, f5, \"g g\")",
                        scope.name()
                    ));
                    continue;
                };
                let entry = self.map.entry(scope).or_default();
                if name == "none" {
                    entry.remove(&chords);
                } else if let Some(row) = TABLE.iter().find(|r| r.name == name) {
                    entry.insert(chords, row.command);
                } else {
                    wrong.push(format!(
                        "[keys.{}]: no command \"{name}\" (see `?` or the README's key table)",
                        scope.name()
                    ));
                }
            }
        }
        wrong
    }

    /// What the chords mean in the first of the scopes that knows them.
    #[must_use]
    pub fn look(&self, scopes: &[Scope], chords: &[Chord]) -> Hit {
        let mut prefix = false;
        for scope in scopes {
            let Some(rows) = self.map.get(scope) else { continue };
            if let Some(c) = rows.get(chords) {
                if !prefix {
                    return Hit::Command(*c);
                }
            } else if rows.range(chords.to_vec()..).next().is_some_and(|(k, _)| k.starts_with(chords)) {
                prefix = true;
            }
        }
        if prefix { Hit::Prefix } else { Hit::None }
    }

    /// What may follow the chords typed so far, with the command each leads to.
    #[must_use]
    pub fn following(&self, scopes: &[Scope], chords: &[Chord]) -> Vec<(String, Command)> {
        let mut out: Vec<(String, Command)> = vec![];
        for scope in scopes {
            for (keys, command) in self.map.get(scope).into_iter().flatten() {
                if keys.len() > chords.len()
                    && keys.starts_with(chords)
                    && !out.iter().any(|(_, c)| c == command)
                {
                    let rest: Vec<_> = keys[chords.len()..].iter().map(|c| pretty(*c)).collect();
                    out.push((rest.join(" "), *command));
                }
            }
        }
        out
    }

    /// All keys of a command in these scopes, as people read them.
    #[must_use]
    pub fn keys_of(&self, scopes: &[Scope], command: Command) -> Vec<String> {
        let mut out = vec![];
        for (n, scope) in scopes.iter().enumerate() {
            // A key that means something else further in does not get here.
            let taken = |keys: &[Chord]| {
                scopes[..n]
                    .iter()
                    .any(|s| self.map.get(s).and_then(|m| m.get(keys)).is_some_and(|c| *c != command))
            };
            for (keys, c) in self.map.get(scope).into_iter().flatten() {
                if *c == command && !taken(keys) {
                    let text = keys.iter().map(|c| pretty(*c)).collect::<Vec<_>>().join(" ");
                    if !out.contains(&text) {
                        out.push(text);
                    }
                }
            }
        }
        // The key the table names first is the one people learn.
        if let Some(first) = TABLE.iter().find(|r| r.command == command).and_then(|r| r.keys.first()) {
            let first = Chord::parse_all(first).unwrap_or_default();
            let first = first.iter().map(|c| pretty(*c)).collect::<Vec<_>>().join(" ");
            if let Some(at) = out.iter().position(|k| *k == first) {
                out.swap(0, at);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_waits_and_then_hits() {
        let map = Keymap::builtin();
        let g = Chord::char('g');
        assert_eq!(map.look(&[Scope::Grid, Scope::Global], &[g]), Hit::Prefix);
        assert_eq!(map.look(&[Scope::Grid, Scope::Global], &[g, g]), Hit::Command(Command::First));
        assert_eq!(map.look(&[Scope::Grid], &[Chord::char('Q')]), Hit::None);
    }

    #[test]
    fn a_key_taken_further_in_is_not_shown() {
        let map = Keymap::builtin();
        let scopes = [Scope::Editor, Scope::Sql, Scope::Global];
        assert_eq!(map.keys_of(&scopes, Command::NextPart), Vec::<String>::new());
        assert_eq!(map.keys_of(&[Scope::Global], Command::NextPart), ["Tab"]);
    }

    #[test]
    fn the_users_keys_win_and_mistakes_are_named() {
        let mut map = Keymap::builtin();
        let keys = BTreeMap::from([
            (
                "grid".to_owned(),
                BTreeMap::from([
                    ("ctrl-t".to_owned(), "first".to_owned()),
                    ("s".to_owned(), "none".to_owned()),
                ]),
            ),
            ("nowhere".to_owned(), BTreeMap::new()),
        ]);
        let wrong = map.overlay(&keys);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert_eq!(
            map.look(&[Scope::Grid], &[Chord::parse("ctrl-t").expect("chord")]),
            Hit::Command(Command::First)
        );
        assert_eq!(map.look(&[Scope::Grid], &[Chord::char('s')]), Hit::None);
    }
}
