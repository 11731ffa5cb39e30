//! A script made ready to run: its statements in order, with parameters as the server binds them.

use super::report::place;
use crate::{
    data::saved::SavedQuery,
    sql::{
        copy,
        meta::Action,
        params::{self, Bound},
        split::{self, Ending, Span, SplitOptions},
    },
};
use std::ops::Range;

/// One statement to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::headless) struct Step {
    /// The text to send and the names behind `$1` ….
    pub bound: Bound,
    span: Span,
}

impl Step {
    /// Where it begins in the script.
    pub fn start(&self) -> usize {
        self.span.start
    }

    /// The data lines in the script for each `COPY … FROM STDIN` in it.
    pub fn copy_data(&self) -> &[Range<usize>] {
        &self.span.copy_data
    }

    /// Several statements joined by `\;` can only go together by the simple protocol.
    pub fn is_combined(&self) -> bool {
        self.span.combined
    }

    /// The byte of the script that a byte of the text to send comes from.
    pub fn source_offset(&self, byte: usize) -> usize {
        self.span.source_offset(self.bound.source_offset(byte))
    }

    /// The byte of the script that an error position of the server points to.
    pub fn source_position(&self, position: u32) -> usize {
        self.span.source_offset(self.bound.source_position(position))
    }
}

/// A script made ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::headless) struct Script {
    pub steps: Vec<Step>,
    /// What was passed over, for standard error.
    pub warnings: Vec<String>,
}

/// The statements as psql would send them, for `--dry-run`.
pub(in crate::headless) fn statements(text: &str) -> Vec<String> {
    let (text, script) = split::expand(text);
    let mut copies = script
        .commands
        .iter()
        .filter(|c| !c.inactive && c.action == Action::Copy)
        .filter_map(|c| Some((c.start, copy::as_psql_sends(&text[c.arguments.start..c.end])?)))
        .peekable();
    let mut out = Vec::new();
    for span in &script.spans {
        let command = match span.ending {
            Ending::Command(index) => Some(&script.commands[index]),
            _ => None,
        };
        // A \copy goes at once, a statement around it later.
        let at = match span.ending {
            Ending::Semicolon => span.end,
            Ending::Command(index) => script.commands[index].start,
            Ending::Text => usize::MAX,
        };
        out.extend(std::iter::from_fn(|| copies.next_if(|(start, _)| *start < at)).map(|(_, sql)| sql));
        // \gdesc only has a statement described.
        if command.is_none_or(|c| &text[c.name.clone()] != "gdesc") {
            out.push(span.text(&text).into_owned());
        }
    }
    out.extend(copies.map(|(_, sql)| sql));
    out
}

/// Makes a query ready to run. `label` names it in errors.
pub(in crate::headless) fn prepare(query: &SavedQuery, label: &str) -> Result<Script, String> {
    let text = &query.text;
    let at = |offset: usize| format!("{label}:{}", place(text, offset).line);
    let parsed = split::script(text, &SplitOptions::default());
    let mut script = Script::default();
    for command in parsed.commands.iter().filter(|c| !c.inactive) {
        let name = &text[command.name.clone()];
        let arguments = &text[command.arguments.clone()];
        match verdict(name, arguments) {
            Verdict::Fine => {}
            Verdict::PassedOver => {
                script
                    .warnings
                    .push(format!("{}: \\{name} means nothing here and is passed over", at(command.start)));
            }
            Verdict::Refused(instead) => {
                return Err(format!("{}: \\{name} is a command of psql: {instead}", at(command.start)));
            }
        }
    }
    for span in parsed.spans {
        if span.empty || matches!(span.ending, Ending::Text) && is_only_comment(&span.text(text)) {
            continue;
        }
        let sent = span.text(text).into_owned();
        let bound = params::bind(&sent, &query.parameters)
            .map_err(|e| format!("{}: {}", at(span.source_offset(e.offset)), e.message))?;
        if span.combined && !bound.names.is_empty() {
            return Err(format!(
                "{}: statements joined by \\; are sent as one and can have no parameters (:{}): use ; instead",
                at(span.start),
                bound.names[0]
            ));
        }
        script.steps.push(Step { bound, span });
    }
    Ok(script)
}

