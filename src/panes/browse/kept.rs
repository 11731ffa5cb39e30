//! What is remembered of a table between sessions: columns, filter and sort, as a small JSON text.

use crate::{
    core::world::World,
    sql::{
        filter::{Condition, Filter, Op},
        page::{SortBy, View},
    },
};
use serde::{Deserialize, Serialize};

/// The kept state of one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// Hidden columns by name.
    pub hidden: Vec<String>,
    /// Widths the user chose, by column name.
    pub widths: Vec<(String, u16)>,
    /// Columns in the order shown, when it is not the table's.
    pub order: Vec<String>,
    /// Number of frozen columns, when chosen.
    pub frozen: Option<usize>,
    conditions: Vec<(String, String, Vec<Option<String>>)>,
    condition: Option<String>,
    sort: Vec<(String, bool)>,
    /// The foreign key whose rows are shown below; empty: none, by choice.
    pub detail: Option<String>,
}

impl Kept {
    /// Reads what was kept; anything unreadable is as if nothing had been.
    #[must_use]
    pub fn read(text: Option<&str>) -> Self {
        text.and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default()
    }

    /// The text to keep; `None` when there is nothing worth keeping.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }

    /// Filter and sort.
    #[must_use]
    pub fn view(&self) -> View {
        let conditions = (self.conditions.iter())
            .filter_map(|(column, op, values)| {
                Some(Condition { column: column.clone(), op: Op::parse(op)?, values: values.clone() })
            })
            .collect();
        let sort = (self.sort.iter())
            .map(|(column, descending)| SortBy { column: column.clone(), descending: *descending })
            .collect();
        View { filter: Filter { conditions, raw: self.condition.clone() }, sort }
    }

    /// Takes over filter and sort.
    pub fn set_view(&mut self, view: &View) {
        self.conditions = (view.filter.conditions.iter())
            .map(|c| (c.column.clone(), c.op.label().to_owned(), c.values.clone()))
            .collect();
        self.condition = view.filter.raw.clone();
        self.sort = view.sort.iter().map(|s| (s.column.clone(), s.descending)).collect();
    }
}

/// The key under which things of the active server's database are kept.
#[must_use]
pub fn key(world: &World, what: &str) -> String {
    format!("browse.{}.{what}", world.place().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_wrote() {
        let view = View {
            filter: Filter {
                conditions: vec![
                    Condition::equal("a", Some("1".into())),
                    Condition::equal("b", None),
                    Condition { column: "c".into(), op: Op::In, values: vec![Some("x".into()), None] },
                ],
                raw: Some("d > 5 -- five".into()),
            },
            sort: vec![SortBy { column: "a".into(), descending: true }],
        };
        let mut kept = Kept { hidden: vec!["z".into()], frozen: Some(2), ..Kept::default() };
        kept.set_view(&view);
        let again = Kept::read(kept.text().as_deref());
        assert_eq!(again, kept);
        assert_eq!(again.view(), view);
        assert_eq!(Kept::default().text(), None);
        assert_eq!(Kept::read(Some("not json")), Kept::default());
    }
}
