//! The index that would serve a scan.

use super::condition::{self, Condition, Kind, Own, Part};
use super::known::{KnownIndex, KnownRelation};
use super::names;
use crate::data::plan::Node;

/// Most columns of an advised index; more make it large for little.
const COLUMNS: usize = 4;

/// Behind a range the order is no longer the index's, so a further one finds nothing faster …
pub(super) const ONE_RANGE: usize = 1;
/// … but it is compared without a look into the table.
pub(super) const ALL_RANGES: usize = COLUMNS;

/// What is advised for a scan.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Advice {
    /// Make these indexes (several for the sides of an OR).
    Create(Vec<Index>),
    /// This index serves already, and was not used.
    Exists { name: String, valid: bool },
    /// The condition must be written otherwise first.
    Rewrite { how: &'static str, index: Option<Index> },
}

/// An index to make.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Index {
    method: &'static str,
    keys: Vec<String>,
    predicate: Option<String>,
}

impl Index {
    /// The statement.
    pub(super) fn sql(&self, table: &str) -> String {
        let mut sql =
            format!("CREATE INDEX CONCURRENTLY ON {table} USING {} ({})", self.method, self.keys.join(", "));
        if let Some(predicate) = &self.predicate {
            sql.push_str(" WHERE ");
            sql.push_str(predicate);
        }
        sql.push(';');
        sql
    }

    /// Can hypopg pretend that it is there? It knows no GIN and no GiST.
    pub(super) fn can_be_tried(&self) -> bool {
        self.method == "btree"
    }

    /// Does it need an extension?
    pub(super) fn needs_trigrams(&self) -> bool {
        self.keys.iter().any(|key| key.ends_with(" gin_trgm_ops"))
    }
}

/// The index for a scan's conditions: `conditions` as printed, `sort` the keys of a Sort right above it, `ranges` how
/// many columns compared by size it may have.
pub(super) fn advise(
    node: &Node,
    conditions: &[&str],
    sort: &[String],
    ranges: usize,
    known: Option<&KnownRelation>,
) -> Option<Advice> {
    let alias = node.alias.as_deref().or(node.relation.as_deref())?;
    let own = Own { alias };
    let read: Vec<Condition> = conditions.iter().map(|text| condition::read(text, own)).collect();
    let mut parts = Vec::new();
    let mut alternatives = Vec::new();
    for condition in &read {
        flatten(condition, &mut parts, &mut alternatives);
    }
    let sort: Vec<String> = sort.iter().map_while(|key| sort_key(key, own)).collect();
    let Some(index) = one(&parts, &sort, ranges) else {
        return otherwise(&parts, &alternatives, known);
    };
    Some(against_known(index, known))
}

/// Comparisons that all must hold, and those of which one must.
fn flatten<'a>(condition: &'a Condition, parts: &mut Vec<&'a Part>, or: &mut Vec<&'a [Condition]>) {
    match condition {
        Condition::Part(part) => parts.push(part),
        Condition::Or(conditions) => or.push(conditions),
        Condition::And(conditions) => conditions.iter().for_each(|condition| flatten(condition, parts, or)),
    }
}

/// `created_at DESC`
fn sort_key(key: &str, own: Own) -> Option<String> {
    let (column, order) = match key.split_once(" DESC").or_else(|| key.split_once(" NULLS ")) {
        Some((column, _)) => (column, &key[column.len()..]),
        None => (key, ""),
    };
    Some(format!("{}{order}", condition::key(column, own)?))
}

/// Columns compared for equality come first, because rows with the same values stand together; then one range, after
/// which the order is no longer the index's; without a range the order of the Sort. Flags make the index partial.
fn one(parts: &[&Part], sort: &[String], ranges: usize) -> Option<Index> {
    let of =
        |kinds: &[Kind]| parts.iter().filter(|part| kinds.contains(&part.kind)).copied().collect::<Vec<_>>();
    let flags = of(&[Kind::Flag]);
    let predicate = (!flags.is_empty())
        .then(|| flags.iter().map(|flag| plain_or_wrapped(&flag.text)).collect::<Vec<_>>().join(" AND "));
    let mut keys: Vec<String> = Vec::new();
    for part in of(&[Kind::Equal]) {
        if !keys.contains(&part.key) {
            keys.push(part.key.clone());
        }
    }
    let mut columns: Vec<&str> = Vec::new();
    for part in of(&[Kind::Range, Kind::Prefix]) {
        let there = keys.contains(&part.key) || columns.contains(&part.key.as_str());
        if !there && columns.len() < ranges {
            columns.push(&part.key);
            let prefix = if part.kind == Kind::Prefix { " text_pattern_ops" } else { "" };
            keys.push(format!("{}{prefix}", part.key));
        }
    }
    if !keys.is_empty() || (!flags.is_empty() && !sort.is_empty()) {
        if columns.is_empty() {
            keys.extend(sort.iter().cloned());
        }
        keys.truncate(COLUMNS);
        return Some(Index { method: "btree", keys, predicate });
    }
    let special = parts.iter().find_map(|part| {
        Some(match part.kind {
            Kind::Like => ("gin", format!("{} gin_trgm_ops", part.key)),
            Kind::JsonbPath => ("gin", format!("{} jsonb_path_ops", part.key)),
            Kind::Jsonb | Kind::Array | Kind::Search => ("gin", part.key.clone()),
            Kind::Spatial => ("gist", part.key.clone()),
            _ => return None,
        })
    });
    if let Some((method, key)) = special {
        return Some(Index { method, keys: vec![key], predicate });
    }
    let flag = flags.first()?;
    Some(Index { method: "btree", keys: vec![flag.key.clone()], predicate })
}

