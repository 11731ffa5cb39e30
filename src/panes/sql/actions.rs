//! What the commands of the pane do: run, watch, the transaction menu, questions and their answers.

use super::{
    Part, Sql, Watch, keep, over, rehearse,
    run::{Mode, Run, Sent},
    transaction::{self, Choice},
};
use crate::{
    core::{
        effect::{CopyFile, Statement},
        event::Tx,
        pane::{Cx, FormField, Popup, Tell, Tone},
        world::World,
    },
    data::saved::Parameter,
    sql::{
        copy, kind,
        meta::{Action, MetaCommand},
        params,
        quote::ident,
        secrets,
        split::{self, Span},
    },
    text::clean,
};
use std::time::Duration;

const TRANSACTION: &str = "sql-transaction";
const SAVEPOINT: &str = "sql-savepoint";
const WATCH: &str = "sql-watch";
const FIND: &str = "sql-find";
const VALUES: &str = "sql-values";

/// Seconds a watch may have between two runs.
const WATCH_RANGE: std::ops::RangeInclusive<f64> = 0.2..=86_400.0;

impl Sql {
    /// F5: the selection, else the statement at the cursor.
    pub(super) fn run_statement(&mut self, cx: &mut Cx<'_>) {
        let text = self.editor.text();
        if let Some(range) = self.editor.selection() {
            let spans = split::split(&text[range.clone()], &Self::split_options());
            return self.run_spans(&text, range.start, &spans, cx);
        }
        let at = self.editor.offset();
        if let Some(line) = psql_line(&text, at) {
            return cx.tell(Tell::CommandLine(line.to_owned()));
        }
        match split::statement_at(&text, at, &Self::split_options()) {
            Some(span) => self.run_spans(&text, 0, &[span], cx),
            None => cx.toast(Tone::Note, "No statement here: type one, or F8 for the history"),
        }
    }

    /// F6: everything.
    pub(super) fn run_all(&mut self, cx: &mut Cx<'_>) {
        let text = self.editor.text();
        let script = split::script(&text, &Self::split_options());
        if let Some(c) = script.commands.iter().find(|c| !sends(&text, c)) {
            let name = clean::line(c.text(&text)).into_owned();
            return cx.toast(
                Tone::Warning,
                format!("{name}: psql's commands are not part of a run; most of them work after :"),
            );
        }
        self.run_spans(&text, 0, &script.spans, cx);
    }

    /// F7 and F9: the statement at the cursor, or the one selected, to the Plan pane.
    pub(super) fn explain(&mut self, analyze: bool, cx: &mut Cx<'_>) {
        if let Some(r) = self.running_now() {
            return cx.toast(Tone::Warning, format!("{} is still running (Ctrl+C cancels it)", r.what));
        }
        let text = self.editor.text();
        let options = Self::split_options();
        let statement = match self.editor.selection() {
            Some(range) => {
                let part = &text[range];
                let mut spans = split::split(part, &options).into_iter().filter(|s| !s.empty);
                let first = spans.next();
                if spans.next().is_some() {
                    return cx
                        .toast(Tone::Warning, "Several statements are selected: each has a plan of its own");
                }
                first.map(|s| s.text(part).into_owned())
            }
            None => {
                let span = split::statement_at(&text, self.editor.offset(), &options).filter(|s| !s.empty);
                span.map(|s| s.text(&text).into_owned())
            }
        };
        match statement {
            Some(sql) if secrets::is_redacted(&sql) => {
                cx.toast(Tone::Warning, "'***' stands where a password was left out: type it, then run");
            }
            Some(text) => cx.tell(Tell::Explain { text, analyze, home: None }),
            None => cx.toast(Tone::Note, "No statement here: type one, or F8 for the history"),
        }
    }

    fn run_spans(&mut self, text: &str, base: usize, spans: &[Span], cx: &mut Cx<'_>) {
        let (mut statements, mut sent) = (vec![], vec![]);
        for span in spans.iter().filter(|s| !s.empty) {
            let (statement, origin) = Self::prepare(text, base, span);
            statements.push(statement);
            sent.push(origin);
        }
        if statements.is_empty() {
            return cx.toast(Tone::Note, "No statement here: type one, or F8 for the history");
        }
        if statements.iter().any(|s| secrets::is_redacted(&s.sql)) {
            return cx.toast(Tone::Warning, "'***' stands where a password was left out: type it, then run");
        }
        self.watch = None;
        let run = Run { statements, sent, reading: false, file: None };
        let parameters = parameters(&run, cx.world);
        if parameters.is_empty() {
            self.send(run, Mode::Fresh, cx);
        } else {
            self.ask_values(run, parameters, cx);
        }
    }

