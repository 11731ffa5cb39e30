//! Going places: opening tables, following references both ways, back and forward.

use super::{
    Browse, Over, Part,
    below::{self, Below},
    edit::Lookup,
    filter::Ask,
    kept,
    table::Table,
    tree::Key,
    whole::Whole,
};
use crate::{
    core::{
        effect::Effect,
        pane::{Cx, Popup, Tone},
    },
    data::{
        catalog::ForeignKey,
        edits::{RowKey, Staged, Text},
    },
    sql::filter::Condition,
};
use std::sync::Arc;

/// What a row's columns hold.
enum Values {
    /// All of them exactly.
    Here(Vec<Text>),
    /// These columns; among them are times whose exact form is still to be read.
    Times(Vec<usize>),
    /// The value of this one is not here whole.
    Long(String),
    /// This one is not among the columns.
    Missing(String),
}

fn missing(name: &str) -> String {
    format!("{name} is not among the columns read here: F5 reads them anew")
}

/// Places remembered behind the present one.
const MOST_PLACES: usize = 30;

/// Where one was: the tables as they stood.
#[derive(Debug)]
pub struct Place {
    main: Table,
    below: Option<Below>,
    focus: Part,
}

impl Place {
    /// The table's name.
    pub(super) fn name(&self) -> &str {
        &self.main.name
    }

    /// Lays what is staged by now over its rows.
    pub(super) fn take_staged(&mut self, staged: &Arc<Staged>) {
        for table in std::iter::once(&mut self.main).chain(self.below.as_mut().map(|b| &mut b.table)) {
            table.take_staged(staged);
        }
    }
}

impl Browse {
    /// Goes to a row by its key.
    pub(super) fn open_row(&mut self, oid: u32, key: RowKey, cx: &mut Cx<'_>) {
        let mut table = Table::new(cx.world, oid);
        table.given = true;
        table.to_key = Some(key);
        self.open(table, true, cx);
    }

    /// Shows a table; the present place can be come back to.
    pub(super) fn open(&mut self, mut table: Table, focus: bool, cx: &mut Cx<'_>) {
        self.keep_documents(cx);
        self.forward.clear();
        if let Some(place) = self.leave(cx) {
            self.back.push_back(place);
            if self.back.len() > MOST_PLACES {
                self.back.pop_front();
            }
        }
        if !table.given {
            let (key, name) = (kept::key(cx.world, "last"), table.name.clone());
            cx.ask(Effect::Keep { key, value: Some(name) });
        }
        self.tree.reveal(&Key::Relation(table.oid));
        table.open(cx);
        self.main = Some(table);
        if focus || self.focus == Part::Below || self.back.is_empty() {
            self.focus = Part::Main;
        }
    }

    /// Takes the present place off the screen.
    fn leave(&mut self, cx: &mut Cx<'_>) -> Option<Place> {
        let mut below = self.below.take();
        if let Some(b) = &mut below {
            b.table.stop(cx);
            b.table.window.shrink(b.table.grid.row());
        }
        let mut main = self.main.take()?;
        main.stop(cx);
        main.window.shrink(main.grid.row());
        Some(Place { main, below, focus: self.focus })
    }

    fn come_to(&mut self, place: Place, cx: &mut Cx<'_>) {
        self.keep_documents(cx);
        self.tree.reveal(&Key::Relation(place.main.oid));
        self.main = Some(place.main);
        self.below = place.below;
        self.focus = place.focus;
        for table in self.main.iter_mut().chain(self.below.as_mut().map(|b| &mut b.table)) {
            if table.detail.is_none() {
                table.open(cx);
            } else {
                table.look_ahead(cx);
            }
        }
    }

    /// To the place before; `false` when there is none.
    pub(super) fn go_back(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(place) = self.back.pop_back() else { return false };
        if let Some(here) = self.leave(cx) {
            self.forward.push(here);
        }
        self.come_to(place, cx);
        true
    }

