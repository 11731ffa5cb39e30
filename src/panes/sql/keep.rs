//! What outlives the moment: the draft, the history, saved queries, `$EDITOR`.

use super::{Part, Sql};
use crate::{
    core::{
        effect::{Effect, Place},
        event::{HistoryEntry, News},
        ids::JobId,
        pane::{Cx, Popup, Tell, Tone},
    },
    data::saved::Origin,
    sql::{
        lex::{Options, TokenKind, significant},
        secrets,
    },
    text::{clean, units},
    widgets::editor::Editor,
};
use std::{sync::Arc, time::Duration};

/// The draft's key.
const DRAFT: &str = "draft.sql";
/// A draft is kept so long after the last key.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest text that is kept as a draft.
const LONGEST: usize = 4 << 20;

/// Questions of this file.
pub(super) const HISTORY: &str = "sql-history";
/// See `HISTORY`.
pub(super) const SAVE: &str = "sql-save";
/// See `HISTORY`.
pub(super) const REPLACE: &str = "sql-save-replace";

/// The text as it is kept for the next start.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The kept one was asked for.
    recalled: bool,
    /// The version of the text seen last.
    version: u64,
    /// When the text is to be kept.
    pub due: Option<Duration>,
}

impl Draft {
    /// A key went into the editor.
    pub fn touched(&mut self, editor: &Editor, now: Duration) {
        if self.version != editor.version() {
            self.version = editor.version();
            self.due = Some(now + PAUSE);
        }
    }
}

/// Answers awaited.
#[derive(Default)]
pub(super) struct Waiting {
    draft: Option<JobId>,
    history: Option<JobId>,
    edit: Option<JobId>,
    write: Option<JobId>,
    /// Name and text of the query being saved.
    saving: Option<(String, String)>,
    entries: Option<Arc<[HistoryEntry]>>,
}

impl Waiting {
    /// The text that is to be saved under a name still to come.
    pub fn keep_text(&mut self, text: String) {
        self.saving = Some((String::new(), text));
    }
}

/// It names a file and not a query.
fn is_path(name: &str) -> bool {
    ["/", "./", "../", "~/"].iter().any(|p| name.starts_with(p))
}

impl Sql {
    /// Asks for the draft of the last time, once.
    pub(super) fn recall(&mut self, cx: &mut Cx<'_>) {
        if !self.draft.recalled {
            self.draft.recalled = true;
            self.waiting.draft = Some(cx.start(|job| Effect::Recall { job, key: DRAFT.into() }));
        }
    }

    /// Keeps the text when it is time.
    pub(super) fn keep_draft(&mut self, cx: &mut Cx<'_>) {
        if self.draft.due.is_some_and(|due| due <= cx.world.now) {
            self.draft.due = None;
            let text = self.editor.text();
            if text.len() > LONGEST {
                return;
            }
            let value = Some(secrets::redact(&text).into_owned()).filter(|t| !t.trim().is_empty());
            cx.ask(Effect::Keep { key: DRAFT.into(), value });
        }
    }

    /// Puts a text below what is there, and runs it if asked.
    pub(super) fn edit(&mut self, text: &str, run: bool, cx: &mut Cx<'_>) {
        let mut whole = self.editor.text();
        let here = whole.trim_end();
        if here.is_empty() {
            whole.clear();
        } else {
            whole.truncate(here.len());
            end_statement(&mut whole);
            whole.push_str("\n\n");
        }
        let at = whole.len();
        whole.push_str(text.trim_end());
        whole.push('\n');
        let end = self.editor.len();
        self.editor.replace(0..end, &whole);
        self.editor.go(at);
        self.focus(Part::Editor);
        self.draft.touched(&self.editor, cx.world.now);
        if run {
            self.run_statement(cx);
        }
    }

    pub(super) fn open_editor(&mut self, cx: &mut Cx<'_>) {
        let text = self.editor.text();
        self.waiting.edit = Some(cx.start(|job| Effect::Edit { job, text, suffix: ".sql" }));
    }

    pub(super) fn ask_history(&mut self, cx: &mut Cx<'_>) {
        self.waiting.history = Some(cx.start(|job| Effect::LoadHistory { job, like: String::new() }));
    }

