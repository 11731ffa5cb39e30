//! The tree of objects: schemas, and in each its tables, views and the rest.

use crate::{
    data::catalog::{Catalog, RelKind, Relation, is_system},
    text::units,
    widgets::tree::Node,
};
use std::{collections::HashMap, sync::Arc};

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A schema.
    Schema(Arc<str>),
    /// Sequences, functions or types of a schema.
    Group(Arc<str>, &'static str),
    /// A relation.
    Relation(u32),
    /// A function.
    Function(u32),
    /// A type.
    Type(u32),
}

/// All nodes of a catalog, in the order shown.
#[must_use]
pub fn nodes(catalog: &Catalog, wide: bool) -> Vec<Node<Key>> {
    let mut schemas: Vec<&Arc<str>> = catalog.schemas.iter().collect();
    schemas.sort_by_key(|s| is_system(s));
    let mut by_schema: HashMap<&str, Vec<&Relation>> = HashMap::new();
    let mut partitions: HashMap<u32, Vec<&Relation>> = HashMap::new();
    for r in &catalog.relations {
        if r.partition_of == 0 {
            by_schema.entry(&r.schema).or_default().push(r);
        } else {
            partitions.entry(r.partition_of).or_default().push(r);
        }
    }
    let mut out = Build { out: vec![], partitions, wide };
    for schema in schemas {
        let mut relations = by_schema.remove(&**schema).unwrap_or_default();
        relations.sort_by_key(|r| rank(r.kind));
        let count = relations.iter().filter(|r| r.kind != RelKind::Sequence).count();
        let remark = if count > 0 { units::count(count as u64) } else { String::new() };
        out.push(Key::Schema(Arc::clone(schema)), 0, schema, "", remark, "", "tree.schema", true);
        for r in relations.iter().filter(|r| r.kind != RelKind::Sequence) {
            out.relation(r, 1);
        }
        out.sequences(schema, &relations);
        out.functions(schema, catalog);
        out.types(schema, catalog);
    }
    out.out
}

fn rank(kind: RelKind) -> u8 {
    match kind {
        RelKind::Table | RelKind::Partitioned => 0,
        RelKind::View => 1,
        RelKind::MaterializedView => 2,
        RelKind::Foreign => 3,
        RelKind::Sequence => 4,
    }
}

struct Build<'a> {
    out: Vec<Node<Key>>,
    partitions: HashMap<u32, Vec<&'a Relation>>,
    wide: bool,
}

impl<'a> Build<'a> {
    #[allow(clippy::too_many_arguments, reason = "one line of the tree")]
    fn push(
        &mut self,
        key: Key,
        depth: u16,
        text: &str,
        schema: &str,
        remark: String,
        sign: &'static str,
        style: &'static str,
        branch: bool,
    ) {
        let path = if schema.is_empty() { String::new() } else { format!("{schema}.{text}") };
        self.out.push(Node { key, depth, text: text.to_owned(), path, remark, sign, style, branch });
    }

    fn relation(&mut self, r: &'a Relation, depth: u16) {
        let (sign, style) = match r.kind {
            RelKind::Table => ("▦", "tree.table"),
            RelKind::Partitioned => ("▧", "tree.table"),
            RelKind::View => ("◇", "tree.view"),
            RelKind::MaterializedView => ("◆", "tree.view"),
            RelKind::Foreign => ("↗", "tree.other"),
            RelKind::Sequence => ("#", "tree.other"),
        };
        let below = self.partitions.remove(&r.oid).unwrap_or_default();
        let remark = self.remark(r, &below);
        self.push(Key::Relation(r.oid), depth, &r.name, &r.schema, remark, sign, style, !below.is_empty());
        for p in below {
            self.relation(p, depth + 1);
        }
    }