    /// To the place one came back from.
    pub(super) fn go_forward(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(place) = self.forward.pop() else { return false };
        if let Some(here) = self.leave(cx) {
            self.back.push_back(here);
        }
        self.come_to(place, cx);
        true
    }

    /// Can one go there?
    pub(super) fn has_place(&self, back: bool) -> bool {
        if back { !self.back.is_empty() } else { !self.forward.is_empty() }
    }

    /// Once a table is described: decides whether rows are shown below.
    pub(super) fn settle(&mut self, cx: &mut Cx<'_>) {
        let Some(main) = &mut self.main else { return };
        let Some(detail) = main.detail.clone().filter(|_| main.recalling.is_none() && !main.settled) else {
            return;
        };
        main.settled = true;
        if self.below.is_none()
            && let Some(key) = below::by_itself(&detail, main.kept.detail.as_deref())
        {
            self.below = Some(Below::new(key, cx));
        }
    }

    /// The next reference below, or none.
    pub(super) fn cycle_below(&mut self, cx: &mut Cx<'_>) {
        let Some(main) = &mut self.main else { return };
        let Some(detail) = main.detail.clone() else { return };
        if detail.referenced_by.is_empty() {
            return cx.toast(Tone::Note, format!("No table refers to {}", main.name));
        }
        main.settled = true;
        let next = below::next_key(&detail, self.below.as_ref().map(|b| &b.key));
        main.kept.detail = Some(next.as_ref().map_or_else(String::new, |k| k.name.clone()));
        main.keep_now(cx);
        if let Some(mut old) = self.below.take() {
            old.table.stop(cx);
        }
        self.below = next.map(|key| Below::new(key, cx));
        if self.below.is_none() && self.focus == Part::Below {
            self.focus = Part::Main;
        }
    }

    /// Enter on a node found by typing: the whole tree again, and the node opened.
    pub(super) fn open_found(&mut self, cx: &mut Cx<'_>) {
        let key = self.tree.chosen().map(|n| n.key.clone());
        self.tree.narrow("");
        if let Some(key) = key {
            self.tree.reveal(&key);
            self.open_node(cx);
        }
    }

    /// Enter in the tree.
    pub(super) fn open_node(&mut self, cx: &mut Cx<'_>) {
        let Some(node) = self.tree.chosen() else { return };
        match node.key.clone() {
            Key::Relation(oid) => {
                let here = self.main.as_ref().is_some_and(|m| m.oid == oid && m.view.filter.is_empty());
                if here {
                    self.focus = Part::Main;
                } else {
                    self.open(Table::new(cx.world, oid), true, cx);
                }
            }
            Key::Function(oid) => {
                let title = node.text.clone();
                self.show_definition(Whole::function(oid), title, cx);
            }
            Key::Type(oid) => {
                let title = node.text.clone();
                self.show_definition(Whole::type_of(oid), title, cx);
            }
            Key::Schema(_) | Key::Group(..) => {
                self.tree.toggle();
            }
        }
    }

    /// The reference of this cell, to the row it means.
    pub(super) fn follow_key(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        let keys = table.references_here();
        match &keys[..] {
            [] => {
                let column = table.column_info().map_or("this column", |c| &c.name);
                cx.toast(
                    Tone::Note,
                    format!("{column} is not part of a foreign key (those show → and their table)"),
                );
            }
            [one] => self.follow_one(&one.clone(), cx),
            _ => {
                let items =
                    keys.iter().map(|k| (k.name.clone(), format!("→ {}.{}", k.to.0, k.to.1))).collect();
                self.ask = Some(Ask::Follow(keys));
                cx.popup(Popup::Pick { question: "browse", title: "Follow which reference?".into(), items });
            }
        }
    }

