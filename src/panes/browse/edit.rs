//! Editing in the grid: what each command stages. Nothing here reaches the server but reads of whole values.

use super::{
    Browse, Part,
    fetch::statement,
    table::{Table, kind_of},
};
use crate::{
    core::{
        command::Command,
        effect::Effect,
        event::News,
        ids::JobId,
        pane::{Cx, DeleteAsk, DocumentAsk, EditAsk, EditTarget, Popup, Running, Tell, Tone},
    },
    data::{
        catalog::ForeignKey,
        edits::{Change, RowKey, Stage, Text, Value, What},
        json::Json,
        value::Kind,
    },
    sql::{
        edit::{left_out, like, why_no_delete, why_no_insert, why_not},
        filter::Op,
        page,
    },
    text::units,
};
use std::time::Duration;

/// Characters of a value that is fetched whole to be edited in a line or an editor.
const MOST: u32 = 16 << 20;

/// What a value or row is fetched whole for.
#[derive(Debug)]
enum For {
    /// Editing one column; with the menu of NULL and DEFAULT only.
    Edit { key: RowKey, column: usize, special: bool },
    /// A new row like it; the columns whose exact times stand behind the others.
    Duplicate(Vec<usize>),
    /// Exact values that rows are looked up by.
    Exact(Lookup),
}

/// What rows are looked up for.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Those with the same value in this column.
    Same(String),
    /// The one this reference leads to.
    Follow(ForeignKey),
    /// Those that refer to this one.
    Refer(ForeignKey),
}

/// A whole value or row on its way.
#[derive(Debug)]
pub struct Fetching {
    /// Answers carry it.
    pub job: JobId,
    since: Duration,
    what: For,
    row: Option<Vec<Text>>,
    below: bool,
}

impl Fetching {
    /// For the status line and for cancel.
    #[must_use]
    pub fn running(&self) -> Running {
        let what = match self.what {
            For::Exact(_) => "reading the exact value",
            For::Edit { .. } | For::Duplicate(_) => "reading the row to edit",
        };
        Running { job: self.job, what: what.into(), since: self.since }
    }
}