/// An index's WHERE needs no parentheses around a name, and stands better with them around the rest.
fn plain_or_wrapped(text: &str) -> String {
    let name = text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '"');
    if name { text.to_owned() } else { format!("({text})") }
}

/// Casts that hide a column from its index, and how to do without.
const CASTS: [(Kind, &str); 2] = [
    (
        Kind::DateOf,
        "compare the column itself with the day's bounds (column >= day AND column < day + 1): a cast of the column hides it \
         from its index",
    ),
    (
        Kind::CastOf,
        "the column is cast to compare it: give the value the column's own type, and an index on the column can serve",
    ),
];

/// When no index serves the whole condition.
fn otherwise(
    parts: &[&Part],
    alternatives: &[&[Condition]],
    known: Option<&KnownRelation>,
) -> Option<Advice> {
    for (kind, how) in CASTS {
        let Some(part) = parts.iter().find(|part| part.kind == kind) else { continue };
        let index = Index { method: "btree", keys: vec![part.key.clone()], predicate: None };
        let index = match against_known(index, known) {
            Advice::Create(mut indexes) => indexes.pop(),
            _ => None,
        };
        return Some(Advice::Rewrite { how, index });
    }
    if let Some(part) = parts.iter().find(|part| part.kind == Kind::AnyOf) {
        return Some(Advice::Rewrite {
            how: "write value = ANY (array) as array @> ARRAY[value], which a GIN index serves",
            index: Some(Index { method: "gin", keys: vec![part.key.clone()], predicate: None }),
        });
    }
    // Each side of an OR needs its own index; the server joins their bitmaps.
    for sides in alternatives {
        let indexes: Option<Vec<Index>> = sides
            .iter()
            .map(|side| {
                let (mut parts, mut nested) = (Vec::new(), Vec::new());
                flatten(side, &mut parts, &mut nested);
                one(&parts, &[], ONE_RANGE).filter(|_| nested.is_empty())
            })
            .collect();
        let Some(mut indexes) = indexes else { continue };
        indexes.retain(|index| matches!(against_known(index.clone(), known), Advice::Create(_)));
        indexes.dedup();
        if !indexes.is_empty() {
            return Some(Advice::Create(indexes));
        }
    }
    None
}

fn against_known(index: Index, known: Option<&KnownRelation>) -> Advice {
    let served = known.into_iter().flat_map(|relation| &relation.indexes).find(|there| serves(there, &index));
    match served {
        Some(there) => Advice::Exists { name: there.name.clone(), valid: there.valid },
        None => Advice::Create(vec![index]),
    }
}

/// Would the index that is there do what the advised one is for?
fn serves(there: &KnownIndex, wanted: &Index) -> bool {
    if there.method != wanted.method || there.keys.len() < wanted.keys.len() {
        return false;
    }
    let bare = |key: &str| {
        let key = key.split(" DESC").next().unwrap_or_default();
        let key = key
            .trim_end_matches(" gin_trgm_ops")
            .trim_end_matches(" jsonb_path_ops")
            .trim_end_matches(" text_pattern_ops");
        stripped(key).to_owned()
    };
    let mut left: Vec<String> = wanted.keys.iter().map(|key| bare(key)).collect();
    let leading = there.keys.iter().take(wanted.keys.len()).all(|key| {
        let found = left.iter().position(|wanted| *wanted == bare(key));
        found.map(|at| left.swap_remove(at)).is_some()
    });
    let covers = match (&there.predicate, &wanted.predicate) {
        (None, _) => true,
        (Some(there), Some(wanted)) => stripped(there) == stripped(wanted),
        (Some(_), None) => false,
    };
    leading && covers
}

/// Without parentheses around all of it.
fn stripped(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inside) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        let mut depth = 0i32;
        let balanced = inside.chars().all(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth >= 0
        });
        if !balanced {
            break;
        }
        text = inside.trim();
    }
    text
}

