//! Reads a catalog snapshot, and describes one relation.

use super::{client::Client, log, queries as q};
use crate::{
    core::error::DbError,
    data::catalog::{Catalog, ColumnInfo, Detail, ForeignKey, Function, Key, RelKind, Relation, TypeInfo},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

/// The first picture of a database: its schemas and relations.
///
/// # Errors
/// The server's error.
pub async fn picture(client: &Client) -> Result<Catalog, DbError> {
    // Sent together: one round trip.
    let (place, relations) = tokio::try_join!(rows(client, q::PLACE, &[]), rows(client, q::RELATIONS, &[]))?;
    let mut names = Names::default();
    let mut catalog = Catalog {
        relations: relations.iter().filter_map(|r| relation(r, &mut names)).collect(),
        ..Catalog::default()
    };
    if let Some(row) = place.first() {
        catalog.database = row.get("database");
        catalog.search_path = row.get("search_path");
        catalog.databases = row.get("databases");
        catalog.schemas = row.get::<_, Vec<String>>("schemas").iter().map(|s| names.get(s)).collect();
    }
    Ok(catalog)
}

/// Everything else of a snapshot: columns, foreign keys, functions, types.
///
/// # Errors
/// The server's error.
pub async fn complete(client: &Client, mut catalog: Catalog) -> Result<Catalog, DbError> {
    let mut names = Names(catalog.schemas.iter().cloned().collect());
    // One after the other: what somebody waits for meanwhile gets its turn in between.
    catalog.foreign_keys = rows(client, q::FOREIGN_KEYS, &[]).await?.iter().map(foreign_key).collect();
    catalog.columns = by_relation(&rows(client, q::COLUMNS, &[]).await?);
    let types = rows(client, q::TYPES, &[]).await?;
    catalog.types = types.iter().map(|r| type_info(r, &mut names)).collect();
    let functions = rows(client, q::FUNCTIONS, &[]).await?;
    catalog.functions = functions.iter().map(|r| function(r, &mut names)).collect();
    catalog.complete = true;
    Ok(catalog)
}

/// Describes one relation; `None` when it is gone.
///
/// # Errors
/// The server's error.
pub async fn describe(client: &Client, oid: u32) -> Result<Option<Detail>, DbError> {
    let args: &[(&(dyn ToSql + Sync), Type)] = &[(&oid, Type::OID)];
    let (head, columns, keys, foreign) = tokio::try_join!(
        rows(client, q::RELATION, args),
        rows(client, q::COLUMNS_OF, args),
        rows(client, q::KEYS_OF, args),
        rows(client, q::FOREIGN_KEYS_OF, args)
    )?;
    let Some(relation) = head.first().and_then(|r| relation(r, &mut Names::default())) else {
        return Ok(None);
    };
    let columns: Vec<ColumnInfo> = columns.iter().map(column).collect();
    let mut keys: Vec<Key> = keys.iter().map(key).collect();
    let nullable: HashSet<i16> = columns.iter().filter(|c| !c.not_null).map(|c| c.attnum).collect();
    keys.sort_by_key(|k| (!k.primary, k.columns.iter().any(|c| nullable.contains(c))));
    let foreign: Vec<ForeignKey> = foreign.iter().map(foreign_key).collect();
    let references = foreign.iter().filter(|k| k.from_oid == oid).cloned().collect();
    let referenced_by = foreign.into_iter().filter(|k| k.to_oid == oid).collect();
    let no_delete = head.first().is_some_and(|r| !r.get::<_, bool>("can_delete"));
    Ok(Some(Detail { relation, columns, keys, references, referenced_by, no_delete }))
}

async fn rows(client: &Client, sql: &str, args: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, DbError> {
    log::asked(client.place(), sql);
    client.sql().query_typed(sql, args).await.map_err(|e| client.error(&e))
}

/// The same schema name stands behind thousands of relations: it is kept once.
#[derive(Default)]
struct Names(HashSet<Arc<str>>);

impl Names {
    fn get(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.0.insert(Arc::clone(&name));
        name
    }
}

fn char_of(row: &Row, name: &str) -> char {
    row.get::<_, &str>(name).chars().next().unwrap_or(' ')
}

fn relation(row: &Row, names: &mut Names) -> Option<Relation> {
    Some(Relation {
        oid: row.get("oid"),
        schema: names.get(row.get("schema")),
        name: row.get::<_, &str>("name").into(),
        kind: RelKind::from_char(char_of(row, "kind"))?,
        rows: row.get("rows"),
        bytes: row.get("bytes"),
        partition_of: row.get("parent"),
        comment: row.get::<_, Option<&str>>("comment").map(Into::into),
    })
}

fn column(row: &Row) -> ColumnInfo {
    ColumnInfo {
        attnum: row.get("attnum"),
        name: row.get("name"),
        type_oid: row.get("type_oid"),
        base_oid: row.get("base_oid"),
        type_name: row.get("type_name"),
        category: char_of(row, "category"),
        not_null: row.get("not_null"),
        default: row.get("default_expression"),
        identity: char_of(row, "identity"),
        generated: row.get("generated"),
        // Only asked for when one relation is described.
        loose: row.try_get("loose").unwrap_or(false),
        no_update: !row.try_get("can_update").unwrap_or(true),
        no_insert: !row.try_get("can_insert").unwrap_or(true),
        comment: row.get("comment"),
    }
}

/// Rows come ordered by relation.
fn by_relation(rows: &[Row]) -> HashMap<u32, Arc<[ColumnInfo]>> {
    rows.chunk_by(|a, b| a.get::<_, u32>("attrelid") == b.get::<_, u32>("attrelid"))
        .filter_map(|chunk| Some((chunk.first()?.get("attrelid"), chunk.iter().map(column).collect())))
        .collect()
}

fn key(row: &Row) -> Key {
    Key { name: row.get("name"), primary: row.get("is_primary"), columns: row.get("columns") }
}

fn foreign_key(row: &Row) -> ForeignKey {
    ForeignKey {
        name: row.get("name"),
        from_oid: row.get("from_oid"),
        from: (row.get("from_schema"), row.get("from_name")),
        from_columns: row.get("from_columns"),
        to_oid: row.get("to_oid"),
        to: (row.get("to_schema"), row.get("to_name")),
        to_columns: row.get("to_columns"),
        on_delete: char_of(row, "on_delete"),
    }
}

fn function(row: &Row, names: &mut Names) -> Function {
    Function {
        oid: row.get("oid"),
        schema: names.get(row.get("schema")),
        name: row.get::<_, &str>("name").into(),
        arguments: row.get("arguments"),
        result: row.get("result"),
        kind: char_of(row, "kind"),
    }
}

fn type_info(row: &Row, names: &mut Names) -> TypeInfo {
    TypeInfo {
        oid: row.get("oid"),
        schema: names.get(row.get("schema")),
        name: row.get::<_, &str>("name").into(),
        kind: char_of(row, "kind"),
    }
}
