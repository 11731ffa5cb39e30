//! Editing in a result whose columns come from one table with a key. The row is read anew on the reading session before
//! it is edited: what was seen there is what the change is guarded by, whatever settings or open transaction the user's
//! own session has.

use super::Sql;
use crate::{
    core::{
        command::Command,
        effect::{Effect, Statement},
        event::News,
        ids::{JobId, Lane},
        pane::{Cx, DeleteAsk, DocumentAsk, EditAsk, EditTarget, PaneKind, Popup, Running, Tell, Tone},
    },
    data::{
        catalog::{ColumnInfo, Detail},
        check,
        edits::{RowKey, Stage, Staged, TableRef, Text, Value},
        json::Step,
        rows::Column,
    },
    sql::{
        edit::{left_out, like, version_columns, why_no_delete, why_no_insert, why_not},
        filter::{JSON, JSONB},
        page,
    },
    widgets::grid::{GridCell, GridColumn, GridSource, Rows, Touch},
};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// Bytes of rows read for one edit at most.
const MOST: u64 = 64 << 20;
/// Rows deleted at once at most.
const MOST_ROWS: usize = 1_000;

/// How the columns of a result belong to a table.
#[derive(Clone, Debug)]
pub(super) struct Keyed {
    /// The table.
    pub detail: Arc<Detail>,
    /// The result's columns that hold its key.
    key: Vec<usize>,
    /// Per column of the result: the table's column it shows.
    columns: Vec<Option<usize>>,
}

impl Keyed {
    /// The table that a column of the result comes from.
    fn new(columns: &[Column], detail: Arc<Detail>) -> Result<Self, String> {
        let name = &detail.relation.name;
        let mine = |c: &Column| c.table_oid == detail.relation.oid && c.attnum > 0;
        let twice = columns
            .iter()
            .enumerate()
            .any(|(at, c)| mine(c) && columns[..at].iter().any(|d| mine(d) && d.attnum == c.attnum));
        if twice {
            return Err(format!(
                "{name} stands in this result more than once: which row is meant cannot be told"
            ));
        }
        let at = |attnum: i16| columns.iter().position(|c| mine(c) && c.attnum == attnum);
        let Some(row_key) = detail.row_key() else {
            return Err(format!("{name} has no key: a row cannot be told from another"));
        };
        let key: Vec<Option<usize>> = row_key.columns.iter().map(|a| at(*a)).collect();
        let names: Vec<&str> =
            row_key.columns.iter().filter_map(|a| Some(detail.column(*a)?.name.as_str())).collect();
        let Some(key) = key.into_iter().collect::<Option<Vec<_>>>() else {
            return Err(format!(
                "the key of {name} ({}) is not in the result: select it too",
                names.join(", ")
            ));
        };
        let shown = |c: &Column| detail.columns.iter().position(|d| d.attnum == c.attnum).filter(|_| mine(c));
        let columns = columns.iter().map(shown).collect();
        Ok(Self { key, columns, detail })
    }

    fn key_of(&self, rows: &Rows<'_>, row: u64) -> Option<RowKey> {
        self.key.iter().map(|c| text_of(rows.cell(row, *c))).collect()
    }
}

/// The text of a cell; `None` when it is no UTF-8.
fn text_of(cell: GridCell<'_>) -> Option<Text> {
    match cell {
        GridCell::Null => Some(None),
        GridCell::Text(b) => Some(Some(std::str::from_utf8(b).ok()?.to_owned())),
        GridCell::Cut(..) | GridCell::Loading | GridCell::Word(_) => None,
    }
}

/// A result with what is staged for its rows laid over it.
pub(super) struct Shown<'a> {
    /// The rows as they were read.
    pub rows: Rows<'a>,
    /// How they belong to a table, once that was asked.
    pub keyed: Option<&'a Keyed>,
    /// What is staged.
    pub staged: &'a Staged,
}

impl Shown<'_> {
    /// What is staged for a cell.
    pub(super) fn value(&self, row: u64, column: usize) -> Option<&Value> {
        let keyed = self.keyed.filter(|_| !self.staged.is_empty())?;
        let at = (*keyed.columns.get(column)?)?;
        let change = self.staged.row(keyed.detail.relation.oid, &keyed.key_of(&self.rows, row)?)?;
        change.value(&keyed.detail.columns.get(at)?.name)
    }
}

