//! Building a filter by choosing column, comparison and value; and other questions the pane asks.

use super::{Browse, edit::Lookup};
use crate::{
    core::pane::{Cx, Popup, Tone},
    data::{
        catalog::ForeignKey,
        edits::{Text, Value},
    },
    sql::filter::{Condition, Op, check_raw},
    text::units,
};

/// A question under way.
#[derive(Clone, Debug)]
pub enum Ask {
    /// What to add to the filter, or to take away: number of conditions that can be taken away.
    Filter(usize),
    /// Which comparison with this column.
    Op(String, Vec<Op>),
    /// Which value.
    Value(String, Op),
    /// A condition in SQL.
    Raw,
    /// A text to find in the value view.
    FindInValue,
    /// Which reference to follow.
    Follow(Vec<ForeignKey>),
    /// Rows of which table.
    Referring(Vec<ForeignKey>),
    /// Which column to show or hide.
    Columns,
    /// Fetch a large value?
    Big,
    /// What to do with many rows.
    Bulk,
    /// The value that this column of many rows gets.
    BulkValue(String),
    /// What the value view asked.
    InValue(crate::views::value::Question),
    /// Take these pasted rows as new ones? Of the lower grid or not.
    Paste(Vec<Vec<(String, Value)>>, bool),
}

const QUESTION: &str = "browse";

impl Browse {
    /// `f`: only rows whose value here is the same.
    pub(super) fn filter_cell(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table_mut() else { return };
        if table.window.is_empty() {
            return;
        }
        let (row, column) = (table.grid.row(), table.grid.column());
        let Some(name) = table.column_info().map(|c| c.name.clone()) else { return };
        match table.exact(row, column) {
            Some(value) => self.add_condition(Condition::equal(&name, value), cx),
            None if table.time_here(row, column) => self.look_up(&[column], Lookup::Same(name), cx),
            None => {
                cx.toast(Tone::Note, format!("{name} is too long to filter by: F offers other comparisons"));
            }
        }
    }

    /// The exact values of a row are here.
    pub(super) fn looked_up(&mut self, what: Lookup, values: Vec<Text>, cx: &mut Cx<'_>) {
        match what {
            Lookup::Same(column) => {
                let value = values.into_iter().next().flatten();
                self.add_condition(Condition::equal(&column, value), cx);
            }
            Lookup::Follow(key) => self.follow_by(&key, values, cx),
            Lookup::Refer(key) => self.refer_by(&key, values, cx),
        }
    }

    pub(super) fn add_condition(&mut self, condition: Condition, cx: &mut Cx<'_>) {
        let Some(table) = self.table_mut() else { return };
        let conditions = &mut table.view.filter.conditions;
        if conditions.contains(&condition) {
            return cx.toast(Tone::Note, format!("Already filtered by {}", condition.describe()));
        }
        conditions.push(condition);
        table.reload(cx);
    }

    /// `X`: all rows again, in the order of the key.
    pub(super) fn clear_filter(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table_mut() else { return };
        let (pinned, before) = (table.pinned, table.view.clone());
        table.view.filter.conditions.truncate(pinned);
        table.view.filter.raw = None;
        table.view.sort.clear();
        table.trouble = None;
        table.draft = None;
        // Rows of the view left behind may be on their way.
        let coming = table.fetch.is_some() && table.view != before;
        if table.view != table.good || table.window.is_empty() || coming {
            table.reload(cx);
        }
    }

    /// `F`: choose a column, or write the condition.
    pub(super) fn build_filter(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        let Some(detail) = table.detail.clone() else { return };
        let own = table.view.filter.conditions.iter().skip(table.pinned);
        let mut items: Vec<(String, String)> =
            own.map(|c| (format!("remove: {}", c.describe()), String::new())).collect();
        if let Some(raw) = &table.view.filter.raw {
            items.push((format!("remove: {raw}"), String::new()));
        }
        let removable = items.len();
        items.push(("WHERE …".into(), "write the condition in SQL".into()));
        items.extend(detail.columns.iter().map(|c| (c.name.clone(), c.type_name.clone())));
        self.ask = Some(Ask::Filter(removable));
        cx.popup(Popup::Pick { question: QUESTION, title: "Filter".into(), items });
    }

    /// `g/`: a text in this column, looked for by the server.
    pub(super) fn find_on_server(&mut self, cx: &mut Cx<'_>) {
        let Some(name) = self.table().and_then(|t| t.column_info()).map(|c| c.name.clone()) else { return };
        self.ask_value(name, Op::Contains, cx);
    }

    fn ask_value(&mut self, column: String, op: Op, cx: &mut Cx<'_>) {
        let hint = match op {
            Op::In => "values separated by commas",
            Op::Contains => "a part of the text, capitals do not matter",
            Op::JsonContains => "a JSON document, such as {\"a\": 1}",
            _ => "as the server writes it",
        };
        let title = format!("{column} {}", op.label());
        self.ask = Some(Ask::Value(column, op));
        cx.popup(Popup::Line { question: QUESTION, title, text: String::new(), hint: hint.into() });
    }