    pub(super) fn follow_one(&mut self, key: &ForeignKey, cx: &mut Cx<'_>) {
        match self.values_here(&key.from_columns) {
            Values::Here(values) => self.follow_by(key, values, cx),
            Values::Times(columns) => self.look_up(&columns, Lookup::Follow(key.clone()), cx),
            Values::Long(name) => cx.toast(Tone::Note, format!("{name} is too long to look the row up by")),
            Values::Missing(name) => cx.toast(Tone::Warning, missing(&name)),
        }
    }

    /// To the row that these values refer to.
    pub(super) fn follow_by(&mut self, key: &ForeignKey, values: Vec<Text>, cx: &mut Cx<'_>) {
        if let Some((from, _)) = key.from_columns.iter().zip(&values).find(|(_, v)| v.is_none()) {
            return cx.toast(Tone::Note, format!("{from} is NULL: it refers to no row"));
        }
        let conditions = key.to_columns.iter().zip(values).map(|(c, v)| Condition::equal(c, v)).collect();
        self.open_given(key.to_oid, conditions, cx);
    }

    /// The exact values of the current row's columns.
    fn values_here(&self, names: &[String]) -> Values {
        let Some(table) = self.table() else { return Values::Missing("the row".into()) };
        let row = table.grid.row();
        let (mut columns, mut values) = (vec![], vec![]);
        for name in names {
            let Some(column) = table.column_named(name) else { return Values::Missing(name.clone()) };
            columns.push(column);
            match table.exact(row, column) {
                Some(value) => values.push(value),
                None if table.time_here(row, column) => {}
                None => return Values::Long(name.clone()),
            }
        }
        if values.len() == names.len() { Values::Here(values) } else { Values::Times(columns) }
    }

    fn open_given(&mut self, oid: u32, conditions: Vec<Condition>, cx: &mut Cx<'_>) {
        let mut table = Table::new(cx.world, oid);
        table.given = true;
        table.view.filter.conditions = conditions;
        self.open(table, true, cx);
    }

    /// Rows of other tables that refer to this one.
    pub(super) fn referring(&mut self, cx: &mut Cx<'_>) {
        let Some(table) = self.table() else { return };
        let Some(detail) = table.detail.clone() else { return };
        match &detail.referenced_by[..] {
            [] => cx.toast(Tone::Note, format!("No table refers to {}", table.name)),
            [one] => self.refer_one(&one.clone(), cx),
            all => {
                let item = |k: &ForeignKey| (format!("{}.{}", k.from.0, k.from.1), k.from_columns.join(", "));
                let items = all.iter().map(item).collect();
                self.ask = Some(Ask::Referring(all.to_vec()));
                cx.popup(Popup::Pick { question: "browse", title: "Rows of which table?".into(), items });
            }
        }
    }

    pub(super) fn refer_one(&mut self, key: &ForeignKey, cx: &mut Cx<'_>) {
        match self.values_here(&key.to_columns) {
            Values::Here(values) => self.refer_by(key, values, cx),
            Values::Times(columns) => self.look_up(&columns, Lookup::Refer(key.clone()), cx),
            Values::Long(name) => cx.toast(Tone::Note, format!("{name} is too long to look rows up by")),
            Values::Missing(name) => cx.toast(Tone::Warning, missing(&name)),
        }
    }

    /// To the rows that refer to these values.
    pub(super) fn refer_by(&mut self, key: &ForeignKey, values: Vec<Text>, cx: &mut Cx<'_>) {
        if let Some((to, _)) = key.to_columns.iter().zip(&values).find(|(_, v)| v.is_none()) {
            return cx.toast(Tone::Note, format!("{to} is NULL: nothing can refer to it"));
        }
        let conditions = key.from_columns.iter().zip(values).map(|(c, v)| Condition::equal(c, v)).collect();
        self.open_given(key.from_oid, conditions, cx);
    }

    /// The record view of the current row.
    pub(super) fn open_record(&mut self) {
        if self.table().is_some_and(|t| !t.window.is_empty()) {
            self.over.push(Over::Record(Default::default()));
        }
    }
}