/// The relation as SQL writes it.
pub(super) fn table(node: &Node) -> Option<String> {
    Some(names::qualified(node.schema.as_deref(), node.relation.as_deref()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Node {
        Node {
            relation: Some("Users".into()),
            schema: Some("public".into()),
            alias: Some("u".into()),
            ..Node::default()
        }
    }

    fn sql(condition: &str, sort: &[&str]) -> String {
        let sort: Vec<String> = sort.iter().map(|key| (*key).to_owned()).collect();
        match advise(&node(), &[condition], &sort, ONE_RANGE, None) {
            Some(Advice::Create(indexes)) => {
                indexes.iter().map(|index| index.sql(&table(&node()).unwrap())).collect::<Vec<_>>().join("\n")
            }
            Some(Advice::Rewrite { index, .. }) => index.map_or("rewrite".into(), |index| index.sql("t")),
            Some(Advice::Exists { name, .. }) => name,
            None => String::new(),
        }
    }

    #[test]
    fn statements() {
        let on = |rest: &str| format!("CREATE INDEX CONCURRENTLY ON public.\"Users\" USING {rest};");
        let cases: [(&str, &[&str], String); 19] = [
            ("(u.age = 5)", &[], on("btree (age)")),
            ("((u.city = 'x'::text) AND (u.age = 5))", &[], on("btree (city, age)")),
            ("((u.age > 5) AND (u.city = 'x'::text))", &["u.name"], on("btree (city, age)")),
            ("(u.city = 'x'::text)", &["u.created DESC", "u.id"], on("btree (city, created DESC, id)")),
            ("(u.city = 'x'::text)", &["length(u.name)", "o.id"], on("btree (city, length(name))")),
            ("(u.is_active AND (u.age = 5))", &[], on("btree (age) WHERE is_active")),
            ("(NOT u.is_active)", &[], on("btree (is_active) WHERE (NOT is_active)")),
            ("((u.deleted IS NULL) AND (u.id > 7))", &[], on("btree (id) WHERE (deleted IS NULL)")),
            ("(u.deleted IS NULL)", &["u.id"], on("btree (id) WHERE (deleted IS NULL)")),
            ("(lower(u.email) = 'x'::text)", &[], on("btree (lower(email))")),
            ("((u.doc ->> 'a'::text) = 'x'::text)", &[], on("btree ((doc ->> 'a'::text))")),
            ("(u.title ~~ '%abc%'::text)", &[], on("gin (title gin_trgm_ops)")),
            ("(u.title ~~ 'abc%'::text)", &[], on("btree (title text_pattern_ops)")),
            ("(u.doc @> '{\"a\": 1}'::jsonb)", &[], on("gin (doc jsonb_path_ops)")),
            ("(u.tags && '{a,b}'::text[])", &[], on("gin (tags)")),
            ("(u.tsv @@ '''a'''::tsquery)", &[], on("gin (tsv)")),
            ("((u.a = 1) OR (u.b = 2))", &[], format!("{}\n{}", on("btree (a)"), on("btree (b)"))),
            ("((u.a = 1) OR (u.b <> 2))", &[], String::new()),
            ("((u.a <> 1) AND (f(u.b) = 2))", &[], String::new()),
        ];
        for (condition, sort, expected) in cases {
            assert_eq!(sql(condition, sort), expected, "{condition}");
        }
        assert!(sql("((u.at)::date = '2024-01-01'::date)", &[]).contains("USING btree (at)"));
        assert!(sql("('a'::text = ANY (u.tags))", &[]).contains("USING gin (tags)"));
    }

    #[test]
    fn what_is_there_is_not_advised_again() {
        let with = |keys: &[&str], predicate: Option<&str>, valid: bool| KnownRelation {
            schema: "public".into(),
            name: "Users".into(),
            indexes: vec![KnownIndex {
                name: "there".into(),
                method: "btree".into(),
                keys: keys.iter().map(|key| (*key).to_owned()).collect(),
                predicate: predicate.map(str::to_owned),
                valid,
            }],
            ..KnownRelation::default()
        };
        let exists = |condition: &str, known: &KnownRelation| {
            matches!(advise(&node(), &[condition], &[], ONE_RANGE, Some(known)), Some(Advice::Exists { .. }))
        };
        let both = "((u.a = 1) AND (u.b = 2))";
        assert!(exists(both, &with(&["b", "a", "c"], None, true)));
        assert!(!exists(both, &with(&["c", "a", "b"], None, true)));
        assert!(!exists(both, &with(&["a"], None, true)));
        assert!(!exists(both, &with(&["a", "b"], Some("(c IS NULL)"), true)));
        assert!(exists("((u.a = 1) AND (u.c IS NULL))", &with(&["a"], Some("(c IS NULL)"), true)));
        assert!(exists("(lower(u.a) = 'x'::text)", &with(&["lower(a)"], None, false)));
        assert!(!exists("(u.tags && '{a}'::text[])", &with(&["tags"], None, true)));
    }
}