    /// Asks for a name to save the selection or the whole text under.
    pub(super) fn ask_save(&mut self, cx: &mut Cx<'_>) {
        let text = self.editor.selected().unwrap_or_else(|| self.editor.text());
        if text.trim().is_empty() {
            return cx.toast(Tone::Note, "There is nothing to save yet");
        }
        self.waiting.saving = Some((String::new(), text));
        cx.popup(Popup::Line {
            question: SAVE,
            title: "Save as a query".into(),
            text: String::new(),
            hint: "A name such as posts-of-a-day; it is found under Saved and by pgdeck run".into(),
        });
    }

    /// A name was typed.
    pub(super) fn save_as(&mut self, name: &str, cx: &mut Cx<'_>) {
        let name = name.trim();
        if is_path(name) {
            if let Some((kept, _)) = self.waiting.saving.as_mut() {
                name.clone_into(kept);
            }
            return self.write(false, cx);
        }
        let name = name.trim_end_matches(".sql").to_owned();
        if let Some(wrong) = wrong_name(&name) {
            return cx.toast(Tone::Warning, wrong);
        }
        let Some((kept, _)) = self.waiting.saving.as_mut() else { return };
        kept.clone_from(&name);
        let mut known = cx.world.saved.iter().flat_map(|s| s.iter());
        if known.any(|q| q.name == name && q.origin == Origin::User) {
            return self.ask_replace(cx);
        }
        self.write(false, cx);
    }

    fn ask_replace(&mut self, cx: &mut Cx<'_>) {
        let Some((name, _)) = &self.waiting.saving else { return };
        cx.popup(Popup::Confirm {
            question: REPLACE,
            title: "Save as a query".into(),
            text: if is_path(name) {
                format!("{} is there already.", clean::line(name))
            } else {
                format!("You have a query \"{name}\" already.")
            },
            buttons: vec!["Replace it".into(), "Leave it".into()],
        });
    }

    pub(super) fn write(&mut self, replace: bool, cx: &mut Cx<'_>) {
        let Some((name, text)) = self.waiting.saving.clone() else { return };
        // A file has the text as it is.
        let (place, text) =
            if is_path(&name) { (Place::Path, text) } else { (Place::Saved, with_header(&name, &text)) };
        self.waiting.write = Some(cx.start(|job| Effect::Write { job, path: name, text, place, replace }));
    }

    /// Answers to what this file asked.
    pub(super) fn kept_news(&mut self, id: JobId, news: News, cx: &mut Cx<'_>) {
        let job = Some(id);
        match news {
            News::Remembered(text) if self.waiting.draft == job => {
                self.waiting.draft = None;
                if let Some(text) = text.filter(|_| self.editor.is_empty()) {
                    self.editor.set_text(&text);
                    self.draft.version = self.editor.version();
                }
            }
            News::Failed(_, error, _) if self.waiting.draft == job => {
                self.waiting.draft = None;
                cx.toast(Tone::Error, clean::line(&error.message));
            }
            News::Edited(text) if self.waiting.edit == job => {
                self.waiting.edit = None;
                match text {
                    Ok(text) if text != self.editor.text() => {
                        let end = self.editor.len();
                        self.editor.replace(0..end, &text);
                        self.text_changed(cx);
                    }
                    Ok(_) => {}
                    Err(why) => cx.toast(Tone::Error, clean::line(&why)),
                }
            }
            News::Written(done) if self.waiting.write == job => {
                self.waiting.write = None;
                self.written(done, cx);
            }
            News::History(entries) if self.waiting.history == job => {
                self.waiting.history = None;
                self.show_history(entries, cx);
            }
            News::Notification(..) | News::Notice(_) => self.said(&news, cx),
            _ => self.copied_news(id, news, cx),
        }
    }

    fn written(&mut self, done: Result<String, String>, cx: &mut Cx<'_>) {
        match done {
            Ok(path) => {
                self.waiting.saving = None;
                cx.toast(Tone::Ok, format!("Saved as {}", clean::line(&path)));
                cx.tell(Tell::ReloadSaved);
            }
            Err(why) if why.ends_with("is there already") => self.ask_replace(cx),
            Err(why) => cx.toast(Tone::Error, format!("Not saved: {}", clean::line(&why))),
        }
    }

