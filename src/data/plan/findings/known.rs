//! What the catalog knows of the relations of a plan: plain data, empty when there is no connection.

/// What is known besides the plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// `server_version_num`.
    pub version: Option<u32>,
    /// The extension hypopg is installed: an index can be tried without making it.
    pub hypopg: bool,
    /// The relations of the plan, as far as they were looked up.
    pub relations: Vec<KnownRelation>,
    /// The foreign keys of or to them.
    pub foreign_keys: Vec<KnownForeignKey>,
}

/// A relation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownRelation {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Rows as `reltuples` says; none when never analysed.
    pub rows: Option<f64>,
    /// When it was last analysed, by hand or by autovacuum, as the server prints it.
    pub last_analyze: Option<String>,
    /// `n_mod_since_analyze`.
    pub changed_since_analyze: Option<f64>,
    /// The columns of its partition key; empty when it is not partitioned.
    pub partition_key: Vec<String>,
    /// Its indexes.
    pub indexes: Vec<KnownIndex>,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownIndex {
    /// Its name.
    pub name: String,
    /// Its access method: `btree`, `gin` …
    pub method: String,
    /// Its key columns and expressions in order, as `pg_get_indexdef(index, n, false)` prints them.
    pub keys: Vec<String>,
    /// The condition of a partial index, as `pg_get_expr` prints it.
    pub predicate: Option<String>,
    /// False: it was left behind by a failed `CREATE INDEX CONCURRENTLY`, or is being made.
    pub valid: bool,
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownForeignKey {
    /// The constraint's name.
    pub name: String,
    /// Schema and name of the referencing relation.
    pub from: (String, String),
    /// Its referencing columns, in order, as SQL writes them.
    pub columns: Vec<String>,
    /// Schema and name of the referenced relation.
    pub to: (String, String),
}

impl Known {
    /// A relation by name; without a schema (a plan without VERBOSE) only when one alone has the name.
    #[must_use]
    pub fn relation(&self, schema: Option<&str>, name: &str) -> Option<&KnownRelation> {
        let mut found = self.relations.iter().filter(|relation| {
            relation.name == name && schema.is_none_or(|schema| relation.schema == schema)
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}