    // ---- parameters -------------------------------------------------------------------------

    /// Asks for the values of `:name` in the text.
    fn ask_values(&mut self, run: Run, parameters: Vec<Parameter>, cx: &mut Cx<'_>) {
        let fields = parameters
            .iter()
            .map(|p| FormField {
                label: p.name.clone(),
                type_name: p.type_name.clone(),
                help: if p.help.is_empty() { "Ctrl+N: NULL".into() } else { p.help.clone() },
                value: match self.values.get(&p.name) {
                    Some(last) => last.clone(),
                    None => p.default.clone().unwrap_or(Some(String::new())),
                },
                choices: p.choices.clone(),
                only_choices: !p.choices.is_empty(),
            })
            .collect();
        self.asking = Some((run, parameters));
        cx.popup(Popup::Form { question: VALUES, title: "Parameters".into(), text: String::new(), fields });
    }

    /// The values are there: the server binds them.
    pub(super) fn filled(&mut self, values: &[Option<String>], cx: &mut Cx<'_>) {
        let Some((mut run, parameters)) = self.asking.take() else { return };
        for (p, v) in parameters.iter().zip(values) {
            self.values.insert(p.name.clone(), v.clone());
        }
        for (statement, sent) in run.statements.iter_mut().zip(&mut run.sent) {
            if params::names(&sent.sql).is_empty() {
                continue;
            }
            match params::bind(&sent.sql, &parameters) {
                Ok(bound) => {
                    statement.sql.clone_from(&bound.sql);
                    statement.params =
                        bound.names.iter().map(|n| self.values.get(n).cloned().flatten()).collect();
                    sent.bound = Some(bound);
                }
                Err(why) => return cx.toast(Tone::Warning, clean::line(&why.message)),
            }
        }
        self.send(run, Mode::Fresh, cx);
    }

    /// A saved query, its parameters bound.
    pub(super) fn run_query(
        &mut self,
        title: &str,
        statements: Vec<Statement>,
        read_only: bool,
        watch: Option<u64>,
        cx: &mut Cx<'_>,
    ) {
        let sent = statements.iter().map(|s| Sent {
            sql: s.sql.clone(),
            bound: None,
            span: None,
            title: title.to_owned(),
            ours: false,
        });
        // The reading session is in read-only mode for good: the server holds the query to its
        // word. Within a transaction the query is to see what that has done.
        let idle = cx.world.server().is_some_and(|s| s.tx == Tx::Idle);
        let run = Run { sent: sent.collect(), statements, reading: read_only && idle, file: None };
        self.focus(Part::Results);
        if self.send(run, Mode::Fresh, cx) {
            self.watch = watch.map(|s| Watch { every: Duration::from_secs(s.max(1)), next: None });
        }
    }

    /// A `\copy`: the data comes from or goes to a file.
    pub(super) fn copy_file(&mut self, text: &str, cx: &mut Cx<'_>) {
        let copy::Copy { sql, file, to } = match copy::parse(text) {
            Ok(copy) => copy,
            Err(why) => return cx.toast(Tone::Warning, clean::line(&why)),
        };
        let title = format!("\\copy {} {}", if to { "to" } else { "from" }, clean::line(&file));
        let file = if to { CopyFile::To(file) } else { CopyFile::From(file) };
        let statement = Statement { sql: sql.clone(), ..Statement::default() };
        let sent = vec![Sent { sql, title, ..Sent::default() }];
        self.watch = None;
        self.send(
            Run { statements: vec![statement], sent, reading: false, file: Some(file) },
            Mode::Fresh,
            cx,
        );
    }

    // ---- watch ------------------------------------------------------------------------------

    pub(super) fn ask_watch(&mut self, cx: &mut Cx<'_>) {
        if self.watch.take().is_some() {
            return cx.toast(Tone::Note, "Not watched any more");
        }
        if !self.watchable(cx) {
            return;
        }
        cx.popup(Popup::Line {
            question: WATCH,
            title: "Watch: run again every … seconds".into(),
            text: "2".into(),
            hint: "W once more, Ctrl+C or another run stops it".into(),
        });
    }

