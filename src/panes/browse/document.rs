//! Changes made in the value view: where they are staged, what is asked before they go, filters by a path.

use super::{Browse, Over, Part, filter::Ask, table::Table};
use crate::{
    core::{
        command::Command,
        effect::{Effect, Statement},
        event::News,
        ids::JobId,
        key::Chord,
        pane::{Cx, EditTarget, Popup, Tell, Tone},
    },
    data::{
        catalog::RelKind,
        edits::{Text, Value, What},
    },
    sql::{
        edit::why_not,
        filter::{Condition, JSONB, Op},
        page::table as table_sql,
        quote::ident,
    },
    views::value::{Done, Home, ValueView},
};

/// Whether an index serves a filter by a path: being looked up.
#[derive(Debug)]
pub struct IndexLook {
    /// Answers carry it.
    pub job: JobId,
    /// Of which relation.
    table: String,
    column: String,
    partitioned: bool,
    found: Vec<(String, bool)>,
}

/// Where changes of a cell are staged, or why there can be none; and what is staged for it.
pub fn home(table: &Table, row: u64, column: usize) -> (Result<Home, String>, Option<Value>) {
    let staged = table.staged_value(row, column).cloned();
    let home = (|| {
        let detail = table.detail.as_deref().ok_or("the table is still being described")?;
        let info = detail.columns.get(column).ok_or("there is no such column")?;
        if let Some(why) = why_not(detail, info) {
            return Err(why);
        }
        if matches!(table.change_of(row).map(|c| &c.what), Some(What::Delete { .. })) {
            return Err("this row is to be deleted: u in the grid takes that back".into());
        }
        let key = table.key_of(row).ok_or("this row has no key")?;
        let table_ref = table.reference().ok_or("the table is still being described")?;
        Ok(Home { table: table_ref, row: EditTarget::Row { key, version: table.version(row) } })
    })();
    (home, staged)
}

impl Browse {
    fn value_view(&mut self) -> Option<&mut ValueView> {
        match self.over.last_mut() {
            Some(Over::Value(view)) => Some(view),
            _ => None,
        }
    }

    /// `e` on a document: its tree, and in place of NULL the question how to begin.
    pub(super) fn edit_document(&mut self, cx: &mut Cx<'_>) {
        self.open_value(cx);
        if let Some(view) = self.value_view().filter(|v| v.is_null()) {
            let done = view.command(Command::EditNode);
            self.value_done(done, cx);
        }
    }

    /// Is text being typed in the value view?
    pub(super) fn value_typing(&self) -> bool {
        matches!(self.over.last(), Some(Over::Value(view)) if view.typing())
    }

    /// Can the value view do this now? `None`: it is not about the view's content.
    pub(super) fn value_can(&self, command: Command) -> Option<bool> {
        let Some(Over::Value(view)) = self.over.last() else { return None };
        view.can(command)
    }

    /// A key for the value view; false: nothing is typed there.
    pub(super) fn value_key(&mut self, chord: Chord) -> bool {
        let Some(view) = self.value_view().filter(|v| v.typing()) else { return false };
        view.typed(chord);
        true
    }

    /// Pasted text for the value view; false: nothing is typed there.
    pub(super) fn value_paste(&mut self, text: &str) -> bool {
        match self.value_view() {
            Some(view) => {
                view.paste(text);
                true
            }
            None => false,
        }
    }

    /// Back was pressed: true when the value view has something to ask first.
    pub(super) fn value_stays(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(view) = self.value_view() else { return false };
        let done = if view.typing() { Some(view.command(Command::Back)) } else { view.leave() };
        let Some(done) = done else { return false };
        self.value_done(done, cx);
        true
    }

    /// The view is about to go without a question: what was changed in it is staged.
    pub(super) fn keep_documents(&mut self, cx: &mut Cx<'_>) {
        let over = std::mem::take(&mut self.over);
        for over in over {
            let Over::Value(mut view) = over else { continue };
            if view.is_dirty()
                && let Done::Stage { value, seen, .. } = view.stage(true)
            {
                stage(&view, value, seen, cx);
            }
        }
    }

    /// What was staged is applied: a view of the row as it was is out of date.
    pub(super) fn close_documents(&mut self) {
        self.over.retain(|o| !matches!(o, Over::Value(v) if v.home.is_ok() && !v.is_dirty() && !v.typing()));
    }

    /// What would be lost by leaving now.
    pub(super) fn unstaged_text(&self) -> Option<String> {
        self.over.iter().find_map(|o| match o {
            Over::Value(v) if v.is_dirty() || v.has_draft() => {
                Some(format!("{} was changed in the value view, and the change is not staged.", v.title))
            }
            _ => None,
        })
    }