    fn show_history(&mut self, entries: Arc<[HistoryEntry]>, cx: &mut Cx<'_>) {
        if entries.is_empty() {
            return cx.toast(Tone::Note, "The history is empty");
        }
        // The same statement run again and again is one entry, the newest.
        let mut seen = std::collections::HashSet::new();
        let entries: Arc<[HistoryEntry]> =
            entries.iter().filter(|e| seen.insert(e.sql.trim())).cloned().collect();
        let items = entries.iter().map(|e| (one_line(&e.sql), remark(e))).collect();
        self.waiting.entries = Some(entries);
        cx.popup(Popup::Pick { question: HISTORY, title: "History".into(), items });
    }

    /// Inserts the chosen entry.
    pub(super) fn take_history(&mut self, index: usize, cx: &mut Cx<'_>) {
        let Some(entries) = self.waiting.entries.take() else { return };
        let Some(entry) = entries.get(index) else { return };
        self.focus(Part::Editor);
        self.editor.insert(&entry.sql);
        self.text_changed(cx);
    }
}

/// A statement on one line, for the list.
fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn remark(e: &HistoryEntry) -> String {
    let took = units::duration(Duration::from_millis(e.millis));
    let end = match (&e.failed, e.rows) {
        (Some(code), _) if code.is_empty() => "failed".into(),
        (Some(code), _) => format!("failed {code}"),
        (None, Some(rows)) => units::counted(rows, "row", "rows"),
        (None, None) => String::new(),
    };
    [e.at.as_str(), took.as_str(), end.as_str(), e.place.as_str()]
        .into_iter()
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}

/// Why a name cannot be a saved query's, if so.
fn wrong_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("A query needs a name");
    }
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '/');
    let parts_fine = name.split('/').all(|p| !p.is_empty() && !p.starts_with('.'));
    (!name.chars().all(fine) || !parts_fine)
        .then_some("A name has letters, digits, - and _ (a / makes a folder), and does not begin with a dot")
}

/// The text with a title line, unless it has a header already.
fn with_header(name: &str, text: &str) -> String {
    let has = text.lines().take_while(|l| l.starts_with("--") || l.trim().is_empty()).any(|l| {
        let l = l.trim_start_matches('-').trim_start();
        ["title:", "description:", "param:", "read-only"].iter().any(|k| l.starts_with(k))
    });
    let text = text.trim_end();
    if has {
        return format!("{text}\n");
    }
    let title = name.rsplit('/').next().unwrap_or(name).replace(['-', '_'], " ");
    let mut letters = title.chars();
    let title: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    format!("-- title: {title}\n\n{text}\n")
}

/// Puts the semicolon behind the last statement that it lacks, so that what is added is a statement of its own.
fn end_statement(text: &mut String) {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    if last_line.trim_start().starts_with('\\') {
        return; // a command of psql ends with its line
    }
    let last = significant(text, Options::default()).last().copied();
    if let Some(last) = last.filter(|t| t.kind != TokenKind::Semicolon && !t.open) {
        text.insert(last.end, ';');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_ended_before_another_follows() {
        for (text, wanted) in [
            ("select 1", "select 1;"),
            ("select 1;", "select 1;"),
            ("select 1 -- one", "select 1; -- one"),
            ("select 'open", "select 'open"),
            ("\\d users", "\\d users"),
            ("-- nothing", "-- nothing"),
        ] {
            let mut text = text.to_owned();
            end_statement(&mut text);
            assert_eq!(text, wanted);
        }
    }

    #[test]
    fn names_of_queries() {
        for good in ["posts", "reports/by-day", "Große Tabellen"] {
            assert_eq!(wrong_name(good), None, "{good}");
        }
        for bad in ["", "../x", "a//b", ".hidden", "a\nb", "a:b", "/etc/x"] {
            assert!(wrong_name(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_header_is_written_once() {
        let once = with_header("posts-of-a-day", "select 1;\n\n");
        assert_eq!(once, "-- title: Posts of a day\n\nselect 1;\n");
        assert_eq!(with_header("other", &once), once);
    }
}
