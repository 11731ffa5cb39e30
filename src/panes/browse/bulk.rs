//! Changes of many rows at once: the marked ones, all of the filter, and rows pasted from elsewhere.

use super::{Browse, Part, fetch::statement, filter::Ask, table::Table};
use crate::{
    core::{
        effect::Effect,
        event::News,
        ids::JobId,
        pane::{Cx, FormField, Popup, Running, Tell, Tone},
    },
    data::edits::{Field, Stage, Value, What},
    sql::{
        edit::{why_no_insert, why_not},
        page,
    },
    text::{clean, units},
};
use std::time::Duration;

/// Rows taken from one paste.
const MOST_PASTED: usize = 10_000;

/// A change of all rows of a filter whose rows are being counted.
#[derive(Debug)]
pub struct Counting {
    /// Answers carry it.
    pub job: JobId,
    since: Duration,
    set: Vec<(String, Value)>,
    below: bool,
    count: Option<u64>,
}

impl Counting {
    /// For the status line and for cancel.
    #[must_use]
    pub fn running(&self) -> Running {
        Running { job: self.job, what: "counting the rows to change".into(), since: self.since }
    }
}

impl Browse {
    /// `g b`: what to do with all rows of the filter, or with the marked ones.
    pub(super) fn bulk(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        let Some(info) = table.column_info() else { return };
        let chosen = table.chosen();
        let rows = if table.grid.selecting() {
            format!("the {}", units::counted(chosen, "selected row", "selected rows"))
        } else if chosen > 0 {
            format!("the {}", units::counted(chosen, "marked row", "marked rows"))
        } else if table.view.filter.is_empty() {
            "ALL rows of the table".into()
        } else {
            format!("all rows where {}", table.view.filter.describe())
        };
        let mut items = vec![(format!("Set {}", info.name), format!("in {rows}"))];
        if chosen == 0 {
            items.push(("Delete".into(), rows));
        }
        self.ask = Some(Ask::Bulk);
        cx.popup(Popup::Pick { question: "browse", title: "Change many rows".into(), items });
    }

    /// What was chosen.
    pub(super) fn bulk_chosen(&mut self, index: usize, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        let (Some(detail), Some(info)) = (table.detail.clone(), table.column_info().cloned()) else { return };
        if index == 1 {
            return self.count_bulk(vec![], cx);
        }
        if let Some(why) = why_not(&detail, &info) {
            return cx.toast(Tone::Note, why);
        }
        let field = FormField {
            label: info.name.clone(),
            type_name: info.type_name.clone(),
            help: "Ctrl+N: NULL".into(),
            value: Some(String::new()),
            ..FormField::default()
        };
        self.ask = Some(Ask::BulkValue(info.name));
        let (title, text) = ("Change many rows".into(), "The value they all get:".into());
        cx.popup(Popup::Form { question: "browse", title, text, fields: vec![field] });
    }

    /// The value was typed.
    pub(super) fn bulk_value(&mut self, column: String, value: Option<String>, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        if table.chosen() == 0 {
            return self.count_bulk(vec![(column, Value::of(value))], cx);
        }
        if table.missing() > 0 {
            return cx.toast(Tone::Warning, "Some marked rows are no longer loaded: mark them again");
        }
        let (Some(reference), Some(at)) = (table.reference(), table.column_named(&column)) else { return };
        let mut cut = 0;
        for row in table.rows_chosen() {
            let (Some(key), Some(seen)) = (table.key_of(row), table.seen(row, at)) else {
                cut += 1;
                continue;
            };
            let field = Field { column: column.clone(), seen, value: Value::of(value.clone()) };
            let (table, version) = (reference.clone(), table.version(row));
            cx.tell(Tell::Stage(Stage::Set { table, key, field, version }));
        }
        if cut > 0 {
            let rows = units::counted(cut, "row holds", "rows hold");
            cx.toast(Tone::Warning, format!("{rows} a value that is only here in part: left as it is"));
        }
    }

    fn count_bulk(&mut self, set: Vec<(String, Value)>, cx: &mut Cx<'_>) {
        let below = self.focus == Part::Below;
        let Some(table) = self.table() else { return };
        match table.with_sql(|sql| sql.count()) {
            Ok(query) => {
                let (lane, statements) = (table.lane(), vec![statement(query)]);
                let job = cx.start(|job| Effect::Execute { job, lane, statements, credit: 1 << 16 });
                self.counting = Some(Counting { job, since: cx.world.now, set, below, count: None });
            }
            Err(what) => cx.toast(Tone::Error, what),
        }
    }

    /// The rows were counted.
    pub(super) fn counted(&mut self, news: News, cx: &mut Cx<'_>) {
        let Some(counting) = &mut self.counting else { return };
        match news {
            News::Rows(batch) if !batch.is_empty() => {
                counting.count = batch.cell(0, 0).and_then(|b| std::str::from_utf8(b).ok()?.parse().ok());
            }
            News::Done(summary) if summary.last => {
                let Some(Counting { set, below, count: Some(count), .. }) = self.counting.take() else {
                    return;
                };
                let table = if below { self.below.as_ref().map(|b| &b.table) } else { self.main.as_ref() };
                let Some(table) = table else { return };
                if count == 0 {
                    return cx.toast(Tone::Note, "No row fits the filter");
                }
                let (Some(detail), Some(reference)) = (&table.detail, table.reference()) else { return };
                match page::rows_of(detail, &table.view.filter) {
                    Ok(mut rows) => {
                        rows.text = table.view.filter.describe();
                        let what = What::Bulk { rows, count, set };
                        cx.tell(Tell::Stage(Stage::Bulk { table: reference, what }));
                        cx.tell(Tell::Do(crate::core::command::Command::PreviewChanges));
                    }
                    Err(what) => cx.toast(Tone::Error, what),
                }
            }
            News::Failed(_, error, _) => {
                self.counting = None;
                cx.toast(Tone::Error, format!("Not counted: {error}"));
            }
            _ => {}
        }
    }