enum Verdict {
    Fine,
    PassedOver,
    Refused(&'static str),
}

/// What to do about a backslash command.
fn verdict(name: &str, arguments: &str) -> Verdict {
    match name {
        "g" if arguments.is_empty() => Verdict::Fine,
        "r" | "reset" | "q" | "quit" => Verdict::Fine,
        "set" if is_our_way(arguments) => Verdict::Fine,
        "echo" | "qecho" | "warn" | "timing" | "pset" | "x" | "a" | "t" | "H" | "html" | "C" | "f" | "T"
        | "p" | "print" | "encoding" | "errverbose" | "s" => Verdict::PassedOver,
        "set" | "unset" | "prompt" => {
            Verdict::Refused("give values with -p NAME=VALUE and write :NAME in the SQL")
        }
        "c" | "connect" => Verdict::Refused("choose the server and database on the command line"),
        "i" | "include" | "ir" | "include_relative" => Verdict::Refused("run that file by itself"),
        "copy" => {
            Verdict::Refused("write COPY … FROM STDIN or TO STDOUT and redirect standard input or output")
        }
        "o" | "out" | "w" | "write" | "g" => Verdict::Refused("use --output FILE"),
        "gx" => Verdict::Refused("end the statement with ; and use --format expanded"),
        "watch" => Verdict::Refused("end the statement with ; and use --watch SECONDS"),
        "if" | "elif" | "else" | "endif" => {
            Verdict::Refused("a script without a screen runs straight through")
        }
        _ => Verdict::Refused("take it out, or run the file with psql"),
    }
}

/// `\set` of what psql needs to behave as we always do, or of how it prints.
fn is_our_way(arguments: &str) -> bool {
    let mut words = arguments.split_whitespace();
    let value =
        |v: Option<&str>, wanted: &[&str]| v.is_none_or(|v| wanted.contains(&&*v.to_ascii_lowercase()));
    match words.next() {
        Some("ON_ERROR_STOP") => value(words.next(), &["on", "1", "true", "yes"]),
        Some("AUTOCOMMIT") => value(words.next(), &["on", "1", "true", "yes"]),
        Some("QUIET" | "ECHO" | "VERBOSITY" | "SHOW_CONTEXT" | "FETCH_COUNT" | "HISTCONTROL") => true,
        Some(name) => name.starts_with("PROMPT") || name.starts_with("HIST"),
        None => false,
    }
}

fn is_only_comment(text: &str) -> bool {
    crate::sql::lex::significant(text, crate::sql::lex::Options::default()).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data::saved::Origin, settings::saved::parse};

    fn ready(text: &str) -> Result<Script, String> {
        prepare(&parse("q", text, Origin::File, "q.sql").unwrap(), "q.sql")
    }

    fn sent(text: &str) -> Vec<String> {
        ready(text).unwrap().steps.into_iter().map(|s| s.bound.sql).collect()
    }

    #[test]
    fn statements_with_their_parameters() {
        assert_eq!(
            sent("-- param: n int\n-- a note\nselect :n; ;\n-- end\nselect ':n', :tag::text;\n-- over"),
            ["select ($1::int);", "select ':n', $1::text;"]
        );
        let step = &ready("-- param: n int\nselect 1;\nselect :n, foo").unwrap().steps[1];
        assert_eq!(step.bound.names, ["n"]);
        let source = "-- param: n int\nselect 1;\nselect :n, foo";
        let position = step.bound.sql.find("foo").unwrap() as u32 + 1;
        assert_eq!(step.source_position(position), source.find("foo").unwrap());
    }

    #[test]
    fn copy_data_is_not_sql() {
        let script = ready("copy t from stdin;\n1\t:x\n\\.\nselect 1;").unwrap();
        assert_eq!(script.steps.len(), 2);
        assert_eq!(script.steps[0].copy_data().len(), 1);
        assert!(script.steps[0].bound.names.is_empty());
    }

    #[test]
    fn psqls_commands() {
        let script =
            ready("\\set ON_ERROR_STOP on\n\\timing\nselect 1 \\g\nselect 2;\n\\q\nnonsense").unwrap();
        assert_eq!(script.steps.len(), 2);
        assert_eq!(script.warnings, ["q.sql:2: \\timing means nothing here and is passed over"]);
        for (text, what) in [
            ("select 1;\n\\c other", "q.sql:2: \\c is a command of psql: choose the server"),
            ("\\i x.sql", "run that file"),
            ("\\set x 1", "-p NAME=VALUE"),
            ("\\set ON_ERROR_STOP off", "-p NAME=VALUE"),
            ("select 1 \\gexec", "take it out"),
            ("select 1 \\g out.txt", "--output"),
            ("\\copy t from 'x'", "COPY"),
            ("select 1 \\; select :x;", "joined"),
            ("select :'x'", "q.sql:1: "),
        ] {
            let fault = ready(text).unwrap_err();
            assert!(fault.contains(what), "{text}: {fault}");
        }
    }

    #[test]
    fn a_dry_run_gives_the_statements_as_written() {
        assert_eq!(
            statements("-- title: x\nselect :a;\n\\echo hi\nselect 2 \\; select 3;\nselect 4"),
            ["select :a;", "select 2 ; select 3;", "select 4"]
        );
    }
}