impl GridSource for Shown<'_> {
    fn columns(&self) -> usize {
        self.rows.columns()
    }

    fn column(&self, column: usize) -> GridColumn<'_> {
        self.rows.column(column)
    }

    fn first(&self) -> u64 {
        self.rows.first()
    }

    fn end(&self) -> u64 {
        self.rows.end()
    }

    fn cell(&self, row: u64, column: usize) -> GridCell<'_> {
        self.value(row, column).map_or_else(|| self.rows.cell(row, column), GridCell::staged)
    }

    fn row_touch(&self, row: u64) -> Touch {
        let Some(keyed) = self.keyed.filter(|_| !self.staged.is_empty()) else { return Touch::None };
        let key = keyed.key_of(&self.rows, row);
        let change = key.and_then(|k| self.staged.row(keyed.detail.relation.oid, &k));
        change.map_or(Touch::None, |c| Touch::of(c))
    }

    fn touch(&self, row: u64, column: usize) -> Touch {
        if self.value(row, column).is_some() {
            return Touch::Changed;
        }
        match self.row_touch(row) {
            Touch::Deleted => Touch::Deleted,
            _ => Touch::None,
        }
    }

    fn more_after(&self) -> bool {
        self.rows.more_after()
    }

    fn when_empty(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.rows.when_empty)
    }
}

/// What is wanted of a result's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// `e`.
    Edit,
    /// `C`.
    Special,
    /// `dd`.
    Delete,
    /// `o`.
    Insert,
    /// `O`.
    Duplicate,
}

/// What is to be done with the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Do {
    /// Edit this column of the table.
    Edit(usize),
    Delete,
    /// Add a row like it; the columns whose exact times stand behind the others.
    Duplicate(Vec<usize>),
}

/// An edit on its way: the table is described first, then its rows are read anew.
#[derive(Debug)]
pub(super) struct Editing {
    job: JobId,
    since: Duration,
    /// Which result.
    of: (JobId, usize),
    /// The column of the result under the cursor.
    column: usize,
    act: Act,
    /// Of a document: the node and the command to begin with.
    begin: (Vec<Step>, Command),
    rows: Vec<u64>,
    /// Once described.
    reading: Option<(Do, Vec<RowKey>)>,
    read: Vec<Vec<Text>>,
}

impl Editing {
    /// For the status line and for cancel.
    pub fn running(&self) -> Running {
        Running { job: self.job, what: "reading the row to edit".into(), since: self.since }
    }
}

impl Sql {
    /// `e`, `C`, `dd`, `o` and `O` on a result.
    pub(super) fn edit_result(&mut self, act: Act, cx: &mut Cx<'_>) {
        self.edit_at(act, (vec![], Command::OpenValue), cx);
    }

    /// As `edit_result`; a document opens at a node, and with a command there.
    pub(super) fn edit_at(&mut self, act: Act, begin: (Vec<Step>, Command), cx: &mut Cx<'_>) {
        let Some(o) = self.outcomes.get_mut(self.tab) else {
            return cx.toast(Tone::Note, "There is no result here");
        };
        if o.place != cx.world.place() {
            let from = o.place.as_deref().unwrap_or("another connection");
            return cx.toast(Tone::Warning, format!("This result came from {from}: run the statement here"));
        }
        let (of, columns) = ((o.job, o.number), Arc::clone(&o.columns));
        let (source, grid) = o.parts();
        let (column, row) = (grid.column(), grid.row());
        let rows = match act {
            Act::Delete => grid.rows_selected(&source),
            Act::Edit | Act::Special | Act::Duplicate => vec![row],
            Act::Insert => vec![],
        };
        if act != Act::Insert && (source.end() == 0 || rows.is_empty()) {
            return cx.toast(Tone::Note, "There is no row");
        }
        if rows.len() > MOST_ROWS {
            return cx.toast(Tone::Warning, format!("At most {MOST_ROWS} rows at once: write a DELETE"));
        }
        let cell = matches!(act, Act::Edit | Act::Special);
        let from = columns.get(column).filter(|c| c.table_oid != 0 && c.attnum > 0);
        let from = from.or_else(|| columns.iter().find(|c| !cell && c.table_oid != 0 && c.attnum > 0));
        let Some(from) = from else {
            let name = columns.get(column).map_or("this", |c| &c.name);
            return cx.toast(Tone::Note, format!("{name} is computed: it is no column of a table"));
        };
        let (conn, relation) = (cx.world.active, from.table_oid);
        let job = cx.start(|job| Effect::Describe { job, conn, relation });
        let since = cx.world.now;
        self.editing =
            Some(Editing { job, since, of, column, act, begin, rows, reading: None, read: vec![] });
    }

