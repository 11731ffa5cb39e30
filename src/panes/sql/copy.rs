//! Copying rows of a result in one of the formats.

use super::Sql;
use crate::{
    core::{
        command::Command,
        effect::Effect,
        event::News,
        ids::JobId,
        pane::{Cx, Tone},
    },
    data::{
        catalog::Detail,
        rows::{Batch, Column},
    },
    format,
    text::units,
};

/// A copy that waits for the description of the table the rows come from.
#[derive(Debug)]
pub(super) struct Copying {
    job: JobId,
    format: &'static str,
}

/// The format a command copies in.
fn format_of(command: Command) -> Option<&'static str> {
    Some(match command {
        Command::CopyCell => "cell",
        Command::CopyRow => "row",
        Command::CopyCsv => "csv",
        Command::CopyJson => "json",
        Command::CopyInsert => "insert",
        Command::CopyUpdate => "update",
        Command::CopyInList => "in-list",
        Command::CopyMarkdown => "markdown",
        _ => return None,
    })
}

impl Sql {
    /// Copies, if that is what the command means.
    pub(super) fn copy_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let Some(name) = format_of(command) else { return false };
        if !matches!(name, "insert" | "update") {
            self.copy(name, None, cx);
            return true;
        }
        match self.one_table() {
            Ok(relation) => {
                let conn = cx.world.active;
                let job = cx.start(|job| Effect::Describe { job, conn, relation });
                self.copying = Some(Copying { job, format: name });
            }
            Err(why) => cx.toast(Tone::Warning, why),
        }
        true
    }

    /// The one table the result's columns come from.
    fn one_table(&self) -> Result<u32, String> {
        let Some(o) = self.on_screen() else { return Err("No result".into()) };
        let mut oids: Vec<u32> = o.columns.iter().map(|c| c.table_oid).filter(|t| *t != 0).collect();
        oids.sort_unstable();
        oids.dedup();
        match oids.as_slice() {
            [one] => Ok(*one),
            [] => Err("These columns come from no table: copy them as CSV or JSON".into()),
            _ => Err("These columns come from several tables: copy them as CSV or JSON".into()),
        }
    }

    /// The table was described: now copy.
    pub(super) fn copied_news(&mut self, job: JobId, news: News, cx: &mut Cx<'_>) {
        let Some(copying) = self.copying.take_if(|c| c.job == job) else { return };
        match news {
            News::Detail(Some(detail)) => self.copy(copying.format, Some(&detail), cx),
            News::Detail(None) => cx.toast(Tone::Warning, "The table is gone"),
            News::Failed(_, error, _) => cx.toast(Tone::Error, crate::text::clean::line(&error.message)),
            _ => self.copying = Some(copying),
        }
    }

    fn copy(&mut self, name: &str, detail: Option<&Detail>, cx: &mut Cx<'_>) {
        let Some(o) = self.outcomes.get_mut(self.tab) else { return };
        let (source, grid) = o.parts();
        let rows = if name == "cell" { vec![grid.row()] } else { grid.rows_selected(&source) };
        let missing = if name == "cell" { 0 } else { grid.rows_missing(&source) };
        let shown = match name {
            "cell" | "in-list" => vec![grid.column()],
            _ => grid.shown().to_vec(),
        };
        let columns: Vec<Column> =
            shown.iter().filter_map(|c| source.rows.columns.get(*c).cloned()).collect();
        let mut batch = Batch::new(columns.len());
        for row in &rows {
            batch.push(shown.iter().map(|c| source.rows.store.cell(*row, *c)));
        }
        if batch.is_empty() || columns.is_empty() {
            return cx.toast(Tone::Note, "There is nothing to copy");
        }
        let Some(format) = format::find(name) else { return };
        let writer = match detail {
            Some(d) => format.writer_for(&format::Relation::of(d, &columns)),
            None => format.writer(),
        };
        match writer {
            Ok(writer) => {
                cx.ask(Effect::Copy(format::text(writer, &columns, &batch)));
                let mut said = match name {
                    "cell" => "Copied the value".to_owned(),
                    _ => format!("Copied {} as {name}", units::counted(batch.len() as u64, "row", "rows")),
                };
                if missing > 0 {
                    let gone = units::counted(missing, "row", "rows");
                    said.push_str(&format!("; {gone} of the selection are not loaded any more"));
                }
                cx.toast(if missing > 0 { Tone::Warning } else { Tone::Ok }, said);
            }
            Err(why) => cx.toast(Tone::Warning, why),
        }
    }
}
