//! The values beside the results: how many hits have each, and picking one.

use super::{Search, tables::Table};
use crate::{
    core::{
        command::Command,
        pane::{Cx, Popup, Tone},
    },
    data::rows::Batch,
    sql::search::Facet,
};

/// The question of which column.
pub(super) const FACET: &str = "search-facet";
/// The question of which key of a document.
pub(super) const FACET_KEY: &str = "search-facet-key";

/// A value of a facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// As the server gave it.
    pub value: String,
    /// Hits that have it.
    pub rows: u64,
    /// It was an element of a list.
    pub among: bool,
}

/// Reads an answer.
pub(super) fn values(batch: &Batch) -> Vec<Value> {
    let text = |row, n| batch.cell(row, n).map(|b| String::from_utf8_lossy(b).into_owned());
    (0..batch.len())
        .filter_map(|row| {
            Some(Value {
                value: text(row, 0)?,
                rows: text(row, 1)?.parse().ok()?,
                among: text(row, 2).as_deref() == Some("t"),
            })
        })
        .collect()
}

/// The facet a table has by itself: tags, an indexed array, any array.
pub(super) fn by_itself(table: &Table, indexed: &[(u32, String)]) -> Option<Facet> {
    let detail = table.detail.as_ref()?;
    let oid = detail.relation.oid;
    let arrays = || detail.columns.iter().filter(|c| c.category == 'A' && c.base_oid != 1002);
    let served = |name: &str| indexed.iter().any(|(o, c)| *o == oid && *c == crate::sql::quote::ident(name));
    let tags = arrays().find(|c| c.name.contains("tag"));
    let column = tags.or_else(|| arrays().find(|c| served(&c.name))).or_else(|| arrays().next())?;
    Facet::of(column)
}

impl Search {
    /// The values shown beside the results: those of the only table.
    pub(super) fn facet_values(&self) -> &[Value] {
        match (self.tables.as_slice(), &self.shown) {
            ([_], Some(shown)) => &shown.facets,
            _ => &[],
        }
    }

    /// Is this value picked?
    pub(super) fn is_picked(&self, value: &Value) -> bool {
        let Some(table) = self.tables.first() else { return false };
        let Some(facet) = &table.facet else { return false };
        table.filter.conditions.contains(&facet.condition(&value.value, value.among))
    }

    /// Moves among the values, or picks one.
    pub(super) fn facet_command(&mut self, command: Command, cx: &mut Cx<'_>) -> bool {
        let last = self.facet_values().len().saturating_sub(1);
        self.facet_at = match command {
            Command::Up => self.facet_at.saturating_sub(1),
            Command::Down => self.facet_at + 1,
            Command::First => 0,
            Command::Last => last,
            Command::HalfUp | Command::PageUp => self.facet_at.saturating_sub(10),
            Command::HalfDown | Command::PageDown => self.facet_at + 10,
            Command::Open => {
                self.pick(cx);
                return true;
            }
            _ => return false,
        }
        .min(last);
        true
    }

    /// Only rows with the value under the cursor, or all again.
    fn pick(&mut self, cx: &mut Cx<'_>) {
        let Some(value) = self.facet_values().get(self.facet_at).cloned() else { return };
        let Some(table) = self.tables.first_mut() else { return };
        let Some(facet) = &table.facet else { return };
        let condition = facet.condition(&value.value, value.among);
        let conditions = &mut table.filter.conditions;
        match conditions.iter().position(|c| *c == condition) {
            Some(at) => drop(conditions.remove(at)),
            None => conditions.push(condition),
        }
        self.facet_at = 0;
        self.changed(cx);
    }

    /// All rows again.
    pub(super) fn clear_filter(&mut self, cx: &mut Cx<'_>) {
        if self.tables.iter().all(|t| t.filter.is_empty()) {
            return cx.toast(Tone::Note, "Nothing is filtered");
        }
        self.tables.iter_mut().for_each(|t| t.filter = Default::default());
        self.changed(cx);
    }

    fn facets_offered(&self) -> Vec<Facet> {
        let [table] = self.tables.as_slice() else { return vec![] };
        table.detail.iter().flat_map(|d| &d.columns).filter_map(Facet::of).collect()
    }

    /// Which column's values are to stand beside the results?
    pub(super) fn ask_facet(&mut self, cx: &mut Cx<'_>) {
        if self.tables.len() > 1 {
            return cx.toast(Tone::Note, "Values stand beside the results of one table");
        }
        let offered = self.facets_offered();
        if offered.is_empty() {
            return cx.toast(
                Tone::Note,
                "This table has no array, jsonb, enum or boolean column to count values of",
            );
        }
        let kind = |f: &Facet| match f {
            Facet::Array(_) => "array",
            Facet::Json(..) => "jsonb: a key is asked for",
            Facet::Plain(_) => "value",
        };
        let mut items: Vec<(String, String)> =
            offered.iter().map(|f| (f.label(), kind(f).to_owned())).collect();
        items.push(("(none)".into(), "nothing beside the results".into()));
        cx.popup(Popup::Pick { question: FACET, title: "Count the values of".into(), items });
    }

    /// A column was chosen.
    pub(super) fn facet_chosen(&mut self, index: usize, cx: &mut Cx<'_>) {
        let facet = self.facets_offered().into_iter().nth(index);
        if let Some(Facet::Json(column, _)) = &facet {
            self.facet_asked = Some(column.clone());
            return cx.popup(Popup::Line {
                question: FACET_KEY,
                title: format!("Key of {column}"),
                text: String::new(),
                hint: "A key of the document; empty: the document itself is the list".into(),
            });
        }
        self.set_facet(facet, cx);
    }

    /// A key was typed.
    pub(super) fn facet_key(&mut self, key: &str, cx: &mut Cx<'_>) {
        let Some(column) = self.facet_asked.take() else { return };
        let key = Some(key.trim().to_owned()).filter(|k| !k.is_empty());
        self.set_facet(Some(Facet::Json(column, key)), cx);
    }

    fn set_facet(&mut self, facet: Option<Facet>, cx: &mut Cx<'_>) {
        if let Some(table) = self.tables.first_mut() {
            let key = |f: &Facet| if let Facet::Json(_, key) = f { key.clone() } else { None };
            let kept = facet.as_ref().map(|f| (f.column().to_owned(), key(f)));
            table.kept.facet = Some(kept.unwrap_or_default());
            table.facet = facet;
            table.filter.conditions.clear();
        }
        self.facet_at = 0;
        self.keep(cx);
        self.changed(cx);
    }
}
