//! Rows of a referenced table to choose from: those whose key or title begins with what is typed, then those that
//! contain it.

use super::{
    filter::{Query, TEXT, as_text, escape_like},
    quote::{ident, qualified},
};
use crate::data::{
    catalog::{ColumnInfo, ForeignKey},
    check,
};

/// Columns that people know a row by, best first.
const TITLES: [&str; 12] = [
    "name",
    "title",
    "full_name",
    "display_name",
    "username",
    "login",
    "email",
    "label",
    "subject",
    "slug",
    "code",
    "description",
];

/// The column of the referenced table that people know its rows by.
#[must_use]
pub fn title<'a>(key: &ForeignKey, columns: &'a [ColumnInfo]) -> Option<&'a ColumnInfo> {
    let text =
        |c: &&ColumnInfo| matches!(c.base_oid, TEXT | 1042 | 1043 | 19) || c.type_name.ends_with("citext");
    let known = TITLES.iter().find_map(|t| columns.iter().filter(text).find(|c| c.name == *t));
    known.or_else(|| columns.iter().filter(text).find(|c| !key.to_columns.contains(&c.name)))
}

/// The rows to choose from: the referenced columns, then the beginning of the title where there is one. `main`: the
/// number of the key's column that is being edited.
#[must_use]
pub fn candidates(key: &ForeignKey, columns: &[ColumnInfo], main: usize, typed: &str, most: usize) -> Query {
    let mut query = Query::default();
    let title = title(key, columns);
    let mut list: Vec<String> = key.to_columns.iter().map(|c| ident(c)).collect();
    if let Some(title) = title {
        list.push(format!("left({}, 80)", as_text(title)));
    }
    let rows = format!("SELECT {}\nFROM {}", list.join(", "), qualified(&key.to.0, &key.to.1));
    if typed.is_empty() {
        let order: Vec<String> = key.to_columns.iter().map(|c| ident(c)).collect();
        query.sql = format!("{rows}\nORDER BY {}\nLIMIT {most}", order.join(", "));
        return query;
    }
    let main = key.to_columns.get(main).and_then(|name| columns.iter().find(|c| c.name == *name));
    let mut parts = vec![];
    // The very key comes first; it is the only part that an index surely serves.
    let comparable = |c: &&ColumnInfo| matches!(c.base_oid, 20 | 21 | 23 | 26 | TEXT | 1043 | 1700 | 2950);
    if let Some(c) = main.filter(comparable)
        && check::value(&crate::data::types::name(c.base_oid).unwrap_or_default(), typed).is_ok()
    {
        parts.push(format!("{} = {}", ident(&c.name), query.bind(Some(typed.into()), c.base_oid)));
    }
    let mut searched: Vec<String> = main.map(as_text).into_iter().collect();
    searched.extend(title.map(as_text));
    if searched.is_empty() {
        searched = key.to_columns.iter().map(|c| format!("{}::text", ident(c))).collect();
    }
    let escaped = escape_like(typed);
    let begins = query.bind(Some(format!("{escaped}%")), TEXT);
    let holds = query.bind(Some(format!("%{escaped}%")), TEXT);
    let any = |pattern: &str| {
        let each: Vec<String> = searched.iter().map(|s| format!("{s} ILIKE {pattern}")).collect();
        each.join(" OR ")
    };
    parts.push(any(&begins));
    parts.push(format!("({}) AND NOT coalesce({}, false)", any(&holds), any(&begins)));
    let parts: Vec<String> = parts.iter().map(|p| format!("({rows}\nWHERE {p}\nLIMIT {most})")).collect();
    query.sql = format!("{}\nLIMIT {most}", parts.join("\nUNION ALL\n"));
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, oid: u32) -> ColumnInfo {
        ColumnInfo { name: name.into(), base_oid: oid, ..ColumnInfo::default() }
    }

    fn key() -> ForeignKey {
        ForeignKey {
            to: ("shop".into(), "Users".into()),
            from_columns: vec!["user_id".into()],
            to_columns: vec!["id".into()],
            ..ForeignKey::default()
        }
    }

    #[test]
    fn what_is_typed_is_bound() {
        let columns = [column("id", 20), column("bio", 25), column("email", 1043)];
        let q = candidates(&key(), &columns, 0, "50%", 50);
        assert!(!q.sql.contains("50%") && q.sql.contains("left(email, 80)"), "{}", q.sql);
        assert!(!q.sql.contains("id = $1"), "no number: {}", q.sql);
        assert_eq!(q.params, [Some("50\\%%".to_owned()), Some("%50\\%%".to_owned())]);
        let q = candidates(&key(), &columns, 0, "7", 50);
        assert!(
            q.sql.starts_with("(SELECT id, left(email, 80)\nFROM shop.\"Users\"\nWHERE id = $1\nLIMIT 50)"),
            "{}",
            q.sql
        );
        assert_eq!(q.types, [20, 25, 25]);
        let q = candidates(&key(), &columns, 0, "", 50);
        assert!(q.sql.ends_with("ORDER BY id\nLIMIT 50") && q.params.is_empty(), "{}", q.sql);
    }

    #[test]
    fn a_table_without_texts_is_searched_by_key() {
        let q = candidates(&key(), &[], 0, "x", 9);
        assert!(q.sql.contains("id::text ILIKE $1"), "{}", q.sql);
        assert_eq!(title(&key(), &[column("id", 20), column("bio", 25)]).map(|c| &*c.name), Some("bio"));
    }
}