    /// News of an edit on its way; `false`: not its.
    pub(super) fn editing_news(&mut self, job: JobId, news: &News, cx: &mut Cx<'_>) -> bool {
        if self.editing.as_ref().is_none_or(|e| e.job != job) {
            return false;
        }
        match news {
            News::Detail(Some(detail)) => {
                if let Err(why) = self.described(Arc::clone(detail), cx) {
                    self.editing = None;
                    cx.toast(Tone::Note, why);
                }
            }
            News::Detail(None) => {
                self.editing = None;
                cx.toast(Tone::Warning, "The table does not exist any more");
            }
            News::Rows(batch) => {
                let text = |c: Option<&[u8]>| c.map(|b| String::from_utf8_lossy(b).into_owned());
                if let Some(e) = &mut self.editing {
                    e.read.extend((0..batch.len()).map(|r| batch.row(r).map(text).collect::<Vec<Text>>()));
                }
            }
            News::Resting => {
                cx.ask(Effect::Stop { job });
                self.editing = None;
                cx.toast(Tone::Warning, "These rows are too long to be read for an edit");
            }
            News::Done(summary) if summary.last => self.rows_read(cx),
            News::Failed(_, error, _) => {
                self.editing = None;
                cx.toast(Tone::Error, format!("Not read: {error}"));
            }
            _ => {}
        }
        true
    }

    fn described(&mut self, detail: Arc<Detail>, cx: &mut Cx<'_>) -> Result<(), String> {
        let Some(editing) = &mut self.editing else { return Ok(()) };
        let gone = "the result is not here any more";
        let o = self.outcomes.iter_mut().find(|o| (o.job, o.number) == editing.of).ok_or(gone)?;
        if editing.act == Act::Insert {
            self.editing = None;
            return add_row(&detail, vec![], cx);
        }
        let keyed = Keyed::new(&o.columns, detail)?;
        let mut what = match editing.act {
            Act::Edit | Act::Special | Act::Insert => {
                let at = keyed.columns.get(editing.column).copied().flatten().ok_or("this column is gone")?;
                why_not(&keyed.detail, &keyed.detail.columns[at]).map_or(Ok(Do::Edit(at)), Err)?
            }
            Act::Delete => why_no_delete(&keyed.detail).map_or(Ok(Do::Delete), Err)?,
            Act::Duplicate => why_no_insert(&keyed.detail).map_or(Ok(Do::Duplicate(vec![])), Err)?,
        };
        let detail = Arc::clone(&keyed.detail);
        o.keyed = Some(keyed);
        let (source, _) = o.parts();
        let keyed = source.keyed.ok_or(gone)?;
        let mut keys = vec![];
        for row in &editing.rows {
            let key = keyed.key_of(&source.rows, *row).ok_or("a row is not loaded any more")?;
            plain_dates(&detail, &key)?;
            keys.push(key);
        }
        let mut statements = vec![];
        for key in &keys {
            if let Do::Duplicate(times) = &mut what {
                let (query, exact) = page::row_exact(&detail, key)?;
                *times = exact;
                statements.push(read(query));
            } else {
                statements.push(read(page::row(&detail, key)?));
            }
        }
        let lane = Lane::Read(cx.world.active);
        editing.job = cx.start(|job| Effect::Execute { job, lane, statements, credit: MOST });
        editing.reading = Some((what, keys));
        Ok(())
    }

