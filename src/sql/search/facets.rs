//! Facets: the values of a column within the hits, with counts, and the condition that picks one.

use super::{Ask, Reach, Target};
use crate::{
    data::catalog::ColumnInfo,
    sql::{
        filter::{Condition, JSONB, Op, Query, TEXT},
        quote::{ident, literal},
    },
};

/// Values that are shown.
const MOST_VALUES: usize = 40;
/// Characters of a value.
const MOST_VALUE: usize = 200;

/// Where the values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facet {
    /// The elements of an array.
    Array(String),
    /// A jsonb document that is an array, or a key of one that is an object: the elements or the value there.
    Json(String, Option<String>),
    /// The value itself.
    Plain(String),
}

impl Facet {
    /// What a column can give; none for columns whose every value is another one.
    #[must_use]
    pub fn of(column: &ColumnInfo) -> Option<Self> {
        let name = column.name.clone();
        match column.category {
            'A' => Some(Self::Array(name)),
            _ if column.base_oid == JSONB => Some(Self::Json(name, None)),
            'E' | 'B' => Some(Self::Plain(name)),
            _ => None,
        }
    }

    /// As people read it.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Json(column, Some(key)) => format!("{column}.{key}"),
            Self::Array(column) | Self::Json(column, None) | Self::Plain(column) => column.clone(),
        }
    }

    /// Its column.
    #[must_use]
    pub fn column(&self) -> &str {
        match self {
            Self::Array(column) | Self::Json(column, _) | Self::Plain(column) => column,
        }
    }

    /// The condition that picks rows with this value. `value`: as [`Target::facet`] gave it; `among`: it was an element.
    #[must_use]
    pub fn condition(&self, value: &str, among: bool) -> Condition {
        let (column, op, value) = match self {
            Self::Array(column) => (column, Op::HasElement, value.to_owned()),
            Self::Plain(column) => (column, Op::Equal, value.to_owned()),
            Self::Json(column, key) => {
                let inner = if among { format!("[{value}]") } else { value.to_owned() };
                let whole = match key {
                    Some(key) => format!("{{{}: {inner}}}", serde_json::Value::from(key.as_str())),
                    None => inner,
                };
                (column, Op::JsonContains, whole)
            }
        };
        Condition { column: column.clone(), op, values: vec![Some(value)] }
    }

    /// A value as people read it: JSON texts without their quotes.
    #[must_use]
    pub fn shown(&self, value: &str) -> String {
        match self {
            Self::Json(..) => serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_owned()),
            _ => value.to_owned(),
        }
    }
}

impl Target<'_> {
    /// The values of a facet within the hits. Columns: value, rows, whether it was an element of a list.
    ///
    /// # Errors
    /// As `search`.
    pub fn facet(&self, ask: &Ask<'_>, facet: &Facet) -> Result<Query, String> {
        let mut query = Query::default();
        let parameter = query.bind(Some(ask.text.to_owned()), TEXT);
        let asked = self.asked(ask, &parameter);
        let filter = self.and_filter(&mut query)?;
        let source = match facet {
            Facet::Json(column, Some(key)) => format!("{} -> {}", ident(column), literal(key)),
            other => ident(other.column()),
        };
        let (from, taken) = match self.reach {
            Reach::Sample(rows) => (self.sampled("", rows), String::new()),
            Reach::Everything => (crate::sql::page::table(self.detail), String::new()),
            _ => (crate::sql::page::table(self.detail), format!(" LIMIT {}", self.most_counted(&asked))),
        };
        let (values, among) = match facet {
            Facet::Array(_) => ("unnest(pgdeck_f)".to_owned(), "true"),
            Facet::Plain(_) => ("(SELECT pgdeck_f)".to_owned(), "false"),
            Facet::Json(..) => (
                "jsonb_array_elements(CASE jsonb_typeof(pgdeck_f) WHEN 'array' THEN pgdeck_f ELSE jsonb_build_array(pgdeck_f) END)".to_owned(),
                "jsonb_typeof(pgdeck_f) = 'array'",
            ),
        };
        query.sql = format!(
            "WITH i AS MATERIALIZED (\n  SELECT {source} AS pgdeck_f FROM {from}\n  WHERE {}\n), c AS (\n  SELECT * FROM i{taken}\n)\nSELECT pgdeck_v::text, count(*), bool_or({among})\nFROM c, LATERAL {values} AS pgdeck_l (pgdeck_v)\nWHERE pgdeck_f IS NOT NULL AND length(pgdeck_v::text) <= {MOST_VALUE}\nGROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_VALUES}",
            self.matches(&asked, &filter)
        );
        Ok(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picked_value_becomes_a_condition() {
        let of = |f: &Facet, v, among| f.condition(v, among).values[0].clone().expect("a value");
        let language = Facet::Json("metadata".into(), Some("lang\"uage".into()));
        assert_eq!(of(&language, "\"en\"", false), r#"{"lang\"uage": "en"}"#);
        assert_eq!(of(&language, "5", true), r#"{"lang\"uage": [5]}"#);
        assert_eq!(of(&Facet::Json("tags".into(), None), "\"a\"", true), r#"["a"]"#);
        assert_eq!(of(&Facet::Array("tags".into()), "a b", true), "a b");
        assert_eq!(language.shown("\"en\""), "en");
        assert_eq!(language.label(), "metadata.lang\"uage");
    }
}
