//! What the statement formats need to know of the table the rows come from.

use crate::data::{catalog::Detail, rows::Column};

/// The table the rows come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// Its schema, unquoted; empty: found by the search path.
    pub schema: String,
    /// Its name, unquoted.
    pub name: String,
    /// The columns, pairwise with those of the rows.
    pub columns: Vec<RelationColumn>,
    /// Where in `columns` the columns of the row key are; empty: no usable key.
    pub key: Vec<usize>,
}

/// A column of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelationColumn {
    /// Name, unquoted.
    pub name: String,
    /// Computed by the server: never written.
    pub generated: bool,
    /// GENERATED ALWAYS AS IDENTITY: an INSERT must override it, an UPDATE leaves it alone.
    pub identity_always: bool,
}

impl Relation {
    /// From a described relation and the columns the rows have. Columns that are not the relation's are taken by
    /// name and never written; without all columns of a key there is no key.
    #[must_use]
    pub fn of(detail: &Detail, columns: &[Column]) -> Self {
        let oid = detail.relation.oid;
        let own = |c: &Column| detail.columns.iter().find(|i| c.table_oid == oid && i.attnum == c.attnum);
        let key = detail.row_key().map_or_else(Vec::new, |k| {
            let places: Vec<usize> = k
                .columns
                .iter()
                .filter_map(|a| columns.iter().position(|c| c.table_oid == oid && c.attnum == *a))
                .collect();
            if places.len() == k.columns.len() { places } else { Vec::new() }
        });
        Self {
            schema: detail.relation.schema.to_string(),
            name: detail.relation.name.to_string(),
            columns: columns
                .iter()
                .map(|c| match own(c) {
                    Some(i) => RelationColumn {
                        name: i.name.clone(),
                        generated: i.generated,
                        identity_always: i.identity == 'a',
                    },
                    None => RelationColumn { name: c.name.clone(), generated: true, identity_always: false },
                })
                .collect(),
            key,
        }
    }
}