    fn remark(&self, r: &Relation, below: &[&Relation]) -> String {
        let sum = |own: f64, each: fn(&Relation) -> f64| {
            own.max(0.0) + below.iter().map(|p| each(p).max(0.0)).sum::<f64>()
        };
        if matches!(r.kind, RelKind::View | RelKind::Sequence) {
            return String::new();
        }
        // A partitioned table's own estimate already covers its partitions once it was analysed.
        let rows = if r.rows > 0.0 { r.rows } else { sum(r.rows, |p| p.rows) };
        let bytes = sum(r.bytes as f64, |p| p.bytes as f64);
        let known = r.rows >= 0.0 || !below.is_empty();
        let mut out = if known { units::about(rows as u64) } else { String::new() };
        if self.wide && bytes > 0.0 {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&units::bytes(bytes as u64));
        }
        out
    }

    fn group(&mut self, schema: &Arc<str>, name: &'static str, count: usize) {
        let key = Key::Group(Arc::clone(schema), name);
        self.push(key, 1, name, "", units::count(count as u64), "", "tree.other", true);
    }

    fn sequences(&mut self, schema: &Arc<str>, relations: &[&'a Relation]) {
        let all: Vec<_> = relations.iter().filter(|r| r.kind == RelKind::Sequence).collect();
        if !all.is_empty() {
            self.group(schema, "sequences", all.len());
            for r in all {
                self.relation(r, 2);
            }
        }
    }

    fn functions(&mut self, schema: &Arc<str>, catalog: &Catalog) {
        let all: Vec<_> = catalog.functions.iter().filter(|f| f.schema == *schema).collect();
        if !all.is_empty() {
            self.group(schema, "functions", all.len());
            for f in all {
                let text = format!("{}({})", f.name, f.arguments);
                self.push(Key::Function(f.oid), 2, &text, schema, f.result.clone(), "ƒ", "tree.other", false);
            }
        }
    }

    fn types(&mut self, schema: &Arc<str>, catalog: &Catalog) {
        let all: Vec<_> = catalog.types.iter().filter(|t| t.schema == *schema).collect();
        if !all.is_empty() {
            self.group(schema, "types", all.len());
            for t in all {
                let kind = match t.kind {
                    'c' => "composite",
                    'd' => "domain",
                    'e' => "enum",
                    'r' => "range",
                    'm' => "multirange",
                    _ => "",
                };
                self.push(Key::Type(t.oid), 2, &t.name, schema, kind.into(), "τ", "tree.other", false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(oid: u32, schema: &str, name: &str, kind: RelKind, partition_of: u32) -> Relation {
        Relation {
            oid,
            schema: schema.into(),
            name: name.into(),
            kind,
            rows: 1_000.0,
            bytes: 2 << 20,
            partition_of,
            comment: None,
        }
    }

    #[test]
    fn partitions_stand_under_their_table_and_system_schemas_last() {
        let catalog = Catalog {
            schemas: vec!["pg_catalog".into(), "public".into()],
            relations: vec![
                relation(1, "pg_catalog", "pg_class", RelKind::Table, 0),
                relation(2, "public", "a_view", RelKind::View, 0),
                relation(3, "public", "events", RelKind::Partitioned, 0),
                relation(4, "public", "events_1", RelKind::Table, 3),
                relation(5, "public", "id_seq", RelKind::Sequence, 0),
                relation(6, "public", "users", RelKind::Table, 0),
            ],
            ..Catalog::default()
        };
        let all = nodes(&catalog, true);
        let lines: Vec<_> =
            all.iter().map(|n| format!("{}{}{}", "  ".repeat(n.depth.into()), n.sign, n.text)).collect();
        assert_eq!(
            lines,
            [
                "public",
                "  ▧events",
                "    ▦events_1",
                "  ▦users",
                "  ◇a_view",
                "  sequences",
                "    #id_seq",
                "pg_catalog",
                "  ▦pg_class"
            ]
        );
        assert_eq!(all[3].remark, "~1 k 2 MB");
    }
}