    /// Rows pasted into the grid become new rows.
    pub(super) fn paste_rows(&mut self, text: &str, cx: &mut Cx<'_>) {
        let below = self.focus == Part::Below;
        if self.focus == Part::Tree || !self.over.is_empty() {
            return;
        }
        let Some(table) = self.table() else { return };
        let Some(detail) = table.detail.clone() else { return };
        if let Some(why) = why_no_insert(&detail) {
            return cx.toast(Tone::Note, why);
        }
        match pasted(table, text) {
            Ok(rows) if rows.is_empty() => {}
            Ok(rows) => {
                let count = units::counted(rows.len() as u64, "row", "rows");
                let columns: Vec<&str> = rows.iter().flatten().map(|(c, _)| c.as_str()).collect();
                let mut names: Vec<&str> = vec![];
                for c in columns {
                    if !names.contains(&c) {
                        names.push(c);
                    }
                }
                let text = format!("{count} into {} ({}).", table.name, clean::line(&names.join(", ")));
                self.ask = Some(Ask::Paste(rows, below));
                let buttons = vec!["Add as new rows".into(), "Leave".into()];
                cx.popup(Popup::Confirm { question: "browse", title: "Paste rows".into(), text, buttons });
            }
            Err(what) => cx.toast(Tone::Warning, what),
        }
    }
}

type NewRow = Vec<(String, Value)>;

/// Reads tab- or comma-separated rows: with column names in the first line, or for the columns shown from the
/// cursor on.
fn pasted(table: &Table, text: &str) -> Result<Vec<NewRow>, String> {
    let Some(detail) = &table.detail else { return Ok(vec![]) };
    let separator = if text.lines().next().is_some_and(|l| l.contains('\t')) { '\t' } else { ',' };
    let mut rows = records(text, separator);
    rows.retain(|r| r.iter().any(|f| !f.text.is_empty()));
    let Some(first) = rows.first() else { return Ok(vec![]) };
    let known = |name: &str| detail.columns.iter().any(|c| c.name == name.trim());
    let named = first.iter().all(|f| known(&f.text));
    let columns: Vec<String> = if named {
        rows.remove(0).into_iter().map(|f| f.text.trim().to_owned()).collect()
    } else {
        let shown = table.grid.shown();
        let at = shown.iter().position(|c| *c == table.grid.column()).unwrap_or(0);
        shown[at..].iter().filter_map(|c| Some(detail.columns.get(*c)?.name.clone())).collect()
    };
    if rows.len() > MOST_PASTED {
        return Err(format!("{} rows are too many for one paste: COPY in SQL is made for that", rows.len()));
    }
    let mut out = vec![];
    for (number, row) in rows.into_iter().enumerate() {
        if row.len() > columns.len() {
            let (has, room) = (row.len(), columns.len());
            return Err(format!(
                "Row {} of the paste has {has} values, there are {room} columns from here",
                number + 1
            ));
        }
        let values = columns.iter().cloned().zip(row.into_iter().map(Plain::value));
        out.push(values.filter_map(|(c, v)| Some((c, v?))).collect());
    }
    Ok(out)
}

/// One field of a pasted row.
#[derive(Debug, Default)]
struct Plain {
    text: String,
    quoted: bool,
}

impl Plain {
    /// `\N` is NULL as COPY writes it; an empty field without quotes is left to the default.
    fn value(self) -> Option<Value> {
        match (&*self.text, self.quoted) {
            ("\\N", false) => Some(Value::Null),
            ("", false) => None,
            _ => Some(Value::Text(self.text)),
        }
    }
}

/// Splits into rows and fields; quotes as in CSV, where a quote opens a field.
fn records(text: &str, separator: char) -> Vec<Vec<Plain>> {
    let mut rows = vec![vec![Plain::default()]];
    let mut chars = text.chars().peekable();
    let mut inside = false;
    while let Some(c) = chars.next() {
        let Some(field) = rows.last_mut().and_then(|r| r.last_mut()) else { break };
        match c {
            '"' if inside && chars.peek() == Some(&'"') => {
                chars.next();
                field.text.push('"');
            }
            '"' if inside => inside = false,
            '"' if field.text.is_empty() && !field.quoted => (inside, field.quoted) = (true, true),
            '\r' if !inside && chars.peek() == Some(&'\n') => {}
            '\n' | '\r' if !inside => rows.push(vec![Plain::default()]),
            c if c == separator && !inside => {
                if let Some(row) = rows.last_mut() {
                    row.push(Plain::default());
                }
            }
            c => field.text.push(c),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::records;

    #[test]
    fn pasted_rows_are_read_as_csv() {
        let got: Vec<Vec<String>> = records("a,\"b,\"\"c\"\"\",\r\n\"x\ny\",2", ',')
            .into_iter()
            .map(|r| r.into_iter().map(|f| f.text).collect())
            .collect();
        assert_eq!(got, [vec!["a", "b,\"c\"", ""], vec!["x\ny", "2"]]);
        assert_eq!(records("a\t\\N\n", '\t').len(), 2);
    }
}