    /// A long document is read and prepared between the keys; true: there is more to do.
    pub(super) fn documents_want_tick(&self) -> bool {
        self.over.iter().any(|o| matches!(o, Over::Value(v) if v.wants_step()))
    }

    /// See `documents_want_tick`.
    pub(super) fn documents_tick(&mut self) {
        let wanting = |o: &mut Over| match o {
            Over::Value(v) if v.wants_step() => {
                v.step();
                true
            }
            _ => false,
        };
        let _ = self.over.iter_mut().rev().any(wanting);
    }

    /// What the value view's changes ask of the pane.
    pub(super) fn document_done(&mut self, done: Done, cx: &mut Cx<'_>) {
        match done {
            Done::Ask { question, title, text, buttons } => {
                self.ask = Some(Ask::InValue(question));
                cx.popup(Popup::Confirm { question: "browse", title, text, buttons });
            }
            Done::Stage { value, seen, close } => {
                if let Some(view) = self.value_view() {
                    stage(view, value, seen, cx);
                }
                if close {
                    self.over.pop();
                }
            }
            Done::Close => drop(self.over.pop()),
            Done::Filter(document) => self.filter_document(document, cx),
            _ => {}
        }
    }

    /// The button of a question that the value view asked.
    pub(super) fn value_answered(
        &mut self,
        question: crate::views::value::Question,
        button: usize,
        cx: &mut Cx<'_>,
    ) {
        if let Some(view) = self.value_view() {
            let done = view.answer(question, button);
            self.value_done(done, cx);
        }
    }

    fn filter_document(&mut self, document: String, cx: &mut Cx<'_>) {
        let Some(column) = self.value_view().map(|v| v.column().to_owned()) else { return };
        let condition =
            Condition { column: column.clone(), op: Op::JsonContains, values: vec![Some(document)] };
        self.over.clear();
        if self.focus == Part::Tree {
            self.focus = Part::Main;
        }
        self.add_condition(condition, cx);
        let Some(table) = self.table() else { return };
        let Some(detail) = table.detail.as_deref() else { return };
        let Some(info) = detail.columns.iter().find(|c| c.name == column) else { return };
        if info.base_oid != JSONB {
            let words = format!("{column} is json: no index serves this filter, the server reads every row");
            return cx.toast(Tone::Note, words);
        }
        let (lane, name, partitioned) =
            (table.lane(), table_sql(detail), detail.relation.kind == RelKind::Partitioned);
        let statement = Statement::read(
            include_str!("../../../queries/browse/gin.sql"),
            vec![Some(table.oid.to_string()), Some(column.clone())],
            vec![26, 19],
        );
        let job = cx.start(|job| Effect::Execute { job, lane, statements: vec![statement], credit: 1 << 20 });
        self.index = Some(IndexLook { job, table: name, column, partitioned, found: vec![] });
    }

    /// News of the indexes on the column that was filtered by.
    pub(super) fn index_news(&mut self, news: News, cx: &mut Cx<'_>) {
        let Some(look) = &mut self.index else { return };
        match news {
            News::Rows(batch) => {
                let text = |row, c| batch.cell(row, c).map(|b| String::from_utf8_lossy(b).into_owned());
                let rows = (0..batch.len()).filter_map(|r| Some((text(r, 0)?, text(r, 2)? == "t")));
                look.found.extend(rows);
            }
            News::Done(_) => {
                let words = look.words();
                self.index = None;
                cx.toast(Tone::Note, words);
            }
            News::Failed(_, error, _) => {
                self.index = None;
                cx.toast(
                    Tone::Note,
                    format!("Whether an index serves this filter could not be read: {error}"),
                );
            }
            _ => {}
        }
    }
}

impl IndexLook {
    fn words(&self) -> String {
        match self.found.first() {
            Some((name, false)) => format!("The GIN index {name} serves this filter"),
            Some((name, true)) => {
                format!("Only the partial GIN index {name} could serve this filter, for the rows it holds")
            }
            None => {
                let how = if self.partitioned { "" } else { "CONCURRENTLY " };
                format!(
                    "No GIN index on {} serves this filter, every row is read. This one would: CREATE INDEX {how}ON {} USING gin ({} jsonb_path_ops)",
                    self.column,
                    self.table,
                    ident(&self.column)
                )
            }
        }
    }
}

/// Stages the change of a view's cell.
fn stage(view: &ValueView, value: Value, seen: Text, cx: &mut Cx<'_>) {
    let Ok(home) = view.home.clone() else { return };
    cx.tell(Tell::Stage(home.stage(view.column().to_owned(), seen, value)));
    cx.toast(Tone::Ok, format!("Staged {}: Ctrl+S shows the SQL and applies it", view.title));
}
