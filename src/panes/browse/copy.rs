//! Copying cells and rows in every format; values of which only the beginning is here are fetched first.

use super::{Browse, fetch::statement, table::Table};
use crate::{
    core::{
        command::Command,
        effect::Effect,
        event::News,
        ids::JobId,
        pane::{Cx, Running, Tone},
    },
    data::rows::Batch,
    format::{self, Relation},
    sql::page,
    text::units,
    widgets::grid::{GridCell, GridSource},
};
use std::time::Duration;

/// Rows fetched anew for one copy at most.
const MOST_ROWS: usize = 1_000;
/// Bytes fetched for one copy at most.
const MOST_BYTES: u64 = 256 << 20;

/// Rows on their way to the clipboard.
#[derive(Debug)]
pub struct CopyJob {
    /// Answers carry it.
    pub job: JobId,
    since: Duration,
    key: char,
    columns: Vec<usize>,
    rows: Batch,
    wanted: usize,
    /// Of the lower grid.
    below: bool,
}

impl CopyJob {
    /// For the status line and for cancel.
    #[must_use]
    pub fn running(&self) -> Running {
        Running { job: self.job, what: "reading whole values to copy".into(), since: self.since }
    }
}

/// The key after `y` of a copy command.
fn key_of(command: Command) -> Option<char> {
    Some(match command {
        Command::CopyCell => 'y',
        Command::CopyRow => 'r',
        Command::CopyCsv => 'c',
        Command::CopyJson => 'j',
        Command::CopyInsert => 'i',
        Command::CopyUpdate => 'u',
        Command::CopyInList => 'n',
        Command::CopyMarkdown => 'm',
        _ => return None,
    })
}

/// Is this a copy command?
#[must_use]
pub fn is_copy(command: Command) -> bool {
    key_of(command).is_some()
}

impl Browse {
    /// A copy command; `false`: it is none.
    pub(super) fn copy(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let Some(key) = key_of(command) else { return false };
        let below = self.focus == super::Part::Below;
        let Some(table) = self.table() else { return true };
        let (rows, missing) = (table.rows_chosen(), table.missing());
        if rows.is_empty() && missing == 0 {
            cx.toast(Tone::Note, "There is no row to copy");
            return true;
        }
        if missing > 0 {
            let what = units::counted(missing, "marked row is", "marked rows are");
            cx.toast(Tone::Warning, format!("{what} no longer loaded and not copied"));
        }
        if rows.is_empty() {
            return true;
        }
        let columns = match command {
            Command::CopyCell | Command::CopyInList => vec![table.grid.column()],
            _ => table.grid.shown().to_vec(),
        };
        let cut =
            rows.iter().any(|r| columns.iter().any(|c| matches!(table.cell(*r, *c), GridCell::Cut(..))));
        if !cut {
            let mut batch = Batch::new(columns.len());
            for row in rows {
                batch.push(columns.iter().map(|c| table.cell(row, *c).bytes()));
            }
            finish(table, key, &columns, &batch, cx);
            return true;
        }
        match fetch(table, &rows, cx) {
            Ok(job) => {
                let width = GridSource::columns(table);
                let (wanted, since) = (rows.len(), cx.world.now);
                let rows = Batch::new(width);
                self.copying = Some(CopyJob { job, since, key, columns, rows, wanted, below });
            }
            Err(what) => cx.toast(Tone::Warning, what),
        }
        true
    }

    pub(super) fn copy_news(&mut self, news: News, cx: &mut Cx<'_>) {
        let Some(copying) = &mut self.copying else { return };
        match news {
            News::Rows(batch) => {
                for row in 0..batch.len() {
                    copying.rows.push(batch.row(row));
                }
            }
            News::Resting => {
                cx.ask(Effect::Stop { job: copying.job });
                self.copying = None;
                cx.toast(
                    Tone::Warning,
                    format!("More than {} to copy: not copied", units::bytes(MOST_BYTES)),
                );
            }
            News::Done(summary) if summary.last => self.copy_done(cx),
            News::Failed(_, error, _) => {
                self.copying = None;
                cx.toast(Tone::Error, format!("Not copied: {error}"));
            }
            _ => {}
        }
    }

    fn copy_done(&mut self, cx: &mut Cx<'_>) {
        let Some(c) = self.copying.take() else { return };
        let table = if c.below { self.below.as_ref().map(|b| &b.table) } else { self.main.as_ref() };
        let Some(table) = table.filter(|t| GridSource::columns(*t) == c.rows.width()) else { return };
        if c.rows.len() < c.wanted {
            let gone = units::counted((c.wanted - c.rows.len()) as u64, "row does", "rows do");
            cx.toast(Tone::Warning, format!("{gone} not exist any more and not copied"));
        }
        let mut batch = Batch::new(c.columns.len());
        for row in 0..c.rows.len() {
            batch.push(c.columns.iter().map(|at| c.rows.cell(row, *at)));
        }
        if !batch.is_empty() {
            finish(table, c.key, &c.columns, &batch, cx);
        }
    }
}

/// Asks for whole rows by their keys, in order.
fn fetch(table: &Table, rows: &[u64], cx: &mut Cx<'_>) -> Result<JobId, String> {
    let detail = table.detail.as_deref().ok_or("the table is still being described")?;
    if rows.len() > MOST_ROWS {
        let n = units::count(MOST_ROWS as u64);
        return Err(format!(
            "Some values are only here in part: at most {n} rows with such values can be copied"
        ));
    }
    let mut statements = vec![];
    for row in rows {
        let key = table.key_of(*row).ok_or("a row is not loaded any more")?;
        statements.push(statement(page::row(detail, &key)?));
    }
    let lane = table.lane();
    Ok(cx.start(|job| Effect::Execute { job, lane, statements, credit: MOST_BYTES }))
}

/// Puts the rows on the clipboard and says so.
fn finish(table: &Table, key: char, columns: &[usize], batch: &Batch, cx: &mut Cx<'_>) {
    let Some(detail) = table.detail.as_deref() else { return };
    let columns = table.out_columns(columns);
    let Some(format) = format::by_key(key) else {
        return cx.toast(Tone::Warning, "This format cannot be copied yet");
    };
    match format.writer_for(&Relation::of(detail, &columns)) {
        Ok(writer) => {
            let text = format::text(writer, &columns, batch);
            let size = units::bytes(text.len() as u64);
            let what = match key {
                'y' if batch.len() == 1 => format!("Copied {} ({size})", columns[0].name),
                'y' | 'n' => {
                    let rows = units::counted(batch.len() as u64, "row", "rows");
                    format!("Copied {} of {rows} ({size})", columns[0].name)
                }
                'r' => {
                    let rows = units::counted(batch.len() as u64, "row", "rows");
                    format!("Copied {rows} separated by tabs ({size})")
                }
                _ => format!(
                    "Copied {} as {} ({size})",
                    units::counted(batch.len() as u64, "row", "rows"),
                    format.name
                ),
            };
            cx.copy(text, what);
        }
        Err(what) => cx.toast(Tone::Warning, format!("Not copied: {what}")),
    }
}
