//! An index that is made to be tried.

use crate::{
    data::{catalog::Detail, search::Source},
    sql::{
        page::table,
        quote::{ident, literal},
    },
};

/// Its name while it is there.
pub const TRIAL: &str = "pgdeck_trial";

/// The vector as the key of an index.
#[must_use]
pub fn index_key(source: &Source) -> String {
    if source.keeper.is_stored() { source.vector.clone() } else { format!("({})", source.vector) }
}

/// Makes it.
#[must_use]
pub fn create_trial(detail: &Detail, source: &Source) -> String {
    format!("CREATE INDEX {TRIAL} ON {} USING gin ({})", table(detail), index_key(source))
}

/// Its bytes on disk.
#[must_use]
pub fn size_of_trial(detail: &Detail) -> String {
    // It stands in the schema of its table.
    let name = literal(&format!("{}.{TRIAL}", ident(&detail.relation.schema)));
    format!("SELECT pg_catalog.pg_relation_size({name}::pg_catalog.regclass)::text")
}
