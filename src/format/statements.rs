//! Rows as SQL: INSERT, UPDATE by key, and an IN list.

use super::{End, Relation, Writer};
use crate::{
    data::{
        rows::{Batch, Column},
        value::Cell,
    },
    sql::quote::{ident, literal, qualified},
};
use std::{borrow::Cow, collections::HashSet, io};

/// A value as an SQL literal. A quoted literal takes the column's type, so only plain numbers and booleans go bare.
fn sql_value(cell: Cell<'_>, type_oid: u32) -> Cow<'static, str> {
    let Some(bytes) = cell else { return Cow::Borrowed("NULL") };
    let text = String::from_utf8_lossy(bytes);
    match type_oid {
        16 if text == "t" => Cow::Borrowed("true"),
        16 if text == "f" => Cow::Borrowed("false"),
        20 | 21 | 23 | 26 | 700 | 701 | 1700 if super::json::is_number(bytes) && text != "-0" => {
            Cow::Owned(text.into_owned())
        }
        _ => Cow::Owned(literal(&text)),
    }
}

/// One INSERT per row.
pub(super) fn insert(relation: Option<&Relation>) -> Result<Box<dyn Writer>, String> {
    let relation = relation.ok_or("INSERT statements need rows of one table")?;
    let written: Vec<usize> =
        (0..relation.columns.len()).filter(|i| !relation.columns[*i].generated).collect();
    if written.is_empty() {
        return Err("none of these columns can be inserted".into());
    }
    let names: Vec<String> = written.iter().map(|i| ident(&relation.columns[*i].name)).collect();
    let overriding = written.iter().any(|i| relation.columns[*i].identity_always);
    let head = format!(
        "INSERT INTO {} ({}){} VALUES (",
        qualified(&relation.schema, &relation.name),
        names.join(", "),
        if overriding { " OVERRIDING SYSTEM VALUE" } else { "" }
    );
    Ok(Box::new(Insert { head, written, types: Vec::new() }))
}

struct Insert {
    head: String,
    written: Vec<usize>,
    types: Vec<u32>,
}

impl Writer for Insert {
    fn begin(&mut self, _: &mut dyn io::Write, columns: &[Column]) -> io::Result<()> {
        self.types = columns.iter().map(|c| c.type_oid).collect();
        Ok(())
    }

    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()> {
        for row in 0..batch.len() {
            let values: Vec<_> = self
                .written
                .iter()
                .map(|i| sql_value(batch.cell(row, *i), self.types.get(*i).copied().unwrap_or(0)))
                .collect();
            writeln!(out, "{}{});", self.head, values.join(", "))?;
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn io::Write, _: &End) -> io::Result<()> {
        Ok(())
    }
}

/// One UPDATE per row, addressed by the key.
pub(super) fn update(relation: Option<&Relation>) -> Result<Box<dyn Writer>, String> {
    let relation = relation.ok_or("UPDATE statements need rows of one table")?;
    if relation.key.is_empty() {
        return Err(
            "UPDATE statements need the table's key: it has none, or its columns are not shown".into()
        );
    }
    let assigned = |i: &usize| {
        let c = &relation.columns[*i];
        !relation.key.contains(i) && !c.generated && !c.identity_always
    };
    let names = |places: &[usize]| places.iter().map(|i| ident(&relation.columns[*i].name)).collect();
    let set: Vec<usize> = (0..relation.columns.len()).filter(assigned).collect();
    if set.is_empty() {
        return Err("there is no column to set besides the key".into());
    }
    Ok(Box::new(Update {
        table: qualified(&relation.schema, &relation.name),
        set_names: names(&set),
        key_names: names(&relation.key),
        set,
        key: relation.key.clone(),
        types: Vec::new(),
    }))
}

struct Update {
    table: String,
    set: Vec<usize>,
    set_names: Vec<String>,
    key: Vec<usize>,
    key_names: Vec<String>,
    types: Vec<u32>,
}

impl Update {
    fn parts(
        &self,
        batch: &Batch,
        row: usize,
        places: &[usize],
        names: &[String],
        is_null: bool,
    ) -> Vec<String> {
        places
            .iter()
            .zip(names)
            .map(|(i, name)| {
                let cell = batch.cell(row, *i);
                match cell {
                    None if is_null => format!("{name} IS NULL"),
                    _ => format!("{name} = {}", sql_value(cell, self.types.get(*i).copied().unwrap_or(0))),
                }
            })
            .collect()
    }
}

impl Writer for Update {
    fn begin(&mut self, _: &mut dyn io::Write, columns: &[Column]) -> io::Result<()> {
        self.types = columns.iter().map(|c| c.type_oid).collect();
        Ok(())
    }

    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()> {
        for row in 0..batch.len() {
            let set = self.parts(batch, row, &self.set, &self.set_names, false).join(", ");
            let key = self.parts(batch, row, &self.key, &self.key_names, true).join(" AND ");
            writeln!(out, "UPDATE {} SET {set} WHERE {key};", self.table)?;
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn io::Write, _: &End) -> io::Result<()> {
        Ok(())
    }
}

/// `(1, 2, 3)` of the first column: each value once, NULL left out as IN never finds it.
#[derive(Default)]
pub(super) struct InList {
    seen: HashSet<String>,
    type_oid: u32,
}

impl Writer for InList {
    fn begin(&mut self, out: &mut dyn io::Write, columns: &[Column]) -> io::Result<()> {
        self.seen.clear();
        self.type_oid = columns.first().map_or(0, |c| c.type_oid);
        out.write_all(b"(")
    }

    fn rows(&mut self, out: &mut dyn io::Write, batch: &Batch) -> io::Result<()> {
        for row in 0..batch.len() {
            let Some(cell) = batch.cell(row, 0) else { continue };
            let value = sql_value(Some(cell), self.type_oid).into_owned();
            let first = self.seen.is_empty();
            if self.seen.insert(value.clone()) {
                write!(out, "{}{value}", if first { "" } else { ", " })?;
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn io::Write, _: &End) -> io::Result<()> {
        // an empty list is a syntax error; NULL finds nothing, which is what an empty list means
        out.write_all(if self.seen.is_empty() { b"NULL)" } else { b")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{
        RelationColumn, find,
        testing::{batch, column},
        text,
    };

    fn users() -> Relation {
        let c = |name: &str| RelationColumn { name: name.into(), ..RelationColumn::default() };
        Relation {
            schema: "public".into(),
            name: "users".into(),
            columns: vec![
                RelationColumn { identity_always: true, ..c("id") },
                c("Nick name"),
                c("active"),
                RelationColumn { generated: true, ..c("slug") },
            ],
            key: vec![0],
        }
    }

    fn columns() -> Vec<Column> {
        vec![column("id", 23), column("Nick name", 25), column("active", 16), column("slug", 25)]
    }

    fn copied(format: &str, rows: &[&[Option<&str>]]) -> String {
        text(find(format).unwrap().writer_for(&users()).unwrap(), &columns(), &batch(rows))
    }

    #[test]
    fn inserts() {
        assert_eq!(
            copied(
                "insert",
                &[&[Some("1"), Some("O'Hara"), Some("t"), Some("x")], &[Some("2"), None, None, None]]
            ),
            concat!(
                "INSERT INTO public.users (id, \"Nick name\", active) OVERRIDING SYSTEM VALUE VALUES (1, 'O''Hara', true);\n",
                "INSERT INTO public.users (id, \"Nick name\", active) OVERRIDING SYSTEM VALUE VALUES (2, NULL, NULL);\n"
            )
        );
        assert!(find("insert").unwrap().writer().is_err());
    }

    #[test]
    fn updates() {
        assert_eq!(
            copied("update", &[&[Some("1"), Some(""), Some("f"), Some("x")]]),
            "UPDATE public.users SET \"Nick name\" = '', active = false WHERE id = 1;\n"
        );
        let keyless = Relation { key: vec![], ..users() };
        assert!(find("update").unwrap().writer_for(&keyless).err().unwrap().contains("key"));
    }

    #[test]
    fn literals_by_type() {
        for (oid, value, expected) in [
            (23, Some("-5"), "-5"),
            (1700, Some("NaN"), "'NaN'"),
            (701, Some("-0"), "'-0'"),
            (701, Some("1e+300"), "1e+300"),
            (28, Some("42"), "'42'"),
            (1007, Some("{1,2}"), "'{1,2}'"),
            (25, Some("7"), "'7'"),
            (25, None, "NULL"),
        ] {
            assert_eq!(sql_value(value.map(str::as_bytes), oid), expected);
        }
    }

    #[test]
    fn in_lists() {
        let list = |rows: &[&[Option<&str>]], oid| {
            text(find("in-list").unwrap().writer().unwrap(), &[column("id", oid)], &batch(rows))
        };
        assert_eq!(list(&[&[Some("1")], &[Some("2")], &[None], &[Some("1")]], 23), "(1, 2)");
        assert_eq!(list(&[&[Some("a'b")]], 25), "('a''b')");
        assert_eq!(list(&[&[None]], 25), "(NULL)");
    }
}