    /// The same with the seconds given.
    pub(super) fn watch_every(&mut self, text: &str, cx: &mut Cx<'_>) {
        self.watch = None;
        if self.watchable(cx) {
            self.start_watch(text, cx);
        }
    }

    /// Can the last run be run again and again? Says why not.
    fn watchable(&self, cx: &mut Cx<'_>) -> bool {
        match &self.last_run {
            None => cx.toast(Tone::Note, "Run something first (F5), then watch it"),
            Some(last) if !last.statements.iter().all(|s| s.pure_read) => {
                cx.toast(Tone::Warning, "Only statements that just read can be watched");
            }
            Some(_) => return true,
        }
        false
    }

    fn start_watch(&mut self, text: &str, cx: &mut Cx<'_>) {
        match text.trim().replace(',', ".").parse::<f64>() {
            Ok(s) if WATCH_RANGE.contains(&s) => {
                self.watch = Some(Watch { every: Duration::from_secs_f64(s), next: Some(cx.world.now) });
            }
            _ => cx.toast(Tone::Warning, "Seconds between 0.2 and 86400, such as 2 or 0.5"),
        }
    }

    /// A run ended: when is the next one?
    pub(super) fn watched(&mut self, cx: &Cx<'_>) {
        if let Some(w) = self.watch.as_mut() {
            w.next = Some(cx.world.now + w.every);
        }
    }

    pub(super) fn watch_tick(&mut self, cx: &mut Cx<'_>) {
        let due = self.watch.as_ref().and_then(|w| w.next).is_some_and(|at| at <= cx.world.now);
        if !due {
            return;
        }
        if self.running_now().is_some() {
            return self.watched(cx);
        }
        let Some(run) = self.last_run.clone() else { return self.watch = None };
        if let Some(w) = self.watch.as_mut() {
            w.next = None;
        }
        self.send(run, Mode::Again, cx);
    }

    // ---- transactions -----------------------------------------------------------------------

    pub(super) fn transaction_menu(&mut self, cx: &mut Cx<'_>) {
        if self.ask_rehearsed(cx) {
            return;
        }
        let tx = cx.world.server().map_or(Tx::Gone, |s| s.tx);
        let entries = transaction::menu(tx, &self.savepoints);
        if entries.is_empty() {
            return cx.toast(Tone::Warning, "There is no session");
        }
        let title = match tx {
            Tx::Open => "Transaction: open",
            Tx::Failed => "Transaction: failed, only a roll back helps",
            _ => "Transaction: none, each statement is its own",
        };
        let items = entries.into_iter().map(|(text, remark, _)| (text, remark)).collect();
        cx.popup(Popup::Pick { question: TRANSACTION, title: title.into(), items });
    }

    fn transaction_chosen(&mut self, text: &str, cx: &mut Cx<'_>) {
        // The state may have moved on while the menu was open: only what fits now is done.
        let tx = cx.world.server().map_or(Tx::Gone, |s| s.tx);
        let choice = transaction::menu(tx, &self.savepoints).into_iter().find(|e| e.0 == text);
        match choice.map(|e| e.2) {
            Some(Choice::Run(sql)) => self.run_own(sql, cx),
            Some(Choice::NameSavepoint) => cx.popup(Popup::Line {
                question: SAVEPOINT,
                title: "Savepoint".into(),
                text: format!("sp{}", self.savepoints.len() + 1),
                hint: "A name; the menu then offers to roll back to it".into(),
            }),
            None => cx.toast(Tone::Warning, "The transaction is in another state now"),
        }
    }

    /// Runs a statement of the menu; the results stay.
    pub(super) fn run_own(&mut self, sql: String, cx: &mut Cx<'_>) {
        let sent = Sent { sql: sql.clone(), title: sql.clone(), ..Sent::default() };
        let statement = Statement { sql, ..Statement::default() };
        self.send(
            Run { statements: vec![statement], sent: vec![sent], reading: false, file: None },
            Mode::Quiet,
            cx,
        );
    }

    // ---- questions --------------------------------------------------------------------------

    pub(super) fn ask_find(&mut self, text: String, cx: &mut Cx<'_>) {
        cx.popup(Popup::Line {
            question: FIND,
            title: "Find in the rows read so far".into(),
            text,
            hint: "n and N go to the next and the previous match".into(),
        });
    }