impl Browse {
    /// A command of editing; `false`: it is none.
    pub(super) fn edit_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let on_new = self.table().is_some_and(|t| t.overlay.new_row().is_some());
        match command {
            Command::OpenRecord | Command::OpenValue if on_new => self.edit_cell(false, cx),
            Command::FilterCell | Command::FollowKey | Command::Referring if on_new => {
                cx.toast(Tone::Note, "This row is not on the server yet");
            }
            Command::EditCell | Command::SetSpecial => self.edit_cell(command == Command::SetSpecial, cx),
            Command::InsertRow => self.insert_row(cx),
            Command::DuplicateRow => self.duplicate(cx),
            Command::DeleteRow => self.delete_rows(cx),
            Command::SetUpsert => self.set_upsert(cx),
            Command::Bulk => self.bulk(cx),
            Command::UndoStep => cx.tell(Tell::Stage(Stage::Undo)),
            Command::RedoStep => cx.tell(Tell::Stage(Stage::Redo)),
            Command::UndoApplied => undo_applied(cx),
            Command::PreviewChanges => {
                if cx.world.staged().is_none_or(|s| s.is_empty()) {
                    cx.toast(Tone::Note, "Nothing is staged: e edits a value, o adds a row, dd deletes one");
                } else {
                    cx.popup(Popup::Changes);
                }
            }
            _ => return false,
        }
        true
    }

    fn edit_cell(&mut self, special: bool, cx: &mut Cx<'_>) {
        let below = self.focus == Part::Below;
        let Some(table) = self.table() else { return };
        let (conn, Some(detail)) = (table.conn, table.detail.clone()) else { return };
        if let Some((id, change)) = table.overlay.new_row() {
            let column = table.overlay.grid.column();
            let Some(info) = detail.columns.get(column) else { return };
            if info.generated {
                return cx.toast(Tone::Note, format!("{} is generated: the server computes it", info.name));
            }
            let staged = change.value(&info.name).cloned();
            let target = EditTarget::New(id);
            let tree = !special && matches!(kind_of(info), Kind::Json | Kind::Jsonb) && has_parts(&staged);
            let ask = EditAsk { conn, detail, target, column, seen: None, staged, special };
            return cx.popup(if tree {
                Popup::Document(Box::new(DocumentAsk { ask, at: vec![], begin: Command::OpenValue }))
            } else {
                Popup::Edit(Box::new(ask))
            });
        }
        let (row, column) = (table.grid.row(), table.grid.column());
        let Some(info) = detail.columns.get(column) else { return };
        if let Some(why) = why_not(&detail, info) {
            return cx.toast(Tone::Note, capital(&why));
        }
        let Some(key) = table.key_of(row) else { return };
        if matches!(table.change_of(row).map(|c| &c.what), Some(What::Delete { .. })) {
            return cx.toast(Tone::Note, "This row is to be deleted: u takes that back");
        }
        if !special && matches!(kind_of(info), Kind::Json | Kind::Jsonb) {
            return self.edit_document(cx);
        }
        let whole = table.seen(row, column);
        match whole {
            Some(seen) => {
                let staged = table.staged_value(row, column).cloned();
                let target = EditTarget::Row { key, version: table.version(row) };
                let ask = EditAsk { conn, detail, target, column, seen, staged, special };
                cx.popup(Popup::Edit(Box::new(ask)));
            }
            None => match page::cell(&detail, &info.name, &key, MOST) {
                Ok(query) => {
                    let what = For::Edit { key, column, special };
                    self.fetch_for(statement(query), what, below, cx);
                }
                Err(what) => cx.toast(Tone::Error, what),
            },
        }
    }

    fn fetch_for(
        &mut self,
        statement: crate::core::effect::Statement,
        what: For,
        below: bool,
        cx: &mut Cx<'_>,
    ) {
        let Some(lane) = self.table().map(Table::lane) else { return };
        let credit = 8 * u64::from(MOST);
        let statements = vec![statement];
        let job = cx.start(|job| Effect::Execute { job, lane, statements, credit });
        self.fetching = Some(Fetching { job, since: cx.world.now, what, row: None, below });
    }

    /// Reads columns of the current row so that rows can be looked up by them.
    pub(super) fn look_up(&mut self, columns: &[usize], what: Lookup, cx: &mut Cx<'_>) {
        let below = self.focus == Part::Below;
        let Some(table) = self.table() else { return };
        let Some(detail) = table.detail.clone() else { return };
        let Some(key) = table.key_of(table.grid.row()) else {
            let words = "Without a key the exact time cannot be read: SET DateStyle TO ISO shows it";
            return cx.toast(Tone::Note, words);
        };
        match page::exact(&detail, columns, &key) {
            Ok(query) => self.fetch_for(statement(query), For::Exact(what), below, cx),
            Err(what) => cx.toast(Tone::Error, what),
        }
    }

    /// News of a whole value or row.
    pub(super) fn fetched(&mut self, news: News, cx: &mut Cx<'_>) {
        let Some(fetching) = &mut self.fetching else { return };
        match news {
            News::Rows(batch) if !batch.is_empty() => {
                let text = |c| batch.cell(0, c).map(|b: &[u8]| String::from_utf8(b.to_vec()).ok());
                let row: Vec<Option<Option<String>>> = (0..batch.width()).map(text).collect();
                if row.iter().any(|t| matches!(t, Some(None))) {
                    self.fetching = None;
                    return cx.toast(Tone::Error, "This value is not UTF-8: it cannot be edited as text");
                }
                fetching.row = Some(row.into_iter().map(Option::flatten).collect());
            }
            News::Done(summary) if summary.last => {
                let Some(Fetching { what, row, below, .. }) = self.fetching.take() else { return };
                match row {
                    Some(row) => self.have(what, row, below, cx),
                    None => cx.toast(Tone::Warning, "This row does not exist any more (F5 reads anew)"),
                }
            }
            News::Failed(_, error, _) => {
                self.fetching = None;
                cx.toast(Tone::Error, format!("Not read: {error}"));
            }
            _ => {}
        }
    }

    fn have(&mut self, what: For, row: Vec<Text>, below: bool, cx: &mut Cx<'_>) {
        let table = if below { self.below.as_ref().map(|b| &b.table) } else { self.main.as_ref() };
        let Some(table) = table else { return };
        let Some(detail) = table.detail.clone() else { return };
        match what {
            For::Edit { key, column, special } => {
                let seen = row.get(1).cloned().flatten();
                let size = row.first().cloned().flatten().and_then(|t| t.parse::<u64>().ok()).unwrap_or(0);
                if seen.as_ref().is_some_and(|s| (s.len() as u64) < size && s.len() >= MOST as usize) {
                    let size = units::bytes(size);
                    return cx
                        .toast(Tone::Warning, format!("This value takes {size}: too long to edit here (v edits a JSON document in parts)"));
                }
                let here = (table.window.first()..table.window.end())
                    .find(|r| table.key_of(*r).as_ref() == Some(&key));
                let version = here.map(|r| table.version(r)).unwrap_or_default();
                let name = detail.columns.get(column).map_or("", |c| c.name.as_str());
                let staged = here.and_then(|r| table.change_of(r)).and_then(|c| c.value(name)).cloned();
                let conn = table.conn;
                let target = EditTarget::Row { key, version };
                let ask = EditAsk { conn, detail, target, column, seen, staged, special };
                cx.popup(Popup::Edit(Box::new(ask)));
            }
            For::Duplicate(times) => {
                let (fields, left) = like(&detail, &times, row);
                if let Some(words) = left_out(&left) {
                    cx.toast(Tone::Warning, words);
                }
                self.stage_new(vec![fields], below, cx);
            }
            For::Exact(what) => self.looked_up(what, row, cx),
        }
    }

    /// `o`: a new row that already belongs to the row above and fits the filter.
    fn insert_row(&mut self, cx: &mut Cx<'_>) {
        let below = self.focus == Part::Below;
        let Some(table) = self.table() else { return };
        let Some(detail) = &table.detail else { return };
        if let Some(why) = why_no_insert(detail) {
            return cx.toast(Tone::Note, capital(&why));
        }
        let conditions = table.view.filter.conditions.iter().filter(|c| c.op == Op::Equal);
        let fields = conditions
            .filter(|c| {
                detail.columns.iter().any(|d| d.name == c.column && !d.generated && d.identity != 'a')
            })
            .filter_map(|c| Some((c.column.clone(), Value::Text(c.values.first()?.clone()?))))
            .collect();
        self.stage_new(vec![fields], below, cx);
    }

    /// Stages new rows and goes to the last one.
    pub(super) fn stage_new(&mut self, rows: Vec<Vec<(String, Value)>>, below: bool, cx: &mut Cx<'_>) {
        self.keep_documents(cx);
        let table = if below { self.below.as_mut().map(|b| &mut b.table) } else { self.main.as_mut() };
        let Some(table) = table else { return };
        let Some(reference) = table.reference() else { return };
        let count = (table.overlay.new_rows().len() + rows.len()) as u64;
        cx.tell(Tell::Stage(Stage::Insert { table: reference, rows }));
        self.focus = if below { Part::Below } else { Part::Main };
        // The overlay learns of the row when the step is done; the cursor is put there now.
        table.overlay.to_row = Some(count.saturating_sub(1));
    }

    fn duplicate(&mut self, cx: &mut Cx<'_>) {
        let below = self.focus == Part::Below;
        let Some(table) = self.table() else { return };
        let Some(detail) = table.detail.clone() else { return };
        if let Some(why) = why_no_insert(&detail) {
            return cx.toast(Tone::Note, capital(&why));
        }
        if let Some((_, change)) = table.overlay.new_row() {
            if let What::Insert { fields, .. } = &change.what {
                let fields = fields.clone();
                self.stage_new(vec![fields], below, cx);
            }
            return;
        }
        let Some(key) = table.key_of(table.grid.row()) else {
            return cx.toast(Tone::Note, "Without a key a row cannot be read whole to be copied");
        };
        match page::row_exact(&detail, &key) {
            Ok((query, times)) => self.fetch_for(statement(query), For::Duplicate(times), below, cx),
            Err(what) => cx.toast(Tone::Error, what),
        }
    }

    fn delete_rows(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        let Some(detail) = table.detail.clone() else { return };
        if let Some((_, change)) = table.overlay.new_row() {
            if let Some(at) = table.overlay.number(change) {
                cx.tell(Tell::Stage(Stage::Drop(at)));
            }
            return;
        }
        if let Some(why) = why_no_delete(&detail) {
            return cx.toast(Tone::Note, capital(&why));
        }
        let missing = table.missing();
        if missing > 0 {
            let rows = units::counted(missing, "marked row is", "marked rows are");
            return cx.toast(Tone::Warning, format!("{rows} no longer loaded: mark them again, or use g b"));
        }
        let rows: Vec<_> = (table.rows_chosen().into_iter())
            .filter_map(|r| Some((table.key_of(r)?, table.seen_whole(r))))
            .collect();
        if rows.is_empty() {
            return cx.toast(Tone::Note, "There is no row to delete");
        }
        cx.popup(Popup::Delete(Box::new(DeleteAsk { conn: table.conn, detail, rows })));
    }

    fn set_upsert(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        let Some(detail) = table.detail.clone() else { return };
        match table.overlay.new_row() {
            Some((id, _)) => cx.popup(Popup::Upsert { detail, id }),
            None => cx.toast(Tone::Note, "Only a new row has this: o adds one"),
        }
    }

    /// Movement between new rows and the stored ones below them; `false`: not here.
    pub(super) fn travel_new(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let Some(table) = self.table_mut().filter(|t| !t.overlay.new_rows().is_empty()) else { return false };
        let last = table.overlay.new_rows().len() as u64 - 1;
        if !table.overlay.focused {
            let up = matches!(command, Command::Up | Command::PageUp | Command::HalfUp);
            if up && table.grid.row() == table.window.first() && table.window.at_start {
                let column = table.grid.column();
                table.overlay.focused = true;
                table.with_new(|grid, source| {
                    grid.fit(source);
                    grid.go_row(last);
                    grid.go_column(column);
                });
                return true;
            }
            return false;
        }
        let down = matches!(command, Command::Down | Command::PageDown | Command::HalfDown);
        if (down && table.overlay.grid.row() == last) || command == Command::Last {
            let column = table.overlay.grid.column();
            table.overlay.focused = false;
            table.with_grid(|grid, _| grid.go_column(column));
            return command != Command::Last || table.travel(command, cx);
        }
        table.with_new(|grid, source| grid.command(command, source))
    }

    /// Can a command of editing be done now? `None`: it is none.
    pub(super) fn can_edit(&self, command: Command, world: &crate::core::world::World) -> Option<bool> {
        use Command as C;
        let table = self.table();
        let detail = table.and_then(|t| t.detail.as_deref());
        let new = table.is_some_and(|t| t.overlay.new_row().is_some());
        let rows = table.is_some_and(|t| !t.window.is_empty()) || new;
        let staged = world.staged();
        Some(match command {
            C::EditCell | C::SetSpecial => {
                let info = table.and_then(Table::column_info);
                rows && detail.is_some_and(|d| new || info.is_some_and(|c| why_not(d, c).is_none()))
            }
            C::InsertRow => detail.is_some_and(|d| why_no_insert(d).is_none()),
            C::DuplicateRow => rows && detail.is_some_and(|d| why_no_insert(d).is_none()),
            C::DeleteRow => rows && detail.is_some_and(|d| new || why_no_delete(d).is_none()),
            C::SetUpsert => new,
            C::Bulk => rows && detail.is_some_and(|d| why_no_delete(d).is_none()),
            C::UndoStep => staged.is_some_and(|s| s.can_undo()),
            C::RedoStep => staged.is_some_and(|s| s.can_redo()),
            C::PreviewChanges => staged.is_some_and(|s| !s.is_empty()),
            C::UndoApplied => world.server().is_some_and(|s| !s.inverse.is_empty()),
            _ => return None,
        })
    }
}

