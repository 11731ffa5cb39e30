//! What is typed after `:`: our own words, names of commands, and psql's habits.

use super::{APP, App, pattern};
use crate::core::{
    command::Command,
    effect::Statement,
    pane::{PaneKind, Popup, Tell, Tone},
};

/// psql's listing commands and the built-in query each stands for.
const LISTINGS: &[(&str, &str)] = &[
    ("\\dt", include_str!("../../queries/psql/dt.sql")),
    ("\\dv", include_str!("../../queries/psql/dv.sql")),
    ("\\di", include_str!("../../queries/psql/di.sql")),
    ("\\df", include_str!("../../queries/psql/df.sql")),
    ("\\dn", include_str!("../../queries/psql/dn.sql")),
    ("\\du", include_str!("../../queries/psql/du.sql")),
    ("\\l", include_str!("../../queries/psql/l.sql")),
    ("\\dp", include_str!("../../queries/psql/dp.sql")),
    ("\\z", include_str!("../../queries/psql/dp.sql")),
    ("\\ddp", include_str!("../../queries/psql/ddp.sql")),
];
/// What stands beside privileges: the policies of the same relations.
const POLICIES: &str = include_str!("../../queries/psql/policies.sql");

impl App {
    /// Carries out a line.
    pub(super) fn command_line(&mut self, line: &str) {
        let line = line.trim().trim_start_matches(':').trim_end_matches(';').trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        if let Some((name, text)) = LISTINGS.iter().find(|(w, _)| *w == word.trim_end_matches('+')) {
            return self.list(name, text, rest);
        }
        match word {
            "" => {}
            "q" | "quit" | "\\q" | "q!" => self.quit(),
            "w" | "write" if !rest.is_empty() => self.pass(PaneKind::Sql, Tell::SaveAs(rest.to_owned())),
            "w" | "write" if rest.is_empty() && self.world.staged().is_some_and(|s| !s.is_empty()) => {
                self.popup(APP, Popup::Changes);
            }
            "w" | "write" => self.command(Command::SaveQuery),
            "c" | "connect" | "\\c" | "\\connect" => self.connect(rest),
            "theme" => self.set_theme(rest),
            "help" | "\\?" => self.open_help(),
            "\\d" if rest.is_empty() => self.list("\\d", LISTINGS[0].1, ""),
            "\\d" | "\\d+" | "open" | "e" => self.open_by_name(rest),
            "\\x" => self.command(Command::OpenRecord),
            "\\timing" => self.say(Tone::Note, "Every result shows the time it took"),
            "\\watch" if !rest.is_empty() => self.pass(PaneKind::Sql, Tell::WatchEvery(rest.to_owned())),
            "\\watch" => self.command(Command::Watch),
            "\\e" | "\\edit" => {
                self.show(PaneKind::Sql);
                self.command(Command::ExternalEditor);
            }
            "\\copy" => self.pass(PaneKind::Sql, Tell::CopyFile(rest.to_owned())),
            _ => match Command::parse(word) {
                Some(command) => self.command(command),
                None => self.say(
                    Tone::Warning,
                    format!("\"{}\" is no command (Ctrl+P finds them all)", crate::text::clean::line(word)),
                ),
            },
        }
    }

    /// Runs a listing in the SQL pane, narrowed by a pattern as psql's (`*` and `?`).
    fn list(&mut self, name: &str, text: &str, pattern: &str) {
        let (like, schema) = pattern::expressions(pattern);
        let of = |text: &str| {
            // Roles, databases and schemas stand in no schema.
            let mut params = vec![like.clone(), schema.clone()];
            params.truncate(if text.contains("$2") { 2 } else { 1 });
            let types = vec![25; params.len()];
            Statement::read(text, params, types)
        };
        let mut statements = vec![of(text)];
        if matches!(name, "\\dp" | "\\z") {
            statements.push(of(POLICIES));
        }
        let name = format!("{name} {pattern}").trim_end().to_owned();
        let tell =
            Tell::RunQuery { name: name.clone(), statements, title: name, read_only: false, watch: None };
        self.pass(PaneKind::Sql, tell);
    }

    /// As psql: a bare word names a database of the same server. Nothing: a list to choose from.
    fn connect(&mut self, rest: &str) {
        match rest {
            "" => self.pick_server(),
            "-" => self.go(None),
            spec => self.go(Some(spec.to_owned())),
        }
    }

    fn set_theme(&mut self, name: &str) {
        match self.themes.iter().find(|t| t.name == name) {
            Some(theme) => self.world.theme = theme.clone(),
            None => {
                let all: Vec<_> = self.themes.iter().map(|t| t.name.as_str()).collect();
                self.say(Tone::Warning, format!("Themes are {}", all.join(", ")));
            }
        }
    }

    fn open_by_name(&mut self, name: &str) {
        let parts: Vec<String> = split_name(name);
        let found = self.world.catalog().and_then(|c| match parts.as_slice() {
            [name] => c.find(None, name),
            [schema, name] => c.find(Some(schema), name),
            _ => None,
        });
        match found.map(|r| r.oid) {
            Some(oid) => self.pass(PaneKind::Browse, Tell::OpenRelation(oid)),
            None => self.say(
                Tone::Warning,
                format!("No relation \"{}\" here (Ctrl+P searches all)", crate::text::clean::line(name)),
            ),
        }
    }
}

/// Splits `schema."Na.me"` into its parts, folding unquoted ones to lower case.
fn split_name(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut chars = name.trim().chars().peekable();
    while let Some(c) = chars.next() {
        let last = parts.len() - 1;
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                parts[last].push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            c if quoted => parts[last].push(c),
            c => parts[last].extend(c.to_lowercase()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::split_name;

    #[test]
    fn names_as_psql_reads_them() {
        for (text, parts) in [
            ("posts", vec!["posts"]),
            ("Public.Posts", vec!["public", "posts"]),
            ("\"Na.me\"", vec!["Na.me"]),
            ("s.\"a\"\"b\"", vec!["s", "a\"b"]),
        ] {
            assert_eq!(split_name(text), parts);
        }
    }
}