    /// An answer from a line or list.
    pub(super) fn chosen(&mut self, question: &str, text: &str, index: usize, cx: &mut Cx<'_>) {
        match question {
            TRANSACTION => self.transaction_chosen(text, cx),
            SAVEPOINT if !text.trim().is_empty() => {
                self.run_own(format!("SAVEPOINT {}", ident(text.trim())), cx);
            }
            WATCH => self.start_watch(text, cx),
            FIND => {
                if let Some(o) = self.outcomes.get_mut(self.tab) {
                    let (rows, grid) = o.parts();
                    grid.find(text);
                    grid.find_next(&rows, true);
                }
            }
            over::FIND => self.find_in_value(text, cx),
            keep::HISTORY => self.take_history(index, cx),
            keep::SAVE => self.save_as(text, cx),
            _ => {}
        }
    }

    /// An answer from buttons.
    pub(super) fn answered(&mut self, question: &str, button: usize, cx: &mut Cx<'_>) {
        match question {
            keep::REPLACE if button == 0 => self.write(true, cx),
            rehearse::PRODUCTION => self.production_answered(button, cx),
            rehearse::DECIDE => self.decided(button, cx),
            _ => {}
        }
    }

    // ---- errors -----------------------------------------------------------------------------

    /// Marks the word at this place as wrong.
    pub(super) fn underline(&mut self, at: usize) {
        let text = self.editor.text();
        let rest = text.get(at..).unwrap_or("");
        let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let one = rest.chars().next().map_or(0, char::len_utf8);
        let (mut start, mut end) = (at, at + word.max(one));
        if end == start || rest.starts_with(char::is_whitespace) {
            // The end of the text, or a blank: the character before it is what people see.
            end = at;
            start = text[..at].char_indices().next_back().map_or(0, |(n, _)| n);
        }
        self.error = Some(at);
        self.editor.set_error(Some(start..end));
    }

    /// The cursor to the place of the last error.
    pub(super) fn go_to_error(&mut self, cx: &mut Cx<'_>) {
        match self.error.or(self.messages.place()) {
            Some(at) => {
                self.focus(Part::Editor);
                self.editor.go(at);
            }
            None => cx.toast(Tone::Note, "No error with a place in this text"),
        }
    }

    /// Line and column (from 1) of a byte in the editor.
    pub(super) fn line_column(&self, at: Option<usize>) -> Option<(usize, usize)> {
        let text = self.editor.text();
        let before = text.get(..at?)?;
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        Some((line, before[start..].chars().count() + 1))
    }
}

/// The parameters a run needs, as a saved query of the same text declares them.
fn parameters(run: &Run, world: &World) -> Vec<Parameter> {
    let mut out: Vec<Parameter> = vec![];
    for sent in &run.sent {
        let names = params::names(&sent.sql);
        if names.is_empty() {
            continue;
        }
        let known = world.saved.iter().flat_map(|s| s.iter()).find(|q| q.text.contains(&sent.sql));
        for name in names {
            if out.iter().all(|p| p.name != name) {
                let declared = known.and_then(|q| q.parameters.iter().find(|p| p.name == name));
                out.push(declared.cloned().unwrap_or(Parameter { name, ..Parameter::default() }));
            }
        }
    }
    out
}

/// The line of a psql command that the cursor is in, without what follows it.
fn psql_line(text: &str, at: usize) -> Option<&str> {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    let line = text[start..end].trim();
    let name = line.strip_prefix('\\')?;
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '?').then_some(line)
}

/// `\g` at the end of a statement does what a semicolon does.
fn sends(text: &str, command: &MetaCommand) -> bool {
    command.inactive
        || (command.action == Action::Send
            && &text[command.name.clone()] == "g"
            && command.arguments.is_empty())
}

/// Statements that change what the catalog snapshot shows.
pub(super) fn changes_catalog(sql: &str) -> bool {
    let facts = kind::facts(sql);
    facts.kind == kind::Kind::Ddl || facts.into
}

#[cfg(test)]
mod tests {
    use super::psql_line;

    #[test]
    fn a_line_of_psql() {
        assert_eq!(psql_line("select 1;\n\\d users\nselect 2", 14), Some("\\d users"));
        assert_eq!(psql_line("select 1;\n\\d users\nselect 2", 3), None);
        assert_eq!(psql_line("  \\dt ", 0), Some("\\dt"));
        assert_eq!(psql_line("\\", 0), None);
    }
}