    fn rows_read(&mut self, cx: &mut Cx<'_>) {
        let Some(editing) = self.editing.take() else { return };
        let Editing { of, reading: Some((what, keys)), read, column, rows, act, begin, .. } = editing else {
            return;
        };
        let Some(o) = self.outcomes.iter_mut().find(|o| (o.job, o.number) == of) else { return };
        let (source, _) = o.parts();
        let Some(keyed) = source.keyed else { return };
        let detail = Arc::clone(&keyed.detail);
        if read.len() < keys.len() {
            let why = "A row is not there for the reading session: it was deleted or its key changed, or it is part of your own open transaction (commit first)";
            return cx.toast(Tone::Warning, why);
        }
        let conn = cx.world.active;
        match what {
            Do::Delete => {
                let whole = |row: Vec<Text>| {
                    detail.columns.iter().map(|c| c.name.clone()).zip(row).collect::<Vec<_>>()
                };
                let rows = keys.into_iter().zip(read.into_iter().map(whole)).collect();
                cx.popup(Popup::Delete(Box::new(DeleteAsk { conn, detail, rows })));
            }
            Do::Duplicate(times) => {
                let Some(row) = read.into_iter().next() else { return };
                let (fields, left) = like(&detail, &times, row);
                if let Some(words) = left_out(&left) {
                    cx.toast(Tone::Warning, words);
                }
                if let Err(why) = add_row(&detail, fields, cx) {
                    cx.toast(Tone::Note, why);
                }
            }
            Do::Edit(at) => {
                let (Some(key), Some(row)) = (keys.into_iter().next(), read.into_iter().next()) else {
                    return;
                };
                let seen = row.get(at).cloned().flatten();
                let shown = rows.first().and_then(|r| text_of(source.rows.cell(*r, column)));
                if shown.is_some_and(|s| s != seen) {
                    cx.toast(
                        Tone::Note,
                        "The server holds another value than this result: it is the one edited",
                    );
                }
                let version = versions(&detail, &row);
                let name = &detail.columns[at].name;
                let staged =
                    source.staged.row(detail.relation.oid, &key).and_then(|c| c.value(name)).cloned();
                let target = EditTarget::Row { key, version };
                let special = act == Act::Special;
                let json = matches!(detail.columns[at].base_oid, JSON | JSONB) && !special;
                let ask = EditAsk { conn, detail, target, column: at, seen, staged, special };
                if json {
                    let (at, begin) = begin;
                    return cx.popup(Popup::Document(Box::new(DocumentAsk { ask, at, begin })));
                }
                cx.popup(Popup::Edit(Box::new(ask)));
            }
        }
    }

    /// What is staged now, laid over the results.
    pub(super) fn take_staged(&mut self, cx: &Cx<'_>) {
        let Some(staged) = cx.world.staged() else { return };
        let place = cx.world.place();
        for o in &mut self.outcomes {
            // What is staged here does not concern rows of another database.
            let staged = if o.place == place { Arc::clone(staged) } else { Arc::default() };
            if !Arc::ptr_eq(&o.staged, &staged) {
                o.staged = staged;
                o.grid.measure_again();
            }
        }
    }
}

/// A new row is staged, and shown where it can be filled in: on top of its table in Browse.
fn add_row(detail: &Detail, fields: Vec<(String, Value)>, cx: &mut Cx<'_>) -> Result<(), String> {
    if let Some(why) = why_no_insert(detail) {
        return Err(why);
    }
    let r = &detail.relation;
    let table = TableRef { oid: r.oid, schema: r.schema.clone(), name: r.name.clone() };
    cx.tell(Tell::Stage(Stage::Insert { table, rows: vec![fields] }));
    cx.tell(Tell::OpenRelation(r.oid));
    cx.tell(Tell::Show(PaneKind::Browse));
    cx.toast(Tone::Ok, format!("A new row of {} is staged: k goes up to it, e fills it in", r.name));
    Ok(())
}

fn read(query: crate::sql::filter::Query) -> Statement {
    Statement::read(query.sql, query.params, query.types)
}

fn versions(detail: &Detail, row: &[Text]) -> Vec<(String, Text)> {
    let at = |c: &ColumnInfo| detail.columns.iter().position(|d| d.attnum == c.attnum);
    let mut out = vec![];
    for column in version_columns(detail) {
        if let Some(text) = at(column).and_then(|at| row.get(at)) {
            out.push((column.name.clone(), text.clone()));
        }
    }
    out
}

/// A date in a key means the same in both sessions only when it is written in the ISO way.
fn plain_dates(detail: &Detail, key: &RowKey) -> Result<(), String> {
    for (at, text) in page::key_columns(detail).into_iter().zip(key) {
        let column = &detail.columns[at];
        let iso = text.as_deref().is_none_or(check::is_iso);
        if matches!(column.base_oid, 1082 | 1114 | 1184) && !iso {
            return Err(format!(
                "{} is a date in the key: set DateStyle to ISO to edit this result",
                column.name
            ));
        }
    }
    Ok(())
}
