//! A snapshot of what a database holds, as the panes and completion read it.

use std::{collections::HashMap, sync::Arc};

/// `pg_class.relkind` of the relations a console shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RelKind {
    /// `r`
    Table,
    /// `p`
    Partitioned,
    /// `v`
    View,
    /// `m`
    MaterializedView,
    /// `f`
    Foreign,
    /// `S`
    Sequence,
}

impl RelKind {
    /// From `pg_class.relkind`; `None` for indexes, TOAST tables and composite types.
    #[must_use]
    pub fn from_char(c: char) -> Option<Self> {
        Some(match c {
            'r' => Self::Table,
            'p' => Self::Partitioned,
            'v' => Self::View,
            'm' => Self::MaterializedView,
            'f' => Self::Foreign,
            'S' => Self::Sequence,
            _ => return None,
        })
    }

    /// What people call it.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Partitioned => "partitioned table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Foreign => "foreign table",
            Self::Sequence => "sequence",
        }
    }
}

/// A table, view or the like.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Schema name.
    pub schema: Arc<str>,
    /// Relation name, unquoted.
    pub name: Arc<str>,
    /// What it is.
    pub kind: RelKind,
    /// `pg_class.reltuples`: estimated rows; negative when never analysed.
    pub rows: f64,
    /// Bytes on disk including indexes and TOAST (estimated from `relpages` when sizes are not read); -1 unknown.
    pub bytes: i64,
    /// Parent OID when this is a partition, 0 otherwise.
    pub partition_of: u32,
    /// `COMMENT ON`.
    pub comment: Option<Arc<str>>,
}

/// A column of a relation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnInfo {
    /// `pg_attribute.attnum`.
    pub attnum: i16,
    /// Name, unquoted.
    pub name: String,
    /// Type OID as declared (a domain keeps its own OID).
    pub type_oid: u32,
    /// Type OID with domains resolved; equals `type_oid` otherwise.
    pub base_oid: u32,
    /// `format_type()`.
    pub type_name: String,
    /// `pg_type.typcategory` of the base type (`N` number, `S` string, `A` array, `E` enum …).
    pub category: char,
    /// NOT NULL.
    pub not_null: bool,
    /// Default expression as SQL.
    pub default: Option<String>,
    /// `a` always, `d` by default, space: no identity.
    pub identity: char,
    /// Generated column.
    pub generated: bool,
    /// Its collation takes texts for equal that are not the same; only known in a `Detail`.
    pub loose: bool,
    /// The user may not update it; only known in a `Detail`.
    pub no_update: bool,
    /// The user may not give it in an INSERT; only known in a `Detail`.
    pub no_insert: bool,
    /// `COMMENT ON`.
    pub comment: Option<String>,
}

impl ColumnInfo {
    /// An identity column, of either kind.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        matches!(self.identity, 'a' | 'd')
    }

    /// A new row must give it: NOT NULL, and the server has nothing to put there.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.not_null && self.default.is_none() && !self.is_identity() && !self.generated
    }
}

/// A primary key or unique constraint or usable unique index (not partial, not on expressions).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// Constraint or index name.
    pub name: String,
    /// Primary key.
    pub primary: bool,
    /// Columns in key order, by attnum.
    pub columns: Vec<i16>,
}

/// A foreign key, seen from either side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignKey {
    /// Constraint name.
    pub name: String,
    /// The referencing relation.
    pub from_oid: u32,
    /// Its schema and name.
    pub from: (String, String),
    /// Referencing columns.
    pub from_columns: Vec<String>,
    /// The referenced relation.
    pub to_oid: u32,
    /// Its schema and name.
    pub to: (String, String),
    /// Referenced columns, pairwise with `from_columns`.
    pub to_columns: Vec<String>,
    /// `pg_constraint.confdeltype`: `a` no action, `r` restrict, `c` cascade, `n` set null, `d` set default.
    pub on_delete: char,
}

/// Everything needed to browse one relation.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// The relation itself, with fresh estimates.
    pub relation: Relation,
    /// Columns in order; none for a table without columns.
    pub columns: Vec<ColumnInfo>,
    /// Keys, the primary one first, then unique NOT NULL ones, then other unique ones.
    pub keys: Vec<Key>,
    /// Foreign keys of this relation.
    pub references: Vec<ForeignKey>,
    /// Foreign keys of other relations that point here.
    pub referenced_by: Vec<ForeignKey>,
    /// The user may not delete rows.
    pub no_delete: bool,
}

impl Detail {
    /// The column of that attnum.
    #[must_use]
    pub fn column(&self, attnum: i16) -> Option<&ColumnInfo> {
        self.columns.iter().find(|c| c.attnum == attnum)
    }

    /// The first key whose columns are all NOT NULL: rows can be paged and addressed by it.
    #[must_use]
    pub fn row_key(&self) -> Option<&Key> {
        self.keys.iter().find(|k| {
            !k.columns.is_empty() && k.columns.iter().all(|a| self.column(*a).is_some_and(|c| c.not_null))
        })
    }
}

/// A function, procedure, aggregate or window function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// `pg_proc.oid`.
    pub oid: u32,
    /// Schema name.
    pub schema: Arc<str>,
    /// Name, unquoted.
    pub name: Arc<str>,
    /// `pg_get_function_identity_arguments()`.
    pub arguments: String,
    /// Result type as text, empty for procedures.
    pub result: String,
    /// `pg_proc.prokind`.
    pub kind: char,
}

/// A type that is not a table's row type or an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeInfo {
    /// `pg_type.oid`.
    pub oid: u32,
    /// Schema name.
    pub schema: Arc<str>,
    /// Name, unquoted.
    pub name: Arc<str>,
    /// `pg_type.typtype`: `b` base, `c` composite, `d` domain, `e` enum, `r` range, `m` multirange.
    pub kind: char,
}

/// An immutable snapshot of one database. Replaced whole; panes hold clones of the `Arc`.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Database name.
    pub database: String,
    /// Other databases one may connect to.
    pub databases: Vec<String>,
    /// `current_schemas(true)`.
    pub search_path: Vec<String>,
    /// Schema names the user may see, system ones last.
    pub schemas: Vec<Arc<str>>,
    /// Relations ordered by schema and name.
    pub relations: Vec<Relation>,
    /// Columns by relation OID; may lack relations while loading (see `complete`).
    pub columns: HashMap<u32, Arc<[ColumnInfo]>>,
    /// All foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Functions of user schemas, and of `pg_catalog` for completion.
    pub functions: Vec<Function>,
    /// Types of user schemas.
    pub types: Vec<TypeInfo>,
    /// False while only relations are there and columns are still being read.
    pub complete: bool,
}

impl Catalog {
    /// The relation of that OID.
    #[must_use]
    pub fn relation(&self, oid: u32) -> Option<&Relation> {
        self.relations.iter().find(|r| r.oid == oid)
    }

    /// A relation by name, through the search path when no schema is given.
    #[must_use]
    pub fn find(&self, schema: Option<&str>, name: &str) -> Option<&Relation> {
        match schema {
            Some(s) => self.relations.iter().find(|r| &*r.name == name && &*r.schema == s),
            None => self
                .search_path
                .iter()
                .find_map(|s| self.relations.iter().find(|r| &*r.name == name && *r.schema == **s)),
        }
    }
}
/// Is this schema the server's own?
#[must_use]
pub fn is_system(schema: &str) -> bool {
    schema.starts_with("pg_") || schema == "information_schema"
}