    /// `refused`: why the condition typed before cannot stand.
    fn ask_raw(&mut self, refused: Option<String>, cx: &mut Cx<'_>) {
        let text = self.table().and_then(|t| t.draft.clone().or_else(|| t.view.filter.raw.clone()));
        let text = text.unwrap_or_default();
        self.ask = Some(Ask::Raw);
        cx.popup(Popup::Line {
            question: QUESTION,
            title: "WHERE".into(),
            text,
            hint: refused.unwrap_or_else(|| "a condition in SQL; it is sent as it is".into()),
        });
    }

    /// The answer to the question under way.
    pub(super) fn answered(&mut self, text: String, index: usize, cx: &mut Cx<'_>) {
        let Some(ask) = self.ask.take() else { return };
        match ask {
            Ask::Filter(removable) => self.filter_chosen(index, removable, cx),
            Ask::Op(column, ops) => {
                let Some(op) = ops.get(index).copied() else { return };
                if op.takes_value() {
                    self.ask_value(column, op, cx);
                } else {
                    self.add_condition(Condition { column, op, values: vec![] }, cx);
                }
            }
            Ask::Value(column, op) => self.value_typed(column, op, &text, cx),
            Ask::Raw => self.raw_typed(&text, cx),
            Ask::FindInValue => self.find_in_value(&text, cx),
            Ask::Follow(keys) => {
                if let Some(key) = keys.get(index) {
                    self.follow_one(key, cx);
                }
            }
            Ask::Referring(keys) => {
                if let Some(key) = keys.get(index) {
                    self.refer_one(key, cx);
                }
            }
            Ask::Columns => self.column_chosen(index, cx),
            Ask::Big => self.big_answered(index == 0, cx),
            Ask::InValue(question) => self.value_answered(question, index, cx),
            Ask::Bulk => self.bulk_chosen(index, cx),
            Ask::Paste(rows, below) if index == 0 => self.stage_new(rows, below, cx),
            Ask::BulkValue(_) | Ask::Paste(..) => {}
        }
    }

    fn filter_chosen(&mut self, index: usize, removable: usize, cx: &mut Cx<'_>) {
        if index == removable {
            return self.ask_raw(None, cx);
        }
        let Some(table) = self.table_mut() else { return };
        if index < removable {
            let at = table.pinned + index;
            if at < table.view.filter.conditions.len() {
                table.view.filter.conditions.remove(at);
            } else {
                table.view.filter.raw = None;
            }
            return table.reload(cx);
        }
        let column = table.detail.as_ref().and_then(|d| d.columns.get(index - removable - 1)).cloned();
        let Some(column) = column else { return };
        let ops: Vec<Op> = Op::ALL.into_iter().filter(|o| o.fits(&column)).collect();
        let items = ops.iter().map(|o| (o.label().to_owned(), String::new())).collect();
        let title = format!("{} …", column.name);
        self.ask = Some(Ask::Op(column.name, ops));
        cx.popup(Popup::Pick { question: QUESTION, title, items });
    }

    fn value_typed(&mut self, column: String, op: Op, text: &str, cx: &mut Cx<'_>) {
        let values = match op {
            Op::In => text.split(',').map(|v| Some(v.trim().to_owned())).collect(),
            _ => vec![Some(text.to_owned())],
        };
        self.add_condition(Condition { column, op, values }, cx);
    }

    fn raw_typed(&mut self, text: &str, cx: &mut Cx<'_>) {
        let Some(table) = self.table_mut() else { return };
        table.draft = Some(text.to_owned());
        if let Err(what) = check_raw(text) {
            return self.ask_raw(Some(what), cx);
        }
        table.view.filter.raw = Some(text.to_owned()).filter(|t| !t.trim().is_empty());
        table.reload(cx);
    }

    /// `+`: which columns are shown.
    pub(super) fn choose_columns(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        let Some(detail) = table.detail.clone() else { return };
        let here = table.column_info().map_or("", |c| &c.name);
        let hidden = detail.columns.len() - table.grid.shown().len();
        let mut items = vec![
            ("show all".to_owned(), units::counted(hidden as u64, "column is hidden", "columns are hidden")),
            (format!("move {here} left"), String::new()),
            (format!("move {here} right"), String::new()),
        ];
        items.extend(detail.columns.iter().enumerate().map(|(i, c)| {
            let state =
                if table.grid.is_hidden(i) { "hidden · choose to show" } else { "shown · choose to hide" };
            (c.name.clone(), state.to_owned())
        }));
        self.ask = Some(Ask::Columns);
        cx.popup(Popup::Pick { question: QUESTION, title: "Columns".into(), items });
    }

    fn column_chosen(&mut self, index: usize, cx: &mut Cx<'_>) {
        let Some(table) = self.table_mut() else { return };
        let count = table.detail.as_ref().map_or(0, |d| d.columns.len());
        let here = table.grid.column();
        match index {
            0 => (0..count).for_each(|c| table.grid.hide(c, false)),
            1 | 2 => table.grid.reorder(here, index == 2),
            _ => {
                let column = index - 3;
                let hidden = table.grid.is_hidden(column);
                table.grid.hide(column, !hidden);
                // Several are mostly chosen in a row.
                self.choose_columns(cx);
            }
        }
    }
}