/// Stages what takes the last apply back, behind what is staged now.
fn undo_applied(cx: &mut Cx<'_>) {
    let Some(server) = cx.world.server().filter(|s| !s.inverse.is_empty()) else {
        return cx.toast(Tone::Note, "Nothing was applied in this session that can be taken back");
    };
    let mut all: Vec<Change> = server.staged.changes().iter().map(|c| (**c).clone()).collect();
    let mut next =
        all.iter().map(|c| if let What::Insert { id, .. } = c.what { id } else { 0 }).max().unwrap_or(0);
    for mut change in server.inverse.clone() {
        if let What::Insert { id, .. } = &mut change.what {
            next += 1;
            *id = next;
        }
        all.push(change);
    }
    let count = units::counted(server.inverse.len() as u64, "change", "changes");
    cx.tell(Tell::Stage(Stage::Replace(all)));
    cx.toast(Tone::Ok, format!("Staged {count} to take the last apply back: Ctrl+S shows them"));
}

/// Is a document staged that is more than a scalar? One that is still to be begun is typed or pasted as a text.
fn has_parts(staged: &Option<Value>) -> bool {
    matches!(staged, Some(Value::Text(text)) if Json::parse(text.clone()).is_ok_and(|json| json.len() > 1))
}

/// A sentence begins with a capital letter; names at its start stay as they are.
fn capital(text: &str) -> String {
    match text.strip_prefix("your ") {
        Some(rest) => format!("Your {rest}"),
        None => text.to_owned(),
    }
}
